//! Tests of reading and writing YAML; the expected values are Terraform's.

use value::{Marks, Value};

use super::super::testing::{check, check_table};
use super::super::{Environment, find};

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

#[test]
fn errors_do_not_show_what_is_sensitive() {
    let secret = |text: &str| Value::string(text).with_marks(Marks::SENSITIVE);
    for (name, text) in
        [("yamldecode", "a: !!int hunter2"), ("jsondecode", "hunter2"), ("csvdecode", "hunter2,hunter2")]
    {
        let error = find(name).expect("it exists").call(vec![secret(text)], &Environment::for_tests("/")).unwrap_err();
        assert!(!error.message.contains("hunter"), "{}", error.message);
    }
}
