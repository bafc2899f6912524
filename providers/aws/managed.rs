//! What all managed resource types have in common: their whole life, around the few calls that are special to each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ecow::EcoString;
use sdk::schema::Schema;
use sdk::value::{Kind as ValueKind, Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Change, Connection, Context, Costs, Course, Disruption, FindIntent,
    Ground, IdentityAttribute, IdentitySchema, ImportRequest, ImportResponse, ImportTarget, ImportedObject,
    IntentOutcome, Lock, Outlook, PlanRequest, PlanResponse, Problem, Progress, Prospect, ReadRequest, ReadResponse,
    ResourceType, answer, read_stored,
};
use serde_json::{Map, Value as Json};

use crate::cloud::{At, Cloud, Session};
use crate::fields::{self, differ, is_set, part, text};
use crate::planning::{self, Rules};
use crate::polling::{PROPAGATION, Waiting};
use crate::shape::Shape;

/// How something ended: with what came of it, or with a problem.
pub(crate) type Done<T> = Result<T, Problem>;

/// Handles begin with what they tell: this, and what the object is found by that is there.
const MADE: &str = "made ";
/// This, the moment in seconds, and what the object is found by that is about to be made.
const BEGUN: &str = "begun ";

/// What is special about a resource type.
pub(crate) trait Kind: Send + Sync {
    /// Returns its name.
    fn name(&self) -> &'static str;

    /// Returns what it looks like.
    fn shape(&self) -> Shape;

    /// Checks what the schema cannot say.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Returns what the schema does not say of plans.
    fn rules(&self) -> Rules {
        Rules::default()
    }

    /// Returns the attributes that tell its objects apart, in the order in which ids have them.
    fn identity(&self) -> &'static [&'static str] {
        &["id"]
    }

    /// Reads an id into what [`Kind::read`] needs. By default the parts of the identity stand in it between colons.
    fn parse_id(&self, id: &str) -> Option<Json> {
        split_id(self.identity(), id, ':')
    }

    /// Adds to a plan what follows from no schema.
    fn plan<'a>(&'a self, _draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        answer(())
    }

    /// Says what forbids that an object is deleted, or replaced.
    fn protection(&self, _object: &Value) -> Option<Problem> {
        None
    }

    /// Describes an object as its schema wants it; nothing if it is not there. What AWS does not tell is left out.
    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>>;

    /// Describes many objects with fewer calls than one each, if there is a way.
    fn read_many<'a>(&'a self, _at: &'a At, _objects: &'a [Value]) -> Option<Call<'a, Done<Vec<Option<Json>>>>> {
        None
    }

    /// Makes an object, and waits until it is ready. As soon as it is there, [`Work::made`] is told.
    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>>;

    /// Changes an object, and waits until that is done.
    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>>;

    /// Takes an object away, and waits until it is gone. That it is gone already is no error.
    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>>;

    /// Takes away what others made for an object that is gone; what stays is told as a warning. The deletion ends with it: if the
    /// run is killed before, the next one does it.
    fn sweep<'a>(&'a self, _work: &'a Work<'a>) -> Call<'a, ()> {
        answer(())
    }

    /// Waits until nothing is being done to an object any more; returns what is wrong with it then.
    fn settle<'a>(&'a self, _work: &'a Work<'a>, _handle: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        answer(Ok(None))
    }

    /// Returns what follows from the token of a creation, if that is how its object is found.
    fn keys_by_token(&self, _planned: &Value, _token: &str) -> Option<Json> {
        None
    }

    /// Tells whether an object was made with a token, or since [`Work::begun`], if AWS tells. What AWS names by itself is found by
    /// nothing else before its name is known.
    fn is_made_with<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<Option<bool>>> {
        let by_token = self.keys_by_token(&work.planned, work.token).filter(|_| self.identity() == ["id"]);
        answer(Ok(by_token.map(|_| true)))
    }

    /// Tells whether a replacement creates the new object first unless the configuration says.
    fn replaces_by_creating_first(&self, _prior: &Value, _planned: &Value) -> bool {
        false
    }

    /// Returns what a change must hold while it is made.
    fn locks(&self, _object: &Value, _action: Action) -> Vec<Lock> {
        Vec::new()
    }

    /// Says what a change is like for people; parts may be unknown.
    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        // Between the old object and the new one there is none.
        let is_away = prospect.course == Course::DeleteThenCreate;
        Outlook { disruption: if is_away { Disruption::Outage } else { Disruption::None }, ..Outlook::default() }
    }

    /// Says what an object costs in a region, if that is known; parts may be unknown.
    fn costs(&self, _object: &Value, _region: Option<EcoString>) -> Costs {
        Costs::default()
    }

    /// Returns how long to wait at most unless the configuration says, in minutes.
    fn limit_minutes(&self, _action: Action) -> u64 {
        20
    }

    /// Tells whether other providers' objects are in its objects.
    fn is_container(&self) -> bool {
        false
    }

    /// Returns how a provider reaches into an object.
    fn connection(&self, _object: &Value) -> Option<Connection> {
        None
    }

    /// Returns how long an action usually takes, in seconds.
    fn typical_seconds(&self, _action: Action) -> u64 {
        1
    }
}

