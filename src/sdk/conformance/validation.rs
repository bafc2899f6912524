//! Rules for validation and functions: they hold back while values are unknown.

use std::collections::BTreeMap;

use ecow::EcoString;
use schema::{Block, Schema};
use value::Value;

use crate::{Problem, Provider};

/// Checks that nothing is found wrong with what is not known yet; returns the faults, a sentence each.
///
/// Every schema is tried with all its attributes and blocks unknown, and with the whole configuration unknown.
pub fn check_validation(provider: &dyn Provider) -> Vec<String> {
    let schemas = provider.schemas();
    let own = BTreeMap::from([("provider".into(), schemas.provider.clone())]);
    let mut faults = Vec::new();
    check_kinds(&own, &mut faults, |_, config| provider.validate_provider(config));
    check_kinds(&schemas.resources, &mut faults, |kind, config| provider.validate_resource(kind, config));
    check_kinds(&schemas.data_sources, &mut faults, |kind, config| provider.validate_data(kind, config));
    check_kinds(&schemas.ephemerals, &mut faults, |kind, config| provider.validate_ephemeral(kind, config));
    faults
}

fn check_kinds(
    kinds: &BTreeMap<EcoString, Schema>,
    faults: &mut Vec<String>,
    validate: impl Fn(&str, &Value) -> Vec<Problem>,
) {
    for (kind, schema) in kinds {
        let whole = Value::unknown(schema.block.ty().without_optional());
        for (what, config) in [("parts are", unknown_parts(&schema.block)), ("whole is", whole)] {
            for problem in validate(kind, &config).iter().filter(|problem| problem.is_error()) {
                let summary = &problem.summary;
                faults.push(format!("{kind}: a configuration whose {what} unknown is refused: {summary}"));
            }
        }
    }
}

/// Makes a configuration in which everything that may be set is unknown and the rest null.
fn unknown_parts(block: &Block) -> Value {
    let attributes = block.attributes.iter().map(|attribute| {
        let ty = attribute.ty().without_optional();
        let value = if attribute.is_settable() { Value::unknown(ty) } else { Value::null(ty) };
        (attribute.name.clone(), value)
    });
    let blocks =
        block.blocks.iter().map(|nested| (nested.name.clone(), Value::unknown(nested.ty().without_optional())));
    Value::object(attributes.chain(blocks))
}

/// Checks that every function can be called with unknown arguments; returns the faults, a sentence each.
pub fn check_functions(provider: &dyn Provider) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, signature) in &provider.schemas().functions {
        let parameters = signature.parameters.iter().chain(&signature.variadic);
        let args = parameters.map(|parameter| Value::unknown(parameter.ty.without_optional())).collect();
        if let Err(problem) = signature.call(args, |args| provider.call_function(name, args)) {
            faults.push(format!("{name}(): a call with unknown arguments fails: {problem}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{check_functions, check_validation};
    use crate::{
        Definition, Function, FunctionParameter, FunctionProblem, FunctionSignature, NoConfiguration, Problem,
        ResourceType, attribute,
    };
    use schema::{Attribute, Block, Schema};
    use value::{Type, Value};

    struct Hasty;

    impl ResourceType for Hasty {
        fn name(&self) -> &'static str {
            "x_hasty"
        }

        fn schema(&self) -> Schema {
            let attributes = vec![Attribute::new("name", Type::String).required()];
            Schema { version: 0, block: Block { attributes, ..Block::default() } }
        }

        fn validate(&self, config: &Value) -> Vec<Problem> {
            match attribute(config, "name").as_str() {
                Some(_) => vec![],
                None => vec![Problem::error("Name missing", "")],
            }
        }
    }

    impl Function for Hasty {
        fn name(&self) -> &'static str {
            "f"
        }

        fn signature(&self) -> FunctionSignature {
            FunctionSignature::new("", vec![FunctionParameter::new("a", Type::String, "").unknown()], Type::String)
        }

        fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
            args[0].as_str().map(Value::from).ok_or_else(|| FunctionProblem::argument(0, "no text"))
        }
    }

    #[test]
    fn rules_that_do_not_hold_back_are_found() {
        let provider = Definition {
            source: "example.com/a/x",
            configuration: Box::new(NoConfiguration),
            resources: vec![Box::new(Hasty)],
            data_sources: vec![],
            ephemerals: vec![],
            functions: vec![Box::new(Hasty)],
        }
        .into_provider();
        let expected = [
            "x_hasty: a configuration whose parts are unknown is refused: Name missing",
            "x_hasty: a configuration whose whole is unknown is refused: Name missing",
        ];
        assert_eq!(check_validation(&*provider), expected);
        assert_eq!(check_functions(&*provider), ["f(): a call with unknown arguments fails: no text"]);
    }
}
