//! `length`: the number of characters, elements or attributes.

use value::{Kind, Number, Refinement, Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, graphemes, param, types};

pub(super) static LENGTH: Function = Function {
    name: "length",
    summary: "Returns the number of characters (grapheme clusters) of a string, or of elements of a collection.",
    params: &[param("value", types::any).dynamic().unknown().marks()],
    rest: None,
    returns: Returns::Computed(result_type),
    examples: &[
        example("length([])", "0"),
        example(r#"length(["a", "b"])"#, "2"),
        example(r#"length({ a = "b" })"#, "1"),
        example(r#"length("👨‍👩‍👧e\u0301")"#, "2"),
        example("length(5)", "error: a string or a collection is required"),
    ],
    code: Code::Eager(length),
};

fn result_type(call: &Call<'_>) -> Result<Type, CallError> {
    match call.args[0].ty() {
        Type::Bool | Type::Number | Type::Meta => Err(CallError::argument(0, "a string or a collection is required")),
        _ => Ok(Type::Number),
    }
}

fn length(call: &Call<'_>) -> Outcome {
    let value = &call.args[0];
    let count = match value.kind() {
        Kind::String(text) => Value::number(graphemes::count(text)),
        Kind::Tuple(_) | Kind::Object(_) => Value::number(value.element_count().unwrap_or_default()),
        Kind::Unknown(Type::Tuple(elements), _) => Value::number(elements.len()),
        Kind::Unknown(Type::Object(object), _) => Value::number(object.attributes().len()),
        Kind::Unknown(Type::String, known) => {
            let least = graphemes::count(known.prefix.as_deref().unwrap_or_default());
            let number_min = Some((Number::from(least), true));
            Value::unknown(Type::Number).refine(Refinement { number_min, ..Refinement::not_null() })
        }
        Kind::Unknown(Type::Dynamic, _) => Value::unknown(Type::Number),
        _ => value.length().map_err(|error| CallError::argument(0, error.0))?,
    };
    Ok(count.with_marks(value.marks()))
}
