//! `kubernetes_labels` and `kubernetes_annotations`: marks on objects that somebody else looks after.

use std::sync::Arc;

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Path, PathStep, Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Context, Fate, FindIntent, IdentitySchema, ImportRequest,
    ImportResponse, ImportTarget, ImportedObject, IntentOutcome, PlanRequest, PlanResponse, PlanRules, Problem,
    ReadRequest, ReadResponse, ResourceType, answer, attribute, block, plan_by_schema,
};
use serde_json::{Value as Json, json};

use crate::api::{Applying, Place};
use crate::cluster::{Cluster, Named, Session};
use crate::fields::applied_by;
use crate::identity;
use crate::json::{entries, first_block, flag, members, plain, set_text, with};
use crate::reading::find_all;

/// The resource type; `kind` is `labels` or `annotations`.
pub(crate) struct Marks {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) cluster: Arc<Cluster>,
}

impl Marks {
    fn named(object: &Value) -> Option<Named> {
        let metadata = first_block(object, "metadata")?;
        Some(Named {
            api_version: set_text(object, "api_version")?,
            kind: set_text(object, "kind")?,
            namespace: set_text(&metadata, "namespace"),
            name: set_text(&metadata, "name")?,
        })
    }

    /// Returns who owns the marks: not the owner of the rest, whose next apply would take them away.
    fn manager(&self, object: &Value) -> String {
        set_text(object, "field_manager").unwrap_or_else(|| format!("gantry-{}", self.kind))
    }

    async fn place(session: &Session, named: &Named) -> Result<Place, Problem> {
        let doing = format!("look for the {}", named.describe());
        let place = session.place(named).await.map_err(|failure| failure.problem(&doing))?;
        place.ok_or_else(|| Self::absent(named))
    }

    fn absent(named: &Named) -> Problem {
        let detail = format!("There is no {} in the cluster to mark.", named.describe());
        Problem::error("Object not found", detail).at("metadata")
    }

    /// Applies the marks and nothing else. An apply would make an object that is not there, so it is looked at first.
    async fn put(&self, object: &Value, marks: Vec<(String, String)>) -> Result<bool, Problem> {
        let session = self.cluster.session()?;
        let named = Self::named(object).ok_or_else(|| Problem::error("Incomplete object", "It has no name."))?;
        let place = Self::place(&session, &named).await?;
        let doing = format!("mark the {}", place.describe());
        if session.api.find(&place).await.map_err(|failure| failure.problem(&doing))?.is_none() {
            return Ok(false);
        }
        let mut body = crate::changes::body(&named, json!({}));
        if let Some(namespace) = &place.namespace {
            body["metadata"]["namespace"] = namespace.clone().into();
        }
        if !marks.is_empty() {
            body["metadata"][self.kind] = members(marks);
        }
        let manager = self.manager(object);
        let how = Applying { manager: &manager, is_forced: flag(object, "force"), is_dry: false };
        session
            .api
            .apply_ours(&place, &body, how)
            .await
            .map_err(|failure| marking_problem(&failure.problem(&doing)))?;
        Ok(true)
    }

    async fn look(&self, request: ReadRequest) -> Result<ReadResponse, Problem> {
        let session = self.cluster.session()?;
        let named =
            Self::named(&request.current).ok_or_else(|| Problem::error("Incomplete object", "It has no name."))?;
        let found = find_all(&session, std::slice::from_ref(&named)).await.into_iter().next();
        let found = found.transpose()?.flatten();
        let identity = Some(identity::of_named(&named));
        let Some((_, object)) = found else {
            let none = Value::null(request.current.ty());
            return Ok(ReadResponse::new(request, none));
        };
        let value = self.taken_over(&request.current, &object);
        Ok(ReadResponse { identity, ..ReadResponse::new(request, value) })
    }

    /// Takes over the marks that are ours, as they are now.
    fn taken_over(&self, current: &Value, object: &Json) -> Value {
        let ours = applied_by(object, &self.manager(current)).unwrap_or_default();
        let ours = ours.pointer(&format!("/f:metadata/f:{}", self.kind)).cloned().unwrap_or_default();
        let known = entries(current, self.kind);
        let is_ours = |key: &str| ours.get(format!("f:{key}")).is_some() || known.iter().any(|(known, _)| known == key);
        let marks = object.pointer(&format!("/metadata/{}", self.kind)).and_then(Json::as_object);
        let marks = marks.into_iter().flatten().filter(|(key, _)| is_ours(key));
        let marks: Vec<(&str, Value)> = marks.map(|(key, value)| (key.as_str(), plain(value))).collect();
        with(current, vec![(self.kind, Value::map(Type::String, marks))])
    }

