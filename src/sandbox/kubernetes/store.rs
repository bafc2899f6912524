//! Objects come, change and go, by the rules that hold for all kinds.

use serde_json::{Value as Json, json};

use super::collect;
use super::controllers::admission;
use super::defaults;
use super::failure::{Cause, Failure, Stop};
use super::kinds::{self, Kind};
use super::{addresses, conform, convert, custom, definitions, fields, validation};
use crate::world::{Change, Records};

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// The kind.
    pub kind: &'a Kind,
    /// The namespace, if the path names one.
    pub namespace: Option<&'a str>,
    /// The name, if the path names one.
    pub name: &'a str,
    /// The part of the object, if the path names one.
    pub part: Option<&'a str>,
}

impl Target<'_> {
    /// Returns the name of the object's record.
    pub fn record(&self) -> String {
        self.kind.record(self.cluster, self.namespace, self.name)
    }
}

/// How something is written.
#[derive(Clone, Debug)]
pub struct How {
    /// Who writes.
    pub manager: String,
    /// Now, as objects have it.
    pub time: String,
}

/// Reads an object.
pub fn get(records: &Records, target: &Target<'_>) -> Result<Json, Failure> {
    let text = records.text(&target.record()).ok_or_else(|| Failure::not_found(target.kind, target.name))?;
    let mut object: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    as_version(&mut object, target.kind);
    Ok(object)
}

/// Shows an object in the version that is asked for.
pub fn as_version(object: &mut Json, kind: &Kind) {
    convert::shown(kind, object);
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.clone().into();
}

/// Returns a text of an object, empty if there is none.
pub fn text<'o>(object: &'o Json, pointer: &str) -> &'o str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// Makes a random id.
pub fn uid() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(500, "InternalError", error.to_string()))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// Characters of generated names: none that look alike, no vowels.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

fn suffix() -> Result<String, Failure> {
    let mut bytes = [0_u8; 5];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(500, "InternalError", error.to_string()))?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}

/// Makes an object.
pub fn create(change: &mut Change<'_>, target: &Target<'_>, mut object: Json, how: &How) -> Result<Json, Stop> {
    let kind = target.kind;
    check_identity(target, &mut object)?;
    if text(&object, "/metadata/name").is_empty() {
        let stem = text(&object, "/metadata/generateName").to_owned();
        if stem.is_empty() {
            let cause = Cause::required("metadata.name", "name or generateName is required");
            return Err(Failure::invalid(kind, "", vec![cause]).into());
        }
        object["metadata"]["name"] = format!("{stem}{}", suffix()?).into();
    }
    let name = text(&object, "/metadata/name").to_owned();
    let target = &Target { name: &name, ..*target };
    validation::check_name(kind, &name)?;
    check_namespace(change, target)?;
    if change.has(&target.record()) {
        return Err(Failure::exists(kind, &name).into());
    }
    if kind.has_status && !kind.is("", "nodes") && !kind.is("", "persistentvolumes") {
        object.as_object_mut().map(|object| object.shift_remove("status"));
    }
    conform::conform(kind, &mut object)?;
    object["metadata"]["uid"] = uid()?.into();
    defaults::fill(change, target, &mut object)?;
    admission::admit(change, target, &mut object)?;
    validation::check(kind, &name, None, &object)?;
    custom::check(kind, &name, &mut object)?;
    addresses::assign(change, target, None, &mut object, how)?;
    let metadata = &mut object["metadata"];
    metadata["creationTimestamp"] = how.time.clone().into();
    match has_generation(kind) {
        true => metadata["generation"] = 1.into(),
        false => _ = metadata.as_object_mut().map(|metadata| metadata.shift_remove("generation")),
    }
    for gone in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        metadata.as_object_mut().map(|metadata| metadata.shift_remove(gone));
    }
    if !object["metadata"]["managedFields"].is_array() {
        fields::track(None, &mut object, target, how);
    }
    if kind.is(kinds::DEFINITIONS.0, kinds::DEFINITIONS.1) {
        definitions::establish(change, target.cluster, &mut object, how)?;
    }
    put(change, target, &mut object);
    if kind.is("", "namespaces") {
        let accounts = kinds::built_in().iter().find(|kind| kind.is("", "serviceaccounts"));
        let accounts = accounts.ok_or_else(Failure::no_path)?;
        let target = Target { kind: accounts, namespace: Some(&name), name: "default", ..*target };
        create(change, &target, json!({}), how)?;
    }
    Ok(object)
}

