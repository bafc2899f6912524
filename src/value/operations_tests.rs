//! Operators, with the results that terraform 1.11.4 gives (console, and plans with unknowns).

use crate::{Kind, Marks, Number, OperationError, Refinement, Type, Value};

type Operator = fn(&Value, &Value) -> Result<Value, OperationError>;

fn text(result: Result<Value, OperationError>) -> String {
    match result {
        Ok(value) => match value.kind() {
            Kind::Unknown(ty, refinement) => {
                format!("unknown {ty}{}", if refinement.not_null { " not null" } else { "" })
            }
            _ => format!("{value:?}"),
        },
        Err(error) => format!("! {error}"),
    }
}

#[track_caller]
fn check(operator: Operator, left: impl Into<Value>, right: impl Into<Value>, expected: &str) {
    let (left, right) = (left.into(), right.into());
    assert_eq!(text(operator(&left, &right)), expected, "{left:?} and {right:?}");
}

#[track_caller]
fn check_equals(left: &Value, right: &Value, expected: &str) {
    assert_eq!(text(Ok(left.equals(right))), expected, "{left:?} == {right:?}");
    assert_eq!(text(Ok(right.equals(left))), expected, "{right:?} == {left:?}");
}

fn number(text: &str) -> Value {
    Value::number(Number::parse(text).expect("a number"))
}

fn unknown(ty: Type) -> Value {
    Value::unknown(ty)
}

fn between(min: i64, max: i64) -> Value {
    let bound = |value: i64| Some((Number::from(value), true));
    unknown(Type::Number).refine(Refinement {
        number_min: bound(min),
        number_max: bound(max),
        ..Refinement::not_null()
    })
}

fn strings(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| Value::from(*text)).collect()
}

fn null_of(ty: Type) -> Value {
    Value::null(ty)
}

const UNKNOWN_BOOL: &str = "unknown bool not null";
const UNKNOWN_NUMBER: &str = "unknown number not null";

#[test]
fn a_value_is_24_bytes() {
    assert_eq!(size_of::<Value>(), 24);
}

#[test]
fn arithmetic_is_of_numbers() {
    check(Value::add, 1, 2, "3");
    check(Value::subtract, 1, 2, "-1");
    check(Value::multiply, 3, 2, "6");
    check(Value::divide, -7, 2, "-3.5");
    check(Value::remainder, -5, 3, "-2");
    check(Value::remainder, 5, -3, "2");
    check(Value::remainder, number("5.5"), 2, "1.5");
    check(Value::remainder, 5, 0, "5");
    check(Value::add, "5", 1, "! a number is required");
    check(Value::add, 1, null_of(Type::Number), "! argument must not be null");
    check(Value::divide, 0, 0, "! can't divide zero by zero or infinity by infinity");
    let infinity = || number("5").divide(&number("0")).expect("infinity");
    assert!(infinity().as_number().is_some_and(Number::is_infinite));
    check(Value::subtract, infinity(), infinity(), "! infinity has no difference from infinity");
    check(Value::multiply, 0, infinity(), "! can't multiply zero by infinity");
    check(Value::remainder, 5, infinity(), "! infinity has no remainder");
    assert_eq!(text(Value::from(5).negate()), "-5");
    assert_eq!(text(Value::TRUE.negate()), "! a number is required");
}

#[test]
fn arithmetic_with_an_unknown_is_unknown_but_not_null() {
    check(Value::add, unknown(Type::Number), 1, UNKNOWN_NUMBER);
    check(Value::add, Value::dynamic(), 1, UNKNOWN_NUMBER);
    check(Value::multiply, unknown(Type::Number), 0, UNKNOWN_NUMBER);
    check(Value::add, unknown(Type::String), 1, "! a number is required");
    check(Value::add, unknown(Type::Number), null_of(Type::Number), "! argument must not be null");
    assert_eq!(text(unknown(Type::Number).negate()), UNKNOWN_NUMBER);
}

