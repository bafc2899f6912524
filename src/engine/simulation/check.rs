//! What must be true at every moment, and at the end: the promises of the engine, written down once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fake::{Happening, World, WorldObject};
use plan::{Action, Options, Plan};
use serde_json::Value as Json;
use state::record::Action as Intended;
use state::{Dependency, Ledger, State};
use value::{Kind, Value};

use super::machine::Wrong;
use super::model::{Model, Wanted};

/// What a plan is going to do to an object of the cloud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fate {
    action: Action,
    /// It goes only when nobody holds its id any more.
    is_last: bool,
}

/// Returns the fate of every object that a plan knows of, by id.
pub(super) fn fates(plan: &Plan, options: &Options) -> HashMap<String, Fate> {
    // What is deferred, or left out, may go on using an old object.
    let is_whole = plan.deferred.is_empty() && options.targets.is_empty() && options.excludes.is_empty();
    let fate = |change: &plan::Change| {
        let is_last = is_whole && (change.deposed.is_some() || change.action == Action::CreateThenDelete);
        Some((id_of(&change.before)?, Fate { action: change.action, is_last }))
    };
    plan.changes.iter().filter_map(fate).collect()
}

pub(super) fn id_of(object: &Value) -> Option<String> {
    let (object, _) = object.clone().unmark_deep();
    let Kind::Object(members) = object.kind() else { return None };
    members.get("id")?.as_str().map(str::to_owned)
}

/// The cloud as it followed from what happened, to check each thing that happened at its moment.
#[derive(Default)]
pub(super) struct Mirror {
    objects: BTreeMap<String, WorldObject>,
    /// What somebody else took away: a run that does not look may not know yet.
    lost: BTreeSet<String>,
}

impl Mirror {
    /// Follows what happened during a run, whose plan had these fates for the objects.
    pub(super) fn take_in(&mut self, happenings: &[Happening], fates: &HashMap<String, Fate>) -> Result<(), Wrong> {
        for happening in happenings {
            if let Some(now) = happening.at_ms {
                self.objects.retain(|_, object| !(object.deleting && object.busy_until_ms <= now));
                match &happening.after {
                    Some(after) if after.deleting => self.deletes(after, fates)?,
                    Some(after) => self.makes(after, now)?,
                    None => {}
                }
            }
            match (&happening.before, &happening.after) {
                (_, Some(after)) => self.objects.insert(after.id.clone(), after.clone()),
                (Some(before), None) => {
                    self.lost.insert(before.id.clone());
                    self.objects.remove(&before.id)
                }
                (None, None) => None,
            };
        }
        Ok(())
    }

    /// Everything that an object is made from or changed to is there, and done.
    fn makes(&self, object: &WorldObject, now: u64) -> Result<(), Wrong> {
        let is_there = |found: &WorldObject| !found.deleting && found.busy_until_ms <= now;
        for id in words(object, "ids").into_iter().filter(|id| !self.lost.contains(id)) {
            let found = self.objects.get(&id);
            let found =
                found.ok_or_else(|| format!("ORDER: {} was made from {id}, which is not there", object.name))?;
            if !is_there(found) {
                return Err(format!("ORDER: {} was made from {id}, which is being worked on", object.name));
            }
            if found.broken && found.revision == 1 {
                return Err(format!("ORDER: {} was made from {id}, which is half made", object.name));
            }
        }
        for name in words(object, "refs").into_iter().chain(words(object, "after")) {
            let is_lost = !self.lost.is_empty() && !self.objects.values().any(|found| found.name == name);
            if !is_lost && !self.objects.values().any(|found| found.name == name && is_there(found)) {
                return Err(format!("ORDER: {} was made before {name}, which it needs", object.name));
            }
        }
        Ok(())
    }

