//! What the engine asks of a provider, and what it gets for an answer.
//!
//! Values are objects of the schema's type, without marks. A null object is one that is not there.

use std::sync::Arc;
use std::time::Duration;

use ecow::EcoString;
use serde_json::Value as Json;
use value::{Path, Value};

use crate::{Problem, Progress, Runtime};

/// What a provider keeps with an object, and nobody else reads.
pub type Private = Vec<u8>;

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is made.
    Create,
    /// It is looked at.
    Read,
    /// It is changed.
    Update,
    /// It is taken away.
    Delete,
}

/// Why something cannot be planned or read for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deferral {
    /// A part of the resource's configuration is not known.
    ResourceConfigUnknown,
    /// A part of the provider's configuration is not known.
    ProviderConfigUnknown,
    /// Something that it needs is not there yet.
    AbsentPrerequisite,
    /// The provider does not say.
    Unspecified,
}

/// What a provider can do beyond what all can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// It wants to be asked for a plan when an object is to be deleted.
    pub plans_deletes: bool,
    /// It can take over objects of other resource types.
    pub moves_state: bool,
    /// It can write the configuration of an object that was imported.
    pub generates_configuration: bool,
}

/// Asks a provider to get ready.
pub struct ConfigureRequest {
    /// Its configuration; parts may be unknown while planning.
    pub config: Value,
    /// The version of the program that asks.
    pub version: EcoString,
    /// The engine can defer what needs more of the configuration than is known.
    pub deferral_allowed: bool,
    /// The provider's clock.
    pub runtime: Arc<dyn Runtime>,
}

/// Tells whether a provider is ready.
#[derive(Debug, Default)]
pub struct ConfigureResponse {
    /// What is wrong, in paths of the provider's configuration.
    pub problems: Vec<Problem>,
}

/// Asks for the current form of a stored object. The outside world is not looked at.
pub struct UpgradeRequest {
    /// The resource type.
    pub kind: EcoString,
    /// The version of the schema that it was stored by.
    pub version: u64,
    /// What was stored: an object, or an identity, in JSON.
    pub raw: Json,
}

/// The current form of a stored object, or of an identity.
#[derive(Debug)]
pub struct UpgradeResponse {
    /// The object, wholly known; null if there were problems.
    pub object: Value,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks what an object is like now.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The resource type.
    pub kind: EcoString,
    /// The object as it was last known.
    pub current: Value,
    /// What the provider kept with it.
    pub private: Private,
    /// What tells it apart from all others.
    pub identity: Option<Value>,
    /// What the module says to the provider beside the resource (`provider_meta`); null mostly.
    pub meta: Value,
    /// The engine can wait with the object.
    pub deferral_allowed: bool,
}

/// Tells what an object is like now.
#[derive(Debug)]
pub struct ReadResponse {
    /// The object; null if it is gone. What means the same as before is spelt as before.
    pub object: Value,
    /// What to keep with it.
    pub private: Private,
    /// What tells it apart from all others.
    pub identity: Option<Value>,
    /// It cannot be read for now; then `object` is as it was.
    pub deferred: Option<Deferral>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks what an object would be like.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The resource type.
    pub kind: EcoString,
    /// The object as it is; null if it is to be created.
    pub prior: Value,
    /// What the configuration sets, and for the rest of what can be computed the prior values; null if it is to be deleted.
    pub proposed: Value,
    /// The configuration; null if the object is to be deleted.
    pub config: Value,
    /// What the provider kept with the prior object.
    pub prior_private: Private,
    /// What tells the prior object apart from all others.
    pub prior_identity: Option<Value>,
    /// What the module says to the provider beside the resource (`provider_meta`); null mostly.
    pub meta: Value,
    /// The engine can plan it later, in the same apply.
    pub deferral_allowed: bool,
    /// What was promised of the object when the plan was approved that is carried out now: no other promise counts.
    pub approved: Option<Value>,
}

/// Promises what an object would be like.
#[derive(Clone, Debug)]
pub struct PlanResponse {
    /// The object. What is known in it is a promise; only what can be computed and is not set may be unknown.
    pub planned: Value,
    /// Where a difference from prior means that the object is replaced.
    pub requires_replace: Vec<Path>,
    /// What to pass to `apply`.
    pub private: Private,
    /// What will tell it apart from all others, as far as that is known.
    pub identity: Option<Value>,
    /// It must be planned again later; `planned` is a guess then.
    pub deferred: Option<Deferral>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The provider cannot keep to the rules for planned values: breaches are to be borne.
    pub legacy_types: bool,
}

