//! A folder of unpacked packages: `HOST/NAMESPACE/NAME/VERSION/PLATFORM/`, of one configuration or shared by many.

use std::fs;
use std::path::{Path, PathBuf};

use addr::Provider;

use crate::Platform;
use crate::failure::Failure;
use crate::version::Version;

/// A folder of unpacked packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    root: PathBuf,
}

impl Store {
    /// Makes the store of a folder, which need not be there.
    pub(crate) fn new(root: &Path) -> Store {
        Store { root: root.to_path_buf() }
    }

    /// Returns the folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of a package, whether it is there or not.
    pub(crate) fn folder(&self, provider: &Provider, version: &Version, platform: &Platform) -> PathBuf {
        self.of(provider).join(version.to_string()).join(platform.to_string())
    }

    /// Returns the folder of a package if it is there.
    pub(crate) fn find(&self, provider: &Provider, version: &Version, platform: &Platform) -> Option<PathBuf> {
        Some(self.folder(provider, version, platform)).filter(|folder| folder.is_dir())
    }

    /// Returns the folder with all versions of a provider.
    pub(crate) fn of(&self, provider: &Provider) -> PathBuf {
        self.root.join(provider.host.as_str()).join(provider.namespace.as_str()).join(provider.name.as_str())
    }
}

/// Returns the program in a provider's package.
pub(crate) fn executable(folder: &Path, provider: &Provider) -> Result<PathBuf, Failure> {
    let problem = |what: String| {
        let detail = format!("The package of the provider {provider} in {} {what}.", folder.display());
        Failure::new("Invalid provider package", detail)
    };
    let wanted = format!("terraform-provider-{}", provider.name);
    let entries = fs::read_dir(folder).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let mut programs: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| problem(format!("cannot be read: {error}")))?;
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(&wanted));
        // `terraform-provider-NAME`, perhaps with `_VERSION` and what comes behind it: `_v1.2.3_x5`, `.exe`.
        if rest.is_some_and(|rest| matches!(rest, "" | ".exe") || rest.starts_with('_')) && entry.path().is_file() {
            programs.push(entry.path());
        }
    }
    programs.sort();
    match programs.into_iter().next() {
        Some(program) => Ok(program),
        None => Err(problem(format!("has no program {wanted}_VERSION"))),
    }
}