    /// Nothing goes while something that needs it is there and is about to go as well; what is deposed goes when nobody
    /// needs it at all.
    fn deletes(&self, object: &WorldObject, fates: &HashMap<String, Fate>) -> Result<(), Wrong> {
        let is_last = fates.get(&object.id).is_some_and(|fate| fate.is_last);
        for other in self.objects.values().filter(|other| other.id != object.id) {
            let holds = words(other, "ids").contains(&object.id);
            let alone = || self.objects.values().filter(|found| found.name == object.name).count() == 1;
            let needs = holds || words(other, "after").contains(&object.name) && alone();
            if !needs {
                continue;
            }
            let fate = fates.get(&other.id).map(|fate| fate.action);
            let goes = matches!(fate, Some(Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete));
            if goes {
                let (name, id) = (&object.name, &object.id);
                return Err(format!("ORDER: {name} ({id}) goes before {} ({}), which needs it", other.name, other.id));
            }
            if is_last && holds {
                let (name, id) = (&object.name, &object.id);
                return Err(format!("ORDER: {name} ({id}) goes while {} still holds its id", other.name));
            }
        }
        Ok(())
    }
}

fn words(object: &WorldObject, tag: &str) -> BTreeSet<String> {
    let text = object.attributes.get("tags").and_then(|tags| tags.get(tag)).and_then(Json::as_str);
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// A state, and what is under way, that makes sense.
pub(super) fn ledger(ledger: &Ledger) -> Result<(), Wrong> {
    let mut ids = BTreeMap::new();
    for (target, _, object) in ledger.state.objects() {
        let attributes: Json = serde_json::from_str(&object.attributes.json()).map_err(|error| error.to_string())?;
        let id = attributes.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        if id.is_empty() {
            return Err(format!("STATE: {target} has no id"));
        }
        if let Some(other) = ids.insert(id.clone(), target.clone()) {
            return Err(format!("STATE: {other} and {target} are both {id}"));
        }
    }
    for open in ledger.open.values() {
        let intent = &open.intent;
        if intent.action == Intended::Update && ledger.state.object(&intent.target).is_none() {
            return Err(format!("STATE: {} is to be changed and is not known", intent.target));
        }
    }
    Ok(())
}

/// Everything that the cloud has is in state, or is about to be made there.
pub(super) fn known(ledger: &Ledger, cloud: &World) -> Result<(), Wrong> {
    let stored = ids(&ledger.state)?;
    for object in cloud.objects().map_err(|error| error.to_string())? {
        if !stored.contains(&object.id) && !ledger.open.contains_key(object.token.as_str()) {
            return Err(format!("LOST: {} ({}) is in the cloud and nowhere else", object.name, object.id));
        }
    }
    Ok(())
}

fn ids(state: &State) -> Result<BTreeSet<String>, Wrong> {
    let id = |object: &state::Object| {
        let attributes: Json = serde_json::from_str(&object.attributes.json()).map_err(|error| error.to_string())?;
        Ok(attributes.get("id").and_then(Json::as_str).unwrap_or_default().to_owned())
    };
    state.objects().map(|(_, _, object)| id(object)).collect()
}

/// The file says what the process thinks.
pub(super) fn same(file: &Ledger, memory: &Ledger) -> Result<(), Wrong> {
    let plain = |ledger: &Ledger| {
        let mut plain = ledger.clone();
        plain.state.serial = 0;
        plain.state.lineage = "".into();
        plain
    };
    if plain(file) == plain(memory) {
        return Ok(());
    }
    Err("STATE: the file does not say what the process thinks that it does".to_owned())
}

/// After a run without faults: the cloud has what the configuration says, and state says the same.
pub(super) fn converged(model: &Model, ledger: &Ledger, cloud: &World) -> Result<(), Wrong> {
    if let Some(open) = ledger.open.values().next() {
        return Err(format!("END: the outcome of a call for {} is still not known", open.intent.target));
    }
    let wanted = model.wanted();
    let objects = cloud.objects().map_err(|error| error.to_string())?;
    let names: BTreeMap<&str, &str> = objects.iter().map(|found| (found.id.as_str(), found.name.as_str())).collect();
    let mut seen = BTreeMap::new();
    for object in &objects {
        let Some(wanted) = wanted.get(&object.name) else {
            return Err(format!("END: {} ({}) exists and should not", object.name, object.id));
        };
        if let Some(other) = seen.insert(object.name.clone(), object.id.clone()) {
            return Err(format!("END: {} exists twice, as {other} and {}", object.name, object.id));
        }
        is_as_wanted(object, wanted, &names)?;
    }
    if let Some(name) = wanted.keys().find(|name| !seen.contains_key(*name)) {
        return Err(format!("END: {name} should exist and does not"));
    }
    outputs(model, &seen, &ledger.state)?;
    stored_as_wanted((&wanted, model), &seen, &ledger.state)
}

fn is_as_wanted(object: &WorldObject, wanted: &Wanted, names: &BTreeMap<&str, &str>) -> Result<(), Wrong> {
    let size = object.attributes.get("size").and_then(Json::as_u64);
    if size != Some(wanted.size.into()) {
        return Err(format!("END: {} has the size {size:?} and not {}", object.name, wanted.size));
    }
    let region = object.attributes.get("region").and_then(Json::as_str).unwrap_or_default();
    if region.split('/').next() != Some(&format!("r{}", wanted.region)) {
        return Err(format!("END: {} is in {region} and not in r{}", object.name, wanted.region));
    }
    let mut refs = BTreeSet::new();
    for id in words(object, "ids") {
        let name = names.get(id.as_str());
        refs.insert(
            name.ok_or_else(|| format!("END: {} refers to {id}, which is not there", object.name))?.to_string(),
        );
    }
    if refs != wanted.refs {
        return Err(format!("END: {} refers to {refs:?} and not to {:?}", object.name, wanted.refs));
    }
    Ok(())
}

fn stored_as_wanted(
    (wanted, model): (&BTreeMap<String, Wanted>, &Model),
    existing: &BTreeMap<String, String>,
    state: &State,
) -> Result<(), Wrong> {
    let mut by_address = BTreeMap::new();
    for (target, _, object) in state.objects() {
        if target.deposed.is_some() {
            return Err(format!("END: {target} is still there"));
        }
        let attributes: Json = serde_json::from_str(&object.attributes.json()).map_err(|error| error.to_string())?;
        by_address.insert(target.address.to_string(), (attributes, target.address.clone(), object.clone()));
    }
    let (configured, conduits) = (model.addresses(), model.conduits());
    if by_address.len() != wanted.len() + conduits.len() {
        return Err(format!("END: state has {} objects, not {} and {conduits:?}", by_address.len(), wanted.len()));
    }
    for (name, wanted_object) in wanted {
        let address = &wanted_object.address;
        let Some((attributes, _, object)) = by_address.get(address) else {
            return Err(format!("END: {address} is not in state"));
        };
        let id = attributes.get("id").and_then(Json::as_str);
        if id != existing.get(name).map(String::as_str) {
            return Err(format!("END: {address} is {id:?} in state, and {:?} in the cloud", existing.get(name)));
        }
        for needed in wanted_object.refs.iter().chain(&wanted_object.after) {
            let Some(needed) = wanted.get(needed) else { continue };
            let Some((_, needed, _)) = by_address.get(&needed.address) else { continue };
            // Through something between them an object depends on others indirectly.
            if conduits.is_empty() && !object.dependencies.iter().any(|found: &Dependency| found.covers(needed)) {
                return Err(format!("END: state does not say that {address} depends on {needed}"));
            }
        }
        for dependency in object.dependencies.iter() {
            // A resource without instances can be depended on, and is not in state.
            let covers_one = by_address.values().any(|(_, known, _)| dependency.covers(known));
            if !covers_one && (dependency.0.key.is_some() || !configured.contains(&static_address(dependency))) {
                return Err(format!("END: {address} depends on {dependency}, which is not there"));
            }
        }
    }
    Ok(())
}

/// The output has the ids of all objects that the configuration tells of.
fn outputs(model: &Model, existing: &BTreeMap<String, String>, state: &State) -> Result<(), Wrong> {
    let value = state.outputs.get(&"ids".into()).and_then(|output| output.value.as_str()).unwrap_or_default();
    let found: BTreeSet<&str> = value.split_whitespace().collect();
    let expected: BTreeSet<&str> =
        model.shown().iter().filter_map(|name| existing.get(name)).map(String::as_str).collect();
    if found == expected {
        return Ok(());
    }
    Err(format!("END: the output is {found:?} and should be {expected:?}"))
}

/// Returns the address of the block that is depended on.
fn static_address(dependency: &Dependency) -> String {
    let resource = &dependency.0.resource;
    let modules: String = resource.module.0.iter().map(|step| format!("module.{}.", step.name)).collect();
    format!("{modules}{}", resource.resource)
}
