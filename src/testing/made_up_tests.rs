//! Tests of made-up values.

use schema::{Attribute, Block, BlockNesting, NestedBlock};
use value::{Type, Value};

use super::{Gap, Maker};

fn block() -> Block {
    let inner = Block {
        attributes: vec![
            Attribute::new("size", Type::Number).required(),
            Attribute::new("device", Type::String).optional().computed(),
        ],
        ..Block::default()
    };
    Block {
        attributes: vec![
            Attribute::new("id", Type::String).computed(),
            Attribute::new("name", Type::String).optional(),
            Attribute::new("tags", Type::map(Type::String)).optional().computed(),
            Attribute::new("endpoint", Type::object([("host", Type::String), ("port", Type::Number)])).computed(),
            Attribute::new("any", Type::Dynamic).computed(),
        ],
        blocks: vec![NestedBlock {
            name: "disk".into(),
            nesting: BlockNesting::List,
            block: inner,
            min_items: 0,
            max_items: 0,
        }],
        ..Block::default()
    }
}

fn config() -> Value {
    let block = block();
    let disk = |device: Value| Value::object([("size", Value::number(1)), ("device", device)]);
    let disks = [disk(Value::null(Type::String)), disk(Value::string("sdb"))];
    Value::object([
        ("id", Value::null(Type::String)),
        ("name", Value::null(Type::String)),
        ("tags", Value::null(Type::map(Type::String))),
        ("endpoint", Value::null(block.attribute("endpoint").expect("it is there").ty())),
        ("any", Value::null(Type::Dynamic)),
        ("disk", Value::list(block.nested("disk").expect("it is there").block.ty(), disks)),
    ])
}

fn fill(seed: u64, given: Option<Value>, gap: Gap, object: &Value) -> (Value, Vec<(String, String)>) {
    let mut maker = Maker { seed, given: given.as_ref(), gap, problems: Vec::new() };
    let filled = maker.fill(&block(), object);
    (filled, maker.problems)
}

fn at(object: &Value, name: &str) -> Value {
    object.attribute(name).unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn what_is_not_set_and_can_be_computed_gets_a_value_of_its_type() {
    let (filled, problems) = fill(1, None, Gap::Unset, &config());
    assert!(problems.is_empty());
    let id = at(&filled, "id");
    let id = id.as_str().expect("a text");
    assert_eq!(id.len(), 8);
    assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
    assert!(at(&filled, "name").is_null(), "what only the user sets stays");
    assert_eq!(at(&filled, "tags").element_count(), Some(0));
    assert_eq!(at(&at(&filled, "endpoint"), "port"), Value::number(0));
    assert!(at(&filled, "any").is_null());
    let disk = at(&filled, "disk");
    let disks = disk.as_sequence().expect("a list");
    assert_eq!(at(&disks[0], "device").as_str().map(str::len), Some(8));
    assert_eq!(at(&disks[1], "device"), Value::string("sdb"), "what is set stays");
}

#[test]
fn the_same_object_gets_the_same_values_and_another_one_others() {
    let id = |seed| at(&fill(seed, None, Gap::Unset, &config()).0, "id");
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
}

#[test]
fn a_plan_leaves_it_open_and_the_apply_fills_it_in() {
    let (planned, _) = fill(1, None, Gap::Open, &config());
    assert!(!at(&planned, "id").is_known());
    let (applied, _) = fill(1, None, Gap::Unknown, &planned);
    assert!(applied.is_wholly_known());
    assert_eq!(applied, fill(1, None, Gap::Unset, &config()).0);
}

#[test]
fn given_values_are_converted_and_completed() {
    let endpoint = Value::object([("host", Value::string("h"))]);
    let given = Value::object([("id", Value::number(12)), ("endpoint", endpoint), ("zork", Value::bool(true))]);
    let (filled, problems) = fill(1, Some(given), Gap::Unset, &config());
    assert!(problems.is_empty());
    assert_eq!(at(&filled, "id"), Value::string("12"));
    let endpoint = Value::object([("host", Value::string("h")), ("port", Value::number(0))]);
    assert_eq!(at(&filled, "endpoint"), endpoint);
}

#[test]
fn given_values_that_do_not_fit_are_told_of() {
    let given = Value::object([("id", Value::tuple([Value::number(12)]))]);
    let (_, problems) = fill(1, Some(given), Gap::Unset, &config());
    assert_eq!(problems, [("id".to_owned(), "string required".to_owned())]);
}
