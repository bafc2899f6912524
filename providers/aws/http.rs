//! HTTP: the client that all calls go by, and requests to what is not spoken to by an SDK.

use std::cell::OnceCell;
use std::fmt;
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::fault::{Answer, Fault, chain};

thread_local! {
    static CLIENT: OnceCell<SharedHttpClient> = const { OnceCell::new() };
}

/// Returns the HTTP client of this thread: connections, and the certificates that the machine trusts, are for all of its
/// providers. What another thread's executor keeps alive ends with that.
pub(crate) fn client() -> SharedHttpClient {
    CLIENT.with(|client| client.get_or_init(|| make(None)).clone())
}

/// Makes a client that trusts one certificate, and nothing else.
pub(crate) fn client_trusting(pem: Vec<u8>) -> Result<SharedHttpClient, String> {
    let trusted = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(pem)).build();
    trusted.map(|trusted| make(Some(trusted))).map_err(|error| error.to_string())
}

fn make(trusted: Option<TlsContext>) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, _| {
        let mut connector = Connector::builder().sleep_impl(TokioSleep::new());
        connector.set_connector_settings(settings.cloned());
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        match &trusted {
            Some(trusted) => connector.tls_context(trusted.clone()).build(),
            None => connector.build(),
        }
    })
}

/// Sends a request, once, and returns status and text of the answer, whatever they say. Its time is by our clock.
pub(crate) async fn send(
    client: SharedHttpClient,
    endpoint: &str,
    request: ::http::Request<SdkBody>,
    limit: Duration,
) -> Answer<(u16, String)> {
    let request =
        HttpRequest::try_from(request).map_err(|error| Fault { message: error.to_string(), ..Fault::default() })?;
    let operation = Operation::builder()
        .service_name("HTTP")
        .operation_name("Request")
        .http_client(client)
        .endpoint_url(endpoint)
        .no_auth()
        .no_retry()
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(limit).build())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .serializer(|request: HttpRequest| Ok(request))
        .deserializer::<(u16, String), Never>(|response: &HttpResponse| {
            let text = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
            Ok::<_, OrchestratorError<Never>>((response.status().as_u16(), text))
        })
        .build();
    operation.invoke(request).await.map_err(|error| Fault {
        is_uncertain: !matches!(error, SdkError::ConstructionFailure(_)),
        message: chain(&error),
        ..Fault::default()
    })
}

/// The error that answers never are: what is wrong is read from the answer itself.
#[derive(Debug)]
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error of the service")
    }
}

impl std::error::Error for Never {}
