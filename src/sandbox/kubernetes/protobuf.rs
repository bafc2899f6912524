//! Objects in protocol buffers, as Go clients send what they make themselves: read by the numbers in the table of types.

use base64::Engine;
use serde_json::{Map, Number, Value as Json, json};

use super::types::{self, Field, Type, Word};
use crate::clock::rfc3339;

/// What the bodies begin with.
pub const MAGIC: &[u8] = b"k8s\0";
/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// How deep messages are followed.
const DEPTH_MAX: usize = 64;

/// Reads the envelope with the object in it; nothing if it is not one.
pub fn read(body: &[u8]) -> Option<Json> {
    let mut head = (String::new(), String::new());
    let mut raw: &[u8] = &[];
    for (number, value) in parts(body.strip_prefix(MAGIC)?)? {
        match (number, value) {
            (1, Part::Bytes(bytes)) => {
                for (number, value) in parts(bytes)? {
                    match (number, value) {
                        (1, Part::Bytes(bytes)) => head.0 = String::from_utf8(bytes.to_vec()).ok()?,
                        (2, Part::Bytes(bytes)) => head.1 = String::from_utf8(bytes.to_vec()).ok()?,
                        _ => {}
                    }
                }
            }
            (2, Part::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let (version, kind) = head;
    let (group, number) = version.rsplit_once('/').unwrap_or(("", &version));
    let form = match &*kind {
        "DeleteOptions" => types::named("meta.v1.DeleteOptions"),
        _ => types::of(group, number, &kind),
    }?;
    let mut object = json!({"apiVersion": version, "kind": kind});
    object.as_object_mut()?.extend(message(raw, form, DEPTH_MAX)?);
    Some(object)
}

/// A value, as the wire has it.
#[derive(Clone, Copy)]
enum Part<'b> {
    Number(u64),
    Fixed(u64),
    Bytes(&'b [u8]),
}

/// Takes a message apart.
fn parts(mut bytes: &[u8]) -> Option<Vec<(u32, Part<'_>)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Part::Number(varint(&mut bytes)?),
            1 => Part::Fixed(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Part::Bytes(take(&mut bytes, length)?)
            }
            5 => Part::Fixed(u64::from(u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?))),
            _ => return None,
        };
        found.push((u32::try_from(key >> 3).ok()?, value));
    }
    Some(found)
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn message(bytes: &[u8], form: &Type, depth: usize) -> Option<Map<String, Json>> {
    let mut members = Map::new();
    inline(bytes, form, &[], &mut members, depth.checked_sub(1)?)?;
    Some(members)
}

/// Reads the fields of an object, or those in a message of it that JSON does not show.
fn inline(bytes: &[u8], form: &Type, outer: &[u32], members: &mut Map<String, Json>, depth: usize) -> Option<()> {
    for (number, part) in parts(bytes)? {
        let number = [outer, &[number]].concat();
        if let Some(field) = form.fields.iter().find(|field| field.number == number) {
            member(members, field, part, depth)?;
        } else if form.fields.iter().any(|field| field.number.starts_with(&number)) {
            let Part::Bytes(bytes) = part else { return None };
            inline(bytes, form, &number, members, depth)?;
        }
    }
    Some(())
}

fn member(members: &mut Map<String, Json>, field: &Field, part: Part<'_>, depth: usize) -> Option<()> {
    match &field.form {
        Word::Items(word) => {
            let item = value(word, part, depth)?;
            let items = members.entry(field.name).or_insert_with(|| json!([]));
            items.as_array_mut()?.push(item);
        }
        Word::Map(word) => {
            let Part::Bytes(bytes) = part else { return None };
            let (mut key, mut found) = (String::new(), None);
            for (number, part) in parts(bytes)? {
                match (number, part) {
                    (1, Part::Bytes(bytes)) => key = String::from_utf8(bytes.to_vec()).ok()?,
                    (2, part) => found = Some(value(word, part, depth)?),
                    _ => {}
                }
            }
            let entries = members.entry(field.name).or_insert_with(|| json!({}));
            entries.as_object_mut()?.insert(key, found.unwrap_or_else(|| "".into()));
        }
        word => _ = members.insert(field.name.to_owned(), value(word, part, depth)?),
    }
    Some(())
}

fn value(word: &Word, part: Part<'_>, depth: usize) -> Option<Json> {
    Some(match (word, part) {
        (Word::Text, Part::Bytes(bytes)) => String::from_utf8(bytes.to_vec()).ok()?.into(),
        (Word::Bool, Part::Number(number)) => (number != 0).into(),
        // Negative numbers are written as the 64 bits of their complement.
        (Word::Int32 | Word::Int64, Part::Number(number)) => number.cast_signed().into(),
        (Word::Double, Part::Fixed(bits)) => Number::from_f64(f64::from_bits(bits))?.into(),
        (Word::Bytes, Part::Bytes(bytes)) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
        (Word::Object(_), Part::Bytes(bytes)) => Json::Object(message(bytes, word.object()?, depth)?),
        (Word::Quantity, Part::Bytes(bytes)) => match parts(bytes)?.first() {
            Some((1, Part::Bytes(text))) => String::from_utf8(text.to_vec()).ok()?.into(),
            _ => "0".into(),
        },
        (Word::Time | Word::MicroTime, Part::Bytes(bytes)) => time(bytes, *word == Word::MicroTime)?,
        (Word::Duration, Part::Bytes(bytes)) => {
            let nanos = number_at(&parts(bytes)?, 1).cast_signed();
            format!("{}s", nanos as f64 / 1e9).into()
        }
        (Word::IntOrString, Part::Bytes(bytes)) => {
            let parts = parts(bytes)?;
            let text = parts.iter().find_map(|(number, part)| match part {
                Part::Bytes(text) if *number == 3 => Some(*text),
                _ => None,
            });
            match number_at(&parts, 1) {
                0 => number_at(&parts, 2).cast_signed().into(),
                _ => String::from_utf8(text.unwrap_or_default().to_vec()).ok()?.into(),
            }
        }
        (Word::Any, Part::Bytes(bytes)) => match parts(bytes)?.first() {
            Some((1, Part::Bytes(text))) => serde_json::from_slice(text).ok()?,
            _ => Json::Null,
        },
        (Word::Extra, Part::Bytes(bytes)) => {
            let texts = parts(bytes)?.into_iter().map(|(_, part)| match part {
                Part::Bytes(text) => Some(Json::from(String::from_utf8(text.to_vec()).ok()?)),
                _ => None,
            });
            texts.collect::<Option<Vec<Json>>>()?.into()
        }
        _ => return None,
    })
}

fn number_at(parts: &[(u32, Part<'_>)], wanted: u32) -> u64 {
    let found = parts.iter().find_map(|(number, part)| match part {
        Part::Number(value) if *number == wanted => Some(*value),
        _ => None,
    });
    found.unwrap_or_default()
}

/// A time that is not set is an empty message.
fn time(bytes: &[u8], with_micros: bool) -> Option<Json> {
    let parts = parts(bytes)?;
    let (seconds, nanos) = (number_at(&parts, 1), number_at(&parts, 2));
    if seconds == 0 && nanos == 0 {
        return Some(Json::Null);
    }
    let text = rfc3339(std::time::Duration::from_secs(u64::try_from(seconds.cast_signed()).ok()?));
    Some(match (with_micros, text.strip_suffix('Z')) {
        (true, Some(text)) => format!("{text}.{:06}Z", nanos / 1_000).into(),
        _ => text.into(),
    })
}
