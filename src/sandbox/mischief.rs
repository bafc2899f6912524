//! What happens behind everyone's back: objects that others delete or change, clusters that their cloud upgrades.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value as Json, json};

use crate::clock::{real_now, rfc3339};
use crate::faults::Effect;
use crate::frame::Frame;
use crate::kubernetes::kinds;
use crate::kubernetes::store::{self, How, Target};
use crate::world::{Change, Records, WorldError};
use crate::{aws, census, kind};

/// Does to the world what a fault wants; nothing if there is nothing that it fits.
pub async fn strike(frame: &Arc<Frame>, effect: &Effect) {
    let chance = frame.faults.chance();
    let change = |change: &mut Change<'_>| {
        match effect {
            Effect::Delete(what) => {
                if let Some(record) = pick(change, what, chance) {
                    delete(change, frame, &record);
                }
            }
            Effect::Change { what, at, to } => {
                if let Some(record) = pick(change, what, chance) {
                    set(change, &record, at, to);
                }
            }
            Effect::Upgrade(name) => {
                let what = if name.is_empty() { "eks/clusters".to_owned() } else { format!("eks/clusters:{name}") };
                if let Some(record) = pick(change, &what, chance) {
                    upgrade(change, frame, &record);
                }
            }
            _ => {}
        }
        Ok::<_, WorldError>(())
    };
    // A world that is full or cannot be written says so to the request that comes next.
    let _ = frame.world.change(change).await;
}

/// Chooses a record by what a fault says: `TYPE`, or `TYPE:NAME` with the last parts of its name.
fn pick(records: &Records, what: &str, chance: u64) -> Option<String> {
    let (kind, name) = what.split_once(':').unwrap_or((what, ""));
    let is_it = |record: &str| match record.strip_suffix(name) {
        // What comes with every cluster is left alone unless it is named.
        Some(_) if name.is_empty() => !comes_with_clusters(record),
        Some(before) => before.ends_with('/'),
        None => false,
    };
    let found: Vec<&str> = records
        .under("")
        .map(|(record, _)| record)
        .filter(|record| census::kind(record).as_deref() == Some(kind) && is_it(record))
        .collect();
    let place = chance.checked_rem(found.len() as u64)?;
    found.get(place as usize).map(|record| (*record).to_owned())
}

fn comes_with_clusters(record: &str) -> bool {
    let name = record.rsplit('/').next().unwrap_or_default();
    record.starts_with("k8s/") && (name == "default" || name == "kubernetes" || name.starts_with("kube-"))
}

fn delete(change: &mut Change<'_>, frame: &Arc<Frame>, record: &str) {
    if record.starts_with("k8s/") {
        let _ = with_target(change, record, |change, target| {
            let how = someone();
            store::delete(change, target, &json!({}), &how).is_ok()
        });
        return;
    }
    let is_done = match record.split('/').collect::<Vec<_>>()[..] {
        ["aws", "eks", region, "clusters", name] => {
            aws::eks::act_as_someone(change, frame, region, (&Method::DELETE, &format!("/clusters/{name}")), Map::new())
        }
        ["aws", "eks", region, "nodegroups", cluster, name] => {
            let path = format!("/clusters/{cluster}/node-groups/{name}");
            aws::eks::act_as_someone(change, frame, region, (&Method::DELETE, &path), Map::new())
        }
        ["kind", "clusters", name] => !kind::remove(change, name).is_empty(),
        _ => false,
    };
    if !is_done && !record.starts_with("aws/eks/") {
        change.remove(record);
    }
}

fn set(change: &mut Change<'_>, record: &str, at: &str, to: &Json) {
    if record.starts_with("k8s/") {
        let _ = with_target(change, record, |change, target| {
            let Ok(before) = store::get(change, target) else { return false };
            let mut after = before.clone();
            put_at(&mut after, at, to);
            store::replace(change, target, &before, after, &someone()).is_ok()
        });
        return;
    }
    if let Some(mut object) = change.get::<Json>(record) {
        put_at(&mut object, at, to);
        change.put(record, &object);
    }
}

