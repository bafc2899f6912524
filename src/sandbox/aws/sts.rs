//! STS: who am I, and the keys of a role's session. The query protocol, with answers in XML.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::account::{ACCOUNT, Caller, Session, authenticate, random, uuid};
use super::signature::{Refusal, Signature, pairs};
use crate::clock::{real_now, rfc3339};
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::{Change, WorldError};

/// STS.
pub struct Sts;

const VERSION: &str = "2011-06-15";
/// How long a session lasts unless the request says so, in seconds.
const SESSION_SECONDS: u64 = 3600;

struct Error {
    code: &'static str,
    status: u16,
    message: String,
}

impl From<WorldError> for Error {
    fn from(error: WorldError) -> Error {
        Error { code: "InternalFailure", status: 500, message: format!("The sandbox's world: {error}") }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let (code, status, message) = match refusal {
            Refusal::Missing => {
                ("MissingAuthenticationToken", 403, "Request is missing Authentication Token".to_owned())
            }
            Refusal::Incomplete(text) => ("IncompleteSignature", 400, text),
            Refusal::UnknownKey => {
                ("InvalidClientTokenId", 403, "The security token included in the request is invalid.".to_owned())
            }
            Refusal::ExpiredToken => {
                ("ExpiredToken", 403, "The security token included in the request is expired".to_owned())
            }
            Refusal::Scope(text) => ("SignatureDoesNotMatch", 403, text),
            Refusal::Mismatch => ("SignatureDoesNotMatch", 403, super::eks::MISMATCH.to_owned()),
        };
        Error { code, status, message }
    }
}

impl Service for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn accepts(&self, request: &Request) -> bool {
        match Signature::read(request) {
            Ok(signature) => signature.service == "sts",
            // What nobody signed well enough to tell the service is told by the version of the protocol.
            Err(_) => request.path == "/" && parameter(&parameters(request), "Version") == Some(VERSION),
        }
    }

    fn operation(&self, request: &Request) -> String {
        parameter(&parameters(request), "Action").unwrap_or("unknown").to_owned()
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let action = self.operation(&request);
            match act(frame, &request, &action).await {
                Ok(result) => {
                    let id = uuid();
                    let body = format!(
                        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/{VERSION}/\">\n  <{action}Result>\n{result}  \
                         </{action}Result>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n\
                         </{action}Response>\n"
                    );
                    Response::new(200, "text/xml", body)
                }
                Err(error) => self.fail(&request, error.code, error.status, &error.message),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        let kind = if status < 500 { "Sender" } else { "Receiver" };
        let (code, message, id) = (plain(code), plain(message), uuid());
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/{VERSION}/\">\n  <Error>\n    <Type>{kind}</Type>\n    \
             <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
        );
        let mut response = Response::new(status, "text/xml", body);
        response.error = Some(code);
        response
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("Throttling", 400)
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, _task: Task) -> Call<'a, ()> {
        Box::pin(async move { _ = frame.forget(name).await })
    }
}

async fn act(frame: &Frame, request: &Request, action: &str) -> Result<String, Error> {
    let (caller, _) = authenticate(frame, request, "sts")?;
    match action {
        "AssumeRole" => assume_role(frame, &parameters(request)).await,
        "GetCallerIdentity" => Ok(elements(&[("Arn", &caller.arn), ("UserId", &caller.id), ("Account", ACCOUNT)])),
        _ => {
            let message = format!("Could not find operation {action} for version {VERSION}");
            Err(Error { code: "InvalidAction", status: 400, message })
        }
    }
}

/// Makes the keys of a session. Roles are not looked for until there is IAM; every role trusts the sandbox's user.
async fn assume_role(frame: &Frame, parameters: &[(String, String)]) -> Result<String, Error> {
    let invalid = |message: String| Error { code: "ValidationError", status: 400, message };
    let needed = |name: &str| {
        let text = format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        );
        let name = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        parameter(parameters, &name).ok_or_else(|| invalid(text))
    };
    let (role, session) = (needed("roleArn")?, needed("roleSessionName")?);
    let begin = format!("arn:aws:iam::{ACCOUNT}:role/");
    let Some(path) = role.strip_prefix(&begin).filter(|path| !path.is_empty()) else {
        return Err(invalid(format!("{role} is invalid")));
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if !(2..=64).contains(&session.len()) || !session.bytes().all(is_name) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let seconds = parameter(parameters, "DurationSeconds").map_or(Ok(SESSION_SECONDS), str::parse);
    let Some(seconds) = seconds.ok().filter(|seconds| (900..=43_200).contains(seconds)) else {
        return Err(invalid("DurationSeconds must be between 900 and 43200".to_owned()));
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, role.as_bytes());
    let id = format!("AROA{}:{session}", super::signature::hex(&digest.as_ref()[..8]).to_uppercase());
    let caller = Caller { arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"), id };
    let expires = (real_now() + Duration::from_secs(seconds)).as_secs();
    let kept = Session { secret: random::<20>(), token: random::<128>(), expires, caller };
    let key = format!("ASIA{}", random::<8>().to_uppercase());
    let keep = |change: &mut Change<'_>| {
        change.put(&Session::record(&key), &kept);
        Ok::<_, Error>(())
    };
    frame.world.change(keep).await?;
    let until = rfc3339(Duration::from_secs(expires));
    let keys = [
        ("AccessKeyId", &*key),
        ("SecretAccessKey", &kept.secret),
        ("SessionToken", &kept.token),
        ("Expiration", &until),
    ];
    let user = elements(&[("AssumedRoleId", &kept.caller.id), ("Arn", &kept.caller.arn)]);
    Ok(format!("<Credentials>\n{}</Credentials>\n<AssumedRoleUser>\n{user}</AssumedRoleUser>\n", elements(&keys)))
}

/// Returns what a request says: in its query if it is got, in its body if it is posted.
fn parameters(request: &Request) -> Vec<(String, String)> {
    let body = String::from_utf8_lossy(&request.body).replace('+', "%20");
    let mut parameters = pairs(&body);
    parameters.extend(pairs(&request.query.replace('+', "%20")));
    parameters
}

fn parameter<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    parameters.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
}

fn elements(list: &[(&str, &str)]) -> String {
    list.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "    <{name}>{}</{name}>", plain(value));
        text
    })
}

/// Escapes what means something in XML.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
