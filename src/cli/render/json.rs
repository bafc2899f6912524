//! JSON output: the shapes that tools know from Terraform, escaped as they know it.

use std::io;

use diag::{Diagnostic, Diagnostics, FunctionCall, Position, Severity, Sources};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value, json};

use super::Snippets;
use super::snippet::{Place, Snippet};

/// Returns the report of `validate -json`.
pub(crate) fn validation(sources: &Sources, diagnostics: &Diagnostics) -> Value {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    json!({
        "format_version": "1.0",
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": diagnostics.len() - errors,
        "diagnostics": all(sources, diagnostics),
    })
}

/// Returns the diagnostics as a JSON array.
pub(crate) fn all(sources: &Sources, diagnostics: &Diagnostics) -> Vec<Value> {
    let mut snippets = Snippets::new(sources);
    diagnostics.iter().map(|d| diagnostic(&mut snippets, d)).collect()
}

fn diagnostic(snippets: &mut Snippets<'_>, diagnostic: &Diagnostic) -> Value {
    let mut object = Map::new();
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    object.insert("severity".into(), severity.into());
    object.insert("summary".into(), diagnostic.summary.as_str().into());
    object.insert("detail".into(), diagnostic.detail.as_str().into());
    if let Some(address) = &diagnostic.address {
        object.insert("address".into(), address.as_str().into());
    }
    if let Some((place, snippet)) = snippets.cut(diagnostic) {
        object.insert("range".into(), range(&place));
        object.insert("snippet".into(), code(&snippet, diagnostic));
    }
    Value::Object(object)
}

fn range(place: &Place) -> Value {
    let position = |p: Position| json!({ "line": p.line, "column": p.column, "byte": p.byte });
    json!({ "filename": place.filename, "start": position(place.start), "end": position(place.end) })
}

fn code(snippet: &Snippet, diagnostic: &Diagnostic) -> Value {
    let values: Vec<Value> =
        diagnostic.values.iter().map(|v| json!({ "traversal": v.traversal, "statement": v.statement })).collect();
    let mut object = json!({
        "context": snippet.header,
        "code": readable(&snippet.code),
        "start_line": snippet.start_line,
        "highlight_start_offset": snippet.highlight.start,
        "highlight_end_offset": snippet.highlight.end,
        "values": values,
    });
    if let Some(call) = &diagnostic.call {
        object["function_call"] = function_call(call);
    }
    object
}

fn function_call(call: &FunctionCall) -> Value {
    let ty = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
    let parameter = |(name, of): &(String, String)| json!({ "name": name, "type": ty(of) });
    let mut signature = Map::new();
    signature.insert("name".into(), call.name.as_str().into());
    signature.insert("params".into(), call.parameters.iter().map(parameter).collect());
    if let Some(variadic) = &call.variadic {
        signature.insert("variadic_param".into(), parameter(variadic));
    }
    signature.insert("return_type".into(), ty(&call.result));
    json!({ "called_as": call.called_as, "signature": signature })
}

/// Reads bytes as text, with a replacement character for each byte that is none.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Writes a value over many lines, with a line break at its end.
pub(crate) fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Html(PrettyFormatter::new()));
    serde::Serialize::serialize(value, &mut serializer).expect("a JSON value can be written to memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Writes a value on one line, with a line break at its end.
pub(crate) fn compact(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, CompactHtml);
    serde::Serialize::serialize(value, &mut serializer).expect("a JSON value can be written to memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// The same for one line.
struct CompactHtml;

impl Formatter for CompactHtml {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_escaped(writer, fragment)
    }
}

fn write_escaped<W: ?Sized + io::Write>(writer: &mut W, fragment: &str) -> io::Result<()> {
    let mut rest = fragment;
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, after) = rest.split_at(at);
        let mut after = after.chars();
        let escaped = after.next().map_or(0, u32::from);
        write!(writer, "{before}\\u{escaped:04x}")?;
        rest = after.as_str();
    }
    writer.write_all(rest.as_bytes())
}

/// A formatter that also escapes what would be dangerous inside of a web page, as Go's does.
struct Html(PrettyFormatter<'static>);

impl Formatter for Html {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_escaped(writer, fragment)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use diag::{ExpressionValue, Span};

    use super::*;

    // The expected text is what `terraform validate -json` 1.11.4 prints for this file (there as one of several errors).
    #[test]
    fn writes_the_report_that_terraform_writes() {
        let text = "locals {\n  l = [\"a\"]\n  a = \"é<&>\"\n\n  r1 = upper(local.l)\n}\n";
        let mut sources = Sources::default();
        let file = sources.add(Path::new("main.tf"), text.as_bytes());
        let start = text.find("local.l").expect("it is there");
        let detail = "Invalid value for \"str\" parameter: string required.";
        let mut error = Diagnostic::error("Invalid function argument", detail).at(Span::new(file, start, start + 7));
        let start = text.find("a = ").expect("it is there");
        error = error.within(Span::new(file, start, start + 4));
        error.values.push(ExpressionValue { traversal: "local.l".into(), statement: "is tuple with 1 element".into() });
        error.call = Some(Box::new(FunctionCall {
            called_as: "upper".into(),
            name: "upper".into(),
            parameters: vec![("str".into(), "\"string\"".into())],
            variadic: Some(("more".into(), "[\"set\",\"dynamic\"]".into())),
            result: "\"string\"".into(),
        }));
        assert_eq!(pretty(&validation(&sources, &error.into())), include_str!("json/expected.json"));
    }

    #[test]
    fn writes_a_valid_report() {
        let expected = r#"{
  "format_version": "1.0",
  "valid": true,
  "error_count": 0,
  "warning_count": 0,
  "diagnostics": []
}
"#;
        assert_eq!(pretty(&validation(&Sources::default(), &Diagnostics::new())), expected);
    }

    #[test]
    fn replaces_each_byte_that_is_no_text() {
        assert_eq!(readable(b"a\xff\xfeb\xe2\x82"), "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}");
    }
}
