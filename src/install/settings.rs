//! The user's own settings: Terraform's CLI configuration file, ours beside it, and the environment.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources};

/// The registry that stands in for Terraform's default one: its terms let only Terraform use it.
const DEFAULT_REGISTRY: &str = "registry.opentofu.org";

/// What a command's surroundings say; nothing here reads the process's own.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The user's own folder.
    pub home: Option<PathBuf>,
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
}

impl Surroundings {
    /// Returns a variable; an empty one counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns our variable, or Terraform's of the same name.
    fn ours_or_terraforms(&self, name: &str) -> Option<&str> {
        self.get(&format!("GANTRY_{name}")).or_else(|| self.get(&format!("TF_{name}")))
    }
}

/// How to get at packages, and who one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where packages of providers come from, in order; nothing if it was not said.
    pub methods: Option<Vec<Method>>,
    /// Folders with providers under development: used as they are, whatever version is asked for.
    pub dev_overrides: BTreeMap<Provider, PathBuf>,
    /// A folder of packages that all configurations of the user share.
    pub plugin_cache: Option<PathBuf>,
    /// Tokens by host.
    pub tokens: BTreeMap<String, Token>,
    /// Services by host, in place of what the host would tell.
    pub hosts: BTreeMap<String, BTreeMap<String, String>>,
    /// Where packages of the default host come from.
    pub default_registry: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            methods: None,
            dev_overrides: BTreeMap::new(),
            plugin_cache: None,
            tokens: BTreeMap::new(),
            hosts: BTreeMap::new(),
            default_registry: DEFAULT_REGISTRY.to_owned(),
        }
    }
}

/// A secret that lets one in; not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A way to get packages of some providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Where they are.
    pub location: Location,
    /// Only these providers; all if it was not said.
    pub include: Option<Vec<Pattern>>,
    /// Not these, even if included.
    pub exclude: Vec<Pattern>,
}

impl Method {
    /// Makes a way for all providers.
    pub fn for_all(location: Location) -> Method {
        Method { location, include: None, exclude: Vec::new() }
    }

    /// Tells whether packages of a provider are to be got this way.
    pub fn serves(&self, provider: &Provider) -> bool {
        let included = self.include.as_ref().is_none_or(|list| list.iter().any(|pattern| pattern.matches(provider)));
        included && !self.exclude.iter().any(|pattern| pattern.matches(provider))
    }
}

/// Where packages are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the registry that the provider's address names.
    Direct,
    /// In a folder.
    Folder(PathBuf),
    /// At a server that has copies.
    Network(String),
}

/// Some providers: an address in which `*` stands for any part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    host: String,
    namespace: String,
    name: String,
}

impl Pattern {
    /// Reads a pattern: `HOST/NAMESPACE/NAME`, the host left out for the default one; `*` for any.
    pub fn parse(text: &str) -> Option<Pattern> {
        let parts: Vec<String> = text.split('/').map(str::to_lowercase).collect();
        let (host, namespace, name) = match &parts[..] {
            [namespace, name] => (addr::DEFAULT_HOST, namespace, name),
            [host, namespace, name] => (host.as_str(), namespace, name),
            _ => return None,
        };
        let or = |part: &str, example: &str| if part == "*" { example.to_owned() } else { part.to_owned() };
        let example = [or(host, "a.b"), or(namespace, "a"), or(name, "a")].join("/");
        // A star covers everything to its right, so that nothing is covered by accident.
        let stars = [host == "*", namespace == "*", name == "*"];
        let covers = stars.is_sorted();
        let pattern = Pattern { host: host.to_owned(), namespace: namespace.clone(), name: name.clone() };
        (covers && Provider::parse(&example).is_ok()).then_some(pattern)
    }

    /// Makes the pattern of one provider.
    pub(crate) fn exactly(provider: &Provider) -> Pattern {
        Pattern {
            host: provider.host.to_string(),
            namespace: provider.namespace.to_string(),
            name: provider.name.to_string(),
        }
    }

