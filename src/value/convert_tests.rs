//! Tests of conversion and unification.
//!
//! With the results that terraform 1.11.4 gives (console, and module inputs of the types);
//! where it cannot show them (bounds of unknowns) with those of go-cty's tables.

use super::*;
use crate::{Marks, type_from_json, unify, unify_values, value_from_json};

/// Reads a type from JSON, in which a bare word needs no quotes.
fn ty(text: &str) -> Type {
    let json = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    type_from_json(&json).expect("a type")
}

/// Reads a value by its own JSON type: arrays are tuples.
fn value(json: &str) -> Value {
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    value_from_json(&json, &crate::implied_type(&json)).expect("a value")
}

fn typed(json: &str, of: &str) -> Value {
    value_from_json(&serde_json::from_str(json).expect("JSON"), &ty(of)).expect("a value")
}

fn unknown(of: &str) -> Value {
    Value::unknown(ty(of))
}

fn bounds(length_min: u64, length_max: u64) -> Refinement {
    Refinement { length_min: Some(length_min), length_max: Some(length_max), ..Refinement::default() }
}

/// Checks a conversion: debug form and type of the result, or path and message of the error.
#[track_caller]
fn check(from: &Value, to: &str, expected: &str) {
    let actual = match convert(from, &ty(to)) {
        Ok(value) => format!("{value:?} {}", value.ty()),
        Err(error) => format!("{}! {}", error.path, error.message),
    };
    assert_eq!(actual, expected, "{from:?} to {to}");
}

/// Checks a conversion of a JSON document to a collection or structure.
#[track_caller]
fn check_json(from: &str, to: &str, expected: &str) {
    check(&value(from), to, expected);
}

/// Checks what an unknown value becomes: its type and what is known of it.
#[track_caller]
fn check_unknown(from: &Value, to: &str, expected_type: &str, expected: Refinement) {
    let converted = convert(from, &ty(to)).expect("a conversion");
    match converted.kind() {
        Kind::Unknown(own, refinement) => {
            assert_eq!((own.to_string().as_str(), refinement), (expected_type, &expected), "{from:?} to {to}");
        }
        _ => panic!("{converted:?} is known"),
    }
}

#[track_caller]
fn check_unify(types: &[&str], expected: &str) {
    let types: Vec<Type> = types.iter().map(|text| ty(text)).collect();
    let actual = unify(&types).map_or("none".to_string(), |ty| ty.to_string());
    assert_eq!(actual, expected, "{types:?}");
}

