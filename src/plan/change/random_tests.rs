//! Random schemas and objects by seed, and what must hold for all of them.

use std::sync::Arc;

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting};
use value::{Kind, Type, Value};

use super::parts::{Fields, Nesting};
use super::{
    Action, action, check_applied, check_plan, check_write_only, empty_block, normalize, proposed_new,
    strip_write_only, unknown_computed, validate_config_computed,
};

const SEEDS: u64 = 300;

/// A small generator (SplitMix64): the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Makes a schema; in sets, objects have a key and nothing computed that would hide which object is which.
fn block(random: &mut Random, depth: usize, sets: usize) -> Block {
    let blocks = if depth == 0 { 0 } else { random.below(3) };
    Block {
        attributes: attributes(random, depth, sets),
        blocks: (0..blocks)
            .map(|index| {
                let all = [
                    BlockNesting::Single,
                    BlockNesting::Group,
                    BlockNesting::List,
                    BlockNesting::Set,
                    BlockNesting::Map,
                ];
                let nesting = all[random.below(all.len())];
                let block = block(random, depth - 1, sets + usize::from(nesting == BlockNesting::Set));
                NestedBlock { name: format!("block_{index}").into(), nesting, block, min_items: 0, max_items: 0 }
            })
            .collect(),
        ..Block::default()
    }
}

fn attributes(random: &mut Random, depth: usize, sets: usize) -> Vec<Attribute> {
    let mut made = vec![Attribute::new("key", Type::String).required()];
    for index in 0..random.below(4) {
        let name = format!("attribute_{index}");
        let mut attribute = match random.below(6) {
            0 => Attribute::new(name, Type::list(Type::String)),
            1 => Attribute::new(name, Type::map(Type::Number)),
            2 if sets == 0 => Attribute::new(name, Type::set(Type::String)),
            3 if depth > 0 => {
                let all = [ObjectNesting::Single, ObjectNesting::List, ObjectNesting::Set, ObjectNesting::Map];
                let nesting = all[random.below(all.len())];
                let attributes = attributes(random, depth - 1, sets + usize::from(nesting == ObjectNesting::Set));
                let kind = AttributeKind::Nested(NestedObject { attributes, nesting });
                Attribute { kind, ..Attribute::new(name, Type::Dynamic) }
            }
            _ => Attribute::new(name, Type::String),
        };
        let is_nested = matches!(attribute.kind, AttributeKind::Nested(_));
        // A set in a set corresponds only to an equal one, so nothing may be chosen there.
        let may_choose = if is_nested { sets == 0 } else { sets < 2 };
        attribute = match random.below(5) {
            0 if sets == 0 && !is_nested => attribute.optional().write_only(),
            1 if may_choose => attribute.computed(),
            2 if may_choose => attribute.optional().computed(),
            _ => attribute.optional(),
        };
        made.push(attribute);
    }
    made
}

fn leaf(random: &mut Random, ty: &Type) -> Value {
    let count = random.below(3);
    match ty {
        _ if random.one_in(8) => Value::null(ty.clone()),
        Type::Number => Value::number(random.below(5)),
        Type::List(element) => Value::list((**element).clone(), (0..count).map(|_| leaf(random, element))),
        Type::Set(element) => Value::set((**element).clone(), (0..count).map(|_| leaf(random, element))),
        Type::Map(element) => {
            let entries = (0..count).map(|index| (format!("k{index}"), leaf(random, element)));
            Value::map((**element).clone(), entries)
        }
        Type::Object(object) => {
            let parts = object.attributes().iter().map(|part| (part.name.clone(), leaf(random, &part.ty)));
            Value::object(parts)
        }
        _ => Value::string(format!("text {}", random.below(5))),
    }
}

/// Makes an object as it is after an apply: all known, write-only attributes null.
fn object(random: &mut Random, fields: Fields<'_>, key: usize) -> Value {
    let mut parts = Vec::new();
    for attribute in fields.attributes {
        let part = match &attribute.kind {
            _ if attribute.write_only => Value::null(attribute.ty()),
            AttributeKind::Type(_) if attribute.name == "key" => Value::string(format!("key {key}")),
            AttributeKind::Type(ty) => leaf(random, ty),
            AttributeKind::Nested(nested) => {
                let make = (Fields::of_nested(nested), Nesting::of_nested(nested));
                field(random, make, &attribute.ty(), true)
            }
        };
        parts.push((attribute.name.clone(), part));
    }
    for nested in fields.blocks {
        let make = (Fields::of_block(&nested.block), Nesting::of_block(nested));
        parts.push((nested.name.clone(), field(random, make, &nested.ty(), nested.nesting == BlockNesting::Single)));
    }
    Value::object(parts)
}

