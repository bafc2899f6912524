//! `kubernetes_manifest`: an object of any kind, as its manifest says.

use std::sync::Arc;
use std::time::Duration;

use sdk::schema::Schema;
use sdk::value::{Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Bond, Call, Context, Costs, Fate, FindIntent, Ground, IdentitySchema,
    ImportRequest, ImportResponse, ImportTarget, ImportedObject, IntentOutcome, Outlook, PlanRequest, PlanResponse,
    Problem, Prospect, ReadRequest, ReadResponse, ResourceType, attribute,
};
use serde_json::Value as Json;

use crate::changes::{Handle, Wanted, Work};
use crate::cluster::{Cluster, Named, Session};
use crate::costs;
use crate::definition;
use crate::discovery::group_kind;
use crate::fates::fate;
use crate::fields::stripped;
use crate::grounds::ground;
use crate::identity;
use crate::json::{at, first_block, flag, from_json, set_text, text, texts, to_json, with};
use crate::kept::Kept;
use crate::manifest_plan::{self, settled};
use crate::manifest_schema;
use crate::readiness::{Look, look};
use crate::reading::find_all;
use crate::times::parse_duration;
use crate::wait_rules;
use crate::waiting::Waiting;

/// Who owns the fields unless the configuration says.
pub(crate) const MANAGER: &str = "gantry";
/// How long a change may take unless the configuration says.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// The resource type.
pub(crate) struct Manifest(pub(crate) Arc<Cluster>);

/// Returns the object that a manifest names, as far as it is known.
pub(crate) fn named(manifest: &Value) -> Option<Named> {
    let metadata = attribute(manifest, "metadata");
    let namespace = attribute(&metadata, "namespace");
    if !namespace.is_known() {
        return None;
    }
    Some(Named {
        api_version: text(manifest, "apiVersion")?,
        kind: text(manifest, "kind")?,
        namespace: namespace.as_str().map(str::to_owned),
        name: text(&metadata, "name")?,
    })
}

/// Returns what a planned object asks for.
pub(crate) fn wanted(planned: &Value) -> Option<Wanted> {
    let manifest = attribute(planned, "manifest");
    let manager = first_block(planned, "field_manager");
    Some(Wanted {
        named: named(&manifest)?,
        body: to_json(&manifest)?,
        manager: manager.as_ref().and_then(|block| set_text(block, "name")).unwrap_or_else(|| MANAGER.to_owned()),
        is_forced: manager.is_some_and(|block| flag(&block, "force_conflicts")),
        is_hidden: false,
    })
}

/// Returns how long an action may take.
pub(crate) fn time_limit(object: &Value, action: &str) -> Duration {
    let text = first_block(object, "timeouts").and_then(|block| set_text(&block, action));
    text.and_then(|text| parse_duration(&text)).unwrap_or(TIME_LIMIT)
}

fn not_readable() -> Problem {
    let detail = "The manifest in state has no `apiVersion`, `kind` or `metadata.name`.";
    Problem::error("Stored object not readable", detail)
}

impl Manifest {
    async fn look(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let session = match self.0.session() {
            Ok(session) => session,
            Err(problem) => {
                return requests.into_iter().map(|request| ReadResponse::failed(request, problem.clone())).collect();
            }
        };
        let names: Vec<Option<Named>> =
            requests.iter().map(|request| named(&attribute(&request.current, "manifest"))).collect();
        let known: Vec<Named> = names.iter().flatten().cloned().collect();
        let mut found = find_all(&session, &known).await.into_iter();
        let answers = requests.into_iter().zip(names).map(|(request, named)| match named.and_then(|_| found.next()) {
            None => ReadResponse::failed(request, not_readable()),
            Some(Err(problem)) => ReadResponse::failed(request, problem),
            Some(Ok(None)) => {
                let none = Value::null(request.current.ty());
                ReadResponse::new(request, none)
            }
            Some(Ok(Some((place, object)))) => {
                session.note_ours(&place);
                seen(request, &object)
            }
        });
        answers.collect()
    }

