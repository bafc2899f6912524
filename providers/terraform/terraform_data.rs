//! `terraform_data`: keeps a value in state, and is replaced when another value changes.

use std::time::Duration;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Kind, Path, PathStep, Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Context, FindIntent, ImportRequest, ImportResponse, ImportTarget,
    ImportedObject, IntentOutcome, MoveRequest, MoveResponse, PlanRequest, PlanResponse, Problem, ReadRequest,
    ReadResponse, ResourceType, answer, attribute, random_uuid,
};

use serde_json::Value as Json;

/// The resource type.
pub(crate) struct TerraformData;

impl ResourceType for TerraformData {
    fn name(&self) -> &'static str {
        "terraform_data"
    }

    fn exists_outside(&self) -> bool {
        false
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("id", Type::String)
                .computed()
                .describe("A name that no other instance has, made up on creation."),
            Attribute::new("input", Type::Dynamic).optional().describe("A value to keep in state."),
            Attribute::new("output", Type::Dynamic)
                .computed()
                .mirrors("input")
                .describe("The value of `input`, once it has been applied."),
            Attribute::new("triggers_replace", Type::Dynamic)
                .optional()
                .describe("A value of any type. The instance is replaced when it changes."),
        ];
        let description = "Keeps a value in state and follows the life cycle of a managed resource, without anything \
                           outside being managed.";
        Schema { version: 0, block: Block { attributes, description: description.into(), ..Block::default() } }
    }

    fn plan<'a>(&'a self, _: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        answer(plan(&request))
    }

    /// There is nothing outside that could have changed.
    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        let current = request.current.clone();
        answer(ReadResponse::new(request, current))
    }

    fn create<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        let id = random_uuid(&*context.runtime).into();
        let output = attribute(&request.planned, "input");
        answer(ApplyResponse::new(with(&request.planned, &[("id", id), ("output", output)])))
    }

    fn update<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        let output = attribute(&request.planned, "input");
        answer(ApplyResponse::new(with(&request.planned, &[("output", output)])))
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        answer(ApplyResponse::new(request.planned))
    }

    fn import<'a>(&'a self, context: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        let ImportTarget::Id(id) = request.target else {
            let detail = "A `terraform_data` has no identity: import it by its `id`.";
            return answer(ImportResponse::failed(Problem::error("Import not possible", detail)));
        };
        let attributes = context.schema.block.attributes.iter();
        let object = Value::object(attributes.map(|attribute| (attribute.name.clone(), Value::null(attribute.ty()))));
        let object = with(&object, &[("id", id.into())]);
        let found = ImportedObject { kind: request.kind, object, private: vec![], identity: None };
        answer(ImportResponse { objects: vec![found], ..ImportResponse::default() })
    }

    /// A `null_resource` becomes one: its `triggers` are what replaces it.
    fn take_over<'a>(&'a self, schema: &'a Schema, request: MoveRequest) -> Call<'a, MoveResponse> {
        answer(take_over(schema, &request).unwrap_or_else(MoveResponse::failed))
    }

    fn typical_duration(&self, _: Action) -> Duration {
        Duration::ZERO
    }

    /// An object is nowhere but in state: one that was not stored was not made, and one that was is as stored.
    fn find_intent<'a>(&'a self, _: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        let FindIntent { prior, private, .. } = intent;
        Some(answer(match prior.is_null() {
            true => IntentOutcome::absent(),
            false => IntentOutcome::Found { object: prior, private, identity: None, problems: vec![] },
        }))
    }
}

fn take_over(schema: &Schema, request: &MoveRequest) -> Result<MoveResponse, Problem> {
    // Mirrors have the provider under other hosts.
    if !request.source_provider.ends_with("/hashicorp/null") {
        let detail = format!(
            "A `terraform_data` takes over a `null_resource` of the provider hashicorp/null, and nothing of {}.",
            request.source_provider
        );
        return Err(Problem::error("Unsupported source provider for move operation", detail));
    }
    if request.source_kind != "null_resource" {
        let detail = format!("A `terraform_data` takes over a `null_resource`, and no `{}`.", request.source_kind);
        return Err(Problem::error("Unsupported source resource type for move operation", detail));
    }
    let text = |json: &Json| match json {
        Json::String(text) => Value::string(text.as_str()),
        _ => Value::null(Type::String),
    };
    let id = request.source_raw.get("id").map_or(Value::null(Type::String), text);
    // Triggers are a map there; but people write `{ … }`, which is an object, and replaces nothing only if it is equal.
    let triggers = request.source_raw.get("triggers").and_then(Json::as_object);
    let triggers = triggers.map_or(Value::NULL, |triggers| {
        Value::object(triggers.iter().map(|(name, value)| (name.as_str(), text(value))))
    });
    let attributes = schema.block.attributes.iter();
    let empty = Value::object(attributes.map(|attribute| (attribute.name.clone(), Value::null(attribute.ty()))));
    let object = with(&empty, &[("id", id), ("triggers_replace", triggers)]);
    Ok(MoveResponse { object, private: vec![], identity: None, problems: vec![] })
}

fn plan(request: &PlanRequest) -> PlanResponse {
    let PlanRequest { prior, proposed, .. } = request;
    let input = attribute(proposed, "input");
    let id = || Value::unknown(Type::String).refine_not_null();
    if prior.is_null() {
        return PlanResponse::new(with(proposed, &[("id", id()), ("output", output_to_be(&input))]));
    }
    if attribute(prior, "triggers_replace") != attribute(proposed, "triggers_replace") {
        let requires_replace = vec![Path(vec![PathStep::Attribute("triggers_replace".into())])];
        let planned = with(proposed, &[("id", id()), ("output", output_to_be(&input))]);
        return PlanResponse { requires_replace, ..PlanResponse::new(planned) };
    }
    if attribute(prior, "input") != input {
        let output = Value::unknown(input.ty());
        return PlanResponse::new(with(proposed, &[("output", output)]));
    }
    PlanResponse::new(proposed.clone())
}

