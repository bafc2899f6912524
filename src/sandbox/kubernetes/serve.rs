//! Requests: what their paths mean, and what is done for each verb.

use std::sync::Arc;

use http::Method;
use serde_json::{Value as Json, json};

use super::failure::{Failure, Stop};
use super::kinds::{self, Kind};
use super::selector::Selector;
use super::store::{self, How, Target, as_version, text};
use super::table::{self, Shape};
use super::watch::{self, History, Watch};
use super::{Cluster, discovery, fields, patch};
use crate::clock::{real_now, rfc3339};
use crate::frame::Frame;
use crate::server::{Body, Request, Response};
use crate::world::{Change, Records};

/// A path, taken apart.
pub struct Path {
    /// The cluster.
    pub cluster: String,
    rest: Vec<String>,
    query: Vec<(String, String)>,
}

/// What a path below `/api` or `/apis` names.
struct Place {
    group: String,
    version: String,
    plural: String,
    namespace: Option<String>,
    name: String,
    part: Option<String>,
}

impl Path {
    /// Reads the path of a request.
    pub fn read(request: &Request) -> Result<Path, Failure> {
        let parts: Option<Vec<String>> =
            request.path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(part, false)).collect();
        let mut parts = parts.ok_or_else(Failure::no_path)?.into_iter();
        // An escaped slash would name records of others.
        let cluster = parts.nth(1).filter(|cluster| !cluster.contains('/')).ok_or_else(Failure::no_path)?;
        let rest: Vec<String> = parts.collect();
        if rest.iter().any(|part| part.contains('/')) {
            return Err(Failure::no_path());
        }
        let pairs = request.query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name, true)?, decoded(value, true)?))
        });
        let query = query.collect::<Option<_>>().ok_or_else(|| Failure::bad_request("the query is no text"))?;
        Ok(Path { cluster, rest, query })
    }

    /// Returns the first part below the cluster.
    pub fn first(&self) -> &str {
        self.rest.first().map_or("", |first| first)
    }

    fn get(&self, name: &str) -> &str {
        self.query.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    fn is(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }

    fn place(&self) -> Option<Place> {
        let (group, version, rest) = match &*self.rest {
            [api, version, rest @ ..] if api == "api" => ("", version, rest),
            [apis, group, version, rest @ ..] if apis == "apis" => (&**group, version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            [word, namespace, plural, rest @ ..]
                if word == "namespaces" && !matches!(&**plural, "status" | "finalize") =>
            {
                (Some(namespace.clone()), [std::slice::from_ref(plural), rest].concat())
            }
            rest => (None, rest.to_vec()),
        };
        let mut rest = rest.into_iter();
        let place = Place {
            group: group.to_owned(),
            version: version.clone(),
            plural: rest.next()?,
            namespace,
            name: rest.next().unwrap_or_default(),
            part: rest.next(),
        };
        rest.next().is_none().then_some(place)
    }

    /// Says what is asked for: `list pods`.
    pub fn operation(&self, request: &Request) -> String {
        let Some(place) = self.place() else { return format!("get /{}", self.rest.join("/")) };
        let verb = match (&request.method, place.name.is_empty()) {
            (&Method::GET, true) if self.is("watch") => "watch",
            (&Method::GET, true) => "list",
            (&Method::GET, false) => "get",
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, true) => "deletecollection",
            _ => "delete",
        };
        let part = place.part.map(|part| format!("/{part}")).unwrap_or_default();
        format!("{verb} {}{part}", place.plural)
    }
}

fn decoded(text: &str, is_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
            }
            b'+' if is_query => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn sent(code: u16, body: &Json) -> Response {
    Response::new(code, "application/json", body.to_string())
}

