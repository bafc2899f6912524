//! Who wrote which fields of an object: managed fields, and server-side apply.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::failure::{Failure, Stop};
use super::kinds::Kind;
use super::schema::{self, Form, Schema};
use super::store::{How, Target};

/// Fields, as a tree: `f:spec` and so on, each with what is under it. A field that is meant itself has the mark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    is_meant: bool,
    under: BTreeMap<String, Fields>,
}

/// How deep objects are followed.
const DEPTH_MAX: usize = 64;

impl Fields {
    /// Returns the fields of an object, without what says whose object it is.
    pub fn of(object: &Json, kind: &Kind) -> Fields {
        let schema = Schema::of(kind);
        let mut fields = Fields::default();
        for (name, value) in object.as_object().into_iter().flatten() {
            let part = match (&**name, value.as_object()) {
                ("apiVersion" | "kind", _) => continue,
                ("metadata", Some(metadata)) => {
                    let ours = ["labels", "annotations", "finalizers", "ownerReferences"];
                    let own = metadata.iter().filter(|(name, _)| ours.contains(&name.as_str()));
                    let schema = schema.member("metadata");
                    let part = |(name, value): (&String, &Json)| {
                        (format!("f:{name}"), Fields::of_value(value, schema.member(name), DEPTH_MAX))
                    };
                    Fields { is_meant: false, under: own.map(part).collect() }
                }
                _ => Fields::of_value(value, schema.member(name), DEPTH_MAX),
            };
            fields.under.insert(format!("f:{name}"), part);
        }
        fields.under.retain(|_, part| part.is_meant || !part.under.is_empty());
        fields
    }

    fn of_value(value: &Json, schema: Schema<'_>, depth: usize) -> Fields {
        let meant = Fields { is_meant: true, under: BTreeMap::new() };
        if depth == 0 {
            return meant;
        }
        match (value, schema.form(value)) {
            (Json::Object(members), Form::Members) if !members.is_empty() => {
                let part = |(name, value): (&String, &Json)| {
                    (format!("f:{name}"), Fields::of_value(value, schema.member(name), depth - 1))
                };
                Fields { is_meant: false, under: members.iter().map(part).collect() }
            }
            (Json::Array(items), Form::Keyed(keys)) if !items.is_empty() => {
                let part = |item: &Json| {
                    let mut part = Fields::of_value(item, schema.item(), depth - 1);
                    part.is_meant = true;
                    (format!("k:{}", schema::key_of(item, &keys)), part)
                };
                Fields { is_meant: false, under: items.iter().map(part).collect() }
            }
            (Json::Array(items), Form::Set) if !items.is_empty() => {
                let items = items.iter().map(|item| (format!("v:{item}"), meant.clone()));
                Fields { is_meant: false, under: items.collect() }
            }
            _ => meant,
        }
    }

    /// Reads them as objects have them.
    pub fn read(text: &Json) -> Fields {
        let mut fields = Fields::default();
        let members: Vec<(&String, &Json)> = text.as_object().into_iter().flatten().collect();
        fields.is_meant = members.is_empty();
        for (name, under) in members {
            if name == "." {
                fields.is_meant = true;
            } else {
                fields.under.insert(name.clone(), Fields::read(under));
            }
        }
        fields
    }

    /// Writes them as objects have them.
    pub fn write(&self) -> Json {
        let mut members = Map::new();
        if self.is_meant && !self.under.is_empty() {
            members.insert(".".to_owned(), json!({}));
        }
        members.extend(self.under.iter().map(|(name, fields)| (name.clone(), fields.write())));
        Json::Object(members)
    }

    /// Tells whether nothing is meant.
    pub fn is_empty(&self) -> bool {
        !self.is_meant && self.under.is_empty()
    }

    /// Adds others.
    fn add(&mut self, others: &Fields) {
        self.is_meant |= others.is_meant;
        for (name, other) in &others.under {
            self.under.entry(name.clone()).or_default().add(other);
        }
    }

    /// Removes others.
    fn remove(&mut self, others: &Fields) {
        self.is_meant &= !others.is_meant;
        for (name, other) in &others.under {
            if let Some(own) = self.under.get_mut(name) {
                own.remove(other);
                if own.is_empty() {
                    self.under.remove(name);
                }
            }
        }
    }

    /// Keeps only what is in others as well.
    fn keep(&mut self, others: &Fields) {
        self.is_meant &= others.is_meant;
        self.under.retain(|name, own| {
            let Some(other) = others.under.get(name) else { return false };
            own.keep(other);
            !own.is_empty()
        });
    }

    /// Keeps those whose values differ between two objects.
    fn keep_changed(&mut self, before: &Json, after: &Json) {
        self.is_meant = self.is_meant && self.is_changed_here(before, after);
        self.under.retain(|step, part| {
            let (old, new) = (step_into(before, step), step_into(after, step));
            part.keep_changed(old, new);
            !part.is_empty()
        });
    }

