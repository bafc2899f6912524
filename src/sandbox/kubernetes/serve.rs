//! Requests: what is done for each verb.

use std::sync::Arc;

use http::Method;
use serde_json::{Value as Json, json};

use super::access::{self, Deed};
use super::body::{self, APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH};
use super::failure::{Cause, Failure, Stop};
use super::identity::User;
use super::kinds::{self, Kind};
use super::path::{Path, Place};
use super::scale::{scale_of, scaled};
use super::schema::Schema;
use super::store::{self, How, Target, text};
use super::table::{self, Shape};
use super::watch::History;
use super::{Cluster, definitions, discovery, fields, listing, openapi, parts, patch};
use crate::clock::{real_now, rfc3339};
use crate::frame::Frame;
use crate::server::{Request, Response};
use crate::world::{Change, Records};

/// Who asks whom.
pub struct Asked<'a> {
    /// What all emulated clouds share.
    pub frame: &'a Arc<Frame>,
    /// What changed lately.
    pub history: &'a Arc<History>,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Who asks.
    pub user: &'a User,
    /// Whose a token is.
    pub whose: &'a (dyn Fn(&str) -> Option<User> + Sync),
}

fn sent(code: u16, body: &Json) -> Response {
    Response::new(code, "application/json", body.to_string())
}

/// Answers a request whose sender is known.
pub async fn answer(asked: &Asked<'_>, path: &Path, request: &Request) -> Result<Response, Failure> {
    let (frame, cluster) = (asked.frame, asked.cluster);
    let Some(place) = path.place() else {
        allow(asked, &Deed { verb: request.method.as_str().to_lowercase(), path: path.written(), ..Deed::default() })?;
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Failure::no_path());
        }
        return about(frame, cluster, path, request);
    };
    allow(asked, &deed(path, &place, request))?;
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
    if let Some(part) = target.part {
        let part = kinds::parts(&kind).into_iter().find(|one| one.name == part).ok_or_else(Failure::no_path)?;
        check_namespaced(&target)?;
        if let Some(failure) = parts::not_emulated(part.name) {
            frame.world.look(|records| store::get(records, &target))?;
            return Err(failure);
        }
    }
    if kind.is_question {
        return question(asked, &target, request);
    }
    let accept = request.headers.get(http::header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    let shape = Shape::read(accept, path.get("includeObject"));
    match (&request.method, target.name.is_empty()) {
        (&Method::GET, _) if path.is("watch") && target.part.is_none() => {
            listing::watch(frame, asked.history, &kind, &target, path, shape)
        }
        (&Method::GET, true) => listing::list(frame, asked.history, &target, path, &shape).await,
        (&Method::GET, false) => {
            check_namespaced(&target)?;
            let object = frame.world.look(|records| store::get(records, &target))?;
            let object = if target.part == Some("scale") { scale_of(&kind, &object)? } else { object };
            Ok(sent(200, &table::shaped(&kind, object, &shape)))
        }
        _ => {
            let (code, object, warnings) = write(asked, &target, path, request).await?;
            let is_object = object["kind"] == kind.kind && code < 300;
            let mut answer = sent(code, &if is_object { table::shaped(&kind, object, &shape) } else { object });
            for warning in warnings {
                let value = format!("299 - {warning:?}");
                if let Ok(value) = http::HeaderValue::from_str(&value) {
                    answer.headers.append(http::header::WARNING, value);
                }
            }
            Ok(answer)
        }
    }
}

