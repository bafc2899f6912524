//! What all managed resource types of the fake cloud have in common: their whole life.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sdk::schema::{Attribute, Schema};
use sdk::value::{PathStep, Type, Value, value_to_json};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Change, Connection, Context, Deferral, Fate, FindIntent,
    IdentityAttribute, IdentitySchema, ImportRequest, ImportResponse, ImportTarget, ImportedObject, IntentOutcome,
    ListRequest, ListResponse, ListedObject, Lock, MoveRequest, MoveResponse, PlanRequest, PlanResponse, PlanRules,
    Problem, ReadRequest, ReadResponse, ResourceType, answer, attribute, plan_by_schema, read_stored,
    without_write_only,
};
use serde_json::{Map, Value as Json, json};

use crate::cloud::{Cloud, Session, Settings, milliseconds};
use crate::faults::When;
use crate::rules;
use crate::world::{self, State, WorldObject};

/// Objects in a page of a list.
const PAGE: usize = 100;

/// What is special about a resource type.
pub(crate) trait Special: Send + Sync {
    /// Its name, which the ids of its objects begin with, too.
    const NAME: &'static str;

    fn schema(&self) -> Schema;

    fn validate(&self, config: &Value) -> Vec<Problem>;

    /// Attributes and blocks whose change replaces.
    const REPLACES: &'static [&'static str];

    /// Computed attributes that any update changes.
    const VOLATILE: &'static [&'static str] = &[];

    /// The resource type whose objects it can take over.
    const TAKES_OVER: Option<&'static str> = None;

    /// Chooses what the configuration left open: an attribute by the names of the path to it, `disk.kind`.
    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value>;

    /// The cloud's own rules for an operation on an object of these attributes.
    fn allows(&self, _state: &State, _object: &Operation<'_>) -> Result<(), Problem> {
        Ok(())
    }

    fn upgrade(&self, version: u64, _raw: Json) -> Result<Json, Problem> {
        let detail = format!("A stored `{}` is of version {version}, which never was.", Self::NAME);
        Err(Problem::error("Stored object not readable", detail))
    }

    fn locks(&self, _change: Change<'_>) -> Vec<Lock> {
        Vec::new()
    }

    fn is_container(&self) -> bool {
        false
    }

    fn connection(&self, _object: &Value) -> Option<Connection> {
        None
    }

    fn fate(&self, _object: &Value) -> Fate {
        Fate::Deleted
    }

    fn typical_duration(&self, _action: Action) -> Duration {
        Duration::from_secs(1)
    }
}

/// What the cloud knows about an object when it chooses what was left open.
pub(crate) struct Facts<'a> {
    pub(crate) id: &'a str,
    pub(crate) region: &'a str,
    /// Where things are made.
    pub(crate) room: &'a str,
    pub(crate) revision: u64,
    /// Where the attribute is in the innermost list, from 0.
    pub(crate) position: usize,
}

/// An operation that is about to begin.
pub(crate) struct Operation<'a> {
    pub(crate) action: Action,
    /// The object's id; empty on create.
    pub(crate) id: &'a str,
    pub(crate) attributes: &'a Map<String, Json>,
    pub(crate) now_ms: u64,
}

/// A managed resource type of the fake cloud.
pub(crate) struct Managed<S> {
    pub(crate) special: S,
    pub(crate) cloud: Arc<Cloud>,
}

/// The attributes that every type has, for tests.
pub(crate) fn test_attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("delay", Type::String)
            .optional()
            .describe("How long operations on it take, like `100ms`; the provider's `delay` unless set."),
        Attribute::new("absent_prereq", Type::String)
            .optional()
            .describe("The name of another object; until that is there, this one is deferred."),
    ]
}

type Applied = Result<(WorldObject, Option<Problem>), Problem>;

impl<S: Special> Managed<S> {
    fn call<'a>(&self, action: &'a str, object: &'a Value) -> world::Call<'a> {
        let name = match sdk::value::Value::kind(object) {
            sdk::value::Kind::Object(members) => members.get("name").and_then(Value::as_str).unwrap_or_default(),
            _ => "",
        };
        world::Call { action, kind: S::NAME, name }
    }