/// A plan in the making.
pub(crate) struct Draft<'a> {
    pub(crate) session: Option<Arc<Session>>,
    pub(crate) request: &'a PlanRequest,
    pub(crate) response: PlanResponse,
}

impl Draft<'_> {
    /// Sets attributes at the top.
    pub(crate) fn set(&mut self, changes: &[(&str, Value)]) {
        self.response.planned = with_members(&self.response.planned, changes);
    }

    /// Keeps the texts of attributes at the top that mean the same as before.
    pub(crate) fn keep_if(&mut self, names: &[&str], same: fn(&str, &str) -> bool) {
        if !self.is_update() {
            return;
        }
        for name in names {
            let (prior, planned) = (part(&self.request.prior, name), part(&self.response.planned, name));
            let is_same =
                matches!((prior.as_str(), planned.as_str()), (Some(prior), Some(planned)) if same(prior, planned));
            if is_same && prior != planned {
                let prior = prior.clone();
                self.set(&[(name, prior)]);
                self.response.legacy_types = true;
            }
        }
    }

    /// Tells whether the object is there already.
    pub(crate) fn is_update(&self) -> bool {
        !self.request.prior.is_null()
    }

    /// Tells whether an attribute at the top changes.
    pub(crate) fn changes(&self, name: &str) -> bool {
        differ(&self.request.prior, &self.response.planned, &[name])
    }
}

/// A change under way.
pub(crate) struct Work<'a> {
    pub(crate) at: At,
    pub(crate) prior: Value,
    pub(crate) planned: Value,
    pub(crate) token: &'a str,
    pub(crate) progress: &'a dyn Progress,
    /// How long it may take.
    limit: Duration,
    /// When it must be done, since 1970-01-01.
    deadline: Mutex<Duration>,
    /// What was planned beside the object.
    pub(crate) private: Vec<u8>,
    /// Another object has taken the place of the one that is to be deleted.
    pub(crate) is_replaced: bool,
    /// When the creation began of which nobody saw whether it made anything.
    pub(crate) begun: Option<Duration>,
    made: Mutex<Option<Json>>,
    warnings: Mutex<Vec<Problem>>,
}

impl<'a> Work<'a> {
    /// Remembers that the object is there: what is known of it that the plan did not know, and how it is found again.
    pub(crate) async fn made(&self, known: Json) -> Done<()> {
        let keys = with_region(&known, &self.at);
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        self.progress.handle(&format!("{MADE}{keys}")).await
    }

