//! `modules.json` in the folder of installed modules: which folder holds the module of which call. The format is Terraform's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use diag::Diagnostic;
use lang::tree::{Modules, Wanted};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::folders;
use crate::version::{Requirement, Version};

/// The installed modules of a configuration, by the names of the calls that lead to them: `network.subnets`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    modules: BTreeMap<String, Entry>,
}

/// One installed module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it came from.
    pub source: String,
    /// Its version, if it came from a registry.
    pub version: Option<Version>,
    /// Its folder.
    pub dir: PathBuf,
}

/// Returns the folder of the installed modules in the folder of all that is installed for a configuration.
pub fn modules_folder(data_folder: &Path) -> PathBuf {
    data_folder.join("modules")
}

fn file(data_folder: &Path) -> PathBuf {
    modules_folder(data_folder).join("modules.json")
}

/// Returns the name of a place in the tree of modules.
pub fn key(path: &addr::Module) -> String {
    path.0.join(".")
}

impl Manifest {
    /// Reads the manifest of a configuration; without one nothing is installed.
    pub fn read(data_folder: &Path) -> Result<Manifest, Failure> {
        let path = file(data_folder);
        let problem = |what: String| {
            let detail = format!("The list of installed modules {} {what}. Run \"gantry init\".", path.display());
            Failure::new("Unreadable module manifest", detail)
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Manifest::default()),
            Err(error) => return Err(problem(format!("cannot be read: {error}"))),
        };
        let value: Value = serde_json::from_slice(&text).map_err(|error| problem(format!("is not JSON: {error}")))?;
        let modules = value.get("Modules").and_then(Value::as_array).ok_or_else(|| problem("lists nothing".into()))?;
        let entry = |module: &Value| {
            let text = |name: &str| module.get(name).and_then(Value::as_str);
            let version = text("Version").and_then(Version::parse);
            let entry = Entry { source: text("Source")?.to_owned(), version, dir: PathBuf::from(text("Dir")?) };
            Some((text("Key")?.to_owned(), entry))
        };
        let modules = modules.iter().map(entry).collect::<Option<_>>();
        Ok(Manifest { modules: modules.ok_or_else(|| problem("has an entry that lacks its place".into()))? })
    }

    /// Writes the manifest of a configuration, the root module first.
    pub fn write(&self, data_folder: &Path) -> io::Result<()> {
        let mut modules = vec![json!({"Key": "", "Source": "", "Dir": "."})];
        for (key, entry) in &self.modules {
            let mut module = Map::new();
            module.insert("Key".into(), json!(key));
            module.insert("Source".into(), json!(entry.source));
            if let Some(version) = &entry.version {
                module.insert("Version".into(), json!(version.to_string()));
            }
            module.insert("Dir".into(), json!(entry.dir.to_string_lossy().replace('\\', "/")));
            modules.push(Value::Object(module));
        }
        fs::create_dir_all(modules_folder(data_folder))?;
        // Terraform's writer keeps what HTML gives a meaning out of its texts.
        let text = json!({ "Modules": modules }).to_string();
        let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
        folders::replace_file(&file(data_folder), text.as_bytes())
    }

    /// Returns a module by the names of the calls that lead to it.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.modules.get(key)
    }

    /// Adds a module.
    pub fn set(&mut self, key: String, entry: Entry) {
        self.modules.insert(key, entry);
    }

    /// Returns all modules, sorted by key; the root is not among them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.modules.iter().map(|(key, entry)| (key.as_str(), entry)).filter(|(key, _)| !key.is_empty())
    }
}

/// Knows the modules that a manifest lists.
pub struct InstalledModules {
    working_folder: PathBuf,
    manifest: Result<Manifest, Failure>,
}

impl InstalledModules {
    /// Reads the manifest of a configuration; what is wrong with it is told of when it is needed.
    pub fn read(working_folder: &Path, data_folder: &Path) -> InstalledModules {
        InstalledModules { working_folder: working_folder.to_path_buf(), manifest: Manifest::read(data_folder) }
    }
}

impl Modules for InstalledModules {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let problem = |summary: &str, detail: String| Err(Diagnostic::error(summary, detail).at(wanted.source_span));
        let manifest = match &self.manifest {
            Ok(manifest) => manifest,
            Err(failure) => return problem(failure.summary, failure.detail.clone()),
        };
        let Some(entry) = manifest.get(&key(wanted.path)) else {
            let detail = format!("{} has not been fetched yet: run \"gantry init\".", wanted.path);
            return problem("Module not installed", detail);
        };
        if !super::source::is_same(&entry.source, wanted.source) {
            let detail = format!(
                "{} was fetched from another source, {:?}: run \"gantry init\" to fetch it from the new one.",
                wanted.path, entry.source
            );
            return problem("Module source has changed", detail);
        }
        let required = wanted.version.map(|(text, _)| Requirement::parse(text));
        if let (Some(Ok(required)), Some(version)) = (&required, &entry.version)
            && !required.allows(version)
        {
            let detail = format!(
                "{} was fetched in version {version}, and the call asks for {required}: run \"gantry init\" to \
                 fetch another version.",
                wanted.path
            );
            return problem("Module version requirements have changed", detail);
        }
        let is_here = self.working_folder == Path::new(".");
        Ok(if is_here { entry.dir.clone() } else { self.working_folder.join(&entry.dir) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_terraform_writes() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::default();
        let entry = |source: &str, version: Option<&str>, dir: &str| Entry {
            source: source.into(),
            version: version.and_then(Version::parse),
            dir: dir.into(),
        };
        manifest.set("m".into(), entry("./m", None, "m"));
        manifest.set("a.b".into(), entry("example.com/n/b/x", Some("1.2.3"), ".gantry/modules/a.b"));
        manifest.write(folder.path()).unwrap();
        // The form of `terraform init` 1.11.4, with our folder.
        manifest.set("d".into(), entry("git::file:///srv/repo//sub?ref=v1&depth=1", None, ".gantry/modules/d/sub"));
        manifest.write(folder.path()).unwrap();
        let expected = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a.b","Source":"example.com/n/b/x","Version":"1.2.3","Dir":".gantry/modules/a.b"},{"Key":"d","Source":"git::file:///srv/repo//sub?ref=v1\u0026depth=1","Dir":".gantry/modules/d/sub"},{"Key":"m","Source":"./m","Dir":"m"}]}"#;
        assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), expected);
        let read = Manifest::read(folder.path()).unwrap();
        assert!(read.iter().eq(manifest.iter()));
    }

    #[test]
    fn a_damaged_manifest_is_a_failure_and_a_missing_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), Manifest::default());
        fs::create_dir_all(modules_folder(folder.path())).unwrap();
        for text in ["", "{}", r#"{"Modules":[{"Key":"a"}]}"#] {
            fs::write(file(folder.path()), text).unwrap();
            assert!(Manifest::read(folder.path()).is_err(), "{text}");
        }
    }
}
