//! JSON forms, with the facts of go-cty's JSON package.

use super::*;
use crate::Marks;

fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

fn ty(text: &str) -> Type {
    type_from_json(&json(text)).expect("a type")
}

/// Checks that a value of the type is read and written back.
#[track_caller]
fn check(text: &str, of: &str, read: &str, written: &str) {
    let value = value_from_json(&json(text), &ty(of)).expect("a value");
    assert_eq!(format!("{value:?}"), read);
    assert_eq!(value_to_json(&value, &ty(of)).expect("JSON").to_string(), written);
}

#[track_caller]
fn check_error(text: &str, of: &str, expected: &str) {
    let error = value_from_json(&json(text), &ty(of)).expect_err("an error");
    assert_eq!(format!("{}! {}", error.path, error.message), expected);
}

#[test]
fn types_are_written_as_they_are_read() {
    for text in [
        r#""string""#,
        r#""dynamic""#,
        r#"["list","bool"]"#,
        r#"["set",["map","number"]]"#,
        r#"["tuple",["string",["list","dynamic"]]]"#,
        r#"["tuple",[]]"#,
        r#"["object",{"a":"string","b":["list","number"]}]"#,
        r#"["object",{"a":"string","b":"number"},["b"]]"#,
    ] {
        assert_eq!(type_to_json(&ty(text)).to_string(), text);
    }
    assert_eq!(ty(r#"["list",["tuple",null]]"#).to_string(), "list(tuple([]))");
    assert_eq!(ty(r#"["object",null]"#).to_string(), "object({})");
    assert_eq!(ty(r#"["object",{"a":"bool"},["a"]]"#).to_string(), "object({a=optional(bool)})");
}

#[test]
fn what_is_not_a_type_is_an_error() {
    for text in ["1", "[]", r#""text""#, r#"["list"]"#, r#"["list","string","string"]"#, r#"["bag","string"]"#] {
        assert!(type_from_json(&json(text)).is_err(), "{text}");
    }
    assert!(type_from_json(&json(r#"["object",{"a":"string"},["b"]]"#)).is_err());
    assert!(type_from_json(&json(r#"["object",{"a":"nothing"}]"#)).is_err());
}

#[test]
fn values_are_read_by_their_type() {
    check("\"a\"", "\"string\"", "\"a\"", "\"a\"");
    check("true", "\"string\"", "\"true\"", "\"true\"");
    check("1.50", "\"string\"", "\"1.50\"", "\"1.50\"");
    check("\"2\"", "\"number\"", "2", "2");
    check("\"1\"", "\"bool\"", "true", "true");
    check("null", "\"number\"", "null(number)", "null");
    check("[2,1]", r#"["list","number"]"#, "list[2, 1]", "[2,1]");
    check("[2,1,2]", r#"["set","number"]"#, "set[1, 2]", "[1,2]");
    check(r#"{"b":1,"a":2}"#, r#"["map","number"]"#, r#"{"a": 2, "b": 1}"#, r#"{"a":2,"b":1}"#);
    check(r#"["a",1]"#, r#"["tuple",["string","number"]]"#, r#"["a", 1]"#, r#"["a",1]"#);
    let object = r#"["object",{"a":"string","b":"bool"}]"#;
    check(r#"{"b":true}"#, object, r#"{"a": null(string), "b": true}"#, r#"{"a":null,"b":true}"#);
    check("{}", r#"["object",{"a":"string"},["a"]]"#, r#"{"a": null(string)}"#, r#"{"a":null}"#);
}

#[test]
fn values_of_any_type_bring_their_type() {
    let wrapped = r#"{"value":["a"],"type":["list","string"]}"#;
    check(wrapped, "\"dynamic\"", r#"list["a"]"#, wrapped);
    check("null", "\"dynamic\"", "null(any)", "null");
    let null = r#"{"value":null,"type":"string"}"#;
    check(null, "\"dynamic\"", "null(string)", null);
    let list = r#"[{"value":1,"type":"number"},{"value":2,"type":"number"}]"#;
    let value = value_from_json(&json(list), &ty(r#"["list","dynamic"]"#)).expect("a value");
    assert_eq!(value, Value::list(Type::Number, [Value::from(1), Value::from(2)]));
    check_error("[]", "\"dynamic\"", "! a value of any type is an object of \"type\" and \"value\"");
    check_error(r#"{"value":1}"#, "\"dynamic\"", "! a value of any type needs a \"type\"");
    check_error(r#"{"type":"string"}"#, "\"dynamic\"", "! a value of any type needs a \"value\"");
    let extra = "! \"x\" does not belong in a value of any type, only \"type\" and \"value\" do";
    check_error(r#"{"type":"string","value":"a","x":1}"#, "\"dynamic\"", extra);
    let mixed = r#"[{"value":1,"type":"number"},{"value":"a","type":"string"}]"#;
    assert!(value_from_json(&json(mixed), &ty(r#"["list","dynamic"]"#)).is_err());
}

#[test]
fn errors_tell_the_path() {
    check_error(r#"{"a":[1,"x"]}"#, r#"["object",{"a":["list","number"]}]"#, ".a[1]! a number is required");
    check_error(r#"{"k":[]}"#, r#"["map","string"]"#, r#"["k"]! a string is required"#);
    check_error("{}", "\"bool\"", "! a bool is required");
    check_error("1", r#"["list","string"]"#, "! list of string required");
    check_error("[1]", r#"["tuple",[]]"#, "! too many tuple elements: 0 are required");
    check_error("[]", r#"["tuple",["bool"]]"#, "! not enough tuple elements: 1 are required");
    check_error(r#"{"z":1}"#, r#"["object",{"a":"string"}]"#, r#"! unsupported attribute "z""#);
}

#[test]
fn what_is_open_or_marked_is_not_written() {
    let write = |value: Value| value_to_json(&value, &value.ty()).map_err(|error| error.path.to_string());
    assert_eq!(write(Value::tuple([Value::unknown(Type::String)])), Err("[0]".into()));
    assert_eq!(write(Value::object([("a", Value::from(1).with_marks(Marks::SENSITIVE))])), Err(".a".into()));
    assert_eq!(write(Value::object([("a", Value::from(1))])).map(|json| json.to_string()), Ok(r#"{"a":1}"#.into()));
}

#[test]
fn a_document_has_a_type_of_its_own() {
    let text = r#"{"a":[1,"x",null],"b":{},"c":true}"#;
    assert_eq!(implied_type(&json(text)).to_string(), "object({a=tuple([number,string,any]),b=object({}),c=bool})");
}
