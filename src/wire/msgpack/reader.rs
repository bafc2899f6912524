//! MessagePack to values. What comes in may be anything: depth is bounded, lengths are checked before anything is made.

use std::borrow::Cow;

use ecow::EcoString;
use value::{ConversionError, Number, ObjectType, PathStep, Refinement, Type, Value, convert, type_from_json};

use super::{DEPTH_MAX, REFINED, error, inside, refinement};

/// Bounds can say that a list of so many elements is there and nothing of what they are. So many may be made of one
/// message; it takes few bytes to ask for a lot.
const PROMISED_ELEMENTS_MAX: u64 = 1 << 20;

/// Reads a value of a type. Whatever follows it is ignored.
pub fn from_msgpack(bytes: &[u8], ty: &Type) -> Result<Value, ConversionError> {
    Reader { rest: bytes, promised: 0 }.value(ty, DEPTH_MAX)
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Elements that bounds have promised so far.
    promised: u64,
}

/// A piece of MessagePack without what is inside it.
enum Item<'a> {
    Nil,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension(i8, &'a [u8]),
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value, ConversionError> {
        let depth = depth.checked_sub(1).ok_or_else(|| error("the value is nested too deeply"))?;
        let item = self.item()?;
        match (item, ty) {
            (Item::Extension(code, body), _) => self.unknown(code, body, ty),
            (Item::Nil, _) => Ok(Value::null(ty.without_optional())),
            (Item::Array(2), Type::Dynamic) => self.dynamic(depth),
            (_, Type::Dynamic) => Err(error("a value of any type is an array of type and value")),
            (Item::Bool(value), Type::Bool) => Ok(Value::bool(value)),
            (Item::Text(bytes), Type::String) => Ok(Value::string(text(bytes))),
            (item, Type::Number) => number(item).map(Value::number).ok_or_else(|| error("a number is required")),
            (Item::Array(length), Type::List(element)) => {
                let values = self.elements(length, element, depth)?;
                if element.has_dynamic() {
                    of_one_type(values, ty)
                } else {
                    Ok(Value::list((**element).clone(), values))
                }
            }
            (Item::Array(length), Type::Set(element)) => {
                let values = self.elements(length, element, depth)?;
                if element.has_dynamic() {
                    of_one_type(values, ty)
                } else {
                    Ok(Value::set((**element).clone(), values))
                }
            }
            (Item::Array(length), Type::Tuple(types)) if length == types.len() => {
                let mut values = Vec::with_capacity(length);
                for (index, ty) in types.iter().enumerate() {
                    values.push(self.value(ty, depth).map_err(inside(|| PathStep::Index(Value::number(index))))?);
                }
                Ok(Value::tuple(values))
            }
            (Item::Array(_), Type::Tuple(types)) => {
                Err(error(format!("a tuple of {} elements is required", types.len())))
            }
            (Item::Map(length), Type::Map(element)) => self.map(length, element, depth),
            (Item::Map(length), Type::Object(ty)) => self.object(length, ty, depth),
            _ => Err(error(format!("{} required", with_article(ty)))),
        }
    }

    fn elements(&mut self, length: usize, ty: &Type, depth: usize) -> Result<Vec<Value>, ConversionError> {
        let mut values = Vec::with_capacity(length);
        for index in 0..length {
            values.push(self.value(ty, depth).map_err(inside(|| PathStep::Index(Value::number(index))))?);
        }
        Ok(values)
    }

    fn map(&mut self, length: usize, element: &Type, depth: usize) -> Result<Value, ConversionError> {
        let mut entries: Vec<(EcoString, Value)> = Vec::with_capacity(length);
        for _ in 0..length {
            let key = self.key()?;
            let value = self.value(element, depth).map_err(inside(|| PathStep::Index(Value::string(&*key))))?;
            entries.push((key.into(), value));
        }
        if element.has_dynamic() {
            return convert(&Value::object(entries), &Type::map(element.clone()));
        }
        Ok(Value::map(element.clone(), entries))
    }

    fn object(&mut self, length: usize, ty: &ObjectType, depth: usize) -> Result<Value, ConversionError> {
        let attributes = ty.attributes();
        if length != attributes.len() {
            return Err(error(format!("an object of {} attributes is required, not of {length}", attributes.len())));
        }
        let mut values: Vec<Option<Value>> = vec![None; length];
        for expected in 0..length {
            let key = self.key()?;
            // They are sorted nearly always.
            let at = match attributes[expected].name == *key {
                true => Ok(expected),
                false => attributes.binary_search_by(|attribute| attribute.name.as_str().cmp(&key)),
            };
            let step = || PathStep::Attribute((&*key).into());
            let Ok(at) = at else { return Err(inside(step)(error("unsupported attribute"))) };
            values[at] = Some(self.value(&attributes[at].ty, depth).map_err(inside(step))?);
        }
        match values.iter().position(Option::is_none) {
            Some(missing) => {
                let step = || PathStep::Attribute(attributes[missing].name.clone());
                Err(inside(step)(error("attribute is required")))
            }
            None => Ok(Value::object_of_shape(ty.names().clone(), values.into_iter().flatten().collect())),
        }
    }

    fn key(&mut self) -> Result<Cow<'a, str>, ConversionError> {
        match self.item()? {
            Item::Text(bytes) => Ok(text(bytes)),
            _ => Err(error("a key must be a string")),
        }
    }

    fn dynamic(&mut self, depth: usize) -> Result<Value, ConversionError> {
        let Item::Text(bytes) = self.item()? else { return Err(error("the type of a value must be text")) };
        let json = serde_json::from_slice(bytes).map_err(|problem| error(format!("the type of a value: {problem}")))?;
        let ty = type_from_json(&json).map_err(|problem| error(format!("the type of a value: {problem}")))?;
        self.value(&ty, depth)
    }

    /// Extensions are unknown values all of them; only what is known about one needs the code.
    fn unknown(&mut self, code: i8, body: &[u8], ty: &Type) -> Result<Value, ConversionError> {
        let unknown = Value::unknown(ty.without_optional());
        if code != REFINED || body.len() <= 1 || *ty == Type::Dynamic {
            return Ok(unknown);
        }
        let mut body = Reader { rest: body, promised: 0 };
        let known =
            body.refinement().map_err(|problem| error(format!("what is known of an unknown value: {problem}")))?;
        let Some(mut known) = known else { return Ok(Value::null(ty.without_optional())) };
        if matches!(ty, Type::List(_)) && known.length_min == known.length_max {
            self.promised = self.promised.saturating_add(known.length_min.unwrap_or(0));
            if self.promised > PROMISED_ELEMENTS_MAX {
                known.length_max = None;
            }
        }
        Ok(unknown.refine(known))
    }

    /// Returns nothing for a value that will be null.
    fn refinement(&mut self) -> Result<Option<Refinement>, ConversionError> {
        let Item::Map(length) = self.item()? else { return Err(error("a map is required")) };
        let mut known = Refinement::default();
        for _ in 0..length {
            let Some(key) = self.item().map(whole)? else { return Err(error("a key must be a number")) };
            match key {
                refinement::NULLNESS => match self.item()? {
                    Item::Bool(true) => return Ok(None),
                    Item::Bool(false) => known.not_null = true,
                    _ => return Err(error("a bool is required")),
                },
                refinement::STRING_PREFIX => known.prefix = Some(self.key()?.into()),
                refinement::NUMBER_MIN => known.number_min = Some(self.bound()?),
                refinement::NUMBER_MAX => known.number_max = Some(self.bound()?),
                refinement::LENGTH_MIN => known.length_min = Some(self.length()?),
                refinement::LENGTH_MAX => known.length_max = Some(self.length()?),
                _ => self.skip()?,
            }
        }
        Ok(Some(known))
    }

    fn bound(&mut self) -> Result<(Number, bool), ConversionError> {
        if let Item::Array(2) = self.item()?
            && let Some(number) = self.item().map(number)?
            && let Item::Bool(inclusive) = self.item()?
        {
            return Ok((number, inclusive));
        }
        Err(error("a bound is an array of number and bool"))
    }

    fn length(&mut self) -> Result<u64, ConversionError> {
        let length = self.item().map(whole)?.and_then(|length| u64::try_from(length).ok());
        length.ok_or_else(|| error("a length is required"))
    }

    /// Skips a value of unknown form, without recursion.
    fn skip(&mut self) -> Result<(), ConversionError> {
        let mut left: usize = 1;
        while left > 0 {
            left = left - 1
                + match self.item()? {
                    Item::Array(length) => length,
                    Item::Map(length) => length.saturating_mul(2),
                    _ => 0,
                };
        }
        Ok(())
    }

    /// Reads the next piece. No length that it returns is greater than the number of bytes that are left.
    fn item(&mut self) -> Result<Item<'a>, ConversionError> {
        let code = self.bytes(1)?[0];
        Ok(match code {
            0x00..=0x7f => Item::Signed(i64::from(code)),
            0xe0..=0xff => Item::Signed(i64::from(code as i8)),
            0x80..=0x8f => Item::Map(self.plausible(usize::from(code & 0x0f), 2)?),
            0x90..=0x9f => Item::Array(self.plausible(usize::from(code & 0x0f), 1)?),
            0xa0..=0xbf => Item::Text(self.bytes(usize::from(code & 0x1f))?),
            0xc0 => Item::Nil,
            0xc1 => return Err(error("the bytes are not MessagePack")),
            0xc2 => Item::Bool(false),
            0xc3 => Item::Bool(true),
            0xc4 | 0xd9 => Item::Text(self.counted(1)?),
            0xc5 | 0xda => Item::Text(self.counted(2)?),
            0xc6 | 0xdb => Item::Text(self.counted(4)?),
            0xc7 => self.extension_counted(1)?,
            0xc8 => self.extension_counted(2)?,
            0xc9 => self.extension_counted(4)?,
            0xca => Item::Float(f64::from(f32::from_be_bytes(self.array()?))),
            0xcb => Item::Float(f64::from_be_bytes(self.array()?)),
            0xcc..=0xcf => Item::Unsigned(self.unsigned(1 << (code - 0xcc))?),
            0xd0 => Item::Signed(i64::from(i8::from_be_bytes(self.array()?))),
            0xd1 => Item::Signed(i64::from(i16::from_be_bytes(self.array()?))),
            0xd2 => Item::Signed(i64::from(i32::from_be_bytes(self.array()?))),
            0xd3 => Item::Signed(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (code - 0xd4))?,
            0xdc => Item::Array(self.counted_length(2, 1)?),
            0xdd => Item::Array(self.counted_length(4, 1)?),
            0xde => Item::Map(self.counted_length(2, 2)?),
            0xdf => Item::Map(self.counted_length(4, 2)?),
        })
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], ConversionError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| error("the bytes end within a value"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ConversionError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| error("the bytes end within a value"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn unsigned(&mut self, width: usize) -> Result<u64, ConversionError> {
        Ok(self.bytes(width)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn counted(&mut self, width: usize) -> Result<&'a [u8], ConversionError> {
        let length = self.unsigned(width)?;
        self.bytes(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn counted_length(&mut self, width: usize, bytes_each: usize) -> Result<usize, ConversionError> {
        let length = self.unsigned(width)?;
        self.plausible(usize::try_from(length).unwrap_or(usize::MAX), bytes_each)
    }

    /// Every element takes a byte at least; a length beyond that is a lie.
    fn plausible(&self, length: usize, bytes_each: usize) -> Result<usize, ConversionError> {
        match length.checked_mul(bytes_each).is_some_and(|bytes| bytes <= self.rest.len()) {
            true => Ok(length),
            false => Err(error("the bytes end within a value")),
        }
    }

    fn extension_counted(&mut self, width: usize) -> Result<Item<'a>, ConversionError> {
        let length = self.unsigned(width)?;
        self.extension(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn extension(&mut self, length: usize) -> Result<Item<'a>, ConversionError> {
        let [code] = self.array()?;
        Ok(Item::Extension(code as i8, self.bytes(length)?))
    }
}

/// What is no text in UTF-8 gets replacement characters, as it would on its way into state.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn number(item: Item<'_>) -> Option<Number> {
    match item {
        Item::Signed(number) => Some(number.into()),
        Item::Unsigned(number) => Some(number.into()),
        Item::Float(number) => Number::from_f64(number),
        Item::Text(bytes) => Number::parse(&text(bytes)).ok(),
        _ => None,
    }
}

fn whole(item: Item<'_>) -> Option<i64> {
    match item {
        Item::Signed(number) => Some(number),
        Item::Unsigned(number) => i64::try_from(number).ok(),
        _ => None,
    }
}

/// Elements that brought their types with them must agree in one.
fn of_one_type(values: Vec<Value>, ty: &Type) -> Result<Value, ConversionError> {
    convert(&Value::tuple(values), ty)
}

fn with_article(ty: &Type) -> String {
    match ty {
        Type::Bool | Type::Number | Type::String => format!("a {} is", ty.friendly_constraint()),
        _ => ty.friendly_constraint(),
    }
}
