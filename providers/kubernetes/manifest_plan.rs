//! Plans of manifests: by a dry run where the cluster can be asked, else from the manifest alone.

use sdk::schema::Schema;
use sdk::value::{Kind, Path, PathStep, Type, Value};
use sdk::{PlanRequest, PlanResponse, PlanRules, Problem, attribute, plan_by_schema};
use serde_json::Value as Json;

use crate::api::{Applying, Place};
use crate::changes::{Step, Wanted, already_there, field_path, located};
use crate::cluster::Session;
use crate::discovery::group;
use crate::failure::Failure;
use crate::fields::{part, stripped};
use crate::identity;
use crate::json::{at, from_json, text, texts, to_json, with};
use crate::kept::Kept;
use crate::manifest::named;
use crate::readiness::is_custom;

/// What the cluster chooses itself, so that a dry run does not tell what it will be: kind and place.
const CHOSEN: &[(&str, &[&str])] = &[
    ("Job", &["spec.selector", "spec.template.metadata"]),
    ("PersistentVolumeClaim", &["spec.volumeName"]),
    ("Pod", &["spec"]),
    ("Service", &["spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort", "spec.ports"]),
    ("ServiceAccount", &["secrets"]),
];

/// Plans.
pub(crate) async fn plan(
    session: Option<&Session>,
    schema: &Schema,
    request: PlanRequest,
    wanted: Option<Wanted>,
) -> PlanResponse {
    let mut response = plan_by_schema(schema, PlanRules::default(), &request);
    let kept = Kept::read(&request.prior_private);
    if let Some(named) = named(&attribute(&response.planned, "manifest")) {
        response.identity = Some(identity::of_named(&named));
    }
    if !request.prior.is_null() && response.planned == request.prior && !kept.has_drifted {
        response.identity = request.prior_identity.clone().or(response.identity);
        return response;
    }
    response.planned = with(&response.planned, vec![("object", Value::unknown(Type::Dynamic))]);
    if !request.prior.is_null() {
        let (old, new) = (attribute(&request.prior, "manifest"), attribute(&response.planned, "manifest"));
        response.requires_replace = moved(&old, &new);
        if !response.requires_replace.is_empty() {
            return response;
        }
    }
    // The apply itself finds out what has changed since.
    let approved = request.approved.as_ref().map(|approved| attribute(approved, "object"));
    if let Some(promise) = approved.filter(Value::is_known) {
        response.planned = with(&response.planned, vec![("object", promise)]);
        return response;
    }
    let (Some(session), Some(wanted)) = (session, wanted) else { return response };
    match session.place(&wanted.named).await {
        Ok(Some(place)) => tried(session, &place, &wanted, request, response).await,
        // What defines the kind may come in this very plan.
        Ok(None) => response,
        Err(failure) => offline(session, response, &failure),
    }
}

/// Tells once that plans are less exact than they could be.
fn offline(session: &Session, mut response: PlanResponse, failure: &Failure) -> PlanResponse {
    let problem = failure.problem("ask the cluster what would come of the manifest");
    match failure {
        Failure::Unreachable(_) if !session.is_first_to_tell() => {}
        Failure::Unreachable(_) => {
            let detail = format!("{} What it fills in, and what it would refuse, is not in the plan.", problem.detail);
            response.problems.push(Problem::warning("Planned without the cluster", detail));
        }
        _ => response.problems.push(problem),
    }
    response
}

