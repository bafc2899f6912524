//! The parts of patterns that stand for one character, a class or counts: `\x{2603}`, `\pL`, `[:alpha:]`, `{2,5}`.

use regex_syntax::hir::ClassUnicode;

use super::classes;
use super::parser::shorten;

/// What an escape stands for.
pub(super) enum Escape {
    Class(ClassUnicode),
    Code(u32),
}

/// Reads the escape at the beginning of a text; returns its length, too.
pub(super) fn read(text: &str, fold_case: bool) -> Result<(Escape, usize), String> {
    if let Some((class, length)) = class(text, fold_case)? {
        return Ok((Escape::Class(class), length));
    }
    let (code, length) = code(text)?;
    Ok((Escape::Code(code), length))
}

/// Reads a named class at the beginning of a text inside brackets, if there is one.
pub(super) fn class_in_bracket(text: &str, fold_case: bool) -> Result<Option<(ClassUnicode, usize)>, String> {
    let Some(tail) = text.strip_prefix("[:") else {
        return class(text, fold_case);
    };
    let Some(end) = tail.find(":]") else {
        return Ok(None);
    };
    let (negated, name) = match tail[..end].strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, &tail[..end]),
    };
    let length = end + 4;
    let Some(class) = classes::posix(name) else {
        return Err(format!("there is no class {:?}", shorten(&text[..length])));
    };
    Ok(Some((finish(class, negated, fold_case), length)))
}

fn finish(class: ClassUnicode, negated: bool, fold_case: bool) -> ClassUnicode {
    let mut class = if fold_case { classes::folded(&class) } else { class };
    if negated {
        class.negate();
    }
    class
}

/// Reads `\d`, `\pN`, `\p{Greek}` and the like, if the text begins with one.
fn class(text: &str, fold_case: bool) -> Result<Option<(ClassUnicode, usize)>, String> {
    let Some(tail) = text.strip_prefix('\\') else { return Ok(None) };
    let Some(letter) = tail.chars().next() else { return Ok(None) };
    if let Some(class) = classes::perl(letter.to_ascii_lowercase()) {
        return Ok(Some((finish(class, letter.is_ascii_uppercase(), fold_case), 2)));
    }
    if !matches!(letter, 'p' | 'P') {
        return Ok(None);
    }
    let unknown = |shown: &str| format!("there is no class {:?}", shorten(shown));
    let (name, length) = match tail[1..].chars().next() {
        None => return Err(unknown(text)),
        Some('{') => match tail.find('}') {
            Some(end) => (&tail[2..end], end + 2),
            None => return Err(unknown(text)),
        },
        Some(c) => (&tail[1..1 + c.len_utf8()], 2 + c.len_utf8()),
    };
    let (negated, name) = match name.strip_prefix('^') {
        Some(name) => (letter == 'p', name),
        None => (letter == 'P', name),
    };
    let class = classes::property(name).ok_or_else(|| unknown(&text[..length]))?;
    Ok(Some((finish(class, negated, fold_case), length)))
}

/// Reads an escape that stands for one character; returns its code and the length.
pub(super) fn code(text: &str) -> Result<(u32, usize), String> {
    let Some(c) = text.chars().nth(1) else {
        return Err("it ends with a backslash".into());
    };
    let simple = match c {
        'a' => 7,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        'x' => return hexadecimal(text),
        '0'..='7' => return octal(text),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => u32::from(c),
        _ => return Err(format!("there is no escape {:?}", &text[..1 + c.len_utf8()])),
    };
    Ok((simple, 2))
}

/// Reads up to three octal digits; a single one other than zero would be a reference back, which there is not.
fn octal(text: &str) -> Result<(u32, usize), String> {
    let digits = text[1..].bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    if digits == 1 && !text[1..].starts_with('0') {
        return Err(format!("there is no escape {:?}", &text[..2]));
    }
    let digits = &text[1..1 + digits];
    Ok((u32::from_str_radix(digits, 8).unwrap_or_default(), 1 + digits.len()))
}

fn hexadecimal(text: &str) -> Result<(u32, usize), String> {
    let bad = || format!("there is no escape {:?}", shorten(text));
    let tail = &text[2..];
    let (digits, length) = match tail.strip_prefix('{') {
        Some(tail) => {
            let end = tail.find('}').ok_or_else(bad)?;
            (&tail[..end], end + 4)
        }
        None => (tail.get(..2).ok_or_else(bad)?, 4),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    // Leading zeros may be many.
    let significant = digits.trim_start_matches('0');
    let code = if significant.is_empty() { Some(0) } else { u32::from_str_radix(significant, 16).ok() };
    code.filter(|code| *code <= u32::from(char::MAX)).map(|code| (code, length)).ok_or_else(bad)
}

/// Reads `{n}`, `{n,}` or `{n,m}` at the beginning of a text: least, greatest, length. Anything else in braces is
/// literal text; numbers too large for the result are as large as it allows.
pub(super) fn counts(text: &str) -> Option<(u32, Option<u32>, usize)> {
    let tail = text.strip_prefix('{')?;
    let (min, tail) = count(tail)?;
    let (max, tail) = match tail.strip_prefix(',') {
        None => (Some(min), tail),
        Some(tail) if tail.starts_with('}') => (None, tail),
        Some(tail) => {
            let (max, tail) = count(tail)?;
            (Some(max), tail)
        }
    };
    let tail = tail.strip_prefix('}')?;
    Some((min, max, text.len() - tail.len()))
}

fn count(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}
