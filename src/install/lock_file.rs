//! `.terraform.lock.hcl`: which versions were chosen, and the checksums of their packages.
//!
//! Terraform reads and writes the same file, so the text is Terraform's to the byte, comment included.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, FileId, Sources, Span};
use syntax::tree::{Expr, ExprKind};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use crate::failure::Failure;
use crate::folders;
use crate::hash::Hash;
use crate::version::{Requirement, Version};

/// The file's name in the folder of the configuration.
pub const NAME: &str = ".terraform.lock.hcl";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    providers: BTreeMap<Provider, Lock>,
}

/// What the file says of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The version that was chosen.
    pub version: Version,
    /// What was asked of versions then; only for readers of the file.
    pub requirement: Requirement,
    /// Checksums of its packages, for any platform; sorted, each once.
    hashes: Vec<Hash>,
}

impl Lock {
    /// Makes a lock.
    pub fn new(version: Version, requirement: Requirement, hashes: impl IntoIterator<Item = Hash>) -> Lock {
        let mut hashes: Vec<Hash> = hashes.into_iter().collect();
        hashes.sort();
        hashes.dedup();
        Lock { version, requirement, hashes }
    }

    /// Returns the checksums that a package may have.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }
}

impl Locks {
    /// Returns what is said of a provider.
    pub fn get(&self, provider: &Provider) -> Option<&Lock> {
        self.providers.get(provider)
    }

    /// Says something of a provider.
    pub fn set(&mut self, provider: Provider, lock: Lock) {
        self.providers.insert(provider, lock);
    }

    /// Forgets the providers that are not wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(&Provider) -> bool) {
        self.providers.retain(|provider, _| is_wanted(provider));
    }

    /// Returns all providers, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&Provider, &Lock)> {
        self.providers.iter()
    }

    /// Tells whether no provider is in it.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Reads the file in a folder; without a file nothing is locked.
    pub fn read(folder: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Locks {
        let path = shown(folder);
        match fs::read(&path) {
            Ok(text) => {
                let file = sources.add(path, text);
                let text = sources.file(file).text.clone();
                Locks::parse(file, &text, diags)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Locks::default(),
            Err(error) => {
                let detail = format!("The lock file {} cannot be read: {error}.", path.display());
                diags.push(Diagnostic::error("Unreadable dependency lock file", detail));
                Locks::default()
            }
        }
    }

    /// Reads the text of a file.
    pub fn parse(file: FileId, text: &[u8], diags: &mut Diagnostics) -> Locks {
        const FILE: BodySchema<'static> =
            BodySchema { attributes: &[], blocks: &[BlockSchema { kind: "provider", labels: &["source_addr"] }] };
        let (tree, found) = syntax::parse(file, text);
        diags.append(found);
        // Blocks for other kinds of dependencies may come; they are not ours to complain about.
        let (content, _) = tree.body.partial_content(&FILE, diags);
        let mut locks = Locks::default();
        for block in &content.blocks {
            let Some((provider, lock)) = provider_block(block, diags) else { continue };
            if locks.providers.insert(provider, lock).is_some() {
                let detail = "The lock file has two blocks for this provider. Keep the one that is right.";
                diags.error(block.header, "Duplicate provider lock", detail);
            }
        }
        locks
    }

    /// Writes the file in a folder; nothing is written if it says this already.
    pub fn write(&self, folder: &Path) -> Result<Written, Failure> {
        let path = shown(folder);
        let problem = |error: io::Error| {
            let detail = format!("The lock file {} cannot be written: {error}.", path.display());
            Failure::new("Cannot write dependency lock file", detail)
        };
        let before = match fs::read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(problem(error)),
        };
        if before.is_none() && self.is_empty() {
            return Ok(Written::Unchanged);
        }
        let said = before.as_deref().map(|text| Locks::parse(FileId(0), text, &mut Diagnostics::new()));
        if said.is_some_and(|said| said == *self) {
            return Ok(Written::Unchanged);
        }
        folders::replace_file(&path, self.to_string().as_bytes()).map_err(problem)?;
        Ok(if before.is_some() { Written::Changed } else { Written::Created })
    }
}

/// What became of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was none.
    Created,
    /// It says something else now.
    Changed,
    /// It said so before.
    Unchanged,
}

/// Returns the path of the file in a folder as users write it.
fn shown(folder: &Path) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(NAME) } else { folder.join(NAME) }
}

const BLOCK: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "constraints", required: false },
        AttributeSchema { name: "hashes", required: false },
        AttributeSchema { name: "version", required: true },
    ],
    blocks: &[],
};

fn provider_block(block: &ContentBlock, diags: &mut Diagnostics) -> Option<(Provider, Lock)> {
    let label = block.labels.first()?;
    let provider = match Provider::parse(&label.name) {
        Ok(provider) if provider.to_string() == label.name && !provider.is_built_in() => provider,
        _ => {
            let detail = "A block of the lock file is for a provider by its full address, in lower case: \
                          \"registry.terraform.io/hashicorp/random\".";
            diags.error(label.span, "Invalid provider source address", detail);
            return None;
        }
    };
    let (content, _) = block.body.partial_content(&BLOCK, diags);
    let attribute = content.attribute("version")?;
    let Some(version) = text(&attribute.expr).and_then(Version::parse) else {
        let detail = "This is the version that was chosen: three numbers, such as \"1.2.3\".";
        diags.error(attribute.expr.span, "Invalid provider version number", detail);
        return None;
    };
    let mut requirement = Requirement::default();
    if let Some(attribute) = content.attribute("constraints") {
        match text(&attribute.expr).map_or_else(|| Err("it must be a string".to_owned()), Requirement::parse) {
            Ok(parsed) => requirement = parsed,
            Err(error) => {
                let detail = format!("This is no version constraint: {error}.");
                diags.error(attribute.expr.span, "Invalid provider version constraints", detail);
            }
        }
    }
    let hashes = content.attribute("hashes").map(|attribute| hashes(&attribute.expr, diags)).unwrap_or_default();
    Some((provider, Lock::new(version, requirement, hashes)))
}

