//! `chunklist`, `compact`, `concat`, `distinct`, `flatten`, `reverse`, `slice`, `sort`: lists made from lists.

use std::collections::HashSet;

use value::{Kind, Marks, Refinement, Type, Value, convert, unify};

use super::parts::{Key, bare, certain_length, deep, elements, tuple_types, whole_number};
use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static CHUNKLIST: Function = Function {
    name: "chunklist",
    summary: "Splits a list into lists of `size` elements, the last of which may be shorter; 0 means one list of all.",
    params: &[param("list", types::list_any).marks(), param("size", types::number).marks()],
    rest: None,
    returns: Returns::Computed(|call| Ok(Type::list(call.args[0].ty()))),
    examples: &[
        example(
            r#"chunklist(["a", "b", "c"], 2)"#,
            "tolist([\n  tolist([\n    \"a\",\n    \"b\",\n  ]),\n  tolist([\n    \"c\",\n  ]),\n])",
        ),
        example("chunklist([], 2)", "tolist([])"),
        example(r#"chunklist(["a"], -1)"#, "error: the size must not be negative"),
    ],
    code: Code::Eager(chunklist),
};

pub(super) static COMPACT: Function = Function {
    name: "compact",
    summary: "Returns a list of strings without those that are null or empty.",
    params: &[param("list", types::list_string)],
    rest: None,
    returns: Returns::Fixed(types::list_string),
    examples: &[
        example(r#"compact(["a", "", null, "b"])"#, "tolist([\n  \"a\",\n  \"b\",\n])"),
        example(r#"compact([""])"#, "tolist([])"),
        example("compact([[]])", "error: string required"),
    ],
    code: Code::Eager(compact),
};

pub(super) static CONCAT: Function = Function {
    name: "concat",
    summary: "Joins lists and tuples to one: a list if all are lists whose elements have a type in common, else a tuple.",
    params: &[],
    rest: Some(param("seqs", types::any).marks()),
    returns: Returns::Computed(concat_type),
    examples: &[
        example(r#"concat(["a"], [1])"#, "[\n  \"a\",\n  1,\n]"),
        example(r#"concat(tolist(["a"]), tolist([1]))"#, "tolist([\n  \"a\",\n  \"1\",\n])"),
        example("concat([])", "[]"),
        example(r#"concat(toset(["a"]))"#, "error: set of string is neither a list nor a tuple"),
    ],
    code: Code::Eager(concat),
};

pub(super) static DISTINCT: Function = Function {
    name: "distinct",
    summary: "Returns a list without the elements that are equal to an earlier one.",
    params: &[param("list", types::list_any)],
    rest: None,
    returns: Returns::Computed(|call| Ok(call.args[0].ty())),
    examples: &[
        example(r#"distinct(["b", "a", "b"])"#, "tolist([\n  \"b\",\n  \"a\",\n])"),
        example(r#"distinct([1, "1"])"#, "tolist([\n  \"1\",\n])"),
        example("distinct([])", "tolist([])"),
        example(r#"distinct("a")"#, "error: list"),
    ],
    code: Code::Eager(distinct),
};

pub(super) static FLATTEN: Function = Function {
    name: "flatten",
    summary: "Returns a tuple with the elements of lists, sets and tuples inside a list in place of them, at any depth.",
    params: &[param("list", types::any).marks()],
    rest: None,
    returns: Returns::Computed(flatten_type),
    examples: &[
        example(r#"flatten([["a"], [], [["b"]], "c"])"#, "[\n  \"a\",\n  \"b\",\n  \"c\",\n]"),
        example("flatten([])", "[]"),
        example("flatten([{ a = [1] }])", "[\n  {\n    \"a\" = [\n      1,\n    ]\n  },\n]"),
        example("flatten({})", "error: object"),
    ],
    code: Code::Eager(flatten),
};

pub(super) static REVERSE: Function = Function {
    name: "reverse",
    summary: "Returns the elements of a list or tuple in opposite order; of a set, as a list.",
    params: &[param("list", types::any).marks()],
    rest: None,
    returns: Returns::Computed(reverse_type),
    examples: &[
        example(r#"reverse([1, "a"])"#, "[\n  \"a\",\n  1,\n]"),
        example(r#"reverse(toset(["a", "b"]))"#, "tolist([\n  \"b\",\n  \"a\",\n])"),
        example(r#"reverse("ab")"#, "error: string has no elements to reverse"),
    ],
    code: Code::Eager(reverse),
};

pub(super) static SLICE: Function = Function {
    name: "slice",
    summary: "Returns the elements of a list or tuple from one index up to but not including another.",
    params: &[
        param("list", types::any).marks(),
        param("start_index", types::number),
        param("end_index", types::number),
    ],
    rest: None,
    returns: Returns::Computed(slice_type),
    examples: &[
        example(r#"slice(["a", "b", "c"], 1, 2)"#, "[\n  \"b\",\n]"),
        example(r#"slice(["a"], 1, 1)"#, "[]"),
        example(r#"slice(["a"], 0, 2)"#, "error: index 2 is beyond the end of the list, which has 1 elements"),
        example(r#"slice(["a"], 1, 0)"#, "error: index 1 is above the end index 0"),
        example(r#"slice(toset(["a"]), 0, 1)"#, "error: a set has no indices"),
    ],
    code: Code::Eager(slice),
};

pub(super) static SORT: Function = Function {
    name: "sort",
    summary: "Returns a list of strings in the order of their code points, upper case before lower.",
    params: &[param("list", types::list_string).unknown()],
    rest: None,
    returns: Returns::Fixed(types::list_string),
    examples: &[
        example(r#"sort(["b", "a", "B"])"#, "tolist([\n  \"B\",\n  \"a\",\n  \"b\",\n])"),
        example("sort([10, 9])", "tolist([\n  \"10\",\n  \"9\",\n])"),
        example(r#"sort(["a", null])"#, "error: element 1 is null"),
    ],
    code: Code::Eager(sort),
};

fn element_type(list: &Value) -> Type {
    list.ty().element().cloned().unwrap_or(Type::Dynamic)
}

fn chunklist(call: &Call<'_>) -> Outcome {
    let ((list, list_marks), (size, size_marks)) = (bare(&call.args[0]), bare(&call.args[1]));
    let size = whole_number(&size).map_err(|m| CallError::new(format!("invalid size: {m}")))?;
    let size = usize::try_from(size).map_err(|_| CallError::new("the size must not be negative"))?;
    let values = elements(&list);
    let size = if size == 0 { values.len().max(1) } else { size };
    let element = element_type(&list);
    let chunks = values.chunks(size).map(|chunk| Value::list(element.clone(), chunk.iter().cloned()));
    Ok(Value::list(list.ty(), chunks).with_marks(list_marks | size_marks))
}

fn compact(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    if !list.is_wholly_known() {
        return Ok(Value::unknown(call.ty.clone()));
    }
    let kept = elements(list).iter().filter(|v| v.as_str().is_some_and(|text| !text.is_empty()));
    Ok(Value::list(Type::String, kept.cloned()))
}

fn concat_type(call: &Call<'_>) -> Result<Type, CallError> {
    if call.args.is_empty() {
        return Err(CallError::new("it needs at least one argument"));
    }
    if call.args.iter().all(is_list) {
        let types: Vec<Type> = call.args.iter().map(Value::ty).collect();
        if let Some(common) = unify(&types) {
            return Ok(common);
        }
    }
    let mut types = Vec::new();
    for (index, arg) in call.args.iter().enumerate() {
        match arg.kind() {
            Kind::List(list) => types.extend(list.values().iter().map(|_| list.element_type().clone())),
            // How many elements of the tuple this gives will be known later.
            Kind::Unknown(Type::List(_), _) => return Ok(Type::Dynamic),
            _ => match tuple_types(arg) {
                Some(more) => types.extend(more),
                None => {
                    let ty = arg.ty().friendly_name();
                    return Err(CallError::argument(index, format!("{ty} is neither a list nor a tuple")));
                }
            },
        }
    }
    Ok(Type::tuple(types))
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), Kind::List(_) | Kind::Unknown(Type::List(_), _))
}

fn concat(call: &Call<'_>) -> Outcome {
    let as_list = matches!(call.ty, Type::List(_));
    let mut marks = Marks::NONE;
    let mut values = Vec::new();
    for (index, arg) in call.args.iter().enumerate() {
        marks |= arg.marks();
        if as_list && arg.ty() != call.ty {
            let list = convert(arg, &call.ty).map_err(|e| CallError::argument(index, e.to_string()))?;
            values.extend_from_slice(elements(&list));
        } else {
            values.extend_from_slice(elements(arg));
        }
    }
    let joined = match &call.ty {
        Type::List(element) => Value::list((**element).clone(), values),
        _ => Value::tuple(values),
    };
    Ok(joined.with_marks(marks))
}

fn distinct(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    if !list.is_wholly_known() {
        return Ok(Value::unknown(call.ty.clone()));
    }
    let mut seen = HashSet::new();
    let kept = elements(list).iter().filter(|value| seen.insert(Key(value)));
    Ok(Value::list(element_type(list), kept.cloned()))
}

fn flatten_type(call: &Call<'_>) -> Result<Type, CallError> {
    let ty = call.args[0].ty();
    if call.args[0].is_known() && !matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_)) {
        return Err(CallError::new(format!(
            "only lists, sets and tuples can be flattened, not {}",
            ty.friendly_name()
        )));
    }
    // The known result carries its own type, and for an unknown one no type can be said.
    Ok(Type::Dynamic)
}

fn flatten(call: &Call<'_>) -> Outcome {
    let mut flat = Flat { values: Vec::new(), marks: Marks::NONE, known: true };
    flat.add(&call.args[0]);
    let result = if flat.known { Value::tuple(flat.values) } else { Value::dynamic() };
    Ok(result.with_marks(flat.marks))
}

/// What `flatten` has gathered: elements keep their marks, those of the sequences around them go to the result.
struct Flat {
    values: Vec<Value>,
    marks: Marks,
    known: bool,
}

impl Flat {
    fn add(&mut self, sequence: &Value) {
        self.marks |= sequence.marks();
        if certain_length(sequence).is_none() {
            self.known = false;
            return;
        }
        for value in elements(sequence) {
            match value.kind() {
                Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
                    deep(|| self.add(value));
                }
                // An element of a type that is not known may turn out to be a sequence, too.
                Kind::Unknown(Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Dynamic, _) => {
                    self.known = false;
                    self.marks |= value.marks();
                }
                _ => self.values.push(value.clone()),
            }
        }
    }
}

fn reverse_type(call: &Call<'_>) -> Result<Type, CallError> {
    let list = &call.args[0];
    if let Some(types) = tuple_types(list) {
        return Ok(Type::tuple(types.into_iter().rev()));
    }
    match list.ty() {
        Type::List(element) | Type::Set(element) => Ok(Type::List(element)),
        ty => Err(CallError::argument(0, format!("{} has no elements to reverse", ty.friendly_name()))),
    }
}

fn reverse(call: &Call<'_>) -> Outcome {
    let (list, marks) = bare(&call.args[0]);
    let values = elements(&list).iter().rev().cloned();
    let reversed = match &call.ty {
        Type::List(element) => Value::list((**element).clone(), values),
        _ => Value::tuple(values),
    };
    Ok(reversed.with_marks(marks))
}

fn slice_type(call: &Call<'_>) -> Result<Type, CallError> {
    let list = &call.args[0];
    let ty = list.ty();
    match ty {
        Type::Set(_) => return Err(CallError::argument(0, "a set has no indices; convert it to a list first")),
        Type::List(_) | Type::Tuple(_) => {}
        _ => {
            let message = format!("a list or tuple is required, not {}", ty.friendly_name());
            return Err(CallError::argument(0, message));
        }
    }
    let bounds = slice_bounds(call)?;
    match (tuple_types(list), bounds) {
        (None, _) => Ok(ty),
        (Some(types), Some((start, end))) => Ok(Type::tuple(types[start..end].iter().cloned())),
        (Some(_), None) => Ok(Type::Dynamic),
    }
}

/// Checks what is known of the indices; returns them if both are known.
fn slice_bounds(call: &Call<'_>) -> Result<Option<(usize, usize)>, CallError> {
    let length = certain_length(&call.args[0]);
    let mut bounds = [None; 2];
    for (position, (bound, name)) in bounds.iter_mut().zip(["start", "end"]).enumerate() {
        let argument = position + 1;
        let value = &call.args[argument];
        if !value.is_known() {
            continue;
        }
        let fail = |message: String| Err(CallError::argument(argument, message));
        let index = match whole_number(value) {
            Ok(index) => index,
            Err(message) => return fail(format!("invalid {name} index: {message}")),
        };
        let Ok(index) = usize::try_from(index) else {
            return fail(format!("{name} index {index} is negative"));
        };
        if let Some(length) = length.filter(|length| index > *length) {
            return fail(format!("{name} index {index} is beyond the end of the list, which has {length} elements"));
        }
        *bound = Some(index);
    }
    match bounds {
        [Some(start), Some(end)] if start > end => {
            Err(CallError::argument(1, format!("start index {start} is above the end index {end}")))
        }
        [Some(start), Some(end)] => Ok(Some((start, end))),
        _ => Ok(None),
    }
}

fn slice(call: &Call<'_>) -> Outcome {
    let (list, marks) = bare(&call.args[0]);
    let bounds = slice_bounds(call)?;
    let part = bounds.and_then(|(start, end)| elements(&list).get(start..end)).unwrap_or(&[]);
    let part = match &call.ty {
        Type::List(element) => Value::list((**element).clone(), part.iter().cloned()),
        _ => Value::tuple(part.iter().cloned()),
    };
    Ok(part.with_marks(marks))
}

fn sort(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    if let Kind::Unknown(_, known) = list.kind() {
        let (length_min, length_max) = (known.length_min, known.length_max);
        let bounds = Refinement { not_null: true, length_min, length_max, ..Refinement::default() };
        return Ok(Value::unknown(call.ty.clone()).refine(bounds));
    }
    if !list.is_wholly_known() {
        // Each of the elements may come to each place.
        return Ok(Value::list(Type::String, elements(list).iter().map(|_| Value::unknown(Type::String))));
    }
    let mut values = elements(list).to_vec();
    if let Some(index) = values.iter().position(Value::is_null) {
        return Err(CallError::new(format!("element {index} is null, which has no place in the order")));
    }
    values.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Ok(Value::list(Type::String, values))
}