    /// Fills in what is unknown and takes out what the cloud does not keep.
    fn complete(&self, session: &Session, schema: &Schema, planned: &Value, id: &str, revision: u64) -> Stored {
        let completed = planned.clone().transform(|path, value| {
            if value.is_known() {
                return value;
            }
            let mut names = String::new();
            let mut position = 0;
            for step in &path.0 {
                match step {
                    PathStep::Attribute(name) if names.is_empty() => names.push_str(name),
                    PathStep::Attribute(name) => names.extend([".", name]),
                    PathStep::Index(key) => position = key.as_number().and_then(|n| n.to_usize()).unwrap_or(position),
                }
            }
            let Settings { region, room, .. } = &session.settings;
            let facts = Facts { id, region, room, revision, position };
            self.special.choose(&names, &facts).unwrap_or_else(|| Value::null(value.ty()))
        });
        let object = without_write_only(&schema.block, &completed);
        match value_to_json(&object, &schema.block.ty()) {
            Ok(Json::Object(attributes)) => Ok(attributes),
            _ => Err(Problem::error("Object not wholly known", "The cloud takes nothing that is not known.")),
        }
    }

    fn value(&self, session: &Session, schema: &Schema, object: &WorldObject) -> Result<Value, Problem> {
        let mut attributes = object.attributes.clone();
        if object.busy_until_ms > session.now_ms() && attributes.contains_key("status") {
            let status = if object.revision > 1 { "updating" } else { "creating" };
            attributes.insert("status".into(), status.into());
        }
        read_stored(&Json::Object(attributes), &schema.block, &schema.block.ty())
    }

    fn response(&self, session: &Session, schema: &Schema, object: &WorldObject) -> ApplyResponse {
        match self.value(session, schema, object) {
            Ok(value) => ApplyResponse { private: private(object), ..ApplyResponse::new(value) },
            Err(problem) => ApplyResponse { problems: vec![problem], ..ApplyResponse::new(Value::NULL) },
        }
    }

    fn busy_until(&self, session: &Session, object: &Value, now_ms: u64) -> u64 {
        let delay = attribute(object, "delay");
        let delay = delay.as_str().and_then(rules::parse_duration).unwrap_or(session.settings.delay);
        now_ms.saturating_add(milliseconds(delay))
    }

    async fn make(&self, session: &Session, schema: &Schema, request: &ApplyRequest<'_>) -> Applied {
        let ApplyRequest { planned, config, token, .. } = request;
        let made = session.call(self.call("create", planned), |state, now_ms, fault| {
            if let Some(made) = state.made_with(token) {
                return Ok(made.clone());
            }
            let id = format!("{}-{}", S::NAME.trim_start_matches("fake_"), state.made + 1);
            let mut attributes = self.complete(session, schema, planned, &id, 1)?;
            let operation = Operation { action: Action::Create, id: "", attributes: &attributes, now_ms };
            self.special.allows(state, &operation)?;
            spoil(&mut attributes, fault);
            let object = WorldObject {
                id,
                kind: S::NAME.to_owned(),
                name: text(&attributes, "name"),
                token: token.to_string(),
                attributes,
                default_tags: session.settings.tags.clone(),
                revision: 1,
                fingerprints: fingerprints(schema, config),
                last_token: token.to_string(),
                busy_until_ms: self.busy_until(session, planned, now_ms),
                visible_from_ms: now_ms.saturating_add(milliseconds(session.settings.lag)),
                deleting: false,
                broken: fault == Some(When::Partial),
            };
            state.made += 1;
            state.put(object.clone(), now_ms);
            Ok(object)
        });
        self.finish(session, request, made.await?).await
    }

