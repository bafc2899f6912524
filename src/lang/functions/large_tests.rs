//! No function on collections takes time that grows with the square of the number of elements.

use std::time::Duration;

use value::{Type, Value};

use super::{Environment, Outcome, find};
use crate::worked::worked;

const COUNT: usize = 100_000;

/// Far more work than any of the calls needs without optimization, far less than 10^10 comparisons would take.
const LIMIT: Duration = Duration::from_secs(10);

fn call(name: &str, args: Vec<Value>) -> Outcome {
    find(name).unwrap_or_else(|| panic!("there is no function {name}")).call(args, &Environment::for_tests("/"))
}

fn key(i: usize) -> String {
    format!("key-{i:06}")
}

fn strings(start: usize) -> Value {
    Value::list(Type::String, (start..start + COUNT).map(|i| key(i).into()))
}

fn set(start: usize) -> Value {
    Value::set(Type::String, (start..start + COUNT).map(|i| key(i).into()))
}

fn map(start: usize) -> Value {
    Value::map(Type::String, (start..start + COUNT).map(|i| (key(i), key(i).into())))
}

fn objects() -> Value {
    let objects: Vec<Value> = (0..COUNT)
        .map(|i| {
            Value::object([
                ("a", Value::number(i % 50_000)),
                ("b", Value::list(Type::String, [key(i % 50_000).into()])),
            ])
        })
        .collect();
    Value::list(objects[0].ty(), objects)
}

#[track_caller]
fn check(name: &str, args: impl IntoIterator<Item = Value>, count: usize) -> Value {
    let args: Vec<Value> = args.into_iter().collect();
    let before = worked();
    let result = call(name, args).unwrap_or_else(|error| panic!("{name}: {error}"));
    let taken = worked() - before;
    assert!(taken < LIMIT, "{name} took {taken:?}");
    assert_eq!(result.element_count().unwrap_or(1), count, "{name}");
    result
}

#[test]
fn lists_of_many_elements() {
    let some = || Value::string("key-050000");
    check("contains", [strings(0), Value::string("no")], 1);
    check("index", [strings(0), Value::string("key-099999")], 1);
    check("element", [strings(0), Value::number(COUNT - 1)], 1);
    check("distinct", [strings(0)], COUNT);
    check("distinct", [objects()], 50_000);
    check("compact", [strings(0)], COUNT);
    check("concat", [strings(0), strings(1), Value::list(Type::Number, [Value::number(1)])], 2 * COUNT + 1);
    check("concat", (0..COUNT).map(|_| Value::tuple([some()])), COUNT);
    check("chunklist", [strings(0), Value::number(3)], COUNT.div_ceil(3));
    let nested = Value::tuple((0..COUNT / 100).map(|i| Value::tuple((0..100).map(|j| Value::number(i + j)))));
    check("flatten", [nested], COUNT);
    check("matchkeys", [strings(0), strings(0), strings(50_000)], 50_000);
    check("reverse", [strings(0)], COUNT);
    check("slice", [strings(0), Value::number(1), Value::number(COUNT)], COUNT - 1);
    check("sort", [call("reverse", vec![strings(0)]).expect("a list")], COUNT);
    check("coalescelist", [Value::tuple([]), strings(0)], COUNT);
}

#[test]
fn maps_of_many_elements() {
    check("keys", [map(0)], COUNT);
    check("values", [map(0)], COUNT);
    check("merge", [map(0), map(50_000)], 150_000);
    check("merge", (0..COUNT).map(|i| Value::map(Type::String, [(key(i), key(i).into())])), COUNT);
    check("merge", (0..COUNT).map(|i| Value::object([(key(i), key(i).into())])), COUNT);
    check("lookup", [map(0), key(99_999).into()], 1);
    check("zipmap", [strings(0), strings(0)], COUNT);
    let lists =
        Value::map(Type::list(Type::String), (0..COUNT).map(|i| (key(i), Value::list(Type::String, ["x".into()]))));
    let turned = check("transpose", [lists], 1);
    check("transpose", [turned], COUNT);
}

#[test]
fn sets_of_many_elements() {
    check("setunion", [set(0), set(50_000)], 150_000);
    check("setintersection", [set(0), set(50_000)], 50_000);
    check("setsubtract", [set(0), set(50_000)], 50_000);
    check("setproduct", [strings(0), Value::tuple([Value::TRUE, Value::FALSE])], 2 * COUNT);
    check("setproduct", [set(0), Value::tuple([Value::TRUE])], COUNT);
    check("toset", [strings(0)], COUNT);
    check("toset", [objects()], 50_000);
    check("setunion", (0..1000).map(|i| Value::set(Type::Number, (0..100).map(|j| Value::number(i * 100 + j)))), COUNT);
}

#[test]
fn conversions_of_many_elements() {
    check("tolist", [set(0)], COUNT);
    check("tolist", [Value::tuple((0..COUNT).map(Value::number))], COUNT);
    check("tomap", [Value::object((0..COUNT).map(|i| (key(i), Value::number(i))))], COUNT);
}

#[test]
fn results_that_would_fill_the_memory_are_refused() {
    let text = |length: usize| Value::string("\n".repeat(length));
    let refused = [
        call("indent", vec![Value::number(1_000_000), text(1_000)]),
        call("join", vec![text(10_000), strings(0)]),
        call("replace", vec![text(100_000), text(1), text(10_000)]),
        call("replace", vec![text(100_000), Value::string("/\\n/"), text(10_000)]),
        call("setproduct", vec![strings(0), strings(0)]),
        call("format", vec![Value::string("%10000000d".repeat(20)), Value::number(1)]),
        call("format", vec![Value::string("%[1]10000000d".repeat(20)), Value::number(1)]),
    ];
    for (place, result) in refused.into_iter().enumerate() {
        assert!(result.is_err(), "call {place} is not refused");
    }
    let error = call("indent", vec![Value::number(1_000_000), text(1_000)]).expect_err("it is refused");
    assert_eq!(error.to_string(), "the result would be larger than 100 MB");
    assert_eq!(call("indent", vec![Value::number(1_000_000_000), Value::string("x")]), Ok(Value::string("x")));
}
