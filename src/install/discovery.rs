//! Service discovery: at which address a host has its registries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::failure::Failure;
use crate::http::{Client, resolved};

/// The service of provider registries.
pub(crate) const PROVIDERS: &str = "providers.v1";
/// The service of module registries.
pub(crate) const MODULES: &str = "modules.v1";

/// Asks hosts for their services, each once.
pub(crate) struct Discovery {
    client: Arc<Client>,
    /// Failures, too: a host that does not answer is waited for once.
    known: Mutex<BTreeMap<String, Result<Services, Failure>>>,
}

/// Addresses by the names of services.
type Services = BTreeMap<String, String>;

impl Discovery {
    /// Begins with the hosts that the user has described.
    pub(crate) fn new(client: Arc<Client>) -> Discovery {
        let known = client.settings().hosts.iter().map(|(host, services)| (host.clone(), Ok(services.clone())));
        let known = Mutex::new(known.collect());
        Discovery { client, known }
    }

    /// Returns the client that asks.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the client, for others that ask.
    pub(crate) fn shared_client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Returns the address of a service of a host, which ends with a slash.
    pub(crate) fn service(&self, host: &str, service: &str) -> Result<String, Failure> {
        // Whoever asks at the same time waits for the one answer.
        let mut known = self.known.lock().expect("no one panics with it");
        let services = known.entry(host.to_owned()).or_insert_with(|| self.ask(host)).clone()?;
        drop(known);
        services.get(service).map(|url| if url.ends_with('/') { url.clone() } else { format!("{url}/") }).ok_or_else(
            || {
                let what = if service == PROVIDERS { "providers" } else { "modules" };
                Failure::new("Not a registry", format!("The host {host} is no registry of {what}."))
            },
        )
    }

    fn ask(&self, host: &str) -> Result<Services, Failure> {
        let url = format!("https://{host}/.well-known/terraform.json");
        let answer = self.client.get(&url, "application/json");
        let answer =
            answer.map_err(|failure| failure.while_doing(format!("The services of {host} cannot be found out")))?;
        if answer.status == 404 {
            return Ok(Services::new());
        }
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200);
        let Some(Value::Object(services)) = value else {
            let detail = format!("The host {host} does not describe its services: {url} answers {}.", answer.status);
            return Err(Failure::new("Not a registry", detail));
        };
        let text = |(name, value): (String, Value)| Some((name, resolved(&answer.url, value.as_str()?)));
        Ok(services.into_iter().filter_map(text).collect())
    }
}
