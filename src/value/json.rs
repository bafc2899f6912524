//! JSON forms: of types (`["list","string"]`) and of values, as plugin protocol, state and `jsonencode` have them.

use ecow::EcoString;
use serde_json::{Map, Value as Json};

use crate::{Attribute, ConversionError, Kind, Number, ObjectType, Path, PathStep, Type, Value, convert};

/// Returns the JSON form of a type: `"string"`, `["list","string"]`, `["object",{...},[optional...]]`.
pub fn type_to_json(ty: &Type) -> Json {
    let of_element = |kind: &str, element: &Type| Json::Array(vec![kind.into(), type_to_json(element)]);
    match ty {
        Type::Dynamic => "dynamic".into(),
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        // A type as a value has no form of its own on the wire; it never gets there.
        Type::Meta => "type".into(),
        Type::List(element) => of_element("list", element),
        Type::Set(element) => of_element("set", element),
        Type::Map(element) => of_element("map", element),
        Type::Tuple(elements) => {
            Json::Array(vec!["tuple".into(), Json::Array(elements.iter().map(type_to_json).collect())])
        }
        Type::Object(object) => {
            let attributes = object.attributes();
            let types: Map<String, Json> =
                attributes.iter().map(|attribute| (attribute.name.to_string(), type_to_json(&attribute.ty))).collect();
            let optional: Vec<Json> = attributes
                .iter()
                .filter(|attribute| attribute.optional)
                .map(|attribute| attribute.name.as_str().into())
                .collect();
            let mut parts = vec!["object".into(), Json::Object(types)];
            if !optional.is_empty() {
                parts.push(Json::Array(optional));
            }
            Json::Array(parts)
        }
    }
}

/// Reads a type from its JSON form.
pub fn type_from_json(json: &Json) -> Result<Type, String> {
    match json {
        Json::String(name) => match name.as_str() {
            "bool" => Ok(Type::Bool),
            "number" => Ok(Type::Number),
            "string" => Ok(Type::String),
            "dynamic" => Ok(Type::Dynamic),
            _ => Err(format!("{name:?} is not the name of a primitive type")),
        },
        Json::Array(parts) => match parts.as_slice() {
            [Json::String(kind), rest @ ..] => compound_from_json(kind, rest),
            _ => Err("a compound type starts with the name of its kind".into()),
        },
        _ => Err("a type is a name or an array".into()),
    }
}

fn compound_from_json(kind: &str, rest: &[Json]) -> Result<Type, String> {
    match (kind, rest) {
        ("list", [element]) => Ok(Type::list(type_from_json(element)?)),
        ("set", [element]) => Ok(Type::set(type_from_json(element)?)),
        ("map", [element]) => Ok(Type::map(type_from_json(element)?)),
        ("tuple", [Json::Array(elements)]) => {
            Ok(Type::Tuple(elements.iter().map(type_from_json).collect::<Result<_, _>>()?))
        }
        // What is empty may be written as null.
        ("tuple", [Json::Null]) => Ok(Type::tuple([])),
        ("object", [Json::Null]) => object_from_json(&Map::new(), &[]),
        ("object", [Json::Object(types)]) => object_from_json(types, &[]),
        ("object", [Json::Object(types), Json::Array(optional)]) => object_from_json(types, optional),
        ("list" | "set" | "map" | "tuple" | "object", _) => Err(format!("type {kind} has wrong or extra parts")),
        _ => Err(format!("{kind:?} is not a kind of type")),
    }
}

fn object_from_json(types: &Map<String, Json>, optional: &[Json]) -> Result<Type, String> {
    let mut attributes = Vec::with_capacity(types.len());
    for (name, ty) in types {
        attributes.push(Attribute { name: normal(name), ty: type_from_json(ty)?, optional: false });
    }
    for name in optional {
        let name = name.as_str().ok_or("the optional attributes are a list of names")?;
        let name = normal(name);
        match attributes.iter_mut().find(|attribute| attribute.name == name) {
            Some(attribute) => attribute.optional = true,
            None => return Err(format!("optional attribute {:?} is not an attribute of the object", name.as_str())),
        }
    }
    Ok(Type::Object(ObjectType::new(attributes).into()))
}

fn normal(name: &str) -> EcoString {
    crate::value::normal(name.into())
}

/// Returns the type that a JSON document has by itself: arrays are tuples, objects are objects, null is of no type.
pub fn implied_type(json: &Json) -> Type {
    match json {
        Json::Null => Type::Dynamic,
        Json::Bool(_) => Type::Bool,
        Json::Number(_) => Type::Number,
        Json::String(_) => Type::String,
        Json::Array(elements) => Type::tuple(elements.iter().map(implied_type)),
        Json::Object(members) => Type::object(members.iter().map(|(name, json)| (normal(name), implied_type(json)))),
    }
}