/// Asks to make a planned object true.
pub struct ApplyRequest<'a> {
    /// The resource type.
    pub kind: EcoString,
    /// The object as it is; null to create.
    pub prior: Value,
    /// The object as planned; null to delete.
    pub planned: Value,
    /// The configuration, wholly known; null to delete. Write-only attributes are only here.
    pub config: Value,
    /// What `plan` returned; for a delete that was not planned, what is kept with the object.
    pub private: Private,
    /// The identity as planned.
    pub identity: Option<Value>,
    /// What the module says to the provider beside the resource (`provider_meta`); null mostly.
    pub meta: Value,
    /// Names this attempt, and the same one after a crash: two calls with one token make one object.
    pub token: EcoString,
    /// To delete: another object has taken its place already, and is ready.
    pub is_replaced: bool,
    /// Where to report to.
    pub progress: &'a dyn Progress,
}

/// Tells what an object has become.
#[derive(Debug)]
pub struct ApplyResponse {
    /// The object, wholly known; null if it is gone, or was never made. Where something failed: as far as it got.
    pub new: Value,
    /// What to keep with it.
    pub private: Private,
    /// What tells it apart from all others.
    pub identity: Option<Value>,
    /// What is wrong. An error with an object on create means that the object is there and may be broken; an error
    /// without one does not say whether there is one: ask [`Provider::find_intent`](crate::Provider::find_intent).
    pub problems: Vec<Problem>,
    /// The provider cannot keep to the rules for planned values: breaches are to be borne.
    pub legacy_types: bool,
}

/// What an import begins with.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportTarget {
    /// A text whose form the resource type's documentation tells.
    Id(EcoString),
    /// The object's identity.
    Identity(Value),
}

/// Asks to find an object that is not in state.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The resource type.
    pub kind: EcoString,
    /// The object to find.
    pub target: ImportTarget,
    /// The engine can import it later, in the same apply.
    pub deferral_allowed: bool,
}

/// An object that was found for an import; the engine reads it next.
#[derive(Clone, Debug)]
pub struct ImportedObject {
    /// Its resource type.
    pub kind: EcoString,
    /// As much of it as reading needs.
    pub object: Value,
    /// What to keep with it.
    pub private: Private,
    /// What tells it apart from all others.
    pub identity: Option<Value>,
}

