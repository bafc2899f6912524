//! What kinds of objects a cluster has.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;
use tokio::sync::Mutex;

use crate::api::Api;
use crate::failure::Failure;
use crate::json::at;

/// A kind of objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Kind {
    /// Group and version: `apps/v1`, or `v1` for the group without a name.
    pub(crate) api_version: String,
    /// Its name: `Deployment`.
    pub(crate) kind: String,
    /// Its name in paths: `deployments`.
    pub(crate) plural: String,
    /// Its objects are in namespaces.
    pub(crate) is_namespaced: bool,
}

impl Kind {
    /// Makes a kind that every cluster has.
    pub(crate) fn known(api_version: &str, kind: &str, plural: &str, is_namespaced: bool) -> Kind {
        let (api_version, kind, plural) = (api_version.to_owned(), kind.to_owned(), plural.to_owned());
        Kind { api_version, kind, plural, is_namespaced }
    }

    /// Returns the path of its objects, of all of them unless a namespace is given.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = root(&self.api_version);
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{}/{}", crate::api::escaped(namespace), self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}

fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}

/// Returns the group of a version: what stands before the slash.
pub(crate) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Returns a kind with its group, whatever the version.
pub(crate) fn group_kind(api_version: &str, kind: &str) -> String {
    format!("{}/{kind}", group(api_version))
}

/// The kinds of a version of a group, once they are known; locked while they are asked for.
type Version = Mutex<Option<Vec<Kind>>>;

/// The kinds that were asked for so far: each version of a group once.
#[derive(Default)]
pub(crate) struct Discovery {
    versions: Mutex<HashMap<String, Arc<Version>>>,
}

impl Discovery {
    /// Finds a kind; nothing if the cluster does not have it (now).
    pub(crate) async fn find(&self, api: &Api, api_version: &str, kind: &str) -> Result<Option<Kind>, Failure> {
        let version = self.versions.lock().await.entry(api_version.to_owned()).or_default().clone();
        let mut known = version.lock().await;
        let find = |kinds: &[Kind]| kinds.iter().find(|one| one.kind == kind).cloned();
        if let Some(found) = known.as_deref().and_then(find) {
            return Ok(Some(found));
        }
        // A definition may have come since: what is not there is asked for again.
        let listed = match api.get(&root(api_version)).await {
            Ok(listed) => listed,
            Err(failure) if failure.code() == 404 => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let kinds = read(&listed, api_version);
        let found = find(&kinds);
        *known = Some(kinds);
        Ok(found)
    }
}

fn read(listed: &Json, api_version: &str) -> Vec<Kind> {
    let resources = listed.get("resources").and_then(Json::as_array).into_iter().flatten();
    let whole = resources.filter(|one| !at(one, "/name").contains('/'));
    let kind = |one: &Json| {
        let is_namespaced = one.get("namespaced").and_then(Json::as_bool).unwrap_or(false);
        Kind::known(api_version, at(one, "/kind"), at(one, "/name"), is_namespaced)
    };
    whole.map(kind).collect()
}
