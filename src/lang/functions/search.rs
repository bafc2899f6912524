//! `contains`, `element`, `index`, `matchkeys`, `one`: what is in a list, and where.

use std::collections::HashSet;

use value::{Kind, Type, Value, convert, unify};

use super::parts::{Key, bare, certain_length, elements, tuple_types, whole_number};
use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static CONTAINS: Function = Function {
    name: "contains",
    summary: "Tells whether a list, tuple or set has an element that is equal to the value, which is not converted.",
    params: &[param("list", types::any), param("value", types::any)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"contains(["a", "b"], "b")"#, "true"),
        example(r#"contains(["1"], 1)"#, "false"),
        example(r#"contains("abc", "a")"#, "error: a list, tuple or set is required, not string"),
    ],
    code: Code::Eager(contains),
};

pub(super) static ELEMENT: Function = Function {
    name: "element",
    summary: "Returns the element of a list or tuple at an index, which starts again from 0 after the last element; -1 is \
              the last.",
    params: &[param("list", types::any).marks(), param("index", types::number)],
    rest: None,
    returns: Returns::Computed(element_type),
    examples: &[
        example(r#"element(["a", "b", "c"], 1)"#, "\"b\""),
        example(r#"element(["a", "b", "c"], 3)"#, "\"a\""),
        example(r#"element(["a", "b", "c"], -1)"#, "\"c\""),
        example("element([], 0)", "error: the list is empty"),
        example(r#"element(toset(["a"]), 0)"#, "error: set of string"),
    ],
    code: Code::Nullable(element),
};

pub(super) static INDEX: Function = Function {
    name: "index",
    summary: "Returns the index of the first element of a list or tuple that is equal to the value, which is not \
              converted.",
    params: &[param("list", types::any), param("value", types::any)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example(r#"index(["a", "b", "b"], "b")"#, "1"),
        example(r#"index(["1"], 1)"#, "error: no element is equal to the value"),
        example(r#"index([], "a")"#, "error: the list is empty"),
    ],
    code: Code::Eager(index),
};

pub(super) static MATCHKEYS: Function = Function {
    name: "matchkeys",
    summary: "Returns those elements of `values` for which the element of `keys` at the same index is in `searchset`.",
    params: &[param("values", types::list_any), param("keys", types::list_any), param("searchset", types::list_any)],
    rest: None,
    returns: Returns::Computed(matchkeys_type),
    examples: &[
        example(r#"matchkeys(["i-1", "i-2", "i-3"], ["a", "b", "a"], ["a"])"#, "tolist([\n  \"i-1\",\n  \"i-3\",\n])"),
        example(r#"matchkeys(["i-1"], ["a"], [])"#, "tolist([])"),
        example(r#"matchkeys(["i-1"], [], ["a"])"#, "error: 1 values cannot be paired with 0 keys"),
    ],
    code: Code::Eager(matchkeys),
};

pub(super) static ONE: Function = Function {
    name: "one",
    summary: "Returns the only element of a list, set or tuple, or null if it is empty.",
    params: &[param("list", types::any)],
    rest: None,
    returns: Returns::Computed(one_type),
    examples: &[
        example(r#"one(["a"])"#, "\"a\""),
        example("one([])", "null"),
        example(r#"one(["a", "b"])"#, "error: it has 2 elements"),
        example(r#"one("a")"#, "error: a list, set or tuple is required, not string"),
    ],
    code: Code::Nullable(one),
};

/// Looks for a value. `Ok` is the index of the first equal element, `Err` tells whether an element may be equal.
fn find(values: &[Value], wanted: &Value) -> Result<usize, bool> {
    let mut unsure = false;
    for (index, value) in values.iter().enumerate() {
        match wanted.equals(value).as_bool() {
            Some(true) => return Ok(index),
            Some(false) => {}
            None => unsure = true,
        }
    }
    Err(unsure)
}

fn contains(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    let Some(values) = list.as_sequence() else {
        let message = format!("a list, tuple or set is required, not {}", list.ty().friendly_name());
        return Err(CallError::new(message));
    };
    Ok(match find(values, &call.args[1]) {
        Ok(_) => Value::TRUE,
        Err(true) => Value::unknown(Type::Bool),
        Err(false) => Value::FALSE,
    })
}

fn element_type(call: &Call<'_>) -> Result<Type, CallError> {
    let (list, index) = (&call.args[0], &call.args[1]);
    if let Some(types) = tuple_types(list) {
        if !index.is_known() {
            return Ok(Type::Dynamic);
        }
        return Ok(types[wrap(index, types.len())?].clone());
    }
    match list.ty() {
        Type::List(element) => Ok((*element).clone()),
        ty => Err(CallError::new(format!("a list or tuple is required, not {}", ty.friendly_name()))),
    }
}

fn wrap(index: &Value, length: usize) -> Result<usize, CallError> {
    let index = whole_number(index).map_err(|m| CallError::new(format!("invalid index: {m}")))?;
    match i64::try_from(length) {
        Ok(length) if length > 0 => Ok(index.rem_euclid(length) as usize),
        _ => Err(CallError::new("the list is empty, so it has no element to give")),
    }
}

fn element(call: &Call<'_>) -> Outcome {
    let (list, marks) = bare(&call.args[0]);
    let values = elements(&list);
    let index = wrap(&call.args[1], values.len())?;
    Ok(values[index].clone().with_marks(marks))
}

fn index(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    let (Kind::List(_) | Kind::Tuple(_)) = list.kind() else {
        return Err(CallError::new(format!("a list or tuple is required, not {}", list.ty().friendly_name())));
    };
    let values = elements(list);
    if values.is_empty() {
        return Err(CallError::new("the list is empty, so nothing is in it"));
    }
    for (index, value) in values.iter().enumerate() {
        match value.equals(&call.args[1]).as_bool() {
            Some(true) => return Ok(Value::number(index)),
            Some(false) => {}
            None => return Ok(Value::unknown(Type::Number)),
        }
    }
    Err(CallError::new("no element is equal to the value"))
}

fn matchkeys_type(call: &Call<'_>) -> Result<Type, CallError> {
    match unify(&[call.args[1].ty(), call.args[2].ty()]) {
        Some(_) => Ok(call.args[0].ty()),
        None => Err(CallError::new("there is no single type that both the keys and the searchset convert to")),
    }
}

fn matchkeys(call: &Call<'_>) -> Outcome {
    let [values, keys, searchset] = call.args else {
        return Err(CallError::new("it takes three arguments"));
    };
    let (value_count, key_count) = (elements(values).len(), elements(keys).len());
    if value_count != key_count {
        return Err(CallError::new(format!("{value_count} values cannot be paired with {key_count} keys")));
    }
    let Some(ty) = unify(&[keys.ty(), searchset.ty()]) else {
        return Ok(Value::unknown(call.ty.clone()));
    };
    let keys = convert(keys, &ty).map_err(|e| CallError::argument(1, e.to_string()))?;
    let searchset = convert(searchset, &ty).map_err(|e| CallError::argument(2, e.to_string()))?;
    let element = call.ty.element().cloned().unwrap_or(Type::Dynamic);
    if elements(&searchset).is_empty() {
        return Ok(Value::list(element, []));
    }
    if !values.is_wholly_known() || !keys.is_wholly_known() {
        return Ok(Value::unknown(call.ty.clone()));
    }
    let wanted = elements(&searchset);
    let known = wanted.iter().position(|value| !value.is_wholly_known()).unwrap_or(wanted.len());
    let (known, rest) = wanted.split_at(known);
    let known: HashSet<Key<'_>> = known.iter().map(Key).collect();
    let mut found = Vec::new();
    for (key, value) in elements(&keys).iter().zip(elements(values)) {
        if known.contains(&Key(key)) {
            found.push(value.clone());
            continue;
        }
        for other in rest {
            match key.equals(other).as_bool() {
                Some(true) => {
                    found.push(value.clone());
                    break;
                }
                Some(false) => {}
                // Not unknown, although it could turn out otherwise: plans made with Terraform depend on it.
                None => return Ok(Value::list(element, [])),
            }
        }
    }
    Ok(Value::list(element, found))
}

fn one_type(call: &Call<'_>) -> Result<Type, CallError> {
    let list = &call.args[0];
    if let Some(types) = tuple_types(list) {
        return match types.as_slice() {
            [] => Ok(Type::Dynamic),
            [only] => Ok(only.clone()),
            _ => Err(too_many(types.len())),
        };
    }
    match list.ty() {
        Type::List(element) | Type::Set(element) => Ok((*element).clone()),
        ty => {
            let message = format!("a list, set or tuple is required, not {}", ty.friendly_name());
            Err(CallError::argument(0, message))
        }
    }
}

fn too_many(count: usize) -> CallError {
    CallError::argument(0, format!("it has {count} elements, but there may be one or none"))
}

fn one(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    if certain_length(list).is_none() {
        return Ok(Value::unknown(call.ty.clone()));
    }
    match elements(list) {
        [] => Ok(Value::null(call.ty.clone())),
        [only] => Ok(only.clone()),
        many => Err(too_many(many.len())),
    }
}
