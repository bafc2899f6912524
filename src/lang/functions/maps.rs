//! `keys`, `lookup`, `merge`, `transpose`, `values`, `zipmap`: maps and objects.

use std::collections::BTreeMap;

use ecow::EcoString;
use value::{Kind, Marks, Type, Value, convert};

use super::parts::{attribute_names, attribute_type, bare, elements, tuple_types};
use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static KEYS: Function = Function {
    name: "keys",
    summary: "Returns the keys of a map as a list, or the attribute names of an object as a tuple, sorted.",
    params: &[param("inputMap", types::any).unknown().marks()],
    rest: None,
    returns: Returns::Computed(keys_type),
    examples: &[
        example("keys({ b = 1, a = 2 })", "[\n  \"a\",\n  \"b\",\n]"),
        example("keys(tomap({ b = 1 }))", "tolist([\n  \"b\",\n])"),
        example("keys([])", "error: a map or object is required, not tuple"),
    ],
    code: Code::Eager(keys),
};

pub(super) static LOOKUP: Function = Function {
    name: "lookup",
    summary: "Returns the element of a map or the attribute of an object with the key, or the default if there is none.",
    params: &[param("inputMap", types::any).unknown().marks(), param("key", types::string).unknown().marks()],
    rest: Some(param("default", types::any).null().unknown().dynamic().marks()),
    returns: Returns::Computed(lookup_type),
    examples: &[
        example(r#"lookup({ a = 1 }, "a", 2)"#, "1"),
        example(r#"lookup({ a = 1 }, "b", "none")"#, "\"none\""),
        example(r#"lookup(tomap({ a = 1 }), "b", "2")"#, "2"),
        example(r#"lookup(tomap({ a = 1 }), "b")"#, r#"error: there is no key "b""#),
        example(r#"lookup(tomap({ a = 1 }), "b", "none")"#, "error: the default value must have the type of"),
    ],
    code: Code::Nullable(lookup),
};

pub(super) static MERGE: Function = Function {
    name: "merge",
    summary: "Joins maps and objects to one; of a key that occurs several times the last counts. Nulls are skipped. The \
              result is a map if all arguments are maps of one type, else an object.",
    params: &[],
    rest: Some(param("maps", types::any).dynamic().null().marks()),
    returns: Returns::Computed(merge_type),
    examples: &[
        example("merge({ a = 1, b = 1 }, { b = 2 })", "{\n  \"a\" = 1\n  \"b\" = 2\n}"),
        example("merge(tomap({ a = 1 }), tomap({ b = 2 }))", "tomap({\n  \"a\" = 1\n  \"b\" = 2\n})"),
        example("merge(null)", "{}"),
        example("merge([])", "error: maps or objects are required, not tuple"),
    ],
    code: Code::Eager(merge),
};

pub(super) static TRANSPOSE: Function = Function {
    name: "transpose",
    summary: "Turns a map of lists of strings around: each string becomes a key, with the keys it was listed under.",
    params: &[param("values", types::map_list_string)],
    rest: None,
    returns: Returns::Fixed(types::map_list_string),
    examples: &[
        example(
            r#"transpose({ a = ["x", "y"], b = ["x"] })"#,
            "tomap({\n  \"x\" = tolist([\n    \"a\",\n    \"b\",\n  ])\n  \"y\" = tolist([\n    \"a\",\n  ])\n})",
        ),
        example("transpose({})", "tomap({})"),
        example("transpose({ a = [null] })", "error: the list of \"a\" has a null element"),
    ],
    code: Code::Eager(transpose),
};

pub(super) static VALUES: Function = Function {
    name: "values",
    summary: "Returns the elements of a map as a list, or the attributes of an object as a tuple, in the order of keys.",
    params: &[param("mapping", types::any).marks()],
    rest: None,
    returns: Returns::Computed(values_type),
    examples: &[
        example("values({ b = 1, a = \"x\" })", "[\n  \"x\",\n  1,\n]"),
        example("values(tomap({ b = 1, a = 2 }))", "tolist([\n  2,\n  1,\n])"),
        example("values([])", "error: a map or object is required, not tuple"),
    ],
    code: Code::Eager(values),
};

pub(super) static ZIPMAP: Function = Function {
    name: "zipmap",
    summary: "Pairs a list of keys with a list or tuple of values: the result is a map for a list, an object for a tuple.",
    params: &[param("keys", types::list_string).marks(), param("values", types::any).marks()],
    rest: None,
    returns: Returns::Computed(zipmap_type),
    examples: &[
        example(r#"zipmap(["a", "b"], [1, "x"])"#, "{\n  \"a\" = 1\n  \"b\" = \"x\"\n}"),
        example(r#"zipmap(["a"], tolist([1]))"#, "tomap({\n  \"a\" = 1\n})"),
        example(r#"zipmap(["a"], [])"#, "error: 1 keys cannot be paired with 0 values"),
    ],
    code: Code::Eager(zipmap),
};

fn map_required(value: &Value) -> String {
    format!("a map or object is required, not {}", value.ty().friendly_name())
}

fn keys_type(call: &Call<'_>) -> Result<Type, CallError> {
    let map = &call.args[0];
    if let Some(names) = attribute_names(map) {
        return Ok(Type::tuple(names.iter().map(|_| Type::String)));
    }
    match map.ty() {
        Type::Map(_) => Ok(types::list_string()),
        _ => Err(CallError::argument(0, map_required(map))),
    }
}

fn keys(call: &Call<'_>) -> Outcome {
    let (map, marks) = bare(&call.args[0]);
    let keys = match (map.kind(), attribute_names(&map)) {
        (_, Some(names)) => Value::tuple(names.into_iter().map(Value::string)),
        (Kind::Map(map), None) => {
            Value::list(Type::String, map.entries().iter().map(|(key, _)| Value::string(key.clone())))
        }
        _ => Value::unknown(call.ty.clone()).refine_not_null(),
    };
    Ok(keys.with_marks(marks))
}

fn lookup_type(call: &Call<'_>) -> Result<Type, CallError> {
    let (map, key) = (&call.args[0], &call.args[1]);
    if call.args.len() > 3 {
        return Err(CallError::new(format!("it takes two or three arguments, not {}", call.args.len())));
    }
    let default = call.args.get(2);
    match map.ty() {
        Type::Object(_) => {
            let Some(name) = key.as_str() else {
                return Ok(Type::Dynamic);
            };
            match (attribute_type(map, name), default) {
                (Some(ty), _) => Ok(ty),
                (None, Some(default)) => Ok(default.ty()),
                (None, None) => Err(CallError::argument(0, format!("the object has no attribute {}", quoted(key)))),
            }
        }
        Type::Map(element) => {
            if default.is_some_and(|default| convert(default, &element).is_err()) {
                let message =
                    format!("the default value must have the type of the elements, {}", element.friendly_name());
                return Err(CallError::argument(2, message));
            }
            Ok((*element).clone())
        }
        _ => Err(CallError::argument(0, map_required(map))),
    }
}

fn quoted(key: &Value) -> String {
    match key.as_str() {
        Some(text) if !key.marks().contains(Marks::SENSITIVE) => format!("{text:?}"),
        _ => "(sensitive value)".into(),
    }
}

fn lookup(call: &Call<'_>) -> Outcome {
    let (map, map_marks) = bare(&call.args[0]);
    let key = &call.args[1];
    let marks = map_marks | key.marks();
    let (true, Some(name)) = (map.is_known(), key.as_str()) else {
        return Ok(Value::unknown(call.ty.clone()).with_marks(marks));
    };
    let found = match map.kind() {
        Kind::Object(object) => object.get(name),
        Kind::Map(map) => map.get(name),
        _ => None,
    };
    let value = match (found, call.args.get(2)) {
        (Some(value), _) => value.clone(),
        (None, Some(default)) => convert(default, &call.ty).map_err(|e| CallError::new(e.to_string()))?,
        (None, None) => return Err(CallError::new(format!("there is no key {}", quoted(key)))),
    };
    Ok(value.with_marks(marks))
}

fn merge_type(call: &Call<'_>) -> Result<Type, CallError> {
    let mut types = Vec::with_capacity(call.args.len());
    for arg in call.args {
        types.push(match arg.ty() {
            Type::Dynamic => return Ok(Type::Dynamic),
            // A null object is one without attributes.
            Type::Object(_) if arg.is_null() => Type::object::<EcoString>([]),
            ty @ (Type::Map(_) | Type::Object(_)) => ty,
            _ => return Err(maps_required(arg)),
        });
    }
    match types.first() {
        Some(first) if types.iter().all(|ty| ty == first) => Ok(first.clone()),
        // The known result carries its own type.
        _ if call.args.iter().all(Value::is_known) => Ok(Type::Dynamic),
        _ => Ok(merged_object(call.args, &types)),
    }
}

fn maps_required(value: &Value) -> CallError {
    CallError::new(format!("maps or objects are required, not {}", value.ty().friendly_name()))
}

/// Returns the type of the object that values of several types make, if the known keys and attributes are all of it.
fn merged_object(args: &[Value], types: &[Type]) -> Type {
    let mut attributes: BTreeMap<EcoString, Type> = BTreeMap::new();
    for (arg, ty) in args.iter().zip(types) {
        match (ty, arg.kind()) {
            (Type::Object(object), _) => {
                attributes.extend(object.attributes().iter().map(|a| (a.name.clone(), a.ty.clone())));
            }
            (_, Kind::Map(map)) => {
                let element = map.element_type();
                attributes.extend(map.entries().iter().map(|(key, _)| (key.clone(), element.clone())));
            }
            // The keys of an unknown map will be attributes of the result.
            (_, Kind::Unknown(..)) => return Type::Dynamic,
            _ => {}
        }
    }
    Type::object(attributes)
}

fn merge(call: &Call<'_>) -> Outcome {
    let mut marks = Marks::NONE;
    let mut entries: Vec<(EcoString, Value)> = Vec::new();
    for arg in call.args {
        if arg.is_null() {
            continue;
        }
        marks |= arg.marks();
        match arg.kind() {
            Kind::Map(map) => entries.extend_from_slice(map.entries()),
            Kind::Object(object) => entries.extend(object.iter().map(|(name, value)| (name.clone(), value.clone()))),
            _ => return Err(maps_required(arg)),
        }
    }
    let merged = match &call.ty {
        Type::Map(element) => Value::map((**element).clone(), entries),
        _ => Value::object(entries),
    };
    Ok(merged.with_marks(marks))
}

fn transpose(call: &Call<'_>) -> Outcome {
    let map = &call.args[0];
    let Kind::Map(lists) = map.kind() else {
        return Ok(Value::unknown(call.ty.clone()));
    };
    if !map.is_wholly_known() {
        return Ok(Value::unknown(call.ty.clone()));
    }
    let mut turned: BTreeMap<EcoString, Vec<Value>> = BTreeMap::new();
    for (key, list) in lists.entries() {
        if list.is_null() {
            return Err(CallError::new(format!("the list of {key:?} is null")));
        }
        for value in elements(list) {
            let Kind::String(text) = value.kind() else {
                return Err(CallError::new(format!("the list of {key:?} has a null element")));
            };
            // The keys come sorted, so each of the new lists is, too.
            turned.entry(text.clone()).or_default().push(Value::string(key.clone()));
        }
    }
    let entries = turned.into_iter().map(|(key, values)| (key, Value::list(Type::String, values)));
    Ok(Value::map(types::list_string(), entries))
}

fn values_type(call: &Call<'_>) -> Result<Type, CallError> {
    let map = &call.args[0];
    match map.ty() {
        Type::Map(element) => Ok(Type::List(element)),
        Type::Object(object) => Ok(Type::tuple(object.attributes().iter().map(|a| a.ty.clone()))),
        _ => Err(CallError::new(map_required(map))),
    }
}

fn values(call: &Call<'_>) -> Outcome {
    let (map, marks) = bare(&call.args[0]);
    let values = match map.kind() {
        Kind::Map(map) => Value::list(map.element_type().clone(), map.entries().iter().map(|(_, v)| v.clone())),
        Kind::Object(object) => Value::tuple(object.values().iter().cloned()),
        _ => Value::unknown(call.ty.clone()),
    };
    Ok(values.with_marks(marks))
}

fn zipmap_type(call: &Call<'_>) -> Result<Type, CallError> {
    let (keys, values) = (&call.args[0], &call.args[1]);
    let Some(value_types) = tuple_types(values) else {
        return match values.ty() {
            Type::List(element) => Ok(Type::Map(element)),
            ty => {
                let message = format!("the values must be a list or tuple, not {}", ty.friendly_name());
                Err(CallError::new(message))
            }
        };
    };
    if !keys.is_wholly_known() {
        return Ok(Type::Dynamic);
    }
    let names = key_names(keys)?;
    if names.len() != value_types.len() {
        return Err(unpaired(names.len(), value_types.len()));
    }
    Ok(Type::object(names.into_iter().zip(value_types)))
}

fn key_names(keys: &Value) -> Result<Vec<EcoString>, CallError> {
    let name = |(index, key): (usize, &Value)| match key.kind() {
        Kind::String(text) => Ok(text.clone()),
        _ => Err(CallError::new(format!("key {index} is null"))),
    };
    elements(keys).iter().enumerate().map(name).collect()
}

fn unpaired(keys: usize, values: usize) -> CallError {
    CallError::new(format!("{keys} keys cannot be paired with {values} values"))
}

fn zipmap(call: &Call<'_>) -> Outcome {
    let ((keys, key_marks), (values, value_marks)) = (bare(&call.args[0]), bare(&call.args[1]));
    let mut marks = key_marks | value_marks;
    if !keys.is_wholly_known() {
        return Ok(Value::unknown(call.ty.clone()).with_marks(marks));
    }
    let names = key_names(&keys)?;
    let values = elements(&values);
    if names.len() != values.len() {
        return Err(unpaired(names.len(), values.len()));
    }
    // Keys cannot carry marks, so the whole result does.
    marks |= keys.marks_deep();
    let entries = names.into_iter().zip(values.iter().cloned());
    let zipped = match &call.ty {
        Type::Map(element) => Value::map((**element).clone(), entries),
        _ => Value::object(entries),
    };
    Ok(zipped.with_marks(marks))
}