/// Lets the cloud begin the step to the next version, as it does when a version is at its end.
fn upgrade(change: &mut Change<'_>, frame: &Arc<Frame>, record: &str) {
    let ["aws", "eks", region, "clusters", name] = record.split('/').collect::<Vec<_>>()[..] else { return };
    let cluster: Json = change.get(record).unwrap_or_default();
    let version = cluster["version"].as_str().and_then(|version| version.strip_prefix("1."));
    let Some(minor) = version.and_then(|minor| minor.parse::<u32>().ok()) else { return };
    let body = Map::from_iter([("version".to_owned(), json!(format!("1.{}", minor + 1)))]);
    let path = format!("/clusters/{name}/updates");
    aws::eks::act_as_someone(change, frame, region, (&Method::POST, &path), body);
}

/// Puts a value at a place that a pointer names; objects on the way are made.
fn put_at(object: &mut Json, pointer: &str, value: &Json) {
    let mut place = object;
    for member in pointer.split('/').skip(1) {
        let member = member.replace("~1", "/").replace("~0", "~");
        place = match place {
            Json::Array(list) => match member.parse().ok().and_then(|index: usize| list.get_mut(index)) {
                Some(element) => element,
                None => return,
            },
            place => {
                if !place.is_object() {
                    *place = json!({});
                }
                &mut place[member]
            }
        };
    }
    *place = value.clone();
}

/// Finds the object of a cluster that a record is.
fn with_target(
    change: &mut Change<'_>,
    record: &str,
    act: impl FnOnce(&mut Change<'_>, &Target<'_>) -> bool,
) -> Option<bool> {
    let ["k8s", cluster, group, plural, namespace, name] = record.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let group = if group == "core" { "" } else { group };
    let kind = kinds::all(change, cluster).into_iter().find(|kind| kind.is(group, plural))?;
    let namespace = (namespace != kinds::NO_NAMESPACE).then_some(namespace);
    Some(act(change, &Target { cluster, kind: &kind, namespace, name, part: None }))
}

fn someone() -> How {
    How { manager: "someone-else".to_owned(), time: rfc3339(real_now()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{pick, put_at, strike};
    use crate::faults::Effect;
    use crate::kubernetes::{Cluster, create_cluster};
    use crate::world::WorldError;
    use crate::{Change, Frame, Settings};

    #[test]
    fn puts_values_where_pointers_say() {
        let mut object = json!({"a": [{"b": 1}], "c": "text"});
        for (pointer, value) in [("/a/0/b", json!(2)), ("/c/d~1e", json!(3)), ("/a/7/b", json!(4))] {
            put_at(&mut object, pointer, &value);
        }
        assert_eq!(object, json!({"a": [{"b": 2}], "c": {"d/e": 3}}));
    }

    #[tokio::test]
    async fn others_delete_and_change_what_is_named_and_spare_what_comes_with_clusters() {
        let frame = Frame::open(&Settings::default()).expect("a world");
        let cluster = Cluster { name: "a".into(), version: "1.33".into(), token: "t".into() };
        frame.world.change(|change| create_cluster(change, &cluster)).await.expect("a cluster");
        let put = |change: &mut Change<'_>| {
            change.put("aws/ec2/eu-west-1/subnets/subnet-1", &json!({"cidr": "10.0.0.0/24"}));
            Ok::<_, WorldError>(())
        };
        frame.world.change(put).await.expect("a subnet");
        let subnet = "aws/ec2/eu-west-1/subnets/subnet-1";
        let any = frame.world.look(|records| pick(records, "kubernetes/core/serviceaccounts", 1));
        assert_eq!(any, None, "those of the controllers and the default ones come with clusters");

        let set = |what: &str, at: &str| Effect::Change { what: what.into(), at: at.into(), to: json!("x") };
        strike(&frame, &set("ec2/subnets", "/cidr")).await;
        strike(&frame, &set("kubernetes/core/namespaces:default", "/metadata/labels/by")).await;
        frame.world.look(|records| {
            assert_eq!(records.get::<serde_json::Value>(subnet).expect("a record")["cidr"], "x");
            let namespace: serde_json::Value = records.get("k8s/a/core/namespaces/_/default").expect("a record");
            assert_eq!(namespace["metadata"]["labels"]["by"], "x");
        });
        strike(&frame, &Effect::Delete("ec2/subnets:subnet-2".into())).await;
        assert!(frame.world.look(|records| records.has(subnet)), "another one was named");
        strike(&frame, &Effect::Delete("ec2/subnets".into())).await;
        assert!(!frame.world.look(|records| records.has(subnet)));
    }
}
