//! Checks of configurations, and the configuration of the provider itself.

use std::sync::Arc;

use sdk::{ConfigureRequest, ConfigureResponse, Problem};
use value::{Type, Value};
use wire::messages::{
    ConfigureProviderRequest, DiagnosticsResponse, ValidateConfigRequest, ValidateListResourceConfigRequest,
    ValidateProviderConfigRequest, ValidateProviderConfigResponse,
};
use wire::problems::unpack_problems;

use crate::asker::{Asker, Limit, TERRAFORM_VERSION, TypeOf, capabilities};
use crate::process::{Failure, Process};
use wire::protocol::Rpc;

impl Asker {
    /// Checks the provider's own configuration.
    pub(crate) async fn validate_provider(self, config: Value) -> Result<Vec<Problem>, Problem> {
        let config = self.pack(&config, &self.known().provider)?;
        let request = ValidateProviderConfigRequest { config };
        let response: ValidateProviderConfigResponse =
            self.call(Rpc::ValidateProviderConfig, request, Limit::Computing).await.map_err(Failure::problem)?;
        Ok(unpack_problems(response.diagnostics))
    }

    /// Checks the configuration of a resource.
    pub(crate) async fn validate(self, of: TypeOf, kind: String, config: Value) -> Result<Vec<Problem>, Problem> {
        let config = self.pack(&config, self.ty(of, &kind)?)?;
        let rpc = match of {
            TypeOf::Resource => Rpc::ValidateResourceConfig,
            TypeOf::DataSource => Rpc::ValidateDataResourceConfig,
            TypeOf::Ephemeral => Rpc::ValidateEphemeralResourceConfig,
        };
        let client_capabilities = if of == TypeOf::Resource { capabilities(false) } else { None };
        let request = ValidateConfigRequest { type_name: kind, config, client_capabilities };
        let response: DiagnosticsResponse =
            self.call(rpc, request, Limit::Computing).await.map_err(Failure::problem)?;
        Ok(unpack_problems(response.diagnostics))
    }

    /// Checks the configuration of a list.
    pub(crate) async fn validate_list(self, kind: String, config: Value) -> Result<Vec<Problem>, Problem> {
        let ty = self.known().schemas.lists.get(kind.as_str()).map(|schema| schema.block.ty());
        let config = self.pack(&config, &ty.unwrap_or(Type::Dynamic))?;
        let request = ValidateListResourceConfigRequest { type_name: kind, config, ..Default::default() };
        let response: DiagnosticsResponse =
            self.call(Rpc::ValidateListResourceConfig, request, Limit::Computing).await.map_err(Failure::problem)?;
        Ok(unpack_problems(response.diagnostics))
    }

    /// Gets a process ready: the one that has this configuration already, or another.
    pub(crate) async fn configure(
        self,
        request: ConfigureRequest,
    ) -> Result<(Arc<Process>, ConfigureResponse), Problem> {
        let packed = self.pack(&request.config, &self.known().provider)?;
        // What is not known yet may turn out differently for two configurations that look the same now.
        let is_known = request.config.is_wholly_known();
        let key = packed.as_ref().filter(|_| is_known).map(|packed| packed.msgpack.to_vec());
        let work = async {
            let process = self.plugin.unconfigured().await.map_err(|problem| vec![problem])?;
            let message = ConfigureProviderRequest {
                terraform_version: TERRAFORM_VERSION.to_owned(),
                config: packed,
                client_capabilities: capabilities(request.deferral_allowed),
            };
            let limit = Some(process.limits.configure);
            let response: Result<DiagnosticsResponse, _> = process.call(Rpc::ConfigureProvider, message, limit).await;
            let response = response.map_err(|failure| vec![failure.problem()])?;
            let problems = unpack_problems(response.diagnostics);
            if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok((process, problems)) }
        };
        let result = match key {
            None => work.await,
            Some(key) => {
                let mut warnings = Vec::new();
                let place = self.plugin.place(key);
                let made = place.get_or_init(|| async {
                    let (process, problems) = work.await?;
                    warnings = problems;
                    Ok(process)
                });
                let made = made.await.clone();
                made.map(|process| (process, warnings))
            }
        };
        match result {
            Ok((process, problems)) => Ok((process, ConfigureResponse { problems })),
            Err(problems) => {
                let process = self.plugin.any().await?;
                Ok((process, ConfigureResponse { problems }))
            }
        }
    }
}