    /// Adds a warning.
    pub(crate) fn warn(&self, problem: Problem) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    /// Begins to wait.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        Waiting::new(&self.at, self.progress, *self.deadline.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a step of several: each may take as long as a change of one step.
    pub(crate) fn begin_step(&self) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = self.at.now() + self.limit;
    }

    /// Begins to wait for what IAM has to spread.
    pub(crate) fn propagation(&self) -> Waiting<'_> {
        Waiting::briefly(&self.at, self.progress, PROPAGATION)
    }

    /// Tells whether an attribute at the top is to change.
    pub(crate) fn changes(&self, name: &str) -> bool {
        differ(&self.prior, &self.planned, &[name])
    }

    /// Returns the object: as planned, or as it was if it is to be deleted.
    pub(crate) fn object(&self) -> &Value {
        if self.planned.is_null() { &self.prior } else { &self.planned }
    }

    fn take_made(&self) -> Option<Json> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_warnings(&self) -> Vec<Problem> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A managed resource type.
pub(crate) struct Managed<K> {
    pub(crate) kind: K,
    pub(crate) cloud: Arc<Cloud>,
}

impl<K: Kind> Managed<K> {
    fn work<'a>(&self, prior: Value, planned: Value, token: &'a str, progress: &'a dyn Progress) -> Done<Work<'a>> {
        let session = self.cloud.session()?;
        let (object, action) = match (prior.is_null(), planned.is_null()) {
            (true, _) => (&planned, Action::Create),
            (_, true) => (&prior, Action::Delete),
            _ => (&planned, Action::Update),
        };
        let name = match action {
            Action::Create => "create",
            Action::Delete => "delete",
            _ => "update",
        };
        let limit = text(part(object, "timeouts"), name).and_then(|text| fields::duration(&text));
        let limit = limit.unwrap_or(Duration::from_secs(60 * self.kind.limit_minutes(action)));
        let at = At::of(session, object);
        let deadline = Mutex::new(at.now() + limit);
        // What is not known yet is what it was before, or nothing.
        let planned = planned.transform(|path, value| match value.is_known() {
            true => value,
            false => planning::before(&prior, path).unwrap_or_else(|| Value::null(value.ty())),
        });
        let (made, warnings) = (Mutex::default(), Mutex::default());
        let private = Vec::new();
        let is_replaced = false;
        Ok(Work {
            at,
            prior,
            planned,
            token,
            progress,
            limit,
            deadline,
            private,
            is_replaced,
            begun: None,
            made,
            warnings,
        })
    }

    /// Looks at an object, and adds what AWS does not tell.
    async fn look(&self, at: &At, schema: &Schema, object: &Value) -> Done<Option<Value>> {
        match self.kind.read(at, object).await? {
            None => Ok(None),
            Some(found) => complete(schema, at, found, object).map(Some),
        }
    }

    async fn make(&self, context: &Context<'_>, request: &ApplyRequest<'_>) -> Result<ApplyResponse, Problem> {
        let work = self.work(request.prior.clone(), request.planned.clone(), &request.token, request.progress)?;
        if let Some(keys) = self.keys(&work) {
            let handle = format!("{BEGUN}{} {}", work.at.now().as_secs(), with_region(&keys, &work.at));
            work.progress.handle(&handle).await?;
        }
        let failure = self.kind.create(&work).await.err();
        let Some(made) = work.take_made() else {
            let missing = || Problem::error("Nothing made", "AWS did not say what it made.");
            return Err(failure.unwrap_or_else(missing));
        };
        let object = with_json(context.schema, &work.planned, made)?;
        let mut waiting = work.propagation();
        let found = loop {
            match self.look(&work.at, context.schema, &object).await {
                // What is new is not seen everywhere at once.
                Ok(None) if failure.is_none() => waiting.pause("waiting until it is seen").await?,
                found => break found,
            }
        };
        let mut problems: Vec<Problem> = failure.into_iter().collect();
        let new = match found {
            Ok(Some(new)) => new,
            Ok(None) => Value::null(context.schema.block.ty()),
            Err(problem) => {
                problems.push(problem);
                object
            }
        };
        problems.extend(work.take_warnings());
        Ok(ApplyResponse { problems, legacy_types: self.is_legacy(), ..ApplyResponse::new(new) })
    }

