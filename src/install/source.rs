//! Where packages of providers come from: one question about versions, one about a package.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr::Provider;

use crate::Platform;
use crate::discovery::Discovery;
use crate::failure::Failure;
use crate::filesystem_mirror::FilesystemMirror;
use crate::hash::Hash;
use crate::http::Client;
use crate::network_mirror::NetworkMirror;
use crate::registry::Registries;
use crate::settings::{Location, Method, Pattern, Settings, Surroundings, implied_mirrors};
use crate::version::Version;

/// A place that has packages.
pub(crate) trait Source: Sync {
    /// Returns the versions of a provider that the place knows; nothing if it does not know the provider.
    fn versions(&self, provider: &Provider) -> Result<Option<Vec<Version>>, Failure>;

    /// Returns the package of a version for a platform; nothing if there is none.
    fn package(&self, provider: &Provider, version: &Version, platform: &Platform) -> Result<Option<Package>, Failure>;

    /// Returns what to call the place in messages.
    fn name(&self, provider: &Provider) -> String;
}

/// A package that a place offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// How to get it.
    pub(crate) form: Form,
    /// Checksums by the place; what is got must have one of them, unless there are none.
    pub(crate) hashes: Vec<Hash>,
    /// Checksums of packages of the same version for other platforms.
    pub(crate) others: Vec<Hash>,
    /// What the place's word is worth.
    pub(crate) trust: Trust,
}

/// How to get a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It is a folder, to be used where it is.
    Folder(PathBuf),
    /// It is an archive on this machine.
    Archive(PathBuf),
    /// It is an archive at this address.
    Remote(String),
}

/// How sure one can be of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Whoever put it there is trusted.
    Unverified,
    /// The place gave a checksum, which the package has.
    Checksum,
    /// The same; the authors sign nothing, which the default registry allows.
    Unsigned,
    /// The checksums are signed by the provider's authors with the key of this id.
    Signed(String),
}

/// The way to registries, used by providers and modules alike, so that no host is asked twice for its services.
pub struct Network(pub(crate) Arc<Discovery>);

impl Network {
    /// Makes it; nothing is asked yet.
    pub fn new(settings: &Settings, surroundings: &Surroundings) -> Network {
        Network(Arc::new(Discovery::new(Arc::new(Client::new(settings, surroundings)))))
    }
}

/// All places, each with the providers it serves.
pub struct Sources {
    places: Vec<(Method, Box<dyn Source>)>,
    client: Arc<Client>,
}

impl Sources {
    /// Makes the places that the settings name.
    pub fn new(settings: &Settings, working_folder: &Path, surroundings: &Surroundings, network: &Network) -> Sources {
        let methods = match &settings.methods {
            Some(methods) => methods.clone(),
            None => implied(working_folder, settings, surroundings),
        };
        Sources::of(methods, settings, &network.0)
    }

    /// Makes places that are folders and nothing else, for `-plugin-dir`.
    pub fn of_folders(folders: &[PathBuf], settings: &Settings, network: &Network) -> Sources {
        let methods = folders.iter().map(|folder| Method::for_all(Location::Folder(folder.clone())));
        Sources::of(methods.collect(), settings, &network.0)
    }

    /// Makes the one place that an option names: a folder, a server, or each provider's own registry.
    pub fn of_one(location: Location, settings: &Settings, network: &Network) -> Sources {
        Sources::of(vec![Method::for_all(location)], settings, &network.0)
    }

    fn of(methods: Vec<Method>, settings: &Settings, discovery: &Arc<Discovery>) -> Sources {
        let client = discovery.shared_client();
        let place = |method: Method| -> (Method, Box<dyn Source>) {
            let source: Box<dyn Source> = match &method.location {
                Location::Folder(folder) => Box::new(FilesystemMirror::new(folder, settings)),
                Location::Direct => Box::new(Registries::new(discovery.clone())),
                Location::Network(url) => Box::new(NetworkMirror::new(client.clone(), url)),
            };
            (method, source)
        };
        Sources { places: methods.into_iter().map(place).collect(), client: client.clone() }
    }

    /// Returns what downloads are made with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the versions of a provider that any place knows, each once, the newest first.
    pub(crate) fn versions(&self, provider: &Provider) -> Result<Vec<Version>, Failure> {
        let mut versions = Vec::new();
        let mut is_known = false;
        for source in self.serving(provider) {
            if let Some(found) = source.versions(provider)? {
                is_known = true;
                versions.extend(found);
            }
        }
        versions.sort_by(|a, b| b.cmp(a));
        versions.dedup();
        if is_known { Ok(versions) } else { Err(self.not_found(provider)) }
    }

    /// Returns a package of the first place that has it, and the name of the place.
    pub(crate) fn package(
        &self,
        provider: &Provider,
        version: &Version,
        platform: &Platform,
    ) -> Result<(Package, String), Failure> {
        for source in self.serving(provider) {
            if let Some(package) = source.package(provider, version, platform)? {
                return Ok((package, source.name(provider)));
            }
        }
        let detail = format!(
            "There is no package of {} v{version} for {platform}. Looked in: {}.",
            provider.short(),
            self.names(provider).join(", ")
        );
        Err(Failure::new("Incompatible provider version", detail))
    }

    fn serving<'a>(&'a self, provider: &'a Provider) -> impl Iterator<Item = &'a dyn Source> {
        self.places.iter().filter(|(method, _)| method.serves(provider)).map(|(_, source)| &**source)
    }

    fn names(&self, provider: &Provider) -> Vec<String> {
        let names: Vec<String> = self.serving(provider).map(|source| source.name(provider)).collect();
        if names.is_empty() { vec!["no place, as no installation method includes it".to_owned()] } else { names }
    }

    fn not_found(&self, provider: &Provider) -> Failure {
        let places = self.names(provider).join(", ");
        let mut detail = format!("The provider {} was not found. Looked in: {places}.", provider.short());
        if provider.namespace == "hashicorp" {
            detail.push_str(
                " A provider of somebody else than HashiCorp must be named by its source in required_providers.",
            );
        }
        Failure::new("Provider not found", detail)
    }
}

/// Without settings, local folders are mirrors, and what they do not have comes from its registry.
fn implied(working_folder: &Path, settings: &Settings, surroundings: &Surroundings) -> Vec<Method> {
    let mut methods = Vec::new();
    let mut direct = Method::for_all(Location::Direct);
    for folder in implied_mirrors(working_folder, surroundings) {
        let found = FilesystemMirror::new(&folder, settings).providers();
        direct.exclude.extend(found.iter().map(Pattern::exactly));
        let include = Some(found.iter().map(Pattern::exactly).collect());
        methods.push(Method { include, ..Method::for_all(Location::Folder(folder)) });
    }
    methods.push(direct);
    methods
}
