//! STS: who am I, and the keys of a role's session. The query protocol, with answers in XML.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::account::{ACCOUNT, Caller, Session, authenticate, random};
use super::query::{Error, Parameters, answer, failure};
use super::signature::Signature;
use crate::clock::{real_now, rfc3339};
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::Change;

/// STS.
pub struct Sts;

const VERSION: &str = "2011-06-15";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How long a session lasts unless the request says so, in seconds.
const SESSION_SECONDS: u64 = 3600;

impl Service for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn accepts(&self, request: &Request) -> bool {
        match Signature::read(request) {
            Ok(signature) => signature.service == "sts",
            // What nobody signed well enough to tell the service is told by the version of the protocol.
            Err(_) => request.path == "/" && Parameters::of(request).get("Version") == Some(VERSION),
        }
    }

    fn operation(&self, request: &Request) -> String {
        Parameters::of(request).get("Action").unwrap_or("unknown").to_owned()
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let action = self.operation(&request);
            match act(frame, &request, &action).await {
                Ok(result) => answer(NAMESPACE, &action, &result),
                Err(error) => failure(NAMESPACE, &error),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        failure(NAMESPACE, &Error::of_status(code, status, message))
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("Throttling", 400)
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, _task: Task) -> Call<'a, ()> {
        Box::pin(async move { _ = frame.forget(name).await })
    }
}

async fn act(frame: &Frame, request: &Request, action: &str) -> Result<Json, Error> {
    let (caller, _) = authenticate(frame, request, "sts")?;
    match action {
        "AssumeRole" => assume_role(frame, &Parameters::of(request)).await,
        "GetCallerIdentity" => Ok(json!({"Arn": caller.arn, "UserId": caller.id, "Account": ACCOUNT})),
        _ => {
            let message = format!("Could not find operation {action} for version {VERSION}");
            Err(Error::new("InvalidAction", message))
        }
    }
}

/// Makes the keys of a session. Roles are not looked for until there is IAM; every role trusts the sandbox's user.
async fn assume_role(frame: &Frame, parameters: &Parameters) -> Result<Json, Error> {
    let invalid = |message: String| Error::new("ValidationError", message);
    let needed = |name: &str| {
        let text = format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        );
        let name = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        parameters.get(&name).ok_or_else(|| invalid(text))
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
    let seconds = parameters.get("DurationSeconds").map_or(Ok(SESSION_SECONDS), str::parse);
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
    Ok(json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": kept.secret,
            "SessionToken": kept.token,
            "Expiration": until,
        },
        "AssumedRoleUser": {"AssumedRoleId": kept.caller.id, "Arn": kept.caller.arn},
    }))
}
