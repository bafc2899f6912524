//! Literal text: escapes, normal form, and tokens that are never right.

use ecow::EcoString;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::cursor::Parser;
use crate::{Token, TokenKind};

/// Returns text in normal form C, as all strings of the language are.
pub(crate) fn normalised(text: &str) -> EcoString {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return EcoString::from(text);
    }
    text.nfc().collect()
}

/// Returns summary and detail for a token that is wrong wherever it stands.
pub(super) fn why_never_valid(kind: TokenKind, bytes: &[u8]) -> Option<(&'static str, String)> {
    if kind == TokenKind::BadUtf8 {
        let detail = "These bytes are not UTF-8. Save the file in the UTF-8 encoding.";
        return Some(("Invalid character encoding", detail.to_owned()));
    }
    if kind != TokenKind::Invalid {
        return None;
    }
    let (summary, detail) = match bytes {
        b"&" => ("Unsupported operator", "There are no bitwise operators. For a logical \"and\" write `&&`."),
        b"|" => ("Unsupported operator", "There are no bitwise operators. For a logical \"or\" write `||`."),
        b"^" => ("Unsupported operator", "There are no bitwise operators. For powers use the function `pow`."),
        b"~" => ("Unsupported operator", "There are no bitwise operators. For a logical \"not\" write `!`."),
        b"'" => ("Invalid character", "Strings are written between double quotes (`\"`), not single ones."),
        b"`" => {
            ("Invalid character", "Text over several lines is written as a heredoc, `<<EOT`, not between backticks.")
        }
        b";" => (
            "Invalid character",
            "Nothing is separated by semicolons: put each argument and block on a line of its own, and commas \
             between the elements of lists.",
        ),
        b"\t" => ("Invalid character", "A tab cannot stand here. Indent with spaces."),
        _ => {
            let shown = String::from_utf8_lossy(bytes);
            return Some((
                "Invalid character",
                format!("The language has no use for `{}` here.", shown.escape_debug()),
            ));
        }
    };
    Some((summary, detail.to_owned()))
}

impl Parser<'_> {
    /// Returns the text that a literal token stands for. Wrong escapes are reported and left out.
    pub(super) fn decoded(&mut self, token: Token) -> String {
        let text = self.str(token);
        let mut decoded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = rest.find(['\\', '$', '%']) {
            decoded.push_str(&rest[..found]);
            rest = &rest[found..];
            let start = token.end - rest.len() as u32;
            let length = if rest.starts_with('\\') {
                if token.kind == TokenKind::QuotedText {
                    self.escape(rest, start, &mut decoded)
                } else {
                    keep(rest, 1, &mut decoded)
                }
            } else if rest.starts_with("$${") || rest.starts_with("%%{") {
                decoded.push_str(&rest[1..3]);
                3
            } else {
                keep(rest, 1, &mut decoded)
            };
            rest = &rest[length..];
        }
        decoded.push_str(rest);
        decoded
    }

    /// Decodes the escape that `rest` starts with and returns its length.
    fn escape(&mut self, rest: &str, start: u32, decoded: &mut String) -> usize {
        let Some(selector) = rest[1..].chars().next() else {
            self.bad_escape(
                start,
                1,
                "A backslash starts an escape; for the backslash itself write `\\\\`.".to_owned(),
            );
            return 1;
        };
        let digits_wanted = match selector {
            'u' => 4,
            'U' => 8,
            'n' | 'r' | 't' | '"' | '\\' => {
                decoded.push(match selector {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                });
                return 2;
            }
            other => {
                let length = 1 + other.len_utf8();
                let detail = format!(
                    "`\\{}` is no escape. There are \\n \\r \\t \\\" \\\\ \\uNNNN and \\UNNNNNNNN; for a backslash write `\\\\`.",
                    other.escape_debug()
                );
                self.bad_escape(start, length, detail);
                return length;
            }
        };
        let digits = rest[2..].bytes().take(digits_wanted).take_while(u8::is_ascii_hexdigit).count();
        if digits < digits_wanted {
            let detail = format!("Behind `\\{selector}` there must be {digits_wanted} hexadecimal digits.");
            self.bad_escape(start, 2 + digits, detail);
            return 2 + digits;
        }
        let code = u32::from_str_radix(&rest[2..2 + digits], 16).unwrap_or(u32::MAX);
        match char::from_u32(code) {
            Some(character) => decoded.push(character),
            None => self.bad_escape(start, 2 + digits, "There is no Unicode character of this number.".to_owned()),
        }
        2 + digits
    }

    fn bad_escape(&mut self, start: u32, length: usize, detail: String) {
        let span = self.span(start, start + length as u32);
        self.diags.error(span, "Invalid escape sequence", detail);
    }
}

/// Copies the first bytes as they are and returns how many.
fn keep(rest: &str, length: usize, decoded: &mut String) -> usize {
    decoded.push_str(&rest[..length]);
    length
}