    async fn applied(&self, request: ApplyRequest<'_>) -> ApplyResponse {
        let marks = entries(&request.planned, self.kind);
        let named = Self::named(&request.planned);
        let problem = match (self.put(&request.planned, marks).await, &named) {
            (Ok(true), Some(named)) => {
                let identity = Some(identity::of_named(named));
                return ApplyResponse { identity, ..ApplyResponse::new(request.planned) };
            }
            (Err(problem), _) => problem,
            (Ok(_), Some(named)) => Self::absent(named),
            (Ok(_), None) => Problem::error("Incomplete object", "It has no name."),
        };
        ApplyResponse::failed(request, problem)
    }
}

/// Names the remedy in the words of these types.
fn marking_problem(problem: &Problem) -> Problem {
    Problem {
        detail: problem.detail.replace("`field_manager { force_conflicts = true }`", "`force = true`"),
        ..problem.clone()
    }
}

impl ResourceType for Marks {
    fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&self) -> Schema {
        let text = |name, description: &str| Attribute::new(name, Type::String).describe(description);
        let attributes = vec![
            text("id", "Which object it is, and how it is imported.").computed(),
            text("api_version", "Group and version of the object's kind: `apps/v1`.").required(),
            text("kind", "The object's kind: `Deployment`.").required(),
            text("field_manager", "Who owns the marks; `gantry-labels` or `gantry-annotations` unless set.").optional(),
            Attribute::new("force", Type::Bool)
                .optional()
                .describe("Whether marks that others have set otherwise are taken over from them."),
            Attribute::new(self.kind, Type::map(Type::String)).required().describe("The marks."),
        ];
        let metadata = vec![
            text("name", "The object's name.").required(),
            text("namespace", "The namespace that it is in.").optional(),
        ];
        let description = "Which object.";
        let metadata =
            NestedBlock { min_items: 1, max_items: 1, ..block("metadata", BlockNesting::List, description, metadata) };
        let description = "Marks on an object that somebody else looks after. Only these marks are Gantry's.";
        Schema {
            version: 0,
            block: Block { attributes, blocks: vec![metadata], description: description.into(), ..Block::default() },
        }
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(identity::schema())
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        let rules = PlanRules { replaces: &["api_version", "kind", "field_manager"], volatile: &[] };
        let mut response = plan_by_schema(schema, rules, &request);
        if let Some(named) = Self::named(&response.planned) {
            let id = Value::string(crate::changes::import_id(&named));
            response.planned = with(&response.planned, vec![("id", id)]);
            response.identity = Some(identity::of_named(&named));
        }
        if !request.prior.is_null() && attribute(&request.prior, "metadata") != attribute(&response.planned, "metadata")
        {
            response.requires_replace.push(Path(vec![PathStep::Attribute("metadata".into())]));
        }
        answer(response)
    }

    fn fate(&self, _object: &Value) -> Fate {
        Fate::Goes
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        Box::pin(async move {
            let fallback = request.clone();
            self.look(request).await.unwrap_or_else(|problem| ReadResponse::failed(fallback, problem))
        })
    }

    fn create<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(self.applied(request))
    }

    fn update<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(self.applied(request))
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            match self.put(&request.prior, Vec::new()).await {
                // Without the object there are no marks either.
                Ok(_) => ApplyResponse::new(request.planned),
                Err(problem) => ApplyResponse::failed(request, problem),
            }
        })
    }

    fn import<'a>(&'a self, context: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        Box::pin(async move {
            let named = match &request.target {
                ImportTarget::Id(id) => identity::parse_import_id(id),
                ImportTarget::Identity(value) => identity::named(value),
            };
            let stored = named.and_then(|named| {
                let metadata = json!({"name": named.name, "namespace": named.namespace});
                let raw = json!({
                    "id": crate::changes::import_id(&named), "api_version": named.api_version, "kind": named.kind,
                    "metadata": [metadata], self.kind: {},
                });
                let object = sdk::read_stored(&raw, &context.schema.block, &context.schema.block.ty())?;
                let identity = Some(identity::of_named(&named));
                Ok(ImportedObject { kind: request.kind, object, private: vec![], identity })
            });
            match stored {
                Ok(found) => ImportResponse { objects: vec![found], ..ImportResponse::default() },
                Err(problem) => ImportResponse::failed(problem),
            }
        })
    }

    fn find_intent<'a>(&'a self, _: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        // An apply of marks can be done any number of times: a create that was cut off is just done again.
        if intent.action == Action::Create {
            return Some(answer(IntentOutcome::absent()));
        }
        Some(Box::pin(async move {
            let request = ReadRequest {
                kind: intent.kind.clone(),
                current: intent.prior.clone(),
                private: vec![],
                identity: None,
                meta: Value::NULL,
                deferral_allowed: false,
            };
            match self.look(request).await {
                Ok(read) if read.object.is_null() => IntentOutcome::absent(),
                Ok(read) if intent.action == Action::Delete && entries(&read.object, self.kind).is_empty() => {
                    IntentOutcome::absent()
                }
                Ok(read) => {
                    let ReadResponse { object, private, identity, .. } = read;
                    IntentOutcome::Found { object, private, identity, problems: vec![] }
                }
                Err(problem) => IntentOutcome::Unknown(vec![problem]),
            }
        }))
    }
}