/// Tries the manifest and takes over what would come of it.
async fn tried(
    session: &Session,
    place: &Place,
    wanted: &Wanted,
    request: PlanRequest,
    mut response: PlanResponse,
) -> PlanResponse {
    let is_new = request.prior.is_null();
    if is_new && session.is_ours(place) {
        // The old one is still there: it is replaced by this one, so a try would only compare the two.
        return response;
    }
    if !is_new {
        session.note_ours(place);
    }
    let how = Applying { manager: &wanted.manager, is_forced: wanted.is_forced, is_dry: true };
    let tried = match is_new {
        true => session.api.apply(place, &wanted.body, how).await,
        false => session.api.apply_ours(place, &wanted.body, how).await,
    };
    let failure = match tried {
        Ok((false, _)) if is_new => {
            response.problems.push(already_there(&wanted.named));
            return response;
        }
        Ok((_, object)) => {
            let prior = attribute(&request.prior, "object");
            let object = promised(&object, &wanted.body, &prior, &texts(&response.planned, "computed_fields"));
            response.planned = with(&response.planned, vec![("object", object)]);
            return response;
        }
        Err(failure) => failure,
    };
    let doing = format!("{} the {}", if is_new { "create" } else { "change" }, place.describe());
    match failure.status() {
        Some(status) if status.code == 404 || status.is_webhook_down() => response,
        // Only what is there can be in conflict.
        Some(status) if is_new && status.code == 409 && !status.causes.is_empty() => {
            response.problems.push(already_there(&wanted.named));
            response
        }
        Some(status) if !is_new && status.immutable_fields().is_some() => {
            let (old, new) = (attribute(&request.prior, "manifest"), attribute(&response.planned, "manifest"));
            let fields = status.immutable_fields().unwrap_or_default();
            response.requires_replace = fields.iter().map(|field| differing(&old, &new, field)).collect();
            response.requires_replace.dedup();
            response
        }
        Some(_) => {
            response.problems.push(located(&failure, &doing));
            response
        }
        None => offline(session, response, &failure),
    }
}

/// Returns where a manifest means another object than before.
fn moved(old: &Value, new: &Value) -> Vec<Path> {
    let step = |name: &str| PathStep::Attribute(name.into());
    let mut paths = Vec::new();
    let groups = |manifest: &Value| text(manifest, "apiVersion").map(|version| group(&version).to_owned());
    if groups(old) != groups(new) {
        paths.push(Path(vec![step("manifest"), step("apiVersion")]));
    }
    if attribute(old, "kind") != attribute(new, "kind") {
        paths.push(Path(vec![step("manifest"), step("kind")]));
    }
    let (old, new) = (attribute(old, "metadata"), attribute(new, "metadata"));
    for name in ["name", "namespace"] {
        let (old, new) = (attribute(&old, name), attribute(&new, name));
        let is_default = |value: &Value| value.is_null() || value.as_str() == Some("default");
        let is_same = old == new || name == "namespace" && is_default(&old) && is_default(&new);
        if !is_same {
            paths.push(Path(vec![step("manifest"), step("metadata"), step(name)]));
        }
    }
    paths
}

/// Returns the longest part of a field's path at which two manifests differ.
fn differing(old: &Value, new: &Value, field: &str) -> Path {
    let mut path = Path(vec![PathStep::Attribute("manifest".into())]);
    let (mut old, mut new) = (old.clone(), new.clone());
    for step in field_path(field) {
        let (step, next_old, next_new) = match step {
            Step::Member(name) => {
                (PathStep::Attribute(name.as_str().into()), old.attribute(&name), new.attribute(&name))
            }
            Step::Element(index) => {
                let element = |value: &Value| value.as_sequence()?.get(usize::try_from(index).ok()?).cloned();
                (PathStep::Index(Value::number(index)), element(&old), element(&new))
            }
        };
        let (Some(next_old), Some(next_new)) = (next_old, next_new) else { break };
        if next_old == next_new {
            break;
        }
        path.0.push(step);
        (old, new) = (next_old, next_new);
    }
    path
}

/// Returns what a dry run promises: all but what the cluster chooses when it comes to it.
fn promised(object: &Json, manifest: &Json, prior: &Value, computed: &[String]) -> Value {
    let kind = at(object, "/kind");
    let mut value = from_json(&stripped(object));
    let chosen = CHOSEN.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, paths)| paths);
    for path in chosen {
        let pointer = format!("/{}", path.replace('.', "/"));
        let (now, before) = (pointed(&value, path), pointed(prior, path));
        let is_set = manifest.pointer(&pointer).map(from_json).is_some_and(|set| Some(set) == now);
        if now != before && !is_set {
            value = forget(&value, path);
        }
    }
    computed.iter().fold(value, |value, path| forget(&value, path))
}

fn pointed(value: &Value, path: &str) -> Option<Value> {
    path.split('.').try_fold(value.clone(), |value, name| value.attribute(name))
}

/// Returns an object of which a part is not known.
fn forget(value: &Value, path: &str) -> Value {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(part) = value.attribute(first) else { return value.clone() };
    let part = match rest {
        Some(rest) => forget(&part, rest),
        None => Value::dynamic(),
    };
    with(value, vec![(first, part)])
}