#[test]
fn logic_with_an_unknown_is_unknown_whatever_the_other_side() {
    check(Value::and, true, false, "false");
    check(Value::or, true, false, "true");
    check(Value::and, unknown(Type::Bool), false, UNKNOWN_BOOL);
    check(Value::and, false, unknown(Type::Bool), UNKNOWN_BOOL);
    check(Value::or, unknown(Type::Bool), true, UNKNOWN_BOOL);
    check(Value::and, null_of(Type::Bool), true, "! argument must not be null");
    check(Value::and, 1, true, "! a bool is required");
    assert_eq!(text(Value::TRUE.not()), "false");
    assert_eq!(text(Value::NULL.not()), "! argument must not be null");
    assert_eq!(text(Value::dynamic().not()), UNKNOWN_BOOL);
}

#[test]
fn order_uses_the_bounds_of_unknowns() {
    check(Value::less_than, 1, 2, "true");
    check(Value::less_than, 2, 2, "false");
    check(Value::less_or_equal, 2, 2, "true");
    check(Value::less_than, "a", "b", "! a number is required");
    check(Value::less_than, 1, null_of(Type::Number), "! argument must not be null");
    check(Value::less_than, 0, between(1, 2), "true");
    check(Value::less_than, between(1, 2), 3, "true");
    check(Value::less_than, between(1, 2), 0, "false");
    check(Value::less_than, between(1, 2), 2, UNKNOWN_BOOL);
    // The reference takes all bounds for exclusive here.
    check(Value::less_than, between(1, 2), 1, UNKNOWN_BOOL);
    check(Value::less_or_equal, between(1, 2), 0, "false");
    check(Value::less_or_equal, between(1, 2), 3, "true");
    check(Value::less_than, unknown(Type::Number), 0, UNKNOWN_BOOL);
    check(Value::less_than, Value::dynamic(), 0, UNKNOWN_BOOL);
}

#[test]
fn equality_is_of_type_and_value() {
    check_equals(&Value::from(1), &number("1.0"), "true");
    check_equals(&Value::from(1), &Value::from("1"), "false");
    check_equals(&number("0.1"), &number("0.10"), "true");
    check_equals(&Value::TRUE, &Value::from("true"), "false");
    let tuple = || Value::tuple([Value::from(1), Value::from(2)]);
    check_equals(&tuple(), &tuple(), "true");
    check_equals(&tuple(), &Value::list(Type::Number, [Value::from(1), Value::from(2)]), "false");
    let list = |values: &[&str]| Value::list(Type::String, strings(values));
    check_equals(&list(&["a"]), &list(&["a"]), "true");
    check_equals(&list(&["a"]), &list(&["a", "b"]), "false");
    check_equals(&list(&[]), &Value::list(Type::Dynamic, []), "false");
    let set = |values: &[&str]| Value::set(Type::String, strings(values));
    check_equals(&set(&["a", "b"]), &set(&["b", "a", "b"]), "true");
    check_equals(&set(&["a", "b"]), &set(&["c", "a"]), "false");
    let map = |key: &str| Value::map(Type::Number, [(key, Value::from(1))]);
    check_equals(&map("a"), &map("a"), "true");
    check_equals(&map("a"), &map("b"), "false");
    let object = |value: Value| Value::object([("a", value)]);
    check_equals(&object(Value::from(1)), &map("a"), "false");
    check_equals(&object(Value::NULL), &object(null_of(Type::String)), "false");
    check_equals(&object(Value::NULL), &object(Value::NULL), "true");
}

#[test]
fn nulls_are_equal_whatever_their_types() {
    check_equals(&Value::NULL, &null_of(Type::String), "true");
    check_equals(&Value::NULL, &Value::from(1), "false");
    check_equals(&Value::NULL, &unknown(Type::String), UNKNOWN_BOOL);
    check_equals(&Value::NULL, &unknown(Type::String).refine_not_null(), "false");
    check_equals(&Value::NULL, &Value::dynamic(), UNKNOWN_BOOL);
}