    async fn make(&self, request: &ApplyRequest<'_>) -> Result<(Value, Kept, Json, Option<Problem>), Problem> {
        let session = self.0.session()?;
        let planned = &request.planned;
        let wanted = wanted(planned).ok_or_else(not_readable)?;
        self.announce(planned);
        let action = if request.prior.is_null() { "create" } else { "update" };
        let limit = time_limit(planned, action);
        let work = Work { cluster: &self.0, session: &session, progress: request.progress, limit };
        let (place, object) =
            if request.prior.is_null() { work.create(&wanted).await? } else { work.update(&wanted).await? };
        let computed = texts(planned, "computed_fields");
        let mut kept = Kept::of(&object, &wanted.manager, &wanted.body, &computed);
        let (new, is_stale) = settled(planned, &object, &kept.fields);
        kept.is_stale = is_stale;
        let rules = wait_rules::read(planned);
        let waiting = Waiting { session: &session, place: &place, progress: request.progress, limit };
        let condition = |object: &Json| match rules.look(object) {
            Look::Ready if is_waited_for_anyway(object) => look(object),
            other => other,
        };
        let (_, problem) = waiting.until(object.clone(), &condition).await;
        Ok((new, kept, object, problem))
    }

    /// Lets others know of a kind that is about to be there.
    fn announce(&self, planned: &Value) {
        definition::defined(&attribute(planned, "manifest")).into_iter().for_each(|kind| self.0.expect(kind));
    }

    async fn remove(&self, request: &ApplyRequest<'_>) -> Result<(), Problem> {
        let session = self.0.session()?;
        let named = named(&attribute(&request.prior, "manifest")).ok_or_else(not_readable)?;
        let kept = Kept::read(&request.private);
        let limit = time_limit(&request.prior, "delete");
        let work = Work { cluster: &self.0, session: &session, progress: request.progress, limit };
        work.delete(&named, kept.known_uid()).await
    }

    async fn find_for_import(&self, context: &Context<'_>, request: ImportRequest) -> Result<ImportResponse, Problem> {
        let session = self.0.session()?;
        let named = match &request.target {
            ImportTarget::Id(id) => identity::parse_import_id(id)?,
            ImportTarget::Identity(value) => identity::named(value)?,
        };
        let found = find_all(&session, std::slice::from_ref(&named)).await.into_iter().next();
        let Some((_, object)) = found.transpose()?.flatten() else {
            let detail = format!("There is no {} in the cluster.", named.describe());
            return Err(Problem::error("Object not found", detail));
        };
        let value = as_found(context.schema, &object)?;
        let kept = Kept { uid: at(&object, "/metadata/uid").to_owned(), is_stale: true, ..Kept::default() };
        let identity = Some(identity::of(&object));
        let found = ImportedObject { kind: request.kind, object: value, private: kept.write(), identity };
        Ok(ImportResponse { objects: vec![found], ..ImportResponse::default() })
    }

    async fn settle(&self, context: &Context<'_>, intent: &FindIntent) -> Result<IntentOutcome, Problem> {
        let session = self.0.session()?;
        if intent.action == Action::Create {
            // Before anything is made, it is written down what is to be made, and that it was not there.
            let Some(handle) = intent.handle.as_deref().and_then(Handle::read) else {
                return Ok(IntentOutcome::absent());
            };
            let Some(object) = handle.find(&session).await? else { return Ok(IntentOutcome::absent()) };
            let kept = Kept::of(&object, &handle.manager, &object, &[]);
            return Ok(IntentOutcome::Found {
                object: as_found(context.schema, &object)?,
                private: kept.write(),
                identity: Some(identity::of(&object)),
                problems: vec![],
            });
        }
        let wanted = wanted(&intent.prior).ok_or_else(not_readable)?;
        let found = find_all(&session, std::slice::from_ref(&wanted.named)).await.into_iter().next();
        let Some((_, object)) = found.transpose()?.flatten() else { return Ok(IntentOutcome::absent()) };
        let kept = Kept::read(&intent.private);
        if kept.known_uid().is_some_and(|uid| uid != at(&object, "/metadata/uid")) {
            return Ok(IntentOutcome::absent());
        }
        // Whether the change is in it is for the next plan to say: it compares everything anew.
        let value = with(&intent.prior, vec![("object", from_json(&stripped(&object)))]);
        let kept = Kept { has_drifted: true, ..kept };
        let identity = Some(identity::of(&object));
        Ok(IntentOutcome::Found { object: value, private: kept.write(), identity, problems: vec![] })
    }
}

