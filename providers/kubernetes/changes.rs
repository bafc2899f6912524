//! Objects are made, changed and taken away: by server-side apply, and by deletions that are waited for.

use std::time::Duration;

use sdk::{Problem, Progress, name_some};
use serde_json::{Value as Json, json};

use crate::api::{Applying, Place};
use crate::cluster::{Cluster, Named, Session};
use crate::discovery::Kind;
use crate::failure::Failure;
use crate::fields::applied_by;
use crate::json::at;
use crate::reading::find_all;
use crate::sweep::{is_ending, place};
use crate::times::for_people;

/// How long something that an object needs may be late: its namespace, its kind, which others make at the same time.
const LATE_MAX: Duration = Duration::from_secs(30);
/// How long a definition of this run may take until its kind can be used.
const KIND_LATE_MAX: Duration = Duration::from_secs(300);
/// How long to wait between two tries.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);
/// How long a deletion may take until people are told what holds it up.
const TELL_AFTER: Duration = Duration::from_secs(10);
/// How long a definition waits for the objects of its kind that go by themselves: those of this configuration have gone
/// before it, and others may go with what owned them.
const IN_USE_MAX: Duration = Duration::from_secs(15);
/// Objects that are named in one message.
const NAMED_MAX: usize = 5;

/// An object that is to be as written here.
pub(crate) struct Wanted {
    pub(crate) named: Named,
    /// The object, whole.
    pub(crate) body: Json,
    /// Who owns its fields.
    pub(crate) manager: String,
    /// Fields of others are taken over.
    pub(crate) is_forced: bool,
    /// Parts of it must not get into state.
    pub(crate) is_hidden: bool,
}

/// What a change goes on in.
pub(crate) struct Work<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) session: &'a Session,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) limit: Duration,
}

/// Tells that an object cannot be created because it is there.
pub(crate) fn already_there(named: &Named) -> Problem {
    let id = import_id(named);
    let detail = format!(
        "There is a {} in the cluster already. Import it with the id `{id}`, or give this one another name.",
        named.describe()
    );
    Problem::error("Object already exists", detail)
}

/// Returns the id by which a `kubernetes_manifest` is imported.
pub(crate) fn import_id(named: &Named) -> String {
    let Named { api_version, kind, namespace, name } = named;
    let namespace = namespace.as_ref().map(|namespace| format!(",namespace={namespace}")).unwrap_or_default();
    format!("apiVersion={api_version},kind={kind}{namespace},name={name}")
}

/// What a killed run leaves for the next one to find an object by that it was about to create.
#[derive(Debug, PartialEq)]
pub(crate) struct Handle {
    pub(crate) named: Named,
    /// Who owns its fields.
    pub(crate) manager: String,
    /// Known once it is there. Before, the object was seen not to be.
    pub(crate) uid: Option<String>,
    /// Parts of it must not get into state.
    pub(crate) is_hidden: bool,
}

impl Handle {
    fn write(&self) -> String {
        let Named { api_version, kind, namespace, name } = &self.named;
        let (manager, uid, hidden) = (&self.manager, &self.uid, self.is_hidden);
        json!({"apiVersion": api_version, "kind": kind, "namespace": namespace, "name": name, "manager": manager,
               "uid": uid, "hidden": hidden})
        .to_string()
    }

    /// Reads a handle that was stored.
    pub(crate) fn read(text: &str) -> Option<Handle> {
        let json: Json = serde_json::from_str(text).ok()?;
        let part = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        Some(Handle {
            named: Named {
                api_version: part("apiVersion")?,
                kind: part("kind")?,
                namespace: part("namespace"),
                name: part("name")?,
            },
            manager: part("manager")?,
            uid: part("uid"),
            is_hidden: json.get("hidden").and_then(Json::as_bool).unwrap_or(false),
        })
    }

    /// Finds the object; nothing if it was not created.
    pub(crate) async fn find(&self, session: &Session) -> Result<Option<Json>, Problem> {
        let found = find_all(session, std::slice::from_ref(&self.named)).await.into_iter().next();
        let object = found.transpose()?.flatten().map(|(_, object)| object);
        Ok(object.filter(|object| match &self.uid {
            Some(uid) => at(object, "/metadata/uid") == uid,
            None => applied_by(object, &self.manager).is_some(),
        }))
    }
}

