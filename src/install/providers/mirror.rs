//! Copies packages into a folder that can be used as a mirror, or be published as one.

use std::path::{Path, PathBuf};
use std::{fs, io};

use addr::Provider;
use serde_json::{Map, Value, json};

use super::{Event, Places, Watch, choose_freely};
use crate::failure::Failure;
use crate::hash::{self, Hash};
use crate::lock_file::{Lock, Locks};
use crate::source::Form;
use crate::version::{Requirement, Version};
use crate::{Platform, archive, folders};

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// The version.
    pub version: Version,
    /// The archives.
    pub files: Vec<PathBuf>,
}

/// Copies the packages of a provider for platforms, and writes what servers of mirrors need beside them.
pub fn mirror(
    places: &Places,
    locks: &Locks,
    (provider, requirement): (&Provider, &Requirement),
    platforms: &[Platform],
    target: &Path,
    watch: &Watch<'_>,
) -> Result<Mirrored, Failure> {
    let version = choose_freely(places, locks, provider, requirement)?;
    let folder = target.join(provider.host.as_str()).join(provider.namespace.as_str()).join(provider.name.as_str());
    let not_written = |error: io::Error| {
        let detail = format!("The mirror {} cannot be written: {error}.", folder.display());
        Failure::new("Cannot write provider mirror", detail)
    };
    fs::create_dir_all(&folder).map_err(not_written)?;
    let locked = locks.get(provider).filter(|lock| lock.version == version).map(Lock::hashes).unwrap_or_default();
    let mut copied = Vec::new();
    for platform in platforms {
        watch(provider, Event::Installing(&version));
        let name = format!("terraform-provider-{}_{version}_{platform}.zip", provider.name);
        let (package, place) = places.package(provider, &version, platform)?;
        let held = tempfile::Builder::new().prefix(".gantry-").tempdir_in(&folder).map_err(not_written)?;
        let file = held.path().join(&name);
        match &package.form {
            Form::Remote(url) if url.starts_with("https://") => {
                places.client().download(url, &file, &|done, total| watch(provider, Event::Progress(done, total)))?;
            }
            Form::Archive(path) => _ = fs::copy(path, &file).map_err(not_written)?,
            Form::Remote(_) | Form::Folder(_) => {
                let detail = format!("{place} has no archive of {} v{version} that can be copied.", provider.short());
                return Err(Failure::new("Cannot mirror provider", detail));
            }
        }
        let content = checked(&file, &package.hashes, locked, provider)?;
        fs::rename(&file, folder.join(&name)).map_err(not_written)?;
        copied.push((platform, name, content));
    }
    index(&folder, &version, &copied).map_err(not_written)?;
    Ok(Mirrored { version, files: copied.into_iter().map(|(_, name, _)| folder.join(name)).collect() })
}

/// Makes sure that an archive is the right one, and returns the checksum of its content.
fn checked(file: &Path, offered: &[Hash], locked: &[Hash], provider: &Provider) -> Result<Hash, Failure> {
    let found = hash::of_archive(file).map_err(|error| archive::broken(file, &error))?;
    let wrong = |which: &str| {
        let detail = format!("The package of {} has the checksum {found}, which is not {which}.", provider.short());
        Failure::new("Wrong checksum", detail)
    };
    if offered.iter().any(Hash::is_of_archive) && !offered.contains(&found) {
        return Err(wrong("the one that its source describes"));
    }
    let unpacked = tempfile::tempdir().map_err(|error| archive::broken(file, &error))?;
    archive::unzip(file, unpacked.path())?;
    let content = hash::of_folder(unpacked.path()).map_err(|error| archive::broken(file, &error))?;
    if locked.iter().any(Hash::is_of_archive) && !locked.contains(&found) && !locked.contains(&content) {
        return Err(wrong("in the lock file"));
    }
    Ok(content)
}

/// Adds to the pages that servers of mirrors have: one with the versions, one for each version.
fn index(folder: &Path, version: &Version, copied: &[(&Platform, String, Hash)]) -> io::Result<()> {
    let entry = |(platform, name, content): &(&Platform, String, Hash)| {
        (platform.to_string(), json!({ "hashes": [content.as_str()], "url": name }))
    };
    add(&folder.join(format!("{version}.json")), "archives", copied.iter().map(entry))?;
    add(&folder.join("index.json"), "versions", [(version.to_string(), json!({}))].into_iter())
}

/// Adds members to an object in a file, sorted.
fn add(path: &Path, name: &str, members: impl Iterator<Item = (String, Value)>) -> io::Result<()> {
    let before: Option<Value> = fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let before = before.as_ref().and_then(|value| value.get(name)?.as_object()).cloned().unwrap_or_default();
    let mut all: Vec<(String, Value)> = before.into_iter().collect();
    for (key, value) in members {
        all.retain(|(known, _)| *known != key);
        all.push((key, value));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let all: Map<String, Value> = all.into_iter().collect();
    let mut outer = Map::new();
    outer.insert(name.to_owned(), Value::Object(all));
    folders::replace_file(path, serde_json::to_string_pretty(&Value::Object(outer))?.as_bytes())
}
