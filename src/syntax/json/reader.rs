//! Reads JSON text into expressions.

use diag::{Diagnostics, FileId, Span};
use ecow::EcoString;

use crate::parser::{NESTING_MAX, normalised, parse_template, parse_template_within};
use crate::tree::{Expr, ExprKind, JsonString, ObjectItem};

/// The state of reading one text. Rules return nothing after a mistake, which is then in `diags`.
pub(super) struct Reader<'t> {
    file: FileId,
    text: &'t [u8],
    at: usize,
    depth: u32,
    pub(super) diags: Diagnostics,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: FileId, text: &'t [u8]) -> Reader<'t> {
        let at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Reader { file, text, at, depth: 0, diags: Diagnostics::new() }
    }

    /// Reads the one value of the text.
    pub(super) fn document(&mut self) -> Option<Expr> {
        let value = self.value("A JSON value must stand here.")?;
        if self.peek().is_some() {
            return self.fail_here(
                "Extraneous data after value",
                "The JSON value is complete in front of this; nothing may follow.",
            );
        }
        Some(value)
    }

    /// Returns the next byte that is not space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.file, start, self.at)
    }

    fn fail<T>(&mut self, start: usize, end: usize, summary: &str, detail: impl Into<String>) -> Option<T> {
        self.diags.error(Span::new(self.file, start, end.max(start)), summary, detail);
        None
    }

    /// Reports the next character.
    fn fail_here<T>(&mut self, summary: &str, detail: impl Into<String>) -> Option<T> {
        self.peek();
        let rest = &self.text[self.at..];
        let first = rest.utf8_chunks().next();
        let length = first.map_or(0, |chunk| chunk.valid().chars().next().map_or(1, char::len_utf8)).min(rest.len());
        self.fail(self.at, self.at + length, summary, detail)
    }

    fn value(&mut self, missing: &str) -> Option<Expr> {
        // As for the native syntax: room for one level, and the size of a further stack.
        const STACK_LEFT_MIN: usize = 64 * 1024;
        const STACK_SIZE: usize = 1024 * 1024;
        let next = self.peek();
        let start = self.at;
        match next {
            Some(b'{' | b'[') if self.depth >= NESTING_MAX => self
                .fail_here("Nesting too deep", format!("JSON values can be nested {NESTING_MAX} levels deep at most.")),
            Some(open @ (b'{' | b'[')) => {
                self.depth += 1;
                self.at += 1;
                let kind = stacker::maybe_grow(STACK_LEFT_MIN, STACK_SIZE, || {
                    if open == b'{' { self.object(start) } else { self.array(start) }
                })?;
                self.depth -= 1;
                Some(Expr { kind, span: self.span(start) })
            }
            Some(b'"') => self.string(),
            Some(b'0'..=b'9' | b'-' | b'+' | b'.') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() => self.keyword(),
            Some(b'\'') => self.fail_here("Invalid JSON value", "Strings are written between double quotes in JSON."),
            Some(_) => self.fail_here("Missing JSON value", missing),
            None => self.fail_here("Missing JSON value", format!("{missing} The text ends here.")),
        }
    }

    fn object(&mut self, open: usize) -> Option<ExprKind> {
        let mut items = Vec::new();
        while !self.eat(b'}') {
            if !items.is_empty() && !self.comma("object", b'}', open)? {
                break;
            }
            let key = match self.peek() {
                Some(b'"') => self.string()?,
                Some(b'}') => {
                    return self
                        .fail_here("Trailing comma in object", "In JSON no comma may stand behind the last property.");
                }
                None => {
                    return self.fail(
                        open,
                        open + 1,
                        "Unclosed object",
                        "This brace is not closed before the text ends.",
                    );
                }
                _ => {
                    let detail = "A property name between double quotes must stand here, or a closing brace.";
                    return self.fail_here("Invalid object property name", detail);
                }
            };
            if !self.eat(b':') {
                let detail = "A colon must stand between a property's name and its value.";
                return self.fail_here("Missing property value colon", detail);
            }
            let value = self.value("The value of this property is missing.")?;
            items.push(ObjectItem { key, value });
        }
        items.shrink_to_fit();
        Some(ExprKind::Object(items))
    }

    fn array(&mut self, open: usize) -> Option<ExprKind> {
        let mut elements = Vec::new();
        while !self.eat(b']') {
            if !elements.is_empty() && !self.comma("array", b']', open)? {
                break;
            }
            match self.peek() {
                Some(b']') => {
                    return self
                        .fail_here("Trailing comma in array", "In JSON no comma may stand behind the last element.");
                }
                None => {
                    return self.fail(
                        open,
                        open + 1,
                        "Unclosed array",
                        "This bracket is not closed before the text ends.",
                    );
                }
                _ => {}
            }
            elements.push(self.value("An element of the array must stand here, or a closing bracket.")?);
        }
        elements.shrink_to_fit();
        Some(ExprKind::Tuple(elements))
    }

    /// Takes the comma behind an element; returns whether there was one rather than the end of the list.
    fn comma(&mut self, what: &str, close: u8, open: usize) -> Option<bool> {
        if self.eat(b',') {
            return Some(true);
        }
        match self.peek() {
            Some(byte) if byte == close => Some(false),
            None => {
                let detail = format!("This {what} is not closed before the text ends.");
                self.fail(open, open + 1, &format!("Unclosed {what}"), detail)
            }
            Some(b'}' | b']') => self
                .fail_here("Mismatched braces", format!("The {what} must be closed with `{}` first.", close as char)),
            Some(_) => self.fail_here(
                "Missing separator",
                format!("A comma must stand here, or `{}` to end the {what}.", close as char),
            ),
        }
    }

    fn keyword(&mut self) -> Option<Expr> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let kind = match word {
            b"null" => ExprKind::Null,
            b"true" => ExprKind::Bool(true),
            b"false" => ExprKind::Bool(false),
            _ => {
                let word = String::from_utf8_lossy(word);
                let detail = format!(
                    "The words of JSON are `true`, `false` and `null`; `{word}` is none. Text stands between double quotes."
                );
                return self.fail(start, self.at, "Invalid JSON keyword", detail);
            }
        };
        Some(Expr { kind, span: self.span(start) })
    }

    fn number(&mut self) -> Option<Expr> {
        let start = self.at;
        while matches!(self.text.get(self.at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        if !is_number(text) {
            let detail = format!(
                "`{text}` is no JSON number. Numbers look like `12`, `-0.5` or `1e10`: no plus sign in front, no zeros in front, digits on both sides of a point."
            );
            return self.fail(start, self.at, "Invalid JSON number", detail);
        }
        Some(Expr { kind: ExprKind::Number(text.into()), span: self.span(start) })
    }

    fn string(&mut self) -> Option<Expr> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0..=0x1F) | None => {
                    let detail = "The closing quote of this string is missing. For a line break in the text write `\\n`, for a tab `\\t`.";
                    return self.fail(start, self.at.min(self.text.len()), "Invalid string literal", detail);
                }
                Some(_) => self.at += 1,
            }
        }
        let raw = &self.text[start + 1..self.at - 1];
        let span = self.span(start);
        let text: EcoString =
            if escaped { self.unescaped(start + 1, raw)?.into() } else { String::from_utf8_lossy(raw).as_ref().into() };
        let template = self.template(&text, raw, span);
        Some(Expr { kind: ExprKind::JsonString(Box::new(JsonString { text, template })), span })
    }

    /// Reads a string as a template.
    fn template(&mut self, text: &EcoString, raw: &[u8], span: Span) -> Expr {
        if !has_sequence(text.as_bytes()) {
            return Expr { kind: ExprKind::String(normalised(text)), span };
        }
        let (template, diags) = if raw == text.as_bytes() {
            parse_template(self.file, raw, span.start as usize + 1)
        } else {
            parse_template_within(span, text.as_bytes())
        };
        self.diags.append(diags);
        template
    }

    /// Decodes the escapes of a string's inside, which starts at `offset`.
    fn unescaped(&mut self, offset: usize, raw: &[u8]) -> Option<String> {
        let mut decoded = Vec::with_capacity(raw.len());
        let mut at = 0;
        while at < raw.len() {
            let run = memchr::memchr(b'\\', &raw[at..]).unwrap_or(raw.len() - at);
            decoded.extend_from_slice(&raw[at..at + run]);
            at += run;
            if at == raw.len() {
                break;
            }
            let (character, length) = match unescape(&raw[at..]) {
                Some(found) => found,
                None => {
                    let detail = "There is no such escape. JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uNNNN.";
                    let end = (at + 2).min(raw.len());
                    return self.fail(offset + at, offset + end, "Invalid string literal", detail);
                }
            };
            decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            at += length;
        }
        Some(String::from_utf8_lossy(&decoded).into_owned())
    }
}

/// Tells whether a text has a template sequence in it, escaped or not.
fn has_sequence(text: &[u8]) -> bool {
    memchr::memchr2_iter(b'$', b'%', text).any(|sign| text.get(sign + 1) == Some(&b'{'))
}

/// Decodes the escape at the start of a text; returns it with its length. Half a surrogate pair becomes U+FFFD.
fn unescape(text: &[u8]) -> Option<(char, usize)> {
    let character = match text.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = unit(text)?;
            let second = unit(&text[6..]).filter(|_| (0xD800..0xDC00).contains(&first));
            if let Some(second) = second.filter(|unit| (0xDC00..0xE000).contains(unit)) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Some((char::from_u32(code)?, 12));
            }
            return Some((char::from_u32(first).unwrap_or('\u{FFFD}'), 6));
        }
        _ => return None,
    };
    Some((character, 2))
}

/// Reads `\uNNNN`.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Tells whether a text is a number by the grammar of JSON.
fn is_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
