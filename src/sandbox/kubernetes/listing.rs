//! Lists and watches: pages of one moment, and what comes after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::kinds::Kind;
use super::path::Path;
use super::selector::Selector;
use super::store::{Target, as_version};
use super::table::{self, Shape};
use super::watch::{self, History, Watch};
use crate::frame::Frame;
use crate::server::{Body, Response};
use crate::world::Records;

/// Reads the selectors of a request.
pub fn selector(target: &Target<'_>, path: &Path) -> Result<Selector, Failure> {
    let mut by_field = path.get("fieldSelector").to_owned();
    if !target.name.is_empty() {
        by_field = format!("metadata.name={}", target.name);
    }
    Selector::parse(target.kind, path.get("labelSelector"), &by_field)
}

/// Objects of one page at most, if the client does not say.
const PAGE_MAX: usize = 1_000_000;

/// Where a list goes on, as its token says.
#[derive(Serialize, Deserialize)]
struct Continued {
    /// The version of the whole list.
    revision: u64,
    /// The last record of the page before.
    name: String,
}

/// The records that a list is made of.
type Found = Vec<(String, Arc<str>)>;

/// Answers a list.
pub async fn list(
    frame: &Arc<Frame>,
    history: &History,
    target: &Target<'_>,
    path: &Path,
    shape: &Shape,
) -> Result<Response, Failure> {
    let selector = selector(target, path)?;
    let prefix = target.kind.prefix(target.cluster, target.namespace);
    let wrong = || Failure::bad_request("limit is not a number");
    let limit = if path.get("limit").is_empty() { 0 } else { path.get("limit").parse().map_err(|_| wrong())? };
    let limit = if limit == 0 { PAGE_MAX } else { limit };
    let behind = continued(path.get("continue"), &prefix)?;
    let at = moment(frame, path, behind.as_ref())?;
    let name = behind.map(|behind| behind.name);
    let (found, revision) = match at {
        Some(revision) => (past(frame, history, &prefix, name.as_deref(), revision).await?, revision),
        None => frame.world.look(|records| {
            let all = records.behind(&prefix, name.as_deref());
            let all = all.filter(|(own, _)| selector.name().is_none_or(|name| own.rsplit('/').next() == Some(name)));
            (all.map(|(own, text)| (own.to_owned(), text.clone())).collect(), records.revision())
        }),
    };
    Ok(page(target.kind, found, &selector, (limit, revision), shape))
}

/// Returns the version that a list is wanted of, unless it is the latest.
fn moment(frame: &Frame, path: &Path, behind: Option<&Continued>) -> Result<Option<u64>, Failure> {
    if let Some(behind) = behind {
        return Ok(Some(behind.revision));
    }
    let wanted = path.get("resourceVersion");
    if matches!(wanted, "" | "0") {
        return Ok(None);
    }
    let wanted = version(wanted)?;
    let latest = frame.world.look(Records::revision);
    if wanted > latest {
        return Err(too_large(wanted, latest));
    }
    Ok((path.get("resourceVersionMatch") == "Exact").then_some(wanted))
}

fn version(text: &str) -> Result<u64, Failure> {
    let message = || format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing: invalid syntax");
    text.parse().map_err(|_| Failure::bad_request(message()))
}

fn too_large(wanted: u64, latest: u64) -> Failure {
    let message = format!("Too large resource version: {wanted}, current: {latest}");
    let causes = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
    let mut failure = Failure::new(504, "Timeout", message);
    failure.details = Some(json!({"causes": causes, "retryAfterSeconds": 1}));
    failure
}

/// Returns the records as they were at a version.
async fn past(
    frame: &Arc<Frame>,
    history: &History,
    prefix: &str,
    behind: Option<&str>,
    revision: u64,
) -> Result<Found, Failure> {
    let (all, latest): (BTreeMap<String, Arc<str>>, u64) = frame.world.look(|records| {
        (records.under(prefix).map(|(own, text)| (own.to_owned(), text.clone())).collect(), records.revision())
    });
    let gone = || {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start \
                       a new list without the continue parameter.";
        Failure::new(410, "Expired", message)
    };
    let mut all = all;
    for (name, before) in history.before(revision, latest, prefix).await.ok_or_else(gone)? {
        match before {
            Some(text) => _ = all.insert(name.into(), text),
            None => _ = all.remove(&*name),
        }
    }
    Ok(all.into_iter().filter(|(own, _)| behind.is_none_or(|behind| &**own > behind)).collect())
}

