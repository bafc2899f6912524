//! Why a request to a cluster came to nothing, and how people are told.

use std::time::Duration;

use sdk::Problem;
use serde_json::Value as Json;

use crate::json::at;

/// Why a request came to nothing.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The API server refused it.
    Api(Box<Status>),
    /// The API server could not be reached.
    Unreachable(String),
    /// It could not even be sent: no credentials, mostly.
    Unsent(Box<Problem>),
}

/// What the API server said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// The HTTP status.
    pub(crate) code: u16,
    /// The kind of refusal, as programs read it.
    pub(crate) reason: String,
    /// What it says to people.
    pub(crate) message: String,
    /// The fields at fault.
    pub(crate) causes: Vec<Cause>,
    /// How long to wait before the next try.
    pub(crate) retry_after: Option<Duration>,
}

/// A field at fault.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    /// Where it is: `spec.replicas`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) message: String,
    /// The kind of fault.
    pub(crate) reason: String,
}

impl Status {
    /// Reads the body of an answer that is no success.
    pub(crate) fn read(code: u16, body: &[u8], retry_after: Option<Duration>) -> Status {
        let Ok(json) = serde_json::from_slice::<Json>(body) else {
            let message = String::from_utf8_lossy(&body[..body.len().min(500)]).trim().to_owned();
            return Status { code, message, retry_after, ..Status::default() };
        };
        let causes = json.pointer("/details/causes").and_then(Json::as_array).into_iter().flatten();
        let cause = |cause: &Json| Cause {
            field: at(cause, "/field").to_owned(),
            message: at(cause, "/message").to_owned(),
            reason: at(cause, "/reason").to_owned(),
        };
        let seconds = json.pointer("/details/retryAfterSeconds").and_then(Json::as_u64);
        Status {
            code,
            reason: at(&json, "/reason").to_owned(),
            message: at(&json, "/message").to_owned(),
            causes: causes.map(cause).collect(),
            retry_after: retry_after.or(seconds.map(Duration::from_secs)),
        }
    }

    /// Tells whether the webhook that was to look at the object did not answer: it may not be ready yet.
    pub(crate) fn is_webhook_down(&self) -> bool {
        self.code >= 500 && self.message.contains("failed calling webhook")
    }

    /// Tells whether the namespace that the object is to be in is not there.
    pub(crate) fn is_namespace_missing(&self) -> bool {
        self.code == 404 && self.message.starts_with("namespaces \"")
    }

    /// Tells whether the fields that were to be applied were set otherwise by people with `kubectl`, and by nobody else.
    /// Of an object that is ours, that is drift to undo, where a controller would go on to contradict.
    pub(crate) fn is_conflict_with_people(&self) -> bool {
        let by_people = |cause: &Cause| cause.message.contains("conflict with \"kubectl");
        self.code == 409 && !self.causes.is_empty() && self.causes.iter().all(by_people)
    }

    /// Returns the fields that cannot be changed once the object is there.
    pub(crate) fn immutable_fields(&self) -> Option<Vec<String>> {
        if self.code != 422 || self.causes.is_empty() {
            return None;
        }
        let is_immutable = |cause: &Cause| {
            let message = cause.message.to_lowercase();
            let words = [
                "immutable",
                "may not change",
                "may not be changed",
                "cannot be changed",
                "is forbidden",
                "updates to",
            ];
            words.iter().any(|word| message.contains(word)) && cause.reason != "FieldValueRequired"
        };
        let all = self.causes.iter().all(is_immutable);
        all.then(|| self.causes.iter().map(|cause| cause.field.clone()).collect())
    }
}

impl Failure {
    /// Returns what the API server said.
    pub(crate) fn status(&self) -> Option<&Status> {
        match self {
            Failure::Api(status) => Some(status),
            Failure::Unreachable(_) | Failure::Unsent(_) => None,
        }
    }

    /// Returns the HTTP status; 0 if there was no answer.
    pub(crate) fn code(&self) -> u16 {
        self.status().map_or(0, |status| status.code)
    }