    async fn change(&self, session: &Session, schema: &Schema, request: &ApplyRequest<'_>) -> Applied {
        let ApplyRequest { prior, planned, config, token, private, .. } = request;
        let id = id_of(prior);
        belongs(private, &id)?;
        let changed = session.call(self.call("update", planned), |state, now_ms, fault| {
            let Some(old) = state.objects.get(&id).filter(|old| !old.deleting).cloned() else {
                return Err(Problem::error("Object not found", format!("There is no object {id:?} any more.")));
            };
            if old.last_token == **token {
                return Ok(old);
            }
            not_busy(&old, now_ms)?;
            let mut attributes = self.complete(session, schema, planned, &id, old.revision + 1)?;
            self.special
                .allows(state, &Operation { action: Action::Update, id: &id, attributes: &attributes, now_ms })?;
            if fault == Some(When::Partial) {
                half_changed(&mut attributes, &old.attributes);
            }
            spoil(&mut attributes, fault);
            let object = WorldObject {
                kind: S::NAME.to_owned(),
                name: text(&attributes, "name"),
                attributes,
                revision: old.revision + 1,
                fingerprints: fingerprints(schema, config),
                last_token: token.to_string(),
                busy_until_ms: self.busy_until(session, planned, now_ms),
                broken: fault == Some(When::Partial),
                ..old
            };
            state.put(object.clone(), now_ms);
            Ok(object)
        });
        self.finish(session, request, changed.await?).await
    }

    /// Reports the object, and waits until the operation on it has ended.
    async fn finish(&self, session: &Session, request: &ApplyRequest<'_>, object: WorldObject) -> Applied {
        request.progress.handle(&object.id).await?;
        request.progress.message(&format!("waiting for {}", object.id));
        request.progress.waiting();
        let object = match session.wait_for(&object.id).await {
            Ok(Some(object)) => object,
            Ok(None) => return Err(Problem::error("Object not found", "The object went away while it was worked on.")),
            // Told to stop: the object is there, and what is known of it must not be lost.
            Err(problem) => return Ok((object, Some(problem))),
        };
        let problem = gave_up(&object);
        Ok((object, problem))
    }

    async fn take_away(&self, session: &Session, request: &ApplyRequest<'_>) -> Result<(), Problem> {
        let ApplyRequest { prior, token, private, .. } = request;
        let id = id_of(prior);
        belongs(private, &id)?;
        let there = session.call(self.call("delete", prior), |state, now_ms, fault| {
            let Some(object) = state.objects.get(&id).cloned() else { return Ok(false) };
            if object.deleting {
                return Ok(true);
            }
            not_busy(&object, now_ms)?;
            let operation = Operation { action: Action::Delete, id: &id, attributes: &object.attributes, now_ms };
            self.special.allows(state, &operation)?;
            if fault == Some(When::Partial) {
                return Err(Problem::error("Operation failed", "The cloud gave up; the object is still there."));
            }
            let busy_until_ms = self.busy_until(session, prior, now_ms);
            let last_token = token.to_string();
            state.put(WorldObject { deleting: true, busy_until_ms, last_token, ..object }, now_ms);
            Ok(true)
        });
        if there.await? {
            request.progress.handle(&id).await?;
            request.progress.waiting();
            session.wait_for(&id).await?;
        }
        Ok(())
    }

    async fn look(&self, schema: &Schema, requests: Vec<ReadRequest>, action: &str) -> Vec<ReadResponse> {
        let result = async {
            let session = self.cloud.session()?;
            let first = requests.first().map_or(Value::NULL, |request| request.current.clone());
            let found = session.call(self.call(action, &first), |state, now_ms, fault| {
                let look = |request: &ReadRequest| {
                    let id = id_of(&request.current);
                    interfere(state, &id, fault);
                    let found = state.objects.get(&id).filter(|object| object.visible_from_ms <= now_ms);
                    found.filter(|object| object.room().is_none_or(|room| room == session.settings.room)).cloned()
                };
                Ok(requests.iter().map(look).collect::<Vec<_>>())
            });
            Ok((found.await?, session))
        };
        let (found, session) = match result.await {
            Ok(found) => found,
            Err(problem) => {
                let failed = |request: ReadRequest| ReadResponse::failed(request, Problem::clone(&problem));
                return requests.into_iter().map(failed).collect();
            }
        };
        let response = |(request, found): (ReadRequest, Option<WorldObject>)| match found {
            None => ReadResponse::new(request, Value::null(schema.block.ty())),
            Some(object) => match self.value(&session, schema, &object) {
                Ok(value) => ReadResponse { private: private(&object), ..ReadResponse::new(request, value) },
                Err(problem) => ReadResponse::failed(request, problem),
            },
        };
        requests.into_iter().zip(found).map(response).collect()
    }

