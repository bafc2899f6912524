//! What the API answers when it refuses: `Status` objects, with the reasons and codes that clients key on.

use serde_json::{Value as Json, json};

use super::kinds::Kind;
use crate::world::WorldError;

/// Why a request is not done.
#[derive(Debug)]
pub struct Failure {
    /// The HTTP status.
    pub code: u16,
    /// The word for programs.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// More for programs.
    pub details: Option<Json>,
}

/// How a change ends that is not made.
#[derive(Debug)]
pub enum Stop {
    /// It is refused.
    Failure(Failure),
    /// It was only tried; this would have been the answer.
    Tried(Box<(u16, Json)>),
}

impl From<WorldError> for Stop {
    fn from(error: WorldError) -> Stop {
        Stop::Failure(Failure::new(500, "InternalError", error.to_string()))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failure(failure)
    }
}

impl Failure {
    /// Makes one without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, reason, message: message.into(), details: None }
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(400, "BadRequest", message)
    }

    /// There is nothing at the path.
    pub fn no_path() -> Failure {
        let mut failure = Failure::new(404, "NotFound", "the server could not find the requested resource");
        failure.details = Some(json!({}));
        failure
    }

    /// This cannot be done here.
    pub fn no_method() -> Failure {
        Failure::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    /// There is no such object.
    pub fn not_found(kind: &Kind, name: &str) -> Failure {
        Failure::about(kind, name, (404, "NotFound"), format!("{} \"{name}\" not found", kind.qualified()))
    }

    /// There is one of the name already.
    pub fn exists(kind: &Kind, name: &str) -> Failure {
        Failure::about(kind, name, (409, "AlreadyExists"), format!("{} \"{name}\" already exists", kind.qualified()))
    }

    /// Someone else was faster.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Failure {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Failure::about(kind, name, (409, "Conflict"), message)
    }

    /// Fields are not as they have to be: each with its path, reason and sentence.
    pub fn invalid(kind: &Kind, name: &str, causes: Vec<Cause>) -> Failure {
        let said: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let said = if let [one] = &*said { one.clone() } else { format!("[{}]", said.join(", ")) };
        let message = format!("{}.{} \"{name}\" is invalid: {said}", kind.kind, kind.group);
        let message = if kind.group.is_empty() { message.replacen(". \"", " \"", 1) } else { message };
        let mut failure = Failure::about(kind, name, (422, "Invalid"), message);
        let causes: Vec<Json> = causes
            .into_iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        failure.details = Some(json!({"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}));
        failure
    }

    /// Something about one object.
    pub fn about(kind: &Kind, name: &str, (code, reason): (u16, &'static str), message: String) -> Failure {
        let mut details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        if kind.group.is_empty()
            && let Some(details) = details.as_object_mut()
        {
            details.shift_remove("group");
        }
        Failure { code, reason, message, details: Some(details) }
    }

    /// Adds causes.
    pub fn with_causes(mut self, causes: Json) -> Failure {
        if let Some(Json::Object(details)) = &mut self.details {
            details.insert("causes".to_owned(), causes);
        }
        self
    }

    /// Returns it as it is sent.
    pub fn status(&self) -> Json {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let (Some(details), Some(status)) = (&self.details, status.as_object_mut()) {
            status.insert("details".to_owned(), details.clone());
        }
        status
    }
}

/// What is wrong with one field.
#[derive(Debug)]
pub struct Cause {
    /// Its path: `spec.replicas`.
    pub field: String,
    /// `FieldValueRequired`, `FieldValueInvalid`, ...
    pub reason: &'static str,
    /// What is wrong.
    pub message: String,
}

impl Cause {
    /// A field is missing.
    pub fn required(field: impl Into<String>, hint: &str) -> Cause {
        let message = if hint.is_empty() { "Required value".to_owned() } else { format!("Required value: {hint}") };
        Cause { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// A field has a value that it cannot have.
    pub fn invalid(field: impl Into<String>, value: &Json, hint: &str) -> Cause {
        Cause { field: field.into(), reason: "FieldValueInvalid", message: format!("Invalid value: {value}: {hint}") }
    }

    /// A field has a value that is none of those there are.
    pub fn unsupported(field: impl Into<String>, value: &Json, supported: &[String]) -> Cause {
        let supported: Vec<String> = supported.iter().map(|value| format!("\"{value}\"")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        Cause { field: field.into(), reason: "FieldValueNotSupported", message }
    }

    /// A field is there that must not be.
    pub fn forbidden(field: impl Into<String>, hint: &str) -> Cause {
        Cause { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {hint}") }
    }

    /// A field has a value that another one has.
    pub fn duplicate(field: impl Into<String>, value: &Json) -> Cause {
        Cause { field: field.into(), reason: "FieldValueDuplicate", message: format!("Duplicate value: {value}") }
    }

    /// A field names something that is not there.
    pub fn not_found(field: impl Into<String>, value: &Json) -> Cause {
        Cause { field: field.into(), reason: "FieldValueNotFound", message: format!("Not found: {value}") }
    }

    /// A field has more parts than it may have.
    pub fn too_many(field: impl Into<String>, count: u64, most: u64) -> Cause {
        let message = format!("Too many: {count}: must have at most {most} items");
        Cause { field: field.into(), reason: "FieldValueTooMany", message }
    }
}
