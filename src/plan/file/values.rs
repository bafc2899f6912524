//! Values and types in a plan file: nothing of them is lost, neither types nor what is known of unknown parts nor marks.
//!
//! What is ephemeral is not written: an unknown value of its type stands for it.

use std::sync::Arc;

use value::{Attribute, Kind, Marks, Number, ObjectType, Path, PathStep, Refinement, Type, Value};

use super::bytes::{Broken, KnownType, Parsed, Reader, Writer};

/// Values inside values: more than anybody writes, and little enough for any stack.
const DEPTH_MAX: u32 = 2_000;
/// Parts of one type, over all its depth.
const TYPE_PARTS_MAX: u64 = 1 << 20;
/// Stack that a level of nesting may need at most, and how much is taken when there is less.
const STACK_BYTES: (usize, usize) = (64 * 1024, 1024 * 1024);

mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const UNKNOWN: u8 = 1;
    pub(super) const REFINED: u8 = 2;
    pub(super) const FALSE: u8 = 3;
    pub(super) const TRUE: u8 = 4;
    pub(super) const WHOLE: u8 = 5;
    pub(super) const FLOAT: u8 = 6;
    pub(super) const DECIMAL: u8 = 7;
    pub(super) const STRING: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const TUPLE: u8 = 12;
    pub(super) const OBJECT: u8 = 13;
    pub(super) const META: u8 = 14;
    pub(super) const MARKED: u8 = 15;
    pub(super) const DYNAMIC: u8 = 16;
}

/// A number of 64 bits' precision; all others are written as what they are.
const PRECISION_WHOLE: u32 = 64;
const PRECISION_FLOAT: u32 = 53;

impl Writer {
    pub(super) fn value(&mut self, value: &Value) {
        self.deeper(|writer| writer.value_inside(value));
    }

    fn deeper(&mut self, write: impl FnOnce(&mut Writer)) {
        if self.depth == DEPTH_MAX {
            self.is_too_deep = true;
            return;
        }
        self.depth += 1;
        stacker::maybe_grow(STACK_BYTES.0, STACK_BYTES.1, || write(self));
        self.depth -= 1;
    }

    fn value_inside(&mut self, value: &Value) {
        let marks = value.marks();
        if !marks.is_empty() {
            self.byte(tag::MARKED);
            self.byte(mark_bits(marks));
        }
        if marks.contains(Marks::EPHEMERAL) {
            self.byte(tag::UNKNOWN);
            return self.ty(&value.ty());
        }
        match value.kind() {
            Kind::Null(ty) => self.typed(tag::NULL, ty),
            Kind::Unknown(ty, refinement) if refinement.is_empty() => self.typed(tag::UNKNOWN, ty),
            Kind::Unknown(ty, refinement) => {
                self.typed(tag::REFINED, ty);
                self.refinement(refinement);
            }
            Kind::Bool(false) => self.byte(tag::FALSE),
            Kind::Bool(true) => self.byte(tag::TRUE),
            Kind::Number(number) => {
                self.byte(number_tag(number));
                self.number_value(number);
            }
            Kind::String(text) => {
                self.byte(tag::STRING);
                self.text(text);
            }
            Kind::List(list) => {
                self.typed(tag::LIST, list.element_type());
                self.list(list.values().iter(), Writer::value);
            }
            Kind::Set(set) => {
                self.typed(tag::SET, set.element_type());
                self.list(set.values().iter(), Writer::value);
            }
            Kind::Map(map) => {
                self.typed(tag::MAP, map.element_type());
                self.list(map.entries().iter(), |writer, (key, value)| {
                    writer.text(key);
                    writer.value(value);
                });
            }
            Kind::Tuple(tuple) => {
                self.byte(tag::TUPLE);
                self.list(tuple.values().iter(), Writer::value);
            }
            Kind::Object(object) => {
                self.byte(tag::OBJECT);
                self.shape(object.names());
                object.values().iter().for_each(|value| self.value(value));
            }
            Kind::Meta(ty) => self.typed(tag::META, ty),
        }
    }

    fn typed(&mut self, tag: u8, ty: &Type) {
        self.byte(tag);
        self.ty(ty);
    }

    /// Writes a number behind its tag.
    fn number_value(&mut self, number: &Number) {
        match (number_tag(number), number.to_i64(), number.to_f64_exactly()) {
            (tag::WHOLE, Some(whole), _) => self.signed(whole),
            (tag::FLOAT, _, Some(float)) => self.number(float.to_bits()),
            _ => self.text(&number.to_string()),
        }
    }

