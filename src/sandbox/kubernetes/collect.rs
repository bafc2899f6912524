//! The end of objects: finalizers, what is owned by what is gone, and what is in a namespace that ends.

use serde_json::{Value as Json, json};

use super::addresses;
use super::failure::Stop;
use super::kinds::{self, Kind};
use super::store::{How, Target, get, put, text};
use crate::world::Change;

/// How deep chains of owners are followed: a definition, its objects, theirs, and so on.
const DEPTH_MAX: usize = 16;

/// Ends an object that is being deleted, unless something holds it back. Tells whether it is gone.
pub fn finish(change: &mut Change<'_>, target: &Target<'_>, object: &Json, how: &How) -> Result<bool, Stop> {
    finish_at(change, target, object, how, 0)
}

/// Returns the seconds that an object has for its end: pods on a node are stopped by their kubelet.
pub fn grace(kind: &Kind, object: &Json, options: &Json) -> u64 {
    let has_ended = matches!(text(object, "/status/phase"), "Succeeded" | "Failed");
    if !kind.is("", "pods") || text(object, "/spec/nodeName").is_empty() || has_ended {
        return 0;
    }
    let usual = || object["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
    options["gracePeriodSeconds"].as_u64().unwrap_or_else(usual)
}

/// Tells whether the end of an object waits for a kubelet.
fn is_running(kind: &Kind, object: &Json) -> bool {
    kind.is("", "pods") && object["metadata"]["deletionGracePeriodSeconds"].as_u64().is_some_and(|grace| grace > 0)
}

fn finish_at(
    change: &mut Change<'_>,
    target: &Target<'_>,
    object: &Json,
    how: &How,
    depth: usize,
) -> Result<bool, Stop> {
    if depth > DEPTH_MAX {
        return Ok(false);
    }
    let mut object = object.clone();
    let uid = text(&object, "/metadata/uid").to_owned();
    let has = |object: &Json, word: &str| {
        object["metadata"]["finalizers"].as_array().is_some_and(|all| all.iter().any(|one| one == word))
    };
    if has(&object, "orphan") {
        orphan(change, target.cluster, &uid);
        remove_finalizer(change, target, &mut object, "orphan");
    }
    if has(&object, "foregroundDeletion") {
        delete_owned(change, target.cluster, &uid, how, depth)?;
        if owned(change, target.cluster, &uid).is_empty() {
            remove_finalizer(change, target, &mut object, "foregroundDeletion");
        }
    }
    if !clear_content(change, target, &mut object, how, depth)? {
        return Ok(false);
    }
    if object["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty())
        || is_running(target.kind, &object)
    {
        return Ok(false);
    }
    // Whoever watches learns of the end with the version of the end.
    change.remove(&target.record());
    addresses::release(change, target, &object);
    forget(change, target.cluster, &target.record(), &object);
    delete_owned(change, target.cluster, &uid, how, depth)?;
    forget_owner(change, target.cluster, &uid);
    go_on(change, target, &object, how, depth)?;
    Ok(true)
}

/// Keeps some items of a list in the metadata; an empty list goes.
fn retain(object: &mut Json, list: &str, keeps: impl Fn(&Json) -> bool) {
    let Some(metadata) = object["metadata"].as_object_mut() else { return };
    let Some(Json::Array(items)) = metadata.get_mut(list) else { return };
    items.retain(keeps);
    if items.is_empty() {
        metadata.shift_remove(list);
    }
}

fn remove_finalizer(change: &mut Change<'_>, target: &Target<'_>, object: &mut Json, word: &str) {
    retain(object, "finalizers", |one| one != word);
    put(change, target, object);
}

/// Deletes what is in a namespace or of a defined kind; tells whether nothing is left.
fn clear_content(
    change: &mut Change<'_>,
    target: &Target<'_>,
    object: &mut Json,
    how: &How,
    depth: usize,
) -> Result<bool, Stop> {
    let content = content(change, target, object);
    if target.kind.is("", "namespaces") {
        let kept = object["spec"]["finalizers"].as_array().is_some_and(|all| all.iter().any(|one| one != "kubernetes"));
        let left = delete_all(change, target.cluster, content, how, depth)?;
        if left > 0 || kept {
            let message = format!("Some resources are remaining: {left} resource instances");
            object["status"]["conditions"] = json!([{
                "type": "NamespaceContentRemaining", "status": if left > 0 { "True" } else { "False" },
                "lastTransitionTime": how.time, "reason": "SomeResourcesRemain", "message": message,
            }]);
            put(change, target, object);
            return Ok(false);
        }
        return Ok(true);
    }
    Ok(delete_all(change, target.cluster, content, how, depth)? == 0)
}

/// Returns the records that end with an object.
fn content(change: &Change<'_>, target: &Target<'_>, object: &Json) -> Vec<String> {
    if target.kind.is("", "namespaces") {
        let inside = |name: &&str| name.split('/').nth(4) == Some(target.name);
        let prefix = kinds::cluster_prefix(target.cluster);
        return change.under(&prefix).map(|(name, _)| name).filter(inside).map(str::to_owned).collect();
    }
    if target.kind.is(kinds::DEFINITIONS.0, kinds::DEFINITIONS.1) {
        let (group, plural) = (text(object, "/spec/group"), text(object, "/spec/names/plural"));
        let prefix = kinds::prefix(target.cluster, group, plural, None);
        return change.under(&prefix).map(|(name, _)| name.to_owned()).collect();
    }
    Vec::new()
}

/// Returns the beginning of the records that say what is owned. They only help to find it: the objects themselves are asked.
pub fn owned_prefix(cluster: &str) -> String {
    format!("k8s-owned/{cluster}/")
}

fn owned_record(cluster: &str, uid: &str, record: &str) -> String {
    format!("{}{uid}/{record}", owned_prefix(cluster))
}

/// Notes who owns an object, so that it is found when an owner ends.
pub fn note_owners(change: &mut Change<'_>, cluster: &str, record: &str, object: &Json) {
    for owner in owners(object) {
        let note = owned_record(cluster, text(owner, "/uid"), record);
        if !change.has(&note) {
            change.put(&note, &0);
        }
    }
}

/// Returns the records of the objects that have an owner.
fn owned(change: &Change<'_>, cluster: &str, uid: &str) -> Vec<String> {
    if uid.is_empty() {
        return Vec::new();
    }
    let prefix = owned_record(cluster, uid, "");
    let records = change.under(&prefix).filter_map(|(note, _)| note.strip_prefix(&prefix));
    let is_owned = |record: &&str| {
        let object: Json = change.get(record).unwrap_or(Json::Null);
        owners(&object).any(|owner| owner["uid"] == uid)
    };
    records.filter(is_owned).map(str::to_owned).collect()
}

/// Forgets what was noted of an object that is gone.
fn forget(change: &mut Change<'_>, cluster: &str, record: &str, object: &Json) {
    for owner in owners(object) {
        change.remove(&owned_record(cluster, text(owner, "/uid"), record));
    }
}

/// Forgets what was noted of an owner that is gone.
fn forget_owner(change: &mut Change<'_>, cluster: &str, uid: &str) {
    let prefix = owned_record(cluster, uid, "");
    let notes: Vec<String> = change.under(&prefix).map(|(note, _)| note.to_owned()).collect();
    for note in notes {
        change.remove(&note);
    }
}

fn owners(object: &Json) -> impl Iterator<Item = &Json> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

/// Takes the owner away from what it owns.
fn orphan(change: &mut Change<'_>, cluster: &str, uid: &str) {
    for name in owned(change, cluster, uid) {
        let Some(mut object) = change.get::<Json>(&name) else { continue };
        retain(&mut object, "ownerReferences", |owner| owner["uid"] != uid);
        object["metadata"]["resourceVersion"] = change.next_revision().to_string().into();
        change.put(&name, &object);
    }
}

/// Deletes what has no other owner; what has one loses this one.
fn delete_owned(change: &mut Change<'_>, cluster: &str, uid: &str, how: &How, depth: usize) -> Result<(), Stop> {
    let all = owned(change, cluster, uid);
    let alone = |change: &Change<'_>, name: &String| {
        change.get::<Json>(name).is_some_and(|object| owners(&object).all(|owner| owner["uid"] == uid))
    };
    let (alone, shared): (Vec<String>, Vec<String>) = all.into_iter().partition(|name| alone(change, name));
    for name in shared {
        let Some(mut object) = change.get::<Json>(&name) else { continue };
        retain(&mut object, "ownerReferences", |owner| owner["uid"] != uid);
        object["metadata"]["resourceVersion"] = change.next_revision().to_string().into();
        change.put(&name, &object);
    }
    delete_all(change, cluster, alone, how, depth).map(drop)
}

/// Deletes records; returns how many are still there.
fn delete_all(
    change: &mut Change<'_>,
    cluster: &str,
    names: Vec<String>,
    how: &How,
    depth: usize,
) -> Result<usize, Stop> {
    let mut left = 0;
    for name in names {
        let Some(mut object) = change.get::<Json>(&name) else { continue };
        let Some((kind, namespace, own)) = parse(change, cluster, &name) else { continue };
        let target = Target { cluster, kind: &kind, namespace: namespace.as_deref(), name: &own, part: None };
        if object["metadata"]["deletionTimestamp"].is_null() {
            object["metadata"]["deletionTimestamp"] = how.time.clone().into();
            object["metadata"]["deletionGracePeriodSeconds"] = grace(&kind, &object, &Json::Null).into();
            put(change, &target, &mut object);
            left += usize::from(!finish_at(change, &target, &object, how, depth + 1)?);
        } else {
            left += 1;
        }
    }
    Ok(left)
}

/// Reads the name of a record.
fn parse(change: &Change<'_>, cluster: &str, record: &str) -> Option<(Kind, Option<String>, String)> {
    let mut parts = record.strip_prefix(&kinds::cluster_prefix(cluster))?.split('/');
    let (group, plural, namespace, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let group = if group == "core" { "" } else { group };
    let kind = kinds::built_in().iter().find(|kind| kind.is(group, plural)).map(|kind| Kind::clone(kind));
    let kind = kind.or_else(|| {
        let definition =
            kinds::record(cluster, kinds::DEFINITIONS.0, kinds::DEFINITIONS.1, None, &format!("{plural}.{group}"));
        super::definitions::kinds(&change.get::<Json>(&definition)?).into_iter().next()
    })?;
    let namespace = Some(namespace).filter(|namespace| *namespace != kinds::NO_NAMESPACE).map(str::to_owned);
    Some((kind, namespace, name.to_owned()))
}

/// Goes on with what waited for the end of an object: its namespace, its definition, owners that end after it.
fn go_on(change: &mut Change<'_>, target: &Target<'_>, object: &Json, how: &How, depth: usize) -> Result<(), Stop> {
    if depth > 0 {
        // Whoever deletes all of these looks itself whether something is left.
        return Ok(());
    }
    let mut waiting = Vec::new();
    if let Some(namespace) = target.namespace.filter(|_| target.kind.is_namespaced) {
        waiting.push(kinds::record(target.cluster, "", "namespaces", None, namespace));
    }
    if target.kind.custom.is_some() {
        let (group, plural) = kinds::DEFINITIONS;
        waiting.push(kinds::record(target.cluster, group, plural, None, &target.kind.qualified()));
    }
    for owner in owners(object) {
        let (group, _) = text(owner, "/apiVersion").rsplit_once('/').unwrap_or(("", ""));
        let same = |kind: &&std::sync::Arc<Kind>| kind.group == group && kind.kind == text(owner, "/kind");
        let built_in = kinds::built_in().iter().find(same).cloned();
        let kind = built_in.or_else(|| kinds::all(change, target.cluster).iter().find(same).cloned());
        waiting.extend(kind.map(|kind| kind.record(target.cluster, target.namespace, text(owner, "/name"))));
    }
    for name in waiting {
        let Some((kind, namespace, own)) = parse(change, target.cluster, &name) else { continue };
        let target =
            Target { cluster: target.cluster, kind: &kind, namespace: namespace.as_deref(), name: &own, part: None };
        let Ok(object) = get(change, &target) else { continue };
        if !object["metadata"]["deletionTimestamp"].is_null() {
            finish_at(change, &target, &object, how, 0)?;
        }
    }
    Ok(())
}
