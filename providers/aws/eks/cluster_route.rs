//! The way of a cluster to a higher version: one list, which the plan shows and the update goes along.
//!
//! EKS goes one version at a time. Before each, all node groups have the version that the control plane has by then, as EKS
//! demands, and all add-ons one that runs on both: so nodes are never behind by more than one, and never ahead.

use aws_sdk_eks::types::{AmiTypes, Nodegroup};
use sdk::{Disruption, OutlookStep, Problem};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::cluster_addons::Catalogue;
use super::rules::minor;
use super::update::Begun;
use super::{cluster_addons, cluster_version};
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::flag;
use crate::managed::{Done, Work};
use crate::polling::while_passing;

/// How long EKS usually takes to replace the nodes of a group.
pub(super) const ROLL: Duration = Duration::from_secs(10 * 60);
/// And for a version of a control plane, and for an add-on.
const CONTROL_PLANE: Duration = Duration::from_secs(12 * 60);
const ADDON: Duration = Duration::from_secs(60);

/// A part of the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "leg", rename_all = "snake_case")]
pub(super) enum Leg {
    /// The nodes of a group are replaced by some of the version that the control plane has by then.
    NodeGroup { name: String, from: u32, to: u32 },
    /// An add-on is brought to a version that runs on the control plane's next version, too.
    Addon { name: String, from: String, to: String },
    /// The control plane goes to the next version.
    ControlPlane { from: u32, to: u32 },
}

impl Leg {
    /// Says what it is.
    pub(super) fn title(&self) -> String {
        match self {
            Leg::NodeGroup { name, from, to } => format!("node group {name} 1.{from} -> 1.{to}"),
            Leg::Addon { name, from, to } => format!("add-on {name} {from} -> {to}"),
            Leg::ControlPlane { from, to } => format!("control plane 1.{from} -> 1.{to}"),
        }
    }

    fn is_node_group(&self) -> bool {
        matches!(self, Leg::NodeGroup { .. })
    }
}

/// Says of each part of a way how long it takes, and whom it disturbs.
pub(super) fn outlook(legs: &[Leg]) -> Vec<OutlookStep> {
    let mut was_node_group = false;
    let step = |leg: &Leg| {
        let (typical, disruption) = match leg {
            // Groups one after the other in the list go at the same time.
            Leg::NodeGroup { .. } if was_node_group => (Duration::ZERO, Disruption::Rolling),
            Leg::NodeGroup { .. } => (ROLL, Disruption::Rolling),
            Leg::Addon { .. } => (ADDON, Disruption::Rolling),
            Leg::ControlPlane { .. } => (CONTROL_PLANE, Disruption::None),
        };
        was_node_group = leg.is_node_group();
        OutlookStep::new(leg.title(), typical).disrupting(disruption)
    };
    legs.iter().map(step).collect()
}

/// Finds the way from one version to another, from what is in the cluster.
pub(super) async fn find(at: &At, cluster: &str, (from, to): (u32, u32)) -> Done<Vec<Leg>> {
    let mut groups = node_groups(at, cluster).await?;
    let mut addons = cluster_addons::installed(at, cluster).await?;
    let mut catalogue = Catalogue::default();
    let mut legs = Vec::new();
    for current in from..to {
        for group in groups.iter_mut().filter(|group| group.minor < current) {
            if group.has_own_image {
                return Err(behind(&group.name, current));
            }
            legs.push(Leg::NodeGroup { name: group.name.clone(), from: group.minor, to: current });
            group.minor = current;
        }
        for addon in &mut addons {
            if let Some(wanted) = catalogue.on_both(at, addon, current).await? {
                legs.push(Leg::Addon { name: addon.name.clone(), from: addon.version.clone(), to: wanted.clone() });
                addon.version = wanted;
            }
        }
        legs.push(Leg::ControlPlane { from: current, to: current + 1 });
    }
    Ok(legs)
}

/// Writes a way down, to be passed from the plan to the update.
pub(super) fn write(legs: &[Leg]) -> Vec<u8> {
    serde_json::to_vec(legs).unwrap_or_default()
}

/// Reads what was passed from the plan.
pub(super) fn read(private: &[u8]) -> Vec<Leg> {
    serde_json::from_slice(private).unwrap_or_default()
}

