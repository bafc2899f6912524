//! Attributes of an object: JSON until a schema is known, a typed value from then on.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use value::{Type, Value, value_from_json, value_to_json};

/// What an object's attributes are.
///
/// Read from a file they are JSON: a provider upgrades old schema versions from just that, and most objects of a large
/// state are never decoded at all. Set in this run they are a value with its type, so that nothing is parsed twice.
/// Cloning is cheap; `Debug` shows no values.
#[derive(Clone)]
pub struct Attributes(Repr);

#[derive(Clone)]
enum Repr {
    Json(Arc<str>),
    Flat(Arc<str>),
    Typed(Arc<(Value, Type)>),
}

/// Why attributes cannot be stored or read; says where and what kind of thing, never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributesError {
    /// Where in the object.
    pub path: String,
    /// What is wrong there, as a phrase.
    pub message: String,
}

impl fmt::Display for AttributesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}", self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

impl std::error::Error for AttributesError {}

fn error(error: value::ConversionError) -> AttributesError {
    AttributesError { path: error.path.to_string(), message: error.message }
}

impl Attributes {
    /// Takes a wholly known value without marks; `ty` is the schema's type, which the value fits.
    pub fn of_value(value: Value, ty: Type) -> Result<Attributes, AttributesError> {
        if !value.is_wholly_known() || !value.marks_deep().is_empty() {
            let message = "what is stored is wholly known, and its marks are stored beside it".into();
            return Err(AttributesError { path: String::new(), message });
        }
        if !value.fits(&ty) {
            let message = format!("the value is no {}", ty.friendly_constraint());
            return Err(AttributesError { path: String::new(), message });
        }
        Ok(Attributes(Repr::Typed(Arc::new((value, ty)))))
    }

    /// Takes JSON text, which must be one JSON value without line breaks between its parts.
    pub fn of_json(text: impl Into<Arc<str>>) -> Attributes {
        Attributes(Repr::Json(text.into()))
    }

    /// Takes the JSON object of texts by dotted path that very old Terraform providers left behind.
    pub fn of_flat_map(text: impl Into<Arc<str>>) -> Attributes {
        Attributes(Repr::Flat(text.into()))
    }

    /// Tells whether these are texts by dotted path, which only the provider's upgrade can read.
    pub fn is_flat_map(&self) -> bool {
        matches!(self.0, Repr::Flat(_))
    }

    /// Returns the JSON text.
    pub fn json(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Json(text) | Repr::Flat(text) => Cow::Borrowed(text),
            Repr::Typed(typed) => {
                // Known, unmarked and of the type since `of_value`; infinity is the one value without a form.
                let json = value_to_json(&typed.0, &typed.1).unwrap_or(serde_json::Value::Null);
                Cow::Owned(json.to_string())
            }
        }
    }

    /// Returns the value, if it is held as one of just this type.
    pub fn value(&self, ty: &Type) -> Option<&Value> {
        match &self.0 {
            Repr::Typed(typed) if typed.1 == *ty => Some(&typed.0),
            _ => None,
        }
    }

    /// Returns the value of a type; JSON is parsed each time, so callers keep what they get.
    pub fn decode(&self, ty: &Type) -> Result<Value, AttributesError> {
        if let Some(value) = self.value(ty) {
            return Ok(value.clone());
        }
        if self.is_flat_map() {
            let message = "the object was written by a very old provider, and must be upgraded by it first".into();
            return Err(AttributesError { path: String::new(), message });
        }
        let json = serde_json::from_str(&self.json()).map_err(|cause| AttributesError {
            path: String::new(),
            // The cause's own text may quote what it met, which may be a secret.
            message: format!("not JSON from column {} on", cause.column()),
        })?;
        value_from_json(&json, ty).map_err(error)
    }
}

impl PartialEq for Attributes {
    fn eq(&self, other: &Attributes) -> bool {
        match (&self.0, &other.0) {
            (Repr::Typed(a), Repr::Typed(b)) if Arc::ptr_eq(a, b) => true,
            _ => self.is_flat_map() == other.is_flat_map() && self.json() == other.json(),
        }
    }
}

impl Eq for Attributes {}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Repr::Json(_) => "Attributes(JSON)",
            Repr::Flat(_) => "Attributes(flat map)",
            Repr::Typed(_) => "Attributes(value)",
        })
    }
}

#[cfg(test)]
mod tests {
    use value::{Marks, Type, Value};

    use super::Attributes;

    fn shape() -> Type {
        Type::object([("id", Type::String), ("any", Type::Dynamic)])
    }

    #[test]
    fn a_value_is_kept_and_its_text_read_back() {
        let value =
            Value::object([("id", Value::string("x<")), ("any", Value::list(Type::Number, [Value::number(1)]))]);
        let typed = Attributes::of_value(value.clone(), shape()).unwrap();
        assert_eq!(typed.json(), r#"{"any":{"value":[1],"type":["list","number"]},"id":"x<"}"#);
        let read = Attributes::of_json(typed.json().into_owned());
        assert_eq!((read.decode(&shape()).unwrap(), typed.decode(&shape()).unwrap()), (value.clone(), value));
        assert_eq!(read, typed);
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        let text = |value: Value| Attributes::of_value(value, Type::String).map(|_| ());
        assert!(text(Value::string("x")).is_ok());
        assert!(text(Value::unknown(Type::String)).is_err());
        assert!(text(Value::string("x").with_marks(Marks::SENSITIVE)).is_err());
        assert!(text(Value::TRUE).is_err());
    }

    #[test]
    fn neither_debug_nor_errors_show_values() {
        let secret = Attributes::of_json(r#"{"id":["hunter2"],"hunter2":1}"#);
        let typed = Attributes::of_value(Value::string("hunter2"), Type::String).unwrap();
        let torn = Attributes::of_json(r#"{"id":"hunter2"#);
        let shown = [
            format!("{secret:?}{typed:?}"),
            torn.decode(&shape()).unwrap_err().to_string(),
            Attributes::of_json(r#"{"id":["hunter2"]}"#).decode(&shape()).unwrap_err().to_string(),
        ];
        assert!(shown.iter().all(|text| !text.contains("hunter2")), "{shown:?}");
    }
}
