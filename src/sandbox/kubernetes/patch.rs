//! Patches: JSON patch, merge patch, strategic merge patch.

use serde_json::{Map, Value as Json};

use super::failure::Failure;
use super::lists::{self, Form};

/// Operations of one JSON patch at most.
const OPERATIONS_MAX: usize = 10_000;

/// Does a JSON patch (RFC 6902).
pub fn json(object: &mut Json, patch: &Json) -> Result<(), Failure> {
    let operations = patch.as_array().filter(|all| all.len() <= OPERATIONS_MAX);
    let operations = operations.ok_or_else(|| Failure::bad_request("a JSON patch is a list of operations"))?;
    for operation in operations {
        let word = |member: &str| operation[member].as_str().unwrap_or_default();
        let refused = |why: &str| {
            let message = format!("the server rejected our request due to an error in our request: {why}");
            Failure::new(422, "Invalid", message)
        };
        let path = word("path");
        let missing = || refused(&format!("{} of a path that is not there: {path}", word("op")));
        let value = || operation.get("value").cloned().ok_or_else(|| refused("an operation has no value"));
        match word("op") {
            "add" => add(object, path, value()?).ok_or_else(missing)?,
            "remove" => drop(remove(object, path).ok_or_else(missing)?),
            "replace" => *object.pointer_mut(path).ok_or_else(missing)? = value()?,
            "test" => {
                if object.pointer(path) != Some(&value()?) {
                    return Err(refused(&format!("testing value {path} failed")));
                }
            }
            "move" => {
                let moved = remove(object, word("from")).ok_or_else(missing)?;
                add(object, path, moved).ok_or_else(missing)?;
            }
            "copy" => {
                let copied = object.pointer(word("from")).cloned().ok_or_else(missing)?;
                add(object, path, copied).ok_or_else(missing)?;
            }
            other => return Err(refused(&format!("there is no operation {other:?}"))),
        }
    }
    Ok(())
}

fn parent<'o>(object: &'o mut Json, path: &str) -> Option<(&'o mut Json, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((object.pointer_mut(parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Json, path: &str, value: Json) -> Option<()> {
    if path.is_empty() {
        *object = value;
        return Some(());
    }
    match parent(object, path)? {
        (Json::Object(members), name) => _ = members.insert(name, value),
        (Json::Array(items), place) if place == "-" => items.push(value),
        (Json::Array(items), place) => {
            let place = place.parse().ok().filter(|place| *place <= items.len())?;
            items.insert(place, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(object: &mut Json, path: &str) -> Option<Json> {
    match parent(object, path)? {
        (Json::Object(members), name) => members.shift_remove(&name),
        (Json::Array(items), place) => {
            let place = place.parse().ok().filter(|place| *place < items.len())?;
            Some(items.remove(place))
        }
        _ => None,
    }
}

/// Does a merge patch (RFC 7386).
pub fn merge(object: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        object.clone_from(patch);
        return;
    };
    if !object.is_object() {
        *object = Json::Object(Map::new());
    }
    let Json::Object(members) = object else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Json::Null), value);
        }
    }
}

/// Does a strategic merge patch: lists are merged by the keys of their items.
pub fn strategic(object: &mut Json, patch: &Json) -> Result<(), Failure> {
    strategic_at(object, patch, &mut Vec::new())
}

fn strategic_at<'p>(object: &mut Json, patch: &'p Json, path: &mut Vec<&'p str>) -> Result<(), Failure> {
    let Json::Object(patch) = patch else {
        object.clone_from(patch);
        return Ok(());
    };
    if patch.get("$patch").is_some_and(|word| word == "replace") {
        *object = patch.iter().filter(|(name, _)| *name != "$patch").map(|(n, v)| (n.clone(), v.clone())).collect();
        return Ok(());
    }
    if patch.get("$patch").is_some_and(|word| word == "delete") {
        *object = Json::Null;
        return Ok(());
    }
    if !object.is_object() {
        *object = Json::Object(Map::new());
    }
    let Json::Object(members) = object else { return Ok(()) };
    if let Some(kept) = patch.get("$retainKeys").and_then(Json::as_array) {
        members.retain(|name, _| kept.iter().any(|one| one == name));
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        path.push(name);
        if value.is_null() {
            members.shift_remove(name);
        } else if let Json::Array(items) = value {
            list(members.entry(name.clone()).or_insert_with(|| Json::Array(Vec::new())), items, path)?;
        } else {
            strategic_at(members.entry(name.clone()).or_insert(Json::Null), value, path)?;
            if members.get(name).is_some_and(Json::is_null) {
                members.shift_remove(name);
            }
        }
        path.pop();
    }
    for (name, gone) in
        patch.iter().filter_map(|(name, gone)| Some((name.strip_prefix("$deleteFromPrimitiveList/")?, gone)))
    {
        if let (Some(Json::Array(items)), Some(gone)) = (members.get_mut(name), gone.as_array()) {
            items.retain(|item| !gone.contains(item));
        }
    }
    for (name, order) in patch.iter().filter_map(|(name, order)| Some((name.strip_prefix("$setElementOrder/")?, order)))
    {
        if let (Some(Json::Array(items)), Some(order)) = (members.get_mut(name), order.as_array()) {
            let place = |item: &Json| {
                let named = |wanted: &Json| match wanted.as_object() {
                    Some(wanted) => wanted.iter().all(|(name, value)| item.get(name) == Some(value)),
                    None => wanted == item,
                };
                order.iter().position(named).unwrap_or(usize::MAX)
            };
            items.sort_by_key(place);
        }
    }
    Ok(())
}

fn list<'p>(list: &mut Json, patch: &'p [Json], path: &mut Vec<&'p str>) -> Result<(), Failure> {
    let plain: Vec<Json> = patch.iter().filter(|item| item.get("$patch").is_none()).cloned().collect();
    if patch.iter().any(|item| item["$patch"] == "replace") || !list.is_array() {
        *list = plain.into();
        return Ok(());
    }
    let Json::Array(items) = list else { return Ok(()) };
    // What is to be deleted names its key only, so that both lists together tell how the list is merged.
    let both: Json = items.iter().chain(patch).cloned().collect();
    let form_path = if path.first() == Some(&"metadata") { &path[1..] } else { &path[..] };
    let keys = match lists::form(form_path, &both, None) {
        Form::Keyed(keys) => keys,
        Form::Set => {
            let new: Vec<Json> = plain.into_iter().filter(|value| !items.contains(value)).collect();
            items.extend(new);
            return Ok(());
        }
        _ => {
            *list = plain.into();
            return Ok(());
        }
    };
    // The merge key of a strategic patch is the first alone.
    let key = &keys[..1];
    for wanted in patch {
        let named = lists::key_of(wanted, key);
        let place = items.iter().position(|item| lists::key_of(item, key) == named);
        match (wanted["$patch"].as_str(), place) {
            (Some("delete"), Some(place)) => _ = items.remove(place),
            (Some("delete"), None) => {}
            (_, Some(place)) => {
                path.push("[]");
                strategic_at(&mut items[place], wanted, path)?;
                path.pop();
            }
            (_, None) => {
                let mut made = Json::Null;
                strategic_at(&mut made, wanted, path)?;
                items.push(made);
            }
        }
    }
    Ok(())
}
