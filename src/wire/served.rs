//! A provider of ours behind the calls of protocol 6.
//!
//! Every call that the provider trait can carry is here; whatever else is asked answers that it is not implemented. What
//! cannot be read or written becomes a problem in the answer, as the host shows those to people.

mod checks;
mod listing;
mod lookups;
mod resources;
mod temporary;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ecow::EcoString;
use schema::Schema;
use sdk::{Call, ConfigureRequest, Problem, Provider, Runtime};
use value::{ConversionError, Type, Value};

use crate::dynamic::{pack, pack_identity, unpack, unpack_identity};
use crate::grpc::{Code, Request, Responder, Service, Status};
use crate::messages::{
    ConfigureProviderRequest, Diagnostic, DiagnosticsResponse, DynamicValue, Empty, GetFunctionsResponse,
    GetMetadataResponse, GetResourceIdentitySchemasResponse, Named, ResourceIdentityData, StopProviderResponse,
};
use crate::problems::pack_problems;
use crate::protocol::Rpc;
use crate::schemas::{pack_capabilities, pack_functions, pack_identities, pack_schemas};

/// A provider that is served. It serves one configuration, as a provider does.
pub struct Served {
    provider: Box<dyn Provider>,
    runtime: Arc<dyn Runtime>,
    types: Types,
    is_configured: AtomicBool,
}

/// The types of what the schemas describe, put together when first asked for.
struct Types {
    provider: OnceLock<Type>,
    meta: OnceLock<Type>,
    resources: KindTypes,
    data_sources: KindTypes,
    ephemerals: KindTypes,
    lists: KindTypes,
}

struct KindTypes {
    /// What people call such a type.
    what: &'static str,
    types: BTreeMap<EcoString, OnceLock<Type>>,
}

impl KindTypes {
    fn new(what: &'static str, schemas: &BTreeMap<EcoString, Schema>) -> KindTypes {
        KindTypes { what, types: schemas.keys().map(|kind| (kind.clone(), OnceLock::new())).collect() }
    }

    fn get(&self, schemas: &BTreeMap<EcoString, Schema>, kind: &str) -> Result<&Type, Problem> {
        match (self.types.get(kind), schemas.get(kind)) {
            (Some(ty), Some(schema)) => Ok(ty.get_or_init(|| schema.block.ty())),
            _ => Err(Problem::error(format!("Unknown {}", self.what), format!("The provider has no `{kind}`."))),
        }
    }
}

impl Served {
    /// Serves a provider that nobody has configured yet.
    pub fn new(provider: Box<dyn Provider>, runtime: Arc<dyn Runtime>) -> Served {
        let schemas = provider.schemas();
        let types = Types {
            provider: OnceLock::new(),
            meta: OnceLock::new(),
            resources: KindTypes::new("resource type", &schemas.resources),
            data_sources: KindTypes::new("data source", &schemas.data_sources),
            ephemerals: KindTypes::new("ephemeral resource type", &schemas.ephemerals),
            lists: KindTypes::new("list", &schemas.lists),
        };
        Served { provider, runtime, types, is_configured: AtomicBool::new(false) }
    }

    fn provider_type(&self) -> &Type {
        self.types.provider.get_or_init(|| self.provider.schemas().provider.block.ty())
    }

    fn resource_type(&self, kind: &str) -> Result<&Type, Problem> {
        self.types.resources.get(&self.provider.schemas().resources, kind)
    }

    fn data_source_type(&self, kind: &str) -> Result<&Type, Problem> {
        self.types.data_sources.get(&self.provider.schemas().data_sources, kind)
    }

    fn ephemeral_type(&self, kind: &str) -> Result<&Type, Problem> {
        self.types.ephemerals.get(&self.provider.schemas().ephemerals, kind)
    }

    fn list_type(&self, kind: &str) -> Result<&Type, Problem> {
        self.types.lists.get(&self.provider.schemas().lists, kind)
    }

    fn identity_type(&self, kind: &str) -> Option<Type> {
        self.provider.schemas().identities.get(kind).map(|identity| identity.ty())
    }