    async fn find(&self, context: Context<'_>, intent: FindIntent) -> Result<IntentOutcome, Problem> {
        let session = self.cloud.session()?;
        let id = session.call(self.call("find", &intent.planned), |state, _, _| {
            let by_token = state.made_with(&intent.token).map(|object| object.id.clone());
            let known = (!intent.prior.is_null()).then(|| id_of(&intent.prior)).or_else(|| intent.handle.clone());
            Ok(by_token.or(known))
        });
        let Some(id) = id.await? else { return Ok(IntentOutcome::absent()) };
        Ok(match session.wait_for(&id).await? {
            None => IntentOutcome::absent(),
            Some(object) => {
                let value = self.value(&session, context.schema, &object)?;
                let problems = gave_up(&object).into_iter().collect();
                IntentOutcome::Found { object: value, private: private(&object), identity: None, problems }
            }
        })
    }

    async fn find_for_import(&self, context: Context<'_>, request: ImportRequest) -> Result<ImportResponse, Problem> {
        let session = self.cloud.session()?;
        let id = match &request.target {
            ImportTarget::Id(id) => id.to_string(),
            ImportTarget::Identity(identity) => id_of(identity),
        };
        let call = world::Call { action: "import", kind: S::NAME, name: "" };
        let found = session.call(call, |state, _, _| Ok(state.objects.get(&id).cloned())).await?;
        let fits = |object: &WorldObject| object.kind == S::NAME || S::TAKES_OVER == Some(&object.kind);
        let Some(found) = found.filter(|object| fits(object) && !object.deleting) else {
            let detail = format!("There is no `{}` with the id {id:?}.", S::NAME);
            return Err(Problem::error("Cannot import what does not exist", detail));
        };
        let object = read_stored(&json!({"id": found.id}), &context.schema.block, &context.schema.block.ty())?;
        let imported = ImportedObject { kind: request.kind, object, private: private(&found), identity: None };
        Ok(ImportResponse { objects: vec![imported], ..ImportResponse::default() })
    }

    async fn page(&self, context: Context<'_>, request: ListRequest) -> Result<ListResponse, Problem> {
        let session = self.cloud.session()?;
        let prefix = attribute(&request.config, "name_prefix");
        let prefix = prefix.as_str().unwrap_or_default();
        let call = world::Call { action: "list", kind: S::NAME, name: "" };
        let start: usize = request.page.as_ref().and_then(|page| page.parse().ok()).unwrap_or(0);
        let left = usize::try_from(request.limit).unwrap_or(usize::MAX).saturating_sub(start);
        let found = session.call(call, |state, now_ms, _| {
            let seen = |object: &&WorldObject| {
                let there = object.visible_from_ms <= now_ms && !object.deleting;
                there && object.kind == S::NAME && object.name.starts_with(prefix)
            };
            let page = state.objects.values().filter(seen).skip(start).take(left.min(PAGE + 1));
            Ok(page.cloned().collect::<Vec<_>>())
        });
        let mut found = found.await?;
        let next = (found.len() > PAGE).then(|| (start + PAGE).to_string().into());
        found.truncate(PAGE);
        let mut objects = Vec::with_capacity(found.len());
        for object in found {
            let value = self.value(&session, context.schema, &object)?;
            let identity = Some(Value::object([("id", Value::from(object.id))]));
            let object_wanted = request.objects.then_some(value);
            let display_name = object.name.into();
            objects.push(ListedObject { identity, display_name, object: object_wanted, problems: vec![] });
        }
        Ok(ListResponse { objects, next, problems: vec![] })
    }

    /// Waits for what it needs to be there, or says that it is not.
    fn with_prerequisite(&self, request: &PlanRequest, mut response: PlanResponse) -> PlanResponse {
        let name = attribute(&request.config, "absent_prereq");
        let (Some(name), Ok(session)) = (name.as_str(), self.cloud.session()) else { return response };
        let now_ms = session.now_ms();
        let there = session.world.look(|state| {
            state
                .objects
                .values()
                .any(|object| object.name == name && object.busy_until_ms <= now_ms && !object.deleting)
        });
        if there.unwrap_or(false) {
            return response;
        }
        if request.deferral_allowed {
            response.deferred = Some(Deferral::AbsentPrerequisite);
        } else {
            let detail = format!("The object {name:?} must be there first.");
            response.problems.push(Problem::error("Prerequisite absent", detail).at("absent_prereq"));
        }
        response
    }
}