    /// Tells it to people; `doing` is what was being done, like ``create the ConfigMap `a` ``.
    pub(crate) fn problem(&self, doing: &str) -> Problem {
        let status = match self {
            Failure::Unsent(problem) => return (**problem).clone(),
            Failure::Unreachable(why) => {
                let detail = format!("Could not {doing}: the API server does not answer. {why}");
                return Problem::error("Cluster not reachable", detail);
            }
            Failure::Api(status) => status,
        };
        let said =
            if status.message.is_empty() { format!("HTTP status {}", status.code) } else { status.message.clone() };
        let (summary, advice) = match status.code {
            401 => (
                "Not logged in to the cluster",
                " The credentials in the provider's configuration are wrong or have expired; an `exec` or `eks` block \
                 lets Gantry get new ones by itself.",
            ),
            403 => {
                ("Not allowed by the cluster", " Give the user the right in the cluster's RBAC, or use another one.")
            }
            409 if status.reason == "Conflict" && said.contains("conflict") && !status.causes.is_empty() => {
                return self.conflict(doing, status);
            }
            409 => ("Conflict in the cluster", ""),
            422 => ("Object refused by the cluster", ""),
            _ => ("Request refused by the cluster", ""),
        };
        let mut detail = format!("Could not {doing}: {said}.").replace("..", ".");
        for cause in status.causes.iter().filter(|cause| !said.contains(&cause.message)) {
            detail.push_str(&format!("\n  {}: {}", cause.field, cause.message));
        }
        detail.push_str(advice);
        Problem::error(summary, detail)
    }

    fn conflict(&self, doing: &str, status: &Status) -> Problem {
        let mut detail = format!("Could not {doing}: others have set fields of it to other values.");
        for cause in &status.causes {
            detail.push_str(&format!("\n  {}: {}", cause.field, cause.message));
        }
        detail.push_str(
            "\nLeave these fields out of the configuration, or take them over with `field_manager { force_conflicts = true }`.",
        );
        Problem::error("Fields managed by others", detail)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Failure, Status};

    fn refused(code: u16, message: &str, field: &str, cause: &str) -> Status {
        let causes = json!([{"reason": "FieldValueInvalid", "message": cause, "field": field}]);
        let body = json!({"kind": "Status", "reason": "Invalid", "message": message, "details": {"causes": causes}});
        Status::read(code, body.to_string().as_bytes(), None)
    }

    #[test]
    fn immutable_fields_are_told_from_wrong_ones() {
        for (cause, is_immutable) in [
            ("Invalid value: \"x\": field is immutable", true),
            ("Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden", true),
            ("Forbidden: updates to parameters are forbidden.", true),
            ("Invalid value: -1: must be greater than or equal to 0", false),
        ] {
            let fields = refused(422, "it is invalid", "spec.x", cause).immutable_fields();
            assert_eq!(fields.is_some(), is_immutable, "{cause}");
        }
    }

    #[test]
    fn people_are_told_from_controllers() {
        for (cause, is_by_people) in [
            ("conflict with \"kubectl-patch\" using v1", true),
            ("conflict with \"kubectl\" with subresource \"scale\" using apps/v1", true),
            ("conflict with \"kube-controller-manager\" using v1", false),
        ] {
            assert_eq!(refused(409, "1 conflict", ".data.a", cause).is_conflict_with_people(), is_by_people, "{cause}");
        }
    }

    #[test]
    fn causes_are_told() {
        let status = refused(422, "Service \"a\" is invalid", "spec.ports", "Required value");
        let problem = Failure::Api(Box::new(status)).problem("create the Service `a`");
        assert_eq!(problem.summary, "Object refused by the cluster");
        assert_eq!(
            problem.detail,
            "Could not create the Service `a`: Service \"a\" is invalid.\n  spec.ports: Required value"
        );
    }

    #[test]
    fn an_answer_that_is_no_json_is_told_as_it_is() {
        assert_eq!(Status::read(502, b"Bad Gateway\n", None).message, "Bad Gateway");
    }
}