    async fn change(&self, context: &Context<'_>, request: &ApplyRequest<'_>) -> Result<ApplyResponse, Problem> {
        let work = self.work(request.prior.clone(), request.planned.clone(), &request.token, request.progress)?;
        let work = Work { private: request.private.clone(), ..work };
        let failure = self.kind.update(&work).await.err();
        let reference = if failure.is_none() { &work.planned } else { &work.prior };
        let found = self.look(&work.at, context.schema, reference).await;
        let mut problems: Vec<Problem> = failure.into_iter().collect();
        let new = match found {
            Ok(Some(new)) if problems.is_empty() => untouched(&request.prior, &request.planned, new),
            Ok(Some(new)) => new,
            Ok(None) => {
                problems.push(Problem::error("Object gone", "The object went away while it was changed."));
                Value::null(context.schema.block.ty())
            }
            Err(problem) => {
                problems.push(problem);
                work.prior.clone()
            }
        };
        problems.extend(work.take_warnings());
        Ok(ApplyResponse { problems, legacy_types: self.is_legacy(), ..ApplyResponse::new(new) })
    }

    async fn take_away(&self, request: &ApplyRequest<'_>) -> Result<ApplyResponse, Problem> {
        let work = self.work(request.prior.clone(), request.planned.clone(), &request.token, request.progress)?;
        let work = Work { is_replaced: request.is_replaced, ..work };
        self.kind.delete(&work).await?;
        self.kind.sweep(&work).await;
        Ok(ApplyResponse { problems: work.take_warnings(), ..ApplyResponse::new(request.planned.clone()) })
    }

    /// Returns what an object that is to be made is found by, if that is known before AWS has said it.
    fn keys(&self, work: &Work<'_>) -> Option<Json> {
        if let Some(keys) = self.kind.keys_by_token(&work.planned, work.token) {
            return Some(keys);
        }
        let key = |name: &&str| Some(((*name).to_owned(), Json::from(text(&work.planned, name)?)));
        self.kind.identity().iter().map(key).collect::<Option<Map<String, Json>>>().map(Json::Object)
    }

    async fn find(&self, context: &Context<'_>, intent: &FindIntent) -> Result<IntentOutcome, Problem> {
        let none = sdk::NoProgress;
        let Some((reference, begun)) = reference(context.schema, intent)? else { return Ok(IntentOutcome::absent()) };
        let work = Work { begun, ..self.work(intent.prior.clone(), reference, &intent.token, &none)? };
        if self.look(&work.at, context.schema, &work.planned).await?.is_none() {
            return Ok(self.ended(&work, intent.action).await);
        }
        let mut problems = Vec::new();
        if work.begun.is_some() {
            match self.kind.is_made_with(&work).await? {
                Some(true) => {}
                Some(false) => return Ok(IntentOutcome::absent()),
                None => {
                    let detail = format!(
                        "The run was cut off while it was making this `{}`, and there is one of this name: it is taken for the one that \
                         was made.",
                        self.kind.name()
                    );
                    problems.push(Problem::warning("Found by its name", detail));
                }
            }
        }
        let problem = self.kind.settle(&work, intent.handle.as_deref()).await?;
        match self.look(&work.at, context.schema, &work.planned).await? {
            None => Ok(self.ended(&work, intent.action).await),
            Some(object) => {
                problems.extend(problem);
                Ok(IntentOutcome::Found { object, private: vec![], identity: None, problems })
            }
        }
    }

    /// An object is not there. The run that deleted it may not have come to what that leaves behind.
    async fn ended(&self, work: &Work<'_>, action: Action) -> IntentOutcome {
        if action == Action::Delete {
            self.kind.sweep(work).await;
        }
        IntentOutcome::Absent(work.take_warnings())
    }

    fn is_legacy(&self) -> bool {
        !self.kind.rules().filled_blocks.is_empty()
    }

