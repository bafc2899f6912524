//! JSON forms: of types (`["list","string"]`) and of values, as plugin protocol, state and `jsonencode` have them.

use serde_json::Value as Json;

use crate::{ConversionError, Type, Value};

/// Returns the JSON form of a type: `"string"`, `["list","string"]`, `["object",{...},[optional...]]`.
pub fn type_to_json(_ty: &Type) -> Json {
    panic!("skeleton")
}

/// Reads a type from its JSON form.
pub fn type_from_json(_json: &Json) -> Result<Type, String> {
    panic!("skeleton")
}

/// Returns the JSON form of a wholly known value; where `ty` is dynamic, `{"type":...,"value":...}` is written.
pub fn value_to_json(_value: &Value, _ty: &Type) -> Result<Json, ConversionError> {
    panic!("skeleton")
}

/// Reads a value of a type from its JSON form.
pub fn value_from_json(_json: &Json, _ty: &Type) -> Result<Value, ConversionError> {
    panic!("skeleton")
}
