//! Values that are made up where a provider would choose them.

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedObject, ObjectNesting};
use value::{Kind, Type, Value, convert};

/// Characters of a made-up text.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// How long a made-up text is.
const TEXT_LENGTH: usize = 8;

/// What stands in the place of a value that a provider chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// A value that is not set, and stays unknown for now.
    Open,
    /// A value that is not set, and gets one.
    Unset,
    /// A value that is not known, and gets one.
    Unknown,
}

/// Makes values up, the same ones whenever it is asked about the same object.
pub(crate) struct Maker<'a> {
    /// What tells the object apart from others.
    pub(crate) seed: u64,
    /// What the test says of its values.
    pub(crate) given: Option<&'a Value>,
    pub(crate) gap: Gap,
    /// What of that does not fit: attribute and reason.
    pub(crate) problems: Vec<(String, String)>,
}

impl Maker<'_> {
    /// Fills the gaps of an object.
    pub(crate) fn fill(&mut self, block: &Block, object: &Value) -> Value {
        let given = self.given.cloned();
        self.block(block, object, given.as_ref(), "")
    }

    fn block(&mut self, block: &Block, object: &Value, given: Option<&Value>, path: &str) -> Value {
        self.members(object, |maker, name, value| {
            let (path, given) = (join(path, name), given.and_then(|given| member(given, name)));
            if let Some(attribute) = block.attribute(name) {
                return maker.attribute(attribute, value, given.as_ref(), &path);
            }
            let Some(nested) = block.nested(name) else { return value.clone() };
            let is_one = matches!(nested.nesting, BlockNesting::Single | BlockNesting::Group);
            maker.elements(value, is_one, &path, &mut |maker, value, path| {
                maker.block(&nested.block, value, given.as_ref(), path)
            })
        })
    }

    fn attribute(&mut self, attribute: &Attribute, value: &Value, given: Option<&Value>, path: &str) -> Value {
        let is_gap = match self.gap {
            Gap::Open | Gap::Unset => value.is_null() && attribute.computed && !attribute.write_only,
            Gap::Unknown => !value.is_known(),
        };
        if is_gap && self.gap == Gap::Open {
            return Value::unknown(attribute.ty());
        }
        if is_gap {
            return match given {
                Some(given) => self.fitting(&attribute.ty(), given, path),
                None => self.value(&attribute.ty(), path),
            };
        }
        match &attribute.kind {
            AttributeKind::Type(_) => value.clone(),
            AttributeKind::Nested(nested) => {
                let is_one = nested.nesting == ObjectNesting::Single;
                self.elements(value, is_one, path, &mut |maker, value, path| maker.nested(nested, value, given, path))
            }
        }
    }

    fn nested(&mut self, nested: &NestedObject, object: &Value, given: Option<&Value>, path: &str) -> Value {
        self.members(object, |maker, name, value| {
            let given = given.and_then(|given| member(given, name));
            match nested.attributes.iter().find(|attribute| attribute.name == name) {
                Some(attribute) => maker.attribute(attribute, value, given.as_ref(), &join(path, name)),
                None => value.clone(),
            }
        })
    }

    /// Fills the one object, or each of a collection.
    fn elements(
        &mut self,
        value: &Value,
        is_one: bool,
        path: &str,
        fill: &mut dyn FnMut(&mut Self, &Value, &str) -> Value,
    ) -> Value {
        let mut each = |maker: &mut Self, parts: &[Value]| -> Vec<Value> {
            let parts = parts.iter().enumerate();
            parts.map(|(place, part)| fill(maker, part, &format!("{path}[{place}]"))).collect()
        };
        match value.kind() {
            Kind::List(list) => Value::list(list.element_type().clone(), each(self, list.values())),
            Kind::Set(set) => Value::set(set.element_type().clone(), each(self, set.values())),
            Kind::Tuple(tuple) => Value::tuple(each(self, tuple.values())),
            Kind::Map(map) => {
                let entries = map.entries().iter();
                let entries = entries.map(|(key, part)| (key.clone(), fill(self, part, &join(path, key))));
                Value::map(map.element_type().clone(), entries.collect::<Vec<_>>())
            }
            Kind::Object(_) if !is_one => self.members(value, |maker, key, part| fill(maker, part, &join(path, key))),
            Kind::Object(_) => fill(self, value, path),
            _ => value.clone(),
        }
    }

    fn members(&mut self, object: &Value, mut change: impl FnMut(&mut Self, &str, &Value) -> Value) -> Value {
        match object.kind() {
            Kind::Object(members) => {
                let values = members.iter().map(|(name, value)| change(self, name, value)).collect();
                Value::object_of_shape(members.names().clone(), values)
            }
            _ => object.clone(),
        }
    }

    /// Brings a given value into the form of a type; what objects lack is made up.
    fn fitting(&mut self, ty: &Type, given: &Value, path: &str) -> Value {
        if let (Type::Object(object), Kind::Object(_) | Kind::Map(_)) = (ty, given.kind()) {
            let attributes = object.attributes().iter().map(|attribute| {
                let path = join(path, &attribute.name);
                let value = match member(given, &attribute.name) {
                    Some(given) => self.fitting(&attribute.ty, &given, &path),
                    None => self.value(&attribute.ty, &path),
                };
                (attribute.name.clone(), value)
            });
            return Value::object(attributes.collect::<Vec<_>>());
        }
        convert(given, ty).unwrap_or_else(|error| {
            self.problems.push((path.to_owned(), error.to_string()));
            self.value(ty, path)
        })
    }

    /// Makes up a value of a type.
    fn value(&self, ty: &Type, path: &str) -> Value {
        match ty {
            Type::String => Value::string(self.text(path)),
            Type::Number => Value::number(0),
            Type::Bool => Value::bool(false),
            Type::List(element) => Value::list(Type::clone(element), []),
            Type::Set(element) => Value::set(Type::clone(element), []),
            Type::Map(element) => Value::map::<&str>(Type::clone(element), []),
            Type::Tuple(types) => {
                let parts = types.iter().enumerate();
                Value::tuple(parts.map(|(place, ty)| self.value(ty, &format!("{path}[{place}]"))).collect::<Vec<_>>())
            }
            Type::Object(object) => {
                let attributes = object.attributes().iter();
                let attributes = attributes.map(|a| (a.name.clone(), self.value(&a.ty, &join(path, &a.name))));
                Value::object(attributes.collect::<Vec<_>>())
            }
            Type::Dynamic | Type::Meta => Value::null(Type::Dynamic),
        }
    }

    fn text(&self, path: &str) -> String {
        let mut bits = mixed(self.seed, path);
        let mut letter = || {
            let letter = LETTERS[(bits % LETTERS.len() as u64) as usize];
            bits /= LETTERS.len() as u64;
            char::from(letter)
        };
        (0..TEXT_LENGTH).map(|_| letter()).collect()
    }
}

/// Returns a number that depends on a number and a text.
pub(crate) fn mixed(seed: u64, text: &str) -> u64 {
    // FNV-1a, with the last step of a mixing function behind it: similar texts must not give similar letters.
    let hash = text
        .bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn member(object: &Value, name: &str) -> Option<Value> {
    match object.kind() {
        Kind::Object(object) => object.get(name).cloned(),
        Kind::Map(map) => map.get(name).cloned(),
        _ => None,
    }
}

#[cfg(test)]
#[path = "made_up_tests.rs"]
mod tests;
