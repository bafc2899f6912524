//! What must be true at every moment, and at the end: the promises of the engine, written down once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use addr::AbsInstance;
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
    /// It goes with its room, without a call.
    goes_along: bool,
    /// The stage of the apply in which all this was known.
    stage: usize,
}

/// Returns the fate of every object that a plan knows of, by id.
pub(super) fn fates(plan: &Plan, options: &Options, stage: usize) -> HashMap<String, Fate> {
    // What is left out may go on using an old object.
    let is_whole = options.targets.is_empty() && options.excludes.is_empty();
    let fate = |change: &plan::Change| {
        let is_last = is_whole && (change.deposed.is_some() || change.action == Action::CreateThenDelete);
        let goes_along = change.goes_with().is_some();
        Some((id_of(&change.before)?, Fate { action: change.action, is_last, goes_along, stage }))
    };
    plan.changes.iter().filter_map(fate).collect()
}

/// What goes with what, by their addresses.
pub(super) type Along = Vec<(AbsInstance, AbsInstance)>;

/// Returns what goes along with something that a plan deletes.
pub(super) fn along(plan: &Plan) -> Along {
    let deleted = plan.changes.iter().filter(|change| change.action == Action::Delete && change.deposed.is_none());
    let deleted: HashSet<&AbsInstance> = deleted.map(|change| &change.address).collect();
    let along = plan.changes.iter().filter_map(|change| Some((change.address.clone(), change.goes_with()?.clone())));
    along.filter(|(_, room)| deleted.contains(room)).collect()
}

/// What goes along is known exactly as long as what it goes with: one record ends both.
pub(super) fn gone_together(ledger: &Ledger, along: &Along) -> Result<(), Wrong> {
    let is_known = |address: &AbsInstance| ledger.state.instance(address).is_some_and(|known| known.current.is_some());
    match along.iter().find(|(thing, room)| is_known(thing) != is_known(room)) {
        None => Ok(()),
        Some((thing, room)) if is_known(room) => Err(format!("STATE: {thing} is gone, and {room} not yet")),
        Some((thing, room)) => Err(format!("STATE: {thing} is still there, and {room} is gone")),
    }
}

/// Returns the last stage of which fates are known.
pub(super) fn last_stage(fates: &HashMap<String, Fate>) -> usize {
    fates.values().map(|fate| fate.stage).max().unwrap_or_default()
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
                let has_gone = |object: &WorldObject| object.deleting && object.busy_until_ms <= now;
                let gone: Vec<String> =
                    self.objects.values().filter(|object| has_gone(object)).map(|object| object.id.clone()).collect();
                gone.iter().for_each(|id| self.take_away(id));
                match &happening.after {
                    Some(after) if after.deleting => self.deletes(after, fates)?,
                    Some(after) => self.makes(after, now)?,
                    None => {}
                }
            }
            match (&happening.before, &happening.after) {
                (_, Some(after)) => self.objects.insert(after.id.clone(), after.clone()),
                (Some(before), None) => {
                    let things: Vec<String> = self.inside(&before.id).map(|thing| thing.id.clone()).collect();
                    self.lost.extend(things.into_iter().chain([before.id.clone()]));
                    self.take_away(&before.id);
                    None
                }
                (None, None) => None,
            };
        }
        Ok(())
    }

    fn inside(&self, room: &str) -> impl Iterator<Item = &WorldObject> {
        self.objects.values().filter(move |object| object.room() == Some(room))
    }

    /// Takes an object away, and what is in it.
    fn take_away(&mut self, id: &str) {
        self.objects.retain(|known, object| known != id && object.room() != Some(id));
    }

    /// Everything that an object is made from or changed to is there, and done.
    fn makes(&self, object: &WorldObject, now: u64) -> Result<(), Wrong> {
        let is_there = |found: &WorldObject| !found.deleting && found.busy_until_ms <= now;
        let ids = words(object, "ids").into_iter().chain(object.room().map(str::to_owned));
        for id in ids.filter(|id| !self.lost.contains(id)) {
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
        let fate_of = |object: &WorldObject| fates.get(&object.id);
        if fate_of(object).is_some_and(|fate| fate.goes_along) {
            return Err(format!("ORDER: {} is deleted although it goes with its room", object.name));
        }
        // What is made anew cannot wait for what only a later stage finds out; what just goes can.
        let made_anew = fate_of(object).filter(|fate| fate.action != Action::Delete);
        let stage_max = made_anew.map_or(usize::MAX, |fate| fate.stage);
        for thing in self.inside(&object.id) {
            let fate = fate_of(thing).filter(|fate| fate.action == Action::Delete);
            if fate.is_some_and(|fate| !fate.goes_along) {
                return Err(format!("ORDER: {} goes with {} that should go first", thing.name, object.name));
            }
            // What needs a thing that goes now has no other moment.
            let rest = self.objects.values().filter(|other| other.room() != Some(&object.id));
            self.is_unused(thing, rest, (fates, stage_max))?;
        }
        let others = self.objects.values().filter(|other| other.room() != Some(&object.id));
        self.is_unused(object, others, (fates, stage_max))
    }

    /// Tells whether an object may go, for all that some others need it that go in a stage until the last one that counts.
    fn is_unused<'m>(
        &self,
        object: &WorldObject,
        others: impl Iterator<Item = &'m WorldObject>,
        (fates, stage_max): (&HashMap<String, Fate>, usize),
    ) -> Result<(), Wrong> {
        let is_last = fates.get(&object.id).is_some_and(|fate| fate.is_last);
        for other in others.filter(|other| other.id != object.id) {
            let holds = words(other, "ids").contains(&object.id);
            let alone = || self.objects.values().filter(|found| found.name == object.name).count() == 1;
            let needs = holds || words(other, "after").contains(&object.name) && alone();
            if !needs {
                continue;
            }
            // What goes with its room holds up nothing: the room may need what it needs to go first.
            let fate = fates.get(&other.id).filter(|fate| !fate.goes_along && fate.stage <= stage_max);
            let fate = fate.map(|fate| fate.action);
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

/// Everything that the cloud has is in state, or is about to be made there, or goes with a room that was set aside.
pub(super) fn known(ledger: &Ledger, cloud: &World) -> Result<(), Wrong> {
    let stored = ids(&ledger.state)?;
    let aside = |room: &str| {
        let aside = ledger.state.objects().filter(|(target, ..)| target.deposed.is_some());
        aside.into_iter().any(|(.., object)| object.attributes.json().contains(&format!("\"{room}\"")))
    };
    for object in cloud.objects().map_err(|error| error.to_string())? {
        if object.room().is_some_and(aside) {
            continue;
        }
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
    let room = object.room().and_then(|room| names.get(room)).map(ToString::to_string);
    if room != wanted.room {
        return Err(format!("END: {} is in {room:?} and not in {:?}", object.name, wanted.room));
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