/// Tells what was found for an import.
#[derive(Debug, Default)]
pub struct ImportResponse {
    /// What was found; usually one.
    pub objects: Vec<ImportedObject>,
    /// It cannot be imported for now.
    pub deferred: Option<Deferral>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks to take over an object of another resource type.
#[derive(Clone, Debug)]
pub struct MoveRequest {
    /// The resource type that takes over.
    pub kind: EcoString,
    /// The source address of the provider that the object comes from.
    pub source_provider: EcoString,
    /// The resource type that the object comes from.
    pub source_kind: EcoString,
    /// The version of the schema that it was stored by.
    pub source_version: u64,
    /// What was stored, in JSON.
    pub source_raw: Json,
    /// What the other provider kept with it.
    pub source_private: Private,
    /// What was stored of its identity, with the version of that.
    pub source_identity: Option<(u64, Json)>,
}

/// Tells what an object is in its new resource type.
#[derive(Debug)]
pub struct MoveResponse {
    /// The object; null if there were problems.
    pub object: Value,
    /// What to keep with it.
    pub private: Private,
    /// What tells it apart from all others.
    pub identity: Option<Value>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks for something that is not managed.
#[derive(Clone, Debug)]
pub struct ReadDataRequest {
    /// The data source.
    pub kind: EcoString,
    /// The configuration, wholly known unless the engine can wait.
    pub config: Value,
    /// What the module says to the provider beside the data source (`provider_meta`); null mostly.
    pub meta: Value,
    /// The engine can read it later, in the same apply.
    pub deferral_allowed: bool,
}

/// Tells what was found.
#[derive(Debug)]
pub struct ReadDataResponse {
    /// The object: what is configured, and what was found. A part that is a secret by its content and not by the schema
    /// is marked as sensitive; this is the one place where a provider marks anything.
    pub object: Value,
    /// It cannot be read for now.
    pub deferred: Option<Deferral>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks for something that lives as long as a command.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// The ephemeral resource type.
    pub kind: EcoString,
    /// The configuration, wholly known.
    pub config: Value,
    /// The engine can open it later, in the same apply.
    pub deferral_allowed: bool,
}

/// Hands over something that lives as long as a command.
#[derive(Debug)]
pub struct OpenResponse {
    /// The object: what is configured, and what was made.
    pub result: Value,
    /// What to pass to `renew` and `close`.
    pub private: Private,
    /// When it must be renewed at the latest, since 1970-01-01 in UTC; never unless set.
    pub renew_at: Option<Duration>,
    /// It cannot be opened for now.
    pub deferred: Option<Deferral>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks to keep something good for longer.
#[derive(Clone, Debug)]
pub struct RenewRequest {
    /// The ephemeral resource type.
    pub kind: EcoString,
    /// What `open` or the last `renew` returned.
    pub private: Private,
}

/// Tells for how long something is good.
#[derive(Debug, Default)]
pub struct RenewResponse {
    /// What to pass to `renew` and `close` next.
    pub private: Private,
    /// When it must be renewed again, since 1970-01-01 in UTC; never unless set.
    pub renew_at: Option<Duration>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks to give something back.
#[derive(Clone, Debug)]
pub struct CloseRequest {
    /// The ephemeral resource type.
    pub kind: EcoString,
    /// What `open` or the last `renew` returned.
    pub private: Private,
}

/// Tells whether something was given back.
#[derive(Debug, Default)]
pub struct CloseResponse {
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks for objects of a resource type, in state or not.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The resource type.
    pub kind: EcoString,
    /// Which ones, as an object of the list schema.
    pub config: Value,
    /// The objects themselves are wanted, not only their identities.
    pub objects: bool,
    /// At most so many in all.
    pub limit: u64,
    /// What the page before returned as `next`.
    pub page: Option<EcoString>,
}

/// An object that was listed.
#[derive(Clone, Debug)]
pub struct ListedObject {
    /// What tells it apart from all others.
    pub identity: Option<Value>,
    /// What people call it.
    pub display_name: EcoString,
    /// The object, if it was wanted.
    pub object: Option<Value>,
    /// What is wrong with this one.
    pub problems: Vec<Problem>,
}

/// A page of objects.
#[derive(Debug, Default)]
pub struct ListResponse {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// Asks for the next page; nothing after the last one.
    pub next: Option<EcoString>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Asks for the configuration of an object that was imported.
#[derive(Clone, Debug)]
pub struct GenerateRequest {
    /// The resource type.
    pub kind: EcoString,
    /// The object.
    pub object: Value,
}

/// A configuration that an object could come from.
#[derive(Debug)]
pub struct GenerateResponse {
    /// The configuration, as an object of the schema's type; null if there were problems.
    pub config: Value,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// A change that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What happens.
    pub action: Action,
    /// The object as it is; null to create.
    pub prior: &'a Value,
    /// The object as planned; null to delete.
    pub planned: &'a Value,
}

/// Something that a change needs for itself, or shares with others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lock {
    /// What it is, in words of the provider: `cluster/lake`.
    pub key: String,
    /// Nothing else may hold it at the same time.
    pub exclusive: bool,
}

/// Asks what became of a change whose end nobody has seen.
#[derive(Clone, Debug)]
pub struct FindIntent {
    /// The resource type.
    pub kind: EcoString,
    /// What was to happen.
    pub action: Action,
    /// The token that the change was made with.
    pub token: EcoString,
    /// The last handle that the provider reported.
    pub handle: Option<String>,
    /// The object as it was; null on create.
    pub prior: Value,
    /// The object as planned, null on delete, as far as that outlived the run: the engine stores nothing of it. What an
    /// object is found by belongs into a handle, before the call.
    pub planned: Value,
    /// What the provider kept with the prior object.
    pub private: Private,
}

/// What became of a change whose end nobody has seen.
#[derive(Debug)]
pub enum IntentOutcome {
    /// The object is there, whether or not the change is in it. An operation under way has been waited for.
    Found {
        /// The object as it is, wholly known.
        object: Value,
        /// What to keep with it.
        private: Private,
        /// What tells it apart from all others.
        identity: Option<Value>,
        /// What went wrong with the change. An object whose creation ended in an error is half made, and is replaced.
        problems: Vec<Problem>,
    },
    /// The object is not there, and will not be: nothing that was begun can still make it. With what is to be told of its end.
    Absent(Vec<Problem>),
    /// The provider cannot tell, and why.
    Unknown(Vec<Problem>),
}

impl IntentOutcome {
    /// The object is not there, and nothing is to be told of that.
    pub fn absent() -> IntentOutcome {
        IntentOutcome::Absent(Vec::new())
    }
}

impl UpgradeResponse {
    /// There is no current form of it.
    pub fn failed(problem: Problem) -> UpgradeResponse {
        UpgradeResponse { object: Value::NULL, problems: vec![problem] }
    }
}

impl ReadResponse {
    /// The object is like this; identity and what is kept with it are as before.
    pub fn new(request: ReadRequest, object: Value) -> ReadResponse {
        let ReadRequest { private, identity, .. } = request;
        ReadResponse { object, private, identity, deferred: None, problems: vec![] }
    }