#[test]
fn primitives_convert_to_text_and_back() {
    check_json("true", "string", r#""true" string"#);
    check_json("12.5", "string", r#""12.5" string"#);
    check_json(r#""1e3""#, "number", "1000 number");
    check_json(r#""1""#, "bool", "true bool");
    check_json(r#""0""#, "bool", "false bool");
    check_json(r#""false""#, "bool", "false bool");
    check_json("1", "bool", "! bool required");
    check_json("true", "number", "! number required");
    check_json(r#""x""#, "number", "! a number is required");
    check_json(r#""""#, "number", "! a number is required");
    check_json(r#""yes""#, "bool", "! a bool is required");
    check_json(r#""TRUE""#, "bool", r#"! a bool is required; the text must be in lowercase, "true""#);
    check_json("[]", "string", "! string required");
    check_json("1", "dynamic", "1 number");
}

#[test]
fn tuples_become_lists_of_the_type_their_elements_share() {
    let any = r#"["list","dynamic"]"#;
    check_json(r#"[1,"a",true]"#, any, r#"list["1", "a", "true"] list(string)"#);
    check_json(r#"[{"a":1},{"a":"x"}]"#, any, r#"list[{"a": "1"}, {"a": "x"}] list(object({a=string}))"#);
    check_json(r#"[{"a":1},{"b":"x"}]"#, any, r#"list[{"a": "1"}, {"b": "x"}] list(map(string))"#);
    check_json(r#"[[1],["a",2]]"#, any, r#"list[list["1"], list["a", "2"]] list(list(string))"#);
    check_json("[null,1]", any, "list[null(number), 1] list(number)");
    check_json("[null,null]", any, "list[null(any), null(any)] list(any)");
    check_json("[]", any, "list[] list(any)");
    check_json("[1,[2]]", any, "! all list elements must have the same type");
    check_json("[true,1]", any, "! all list elements must have the same type");
    check_json("[[],{}]", any, "! all list elements must have the same type");
    check_json(r#"[["a"],null]"#, any, "! all list elements must have the same type");
    check_json(r#"[{"a":1},null]"#, any, "! all list elements must have the same type");
    let nested = r#"list[{"a": list["1", "x"]}, {"a": list[]}] list(object({a=list(string)}))"#;
    check_json(r#"[{"a":[1,"x"]},{"a":[]}]"#, any, nested);
    check_json(r#"[[1],["x"]]"#, r#"["list",["list","dynamic"]]"#, r#"list[list["1"], list["x"]] list(list(string))"#);
    let open = r#"["list",["object",{"x":"dynamic"}]]"#;
    check_json(r#"[{"x":1},{"x":"s"}]"#, open, r#"list[{"x": "1"}, {"x": "s"}] list(object({x=string}))"#);
    let open_maps = r#"["list",["map","dynamic"]]"#;
    check_json(r#"[{"a":1},{"b":"x"}]"#, open_maps, r#"list[{"a": "1"}, {"b": "x"}] list(map(string))"#);
    check_json(r#"[{"a":1},{"b":[]}]"#, open_maps, "! the elements have no type in common");
    check_json(r#"["a"]"#, r#"["list","string"]"#, r#"list["a"] list(string)"#);
}

#[test]
fn tuples_become_sets_in_the_order_of_sets() {
    check_json(r#"["b","a","b"]"#, r#"["set","string"]"#, r#"set["a", "b"] set(string)"#);
    check_json(r#"["b",1]"#, r#"["set","dynamic"]"#, r#"set["1", "b"] set(string)"#);
    check_json("[true,false,null]", r#"["set","dynamic"]"#, "set[false, true, null(bool)] set(bool)");
    check_json(r#"[{"a":1},{"b":2}]"#, r#"["set","dynamic"]"#, r#"set[{"a": 1}, {"b": 2}] set(map(number))"#);
    let no_second_try = "! element types must all match for conversion to set";
    check_json(r#"[{"x":1},{"x":"s"}]"#, r#"["set",["object",{"x":"dynamic"}]]"#, no_second_try);
    check_json(r#"[[1],["x"]]"#, r#"["set",["list","dynamic"]]"#, no_second_try);
    check_json(r#"{"a":1}"#, r#"["set","dynamic"]"#, "! set of any single type required");
}

#[test]
fn tuples_convert_element_by_element() {
    let pair = r#"["tuple",["string","number"]]"#;
    check_json(r#"[1,"2"]"#, pair, r#"["1", 2] tuple([string,number])"#);
    check_json("[1]", pair, "! tuple required");
    check_json(r#"[1,"x"]"#, pair, "[1]! a number is required");
    check_json("[[1,2]]", r#"["tuple",["dynamic"]]"#, "[[1, 2]] tuple([tuple([number,number])])");
}

#[test]
fn objects_become_maps_of_the_type_their_attributes_share() {
    let any = r#"["map","dynamic"]"#;
    check_json(r#"{"a":1,"b":"x"}"#, any, r#"{"a": "1", "b": "x"} map(string)"#);
    check_json(r#"{"a":1,"b":[]}"#, any, "! all map elements must have the same type");
    check_json(r#"{"a":null,"b":1}"#, any, r#"{"a": null(number), "b": 1} map(number)"#);
    check_json(r#"{"a":[1],"b":null}"#, any, r#"{"a": [1], "b": null(tuple([number]))} map(tuple([number]))"#);
    check_json(r#"{"a":{"b":1},"c":{"d":"x"}}"#, any, r#"{"a": {"b": "1"}, "c": {"d": "x"}} map(map(string))"#);
    check_json(r#"{"a":{},"c":{"d":"x"}}"#, any, r#"{"a": {}, "c": {"d": "x"}} map(map(string))"#);
    check_json("{}", any, "{} map(any)");
    check_json("{}", r#"["map","string"]"#, "{} map(string)");
    let lists = r#"["map",["list","dynamic"]]"#;
    check_json(r#"{"a":[1],"b":["x"]}"#, lists, r#"{"a": list["1"], "b": list["x"]} map(list(string))"#);
    check_json(r#"{"a":[1],"b":[]}"#, lists, r#"{"a": list[1], "b": list[]} map(list(number))"#);
    let objects = r#"["map",["object",{"x":"dynamic"}]]"#;
    check_json(
        r#"{"a":{"x":1},"b":{"x":"s"}}"#,
        objects,
        r#"{"a": {"x": "1"}, "b": {"x": "s"}} map(object({x=string}))"#,
    );
    check_json(r#"{"a":{"x":1},"b":{"x":[]}}"#, objects, "! the elements have no type in common");
    check_json(r#"{"a":1,"b":[]}"#, r#"["map","string"]"#, r#"! element "b": string required"#);
    let maps = r#"["map",["map","string"]]"#;
    check_json(r#"{"a":{"b":1},"c":[]}"#, maps, r#"! element "c": map of string required"#);
    check_json("[1]", any, "! map of any single type required");
}

#[test]
fn objects_take_the_attributes_of_the_type() {
    let optional = r#"["object",{"a":"string","b":"number"},["b"]]"#;
    check_json(r#"{"a":1}"#, optional, r#"{"a": "1", "b": null(number)} object({a=string,b=number})"#);
    check_json(r#"{"a":"x","b":"2","z":3}"#, optional, r#"{"a": "x", "b": 2} object({a=string,b=number})"#);
    check_json("{}", optional, r#"! attribute "a" is required"#);
    check_json("{}", r#"["object",{"a":"string","b":"string"}]"#, r#"! attributes "a" and "b" are required"#);
    let three = r#"["object",{"a":"string","b":"string","c":"string"}]"#;
    check_json("{}", three, r#"! attributes "a", "b", and "c" are required"#);
    check_json(r#"{"a":[]}"#, r#"["object",{"a":"string"}]"#, r#"! attribute "a": string required"#);
    let nested = r#"["object",{"a":["object",{"b":"number"}]}]"#;
    check_json(r#"{"a":{"b":"x"}}"#, nested, ".a.b! a number is required");
    check_json(r#"{"a":{}}"#, nested, r#"! attribute "a": attribute "b" is required"#);
    let deep = r#"["object",{"a":["object",{"b":"string"},["b"]]},["a"]]"#;
    let deep_type = "object({a=object({b=string})})";
    check_json(r#"{"a":null}"#, deep, &format!(r#"{{"a": null(object({{b=string}}))}} {deep_type}"#));
    check_json(r#"{"a":{}}"#, deep, &format!(r#"{{"a": {{"b": null(string)}}}} {deep_type}"#));
    let list = r#"["list",["object",{"a":"string","b":"dynamic"},["b"]]]"#;
    let filled = r#"list[{"a": "1", "b": null(number)}, {"a": "2", "b": 3}] list(object({a=string,b=number}))"#;
    check_json(r#"[{"a":1},{"a":2,"b":3}]"#, list, filled);
    let missing = r#"! element 1: attribute "a" is required"#;
    check_json(r#"[{"a":1},{"b":2}]"#, r#"["list",["object",{"a":"string"}]]"#, missing);
    check_json(
        r#"{"l":[1,"a"]}"#,
        r#"["object",{"l":["list","dynamic"]}]"#,
        r#"{"l": list["1", "a"]} object({l=list(string)})"#,
    );
}

#[test]
fn maps_become_objects_if_their_keys_suffice() {
    let map = typed(r#"{"a":"x"}"#, r#"["map","string"]"#);
    let converted = r#"{"a": "x", "b": null(number)} object({a=string,b=number})"#;
    check(&map, r#"["object",{"a":"string","b":"number"},["b"]]"#, converted);
    let list = r#"{"a": "x", "b": null(list(string))} object({a=string,b=list(string)})"#;
    check(&map, r#"["object",{"a":"string","b":["list","string"]},["b"]]"#, list);
    let misfit = r#"! the map's elements do not fit attribute "a": list of string required"#;
    check(&map, r#"["object",{"a":["list","string"]},["a"]]"#, misfit);
    let missing = r#"! attribute "b" is required, and the map has no such key"#;
    check(&map, r#"["object",{"b":"string"}]"#, missing);
    check(&map, r#"["object",{"b":["list","string"]}]"#, "! object required");
}

#[test]
fn collections_convert_by_their_element_types() {
    let list = typed(r#"["1","x"]"#, r#"["list","string"]"#);
    check(&list, r#"["list","number"]"#, "[1]! a number is required");
    check(&list, r#"["set","string"]"#, r#"set["1", "x"] set(string)"#);
    check(&list, r#"["list","dynamic"]"#, r#"list["1", "x"] list(string)"#);
    let numbers = typed("[3,1]", r#"["list","number"]"#);
    check(&numbers, r#"["list","bool"]"#, "! incorrect list element type: bool required");
    check(&numbers, r#"["set","bool"]"#, "! incorrect set element type: bool required");
    check(&numbers, r#"["map","number"]"#, "! map of number required");
    check(&typed("[]", r#"["list","number"]"#), r#"["list","bool"]"#, "! incorrect list element type: bool required");
    check(&typed("[]", r#"["list","number"]"#), r#"["list","string"]"#, "list[] list(string)");
    let set = typed("[3,1]", r#"["set","number"]"#);
    check(&set, r#"["list","string"]"#, r#"list["1", "3"] list(string)"#);
    let map = typed(r#"{"b":1}"#, r#"["map","number"]"#);
    check(&map, r#"["map","string"]"#, r#"{"b": "1"} map(string)"#);
    check(&map, r#"["map","bool"]"#, "! incorrect map element type: bool required");
    check(&map, r#"["list","bool"]"#, "! list of bool required");
    check(&map, r#"["list","dynamic"]"#, "! list of any single type required");
    let texts = typed(r#"{"b":"x"}"#, r#"["map","string"]"#);
    check(&texts, r#"["map","number"]"#, r#"["b"]! a number is required"#);
}

#[test]
fn null_takes_the_type() {
    check(&Value::NULL, "string", "null(string) string");
    check(&Value::null(Type::String), "number", "null(number) number");
    check(&Value::null(ty(r#"["tuple",["string"]]"#)), "string", "! string required");
    let open = Value::null(ty(r#"["tuple",["string","number"]]"#));
    check(&open, r#"["list","dynamic"]"#, "null(list(string)) list(string)");
    let optional = r#"["object",{"a":"string"},["a"]]"#;
    check(&Value::NULL, optional, "null(object({a=string})) object({a=string})");
}

#[test]
fn unknowns_keep_the_bounds_that_still_hold() {
    let not_null = Refinement::not_null;
    check_unknown(&unknown("dynamic"), "string", "string", Refinement::default());
    check_unknown(&unknown("number").refine_not_null(), "string", "string", not_null());
    check_unknown(&unknown(r#"["list","string"]"#), r#"["list","dynamic"]"#, "list(string)", Refinement::default());
    let tuple = unknown(r#"["tuple",["string","number"]]"#);
    check_unknown(&tuple, r#"["list","dynamic"]"#, "list(string)", bounds(2, 2));
    check_unknown(&tuple, r#"["set","string"]"#, "set(string)", bounds(1, 2));
    let object = unknown(r#"["object",{"a":"string"}]"#);
    check_unknown(&object, r#"["map","string"]"#, "map(string)", bounds(1, 1));
    let list = unknown(r#"["list","string"]"#).refine(bounds(2, 5));
    check_unknown(&list, r#"["set","string"]"#, "set(string)", bounds(1, 5));
    check_unknown(&list, r#"["list","number"]"#, "list(number)", bounds(2, 5));
    let prefix = Refinement { prefix: Some("1".into()), ..not_null() };
    check_unknown(&unknown("string").refine(prefix.clone()), "number", "number", not_null());
    check_unknown(&unknown("string").refine(prefix.clone()), "string", "string", prefix);
    let sure = unknown(r#"["tuple",["string","number"]]"#).refine_not_null();
    check(&sure, r#"["list","string"]"#, "list[unknown(string), unknown(string)] list(string)");
    check(&unknown(r#"["list","number"]"#), r#"["list","bool"]"#, "! incorrect list element type: bool required");
}

#[test]
fn a_set_that_may_shrink_becomes_an_unknown_list() {
    let two = Value::set(Type::String, [unknown("string"), Value::from("b")]);
    check(&two, r#"["list","string"]"#, "unknown(list(string)) list(string)");
    let one = Value::set(Type::String, [unknown("string")]);
    check(&one, r#"["list","string"]"#, "list[unknown(string)] list(string)");
}

#[test]
fn unknown_elements_take_the_type_of_the_others() {
    let tuple = Value::tuple([Value::from(1), Value::dynamic()]);
    check(&tuple, r#"["list","dynamic"]"#, "list[1, unknown(number)] list(number)");
    let open = Value::tuple([Value::tuple([Value::from("a")]), Value::dynamic()]);
    check(&open, r#"["list","dynamic"]"#, "! all list elements must have the same type");
}

#[test]
fn marks_stay_at_their_places_and_rise_from_sets() {
    let secret = || Value::from(1).with_marks(Marks::SENSITIVE);
    let tuple = Value::tuple([secret(), Value::from("a")]);
    let list = convert(&tuple, &ty(r#"["list","dynamic"]"#)).expect("a list");
    assert_eq!(list, Value::list(Type::String, [Value::from("1").with_marks(Marks::SENSITIVE), Value::from("a")]));
    let set = convert(&tuple, &ty(r#"["set","string"]"#)).expect("a set");
    assert_eq!(set, Value::set(Type::String, [Value::from("1"), Value::from("a")]).with_marks(Marks::SENSITIVE));
    let text = convert(&secret(), &Type::String).expect("a string");
    assert_eq!(text, Value::from("1").with_marks(Marks::SENSITIVE));
    let null = Value::object([("a", Value::NULL.with_marks(Marks::SENSITIVE))]);
    let object = convert(&null, &ty(r#"["object",{"a":"string"}]"#)).expect("an object");
    assert_eq!(object.attribute("a").map(|value| value.marks()), Some(Marks::SENSITIVE));
}

#[test]
fn what_fits_is_shared() {
    let list = Value::list(Type::String, [Value::from("a text too long to be stored inline")]);
    let object = Value::object([("a", Value::from(1)), ("l", list.clone())]);
    let to = ty(r#"["object",{"a":"string","l":["list","dynamic"]}]"#);
    let converted = convert(&object, &to).expect("an object");
    match (&converted.attribute("l").expect("l").0, &list.0) {
        (Repr::List(one), Repr::List(two)) => assert!(Arc::ptr_eq(one, two)),
        _ => panic!("{converted:?}"),
    }
    let Kind::Object(one) = converted.kind() else { panic!("{converted:?}") };
    let again = convert(&object, &to).expect("an object");
    let Kind::Object(two) = again.kind() else { panic!("{again:?}") };
    assert!(Arc::ptr_eq(one.names(), two.names()));
}

#[test]
fn types_unify_to_the_one_that_all_convert_to() {
    check_unify(&["number", "string"], "string");
    check_unify(&["number", "bool"], "none");
    check_unify(&["number", "bool", "string"], "string");
    check_unify(&["number", "dynamic"], "number");
    check_unify(&["dynamic", "dynamic"], "any");
    check_unify(&[], "none");
    check_unify(&[r#"["list","number"]"#, r#"["list","string"]"#], "list(string)");
    check_unify(&[r#"["list","dynamic"]"#, r#"["list","string"]"#], "list(string)");
    check_unify(&[r#"["list","number"]"#, "dynamic"], "any");
    check_unify(&[r#"["set","number"]"#, r#"["list","string"]"#], "list(string)");
    check_unify(&[r#"["set","number"]"#, r#"["set","string"]"#], "set(string)");
    check_unify(&[r#"["set","string"]"#, r#"["tuple",["number"]]"#], "set(string)");
    check_unify(&[r#"["set","number"]"#, r#"["map","dynamic"]"#], "none");
    check_unify(&[r#"["map","number"]"#, r#"["map","string"]"#], "map(string)");
    check_unify(&[r#"["tuple",["number"]]"#, r#"["tuple",["string","string"]]"#], "list(string)");
    check_unify(&[r#"["tuple",[]]"#, r#"["tuple",["string"]]"#], "list(string)");
    check_unify(&[r#"["tuple",["number","bool"]]"#, r#"["tuple",["number"]]"#], "none");
    check_unify(&[r#"["tuple",["number","dynamic"]]"#, r#"["tuple",["dynamic","string"]]"#], "tuple([number,string])");
    check_unify(&[r#"["list","number"]"#, r#"["tuple",["bool"]]"#], "none");
    check_unify(&[r#"["list","string"]"#, r#"["tuple",["number"]]"#], "list(string)");
    check_unify(&[r#"["list","string"]"#, r#"["tuple",[]]"#], "list(string)");
    check_unify(&[r#"["tuple",["number"]]"#, r#"["object",{"a":"number"}]"#], "none");
}

#[test]
fn objects_unify_by_attribute_or_to_a_map() {
    let a_number = r#"["object",{"a":"number"}]"#;
    check_unify(&[a_number, r#"["object",{"a":"string"}]"#], "object({a=string})");
    check_unify(&[a_number, r#"["object",{"b":"string"}]"#], "map(string)");
    check_unify(&[r#"["object",{}]"#, a_number], "map(number)");
    let two = r#"["object",{"a":"number","b":["tuple",[]]}]"#;
    check_unify(&[two, r#"["object",{"a":"string"}]"#], "none");
    check_unify(&[r#"["map","string"]"#, r#"["object",{"c":"number"}]"#], "map(string)");
    check_unify(&[r#"["map","number"]"#, r#"["object",{"b":["tuple",[]]}]"#], "none");
    check_unify(&[r#"["map","number"]"#, r#"["object",{}]"#], "map(number)");
    check_unify(&[a_number, r#"["map","bool"]"#], "none");
    let lists = [r#"["object",{"a":["tuple",["number"]]}]"#, r#"["object",{"a":["tuple",["string","string"]]}]"#];
    check_unify(&lists, "object({a=list(string)})");
    check_unify(&[a_number, "dynamic"], "any");
}

#[test]
fn values_that_unify_with_something_open_stay_open() {
    let values = [Value::list(Type::Number, [Value::from(1)]), Value::dynamic()];
    let (unified, converted) = unify_values(&values).expect("a type");
    assert!(unified.undecided);
    assert_eq!(converted, [Ok(Value::dynamic()), Ok(Value::dynamic())]);
    let (_, converted) = unify_values(&[Value::from(1), Value::from("a")]).expect("a type");
    assert_eq!(converted, [Ok(Value::from("1")), Ok(Value::from("a"))]);
}
