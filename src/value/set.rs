//! The order and identity of set elements.
//!
//! Known elements come first, then unknown ones in the order they were given, then null. Strings go by bytes, numbers
//! by value, false before true. Other elements go by a text form of their contents (see `append_order_key`): the order
//! is arbitrary but people see it in plans and outputs, so it is the one that users of the language are used to.

use std::collections::HashSet;

use crate::{Kind, NumberFormat, Type, Value};

/// Sorts unmarked elements into the order that sets have everywhere and drops repetitions.
///
/// Two elements that are not wholly known are never taken for the same one: they may come to differ.
pub(crate) fn sorted_distinct(_element: &Type, values: Vec<Value>) -> Vec<Value> {
    if values.len() < 2 {
        return values;
    }
    let (mut known, mut unknown, mut null) = (Vec::with_capacity(values.len()), Vec::new(), None);
    for value in values {
        match value.kind() {
            Kind::Null(_) => null = null.or(Some(value)),
            Kind::Unknown(..) => unknown.push(value),
            _ => known.push(value),
        }
    }
    if known.iter().all(|value| value.as_str().is_some()) {
        sort_strings(&mut known);
    } else if known.iter().all(|value| value.as_number().is_some()) {
        sort_numbers(&mut known);
    } else if known.iter().all(|value| value.as_bool().is_some()) {
        known.sort_by_key(Value::as_bool);
        known.dedup();
    } else {
        known = sort_compounds(known);
    }
    known.extend(unknown);
    known.extend(null);
    known
}

fn sort_strings(values: &mut Vec<Value>) {
    if values.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()) {
        return;
    }
    values.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    values.dedup_by(|a, b| a.as_str() == b.as_str());
}

fn sort_numbers(values: &mut Vec<Value>) {
    if values.windows(2).all(|pair| pair[0].as_number() < pair[1].as_number()) {
        return;
    }
    values.sort_by(|a, b| a.as_number().cmp(&b.as_number()));
    values.dedup_by(|a, b| a.as_number() == b.as_number());
}

fn sort_compounds(values: Vec<Value>) -> Vec<Value> {
    let mut keyed: Vec<(Vec<u8>, Value)> = values
        .into_iter()
        .map(|value| {
            let mut key = Vec::new();
            append_key(&value, Digits::Ten, &mut key);
            (key, value)
        })
        .collect();
    if !keyed.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let mut distinct: Vec<Value> = Vec::with_capacity(keyed.len());
    for run in keyed.chunk_by(|a, b| a.0 == b.0) {
        let mut seen = HashSet::new();
        for (_, value) in run {
            if run.len() == 1 || !value.is_wholly_known() || seen.insert(exact_key(value)) {
                distinct.push(value.clone());
            }
        }
    }
    distinct
}

/// Returns bytes that two wholly known values of one type share exactly when they are equal.
pub(crate) fn exact_key(value: &Value) -> Vec<u8> {
    let mut key = Vec::new();
    append_key(value, Digits::All, &mut key);
    key
}

/// How many digits of a number go into a key: ten decide the order, all decide identity.
#[derive(Clone, Copy)]
enum Digits {
    Ten,
    All,
}

fn append_key(value: &Value, digits: Digits, key: &mut Vec<u8>) {
    match value.kind() {
        Kind::Unknown(..) => key.push(b'?'),
        Kind::Null(_) => key.push(b'~'),
        Kind::Bool(value) => key.push(if value { b'T' } else { b'F' }),
        Kind::Number(number) => match digits {
            Digits::Ten => key.extend(number.format(NumberFormat::General, Some(10)).bytes()),
            // Whole numbers are equal by value, others by their text.
            Digits::All => match number.to_bigint() {
                Some(whole) => key.extend(whole.to_string().bytes()),
                None => key.extend(number.to_string().bytes()),
            },
        },
        Kind::String(text) => append_quoted(text, key),
        Kind::List(_) | Kind::Set(_) => append_parts(b'[', value.as_sequence().unwrap_or(&[]), b']', digits, key),
        Kind::Tuple(tuple) => append_parts(b'<', tuple.values(), b'>', digits, key),
        Kind::Object(object) => append_parts(b'<', object.values(), b'>', digits, key),
        Kind::Map(map) => {
            key.push(b'{');
            for (name, element) in map.entries() {
                append_quoted(name, key);
                key.push(b':');
                append_key(element, digits, key);
                key.push(b';');
            }
            key.push(b'}');
        }
        Kind::Meta(ty) => key.extend(ty.to_string().bytes()),
    }
}

fn append_parts(open: u8, parts: &[Value], close: u8, digits: Digits, key: &mut Vec<u8>) {
    key.push(open);
    for part in parts {
        append_key(part, digits, key);
        key.push(b';');
    }
    key.push(close);
}

/// Writes a text in quotes, with escapes for what does not print.
fn append_quoted(text: &str, key: &mut Vec<u8>) {
    key.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' => key.extend([b'\\', c as u8]),
            '\x07' => key.extend(b"\\a"),
            '\x08' => key.extend(b"\\b"),
            '\x0c' => key.extend(b"\\f"),
            '\n' => key.extend(b"\\n"),
            '\r' => key.extend(b"\\r"),
            '\t' => key.extend(b"\\t"),
            '\x0b' => key.extend(b"\\v"),
            ' '..='~' => key.push(c as u8),
            '\0'..='\x7f' => key.extend(format!("\\x{:02x}", c as u32).bytes()),
            c if prints(c) => key.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            c if (c as u32) < 0x1_0000 => key.extend(format!("\\u{:04x}", c as u32).bytes()),
            c => key.extend(format!("\\U{:08x}", c as u32).bytes()),
        }
    }
    key.push(b'"');
}

/// Tells whether a character beyond ASCII is visible: not a control, space, format or private-use character.
fn prints(c: char) -> bool {
    !(c.is_control()
        || c.is_whitespace()
        || matches!(
            c as u32,
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb | 0xfffe..=0xffff
            | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe00ff
            | 0xf0000..=0x10ffff
        ))
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;