    fn refinement(&mut self, refinement: &Refinement) {
        let Refinement { not_null, prefix, number_min, number_max, length_min, length_max } = refinement;
        self.flag(*not_null);
        self.maybe(prefix.as_ref(), |writer, prefix| writer.text(prefix));
        for bound in [number_min, number_max] {
            self.maybe(bound.as_ref(), |writer, (number, is_inclusive)| {
                writer.value(&Value::number(number.clone()));
                writer.flag(*is_inclusive);
            });
        }
        for length in [length_min, length_max] {
            self.maybe(*length, Writer::number);
        }
    }

    pub(super) fn ty(&mut self, ty: &Type) {
        self.deeper(|writer| writer.type_inside(ty));
    }

    fn type_inside(&mut self, ty: &Type) {
        match ty {
            Type::Dynamic => return self.byte(tag::DYNAMIC),
            Type::Bool => return self.byte(tag::TRUE),
            Type::Number => return self.byte(tag::WHOLE),
            Type::String => return self.byte(tag::STRING),
            Type::Meta => return self.byte(tag::META),
            Type::List(_) => self.byte(tag::LIST),
            Type::Set(_) => self.byte(tag::SET),
            Type::Map(_) => self.byte(tag::MAP),
            Type::Tuple(_) => self.byte(tag::TUPLE),
            Type::Object(_) => self.byte(tag::OBJECT),
        }
        // A type is known only once its parts are: the reader learns the parts first.
        if self.is_type_known(ty) {
            return;
        }
        match ty {
            Type::List(element) | Type::Set(element) | Type::Map(element) => self.ty(element),
            Type::Tuple(elements) => self.list(elements.iter(), Writer::ty),
            Type::Object(object) => self.list(object.attributes().iter(), |writer, attribute| {
                writer.name(&attribute.name);
                writer.flag(attribute.optional);
                writer.ty(&attribute.ty);
            }),
            _ => {}
        }
        self.learn_type(ty);
    }

    pub(super) fn path(&mut self, path: &Path) {
        self.list(path.0.iter(), |writer, step| match step {
            PathStep::Attribute(name) => {
                writer.flag(true);
                writer.name(name);
            }
            PathStep::Index(key) => {
                writer.flag(false);
                writer.value(key);
            }
        });
    }
}

fn mark_bits(marks: Marks) -> u8 {
    u8::from(marks.contains(Marks::SENSITIVE)) | u8::from(marks.contains(Marks::EPHEMERAL)) << 1
}

fn number_tag(number: &Number) -> u8 {
    match number.precision() {
        PRECISION_WHOLE if number.to_i64().is_some() => tag::WHOLE,
        PRECISION_FLOAT if number.to_f64_exactly().is_some() => tag::FLOAT,
        _ => tag::DECIMAL,
    }
}