    /// Reads what the module says to the provider beside a resource.
    fn meta(&self, packed: Option<&DynamicValue>) -> Result<Value, Problem> {
        let Some(schema) = &self.provider.schemas().provider_meta else { return Ok(Value::NULL) };
        read(packed, self.types.meta.get_or_init(|| schema.block.ty()), "provider_meta")
    }

    /// Reads an identity; of a type that has none, whatever was sent counts for nothing.
    fn read_identity(&self, packed: Option<&ResourceIdentityData>, kind: &str) -> Result<Option<Value>, Problem> {
        let Some(ty) = self.identity_type(kind) else { return Ok(None) };
        unpack_identity(packed, &ty).map_err(|error| unreadable("identity", &error))
    }

    fn write_identity(&self, identity: Option<&Value>, kind: &str) -> Result<Option<ResourceIdentityData>, Problem> {
        match (identity, self.identity_type(kind)) {
            (Some(identity), Some(ty)) => {
                pack_identity(identity, &ty).map(Some).map_err(|error| unwritable("identity", &error))
            }
            _ => Ok(None),
        }
    }

    async fn answer(&self, rpc: Rpc, request: &mut Request, out: &mut Responder) -> Result<(), Status> {
        match rpc {
            Rpc::GetMetadata => out.send(&self.metadata()).await,
            Rpc::GetProviderSchema => {
                out.send(&pack_schemas(self.provider.schemas(), self.provider.capabilities())).await
            }
            Rpc::GetResourceIdentitySchemas => out.send(&self.identities()).await,
            Rpc::GetFunctions => out.send(&self.functions()).await,
            Rpc::CallFunction => out.send(&self.call_function(request.message().await?)).await,
            Rpc::ValidateProviderConfig => out.send(&self.validate_provider(request.message().await?)).await,
            Rpc::ValidateResourceConfig => out.send(&self.validate_resource(request.message().await?)).await,
            Rpc::ValidateDataResourceConfig => out.send(&self.validate_data(request.message().await?)).await,
            Rpc::ValidateEphemeralResourceConfig => out.send(&self.validate_ephemeral(request.message().await?)).await,
            Rpc::ValidateListResourceConfig => out.send(&self.validate_list(request.message().await?)).await,
            Rpc::ConfigureProvider => out.send(&self.configure(request.message().await?).await).await,
            Rpc::UpgradeResourceState => out.send(&self.upgrade(request.message().await?).await).await,
            Rpc::UpgradeResourceIdentity => out.send(&self.upgrade_identity(request.message().await?).await).await,
            Rpc::ReadResource => out.send(&self.read_resource(request.message().await?).await).await,
            Rpc::PlanResourceChange => out.send(&self.plan(request.message().await?).await).await,
            Rpc::ApplyResourceChange => out.send(&self.apply(request.message().await?).await).await,
            Rpc::ImportResourceState => out.send(&self.import(request.message().await?).await).await,
            Rpc::MoveResourceState => out.send(&self.move_state(request.message().await?).await).await,
            Rpc::GenerateResourceConfig => out.send(&self.generate(request.message().await?).await).await,
            Rpc::ReadDataSource => out.send(&self.read_data(request.message().await?).await).await,
            Rpc::OpenEphemeralResource => out.send(&self.open(request.message().await?).await).await,
            Rpc::RenewEphemeralResource => out.send(&self.renew(request.message().await?).await).await,
            Rpc::CloseEphemeralResource => out.send(&self.close(request.message().await?).await).await,
            Rpc::ListResource => self.list(request.message().await?, out).await,
            Rpc::StopProvider => {
                request.message::<Empty>().await?;
                self.provider.stop().await;
                out.send(&StopProviderResponse::default()).await
            }
        }
    }

