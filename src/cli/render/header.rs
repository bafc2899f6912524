//! Finds the header of the block that a place is in: `in resource "x" "y"`.

use std::collections::HashMap;

use diag::{FileId, Sources};
use syntax::tree::{Block, Body, Expr, ExprKind, File, NativeBody};

/// The parsed files that diagnostics point into, each parsed once, when first asked for.
#[derive(Default)]
pub(super) struct Headers {
    files: HashMap<FileId, File>,
}

impl Headers {
    /// Returns the header of the outermost block that holds the byte at `offset`.
    pub(super) fn find(&mut self, sources: &Sources, file: FileId, offset: usize) -> Option<String> {
        let tree = self.files.entry(file).or_insert_with(|| {
            let source = sources.file(file);
            let is_json = source.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
            let parse = if is_json { syntax::parse_json } else { syntax::parse };
            parse(file, &source.text).0
        });
        header(tree, offset)
    }
}

fn header(file: &File, offset: usize) -> Option<String> {
    match &file.body {
        Body::Native(body) => native_header(body, offset),
        Body::Json(body) => {
            let mut path = String::new();
            json_path(&body.value, offset, &mut path);
            (!path.is_empty()).then_some(path)
        }
        // The parser makes none of these.
        Body::Layers(_) => None,
    }
}

fn native_header(body: &NativeBody, offset: usize) -> Option<String> {
    let before = body.blocks.iter().filter(|block| block.span.start as usize <= offset);
    // A block without closing brace goes on to the next one.
    let is_in = |block: &&Block| contains(block.span, offset) || block.close.is_empty();
    let block = before.max_by_key(|block| block.span.start).filter(is_in)?;
    let mut header = block.kind.name.to_string();
    for label in &block.labels {
        header.push_str(&format!(" \"{}\"", label.name));
    }
    Some(header)
}

/// Writes the way to the innermost object or array around a place: `resource.x.y`, `[0].output`.
///
/// JSON has no blocks to a reader without schema; a property that holds text or a number adds nothing to the way.
fn json_path(value: &Expr, offset: usize, path: &mut String) {
    let mut value = value;
    while let Some((step, inner)) = json_step(value, offset) {
        if !path.is_empty() && !step.starts_with('[') {
            path.push('.');
        }
        path.push_str(&step);
        value = inner;
    }
}

fn json_step(value: &Expr, offset: usize) -> Option<(String, &Expr)> {
    let is_around = |e: &Expr| matches!(e.kind, ExprKind::Object(_) | ExprKind::Tuple(_)) && contains(e.span, offset);
    match &value.kind {
        ExprKind::Object(items) => {
            let item = items.iter().find(|item| is_around(&item.value))?;
            Some((key_text(&item.key)?, &item.value))
        }
        ExprKind::Tuple(elements) => {
            let index = elements.iter().position(is_around)?;
            Some((format!("[{index}]"), &elements[index]))
        }
        _ => None,
    }
}

fn key_text(key: &Expr) -> Option<String> {
    match &key.kind {
        ExprKind::JsonString(string) => Some(string.text.to_string()),
        ExprKind::String(text) | ExprKind::Variable(text) => Some(text.to_string()),
        _ => None,
    }
}

fn contains(span: diag::Span, offset: usize) -> bool {
    (span.start as usize..span.end as usize).contains(&offset)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Looks up the place of `|` in `text`; the mark itself is not part of it.
    fn check(path: &str, text: &str, expected: Option<&str>) {
        let offset = text.find('|').expect("the text has a mark");
        let mut sources = Sources::default();
        let file = sources.add(Path::new(path), text.replacen('|', "", 1).into_bytes());
        assert_eq!(Headers::default().find(&sources, file, offset).as_deref(), expected);
    }

    #[test]
    fn names_the_outermost_block_with_its_labels() {
        check("a.tf", "x = 1\nresource \"a\" b {\n  c {\n    d = |1\n  }\n}\n", Some("resource \"a\" \"b\""));
        check("a.tf", "|locals {\n}\n", Some("locals"));
        check("a.tf", "locals {\n|}\n", Some("locals"));
    }

    #[test]
    fn takes_an_unclosed_block_to_reach_to_the_end() {
        check("a.tf", "locals {\n  a = |", Some("locals"));
        check("a.tf", "locals {\n  a = |1\n\n", Some("locals"));
    }

    #[test]
    fn names_nothing_outside_of_blocks() {
        check("a.tf", "locals {\n}|\n", None);
        check("a.tf", "x = |1\nlocals {\n}\n", None);
    }

    // As `terraform validate -json` has it for these places.
    #[test]
    fn names_the_way_through_json() {
        check("a.tf.json", r#"{"locals": {"a": "|${nope.x}"}}"#, Some("locals"));
        check("a.tf.json", r#"{"locals": {"b": {"c": ["${upper(1,|2)}"]}}}"#, Some("locals.b.c"));
        check("a.tf.json", r#"{"output": {"x": {"value": "|${foo.bar}"}}}"#, Some("output.x"));
        check("a.tf.json", r#"[{}, {"locals": |3}]"#, Some("[1]"));
        check("a.tf.json", r#"[{"output": {"x": {}, |"y": 1}}]"#, Some("[0].output"));
        check("a.tf.json", r#"|{"locals": {}}"#, None);
    }
}