/// Writes one page of what was found.
fn page(kind: &Kind, found: Found, selector: &Selector, (limit, revision): (usize, u64), shape: &Shape) -> Response {
    let is_raw = selector.is_empty() && *shape == Shape::Whole;
    let (mut texts, mut objects, mut last, mut is_more) = (Vec::new(), Vec::new(), String::new(), false);
    let start = format!("{{\"apiVersion\":\"{}\",\"kind\":\"{}\",", kind.api_version(), kind.kind);
    let count = found.len();
    for (name, text) in found {
        let object = if is_raw && text.starts_with(&start) {
            None
        } else {
            let mut object: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
            as_version(&mut object, kind);
            if !selector.takes(&object) {
                continue;
            }
            Some(object)
        };
        if texts.len() + objects.len() == limit {
            is_more = true;
            break;
        }
        last = name;
        match object {
            Some(object) if is_raw => texts.push(object.to_string().into()),
            Some(object) => objects.push(object),
            None => texts.push(text),
        }
    }
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if is_more {
        let token = serde_json::to_string(&Continued { revision, name: last }).unwrap_or_default();
        metadata["continue"] = URL_SAFE_NO_PAD.encode(token).into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = (count - texts.len() - objects.len()).into();
        }
    }
    let body = match shape {
        Shape::Table(include) => table::table(kind, &objects, metadata, include).to_string(),
        Shape::Metadata => {
            let items: Vec<Json> = objects.iter().map(table::partial).collect();
            let word = "PartialObjectMetadataList";
            json!({"kind": word, "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items}).to_string()
        }
        Shape::Whole => {
            texts.extend(objects.iter().map(|object| object.to_string().into()));
            let head =
                json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata});
            let mut body = head.to_string();
            body.pop();
            body.push_str(",\"items\":[");
            body.push_str(&texts.join(","));
            body.push_str("]}");
            body
        }
    };
    Response::new(200, "application/json", body)
}

/// Reads where a list goes on.
fn continued(token: &str, prefix: &str) -> Result<Option<Continued>, Failure> {
    if token.is_empty() {
        return Ok(None);
    }
    let wrong = || Failure::bad_request("continue key is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let behind: Continued = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    if behind.name.starts_with(prefix) { Ok(Some(behind)) } else { Err(wrong()) }
}

/// Begins a watch.
pub fn watch(
    frame: &Arc<Frame>,
    history: &Arc<History>,
    kind: &Arc<Kind>,
    target: &Target<'_>,
    path: &Path,
    shape: Shape,
) -> Result<Response, Failure> {
    let selector = selector(target, path)?;
    let prefix = kind.prefix(target.cluster, target.namespace);
    let from = path.get("resourceVersion");
    let wants_all =
        path.is("sendInitialEvents") || matches!(from, "" | "0") && path.get("sendInitialEvents") != "false";
    let mut first = Vec::new();
    let revision = if wants_all {
        let (found, revision) = frame.world.look(|records| {
            (records.under(&prefix).map(|(_, text)| text.clone()).collect::<Vec<_>>(), records.revision())
        });
        for text in found {
            let mut object: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
            as_version(&mut object, kind);
            if selector.takes(&object) {
                first.push(json!({"type": "ADDED", "object": table::shaped(kind, object, &shape)}));
            }
        }
        if path.is("sendInitialEvents") && path.is("allowWatchBookmarks") {
            first.push(watch::bookmark(kind, revision, true));
        }
        revision
    } else if matches!(from, "" | "0") {
        frame.world.look(Records::revision)
    } else {
        version(from)?
    };
    let seconds = path.get("timeoutSeconds").parse().unwrap_or(watch::SECONDS_MAX);
    let bookmarks = path.is("allowWatchBookmarks");
    let watched = Watch { kind: kind.clone(), prefix, selector, revision, bookmarks, seconds, shape, first };
    let mut answer = Response::new(200, "application/json", "");
    answer.body = Body::Stream(Box::pin(watch::stream(history.clone(), watched)));
    Ok(answer)
}
