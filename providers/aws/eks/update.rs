//! Updates: EKS gives each an id, which is asked about until the update has ended.

use aws_sdk_eks::types::{ErrorCode, Update, UpdateStatus};
use sdk::Problem;

use super::{drain, issues};
use crate::fault::fault;
use crate::managed::{Done, Work};

/// An update that has begun.
#[derive(Clone, Default)]
pub(super) struct Begun {
    pub(super) cluster: String,
    pub(super) id: String,
    pub(super) node_group: Option<String>,
    pub(super) addon: Option<String>,
    /// What people are told, as in `logging`.
    pub(super) what: String,
}

impl Begun {
    /// Returns an update that EKS has just answered.
    pub(super) fn of(update: Option<Update>, begun: Begun) -> Done<Begun> {
        let missing = || Problem::error("No update", "EKS began an update and did not say which.");
        let id = update.and_then(|update| update.id).ok_or_else(missing)?;
        Ok(Begun { id, ..begun })
    }

    /// Stores which update it is, and waits until it has ended.
    pub(super) async fn finish(&self, work: &Work<'_>) -> Done<()> {
        work.progress.handle(&format!("update {}", self.id)).await?;
        self.wait(work).await
    }

    /// Waits until it has ended.
    pub(super) async fn wait(&self, work: &Work<'_>) -> Done<()> {
        let client = work.at.eks();
        let mut waiting = work.waiting();
        loop {
            let call = client
                .describe_update()
                .name(&self.cluster)
                .update_id(&self.id)
                .set_nodegroup_name(self.node_group.clone())
                .set_addon_name(self.addon.clone())
                .send();
            let update = match call.await.map_err(fault) {
                Ok(answer) => answer.update,
                // What has just begun is not known everywhere yet.
                Err(fault) if fault.is_not_found() => None,
                Err(fault) => return Err(fault.problem(&format!("Asking about the update {}", self.id))),
            };
            match update.as_ref().and_then(|update| update.status.as_ref()) {
                Some(UpdateStatus::Successful) => return Ok(()),
                Some(UpdateStatus::Failed | UpdateStatus::Cancelled) => return Err(self.failure(work, update).await),
                _ => waiting.pause(&self.what).await?,
            }
        }
    }

    async fn failure(&self, work: &Work<'_>, update: Option<Update>) -> Problem {
        let errors = update.and_then(|update| update.errors).unwrap_or_default();
        let blocked = errors.iter().filter(|error| error.error_code == Some(ErrorCode::PodEvictionFailure));
        let nodes: Vec<String> = blocked.flat_map(|error| error.resource_ids.clone().unwrap_or_default()).collect();
        let found = errors.into_iter().map(|error| {
            (error.error_code.map(|code| code.to_string()), error.error_message, error.resource_ids.unwrap_or_default())
        });
        let text = issues(found);
        let mut detail = format!("{}: EKS gave up the update {}.{text}", self.what, self.id);
        if !nodes.is_empty() {
            match drain::held(work, &self.cluster, &nodes).await {
                Ok(held) => detail.push_str(&format!(" Pods that may not be evicted: {}.", held.join("; "))),
                Err(reason) => detail.push_str(&format!(" Which pods hold them cannot be seen from here: {reason}.")),
            }
            detail.push_str(
                " EKS asks the pods of a node to go for 15 minutes, and ends none that a disruption budget protects. Let the budget \
                 allow an eviction, or run more replicas, and apply again: nodes that are replaced already stay. With \
                 `force_update_version = true` EKS ends such pods when the 15 minutes are over.",
            );
        }
        Problem::error("Update failed", detail)
    }
}
