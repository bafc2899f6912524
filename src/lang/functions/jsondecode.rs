//! `jsondecode`: JSON text to a value.
//!
//! By hand rather than by `serde_json`: halves of surrogate pairs become U+FFFD instead of errors, numbers keep all
//! their digits, and errors give the place that people look for.

use ecow::EcoString;
use value::{Kind, Number, Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

/// Deeper nesting is refused: reading recurses, and no real document comes near.
const DEPTH_MAX: usize = 1000;

pub(super) static JSONDECODE: Function = Function {
    name: "jsondecode",
    summary: "Reads JSON. Objects become objects and arrays become tuples, so that elements may differ in type.",
    params: &[param("str", types::string).unknown()],
    rest: None,
    returns: Returns::Computed(result_type),
    examples: &[
        example(r#"jsondecode("{\"hello\": \"world\"}")"#, "{\n  \"hello\" = \"world\"\n}"),
        example(r#"jsondecode("true")"#, "true"),
        example(r#"jsondecode("[1, 2")"#, "error: ends too early"),
        example(r#"jsondecode("{a: 1}")"#, "error: line 1, column 2"),
    ],
    code: Code::Nullable(jsondecode),
};

/// Of an unknown text the first character may say the type; what is known is simply read.
fn result_type(call: &Call<'_>) -> Result<Type, CallError> {
    let Kind::Unknown(_, refinement) = call.args[0].kind() else { return Ok(Type::Dynamic) };
    let prefix = refinement.prefix.as_deref().unwrap_or_default().trim();
    match prefix.chars().next() {
        None | Some('{' | '[' | 'n') => Ok(Type::Dynamic),
        Some('"') => Ok(Type::String),
        Some('t' | 'f') => Ok(Type::Bool),
        Some('-' | '.' | '0'..='9') => Ok(Type::Number),
        Some(other) => Err(CallError::argument(0, format!("no JSON text begins with {other:?}"))),
    }
}

fn jsondecode(call: &Call<'_>) -> Outcome {
    if !call.args[0].is_known() {
        return Ok(Value::unknown(call.ty.clone()));
    }
    let text = call.text(0);
    let mut reader = Reader { text, at: 0 };
    let read = reader.value(0).and_then(|value| reader.end().map(|()| value));
    read.map_err(|problem| {
        let before = &text[..problem.at];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let reason = if call.is_sensitive() { String::new() } else { format!(": {}", problem.message) };
        CallError::argument(0, format!("the JSON text is wrong in line {line}, column {column}{reason}"))
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

struct Problem {
    at: usize,
    message: String,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, Problem> {
        if depth > DEPTH_MAX {
            return Err(self.problem(format!("it is nested more than {DEPTH_MAX} levels deep")));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::string(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.keyword("true", Value::TRUE),
            Some(b'f') => self.keyword("false", Value::FALSE),
            Some(b'n') => self.keyword("null", Value::NULL),
            _ => Err(self.expected("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Problem> {
        self.at += 1;
        let mut attributes = Vec::new();
        if self.skip(b'}') {
            return Ok(Value::object(attributes));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let key = self.string()?;
            if !self.skip(b':') {
                return Err(self.expected("`:`"));
            }
            // Two spellings of one name are one name.
            let key = Value::string(key).as_str().map(EcoString::from).unwrap_or_default();
            attributes.push((key, self.value(depth + 1)?));
            if self.skip(b'}') {
                return Ok(Value::object(attributes));
            }
            if !self.skip(b',') {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Problem> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.skip(b']') {
            return Ok(Value::tuple(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.skip(b']') {
                return Ok(Value::tuple(elements));
            }
            if !self.skip(b',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn keyword(&mut self, word: &str, value: Value) -> Result<Value, Problem> {
        if !self.rest().starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        self.take(|byte| byte == b'-');
        if !self.rest().starts_with('0') {
            self.digits()?;
        } else {
            self.at += 1;
        }
        if self.rest().starts_with('.') {
            self.at += 1;
            self.digits()?;
        }
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            self.digits()?;
        }
        let number = Number::parse(&self.text[start..self.at]);
        let number = number.map_err(|_| Problem { at: start, message: "the number is too large".into() })?;
        Ok(Value::number(number))
    }

    fn digits(&mut self) -> Result<(), Problem> {
        let before = self.at;
        self.take(|byte| byte.is_ascii_digit());
        if self.at == before { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Problem> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(plain) = rest.find(|c| matches!(c, '"' | '\\' | '\0'..='\u{1f}')) else {
                self.at = self.text.len();
                return Err(self.expected("the closing `\"`"));
            };
            out.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes()[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return Err(self.problem("a control character in a string must be written as an escape")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let escape = self.text.as_bytes().get(self.at + 1);
        let c = match escape {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.problem("this escape does not exist in JSON")),
        };
        self.at += 2;
        Ok(c)
    }

    /// Reads `\uXXXX`, and the other half if it is a half of a surrogate pair; a lone half becomes U+FFFD.
    fn unicode_escape(&mut self) -> Result<char, Problem> {
        let Some(high) = self.hex(self.at) else {
            return Err(self.problem("four hexadecimal digits must follow `\\u`"));
        };
        self.at += 6;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        match self.hex(self.at) {
            Some(low @ 0xdc00..=0xdfff) if high < 0xdc00 => {
                self.at += 6;
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            _ => Ok(char::REPLACEMENT_CHARACTER),
        }
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex { u32::from_str_radix(digits, 16).ok() } else { None }
    }

    /// Wants the end of the text. Closing brackets without a beginning are let through, as Terraform does.
    fn end(&mut self) -> Result<(), Problem> {
        match self.peek() {
            None | Some(b']' | b'}') => Ok(()),
            Some(_) => Err(self.problem("the document has ended before this")),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips white space and returns the next byte.
    fn peek(&mut self) -> Option<u8> {
        self.take(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn take(&mut self, want: fn(u8) -> bool) {
        self.at += self.rest().bytes().take_while(|byte| want(*byte)).count();
    }

    fn expected(&self, what: &str) -> Problem {
        match self.rest().chars().next() {
            None => self.problem(format!("it ends too early; {what} is missing")),
            Some(found) => self.problem(format!("{what} is expected, not {found:?}")),
        }
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { at: self.at, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use value::{Refinement, Type, Value};

    use super::super::testing::{check, check_table};

    #[test]
    fn agrees_with_terraform() {
        check_table("jsondecode", include_str!("tables/jsondecode.txt"));
    }

    #[test]
    fn the_beginning_of_what_is_not_known_may_say_the_type() {
        let beginning = |prefix: &str| {
            Value::unknown(Type::String).refine(Refinement { prefix: Some(prefix.into()), ..Refinement::default() })
        };
        check("jsondecode", [Value::unknown(Type::String)], Ok(Value::dynamic()));
        check("jsondecode", [beginning(" [1")], Ok(Value::dynamic()));
        check("jsondecode", [beginning("\"a")], Ok(Value::unknown(Type::String)));
        check("jsondecode", [beginning("tr")], Ok(Value::unknown(Type::Bool)));
        check("jsondecode", [beginning("-1")], Ok(Value::unknown(Type::Number)));
        check("jsondecode", [beginning("<xml")], Err("no JSON text begins with '<'"));
    }

    #[test]
    fn errors_name_the_place() {
        check("jsondecode", ["{\n  \"é\": x}".into()], Err("line 2, column 8: a value is expected, not 'x'"));
        check("jsondecode", ["[1".into()], Err("line 1, column 3: it ends too early"));
        check("jsondecode", ["[".repeat(100_000).into()], Err("nested more than 1000 levels deep"));
    }
}
