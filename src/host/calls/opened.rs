//! What lives as long as a command.

use sdk::{CloseRequest, CloseResponse, OpenRequest, OpenResponse, Problem, RenewRequest, RenewResponse};
use wire::messages::{
    DiagnosticsResponse, OpenEphemeralResourceRequest, OpenEphemeralResourceResponse, OpenedEphemeralResourceRequest,
    RenewEphemeralResourceResponse,
};
use wire::problems::{unpack_deferral, unpack_problems};

use crate::asker::{Asker, Limit, TypeOf, capabilities, moment, or, problems};
use crate::process::Failure;
use wire::protocol::Rpc;

impl Asker {
    /// Opens something.
    pub(crate) async fn open(self, request: OpenRequest) -> Result<OpenResponse, Problem> {
        let ty = self.ty(TypeOf::Ephemeral, &request.kind)?;
        let message = OpenEphemeralResourceRequest {
            type_name: request.kind.to_string(),
            config: self.pack(&request.config, ty)?,
            client_capabilities: capabilities(request.deferral_allowed),
        };
        let response: OpenEphemeralResourceResponse =
            self.call(Rpc::OpenEphemeralResource, message, Limit::None).await.map_err(Failure::problem)?;
        let (result, unreadable) = or(self.unpack(response.result.as_ref(), ty), || value::Value::NULL);
        Ok(OpenResponse {
            result,
            private: response.private.unwrap_or_default(),
            renew_at: moment(response.renew_at),
            deferred: unpack_deferral(response.deferred.as_ref()),
            problems: problems(response.diagnostics, unreadable),
        })
    }

    /// Keeps something open.
    pub(crate) async fn renew(self, request: RenewRequest) -> Result<RenewResponse, Problem> {
        let message = opened(&request.kind, &request.private);
        let response: RenewEphemeralResourceResponse =
            self.call(Rpc::RenewEphemeralResource, message, Limit::None).await.map_err(Failure::problem)?;
        Ok(RenewResponse {
            private: response.private.unwrap_or(request.private),
            renew_at: moment(response.renew_at),
            problems: unpack_problems(response.diagnostics),
        })
    }

    /// Closes something.
    pub(crate) async fn close(self, request: CloseRequest) -> Result<CloseResponse, Problem> {
        let message = opened(&request.kind, &request.private);
        let response: DiagnosticsResponse =
            self.call(Rpc::CloseEphemeralResource, message, Limit::None).await.map_err(Failure::problem)?;
        Ok(CloseResponse { problems: unpack_problems(response.diagnostics) })
    }
}

fn opened(kind: &str, private: &[u8]) -> OpenedEphemeralResourceRequest {
    let private = Some(private.to_vec()).filter(|private| !private.is_empty());
    OpenedEphemeralResourceRequest { type_name: kind.to_owned(), private }
}
