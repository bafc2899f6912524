//! Registries of providers: which versions there are, and where their packages are, signed.

use std::sync::Arc;

use addr::Provider;
use serde_json::Value;

use crate::Platform;
use crate::discovery::{Discovery, PROVIDERS};
use crate::failure::Failure;
use crate::hash::Hash;
use crate::http::{Answer, resolved, without_secrets};
use crate::openpgp;
use crate::source::{Form, Package, Source, Trust};
use crate::version::Version;

/// The registries that addresses of providers name.
pub(crate) struct Registries {
    discovery: Arc<Discovery>,
}

const JSON: &str = "application/json";

impl Registries {
    /// Makes them.
    pub(crate) fn new(discovery: Arc<Discovery>) -> Registries {
        Registries { discovery }
    }

    fn host<'a>(&'a self, provider: &'a Provider) -> &'a str {
        self.discovery.client().settings().registry_of(&provider.host)
    }

    /// Asks the registry of a provider; nothing if it does not know what is asked for.
    fn ask(&self, provider: &Provider, what: &str) -> Result<Option<(Answer, Value)>, Failure> {
        let host = self.host(provider);
        let base = self.discovery.service(host, PROVIDERS)?;
        let url = format!("{base}{}/{}/{what}", provider.namespace, provider.name);
        let answer = self.discovery.client().get(&url, JSON)?;
        match answer.status {
            200 => match serde_json::from_slice(&answer.body) {
                Ok(value) => Ok(Some((answer, value))),
                Err(error) => Err(self.odd(provider, &format!("what it answers is not JSON: {error}"))),
            },
            404 => Ok(None),
            401 | 403 => {
                let detail = format!(
                    "The registry {host} gives {} to those it knows only. Put a token for it into the variable \
                     TF_TOKEN_{} or into a credentials block of ~/.terraformrc.",
                    provider.short(),
                    host.replace('-', "__").replace('.', "_")
                );
                Err(Failure::new("Access denied", detail))
            }
            status => Err(self.odd(provider, &format!("it answers {status}"))),
        }
    }

    fn odd(&self, provider: &Provider, what: &str) -> Failure {
        let host = self.host(provider);
        let detail = format!("The registry {host} was asked for {} and makes no sense: {what}.", provider.short());
        Failure::new("Invalid response from registry", detail)
    }

    /// Fetches the list of checksums of a version and makes sure that it is the authors'.
    fn checksums(&self, provider: &Provider, base: &str, package: &Value) -> Result<(String, Trust), Failure> {
        let text = |name: &str| package.get(name).and_then(Value::as_str);
        let missing = |name: &str| self.odd(provider, &format!("the package has no {name}"));
        let fetch = |name: &str| -> Result<Vec<u8>, Failure> {
            let url = resolved(base, text(name).ok_or_else(|| missing(name))?);
            let answer = self.discovery.client().get(&url, "*/*")?;
            match answer.status {
                200 => Ok(answer.body),
                status => Err(self.odd(provider, &format!("{} answers {status}", without_secrets(&url)))),
            }
        };
        let document = fetch("shasums_url")?;
        let keys = package.pointer("/signing_keys/gpg_public_keys").and_then(Value::as_array);
        let armours: Vec<&str> = keys
            .map(|keys| keys.iter().filter_map(|key| key.get("ascii_armor")?.as_str()).collect())
            .unwrap_or_default();
        let trust = if armours.is_empty() {
            if self.host(provider) == provider.host {
                let detail = format!(
                    "The registry {} names no key that {} would be signed with, so nobody vouches for it.",
                    provider.host,
                    provider.short()
                );
                return Err(Failure::new("Provider not signed", detail));
            }
            Trust::Unsigned
        } else {
            let signature = fetch("shasums_signature_url")?;
            let key = openpgp::verify(&armours, &document, &signature).map_err(|error| {
                let detail = format!(
                    "The checksums of {} are not signed by its authors: {error}. Nothing was installed. If this does not \
                     go away, tell the authors.",
                    provider.short()
                );
                Failure::new("Wrong signature", detail)
            })?;
            Trust::Signed(key)
        };
        let document = String::from_utf8(document).map_err(|_| self.odd(provider, "its checksums are not text"))?;
        Ok((document, trust))
    }
}