    async fn look_at_many(&self, context: &Context<'_>, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let objects: Vec<Value> = requests.iter().map(|request| request.current.clone()).collect();
        let read = async {
            let session = self.cloud.session()?;
            let mut found: Vec<Option<Json>> = vec![None; objects.len()];
            let mut regions: Vec<String> =
                objects.iter().map(|object| At::of(session.clone(), object).region).collect();
            regions.sort();
            regions.dedup();
            for region in regions {
                let at = At { session: session.clone(), region };
                let is_here = |index: &usize| At::of(session.clone(), &objects[*index]).region == at.region;
                let indexes: Vec<usize> = (0..objects.len()).filter(is_here).collect();
                let here: Vec<Value> = indexes.iter().map(|index| objects[*index].clone()).collect();
                let Some(call) = self.kind.read_many(&at, &here) else { break };
                for (index, json) in indexes.into_iter().zip(call.await?) {
                    found[index] = json;
                }
            }
            Ok::<_, Problem>((session, found))
        };
        match read.await {
            Err(problem) => {
                requests.into_iter().map(|request| ReadResponse::failed(request, Problem::clone(&problem))).collect()
            }
            Ok((session, found)) => {
                let respond = |(request, json): (ReadRequest, Option<Json>)| match json {
                    None => ReadResponse::new(request, Value::null(context.schema.block.ty())),
                    Some(json) => {
                        let at = At::of(session.clone(), &request.current);
                        match complete(context.schema, &at, json, &request.current) {
                            Ok(object) => ReadResponse::new(request, object),
                            Err(problem) => ReadResponse::failed(request, problem),
                        }
                    }
                };
                requests.into_iter().zip(found).map(respond).collect()
            }
        }
    }

    fn imported(&self, schema: &Schema, request: &ImportRequest) -> Done<Value> {
        let json = match &request.target {
            ImportTarget::Id(id) => {
                let (id, region) = match id.rsplit_once('@').filter(|(_, region)| is_region(region)) {
                    Some((id, region)) if schema.block.attribute("region").is_some() => (id, Some(region)),
                    _ => (id.as_str(), None),
                };
                let mut keys = self.kind.parse_id(id).ok_or_else(|| self.malformed(id))?;
                if let (Some(region), Some(keys)) = (region, keys.as_object_mut()) {
                    keys.insert("region".into(), region.into());
                }
                keys
            }
            ImportTarget::Identity(identity) => {
                let names = self.kind.identity().iter().chain(&["region"]);
                let keys = names.filter_map(|name| Some(((*name).to_owned(), Json::from(text(identity, name)?))));
                Json::Object(keys.collect())
            }
        };
        read_stored(&json, &schema.block, &schema.block.ty())
    }

    fn malformed(&self, id: &str) -> Problem {
        let form = self.kind.identity().join(":").to_uppercase();
        let detail = format!("{id:?} is not the id of a `{}`; those look like {form}.", self.kind.name());
        Problem::error("Invalid id", detail)
    }
}

/// Leaves what a change did not touch as it was planned: what others have done to it meanwhile, like the rules of a group that
/// are resources of their own, is found by the next look.
fn untouched(prior: &Value, planned: &Value, new: Value) -> Value {
    let ValueKind::Object(members) = planned.kind() else { return new };
    let is_untouched = |name: &str, value: &Value| value.is_wholly_known() && part(prior, name) == value;
    let kept = members.iter().filter(|(name, value)| is_untouched(name, value));
    let kept: Vec<(&str, Value)> = kept.map(|(name, value)| (&**name, value.clone())).collect();
    with_members(&new, &kept)
}