type Stored = Result<Map<String, Json>, Problem>;

fn applied<S: Special>(
    part: &Managed<S>,
    context: &Context<'_>,
    request: ApplyRequest<'_>,
    result: Result<(Arc<Session>, WorldObject, Option<Problem>), Problem>,
) -> ApplyResponse {
    match result {
        Ok((session, object, problem)) => {
            let mut response = part.response(&session, context.schema, &object);
            response.problems.extend(problem);
            response
        }
        Err(problem) => ApplyResponse::failed(request, problem),
    }
}

impl<S: Special> ResourceType for Managed<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn schema(&self) -> Schema {
        let mut schema = self.special.schema();
        schema.block.attributes.extend(test_attributes());
        schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = self.special.validate(config);
        problems.extend(rules::duration(config, "delay"));
        problems
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        let id = IdentityAttribute::new("id", Type::String, "What the fake cloud calls it.");
        Some(IdentitySchema { version: 0, attributes: vec![id] })
    }

    fn list_schema(&self) -> Option<Schema> {
        let prefix = Attribute::new("name_prefix", Type::String).optional().describe("What their names begin with.");
        let mut schema = Schema::default();
        schema.block.attributes.push(prefix);
        schema.block.description = "Lists the objects that there are.".into();
        Some(schema)
    }

    fn upgrade(&self, version: u64, raw: Json) -> Result<Json, Problem> {
        self.special.upgrade(version, raw)
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        let rules = PlanRules { replaces: S::REPLACES, volatile: S::VOLATILE };
        let response = plan_by_schema(schema, rules, &request);
        answer(self.with_prerequisite(&request, response))
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        Box::pin(async move {
            let none = || ReadResponse::failed(request.clone(), Problem::error("No answer", ""));
            let responses = self.look(context.schema, vec![request.clone()], "read").await;
            responses.into_iter().next().unwrap_or_else(none)
        })
    }

    fn read_many<'a>(
        &'a self,
        context: Context<'a>,
        requests: Vec<ReadRequest>,
    ) -> Result<Call<'a, Vec<ReadResponse>>, Vec<ReadRequest>> {
        Ok(Box::pin(async move { self.look(context.schema, requests, "read_many").await }))
    }

    fn create<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let result = async {
                let session = self.cloud.session()?;
                let (object, problem) = self.make(&session, context.schema, &request).await?;
                Ok((session, object, problem))
            };
            let result = result.await;
            applied(self, &context, request, result)
        })
    }

    fn update<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let result = async {
                let session = self.cloud.session()?;
                let (object, problem) = self.change(&session, context.schema, &request).await?;
                Ok((session, object, problem))
            };
            let result = result.await;
            applied(self, &context, request, result)
        })
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let result = async { self.take_away(&*self.cloud.session()?, &request).await };
            match result.await {
                Ok(()) => ApplyResponse::new(request.planned),
                Err(problem) => ApplyResponse::failed(request, problem),
            }
        })
    }

    fn import<'a>(&'a self, context: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        Box::pin(async move { self.find_for_import(context, request).await.unwrap_or_else(ImportResponse::failed) })
    }

    fn take_over<'a>(&'a self, schema: &'a Schema, request: MoveRequest) -> Call<'a, MoveResponse> {
        let (name, from) = (S::NAME, &request.source_kind);
        let ours = request.source_provider.ends_with("/fake") && S::TAKES_OVER == Some(from);
        if !ours {
            let detail = format!("A `{name}` cannot take over what is a `{from}` of {}.", request.source_provider);
            return answer(MoveResponse::failed(Problem::error("Move not supported", detail)));
        }
        answer(match read_stored(&request.source_raw, &schema.block, &schema.block.ty()) {
            Ok(object) => MoveResponse { object, private: request.source_private, identity: None, problems: vec![] },
            Err(problem) => MoveResponse::failed(problem),
        })
    }

    fn list<'a>(&'a self, context: Context<'a>, request: ListRequest) -> Call<'a, ListResponse> {
        Box::pin(async move { self.page(context, request).await.unwrap_or_else(ListResponse::failed) })
    }

    fn locks(&self, change: Change<'_>) -> Vec<Lock> {
        self.special.locks(change)
    }

    fn is_container(&self) -> bool {
        self.special.is_container()
    }

    fn connection(&self, object: &Value) -> Option<Connection> {
        self.special.connection(object)
    }

    fn fate(&self, object: &Value) -> Fate {
        self.special.fate(object)
    }

    fn typical_duration(&self, action: Action) -> Duration {
        self.special.typical_duration(action)
    }

    fn find_intent<'a>(&'a self, context: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        Some(Box::pin(async move {
            self.find(context, intent).await.unwrap_or_else(|problem| IntentOutcome::Unknown(vec![problem]))
        }))
    }
}

