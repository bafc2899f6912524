//! Values as calls carry them: `DynamicValue`, identities, stored objects.

use bytes::Bytes;
use serde_json::Value as Json;
use value::{ConversionError, Type, Value, value_from_json};

use crate::messages::{DynamicValue, RawState, ResourceIdentityData};
use crate::msgpack::{from_msgpack, to_msgpack};

/// Packs a value that the other side reads by its type. Marks do not travel: they are taken off.
pub fn pack(value: &Value, ty: &Type) -> Result<DynamicValue, ConversionError> {
    let bytes = match value.marks_deep().is_empty() {
        true => to_msgpack(value, ty)?,
        false => to_msgpack(&value.clone().unmark_deep().0, ty)?,
    };
    Ok(DynamicValue { msgpack: bytes.into(), json: Bytes::new() })
}

/// Unpacks a value of a type. What was not sent, or is empty, is null.
pub fn unpack(packed: Option<&DynamicValue>, ty: &Type) -> Result<Value, ConversionError> {
    match packed {
        Some(packed) if !packed.msgpack.is_empty() => from_msgpack(&packed.msgpack, ty),
        Some(packed) if !packed.json.is_empty() => value_from_json(&read_json(&packed.json)?, ty),
        _ => Ok(Value::null(ty.without_optional())),
    }
}

/// Packs an identity.
pub fn pack_identity(identity: &Value, ty: &Type) -> Result<ResourceIdentityData, ConversionError> {
    Ok(ResourceIdentityData { identity_data: Some(pack(identity, ty)?) })
}

/// Unpacks an identity; a null one is none.
pub fn unpack_identity(packed: Option<&ResourceIdentityData>, ty: &Type) -> Result<Option<Value>, ConversionError> {
    let Some(packed) = packed else { return Ok(None) };
    unpack(packed.identity_data.as_ref(), ty).map(|identity| Some(identity).filter(|identity| !identity.is_null()))
}

/// Packs a stored object.
pub fn pack_stored(stored: &Json) -> RawState {
    RawState { json: stored.to_string().into_bytes(), ..RawState::default() }
}

/// Unpacks a stored object. What Terraform stored before version 0.12 is a table of texts and cannot be read.
pub fn unpack_stored(packed: Option<&RawState>) -> Result<Json, ConversionError> {
    match packed {
        Some(packed) if !packed.json.is_empty() => read_json(&packed.json),
        Some(packed) if !packed.flatmap.is_empty() => {
            Err(failure("it was stored by a Terraform before version 0.12, whose state has another form"))
        }
        _ => Ok(Json::Null),
    }
}

fn read_json(bytes: &[u8]) -> Result<Json, ConversionError> {
    serde_json::from_slice(bytes).map_err(|error| failure(&format!("not readable as JSON: {error}")))
}

fn failure(message: &str) -> ConversionError {
    ConversionError { path: value::Path::default(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack, unpack_stored};
    use crate::messages::{DynamicValue, RawState};
    use value::{Marks, Type, Value};

    #[test]
    fn marks_stay_here() {
        let ty = Type::list(Type::String);
        let secret = Value::list(Type::String, [Value::string("x").with_marks(Marks::SENSITIVE)]);
        let packed = pack(&secret, &ty).unwrap();
        assert_eq!(unpack(Some(&packed), &ty).unwrap(), Value::list(Type::String, [Value::string("x")]));
    }

    #[test]
    fn json_is_read_where_there_is_no_messagepack() {
        let packed = DynamicValue { json: br#"{"a":[1,null]}"#[..].into(), ..DynamicValue::default() };
        let ty = Type::object([("a", Type::list(Type::Number))]);
        let list = Value::list(Type::Number, [Value::number(1), Value::null(Type::Number)]);
        assert_eq!(unpack(Some(&packed), &ty).unwrap(), Value::object([("a", list)]));
        assert_eq!(unpack(None, &Type::Bool).unwrap(), Value::null(Type::Bool));
        assert_eq!(unpack(Some(&DynamicValue::default()), &Type::Bool).unwrap(), Value::null(Type::Bool));
    }

    #[test]
    fn a_stored_table_of_texts_is_refused() {
        let old = RawState { flatmap: [("id".to_owned(), "x".to_owned())].into(), ..RawState::default() };
        assert!(unpack_stored(Some(&old)).unwrap_err().message.contains("0.12"));
        assert!(unpack_stored(None).unwrap().is_null());
    }
}