/// Returns whom the sender acts as, if it may.
pub fn impersonated(frame: &Frame, cluster: &Cluster, user: User, request: &Request) -> Result<User, Failure> {
    let words = |name: &str| -> Vec<String> {
        let all = request.headers.get_all(name).iter();
        all.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
    };
    let Some(name) = words("impersonate-user").into_iter().next() else { return Ok(user) };
    let mut groups = words("impersonate-group");
    let mut deeds = vec![("users", name.clone())];
    deeds.extend(groups.iter().map(|group| ("groups", group.clone())));
    for (resource, name) in deeds {
        let deed = Deed { verb: "impersonate".to_owned(), resource: resource.to_owned(), name, ..Deed::default() };
        if frame.world.look(|records| access::allows(records, &cluster.name, &user, &deed)).is_none() {
            return Err(Failure::new(403, "Forbidden", deed.refusal(&user)));
        }
    }
    if let Some((namespace, account)) =
        name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'))
    {
        return Ok(User::service_account(namespace, account, ""));
    }
    groups.push("system:authenticated".to_owned());
    Ok(User { name, uid: String::new(), groups, grants: Vec::new() })
}

/// Refuses what the sender may not do.
fn allow(asked: &Asked<'_>, deed: &Deed) -> Result<(), Failure> {
    let allowed = asked.frame.world.look(|records| access::allows(records, &asked.cluster.name, asked.user, deed));
    if allowed.is_some() {
        return Ok(());
    }
    let mut failure = Failure::new(403, "Forbidden", deed.refusal(asked.user));
    failure.details = Some(json!({"name": deed.name, "group": deed.group, "kind": deed.resource}));
    Err(failure)
}

fn deed(path: &Path, place: &Place, request: &Request) -> Deed {
    Deed {
        verb: path.verb(place, request).to_owned(),
        group: place.group.clone(),
        resource: place.plural.clone(),
        part: place.part.clone().unwrap_or_default(),
        namespace: place.namespace.clone().unwrap_or_default(),
        name: place.name.clone(),
        path: String::new(),
    }
}

fn check_namespaced(target: &Target<'_>) -> Result<(), Failure> {
    if target.kind.is_namespaced && target.namespace.is_none() { Err(Failure::no_path()) } else { Ok(()) }
}

