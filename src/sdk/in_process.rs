//! A provider that runs in process, put together from its parts.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ecow::EcoString;
use schema::Schema;
use value::{Type, Value};

use crate::planning::{PlanRules, plan_by_schema, unknown_where_computed, without_write_only};
use crate::provider::cannot_find;
use crate::stored::read_stored;
use crate::{
    Action, ApplyRequest, ApplyResponse, Bond, Call, Capabilities, Change, CloseRequest, CloseResponse, Configuration,
    ConfigureRequest, ConfigureResponse, Connection, Context, Costs, DataSource, Deferral, EphemeralType, Fate,
    FindIntent, Function, FunctionProblem, Ground, IdentitySchema, ImportRequest, ImportResponse, IntentOutcome,
    ListRequest, ListResponse, Lock, MoveRequest, MoveResponse, OpenRequest, OpenResponse, Outlook, PlanRequest,
    PlanResponse, Problem, Prospect, Provider, ReadDataRequest, ReadDataResponse, ReadRequest, ReadResponse,
    RenewRequest, RenewResponse, ResourceType, Runtime, Schemas, UpgradeRequest, UpgradeResponse, answer,
};

/// The parts of a provider, one line each.
pub struct Definition {
    /// Its source address, in full: `HOST/NAMESPACE/NAME`.
    pub source: &'static str,
    /// Its own configuration.
    pub configuration: Box<dyn Configuration>,
    /// Its managed resource types.
    pub resources: Vec<Box<dyn ResourceType>>,
    /// Its data sources.
    pub data_sources: Vec<Box<dyn DataSource>>,
    /// Its ephemeral resource types.
    pub ephemerals: Vec<Box<dyn EphemeralType>>,
    /// Its functions.
    pub functions: Vec<Box<dyn Function>>,
}

impl Definition {
    /// Makes the provider.
    ///
    /// # Panics
    ///
    /// Panics if two parts of one kind have the same name.
    pub fn into_provider(self) -> Box<dyn Provider> {
        let resources = by_name(self.resources, |part| part.name());
        let data_sources = by_name(self.data_sources, |part| part.name());
        let ephemerals = by_name(self.ephemerals, |part| part.name());
        let functions = by_name(self.functions, |part| part.name());
        let identities = resources.iter().filter_map(|(name, part)| Some(((*name).into(), part.identity_schema()?)));
        let lists = resources.iter().filter_map(|(name, part)| Some(((*name).into(), part.list_schema()?)));
        let schemas = Schemas {
            provider: self.configuration.schema(),
            provider_meta: None,
            resources: resources.iter().map(|(name, part)| ((*name).into(), part.schema())).collect(),
            identities: identities.collect(),
            data_sources: data_sources.iter().map(|(name, part)| ((*name).into(), part.schema())).collect(),
            ephemerals: ephemerals.iter().map(|(name, part)| ((*name).into(), part.schema())).collect(),
            lists: lists.collect(),
            functions: functions.iter().map(|(name, part)| ((*name).into(), part.signature())).collect(),
        };
        let shape = |schema: &Schema| Shape {
            ty: schema.block.ty(),
            has_write_only: crate::planning::block_has_write_only(&schema.block),
        };
        let shapes = schemas.resources.iter().map(|(name, schema)| (name.clone(), shape(schema))).collect();
        Box::new(InProcess {
            source: self.source,
            schemas,
            shapes,
            configuration: self.configuration,
            resources,
            data_sources,
            ephemerals,
            functions,
            readiness: RwLock::new(Readiness::NotConfigured),
        })
    }
}

fn by_name<Part: ?Sized>(parts: Vec<Box<Part>>, name: fn(&Part) -> &'static str) -> BTreeMap<&'static str, Box<Part>> {
    let mut named = BTreeMap::new();
    for part in parts {
        let name = name(&part);
        assert!(named.insert(name, part).is_none(), "two parts of a provider are called {name}");
    }
    named
}

struct InProcess {
    source: &'static str,
    schemas: Schemas,
    shapes: BTreeMap<EcoString, Shape>,
    configuration: Box<dyn Configuration>,
    resources: BTreeMap<&'static str, Box<dyn ResourceType>>,
    data_sources: BTreeMap<&'static str, Box<dyn DataSource>>,
    ephemerals: BTreeMap<&'static str, Box<dyn EphemeralType>>,
    functions: BTreeMap<&'static str, Box<dyn Function>>,
    readiness: RwLock<Readiness>,
}

/// What follows from the schema of a resource type: found once, as it is asked for per object.
struct Shape {
    ty: Type,
    has_write_only: bool,
}

/// How far a provider is.
#[derive(Clone)]
enum Readiness {
    NotConfigured,
    /// Not enough of its configuration is known.
    ConfigUnknown,
    Ready(Arc<dyn Runtime>),
}

/// A resource type with what goes with it.
struct Resource<'a> {
    part: &'a dyn ResourceType,
    schema: &'a Schema,
    shape: &'a Shape,
    identity: Option<&'a IdentitySchema>,
}

