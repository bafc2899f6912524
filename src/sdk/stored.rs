//! Objects as state stores them, read by a schema.

use schema::{Block, BlockNesting};
use serde_json::Value as Json;
use value::{Kind, Type, Value, value_from_json};

use crate::Problem;

/// Reads a stored object of the current version; `ty` is the block's type.
///
/// Attributes that the schema does not have are left out, as a schema may lose some without becoming another version.
pub fn read_stored(raw: &Json, block: &Block, ty: &Type) -> Result<Value, Problem> {
    let read = value_from_json(raw, ty).or_else(|_| value_from_json(&known_parts(raw, ty), ty));
    let object = read.map_err(|error| {
        let at = if error.path.0.is_empty() { String::new() } else { format!(" at `{}`", error.path) };
        Problem::error("Stored object not readable", format!("State holds something else{at}: {}.", error.message))
    })?;
    Ok(with_empty_blocks(block, object))
}

/// Leaves out what has no place in the type.
fn known_parts(raw: &Json, ty: &Type) -> Json {
    match (raw, ty) {
        (Json::Object(members), Type::Object(object)) => {
            let known = members.iter().filter_map(|(name, json)| {
                object.get(name).map(|attribute| (name.clone(), known_parts(json, &attribute.ty)))
            });
            Json::Object(known.collect())
        }
        (Json::Object(members), Type::Map(element)) => {
            Json::Object(members.iter().map(|(key, json)| (key.clone(), known_parts(json, element))).collect())
        }
        (Json::Array(elements), Type::List(element) | Type::Set(element)) => {
            Json::Array(elements.iter().map(|json| known_parts(json, element)).collect())
        }
        _ => raw.clone(),
    }
}

/// Blocks that were not stored are none, not null: a configuration cannot say null of them.
fn with_empty_blocks(block: &Block, object: Value) -> Value {
    let Kind::Object(members) = object.kind() else { return object };
    let missing = |name: &str| members.get(name).is_some_and(Value::is_null);
    if !block.blocks.iter().any(|nested| missing(&nested.name)) {
        return object;
    }
    let value = |(name, value): (&ecow::EcoString, &Value)| match block.nested(name) {
        Some(nested) if value.is_null() => {
            let element = nested.block.ty();
            match nested.nesting {
                BlockNesting::List if element.has_dynamic() => Value::tuple([]),
                BlockNesting::List => Value::list(element, []),
                BlockNesting::Set => Value::set(element, []),
                BlockNesting::Map if element.has_dynamic() => Value::object(Vec::<(&str, Value)>::new()),
                BlockNesting::Map => Value::map(element, Vec::<(&str, Value)>::new()),
                BlockNesting::Single | BlockNesting::Group => value.clone(),
            }
        }
        _ => value.clone(),
    };
    Value::object_of_shape(members.names().clone(), members.iter().map(value).collect())
}
