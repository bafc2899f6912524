//! Where we are ahead of Terraform 1.11.4 on purpose: what later versions do, or what keeps a secret a secret.

use super::{Module, evaluate, one_line, shown};
use crate::print::print_value;
use value::Value;

/// Checks value, type and marks of expressions.
fn check(rows: &[(&str, &str)]) {
    let module = Module::load();
    for (text, expected) in rows {
        let (value, diags) = evaluate(&module, text);
        let found = match diags.iter().find(|d| d.is_error()) {
            Some(error) => format!("! {}", error.summary),
            None => {
                let secret = if value.marks_deep().is_empty() { "" } else { " secret" };
                let ty = one_line(&print_value(&Value::meta(value.ty())));
                format!("{} {ty}{secret}", shown(value))
            }
        };
        assert_eq!(found, *expected, "{text}");
    }
}

/// As of Terraform 1.12.
#[test]
fn an_operand_that_decides_makes_the_other_ones_mistakes_void() {
    check(&[
        ("false && local.tuple.x", "false bool"),
        ("local.tuple.x && false", "false bool"),
        ("true || local.tuple.x", "true bool"),
        ("local.tuple.x || true", "true bool"),
        ("false || local.tuple.x", "! Unsupported attribute"),
        ("true && upper([])", "! Invalid function argument"),
        (r#"local.null_map != null && local.null_map["key"] == 1"#, "false bool"),
        ("local.null_list == null || length(local.null_list) > 0", "true bool"),
        ("false && null", "false bool"),
        ("null && false", "! Operation failed"),
        ("local.nullb || true", "! Operation failed"),
        ("false && []", "! Invalid operand"),
        ("var.b && false", "false bool"),
        ("false && var.b", "false bool"),
        ("var.b || true", "true bool"),
        ("var.b && true", "(known after apply) bool"),
        ("var.b && local.tuple.x", "(known after apply) bool"),
        ("local.tuple.x && var.b", "! Unsupported attribute"),
        ("local.tuple.x && true", "! Unsupported attribute"),
    ]);
}

/// As of Terraform 1.13; `try` is ours: a secret inside may be what comes out.
#[test]
fn unknown_values_keep_their_marks() {
    check(&[
        ("!local.secret_ub", "(known after apply) bool secret"),
        ("-sensitive(var.n)", "(known after apply) number secret"),
        ("var.b && local.secret_b", "(known after apply) bool secret"),
        ("local.secret_b || var.b", "(sensitive value) bool secret"),
        ("false && local.secret_ub", "(sensitive value) bool secret"),
        ("{ (local.secret_u) = 1 }", "(known after apply) dynamic secret"),
        (r#""<%{ for v in local.secret_ul }${v}%{ endfor }>""#, "(known after apply) string secret"),
        (r#"["p", "q"][local.secret_u]"#, "(known after apply) dynamic secret"),
        ("local.map[local.secret_u]", "(known after apply) string secret"),
        (r#"try(local.secret_u, "x")"#, "(known after apply) dynamic secret"),
        (r#"try([local.secret, var.s], "x")"#, "(known after apply) dynamic secret"),
    ]);
}

/// As of Terraform 1.13.
#[test]
fn unknown_objects_have_the_attributes_of_their_type() {
    check(&[
        (r#"var.o["a"]"#, "(known after apply) string"),
        (r#"var.o["nosuch"]"#, "! Invalid index"),
        ("var.o[0]", "! Invalid index"),
        ("can(var.o[0])", "false bool"),
    ]);
}

/// Every `upper("x")` may be written `core::upper("x")`, and so may what the evaluator itself runs.
#[test]
fn functions_have_a_name_with_a_namespace() {
    check(&[
        (r#"core::upper("x")"#, "\"X\" string"),
        ("core::try(upper([]), 1)", "1 number"),
        ("core::nosuch(1)", "! Call to unknown function"),
        ("provider::nosuch::f(1)", "! Error in function call"),
        ("convert(1, string)", "\"1\" string"),
        ("convert([1], set(string))", "toset([ \"1\", ]) set(string)"),
        ("convert([], number)", "! Invalid function argument"),
        ("convert(1, nosuch)", "! Invalid type specification"),
        ("convert(1)", "! Not enough function arguments"),
    ]);
}