    fn is_changed_here(&self, before: &Json, after: &Json) -> bool {
        // A list's item is there or not; what is in it is told by what is under it.
        if self.under.is_empty() { before != after } else { before.is_null() != after.is_null() }
    }

    /// Returns the paths, as people read them.
    fn paths(&self, path: &str, found: &mut Vec<String>) {
        if self.is_meant && !path.is_empty() {
            found.push(path.to_owned());
        }
        for (step, part) in &self.under {
            let step = match step.split_once(':') {
                Some(("f", name)) => format!(".{name}"),
                Some(("k", key)) => {
                    let key: Json = serde_json::from_str(key).unwrap_or(Json::Null);
                    let key: Vec<String> =
                        key.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
                    format!("[{}]", key.join(","))
                }
                Some((_, value)) => format!("[={value}]"),
                None => step.clone(),
            };
            part.paths(&format!("{path}{step}"), found);
        }
    }
}

/// Tells whether a value is what a JSON text says.
fn is_text(value: &Json, text: &str) -> bool {
    serde_json::from_str::<Json>(text).is_ok_and(|wanted| wanted == *value)
}

/// Goes one step into a value; null if there is nothing.
fn step_into<'v>(value: &'v Json, step: &str) -> &'v Json {
    match step.split_once(':') {
        Some(("f", name)) => &value[name],
        Some(("k", key)) => {
            let key: Json = serde_json::from_str(key).unwrap_or(Json::Null);
            let items = value.as_array().into_iter().flatten();
            items.into_iter().find(|item| schema::has_key(item, &key)).unwrap_or(&Json::Null)
        }
        Some(("v", wanted)) => {
            let items = value.as_array().into_iter().flatten();
            items.into_iter().find(|item| is_text(item, wanted)).unwrap_or(&Json::Null)
        }
        _ => &Json::Null,
    }
}

/// Removes fields from a value; tells whether the value itself goes.
fn cut(value: &mut Json, fields: &Fields) -> bool {
    for (step, part) in &fields.under {
        match (step.split_once(':'), &mut *value) {
            (Some(("f", name)), Json::Object(members)) => {
                let goes = members.get_mut(name).is_some_and(|member| cut(member, part));
                if goes {
                    members.shift_remove(name);
                }
            }
            (Some(("k", key)), Json::Array(items)) => {
                let key: Json = serde_json::from_str(key).unwrap_or(Json::Null);
                items.retain_mut(|item| !(schema::has_key(item, &key) && cut(item, part)));
            }
            (Some(("v", wanted)), Json::Array(items)) => items.retain(|item| !is_text(item, wanted)),
            _ => {}
        }
    }
    let is_hollow = match value {
        Json::Object(members) => members.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    };
    fields.is_meant || is_hollow && !fields.under.is_empty()
}

/// One entry of an object's managed fields.
#[derive(Clone, Debug)]
struct Owner {
    manager: String,
    operation: String,
    api_version: String,
    time: String,
    part: String,
    fields: Fields,
}

fn owners(object: &Json) -> Vec<Owner> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let word = |entry: &Json, member: &str| entry[member].as_str().unwrap_or_default().to_owned();
    let owner = |entry: &Json| Owner {
        manager: word(entry, "manager"),
        operation: word(entry, "operation"),
        api_version: word(entry, "apiVersion"),
        time: word(entry, "time"),
        part: word(entry, "subresource"),
        fields: Fields::read(&entry["fieldsV1"]),
    };
    entries.map(owner).collect()
}

fn set_owners(object: &mut Json, owners: Vec<Owner>) {
    let entries = owners.into_iter().filter(|owner| !owner.fields.is_empty()).map(|owner| {
        let mut entry = json!({
            "manager": owner.manager, "operation": owner.operation, "apiVersion": owner.api_version,
            "time": owner.time, "fieldsType": "FieldsV1", "fieldsV1": owner.fields.write(),
        });
        if !owner.part.is_empty() {
            entry["subresource"] = owner.part.into();
        }
        entry
    });
    object["metadata"]["managedFields"] = entries.collect();
}

/// Tells whether two states of an object are the same but for the record of who wrote it, and its version.
pub fn same(before: &Json, after: &Json) -> bool {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else { return false };
    let bare = |metadata: &Json| {
        let mut metadata = metadata.clone();
        metadata["resourceVersion"] = Json::Null;
        for entry in metadata["managedFields"].as_array_mut().into_iter().flatten() {
            entry["time"] = Json::Null;
        }
        metadata
    };
    old.len() == new.len()
        && old.iter().all(|(name, value)| name == "metadata" || new.get(name) == Some(value))
        && bare(&old["metadata"]) == bare(&before_or_null(new))
}

fn before_or_null(object: &Map<String, Json>) -> Json {
    object.get("metadata").cloned().unwrap_or(Json::Null)
}

/// An apply has settled who owns what already: its mark is that the managed fields are not those of before.
pub fn is_applied(after: &Json, before: &Json) -> bool {
    let managed = &after["metadata"]["managedFields"];
    managed.is_array() && managed != &before["metadata"]["managedFields"]
}

