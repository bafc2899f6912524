//! `regex`, `regexall`, `replace`: searching by patterns.

mod classes;
mod escapes;
mod expand;
mod parser;
mod pattern;
mod scripts;

use value::{Type, Value};

use self::expand::expand;
use self::pattern::{Match, Pattern};
use super::arguments::is_not;
use super::{Call, CallError, Code, Function, Outcome, RESULT_BYTES_MAX, Returns, check_size, example, param, types};

pub(super) static REGEX: Function = Function {
    name: "regex",
    summary: "Returns what a regular expression (RE2 syntax) matches first: the text; with groups a tuple of what they \
              matched; with named groups an object.",
    params: &[param("pattern", types::string), param("string", types::string)],
    rest: None,
    returns: Returns::Computed(match_type),
    examples: &[
        example(r#"regex("[a-z]+", "53453453.345345aaabbbccc23454")"#, r#""aaabbbccc""#),
        example(r#"regex("(\\d+)-(\\d+)", "2019-02")"#, "[\n  \"2019\",\n  \"02\",\n]"),
        example(
            r#"regex("^(?P<host>[^:]+)(?::(?P<port>\\d+))?$", "a.b")"#,
            "{\n  \"host\" = \"a.b\"\n  \"port\" = tostring(null)\n}",
        ),
        example(r#"regex("a", "b")"#, "error: matches no part"),
        example(r#"regex("(?=a)", "a")"#, r#"error: "(?=a)" is not supported"#),
    ],
    code: Code::Eager(first),
};

pub(super) static REGEXALL: Function = Function {
    name: "regexall",
    summary: "Returns a list of everything that a regular expression matches, each in the form that `regex` gives.",
    params: &[param("pattern", types::string), param("string", types::string)],
    rest: None,
    returns: Returns::Computed(matches_type),
    examples: &[
        example(r#"regexall("[a-z]+", "1234abcd5678efgh9")"#, "tolist([\n  \"abcd\",\n  \"efgh\",\n])"),
        example(r#"length(regexall("x", "abc"))"#, "0"),
        example(r#"regexall("a|(b", "")"#, "error: a closing parenthesis is missing"),
    ],
    code: Code::Eager(all),
};

pub(super) static REPLACE: Function = Function {
    name: "replace",
    summary: "Replaces every occurrence of a part of a string. A part in slashes is a regular expression; in its \
              replacement `$1` and `${name}` stand for groups.",
    params: &[param("str", types::string), param("substr", types::string), param("replace", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"replace("1 + 2 + 3", "+", "-")"#, r#""1 - 2 - 3""#),
        example(r#"replace("hello world", "/w.*d/", "everybody")"#, r#""hello everybody""#),
        example(r#"replace("a-b", "/(\\w)-(\\w)/", "$2-$1")"#, r#""b-a""#),
        example(r#"replace("abc", "", "-")"#, r#""-a-b-c-""#),
        example(r#"replace("abc", "/(/", "")"#, "error: a closing parenthesis is missing"),
    ],
    code: Code::Eager(replace),
};

fn compile(call: &Call<'_>, index: usize, pattern: &str) -> Result<std::rc::Rc<Pattern>, CallError> {
    Pattern::new(pattern).map_err(|problem| is_not(call, index, "a regular expression", &problem))
}

/// Returns the type of one match; unknown while the pattern is.
fn match_type(call: &Call<'_>) -> Result<Type, CallError> {
    let Some(pattern) = call.args[0].as_str() else {
        return Ok(Type::Dynamic);
    };
    let pattern = compile(call, 0, pattern)?;
    let groups = pattern.groups();
    let named = groups.iter().filter(|name| !name.is_empty()).count();
    if groups.is_empty() {
        Ok(Type::String)
    } else if named == 0 {
        Ok(Type::tuple(groups.iter().map(|_| Type::String)))
    } else if named == groups.len() {
        Ok(Type::object(groups.iter().map(|name| (name.as_str(), Type::String))))
    } else {
        Err(CallError::argument(0, "all groups of the regular expression must have names, or none"))
    }
}

fn matches_type(call: &Call<'_>) -> Result<Type, CallError> {
    Ok(Type::list(match_type(call)?))
}

fn first(call: &Call<'_>) -> Outcome {
    let pattern = compile(call, 0, call.text(0))?;
    let searched = call.text(1);
    match pattern.find(searched, 0) {
        Some(found) => Ok(result(&pattern, searched, &found, &call.ty)),
        None => Err(CallError::new(format!("{} matches no part of the string", call.shown(call.text(0))))),
    }
}

fn all(call: &Call<'_>) -> Outcome {
    let pattern = compile(call, 0, call.text(0))?;
    let searched = call.text(1);
    let element = call.ty.element().cloned().unwrap_or(Type::String);
    let matches = pattern.find_all(searched);
    let values: Vec<Value> = matches.iter().map(|found| result(&pattern, searched, found, &element)).collect();
    Ok(Value::list(element, values))
}

/// Returns the value for a match; groups that took no part in it are null.
fn result(pattern: &Pattern, searched: &str, found: &Match, ty: &Type) -> Value {
    let part = |range: &Option<std::ops::Range<usize>>| match range {
        Some(range) => Value::string(&searched[range.clone()]),
        None => Value::null(Type::String),
    };
    match ty {
        Type::Tuple(_) => Value::tuple(found[1..].iter().map(part)),
        Type::Object(_) => {
            let names = pattern.groups().iter().map(String::as_str);
            Value::object(names.zip(found[1..].iter().map(part)))
        }
        _ => part(&found[0]),
    }
}

fn replace(call: &Call<'_>) -> Outcome {
    let (searched, part, replacement) = (call.text(0), call.text(1), call.text(2));
    let Some(inner) = part.strip_prefix('/').and_then(|part| part.strip_suffix('/')) else {
        let growth = replacement.len().saturating_sub(part.len());
        check_size(searched.matches(part).count().saturating_mul(growth).saturating_add(searched.len()))?;
        return Ok(Value::string(searched.replace(part, replacement)));
    };
    let pattern = compile(call, 1, inner)?;
    let mut is_too_large = false;
    let replaced = pattern.replace_all(searched, |found, out| {
        is_too_large |= out.len() > RESULT_BYTES_MAX;
        if is_too_large {
            return;
        }
        if replacement.contains('$') {
            expand(replacement, &pattern, searched, found, out);
        } else {
            out.push_str(replacement);
        }
    });
    check_size(if is_too_large { usize::MAX } else { replaced.len() })?;
    Ok(Value::string(replaced))
}

#[cfg(test)]
mod tests;
