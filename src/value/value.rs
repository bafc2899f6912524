//! The value itself: representation, construction and access.

use std::fmt;
use std::sync::Arc;

use ecow::EcoString;

use crate::refine::Unknown;
use crate::{Marks, Number, ObjectType, Refinement, Type};

/// A value of the language.
///
/// Equality (`==` in Rust) is of representation: the same type, content, marks and bounds. For the operator of the
/// language see [`Value::equals`].
#[derive(Clone, PartialEq, Eq)]
pub struct Value(pub(crate) Repr);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Repr {
    Null(Type),
    Unknown(Arc<Unknown>),
    Bool(bool),
    Number(Number),
    String(EcoString),
    List(Arc<ListValue>),
    Set(Arc<SetValue>),
    Map(Arc<MapValue>),
    Tuple(Arc<TupleValue>),
    Object(Arc<ObjectValue>),
    /// Shared, so that only null holds a type in place: with two such variants a value would take 32 bytes.
    Meta(Arc<Type>),
    Marked(Arc<(Marks, Value)>),
}

/// What a value is, for `match`; marks are looked through.
#[derive(Debug)]
pub enum Kind<'a> {
    /// Null of a type.
    Null(&'a Type),
    /// Not known yet: its type and what is known about it.
    Unknown(&'a Type, &'a Refinement),
    /// A bool.
    Bool(bool),
    /// A number.
    Number(&'a Number),
    /// A string.
    String(&'a EcoString),
    /// A list.
    List(&'a ListValue),
    /// A set.
    Set(&'a SetValue),
    /// A map.
    Map(&'a MapValue),
    /// A tuple.
    Tuple(&'a TupleValue),
    /// An object.
    Object(&'a ObjectValue),
    /// A type.
    Meta(&'a Type),
}

/// What a compound value holds somewhere inside; kept with it so that asking costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) unknown: bool,
    pub(crate) marks: Marks,
}

impl Contents {
    fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Contents {
        values.into_iter().fold(Contents::default(), |sum, value| {
            let inner = value.contents();
            Contents { unknown: sum.unknown || inner.unknown, marks: sum.marks | inner.marks }
        })
    }
}

macro_rules! sequence {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            element: Type,
            values: Vec<Value>,
            contents: Contents,
        }

        impl $name {
            /// Returns the element type.
            pub fn element_type(&self) -> &Type {
                &self.element
            }

            /// Returns the elements in order.
            pub fn values(&self) -> &[Value] {
                &self.values
            }
        }
    };
}

sequence!(ListValue, "The elements of a list.");
sequence!(SetValue, "The elements of a set, in the set's own order: sorted for primitive elements.");

/// The entries of a map, sorted by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapValue {
    element: Type,
    entries: Vec<(EcoString, Value)>,
    contents: Contents,
}

impl MapValue {
    /// Returns the element type.
    pub fn element_type(&self) -> &Type {
        &self.element
    }

    /// Returns the entries, sorted by key.
    pub fn entries(&self) -> &[(EcoString, Value)] {
        &self.entries
    }

    /// Returns the element of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|i| &self.entries[i].1)
    }
}

/// The elements of a tuple.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TupleValue {
    values: Vec<Value>,
    contents: Contents,
}

impl TupleValue {
    /// Returns the elements in order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// The attributes of an object, sorted by name.
///
/// Names are shared between objects of one shape: a hundred thousand instances of a resource hold their names once.
#[derive(Clone, Debug)]
pub struct ObjectValue {
    names: Arc<[EcoString]>,
    values: Vec<Value>,
    contents: Contents,
}

impl PartialEq for ObjectValue {
    fn eq(&self, other: &ObjectValue) -> bool {
        (Arc::ptr_eq(&self.names, &other.names) || self.names == other.names) && self.values == other.values
    }
}

impl Eq for ObjectValue {}

impl ObjectValue {
    /// Returns the attribute names, sorted.
    pub fn names(&self) -> &Arc<[EcoString]> {
        &self.names
    }

    /// Returns the attribute values in the order of the names.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns the value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.names.binary_search_by(|n| n.as_str().cmp(name)).ok().map(|i| &self.values[i])
    }

    /// Returns names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&EcoString, &Value)> {
        self.names.iter().zip(&self.values)
    }
}

impl Value {
    /// The value `true`.
    pub const TRUE: Value = Value(Repr::Bool(true));
    /// The value `false`.
    pub const FALSE: Value = Value(Repr::Bool(false));
    /// Null of unknown type: what the keyword `null` means.
    pub const NULL: Value = Value(Repr::Null(Type::Dynamic));

    /// Makes the null of a type.
    pub fn null(ty: Type) -> Value {
        Value(Repr::Null(ty))
    }

    /// Makes an unknown value of a type.
    pub fn unknown(ty: Type) -> Value {
        Value(Repr::Unknown(Arc::new(Unknown { ty, refinement: Refinement::default() })))
    }

    /// Makes an unknown value of unknown type.
    pub fn dynamic() -> Value {
        Value::unknown(Type::Dynamic)
    }

    pub(crate) fn unknown_refined(ty: Type, refinement: Refinement) -> Value {
        Value(Repr::Unknown(Arc::new(Unknown { ty, refinement })))
    }

    /// Makes a bool.
    pub fn bool(value: bool) -> Value {
        Value(Repr::Bool(value))
    }

    /// Makes a number.
    pub fn number(value: impl Into<Number>) -> Value {
        Value(Repr::Number(value.into()))
    }

    /// Makes a string; the text is brought to normal form C.
    pub fn string(text: impl Into<EcoString>) -> Value {
        Value(Repr::String(normal(text.into())))
    }

    /// Makes a list; all elements must be of type `element` (or unknown or null of it).
    pub fn list(element: Type, values: impl IntoIterator<Item = Value>) -> Value {
        let values: Vec<Value> = values.into_iter().collect();
        let contents = Contents::of(&values);
        Value(Repr::List(Arc::new(ListValue { element, values, contents })))
    }

    /// Makes a set; equal elements become one, marks of elements move to the set.
    pub fn set(element: Type, values: impl IntoIterator<Item = Value>) -> Value {
        let mut marks = Marks::NONE;
        let mut bare = Vec::new();
        for value in values {
            let (value, found) = value.unmark_deep();
            marks |= found;
            bare.push(value);
        }
        let values = crate::set::sorted_distinct(&element, bare);
        let contents = Contents::of(&values);
        Value(Repr::Set(Arc::new(SetValue { element, values, contents }))).with_marks(marks)
    }

    /// Makes a map; the entries may come in any order, of two with one key the last counts.
    pub fn map<K: Into<EcoString>>(element: Type, entries: impl IntoIterator<Item = (K, Value)>) -> Value {
        let entries = sorted_entries(entries);
        let contents = Contents::of(entries.iter().map(|(_, value)| value));
        Value(Repr::Map(Arc::new(MapValue { element, entries, contents })))
    }

    /// Makes a tuple.
    pub fn tuple(values: impl IntoIterator<Item = Value>) -> Value {
        let values: Vec<Value> = values.into_iter().collect();
        let contents = Contents::of(&values);
        Value(Repr::Tuple(Arc::new(TupleValue { values, contents })))
    }

    /// Makes an object; the attributes may come in any order, of two with one name the last counts.
    pub fn object<K: Into<EcoString>>(attributes: impl IntoIterator<Item = (K, Value)>) -> Value {
        let (names, values): (Vec<_>, Vec<_>) = sorted_entries(attributes).into_iter().unzip();
        Value::object_of_shape(names.into(), values)
    }

    /// Makes an object that shares its names; they must be sorted and distinct, with one value each.
    pub fn object_of_shape(names: Arc<[EcoString]>, values: Vec<Value>) -> Value {
        assert_eq!(names.len(), values.len(), "an object has one value per name");
        debug_assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "names are sorted and distinct");
        let contents = Contents::of(&values);
        Value(Repr::Object(Arc::new(ObjectValue { names, values, contents })))
    }

    /// Makes the value that stands for a type.
    pub fn meta(ty: Type) -> Value {
        Value(Repr::Meta(Arc::new(ty)))
    }

    /// Returns what the value is, looking through marks at the top.
    pub fn kind(&self) -> Kind<'_> {
        match &self.0 {
            Repr::Null(ty) => Kind::Null(ty),
            Repr::Unknown(unknown) => Kind::Unknown(&unknown.ty, &unknown.refinement),
            Repr::Bool(value) => Kind::Bool(*value),
            Repr::Number(value) => Kind::Number(value),
            Repr::String(value) => Kind::String(value),
            Repr::List(value) => Kind::List(value),
            Repr::Set(value) => Kind::Set(value),
            Repr::Map(value) => Kind::Map(value),
            Repr::Tuple(value) => Kind::Tuple(value),
            Repr::Object(value) => Kind::Object(value),
            Repr::Meta(ty) => Kind::Meta(ty),
            Repr::Marked(marked) => marked.1.kind(),
        }
    }

    /// Returns the type; for tuples and objects it is put together from their parts.
    pub fn ty(&self) -> Type {
        match self.kind() {
            Kind::Null(ty) | Kind::Unknown(ty, _) => ty.clone(),
            Kind::Bool(_) => Type::Bool,
            Kind::Number(_) => Type::Number,
            Kind::String(_) => Type::String,
            Kind::List(list) => Type::list(list.element.clone()),
            Kind::Set(set) => Type::set(set.element.clone()),
            Kind::Map(map) => Type::map(map.element.clone()),
            Kind::Tuple(tuple) => Type::tuple(tuple.values.iter().map(Value::ty)),
            Kind::Object(object) => {
                Type::Object(Arc::new(ObjectType::of_shape(&object.names, object.values.iter().map(Value::ty))))
            }
            Kind::Meta(_) => Type::Meta,
        }
    }

    /// Tells whether the value's type is exactly `ty`, without putting the type together.
    pub fn is_of_type(&self, ty: &Type) -> bool {
        match (self.kind(), ty) {
            (Kind::Null(own) | Kind::Unknown(own, _), _) => own == ty,
            (Kind::Bool(_), Type::Bool) | (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => true,
            (Kind::List(list), Type::List(element)) => list.element == **element,
            (Kind::Set(set), Type::Set(element)) => set.element == **element,
            (Kind::Map(map), Type::Map(element)) => map.element == **element,
            (Kind::Tuple(tuple), Type::Tuple(types)) => {
                tuple.values.len() == types.len() && tuple.values.iter().zip(types.iter()).all(|(v, t)| v.is_of_type(t))
            }
            (Kind::Object(object), Type::Object(ty)) => {
                object.names == *ty.names()
                    && object.values.iter().zip(ty.attributes()).all(|(v, a)| !a.optional && v.is_of_type(&a.ty))
            }
            (Kind::Meta(_), Type::Meta) => true,
            _ => false,
        }
    }

    /// Tells whether the value is, as it stands, a value of the type constraint: conversion would not change it.
    pub fn fits(&self, constraint: &Type) -> bool {
        match (self.kind(), constraint) {
            (_, Type::Dynamic) => true,
            (Kind::Null(own) | Kind::Unknown(own, _), _) => own.fits(constraint),
            (Kind::Bool(_), Type::Bool) | (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => true,
            (Kind::List(list), Type::List(element)) => list.element.fits(element),
            (Kind::Set(set), Type::Set(element)) => set.element.fits(element),
            (Kind::Map(map), Type::Map(element)) => map.element.fits(element),
            (Kind::Tuple(tuple), Type::Tuple(types)) => {
                tuple.values.len() == types.len() && tuple.values.iter().zip(types.iter()).all(|(v, t)| v.fits(t))
            }
            (Kind::Object(object), Type::Object(ty)) => {
                object.names == *ty.names() && object.values.iter().zip(ty.attributes()).all(|(v, a)| v.fits(&a.ty))
            }
            (Kind::Meta(_), Type::Meta) => true,
            _ => false,
        }
    }

    /// Tells whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind(), Kind::Null(_))
    }

    /// Tells whether the value itself is known; parts of it may not be.
    pub fn is_known(&self) -> bool {
        !matches!(self.kind(), Kind::Unknown(..))
    }

    /// Tells whether the value and all its parts are known.
    pub fn is_wholly_known(&self) -> bool {
        !self.contents().unknown
    }

    /// Returns the text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match self.kind() {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a known number.
    pub fn as_number(&self) -> Option<&Number> {
        match self.kind() {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns a known bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the elements of a known list, set or tuple.
    pub fn as_sequence(&self) -> Option<&[Value]> {
        match self.kind() {
            Kind::List(list) => Some(&list.values),
            Kind::Set(set) => Some(&set.values),
            Kind::Tuple(tuple) => Some(&tuple.values),
            _ => None,
        }
    }

    /// Returns keys and elements of a known map or object, sorted by key.
    pub fn as_entries(&self) -> Option<Vec<(&EcoString, &Value)>> {
        match self.kind() {
            Kind::Map(map) => Some(map.entries.iter().map(|(k, v)| (k, v)).collect()),
            Kind::Object(object) => Some(object.iter().collect()),
            _ => None,
        }
    }

    /// Returns the number of elements or attributes of a known compound value.
    pub fn element_count(&self) -> Option<usize> {
        match self.kind() {
            Kind::List(list) => Some(list.values.len()),
            Kind::Set(set) => Some(set.values.len()),
            Kind::Map(map) => Some(map.entries.len()),
            Kind::Tuple(tuple) => Some(tuple.values.len()),
            Kind::Object(object) => Some(object.values.len()),
            _ => None,
        }
    }

    /// Returns the marks of the value itself.
    pub fn marks(&self) -> Marks {
        match &self.0 {
            Repr::Marked(marked) => marked.0,
            _ => Marks::NONE,
        }
    }

    /// Returns the marks of the value and of everything inside it.
    pub fn marks_deep(&self) -> Marks {
        self.contents().marks
    }

    /// Adds marks to the value itself.
    #[must_use]
    pub fn with_marks(self, marks: Marks) -> Value {
        if marks.is_empty() {
            return self;
        }
        let (bare, old) = self.unmark();
        Value(Repr::Marked(Arc::new((old | marks, bare))))
    }

    /// Takes the marks off the value itself; parts keep theirs.
    pub fn unmark(self) -> (Value, Marks) {
        match self.0 {
            Repr::Marked(marked) => match Arc::try_unwrap(marked) {
                Ok((marks, value)) => (value, marks),
                Err(shared) => (shared.1.clone(), shared.0),
            },
            _ => (self, Marks::NONE),
        }
    }

    /// Takes all marks off, at every depth, and returns their union.
    pub fn unmark_deep(self) -> (Value, Marks) {
        let marks = self.marks_deep();
        if marks.is_empty() {
            return (self, marks);
        }
        (self.without_marks(), marks)
    }

    fn without_marks(self) -> Value {
        if self.marks_deep().is_empty() {
            return self;
        }
        let (bare, _) = self.unmark();
        bare.map_parts(&mut Value::without_marks)
    }

    /// Rebuilds a compound value from its changed parts; other values, and element types, stay as they are.
    pub(crate) fn map_parts(self, change: &mut dyn FnMut(Value) -> Value) -> Value {
        match self.0 {
            Repr::List(list) => Value::list(list.element.clone(), list.values.iter().cloned().map(change)),
            Repr::Set(set) => Value::set(set.element.clone(), set.values.iter().cloned().map(change)),
            Repr::Map(map) => Value::map(
                map.element.clone(),
                map.entries.iter().map(|(key, value)| (key.clone(), change(value.clone()))),
            ),
            Repr::Tuple(tuple) => Value::tuple(tuple.values.iter().cloned().map(change)),
            Repr::Object(object) => {
                let values = object.values.iter().cloned().map(change).collect();
                Value::object_of_shape(object.names.clone(), values)
            }
            Repr::Marked(marked) => marked.1.clone().map_parts(change).with_marks(marked.0),
            other => Value(other),
        }
    }

    pub(crate) fn contents(&self) -> Contents {
        match &self.0 {
            Repr::Unknown(_) => Contents { unknown: true, marks: Marks::NONE },
            Repr::List(list) => list.contents,
            Repr::Set(set) => set.contents,
            Repr::Map(map) => map.contents,
            Repr::Tuple(tuple) => tuple.contents,
            Repr::Object(object) => object.contents,
            Repr::Marked(marked) => {
                let inner = marked.1.contents();
                Contents { marks: inner.marks | marked.0, ..inner }
            }
            Repr::Null(_) | Repr::Bool(_) | Repr::Number(_) | Repr::String(_) | Repr::Meta(_) => Contents::default(),
        }
    }
}

/// Brings a text to normal form C, as all strings, keys and names are.
pub(crate) fn normal(text: EcoString) -> EcoString {
    if text.is_ascii() || unicode_normalization::is_nfc(&text) {
        return text;
    }
    let normal: String = unicode_normalization::UnicodeNormalization::nfc(text.as_str()).collect();
    normal.into()
}

fn sorted_entries<K: Into<EcoString>>(entries: impl IntoIterator<Item = (K, Value)>) -> Vec<(EcoString, Value)> {
    let mut entries: Vec<(EcoString, Value)> = entries.into_iter().map(|(k, v)| (normal(k.into()), v)).collect();
    if entries.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        return entries;
    }
    entries.reverse();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries.dedup_by(|earlier, kept| earlier.0 == kept.0);
    entries
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::string(text)
    }
}

impl From<EcoString> for Value {
    fn from(text: EcoString) -> Value {
        Value::string(text)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::number(value)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Value {
        Value(Repr::Number(value))
    }
}

/// Never shows what is sensitive: a debug dump in a log must not leak.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Null(ty) => write!(f, "null({ty})"),
            Repr::Unknown(unknown) => write!(f, "unknown({})", unknown.ty),
            Repr::Bool(value) => write!(f, "{value}"),
            Repr::Number(value) => write!(f, "{value}"),
            Repr::String(value) => write!(f, "{value:?}"),
            Repr::List(list) => write!(f, "list{:?}", list.values),
            Repr::Set(set) => write!(f, "set{:?}", set.values),
            Repr::Map(map) => f.debug_map().entries(map.entries.iter().map(|(k, v)| (k, v))).finish(),
            Repr::Tuple(tuple) => write!(f, "{:?}", tuple.values),
            Repr::Object(object) => f.debug_map().entries(object.iter()).finish(),
            Repr::Meta(ty) => write!(f, "type({ty})"),
            Repr::Marked(marked) if marked.0.contains(Marks::SENSITIVE) => f.write_str("(sensitive)"),
            Repr::Marked(marked) => write!(f, "marked({:?})", marked.1),
        }
    }
}
