//! Short ways to write the schemas of resource types, in the forms that the well-known provider has.

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::Type;

/// What a resource type looks like, but for what many of them have.
#[derive(Default)]
pub(crate) struct Shape {
    /// What it is for.
    pub(crate) description: &'static str,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<NestedBlock>,
    /// Its objects are in a region.
    pub(crate) is_regional: bool,
    /// Its objects have tags.
    pub(crate) has_tags: bool,
    /// The actions whose limits of time can be set.
    pub(crate) timeouts: &'static [&'static str],
    /// Raised when the form of stored objects changes.
    pub(crate) version: u64,
}

impl Shape {
    /// Returns the whole schema.
    pub(crate) fn into_schema(self) -> Schema {
        let Shape { mut attributes, mut blocks, .. } = self;
        attributes.push(text("id").computed().describe("What tells it apart from others of its type."));
        if self.is_regional {
            let region = text("region").optional().computed();
            attributes.push(region.describe("Where it is; the provider's region unless set. A change replaces it."));
        }
        if self.has_tags {
            let tags = Attribute::new("tags", Type::map(Type::String)).optional();
            attributes.push(tags.describe("Its tags, besides the provider's `default_tags`."));
            let all = Attribute::new("tags_all", Type::map(Type::String)).optional().computed();
            attributes.push(all.describe("All of its tags, with the provider's `default_tags`."));
        }
        if !self.timeouts.is_empty() {
            let limit = |name: &&str| {
                let description = format!("How long to wait at most until it is done ({name}), like `30m`.");
                text(name).optional().describe(&description)
            };
            let limits = self.timeouts.iter().map(limit).collect();
            blocks.push(sdk::block("timeouts", BlockNesting::Single, "How long to wait at most.", limits));
        }
        let block = Block { attributes, blocks, description: self.description.into(), ..Block::default() };
        Schema { version: self.version, block }
    }
}

/// A text.
pub(crate) fn text(name: &str) -> Attribute {
    Attribute::new(name, Type::String)
}

/// A truth value.
pub(crate) fn flag(name: &str) -> Attribute {
    Attribute::new(name, Type::Bool)
}

/// A number.
pub(crate) fn number(name: &str) -> Attribute {
    Attribute::new(name, Type::Number)
}

/// Texts without order.
pub(crate) fn text_set(name: &str) -> Attribute {
    Attribute::new(name, Type::set(Type::String))
}

/// Texts in order.
pub(crate) fn text_list(name: &str) -> Attribute {
    Attribute::new(name, Type::list(Type::String))
}

/// Texts by their keys.
pub(crate) fn text_map(name: &str) -> Attribute {
    Attribute::new(name, Type::map(Type::String))
}

/// Objects that are only read.
pub(crate) fn objects(name: &str, members: &[(&str, Type)]) -> Attribute {
    let object = Type::object(members.iter().map(|(name, ty)| (*name, ty.clone())));
    Attribute::new(name, Type::list(object)).computed()
}

/// A block of which there is at most one, as a list of one.
pub(crate) fn one_block(name: &str, description: &str, attributes: Vec<Attribute>) -> NestedBlock {
    NestedBlock { max_items: 1, ..sdk::block(name, BlockNesting::List, description, attributes) }
}

/// Blocks without order.
pub(crate) fn block_set(name: &str, description: &str, attributes: Vec<Attribute>) -> NestedBlock {
    sdk::block(name, BlockNesting::Set, description, attributes)
}

/// There must be at least one of a block.
pub(crate) fn needed(block: NestedBlock) -> NestedBlock {
    NestedBlock { min_items: 1, ..block }
}

/// The block has blocks inside.
pub(crate) fn with_blocks(block: NestedBlock, blocks: Vec<NestedBlock>) -> NestedBlock {
    let inner = Block { blocks, ..block.block };
    NestedBlock { block: inner, ..block }
}