impl<K: Kind> ResourceType for Managed<K> {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn schema(&self) -> Schema {
        self.kind.shape().into_schema()
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = self.kind.validate(config);
        for (name, value) in part(config, "timeouts").as_entries().unwrap_or_default() {
            if value.as_str().is_some_and(|text| fields::duration(text).is_none()) {
                let detail = "A limit of time is written like `30m` or `1h30m`.";
                problems.push(Problem::error("Invalid duration", detail).at("timeouts").at(name.clone()));
            }
        }
        problems
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        let describe = |name: &&str| IdentityAttribute::new(name, Type::String, "As the attribute of this name.");
        let mut attributes: Vec<IdentityAttribute> = self.kind.identity().iter().map(describe).collect();
        if self.kind.shape().is_regional {
            attributes.push(IdentityAttribute::new("region", Type::String, "Where it is.").optional());
        }
        Some(IdentitySchema { version: 0, attributes })
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        Box::pin(async move {
            let session = self.cloud.known();
            let (request, was_empty) = planning::without_empty(schema, request);
            let mut response = planning::plan(schema, self.kind.rules(), session.as_ref(), &request);
            response.legacy_types |= was_empty;
            let mut draft = Draft { session, request: &request, response };
            self.kind.plan(&mut draft).await;
            draft.response
        })
    }

    fn protection(&self, object: &Value) -> Option<Problem> {
        self.kind.protection(object)
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        Box::pin(async move {
            let found = async {
                let at = At::of(self.cloud.session()?, &request.current);
                self.look(&at, context.schema, &request.current).await
            };
            match found.await {
                Ok(Some(object)) => ReadResponse::new(request, object),
                Ok(None) => ReadResponse::new(request, Value::null(context.schema.block.ty())),
                Err(problem) => ReadResponse::failed(request, problem),
            }
        })
    }

    fn read_many<'a>(
        &'a self,
        context: Context<'a>,
        requests: Vec<ReadRequest>,
    ) -> Result<Call<'a, Vec<ReadResponse>>, Vec<ReadRequest>> {
        let session = match self.cloud.known() {
            Some(session) => session,
            None => return Err(requests),
        };
        let at = At { region: session.region.clone(), session };
        if self.kind.read_many(&at, &[]).is_none() {
            return Err(requests);
        }
        Ok(Box::pin(async move { self.look_at_many(&context, requests).await }))
    }

    fn create<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let made = self.make(&context, &request).await;
            made.unwrap_or_else(|problem| ApplyResponse::failed(request, problem))
        })
    }

    fn update<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let changed = self.change(&context, &request).await;
            changed.unwrap_or_else(|problem| ApplyResponse::failed(request, problem))
        })
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let gone = self.take_away(&request).await;
            gone.unwrap_or_else(|problem| ApplyResponse::failed(request, problem))
        })
    }

    fn import<'a>(&'a self, context: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        Box::pin(async move {
            let found = async {
                let object = self.imported(context.schema, &request)?;
                let at = At::of(self.cloud.session()?, &object);
                self.look(&at, context.schema, &object).await
            };
            match found.await {
                Err(problem) => ImportResponse::failed(problem),
                Ok(None) => {
                    let detail = format!("There is no such `{}`.", self.kind.name());
                    ImportResponse::failed(Problem::error("Cannot import what does not exist", detail))
                }
                Ok(Some(object)) => {
                    let found = ImportedObject { kind: request.kind, object, private: vec![], identity: None };
                    ImportResponse { objects: vec![found], ..ImportResponse::default() }
                }
            }
        })
    }

    fn replaces_by_creating_first(&self, prior: &Value, planned: &Value) -> bool {
        self.kind.replaces_by_creating_first(prior, planned)
    }

    fn locks(&self, change: Change<'_>) -> Vec<Lock> {
        self.kind.locks(change.object(), change.action)
    }

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        self.kind.outlook(prospect)
    }

    fn costs(&self, object: &Value) -> Costs {
        // Without its configuration the provider does not know where things are that do not say.
        let own = || self.cloud.known().map(|session| session.region.clone());
        let region = if is_set(object, "region") { text(object, "region") } else { own() };
        self.kind.costs(object, region.map(EcoString::from))
    }

    fn ground(&self, object: &Value) -> Ground {
        crate::grounds::ground(self.kind.name(), object)
    }

    fn is_container(&self) -> bool {
        self.kind.is_container()
    }

    fn connection(&self, object: &Value) -> Option<Connection> {
        self.kind.connection(object)
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(self.kind.typical_seconds(action))
    }

    fn find_intent<'a>(&'a self, context: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        Some(Box::pin(async move {
            let found = self.find(&context, &intent).await;
            found.unwrap_or_else(|problem| IntentOutcome::Unknown(vec![problem]))
        }))
    }
}

