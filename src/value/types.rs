//! Types of the language.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ecow::EcoString;

/// A type, or a type constraint: [`Type::Dynamic`] inside a constraint means "any type".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Not known yet (of a value) or any type (in a constraint).
    Dynamic,
    /// `true` or `false`.
    Bool,
    /// A number of arbitrary size.
    Number,
    /// Unicode text in normal form C.
    String,
    /// Elements of one type, in order.
    List(Arc<Type>),
    /// Distinct elements of one type.
    Set(Arc<Type>),
    /// Elements of one type by string key.
    Map(Arc<Type>),
    /// Elements of several types, in order.
    Tuple(Arc<[Type]>),
    /// Attributes of several types by name.
    Object(Arc<ObjectType>),
    /// A type itself as a value: what `type()` returns and `convert()` takes.
    Meta,
}

/// The attributes of an object type, sorted by name.
///
/// The names are shared with the objects that are converted to the type.
#[derive(Clone, Debug, Default)]
pub struct ObjectType {
    attributes: Vec<Attribute>,
    names: Arc<[EcoString]>,
}

impl PartialEq for ObjectType {
    fn eq(&self, other: &ObjectType) -> bool {
        self.attributes == other.attributes
    }
}

impl Eq for ObjectType {}

impl Hash for ObjectType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.attributes.hash(state);
    }
}

/// One attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Its name.
    pub name: EcoString,
    /// Its type.
    pub ty: Type,
    /// May be missing in a value that is converted to the type; never set in the type of a value.
    pub optional: bool,
}

impl ObjectType {
    /// Makes an object type; the attributes may come in any order, of two with one name the last counts.
    pub fn new(attributes: impl IntoIterator<Item = Attribute>) -> ObjectType {
        let mut attributes: Vec<Attribute> = attributes
            .into_iter()
            .map(|attribute| Attribute { name: crate::value::normal(attribute.name), ..attribute })
            .collect();
        attributes.sort_by(|a, b| a.name.cmp(&b.name));
        attributes.reverse();
        attributes.dedup_by(|later, kept| later.name == kept.name);
        attributes.reverse();
        let names = attributes.iter().map(|a| a.name.clone()).collect();
        ObjectType { attributes, names }
    }

    /// Makes the type of an object from its shared names and its values' types; all attributes are required.
    pub(crate) fn of_shape(names: &Arc<[EcoString]>, types: impl Iterator<Item = Type>) -> ObjectType {
        let attributes =
            names.iter().zip(types).map(|(name, ty)| Attribute { name: name.clone(), ty, optional: false }).collect();
        ObjectType { attributes, names: names.clone() }
    }

    /// Returns the attribute names, sorted.
    pub fn names(&self) -> &Arc<[EcoString]> {
        &self.names
    }

    /// Returns the attributes, sorted by name.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Returns the attribute of a name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.binary_search_by(|a| a.name.as_str().cmp(name)).ok().map(|i| &self.attributes[i])
    }
}

impl Type {
    /// Makes the type `list(element)`.
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    /// Makes the type `set(element)`.
    pub fn set(element: Type) -> Type {
        Type::Set(Arc::new(element))
    }

    /// Makes the type `map(element)`.
    pub fn map(element: Type) -> Type {
        Type::Map(Arc::new(element))
    }

    /// Makes a tuple type.
    pub fn tuple(elements: impl IntoIterator<Item = Type>) -> Type {
        Type::Tuple(elements.into_iter().collect())
    }

    /// Makes an object type whose attributes are all required.
    pub fn object<N: Into<EcoString>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Type {
        let attributes = attributes.into_iter().map(|(name, ty)| Attribute { name: name.into(), ty, optional: false });
        Type::Object(Arc::new(ObjectType::new(attributes)))
    }

