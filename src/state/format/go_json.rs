//! JSON text as Go's library lays it out and escapes it: what Terraform's files look like.

/// Takes out the white space between the parts of JSON text.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find([' ', '\t', '\r', '\n', '"']) {
        out.push_str(&rest[..at]);
        let skipped = if rest.as_bytes()[at] == b'"' {
            let end = text_end(&rest[at..]);
            out.push_str(&rest[at..at + end]);
            end
        } else {
            1
        };
        rest = &rest[at + skipped..];
    }
    out.push_str(rest);
    out
}

/// Returns where the quoted text that begins here ends, its closing quote included.
fn text_end(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

/// Lays out compact JSON text with two spaces a level, and escapes what could be mistaken for HTML.
pub(crate) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut at = 0;
    let bytes = json.as_bytes();
    while at < bytes.len() {
        let next = bytes.get(at + 1);
        match bytes[at] {
            b'"' => {
                let end = text_end(&json[at..]);
                escape(&json[at..at + end], &mut out);
                at += end;
                continue;
            }
            open @ (b'{' | b'[') if matches!(next, Some(b'}' | b']')) => {
                out.push(open.into());
                out.push(if open == b'{' { '}' } else { ']' });
                at += 1;
            }
            open @ (b'{' | b'[') => {
                out.push(open.into());
                depth += 1;
                line_break(&mut out, depth);
            }
            close @ (b'}' | b']') => {
                depth = depth.saturating_sub(1);
                line_break(&mut out, depth);
                out.push(close.into());
            }
            b',' => {
                out.push(',');
                line_break(&mut out, depth);
            }
            b':' => out.push_str(": "),
            // Outside of texts everything is ASCII.
            other => out.push(other.into()),
        }
        at += 1;
    }
    out
}

fn line_break(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, indented};

    #[test]
    fn lays_out_and_takes_back() {
        let check = |json: &str, expected: &str| {
            assert_eq!(indented(json), expected);
            assert_eq!(compact(expected), json.replace('<', "\\u003c"));
        };
        check("[]", "[]");
        check("{}", "{}");
        check("\"a\\\" {\"", "\"a\\\" {\"");
        check(
            "{\"a\":[1,{},[[]]],\"<\":null}",
            "{\n  \"a\": [\n    1,\n    {},\n    [\n      []\n    ]\n  ],\n  \"\\u003c\": null\n}",
        );
    }

    #[test]
    fn stands_text_that_is_no_json() {
        for text in ["\"", "\"\\", "[[", "]]", "{\"a", ""] {
            let _ = (indented(text), compact(text));
        }
    }
}
