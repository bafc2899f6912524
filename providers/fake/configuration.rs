//! The provider's own configuration.

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Configuration, Problem, block};

use crate::rules;

/// The configuration.
pub(crate) struct FakeConfiguration;

impl Configuration for FakeConfiguration {
    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("region", Type::String).optional().describe("Where things are that do not name a region."),
            Attribute::new("token", Type::String).optional().sensitive().describe("What the fake cloud lets in with."),
        ];
        let tags = Attribute::new("tags", Type::map(Type::String)).optional().describe("Tags that everything gets.");
        let default_tags = NestedBlock {
            max_items: 1,
            ..block("default_tags", BlockNesting::List, "Tags for all objects.", vec![tags])
        };
        Schema { version: 0, block: Block { attributes, blocks: vec![default_tags], ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::not_empty(config, "region").into_iter().collect()
    }
}
