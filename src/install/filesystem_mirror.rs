//! Mirrors of providers in a folder: `HOST/NAMESPACE/NAME/` with archives, or with `VERSION/PLATFORM/` folders.

use std::fs;
use std::path::{Path, PathBuf};

use addr::Provider;

use crate::Platform;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::source::{Form, Package, Source, Trust};
use crate::version::Version;

/// A folder with packages.
pub(crate) struct FilesystemMirror {
    folder: PathBuf,
    /// Packages of the default host may lie under this one, too: they are made by the tools of either.
    default_registry: String,
}

/// A package in the folder.
struct Found {
    version: Version,
    platform: Platform,
    form: Form,
}

impl FilesystemMirror {
    /// Makes the mirror of a folder.
    pub(crate) fn new(folder: &Path, settings: &Settings) -> FilesystemMirror {
        FilesystemMirror { folder: folder.to_path_buf(), default_registry: settings.default_registry.clone() }
    }

    /// Returns the providers that the folder has anything of.
    pub(crate) fn providers(&self) -> Vec<Provider> {
        let mut providers = Vec::new();
        for host in names(&self.folder) {
            // What lies there under the registry's own name serves both addresses.
            let hosts: &[&str] = if host == self.default_registry { &[&host, addr::DEFAULT_HOST] } else { &[&host] };
            for namespace in names(&self.folder.join(&host)) {
                for name in names(&self.folder.join(&host).join(&namespace)) {
                    let parsed = hosts.iter().map(|host| Provider::parse(&format!("{host}/{namespace}/{name}")));
                    providers.extend(parsed.flatten());
                }
            }
        }
        providers.sort();
        providers.dedup();
        providers
    }

    /// Returns the packages of a provider, those under its own host first.
    fn find(&self, provider: &Provider) -> Vec<Found> {
        let mut found = Vec::new();
        for host in hosts(provider, &self.default_registry) {
            let folder =
                self.folder.join(host.replace(':', "_")).join(provider.namespace.as_str()).join(provider.name.as_str());
            let plain = self.folder.join(host).join(provider.namespace.as_str()).join(provider.name.as_str());
            let folder = if plain.is_dir() { plain } else { folder };
            for name in names(&folder) {
                let path = folder.join(&name);
                if path.is_dir() {
                    unpacked(&path, &name, &mut found);
                } else {
                    found.extend(packed(path, &name, provider));
                }
            }
        }
        found
    }
}

/// Returns the hosts under which packages of a provider may lie.
pub(crate) fn hosts<'a>(provider: &'a Provider, default_registry: &'a str) -> Vec<&'a str> {
    let own = provider.host.as_str();
    if own == addr::DEFAULT_HOST && own != default_registry { vec![own, default_registry] } else { vec![own] }
}

/// Reads a `VERSION` folder with a folder for each platform.
fn unpacked(path: &Path, name: &str, found: &mut Vec<Found>) {
    let Some(version) = Version::parse(name) else { return };
    for name in names(path) {
        let folder = path.join(&name);
        if let Some(platform) = Platform::parse(&name).filter(|_| folder.is_dir()) {
            found.push(Found { version: version.clone(), platform, form: Form::Folder(folder) });
        }
    }
}

/// Reads the name of an archive.
fn packed(path: PathBuf, name: &str, provider: &Provider) -> Option<Found> {
    let rest = name.strip_prefix("terraform-provider-")?.strip_suffix(".zip")?;
    let rest = rest.strip_prefix(provider.name.as_str())?.strip_prefix('_')?;
    let (version, platform) = rest.split_once('_')?;
    Some(Found { version: Version::parse(version)?, platform: Platform::parse(platform)?, form: Form::Archive(path) })
}

/// Returns the names in a folder, sorted; hidden ones and those that are no text left out.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: std::io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    let mut names: Vec<String> = entries.filter_map(name).filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

impl Source for FilesystemMirror {
    fn versions(&self, provider: &Provider) -> Result<Option<Vec<Version>>, Failure> {
        // Versions for other platforms are versions, too: whoever is alone with one should be told, not given an older one.
        let found = self.find(provider);
        Ok((!found.is_empty()).then(|| found.into_iter().map(|found| found.version).collect()))
    }

    fn package(&self, provider: &Provider, version: &Version, platform: &Platform) -> Result<Option<Package>, Failure> {
        let mut found = self.find(provider).into_iter();
        let found = found.find(|found| found.version == *version && found.platform == *platform);
        Ok(found.map(|found| Package {
            form: found.form,
            hashes: Vec::new(),
            others: Vec::new(),
            trust: Trust::Unverified,
        }))
    }

    fn name(&self, _: &Provider) -> String {
        format!("the mirror {}", self.folder.display())
    }
}