fn hashes(expr: &Expr, diags: &mut Diagnostics) -> Vec<Hash> {
    let ExprKind::Tuple(items) = &expr.kind else {
        invalid_hash(expr.span, diags);
        return Vec::new();
    };
    let mut hashes = Vec::new();
    for item in items {
        match text(item).and_then(Hash::parse) {
            Some(hash) => hashes.push(hash),
            None => invalid_hash(item.span, diags),
        }
    }
    hashes
}

fn invalid_hash(span: Span, diags: &mut Diagnostics) {
    let detail = "Checksums are a list of strings, each a scheme, a colon and a value: [\"h1:…\", \"zh:…\"].";
    diags.error(span, "Invalid provider hash string", detail);
}

fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::String(text) => Some(text),
        _ => None,
    }
}

/// Writes the whole file as Terraform does.
impl fmt::Display for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("# This file is maintained automatically by \"terraform init\".\n")?;
        f.write_str("# Manual edits may be lost in future updates.\n")?;
        for (provider, lock) in &self.providers {
            writeln!(f, "\nprovider \"{provider}\" {{")?;
            if lock.requirement.is_empty() {
                writeln!(f, "  version = \"{}\"", lock.version)?;
            } else {
                writeln!(f, "  version     = \"{}\"", lock.version)?;
                writeln!(f, "  constraints = \"{}\"", lock.requirement)?;
            }
            if !lock.hashes.is_empty() {
                f.write_str("  hashes = [\n")?;
                lock.hashes.iter().try_for_each(|hash| writeln!(f, "    \"{hash}\","))?;
                f.write_str("  ]\n")?;
            }
            f.write_str("}\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `terraform init` 1.11.4.
    const TERRAFORMS: &str = r#"# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/acme/one" {
  version     = "1.2.3"
  constraints = ">= 1.0.0, ~> 1.0, != 1.1.0, < 2.0.0"
  hashes = [
    "h1:Sn2p9QrZVjmzsz6lRWOaLNrBNfkY2JWcB+NdUIACi/Y=",
    "zh:0000000000000000000000000000000000000000000000000000000000000001",
  ]
}

provider "registry.terraform.io/acme/two" {
  version = "0.3.1"
  hashes = [
    "h1:huuZeLlwskgsCJl7BC4FLSHaUUq3O0tRAvpo3IfLDgA=",
  ]
}
"#;

    fn parse(text: &str) -> (Locks, Vec<String>) {
        let mut diags = Diagnostics::new();
        let locks = Locks::parse(FileId(0), text.as_bytes(), &mut diags);
        (locks, diags.into_iter().map(|d| d.summary).collect())
    }

    #[test]
    fn writes_what_terraform_writes() {
        let (locks, problems) = parse(TERRAFORMS);
        assert_eq!(problems, [""; 0]);
        assert_eq!(locks.to_string(), TERRAFORMS);
    }

    #[track_caller]
    fn check_problem(text: &str, summary: &str) {
        assert_eq!(parse(text).1, [summary], "{text}");
    }

    #[test]
    fn tells_what_is_wrong_with_a_lock_file() {
        check_problem("provider \"acme/one\" {\n  version = \"1.0.0\"\n}\n", "Invalid provider source address");
        let block = |inside: &str| format!("provider \"registry.terraform.io/a/b\" {{\n{inside}\n}}\n");
        check_problem(&block("version = \"1.0\""), "Invalid provider version number");
        check_problem(&block("version = 1"), "Invalid provider version number");
        check_problem(&block(""), "Missing required argument");
        check_problem(&block("version = \"1.0.0\"\nconstraints = \"x\""), "Invalid provider version constraints");
        check_problem(&block("version = \"1.0.0\"\nhashes = [\"h1\"]"), "Invalid provider hash string");
        check_problem(&block("version = \"1.0.0\"\nhashes = {}"), "Invalid provider hash string");
        check_problem(&block("version = \"1.0.0\"").repeat(2), "Duplicate provider lock");
    }

    #[test]
    fn leaves_a_file_alone_that_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (locks, _) = parse(TERRAFORMS);
        assert_eq!(locks.write(folder.path()).unwrap(), Written::Created);
        assert_eq!(locks.write(folder.path()).unwrap(), Written::Unchanged);
        let path = folder.path().join(NAME);
        fs::write(&path, format!("# mine\n{TERRAFORMS}")).unwrap();
        assert_eq!(locks.write(folder.path()).unwrap(), Written::Unchanged);
        assert_eq!(Locks::default().write(folder.path()).unwrap(), Written::Changed);
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2);
    }
}
