//! Validation: of configurations of every kind.

use schema::Block;
use sdk::{Problem, without_write_only};
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
        let ValidateConfigRequest { type_name: kind, config, client_capabilities } = asked;
        let keeps_secrets = client_capabilities.is_some_and(|client| client.write_only_attributes_allowed);
        let check = |config: &Value| {
            let mut problems = self.provider.validate_resource(&kind, config);
            if !keeps_secrets && let Some(schema) = self.provider.schemas().resources.get(kind.as_str()) {
                problems.extend(write_only_set(&schema.block, config));
            }
            problems
        };
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

/// A host that does not know write-only attributes would store what they are set to.
fn write_only_set(block: &Block, config: &Value) -> Option<Problem> {
    let stored = without_write_only(block, config);
    let names = block.attributes.iter().map(|a| &a.name).chain(block.blocks.iter().map(|b| &b.name));
    let name = names.into_iter().find(|name| stored.attribute(name) != config.attribute(name))?;
    let detail = "The value of a write-only attribute is in no plan and no state. The program that asks cannot see to that: \
                  Terraform can from version 1.11 on.";
    Some(Problem::error("Write-only attribute not allowed", detail).at(name.clone()))
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
