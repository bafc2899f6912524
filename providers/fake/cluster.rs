//! `fake_cluster`: something that takes its time, and that others are inside of.

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Problem, ResourceType, block};

use crate::rules;

/// The resource type.
pub(crate) struct FakeCluster;

impl ResourceType for FakeCluster {
    fn name(&self) -> &'static str {
        "fake_cluster"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("name", Type::String).required().describe("Its name. A change replaces the cluster."),
            Attribute::new("region", Type::String)
                .optional()
                .computed()
                .describe("Where it is; the provider's region unless set. A change replaces the cluster."),
            Attribute::new("version", Type::String).optional().computed().describe("The version it runs."),
            Attribute::new("tags", Type::map(Type::String)).optional().describe("Tags."),
            Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
            Attribute::new("endpoint", Type::String).computed().describe("Where its API is served."),
            Attribute::new("certificate", Type::String).computed().sensitive().describe("What its API is trusted by."),
            Attribute::new("status", Type::String).computed().describe("What it is doing: `active` when it is ready."),
        ];
        let network = vec![
            Attribute::new("range", Type::String).required().describe("Its addresses, as a CIDR block."),
            Attribute::new("public", Type::Bool).optional().describe("Whether it is reached from outside."),
        ];
        let network = NestedBlock {
            max_items: 1,
            ..block("network", BlockNesting::List, "The network of its nodes. A change replaces the cluster.", network)
        };
        let description = "A cluster of the fake cloud.".into();
        Schema { version: 1, block: Block { attributes, blocks: vec![network], description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        [rules::not_empty(config, "name"), rules::not_empty(config, "version")].into_iter().flatten().collect()
    }
}