/// Returns an object that was found, as if the whole of it had been configured.
fn as_found(schema: &Schema, object: &Json) -> Result<Value, Problem> {
    let content = from_json(&stripped(object));
    let empty = sdk::read_stored(&Json::Object(serde_json::Map::new()), &schema.block, &schema.block.ty())?;
    Ok(with(&empty, vec![("manifest", content.clone()), ("object", content)]))
}

/// What others need at once is waited for without being asked to.
fn is_waited_for_anyway(object: &Json) -> bool {
    matches!(at(object, "/kind"), "CustomResourceDefinition" | "Namespace" | "APIService")
}

/// Tells what was seen of an object: what is ours in it as it is, everything else as it was.
fn seen(request: ReadRequest, object: &Json) -> ReadResponse {
    let kept = Kept::read(&request.private);
    let identity = Some(identity::of(object));
    let is_true = kept.is_true_of(object);
    let (value, kept) = if is_true && !kept.is_stale && !kept.has_drifted {
        (request.current.clone(), kept)
    } else {
        let value = with(&request.current, vec![("object", from_json(&stripped(object)))]);
        let uid = at(object, "/metadata/uid").to_owned();
        (value, Kept { uid, has_drifted: !is_true, is_stale: false, ..kept })
    };
    ReadResponse { private: kept.write(), identity, ..ReadResponse::new(request, value) }
}

impl ResourceType for Manifest {
    fn name(&self) -> &'static str {
        "kubernetes_manifest"
    }

    fn schema(&self) -> Schema {
        manifest_schema::schema()
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        manifest_schema::validate(config)
    }

    fn is_validated_together(&self) -> bool {
        true
    }

    fn validate_together(&self, configs: &[Value]) -> Vec<(usize, Problem)> {
        let manifests: Vec<Value> = configs.iter().map(|config| attribute(config, "manifest")).collect();
        definition::check(&manifests)
    }

    fn foresee_together(&self, planned: &[Value]) -> Vec<(usize, Value)> {
        let manifests: Vec<Value> = planned.iter().map(|object| attribute(object, "manifest")).collect();
        let new = |index: &usize| !attribute(&planned[*index], "object").is_known();
        let found = definition::defaulted(&manifests).into_iter().filter(|(index, _)| new(index));
        found.map(|(index, object)| (index, with(&planned[index], vec![("object", object)]))).collect()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(identity::schema())
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        Box::pin(async move {
            let wanted = wanted(&request.proposed);
            self.announce(&request.proposed);
            let session: Option<Arc<Session>> = self.0.known();
            manifest_plan::plan(session.as_deref(), schema, request, wanted).await
        })
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        Box::pin(async move {
            let fallback = request.clone();
            let answer = self.look(vec![request]).await.into_iter().next();
            answer.unwrap_or_else(|| ReadResponse::failed(fallback, not_readable()))
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

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        costs::outlook(prospect)
    }

    fn costs(&self, object: &Value) -> Costs {
        costs::of_manifest(&attribute(object, "manifest"))
    }

    fn bond(&self, object: &Value) -> Bond {
        let manifest = attribute(object, "manifest");
        let own = text(&manifest, "apiVersion").zip(text(&manifest, "kind"));
        Bond {
            gives: definition::defined(&manifest).map(Into::into),
            takes: own.map(|(version, kind)| group_kind(&version, &kind).into()),
        }
    }

    fn fate(&self, object: &Value) -> Fate {
        crate::json::to_json(&attribute(object, "manifest")).map_or(Fate::Deleted, |manifest| fate(&manifest))
    }

    fn ground(&self, object: &Value) -> Ground {
        ground(&attribute(object, "manifest"))
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(if action == Action::Delete { 5 } else { 3 })
    }
}

impl Manifest {
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
}

/// The type of `object`: whatever the kind has.
pub(crate) const ANYTHING: Type = Type::Dynamic;