/// Answers what is not kept: reviews.
fn question(asked: &Asked<'_>, target: &Target<'_>, request: &Request) -> Result<Response, Failure> {
    if request.method != Method::POST || !target.name.is_empty() {
        return Err(Failure::no_method());
    }
    check_namespaced(target)?;
    let kind = target.kind;
    let mut body = body::read(request)?;
    store::check_identity(target, &mut body)?;
    if kind.kind == "TokenReview" {
        body["status"] = match (asked.whose)(text(&body, "/spec/token")) {
            Some(user) => json!({"authenticated": true, "user": user.info()}),
            None => json!({"authenticated": false, "user": {}, "error": "invalid bearer token"}),
        };
        return Ok(sent(201, &body));
    }
    let review = |records: &Records| access::review(records, asked.cluster, asked.user, kind, body);
    let answer = asked.frame.world.look(review).ok_or_else(Failure::no_method)?;
    Ok(sent(201, &answer))
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
        (["openapi", "v2"], _) if accept.contains("protobuf") => {
            return Ok(Response::new(200, openapi::OLD_MEDIA_TYPE, openapi::OLD));
        }
        (["openapi", "v2"], _) => {
            Some(json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1"}, "paths": {}}))
        }
        (["openapi", "v3"], _) => Some(discovery::documents(&kinds(), &format!("/clusters/{}", cluster.name))),
        (["openapi", "v3", "api", version], _) => openapi::document(&kinds(), "", version),
        (["openapi", "v3", "apis", group, version], _) => openapi::document(&kinds(), group, version),
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

/// Returns who writes, and when.
fn how(path: &Path, request: &Request) -> How {
    let agent = request.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.and_then(|agent| agent.split('/').next()).filter(|agent| !agent.is_empty()).unwrap_or("unknown");
    let manager = if path.get("fieldManager").is_empty() { agent } else { path.get("fieldManager") };
    How { manager: manager.to_owned(), time: rfc3339(real_now()) }
}

/// Does what writes.
async fn write(
    asked: &Asked<'_>,
    target: &Target<'_>,
    path: &Path,
    request: &Request,
) -> Result<(u16, Json, Vec<String>), Failure> {
    check_namespaced(target)?;
    let how = how(path, request);
    let mut body = body::read(request)?;
    let mut is_dry = match path.get("dryRun") {
        "" => false,
        "All" => true,
        other => return Err(Failure::bad_request(format!("Unsupported value: {other:?}: dryRun can be \"All\" only"))),
    };
    if request.method == Method::DELETE || target.part == Some("eviction") {
        let options = if target.part == Some("eviction") { &body["deleteOptions"] } else { &body };
        is_dry |= options["dryRun"].as_array().is_some_and(|words| words.iter().any(|word| word == "All"));
        for member in ["propagationPolicy"].into_iter().filter(|member| !path.get(member).is_empty()) {
            body[member] = path.get(member).into();
        }
        let is_said = body.get("propagationPolicy").is_some() || body.get("orphanDependents").is_some();
        if !is_said && target.kind.is("batch", "jobs") {
            // As it was before there was a choice.
            body["propagationPolicy"] = "Orphan".into();
        }
        if let Ok(seconds) = path.get("gracePeriodSeconds").parse::<u64>() {
            body["gracePeriodSeconds"] = seconds.into();
        }
    }
    let mut warnings = Vec::new();
    if target.part.is_none() && matches!(request.method, Method::POST | Method::PUT) {
        warnings = body::validate(target.kind, &body, path, false)?;
        if target.kind.is(kinds::DEFINITIONS.0, kinds::DEFINITIONS.1) {
            warnings.extend(definitions::warnings(&body));
        }
    }
    let work = Work { cluster: asked.cluster, target, path, how: &how, media: body::media_type(request) };
    let change = |change: &mut Change<'_>| {
        let answer = work.run(change, &request.method, body, &mut warnings)?;
        // What was only tried is taken back, as what fails is.
        if is_dry { Err(Stop::Tried(Box::new(answer))) } else { Ok(answer) }
    };
    match asked.frame.world.change(change).await {
        Ok((code, object)) => Ok((code, object, warnings)),
        Err(Stop::Tried(answer)) => Ok((answer.0, answer.1, warnings)),
        Err(Stop::Failure(failure)) => Err(failure),
    }
}

/// What is to be written where.
struct Work<'a> {
    cluster: &'a Cluster,
    target: &'a Target<'a>,
    path: &'a Path,
    how: &'a How,
    media: &'a str,
}

