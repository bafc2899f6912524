//! Tests of contents. What is expected is what Terraform 1.11.4's parsers (hcl 2.23) do with the same bodies.

use diag::{Diagnostics, FileId};

use super::{AttributeSchema, BlockSchema, BodySchema, Content};
use crate::tree::Body;

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "alpha", required: false },
        AttributeSchema { name: "beta", required: false },
        AttributeSchema { name: "needed", required: true },
    ],
    blocks: &[
        BlockSchema { kind: "plain", labels: &[] },
        BlockSchema { kind: "one", labels: &["type"] },
        BlockSchema { kind: "two", labels: &["type", "name"] },
    ],
};

fn native(text: &str) -> Body {
    let (file, diags) = crate::parse(FileId(0), text.as_bytes());
    assert!(diags.is_empty(), "{text}");
    file.body
}

fn json(text: &str) -> Body {
    let (file, diags) = crate::parse_json(FileId(0), text.as_bytes());
    assert!(diags.is_empty(), "{text}");
    file.body
}

fn shown(content: &Content) -> String {
    let attributes = content.attributes.iter().map(|attribute| attribute.name.name.to_string());
    let blocks = content.blocks.iter().map(|block| {
        let labels = block.labels.iter().map(|label| format!(".{}", label.name));
        format!("{}{}", block.kind.name, labels.collect::<String>())
    });
    attributes.chain(blocks).collect::<Vec<_>>().join(" ")
}

fn reported(text: &str, diags: &Diagnostics) -> Vec<String> {
    let at = |diagnostic: &diag::Diagnostic| {
        let span = diagnostic.subject.expect("every diagnostic of a content has a place");
        format!("{} @ {}", diagnostic.summary, &text[span.start as usize..span.end as usize])
    };
    diags.iter().map(at).collect()
}

/// Compares content and diagnostics, `summary @ text at fault`.
#[track_caller]
fn check(read: fn(&str) -> Body, text: &str, content: &str, diagnostics: &[&str]) {
    let mut diags = Diagnostics::new();
    let found = read(text).content(&SCHEMA, &mut diags);
    assert_eq!(shown(&found), content);
    assert_eq!(reported(text, &diags), diagnostics);
}

#[test]
fn a_native_body_gives_what_the_schema_names_in_source_order() {
    check(
        native,
        "plain {}\nneeded = 1\none \"x\" {}\nalpha = 2\ntwo \"x\" y {}\nplain {}\n",
        "needed alpha plain one.x two.x.y plain",
        &[],
    );
}

#[test]
fn a_native_body_reports_what_the_schema_does_not_name() {
    check(
        native,
        "alpa = 1\nother = 2\nplan {}\nthing {}\n",
        "",
        &[
            "Missing required argument @ ",
            "Unsupported argument @ alpa",
            "Unsupported argument @ other",
            "Unsupported block type @ plan",
            "Unsupported block type @ thing",
        ],
    );
}

#[test]
fn labels_must_be_as_many_as_the_schema_says() {
    check(
        native,
        "needed = 1\nplain \"a\" {}\none {}\none a b {}\ntwo a {}\n",
        "needed",
        &[
            "Extraneous label for plain @ \"a\"",
            "Missing type for one @ {",
            "Extraneous label for one @ b",
            "Missing name for two @ {",
        ],
    );
}

#[test]
fn details_name_the_nearest_name_or_the_other_form() {
    let detail = |text: &str| {
        let mut diags = Diagnostics::new();
        native(text).content(&SCHEMA, &mut diags);
        diags.iter().map(|diagnostic| diagnostic.detail.clone()).collect::<Vec<_>>().join("\n")
    };
    assert!(detail("needed = 1\nalpa = 1\n").contains("Did you mean `alpha`?"));
    assert!(!detail("needed = 1\nalpha = 1\nalpa = 1\n").contains("Did you mean"), "what is set is no suggestion");
    assert!(detail("needed = 1\nplan {}\n").contains("Did you mean `plain`?"));
    assert!(detail("needed = 1\nplain = {}\n").contains("write `plain { … }` without the equals sign"));
    assert!(detail("needed = 1\nalpha {}\n").contains("write `alpha = ` and its value"));
}

#[test]
fn a_partial_look_leaves_the_rest() {
    let schema = BodySchema { attributes: &SCHEMA.attributes[..1], blocks: &SCHEMA.blocks[..1] };
    for body in [
        native("alpha = 1\nbeta = 2\nplain {}\none x {}\n"),
        json(r#"{"alpha": 1, "beta": 2, "plain": {}, "one": {"x": {}}}"#),
    ] {
        let mut diags = Diagnostics::new();
        let (content, rest) = body.partial_content(&schema, &mut diags);
        assert_eq!(shown(&content), "alpha plain");
        let schema = BodySchema { attributes: &SCHEMA.attributes[..2], blocks: &SCHEMA.blocks[..2] };
        assert_eq!(shown(&rest.content(&schema, &mut diags)), "beta one.x");
        assert!(diags.is_empty());
        assert_eq!(rest.missing_item(), body.missing_item());
    }
}

#[test]
fn attributes_of_any_name_but_no_blocks() {
    let read = |body: &Body| {
        let mut diags = Diagnostics::new();
        let names: Vec<_> =
            body.just_attributes(&mut diags).iter().map(|attribute| attribute.name.name.to_string()).collect();
        (names.join(" "), diags.iter().map(|diagnostic| diagnostic.summary.clone()).collect::<Vec<_>>())
    };
    assert_eq!(read(&native("x = 1\ny {}\nz {}\n")), ("x".to_owned(), vec!["Unexpected \"y\" block".to_owned()]));
    assert_eq!(read(&json(r#"{"x": 1, "//": 2, "y": {}}"#)), ("x y".to_owned(), vec![]));
    assert_eq!(read(&json(r#"{"x": 1, "x": 2}"#)), ("x".to_owned(), vec!["Duplicate attribute definition".to_owned()]));
    assert_eq!(read(&json(r#"[{"x": 1}]"#)), (String::new(), vec!["Incorrect JSON value type".to_owned()]));
}

#[test]
fn json_properties_are_blocks_by_schema() {
    check(
        json,
        r#"{"//": 1, "needed": 1, "plain": [{}, {}], "one": {"x": {}, "y": [{}, {}]}, "two": [{"x": {"y": {}}}, {"z": [{"v": {}}]}]}"#,
        "needed plain plain one.x one.y one.y two.x.y two.z.v",
        &[],
    );
    check(json, r#"[{"needed": 1}, {"plain": null}, {"plain": {}, "plain": {}}]"#, "needed plain plain", &[]);
}

#[test]
fn json_bodies_report_what_does_not_fit() {
    check(
        json,
        r#"{"alpha": 1, "alpha": 2, "alphb": 3, "plain": 4, "one": {}, "two": {"x": 5}}"#,
        "alpha",
        &[
            "Duplicate argument @ \"alpha\"",
            "Incorrect JSON value type @ 4",
            "Missing block label @ {",
            "Incorrect JSON value type @ 5",
            "Missing required argument @ }",
            "Extraneous JSON object property @ \"alphb\"",
        ],
    );
    check(json, "[1]", "", &["Incorrect JSON value type @ 1"]);
}
