//! Validation: of configurations of every kind.

use sdk::Problem;
use value::{Type, Value};

use super::{Served, only_problems, read};
use crate::messages::{
    DiagnosticsResponse, DynamicValue, ValidateConfigRequest, ValidateListResourceConfigRequest,
    ValidateProviderConfigRequest, ValidateProviderConfigResponse,
};

impl Served {
    pub(super) fn validate_provider(&self, asked: ValidateProviderConfigRequest) -> ValidateProviderConfigResponse {
        let check = |config: &Value| self.provider.validate_provider(config);
        let DiagnosticsResponse { diagnostics } = checked(Ok(self.provider_type()), asked.config.as_ref(), check);
        ValidateProviderConfigResponse { diagnostics }
    }

    pub(super) fn validate_resource(&self, asked: ValidateConfigRequest) -> DiagnosticsResponse {
        let ValidateConfigRequest { type_name: kind, config, .. } = asked;
        let check = |config: &Value| self.provider.validate_resource(&kind, config);
        checked(self.resource_type(&kind), config.as_ref(), check)
    }

    pub(super) fn validate_data(&self, asked: ValidateConfigRequest) -> DiagnosticsResponse {
        let ValidateConfigRequest { type_name: kind, config, .. } = asked;
        let check = |config: &Value| self.provider.validate_data(&kind, config);
        checked(self.data_source_type(&kind), config.as_ref(), check)
    }

    pub(super) fn validate_ephemeral(&self, asked: ValidateConfigRequest) -> DiagnosticsResponse {
        let ValidateConfigRequest { type_name: kind, config, .. } = asked;
        let check = |config: &Value| self.provider.validate_ephemeral(&kind, config);
        checked(self.ephemeral_type(&kind), config.as_ref(), check)
    }

    pub(super) fn validate_list(&self, asked: ValidateListResourceConfigRequest) -> DiagnosticsResponse {
        let ValidateListResourceConfigRequest { type_name: kind, config, .. } = asked;
        let check = |config: &Value| self.provider.validate_list(&kind, config);
        checked(self.list_type(&kind), config.as_ref(), check)
    }
}

fn checked(
    ty: Result<&Type, Problem>,
    config: Option<&DynamicValue>,
    check: impl FnOnce(&Value) -> Vec<Problem>,
) -> DiagnosticsResponse {
    match ty.and_then(|ty| read(config, ty, "configuration")) {
        Ok(config) => only_problems(&check(&config)),
        Err(problem) => only_problems(&[problem]),
    }
}
