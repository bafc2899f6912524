//! Add-ons on the way of a cluster from version to version.
//!
//! Those that would not run on the next one are brought to one that runs on both.

use aws_sdk_eks::types::ResolveConflicts;
use sdk::Problem;

use super::update::Begun;
use crate::fault::{Fault, fault};
use crate::managed::{Done, Work};
use crate::polling::while_passing;

/// Brings the add-ons of a cluster to versions that run on the next version of Kubernetes.
pub(super) async fn bring_along(work: &Work<'_>, cluster: &str, current: u32) -> Done<()> {
    let client = work.at.eks();
    let names = client.list_addons().cluster_name(cluster).into_paginator().items().send();
    let names = names.collect::<Result<Vec<String>, _>>().await;
    for name in names.map_err(|error| fault(error).problem("Listing the add-ons"))? {
        let answer = client.describe_addon().cluster_name(cluster).addon_name(&name).send().await;
        let version = match answer.map_err(fault) {
            Ok(answer) => answer.addon.and_then(|addon| addon.addon_version),
            Err(fault) if fault.is_not_found() => None,
            Err(fault) => return Err(fault.problem(&format!("Describing the add-on {name:?}"))),
        };
        let Some(version) = version else { continue };
        let on_next = versions(work, &name, current + 1).await?;
        // Of what AWS does not list it does not say where it runs either.
        if on_next.is_empty() || on_next.contains(&version) {
            continue;
        }
        let on_both = versions(work, &name, current).await?.into_iter().find(|known| on_next.contains(known));
        let Some(wanted) = on_both else {
            let detail = format!(
                "The add-on {name:?} has no version that runs on both 1.{current} and 1.{}: take it away and make it again \
                 afterwards, or set `force_update_version = true`.",
                current + 1
            );
            return Err(Problem::error("Add-on stands in the way", detail));
        };
        update(work, cluster, &name, &wanted).await?;
    }
    Ok(())
}

/// Returns the versions of an add-on that run on a version of Kubernetes, the newest first.
async fn versions(work: &Work<'_>, name: &str, minor: u32) -> Done<Vec<String>> {
    let request = work.at.eks().describe_addon_versions().addon_name(name).kubernetes_version(format!("1.{minor}"));
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found =
        found.map_err(|error| fault(error).problem(&format!("Describing the versions of the add-on {name:?}")))?;
    let versions = found.into_iter().flat_map(|addon| addon.addon_versions.unwrap_or_default());
    Ok(versions.filter_map(|version| version.addon_version).collect())
}

async fn update(work: &Work<'_>, cluster: &str, name: &str, version: &str) -> Done<()> {
    let what = format!("add-on {name}: version {version}");
    work.progress.message(&what);
    let request = work.at.eks().update_addon().cluster_name(cluster).addon_name(name).addon_version(version);
    let request = request
        .resolve_conflicts(ResolveConflicts::Preserve)
        .client_request_token(format!("{}-{name}-{version}", work.token));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let answer = while_passing(work.waiting(), Fault::is_busy, call).await;
    let answer = answer.map_err(|fault| fault.problem(&format!("Updating the add-on {name:?} to {version}")))?;
    let begun = Begun { cluster: cluster.to_owned(), addon: Some(name.to_owned()), what, ..Begun::default() };
    Begun::of(answer.update, begun)?.wait(work).await
}
