//! What is found and was not made here: imports, moves, data sources, lists, generated configurations.

use sdk::{
    GenerateRequest, GenerateResponse, ImportRequest, ImportResponse, ImportTarget, ImportedObject, ListRequest,
    ListResponse, ListedObject, MoveRequest, MoveResponse, Problem, ReadDataRequest, ReadDataResponse,
};
use value::{Type, Value};
use wire::dynamic::pack_stored;
use wire::messages::{
    GenerateResourceConfigRequest, GenerateResourceConfigResponse, ImportResourceStateRequest,
    ImportResourceStateResponse, ImportedResource, ListResourceEvent, ListResourceRequest, MoveResourceStateRequest,
    MoveResourceStateResponse, ReadDataSourceRequest, ReadDataSourceResponse,
};
use wire::problems::{unpack_deferral, unpack_problems};

use crate::asker::{Asker, Limit, TypeOf, capabilities, or, problems};
use crate::process::Failure;
use wire::protocol::Rpc;

/// Never more objects of a list, whatever limit was asked for.
const LISTED_MAX: u64 = 1_000_000;

impl Asker {
    /// Finds an object for an import.
    pub(crate) async fn import(self, request: ImportRequest) -> Result<ImportResponse, Problem> {
        let (id, identity) = match &request.target {
            ImportTarget::Id(id) => (id.to_string(), None),
            ImportTarget::Identity(identity) => (String::new(), Some(identity)),
        };
        let message = ImportResourceStateRequest {
            type_name: request.kind.to_string(),
            id,
            client_capabilities: capabilities(request.deferral_allowed),
            identity: self.pack_identity(&request.kind, identity)?,
        };
        let response: ImportResourceStateResponse =
            self.call(Rpc::ImportResourceState, message, Limit::None).await.map_err(Failure::problem)?;
        let mut wrong = None;
        let mut objects = Vec::new();
        for imported in response.imported_resources {
            match self.imported(imported) {
                Ok(object) => objects.push(object),
                Err(problem) => wrong = Some(problem),
            }
        }
        let deferred = unpack_deferral(response.deferred.as_ref());
        Ok(ImportResponse { objects, deferred, problems: problems(response.diagnostics, wrong) })
    }

    fn imported(&self, imported: ImportedResource) -> Result<ImportedObject, Problem> {
        let kind = imported.type_name;
        let object = self.unpack(imported.state.as_ref(), self.ty(TypeOf::Resource, &kind)?)?;
        let identity = self.unpack_identity(&kind, imported.identity.as_ref())?;
        Ok(ImportedObject { kind: kind.into(), object, private: imported.private, identity })
    }

    /// Takes over an object of another resource type.
    pub(crate) async fn move_state(self, request: MoveRequest) -> Result<MoveResponse, Problem> {
        if !self.known().capabilities.moves_state {
            let detail = format!("The provider {} cannot take over objects of other types.", self.plugin.source);
            return Err(Problem::error("Move not supported", detail));
        }
        let ty = self.ty(TypeOf::Resource, &request.kind)?;
        let (identity_version, identity) = request.source_identity.unzip();
        let signed = |version| i64::try_from(version).unwrap_or(i64::MAX);
        let message = MoveResourceStateRequest {
            source_provider_address: request.source_provider.to_string(),
            source_type_name: request.source_kind.to_string(),
            source_schema_version: signed(request.source_version),
            source_state: Some(pack_stored(&request.source_raw)),
            target_type_name: request.kind.to_string(),
            source_private: request.source_private,
            source_identity: identity.as_ref().map(pack_stored),
            source_identity_schema_version: signed(identity_version.unwrap_or_default()),
        };
        let response: MoveResourceStateResponse =
            self.call(Rpc::MoveResourceState, message, Limit::Computing).await.map_err(Failure::problem)?;
        let (object, unreadable) = or(self.unpack(response.target_state.as_ref(), ty), || Value::null(ty.clone()));
        let identity = self.unpack_identity(&request.kind, response.target_identity.as_ref());
        let (identity, wrong) = or(identity, || None);
        Ok(MoveResponse {
            object,
            private: response.target_private,
            identity,
            problems: problems(response.diagnostics, unreadable.or(wrong)),
        })
    }

    /// Reads a data source.
    pub(crate) async fn read_data(self, request: ReadDataRequest) -> Result<ReadDataResponse, Problem> {
        let ty = self.ty(TypeOf::DataSource, &request.kind)?;
        let message = ReadDataSourceRequest {
            type_name: request.kind.to_string(),
            config: self.pack(&request.config, ty)?,
            provider_meta: self.pack_meta(&request.meta)?,
            client_capabilities: capabilities(request.deferral_allowed),
        };
        let response: ReadDataSourceResponse =
            self.call(Rpc::ReadDataSource, message, Limit::None).await.map_err(Failure::problem)?;
        let (object, unreadable) = or(self.unpack(response.state.as_ref(), ty), || Value::null(ty.clone()));
        Ok(ReadDataResponse {
            object,
            deferred: unpack_deferral(response.deferred.as_ref()),
            problems: problems(response.diagnostics, unreadable),
        })
    }

    /// Lists objects, all in one page: the protocol has no others.
    pub(crate) async fn list(self, request: ListRequest) -> Result<ListResponse, Problem> {
        let ty = self.known().schemas.lists.get(&request.kind).map(|schema| schema.block.ty());
        let limit = request.limit.min(LISTED_MAX);
        let message = ListResourceRequest {
            type_name: request.kind.to_string(),
            config: self.pack(&request.config, &ty.unwrap_or(Type::Dynamic))?,
            include_resource_object: request.objects,
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
        };
        let answers_max = usize::try_from(limit).unwrap_or(usize::MAX);
        let events: Vec<ListResourceEvent> =
            self.stream(Rpc::ListResource, message, answers_max).await.map_err(Failure::problem)?;
        let objects = events.into_iter().map(|event| self.listed(&request.kind, event)).collect::<Result<_, _>>()?;
        Ok(ListResponse { objects, next: None, problems: Vec::new() })
    }

    fn listed(&self, kind: &str, event: ListResourceEvent) -> Result<ListedObject, Problem> {
        let object = match &event.resource_object {
            Some(packed) => Some(self.unpack(Some(packed), self.ty(TypeOf::Resource, kind)?)?),
            None => None,
        };
        Ok(ListedObject {
            identity: self.unpack_identity(kind, event.identity.as_ref())?,
            display_name: event.display_name.into(),
            object,
            problems: unpack_problems(event.diagnostic),
        })
    }

    /// Writes the configuration of an object.
    pub(crate) async fn generate(self, request: GenerateRequest) -> Result<GenerateResponse, Problem> {
        let ty = self.ty(TypeOf::Resource, &request.kind)?;
        let state = self.pack(&request.object, ty)?;
        let message = GenerateResourceConfigRequest { type_name: request.kind.to_string(), state };
        let response: GenerateResourceConfigResponse =
            self.call(Rpc::GenerateResourceConfig, message, Limit::Computing).await.map_err(Failure::problem)?;
        let (config, unreadable) = or(self.unpack(response.config.as_ref(), ty), || Value::NULL);
        Ok(GenerateResponse { config, problems: problems(response.diagnostics, unreadable) })
    }
}
