//! Patches: JSON patch, merge patch, strategic merge patch.

use serde_json::{Map, Value as Json};

use super::failure::Failure;
use super::schema::Schema;

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
pub fn strategic(object: &mut Json, patch: &Json, schema: Schema<'_>) {
    let Json::Object(patch) = patch else {
        object.clone_from(patch);
        return;
    };
    match patch.get("$patch").and_then(Json::as_str) {
        Some("replace") => {
            *object = patch.iter().filter(|(name, _)| *name != "$patch").map(|(n, v)| (n.clone(), v.clone())).collect();
            return;
        }
        Some("delete") => {
            *object = Json::Null;
            return;
        }
        _ => {}
    }
    if !object.is_object() {
        *object = Json::Object(Map::new());
    }
    let Json::Object(members) = object else { return };
    if let Some(kept) = patch.get("$retainKeys").and_then(Json::as_array) {
        members.retain(|name, _| kept.iter().any(|one| one == name));
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        let schema = schema.member(name);
        match value {
            Json::Null => _ = members.shift_remove(name),
            Json::Array(items) => {
                list(members.entry(name.clone()).or_insert_with(|| Json::Array(Vec::new())), items, schema);
            }
            value => {
                strategic(members.entry(name.clone()).or_insert(Json::Null), value, schema);
                if members.get(name).is_some_and(Json::is_null) {
                    members.shift_remove(name);
                }
            }
        }
    }
    order(members, patch, schema);
}

/// Does what a patch says of lists beside them: which values go, and the order of what is left.
fn order(members: &mut Map<String, Json>, patch: &Map<String, Json>, schema: Schema<'_>) {
    for (name, value) in patch {
        if let Some(name) = name.strip_prefix("$deleteFromPrimitiveList/")
            && let (Some(Json::Array(items)), Some(gone)) = (members.get_mut(name), value.as_array())
        {
            items.retain(|item| !gone.contains(item));
        }
        if let Some(name) = name.strip_prefix("$setElementOrder/")
            && let (Some(Json::Array(items)), Some(order)) = (members.get_mut(name), value.as_array())
        {
            let key = schema.member(name).merge_key().unwrap_or_default();
            let place = |item: &Json| {
                let same = |wanted: &Json| if key.is_empty() { wanted == item } else { wanted[key] == item[key] };
                order.iter().position(same)
            };
            // What the order does not name stays behind what it stood behind.
            let mut last = 0;
            let mut placed: Vec<(usize, Json)> = Vec::new();
            for item in std::mem::take(items) {
                last = place(&item).unwrap_or(last);
                placed.push((last, item));
            }
            placed.sort_by_key(|(place, _)| *place);
            *items = placed.into_iter().map(|(_, item)| item).collect();
        }
    }
}

fn list(list: &mut Json, patch: &[Json], schema: Schema<'_>) {
    let plain = || patch.iter().filter(|item| item.get("$patch").is_none()).cloned();
    let replaces = patch.iter().any(|item| item["$patch"] == "replace");
    let (Json::Array(items), Some(key), false) = (&mut *list, schema.merge_key(), replaces) else {
        *list = plain().collect();
        return;
    };
    if key.is_empty() {
        let new: Vec<Json> = plain().filter(|value| !items.contains(value)).collect();
        items.extend(new);
        return;
    }
    for wanted in patch {
        let place = items.iter().position(|item| item[key] == wanted[key]);
        match (wanted["$patch"].as_str(), place) {
            (Some("delete"), Some(_)) => items.retain(|item| item[key] != wanted[key]),
            (Some("delete"), None) => {}
            (_, Some(place)) => strategic(&mut items[place], wanted, schema.item()),
            (_, None) => {
                let mut made = Json::Null;
                strategic(&mut made, wanted, schema.item());
                items.push(made);
            }
        }
    }
}
