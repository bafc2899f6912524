//! What there is in a world: objects counted by their types, the books that services keep left out.

use std::collections::BTreeMap;

use crate::aws::ec2::inside;
use crate::world::Records;

/// Kinds of records of clouds that are no objects: what calls remember, and what comes with an account.
const BOOKS: &[&str] = &["tokens", "updates", "keys", "counters", "kubernetes", "taken"];

/// Counts the objects of a world by type: `eks/clusters`, `kubernetes/apps/deployments`.
pub fn objects(records: &Records) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (name, text) in records.under("") {
        // Default VPCs come with an account; what is terminated is still described for an hour.
        let is_aside = name.starts_with("aws/ec2/") && !inside::is_there(text);
        if let Some(kind) = kind(name).filter(|_| !is_aside) {
            *counts.entry(kind).or_default() += 1;
        }
    }
    counts
}

/// Returns the type of an object by the name of its record; nothing if it is none.
pub fn kind(name: &str) -> Option<String> {
    let mut parts = name.split('/');
    match parts.next()? {
        "aws" => {
            let (service, _region, kind) = (parts.next()?, parts.next()?, parts.next()?);
            parts.next()?;
            (!BOOKS.contains(&service) && !BOOKS.contains(&kind)).then(|| format!("{service}/{kind}"))
        }
        "k8s" => {
            let (_cluster, group, resource) = (parts.next()?, parts.next()?, parts.next()?);
            parts.next()?;
            Some(format!("kubernetes/{group}/{resource}"))
        }
        "kind" => parts.next().map(|kind| format!("kind/{kind}")),
        "k8s-clusters" => Some("kubernetes/clusters".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn knows_objects_from_books() {
        for (name, expected) in [
            ("aws/eks/eu-west-1/clusters/lake", Some("eks/clusters")),
            ("aws/eks/eu-west-1/tokens/1", None),
            ("aws/keys/ASIA1", None),
            ("k8s/lake/apps/deployments/default/web", Some("kubernetes/apps/deployments")),
            ("k8s-clusters/lake", Some("kubernetes/clusters")),
            ("kind/clusters/dev", Some("kind/clusters")),
            ("frame/clock", None),
        ] {
            assert_eq!(kind(name).as_deref(), expected, "{name}");
        }
    }
}