#[test]
fn unknowns_are_unequal_to_what_they_cannot_become() {
    check_equals(&unknown(Type::String), &Value::from("a"), UNKNOWN_BOOL);
    check_equals(&unknown(Type::String), &unknown(Type::String), UNKNOWN_BOOL);
    check_equals(&unknown(Type::String), &unknown(Type::Number), UNKNOWN_BOOL);
    check_equals(&unknown(Type::String), &Value::from(5), "false");
    check_equals(&Value::tuple([unknown(Type::String)]), &Value::from("x"), "false");
    check_equals(&Value::dynamic(), &Value::from(5), UNKNOWN_BOOL);
    let prefix = Refinement { prefix: Some("foo-".into()), ..Refinement::not_null() };
    check_equals(&unknown(Type::String).refine(prefix.clone()), &Value::from("bar"), "false");
    check_equals(&unknown(Type::String).refine(prefix), &Value::from("foo-x"), UNKNOWN_BOOL);
    check_equals(&between(1, 2), &Value::from(3), "false");
    check_equals(&between(1, 2), &Value::from(0), "false");
    check_equals(&between(1, 2), &Value::from(2), UNKNOWN_BOOL);
    let exclusive = Refinement { number_min: Some((Number::from(1), false)), ..Refinement::not_null() };
    check_equals(&unknown(Type::Number).refine(exclusive), &Value::from(1), "false");
    let longer = Refinement { length_min: Some(2), ..Refinement::not_null() };
    let list = unknown(Type::list(Type::String)).refine(longer);
    check_equals(&list, &Value::list(Type::String, strings(&["a"])), "false");
    check_equals(&list, &Value::list(Type::String, strings(&["a", "b"])), UNKNOWN_BOOL);
    let open = Value::set(Type::String, [unknown(Type::String), unknown(Type::String)]);
    check_equals(&unknown(Type::set(Type::String)).refine(length(1, 1)), &open, UNKNOWN_BOOL);
    check_equals(&unknown(Type::set(Type::String)).refine(length(3, 3)), &open, "false");
    let typed = unknown(Type::tuple([Type::String]));
    check_equals(&typed, &Value::tuple([Value::dynamic()]), UNKNOWN_BOOL);
    check_equals(&typed, &Value::tuple([Value::dynamic(), Value::from(1)]), "false");
    check_equals(&unknown(Type::list(Type::Dynamic)), &Value::list(Type::String, []), UNKNOWN_BOOL);
}

fn length(min: u64, max: u64) -> Refinement {
    Refinement { length_min: Some(min), length_max: Some(max), ..Refinement::default() }
}

#[test]
fn unknown_parts_leave_equality_open() {
    let pair = |first: Value, second: i64| Value::tuple([first, Value::from(second)]);
    let open = || unknown(Type::String);
    check_equals(&pair(open(), 1), &pair(Value::from("x"), 1), UNKNOWN_BOOL);
    // An ordered comparison stops at the first part that is open.
    check_equals(&pair(open(), 1), &pair(Value::from("x"), 2), UNKNOWN_BOOL);
    check_equals(&pair(Value::dynamic(), 1), &pair(Value::from("x"), 2), UNKNOWN_BOOL);
    check_equals(&pair(Value::dynamic(), 1), &Value::from("x"), "false");
    let object = |first: Value, second: i64| Value::object([("a", first), ("b", Value::from(second))]);
    check_equals(&object(open(), 1), &object(Value::from("x"), 1), UNKNOWN_BOOL);
    check_equals(&object(open(), 1), &object(Value::from("x"), 2), "false");
    let set = |value: Value| Value::set(Type::String, [value]);
    check_equals(&set(open()), &set(Value::from("x")), UNKNOWN_BOOL);
}