    /// Tells whether the type is `string`, `number` or `bool`.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Type::Bool | Type::Number | Type::String)
    }

    /// Tells whether the type is a list, set or map.
    pub fn is_collection(&self) -> bool {
        matches!(self, Type::List(_) | Type::Set(_) | Type::Map(_))
    }

    /// Returns the element type of a list, set or map.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(e) | Type::Set(e) | Type::Map(e) => Some(e),
            _ => None,
        }
    }

    /// Tells whether `dynamic` occurs anywhere in the type.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Type::Dynamic => true,
            Type::Bool | Type::Number | Type::String | Type::Meta => false,
            Type::List(e) | Type::Set(e) | Type::Map(e) => e.has_dynamic(),
            Type::Tuple(es) => es.iter().any(Type::has_dynamic),
            Type::Object(o) => o.attributes.iter().any(|a| a.ty.has_dynamic()),
        }
    }

    /// Tells whether an attribute is marked optional anywhere in the type.
    pub fn has_optional(&self) -> bool {
        match self {
            Type::Dynamic | Type::Bool | Type::Number | Type::String | Type::Meta => false,
            Type::List(e) | Type::Set(e) | Type::Map(e) => e.has_optional(),
            Type::Tuple(es) => es.iter().any(Type::has_optional),
            Type::Object(o) => o.attributes.iter().any(|a| a.optional || a.ty.has_optional()),
        }
    }

    /// Returns the type with no attribute marked optional, at any depth; it is shared where nothing changes.
    pub fn without_optional(&self) -> Type {
        if !self.has_optional() {
            return self.clone();
        }
        match self {
            Type::Dynamic | Type::Bool | Type::Number | Type::String | Type::Meta => self.clone(),
            Type::List(e) => Type::list(e.without_optional()),
            Type::Set(e) => Type::set(e.without_optional()),
            Type::Map(e) => Type::map(e.without_optional()),
            Type::Tuple(es) => Type::tuple(es.iter().map(Type::without_optional)),
            Type::Object(o) => {
                let types = o.attributes.iter().map(|a| a.ty.without_optional());
                Type::Object(Arc::new(ObjectType::of_shape(&o.names, types)))
            }
        }
    }

    /// Tells whether every value of this type is, as it stands, a value of the constraint: the types are equal but
    /// for `dynamic` in the constraint, which stands for any type.
    pub fn fits(&self, constraint: &Type) -> bool {
        match (self, constraint) {
            (_, Type::Dynamic) => true,
            (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
                Arc::ptr_eq(a, b) || a.fits(b)
            }
            (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.fits(b)),
            (Type::Object(a), Type::Object(b)) => {
                a.names == b.names && a.attributes.iter().zip(&b.attributes).all(|(a, b)| a.ty.fits(&b.ty))
            }
            (a, b) => a == b,
        }
    }

    /// Returns the name for messages: `list of string`, `object`, `dynamic`.
    pub fn friendly_name(&self) -> String {
        self.name_with("dynamic", "dynamic")
    }

    /// Returns the name for messages about what is required: `list of any single type`, `any type`.
    pub fn friendly_constraint(&self) -> String {
        self.name_with("any type", "any single type")
    }

    fn name_with(&self, dynamic: &str, dynamic_element: &str) -> String {
        let element = |e: &Type| match e {
            Type::Dynamic => dynamic_element.to_string(),
            e => e.name_with(dynamic, dynamic_element),
        };
        match self {
            Type::Dynamic => dynamic.into(),
            Type::Bool => "bool".into(),
            Type::Number => "number".into(),
            Type::String => "string".into(),
            Type::List(e) => format!("list of {}", element(e)),
            Type::Set(e) => format!("set of {}", element(e)),
            Type::Map(e) => format!("map of {}", element(e)),
            Type::Tuple(_) => "tuple".into(),
            Type::Object(_) => "object".into(),
            Type::Meta => "type".into(),
        }
    }
}

/// Writes the type as a constraint in the language's own syntax: `map(object({a=string}))`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dynamic => f.write_str("any"),
            Type::Bool => f.write_str("bool"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::List(e) => write!(f, "list({e})"),
            Type::Set(e) => write!(f, "set({e})"),
            Type::Map(e) => write!(f, "map({e})"),
            Type::Tuple(es) => {
                f.write_str("tuple([")?;
                for (i, e) in es.iter().enumerate() {
                    write!(f, "{}{e}", if i > 0 { "," } else { "" })?;
                }
                f.write_str("])")
            }
            Type::Object(o) => {
                f.write_str("object({")?;
                for (i, a) in o.attributes.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    if a.optional {
                        write!(f, "{comma}{}=optional({})", a.name, a.ty)?;
                    } else {
                        write!(f, "{comma}{}={}", a.name, a.ty)?;
                    }
                }
                f.write_str("})")
            }
            Type::Meta => f.write_str("type"),
        }
    }
}