/// Returns a planned object with the one that came of it, and whether something that is not ours came otherwise.
///
/// What was promised of fields that are others' stays as promised: between plan and apply they may do what they like. Of
/// custom resources nobody but their operators knows whether what was set is changed on the way in.
pub(crate) fn settled(planned: &Value, object: &Json, fields: &Json) -> (Value, bool) {
    let found = stripped(object);
    let promise = attribute(planned, "object");
    let filled = fill(&promise, &found);
    let value = from_json(&found);
    if filled == value || !promise.is_known() {
        return (with(planned, vec![("object", value)]), false);
    }
    let ours = |json: &Json| part(json, fields);
    let is_kept = is_custom(group(at(&found, "/apiVersion")))
        || to_json(&filled).is_some_and(|filled| ours(&filled) == ours(&found));
    let object = if is_kept { filled } else { value };
    (with(planned, vec![("object", object)]), is_kept)
}

/// Fills what is not known in a promise.
fn fill(promise: &Value, found: &Json) -> Value {
    match promise.kind() {
        Kind::Unknown(..) => from_json(found),
        Kind::Object(members) => {
            let value = |(name, part): (&_, &Value)| {
                let name: &str = AsRef::<str>::as_ref(name);
                fill(part, found.get(name).unwrap_or(&Json::Null))
            };
            let values = members.iter().map(|(name, part)| value((&name.as_str(), part))).collect();
            Value::object_of_shape(members.names().clone(), values)
        }
        Kind::Tuple(parts) => {
            let parts = parts.values().iter().enumerate();
            Value::tuple(parts.map(|(index, part)| fill(part, found.get(index).unwrap_or(&Json::Null))))
        }
        _ => promise.clone(),
    }
}

#[cfg(test)]
mod tests {
    use sdk::value::Value;
    use serde_json::json;

    use super::{differing, moved, promised, settled};
    use crate::json::from_json;

    #[test]
    fn another_name_is_another_object() {
        let manifest = |version: &str, namespace: Option<&str>| {
            from_json(&json!({"apiVersion": version, "kind": "A", "metadata": {"name": "a", "namespace": namespace}}))
        };
        let paths = |old: &Value, new: &Value| moved(old, new).iter().map(ToString::to_string).collect::<Vec<_>>();
        let old = manifest("g/v1", None);
        assert_eq!(paths(&old, &manifest("g/v2", Some("default"))), Vec::<String>::new());
        assert_eq!(paths(&old, &manifest("h/v1", Some("b"))), [".manifest.apiVersion", ".manifest.metadata.namespace"]);
    }

    #[test]
    fn the_place_that_cannot_change_is_found_as_far_as_it_is_set() {
        let manifest = |image: &str| from_json(&json!({"spec": {"template": {"c": [{"image": image}]}}}));
        let path = |field: &str| differing(&manifest("a"), &manifest("b"), field).to_string();
        assert_eq!(path("spec.template"), ".manifest.spec.template");
        assert_eq!(path("spec.template.c[0].image"), ".manifest.spec.template.c[0].image");
        assert_eq!(path("spec.selector"), ".manifest.spec");
    }

    #[test]
    fn what_the_cluster_chooses_is_not_promised() {
        let service = json!({"kind": "Service", "spec": {"clusterIP": "10.0.0.1", "type": "ClusterIP"}});
        let object = promised(&service, &json!({"spec": {"type": "ClusterIP"}}), &Value::NULL, &[]);
        let spec = object.attribute("spec").expect("a spec");
        assert!(!spec.attribute("clusterIP").expect("it").is_known() && spec.attribute("type").expect("it").is_known());
        let set = promised(&service, &service, &Value::NULL, &[]);
        assert!(set.is_wholly_known());
    }

    #[test]
    fn what_others_change_meanwhile_is_no_broken_promise() {
        let planned = Value::object([("object", from_json(&json!({"spec": {"ours": 1, "theirs": 2}})))]);
        let fields = json!({"f:spec": {"f:ours": {}}});
        let (kept, is_stale) = settled(&planned, &json!({"spec": {"ours": 1, "theirs": 3}}), &fields);
        assert!(kept == planned && is_stale);
        let (new, is_stale) = settled(&planned, &json!({"spec": {"ours": 4, "theirs": 2}}), &fields);
        assert!(new != planned && !is_stale);
    }
}
