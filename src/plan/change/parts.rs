//! Parts of values by the fields of a schema, and values put together again from their parts.

use std::borrow::Cow;

use schema::{Attribute, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting};
use value::{Kind, PathStep, Value};

/// What an object may hold: the fields of a block or of an object inside an attribute.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) attributes: &'a [Attribute],
    pub(super) blocks: &'a [NestedBlock],
    /// Blocks cannot be unknown, objects in attributes can.
    pub(super) in_block: bool,
}

/// How several objects lie in a field; blocks and attributes have the same ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    Single,
    List,
    Set,
    Map,
}

impl<'a> Fields<'a> {
    pub(super) fn of_block(block: &'a Block) -> Fields<'a> {
        Fields { attributes: &block.attributes, blocks: &block.blocks, in_block: true }
    }

    pub(super) fn of_nested(nested: &'a NestedObject) -> Fields<'a> {
        Fields { attributes: &nested.attributes, blocks: &[], in_block: false }
    }
}

impl Nesting {
    pub(super) fn of_block(nested: &NestedBlock) -> Nesting {
        match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => Nesting::Single,
            BlockNesting::List => Nesting::List,
            BlockNesting::Set => Nesting::Set,
            BlockNesting::Map => Nesting::Map,
        }
    }

    pub(super) fn of_nested(nested: &NestedObject) -> Nesting {
        match nested.nesting {
            ObjectNesting::Single => Nesting::Single,
            ObjectNesting::List => Nesting::List,
            ObjectNesting::Set => Nesting::Set,
            ObjectNesting::Map => Nesting::Map,
        }
    }
}

/// Returns an attribute's value in an object that may be null or unknown: its parts are that as well.
///
/// The null of an absent object has no type: building types of attributes that are not there would cost more than all
/// the rest.
pub(super) fn attribute<'a>(object: &'a Value, attribute: &Attribute) -> Cow<'a, Value> {
    match object.kind() {
        Kind::Object(parts) => parts.get(&attribute.name).map_or(Cow::Owned(Value::NULL), Cow::Borrowed),
        Kind::Unknown(..) => Cow::Owned(Value::unknown(attribute.ty())),
        _ => Cow::Owned(Value::NULL),
    }
}

/// Returns the value of a kind of block in an object that may be null or unknown.
pub(super) fn nested_block<'a>(object: &'a Value, block: &NestedBlock) -> Cow<'a, Value> {
    match object.kind() {
        Kind::Object(parts) => parts.get(&block.name).map_or(Cow::Owned(Value::NULL), Cow::Borrowed),
        Kind::Unknown(..) => Cow::Owned(Value::unknown(block.ty())),
        _ => Cow::Owned(Value::NULL),
    }
}

/// Returns an element of a list or tuple, if there is one.
pub(super) fn at(value: &Value, index: usize) -> Option<&Value> {
    match value.kind() {
        Kind::List(list) => list.values().get(index),
        Kind::Tuple(tuple) => tuple.values().get(index),
        _ => None,
    }
}

/// Returns an element of a map or an attribute of an object, if there is one.
pub(super) fn of_key<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value.kind() {
        Kind::Map(map) => map.get(key),
        Kind::Object(object) => object.get(key),
        _ => None,
    }
}

/// Returns the step to an element of a map of objects, which is an object itself where types of elements differ.
pub(super) fn key_step(collection: &Value, key: &str) -> PathStep {
    match collection.kind() {
        Kind::Object(_) => PathStep::Attribute(key.into()),
        _ => PathStep::Index(Value::string(key)),
    }
}

/// Returns the step to an element of a list or tuple.
pub(super) fn index_step(index: usize) -> PathStep {
    PathStep::Index(Value::number(index))
}

/// Returns the parts of a compound value in its own order.
pub(super) fn parts(value: &Value) -> Vec<&Value> {
    match value.kind() {
        Kind::Map(map) => map.entries().iter().map(|(_, part)| part).collect(),
        Kind::Object(object) => object.values().iter().collect(),
        _ => value.as_sequence().unwrap_or_default().iter().collect(),
    }
}

/// Returns steps and parts of a compound value in its own order; a set's element is its own key.
pub(super) fn steps(value: &Value) -> Vec<(PathStep, &Value)> {
    match value.kind() {
        Kind::Map(map) => map.entries().iter().map(|(key, part)| (PathStep::Index(key.clone().into()), part)).collect(),
        Kind::Object(object) => object.iter().map(|(name, part)| (PathStep::Attribute(name.clone()), part)).collect(),
        Kind::Set(set) => set.values().iter().map(|part| (PathStep::Index(part.clone()), part)).collect(),
        _ => {
            let parts = value.as_sequence().unwrap_or_default();
            parts.iter().enumerate().map(|(index, part)| (index_step(index), part)).collect()
        }
    }
}

/// Puts a compound value together again from new parts, as many as it had, in the same order.
pub(super) fn rebuild(value: &Value, parts: Vec<Value>) -> Value {
    let rebuilt = match value.kind() {
        Kind::List(list) => Value::list(list.element_type().clone(), parts),
        Kind::Set(set) => Value::set(set.element_type().clone(), parts),
        Kind::Tuple(_) => Value::tuple(parts),
        Kind::Map(map) => {
            let keys = map.entries().iter().map(|(key, _)| key.clone());
            Value::map(map.element_type().clone(), keys.zip(parts))
        }
        Kind::Object(object) => Value::object_of_shape(object.names().clone(), parts),
        _ => return value.clone(),
    };
    rebuilt.with_marks(value.marks())
}

/// Changes the parts of a compound value; `None` where nothing changes, so that it stays shared.
pub(super) fn change_parts(value: &Value, change: &mut dyn FnMut(&Value) -> Option<Value>) -> Option<Value> {
    let old = parts(value);
    let changed: Vec<Option<Value>> = old.iter().map(|part| change(part)).collect();
    if changed.iter().all(Option::is_none) {
        return None;
    }
    let new = changed.into_iter().zip(old).map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect();
    Some(rebuild(value, new))
}

#[cfg(test)]
mod tests {
    use value::{Type, Value};

    #[test]
    fn unchanged_parts_leave_the_whole_alone() {
        let list = Value::list(Type::Number, [1.into(), 2.into()]);
        assert_eq!(super::change_parts(&list, &mut |_| None), None);
        let change = |part: &Value| (*part == 2.into()).then(|| 3.into());
        assert_eq!(super::change_parts(&list, &mut { change }), Some(Value::list(Type::Number, [1.into(), 3.into()])));
    }
}
