//! What a plugin serves beside its provider: health, the order to end, and two streams that nothing ever comes on.

use std::sync::Arc;

use futures_util::future::select;
use sdk::Call;
use tokio::sync::watch;

use crate::grpc::{Code, Request, Responder, Service, Status};
use crate::messages::{Empty, HealthCheckRequest, HealthCheckResponse};
use crate::protocol::plugin_path;

/// All that a plugin serves.
pub struct PluginServices {
    provider: Arc<dyn Service>,
    ends: watch::Receiver<bool>,
    /// Where the order to end goes; nowhere if the process is not the host's to end.
    end: Option<Arc<watch::Sender<bool>>>,
}

/// The service answers.
const SERVING: i32 = 1;

impl PluginServices {
    /// Serves a provider for a host that ends the process through `end`.
    pub fn new(provider: Arc<dyn Service>, end: Arc<watch::Sender<bool>>) -> PluginServices {
        PluginServices { provider, ends: end.subscribe(), end: Some(end) }
    }

    /// Serves a provider for hosts that did not start the process: it is not theirs to end.
    pub fn without_shutdown(provider: Arc<dyn Service>, ends: watch::Receiver<bool>) -> PluginServices {
        PluginServices { provider, ends, end: None }
    }

    async fn check_health(mut request: Request, responder: &mut Responder) -> Result<(), Status> {
        let asked: HealthCheckRequest = request.message().await?;
        match asked.service.as_str() {
            "" | plugin_path::HEALTH_SERVICE => responder.send(&HealthCheckResponse { status: SERVING }).await,
            other => Err(Status::new(Code::NotFound, format!("there is no service {other}"))),
        }
    }

    async fn shut_down(&self, responder: &mut Responder) -> Result<(), Status> {
        let sent = responder.send(&Empty {}).await;
        if let Some(end) = &self.end {
            end.send_replace(true);
        }
        sent
    }

    /// Keeps a stream open on which nothing comes, until the process ends or the host has enough of it.
    async fn stay(&self, responder: &mut Responder) -> Result<(), Status> {
        responder.open()?;
        let mut ends = self.ends.clone();
        let ended = std::pin::pin!(ends.wait_for(|is_over| *is_over));
        select(ended, std::pin::pin!(responder.closed())).await;
        Ok(())
    }
}

impl Service for PluginServices {
    fn call<'a>(&'a self, request: Request, responder: &'a mut Responder) -> Call<'a, Result<(), Status>> {
        Box::pin(async move {
            match request.path.as_str() {
                plugin_path::HEALTH_CHECK => PluginServices::check_health(request, responder).await,
                plugin_path::SHUTDOWN => self.shut_down(responder).await,
                plugin_path::STDIO | plugin_path::BROKER => self.stay(responder).await,
                _ => self.provider.call(request, responder).await,
            }
        })
    }
}
