//! `data.fake_image`: the newest of several things that fit a description.

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{DataSource, Problem, block};

use crate::rules;

/// The data source.
pub(crate) struct FakeImage;

impl DataSource for FakeImage {
    fn name(&self) -> &'static str {
        "fake_image"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("family", Type::String).required().describe("The family to choose from; not empty."),
            Attribute::new("id", Type::String).computed().describe("What the fake cloud calls the image."),
            Attribute::new("version", Type::String).computed().describe("The version of the image."),
        ];
        let filter = vec![
            Attribute::new("name", Type::String).required().describe("What to compare."),
            Attribute::new("values", Type::list(Type::String)).required().describe("What it may be."),
        ];
        let filter =
            NestedBlock { max_items: 5, ..block("filter", BlockNesting::List, "Leaves only what fits.", filter) };
        let description = "Finds the newest image of a family.".into();
        Schema { version: 0, block: Block { attributes, blocks: vec![filter], description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::not_empty(config, "family").into_iter().collect()
    }
}
