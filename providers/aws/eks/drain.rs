//! Pods leave the nodes of a node group that another has taken the place of.
//!
//! EKS drains nodes before it deletes them, but ends what is left after five minutes, whatever budgets say
//! (<https://docs.aws.amazon.com/eks/latest/userguide/delete-managed-node-group.html>). So pods are evicted here first, by
//! the API that obeys budgets, and for as long as the deletion may take.

use std::collections::BTreeSet;

use sdk::Problem;
use serde_json::{Value as Json, json};

use super::inside::{Asked, Inside, refusal};
use crate::managed::{Done, Work};

/// Empties the nodes of a node group. Where the cluster cannot be reached, that is left to EKS, and said.
pub(super) async fn drain(work: &Work<'_>, cluster: &str, group: &str) -> Done<()> {
    let begun = async {
        let inside = Inside::of(&work.at, cluster).await?;
        let nodes = cordon(&inside, group).await?;
        Asked::Ok((inside, nodes))
    };
    let (inside, nodes) = match begun.await {
        Ok(begun) => begun,
        Err(reason) => {
            work.warn(left_to_eks(group, &reason));
            return Ok(());
        }
    };
    let mut waiting = work.waiting();
    loop {
        let left = match evict(&inside, &nodes, Earnest::Yes).await {
            Ok(left) => left,
            // Whoever is away for a moment comes back; whoever stays away runs into the time limit.
            Err(reason) => Left { holding: BTreeSet::from([reason]), pods: 1 },
        };
        if left.pods == 0 {
            return Ok(());
        }
        let held: Vec<&str> = left.holding.iter().map(String::as_str).collect();
        let held = if held.is_empty() { String::new() } else { format!(" ({})", held.join("; ")) };
        let phase = format!("node group {group}: {} pods are to move to other nodes{held}", left.pods);
        waiting.pause(&phase).await.map_err(|problem| Problem {
            detail: format!(
                "{} The nodes stay until their pods have moved. A disruption budget that allows no eviction has to be changed first; \
                 `force_update_version = true` leaves it to EKS, which waits for five minutes.",
                problem.detail
            ),
            ..problem
        })?;
    }
}

fn left_to_eks(group: &str, reason: &str) -> Problem {
    let detail = format!(
        "The nodes of {group:?} cannot be emptied from here: {reason}. EKS drains them itself, and ends the pods that are left after \
         five minutes, whatever their disruption budgets say."
    );
    Problem::warning("Nodes are drained by EKS", detail)
}

/// Keeps new pods off the nodes of a group; returns their names.
async fn cordon(inside: &Inside<'_>, group: &str) -> Asked<Vec<String>> {
    let path = format!("/api/v1/nodes?labelSelector=eks.amazonaws.com%2Fnodegroup%3D{group}");
    let found = inside.must("GET", &path, None).await?;
    let nodes = found["items"].as_array().into_iter().flatten().filter_map(|node| node["metadata"]["name"].as_str());
    let nodes: Vec<String> = nodes.map(str::to_owned).collect();
    for node in &nodes {
        let closed = json!({"spec": {"unschedulable": true}});
        match inside.ask("PATCH", &format!("/api/v1/nodes/{node}"), Some(&closed)).await? {
            (200..300 | 404, _) => {}
            refused => return Err(refusal(&refused)),
        }
    }
    Ok(nodes)
}

/// Names the pods on nodes that may not be evicted, with what forbids it: EKS only says which nodes it gave up.
pub(super) async fn held(work: &Work<'_>, cluster: &str, nodes: &[String]) -> Asked<Vec<String>> {
    let inside = Inside::of(&work.at, cluster).await?;
    Ok(evict(&inside, nodes, Earnest::No).await?.holding.into_iter().collect())
}

/// Whether pods are to go, or it is only asked whether they might.
#[derive(Clone, Copy, PartialEq)]
enum Earnest {
    Yes,
    No,
}

/// What is left on nodes.
struct Left {
    pods: usize,
    /// What holds them there, in words of the API server.
    holding: BTreeSet<String>,
}

/// Asks the pods on nodes to go, as far as their budgets allow it.
async fn evict(inside: &Inside<'_>, nodes: &[String], earnest: Earnest) -> Asked<Left> {
    let mut left = Left { pods: 0, holding: BTreeSet::new() };
    for node in nodes {
        let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}");
        let found = inside.must("GET", &path, None).await?;
        for pod in found["items"].as_array().into_iter().flatten().filter(|pod| moves(pod)) {
            left.pods += 1;
            let metadata = &pod["metadata"];
            let (Some(namespace), Some(name)) = (metadata["namespace"].as_str(), metadata["name"].as_str()) else {
                continue;
            };
            if !metadata["deletionTimestamp"].is_null() {
                continue;
            }
            let options = if earnest == Earnest::Yes { json!({}) } else { json!({"dryRun": ["All"]}) };
            let body = json!({
                "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace},
                "deleteOptions": options,
            });
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
            match inside.ask("POST", &path, Some(&body)).await? {
                (200..300 | 404, _) => {}
                (_, answer) => {
                    // The cause names the budget.
                    let why = answer["details"]["causes"][0]["message"].as_str().or(answer["message"].as_str());
                    left.holding.insert(format!("{namespace}/{name}: {}", why.unwrap_or("it cannot be evicted")));
                }
            }
        }
    }
    Ok(left)
}

/// Tells whether a pod has to be somewhere else: not what belongs to its node, and not what has ended.
fn moves(pod: &Json) -> bool {
    let metadata = &pod["metadata"];
    let owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    let is_of_node = owners.filter(|owner| owner["controller"] == true).any(|owner| owner["kind"] == "DaemonSet")
        || !metadata["annotations"]["kubernetes.io/config.mirror"].is_null();
    !is_of_node && !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::moves;

    #[test]
    fn what_belongs_to_its_node_or_has_ended_stays() {
        let owned = |kind: &str| json!({"metadata": {"ownerReferences": [{"kind": kind, "controller": true}]}});
        assert!(moves(&owned("ReplicaSet")) && moves(&json!({})));
        assert!(!moves(&owned("DaemonSet")));
        assert!(!moves(&json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "a"}}})));
        assert!(!moves(&json!({"status": {"phase": "Succeeded"}})));
    }
}
