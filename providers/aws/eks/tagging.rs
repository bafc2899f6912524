//! Tags of what EKS has: set and removed by calls of their own.

use crate::cloud::At;
use crate::fault::fault;
use crate::managed::Done;
use crate::tags::TagChanges;

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
