//! Every rule for schemas is seen to find its fault.

use schema::{Attribute, Block, BlockNesting, NestedBlock, ObjectNesting, Schema};
use value::{Type, Value};

use super::check_schemas;
use crate::{
    DataSource, Definition, Function, FunctionParameter, FunctionProblem, FunctionSignature, NoConfiguration, Provider,
    ResourceType, block, nested,
};

struct Part(&'static str, Block);

impl ResourceType for Part {
    fn name(&self) -> &'static str {
        self.0
    }

    fn schema(&self) -> Schema {
        Schema { version: 0, block: self.1.clone() }
    }
}

impl DataSource for Part {
    fn name(&self) -> &'static str {
        self.0
    }

    fn schema(&self) -> Schema {
        Schema { version: 0, block: self.1.clone() }
    }
}

struct Call(FunctionSignature);

impl Function for Call {
    fn name(&self) -> &'static str {
        "f"
    }

    fn signature(&self) -> FunctionSignature {
        self.0.clone()
    }

    fn call(&self, _: &[Value]) -> Result<Value, FunctionProblem> {
        Ok(Value::NULL)
    }
}

fn definition() -> Definition {
    Definition {
        source: "example.com/a/x",
        configuration: Box::new(NoConfiguration),
        resources: vec![],
        data_sources: vec![],
        ephemerals: vec![],
        functions: vec![],
    }
}

fn check(provider: Box<dyn Provider>, expected: &[&str]) {
    assert_eq!(check_schemas(&*provider), expected);
}

fn check_block(block: Block, expected: &[&str]) {
    let block = Block { description: "A thing.".into(), ..block };
    check(Definition { resources: vec![Box::new(Part("x_a", block))], ..definition() }.into_provider(), expected);
}

fn check_attribute(attribute: Attribute, expected: &[&str]) {
    check_block(Block { attributes: vec![attribute], ..Block::default() }, expected);
}

fn check_nested_block(nested: NestedBlock, expected: &[&str]) {
    check_block(Block { blocks: vec![nested], ..Block::default() }, expected);
}

fn text(name: &str) -> Attribute {
    Attribute::new(name, Type::String).describe("Text.")
}

#[test]
fn an_attribute_has_a_name_a_description_and_properties_that_agree() {
    check_attribute(text("a").optional().computed(), &[]);
    check_attribute(Attribute::new("a", Type::String).optional(), &["x_a.a: has no description"]);
    check_attribute(text("a"), &["x_a.a: must be required, optional or computed"]);
    check_attribute(text("a").required().optional(), &["x_a.a: cannot be both required and optional"]);
    check_attribute(text("a").required().computed(), &["x_a.a: cannot be both required and computed"]);
    let name = "a name consists of small letters, digits and underscores";
    check_attribute(text("A").optional(), &[&format!("x_a.A: {name}")]);
    check_attribute(text("a-b").optional(), &[&format!("x_a.a-b: {name}")]);
    check_attribute(text("count").optional(), &["x_a.count: the language itself has a meaning for this name"]);
}

#[test]
fn a_write_only_attribute_is_not_computed_and_only_in_resources() {
    check_attribute(text("a").optional().write_only(), &[]);
    let both = "x_a.a: cannot be both write-only and computed, nor inside of what is";
    check_attribute(text("a").optional().computed().write_only(), &[both]);
    let attributes = vec![text("a").optional().write_only()];
    let part = Part("x_a", Block { attributes, description: "A thing.".into(), ..Block::default() });
    let provider = Definition { data_sources: vec![Box::new(part)], ..definition() }.into_provider();
    check(provider, &["data.x_a.a: only managed resources have write-only attributes"]);
}

#[test]
fn nested_attributes_agree_with_what_they_are_inside_of() {
    let object = |inner| nested("o", ObjectNesting::Single, vec![inner]).describe("An object.");
    check_attribute(object(text("a").computed()).computed(), &[]);
    let cannot = "x_a.o.a: cannot be set, because what it is inside of cannot";
    check_attribute(object(text("a").optional()).computed(), &[cannot]);
    let not_inside = "x_a.o.a: cannot be both write-only and computed, nor inside of what is";
    check_attribute(object(text("a").optional().write_only()).optional().computed(), &[not_inside]);
    let must = "x_a.o.a: must be write-only, because what it is inside of is";
    check_attribute(object(text("a").optional()).optional().write_only(), &[must]);
    check_attribute(object(Attribute::new("a", Type::Bool).required()).required(), &["x_a.o.a: has no description"]);
}

