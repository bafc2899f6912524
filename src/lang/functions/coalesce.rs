//! `coalesce`, `coalescelist`: the first argument that says something.

use value::{Type, Value, convert, unify};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static COALESCE: Function = Function {
    name: "coalesce",
    summary: "Returns the first argument that is neither null nor an empty string, converted to the one type that all \
              arguments convert to.",
    params: &[],
    rest: Some(param("vals", types::any).null().unknown().dynamic()),
    returns: Returns::Computed(coalesce_type),
    examples: &[
        example(r#"coalesce(null, "", "b")"#, "\"b\""),
        example(r#"coalesce(1, "a")"#, "\"1\""),
        example(r#"coalesce([], ["a"])"#, "tolist([])"),
        example(r#"coalesce("")"#, "error: every argument is null or an empty string"),
        example("coalesce(true, 1)", "error: no single type"),
    ],
    code: Code::Eager(coalesce),
};

pub(super) static COALESCELIST: Function = Function {
    name: "coalescelist",
    summary: "Returns the first list or tuple that is not empty.",
    params: &[],
    rest: Some(param("vals", types::any).null().unknown().dynamic()),
    returns: Returns::Computed(coalescelist_type),
    examples: &[
        example(r#"coalescelist([], ["a"], ["b"])"#, "[\n  \"a\",\n]"),
        example("coalescelist([], [])", "error: every argument is null or empty"),
        example(r#"coalescelist(toset(["a"]))"#, "error: set of string"),
    ],
    code: Code::Eager(coalescelist),
};

fn coalesce_type(call: &Call<'_>) -> Result<Type, CallError> {
    let types: Vec<Type> = call.args.iter().map(Value::ty).collect();
    let unified = if types.is_empty() { None } else { unify(&types) };
    unified.ok_or_else(|| CallError::new("there is no single type that all arguments convert to"))
}

fn coalesce(call: &Call<'_>) -> Outcome {
    for (index, arg) in call.args.iter().enumerate() {
        let value = convert(arg, &call.ty).map_err(|e| CallError::argument(index, e.to_string()))?;
        if !value.is_known() {
            return Ok(Value::unknown(call.ty.clone()));
        }
        if !value.is_null() && value.as_str() != Some("") {
            return Ok(value);
        }
    }
    Err(CallError::new("every argument is null or an empty string"))
}

fn coalescelist_type(call: &Call<'_>) -> Result<Type, CallError> {
    let Some(first) = call.args.first() else {
        return Err(CallError::new("it needs at least one argument"));
    };
    let first = first.ty();
    let mut same = true;
    for arg in call.args {
        if !arg.is_known() {
            return Ok(Type::Dynamic);
        }
        let ty = arg.ty();
        if !matches!(ty, Type::List(_) | Type::Tuple(_)) {
            return Err(CallError::new(format!("arguments must be lists or tuples, not {}", ty.friendly_name())));
        }
        same = same && ty == first;
    }
    Ok(if same { first } else { Type::Dynamic })
}

fn coalescelist(call: &Call<'_>) -> Outcome {
    for arg in call.args {
        if !arg.is_known() {
            return Ok(Value::unknown(call.ty.clone()));
        }
        if arg.element_count().is_some_and(|count| count > 0) {
            return Ok(arg.clone());
        }
    }
    Err(CallError::new("every argument is null or empty"))
}
