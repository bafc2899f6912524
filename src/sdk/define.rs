//! Short ways to write schemas and to read configurations.

use ecow::EcoString;
use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting};
use value::{Type, Value};

/// Makes an attribute that holds objects whose attributes have properties of their own.
pub fn nested(name: impl Into<EcoString>, nesting: ObjectNesting, attributes: Vec<Attribute>) -> Attribute {
    let kind = AttributeKind::Nested(NestedObject { attributes, nesting });
    Attribute { kind, ..Attribute::new(name, Type::Dynamic) }
}

/// Makes a kind of block that may be there any number of times, as far as the nesting allows it, and is described.
pub fn block(
    name: impl Into<EcoString>,
    nesting: BlockNesting,
    description: &str,
    attributes: Vec<Attribute>,
) -> NestedBlock {
    let block = Block { attributes, description: description.into(), ..Block::default() };
    NestedBlock { name: name.into(), nesting, block, min_items: 0, max_items: 0 }
}

/// Returns an attribute of a configuration; null where there is none.
pub fn attribute(config: &Value, name: &str) -> Value {
    config.attribute(name).unwrap_or(Value::NULL)
}
