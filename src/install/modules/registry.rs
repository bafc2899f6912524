//! Registries of modules: which versions there are, and where each is.

use std::sync::Arc;

use serde_json::Value;

use super::source::{Package, RegistryModule, Source};
use crate::discovery::{Discovery, MODULES};
use crate::failure::Failure;
use crate::http::{Answer, Client, resolved};
use crate::version::{Requirement, Version};

/// The registries that sources of modules name.
pub(super) struct ModuleRegistries {
    discovery: Arc<Discovery>,
}

impl ModuleRegistries {
    /// Makes them.
    pub(super) fn new(discovery: Arc<Discovery>) -> ModuleRegistries {
        ModuleRegistries { discovery }
    }

    pub(super) fn client(&self) -> &Client {
        self.discovery.client()
    }

    /// Chooses the newest version that will do, and returns where it is.
    pub(super) fn find(&self, module: &RegistryModule, asked: &Requirement) -> Result<(Version, Source), Failure> {
        let versions = self.versions(module)?;
        let Some(version) = versions.iter().find(|version| asked.allows(version)) else {
            const SHOWN_MAX: usize = 5;
            let shown: Vec<String> = versions.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
            let detail = format!("No version of the module {module} is {asked}. The newest are: {}.", shown.join(", "));
            return Err(Failure::new("Unresolvable module version constraint", detail));
        };
        Ok((version.clone(), self.location(module, version)?))
    }

    /// Returns the versions, the newest first.
    fn versions(&self, module: &RegistryModule) -> Result<Vec<Version>, Failure> {
        let (answer, _) = self.ask(module, "versions")?;
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let list = value.as_ref().and_then(|value| value.pointer("/modules/0/versions")?.as_array());
        let list = list.ok_or_else(|| odd(module, "there is no list of versions"))?;
        let mut versions: Vec<Version> =
            list.iter().filter_map(|version| Version::parse(version.get("version")?.as_str()?)).collect();
        versions.sort_by(|a, b| b.cmp(a));
        Ok(versions)
    }

    fn location(&self, module: &RegistryModule, version: &Version) -> Result<Source, Failure> {
        let (answer, url) = self.ask(module, &format!("{version}/download"))?;
        let in_body = || {
            let value: Value = serde_json::from_slice(&answer.body).ok()?;
            Some(value.get("location")?.as_str()?.to_owned())
        };
        let location = answer.terraform_get.clone().or_else(in_body);
        let location = location.ok_or_else(|| odd(module, &format!("it does not say where version {version} is")))?;
        // What begins with a path is meant from the address that was asked.
        let is_relative = location.starts_with('/') || location.starts_with("./") || location.starts_with("../");
        let location = if is_relative { resolved(&url, &location) } else { location };
        match Source::parse(&location) {
            // A registry has no business with folders of this machine.
            Ok(Source { package: Package::Folder(_) | Package::Registry(_), .. }) | Err(_) => {
                Err(odd(module, &format!("the place {location:?} that it names cannot be fetched")))
            }
            Ok(source) => Ok(source),
        }
    }

    /// Asks about a module; returns the answer and the address that was asked.
    fn ask(&self, module: &RegistryModule, what: &str) -> Result<(Answer, String), Failure> {
        let host = self.client().settings().registry_of(&module.host);
        let base = self.discovery.service(host, MODULES)?;
        let url = format!("{base}{}/{}/{}/{what}", module.namespace, module.name, module.system);
        let answer = self.client().get(&url, "application/json")?;
        match answer.status {
            200 | 204 => Ok((answer, url)),
            404 => {
                let detail = format!(
                    "The registry {host} has no module {}/{}/{}.",
                    module.namespace, module.name, module.system
                );
                Err(Failure::new("Module not found", detail))
            }
            401 | 403 => {
                let detail = format!(
                    "The registry {host} gives the module {module} to those it knows only. Put a token for it into the \
                     variable TF_TOKEN_{} or into a credentials block of ~/.terraformrc.",
                    host.replace('-', "__").replace('.', "_")
                );
                Err(Failure::new("Access denied", detail))
            }
            status => Err(odd(module, &format!("it answers {status}"))),
        }
    }
}

fn odd(module: &RegistryModule, what: &str) -> Failure {
    let detail = format!("The registry was asked for the module {module} and makes no sense: {what}.");
    Failure::new("Error accessing remote module registry", detail)
}