#[test]
fn the_elements_of_a_set_have_types_and_are_stored() {
    let dynamic = Attribute::new("a", Type::Dynamic).describe("Any.").optional();
    let secret = text("a").optional().write_only();
    let set = |inner| nested("s", ObjectNesting::Set, vec![inner]).describe("A set.").optional();
    let blocks = |inner| block("s", BlockNesting::Set, "A set.", vec![inner]);
    let no_type = "x_a.s: the elements of a set must not contain `dynamic`";
    let no_state = "x_a.s: the elements of a set must not contain write-only attributes";
    check_attribute(set(dynamic.clone()), &[no_type]);
    check_attribute(set(secret.clone()), &[no_state]);
    check_nested_block(blocks(dynamic.clone()), &[no_type]);
    check_nested_block(blocks(secret.clone()), &[no_state]);
    check_nested_block(block("s", BlockNesting::List, "A list.", vec![dynamic]), &[]);
    let deep = block("d", BlockNesting::List, "A list.", vec![secret]);
    let mut outer = block("s", BlockNesting::Set, "A set.", vec![]);
    outer.block.blocks.push(deep);
    check_nested_block(outer, &[no_state]);
}

#[test]
fn the_bounds_of_blocks_fit_their_nesting() {
    let bounds = |nesting, min_items, max_items| NestedBlock {
        min_items,
        max_items,
        ..block("b", nesting, "Blocks.", vec![text("a").optional()])
    };
    let single = "x_a.b: a single block has both bounds 0 (it may be there) or both 1 (it must)";
    let none = "x_a.b: a group or map of blocks has no bounds";
    let more = "x_a.b: more blocks must be there than may";
    check_nested_block(bounds(BlockNesting::Single, 0, 0), &[]);
    check_nested_block(bounds(BlockNesting::Single, 1, 1), &[]);
    check_nested_block(bounds(BlockNesting::Single, 0, 1), &[single]);
    check_nested_block(bounds(BlockNesting::Single, 2, 2), &[single]);
    check_nested_block(bounds(BlockNesting::Group, 1, 1), &[none]);
    check_nested_block(bounds(BlockNesting::Map, 0, 1), &[none]);
    check_nested_block(bounds(BlockNesting::List, 2, 0), &[]);
    check_nested_block(bounds(BlockNesting::List, 2, 1), &[more]);
    check_nested_block(bounds(BlockNesting::Set, 2, 1), &[more]);
}

#[test]
fn names_in_a_block_are_distinct_and_blocks_described() {
    let attributes = vec![text("a").optional(), text("a").optional()];
    check_block(Block { attributes, ..Block::default() }, &["x_a.a: two attributes have this name"]);
    let blocks = vec![block("a", BlockNesting::List, "Blocks.", vec![])];
    let both = Block { attributes: vec![text("a").optional()], blocks, ..Block::default() };
    check_block(both, &["x_a.a: two parts of one block have this name"]);
    check_nested_block(block("b", BlockNesting::List, "", vec![]), &["x_a.b: has no description"]);
}

#[test]
fn a_resource_type_is_named_after_its_provider_and_described() {
    let resource = |name| {
        let part = Part(name, Block { description: "A thing.".into(), ..Block::default() });
        Definition { resources: vec![Box::new(part)], ..definition() }.into_provider()
    };
    check(resource("x"), &[]);
    check(resource("xy_a"), &["xy_a: the name must be `x` or begin with `x_`"]);
    check(resource("x_A"), &["x_A: the name must be `x` or begin with `x_`"]);
    let bare = Definition { resources: vec![Box::new(Part("x_a", Block::default()))], ..definition() };
    check(bare.into_provider(), &["x_a: has no description"]);
}

#[test]
fn a_source_address_has_three_parts() {
    let expected = "x: a source address is HOST/NAMESPACE/NAME in small letters";
    check(Definition { source: "x", ..definition() }.into_provider(), &[expected]);
}

#[test]
fn a_function_and_its_parameters_are_documented() {
    let function = |summary, parameters| {
        let signature = FunctionSignature::new(summary, parameters, Type::Dynamic);
        Definition { functions: vec![Box::new(Call(signature))], ..definition() }.into_provider()
    };
    let parameter = |name, text| FunctionParameter::new(name, Type::String, text);
    check(function("Does it.", vec![parameter("a", "Text.")]), &[]);
    check(function("", vec![]), &["f(): has no summary"]);
    check(function("Does it.", vec![parameter("a", "")]), &["f(a): has no description"]);
    let twice = vec![parameter("a", "Text."), parameter("a", "Text.")];
    check(function("Does it.", twice), &["f(a): two parameters have this name"]);
    let capital = "f(A): a name consists of small letters, digits and underscores";
    check(function("Does it.", vec![parameter("A", "Text.")]), &[capital]);
}