impl Resource<'_> {
    /// Returns the identity of an object, if it is known.
    fn identity_of(&self, object: &Value) -> Option<Value> {
        let attributes = &self.identity?.attributes;
        if !attributes.iter().all(|part| self.schema.block.attribute(&part.name).is_some()) {
            // Some of its parts are deeper in the object: the type tells it itself.
            return None;
        }
        let identity = Value::object(attributes.iter().map(|part| {
            (part.name.clone(), object.attribute(&part.name).unwrap_or_else(|| Value::null(part.ty.clone())))
        }));
        (identity.is_wholly_known() && !object.is_null()).then_some(identity)
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        if request.proposed.is_null() {
            let problems = self.part.protection(&request.prior).into_iter().collect();
            return PlanResponse { problems, ..plan_by_schema(self.schema, PlanRules::default(), &request) };
        }
        let mut response = self.part.plan(self.schema, request).await;
        if response.identity.is_none() {
            response.identity = self.identity_of(&response.planned);
        }
        response
    }

    async fn apply<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> ApplyResponse {
        let mut response = if request.prior.is_null() {
            self.part.create(context, request).await
        } else if request.planned.is_null() {
            self.part.delete(context, request).await
        } else {
            self.part.update(context, request).await
        };
        if self.shape.has_write_only {
            response.new = without_write_only(&self.schema.block, &response.new);
        }
        response.identity = response.identity.or_else(|| self.identity_of(&response.new));
        response
    }

    fn with_identity(&self, mut response: ReadResponse) -> ReadResponse {
        // What a part returns is usually what it was asked about; the object says what it truly is.
        response.identity = self.identity_of(&response.object).or(response.identity);
        response
    }
}

impl InProcess {
    /// The engine asks only for what the schemas name; a foreign caller may not know better.
    fn unknown_kind(&self, what: &str, kind: &str) -> Problem {
        Problem::error(format!("Unknown {what}"), format!("The provider {} has no `{kind}`.", self.source))
    }