/// Writes an object with its new version.
pub fn put(change: &mut Change<'_>, target: &Target<'_>, object: &mut Json) {
    object["metadata"]["resourceVersion"] = change.next_revision().to_string().into();
    collect::note_owners(change, target.cluster, &target.record(), object);
    match convert::stored(target.kind, object) {
        Some(stored) => change.put(&target.record(), &stored),
        None => change.put(&target.record(), object),
    }
}

/// Checks that a body is what its path says, and completes it.
pub fn check_identity(target: &Target<'_>, object: &mut Json) -> Result<(), Failure> {
    let kind = target.kind;
    if !object.is_object() {
        return Err(Failure::bad_request("the body of the request is not an object"));
    }
    let (version, named) = (text(object, "/apiVersion").to_owned(), text(object, "/kind").to_owned());
    if (!version.is_empty() && version != kind.api_version()) || (!named.is_empty() && named != kind.kind) {
        let message = format!(
            "the object provided is {named} of {version}, the path wants {} of {}",
            kind.kind,
            kind.api_version()
        );
        return Err(Failure::bad_request(message));
    }
    let mut ordered = serde_json::Map::new();
    ordered.insert("apiVersion".to_owned(), kind.api_version().into());
    ordered.insert("kind".to_owned(), kind.kind.clone().into());
    if let Json::Object(members) = std::mem::take(object) {
        let members = members.into_iter().filter(|(name, _)| name != "apiVersion" && name != "kind");
        ordered.extend(members);
    }
    *object = Json::Object(ordered);
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    validation::check_form(object)?;
    let found = text(object, "/metadata/namespace").to_owned();
    match target.namespace.filter(|_| kind.is_namespaced) {
        Some(namespace) if found.is_empty() => object["metadata"]["namespace"] = namespace.into(),
        Some(namespace) if found != namespace => {
            let message = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Failure::bad_request(message));
        }
        None => _ = object["metadata"].as_object_mut().map(|metadata| metadata.shift_remove("namespace")),
        Some(_) => {}
    }
    let found = text(object, "/metadata/name");
    if !target.name.is_empty() && found.is_empty() {
        object["metadata"]["name"] = target.name.into();
    } else if !target.name.is_empty() && found != target.name {
        let message = format!("the name of the object ({found}) does not match the name on the URL ({})", target.name);
        return Err(Failure::bad_request(message));
    }
    Ok(())
}

fn check_namespace(records: &Records, target: &Target<'_>) -> Result<(), Failure> {
    let Some(namespace) = target.namespace.filter(|_| target.kind.is_namespaced) else { return Ok(()) };
    let kind = kinds::built_in().iter().find(|kind| kind.is("", "namespaces"));
    let Some(kind) = kind else { return Ok(()) };
    let Some(found): Option<Json> = records.get(&kind.record(target.cluster, None, namespace)) else {
        return Err(Failure::not_found(kind, namespace));
    };
    if found["metadata"]["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let message = format!(
        "{} \"{}\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
        target.kind.qualified(),
        target.name
    );
    let causes = json!([{
        "reason": "NamespaceTerminating",
        "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace",
    }]);
    Err(Failure::about(target.kind, target.name, (403, "Forbidden"), message).with_causes(causes))
}

