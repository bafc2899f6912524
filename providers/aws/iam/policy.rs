//! `aws_iam_policy`: a policy that roles can share.

use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::json::{means_the_same, same_or};
use super::{found_tags, planned_tags, to_tags};
use crate::cloud::At;
use crate::fault::fault;
use crate::fields::{filled, part, text};
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::{Otherwise, Rules};
use crate::polling::{Waiting, made_once, while_passing};
use crate::shape::{Shape, number, text as word};
use crate::tags;

/// Versions that a policy can have.
const VERSIONS_MAX: usize = 5;

/// The resource type.
pub(super) struct Policy;

impl Kind for Policy {
    fn name(&self) -> &'static str {
        "aws_iam_policy"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "A policy that roles can share.",
            attributes: vec![
                word("name").optional().computed().describe("Its name. A change replaces it."),
                word("name_prefix").optional().computed().describe("What its name begins with. A change replaces it."),
                word("path").optional().computed().describe("The path of it; `/` unless set. A change replaces it."),
                word("policy").required().describe("What it allows, in JSON."),
                word("description").optional().describe("What it is for. A change replaces it."),
                number("delay_after_policy_creation_in_ms")
                    .optional()
                    .describe("How long to wait after a new version has been written."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("policy_id")
                    .computed()
                    .describe("What tells it apart from others of its name, before and after it."),
                number("attachment_count").computed().describe("How many it is attached to."),
            ],
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = naming::either(config, "name", "name_prefix");
        problems.extend(super::rules::policy(config, "policy"));
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["name", "name_prefix", "path", "description"],
            volatile: &["attachment_count"],
            defaults: &[("path", Otherwise::Text("/"))],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["arn"]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        draft.keep_if(&["policy"], means_the_same);
        naming::plan(draft, "name", "name_prefix");
        sdk::answer(())
    }

    fn keys_by_token(&self, planned: &Value, token: &str) -> Option<Json> {
        let path = filled(planned, "path");
        Some(json!({"name": naming::name(planned, "name", "name_prefix", token), "path": path}))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(read(at, object))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(update(work))
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(delete(work))
    }
}

/// Returns the name of a policy in all of AWS; one that was made by a run that did not end is known by its name only.
fn arn_of(at: &At, object: &Value) -> Option<String> {
    filled(object, "arn").or_else(|| {
        let account = at.session.account.as_ref()?;
        let partition = crate::cloud::partition(&at.session.region).0;
        let path = filled(object, "path").unwrap_or_else(|| "/".to_owned());
        Some(format!("arn:{partition}:iam::{account}:policy{path}{}", filled(object, "name")?))
    })
}

async fn read(at: &At, object: &Value) -> Done<Option<Json>> {
    let Some(arn) = arn_of(at, object) else { return Ok(None) };
    let client = at.iam();
    let policy = match client.get_policy().policy_arn(&arn).send().await.map_err(fault) {
        Ok(answer) => answer.policy,
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.problem(&format!("Getting the policy {arn}"))),
    };
    let Some(policy) = policy else { return Ok(None) };
    let version = policy.default_version_id.clone().unwrap_or_default();
    let document = match client.get_policy_version().policy_arn(&arn).version_id(version).send().await.map_err(fault) {
        Ok(answer) => answer.policy_version.and_then(|version| version.document).unwrap_or_default(),
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.problem(&format!("Getting the text of the policy {arn}"))),
    };
    let (tags, tags_all) = at.session.tags.seen(found_tags(policy.tags), object);
    let name = policy.policy_name.unwrap_or_default();
    let is_described = !part(object, "description").is_null();
    let mut found = json!({
        "id": policy.arn,
        "arn": policy.arn,
        "name": name,
        "name_prefix": naming::prefix(&name, object, "name_prefix"),
        "path": policy.path,
        "policy": same_or(&document, object, "policy"),
        "policy_id": policy.policy_id,
        "description": policy.description.filter(|text| !text.is_empty() || is_described),
        "tags": tags,
        "tags_all": tags_all,
    });
    // Others attach it all the time: how many do so is looked at when it is changed, and is no news in between.
    if part(object, "attachment_count").is_null() {
        found["attachment_count"] = json!(policy.attachment_count);
    }
    Ok(Some(found))
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let name = naming::name(planned, "name", "name_prefix", work.token);
    let made = std::sync::Mutex::new(None);
    let request = work
        .at
        .iam()
        .create_policy()
        .policy_name(&name)
        .set_path(filled(planned, "path"))
        .set_description(filled(planned, "description"))
        .set_policy_document(text(planned, "policy"))
        .set_tags(planned_tags(planned));
    let call = || {
        let (request, made) = (request.clone(), &made);
        async move {
            let answer = request.send().await.map_err(fault)?;
            let arn = answer.policy.and_then(|policy| policy.arn);
            *made.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = arn;
            Ok(())
        }
    };
    made_once(work, "EntityAlreadyExists", &format!("Creating the policy {name:?}"), call).await?;
    let arn = made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    match arn {
        Some(arn) => work.made(json!({"arn": arn, "name": name})).await?,
        None => work.made(json!({"name": name})).await?,
    }
    pause(work).await;
    Ok(())
}

