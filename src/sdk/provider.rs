//! The provider as the engine sees it, wherever it runs.

use std::collections::BTreeMap;
use std::time::Duration;

use ecow::EcoString;
use schema::Schema;
use value::{Type, Value};

use crate::join::join_all;
use crate::{
    Action, ApplyRequest, ApplyResponse, Bond, Call, Capabilities, Change, CloseRequest, CloseResponse,
    ConfigureRequest, ConfigureResponse, Connection, Costs, Fate, FindIntent, FunctionProblem, FunctionSignature,
    GenerateRequest, GenerateResponse, Ground, ImportRequest, ImportResponse, IntentOutcome, ListRequest, ListResponse,
    Lock, MoveRequest, MoveResponse, OpenRequest, OpenResponse, Outlook, PlanRequest, PlanResponse, Problem, Prospect,
    ReadDataRequest, ReadDataResponse, ReadRequest, ReadResponse, RenewRequest, RenewResponse, UpgradeRequest,
    UpgradeResponse, answer,
};

/// Makes an unconfigured provider; the main program holds a list of these.
pub type Factory = fn() -> Box<dyn Provider>;

/// Calls of one batch of reads that are under way at the same time.
pub(crate) const READS_IN_FLIGHT_MAX: usize = 64;

/// Something that knows resource types, data sources, ephemeral resources and functions.
///
/// Configurations are objects of the schema's type, without marks; parts of them may be unknown. A rule that needs an
/// unknown part holds back: the same configuration is validated again when more of it is known.
///
/// One object serves one configuration: it is made by a [`Factory`], answers what needs no configuration (schemas,
/// validation, functions, `upgrade`), is configured once, and does the rest.
pub trait Provider: Send + Sync {
    /// Returns its source address, in full: `HOST/NAMESPACE/NAME`.
    fn source(&self) -> &str;

    /// Returns the last part of its source address: what a module calls it unless the module says otherwise, and what
    /// the names of its resource types begin with.
    fn name(&self) -> &str {
        let source = self.source();
        source.rsplit_once('/').map_or(source, |(_, name)| name)
    }

    /// Returns what it has; always the same.
    fn schemas(&self) -> &Schemas;

    /// Returns what it can do beyond what all can.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// Checks its own configuration beyond what the schema says.
    fn validate_provider(&self, config: &Value) -> Vec<Problem>;

    /// Checks the configuration of a managed resource beyond what the schema says.
    fn validate_resource(&self, kind: &str, config: &Value) -> Vec<Problem>;

    /// Tells whether what may be configured of a type depends on what else is.
    fn is_validated_together(&self, _kind: &str) -> bool {
        false
    }

    /// Checks all configurations that a plan has for objects of a type and one configuration of the provider with each
    /// other; returns what is wrong, and with which of them. Like all validation it works without the cloud.
    fn validate_together(&self, _kind: &str, _configs: &[Value]) -> Vec<(usize, Problem)> {
        Vec::new()
    }

    /// Knows more of planned objects by what else is planned for the same configuration of the provider: returns what is
    /// promised of them, and of which. What was known of them stays. Asked where
    /// [`Provider::is_validated_together`] says so; works without the cloud.
    fn foresee_together(&self, _kind: &str, _planned: &[Value]) -> Vec<(usize, Value)> {
        Vec::new()
    }

    /// Checks the configuration of a data source beyond what the schema says.
    fn validate_data(&self, kind: &str, config: &Value) -> Vec<Problem>;

