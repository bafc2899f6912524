//! The version of a cluster: the way to a higher one goes through all between, and node groups come along.

use aws_sdk_eks::types::{AmiTypes, InsightStatusValue, Nodegroup};
use sdk::Problem;
use sdk::value::{Type, Value};

use super::rules::minor;
use super::update::Begun;
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{flag, part, text};
use crate::managed::{Done, Draft, Work};
use crate::polling::while_passing;

/// Plans a change of version: never back, and one after the other.
pub(super) async fn plan(draft: &mut Draft<'_>) {
    if !draft.changes("version") || !draft.response.requires_replace.is_empty() {
        return;
    }
    let unknown = Value::unknown(Type::String);
    let (prior, planned) = (text(&draft.request.prior, "version"), text(&draft.response.planned, "version"));
    let (Some(prior), Some(planned)) = (prior, planned) else {
        draft.set(&[("platform_version", unknown)]);
        return;
    };
    let (Some(from), Some(to)) = (minor(&prior), minor(&planned)) else { return };
    if to < from {
        let detail = format!(
            "The cluster runs {prior}, and {planned} is configured. EKS goes on to the next version by itself when support ends, and \
             Gantry does not go back: the version stays. Configure {prior}."
        );
        draft.response.problems.push(Problem::warning("Version is ahead", detail).at("version"));
        draft.set(&[("version", prior.as_str().into())]);
        if draft.response.planned == draft.request.prior {
            draft.response.requires_replace.clear();
        }
        return;
    }
    draft.set(&[("platform_version", unknown)]);
    if let Some(problem) = unheard_of(draft, &planned).await {
        draft.response.problems.push(problem);
    }
    if to > from + 1 {
        let way: Vec<String> = (from..=to).map(|minor| format!("1.{minor}")).collect();
        let detail = format!(
            "EKS goes one version at a time: {}. Before each step all node groups of the cluster are brought to the version that the \
             cluster has by then, as EKS demands, and add-ons to versions that run on the next.",
            way.join(" to ")
        );
        draft.response.problems.push(Problem::warning("Versions one after the other", detail).at("version"));
    }
}

/// Says that EKS does not have a version, if it can be asked and knows.
async fn unheard_of(draft: &Draft<'_>, version: &str) -> Option<Problem> {
    let at = At::of(draft.session.clone()?, &draft.request.prior);
    let call = at.eks().describe_cluster_versions().include_all(true);
    let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.ok()?;
    let known: Vec<&str> = found.iter().filter_map(|found| found.cluster_version.as_deref()).collect();
    if known.is_empty() || known.contains(&version) {
        return None;
    }
    let detail = format!("EKS has the versions {}, and not {version}.", known.join(", "));
    Some(Problem::error("Unknown version", detail).at("version"))
}

/// Goes from one version to another.
pub(super) async fn upgrade(work: &Work<'_>, name: &str, from: u32, to: u32) -> Done<()> {
    for next in from + 1..=to {
        bring_along(work, name, next - 1).await?;
        super::cluster_addons::bring_along(work, name, next - 1).await?;
        let what = match to - from {
            1 => format!("cluster {name}: version 1.{next}"),
            steps => format!("cluster {name}: version 1.{next} (step {} of {steps})", next - from),
        };
        work.progress.message(&what);
        let request = work
            .at
            .eks()
            .update_cluster_version()
            .name(name)
            .version(format!("1.{next}"))
            .set_force(flag(&work.planned, "force_update_version"))
            .client_request_token(format!("{}-1.{next}", work.token));
        let call = || {
            let request = request.clone();
            async move { request.send().await.map_err(fault) }
        };
        let begun = while_passing(work.waiting(), Fault::is_busy, call).await;
        let update = match begun {
            Ok(answer) => answer.update,
            Err(fault) if fault.is("InvalidStateException") => return Err(against(work, name, next, &fault).await),
            Err(fault) => return Err(fault.problem(&format!("Updating the cluster {name:?} to 1.{next}"))),
        };
        let cluster = name.to_owned();
        Begun::of(update, Begun { cluster, what, ..Begun::default() })?.finish(work).await?;
    }
    Ok(())
}