    fn matches(&self, provider: &Provider) -> bool {
        let part = |pattern: &str, part: &str| pattern == "*" || pattern == part;
        part(&self.host, &provider.host)
            && part(&self.namespace, &provider.namespace)
            && part(&self.name, &provider.name)
    }
}

impl Settings {
    /// Reads the settings: the files, then the environment, which wins.
    pub fn load(surroundings: &Surroundings, sources: &mut Sources, diags: &mut Diagnostics) -> Settings {
        let mut settings = Settings::default();
        for (path, must_exist) in files(surroundings) {
            read::file(&path, must_exist, surroundings, &mut settings, sources, diags);
        }
        if let Some(cache) = surroundings.ours_or_terraforms("PLUGIN_CACHE_DIR") {
            settings.plugin_cache = Some(PathBuf::from(cache));
        }
        if let Some(registry) = surroundings.get("GANTRY_DEFAULT_REGISTRY") {
            settings.default_registry = registry.to_lowercase();
        }
        for (name, token) in &surroundings.variables {
            if let Some(host) = name.strip_prefix("TF_TOKEN_").and_then(host_of_variable) {
                settings.tokens.insert(host, Token(token.clone()));
            }
        }
        if let Some(cache) = settings.plugin_cache.as_ref().filter(|cache| !cache.is_dir()) {
            let detail = format!("The plugin cache folder {} does not exist. It is not used.", cache.display());
            diags.push(Diagnostic::warning("Plugin cache not found", detail));
            settings.plugin_cache = None;
        }
        settings
    }

    /// Returns the host that packages of an address's host come from, if no mirror has them.
    pub fn registry_of<'a>(&'a self, host: &'a str) -> &'a str {
        // Who describes the default host's services means that host.
        let is_replaced = host == addr::DEFAULT_HOST && !self.hosts.contains_key(host);
        if is_replaced { &self.default_registry } else { host }
    }
}

/// Variable names have no dots and dashes: `_` stands for a dot and `__` for a dash.
fn host_of_variable(name: &str) -> Option<String> {
    let host = name.replace("__", "-").replace('_', ".").to_lowercase();
    (!host.is_empty()).then_some(host)
}

/// Returns the files with settings, the weakest first, and whether the user named them.
fn files(surroundings: &Surroundings) -> Vec<(PathBuf, bool)> {
    if let Some(path) = surroundings.ours_or_terraforms("CLI_CONFIG_FILE") {
        return vec![(PathBuf::from(path), true)];
    }
    let Some(home) = &surroundings.home else { return Vec::new() };
    let folder = home.join(".terraform.d");
    let mut files = vec![(home.join(".terraformrc"), false), (folder.join("credentials.tfrc.json"), false)];
    let mut more: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    more.retain(|path| path.extension().is_some_and(|extension| extension == "tfrc"));
    more.sort();
    files.extend(more.into_iter().map(|path| (path, false)));
    files.push((home.join(".gantryrc"), false));
    files
}

/// Returns the folders that are mirrors without anyone saying so, as far as they exist.
pub(crate) fn implied_mirrors(working_folder: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let mut folders = vec![working_folder.join("terraform.d/plugins")];
    if let Some(home) = &surroundings.home {
        folders.push(home.join(".terraform.d/plugins"));
        folders.push(match surroundings.get("XDG_DATA_HOME") {
            Some(data) => Path::new(data).join("terraform/plugins"),
            None => home.join(".local/share/terraform/plugins"),
        });
    }
    let shared = surroundings.get("XDG_DATA_DIRS").unwrap_or("/usr/local/share:/usr/share");
    folders.extend(shared.split(':').filter(|dir| !dir.is_empty()).map(|dir| Path::new(dir).join("terraform/plugins")));
    folders.retain(|folder| folder.is_dir());
    folders
}
