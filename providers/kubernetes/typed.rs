//! What resource types for one kind of objects have in common: everything but what the kind itself has.

use std::sync::Arc;
use std::time::Duration;

use sdk::schema::{Attribute, Block, NestedBlock, Schema};
use sdk::value::{Kind, Path, PathStep, Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Context, Costs, Fate, FindIntent, Ground, IdentitySchema, ImportRequest,
    ImportResponse, ImportTarget, ImportedObject, IntentOutcome, PlanRequest, PlanResponse, PlanRules, Problem,
    ReadRequest, ReadResponse, ResourceType, answer, attribute, plan_by_schema,
};
use serde_json::{Value as Json, json};

use crate::changes::{Handle, Wanted, Work};
use crate::cluster::{Cluster, Named, Session};
use crate::identity;
use crate::json::{at, first_block, set_text, with};
use crate::kept::Kept;
use crate::manifest::{MANAGER, time_limit};
use crate::manifest_schema::{timeouts, validate_timeouts};
use crate::metadata;
use crate::readiness::look;
use crate::reading::find_all;
use crate::waiting::Waiting;

/// What a kind of objects has for itself.
pub(crate) trait Special: Send + Sync + 'static {
    /// Group and version.
    const API_VERSION: &'static str;
    /// The kind.
    const KIND: &'static str;
    /// Its objects are in namespaces.
    const IS_NAMESPACED: bool;
    /// What becomes of its objects when their cluster goes.
    const FATE: Fate = Fate::Goes;
    /// What its objects stand on, and others on them.
    const GROUND: Ground = Ground { stands_on: &[], bears: &[], spans: &[] };
    /// Attributes and blocks whose change replaces the object.
    const REPLACES: &'static [&'static str] = &[];

    /// Returns its description.
    fn description(&self) -> &'static str;

    /// Returns its attributes, without metadata.
    fn attributes(&self) -> Vec<Attribute>;

    /// Returns its blocks, without metadata.
    fn blocks(&self) -> Vec<NestedBlock> {
        Vec::new()
    }

    /// Returns what attributes are that are not set.
    fn defaults(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Says what an object costs; parts may be unknown.
    fn costs(&self, _object: &Value) -> Costs {
        Costs::default()
    }

    /// Writes what it has into the object to apply. Write-only attributes are in the configuration.
    fn write(&self, planned: &Value, config: &Value, body: &mut Json);

    /// Reads what it has from an object; `current` is what was known of it.
    fn read(&self, object: &Json, current: &Value) -> Vec<(&'static str, Value)>;
}

/// A resource type for one kind of objects.
pub(crate) struct Typed<S> {
    pub(crate) name: &'static str,
    pub(crate) special: S,
    pub(crate) cluster: Arc<Cluster>,
}

fn step(name: &str) -> PathStep {
    PathStep::Attribute(name.into())
}

fn nameless() -> Problem {
    Problem::error("Stored object not readable", "The object in state has no name.")
}

impl<S: Special> Typed<S> {
    fn named(&self, object: &Value) -> Option<Named> {
        let (name, namespace) = metadata::name(object);
        let namespace = namespace.or_else(|| Some("default".to_owned())).filter(|_| S::IS_NAMESPACED);
        Some(Named { api_version: S::API_VERSION.to_owned(), kind: S::KIND.to_owned(), namespace, name: name? })
    }

    fn wanted(&self, planned: &Value, config: &Value, named: Named) -> Wanted {
        let mut body = crate::changes::body(&named, metadata::body(planned));
        self.special.write(planned, config, &mut body);
        let is_hidden = ["data_wo", "binary_data_wo"].iter().any(|name| !attribute(config, name).is_null());
        Wanted { named, body, manager: MANAGER.to_owned(), is_forced: true, is_hidden }
    }

    /// Returns the object with what came of it.
    fn filled(&self, planned: &Value, object: &Json) -> Value {
        let filled = metadata::filled(planned, object);
        let Kind::Object(parts) = filled.kind() else { return filled };
        let found = self.special.read(object, planned);
        let mut changes: Vec<(&str, Value)> = Vec::new();
        for (name, old) in parts.iter().filter(|(_, old)| !old.is_known()) {
            let found = found.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            let none = || if name == "id" { id_of(object) } else { Value::null(old.ty()) };
            changes.push((name, found.unwrap_or_else(none)));
        }
        with(&filled, changes)
    }

    fn taken_over(&self, current: &Value, object: &Json, is_new: bool, session: &Session) -> Value {
        let value = metadata::taken_over(current, object, is_new, &session.ignored);
        let mut changes = self.special.read(object, current);
        changes.push(("id", id_of(object)));
        with(&value, changes)
    }

    fn seen(&self, session: &Session, request: ReadRequest, object: &Json) -> ReadResponse {
        let kept = Kept::read(&request.private);
        let identity = Some(identity::of(object));
        let is_true = kept.is_true_of(object);
        if is_true && !kept.is_stale && !kept.has_drifted {
            let current = request.current.clone();
            return ReadResponse { identity, ..ReadResponse::new(request, current) };
        }
        let is_new = kept.fields.is_null();
        let value = self.taken_over(&request.current, object, is_new, session);
        let kept = Kept { uid: at(object, "/metadata/uid").to_owned(), has_drifted: !is_true, is_stale: false, ..kept };
        ReadResponse { private: kept.write(), identity, ..ReadResponse::new(request, value) }
    }

    async fn look(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let session = match self.cluster.session() {
            Ok(session) => session,
            Err(problem) => {
                return requests.into_iter().map(|request| ReadResponse::failed(request, problem.clone())).collect();
            }
        };
        let names: Vec<Option<Named>> = requests.iter().map(|request| self.named(&request.current)).collect();
        let known: Vec<Named> = names.iter().flatten().cloned().collect();
        let mut found = find_all(&session, &known).await.into_iter();
        let answers = requests.into_iter().zip(names).map(|(request, named)| match named.and_then(|_| found.next()) {
            None => ReadResponse::failed(request, nameless()),
            Some(Err(problem)) => ReadResponse::failed(request, problem),
            Some(Ok(None)) => {
                let none = Value::null(request.current.ty());
                ReadResponse::new(request, none)
            }
            Some(Ok(Some((_, object)))) => self.seen(&session, request, &object),
        });
        answers.collect()
    }

    async fn make(&self, request: &ApplyRequest<'_>) -> Result<(Value, Kept, Json, Option<Problem>), Problem> {
        let session = self.cluster.session()?;
        let is_new = request.prior.is_null();
        let limit = time_limit(&request.planned, if is_new { "create" } else { "update" });
        let named = match self.named(&request.planned) {
            Some(named) => named,
            None => self.name_it(&session, &request.planned)?,
        };
        let wanted = self.wanted(&request.planned, &request.config, named);
        let work = Work { cluster: &self.cluster, session: &session, progress: request.progress, limit };
        let (place, object) = if is_new { work.create(&wanted).await? } else { work.update(&wanted).await? };
        let kept = Kept::of(&object, MANAGER, &wanted.body, &[]);
        let new = self.filled(&request.planned, &object);
        let waiting = Waiting { session: &session, place: &place, progress: request.progress, limit };
        let (_, problem) = waiting.until(object.clone(), &look).await;
        Ok((new, kept, object, problem))
    }

    /// Makes a name for an object that has only the beginning of one.
    fn name_it(&self, session: &Session, planned: &Value) -> Result<Named, Problem> {
        let block = first_block(planned, "metadata").unwrap_or(Value::NULL);
        let prefix = set_text(&block, "generate_name").ok_or_else(nameless)?;
        let name = metadata::generated(&prefix, &*session.runtime);
        let namespace = set_text(&block, "namespace").or_else(|| Some("default".to_owned()));
        let namespace = namespace.filter(|_| S::IS_NAMESPACED);
        Ok(Named { api_version: S::API_VERSION.to_owned(), kind: S::KIND.to_owned(), namespace, name })
    }

    async fn applied(&self, request: ApplyRequest<'_>) -> ApplyResponse {
        match self.make(&request).await {
            Ok((new, kept, object, problem)) => ApplyResponse {
                private: kept.write(),
                identity: Some(identity::of(&object)),
                problems: problem.into_iter().collect(),
                ..ApplyResponse::new(new)
            },
            Err(problem) => ApplyResponse::failed(request, problem),
        }
    }

    async fn remove(&self, request: &ApplyRequest<'_>) -> Result<(), Problem> {
        let session = self.cluster.session()?;
        let named = self.named(&request.prior).ok_or_else(nameless)?;
        let limit = time_limit(&request.prior, "delete");
        let work = Work { cluster: &self.cluster, session: &session, progress: request.progress, limit };
        work.delete(&named, Kept::read(&request.private).known_uid()).await
    }

    /// Reads `NAMESPACE/NAME`, or `NAME` where there are no namespaces.
    fn parse_import_id(&self, id: &str) -> Result<Named, Problem> {
        let form = if S::IS_NAMESPACED { "NAMESPACE/NAME" } else { "NAME" };
        let (namespace, name) = match (id.split_once('/'), S::IS_NAMESPACED) {
            (Some((namespace, name)), true) => (Some(namespace.to_owned()), name),
            (None, false) => (None, id),
            (None, true) => (Some("default".to_owned()), id),
            (Some(_), false) => ("".to_owned().into(), ""),
        };
        if name.is_empty() || name.contains('/') {
            return Err(Problem::error("Invalid import id", format!("{id:?} is not of the form `{form}`.")));
        }
        Ok(Named { api_version: S::API_VERSION.to_owned(), kind: S::KIND.to_owned(), namespace, name: name.to_owned() })
    }

    async fn find_for_import(&self, context: &Context<'_>, request: ImportRequest) -> Result<ImportResponse, Problem> {
        let session = self.cluster.session()?;
        let named = match &request.target {
            ImportTarget::Id(id) => self.parse_import_id(id)?,
            ImportTarget::Identity(value) => identity::named(value)?,
        };
        let found = find_all(&session, std::slice::from_ref(&named)).await.into_iter().next();
        let Some((_, object)) = found.transpose()?.flatten() else {
            let detail = format!("There is no {} in the cluster.", named.describe());
            return Err(Problem::error("Object not found", detail));
        };
        let value = self.as_found(context, &object, false, &session)?;
        let uid = at(&object, "/metadata/uid").to_owned();
        let private = Kept { uid, ..Kept::default() }.write();
        let found =
            ImportedObject { kind: request.kind, object: value, private, identity: Some(identity::of(&object)) };
        Ok(ImportResponse { objects: vec![found], ..ImportResponse::default() })
    }

    /// Returns an object that was found, as if the whole of it had been configured.
    fn as_found(
        &self,
        context: &Context<'_>,
        object: &Json,
        is_hidden: bool,
        session: &Session,
    ) -> Result<Value, Problem> {
        let mut raw = json!({"metadata": [{}]});
        if is_hidden {
            // Tells that what is in it is not to be taken over.
            raw["data_wo_revision"] = 0.into();
        }
        let block = &context.schema.block;
        let empty = sdk::read_stored(&raw, block, &block.ty())?;
        let value = self.taken_over(&empty, object, true, session);
        let is_open = |name: &str| attribute(&value, name).is_null();
        let defaults = self.special.defaults().into_iter().filter(|(name, _)| is_open(name)).collect();
        Ok(with(&value, defaults))
    }

    async fn settle(&self, context: &Context<'_>, intent: &FindIntent) -> Result<IntentOutcome, Problem> {
        let session = self.cluster.session()?;
        if intent.action == Action::Create {
            // Before anything is made, it is written down what is to be made, and that it was not there.
            let Some(handle) = intent.handle.as_deref().and_then(Handle::read) else {
                return Ok(IntentOutcome::absent());
            };
            let Some(object) = handle.find(&session).await? else { return Ok(IntentOutcome::absent()) };
            let value = self.as_found(context, &object, handle.is_hidden, &session)?;
            let kept = Kept { has_drifted: true, ..Kept::of(&object, MANAGER, &object, &[]) };
            let identity = Some(identity::of(&object));
            return Ok(IntentOutcome::Found { object: value, private: kept.write(), identity, problems: vec![] });
        }
        let named = self.named(&intent.prior).ok_or_else(nameless)?;
        let found = find_all(&session, std::slice::from_ref(&named)).await.into_iter().next();
        let Some((_, object)) = found.transpose()?.flatten() else { return Ok(IntentOutcome::absent()) };
        let kept = Kept::read(&intent.private);
        if kept.known_uid().is_some_and(|uid| uid != at(&object, "/metadata/uid")) {
            return Ok(IntentOutcome::absent());
        }
        let value = self.taken_over(&intent.prior, &object, false, &session);
        let private = Kept { has_drifted: true, ..kept }.write();
        let identity = Some(identity::of(&object));
        Ok(IntentOutcome::Found { object: value, private, identity, problems: vec![] })
    }

    /// Completes what the schema says of a plan.
    fn completed(&self, request: &PlanRequest, mut response: PlanResponse) -> PlanResponse {
        let is_new = request.prior.is_null();
        let kept = Kept::read(&request.prior_private);
        if !is_new && response.planned == request.prior && !kept.has_drifted {
            return response;
        }
        let mut planned = metadata::replaced(&response.planned, |metadata| {
            let mut changes = vec![];
            if S::IS_NAMESPACED && !attribute(metadata, "namespace").is_known() && is_new_namespace(request) {
                changes.push(("namespace", Value::string("default")));
            }
            if !is_new {
                changes.push(("resource_version", Value::unknown(Type::String)));
                changes.push(("generation", Value::unknown(Type::Number)));
            }
            with(metadata, changes)
        });
        let is_open = |name: &str| !attribute(&planned, name).is_known();
        let defaults = self.special.defaults().into_iter().filter(|(name, _)| is_open(name)).collect();
        planned = with(&planned, defaults);
        if let Some(named) = self.named(&planned) {
            planned = with(&planned, vec![("id", id_of_named(&named))]);
            response.identity = Some(identity::of_named(&named));
        }
        if !is_new {
            response.requires_replace.extend(moved(&request.prior, &planned));
        }
        response.planned = planned;
        response
    }
}

/// Tells whether the configuration leaves the namespace out, rather than not knowing it yet.
fn is_new_namespace(request: &PlanRequest) -> bool {
    first_block(&request.config, "metadata").is_some_and(|metadata| attribute(&metadata, "namespace").is_null())
}

/// Returns where metadata means another object.
fn moved(prior: &Value, planned: &Value) -> Vec<Path> {
    let block = |object: &Value| first_block(object, "metadata").unwrap_or(Value::NULL);
    let (prior, planned) = (block(prior), block(planned));
    let differs = |name: &&&str| attribute(&prior, name) != attribute(&planned, name);
    let path = |name: &&str| Path(vec![step("metadata"), PathStep::Index(Value::number(0)), step(name)]);
    ["name", "generate_name", "namespace"].iter().filter(differs).map(path).collect()
}

fn id_of_named(named: &Named) -> Value {
    Value::string(match &named.namespace {
        Some(namespace) => format!("{namespace}/{}", named.name),
        None => named.name.clone(),
    })
}

fn id_of(object: &Json) -> Value {
    let (namespace, name) = (at(object, "/metadata/namespace"), at(object, "/metadata/name"));
    Value::string(if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") })
}

impl<S: Special> ResourceType for Typed<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&self) -> Schema {
        let id =
            Attribute::new("id", Type::String).computed().describe("Its namespace and name, with a slash between.");
        let attributes = [vec![id], self.special.attributes()].concat();
        let blocks = [vec![metadata::schema(S::IS_NAMESPACED), timeouts()], self.special.blocks()].concat();
        let description = self.special.description().into();
        Schema { version: 0, block: Block { attributes, blocks, description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        [metadata::validate(config), validate_timeouts(config), self.special.validate(config)].concat()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(identity::schema())
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        let response = plan_by_schema(schema, PlanRules { replaces: S::REPLACES, volatile: &[] }, &request);
        answer(self.completed(&request, response))
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        Box::pin(async move {
            let fallback = request.clone();
            let answer = self.look(vec![request]).await.into_iter().next();
            answer.unwrap_or_else(|| ReadResponse::failed(fallback, nameless()))
        })
    }

    fn read_many<'a>(
        &'a self,
        _: Context<'a>,
        requests: Vec<ReadRequest>,
    ) -> Result<Call<'a, Vec<ReadResponse>>, Vec<ReadRequest>> {
        Ok(Box::pin(self.look(requests)))
    }

    fn create<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(self.applied(request))
    }

    fn update<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(self.applied(request))
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            match self.remove(&request).await {
                Ok(()) => ApplyResponse::new(request.planned),
                Err(problem) => ApplyResponse::failed(request, problem),
            }
        })
    }

    fn import<'a>(&'a self, context: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        Box::pin(async move { self.find_for_import(&context, request).await.unwrap_or_else(ImportResponse::failed) })
    }

    fn find_intent<'a>(&'a self, context: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        Some(Box::pin(async move {
            self.settle(&context, &intent).await.unwrap_or_else(|problem| IntentOutcome::Unknown(vec![problem]))
        }))
    }

    fn costs(&self, object: &Value) -> Costs {
        self.special.costs(object)
    }

    fn fate(&self, _object: &Value) -> Fate {
        S::FATE
    }

    fn ground(&self, _object: &Value) -> Ground {
        S::GROUND
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(if action == Action::Delete { 5 } else { 1 })
    }
}