    fn resource(&self, kind: &str) -> Result<Resource<'_>, Problem> {
        match (self.resources.get(kind), self.schemas.resources.get(kind), self.shapes.get(kind)) {
            (Some(part), Some(schema), Some(shape)) => {
                Ok(Resource { part: &**part, schema, shape, identity: self.schemas.identities.get(kind) })
            }
            _ => Err(self.unknown_kind("resource type", kind)),
        }
    }

    fn data_source(&self, kind: &str) -> Result<(&dyn DataSource, &Schema), Problem> {
        match (self.data_sources.get(kind), self.schemas.data_sources.get(kind)) {
            (Some(part), Some(schema)) => Ok((&**part, schema)),
            _ => Err(self.unknown_kind("data source", kind)),
        }
    }

    fn ephemeral(&self, kind: &str) -> Result<(&dyn EphemeralType, &Schema), Problem> {
        match (self.ephemerals.get(kind), self.schemas.ephemerals.get(kind)) {
            (Some(part), Some(schema)) => Ok((&**part, schema)),
            _ => Err(self.unknown_kind("ephemeral resource type", kind)),
        }
    }

    fn readiness(&self) -> Readiness {
        self.readiness.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_readiness(&self, readiness: Readiness) {
        *self.readiness.write().unwrap_or_else(PoisonError::into_inner) = readiness;
    }

    fn is_waiting(&self) -> bool {
        matches!(self.readiness(), Readiness::ConfigUnknown)
    }

    fn context<'a>(&self, schema: &'a Schema) -> Result<Context<'a>, Problem> {
        match self.readiness() {
            Readiness::Ready(runtime) => Ok(Context { schema, runtime }),
            Readiness::ConfigUnknown => Err(Problem::error(
                "Provider not ready",
                format!("A part of the configuration of the provider {} is not known yet.", self.source),
            )),
            Readiness::NotConfigured => Err(Problem::error(
                "Provider not ready",
                format!("The provider {} was used before it was configured.", self.source),
            )),
        }
    }

    async fn configure(&self, request: ConfigureRequest) -> ConfigureResponse {
        let ConfigureRequest { config, runtime, .. } = request;
        if !self.configuration.is_enough(&config) {
            self.set_readiness(Readiness::ConfigUnknown);
            return ConfigureResponse::default();
        }
        let context = Context { schema: &self.schemas.provider, runtime: runtime.clone() };
        let problems = self.configuration.configure(&config, context).await;
        if !problems.iter().any(Problem::is_error) {
            self.set_readiness(Readiness::Ready(runtime));
        }
        ConfigureResponse { problems }
    }

    fn upgrade_object(&self, request: UpgradeRequest) -> Result<Value, Problem> {
        let UpgradeRequest { kind, version, raw } = request;
        let Resource { part, schema, shape, .. } = self.resource(&kind)?;
        let raw = match version.cmp(&schema.version) {
            std::cmp::Ordering::Equal => raw,
            std::cmp::Ordering::Less => part.upgrade(version, raw)?,
            std::cmp::Ordering::Greater => return Err(newer(&kind, version, schema.version)),
        };
        read_stored(&raw, &schema.block, &shape.ty)
    }

    fn upgrade_identity_object(&self, request: UpgradeRequest) -> Result<Value, Problem> {
        let UpgradeRequest { kind, version, raw } = request;
        let Some(identity) = self.resource(&kind)?.identity else {
            return Err(Problem::error("No identity", format!("A `{kind}` has no identity.")));
        };
        if version > identity.version {
            return Err(newer(&kind, version, identity.version));
        }
        read_stored(&raw, &schema::Block::default(), &identity.ty())
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        let resource = match self.resource(&request.kind) {
            Ok(resource) => resource,
            Err(problem) => return ReadResponse::failed(request, problem),
        };
        if self.is_waiting() && request.deferral_allowed {
            return deferred_read(request);
        }
        match self.context(resource.schema) {
            Ok(context) => resource.with_identity(resource.part.read(context, request).await),
            Err(problem) => ReadResponse::failed(request, problem),
        }
    }

    /// Each resource type gets its requests in one call.
    async fn read_many(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let mut by_kind: BTreeMap<EcoString, (Vec<usize>, Vec<ReadRequest>)> = BTreeMap::new();
        let mut responses: Vec<Option<ReadResponse>> = Vec::new();
        for (index, request) in requests.into_iter().enumerate() {
            responses.push(None);
            let (indexes, batch) = by_kind.entry(request.kind.clone()).or_default();
            indexes.push(index);
            batch.push(request);
        }
        let calls = by_kind.into_iter().map(|(kind, (indexes, batch))| -> Call<'_, _> {
            Box::pin(async move { (indexes, self.read_batch(&kind, batch).await) })
        });
        for (indexes, batch) in crate::join::join_all(calls, usize::MAX).await {
            for (index, response) in indexes.into_iter().zip(batch) {
                responses[index] = Some(response);
            }
        }
        responses.into_iter().flatten().collect()
    }

    async fn read_batch(&self, kind: &str, mut batch: Vec<ReadRequest>) -> Vec<ReadResponse> {
        if let Ok(resource) = self.resource(kind)
            && let Ok(context) = self.context(resource.schema)
        {
            batch = match resource.part.read_many(context, batch) {
                Ok(call) => return call.await.into_iter().map(|read| resource.with_identity(read)).collect(),
                Err(batch) => batch,
            };
        }
        let calls = batch.into_iter().map(|request| -> Call<'_, _> { Box::pin(self.read(request)) });
        crate::join::join_all(calls, crate::provider::READS_IN_FLIGHT_MAX).await
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        match self.resource(&request.kind) {
            Ok(resource) => {
                let defer = self.is_waiting() && request.deferral_allowed;
                let response = resource.plan(request).await;
                let deferred = response.deferred.or(defer.then_some(Deferral::ProviderConfigUnknown));
                PlanResponse { deferred, ..response }
            }
            Err(problem) => PlanResponse::failed(&request, problem),
        }
    }

    async fn apply(&self, request: ApplyRequest<'_>) -> ApplyResponse {
        match self.resource(&request.kind).and_then(|resource| Ok((self.context(resource.schema)?, resource))) {
            Ok((context, resource)) => resource.apply(context, request).await,
            Err(problem) => ApplyResponse::failed(request, problem),
        }
    }

    async fn import(&self, request: ImportRequest) -> ImportResponse {
        if self.is_waiting() && request.deferral_allowed {
            return ImportResponse { deferred: Some(Deferral::ProviderConfigUnknown), ..ImportResponse::default() };
        }
        match self.resource(&request.kind).and_then(|resource| Ok((self.context(resource.schema)?, resource))) {
            Ok((context, resource)) => {
                let mut response = resource.part.import(context, request).await;
                for found in response.objects.iter_mut().filter(|found| found.kind == resource.part.name()) {
                    found.identity = found.identity.take().or_else(|| resource.identity_of(&found.object));
                }
                response
            }
            Err(problem) => ImportResponse::failed(problem),
        }
    }

    async fn move_state(&self, request: MoveRequest) -> MoveResponse {
        match self.resource(&request.kind) {
            Ok(resource) => {
                let mut response = resource.part.take_over(resource.schema, request).await;
                response.identity = response.identity.or_else(|| resource.identity_of(&response.object));
                response
            }
            Err(problem) => MoveResponse::failed(problem),
        }
    }

    async fn read_data(&self, request: ReadDataRequest) -> ReadDataResponse {
        let (part, schema) = match self.data_source(&request.kind) {
            Ok(found) => found,
            Err(problem) => return ReadDataResponse::failed(problem),
        };
        let reason = match request.config.is_wholly_known() {
            false => Some(Deferral::ResourceConfigUnknown),
            true => self.is_waiting().then_some(Deferral::ProviderConfigUnknown),
        };
        if reason.is_some() && request.deferral_allowed {
            let object = unknown_where_computed(&schema.block, &request.config);
            return ReadDataResponse { deferred: reason, ..ReadDataResponse::new(object) };
        }
        match self.context(schema) {
            Ok(context) => part.read(context, request).await,
            Err(problem) => ReadDataResponse::failed(problem),
        }
    }

    async fn open(&self, request: OpenRequest) -> OpenResponse {
        let (part, schema) = match self.ephemeral(&request.kind) {
            Ok(found) => found,
            Err(problem) => return OpenResponse::failed(problem),
        };
        if self.is_waiting() && request.deferral_allowed {
            let result = unknown_where_computed(&schema.block, &request.config);
            return OpenResponse { deferred: Some(Deferral::ProviderConfigUnknown), ..OpenResponse::new(result) };
        }
        match self.context(schema) {
            Ok(context) => part.open(context, request).await,
            Err(problem) => OpenResponse::failed(problem),
        }
    }

    async fn renew(&self, request: RenewRequest) -> RenewResponse {
        match self.ephemeral(&request.kind).and_then(|(part, schema)| Ok((part, self.context(schema)?))) {
            Ok((part, context)) => part.renew(context, request).await,
            Err(problem) => RenewResponse { private: request.private, renew_at: None, problems: vec![problem] },
        }
    }

    async fn close(&self, request: CloseRequest) -> CloseResponse {
        match self.ephemeral(&request.kind).and_then(|(part, schema)| Ok((part, self.context(schema)?))) {
            Ok((part, context)) => part.close(context, request).await,
            Err(problem) => CloseResponse { problems: vec![problem] },
        }
    }

    async fn list(&self, request: ListRequest) -> ListResponse {
        match self.resource(&request.kind).and_then(|resource| Ok((self.context(resource.schema)?, resource))) {
            Ok((context, resource)) => resource.part.list(context, request).await,
            Err(problem) => ListResponse::failed(problem),
        }
    }

    async fn find_intent(&self, intent: FindIntent) -> IntentOutcome {
        let (resource, context) = match self.resource(&intent.kind) {
            Ok(resource) => match self.context(resource.schema) {
                Ok(context) => (resource, context),
                Err(problem) => return IntentOutcome::Unknown(vec![problem]),
            },
            Err(problem) => return IntentOutcome::Unknown(vec![problem]),
        };
        match resource.part.find_intent(context, intent.clone()) {
            None => IntentOutcome::Unknown(vec![cannot_find(self.source, &intent)]),
            Some(call) => match call.await {
                IntentOutcome::Found { object, private, identity, problems } => {
                    let identity = identity.or_else(|| resource.identity_of(&object));
                    IntentOutcome::Found { object, private, identity, problems }
                }
                outcome => outcome,
            },
        }
    }
}

