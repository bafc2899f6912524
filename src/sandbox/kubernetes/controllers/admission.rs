//! What is done with a new object before it is kept: protections, defaults of the namespace and the cluster, limits.

use serde_json::{Value as Json, json};

use super::quantity::thousandths;
use super::quota::{self, forbidden};
use super::volume::CLASSES;
use super::work::{Of, annotation};
use crate::kubernetes::failure::Failure;
use crate::kubernetes::store::{Target, text};
use crate::world::Records;

const RANGES: Of = Of("", "limitranges");
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Completes a new object, or refuses it.
pub fn admit(records: &Records, target: &Target<'_>, object: &mut Json) -> Result<(), Failure> {
    match (&*target.kind.group, &*target.kind.plural) {
        ("", "pods") => {
            pod(object);
            limit_pod(records, target, object)?;
        }
        ("", "persistentvolumeclaims") => {
            hold(object, "kubernetes.io/pvc-protection");
            let is_named = annotation(object, "volume.beta.kubernetes.io/storage-class").is_some();
            if object["spec"]["storageClassName"].is_null()
                && !is_named
                && let Some(class) = default_class(records, target.cluster)
            {
                object["spec"]["storageClassName"] = class.into();
            }
            limit_claim(records, target, object)?;
        }
        ("", "persistentvolumes") => hold(object, "kubernetes.io/pv-protection"),
        _ => {}
    }
    quota::check(records, target, object)
}

/// Refuses a change that is not allowed, though both states are.
pub fn admit_change(records: &Records, target: &Target<'_>, before: &Json, after: &Json) -> Result<(), Failure> {
    if !target.kind.is("", "persistentvolumeclaims") || target.part.is_some() {
        return Ok(());
    }
    let size = |claim: &Json| thousandths(&claim["spec"]["resources"]["requests"]["storage"]).unwrap_or_default();
    if size(after) <= size(before) || before["status"]["phase"] != "Bound" {
        return Ok(());
    }
    let class = CLASSES.kind().record(target.cluster, None, text(before, "/spec/storageClassName"));
    let class: Json = records.get(&class).unwrap_or_default();
    if class["allowVolumeExpansion"] == true {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    Err(forbidden(target, after, why))
}

fn hold(object: &mut Json, word: &str) {
    let mut all = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    if !all.iter().any(|one| one == word) {
        all.push(word.into());
        object["metadata"]["finalizers"] = all.into();
    }
}

/// Returns the class of claims that name none: of several the newest.
fn default_class(records: &Records, cluster: &str) -> Option<String> {
    let prefix = CLASSES.kind().prefix(cluster, None);
    let classes = records.under(&prefix).filter(|(_, text)| text.contains(DEFAULT_CLASS));
    let classes = classes.filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok());
    let named = |class: &Json| {
        let age = (text(class, "/metadata/creationTimestamp").to_owned(), text(class, "/metadata/name").to_owned());
        (age, text(class, "/metadata/name").to_owned())
    };
    let defaults = classes.filter(|class| annotation(class, DEFAULT_CLASS) == Some("true"));
    defaults.map(|class| named(&class)).max().map(|(_, name)| name)
}

fn pod(object: &mut Json) {
    let spec = &mut object["spec"];
    if spec["serviceAccountName"].is_null() {
        spec["serviceAccountName"] = "default".into();
        spec["serviceAccount"] = "default".into();
    }
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |one: &Json| {
            let is_key = one["key"] == key || one["key"].is_null() && one["operator"] == "Exists";
            is_key && (one["effect"].is_null() || one["effect"] == "NoExecute")
        };
        if !tolerations.iter().any(covers) {
            tolerations
                .push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec["tolerations"] = tolerations.into();
}

/// Returns the limits of a namespace for a type of things.
fn ranges(records: &Records, target: &Target<'_>, kind: &str) -> Vec<Json> {
    let prefix = RANGES.kind().prefix(target.cluster, target.namespace);
    let all = records.under(&prefix).filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok());
    let limits = all.flat_map(|range| range["spec"]["limits"].as_array().cloned().unwrap_or_default());
    limits.filter(|limit| limit["type"] == kind).collect()
}

fn limit_pod(records: &Records, target: &Target<'_>, object: &mut Json) -> Result<(), Failure> {
    let ranges = ranges(records, target, "Container");
    if ranges.is_empty() {
        return Ok(());
    }
    for list in ["initContainers", "containers"] {
        for container in object["spec"][list].as_array_mut().into_iter().flatten() {
            for range in &ranges {
                fill(container, range);
            }
        }
    }
    let object = &*object;
    for container in object["spec"]["containers"].as_array().into_iter().flatten() {
        for range in &ranges {
            bounds(target, object, ("Container", range), &container["resources"])?;
        }
    }
    Ok(())
}

/// Gives a container what it does not say itself.
fn fill(container: &mut Json, range: &Json) {
    if !container["resources"].is_object() {
        container["resources"] = json!({});
    }
    let resources = &mut container["resources"];
    let own_limits = resources["limits"].clone();
    for (part, usual) in [("limits", "default"), ("requests", "defaultRequest")] {
        for (what, amount) in range[usual].as_object().into_iter().flatten() {
            if !resources[part].is_object() {
                resources[part] = json!({});
            }
            if resources[part][what].is_null() {
                // Who limits a thing asks for as much of it, unless it says so.
                let own = &own_limits[what];
                resources[part][what] = if part == "requests" && !own.is_null() { own.clone() } else { amount.clone() };
            }
        }
    }
}

fn bounds(target: &Target<'_>, object: &Json, (kind, range): (&str, &Json), resources: &Json) -> Result<(), Failure> {
    let written = |amount: &Json| amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
    for (what, most) in range["max"].as_object().into_iter().flatten() {
        let is =
            if resources["limits"][what].is_null() { &resources["requests"][what] } else { &resources["limits"][what] };
        if thousandths(is).is_some_and(|is| thousandths(most).is_some_and(|most| is > most)) {
            let (most, is) = (written(most), written(is));
            return Err(forbidden(
                target,
                object,
                &format!("maximum {what} usage per {kind} is {most}, but limit is {is}"),
            ));
        }
    }
    for (what, least) in range["min"].as_object().into_iter().flatten() {
        let is = &resources["requests"][what];
        if thousandths(is).is_some_and(|is| thousandths(least).is_some_and(|least| is < least)) {
            let (least, is) = (written(least), written(is));
            return Err(forbidden(
                target,
                object,
                &format!("minimum {what} usage per {kind} is {least}, but request is {is}"),
            ));
        }
    }
    Ok(())
}

fn limit_claim(records: &Records, target: &Target<'_>, object: &Json) -> Result<(), Failure> {
    for range in ranges(records, target, "PersistentVolumeClaim") {
        bounds(target, object, ("PersistentVolumeClaim", &range), &object["spec"]["resources"])?;
    }
    Ok(())
}
