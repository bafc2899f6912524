//! Access to parts of a value: index and attribute, with unknown and marked values and keys.

use crate::operations::{OperationError, bool_result, fail};
use crate::value::normal;
use crate::{Kind, Number, Type, Value, convert};

/// What a key finds in a collection.
enum Found<'a> {
    /// The element.
    Element(&'a Value),
    /// Nothing, with the reason.
    Nothing(String),
    /// It depends on an unknown; the type of the result.
    Unknown(Type),
}

impl Value {
    /// `self[key]`: an element of a list, tuple or map, or an attribute of an object; the key is converted.
    ///
    /// The result has the marks of the collection and of the key; but which attribute of an object is taken is not
    /// held to tell anything of the key, so its marks do not count there. The error says in a sentence why there is no
    /// element.
    pub fn index(&self, key: &Value) -> Result<Value, OperationError> {
        let marks = if matches!(self.kind(), Kind::Object(_)) && key.is_known() {
            self.marks()
        } else {
            self.marks() | key.marks()
        };
        match find(self, key)? {
            Found::Element(value) => Ok(value.clone().with_marks(marks)),
            Found::Unknown(ty) => Ok(Value::unknown(ty).with_marks(marks)),
            Found::Nothing(reason) if reason.is_empty() => {
                fail("The given key does not identify an element in this collection value.")
            }
            Found::Nothing(reason) => {
                fail(format!("The given key does not identify an element in this collection value: {reason}."))
            }
        }
    }

    /// Tells whether [`Value::index`] finds an element: a bool, unknown if it depends on an unknown.
    pub fn has_index(&self, key: &Value) -> Value {
        let result = match (self.kind(), find(self, key)) {
            (Kind::Unknown(Type::Tuple(elements), _), Ok(Found::Unknown(_))) if key.is_known() => {
                let index = convert(key, &Type::Number).ok().and_then(|key| key.as_number().and_then(Number::to_i64));
                Some(index.is_some_and(|index| usize::try_from(index).is_ok_and(|index| index < elements.len())))
            }
            (_, Ok(Found::Element(_))) => Some(true),
            (_, Ok(Found::Unknown(_))) => None,
            (_, Ok(Found::Nothing(_)) | Err(_)) => Some(false),
        };
        bool_result(result).with_marks(self.marks() | key.marks())
    }

    /// Returns an attribute of an object or an element of a map, with the marks of the whole; unknown if the whole is.
    ///
    /// Nothing is returned where there is none: no such attribute, null, or neither object nor map.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        let name = normal(name.into());
        let name = name.as_str();
        let value = match self.kind() {
            Kind::Object(object) => object.get(name)?.clone(),
            Kind::Map(map) => map.get(name)?.clone(),
            Kind::Unknown(Type::Object(object), _) => Value::unknown(object.get(name)?.ty.clone()),
            Kind::Unknown(Type::Map(element), _) => Value::unknown((**element).clone()),
            Kind::Unknown(Type::Dynamic, _) => Value::dynamic(),
            _ => return None,
        };
        Some(value.with_marks(self.marks()))
    }
}

fn find<'a>(base: &'a Value, key: &Value) -> Result<Found<'a>, OperationError> {
    if base.is_null() {
        return fail("This value is null, so it does not have any indices.");
    }
    if key.is_null() {
        return fail("Can't use a null value as an indexing key.");
    }
    match (base.kind(), key.kind()) {
        (Kind::Unknown(Type::Dynamic, _), _) => Ok(Found::Unknown(Type::Dynamic)),
        (Kind::Set(_) | Kind::Unknown(Type::Set(_), _), _) => fail(
            "The elements of a set have no index or key: only their values tell them apart. Operations over all \
             elements are possible, selection of one is not.",
        ),
        (Kind::List(_) | Kind::Tuple(_) | Kind::Unknown(Type::List(_) | Type::Tuple(_), _), _) => {
            Ok(find_position(base, key))
        }
        (Kind::Map(_) | Kind::Object(_) | Kind::Unknown(Type::Map(_) | Type::Object(_), _), _) => {
            Ok(find_name(base, key))
        }
        _ => fail("This value does not have any indices."),
    }
}

fn find_position<'a>(base: &'a Value, key: &Value) -> Found<'a> {
    let key = match convert(key, &Type::Number) {
        Ok(key) => key,
        Err(error) => return Found::Nothing(error.message),
    };
    let Some(number) = key.as_number() else {
        return Found::Unknown(match base.kind() {
            Kind::List(list) => list.element_type().clone(),
            Kind::Unknown(Type::List(element), _) => (**element).clone(),
            _ => Type::Dynamic,
        });
    };
    if number.signum() < 0 {
        return Found::Nothing("a negative number is not a valid index for a sequence".into());
    }
    if !number.is_integer() {
        return Found::Nothing("a sequence is indexed by whole numbers, and this one has a fraction".into());
    }
    let position = number.to_i64().and_then(|index| usize::try_from(index).ok());
    let at = |length: usize| position.filter(|position| *position < length);
    match base.kind() {
        Kind::List(list) => at(list.values().len()).map(|index| Found::Element(&list.values()[index])),
        Kind::Tuple(tuple) => at(tuple.values().len()).map(|index| Found::Element(&tuple.values()[index])),
        Kind::Unknown(Type::List(element), _) => Some(Found::Unknown((**element).clone())),
        Kind::Unknown(Type::Tuple(types), _) => at(types.len()).map(|index| Found::Unknown(types[index].clone())),
        _ => None,
    }
    .unwrap_or_else(|| Found::Nothing(String::new()))
}

fn find_name<'a>(base: &'a Value, key: &Value) -> Found<'a> {
    let by_number = matches!(key.kind(), Kind::Number(_));
    let key = match convert(key, &Type::String) {
        Ok(key) => key,
        Err(error) => return Found::Nothing(error.message),
    };
    let element = |ty: &Type| Found::Unknown(ty.clone());
    let found = match (base.kind(), key.as_str()) {
        (Kind::Map(map), None) => Some(element(map.element_type())),
        (Kind::Unknown(Type::Map(ty), _), _) => Some(element(ty)),
        (Kind::Map(map), Some(key)) => map.get(key).map(Found::Element),
        (_, None) => Some(Found::Unknown(Type::Dynamic)),
        (Kind::Object(object), Some(key)) => object.get(key).map(Found::Element),
        (Kind::Unknown(Type::Object(object), _), Some(key)) => object.get(key).map(|found| element(&found.ty)),
        _ => None,
    };
    let object = matches!(base.kind(), Kind::Object(_) | Kind::Unknown(Type::Object(_), _));
    found.unwrap_or_else(|| {
        Found::Nothing(if object && by_number { "an object has attributes by name, not by number" } else { "" }.into())
    })
}