    /// Does what [`Provider::validate_resource`] does, and holds nobody up meanwhile: asked for each instance.
    fn check_resource(&self, kind: &str, config: &Value) -> Call<'_, Vec<Problem>> {
        answer(self.validate_resource(kind, config))
    }

    /// Does what [`Provider::validate_data`] does, and holds nobody up meanwhile: asked for each instance.
    fn check_data(&self, kind: &str, config: &Value) -> Call<'_, Vec<Problem>> {
        answer(self.validate_data(kind, config))
    }

    /// Checks the configuration of an ephemeral resource beyond what the schema says.
    fn validate_ephemeral(&self, kind: &str, config: &Value) -> Vec<Problem>;

    /// Checks the configuration of a list beyond what the schema says.
    fn validate_list(&self, _kind: &str, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Calls a function with arguments that its signature allows; [`FunctionSignature::call`] sees to that.
    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, FunctionProblem>;

    /// Gets ready. Parts of the configuration may be unknown while planning.
    fn configure(&self, request: ConfigureRequest) -> Call<'_, ConfigureResponse>;

    /// Brings a stored object into the form of the current schema. Asked for every object that is read from state.
    fn upgrade(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse>;

    /// Brings a stored identity into the form of the current schema.
    fn upgrade_identity(&self, request: UpgradeRequest) -> Call<'_, UpgradeResponse>;

    /// Looks at an object.
    fn read(&self, request: ReadRequest) -> Call<'_, ReadResponse>;

    /// Looks at many objects; the answers are in the order of the requests. A provider that can list does less work
    /// here than one call each.
    fn read_many(&self, requests: Vec<ReadRequest>) -> Call<'_, Vec<ReadResponse>> {
        let calls = requests.into_iter().map(|request| self.read(request));
        Box::pin(join_all(calls, READS_IN_FLIGHT_MAX))
    }

    /// Promises what an object would be like. Nothing is changed by it.
    fn plan(&self, request: PlanRequest) -> Call<'_, PlanResponse>;

    /// Makes a planned object true.
    fn apply<'a>(&'a self, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse>;

    /// Finds an object that is not in state.
    fn import(&self, request: ImportRequest) -> Call<'_, ImportResponse>;

    /// Takes over an object of another resource type.
    fn move_state(&self, request: MoveRequest) -> Call<'_, MoveResponse>;

    /// Finds something that is not managed.
    fn read_data(&self, request: ReadDataRequest) -> Call<'_, ReadDataResponse>;

    /// Opens something that lives as long as a command.
    fn open(&self, request: OpenRequest) -> Call<'_, OpenResponse>;

    /// Keeps something open for longer.
    fn renew(&self, request: RenewRequest) -> Call<'_, RenewResponse>;

    /// Closes something that was opened.
    fn close(&self, request: CloseRequest) -> Call<'_, CloseResponse>;

    /// Returns a page of the objects that there are, in state or not.
    fn list(&self, request: ListRequest) -> Call<'_, ListResponse>;

    /// Writes the configuration of an object that was imported. Asked only of those that say that they can.
    fn generate(&self, request: GenerateRequest) -> Call<'_, GenerateResponse> {
        let kind = request.kind;
        let detail = format!("The provider {} cannot write the configuration of a `{kind}`.", self.source());
        let problems = vec![Problem::error("Configuration not generated", detail)];
        answer(GenerateResponse { config: Value::NULL, problems })
    }

    /// Ends what is under way as soon as nothing is lost by it: the user wants to stop.
    fn stop(&self) -> Call<'_, ()>;

    /// Tells whether a replacement creates the new object before the old one is deleted, where the configuration does not
    /// say.
    fn replaces_by_creating_first(&self, _kind: &str, _prior: &Value, _planned: &Value) -> bool {
        false
    }

    /// Returns what a change must hold while it is made. Asked right before it, with all known that can be.
    fn locks(&self, _kind: &str, _change: Change<'_>) -> Vec<Lock> {
        Vec::new()
    }

    /// Tells whether objects of a type are anywhere but in state. Of those that are not, nothing can be lost between a
    /// call and the record of its result, so the engine does not write the call down before.
    fn exists_outside(&self, _kind: &str) -> bool {
        true
    }

    /// Tells whether other providers' objects are in objects of a type, and are gone when these are.
    fn is_container(&self, _kind: &str) -> bool {
        false
    }

    /// Returns how a provider reaches into an object, for when its configuration is gone and its objects are still there.
    fn connection(&self, _kind: &str, _object: &Value) -> Option<Connection> {
        None
    }

    /// Returns what an object, parts of which may be unknown, stands on although its configuration does not refer to it, and
    /// what others stand on. Asked offline, for each object of a plan.
    fn ground(&self, _kind: &str, _object: &Value) -> Ground {
        Ground::default()
    }

    /// Returns what an object has to do with others although its configuration does not refer to them. Asked offline;
    /// what is unknown or sensitive is unknown.
    fn bond(&self, _kind: &str, _object: &Value) -> Bond {
        Bond::default()
    }

    /// Tells what becomes of an object when what it is in is deleted.
    fn fate(&self, _kind: &str, _object: &Value) -> Fate {
        Fate::Deleted
    }

    /// Returns how long an action usually takes: what takes longest is begun first.
    fn typical_duration(&self, _kind: &str, _action: Action) -> Duration {
        Duration::from_secs(1)
    }

    /// Says what a change is like for people; by default nothing. Asked once for each change of a plan, offline: nothing is
    /// looked up, and the provider may not be configured yet.
    fn outlook(&self, _kind: &str, _prospect: Prospect<'_>) -> Outlook {
        Outlook::default()
    }

    /// Says what an object costs that is there, or would be; by default nothing is said. Asked offline, for objects that
    /// stay as they are, too.
    fn costs(&self, _kind: &str, _object: &Value) -> Costs {
        Costs::default()
    }

    /// Finds out what became of a change whose end nobody has seen, because the program was killed.
    fn find_intent(&self, intent: FindIntent) -> Call<'_, IntentOutcome> {
        answer(IntentOutcome::Unknown(vec![cannot_find(self.source(), &intent)]))
    }
}