/// Reads an id whose parts stand between separators.
pub(crate) fn split_id(names: &[&str], id: &str, separator: char) -> Option<Json> {
    let parts: Vec<&str> = id.splitn(names.len(), separator).collect();
    if parts.len() != names.len() || parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    Some(Json::Object(names.iter().zip(parts).map(|(name, part)| ((*name).to_owned(), part.into())).collect()))
}

fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let last = text.rsplit('-').next().unwrap_or_default();
    parts.next().is_some_and(|first| (2..=4).contains(&first.len())) && last.parse::<u8>().is_ok()
}

/// Sets attributes at the top of an object.
pub(crate) fn with_members(object: &Value, changes: &[(&str, Value)]) -> Value {
    let ValueKind::Object(members) = object.kind() else { return object.clone() };
    let value = |(name, value): (&ecow::EcoString, &Value)| match changes.iter().find(|(changed, _)| *changed == *name)
    {
        Some((_, changed)) => changed.clone(),
        None => value.clone(),
    };
    Value::object_of_shape(members.names().clone(), members.iter().map(value).collect())
}

/// Sets attributes at the top of an object from JSON.
fn with_json(schema: &Schema, object: &Value, known: Json) -> Done<Value> {
    let stored = read_stored(&known, &schema.block, &schema.block.ty())?;
    let names: Vec<String> = known.as_object().map(|known| known.keys().cloned().collect()).unwrap_or_default();
    let changes: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), part(&stored, name).clone())).collect();
    Ok(with_members(object, &changes))
}

/// Makes an object of what AWS told; what it did not tell is as it is in what is known of the object.
fn complete(schema: &Schema, at: &At, found: Json, reference: &Value) -> Done<Value> {
    let mut found = match found {
        Json::Object(found) => found,
        _ => Map::new(),
    };
    if schema.block.attribute("region").is_some() {
        found.entry("region").or_insert_with(|| at.region.clone().into());
    }
    let told: Vec<String> = found.keys().cloned().collect();
    let object = read_stored(&Json::Object(found), &schema.block, &schema.block.ty())?;
    let ValueKind::Object(members) = object.kind() else { return Ok(object) };
    let value = |(name, value): (&ecow::EcoString, &Value)| {
        let known = part(reference, name);
        if told.iter().any(|told| told == name) || known.is_null() || !known.is_wholly_known() {
            value.clone()
        } else {
            known.clone()
        }
    };
    Ok(Value::object_of_shape(members.names().clone(), members.iter().map(value).collect()))
}

/// Adds where an object is, which its other keys need not say.
fn with_region(keys: &Json, at: &At) -> Json {
    let mut keys = keys.clone();
    if let Some(keys) = keys.as_object_mut() {
        keys.entry("region").or_insert_with(|| at.region.clone().into());
    }
    keys
}

/// Returns the object that a change was about, as far as it is known, with the moment at which its creation began if
/// nobody saw that it was made.
fn reference(schema: &Schema, intent: &FindIntent) -> Done<Option<(Value, Option<Duration>)>> {
    if intent.action != Action::Create {
        return Ok(Some((intent.prior.clone(), None)));
    }
    let handle = intent.handle.as_deref().unwrap_or_default();
    let (keys, moment) =
        match (handle.strip_prefix(MADE), handle.strip_prefix(BEGUN).and_then(|rest| rest.split_once(' '))) {
            (Some(keys), _) => (keys, None),
            (None, Some((seconds, keys))) => (keys, Some(Duration::from_secs(seconds.parse().unwrap_or(0)))),
            // Nothing was sent before this was written down.
            (None, None) => return Ok(None),
        };
    let keys: Json = serde_json::from_str(keys).unwrap_or_default();
    let object = read_stored(&keys, &schema.block, &schema.block.ty())?;
    Ok(Some((object, moment)))
}