fn id_of(object: &Value) -> String {
    attribute(object, "id").as_str().unwrap_or_default().to_owned()
}

pub(crate) fn text(attributes: &Map<String, Json>, name: &str) -> String {
    attributes.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// What is kept with an object: which one it is, so that a mix-up is noticed, and how often it was written.
fn private(object: &WorldObject) -> Vec<u8> {
    format!("{}#{}", object.id, object.revision).into_bytes()
}

fn belongs(private: &[u8], id: &str) -> Result<(), Problem> {
    let whose = String::from_utf8_lossy(private);
    match whose.split_once('#') {
        Some((owner, _)) if owner == id => Ok(()),
        None if whose.is_empty() => Ok(()),
        _ => Err(Problem::error("Mixed up", format!("What was kept with {id:?} belongs to another object."))),
    }
}

fn gave_up(object: &WorldObject) -> Option<Problem> {
    object.broken.then(|| Problem::error("Operation failed", "The cloud gave up half-way."))
}

fn not_busy(object: &WorldObject, now_ms: u64) -> Result<(), Problem> {
    if object.busy_until_ms <= now_ms {
        return Ok(());
    }
    let detail = format!("Another operation on {:?} is under way.", object.id);
    Err(Problem::error("Operation conflict", detail))
}

/// Gives the object another name than was asked for.
fn spoil(attributes: &mut Map<String, Json>, fault: Option<When>) {
    if fault == Some(When::Wrong) {
        let name = text(attributes, "name");
        attributes.insert("name".into(), format!("{name}-wrong").into());
    }
}

/// Takes back every other change, the first of them not.
fn half_changed(attributes: &mut Map<String, Json>, old: &Map<String, Json>) {
    let changed = attributes.iter().filter(|(name, json)| old.get(*name) != Some(json));
    let back: Vec<String> = changed.map(|(name, _)| name.clone()).filter(|name| name != "revision").collect();
    for name in back.into_iter().skip(1).step_by(2) {
        let before = old.get(&name).cloned().unwrap_or(Json::Null);
        attributes.insert(name, before);
    }
}

/// Does what somebody else would.
fn interfere(state: &mut State, id: &str, fault: Option<When>) {
    match fault {
        Some(When::Vanish) => {
            state.lose(id);
        }
        Some(When::Drift) => {
            state.meddle(id, |object| {
                if object.attributes.contains_key("tags") {
                    object.attributes.insert("tags".into(), json!({"drifted": "yes"}));
                } else if let Some(nodes) = object.attributes.get("nodes").and_then(Json::as_u64) {
                    object.attributes.insert("nodes".into(), (nodes + 1).into());
                }
            });
        }
        _ => {}
    }
}

/// Returns what tells one write-only value from another without telling it (FNV-1a).
fn fingerprints(schema: &Schema, config: &Value) -> BTreeMap<String, String> {
    let write_only = schema.block.attributes.iter().filter(|attribute| attribute.write_only);
    let fingerprint = |found: &Attribute| {
        let value = attribute(config, &found.name);
        let bytes = value.as_str()?.bytes();
        let hash =
            bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Some((found.name.to_string(), format!("{hash:016x}")))
    };
    write_only.filter_map(fingerprint).collect()
}
