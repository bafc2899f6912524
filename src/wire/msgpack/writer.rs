//! Values to MessagePack.

use ecow::EcoString;
use value::{ConversionError, Kind, ObjectType, ObjectValue, PathStep, Refinement, Type, Value, convert, type_to_json};

use super::{DEPTH_MAX, REFINED, UNKNOWN, error, inside, number, refinement};

/// A longer prefix of an unknown string is cut to less, as Terraform refuses to read more than 1,024 bytes about one value.
const PREFIX_BYTES_MAX: usize = 256;

/// Writes a value for a reader that knows the type. Marks are an error: whoever sends a value has taken them off.
pub fn to_msgpack(value: &Value, ty: &Type) -> Result<Vec<u8>, ConversionError> {
    let mut out = Vec::with_capacity(64);
    let written = write(value, ty, DEPTH_MAX, &mut out);
    if written.is_ok() || value.fits(ty) {
        return written.map(|()| out);
    }
    out.clear();
    write(&convert(value, ty)?, ty, DEPTH_MAX, &mut out)?;
    Ok(out)
}

fn write(value: &Value, ty: &Type, depth: usize, out: &mut Vec<u8>) -> Result<(), ConversionError> {
    if !value.marks().is_empty() {
        return Err(error("a marked value (sensitive or ephemeral) cannot be sent"));
    }
    let depth = depth.checked_sub(1).ok_or_else(|| error("the value is nested too deeply"))?;
    if *ty == Type::Dynamic && !matches!(value.kind(), Kind::Null(Type::Dynamic) | Kind::Unknown(Type::Dynamic, _)) {
        return write_dynamic(value, depth, out);
    }
    match (value.kind(), ty) {
        (Kind::Unknown(_, refinement), _) => write_unknown(ty, refinement, out),
        (Kind::Null(_), _) => out.push(0xc0),
        (Kind::Bool(value), Type::Bool) => out.push(if value { 0xc3 } else { 0xc2 }),
        (Kind::String(text), Type::String) => write_string(text, out),
        (Kind::Number(number), Type::Number) => number::write(number, out),
        (Kind::List(_), Type::List(element)) | (Kind::Set(_), Type::Set(element)) => {
            let values = value.as_sequence().unwrap_or(&[]);
            write_length(values.len(), &ARRAY, out);
            for (index, value) in values.iter().enumerate() {
                write(value, element, depth, out).map_err(inside(|| PathStep::Index(Value::number(index))))?;
            }
        }
        (Kind::Tuple(tuple), Type::Tuple(types)) if tuple.values().len() == types.len() => {
            write_length(types.len(), &ARRAY, out);
            for (index, (value, ty)) in tuple.values().iter().zip(types.iter()).enumerate() {
                write(value, ty, depth, out).map_err(inside(|| PathStep::Index(Value::number(index))))?;
            }
        }
        (Kind::Map(map), Type::Map(element)) => {
            write_length(map.entries().len(), &MAP, out);
            for (key, value) in map.entries() {
                write_string(key, out);
                write(value, element, depth, out).map_err(inside(|| PathStep::Index(Value::from(key.clone()))))?;
            }
        }
        (Kind::Object(object), Type::Object(ty)) => write_object(object, ty, depth, out)?,
        _ => return Err(error(format!("{} required", ty.friendly_constraint()))),
    }
    Ok(())
}

fn write_object(object: &ObjectValue, ty: &ObjectType, depth: usize, out: &mut Vec<u8>) -> Result<(), ConversionError> {
    let is_of_shape = object.names() == ty.names();
    write_length(ty.attributes().len(), &MAP, out);
    for (index, attribute) in ty.attributes().iter().enumerate() {
        let value = if is_of_shape { object.values().get(index) } else { object.get(&attribute.name) };
        let step = || PathStep::Attribute(attribute.name.clone());
        let Some(value) = value else { return Err(inside(step)(error("attribute is required"))) };
        write_string(&attribute.name, out);
        write(value, &attribute.ty, depth, out).map_err(inside(step))?;
    }
    Ok(())
}

/// Writes the type and the value, for a reader that does not know the type.
fn write_dynamic(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), ConversionError> {
    let ty = value.ty();
    write_length(2, &ARRAY, out);
    write_bytes(type_to_json(&ty).to_string().as_bytes(), out);
    write(value, &ty, depth, out)
}

