//! Servers that have copies of providers' packages.

use std::sync::Arc;

use addr::Provider;
use serde_json::Value;

use crate::Platform;
use crate::failure::Failure;
use crate::filesystem_mirror::hosts;
use crate::hash::Hash;
use crate::http::{Client, resolved};
use crate::source::{Form, Package, Source, Trust};
use crate::version::Version;

/// A server with copies.
pub(crate) struct NetworkMirror {
    client: Arc<Client>,
    /// Ends with a slash.
    url: String,
}

impl NetworkMirror {
    /// Makes the mirror at an address, which ends with a slash.
    pub(crate) fn new(client: Arc<Client>, url: &str) -> NetworkMirror {
        NetworkMirror { client, url: url.to_owned() }
    }

    /// Returns a page about a provider, with its address; nothing if there is none.
    fn page(&self, provider: &Provider, name: &str) -> Result<Option<(String, Value)>, Failure> {
        let settings = self.client.settings();
        for host in hosts(provider, &settings.default_registry) {
            let url = format!("{}{host}/{}/{}/{name}.json", self.url, provider.namespace, provider.name);
            let answer = self.client.get(&url, "application/json")?;
            let problem = |what: String| {
                let detail = format!("The mirror {} makes no sense: {url} {what}.", self.url);
                Failure::new("Invalid response from provider mirror", detail)
            };
            match answer.status {
                200 => {
                    let value = serde_json::from_slice(&answer.body);
                    let value = value.map_err(|error| problem(format!("is not JSON: {error}")))?;
                    return Ok(Some((answer.url, value)));
                }
                404 => {}
                status => return Err(problem(format!("answers {status}"))),
            }
        }
        Ok(None)
    }
}

impl Source for NetworkMirror {
    fn versions(&self, provider: &Provider) -> Result<Option<Vec<Version>>, Failure> {
        let Some((_, value)) = self.page(provider, "index")? else { return Ok(None) };
        let versions = value.get("versions").and_then(Value::as_object);
        Ok(versions.map(|versions| versions.keys().filter_map(|text| Version::parse(text)).collect()))
    }

    fn package(&self, provider: &Provider, version: &Version, platform: &Platform) -> Result<Option<Package>, Failure> {
        let Some((base, value)) = self.page(provider, &version.to_string())? else { return Ok(None) };
        let Some(archive) = value.get("archives").and_then(|archives| archives.get(platform.to_string())) else {
            return Ok(None);
        };
        let Some(url) = archive.get("url").and_then(Value::as_str) else { return Ok(None) };
        let hashes = archive.get("hashes").and_then(Value::as_array);
        let hashes: Vec<Hash> = hashes
            .map(|hashes| hashes.iter().filter_map(|hash| Hash::parse(hash.as_str()?)).collect())
            .unwrap_or_default();
        let trust = if hashes.is_empty() { Trust::Unverified } else { Trust::Checksum };
        Ok(Some(Package { form: Form::Remote(resolved(&base, url)), hashes, others: Vec::new(), trust }))
    }

    fn name(&self, _: &Provider) -> String {
        format!("the mirror {}", self.url)
    }
}
