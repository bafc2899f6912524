//! `lower`, `title`, `upper`: the case of letters, one character for one character.
//!
//! The mapping is the simple one of Unicode 15.0: a letter whose other case takes several characters, as `ß`, stays.
//! Rust's own mapping is the full one of a newer version, so what differs is put right here.

use value::Value;

use super::{Call, Code, Function, Outcome, Returns, example, param, types};

pub(super) static LOWER: Function = Function {
    name: "lower",
    summary: "Replaces every letter by its lower-case form.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"lower("HELLO")"#, r#""hello""#),
        example(r#"lower("АЛЛО!")"#, r#""алло!""#),
        example(r#"lower("ΣΑΣ İ")"#, r#""σασ i""#),
        example(r#"lower(["A"])"#, "error: string required"),
    ],
    code: Code::Eager(|call| each(call, lower)),
};

pub(super) static TITLE: Function = Function {
    name: "title",
    summary: "Replaces the first letter of every word by its title-case form.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"title("hello world")"#, r#""Hello World""#),
        example(r#"title("o'neil foo_bar 1st")"#, r#""O'Neil Foo_bar 1st""#),
        example(r#"title("ǆ")"#, r#""ǅ""#),
    ],
    code: Code::Eager(words),
};

pub(super) static UPPER: Function = Function {
    name: "upper",
    summary: "Replaces every letter by its upper-case form.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"upper("hello")"#, r#""HELLO""#),
        example(r#"upper("алло!")"#, r#""АЛЛО!""#),
        example(r#"upper("straße")"#, r#""STRAßE""#),
    ],
    code: Code::Eager(|call| each(call, upper)),
};

fn each(call: &Call<'_>, change: fn(char) -> char) -> Outcome {
    Ok(Value::string(call.text(0).chars().map(change).collect::<String>()))
}

fn words(call: &Call<'_>) -> Outcome {
    let mut inside = false;
    let change = |c: char| {
        let result = if inside { c } else { title(c) };
        inside = if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { !c.is_whitespace() };
        result
    };
    Ok(Value::string(call.text(0).chars().map(change).collect::<String>()))
}

fn upper(c: char) -> char {
    match c {
        // Greek letters with an iota below have a single upper-case form as well as a spelled-out one.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(c, 9),
        _ => only(c, c.to_uppercase()),
    }
}

fn lower(c: char) -> char {
    if c == 'İ' { 'i' } else { only(c, c.to_lowercase()) }
}

fn title(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        // Georgian capitals are for whole words only.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => upper(c),
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

/// Returns the mapping of a character if it is one character and as old as the frozen version.
fn only(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(other), None) if !is_new(c) && !is_new(other) => other,
        _ => c,
    }
}

/// Tells whether a letter with case came after Unicode 15.0.
fn is_new(c: char) -> bool {
    matches!(u32::from(c),
        0x1c89..=0x1c8a | 0xa7cb..=0xa7cf | 0xa7d2 | 0xa7d4 | 0xa7da..=0xa7dc
        | 0x10d50..=0x10d65 | 0x10d70..=0x10d85 | 0x16ea0..=0x16eb8 | 0x16ebb..=0x16ed3)
}

#[cfg(test)]
mod tests {
    use super::{lower, title, upper};

    /// Sums up a mapping over all characters, so that a compiler with newer tables cannot change it unseen.
    fn sum(mapping: fn(char) -> char) -> (usize, u64) {
        let changes = (0..=0x10ffff).filter_map(char::from_u32).filter(|c| mapping(*c) != *c);
        changes.fold((0, 0), |(count, sum), c| {
            let pair = u64::from(u32::from(c)) * 0x11_0000 + u64::from(u32::from(mapping(c)));
            (count + 1, u64::wrapping_mul(sum, 1_000_003).wrapping_add(pair))
        })
    }

    #[test]
    fn the_mappings_are_those_of_go() {
        // Computed with Go 1.26's `unicode.ToUpper`, `ToLower` and `ToTitle`, Unicode 15.0.0.
        assert_eq!(sum(upper), (1450, 0xb895c58dd2b875ba));
        assert_eq!(sum(lower), (1433, 0x1eb2cf20ae20403f));
        assert_eq!(sum(title), (1404, 0x8a8139e71cf7e41f));
    }
}