async fn pause(work: &Work<'_>) {
    let delay = crate::fields::number(&work.planned, "delay_after_policy_creation_in_ms").unwrap_or(0);
    if let Ok(milliseconds) = u64::try_from(delay) {
        work.at.sleep(std::time::Duration::from_millis(milliseconds)).await;
    }
}

async fn update(work: &Work<'_>) -> Done<()> {
    let (planned, client) = (&work.planned, work.at.iam());
    let arn = text(planned, "arn").unwrap_or_default();
    let doing = format!("Changing the policy {arn}");
    if work.changes("policy") {
        let versions = client.list_policy_versions().policy_arn(&arn).into_paginator().items().send();
        let versions = versions.collect::<Result<Vec<_>, _>>().await;
        let mut versions = versions.map_err(|error| fault(error).problem(&doing))?;
        if versions.len() >= VERSIONS_MAX {
            versions.retain(|version| !version.is_default_version);
            versions.sort_by_key(|version| version.create_date.map(|date| date.secs()));
            if let Some(oldest) = versions.first().and_then(|version| version.version_id.clone()) {
                let call = client.delete_policy_version().policy_arn(&arn).version_id(oldest).send();
                call.await.map_err(|error| fault(error).problem(&doing))?;
            }
        }
        let document = text(planned, "policy").unwrap_or_default();
        let call =
            client.create_policy_version().policy_arn(&arn).policy_document(document).set_as_default(true).send();
        call.await.map_err(|error| fault(error).problem(&doing))?;
        pause(work).await;
    }
    if let Some(changes) = tags::changes(&work.prior, planned) {
        if !changes.remove.is_empty() {
            let call = client.untag_policy().policy_arn(&arn).set_tag_keys(Some(changes.remove)).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
        if !changes.set.is_empty() {
            let call = client.tag_policy().policy_arn(&arn).set_tags(Some(to_tags(changes.set))).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
    }
    Ok(())
}

async fn delete(work: &Work<'_>) -> Done<()> {
    let client = work.at.iam();
    let arn = text(&work.prior, "arn").unwrap_or_default();
    let doing = format!("Deleting the policy {arn}");
    let versions = client.list_policy_versions().policy_arn(&arn).into_paginator().items().send();
    let versions = match versions.collect::<Result<Vec<_>, _>>().await.map_err(fault) {
        Ok(versions) => versions,
        Err(fault) if fault.is_not_found() => return Ok(()),
        Err(fault) => return Err(fault.problem(&doing)),
    };
    for version in versions.into_iter().filter(|version| !version.is_default_version) {
        let id = version.version_id.unwrap_or_default();
        let call = client.delete_policy_version().policy_arn(&arn).version_id(id).send();
        call.await.map_err(|error| fault(error).problem(&doing))?;
    }
    let call = || {
        let request = client.delete_policy().policy_arn(&arn);
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    // What was just detached is attached for a moment more.
    let waiting = Waiting::briefly(&work.at, work.progress, super::DETACHED);
    match while_passing(waiting, |fault| fault.code.starts_with("DeleteConflict"), call).await {
        Err(fault) if !fault.is_not_found() => Err(fault.problem(&doing)),
        _ => Ok(()),
    }
}
