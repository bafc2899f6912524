//! `data.fake_object`: an object that is there already.

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};
use sdk::{DataSource, Problem};

use crate::rules;

/// The data source.
pub(crate) struct FakeObjectData;

impl DataSource for FakeObjectData {
    fn name(&self) -> &'static str {
        "fake_object"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("name", Type::String).required().describe("The name of the object to find; not empty."),
            Attribute::new("region", Type::String)
                .optional()
                .computed()
                .describe("Where it is; the provider's region unless set."),
            Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
            Attribute::new("size", Type::Number).computed().describe("Its size."),
            Attribute::new("tags", Type::map(Type::String)).computed().describe("Its tags."),
            Attribute::new("labels", Type::set(Type::String)).computed().describe("Its labels."),
            Attribute::new("secret", Type::String).computed().sensitive().describe("Its text that is not shown."),
            Attribute::new("status", Type::String).computed().describe("What it is doing: `active` when it is ready."),
        ];
        let description = "Finds an object of the fake cloud by its name.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::not_empty(config, "name").into_iter().collect()
    }
}
