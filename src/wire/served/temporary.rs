//! Ephemeral resources: what is opened, renewed and closed within a command.

use std::time::Duration;

use sdk::{CloseRequest, OpenRequest, Problem, RenewRequest};

use super::{Served, only_problems, or_problem, read, write};
use crate::messages::{
    DiagnosticsResponse, OpenEphemeralResourceRequest, OpenEphemeralResourceResponse, OpenedEphemeralResourceRequest,
    RenewEphemeralResourceResponse, Timestamp,
};
use crate::problems::{pack_deferral, pack_problems};

impl Served {
    pub(super) async fn open(&self, asked: OpenEphemeralResourceRequest) -> OpenEphemeralResourceResponse {
        let done = async {
            let ty = self.ephemeral_type(&asked.type_name)?;
            let request = OpenRequest {
                config: read(asked.config.as_ref(), ty, "configuration")?,
                deferral_allowed: asked.client_capabilities.is_some_and(|client| client.deferral_allowed),
                kind: asked.type_name.into(),
            };
            let response = self.provider.open(request).await;
            Ok(OpenEphemeralResourceResponse {
                diagnostics: pack_problems(&response.problems),
                renew_at: response.renew_at.map(Timestamp::from),
                result: write(&response.result, ty, "result")?,
                private: Some(response.private),
                deferred: pack_deferral(response.deferred),
            })
        };
        or_problem(done.await, |diagnostics| OpenEphemeralResourceResponse { diagnostics, ..Default::default() })
    }

    pub(super) async fn renew(&self, asked: OpenedEphemeralResourceRequest) -> RenewEphemeralResourceResponse {
        let request = RenewRequest { kind: asked.type_name.into(), private: asked.private.unwrap_or_default() };
        let response = self.provider.renew(request).await;
        RenewEphemeralResourceResponse {
            diagnostics: pack_problems(&response.problems),
            renew_at: response.renew_at.map(Timestamp::from),
            private: Some(response.private),
        }
    }

    pub(super) async fn close(&self, asked: OpenedEphemeralResourceRequest) -> DiagnosticsResponse {
        let request = CloseRequest { kind: asked.type_name.into(), private: asked.private.unwrap_or_default() };
        let problems: Vec<Problem> = self.provider.close(request).await.problems;
        only_problems(&problems)
    }
}

/// A time since 1970-01-01 in UTC.
impl From<Duration> for Timestamp {
    fn from(time: Duration) -> Timestamp {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        // Below 10^9 by what it means.
        Timestamp { seconds, nanos: time.subsec_nanos() as i32 }
    }
}

impl Timestamp {
    /// Returns the time since 1970-01-01 in UTC; what was before that counts as that.
    pub fn since_1970(self) -> Duration {
        let seconds = u64::try_from(self.seconds).unwrap_or(0);
        Duration::new(seconds, u32::try_from(self.nanos).unwrap_or(0).min(999_999_999))
    }
}
