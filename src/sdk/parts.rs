//! The parts that a provider in process is made of: one type each, in a file of its own.

use std::sync::Arc;
use std::time::Duration;

use schema::Schema;
use serde_json::Value as Json;
use value::Value;

use crate::planning::{PlanRules, plan_by_schema};
use crate::{
    Action, ApplyRequest, ApplyResponse, Bond, Call, Change, CloseRequest, CloseResponse, Connection, Costs, Fate,
    FindIntent, FunctionProblem, FunctionSignature, Ground, IdentitySchema, ImportRequest, ImportResponse,
    IntentOutcome, ListRequest, ListResponse, Lock, MoveRequest, MoveResponse, OpenRequest, OpenResponse, Outlook,
    PlanRequest, PlanResponse, Problem, Prospect, ReadDataRequest, ReadDataResponse, ReadRequest, ReadResponse,
    RenewRequest, RenewResponse, Runtime, answer,
};

/// What is around a call to a part.
#[derive(Clone)]
pub struct Context<'a> {
    /// The part's schema.
    pub schema: &'a Schema,
    /// Time and chance.
    pub runtime: Arc<dyn Runtime>,
}

/// The configuration of a provider.
pub trait Configuration: Send + Sync {
    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Tells whether enough is known to get ready. Until then objects are planned by their schemas, and deferred.
    fn is_enough(&self, config: &Value) -> bool {
        config.is_wholly_known()
    }

    /// Gets ready. The parts share with it what they need: handed to them when the provider is made.
    fn configure<'a>(&'a self, _config: &'a Value, _context: Context<'a>) -> Call<'a, Vec<Problem>> {
        answer(Vec::new())
    }

    /// Ends what is under way as soon as nothing is lost by it.
    fn stop(&self) -> Call<'_, ()> {
        answer(())
    }
}

/// The configuration of a provider that takes none.
pub struct NoConfiguration;

impl Configuration for NoConfiguration {
    fn schema(&self) -> Schema {
        Schema::default()
    }
}

/// A managed resource type: one file, one line in its provider's [`Definition`](crate::Definition).
///
/// A type that manages anything has `create`, `read` and `delete`, and `update` unless every change replaces.
pub trait ResourceType: Send + Sync {
    /// Returns its name, which begins with the provider's.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Tells whether what may be configured depends on what else is: [`ResourceType::validate_together`] is asked then.
    fn is_validated_together(&self) -> bool {
        false
    }

    /// Checks all configurations that a plan has for objects of the type in one place (in one cluster, say) with each
    /// other; returns what is wrong, and with which of them. What is wrong with one alone has been found already.
    fn validate_together(&self, _configs: &[Value]) -> Vec<(usize, Problem)> {
        Vec::new()
    }

    /// Knows more of planned objects by what else is planned in the same place: returns what is promised of them, and of
    /// which. What was known of them stays. Asked like [`ResourceType::validate_together`].
    fn foresee_together(&self, _planned: &[Value]) -> Vec<(usize, Value)> {
        Vec::new()
    }

    /// Returns what tells its objects apart; its parts are attributes of the objects, of the same names. A type that
    /// has them elsewhere in its objects fills in the identities of its answers itself.
    fn identity_schema(&self) -> Option<IdentitySchema> {
        None
    }

    /// Returns the attributes and blocks at the top whose change replaces the object.
    fn replaces(&self) -> &[&str] {
        &[]
    }

    /// Returns the computed attributes at the top that any update may change.
    fn volatile(&self) -> &[&str] {
        &[]
    }

    /// Brings a stored object of an older version of the schema into the form of the current one.
    fn upgrade(&self, version: u64, _raw: Json) -> Result<Json, Problem> {
        let name = self.name();
        let detail = format!("A stored `{name}` is of version {version}, which this provider cannot read.");
        Err(Problem::error("Stored object not readable", detail))
    }