fn field(random: &mut Random, of: (Fields<'_>, Nesting), ty: &Type, may_be_null: bool) -> Value {
    let (fields, nesting) = of;
    if may_be_null && random.one_in(6) {
        return Value::null(ty.clone());
    }
    if nesting == Nesting::Single {
        return object(random, fields, 0);
    }
    let objects: Vec<Value> = (0..random.below(4)).map(|key| object(random, fields, key)).collect();
    match ty {
        Type::Set(element) => Value::set((**element).clone(), objects),
        Type::Map(element) => Value::map(
            (**element).clone(),
            objects.into_iter().enumerate().map(|(i, object)| (format!("k{i}"), object)),
        ),
        _ => Value::list(ty.element().cloned().unwrap_or(Type::Dynamic), objects),
    }
}

/// Returns a configuration that an object may have come from: what the provider decides is not set, what it may decide
/// sometimes; a write-only attribute has a value.
fn config_of(random: &mut Random, schema: &Block, value: &Value) -> Value {
    super::attributes::change(schema, value, &mut |attribute, part| {
        use super::attributes::Change;
        let is_plain = matches!(attribute.kind, AttributeKind::Type(_));
        let chosen = attribute.computed && (!attribute.optional || is_plain && random.one_in(2));
        match chosen {
            _ if attribute.write_only => Change::Replace(leaf(random, &attribute.ty())),
            true if !part.is_null() => Change::Replace(Value::null(attribute.ty())),
            true => Change::Keep,
            false => Change::Descend,
        }
    })
}

/// Changes some configured leaves, to other values or unknown ones.
fn edited(random: &mut Random, schema: &Block, config: &Value) -> Value {
    super::attributes::change(schema, config, &mut |attribute, part| {
        use super::attributes::Change;
        match &attribute.kind {
            AttributeKind::Type(ty) if attribute.optional && !part.is_null() && random.one_in(4) => {
                Change::Replace(if random.one_in(2) { Value::unknown(ty.clone()) } else { leaf(random, ty) })
            }
            _ => Change::Descend,
        }
    })
}

fn completed(random: &mut Random, planned: &Value) -> Value {
    planned.clone().transform(|_, part| match part.kind() {
        Kind::Unknown(ty, _) => leaf(random, &ty.clone()),
        _ => part,
    })
}

fn for_all(check: impl Fn(&mut Random, &Block, &Value)) {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let schema = block(&mut random, 2, 0);
        let value = object(&mut random, Fields::of_block(&schema), 0);
        let run = std::panic::AssertUnwindSafe(|| check(&mut random, &schema, &value));
        assert!(std::panic::catch_unwind(run).is_ok(), "seed {seed}\n{schema:?}\n{value:?}");
    }
}

#[test]
fn what_is_configured_as_it_is_stays() {
    for_all(|random, schema, value| {
        let config = config_of(random, schema, value);
        let proposed = proposed_new(schema, value, &config);
        assert_eq!(proposed, *value, "{config:?}");
        assert_eq!(action(value, &proposed, false), Action::NoOp);
        assert_eq!(check_plan(schema, value, &config, &proposed), []);
        assert_eq!(check_applied(schema, &proposed, value), []);
        assert_eq!(validate_config_computed(schema, &config), []);
    });
}

#[test]
fn what_stays_is_shared() {
    for_all(|random, schema, value| {
        let proposed = proposed_new(schema, value, &config_of(random, schema, value));
        let (Kind::Object(proposed), Kind::Object(value)) = (proposed.kind(), value.kind()) else { panic!("objects") };
        assert!(std::ptr::eq(proposed, value));
    });
}

#[test]
fn a_provider_that_fills_in_the_unknown_is_never_refused() {
    for_all(|random, schema, value| {
        let config = config_of(random, schema, value);
        let config = edited(random, schema, &config);
        let prior = if random.one_in(4) { Value::null(schema.ty()) } else { value.clone() };
        let proposed = proposed_new(schema, &prior, &config);
        assert!(proposed.is_of_type(&schema.ty()));
        assert_eq!(check_plan(schema, &prior, &config, &proposed), []);
        let planned = unknown_computed(schema, &proposed);
        assert_eq!(check_plan(schema, &prior, &config, &planned), []);
        assert_eq!(check_write_only(schema, &planned), []);
        let actual = completed(random, &planned);
        assert_eq!(check_applied(schema, &planned, &actual), []);
        assert_eq!(normalize(schema, &actual), actual);
        assert_eq!(strip_write_only(schema, &config), strip_write_only(schema, &strip_write_only(schema, &config)));
    });
}

#[test]
fn a_provider_that_changes_the_key_is_always_refused() {
    for_all(|random, schema, value| {
        let config = config_of(random, schema, value);
        let mut changed = false;
        let other = value.clone().transform(|path, part| {
            let is_key = matches!(path.0.last(), Some(value::PathStep::Attribute(name)) if name == "key");
            match is_key && random.one_in(3) {
                true => {
                    changed = true;
                    Value::string("another key")
                }
                false => part,
            }
        });
        assert_eq!(check_applied(schema, value, &other).is_empty(), !changed, "{other:?}");
        let found = check_plan(schema, &Value::null(schema.ty()), &config, &other);
        if value.attribute("key") != other.attribute("key") {
            assert!(!found.is_empty(), "{other:?}");
        }
    });
}

#[test]
fn an_empty_block_has_the_type_of_its_schema() {
    for_all(|_, schema, _| assert!(empty_block(schema).is_of_type(&schema.ty())));
}

#[test]
fn a_type_with_open_places_is_no_obstacle() {
    let ty = Type::List(Arc::new(Type::String));
    let inner = Block { attributes: vec![Attribute::new("any", Type::Dynamic).optional()], ..Block::default() };
    let nested = |name: &str, nesting| NestedBlock {
        name: name.into(),
        nesting,
        block: inner.clone(),
        min_items: 0,
        max_items: 0,
    };
    let blocks = vec![nested("list", BlockNesting::List), nested("map", BlockNesting::Map)];
    let schema = Block { attributes: vec![Attribute::new("plain", ty).computed()], blocks, ..Block::default() };
    let element = || Value::object([("any", Value::from(1))]);
    let config = Value::object([
        ("plain", Value::null(Type::list(Type::String))),
        ("list", Value::tuple([element()])),
        ("map", Value::object([("k", element())])),
    ]);
    let planned = unknown_computed(&schema, &proposed_new(&schema, &Value::null(schema.ty()), &config));
    assert_eq!(check_plan(&schema, &Value::null(schema.ty()), &config, &planned), []);
    assert_eq!(check_applied(&schema, &planned, &empty_block(&schema)).len(), 2);
}