pub(crate) fn cannot_find(source: &str, intent: &FindIntent) -> Problem {
    let kind = &intent.kind;
    let handle = intent.handle.as_ref().map(|handle| format!(" It had got as far as {handle:?}.")).unwrap_or_default();
    let detail = format!("The provider {source} has no way to tell what became of a `{kind}`.{handle}");
    Problem::warning("Outcome unknown", detail)
}

/// What a provider has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schemas {
    /// Its own configuration.
    pub provider: Schema,
    /// What a module can say to it beside its resources.
    pub provider_meta: Option<Schema>,
    /// Managed resource types by name.
    pub resources: BTreeMap<EcoString, Schema>,
    /// What tells the objects of a managed resource type apart, for those that have it, by name.
    pub identities: BTreeMap<EcoString, IdentitySchema>,
    /// Data sources by name.
    pub data_sources: BTreeMap<EcoString, Schema>,
    /// Ephemeral resource types by name.
    pub ephemerals: BTreeMap<EcoString, Schema>,
    /// What can be asked of a list, for the managed resource types that can be listed, by name.
    pub lists: BTreeMap<EcoString, Schema>,
    /// Functions by name.
    pub functions: BTreeMap<EcoString, FunctionSignature>,
}

/// What tells an object apart from all others: it stays as it is for the object's whole life.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentitySchema {
    /// Raised when the form changes.
    pub version: u64,
    /// Its parts: texts, numbers, bools, or lists of these.
    pub attributes: Vec<IdentityAttribute>,
}

/// A part of an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityAttribute {
    /// Its name.
    pub name: EcoString,
    /// Its type.
    pub ty: Type,
    /// What it is for.
    pub description: EcoString,
    /// An import must give it; otherwise it may, and the provider knows it by its configuration.
    pub required_for_import: bool,
}

impl IdentitySchema {
    /// Returns the type of identities.
    pub fn ty(&self) -> Type {
        Type::object(self.attributes.iter().map(|a| (a.name.clone(), a.ty.clone())))
    }
}

impl IdentityAttribute {
    /// Makes a part that an import must give.
    pub fn new(name: &str, ty: Type, description: &str) -> IdentityAttribute {
        IdentityAttribute { name: name.into(), ty, description: description.into(), required_for_import: true }
    }

    /// An import may leave it out.
    #[must_use]
    pub fn optional(mut self) -> IdentityAttribute {
        self.required_for_import = false;
        self
    }
}
