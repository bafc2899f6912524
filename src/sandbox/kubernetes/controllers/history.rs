//! The templates that a StatefulSet or a DaemonSet had, numbered, so that one can go back to them.

use serde_json::{Value as Json, json};

use super::work::{self, Of, Work, sorted, template_hash};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const REVISIONS: Of = Of("apps", "controllerrevisions");

/// The template of now.
pub struct Revision {
    /// The name of its object.
    pub name: String,
    /// What stands for it in names and labels.
    pub hash: String,
}

/// Returns the revision of an object's present template, with the highest number; makes it if there is none.
pub fn current(work: &mut Work<'_, '_>, owner: &Json) -> Result<Revision, Stop> {
    let (namespace, owner_name) = work::place(owner);
    let mut template = owner["spec"]["template"].clone();
    let hash = template_hash(&template);
    template["$patch"] = "replace".into();
    let data = json!({"spec": {"template": template}});
    let mut all = work.owned(REVISIONS, &namespace, text(owner, "/metadata/uid"));
    all.sort_by_key(|one| one["revision"].as_u64());
    let last = all.last().and_then(|one| one["revision"].as_u64()).unwrap_or_default();
    let wanted = sorted(&data);
    if let Some(known) = all.iter().find(|one| sorted(&one["data"]) == wanted) {
        let revision = Revision { name: text(known, "/metadata/name").to_owned(), hash };
        if known["revision"].as_u64() != Some(last) {
            let mut after = known.clone();
            after["revision"] = (last + 1).into();
            work.update(REVISIONS, known, after)?;
        }
        return Ok(revision);
    }
    let name = format!("{owner_name}-{hash}");
    let mut labels = owner["spec"]["template"]["metadata"]["labels"].clone();
    if labels.is_object() {
        labels["controller.kubernetes.io/hash"] = hash.clone().into();
    }
    let object = json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {
            "name": name, "namespace": namespace, "labels": labels, "ownerReferences": [work::owner_reference(owner)],
        },
        "data": data, "revision": last + 1,
    });
    work.create(REVISIONS, &namespace, object)?;
    let limit = owner["spec"]["revisionHistoryLimit"].as_u64().unwrap_or(10) as usize;
    let used = text(owner, "/status/currentRevision");
    let over = all.len().saturating_sub(limit);
    for old in all.iter().take(over).filter(|old| text(old, "/metadata/name") != used) {
        work.delete(REVISIONS, &namespace, text(old, "/metadata/name"), json!({}))?;
    }
    Ok(Revision { name, hash })
}