fn write_unknown(ty: &Type, known: &Refinement, out: &mut Vec<u8>) {
    let mut entries: u8 = 0;
    let mut body = vec![0];
    let mut entry = |key: i64, value: &dyn Fn(&mut Vec<u8>)| {
        entries += 1;
        number::write_integer(key, &mut body);
        value(&mut body);
    };
    if known.not_null {
        entry(refinement::NULLNESS, &|body| body.push(0xc2));
    }
    match ty {
        Type::Number => {
            let bounds = [(refinement::NUMBER_MIN, &known.number_min), (refinement::NUMBER_MAX, &known.number_max)];
            for (key, (bound, inclusive)) in bounds.into_iter().filter_map(|(key, bound)| Some((key, bound.as_ref()?)))
            {
                entry(key, &|body| {
                    write_length(2, &ARRAY, body);
                    number::write(bound, body);
                    body.push(if *inclusive { 0xc3 } else { 0xc2 });
                });
            }
        }
        Type::String => {
            if let Some(prefix) = known.prefix.as_ref().map(sendable_prefix).filter(|prefix| !prefix.is_empty()) {
                entry(refinement::STRING_PREFIX, &|body| write_string(prefix, body));
            }
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            let bounds = [(refinement::LENGTH_MIN, known.length_min), (refinement::LENGTH_MAX, known.length_max)];
            for (key, length) in
                bounds.into_iter().filter_map(|(key, length)| Some((key, i64::try_from(length?).ok()?)))
            {
                entry(key, &|body| number::write_integer(length, body));
            }
        }
        _ => {}
    }
    if entries == 0 || *ty == Type::Dynamic {
        return out.extend(UNKNOWN);
    }
    // At most three entries, so the map's head is one byte.
    body[0] = 0x80 | entries;
    write_extension_head(body.len(), out);
    out.extend(body);
}

/// Cuts a long prefix. The string is going to start with these very bytes, so it starts with fewer of them, too.
fn sendable_prefix(prefix: &EcoString) -> &str {
    if prefix.len() <= PREFIX_BYTES_MAX {
        return prefix;
    }
    let end = (0..PREFIX_BYTES_MAX).rev().find(|end| prefix.is_char_boundary(*end));
    &prefix[..end.unwrap_or(0)]
}

/// How a length is written: in the low bits of one byte, or behind a byte that says in how many.
struct LengthForm {
    short: u8,
    short_max: usize,
    bytes_1: Option<u8>,
    bytes_2: u8,
    bytes_4: u8,
}

const ARRAY: LengthForm = LengthForm { short: 0x90, short_max: 15, bytes_1: None, bytes_2: 0xdc, bytes_4: 0xdd };
const MAP: LengthForm = LengthForm { short: 0x80, short_max: 15, bytes_1: None, bytes_2: 0xde, bytes_4: 0xdf };
const STRING: LengthForm = LengthForm { short: 0xa0, short_max: 31, bytes_1: Some(0xd9), bytes_2: 0xda, bytes_4: 0xdb };

/// Lengths beyond 32 bits cannot occur: a message holds 256 MiB.
fn write_length(length: usize, form: &LengthForm, out: &mut Vec<u8>) {
    let length_32 = u32::try_from(length).unwrap_or(u32::MAX);
    if length <= form.short_max {
        out.push(form.short | length as u8);
    } else if let (Some(code), Ok(length)) = (form.bytes_1, u8::try_from(length)) {
        out.extend([code, length]);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(form.bytes_2);
        out.extend(length.to_be_bytes());
    } else {
        out.push(form.bytes_4);
        out.extend(length_32.to_be_bytes());
    }
}

pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    write_length(text.len(), &STRING, out);
    out.extend(text.as_bytes());
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    if let Ok(length) = u8::try_from(length) {
        out.extend([0xc4, length]);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(0xc5);
        out.extend(length.to_be_bytes());
    } else {
        out.push(0xc6);
        out.extend(length.to_be_bytes());
    }
    out.extend(bytes);
}

/// What is known about one value is less than 1,024 bytes, but for numbers with very many digits.
fn write_extension_head(length: usize, out: &mut Vec<u8>) {
    match length {
        1 => out.push(0xd4),
        2 => out.push(0xd5),
        4 => out.push(0xd6),
        8 => out.push(0xd7),
        16 => out.push(0xd8),
        3..=0xff => out.extend([0xc7, length as u8]),
        0x100..=0xffff => {
            out.push(0xc8);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(0xc9);
            out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.push(REFINED as u8);
}
