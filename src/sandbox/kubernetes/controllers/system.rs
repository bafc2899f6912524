//! What runs in a cluster by its cloud's own doing: network, names, drivers.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::work::{Work, hash, set_metadata};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::kinds;
use crate::kubernetes::store::{self, How, Target, text};

/// The controller of what the cloud runs in a cluster.
pub struct System;

impl Controller for System {
    fn name(&self) -> &'static str {
        "system"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn concerns(&self, _event: &Event<'_>, _index: &Index, _keys: &mut Vec<Named>) {}

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let Some(cloud) = work.cloud else { return Ok(()) };
        let wanted = cloud.workloads(work.change, work.cluster());
        let noted = work.notes("system", "", "made");
        let made: BTreeMap<String, u64> = serde_json::from_value(noted).unwrap_or_default();
        let mut now: BTreeMap<String, u64> = BTreeMap::new();
        for object in wanted {
            let id = id(&object);
            let own = hash(&object.to_string());
            // What someone takes away afterwards stays away, until the cloud has another version of it.
            if made.get(&id) != Some(&own) {
                write(work, object)?;
            }
            now.insert(id, own);
        }
        for gone in made.keys().filter(|id| !now.contains_key(*id)) {
            remove(work, gone)?;
        }
        if now != made {
            work.keep_about("system", "", "made", &json!(now));
        }
        Ok(())
    }
}

/// Returns an object's group and version, kind, namespace and name in one.
fn id(object: &Json) -> String {
    let word = |path: &str| text(object, path);
    [word("/apiVersion"), word("/kind"), word("/metadata/namespace"), word("/metadata/name")].join(" ")
}

fn kind_of(api_version: &str, kind: &str) -> Option<&'static kinds::Kind> {
    kinds::built_in().iter().find(|known| known.kind == kind && known.api_version() == api_version).map(|kind| &**kind)
}

fn how(work: &Work<'_, '_>) -> How {
    How { manager: work.cloud.map_or("", |cloud| cloud.name()).to_owned(), time: work.stamp() }
}

fn write(work: &mut Work<'_, '_>, mut object: Json) -> Result<(), Stop> {
    let (namespace, name) = super::work::place(&object);
    let Some(kind) = kind_of(text(&object, "/apiVersion"), text(&object, "/kind")) else { return Ok(()) };
    let namespace = Some(&*namespace).filter(|_| kind.is_namespaced);
    let target = Target { cluster: work.cluster(), kind, namespace, name: &name, part: None };
    let how = how(work);
    match store::get(work.change, &target) {
        Ok(before) => {
            let mut after = before.clone();
            for (member, value) in object.as_object_mut().into_iter().flatten() {
                if member != "metadata" {
                    after[member.as_str()] = value.clone();
                }
            }
            for part in ["labels", "annotations"] {
                for (key, value) in object["metadata"][part].as_object().into_iter().flatten() {
                    set_metadata(&mut after, part, key, value.clone());
                }
            }
            store::replace(work.change, &target, &before, after, &how).map(drop)
        }
        Err(_) => store::create(work.change, &target, object, &how).map(drop),
    }
}

fn remove(work: &mut Work<'_, '_>, id: &str) -> Result<(), Stop> {
    let words: Vec<&str> = id.split(' ').collect();
    let [api_version, kind, namespace, name] = words[..] else { return Ok(()) };
    let Some(kind) = kind_of(api_version, kind) else { return Ok(()) };
    let namespace = Some(namespace).filter(|_| kind.is_namespaced);
    let target = Target { cluster: work.cluster(), kind, namespace, name, part: None };
    let how = how(work);
    match store::delete(work.change, &target, &json!({}), &how) {
        Err(Stop::Failure(failure)) if failure.code == 404 => Ok(()),
        other => other.map(drop),
    }
}