    /// It is not known what the object is like.
    pub fn failed(request: ReadRequest, problem: Problem) -> ReadResponse {
        let current = request.current.clone();
        ReadResponse { problems: vec![problem], ..ReadResponse::new(request, current) }
    }
}

impl PlanResponse {
    /// Promises an object, changed in place, with nothing else said.
    pub fn new(planned: Value) -> PlanResponse {
        PlanResponse {
            planned,
            requires_replace: vec![],
            private: vec![],
            identity: None,
            deferred: None,
            problems: vec![],
            legacy_types: false,
        }
    }

    /// Nothing can be promised.
    pub fn failed(request: &PlanRequest, problem: Problem) -> PlanResponse {
        PlanResponse { problems: vec![problem], ..PlanResponse::new(request.prior.clone()) }
    }
}

impl ApplyResponse {
    /// The object is like this; nothing is kept with it.
    pub fn new(new: Value) -> ApplyResponse {
        ApplyResponse { new, private: vec![], identity: None, problems: vec![], legacy_types: false }
    }

    /// Nothing has changed, because of this.
    pub fn failed(request: ApplyRequest<'_>, problem: Problem) -> ApplyResponse {
        let ApplyRequest { prior, private, identity, .. } = request;
        ApplyResponse { new: prior, private, identity, problems: vec![problem], legacy_types: false }
    }
}

impl ImportResponse {
    /// Nothing was found.
    pub fn failed(problem: Problem) -> ImportResponse {
        ImportResponse { problems: vec![problem], ..ImportResponse::default() }
    }
}

impl MoveResponse {
    /// The object cannot be taken over.
    pub fn failed(problem: Problem) -> MoveResponse {
        MoveResponse { object: Value::NULL, private: vec![], identity: None, problems: vec![problem] }
    }
}

impl ReadDataResponse {
    /// Found.
    pub fn new(object: Value) -> ReadDataResponse {
        ReadDataResponse { object, deferred: None, problems: vec![] }
    }

    /// Nothing was found.
    pub fn failed(problem: Problem) -> ReadDataResponse {
        ReadDataResponse { problems: vec![problem], ..ReadDataResponse::new(Value::NULL) }
    }
}

impl OpenResponse {
    /// Opened; it needs no renewal and no closing.
    pub fn new(result: Value) -> OpenResponse {
        OpenResponse { result, private: vec![], renew_at: None, deferred: None, problems: vec![] }
    }

    /// Not opened.
    pub fn failed(problem: Problem) -> OpenResponse {
        OpenResponse { problems: vec![problem], ..OpenResponse::new(Value::NULL) }
    }
}

impl ListResponse {
    /// Nothing can be listed.
    pub fn failed(problem: Problem) -> ListResponse {
        ListResponse { problems: vec![problem], ..ListResponse::default() }
    }
}

impl Change<'_> {
    /// Returns the object: as planned, or as it was if it is to be deleted.
    pub fn object(&self) -> &Value {
        if self.planned.is_null() { self.prior } else { self.planned }
    }
}

impl Lock {
    /// Nothing else may hold it at the same time.
    pub fn exclusive(key: impl Into<String>) -> Lock {
        Lock { key: key.into(), exclusive: true }
    }

    /// Others that share it may hold it at the same time.
    pub fn shared(key: impl Into<String>) -> Lock {
        Lock { key: key.into(), exclusive: false }
    }
}