/// Goes along a way.
pub(super) async fn go(work: &Work<'_>, cluster: &str, legs: &[Leg]) -> Done<()> {
    let mut done = 0;
    // Node groups do not wait for each other.
    for together in legs.chunk_by(|one, other| one.is_node_group() && other.is_node_group()) {
        let mut under_way = Vec::new();
        for leg in together {
            done += 1;
            work.begin_step();
            work.progress.message(&format!("step {done} of {}: {}", legs.len(), leg.title()));
            match leg {
                Leg::ControlPlane { to, .. } => cluster_version::raise(work, cluster, *to).await?,
                Leg::Addon { name, to, .. } => cluster_addons::update(work, cluster, name, to).await?,
                Leg::NodeGroup { name, to, .. } => under_way.push(roll(work, cluster, name, *to).await?),
            }
        }
        for begun in under_way {
            begun.wait(work).await?;
        }
    }
    Ok(())
}

/// Begins to replace the nodes of a group.
async fn roll(work: &Work<'_>, cluster: &str, name: &str, to: u32) -> Done<Begun> {
    let version = format!("1.{to}");
    let what = format!("node group {name}: version {version}");
    let token = format!("{}-{name}-{version}", work.token);
    let client = work.at.eks();
    let request = client.update_nodegroup_version().cluster_name(cluster).nodegroup_name(name).version(&version);
    let request = request.client_request_token(token).set_force(flag(&work.planned, "force_update_version"));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let answer = while_passing(work.waiting(), Fault::is_busy, call).await;
    let answer = answer.map_err(|fault| fault.problem(&format!("Updating the node group {name:?} to {version}")))?;
    let begun = Begun { cluster: cluster.to_owned(), node_group: Some(name.to_owned()), what, ..Begun::default() };
    Begun::of(answer.update, begun)
}

/// A node group, as far as it matters for the way.
struct Group {
    name: String,
    minor: u32,
    has_own_image: bool,
}

async fn node_groups(at: &At, cluster: &str) -> Done<Vec<Group>> {
    let client = at.eks();
    let names = client.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
    let names = names.collect::<Result<Vec<String>, _>>().await;
    let mut names = names.map_err(|error| fault(error).problem("Listing the node groups"))?;
    names.sort();
    let read = |group: Nodegroup| {
        let has_own_image = group.ami_type == Some(AmiTypes::Custom);
        Some(Group { name: group.nodegroup_name?, minor: minor(&group.version?)?, has_own_image })
    };
    let mut groups = Vec::new();
    for name in names {
        let answer = client.describe_nodegroup().cluster_name(cluster).nodegroup_name(&name).send().await;
        match answer.map_err(fault) {
            Ok(answer) => groups.extend(answer.nodegroup.and_then(read)),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.problem(&format!("Describing the node group {name:?}"))),
        }
    }
    Ok(groups)
}

fn behind(name: &str, current: u32) -> Problem {
    let detail = format!(
        "The node group {name:?} runs an image of its own for an older version than 1.{current}, and EKS does not take the control \
         plane further before it has come along. Give it a launch template with an image for 1.{current} first."
    );
    Problem::error("Node group is behind", detail).at("version")
}

#[cfg(test)]
mod tests {
    use super::{Leg, outlook, read, write};

    #[test]
    fn what_the_plan_passes_on_is_what_the_update_gets() {
        let legs = vec![
            Leg::NodeGroup { name: "work".into(), from: 34, to: 35 },
            Leg::Addon { name: "coredns".into(), from: "v1".into(), to: "v2".into() },
            Leg::ControlPlane { from: 35, to: 36 },
        ];
        assert_eq!(read(&write(&legs)), legs);
        assert_eq!(read(b""), vec![]);
    }

    #[test]
    fn node_groups_go_at_the_same_time() {
        let group = |name: &str| Leg::NodeGroup { name: name.into(), from: 34, to: 35 };
        let steps = outlook(&[group("a"), group("b"), Leg::ControlPlane { from: 35, to: 36 }, group("a")]);
        let minutes: Vec<u64> = steps.iter().map(|step| step.typical.as_secs() / 60).collect();
        assert_eq!(minutes, [10, 0, 12, 10]);
        assert_eq!(steps[0].title, "node group a 1.34 -> 1.35");
    }
}
