//! What a resource type looks like: attributes, nested blocks, and the type of its objects.
//!
//! *Not here:* reading configurations by a schema (`lang`), how schemas travel (`wire`), values.

mod block;

pub use block::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting, Schema};
