//! Add-ons on the way of a cluster from version to version.
//!
//! Those that would not run on the next one are brought to one that runs on both.

use std::collections::HashMap;

use aws_sdk_eks::types::ResolveConflicts;
use sdk::Problem;

use super::update::Begun;
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::managed::{Done, Work};
use crate::polling::while_passing;

/// An add-on that is in a cluster.
pub(super) struct Installed {
    pub(super) name: String,
    pub(super) version: String,
}

/// Returns the add-ons of a cluster, by name.
pub(super) async fn installed(at: &At, cluster: &str) -> Done<Vec<Installed>> {
    let client = at.eks();
    let names = client.list_addons().cluster_name(cluster).into_paginator().items().send();
    let names = names.collect::<Result<Vec<String>, _>>().await;
    let mut names = names.map_err(|error| fault(error).problem("Listing the add-ons"))?;
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let answer = client.describe_addon().cluster_name(cluster).addon_name(&name).send().await;
        match answer.map_err(fault) {
            Ok(answer) => {
                let version = answer.addon.and_then(|addon| addon.addon_version);
                found.extend(version.map(|version| Installed { name, version }));
            }
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.problem(&format!("Describing the add-on {name:?}"))),
        }
    }
    Ok(found)
}

/// Which versions of add-ons run on which versions of Kubernetes: asked once each.
#[derive(Default)]
pub(super) struct Catalogue(HashMap<(String, u32), Vec<String>>);

impl Catalogue {
    /// Returns the version that an add-on must have before the cluster leaves a version; nothing if it may stay as it is.
    pub(super) async fn on_both(&mut self, at: &At, addon: &Installed, current: u32) -> Done<Option<String>> {
        let on_next = self.versions(at, &addon.name, current + 1).await?.to_vec();
        // Of what AWS does not list it does not say where it runs either.
        if on_next.is_empty() || on_next.contains(&addon.version) {
            return Ok(None);
        }
        let now = self.versions(at, &addon.name, current).await?;
        let Some(wanted) = now.iter().find(|known| on_next.contains(known)) else {
            let detail = format!(
                "The add-on {:?} has no version that runs on both 1.{current} and 1.{}: take it away and make it again afterwards.",
                addon.name,
                current + 1
            );
            return Err(Problem::error("Add-on stands in the way", detail).at("version"));
        };
        Ok(Some(wanted.clone()))
    }

    /// Returns the versions of an add-on that run on a version of Kubernetes, the newest first.
    async fn versions(&mut self, at: &At, name: &str, minor: u32) -> Done<&[String]> {
        let key = (name.to_owned(), minor);
        if !self.0.contains_key(&key) {
            let request = at.eks().describe_addon_versions().addon_name(name).kubernetes_version(format!("1.{minor}"));
            let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
            let found = found
                .map_err(|error| fault(error).problem(&format!("Describing the versions of the add-on {name:?}")))?;
            let versions = found.into_iter().flat_map(|addon| addon.addon_versions.unwrap_or_default());
            self.0.insert(key.clone(), versions.filter_map(|version| version.addon_version).collect());
        }
        Ok(self.0.get(&key).map(Vec::as_slice).unwrap_or_default())
    }
}

/// Brings an add-on to a version, and waits until it is there; what users changed is kept.
pub(super) async fn update(work: &Work<'_>, cluster: &str, name: &str, version: &str) -> Done<()> {
    let what = format!("add-on {name}: version {version}");
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
