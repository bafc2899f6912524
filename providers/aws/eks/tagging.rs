//! Tags of what EKS has: set and removed by calls of their own.

use crate::cloud::At;
use crate::fault::fault;
use crate::fields::text;
use crate::managed::{Done, Work};
use crate::tags::{self, TagChanges};

/// Changes the tags of an object as planned; `arn` names the attribute that says where it is.
pub(super) async fn follow(work: &Work<'_>, arn: &str) -> Done<()> {
    match tags::changes(&work.prior, &work.planned) {
        Some(changes) => change(&work.at, &text(&work.planned, arn).unwrap_or_default(), &changes).await,
        None => Ok(()),
    }
}

/// Changes the tags of what has an ARN.
pub(super) async fn change(at: &At, arn: &str, changes: &TagChanges) -> Done<()> {
    let client = at.eks();
    let doing = format!("Changing the tags of {arn}");
    if !changes.remove.is_empty() {
        let call = client.untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove.clone()));
        call.send().await.map_err(|error| fault(error).problem(&doing))?;
    }
    if !changes.set.is_empty() {
        let set = changes.set.clone().into_iter().collect();
        let call = client.tag_resource().resource_arn(arn).set_tags(Some(set));
        call.send().await.map_err(|error| fault(error).problem(&doing))?;
    }
    Ok(())
}
