//! `fake_node_pool`: something inside of a cluster.

use std::time::Duration;

use sdk::schema::{Attribute, Block, ObjectNesting, Schema};
use sdk::value::{Type, Value};
use sdk::{Action, Change, Lock, Problem, attribute, nested};

use crate::managed::{Facts, Operation, Special, text};
use crate::rules;
use crate::world::State;

/// The size of a disk unless the configuration says.
const DISK_GB: i64 = 20;

/// The resource type.
pub(crate) struct FakeNodePool;

impl Special for FakeNodePool {
    const NAME: &'static str = "fake_node_pool";
    const REPLACES: &'static [&'static str] = &["cluster_id", "name", "disk_gb"];

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
    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value> {
        Some(match attribute {
            "id" => facts.id.into(),
            "nodes" => Value::number(1),
            "disk_gb" => Value::number(DISK_GB),
            "taints.effect" => "NoSchedule".into(),
            "status" => "active".into(),
            _ => return None,
        })
    }

    /// As in real clouds, one operation at a time in a cluster.
    fn allows(&self, state: &State, operation: &Operation<'_>) -> Result<(), Problem> {
        let cluster_id = text(operation.attributes, "cluster_id");
        let Some(cluster) = state.objects.get(&cluster_id) else {
            let detail = format!("There is no cluster {cluster_id:?}.");
            return Err(Problem::error("Cluster not found", detail).at("cluster_id"));
        };
        let beside = state.objects.values().filter(|pool| text(&pool.attributes, "cluster_id") == cluster_id);
        let busy = |id: &&str, until: u64| *id != operation.id && until > operation.now_ms;
        let mut all = beside.chain([cluster]).map(|object| (object.id.as_str(), object.busy_until_ms));
        match all.find(|(id, until)| busy(id, *until)) {
            Some((id, _)) => {
                let detail = format!("{id:?} is being worked on, and {cluster_id:?} allows one operation at a time.");
                Err(Problem::error("Operation conflict", detail))
            }
            None => Ok(()),
        }
    }

    fn locks(&self, change: Change<'_>) -> Vec<Lock> {
        let cluster_id = attribute(change.object(), "cluster_id");
        cluster_id.as_str().map(|id| Lock::exclusive(format!("cluster/{id}"))).into_iter().collect()
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(match action {
            Action::Create => 180,
            Action::Read => 1,
            Action::Update => 120,
            Action::Delete => 150,
        })
    }
}
