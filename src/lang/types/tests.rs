//! Type constraints and defaults against what Terraform 1.11.4 makes of them.

use diag::{Diagnostics, FileId};
use value::{Type, Value};

use super::{parse_type, parse_type_with_defaults};
use crate::print::print_value;

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tree(text: &str) -> syntax::tree::Expr {
    let (tree, diags) = syntax::parse_expression(FileId(0), text.as_bytes(), 0);
    assert!(diags.is_empty(), "{text}: {diags:?}");
    tree
}

fn described(diags: &Diagnostics) -> String {
    let mut found: Vec<String> = Vec::new();
    for problem in diags.iter() {
        let span = problem.subject.expect("a place");
        found.push(format!("{} {}-{}", problem.summary, span.start, span.end));
    }
    found.join("; ")
}

/// Compares what follows the first `N` cells of each line with what `describe` makes of them.
fn check_table<const N: usize>(table: &str, describe: impl Fn([&str; N]) -> String) {
    let mut wrong = Vec::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.splitn(N + 1, " | ").collect();
        let given: [&str; N] = std::array::from_fn(|place| cells[place]);
        let found = describe(given);
        if found != cells[N] {
            wrong.push(format!("{line}\n    gives {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

/// `type = ...` of a variable. What Terraform does for old modules (`list`, `"string"`) is the business of `variable`.
#[test]
fn constraints_are_accepted_and_refused_as_by_terraform() {
    check_table(include_str!("constraints.txt"), |[constraint]| {
        let (ty, _, diags) = parse_type_with_defaults(&tree(constraint));
        if diags.is_empty() {
            assert!(!ty.to_string().is_empty());
            return "ok".into();
        }
        described(&diags)
    });
}

/// Type, value given, value and type that come out.
#[test]
fn defaults_fill_in_what_is_missing() {
    check_table(include_str!("values.txt"), |[constraint, given]| {
        let (ty, defaults, diags) = parse_type_with_defaults(&tree(constraint));
        assert!(diags.is_empty(), "{diags:?}");
        let (value, diags) = crate::constant::evaluate(&tree(given));
        assert!(diags.is_empty(), "{diags:?}");
        match value::convert(&defaults.apply(value), &ty) {
            Ok(value) => {
                let shown = one_line(&print_value(&Value::tuple([value.clone()])));
                let inside = shown.strip_prefix("[ ").and_then(|shown| shown.strip_suffix(" ]")).unwrap_or(&shown);
                let shown = inside.strip_suffix(',').unwrap_or(inside);
                format!("{shown} | {}", one_line(&print_value(&Value::meta(value.ty()))))
            }
            Err(_) => "! Invalid default value for variable".into(),
        }
    });
}

#[test]
fn unknown_values_that_would_get_a_default_are_not_null() {
    let (_, defaults, _) =
        parse_type_with_defaults(&tree(r#"object({ a = optional(string, "x"), b = optional(string) })"#));
    let unknown = || Value::unknown(Type::String);
    let filled = defaults.apply(Value::object([("a", unknown()), ("b", unknown())]));
    assert_eq!(filled, Value::object([("a", unknown().refine_not_null()), ("b", unknown())]));
    let whole = Value::unknown(Type::object([("a", Type::String)]));
    assert_eq!(defaults.apply(whole.clone()), whole);
    let marked = Value::object([("b", unknown())]).with_marks(value::Marks::SENSITIVE);
    assert_eq!(defaults.apply(marked).marks(), value::Marks::SENSITIVE);
}

#[test]
fn a_type_in_a_string_of_the_json_syntax_is_read_as_text() {
    let text = br#"{"type": "map(object({ a = optional(string, \"x\") }))", "bad": "list(nosuch)", "worse": "list("}"#;
    let (file, diags) = syntax::parse_json(FileId(0), text);
    assert!(diags.is_empty(), "{diags:?}");
    let attributes = file.body.just_attributes(&mut Diagnostics::new());
    let parse = |name: &str| {
        let attribute = attributes.iter().find(|a| a.name.name == name).expect("it is there");
        (parse_type_with_defaults(&attribute.expr), attribute.expr.span)
    };
    let ((ty, defaults, diags), _) = parse("type");
    assert!(diags.is_empty(), "{diags:?}");
    assert_eq!(ty.to_string(), "map(object({a=optional(string)}))");
    assert!(!defaults.is_empty());
    for name in ["bad", "worse"] {
        let ((_, _, diags), span) = parse(name);
        assert_eq!(diags.iter().map(|d| d.subject).collect::<Vec<_>>(), [Some(span)], "{name}");
    }
}

#[test]
fn without_defaults_optional_takes_one_argument() {
    assert!(parse_type(&tree("object({ a = optional(string) })")).1.is_empty());
    let (_, diags) = parse_type(&tree(r#"object({ a = optional(string, "x") })"#));
    assert_eq!(described(&diags), "Invalid type specification 21-34");
}