fn newer(kind: &str, version: u64, own: u64) -> Problem {
    let detail = format!(
        "A stored `{kind}` is of version {version}, and this provider knows no later one than {own}. Use a newer provider."
    );
    Problem::error("Stored object not readable", detail)
}

fn deferred_read(request: ReadRequest) -> ReadResponse {
    let current = request.current.clone();
    ReadResponse { deferred: Some(Deferral::ProviderConfigUnknown), ..ReadResponse::new(request, current) }
}

fn upgraded(result: Result<Value, Problem>) -> UpgradeResponse {
    match result {
        Ok(object) => UpgradeResponse { object, problems: vec![] },
        Err(problem) => UpgradeResponse::failed(problem),
    }
}

impl Provider for InProcess {
    fn source(&self) -> &str {
        self.source
    }

    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { plans_deletes: true, moves_state: true, generates_configuration: false }
    }

    fn validate_provider(&self, config: &Value) -> Vec<Problem> {
        self.configuration.validate(config)
    }

    fn validate_resource(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.resource(kind).map_or_else(|problem| vec![problem], |resource| resource.part.validate(config))
    }

    fn is_validated_together(&self, kind: &str) -> bool {
        self.resource(kind).is_ok_and(|resource| resource.part.is_validated_together())
    }

    fn foresee_together(&self, kind: &str, planned: &[Value]) -> Vec<(usize, Value)> {
        self.resource(kind).map_or_else(|_| Vec::new(), |resource| resource.part.foresee_together(planned))
    }

    fn validate_together(&self, kind: &str, configs: &[Value]) -> Vec<(usize, Problem)> {
        self.resource(kind).map_or_else(|_| Vec::new(), |resource| resource.part.validate_together(configs))
    }

    fn validate_data(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.data_source(kind).map_or_else(|problem| vec![problem], |(part, _)| part.validate(config))
    }

    fn validate_ephemeral(&self, kind: &str, config: &Value) -> Vec<Problem> {
        self.ephemeral(kind).map_or_else(|problem| vec![problem], |(part, _)| part.validate(config))
    }

    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, FunctionProblem> {
        match self.functions.get(name) {
            Some(part) => part.call(args),
            None => Err(FunctionProblem::new(format!("the provider {} has no function {name}", self.source))),
        }
    }

    fn configure(&self, request: ConfigureRequest) -> Call<'_, ConfigureResponse> {
        Box::pin(self.configure(request))
    }

    fn upgrade(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse> {
        answer(upgraded(self.upgrade_object(request)))
    }

    fn upgrade_identity(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse> {
        answer(upgraded(self.upgrade_identity_object(request)))
    }

    fn read(&self, request: ReadRequest) -> Call<'_, ReadResponse> {
        Box::pin(self.read(request))
    }

    fn read_many(&self, requests: Vec<ReadRequest>) -> Call<'_, Vec<ReadResponse>> {
        Box::pin(self.read_many(requests))
    }

    fn plan(&self, request: PlanRequest) -> Call<'_, PlanResponse> {
        Box::pin(self.plan(request))
    }

    fn apply<'a>(&'a self, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(self.apply(request))
    }

    fn import(&self, request: ImportRequest) -> Call<'_, ImportResponse> {
        Box::pin(self.import(request))
    }

    fn move_state(&self, request: MoveRequest) -> Call<'_, MoveResponse> {
        Box::pin(self.move_state(request))
    }

    fn read_data(&self, request: ReadDataRequest) -> Call<'_, ReadDataResponse> {
        Box::pin(self.read_data(request))
    }

    fn open(&self, request: OpenRequest) -> Call<'_, OpenResponse> {
        Box::pin(self.open(request))
    }

    fn renew(&self, request: RenewRequest) -> Call<'_, RenewResponse> {
        Box::pin(self.renew(request))
    }

    fn close(&self, request: CloseRequest) -> Call<'_, CloseResponse> {
        Box::pin(self.close(request))
    }

    fn list(&self, request: ListRequest) -> Call<'_, ListResponse> {
        Box::pin(self.list(request))
    }

    fn stop(&self) -> Call<'_, ()> {
        self.configuration.stop()
    }

    fn replaces_by_creating_first(&self, kind: &str, prior: &Value, planned: &Value) -> bool {
        self.resource(kind).is_ok_and(|resource| resource.part.replaces_by_creating_first(prior, planned))
    }

    fn locks(&self, kind: &str, change: Change<'_>) -> Vec<Lock> {
        self.resource(kind).map_or_else(|_| Vec::new(), |resource| resource.part.locks(change))
    }

    fn exists_outside(&self, kind: &str) -> bool {
        self.resource(kind).is_ok_and(|resource| resource.part.exists_outside())
    }

    fn is_container(&self, kind: &str) -> bool {
        self.resource(kind).is_ok_and(|resource| resource.part.is_container())
    }

    fn connection(&self, kind: &str, object: &Value) -> Option<Connection> {
        self.resource(kind).ok()?.part.connection(object)
    }

    fn ground(&self, kind: &str, object: &Value) -> Ground {
        self.resources.get(kind).map_or(Ground::default(), |part| part.ground(object))
    }

    fn bond(&self, kind: &str, object: &Value) -> Bond {
        self.resource(kind).map_or(Bond::default(), |resource| resource.part.bond(object))
    }

    fn fate(&self, kind: &str, object: &Value) -> Fate {
        self.resource(kind).map_or(Fate::Deleted, |resource| resource.part.fate(object))
    }

    fn typical_duration(&self, kind: &str, action: Action) -> Duration {
        self.resource(kind).map_or(Duration::ZERO, |resource| resource.part.typical_duration(action))
    }

    fn outlook(&self, kind: &str, prospect: Prospect<'_>) -> Outlook {
        self.resource(kind).map_or_else(|_| Outlook::default(), |resource| resource.part.outlook(prospect))
    }

    fn costs(&self, kind: &str, object: &Value) -> Costs {
        self.resource(kind).map_or_else(|_| Costs::default(), |resource| resource.part.costs(object))
    }

    fn find_intent(&self, intent: FindIntent) -> Call<'_, IntentOutcome> {
        Box::pin(self.find_intent(intent))
    }
}

