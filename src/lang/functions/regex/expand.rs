//! Replacement texts: `$1` and `${name}` stand for what a group matched.

use std::rc::Rc;

use super::pattern::{Match, Pattern};

/// Writes a replacement text for a match.
pub(super) fn expand(template: &str, pattern: &Pattern, text: &str, found: &Match, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = name(rest) {
            if let Some(range) = group(name, pattern, found) {
                out.push_str(&text[range]);
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
}

/// Takes the name of a group, perhaps in braces, from the beginning of a text.
fn name(text: &str) -> Option<(&str, &str)> {
    let (braces, text) = match text.strip_prefix('{') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let length = name_length(text);
    if length == 0 {
        return None;
    }
    let (name, rest) = text.split_at(length);
    let rest = if braces { rest.strip_prefix('}')? } else { rest };
    Some((name, rest))
}

/// Returns how many bytes of letters, digits and underscores a text begins with.
fn name_length(text: &str) -> usize {
    let ascii = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if text.as_bytes().get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    let word: Option<Rc<Pattern>> = Pattern::new(r"\A[\pL\p{Nd}_]+").ok();
    word.and_then(|word| word.find(text, 0)?.first()?.clone()).map_or(ascii, |range| range.end)
}

fn group(name: &str, pattern: &Pattern, found: &Match) -> Option<std::ops::Range<usize>> {
    /// Longer numbers are names.
    const DIGITS_MAX: usize = 9;
    let is_number =
        name.bytes().all(|b| b.is_ascii_digit()) && name.len() <= DIGITS_MAX && (name == "0" || !name.starts_with('0'));
    if is_number {
        return found.get(name.parse::<usize>().ok()?).cloned().flatten();
    }
    // Of groups with the same name the first that took part counts.
    let mut named = pattern.groups().iter().zip(&found[1..]).filter(|(group, _)| *group == name);
    named.find_map(|(_, range)| range.clone())
}