/// The output has the type of the input from the start, and is not null if the input is not.
fn output_to_be(input: &Value) -> Value {
    if input.is_null() { input.clone() } else { Value::unknown(input.ty()) }
}

/// Returns an object with other values for some of its attributes.
fn with(object: &Value, changes: &[(&str, Value)]) -> Value {
    let Kind::Object(members) = object.kind() else { return object.clone() };
    let value = |(name, value): (&_, &Value)| {
        changes.iter().find(|(changed, _)| *changed == *name).map_or_else(|| value.clone(), |(_, new)| new.clone())
    };
    Value::object_of_shape(members.names().clone(), members.iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::{TerraformData, plan, take_over};
    use sdk::value::{Type, Value};
    use sdk::{MoveRequest, PlanRequest, ResourceType};
    use serde_json::{Value as Json, json};

    fn object(attributes: [(&'static str, Value); 4]) -> Value {
        Value::object(attributes)
    }

    /// An object with the id `i` whose output follows its input.
    fn prior(input: Value, triggers_replace: Value) -> Value {
        let output = input.clone();
        object([("id", "i".into()), ("input", input), ("output", output), ("triggers_replace", triggers_replace)])
    }

    /// The outcomes are those of Terraform 1.11.4 (`show -json` of a plan): id, output, and whether it replaces.
    fn check(prior: &Value, input: Value, triggers_replace: Value, expected: (&str, Value, bool)) {
        let (id, output) = match prior.is_null() {
            true => (Value::null(Type::String), Value::NULL),
            false => (sdk::attribute(prior, "id"), sdk::attribute(prior, "output")),
        };
        let proposed =
            object([("id", id), ("input", input), ("output", output), ("triggers_replace", triggers_replace)]);
        let response = plan(&PlanRequest {
            kind: "terraform_data".into(),
            prior: prior.clone(),
            config: proposed.clone(),
            proposed,
            prior_private: vec![],
            prior_identity: None,
            meta: Value::NULL,
            deferral_allowed: false,
            approved: None,
        });
        let id = sdk::attribute(&response.planned, "id");
        let id = id.as_str().unwrap_or("unknown");
        let found = (id, sdk::attribute(&response.planned, "output"), !response.requires_replace.is_empty());
        assert_eq!(found, expected);
    }

    #[test]
    fn the_output_is_unknown_until_the_input_is_applied() {
        let unknown = || Value::unknown(Type::String);
        check(&Value::NULL, "x".into(), Value::NULL, ("unknown", unknown(), false));
        check(&Value::NULL, Value::NULL, Value::NULL, ("unknown", Value::NULL, false));
        check(&Value::NULL, unknown(), Value::NULL, ("unknown", unknown(), false));
        let partly = Value::object([("a", unknown()), ("b", Value::number(1))]);
        let whole = Value::unknown(partly.ty());
        check(&Value::NULL, partly, Value::NULL, ("unknown", whole, false));
    }

    #[test]
    fn a_change_of_the_input_updates_and_one_of_the_triggers_replaces() {
        let unknown = || Value::unknown(Type::String);
        let there = prior("x".into(), "t1".into());
        check(&there, "x".into(), "t1".into(), ("i", "x".into(), false));
        check(&there, "y".into(), "t1".into(), ("i", unknown(), false));
        check(&there, Value::NULL, "t1".into(), ("i", Value::dynamic(), false));
        check(&there, "y".into(), "t2".into(), ("unknown", unknown(), true));
        check(&there, "x".into(), Value::NULL, ("unknown", unknown(), true));
    }

    /// Takes over what was stored; the triggers are an object then, as the configuration has them.
    #[test]
    fn takes_over_null_resources_and_nothing_else() {
        let schema = TerraformData.schema();
        let move_of = |provider: &str, kind: &str, raw: Json| MoveRequest {
            kind: "terraform_data".into(),
            source_provider: provider.into(),
            source_kind: kind.into(),
            source_version: 0,
            source_raw: raw,
            source_private: vec![],
            source_identity: None,
        };
        let raw = json!({"id": "1", "triggers": {"a": "b"}});
        let null = "registry.terraform.io/hashicorp/null";
        let taken = take_over(&schema, &move_of(null, "null_resource", raw.clone())).expect("it is taken over");
        let triggers = Value::object([("a", Value::string("b"))]);
        assert_eq!(
            taken.object,
            object([
                ("id", "1".into()),
                ("input", Value::NULL),
                ("output", Value::NULL),
                ("triggers_replace", triggers),
            ])
        );
        let bare = take_over(&schema, &move_of(null, "null_resource", json!({"id": "1", "triggers": null})));
        assert_eq!(sdk::attribute(&bare.expect("it is taken over").object, "triggers_replace"), Value::NULL);
        assert!(take_over(&schema, &move_of(null, "null_data_source", raw.clone())).is_err());
        assert!(take_over(&schema, &move_of("registry.terraform.io/other/null2", "null_resource", raw)).is_err());
    }

    #[test]
    fn has_the_attributes_of_terraforms() {
        let ty = TerraformData.schema().block.ty().to_string();
        assert_eq!(ty, "object({id=string,input=any,output=any,triggers_replace=any})");
    }
}
