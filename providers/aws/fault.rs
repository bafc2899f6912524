//! What AWS answers when it does not do what it was asked for, and what to do about it.

use std::error::Error;

use aws_sdk_sts::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sdk::Problem;

/// How a protected cluster gets to where it may be deleted.
pub(crate) const UNPROTECT: &str =
    "Set `deletion_protection = false` and apply that first; then the cluster can be removed, or replaced.";

/// An answer that says no, or no answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fault {
    /// As in `ResourceNotFoundException`; empty if there was no answer.
    pub(crate) code: String,
    /// In AWS's words, or of what stood in the way of an answer.
    pub(crate) message: String,
    /// By which AWS's support finds the request.
    pub(crate) request: Option<String>,
    /// It is not known whether AWS did what it was asked for.
    pub(crate) is_uncertain: bool,
}

/// What a call answers.
pub(crate) type Answer<T> = Result<T, Fault>;

/// Makes the error of a call of any operation into ours.
pub(crate) fn fault<E>(error: SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let request = error.request_id().map(str::to_owned);
    let status = error.raw_response().map(|response| response.status().as_u16());
    match error.as_service_error() {
        Some(answer) => Fault {
            code: answer.code().unwrap_or("Unknown").to_owned(),
            message: answer.message().unwrap_or_default().to_owned(),
            request,
            is_uncertain: status.is_some_and(|status| status >= 500),
        },
        None => {
            let is_uncertain = !matches!(error, SdkError::ConstructionFailure(_));
            Fault { code: String::new(), message: chain(&error), request, is_uncertain }
        }
    }
}

/// Writes an error with its causes, each of which says more than the one before it; where AWS has answered, its answer.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(answer) = error.downcast_ref::<ErrorMetadata>() {
            return format!("{}: {}", answer.code().unwrap_or("Unknown"), answer.message().unwrap_or_default());
        }
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

impl Fault {
    /// Tells whether this is the answer of a code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// Tells whether the object that was asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        let codes = ["ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "NoSuchEntityException"];
        codes.contains(&&*self.code) || self.is("ClientException") && self.message.contains("No cluster found for name")
    }

    /// Tells whether IAM, or what asks IAM, has not yet heard of what was just made there.
    pub(crate) fn is_propagation(&self) -> bool {
        let texts = [
            "does not exist",
            "Error in role params",
            "Role could not be assumed because the trusted entity is not correct",
            "The provided role doesn't have the Amazon EKS Managed Policies associated",
            "IAM role's policy must include",
            "Cannot find role",
        ];
        let is_network = self.message.to_lowercase().contains("subnet id") || self.message.contains("security group");
        self.is("ResourcePropagationDelayException")
            || self.is("InvalidParameterException")
                && !is_network
                && texts.iter().any(|text| self.message.contains(text))
    }

    /// Tells whether something else is being done to the object that ends by itself.
    pub(crate) fn is_busy(&self) -> bool {
        let texts = ["in progress", "currently has update", "currently being", "DELETING", "CREATING"];
        self.is("ResourceInUseException") && texts.iter().any(|text| self.message.contains(text))
    }

    /// Returns code and message.
    pub(crate) fn text(&self) -> String {
        if self.code.is_empty() { self.message.clone() } else { format!("{}: {}", self.code, self.message) }
    }

    /// Says what was being done when this came, and what to do about it.
    pub(crate) fn problem(&self, doing: &str) -> Problem {
        let mut detail = format!("{doing}: {}", self.text());
        if !detail.ends_with('.') {
            detail.push('.');
        }
        if let Some(request) = &self.request {
            detail.push_str(&format!(" (Request {request}.)"));
        }
        if let Some(hint) = self.hint() {
            detail.push(' ');
            detail.push_str(hint);
        }
        Problem::error(if self.code.is_empty() { "No answer from AWS" } else { "AWS refuses" }, detail)
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match &*self.code {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                "Allow the action for the identity whose credentials are used; `aws_caller_identity` tells which that is."
            }
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                "The session is over: log in again, or let the provider assume the role, so that it can renew it."
            }
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch" => {
                "AWS does not know these credentials: check the access key, the secret key and the session token."
            }
            "ResourceLimitExceeded" | "ResourceLimitExceededException" | "LimitExceeded" | "LimitExceededException" => {
                "Ask for a higher quota in Service Quotas, or remove what is not needed."
            }
            "UnsupportedAvailabilityZoneException" => "Choose subnets in the zones that the message names.",
            "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" => {
                "AWS limits the rate of calls: try again, with a lower `-parallelism` or a higher `max_retries`."
            }
            "DeleteConflict" | "DeleteConflictException" => {
                "Something outside of this configuration is attached to it: detach that first."
            }
            "EntityAlreadyExists" | "EntityAlreadyExistsException" => {
                "Choose another name, or bring the one that is there under management with an `import` block."
            }
            "ResourceInUseException" if self.message.contains("already exists") => {
                "Choose another name, or bring the one that is there under management with an `import` block."
            }
            "InvalidRequestException" if self.message.contains("deletion protection") => UNPROTECT,
            "" if self.message.contains("no providers in chain") => "No credentials were found.",
            "" => "Check the region, the endpoint and the network.",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    fn fault(code: &str, message: &str) -> Fault {
        Fault { code: code.into(), message: message.into(), request: Some("r-1".into()), is_uncertain: false }
    }

    #[test]
    fn a_problem_says_code_request_and_what_to_do() {
        let problem = fault("AccessDenied", "not allowed").problem("creating the role \"r\"");
        assert!(problem.detail.starts_with("creating the role \"r\": AccessDenied: not allowed. (Request r-1.) Allow"));
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        assert!(fault("InvalidParameterException", "Role x does not exist").is_propagation());
        assert!(!fault("InvalidParameterException", "The subnet ID 'subnet-1' does not exist").is_propagation());
        assert!(fault("ResourceInUseException", "Cannot delete: update 1 in progress").is_busy());
        assert!(!fault("ResourceInUseException", "Cluster has nodegroups attached").is_busy());
        assert!(fault("ClientException", "No cluster found for name: c").is_not_found());
    }
}
