//! STS: who am I, and the keys of sessions. The query protocol, with answers in XML.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::account::{ACCOUNT, Caller, Session, authenticate, random};
use super::iam::trust::{Context, Principal, allows};
use super::iam::{Role, provider_of, role_of, role_of_session};
use super::query::{Error, Global, Parameters, constraint, validation};
use super::web_identity;
use crate::clock::{real_now, rfc3339};
use crate::frame::Frame;
use crate::server::Request;
use crate::world::{Change, Records};

/// STS.
pub const STS: Global = Global {
    name: "sts",
    version: "2011-06-15",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    act: |frame, request, action| Box::pin(act(frame, request, action)),
};

/// How long a session of a role lasts unless the request says so, in seconds.
const ROLE_SECONDS: u64 = 3600;
/// How long one that a session asked for may last, in seconds.
const CHAINED_SECONDS_MAX: u64 = 3600;
/// How long a session of a user lasts unless the request says so, in seconds.
const USER_SECONDS: u64 = 12 * 3600;

async fn act(frame: &Frame, request: &Request, action: &str) -> Result<Json, Error> {
    let form = Parameters::of(request);
    // Who shows a token of a web identity has no keys to sign with.
    if action == "AssumeRoleWithWebIdentity" {
        return assume_role_with_web_identity(frame, &form).await;
    }
    let (caller, _) = authenticate(frame, request, "sts")?;
    match action {
        "AssumeRole" => assume_role(frame, &form, &caller).await,
        "GetAccessKeyInfo" => key_info(&form),
        "GetCallerIdentity" => Ok(json!({"Arn": caller.arn, "UserId": caller.id, "Account": ACCOUNT})),
        "GetSessionToken" => session_token(frame, &form, caller).await,
        _ => {
            let message = format!("The sandbox does not emulate the operation {action} of STS.");
            Err(Error::new("InvalidAction", message))
        }
    }
}

fn denied(message: impl Into<String>) -> Error {
    Error::of_status("AccessDenied", 403, message)
}

/// Returns the ARN of the role and the name of the session that a request is for.
fn role_and_session(form: &Parameters) -> Result<(&str, &str), Error> {
    let (role, session) = (form.needed("RoleArn")?, form.needed("RoleSessionName")?);
    let is_role =
        role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")).is_some_and(|(account, name)| {
            account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty()
        });
    if !is_role {
        return Err(validation(format!("{role} is invalid")));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if !(2..=64).contains(&session.len()) || !session.bytes().all(is_name) {
        let rule = "Member must satisfy regular expression pattern: [\\w+=,.@-]*";
        return Err(constraint("RoleSessionName", session, rule));
    }
    Ok((role, session))
}

fn seconds(form: &Parameters, otherwise: u64, most: u64) -> Result<u64, Error> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(otherwise) };
    let rule = |rule: String| constraint("DurationSeconds", text, &rule);
    match text.parse::<u64>() {
        Ok(seconds) if (900..=most).contains(&seconds) => Ok(seconds),
        Ok(seconds) if seconds > most => Err(rule(format!("Member must have value less than or equal to {most}"))),
        _ => Err(rule("Member must have value greater than or equal to 900".to_owned())),
    }
}

