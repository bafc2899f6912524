//! `terraform_data`: keeps a value in state, and is replaced when another value changes.

use std::time::Duration;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Kind, Path, PathStep, Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Context, FindIntent, ImportRequest, ImportResponse, ImportTarget,
    ImportedObject, IntentOutcome, PlanRequest, PlanResponse, Problem, ReadRequest, ReadResponse, ResourceType, answer,
    attribute, random_uuid,
};

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

    fn typical_duration(&self, _: Action) -> Duration {
        Duration::ZERO
    }

    /// An object is nowhere but in state: one that was not stored was not made, and one that was is as stored.
    fn find_intent<'a>(&'a self, _: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        let FindIntent { prior, private, .. } = intent;
        Some(answer(match prior.is_null() {
            true => IntentOutcome::Absent,
            false => IntentOutcome::Found { object: prior, private, identity: None, problems: vec![] },
        }))
    }
}

fn plan(request: &PlanRequest) -> PlanResponse {
    let PlanRequest { prior, proposed, .. } = request;
    if proposed.is_null() {
        return PlanResponse::new(proposed.clone());
    }
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
    use super::{TerraformData, plan};
    use sdk::value::{Type, Value};
    use sdk::{PlanRequest, ResourceType};

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

    #[test]
    fn has_the_attributes_of_terraforms() {
        let ty = TerraformData.schema().block.ty().to_string();
        assert_eq!(ty, "object({id=string,input=any,output=any,triggers_replace=any})");
    }
}