#[test]
fn results_carry_the_marks_of_their_operands() {
    let secret = |value: i64| Value::from(value).with_marks(Marks::SENSITIVE);
    assert_eq!(secret(1).add(&Value::from(2)), Ok(secret(3)));
    assert_eq!(Value::from(1).less_than(&secret(2)), Ok(Value::TRUE.with_marks(Marks::SENSITIVE)));
    let ephemeral = Value::FALSE.with_marks(Marks::EPHEMERAL);
    assert_eq!(ephemeral.not(), Ok(Value::TRUE.with_marks(Marks::EPHEMERAL)));
    let inside = Value::tuple([secret(1)]);
    assert_eq!(inside.equals(&Value::tuple([Value::from(1)])), Value::TRUE.with_marks(Marks::SENSITIVE));
    assert_eq!(inside.equals(&Value::NULL), Value::FALSE.with_marks(Marks::SENSITIVE));
    assert_eq!(inside.length(), Ok(Value::from(1)));
}

#[test]
fn length_is_bounded_where_it_is_unknown() {
    let length_of = |value: Value| match value.length() {
        Ok(length) => match length.kind() {
            Kind::Unknown(_, known) => {
                let bound = |bound: &Option<(Number, bool)>| bound.as_ref().map(|bound| bound.0.to_string());
                format!("{:?} to {:?}", bound(&known.number_min), bound(&known.number_max))
            }
            _ => format!("{length:?}"),
        },
        Err(error) => format!("! {error}"),
    };
    assert_eq!(length_of(Value::list(Type::String, strings(&["a", "b"]))), "2");
    assert_eq!(length_of(unknown(Type::tuple([Type::String]))), "1");
    assert_eq!(length_of(Value::set(Type::String, [unknown(Type::String)])), "1");
    let set = Value::set(Type::String, [unknown(Type::String), unknown(Type::String), Value::from("a")]);
    assert_eq!(length_of(set), r#"Some("1") to Some("3")"#);
    assert_eq!(length_of(unknown(Type::list(Type::String)).refine(length(2, 4))), r#"Some("2") to Some("4")"#);
    assert_eq!(length_of(unknown(Type::list(Type::String)).refine(length(2, 2))), "2");
    assert_eq!(length_of(null_of(Type::list(Type::String))), "! argument must not be null");
    assert_eq!(length_of(Value::from("abc")), "! a collection is required");
}

#[test]
fn bounds_that_leave_one_value_make_it_known() {
    assert_eq!(between(3, 3), Value::from(3));
    let nullable = Refinement { not_null: false, ..refinement_of(&between(1, 2)) };
    assert!(!unknown(Type::Number).refine(nullable).is_known());
    let not_null = |refinement: Refinement| Refinement { not_null: true, ..refinement };
    let list = unknown(Type::list(Type::String));
    assert_eq!(list.clone().refine(not_null(length(0, 0))), Value::list(Type::String, []));
    let two = Value::list(Type::String, [unknown(Type::String), unknown(Type::String)]);
    assert_eq!(list.refine(not_null(length(2, 2))), two);
    let set = unknown(Type::set(Type::String));
    assert_eq!(set.clone().refine(not_null(length(1, 1))), Value::set(Type::String, [unknown(Type::String)]));
    assert!(!set.refine(not_null(length(2, 2))).is_known());
    let map = unknown(Type::map(Type::String));
    assert_eq!(map.refine(not_null(length(0, 0))), Value::map(Type::String, Vec::<(&str, Value)>::new()));
    assert_eq!(Value::dynamic().refine_not_null(), Value::dynamic());
    assert_eq!(Value::from(1).refine_not_null(), Value::from(1));
    let marked = unknown(Type::Bool).with_marks(Marks::SENSITIVE).refine_not_null();
    assert_eq!((marked.marks(), refinement_of(&marked).not_null), (Marks::SENSITIVE, true));
}

#[test]
fn bounds_only_get_narrower() {
    let twice = between(1, 5).refine(refinement_of(&between(0, 3)));
    assert_eq!(twice, between(1, 3));
    let prefix = |text: &str| Refinement { prefix: Some(text.into()), ..Refinement::default() };
    let both = unknown(Type::String).refine(prefix("foo-")).refine(prefix("fo"));
    assert_eq!(refinement_of(&both), prefix("foo-"));
    let lengths = unknown(Type::list(Type::String)).refine(length(1, 9)).refine(length(2, 20));
    assert_eq!(refinement_of(&lengths), length(2, 9));
    assert_eq!(refinement_of(&unknown(Type::Bool).refine(length(1, 2))), Refinement::default());
}

fn refinement_of(value: &Value) -> Refinement {
    match value.kind() {
        Kind::Unknown(_, refinement) => refinement.clone(),
        _ => panic!("{value:?} is known"),
    }
}

#[track_caller]
fn check_index(base: &Value, key: impl Into<Value>, expected: &str) {
    let key = key.into();
    assert_eq!(text(base.index(&key)), expected, "{base:?}[{key:?}]");
}

#[test]
fn index_converts_its_key() {
    let list = Value::list(Type::Number, [Value::from(1), Value::from(2)]);
    let missing = "! The given key does not identify an element in this collection value";
    check_index(&list, "1", "2");
    check_index(&list, 5, &format!("{missing}."));
    check_index(
        &list,
        number("1.5"),
        &format!("{missing}: a sequence is indexed by whole numbers, and this one has a fraction."),
    );
    check_index(&list, -1, &format!("{missing}: a negative number is not a valid index for a sequence."));
    check_index(&list, "x", &format!("{missing}: a number is required."));
    check_index(&list, true, &format!("{missing}: number required."));
    check_index(&list, Value::NULL, "! Can't use a null value as an indexing key.");
    check_index(&list, Value::dynamic(), "unknown number");
    check_index(&Value::tuple([Value::from(1)]), unknown(Type::Number), "unknown any");
    check_index(&unknown(Type::tuple([Type::String])), 0, "unknown string");
    check_index(&unknown(Type::tuple([Type::String])), 1, &format!("{missing}."));
    check_index(&unknown(Type::list(Type::String)), 7, "unknown string");
    let map = Value::map(Type::Number, [("1", Value::from(2)), ("true", Value::from(3))]);
    check_index(&map, 1, "2");
    check_index(&map, true, "3");
    check_index(&map, "b", &format!("{missing}."));
    check_index(&map, unknown(Type::String), "unknown number");
    let object = Value::object([("a", Value::from(1))]);
    check_index(&object, "a", "1");
    check_index(&object, 1, &format!("{missing}: an object has attributes by name, not by number."));
    check_index(&object, unknown(Type::String), "unknown any");
    check_index(&Value::NULL, 0, "! This value is null, so it does not have any indices.");
    check_index(&Value::from("abc"), 0, "! This value does not have any indices.");
    check_index(&Value::dynamic(), 0, "unknown any");
    assert!(Value::set(Type::Number, [Value::from(1)]).index(&Value::from(0)).is_err());
}

#[test]
fn index_and_attribute_keep_marks() {
    let secret = |value: Value| value.with_marks(Marks::SENSITIVE);
    let tuple = Value::tuple([Value::from(1)]);
    assert_eq!(secret(tuple.clone()).index(&Value::from(0)), Ok(secret(Value::from(1))));
    assert_eq!(tuple.index(&secret(Value::from(0))), Ok(secret(Value::from(1))));
    let object = Value::object([("a", Value::from(1))]);
    assert_eq!(object.index(&secret(Value::from("a"))), Ok(Value::from(1)));
    let map = Value::map(Type::Number, [("a", Value::from(1))]);
    assert_eq!(map.index(&secret(Value::from("a"))), Ok(secret(Value::from(1))));
    assert_eq!(secret(object.clone()).attribute("a"), Some(secret(Value::from(1))));
    assert_eq!(object.attribute("b"), None);
    assert_eq!(unknown(Type::object([("a", Type::Bool)])).attribute("a"), Some(unknown(Type::Bool)));
    assert_eq!(Value::dynamic().attribute("a"), Some(Value::dynamic()));
}

#[test]
fn has_index_is_unknown_where_it_depends_on_an_unknown() {
    let list = Value::list(Type::Number, [Value::from(1)]);
    assert_eq!(list.has_index(&Value::from(0)), Value::TRUE);
    assert_eq!(list.has_index(&Value::from(1)), Value::FALSE);
    assert_eq!(list.has_index(&Value::from("x")), Value::FALSE);
    assert!(!list.has_index(&unknown(Type::Number)).is_known());
    let tuple = unknown(Type::tuple([Type::String]));
    assert_eq!(tuple.has_index(&Value::from(0)), Value::TRUE);
    assert_eq!(tuple.has_index(&Value::from(1)), Value::FALSE);
    assert!(!unknown(Type::list(Type::String)).has_index(&Value::from(0)).is_known());
}

#[test]
fn marks_come_off_by_path_and_go_back() {
    let secret = |value: Value| value.with_marks(Marks::SENSITIVE);
    let inner = Value::tuple([Value::from(0), secret(Value::from(1))]);
    let map = secret(Value::map(Type::String, [("k", Value::from("v").with_marks(Marks::EPHEMERAL))]));
    let object = Value::object([("a", inner), ("m", map)]);
    let (bare, paths) = object.clone().unmark_paths();
    assert!(bare.marks_deep().is_empty());
    let found: Vec<String> = paths.iter().map(|(path, marks)| format!("{path} {marks:?}")).collect();
    assert_eq!(found, [".a[1] Marks(1)", ".m Marks(1)", r#".m["k"] Marks(2)"#]);
    assert_eq!(bare.mark_paths(&paths), object);
    let lost = Value::object([("a", Value::tuple([]))]).mark_paths(&paths);
    let (inside, marks) = lost.unmark();
    assert_eq!(marks, Marks::SENSITIVE | Marks::EPHEMERAL);
    assert_eq!(inside.attribute("a").map(|value| value.marks()), Some(Marks::SENSITIVE));
}

#[test]
fn walk_and_transform_reach_every_part() {
    let value = Value::object([
        ("l", Value::list(Type::Number, [Value::from(1), Value::from(2)])),
        ("s", Value::set(Type::String, strings(&["x"])).with_marks(Marks::SENSITIVE)),
    ]);
    let mut seen = Vec::new();
    value.walk(|path, part| {
        seen.push(path.to_string());
        part.as_str().is_none()
    });
    assert_eq!(seen, ["", ".l", ".l[0]", ".l[1]", ".s", r#".s["x"]"#]);
    let doubled = value.transform(|_, part| match part.as_number() {
        Some(number) => Value::number(number.add(number)),
        None => part,
    });
    assert_eq!(format!("{doubled:?}"), r#"{"l": list[2, 4], "s": (sensitive)}"#);
}

#[test]
fn texts_keys_and_names_are_in_normal_form() {
    let (composed, decomposed) = ("\u{e9}", "e\u{301}");
    assert_eq!(Value::from(decomposed), Value::from(composed));
    let map = |key: &str| Value::map(Type::Number, [(key, Value::from(1))]);
    assert_eq!(map(decomposed), map(composed));
    let object = Value::object([(decomposed, Value::from(1))]);
    assert_eq!(object.attribute(decomposed), Some(Value::from(1)));
    assert_eq!(object.ty(), Type::object([(composed, Type::Number)]));
    assert_eq!(Type::object([(decomposed, Type::Number)]), Type::object([(composed, Type::Number)]));
}
