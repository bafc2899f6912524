//! A provider with one defect at a time: each must be found.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Sample, check_life_cycle};
use crate::{
    ApplyRequest, ApplyResponse, Call, Context, Definition, FindIntent, ImportRequest, ImportResponse, ImportTarget,
    ImportedObject, IntentOutcome, NoConfiguration, PlanRequest, PlanResponse, PlanRules, Provider, ReadRequest,
    ReadResponse, ResourceType, answer, attribute, plan_by_schema,
};
use schema::{Attribute, Block, Schema};
use serde_json::json;
use value::{Type, Value};

/// What the things are in: by id, with the token that each was made with.
type Store = Arc<Mutex<BTreeMap<String, (String, Value)>>>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    None,
    BreaksPromise,
    ChangesConfigured,
    DoesNotKnowTokens,
    ForgetsToDelete,
    ForgetsToken,
    Hangs,
    KeepsPassword,
    LeavesUnknown,
    NeverRests,
    ReadsOtherwise,
    RefusesToDeleteTwice,
}

struct Thing(Store, Defect);

fn with(object: &Value, name: &str, value: Value) -> Value {
    let members = object.as_entries().unwrap_or_default().into_iter();
    Value::object(members.map(|(known, old)| {
        let new = if known == name { value.clone() } else { old.clone() };
        (known.clone(), new)
    }))
}

fn id(object: &Value) -> String {
    attribute(object, "id").as_str().unwrap_or_default().to_owned()
}

impl ResourceType for Thing {
    fn name(&self) -> &'static str {
        "x_thing"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("name", Type::String).required(),
            Attribute::new("password", Type::String).optional().write_only(),
            Attribute::new("id", Type::String).computed(),
        ];
        Schema { version: 0, block: Block { attributes, ..Block::default() } }
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        let response = plan_by_schema(schema, PlanRules::default(), &request);
        let planned = match self.1 {
            Defect::ChangesConfigured => with(&response.planned, "name", "other".into()),
            Defect::KeepsPassword => with(&response.planned, "password", "p".into()),
            Defect::NeverRests => with(&response.planned, "id", Value::unknown(Type::String)),
            _ => response.planned.clone(),
        };
        answer(PlanResponse { planned, ..response })
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        let found = self.0.lock().unwrap().get(&id(&request.current)).map(|(_, object)| object.clone());
        let found = found.unwrap_or_else(|| Value::null(self.schema().block.ty()));
        let found = if self.1 == Defect::ReadsOtherwise { with(&found, "name", "drifted".into()) } else { found };
        answer(ReadResponse::new(request, found))
    }

    fn create<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            if self.1 == Defect::Hangs {
                std::future::pending().await
            }
            if self.1 == Defect::LeavesUnknown {
                return ApplyResponse::new(request.planned);
            }
            let id = request.token.to_string();
            let object = with(&request.planned, "id", Value::string(id.clone()));
            let object = if self.1 == Defect::BreaksPromise { with(&object, "name", "other".into()) } else { object };
            let token = if self.1 == Defect::ForgetsToken { String::new() } else { id.clone() };
            self.0.lock().unwrap().insert(id.clone(), (token, object.clone()));
            let _ = request.progress.handle(&id).await;
            context.runtime.sleep(Duration::from_secs(9)).await;
            ApplyResponse::new(object)
        })
    }

    fn update<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        if let Some((_, object)) = self.0.lock().unwrap().get_mut(&id(&request.planned)) {
            *object = request.planned.clone();
        }
        answer(ApplyResponse::new(request.planned))
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        let id = id(&request.prior);
        let mut store = self.0.lock().unwrap();
        if self.1 == Defect::RefusesToDeleteTwice && !store.contains_key(&id) {
            return answer(ApplyResponse::failed(request, crate::Problem::error("Gone", "")));
        }
        if self.1 != Defect::ForgetsToDelete {
            store.remove(&id);
        }
        answer(ApplyResponse::new(request.planned))
    }

    fn import<'a>(&'a self, _: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        let ImportTarget::Id(id) = request.target else { return answer(ImportResponse::default()) };
        let attributes = self.schema().block.attributes;
        let object = Value::object(attributes.iter().map(|a| (a.name.clone(), Value::null(a.ty()))));
        let object = with(&object, "id", id.into());
        let found = ImportedObject { kind: request.kind, object, private: vec![], identity: None };
        answer(ImportResponse { objects: vec![found], ..ImportResponse::default() })
    }

    fn find_intent<'a>(&'a self, _: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        if self.1 == Defect::DoesNotKnowTokens {
            return None;
        }
        let store = self.0.lock().unwrap();
        let found = store.values().find(|(token, _)| *token == *intent.token).map(|(_, object)| object.clone());
        Some(answer(match found {
            Some(object) => IntentOutcome::Found { object, private: vec![], identity: None, problems: vec![] },
            None => IntentOutcome::absent(),
        }))
    }
}

fn check(defect: Defect, expected: Option<&str>) {
    let store = Store::default();
    let make = || -> Box<dyn Provider> {
        Definition {
            source: "example.com/a/x",
            configuration: Box::new(NoConfiguration),
            resources: vec![Box::new(Thing(store.clone(), defect))],
            data_sources: vec![],
            ephemerals: vec![],
            functions: vec![],
        }
        .into_provider()
    };
    let sample =
        Sample { kind: "x_thing", config: json!({"name": "a", "password": "p"}), changes: vec![json!({"name": "b"})] };
    let faults = check_life_cycle(&make, &json!({}), &[sample]);
    match expected {
        None => assert_eq!(faults, Vec::<String>::new()),
        Some(expected) => {
            assert_eq!(faults.len(), 1, "{defect:?}");
            assert!(faults[0].contains(expected), "{defect:?}: {faults:?}");
        }
    }
}

#[test]
fn a_provider_without_defect_passes() {
    check(Defect::None, None);
}

#[test]
fn every_defect_is_found() {
    check(Defect::BreaksPromise, Some("name: \"a\" was planned, and \"other\" came of it"));
    check(Defect::ChangesConfigured, Some("name: \"other\" is planned where \"a\" is configured"));
    check(Defect::DoesNotKnowTokens, Some("there is no way to tell what became of a change"));
    check(Defect::ForgetsToDelete, Some("reading after destroying finds something"));
    check(Defect::ForgetsToken, Some("after a crash what had a handle is not found"));
    check(Defect::Hangs, Some("a call never ends"));
    check(Defect::KeepsPassword, Some("a write-only attribute is kept"));
    check(Defect::LeavesUnknown, Some("what was applied is not wholly known"));
    check(Defect::NeverRests, Some("a second plan is not empty"));
    check(Defect::ReadsOtherwise, Some("reading after applying finds a difference"));
    check(Defect::RefusesToDeleteTwice, Some("twice: destroying fails: Gone"));
}
