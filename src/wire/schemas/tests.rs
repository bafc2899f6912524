//! Tests of schemas: all that ours can say goes there and back, and what nobody can read is refused with its place.

use prost::Message;
use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting, Schema};
use sdk::{Capabilities, FunctionParameter, FunctionSignature, IdentityAttribute, IdentitySchema, Schemas};
use value::{Type, type_from_json};

use super::{pack_identities, pack_schemas, unpack_capabilities, unpack_identities, unpack_schemas};
use crate::messages as wire;
use crate::{messages::GetProviderSchemaResponse, v5};

/// Attributes with every property, plain and nested in each way.
fn attributes() -> Vec<Attribute> {
    let optional = r#"["object",{"a":"string","b":["map","number"]},["b"]]"#;
    let rule = type_from_json(&serde_json::from_str(optional).unwrap()).unwrap();
    let old = Attribute { deprecated: true, deprecation: "Use `new`.".into(), ..Attribute::new("old", Type::Dynamic) };
    let mut attributes = vec![
        Attribute::new("required", Type::String).required().describe("Said."),
        Attribute { is_markdown: true, ..Attribute::new("markdown", Type::Bool).optional().describe("*Said*.") },
        Attribute::new("secret", Type::list(rule)).optional().sensitive().write_only(),
        Attribute::new("computed", Type::set(Type::Number)).computed(),
        old.optional(),
    ];
    for nesting in [ObjectNesting::Single, ObjectNesting::List, ObjectNesting::Set, ObjectNesting::Map] {
        let inner = NestedObject { attributes: vec![Attribute::new("inner", Type::Bool).optional()], nesting };
        let kind = AttributeKind::Nested(inner);
        attributes.push(Attribute { kind, ..Attribute::new(format!("{nesting:?}"), Type::Dynamic).optional() });
    }
    attributes
}

fn block(attributes: Vec<Attribute>) -> Block {
    let nestings =
        [BlockNesting::Single, BlockNesting::Group, BlockNesting::List, BlockNesting::Set, BlockNesting::Map];
    let nested = |nesting| NestedBlock {
        name: format!("{nesting:?}").into(),
        nesting,
        block: Block { attributes: attributes.clone(), deprecated: true, ..Block::default() },
        min_items: 1,
        max_items: 3,
    };
    Block {
        blocks: nestings.map(nested).into(),
        description: "A block.".into(),
        is_markdown: true,
        deprecated: true,
        deprecation: "Use another.".into(),
        attributes,
    }
}

fn schemas(attributes: Vec<Attribute>) -> Schemas {
    let schema = |version| Schema { version, block: block(attributes.clone()) };
    let parameter = FunctionParameter::new("p", Type::map(Type::Dynamic), "What.");
    let function =
        FunctionSignature::new("Sums", vec![parameter.clone()], Type::Number).variadic(parameter.null().unknown());
    let function = FunctionSignature { deprecation: "Do not.".into(), ..function.describe("It sums.") };
    let identity = vec![
        IdentityAttribute::new("id", Type::String, "It."),
        IdentityAttribute::new("n", Type::Number, "").optional(),
    ];
    Schemas {
        provider: schema(0),
        provider_meta: Some(schema(0)),
        resources: [("x_a".into(), schema(1)), ("x_b".into(), schema(7))].into(),
        identities: [("x_a".into(), IdentitySchema { version: 2, attributes: identity })].into(),
        data_sources: [("x_c".into(), schema(0))].into(),
        ephemerals: [("x_d".into(), schema(0))].into(),
        lists: [("x_a".into(), schema(0))].into(),
        functions: [("f".into(), function)].into(),
    }
}

#[test]
fn all_that_a_schema_can_say_comes_back() {
    let ours = schemas(attributes());
    let capabilities = Capabilities { plans_deletes: true, moves_state: false, generates_configuration: true };
    let bytes = pack_schemas(&ours, capabilities).encode_to_vec();
    let packed = GetProviderSchemaResponse::decode(&bytes[..]).unwrap();
    assert_eq!(unpack_capabilities(packed.server_capabilities.as_ref()), capabilities);
    let mut read = unpack_schemas(packed).unwrap();
    read.identities = unpack_identities(pack_identities(&ours.identities)).unwrap();
    assert_eq!(read, ours);
}

#[test]
fn version_5_has_other_numbers_for_the_same() {
    let attribute = v5::SchemaAttribute {
        name: "a".into(),
        ty: br#"["set","string"]"#.into(),
        optional: true,
        write_only: true,
        deprecation_message: "Use b.".into(),
        ..Default::default()
    };
    let inner = v5::SchemaBlock { attributes: vec![attribute.clone()], ..Default::default() };
    let nested =
        v5::SchemaNestedBlock { type_name: "n".into(), block: Some(inner), nesting: 3, min_items: 1, max_items: -1 };
    let block = v5::SchemaBlock { attributes: vec![attribute], block_types: vec![nested], ..Default::default() };
    let schema = v5::Schema { version: 4, block: Some(block) };
    let old = v5::GetSchemaResponse { resource_schemas: [("x_a".to_owned(), schema)].into(), ..Default::default() };
    // Fields 10 and 11, where version 6 has 11 and 12.
    let bytes = old.encode_to_vec();
    assert!(bytes.windows(10).any(|part| part == b"\x50\x01\x5a\x06Use b."));
    let read = unpack_schemas(v5::GetSchemaResponse::decode(&bytes[..]).unwrap().into()).unwrap();
    let expected = Attribute { deprecation: "Use b.".into(), ..Attribute::new("a", Type::set(Type::String)) };
    let expected = vec![expected.optional().write_only()];
    let block = Block { attributes: expected.clone(), ..Block::default() };
    let nested = NestedBlock { name: "n".into(), nesting: BlockNesting::Set, block, min_items: 1, max_items: 0 };
    let block = Block { attributes: expected, blocks: vec![nested], ..Block::default() };
    assert_eq!(read.resources["x_a"], Schema { version: 4, block });
}

#[test]
fn what_cannot_be_read_is_named() {
    let check = |change: &dyn Fn(&mut wire::SchemaBlock), expected: &str| {
        let mut packed = pack_schemas(&schemas(attributes()), Capabilities::default());
        change(packed.resource_schemas.get_mut("x_b").unwrap().block.as_mut().unwrap());
        assert_eq!(unpack_schemas(packed).unwrap_err(), expected);
    };
    check(
        &|block| block.attributes[0].ty = b"\"text\"".into(),
        "x_b: required: its type is not readable: \"text\" is not the name of a primitive type",
    );
    check(&|block| block.block_types[0].nesting = 9, "x_b: Single: blocks have the nesting 9, which is none");
    check(
        &|block| block.attributes[5].nested_type.as_mut().unwrap().nesting = 0,
        "x_b: Single: objects have the nesting 0, which is none",
    );
}
