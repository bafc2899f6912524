//! Tests of reading and writing YAML; the expected values are Terraform's.

use super::super::testing::{check, check_table};

#[test]
fn reading_agrees_with_terraform() {
    check_table("yamldecode", include_str!("../tables/yamldecode.txt"));
}

#[test]
fn writing_agrees_with_terraform() {
    check_table("yamlencode", include_str!("../tables/yamlencode.txt"));
}

#[test]
fn errors_name_the_place() {
    check("yamldecode", ["a: 1\nb: !x y".into()], Err("line 2, column 4: the tag `!x` is not supported"));
    check("yamldecode", ["a: 1\nb: c: d".into()], Err("line 2"));
    check("yamldecode", ["a\n---\nb".into()], Err("line 2, column 1: only one document"));
    check("yamldecode", ["- ".repeat(600).into()], Err("levels deep"));
}
