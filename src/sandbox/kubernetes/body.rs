//! The bodies of requests: JSON and protocol buffers, and what is unknown in them.

use http::Method;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::kinds::Kind;
use super::path::Path;
use super::store::Target;
use super::{conform, custom, protobuf};
use crate::server::Request;

/// The media types of patches.
pub const JSON_PATCH: &str = "application/json-patch+json";
/// RFC 7386.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Kubernetes' own.
pub const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
/// Server-side apply.
pub const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// Returns the media type of a request's body.
pub fn media_type(request: &Request) -> &str {
    let kind = request.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

/// Reads the body of a request.
pub fn read(request: &Request) -> Result<Json, Failure> {
    let media = media_type(request);
    if request.method == Method::DELETE && request.body.is_empty() {
        return Ok(json!({}));
    }
    let unreadable = |why: &str| Failure::bad_request(format!("the body of the request cannot be read: {why}"));
    if media == protobuf::MEDIA_TYPE {
        return protobuf::read(&request.body).ok_or_else(|| unreadable("no object of a known kind is in it"));
    }
    let takes = ["", "application/json", JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];
    if !takes.contains(&media) {
        let message = "the body of the request was in an unknown format - accepted media types include: \
                       application/json, application/vnd.kubernetes.protobuf";
        return Err(Failure::new(415, "UnsupportedMediaType", message));
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        let hint = if media.ends_with("yaml") { "; the sandbox takes YAML in the form of JSON only" } else { "" };
        unreadable(&format!("{error}{hint}"))
    })
}

/// Finds what is unknown in an object, and returns what is to be warned of; with strict validation it is refused.
pub fn validate(kind: &Kind, object: &Json, path: &Path, is_patch: bool) -> Result<Vec<String>, Failure> {
    let how = path.get("fieldValidation");
    if how == "Ignore" {
        return Ok(Vec::new());
    }
    let mut object = object.clone();
    let mut unknown = conform::unknown(kind, &mut object)?;
    unknown.extend(custom::unknown(kind, &mut object));
    let said: Vec<String> = unknown.iter().map(|path| format!("unknown field {path:?}")).collect();
    match how {
        "Strict" if !said.is_empty() => {
            let said = format!("strict decoding error: {}", said.join(", "));
            if is_patch {
                return Err(Failure::new(422, "Invalid", format!(" \"\" is invalid: patch: Invalid value: {said}")));
            }
            let (word, version) = (&kind.kind, &kind.version);
            let message = format!("{word} in version {version:?} cannot be handled as a {word}: {said}");
            Err(Failure::bad_request(message))
        }
        "Strict" | "Warn" | "" => Ok(said),
        other => {
            let message = format!("fieldValidation: Unsupported value: {other:?}: there is Ignore, Strict and Warn");
            Err(Failure::bad_request(message))
        }
    }
}

/// Refuses what cannot be applied, as its type does not have it; leaves out what is written elsewhere.
pub fn declared(target: &Target<'_>, wanted: &mut Json) -> Result<(), Failure> {
    let kind = target.kind;
    let unknown = conform::unknown(kind, wanted)?;
    let mut seen = wanted.clone();
    if let Some(path) = unknown.into_iter().chain(custom::unknown(kind, &mut seen)).next() {
        let (name, version, word) = (target.name, kind.api_version(), &kind.kind);
        let place = target.namespace.unwrap_or_default();
        let message = format!(
            "failed to create typed patch object ({place}/{name}; {version}, Kind={word}): \
             .{path}: field not declared in schema"
        );
        return Err(Failure::new(500, "", message));
    }
    if let Some(members) = wanted.as_object_mut() {
        match target.part {
            None if kind.has_status => _ = members.shift_remove("status"),
            Some("status") => {
                members.retain(|name, _| matches!(&**name, "apiVersion" | "kind" | "metadata" | "status"))
            }
            _ => {}
        }
        if let (Some("status"), Some(metadata)) =
            (target.part, members.get_mut("metadata").and_then(Json::as_object_mut))
        {
            metadata.retain(|name, _| !matches!(&**name, "labels" | "annotations" | "finalizers" | "ownerReferences"));
        }
    }
    Ok(())
}
