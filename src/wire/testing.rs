//! A provider for tests: a few types that do what a test needs, and a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use schema::{Attribute, Block, Schema};
use sdk::{
    ApplyRequest, ApplyResponse, Call, Context, Definition, FindIntent, Function, FunctionParameter, FunctionProblem,
    FunctionSignature, IdentityAttribute, IdentitySchema, IntentOutcome, ListRequest, ListResponse, ListedObject,
    NoConfiguration, Problem, Provider, ReadRequest, ReadResponse, ResourceType, Runtime, answer,
};
use value::{Type, Value};

pub(crate) struct FixedRuntime;

impl Runtime for FixedRuntime {
    fn now(&self) -> Duration {
        Duration::from_secs(1_795_253_445)
    }

    fn sleep(&self, duration: Duration) -> Call<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> u128 {
        4
    }
}

/// `x_thing`: what it does follows from its name.
struct Thing;

impl ResourceType for Thing {
    fn name(&self) -> &'static str {
        "x_thing"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("id", Type::String).computed(),
            Attribute::new("name", Type::String).required(),
            Attribute::new("size", Type::Number).optional(),
        ];
        Schema { version: 2, block: Block { attributes, ..Block::default() } }
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema { version: 0, attributes: vec![IdentityAttribute::new("id", Type::String, "")] })
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let is_bad = config.attribute("name").is_some_and(|name| name.as_str() == Some("bad"));
        let problem = Problem::error("Bad name", "It must not be bad.").at("name");
        if is_bad { vec![problem] } else { vec![] }
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        let object = request.current.clone();
        answer(ReadResponse::new(request, object))
    }

    fn create<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            let name = request.planned.attribute("name").unwrap_or(Value::NULL);
            let id = match name.as_str() {
                Some("panic") => panic!("on purpose"),
                Some("lost") => {
                    let reported = request.progress.handle("h-7").await;
                    let lost = Problem::error("Answer lost", "It may be there.");
                    return ApplyResponse::failed(request, reported.err().unwrap_or(lost));
                }
                // A size that is no number: not what the schema says.
                Some("wrong") => {
                    let size = Value::from("large");
                    return ApplyResponse::new(Value::object([("id", "1".into()), ("name", name), ("size", size)]));
                }
                Some("slow") => {
                    context.runtime.sleep(Duration::from_millis(400)).await;
                    "slow-1"
                }
                _ => "1",
            };
            let size = request.planned.attribute("size").unwrap_or(Value::NULL);
            ApplyResponse::new(Value::object([("id", id.into()), ("name", name), ("size", size)]))
        })
    }

    fn find_intent<'a>(&'a self, _: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        let id = Value::from(intent.handle?);
        let object = thing(id, "lost");
        Some(answer(IntentOutcome::Found { object, private: vec![7], identity: None, problems: vec![] }))
    }

    fn list_schema(&self) -> Option<Schema> {
        Some(Schema::default())
    }

    /// Pages of two things, without end.
    fn list<'a>(&'a self, _: Context<'a>, request: ListRequest) -> Call<'a, ListResponse> {
        let page: u64 = request.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(0);
        let thing = |number: u64| {
            let id = Value::from(format!("{number}"));
            let object = Value::object([("id", id.clone()), ("name", "n".into()), ("size", Value::null(Type::Number))]);
            ListedObject {
                identity: Some(Value::object([("id", id)])),
                display_name: format!("thing {number}").into(),
                object: request.objects.then_some(object),
                problems: vec![],
            }
        };
        let next = Some((page + 1).to_string().into());
        answer(ListResponse { objects: vec![thing(2 * page), thing(2 * page + 1)], next, problems: vec![] })
    }
}

/// `half`: half of a whole number.
struct Half;

impl Function for Half {
    fn name(&self) -> &'static str {
        "half"
    }

    fn signature(&self) -> FunctionSignature {
        FunctionSignature::new("Halves", vec![FunctionParameter::new("n", Type::Number, "")], Type::Number)
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        match args[0].as_number().and_then(|number| number.to_i64()) {
            Some(number) if number % 2 == 0 => Ok(Value::number(number / 2)),
            _ => Err(FunctionProblem::argument(0, "it must be even")),
        }
    }
}

pub(crate) fn provider() -> Box<dyn Provider> {
    Definition {
        source: "example.com/a/x",
        configuration: Box::new(NoConfiguration),
        resources: vec![Box::new(Thing)],
        data_sources: vec![],
        ephemerals: vec![],
        functions: vec![Box::new(Half)],
    }
    .into_provider()
}

pub(crate) fn runtime() -> Arc<dyn Runtime> {
    Arc::new(FixedRuntime)
}

/// The object of a thing.
pub(crate) fn thing(id: Value, name: &str) -> Value {
    Value::object([("id", id), ("name", name.into()), ("size", Value::null(Type::Number))])
}

pub(crate) fn thing_type() -> Type {
    Type::object([("id", Type::String), ("name", Type::String), ("size", Type::Number)])
}