/// Returns the JSON form of a wholly known value; where `ty` is dynamic, `{"type":...,"value":...}` is written.
pub fn value_to_json(value: &Value, ty: &Type) -> Result<Json, ConversionError> {
    write(value, ty, &mut Path::default())
}

fn fail<T>(path: &Path, message: impl Into<String>) -> Result<T, ConversionError> {
    Err(ConversionError { path: path.clone(), message: message.into() })
}

fn write(value: &Value, ty: &Type, path: &mut Path) -> Result<Json, ConversionError> {
    if !value.marks().is_empty() {
        return fail(path, "a marked value (sensitive or ephemeral) has no JSON form");
    }
    if *ty == Type::Dynamic && value.is_known() && !matches!(value.kind(), Kind::Null(Type::Dynamic)) {
        let own = value.ty();
        let mut members = Map::new();
        members.insert("value".into(), write(value, &own, path)?);
        members.insert("type".into(), type_to_json(&own));
        return Ok(Json::Object(members));
    }
    match (value.kind(), ty) {
        (Kind::Unknown(..), _) => fail(path, "value is not known"),
        (Kind::Null(_), _) => Ok(Json::Null),
        (Kind::Bool(value), Type::Bool) => Ok(Json::Bool(value)),
        (Kind::String(text), Type::String) => Ok(Json::String(text.to_string())),
        (Kind::Number(number), Type::Number) if number.is_infinite() => fail(path, "infinity has no JSON form"),
        (Kind::Number(number), Type::Number) => {
            Ok(Json::Number(serde_json::Number::from_string_unchecked(number.to_string())))
        }
        (Kind::List(_), Type::List(element)) | (Kind::Set(_), Type::Set(element)) => {
            let values = value.as_sequence().unwrap_or(&[]);
            write_all(values.iter().map(|value| (value, &**element)), path)
        }
        (Kind::Tuple(tuple), Type::Tuple(types)) if tuple.values().len() == types.len() => {
            write_all(tuple.values().iter().zip(types.iter()), path)
        }
        (Kind::Map(map), Type::Map(element)) => {
            let mut members = Map::new();
            for (key, value) in map.entries() {
                let step = PathStep::Index(Value::from(key.clone()));
                members.insert(key.to_string(), inside(path, step, |path| write(value, element, path))?);
            }
            Ok(Json::Object(members))
        }
        (Kind::Object(object), Type::Object(ty)) => {
            let mut members = Map::new();
            for attribute in ty.attributes() {
                let Some(value) = object.get(&attribute.name) else {
                    return fail(path, format!("attribute {:?} is required", attribute.name.as_str()));
                };
                let step = PathStep::Attribute(attribute.name.clone());
                let json = inside(path, step, |path| write(value, &attribute.ty, path))?;
                members.insert(attribute.name.to_string(), json);
            }
            Ok(Json::Object(members))
        }
        _ => fail(path, format!("{} required", ty.friendly_constraint())),
    }
}

fn write_all<'a>(parts: impl Iterator<Item = (&'a Value, &'a Type)>, path: &mut Path) -> Result<Json, ConversionError> {
    let mut elements = Vec::new();
    for (index, (value, ty)) in parts.enumerate() {
        elements.push(inside(path, PathStep::Index(Value::number(index)), |path| write(value, ty, path))?);
    }
    Ok(Json::Array(elements))
}

fn inside<T>(
    path: &mut Path,
    step: PathStep,
    work: impl FnOnce(&mut Path) -> Result<T, ConversionError>,
) -> Result<T, ConversionError> {
    path.0.push(step);
    let result = work(path);
    path.0.pop();
    result
}

/// Reads a value of a type from its JSON form.
pub fn value_from_json(json: &Json, ty: &Type) -> Result<Value, ConversionError> {
    read(json, ty, &mut Path::default())
}