impl Work<'_> {
    fn run(
        &self,
        change: &mut Change<'_>,
        method: &Method,
        body: Json,
        warnings: &mut Vec<String>,
    ) -> Result<(u16, Json), Stop> {
        let target = self.target;
        let is_all = target.name.is_empty();
        match *method {
            Method::POST if is_all => Ok((201, store::create(change, target, body, self.how)?)),
            Method::POST if target.part.is_some() => parts::post(change, self.cluster, target, &body, self.how),
            Method::PUT if !is_all => Ok((200, update(change, target, body, self.how)?)),
            Method::PATCH if !is_all && self.media == APPLY_PATCH => self.apply(change, body),
            Method::PATCH if !is_all => self.patch(change, &body, warnings),
            Method::DELETE if is_all => self.delete_all(change, &body),
            Method::DELETE if target.part.is_none() => Ok((200, store::delete(change, target, &body, self.how)?)),
            _ => Err(Failure::no_method().into()),
        }
    }

    fn patch(&self, change: &mut Change<'_>, body: &Json, warnings: &mut Vec<String>) -> Result<(u16, Json), Stop> {
        let target = self.target;
        let before = store::get(change, target)?;
        let is_scale = target.part == Some("scale");
        let mut after = if is_scale { scale_of(target.kind, &before)? } else { before.clone() };
        match self.media {
            JSON_PATCH => patch::json(&mut after, body)?,
            MERGE_PATCH => patch::merge(&mut after, body),
            STRATEGIC_PATCH if target.kind.custom.is_none() => {
                let schema = if is_scale { Schema::Unknown } else { Schema::of(target.kind) };
                patch::strategic(&mut after, body, schema);
            }
            _ => {
                let message = "the body of the request was in an unknown format - accepted media types include: \
                               application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
                return Err(Failure::new(415, "UnsupportedMediaType", message).into());
            }
        }
        if is_scale {
            return Ok((200, update(change, target, after, self.how)?));
        }
        if target.part.is_none() {
            *warnings = body::validate(target.kind, &after, self.path, true)?;
        }
        Ok((200, store::replace(change, target, &before, after, self.how)?))
    }

    /// Does a server-side apply.
    fn apply(&self, change: &mut Change<'_>, mut wanted: Json) -> Result<(u16, Json), Stop> {
        let (target, how) = (self.target, self.how);
        if self.path.get("fieldManager").is_empty() {
            let message =
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
            return Err(Failure::new(422, "Invalid", message).into());
        }
        if target.part == Some("scale") {
            return Err(Failure::new(415, "UnsupportedMediaType", "scale cannot be applied here").into());
        }
        store::check_identity(target, &mut wanted)?;
        body::declared(target, &mut wanted)?;
        let live = match store::get(change, target) {
            Ok(live) => Some(live),
            Err(failure) if failure.code == 404 && target.part.is_none() => None,
            Err(failure) => return Err(failure.into()),
        };
        let mut after = fields::apply(live.as_ref(), &wanted, target, how, self.path.is("force"))?;
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

    fn delete_all(&self, change: &mut Change<'_>, options: &Json) -> Result<(u16, Json), Stop> {
        let target = self.target;
        let selector = listing::selector(target, self.path)?;
        let prefix = target.kind.prefix(target.cluster, target.namespace);
        let found: Vec<Json> = change
            .under(&prefix)
            .filter_map(|(_, text)| serde_json::from_str(text).ok())
            .filter(|one| selector.takes(one))
            .collect();
        for object in &found {
            let namespace = target.kind.is_namespaced.then(|| text(object, "/metadata/namespace"));
            let target = Target { name: text(object, "/metadata/name"), namespace, ..*target };
            store::delete(change, &target, options, self.how)?;
        }
        let metadata = json!({"resourceVersion": change.revision().to_string()});
        let (word, version) = (format!("{}List", target.kind.kind), target.kind.api_version());
        Ok((200, json!({"kind": word, "apiVersion": version, "metadata": metadata, "items": found})))
    }
}

fn update(change: &mut Change<'_>, target: &Target<'_>, body: Json, how: &How) -> Result<Json, Stop> {
    let before = match store::get(change, target) {
        // What is written as a whole may be new, where kinds have it so.
        Err(failure) if failure.code == 404 && target.part.is_none() && may_be_made(target.kind) => {
            return store::create(change, target, body, how);
        }
        before => before?,
    };
    let is_blind = text(&body, "/metadata/resourceVersion").is_empty();
    if is_blind && target.part != Some("scale") && needs_version(target.kind) {
        let hint = "must be specified for an update";
        let cause = Cause::invalid("metadata.resourceVersion", &0.into(), hint);
        return Err(Failure::invalid(target.kind, target.name, vec![cause]).into());
    }
    match target.part {
        Some("scale") => {
            let after = scaled(target.kind, &before, &body)?;
            let after = store::replace(change, target, &before, after, how)?;
            Ok(scale_of(target.kind, &after)?)
        }
        _ => store::replace(change, target, &before, body, how),
    }
}

/// Tells whether an update has to say which version it changes.
fn needs_version(kind: &Kind) -> bool {
    kind.custom.is_some()
        || matches!(&*kind.plural, "customresourcedefinitions" | "poddisruptionbudgets" | "leases" | "apiservices")
}

fn may_be_made(kind: &Kind) -> bool {
    matches!((&*kind.group, &*kind.plural), ("", "endpoints" | "events" | "limitranges") | ("coordination.k8s.io", _))
}