#[cfg(test)]
mod tests {
    use super::Definition;
    use crate::{NoConfiguration, Problem, Provider, ResourceType};
    use schema::Schema;
    use value::Value;

    struct Thing;

    impl ResourceType for Thing {
        fn name(&self) -> &'static str {
            "x_thing"
        }

        fn schema(&self) -> Schema {
            Schema { version: 3, ..Schema::default() }
        }

        fn validate(&self, _: &Value) -> Vec<Problem> {
            vec![Problem::warning("Seen", "")]
        }
    }

    fn provider(resources: Vec<Box<dyn ResourceType>>) -> Box<dyn Provider> {
        Definition {
            source: "example.com/a/x",
            configuration: Box::new(NoConfiguration),
            resources,
            data_sources: vec![],
            ephemerals: vec![],
            functions: vec![],
        }
        .into_provider()
    }

    #[test]
    fn finds_a_part_by_its_name() {
        let provider = provider(vec![Box::new(Thing)]);
        assert_eq!(provider.name(), "x");
        assert_eq!(provider.schemas().resources["x_thing"].version, 3);
        assert_eq!(provider.validate_resource("x_thing", &Value::NULL)[0].summary, "Seen");
    }

    #[test]
    fn says_what_it_does_not_have() {
        let provider = provider(vec![Box::new(Thing)]);
        assert_eq!(provider.validate_resource("x_other", &Value::NULL)[0].summary, "Unknown resource type");
        assert_eq!(provider.validate_data("x_thing", &Value::NULL)[0].summary, "Unknown data source");
        assert_eq!(provider.validate_ephemeral("x_thing", &Value::NULL)[0].summary, "Unknown ephemeral resource type");
        let problem = provider.call_function("f", &[]).unwrap_err();
        assert_eq!(problem.message, "the provider example.com/a/x has no function f");
    }

    #[test]
    #[should_panic(expected = "two parts of a provider are called x_thing")]
    fn two_parts_of_one_name_are_a_mistake_of_the_author() {
        provider(vec![Box::new(Thing), Box::new(Thing)]);
    }
}
