//! `fake_node_pool`: something inside of a cluster.

use sdk::schema::{Attribute, Block, ObjectNesting, Schema};
use sdk::value::{Type, Value};
use sdk::{Problem, ResourceType, nested};

use crate::rules;

/// The resource type.
pub(crate) struct FakeNodePool;

impl ResourceType for FakeNodePool {
    fn name(&self) -> &'static str {
        "fake_node_pool"
    }

    fn schema(&self) -> Schema {
        let taint = vec![
            Attribute::new("key", Type::String).required().describe("Its key."),
            Attribute::new("value", Type::String).optional().describe("Its value."),
            Attribute::new("effect", Type::String)
                .optional()
                .computed()
                .describe("What it does; `NoSchedule` unless set."),
        ];
        let attributes = vec![
            Attribute::new("cluster_id", Type::String)
                .required()
                .describe("The `id` of the cluster it is in. A change replaces the pool."),
            Attribute::new("name", Type::String).required().describe("Its name. A change replaces the pool."),
            Attribute::new("nodes", Type::Number)
                .optional()
                .computed()
                .describe("How many nodes it has; 1 unless set."),
            Attribute::new("disk_gb", Type::Number)
                .optional()
                .computed()
                .describe("The size of each node's disk; 20 unless set. A change replaces the pool."),
            Attribute::new("spot", Type::Bool).optional().describe("Whether its nodes may be taken away at any time."),
            nested("taints", ObjectNesting::List, taint)
                .optional()
                .describe("What keeps work off its nodes, in order."),
            Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
            Attribute::new("status", Type::String).computed().describe("What it is doing: `active` when it is ready."),
        ];
        let description = "Nodes of one kind in a cluster of the fake cloud.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let rules = [
            rules::not_empty(config, "cluster_id"),
            rules::not_empty(config, "name"),
            rules::positive(config, "nodes"),
            rules::positive(config, "disk_gb"),
        ];
        rules.into_iter().flatten().collect()
    }
}