/// Answers a request whose sender is known.
pub async fn answer(
    frame: &Arc<Frame>,
    history: &Arc<History>,
    cluster: &Cluster,
    path: &Path,
    request: &Request,
) -> Result<Response, Failure> {
    let Some(place) = path.place() else {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Failure::no_path());
        }
        return about(frame, cluster, path, request);
    };
    let find = |records: &Records| kinds::find(records, &cluster.name, &place.group, &place.version, &place.plural);
    let kind = frame.world.look(find).ok_or_else(Failure::no_path)?;
    if place.namespace.is_some() && !kind.is_namespaced {
        return Err(Failure::no_path());
    }
    let target = Target {
        cluster: &cluster.name,
        kind: &kind,
        namespace: place.namespace.as_deref(),
        name: &place.name,
        part: place.part.as_deref(),
    };
    let is_part = match target.part {
        None => true,
        Some("status") => kind.has_status,
        Some("scale") => kind.has_scale,
        Some("finalize") => kind.is("", "namespaces"),
        Some(_) => false,
    };
    if !is_part {
        return Err(Failure::no_path());
    }
    let accept = request.headers.get(http::header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    let shape = Shape::read(accept, path.get("includeObject"));
    match (&request.method, target.name.is_empty()) {
        (&Method::GET, true) if path.is("watch") => begin_watch(frame, history, &kind, &target, path, shape),
        (&Method::GET, true) => list(frame, &target, path, &shape),
        (&Method::GET, false) if path.is("watch") => begin_watch(frame, history, &kind, &target, path, shape),
        (&Method::GET, false) => {
            check_namespaced(&target)?;
            let object = frame.world.look(|records| store::get(records, &target))?;
            let object = if target.part == Some("scale") { scale_of(&kind, &object)? } else { object };
            Ok(sent(200, &table::shaped(&kind, object, &shape)))
        }
        _ => {
            let (code, object) = write(frame, &target, path, request).await?;
            let is_object = object["kind"] == kind.kind && code < 300;
            Ok(sent(code, &if is_object { table::shaped(&kind, object, &shape) } else { object }))
        }
    }
}

fn check_namespaced(target: &Target<'_>) -> Result<(), Failure> {
    if target.kind.is_namespaced && target.namespace.is_none() { Err(Failure::no_path()) } else { Ok(()) }
}

