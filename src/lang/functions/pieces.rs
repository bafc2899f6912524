//! `join`, `split`, `strrev`, `substr`: strings put together and taken apart.

use value::{Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, check_size, example, graphemes, param, types};

pub(super) static JOIN: Function = Function {
    name: "join",
    summary: "Puts all elements of all lists together, with a separator between them.",
    params: &[param("separator", types::string).summary("Stands between the elements.")],
    rest: Some(param("lists", types::list_string).summary("One or more lists of strings.")),
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"join("-", ["foo", "bar", "baz"])"#, r#""foo-bar-baz""#),
        example(r#"join(", ", ["a"], [], [1, true])"#, r#""a, 1, true""#),
        example(r#"join(", ", [])"#, r#""""#),
        example(r#"join(",", ["a", null])"#, "error: element 1 is null"),
        example(r#"join(",")"#, "error: at least one list"),
    ],
    code: Code::Eager(join),
};

pub(super) static SPLIT: Function = Function {
    name: "split",
    summary: "Cuts a string at every occurrence of a separator. An empty separator cuts between all characters.",
    params: &[
        param("separator", types::string).summary("Where to cut; it is in none of the parts."),
        param("str", types::string).summary("The string to cut."),
    ],
    rest: None,
    returns: Returns::Fixed(types::list_string),
    examples: &[
        example(r#"split(",", "foo,bar")"#, "tolist([\n  \"foo\",\n  \"bar\",\n])"),
        example(r#"split(",", "")"#, "tolist([\n  \"\",\n])"),
        example(r#"split("", "ab")"#, "tolist([\n  \"a\",\n  \"b\",\n])"),
        example(r#"split("", "")"#, "tolist([])"),
    ],
    code: Code::Eager(split),
};

pub(super) static STRREV: Function = Function {
    name: "strrev",
    summary: "Puts the characters (grapheme clusters) of a string into reverse order.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"strrev("hello")"#, r#""olleh""#),
        example(r#"strrev("a ☃")"#, r#""☃ a""#),
        example(r#"strrev("noe\u0308l🇩🇪")"#, "\"🇩🇪lëon\""),
    ],
    code: Code::Eager(reverse),
};

pub(super) static SUBSTR: Function = Function {
    name: "substr",
    summary: "Cuts a part out of a string; offset and length count characters (grapheme clusters).",
    params: &[
        param("str", types::string).summary("The whole string."),
        param("offset", types::number).summary("Where the part starts; a negative number counts from the end."),
        param("length", types::number).summary("The greatest length of the part; a negative number means: to the end."),
    ],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"substr("hello world", 1, 4)"#, r#""ello""#),
        example(r#"substr("hello world", -5, -1)"#, r#""world""#),
        example(r#"substr("🤔🤷", 0, 1)"#, r#""🤔""#),
        example(r#"substr("hello", 9, 1)"#, r#""""#),
        example(r#"substr("hello", 0.5, 1)"#, "error: a whole number"),
    ],
    code: Code::Eager(substr),
};

fn join(call: &Call<'_>) -> Outcome {
    let lists = &call.args[1..];
    if lists.is_empty() {
        return Err(CallError::new("it needs at least one list"));
    }
    if lists.iter().any(|list| !list.is_wholly_known()) {
        return Ok(Value::unknown(Type::String));
    }
    let parts = lists.iter().flat_map(|list| list.as_sequence().unwrap_or_default());
    let lengths = parts.map(|part| part.as_str().map_or(0, str::len).saturating_add(call.text(0).len()));
    check_size(lengths.fold(0, usize::saturating_add))?;
    let mut joined = String::new();
    let mut first = true;
    for (number, list) in lists.iter().enumerate() {
        for (index, element) in list.as_sequence().unwrap_or_default().iter().enumerate() {
            let Some(part) = element.as_str() else {
                let place = if lists.len() > 1 { format!(" of list {}", number + 1) } else { String::new() };
                return Err(CallError::argument(number + 1, format!("element {index}{place} is null")));
            };
            if !first {
                joined.push_str(call.text(0));
            }
            first = false;
            joined.push_str(part);
        }
    }
    Ok(Value::string(joined))
}

fn split(call: &Call<'_>) -> Outcome {
    let (separator, whole) = (call.text(0), call.text(1));
    if separator.is_empty() {
        return Ok(Value::list(Type::String, whole.chars().map(|c| Value::string(c.to_string()))));
    }
    Ok(Value::list(Type::String, whole.split(separator).map(Value::string)))
}

fn reverse(call: &Call<'_>) -> Outcome {
    let clusters: Vec<&str> = graphemes::iter(call.text(0)).collect();
    Ok(Value::string(clusters.into_iter().rev().collect::<String>()))
}

fn substr(call: &Call<'_>) -> Outcome {
    let all = call.text(0);
    let (mut offset, length) = (call.whole(1)?, call.whole(2)?);
    let from_end = offset < 0;
    if from_end {
        offset += i64::try_from(graphemes::count(all)).unwrap_or(i64::MAX);
    } else if length == 0 {
        return Ok(Value::string(""));
    }
    let start = graphemes::offset(all, usize::try_from(offset).unwrap_or(0)).unwrap_or(all.len());
    let rest = &all[start..];
    // A length of 0 together with a negative offset means "to the end": configurations may depend on it.
    let end = match usize::try_from(length) {
        Ok(length) if length > 0 => graphemes::offset(rest, length).unwrap_or(rest.len()),
        _ => rest.len(),
    };
    Ok(Value::string(&rest[..end]))
}