impl Reader<'_> {
    pub(super) fn value(&mut self) -> Parsed<Value> {
        self.value_at(0)
    }

    fn value_at(&mut self, depth: u32) -> Parsed<Value> {
        if depth >= DEPTH_MAX {
            return Err(Broken("values lie too deep in each other"));
        }
        stacker::maybe_grow(STACK_BYTES.0, STACK_BYTES.1, || self.value_inside(depth))
    }

    fn value_inside(&mut self, depth: u32) -> Parsed<Value> {
        let deeper = depth + 1;
        Ok(match self.byte()? {
            tag::NULL => Value::null(self.ty()?),
            tag::UNKNOWN => Value::unknown(self.ty()?),
            tag::REFINED => {
                let ty = self.ty()?;
                Value::unknown(ty).refine(self.refinement()?)
            }
            tag::FALSE => Value::FALSE,
            tag::TRUE => Value::TRUE,
            tag @ (tag::WHOLE | tag::FLOAT | tag::DECIMAL) => Value::number(self.number_value(tag)?),
            tag::STRING => Value::string(self.text()?),
            tag @ (tag::LIST | tag::SET) => {
                let element = self.ty()?;
                let values = self.list(|reader| reader.value_at(deeper))?;
                fit(&element, values.iter())?;
                if tag == tag::LIST { Value::list(element, values) } else { Value::set(element, values) }
            }
            tag::MAP => {
                let element = self.ty()?;
                let entries = self.list(|reader| Ok((reader.text()?, reader.value_at(deeper)?)))?;
                fit(&element, entries.iter().map(|(_, value)| value))?;
                Value::map(element, entries)
            }
            tag::TUPLE => Value::tuple(self.list(|reader| reader.value_at(deeper))?),
            tag::OBJECT => {
                let names = self.shape()?;
                let values: Parsed<Vec<Value>> = names.iter().map(|_| self.value_at(deeper)).collect();
                Value::object_of_shape(names, values?)
            }
            tag::META => Value::meta(self.ty()?),
            tag::MARKED => {
                let marks = marks_of(self.byte()?)?;
                self.value_at(deeper)?.with_marks(marks)
            }
            _ => return Err(Broken("a value is of no known form")),
        })
    }

    fn number_value(&mut self, tag: u8) -> Parsed<Number> {
        match tag {
            tag::WHOLE => Ok(self.signed()?.into()),
            tag::FLOAT => Number::from_f64(f64::from_bits(self.number()?)).ok_or(Broken("a number is none")),
            _ => Number::parse(self.text()?).map_err(|_| Broken("a number is none")),
        }
    }

    fn refinement(&mut self) -> Parsed<Refinement> {
        let bound = |reader: &mut Self| {
            let value = reader.value()?;
            let number = value.as_number().cloned().ok_or(Broken("a bound is no number"))?;
            Ok((number, reader.flag()?))
        };
        Ok(Refinement {
            not_null: self.flag()?,
            prefix: self.maybe(|reader| Ok(reader.text()?.into()))?,
            number_min: self.maybe(bound)?,
            number_max: self.maybe(bound)?,
            length_min: self.maybe(Reader::number)?,
            length_max: self.maybe(Reader::number)?,
        })
    }

    pub(super) fn ty(&mut self) -> Parsed<Type> {
        Ok(self.type_at(0)?.ty)
    }

    fn type_at(&mut self, depth: u32) -> Parsed<KnownType> {
        if depth >= DEPTH_MAX {
            return Err(Broken("types lie too deep in each other"));
        }
        stacker::maybe_grow(STACK_BYTES.0, STACK_BYTES.1, || self.type_inside(depth))
    }

    fn type_inside(&mut self, depth: u32) -> Parsed<KnownType> {
        let simple = |ty: Type| Ok(KnownType { ty, parts: 1, depth: 1 });
        let tag = self.byte()?;
        match tag {
            tag::DYNAMIC => return simple(Type::Dynamic),
            tag::TRUE => return simple(Type::Bool),
            tag::WHOLE => return simple(Type::Number),
            tag::STRING => return simple(Type::String),
            tag::META => return simple(Type::Meta),
            _ => {}
        }
        if let Some(known) = self.known(|reader| &reader.types)? {
            return Ok(known);
        }
        let deeper = depth + 1;
        let (mut parts, mut inside) = (1_u64, 0);
        let mut part = |reader: &mut Self| {
            let found = reader.type_at(deeper)?;
            parts = parts.saturating_add(found.parts);
            inside = found.depth.max(inside);
            Ok(found.ty)
        };
        let ty = match tag {
            tag::LIST => Type::list(part(self)?),
            tag::SET => Type::set(part(self)?),
            tag::MAP => Type::map(part(self)?),
            tag::TUPLE => Type::tuple(self.list(part)?),
            tag::OBJECT => {
                let attributes = self.list(|reader| {
                    Ok(Attribute { name: reader.name()?, optional: reader.flag()?, ty: part(reader)? })
                })?;
                Type::Object(Arc::new(ObjectType::new(attributes)))
            }
            _ => return Err(Broken("a type is of no known form")),
        };
        if parts > TYPE_PARTS_MAX || inside >= DEPTH_MAX {
            return Err(Broken("a type has too many parts"));
        }
        let known = KnownType { ty, parts, depth: inside + 1 };
        self.types.push(known.clone());
        Ok(known)
    }

    pub(super) fn path(&mut self) -> Parsed<Path> {
        let step = |reader: &mut Self| {
            Ok(match reader.flag()? {
                true => PathStep::Attribute(reader.name()?),
                false => PathStep::Index(reader.value()?),
            })
        };
        Ok(Path(self.list(step)?))
    }
}

fn marks_of(bits: u8) -> Parsed<Marks> {
    match bits {
        1 => Ok(Marks::SENSITIVE),
        2 => Ok(Marks::EPHEMERAL),
        3 => Ok(Marks::SENSITIVE | Marks::EPHEMERAL),
        _ => Err(Broken("a mark has no meaning")),
    }
}

/// Checks that elements are of the type that their collection has.
fn fit<'v>(element: &Type, mut values: impl Iterator<Item = &'v Value>) -> Parsed<()> {
    let fits = values.all(|value| value.fits(element));
    if fits { Ok(()) } else { Err(Broken("an element is of another type than its collection's")) }
}