/// Says what EKS's insights have against a version.
async fn against(work: &Work<'_>, name: &str, next: u32, fault: &Fault) -> Problem {
    let mut problem = fault.problem(&format!("Updating the cluster {name:?} to 1.{next}"));
    let found = work.at.eks().list_insights().cluster_name(name).send().await;
    let found = found.ok().and_then(|answer| answer.insights).unwrap_or_default();
    let bad = found.iter().filter(|insight| {
        let status = insight.insight_status.as_ref().and_then(|status| status.status.as_ref());
        matches!(status, Some(InsightStatusValue::Error | InsightStatusValue::Warning))
    });
    for insight in bad {
        let reason = insight.insight_status.as_ref().and_then(|status| status.reason.clone()).unwrap_or_default();
        problem.detail.push_str(&format!(" {}: {reason}", insight.name.clone().unwrap_or_default()));
    }
    problem.detail.push_str(" Mend what the insights name, or set `force_update_version = true`.");
    problem
}

/// Brings the node groups that are behind to the version that the cluster has.
async fn bring_along(work: &Work<'_>, cluster: &str, current: u32) -> Done<()> {
    let client = work.at.eks();
    let version = format!("1.{current}");
    let mut under_way = Vec::new();
    for group in node_groups(work, cluster).await? {
        let Some(name) = group.nodegroup_name.clone() else { continue };
        let behind = group.version.as_deref().and_then(minor).is_some_and(|minor| minor < current);
        if !behind {
            continue;
        }
        if group.ami_type == Some(AmiTypes::Custom) {
            let detail = format!(
                "The node group {name:?} runs an image of its own for an older version than {version}, which the cluster has. Give it a \
                 launch template with an image for {version} first."
            );
            return Err(Problem::error("Node group is behind", detail));
        }
        let what = format!("node group {name}: version {version}");
        work.progress.message(&what);
        let token = format!("{}-{name}-{version}", work.token);
        let request = client.update_nodegroup_version().cluster_name(cluster).nodegroup_name(&name).version(&version);
        let request = request.client_request_token(token).set_force(flag(&work.planned, "force_update_version"));
        let call = || {
            let request = request.clone();
            async move { request.send().await.map_err(fault) }
        };
        let answer = while_passing(work.waiting(), Fault::is_busy, call).await;
        let answer =
            answer.map_err(|fault| fault.problem(&format!("Updating the node group {name:?} to {version}")))?;
        let begun = Begun { cluster: cluster.to_owned(), node_group: Some(name), what, ..Begun::default() };
        under_way.push(Begun::of(answer.update, begun)?);
    }
    for begun in under_way {
        begun.wait(work).await?;
    }
    Ok(())
}

async fn node_groups(work: &Work<'_>, cluster: &str) -> Done<Vec<Nodegroup>> {
    let client = work.at.eks();
    let names = client.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
    let names = names.collect::<Result<Vec<String>, _>>().await;
    let names = names.map_err(|error| fault(error).problem("Listing the node groups"))?;
    let mut groups = Vec::new();
    for name in names {
        let answer = client.describe_nodegroup().cluster_name(cluster).nodegroup_name(&name).send().await;
        match answer.map_err(fault) {
            Ok(answer) => groups.extend(answer.nodegroup),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.problem(&format!("Describing the node group {name:?}"))),
        }
    }
    Ok(groups)
}

/// Returns the versions that a change goes from and to; nothing if it stays.
pub(super) fn change(prior: &Value, planned: &Value) -> Option<(u32, u32)> {
    let version = |object: &Value| part(object, "version").as_str().and_then(minor);
    let (from, to) = (version(prior)?, version(planned)?);
    (to > from).then_some((from, to))
}