/// What a server sets, and nobody else.
const OWN: &[&str] = &["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

/// Changes an object, or the part of it that the path names. `after` is what it is to be.
pub fn replace(
    change: &mut Change<'_>,
    target: &Target<'_>,
    before: &Json,
    mut after: Json,
    how: &How,
) -> Result<Json, Stop> {
    let kind = target.kind;
    check_identity(target, &mut after)?;
    let wanted = text(&after, "/metadata/resourceVersion");
    if !wanted.is_empty() && wanted != text(before, "/metadata/resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Failure::conflict(kind, target.name, why).into());
    }
    let (wanted, is) = (text(&after, "/metadata/uid"), text(before, "/metadata/uid"));
    if !wanted.is_empty() && wanted != is {
        let why = format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {is}");
        return Err(Failure::conflict(kind, target.name, &why).into());
    }
    keep_own(target, before, &mut after);
    conform::conform(kind, &mut after)?;
    if target.part != Some("status") {
        defaults::keep(kind, before, &mut after);
        defaults::fill(change, target, &mut after)?;
    }
    admission::admit_change(change, target, before, &after)?;
    validation::check(kind, target.name, Some(before), &after)?;
    custom::check(kind, target.name, &mut after)?;
    if target.part.is_none() {
        addresses::assign(change, target, Some(before), &mut after, how)?;
    }
    if !fields::is_applied(&after, before) {
        fields::track(Some(before), &mut after, target, how);
    }
    if fields::same(before, &after) {
        return Ok(before.clone());
    }
    if has_generation(kind) && is_new_generation(kind, before, &after) {
        let generation = before["metadata"]["generation"].as_u64().unwrap_or(1) + 1;
        after["metadata"]["generation"] = generation.into();
    }
    if kind.is(kinds::DEFINITIONS.0, kinds::DEFINITIONS.1) && target.part.is_none() {
        definitions::establish(change, target.cluster, &mut after, how)?;
    }
    put(change, target, &mut after);
    if !after["metadata"]["deletionTimestamp"].is_null() {
        collect::finish(change, target, &after, how)?;
    }
    Ok(after)
}

/// Brings back what this way of writing cannot change.
fn keep_own(target: &Target<'_>, before: &Json, after: &mut Json) {
    for own in OWN {
        let metadata = &mut after["metadata"];
        match &before["metadata"][*own] {
            Json::Null => _ = metadata.as_object_mut().map(|metadata| metadata.shift_remove(*own)),
            kept => metadata[*own] = kept.clone(),
        }
    }
    if target.part == Some("status") {
        let status = after.get("status").cloned();
        let managed = after["metadata"].get("managedFields").cloned();
        *after = before.clone();
        if let Some(managed) = managed {
            after["metadata"]["managedFields"] = managed;
        }
        set_or_remove(after, "status", status);
    } else if target.kind.has_status {
        set_or_remove(after, "status", before.get("status").cloned());
    }
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
}

fn set_or_remove(object: &mut Json, member: &str, value: Option<Json>) {
    match (value, object.as_object_mut()) {
        (Some(value), Some(object)) => _ = object.insert(member.to_owned(), value),
        (None, Some(object)) => _ = object.shift_remove(member),
        _ => {}
    }
}

/// Tells whether changes of what is wanted are counted.
fn has_generation(kind: &Kind) -> bool {
    kind.custom.is_some()
        || matches!(
            &*kind.group,
            "apps"
                | "batch"
                | "policy"
                | "admissionregistration.k8s.io"
                | "apiextensions.k8s.io"
                | "flowcontrol.apiserver.k8s.io"
        )
        || matches!(
            &*kind.plural,
            "replicationcontrollers" | "ingresses" | "networkpolicies" | "ingressclasses" | "pods"
        )
}

/// What is wanted has changed, not only what is said about it.
fn is_new_generation(kind: &Kind, before: &Json, after: &Json) -> bool {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return false };
    let is_apart = kind.custom.is_none() || kind.has_status;
    let ours = |name: &str| match name {
        "metadata" | "apiVersion" | "kind" => false,
        "status" => !is_apart,
        _ => true,
    };
    let changed = |(name, value): (&String, &Json)| ours(name) && before.get(name) != Some(value);
    after.iter().any(changed) || before.keys().any(|name| ours(name) && !after.contains_key(name))
}