    /// Promises what an object would be like; [`plan_by_schema`] unless a type needs more than that. Of a deletion only
    /// [`ResourceType::protection`] is asked.
    ///
    /// It works without the cloud: the provider may not be configured yet.
    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        let rules = PlanRules { replaces: self.replaces(), volatile: self.volatile() };
        answer(plan_by_schema(schema, rules, &request))
    }

    /// Says what forbids that an object is deleted, or replaced, as it is. Asked while that is planned, so that nothing is
    /// touched before; without the cloud.
    fn protection(&self, _object: &Value) -> Option<Problem> {
        None
    }

    /// Looks at an object.
    fn read<'a>(&'a self, _context: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        answer(ReadResponse::failed(request, unsupported(self.name(), "read")))
    }

    /// Looks at many objects; nothing if it is done one by one.
    fn read_many<'a>(
        &'a self,
        _context: Context<'a>,
        requests: Vec<ReadRequest>,
    ) -> Result<Call<'a, Vec<ReadResponse>>, Vec<ReadRequest>> {
        Err(requests)
    }

    /// Makes a planned object.
    fn create<'a>(&'a self, _context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        answer(ApplyResponse::failed(request, unsupported(self.name(), "created")))
    }

    /// Changes an object as planned.
    fn update<'a>(&'a self, _context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        answer(ApplyResponse::failed(request, unsupported(self.name(), "changed")))
    }

    /// Takes an object away; that it is gone already is no error.
    fn delete<'a>(&'a self, _context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        answer(ApplyResponse::failed(request, unsupported(self.name(), "deleted")))
    }

    /// Finds an object that is not in state.
    fn import<'a>(&'a self, _context: Context<'a>, _request: ImportRequest) -> Call<'a, ImportResponse> {
        answer(ImportResponse::failed(unsupported(self.name(), "imported")))
    }

    /// Takes over an object of another resource type.
    fn take_over<'a>(&'a self, _schema: &'a Schema, request: MoveRequest) -> Call<'a, MoveResponse> {
        let (name, from) = (self.name(), &request.source_kind);
        let detail = format!("A `{name}` cannot take over what is a `{from}`.");
        answer(MoveResponse::failed(Problem::error("Move not supported", detail)))
    }

    /// Returns what can be asked of a list of its objects; nothing if they cannot be listed.
    fn list_schema(&self) -> Option<Schema> {
        None
    }

    /// Returns a page of its objects.
    fn list<'a>(&'a self, _context: Context<'a>, _request: ListRequest) -> Call<'a, ListResponse> {
        answer(ListResponse::failed(unsupported(self.name(), "listed")))
    }

    /// Tells whether a replacement creates the new object before the old one is deleted, where the configuration does not
    /// say. Only where both can be there at a time, and nobody should be without either.
    fn replaces_by_creating_first(&self, _prior: &Value, _planned: &Value) -> bool {
        false
    }

    /// Returns what a change must hold while it is made.
    fn locks(&self, _change: Change<'_>) -> Vec<Lock> {
        Vec::new()
    }

    /// Tells whether its objects are anywhere but in state; see [`Provider::exists_outside`](crate::Provider::exists_outside).
    fn exists_outside(&self) -> bool {
        true
    }

    /// Tells whether other providers' objects are in its objects, and are gone when these are.
    fn is_container(&self) -> bool {
        false
    }

    /// Returns how a provider reaches into an object, for when its configuration is gone and its objects are still there.
    fn connection(&self, _object: &Value) -> Option<Connection> {
        None
    }

    /// Returns what an object, parts of which may be unknown, stands on although its configuration does not refer to it, and
    /// what others stand on.
    fn ground(&self, _object: &Value) -> Ground {
        Ground::default()
    }

    /// Returns what an object has to do with others although its configuration does not refer to them.
    fn bond(&self, _object: &Value) -> Bond {
        Bond::default()
    }

    /// Tells what becomes of an object when what it is in is deleted.
    fn fate(&self, _object: &Value) -> Fate {
        Fate::Deleted
    }

    /// Returns how long an action usually takes.
    fn typical_duration(&self, _action: Action) -> Duration {
        Duration::from_secs(1)
    }

    /// Says what a change is like for people: steps, and what they disrupt. Asked offline.
    fn outlook(&self, _prospect: Prospect<'_>) -> Outlook {
        Outlook::default()
    }

    /// Says what an object costs that is there, or would be. Asked offline; what is unknown or sensitive is unknown.
    fn costs(&self, _object: &Value) -> Costs {
        Costs::default()
    }

    /// Finds out what became of a change whose end nobody has seen; nothing if there is no way to tell.
    fn find_intent<'a>(&'a self, _context: Context<'a>, _intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        None
    }
}

fn unsupported(kind: &str, what: &str) -> Problem {
    Problem::error("Not supported", format!("A `{kind}` cannot be {what}."))
}

/// A data source: one file, one line in its provider's [`Definition`](crate::Definition).
pub trait DataSource: Send + Sync {
    /// Returns its name, which begins with the provider's.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Finds it; the configuration is wholly known.
    fn read<'a>(&'a self, _context: Context<'a>, _request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        answer(ReadDataResponse::failed(unsupported(self.name(), "read")))
    }
}

/// An ephemeral resource type: one file, one line in its provider's [`Definition`](crate::Definition).
pub trait EphemeralType: Send + Sync {
    /// Returns its name, which begins with the provider's.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn schema(&self) -> Schema;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Opens it; the configuration is wholly known.
    fn open<'a>(&'a self, _context: Context<'a>, _request: OpenRequest) -> Call<'a, OpenResponse> {
        answer(OpenResponse::failed(unsupported(self.name(), "opened")))
    }

    /// Keeps it open for longer; asked only if `open` said when.
    fn renew<'a>(&'a self, _context: Context<'a>, request: RenewRequest) -> Call<'a, RenewResponse> {
        let problems = vec![unsupported(self.name(), "renewed")];
        answer(RenewResponse { private: request.private, renew_at: None, problems })
    }

    /// Closes it; by default there is nothing to give back.
    fn close<'a>(&'a self, _context: Context<'a>, _request: CloseRequest) -> Call<'a, CloseResponse> {
        answer(CloseResponse::default())
    }
}

/// A function: one file, one line in its provider's [`Definition`](crate::Definition).
pub trait Function: Send + Sync {
    /// Returns its name, without the provider's.
    fn name(&self) -> &'static str;

    /// Returns how it is called.
    fn signature(&self) -> FunctionSignature;

    /// Runs it with arguments that the signature allows, without marks.
    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem>;
}