fn read(json: &Json, ty: &Type, path: &mut Path) -> Result<Value, ConversionError> {
    match (json, ty) {
        (Json::Null, _) => Ok(Value::null(ty.without_optional())),
        (Json::Bool(value), Type::Bool) => Ok(Value::bool(*value)),
        (Json::Bool(value), Type::String) => Ok(Value::string(if *value { "true" } else { "false" })),
        (Json::Number(number), Type::Number) => read_number(&number.to_string(), path),
        (Json::Number(number), Type::String) => Ok(Value::string(number.to_string())),
        (Json::String(text), Type::String) => Ok(Value::string(text.as_str())),
        (Json::String(text), Type::Number) => read_number(text, path),
        (Json::String(text), Type::Bool) => convert(&Value::string(text.as_str()), ty)
            .map_err(|error| ConversionError { path: path.clone(), message: error.message }),
        (Json::Array(elements), Type::List(element)) => {
            let values = read_all(elements.iter().map(|json| (json, &**element)), path)?;
            one_element_type(element, values, path).map(|(ty, values)| Value::list(ty, values))
        }
        (Json::Array(elements), Type::Set(element)) => {
            let values = read_all(elements.iter().map(|json| (json, &**element)), path)?;
            one_element_type(element, values, path).map(|(ty, values)| Value::set(ty, values))
        }
        (Json::Array(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            Ok(Value::tuple(read_all(elements.iter().zip(types.iter()), path)?))
        }
        (Json::Array(elements), Type::Tuple(types)) => {
            let relation = if elements.len() > types.len() { "too many" } else { "not enough" };
            fail(path, format!("{relation} tuple elements: {} are required", types.len()))
        }
        (Json::Object(members), Type::Map(element)) => read_map(members, element, path),
        (Json::Object(members), Type::Object(ty)) => read_object(members, ty, path),
        (Json::Object(members), Type::Dynamic) => read_dynamic(members, path),
        (_, Type::Dynamic) => fail(path, "a value of any type is an object of \"type\" and \"value\""),
        _ => fail(path, format!("{} required", with_article(ty))),
    }
}

fn with_article(ty: &Type) -> String {
    match ty {
        Type::Bool | Type::Number | Type::String => format!("a {} is", ty.friendly_constraint()),
        _ => ty.friendly_constraint(),
    }
}

fn read_number(text: &str, path: &Path) -> Result<Value, ConversionError> {
    match Number::parse(text) {
        Ok(number) => Ok(Value::number(number)),
        Err(_) => fail(path, "a number is required"),
    }
}

fn read_all<'a>(
    parts: impl Iterator<Item = (&'a Json, &'a Type)>,
    path: &mut Path,
) -> Result<Vec<Value>, ConversionError> {
    let mut values = Vec::new();
    for (index, (json, ty)) in parts.enumerate() {
        values.push(inside(path, PathStep::Index(Value::number(index)), |path| read(json, ty, path))?);
    }
    Ok(values)
}

/// Elements of any type bring their types with them, and must agree.
fn one_element_type(element: &Type, values: Vec<Value>, path: &Path) -> Result<(Type, Vec<Value>), ConversionError> {
    crate::convert::one_type(element, element, values, "a collection", path)
}

fn read_map(members: &Map<String, Json>, element: &Type, path: &mut Path) -> Result<Value, ConversionError> {
    let mut keys = Vec::with_capacity(members.len());
    let mut values = Vec::with_capacity(members.len());
    for (key, json) in members {
        let key = normal(key);
        let step = PathStep::Index(Value::from(key.clone()));
        values.push(inside(path, step, |path| read(json, element, path))?);
        keys.push(key);
    }
    let (ty, values) = one_element_type(element, values, path)?;
    Ok(Value::map(ty, keys.into_iter().zip(values)))
}

/// Reads the attributes that are there; missing ones are null, unknown ones are an error.
fn read_object(members: &Map<String, Json>, ty: &ObjectType, path: &mut Path) -> Result<Value, ConversionError> {
    let mut values: Vec<Option<Value>> = vec![None; ty.attributes().len()];
    for (name, json) in members {
        let name = normal(name);
        let Ok(position) = ty.names().binary_search(&name) else {
            return fail(path, format!("unsupported attribute {:?}", name.as_str()));
        };
        let wanted = &ty.attributes()[position].ty;
        values[position] = Some(inside(path, PathStep::Attribute(name), |path| read(json, wanted, path))?);
    }
    let values = values
        .into_iter()
        .zip(ty.attributes())
        .map(|(value, attribute)| value.unwrap_or_else(|| Value::null(attribute.ty.without_optional())))
        .collect();
    Ok(Value::object_of_shape(ty.names().clone(), values))
}

fn read_dynamic(members: &Map<String, Json>, path: &mut Path) -> Result<Value, ConversionError> {
    if let Some(name) = members.keys().find(|name| *name != "type" && *name != "value") {
        return fail(path, format!("{name:?} does not belong in a value of any type, only \"type\" and \"value\" do"));
    }
    match (members.get("type"), members.get("value")) {
        (Some(ty), Some(json)) => match type_from_json(ty) {
            Ok(ty) => read(json, &ty, path),
            Err(reason) => fail(path, format!("the type of the value is wrong: {reason}")),
        },
        (None, _) => fail(path, "a value of any type needs a \"type\""),
        (_, None) => fail(path, "a value of any type needs a \"value\""),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