/// Answers what is asked about the server itself.
fn about(frame: &Arc<Frame>, cluster: &Cluster, path: &Path, request: &Request) -> Result<Response, Failure> {
    let accept = request.headers.get(http::header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let kinds = || frame.world.look(|records| kinds::all(records, &cluster.name));
    let parts: Vec<&str> = path.rest.iter().map(String::as_str).collect();
    let aggregated = ["v2", "v2beta1"].into_iter().find(|form| {
        let ours = |one: &str| one.contains("as=APIGroupDiscoveryList") && one.contains(&format!("v={form};"));
        accept.split(',').any(|one| ours(&format!("{one};")))
    });
    let body = match (&*parts, aggregated) {
        (["livez" | "readyz" | "healthz", ..], _) => return Ok(Response::new(200, "text/plain", "ok")),
        (["version"], _) => Some(version(cluster)),
        ([root @ ("api" | "apis")], Some(form)) => {
            let body = discovery::aggregated(&kinds(), *root == "api", form).to_string();
            let kind = if form == "v2" {
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            } else {
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
            };
            return Ok(Response::new(200, kind, body));
        }
        (["api"], _) => Some(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        (["apis"], _) => Some(discovery::groups(&kinds())),
        (["api", version], _) => discovery::resources(&kinds(), "", version),
        (["apis", group], _) => discovery::group(&kinds(), group),
        (["apis", group, version], _) => discovery::resources(&kinds(), group, version),
        (["openapi", "v3"], _) => Some(discovery::documents(&kinds(), &format!("/clusters/{}", cluster.name))),
        (["openapi", "v3", "api", version], _) => discovery::document(&kinds(), "", version),
        (["openapi", "v3", "apis", group, version], _) => discovery::document(&kinds(), group, version),
        _ => None,
    };
    body.map(|body| sent(200, &body)).ok_or_else(Failure::no_path)
}

fn version(cluster: &Cluster) -> Json {
    let (major, minor) = cluster.version.split_once('.').unwrap_or(("1", "33"));
    json!({
        "major": major, "minor": minor, "gitVersion": format!("v{major}.{minor}.0-gantry"), "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

fn selector(target: &Target<'_>, path: &Path) -> Result<Selector, Failure> {
    let mut by_field = path.get("fieldSelector").to_owned();
    if !target.name.is_empty() {
        by_field = format!("metadata.name={}", target.name);
    }
    Selector::parse(path.get("labelSelector"), &by_field)
}

/// Objects of one page at most, if the client does not say.
const PAGE_MAX: usize = 1_000_000;

fn list(frame: &Arc<Frame>, target: &Target<'_>, path: &Path, shape: &Shape) -> Result<Response, Failure> {
    let kind = target.kind;
    let selector = selector(target, path)?;
    let prefix = kind.prefix(target.cluster, target.namespace);
    let wrong = || Failure::bad_request("limit is not a number");
    let limit = if path.get("limit").is_empty() { 0 } else { path.get("limit").parse().map_err(|_| wrong())? };
    let limit = if limit == 0 { PAGE_MAX } else { limit };
    let behind = continued(path.get("continue"), &prefix)?;
    let (found, revision) = frame.world.look(|records| {
        let all = records.behind(&prefix, behind.as_deref());
        let found: Vec<(String, Arc<str>)> = match selector.name() {
            // One name is looked for where it is, and not among all.
            Some(name) => all
                .filter(|(own, _)| own.rsplit('/').next() == Some(name))
                .map(|(own, text)| (own.to_owned(), text.clone()))
                .collect(),
            None if selector.is_empty() => {
                all.take(limit.saturating_add(1)).map(|(own, text)| (own.to_owned(), text.clone())).collect()
            }
            None => all.map(|(own, text)| (own.to_owned(), text.clone())).collect(),
        };
        (found, records.revision())
    });
    let is_raw = selector.is_empty() && *shape == Shape::Whole;
    let (mut texts, mut objects, mut last, mut is_more) = (Vec::new(), Vec::new(), String::new(), false);
    let start = format!("{{\"apiVersion\":\"{}\",\"kind\":\"{}\",", kind.api_version(), kind.kind);
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
        use base64::Engine;
        metadata["continue"] = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(last).into();
    }
    Ok(Response::new(200, "application/json", list_body(kind, shape, metadata, &objects, texts)))
}

/// Writes a list: of objects that were read, or of their texts as they are.
fn list_body(kind: &Kind, shape: &Shape, metadata: Json, objects: &[Json], mut texts: Vec<Arc<str>>) -> String {
    match shape {
        Shape::Table(include) => table::table(kind, objects, metadata, include).to_string(),
        Shape::Metadata => {
            let items: Vec<Json> = objects.iter().map(table::partial).collect();
            json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": items,
            })
            .to_string()
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
    }
}

/// Reads where a list goes on.
fn continued(token: &str, prefix: &str) -> Result<Option<String>, Failure> {
    use base64::Engine;
    if token.is_empty() {
        return Ok(None);
    }
    let wrong = || Failure::bad_request("continue key is not valid");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let name = String::from_utf8(bytes).map_err(|_| wrong())?;
    if name.starts_with(prefix) { Ok(Some(name)) } else { Err(wrong()) }
}

fn begin_watch(
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
        from.parse().map_err(|_| Failure::bad_request(format!("Invalid value: {from:?}: no resource version")))?
    };
    let seconds = path.get("timeoutSeconds").parse().unwrap_or(watch::SECONDS_MAX);
    let bookmarks = path.is("allowWatchBookmarks");
    let watched = Watch { kind: kind.clone(), prefix, selector, revision, bookmarks, seconds, shape, first };
    let mut answer = Response::new(200, "application/json", "");
    answer.body = Body::Stream(Box::pin(watch::stream(history.clone(), watched)));
    Ok(answer)
}

/// Does what writes.
async fn write(
    frame: &Arc<Frame>,
    target: &Target<'_>,
    path: &Path,
    request: &Request,
) -> Result<(u16, Json), Failure> {
    check_namespaced(target)?;
    let agent = request.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.and_then(|agent| agent.split('/').next()).filter(|agent| !agent.is_empty()).unwrap_or("unknown");
    let manager = if path.get("fieldManager").is_empty() { agent } else { path.get("fieldManager") };
    let how = How { manager: manager.to_owned(), time: rfc3339(real_now()) };
    let is_dry = match path.get("dryRun") {
        "" => false,
        "All" => true,
        other => return Err(Failure::bad_request(format!("Unsupported value: {other:?}: dryRun can be \"All\" only"))),
    };
    let kind = request.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let body = body(request, kind)?;
    let outcome = frame
        .world
        .change(|change| {
            let answer = match request.method {
                Method::POST if target.name.is_empty() => (201, store::create(change, target, body, &how)?),
                Method::PUT if !target.name.is_empty() => (200, update(change, target, body, &how)?),
                Method::PATCH if !target.name.is_empty() => patched(change, target, (kind, body), path, &how)?,
                Method::DELETE if target.name.is_empty() => (200, delete_all(change, target, path, &body, &how)?),
                Method::DELETE if target.part.is_none() => {
                    let mut options = body;
                    for member in ["propagationPolicy"].into_iter().filter(|member| !path.get(member).is_empty()) {
                        options[member] = path.get(member).into();
                    }
                    (200, store::delete(change, target, &options, &how)?)
                }
                _ => {
                    let message = "the server does not allow this method on the requested resource";
                    return Err(Failure::new(405, "MethodNotAllowed", message).into());
                }
            };
            // What was only tried is taken back, as what fails is.
            if is_dry { Err(Stop::Tried(Box::new(answer))) } else { Ok(answer) }
        })
        .await;
    match outcome {
        Ok(answer) => Ok(answer),
        Err(Stop::Tried(answer)) => Ok(*answer),
        Err(Stop::Failure(failure)) => Err(failure),
    }
}

fn body(request: &Request, kind: &str) -> Result<Json, Failure> {
    if request.method == Method::DELETE && (request.body.is_empty() || !request.body.starts_with(b"{")) {
        return if request.body.is_empty() || kind.contains("json") {
            Ok(json!({}))
        } else {
            Err(Failure::new(415, "UnsupportedMediaType", "the body of the request was in an unknown format"))
        };
    }
    let takes = [
        "",
        "application/json",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];
    if !takes.contains(&kind) {
        let message =
            "the body of the request was in an unknown format - accepted media types include: application/json";
        return Err(Failure::new(415, "UnsupportedMediaType", message));
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        let hint = if kind.ends_with("yaml") { "; the sandbox takes YAML in the form of JSON only" } else { "" };
        Failure::bad_request(format!("the body of the request cannot be read: {error}{hint}"))
    })
}

fn update(change: &mut Change<'_>, target: &Target<'_>, body: Json, how: &How) -> Result<Json, Stop> {
    let before = store::get(change, target)?;
    match target.part {
        Some("scale") => {
            let after = scaled(target.kind, &before, &body)?;
            let after = store::replace(change, &Target { part: None, ..*target }, &before, after, how)?;
            Ok(scale_of(target.kind, &after)?)
        }
        _ => store::replace(change, target, &before, body, how),
    }
}

fn patched(
    change: &mut Change<'_>,
    target: &Target<'_>,
    (kind, body): (&str, Json),
    path: &Path,
    how: &How,
) -> Result<(u16, Json), Stop> {
    if kind == "application/apply-patch+yaml" {
        return applied(change, target, body, path, how);
    }
    let before = store::get(change, target)?;
    let is_scale = target.part == Some("scale");
    let mut after = if is_scale { scale_of(target.kind, &before)? } else { before.clone() };
    match kind {
        "application/json-patch+json" => patch::json(&mut after, &body)?,
        "application/merge-patch+json" => patch::merge(&mut after, &body),
        "application/strategic-merge-patch+json" if target.kind.custom.is_none() => {
            patch::strategic(&mut after, &body)?;
        }
        _ => {
            let message = "the body of the request was in an unknown format - accepted media types include: \
                           application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
            return Err(Failure::new(415, "UnsupportedMediaType", message).into());
        }
    }
    if is_scale {
        return Ok((200, update(change, target, after, how)?));
    }
    Ok((200, store::replace(change, target, &before, after, how)?))
}

/// Does a server-side apply.
fn applied(
    change: &mut Change<'_>,
    target: &Target<'_>,
    mut wanted: Json,
    path: &Path,
    how: &How,
) -> Result<(u16, Json), Stop> {
    if path.get("fieldManager").is_empty() {
        return Err(Failure::bad_request(
            "PatchOptions is invalid: fieldManager: Required value: is required for apply patch",
        )
        .into());
    }
    if target.part == Some("scale") {
        return Err(Failure::new(415, "UnsupportedMediaType", "scale cannot be applied here").into());
    }
    store::check_identity(target, &mut wanted)?;
    let live = match store::get(change, target) {
        Ok(live) => Some(live),
        Err(failure) if failure.code == 404 && target.part.is_none() => None,
        Err(failure) => return Err(failure.into()),
    };
    let is_forced = path.is("force");
    let mut after = fields::apply(live.as_ref(), &wanted, target, how, is_forced)?;
    match live {
        None => {
            after["metadata"]["name"] = target.name.into();
            if let Some(namespace) = target.namespace {
                after["metadata"]["namespace"] = namespace.into();
            }
            Ok((201, store::create(change, target, after, how)?))
        }
        Some(live) => {
            let version = &wanted["metadata"]["resourceVersion"];
            if version.is_string() {
                after["metadata"]["resourceVersion"] = version.clone();
            }
            Ok((200, store::replace(change, target, &live, after, how)?))
        }
    }
}

fn delete_all(
    change: &mut Change<'_>,
    target: &Target<'_>,
    path: &Path,
    options: &Json,
    how: &How,
) -> Result<Json, Stop> {
    let selector = selector(target, path)?;
    let prefix = target.kind.prefix(target.cluster, target.namespace);
    let found: Vec<Json> = change
        .under(&prefix)
        .filter_map(|(_, text)| serde_json::from_str(text).ok())
        .filter(|one| selector.takes(one))
        .collect();
    for object in &found {
        let target = Target { name: text(object, "/metadata/name"), ..*target };
        store::delete(change, &target, options, how)?;
    }
    let metadata = json!({"resourceVersion": change.revision().to_string()});
    let kind = target.kind;
    Ok(
        json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata, "items": found}),
    )
}

