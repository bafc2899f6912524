//! Files of `kubectl`: contexts come and go, the rest of the file stays, and no two programs write at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lang::functions::{read_yaml, write_yaml};
use serde_json::{Map, Value as Json, json};
use value::{value_from_json, value_to_json};

use crate::replacing::{self, Readers};

/// How long another program may hold the lock.
const LOCK_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A cluster and who asks it, under one name.
pub(crate) struct Entry {
    pub(crate) cluster: Json,
    pub(crate) user: Json,
    /// Whether it is the one that is used unless another is named.
    pub(crate) is_selected: bool,
}

/// Writes an entry under a name, or removes the one that there is; tells whether there was one.
pub(crate) fn edit(path: &Path, name: &str, entry: Option<Entry>) -> io::Result<bool> {
    // A link stays one: what it points at is written.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let _lock = Lock::take(path)?;
    let before = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && entry.is_none() => return Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let mut config = parse(&before)?;
    let is_there = change(&mut config, name, entry);
    replacing::replace(path, print(&config)?.as_bytes(), Readers::Owner)?;
    Ok(is_there)
}

/// Removes the entries for an address that ask Gantry for tokens, whatever they are called.
pub(crate) fn forget(path: &Path, server: &str) -> io::Result<()> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    // What cannot be read is not ours to mend.
    let Ok(config) = parse(&text) else { return Ok(()) };
    let list = |list: &str| config.get(list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let asks_us = |name: &Json| {
        list("users").iter().any(|user| user["name"] == *name && user["user"]["exec"]["args"][0] == "token")
    };
    let ours = list("clusters").iter().filter(|one| one["cluster"]["server"] == server && asks_us(&one["name"]));
    for name in ours.filter_map(|one| one["name"].as_str()) {
        edit(path, name, None)?;
    }
    Ok(())
}

/// The lock of `kubectl`: whoever makes the file beside the kubeconfig may write it.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> io::Result<Lock> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        let mut waited = Duration::ZERO;
        loop {
            match File::options().create_new(true).write(true).open(&lock) {
                Ok(_) => return Ok(Lock(lock)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && waited < LOCK_MAX => {
                    std::thread::sleep(LOOK_EVERY);
                    waited += LOOK_EVERY;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let text = format!(
                        "another program is writing it; if none is, one was killed while it did, and {} can be removed",
                        lock.display()
                    );
                    return Err(io::Error::new(ErrorKind::WouldBlock, text));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Who comes next is told what to do about it.
        let _ = fs::remove_file(&self.0);
    }
}

fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}

/// Reads a document of YAML; null if there is nothing in it.
pub(crate) fn read(text: &str) -> io::Result<Json> {
    if text.trim().is_empty() {
        return Ok(Json::Null);
    }
    let value = read_yaml(text).map_err(wrong)?;
    value_to_json(&value, &value.ty()).map_err(|error| wrong(error.message.to_string()))
}

fn parse(text: &str) -> io::Result<Map<String, Json>> {
    match read(text)? {
        Json::Object(config) => Ok(config),
        Json::Null => Ok(Map::new()),
        _ => Err(wrong("it is no kubeconfig")),
    }
}

/// Writes a file of a single entry.
pub(crate) fn only(name: &str, entry: Entry) -> io::Result<String> {
    let mut config = Map::new();
    change(&mut config, name, Some(entry));
    print(&config)
}

fn print(config: &Map<String, Json>) -> io::Result<String> {
    let json = Json::Object(config.clone());
    let value =
        value_from_json(&json, &value::implied_type(&json)).map_err(|error| wrong(error.message.to_string()))?;
    write_yaml(&value).map_err(wrong)
}

fn change(config: &mut Map<String, Json>, name: &str, entry: Option<Entry>) -> bool {
    config.entry("apiVersion").or_insert_with(|| json!("v1"));
    config.entry("kind").or_insert_with(|| json!("Config"));
    let mut is_there = false;
    for list in ["clusters", "contexts", "users"] {
        let list = config.entry(list).or_insert_with(|| json!([]));
        if !list.is_array() {
            *list = json!([]);
        }
        list.as_array_mut().into_iter().for_each(|list| {
            let before = list.len();
            list.retain(|one| one["name"] != name);
            is_there |= list.len() < before;
        });
    }
    let is_current = config.get("current-context").is_some_and(|current| current == name);
    match entry {
        Some(Entry { cluster, user, is_selected }) => {
            let mut add = |list: &str, what: Json| {
                config.get_mut(list).and_then(Json::as_array_mut).into_iter().for_each(|list| list.push(what.clone()));
            };
            add("clusters", json!({"name": name, "cluster": cluster}));
            add("contexts", json!({"name": name, "context": {"cluster": name, "user": name}}));
            add("users", json!({"name": name, "user": user}));
            if is_selected {
                config.insert("current-context".to_owned(), json!(name));
            }
        }
        None if is_current => _ = config.insert("current-context".to_owned(), json!("")),
        None => {}
    }
    is_there
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entry, edit, parse};

    fn entry(server: &str) -> Option<Entry> {
        let (cluster, user) = (json!({"server": server}), json!({"exec": {"command": "gantry"}}));
        Some(Entry { cluster, user, is_selected: true })
    }

    #[test]
    fn contexts_come_and_go_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sub/config");
        let read = || parse(&std::fs::read_to_string(&path).expect("a file")).expect("a kubeconfig");
        assert!(!edit(&path, "a", None).expect("nothing to do"));
        assert!(!edit(&path, "a", entry("https://one")).expect("it is written"));
        std::fs::write(&path, format!("{}\"mine\": 007\n", std::fs::read_to_string(&path).expect("a file")))
            .expect("it is written");
        assert!(!edit(&path, "b", entry("https://two")).expect("it is written"));
        assert!(edit(&path, "a", entry("https://three")).expect("it is replaced"));
        let config = read();
        assert_eq!(config["clusters"].as_array().map(Vec::len), Some(2));
        assert_eq!(config["clusters"][1]["cluster"]["server"], "https://three");
        assert_eq!((&config["current-context"], config.contains_key("mine")), (&json!("a"), true));
        super::forget(&path, "https://three").expect("it is read");
        assert!(edit(&path, "a", None).expect("it is removed"));
        assert_eq!(read()["current-context"], "");
        assert_eq!(read()["users"].as_array().map(Vec::len), Some(1));
        assert!(!folder.path().join("sub/config.lock").exists());
    }

    #[test]
    fn what_is_no_kubeconfig_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config");
        for text in ["- a\n", "a: b: c\n"] {
            std::fs::write(&path, text).expect("a file");
            assert!(edit(&path, "a", entry("https://one")).is_err());
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
        }
    }
}
