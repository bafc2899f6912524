//! The connection to AWS: one per configured provider, made when it is configured, and shared by all of its types.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_types::retry::RetryConfig;
use sdk::value::Value;
use sdk::{Problem, Runtime};

use crate::fields::text;
use crate::http;
use crate::tags::TagRules;

/// What the provider's types share: nothing until the provider is configured, a [`Session`] from then on.
#[derive(Default)]
pub(crate) struct Cloud(RwLock<Option<Arc<Session>>>);

impl Cloud {
    /// Returns the session, if the provider is configured.
    pub(crate) fn known(&self) -> Option<Arc<Session>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the session.
    pub(crate) fn session(&self) -> Result<Arc<Session>, Problem> {
        let missing = || Problem::error("Provider not ready", "The provider was used before it was configured.");
        self.known().ok_or_else(missing)
    }

    /// Begins to work with a session.
    pub(crate) fn begin(&self, session: Session) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(session));
    }
}

/// Everything that a call to AWS needs.
pub(crate) struct Session {
    /// Time and chance. The libraries of AWS use the machine's own clock, as signatures are judged by it.
    pub(crate) runtime: Arc<dyn Runtime>,
    /// Where things are that do not say.
    pub(crate) region: String,
    /// The number of the account, unless the configuration says not to ask for it.
    pub(crate) account: Option<String>,
    /// What the configuration says of tags.
    pub(crate) tags: TagRules,
    /// Whom calls are signed by.
    pub(crate) credentials: SharedCredentialsProvider,
    /// Where services are that are not where AWS has them, by their names; the empty name stands for all others.
    pub(crate) endpoints: BTreeMap<String, String>,
    /// How the libraries make calls.
    pub(crate) shared: SdkConfig,
    clients: Mutex<BTreeMap<String, Clients>>,
}

/// Clients for a region.
#[derive(Clone)]
struct Clients {
    eks: aws_sdk_eks::Client,
    iam: aws_sdk_iam::Client,
    sts: aws_sdk_sts::Client,
}

/// Getting credentials may take so long: the calls for it have limits of their own, by the machine's time.
const LOGIN_MAX: Duration = Duration::from_secs(600);

/// Pauses between attempts, by the runtime's time. How long a connection may take is the connector's business, and is
/// measured by the machine's.
#[derive(Clone)]
pub(crate) struct Pauses(pub(crate) Arc<dyn Runtime>);

impl fmt::Debug for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pauses")
    }
}

impl AsyncSleep for Pauses {
    fn sleep(&self, duration: Duration) -> Sleep {
        // The library wants what several threads may look at, which nobody does.
        let mut waited = Mutex::new(self.0.sleep(duration));
        Sleep::new(poll_fn(move |context| {
            waited.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
        }))
    }
}

/// Returns how the libraries make calls, without anything of the machine's surroundings.
pub(crate) fn shared_config(
    runtime: &Arc<dyn Runtime>,
    region: &str,
    credentials: SharedCredentialsProvider,
    retries: RetryConfig,
) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(retries)
        .http_client(http::client())
        .sleep_impl(Pauses(runtime.clone()))
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .identity_cache(aws_config::identity::IdentityCache::lazy().load_timeout(LOGIN_MAX).build())
        .build()
}

impl Session {
    /// Makes a session; the account is not known yet.
    pub(crate) fn new(
        runtime: Arc<dyn Runtime>,
        shared: SdkConfig,
        credentials: SharedCredentialsProvider,
        endpoints: BTreeMap<String, String>,
        tags: TagRules,
    ) -> Session {
        Session {
            runtime,
            region: shared.region().map(|region| region.as_ref().to_owned()).unwrap_or_default(),
            account: None,
            tags,
            credentials,
            endpoints,
            shared,
            clients: Mutex::default(),
        }
    }

    /// Returns where a service is, if that is not where AWS has it.
    pub(crate) fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).or_else(|| self.endpoints.get("")).map(String::as_str)
    }

    /// Returns the credentials of this moment, for calls that are signed by hand.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Problem> {
        let found = self.credentials.provide_credentials().await;
        found.map_err(|error| crate::credentials::unusable(&error))
    }

    fn clients(&self, region: &str) -> Clients {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let shared = self.shared.clone().into_builder().region(Region::new(region.to_owned())).build();
            let with = |service: &str| match self.endpoint(service) {
                Some(endpoint) => shared.clone().into_builder().endpoint_url(endpoint).build(),
                None => shared.clone(),
            };
            Clients {
                eks: aws_sdk_eks::Client::new(&with("eks")),
                iam: aws_sdk_iam::Client::new(&with("iam")),
                sts: aws_sdk_sts::Client::new(&with("sts")),
            }
        };
        clients.entry(region.to_owned()).or_insert_with(make).clone()
    }
}

/// A session at a place.
#[derive(Clone)]
pub(crate) struct At {
    /// The session.
    pub(crate) session: Arc<Session>,
    /// The region.
    pub(crate) region: String,
}

impl At {
    /// Returns where an object is: in the region that it says, or else in the provider's.
    pub(crate) fn of(session: Arc<Session>, object: &Value) -> At {
        let region = text(object, "region").unwrap_or_else(|| session.region.clone());
        At { session, region }
    }

    /// Returns the client of EKS.
    pub(crate) fn eks(&self) -> aws_sdk_eks::Client {
        self.session.clients(&self.region).eks
    }

    /// Returns the client of IAM.
    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        self.session.clients(&self.region).iam
    }

    /// Returns the client of STS.
    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        self.session.clients(&self.region).sts
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> Duration {
        self.session.runtime.now()
    }

    /// Waits.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.session.runtime.sleep(duration).await;
    }
}

/// Returns the partition that a region is in, with the suffix of its services' names.
pub(crate) fn partition(region: &str) -> (&'static str, &'static str) {
    let partitions = [
        ("cn-", ("aws-cn", "amazonaws.com.cn")),
        ("us-gov-", ("aws-us-gov", "amazonaws.com")),
        ("us-iso-", ("aws-iso", "c2s.ic.gov")),
        ("us-isob-", ("aws-iso-b", "sc2s.sgov.gov")),
        ("eu-isoe-", ("aws-iso-e", "cloud.adc-e.uk")),
        ("us-isof-", ("aws-iso-f", "csp.hci.ic.gov")),
        ("eusc-", ("aws-eusc", "amazonaws.eu")),
    ];
    let found = partitions.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or(("aws", "amazonaws.com"), |(_, partition)| *partition)
}

#[cfg(test)]
mod tests {
    use super::partition;

    #[test]
    fn regions_tell_their_partition() {
        assert_eq!(partition("eu-central-1").0, "aws");
        assert_eq!(partition("cn-north-1"), ("aws-cn", "amazonaws.com.cn"));
        assert_eq!(partition("us-gov-west-1"), ("aws-us-gov", "amazonaws.com"));
    }
}