    fn metadata(&self) -> GetMetadataResponse {
        fn names<T>(all: &BTreeMap<EcoString, T>) -> Vec<Named> {
            all.keys().map(|name| Named { name: name.to_string() }).collect()
        }
        let schemas = self.provider.schemas();
        GetMetadataResponse {
            server_capabilities: Some(pack_capabilities(self.provider.capabilities())),
            diagnostics: vec![],
            data_sources: names(&schemas.data_sources),
            resources: names(&schemas.resources),
            functions: names(&schemas.functions),
            ephemeral_resources: names(&schemas.ephemerals),
            list_resources: names(&schemas.lists),
        }
    }

    fn identities(&self) -> GetResourceIdentitySchemasResponse {
        let identity_schemas = pack_identities(&self.provider.schemas().identities);
        GetResourceIdentitySchemasResponse { identity_schemas, diagnostics: vec![] }
    }

    fn functions(&self) -> GetFunctionsResponse {
        GetFunctionsResponse { functions: pack_functions(&self.provider.schemas().functions), diagnostics: vec![] }
    }

    async fn configure(&self, asked: ConfigureProviderRequest) -> DiagnosticsResponse {
        if self.is_configured.load(Ordering::Acquire) {
            let detail = "A running provider serves one configuration, and this one has its configuration already.";
            return only_problems(&[Problem::error("Provider already configured", detail)]);
        }
        let config = match read(asked.config.as_ref(), self.provider_type(), "configuration of the provider") {
            Ok(config) => config,
            Err(problem) => return only_problems(&[problem]),
        };
        let request = ConfigureRequest {
            config,
            version: asked.terraform_version.into(),
            deferral_allowed: asked.client_capabilities.is_some_and(|client| client.deferral_allowed),
            runtime: self.runtime.clone(),
        };
        let problems = self.provider.configure(request).await.problems;
        if !problems.iter().any(Problem::is_error) {
            self.is_configured.store(true, Ordering::Release);
        }
        only_problems(&problems)
    }
}

impl Service for Served {
    fn call<'a>(&'a self, mut request: Request, responder: &'a mut Responder) -> Call<'a, Result<(), Status>> {
        Box::pin(async move {
            match Rpc::of_path(&request.path) {
                Some(rpc) => self.answer(rpc, &mut request, responder).await,
                None => Err(Status::new(Code::Unimplemented, format!("there is no call {}", request.path))),
            }
        })
    }
}

fn read(packed: Option<&DynamicValue>, ty: &Type, what: &str) -> Result<Value, Problem> {
    unpack(packed, ty).map_err(|error| unreadable(what, &error))
}

fn write(value: &Value, ty: &Type, what: &str) -> Result<Option<DynamicValue>, Problem> {
    // A null of any type is how a provider says that there is nothing.
    if value.is_null() {
        return write_typed(&Value::null(ty.clone()), ty, what);
    }
    write_typed(value, ty, what)
}

fn write_typed(value: &Value, ty: &Type, what: &str) -> Result<Option<DynamicValue>, Problem> {
    pack(value, ty).map(Some).map_err(|error| unwritable(what, &error))
}

fn unreadable(what: &str, error: &ConversionError) -> Problem {
    let place = if error.path.0.is_empty() { String::new() } else { format!(" at `{}`", error.path) };
    let detail =
        format!("The {what} that was sent to the provider is not of the type in its schema{place}: {}.", error.message);
    Problem::error("Value not readable", detail)
}

fn unwritable(what: &str, error: &ConversionError) -> Problem {
    let place = if error.path.0.is_empty() { String::new() } else { format!(" at `{}`", error.path) };
    let detail = format!(
        "The {what} that the provider returned is not of the type in its schema{place}: {}. This is a bug in the provider.",
        error.message
    );
    Problem::error("Value of another type", detail)
}

fn only_problems(problems: &[Problem]) -> DiagnosticsResponse {
    DiagnosticsResponse { diagnostics: pack_problems(problems) }
}

/// Puts a problem that ended a call into the answer.
fn or_problem<A>(result: Result<A, Problem>, failed: impl FnOnce(Vec<Diagnostic>) -> A) -> A {
    result.unwrap_or_else(|problem| failed(pack_problems(&[problem])))
}

#[cfg(test)]
mod tests;
