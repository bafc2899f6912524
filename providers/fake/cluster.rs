//! `fake_cluster`: something that takes its time, and that others are inside of.

use std::time::Duration;

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Action, Change, Lock, Problem, attribute, block};
use serde_json::Value as Json;

use crate::managed::{Facts, Operation, Special, text};
use crate::rules;
use crate::world::State;

/// What runs unless the configuration says.
const VERSION: &str = "1.36";

/// The resource type.
pub(crate) struct FakeCluster;

impl Special for FakeCluster {
    const NAME: &'static str = "fake_cluster";
    const REPLACES: &'static [&'static str] = &["name", "region", "network"];

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

    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value> {
        Some(match attribute {
            "id" => facts.id.into(),
            "region" => facts.region.into(),
            "version" => VERSION.into(),
            "endpoint" => format!("https://{}.fake.example", facts.id).into(),
            "certificate" => format!("certificate of {}", facts.id).into(),
            "status" => "active".into(),
            _ => return None,
        })
    }

    /// A cluster goes only when nothing is in it, and is left alone while something in it is worked on.
    fn allows(&self, state: &State, operation: &Operation<'_>) -> Result<(), Problem> {
        let pools = || state.objects.values().filter(|pool| text(&pool.attributes, "cluster_id") == operation.id);
        match operation.action {
            Action::Create | Action::Read => Ok(()),
            Action::Delete if pools().next().is_some() => {
                let detail = format!("The cluster {:?} still has node pools.", operation.id);
                Err(Problem::error("Cluster not empty", detail))
            }
            Action::Update | Action::Delete => match pools().find(|pool| pool.busy_until_ms > operation.now_ms) {
                Some(pool) => {
                    let detail = format!("{:?} in the cluster {:?} is being worked on.", pool.id, operation.id);
                    Err(Problem::error("Operation conflict", detail))
                }
                None => Ok(()),
            },
        }
    }

    /// Version 0 called the region `location`.
    fn upgrade(&self, version: u64, mut raw: Json) -> Result<Json, Problem> {
        if let Some(object) = raw.as_object_mut().filter(|_| version == 0)
            && let Some(location) = object.remove("location")
        {
            object.insert("region".into(), location);
        }
        Ok(raw)
    }

    fn locks(&self, change: Change<'_>) -> Vec<Lock> {
        let id = attribute(change.object(), "id");
        id.as_str().map(|id| Lock::exclusive(format!("cluster/{id}"))).into_iter().collect()
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(match action {
            Action::Create => 600,
            Action::Read => 1,
            Action::Update => 900,
            Action::Delete => 300,
        })
    }
}