fn role_seconds(form: &Parameters, role: &Role) -> Result<u64, Error> {
    let seconds = seconds(form, ROLE_SECONDS, 43_200)?;
    if seconds > role.session_seconds_max {
        return Err(validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    Ok(seconds)
}

/// Returns all names that a caller has in trust policies.
pub fn names_of(records: &Records, caller: &Caller) -> Vec<String> {
    let role = role_of_session(records, &caller.arn);
    [caller.arn.clone()].into_iter().chain(role).collect()
}

/// `AssumeRole`. What the caller's own policies allow is not asked for; what the role's trust policy allows is.
async fn assume_role(frame: &Frame, form: &Parameters, caller: &Caller) -> Result<Json, Error> {
    let (arn, session) = role_and_session(form)?;
    let now = frame.clock.now();
    let (role, names) = frame.world.look(|records| (role_of(records, arn, now), names_of(records, caller)));
    let refused =
        || denied(format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn));
    let role = role.ok_or_else(refused)?;
    let mut context = Context::from([("aws:principalarn".to_owned(), caller.arn.clone())]);
    context.insert("aws:principalaccount".to_owned(), ACCOUNT.to_owned());
    context.insert("sts:rolesessionname".to_owned(), session.to_owned());
    context.extend(form.get("ExternalId").map(|id| ("sts:externalid".to_owned(), id.to_owned())));
    if !allows(&role.trust, &Principal::Aws(names), "sts:AssumeRole", &context) {
        return Err(refused());
    }
    let seconds = role_seconds(form, &role)?;
    if caller.arn.contains(":assumed-role/") && seconds > CHAINED_SECONDS_MAX {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    begin_session(frame, &role, session, seconds).await
}

/// `AssumeRoleWithWebIdentity`: a token of a cluster's service account is enough.
async fn assume_role_with_web_identity(frame: &Frame, form: &Parameters) -> Result<Json, Error> {
    let (arn, session) = role_and_session(form)?;
    let token = form.needed("WebIdentityToken")?;
    let identity = web_identity::read(frame, token)?;
    let now = frame.clock.now();
    let (role, provider) =
        frame.world.look(|records| (role_of(records, arn, now), provider_of(records, &identity.issuer)));
    let Some((provider, audiences)) = provider else {
        return Err(Error::new(
            "InvalidIdentityToken",
            format!("No OpenIDConnect provider found in your account for {}", identity.issuer),
        ));
    };
    let Some(audience) = identity.audiences.iter().find(|audience| audiences.contains(audience)) else {
        return Err(Error::new("InvalidIdentityToken", "Incorrect token audience"));
    };
    let host = identity.issuer.trim_start_matches("https://").to_ascii_lowercase();
    let context = Context::from([
        (format!("{host}:aud"), audience.clone()),
        (format!("{host}:sub"), identity.subject.clone()),
        ("sts:rolesessionname".to_owned(), session.to_owned()),
    ]);
    let refused = || denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let role = role.ok_or_else(refused)?;
    let principal = Principal::Federated(provider.clone());
    if !allows(&role.trust, &principal, "sts:AssumeRoleWithWebIdentity", &context) {
        return Err(refused());
    }
    let mut answer = begin_session(frame, &role, session, role_seconds(form, &role)?).await?;
    answer["SubjectFromWebIdentityToken"] = json!(identity.subject);
    answer["Audience"] = json!(audience);
    answer["Provider"] = json!(provider);
    Ok(answer)
}

/// Makes the keys of a role's session.
async fn begin_session(frame: &Frame, role: &Role, session: &str, seconds: u64) -> Result<Json, Error> {
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/{session}", role.name);
    let caller = Caller { arn, id: format!("{}:{session}", role.id) };
    let user = json!({"AssumedRoleId": caller.id, "Arn": caller.arn});
    let credentials = credentials(frame, caller, seconds).await?;
    Ok(json!({"Credentials": credentials, "AssumedRoleUser": user}))
}

/// Makes keys that someone may use for some time.
async fn credentials(frame: &Frame, caller: Caller, seconds: u64) -> Result<Json, Error> {
    let expires = (real_now() + Duration::from_secs(seconds)).as_secs();
    let kept = Session { secret: random::<20>(), token: random::<128>(), expires, caller };
    let key = format!("ASIA{}", random::<8>().to_uppercase());
    let keep = |change: &mut Change<'_>| {
        change.put(&Session::record(&key), &kept);
        Ok::<_, Error>(())
    };
    frame.world.change(keep).await?;
    Ok(json!({
        "AccessKeyId": key,
        "SecretAccessKey": kept.secret,
        "SessionToken": kept.token,
        "Expiration": rfc3339(Duration::from_secs(expires)),
    }))
}

/// `GetSessionToken`.
async fn session_token(frame: &Frame, form: &Parameters, caller: Caller) -> Result<Json, Error> {
    if !caller.arn.contains(":user/") {
        return Err(denied("Cannot call GetSessionToken with session credentials"));
    }
    let seconds = seconds(form, USER_SECONDS, 129_600)?;
    Ok(json!({"Credentials": credentials(frame, caller, seconds).await?}))
}

/// `GetAccessKeyInfo`.
fn key_info(form: &Parameters) -> Result<Json, Error> {
    let key = form.needed("AccessKeyId")?;
    let is_key = key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_key { Ok(json!({"Account": ACCOUNT})) } else { Err(validation("The access key's id is not one.")) }
}
