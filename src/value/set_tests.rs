//! The order of sets, as terraform 1.11.4 prints them.

use super::*;
use crate::Number;

#[track_caller]
fn check(values: Vec<Value>, expected: &str) {
    let element = values.first().map_or(Type::Dynamic, Value::ty);
    assert_eq!(format!("{:?}", Value::set(element, values)), expected);
}

fn number(text: &str) -> Value {
    Value::number(Number::parse(text).expect("a number"))
}

fn objects(numbers: &[&str]) -> Vec<Value> {
    numbers.iter().map(|text| Value::object([("n", number(text))])).collect()
}

#[test]
fn primitives_are_sorted_and_distinct() {
    check(["é", "z", "a", "B", "a"].map(Value::from).into(), r#"set["B", "a", "z", "é"]"#);
    check(["3", "1", "20", "1.0", "-2"].map(number).into(), "set[-2, 1, 3, 20]");
    check([true, false, true].map(Value::from).into(), "set[false, true]");
}

#[test]
fn unknown_comes_after_known_and_null_last() {
    let unknown = || Value::unknown(Type::Number);
    let null = || Value::null(Type::Number);
    let values = vec![null(), unknown(), Value::from(2), null(), unknown(), Value::from(1)];
    check(values, "set[1, 2, unknown(number), unknown(number), null(number)]");
}

#[test]
fn compound_elements_go_by_their_text() {
    check(objects(&["2", "1", "10", "1"]), r#"set[{"n": 10}, {"n": 1}, {"n": 2}]"#);
    let texts = ["a\"b", "é", "\n", "a"].map(|text| Value::object([("n", Value::from(text))]));
    check(texts.into(), r#"set[{"n": "\n"}, {"n": "a"}, {"n": "a\"b"}, {"n": "é"}]"#);
    let lists = [&["b"][..], &["a", "c"], &["a"], &[]]
        .map(|values| Value::list(Type::String, values.iter().map(|text| Value::from(*text))));
    check(lists.into(), r#"set[list["a", "c"], list["a"], list["b"], list[]]"#);
    let tuples = [Value::TRUE, Value::FALSE, Value::null(Type::Bool)].map(|value| Value::tuple([value]));
    check(tuples.into(), "set[[false], [true], [null(bool)]]");
}

#[test]
fn numbers_inside_count_with_ten_digits_for_order_and_all_for_identity() {
    let mixed = ["1000000000000", "12345678901", "0.00001", "0.5", "-3"];
    let sorted = r#"set[{"n": -3}, {"n": 0.5}, {"n": 12345678901}, {"n": 1000000000000}, {"n": 0.00001}]"#;
    check(objects(&mixed), sorted);
    let close = ["1.00000000002", "1.00000000001", "1.00000000002"];
    check(objects(&close), r#"set[{"n": 1.00000000002}, {"n": 1.00000000001}]"#);
}

#[test]
fn elements_with_unknown_parts_are_never_the_same() {
    let open = || Value::object([("a", Value::unknown(Type::String))]);
    check(vec![open(), open()], r#"set[{"a": unknown(string)}, {"a": unknown(string)}]"#);
}