/// Returns the checksums of a list, each with the name of its file: lines of a SHA-256 and a name.
fn parse_checksums(document: &str) -> Option<Vec<(Hash, &str)>> {
    let line = |line: &'_ str| -> Option<(Hash, usize)> {
        let (digest, name) = line.split_once(char::is_whitespace)?;
        Some((Hash::of_archive_digest(digest)?, line.len() - name.trim_start().trim_start_matches('*').len()))
    };
    let lines = document.lines().filter(|line| !line.trim().is_empty());
    lines.map(|text| line(text).map(|(hash, at)| (hash, text[at..].trim_end()))).collect()
}

/// The versions of the plugin protocol that can be spoken, as far as they matter for choosing.
fn is_spoken(version: &Value) -> bool {
    let protocols = version.get("protocols").and_then(Value::as_array);
    let is_spoken =
        |protocol: &Value| protocol.as_str().is_some_and(|text| matches!(text.split('.').next(), Some("5" | "6")));
    protocols.is_none_or(|protocols| protocols.is_empty() || protocols.iter().any(is_spoken))
}

impl Source for Registries {
    fn versions(&self, provider: &Provider) -> Result<Option<Vec<Version>>, Failure> {
        let Some((_, value)) = self.ask(provider, "versions")? else { return Ok(None) };
        let Some(versions) = value.get("versions").and_then(Value::as_array) else {
            return Err(self.odd(provider, "there is no list of versions"));
        };
        let versions = versions.iter().filter(|version| is_spoken(version));
        Ok(Some(versions.filter_map(|version| Version::parse(version.get("version")?.as_str()?)).collect()))
    }

    fn package(&self, provider: &Provider, version: &Version, platform: &Platform) -> Result<Option<Package>, Failure> {
        let what = format!("{version}/download/{}/{}", platform.system, platform.processor);
        let Some((answer, package)) = self.ask(provider, &what)? else { return Ok(None) };
        let text = |name: &str| {
            let text = package.get(name).and_then(Value::as_str);
            text.ok_or_else(|| self.odd(provider, &format!("the package has no {name}")))
        };
        let (url, filename) = (resolved(&answer.url, text("download_url")?), text("filename")?);
        let claimed =
            Hash::of_archive_digest(text("shasum")?).ok_or_else(|| self.odd(provider, "its checksum is no SHA-256"))?;
        let (document, trust) = self.checksums(provider, &answer.url, &package)?;
        let lines = parse_checksums(&document).ok_or_else(|| self.odd(provider, "its checksums are no such list"))?;
        let listed = lines.iter().find(|(_, name)| *name == filename).map(|(hash, _)| hash);
        if listed != Some(&claimed) {
            let detail = format!(
                "The registry {} says another checksum of {filename} than the list that the authors of {} have made. \
                 Nothing was installed.",
                self.host(provider),
                provider.short()
            );
            return Err(Failure::new("Wrong checksum", detail));
        }
        // Other platforms' packages have the same author: the lock file may have all of them.
        let others = lines.into_iter().map(|(hash, _)| hash).collect();
        Ok(Some(Package { form: Form::Remote(url), hashes: vec![claimed], others, trust }))
    }

    fn name(&self, provider: &Provider) -> String {
        self.host(provider).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::parse_checksums;

    #[test]
    fn reads_lists_of_checksums_and_nothing_else() {
        let digest = "ab".repeat(32);
        let text = format!("{digest}  a_1.0.0_linux_amd64.zip\n{digest} *b.zip\n\n");
        let names: Vec<&str> = parse_checksums(&text).unwrap().into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["a_1.0.0_linux_amd64.zip", "b.zip"]);
        assert_eq!(parse_checksums("<html>"), None);
        assert_eq!(parse_checksums(&digest), None);
    }
}