impl Work<'_> {
    /// Finds the place of an object, and waits for its kind if that is about to come.
    pub(crate) async fn place(&self, named: &Named) -> Result<Place, Problem> {
        let began = self.session.runtime.now();
        loop {
            let doing = || format!("look for the kind {} of {}", named.kind, named.api_version);
            if let Some(place) = self.session.place(named).await.map_err(|failure| failure.problem(&doing()))? {
                return Ok(place);
            }
            let waited = self.session.runtime.now().saturating_sub(began);
            let limit = if self.cluster.is_coming(&named.group_kind()) { KIND_LATE_MAX } else { LATE_MAX };
            if waited >= limit.min(self.limit) {
                return Err(no_kind(named));
            }
            self.progress.message(&format!("waiting for the kind {} to be defined", named.kind));
            self.session.sleep(BETWEEN_TRIES).await;
        }
    }

    /// Makes an object that is not there yet.
    pub(crate) async fn create(&self, wanted: &Wanted) -> Result<(Place, Json), Problem> {
        let place = self.place(&wanted.named).await?;
        let doing = format!("create the {}", place.describe());
        if self.session.api.find(&place).await.map_err(|failure| failure.problem(&doing))?.is_some() {
            return Err(already_there(&wanted.named));
        }
        let (named, manager) = (wanted.named.clone(), wanted.manager.clone());
        let mut handle = Handle { named, manager, uid: None, is_hidden: wanted.is_hidden };
        self.progress.handle(&handle.write()).await?;
        let object = self.apply(&place, wanted, &doing).await?;
        handle.uid = Some(at(&object, "/metadata/uid").to_owned());
        self.progress.handle(&handle.write()).await?;
        self.session.note_ours(&place);
        Ok((place, object))
    }

    /// Changes an object that is there.
    pub(crate) async fn update(&self, wanted: &Wanted) -> Result<(Place, Json), Problem> {
        let place = self.place(&wanted.named).await?;
        let object = self.apply(&place, wanted, &format!("change the {}", place.describe())).await?;
        Ok((place, object))
    }

    async fn apply(&self, place: &Place, wanted: &Wanted, doing: &str) -> Result<Json, Problem> {
        let began = self.session.runtime.now();
        let how = Applying { manager: &wanted.manager, is_forced: wanted.is_forced, is_dry: false };
        loop {
            let failure = match self.session.api.apply_ours(place, &wanted.body, how).await {
                Ok((_, object)) => return Ok(object),
                Err(failure) => failure,
            };
            let waited = self.session.runtime.now().saturating_sub(began);
            let Some((reason, limit)) = passing(&failure) else { return Err(located(&failure, doing)) };
            if waited >= limit.min(self.limit) {
                return Err(located(&failure, doing));
            }
            self.progress.message(&reason);
            self.session.sleep(BETWEEN_TRIES).await;
        }
    }

    /// Takes an object away and waits until it is gone.
    pub(crate) async fn delete(&self, named: &Named, uid: Option<&str>) -> Result<(), Problem> {
        let doing = format!("delete the {}", named.describe());
        let place = self.session.place(named).await.map_err(|failure| failure.problem(&doing))?;
        // Without its kind there is no object.
        let Some(place) = place else { return Ok(()) };
        if named.kind == "CustomResourceDefinition" && named.api_version.starts_with("apiextensions.k8s.io/") {
            self.unused(&place).await?;
        }
        if !self.session.api.delete(&place, uid).await.map_err(|failure| failure.problem(&doing))? {
            return Ok(());
        }
        self.progress.waiting();
        self.gone(&place, uid).await
    }

    /// Waits until no object of a defined kind is left: the API server would delete all of them with their definition,
    /// whoever made them and whatever they hold.
    async fn unused(&self, definition: &Place) -> Result<(), Problem> {
        let began = self.session.runtime.now();
        let doing = format!("see what the {} is used by", definition.describe());
        loop {
            let left = self.defined_by(definition).await.map_err(|failure| failure.problem(&doing))?;
            if left.is_empty() {
                return Ok(());
            }
            let waited = self.session.runtime.now().saturating_sub(began);
            let left = name_some(&left.iter().map(Place::describe).collect::<Vec<_>>(), NAMED_MAX);
            if waited >= IN_USE_MAX.min(self.limit) {
                let detail = format!(
                    "The {} was not deleted, since all objects of its kind would go with it, and these are still there: {left}. \
                     Delete them first; to leave the definition where it is, use a `removed` block with `destroy = false`.",
                    definition.describe()
                );
                return Err(Problem::error("Definition in use", detail));
            }
            self.progress.message(&format!("waiting until these are gone: {left}"));
            self.session.sleep(BETWEEN_TRIES).await;
        }
    }

    /// Returns the objects of the kind that a definition defines, those on their way out left out.
    async fn defined_by(&self, definition: &Place) -> Result<Vec<Place>, Failure> {
        let Some(object) = self.session.api.find(definition).await? else { return Ok(Vec::new()) };
        let versions = object.pointer("/spec/versions").and_then(Json::as_array).into_iter().flatten();
        let is = |version: &Json, what: &str| version.get(what) == Some(&Json::Bool(true));
        let served = versions.filter(|version| is(version, "served"));
        // Every version shows all objects; the one in which they are stored needs no webhook that converts them. Nothing
        // can be seen of a kind that is not served.
        let Some(version) = served.max_by_key(|version| is(version, "storage")) else { return Ok(Vec::new()) };
        let api_version = format!("{}/{}", at(&object, "/spec/group"), at(version, "/name"));
        let is_namespaced = at(&object, "/spec/scope") == "Namespaced";
        let (kind, plural) = (at(&object, "/spec/names/kind"), at(&object, "/spec/names/plural"));
        let kind = Kind::known(&api_version, kind, plural, is_namespaced);
        match self.session.api.list(&kind, None, "").await {
            Ok(found) => {
                Ok(found.iter().filter(|object| !is_ending(object)).map(|object| place(&kind, object)).collect())
            }
            Err(failure) if failure.code() == 404 => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    /// Waits until an object is gone.
    pub(crate) async fn gone(&self, place: &Place, uid: Option<&str>) -> Result<(), Problem> {
        let began = self.session.runtime.now();
        let mut pause = Duration::from_millis(500);
        loop {
            let doing = format!("see whether the {} is gone", place.describe());
            let found = self.session.api.find(place).await.map_err(|failure| failure.problem(&doing))?;
            let Some(object) = found.filter(|object| uid.is_none_or(|uid| at(object, "/metadata/uid") == uid)) else {
                return Ok(());
            };
            let waited = self.session.runtime.now().saturating_sub(began);
            if waited >= self.limit {
                let detail = format!(
                    "The {} was told to go {} ago and is still there: {}",
                    place.describe(),
                    for_people(waited),
                    holding(&object)
                );
                return Err(Problem::error("Deletion does not end", detail));
            }
            if waited >= TELL_AFTER {
                self.progress.message(&holding(&object));
            }
            self.session.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

fn no_kind(named: &Named) -> Problem {
    let detail = format!(
        "The cluster has no kind {} in {}. Install what defines it, or let this resource depend on its \
         CustomResourceDefinition.",
        named.kind, named.api_version
    );
    Problem::error("Kind not defined", detail).at("manifest").at("kind")
}

/// Returns what a failed apply waits for, if it may go well in a while, and for how long that is worth waiting for.
fn passing(failure: &Failure) -> Option<(String, Duration)> {
    let status = failure.status()?;
    if status.is_webhook_down() {
        return Some((format!("waiting for a webhook: {}", status.message), Duration::MAX));
    }
    if status.is_namespace_missing() {
        return Some((format!("waiting: {}", status.message), LATE_MAX));
    }
    // A kind that was just defined is not served by every API server at once.
    (status.code == 404).then(|| (format!("waiting: {}", status.message), LATE_MAX))
}

/// Tells of a refused object, at the field at fault.
pub(crate) fn located(failure: &Failure, doing: &str) -> Problem {
    let problem = failure.problem(doing);
    let cause = failure.status().filter(|status| status.code == 422).and_then(|status| status.causes.first());
    let Some(cause) = cause else { return problem };
    field_path(&cause.field).into_iter().fold(problem.at("manifest"), |problem, step| match step {
        Step::Member(name) => problem.at(name),
        Step::Element(index) => problem.at_element(index),
    })
}

/// A step of a field's path.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Member(String),
    Element(i64),
}

/// Reads a path as the API server writes it: `spec.ports[0].name`, `metadata.annotations[a.b/c]`.
pub(crate) fn field_path(field: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = field;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (key, after) = inside.split_once(']').unwrap_or((inside, ""));
            steps.push(key.parse().map_or_else(|_| Step::Member(key.to_owned()), Step::Element));
            rest = after;
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end > 0 {
            steps.push(Step::Member(rest[..end].to_owned()));
        }
        rest = &rest[end..];
        if rest == "." {
            break;
        }
    }
    steps
}

/// Tells what holds up a deletion.
pub(crate) fn holding(object: &Json) -> String {
    let list = |pointer: &str| -> Vec<String> {
        let names = object.pointer(pointer).and_then(Json::as_array).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(|name| format!("`{name}`"))).collect()
    };
    let conditions = object.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    let told: Vec<&str> = conditions
        .filter(|condition| at(object, "/kind") == "Namespace" && at(condition, "/status") == "True")
        .map(|condition| at(condition, "/message"))
        .collect();
    if !told.is_empty() {
        return format!("the namespace is not empty yet: {}", told.join("; "));
    }
    match list("/metadata/finalizers") {
        names if names.is_empty() => "it is being deleted".to_owned(),
        names if names == ["`foregroundDeletion`"] => "what it owns is being deleted first".to_owned(),
        names => format!(
            "finalizers {} keep it; whoever set them has work to do first. If that controller is gone for good, remove \
             the finalizers by hand",
            names.join(", ")
        ),
    }
}

/// Returns an object's metadata with its name and namespace, over what a configuration says.
pub(crate) fn body(named: &Named, mut metadata: Json) -> Json {
    metadata["name"] = named.name.clone().into();
    if let Some(namespace) = &named.namespace {
        metadata["namespace"] = namespace.clone().into();
    }
    json!({"apiVersion": named.api_version, "kind": named.kind, "metadata": metadata})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Handle, Step, field_path, holding};
    use crate::cluster::Named;

    #[test]
    fn a_handle_tells_all_that_the_next_run_needs() {
        let named = Named { api_version: "v1".into(), kind: "A".into(), namespace: None, name: "a".into() };
        for (uid, is_hidden) in [(None, true), (Some("1".to_owned()), false)] {
            let handle = Handle { named: named.clone(), manager: "m".into(), uid, is_hidden };
            assert_eq!(Handle::read(&handle.write()), Some(handle));
        }
        assert_eq!(Handle::read("absent"), None);
    }

    #[test]
    fn paths_of_fields_are_read() {
        let member = |name: &str| Step::Member(name.into());
        for (field, expected) in [
            ("spec.ports[0].name", vec![member("spec"), member("ports"), Step::Element(0), member("name")]),
            ("metadata.annotations[a.b/c]", vec![member("metadata"), member("annotations"), member("a.b/c")]),
            ("spec", vec![member("spec")]),
            ("", vec![]),
            ("[", vec![member("")]),
            ("..", vec![]),
        ] {
            assert_eq!(field_path(field), expected, "{field}");
        }
    }

    #[test]
    fn what_holds_up_a_deletion_is_told() {
        let object = json!({"kind": "ConfigMap", "metadata": {"finalizers": ["example.com/wait"]}});
        assert!(holding(&object).contains("`example.com/wait`"));
        let conditions = json!([{"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 2 resource instances"}]);
        let object = json!({"kind": "Namespace", "metadata": {}, "status": {"conditions": conditions}});
        assert_eq!(holding(&object), "the namespace is not empty yet: pods. has 2 resource instances");
    }
}