/// Tells whether clients expect to get the object that they deleted, instead of a status.
fn returns_deleted(kind: &Kind) -> bool {
    match &*kind.group {
        "" => matches!(
            &*kind.plural,
            "pods"
                | "services"
                | "persistentvolumeclaims"
                | "persistentvolumes"
                | "podtemplates"
                | "resourcequotas"
                | "serviceaccounts"
        ),
        "storage.k8s.io" => kind.plural != "csistoragecapacities",
        _ => false,
    }
}

/// Returns what holds an object back until what it owns is dealt with.
fn finalizer(options: &Json) -> Result<Option<&'static str>, Failure> {
    match text(options, "/propagationPolicy") {
        "Foreground" => Ok(Some("foregroundDeletion")),
        "Orphan" => Ok(Some("orphan")),
        "" if options["orphanDependents"] == true => Ok(Some("orphan")),
        "" | "Background" => Ok(None),
        other => {
            let known = ["Background", "Foreground", "Orphan"].map(str::to_owned);
            let cause = Cause::unsupported("propagationPolicy", &other.into(), &known);
            let kind = Kind { group: "meta.k8s.io".into(), kind: "DeleteOptions".into(), ..Kind::default() };
            Err(Failure::invalid(&kind, "", vec![cause]))
        }
    }
}

/// Deletes an object, or begins to.
pub fn delete(change: &mut Change<'_>, target: &Target<'_>, options: &Json, how: &How) -> Result<Json, Stop> {
    let kind = target.kind;
    let mut object = get(change, target)?;
    let conditions = [("UID", "uid"), ("ResourceVersion", "resourceVersion")];
    for (word, member) in conditions {
        let (wanted, is) = (text(&options["preconditions"], &format!("/{member}")), &object["metadata"][member]);
        if !wanted.is_empty() && is != wanted {
            let is = is.as_str().unwrap_or_default();
            let why = format!("Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {is}");
            return Err(Failure::conflict(kind, target.name, &why).into());
        }
    }
    if kind.is("", "namespaces") && matches!(target.name, "default" | "kube-system" | "kube-public") {
        let message = format!("namespaces \"{0}\" is forbidden: this namespace may not be deleted", target.name);
        return Err(Failure::about(kind, target.name, (403, "Forbidden"), message).into());
    }
    let finalizer = finalizer(options)?;
    if let Some(finalizer) = finalizer {
        let mut finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        if !finalizers.iter().any(|one| one == finalizer) {
            finalizers.push(finalizer.into());
        }
        object["metadata"]["finalizers"] = finalizers.into();
    }
    let grace = collect::grace(kind, &object, options);
    let is_sooner = object["metadata"]["deletionGracePeriodSeconds"].as_u64().is_some_and(|before| grace < before);
    if object["metadata"]["deletionTimestamp"].is_null() {
        object["metadata"]["deletionTimestamp"] = how.time.clone().into();
        object["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        if let Some(generation) = object["metadata"]["generation"].as_u64() {
            object["metadata"]["generation"] = (generation + 1).into();
        }
        if kind.is("", "namespaces") {
            object["status"]["phase"] = "Terminating".into();
        }
        put(change, target, &mut object);
    } else if finalizer.is_some() || is_sooner {
        if is_sooner {
            object["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        }
        put(change, target, &mut object);
    }
    let is_gone = collect::finish(change, target, &object, how)?;
    if is_gone && returns_deleted(kind) {
        return Ok(object);
    }
    if is_gone {
        let details = json!({
            "name": target.name, "group": kind.group, "kind": kind.plural, "uid": object["metadata"]["uid"],
        });
        return Ok(json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
        }));
    }
    Ok(get(change, target)?)
}