/// Writes down who changed what of an object.
pub fn track(before: Option<&Json>, after: &mut Json, target: &Target<'_>, how: &How) {
    let of = |object: &Json| {
        let mut fields = Fields::of(object, target.kind);
        if target.kind.has_status && matches!(target.part, None | Some("scale")) {
            fields.under.remove("f:status");
        }
        fields
    };
    let mut changed = of(after);
    let mut owners = match before {
        Some(before) => owners(before),
        None => Vec::new(),
    };
    if let Some(before) = before {
        let mut gone = of(before);
        gone.remove(&changed);
        changed.keep_changed(before, after);
        for owner in &mut owners {
            owner.fields.remove(&changed);
            owner.fields.remove(&gone);
        }
    }
    let part = target.part.filter(|_| before.is_some()).unwrap_or_default();
    let own = |owner: &&mut Owner| owner.manager == how.manager && owner.operation == "Update" && owner.part == part;
    if changed.is_empty() {
    } else if let Some(owner) = owners.iter_mut().find(own) {
        owner.fields.add(&changed);
        owner.time.clone_from(&how.time);
    } else {
        owners.push(Owner {
            manager: how.manager.clone(),
            operation: "Update".to_owned(),
            api_version: target.kind.api_version(),
            time: how.time.clone(),
            part: part.to_owned(),
            fields: changed,
        });
    }
    set_owners(after, owners);
}

/// Applies what a manager wants to an object, which may not be there yet; returns what it is to be.
pub fn apply(
    live: Option<&Json>,
    wanted: &Json,
    target: &Target<'_>,
    how: &How,
    is_forced: bool,
) -> Result<Json, Stop> {
    if wanted["metadata"]["managedFields"].as_array().is_some_and(|entries| !entries.is_empty()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil").into());
    }
    let config = Fields::of(wanted, target.kind);
    let mut owners = live.map(owners).unwrap_or_default();
    let part = target.part.unwrap_or_default();
    let own = |owner: &Owner| owner.manager == how.manager && owner.operation == "Apply" && owner.part == part;
    let empty = json!({});
    let before = live.unwrap_or(&empty);
    let mut conflicts = Vec::new();
    for owner in owners.iter_mut().filter(|owner| !own(owner)) {
        let mut both = config.clone();
        both.keep(&owner.fields);
        both.keep_changed(before, wanted);
        if both.is_empty() {
            continue;
        }
        owner.fields.remove(&both);
        let mut paths = Vec::new();
        both.paths("", &mut paths);
        conflicts.extend(paths.into_iter().map(|path| (describe(owner), path)));
    }
    if !conflicts.is_empty() && !is_forced {
        return Err(conflict(target, &conflicts).into());
    }
    let mut merged = before.clone();
    schema::merge(&mut merged, wanted, Schema::of(target.kind));
    let previous = owners.iter().position(&own).map(|place| owners.remove(place).fields).unwrap_or_default();
    let mut gone = previous;
    gone.remove(&config);
    owners.iter().for_each(|owner| gone.remove(&owner.fields));
    // Items that someone has fields in stay, also if nobody else named the item itself.
    cut_root(&mut merged, &gone);
    owners.push(Owner {
        manager: how.manager.clone(),
        operation: "Apply".to_owned(),
        api_version: target.kind.api_version(),
        time: how.time.clone(),
        part: part.to_owned(),
        fields: config,
    });
    set_owners(&mut merged, owners);
    Ok(merged)
}

fn cut_root(object: &mut Json, gone: &Fields) {
    cut(object, gone);
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
}

fn describe(owner: &Owner) -> String {
    let part = if owner.part.is_empty() { String::new() } else { format!(" with subresource \"{}\"", owner.part) };
    if owner.operation == "Apply" {
        format!("conflict with \"{}\"{part}", owner.manager)
    } else {
        format!("conflict with \"{}\"{part} using {}", owner.manager, owner.api_version)
    }
}

fn conflict(target: &Target<'_>, conflicts: &[(String, String)]) -> Failure {
    let causes: Json = conflicts
        .iter()
        .map(|(said, path)| json!({"reason": "FieldManagerConflict", "message": said, "field": path}))
        .collect();
    let (one, many) = (conflicts.len(), conflicts.len() != 1);
    let said: Vec<String> = if many {
        let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        conflicts.iter().for_each(|(said, path)| by.entry(said).or_default().push(path));
        by.into_iter()
            .map(|(said, paths)| format!("{}:\n- {}", said.replacen("conflict", "conflicts", 1), paths.join("\n- ")))
            .collect()
    } else {
        conflicts.iter().map(|(said, path)| format!("{said}: {path}")).collect()
    };
    let plural = if many { "s" } else { "" };
    let message = format!("Apply failed with {one} conflict{plural}: {}", said.join("\n"));
    Failure::about(target.kind, target.name, (409, "Conflict"), message).with_causes(causes)
}
