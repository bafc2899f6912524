//! `metadata functions`: what the functions of the language look like, for editors.

use lang::functions::{Call, Environment, FUNCTIONS, Function, Param, Returns};
use serde_json::{Map, Value, json};
use value::{Marks, Type, type_to_json};

use super::Run;
use crate::render::json;
use crate::{Exit, Session};

/// Print what the functions of the language look like, as JSON.
///
/// For each function, also under its name with the prefix "core::", it tells the description, the parameters and the
/// type of the result.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print as a JSON object; there is no other form.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "metadata functions";

    fn run(self, session: &mut Session) -> Exit {
        if !self.json {
            session.problem("Missing flag", "This command needs the flag -json: there is no form for people yet.");
            return Exit::FAILURE;
        }
        session.ui.out.print(&json::compact(&report()));
        Exit::SUCCESS
    }
}

fn report() -> Value {
    let mut signatures = Map::new();
    for function in FUNCTIONS {
        signatures.insert(function.name.to_owned(), signature(function));
    }
    for function in FUNCTIONS {
        signatures.insert(format!("core::{}", function.name), signature(function));
    }
    signatures.sort_keys();
    json!({ "format_version": "1.0", "function_signatures": signatures })
}

fn signature(function: &Function) -> Value {
    let returned = returned(function);
    let mut object = Map::new();
    object.insert("description".into(), function.summary.into());
    object.insert("return_type".into(), type_to_json(&returned));
    if !function.params.is_empty() {
        object.insert("parameters".into(), function.params.iter().map(parameter).collect());
    }
    if let Some(rest) = &function.rest {
        object.insert("variadic_parameter".into(), parameter(rest));
    }
    Value::Object(object)
}

/// Returns the type of the result as far as it is known without arguments.
fn returned(function: &Function) -> Type {
    let compute = match function.returns {
        Returns::Fixed(ty) => return ty(),
        Returns::Computed(compute) => compute,
    };
    let params = function.params.iter().chain(&function.rest);
    let args: Vec<value::Value> = params.map(|param| value::Value::unknown((param.ty)())).collect();
    let env = Environment::nowhere();
    let call = Call { args: &args, ty: Type::Dynamic, env: &env, marks: Marks::NONE };
    compute(&call).unwrap_or(Type::Dynamic)
}

fn parameter(param: &Param) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), param.name.into());
    if !param.summary.is_empty() {
        object.insert("description".into(), param.summary.into());
    }
    if param.allow_null {
        object.insert("is_nullable".into(), true.into());
    }
    object.insert("type".into(), type_to_json(&(param.ty)()));
    Value::Object(object)
}