/// Where a kind has its numbers of replicas: what is wanted, what is, and by which labels pods are found.
fn scale_paths(kind: &Kind) -> (String, String, String) {
    let pointer = |name: &str, usual: &str| {
        let path = kind.custom.as_ref().and_then(|one| one["subresources"]["scale"][name].as_str());
        path.map_or_else(|| usual.to_owned(), |path| path.replace('.', "/"))
    };
    (
        pointer("specReplicasPath", "/spec/replicas"),
        pointer("statusReplicasPath", "/status/replicas"),
        pointer("labelSelectorPath", "/status/selector"),
    )
}

fn scale_of(kind: &Kind, object: &Json) -> Result<Json, Failure> {
    let (wanted, is, labels) = scale_paths(kind);
    let number = |path: &str| object.pointer(path).and_then(Json::as_i64).unwrap_or_default();
    let by = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let by: Vec<String> = by.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let by = object.pointer(&labels).and_then(Json::as_str).map_or_else(|| by.join(","), str::to_owned);
    let old = &object["metadata"];
    let mut metadata = json!({"name": old["name"]});
    for member in ["namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata[member] = old[member].clone();
    }
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": {"replicas": number(&wanted)},
        "status": {"replicas": number(&is), "selector": by},
    }))
}

/// Writes what a scale wants into its object.
fn scaled(kind: &Kind, before: &Json, scale: &Json) -> Result<Json, Failure> {
    let replicas = &scale["spec"]["replicas"];
    if replicas.as_i64().is_none_or(|count| count < 0) && !replicas.is_null() {
        return Err(Failure::bad_request("spec.replicas of a scale is a number that is not negative"));
    }
    let mut after = before.clone();
    let (wanted, ..) = scale_paths(kind);
    let mut patch = if replicas.is_null() { Json::from(0) } else { replicas.clone() };
    for step in wanted.rsplit('/').filter(|step| !step.is_empty()) {
        patch = json!({step: patch});
    }
    patch::merge(&mut after, &patch);
    if let Some(version) = scale["metadata"]["resourceVersion"].as_str() {
        after["metadata"]["resourceVersion"] = version.into();
    }
    Ok(after)
}
