//! Matching one name with one part of a pattern.

/// The pattern cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPattern;

/// Tells whether a part of a pattern is just a name.
pub(super) fn is_literal(part: &str) -> bool {
    !part.contains(['*', '?', '[', '{', '\\'])
}

/// Splits at a separator, unless a backslash stands before it.
pub(super) fn split(pattern: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = find_unescaped(rest, separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len_utf8()..];
    }
    parts.push(rest);
    parts
}

fn find_unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let found = c == wanted && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        found.then_some(at)
    })
}

/// Tells whether a name matches.
pub(super) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    match (pattern.is_empty(), name.is_empty()) {
        (true, _) => return Ok(name.is_empty()),
        (false, true) if pattern != "*" => return Ok(false),
        _ => {}
    }
    let (mut pattern, mut name) = (pattern, name);
    while let (Some(wanted), Some(found)) = (pattern.chars().next(), name.chars().next()) {
        let after = &pattern[wanted.len_utf8()..];
        let next_name = &name[found.len_utf8()..];
        match wanted {
            '*' => return Ok(star(after, name)),
            '{' => return alternatives(after, name),
            '[' => {
                let end = find_unescaped(after, ']').ok_or(BadPattern)?;
                if !class(&after[..end], found)? {
                    return Ok(false);
                }
                pattern = &after[end + 1..];
            }
            '\\' => {
                let escaped = after.chars().next().ok_or(BadPattern)?;
                if escaped != found {
                    return Ok(false);
                }
                pattern = &after[escaped.len_utf8()..];
            }
            _ if wanted == '?' || wanted == found => pattern = after,
            _ => return Ok(false),
        }
        name = next_name;
    }
    let is_end = pattern.is_empty() && name.is_empty();
    Ok(is_end || (name.is_empty() && pattern == "*") || pattern == "**")
}

/// Matches what follows a star with every end of a name.
fn star(pattern: &str, name: &str) -> bool {
    if pattern.is_empty() {
        return true;
    }
    // A pattern that is wrong after a star matches nothing; that is no error.
    name.char_indices().any(|(at, _)| matches(pattern, &name[at..]).unwrap_or(false))
}

fn alternatives(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let end = find_unescaped(pattern, '}').ok_or(BadPattern)?;
    let after = &pattern[end + 1..];
    for option in split(&pattern[..end], ',') {
        if matches(&format!("{option}{after}"), name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn class(class: &str, found: char) -> Result<bool, BadPattern> {
    let (is_negated, mut chars) = match class.strip_prefix('^') {
        Some(rest) => (true, rest.chars().peekable()),
        None => (false, class.chars().peekable()),
    };
    if class.is_empty() {
        return Err(BadPattern);
    }
    let mut is_member = false;
    while let Some(first) = chars.next() {
        let low = class_character(first, &mut chars)?;
        let mut high = low;
        if chars.next_if_eq(&'-').is_some() {
            let first = chars.next().ok_or(BadPattern)?;
            high = class_character(first, &mut chars)?;
        }
        is_member |= (low..=high).contains(&found);
    }
    Ok(is_member != is_negated)
}

/// Reads a character of a class, which a backslash may precede.
fn class_character(first: char, rest: &mut impl Iterator<Item = char>) -> Result<char, BadPattern> {
    match first {
        '-' => Err(BadPattern),
        '\\' => rest.next().ok_or(BadPattern),
        _ => Ok(first),
    }
}
