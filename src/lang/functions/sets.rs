//! `setintersection`, `setproduct`, `setsubtract`, `setunion`: sets combined.

use std::collections::HashSet;

use value::{Kind, Marks, Refinement, Type, Value, convert, unify};

use super::parts::{Key, bare, certain_length, elements};
use super::{Call, CallError, Code, Function, Outcome, Param, Returns, check_size, example, param, types};

/// Bounds on the length of an unknown product are only kept up to here, for one factor and for the product.
const FACTOR_BOUND_MAX: u64 = 1024;
const PRODUCT_BOUND_MAX: u64 = 2048;

const FIRST: Param = param("first_set", types::set_any).dynamic();
const OTHERS: Param = param("other_sets", types::set_any).dynamic();

pub(super) static SETINTERSECTION: Function = Function {
    name: "setintersection",
    summary: "Returns the set of what is in all the sets, after conversion to one type.",
    params: &[FIRST],
    rest: Some(OTHERS),
    returns: Returns::Computed(common_type),
    examples: &[
        example(r#"setintersection(["a", "b"], ["b", "c"], ["b"])"#, "toset([\n  \"b\",\n])"),
        example(r#"setintersection(["1"], [1])"#, "toset([\n  \"1\",\n])"),
        example(r#"setintersection(["a"], [])"#, "toset([])"),
        example(r#"setintersection(["a"], [{}])"#, "error: no single type"),
    ],
    code: Code::Eager(setintersection),
};

pub(super) static SETPRODUCT: Function = Function {
    name: "setproduct",
    summary: "Returns all combinations of one element of each argument, as tuples: in a list if all arguments are lists \
              or tuples, else in a set.",
    params: &[],
    rest: Some(param("sets", types::any).marks().unknown()),
    returns: Returns::Computed(setproduct_type),
    examples: &[
        example(
            r#"setproduct(["a", "b"], [1])"#,
            "tolist([\n  [\n    \"a\",\n    1,\n  ],\n  [\n    \"b\",\n    1,\n  ],\n])",
        ),
        example(r#"setproduct(["a"], [])"#, "tolist([])"),
        example(r#"setproduct(["a"])"#, "error: it needs at least two arguments"),
        example(r#"setproduct(["a"], "b")"#, "error: a set, list or tuple is required, not string"),
    ],
    code: Code::Eager(setproduct),
};

pub(super) static SETSUBTRACT: Function = Function {
    name: "setsubtract",
    summary: "Returns the set of what is in the first set and not in the second, after conversion to one type.",
    params: &[param("a", types::set_any).dynamic(), param("b", types::set_any).dynamic()],
    rest: None,
    returns: Returns::Computed(common_type),
    examples: &[
        example(r#"setsubtract(["a", "b"], ["b", "c"])"#, "toset([\n  \"a\",\n])"),
        example(r#"setsubtract(["a"], ["a"])"#, "toset([])"),
        example(r#"setsubtract("a", [])"#, "error: set"),
    ],
    code: Code::Eager(setsubtract),
};

pub(super) static SETUNION: Function = Function {
    name: "setunion",
    summary: "Returns the set of what is in any of the sets, after conversion to one type.",
    params: &[FIRST],
    rest: Some(OTHERS),
    returns: Returns::Computed(common_type),
    examples: &[
        example(r#"setunion(["b"], ["a", "b"])"#, "toset([\n  \"a\",\n  \"b\",\n])"),
        example(r#"setunion([1], ["a"])"#, "toset([\n  \"1\",\n  \"a\",\n])"),
        example("setunion([])", "toset([])"),
        example("setunion([1], [[]])", "error: no single type"),
    ],
    code: Code::Eager(setunion),
};

fn common_type(call: &Call<'_>) -> Result<Type, CallError> {
    let mut types = Vec::new();
    for arg in call.args {
        let element = arg.ty().element().cloned().unwrap_or(Type::Dynamic);
        // An empty set of any type goes with every other.
        if element != Type::Dynamic || arg.element_count() != Some(0) {
            types.push(element);
        }
    }
    if types.is_empty() {
        return Ok(types::set_any());
    }
    match unify(&types) {
        Some(element) => Ok(Type::set(element)),
        None => Err(CallError::new("there is no single type that the elements of all sets convert to")),
    }
}

/// Converts the arguments to the common type.
fn converted(call: &Call<'_>) -> Result<Vec<Value>, CallError> {
    let one = |(index, arg)| convert(arg, &call.ty).map_err(|e| CallError::argument(index, e.to_string()));
    call.args.iter().enumerate().map(one).collect()
}

fn result_element(call: &Call<'_>) -> Type {
    call.ty.element().cloned().unwrap_or(Type::Dynamic)
}

fn setunion(call: &Call<'_>) -> Outcome {
    let sets = converted(call)?;
    Ok(Value::set(result_element(call), sets.iter().flat_map(|set| elements(set).iter().cloned())))
}

fn setintersection(call: &Call<'_>) -> Outcome {
    combine(call, true)
}

fn setsubtract(call: &Call<'_>) -> Outcome {
    combine(call, false)
}

/// Keeps those elements of the first set whose being in each of the others is as `wanted`.
fn combine(call: &Call<'_>, wanted: bool) -> Outcome {
    let sets = converted(call)?;
    // What is unknown may turn out to be equal to something.
    if sets.iter().any(|set| !set.is_wholly_known()) {
        return Ok(Value::unknown(call.ty.clone()));
    }
    let Some((first, others)) = sets.split_first() else {
        return Err(CallError::new("it needs at least one argument"));
    };
    let others: Vec<HashSet<Key<'_>>> = others.iter().map(|set| elements(set).iter().map(Key).collect()).collect();
    let kept = elements(first).iter().filter(|value| others.iter().all(|set| set.contains(&Key(value)) == wanted));
    Ok(Value::set(result_element(call), kept.cloned()))
}

fn setproduct_type(call: &Call<'_>) -> Result<Type, CallError> {
    if call.args.len() < 2 {
        return Err(CallError::new("it needs at least two arguments"));
    }
    let mut ordered = true;
    let mut types = Vec::with_capacity(call.args.len());
    for (index, arg) in call.args.iter().enumerate() {
        types.push(match arg.ty() {
            Type::Set(element) => {
                ordered = false;
                (*element).clone()
            }
            Type::List(element) => (*element).clone(),
            Type::Tuple(parts) if parts.is_empty() => Type::Dynamic,
            Type::Tuple(parts) => unify(&parts).ok_or_else(|| {
                CallError::argument(index, "there is no single type that all elements of the tuple convert to")
            })?,
            ty => {
                let message = format!("a set, list or tuple is required, not {}", ty.friendly_name());
                return Err(CallError::argument(index, message));
            }
        });
    }
    let combination = Type::tuple(types);
    Ok(if ordered { Type::list(combination) } else { Type::set(combination) })
}

fn setproduct(call: &Call<'_>) -> Outcome {
    let mut marks = Marks::NONE;
    let mut factors = Vec::with_capacity(call.args.len());
    for arg in call.args {
        let (arg, found) = bare(arg);
        marks |= found;
        factors.push(arg);
    }
    let certain = |arg: &Value| arg.is_known() && certain_length(arg).is_some();
    if !factors.iter().all(certain) {
        let bounds = product_bounds(&factors).unwrap_or_default();
        let bounds = Refinement { not_null: true, ..bounds };
        return Ok(Value::unknown(call.ty.clone()).refine(bounds).with_marks(marks));
    }
    let element = result_element(call);
    let Type::Tuple(types) = &element else {
        return Ok(Value::unknown(call.ty.clone()).with_marks(marks));
    };
    let mut columns = Vec::with_capacity(factors.len());
    for (index, (factor, ty)) in factors.iter().zip(types.iter()).enumerate() {
        let column: Result<Vec<Value>, _> = elements(factor).iter().map(|value| convert(value, ty)).collect();
        columns.push(column.map_err(|e| CallError::argument(index, e.to_string()))?);
    }
    let combinations = combinations(&columns)?.into_iter().map(Value::tuple);
    let product = match &call.ty {
        Type::List(_) => Value::list(element.clone(), combinations),
        _ => Value::set(element.clone(), combinations),
    };
    Ok(product.with_marks(marks))
}

/// Returns all combinations, the last column changing fastest.
fn combinations(columns: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, CallError> {
    let count = columns.iter().map(Vec::len).try_fold(1_usize, |product, n| product.checked_mul(n));
    let count = if columns.iter().any(Vec::is_empty) { Some(0) } else { count };
    let row = columns.len().saturating_mul(size_of::<Value>());
    let count = count.unwrap_or(usize::MAX);
    check_size(count.saturating_mul(row))?;
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        let mut rest = number;
        let mut row: Vec<Value> = Vec::with_capacity(columns.len());
        for column in columns.iter().rev() {
            row.push(column[rest % column.len()].clone());
            rest /= column.len();
        }
        row.reverse();
        rows.push(row);
    }
    Ok(rows)
}

/// Tells what is certain about the number of combinations while a factor is unknown.
fn product_bounds(factors: &[Value]) -> Option<Refinement> {
    let mut length_max = 1_u64;
    for factor in factors {
        let most = match factor.kind() {
            Kind::Unknown(Type::List(_) | Type::Set(_), known) => known.length_max?,
            _ => certain_length(factor)? as u64,
        };
        if most > FACTOR_BOUND_MAX {
            return None;
        }
        length_max *= most;
        if length_max > PRODUCT_BOUND_MAX {
            return None;
        }
    }
    let length_min = Some(length_max.min(1));
    Some(Refinement { length_min, length_max: Some(length_max), ..Refinement::default() })
}
