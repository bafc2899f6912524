//! `aws_iam_role`: what someone may become for a while.

use std::collections::BTreeSet;

use sdk::value::Value;
use sdk::{Action, Call, Problem};
use serde_json::{Value as Json, json};

use super::json::{means_the_same, same_or};
use super::{found_tags, planned_tags, to_tags};
use crate::cloud::At;
use crate::eks::moment;
use crate::fault::{Fault, fault};
use crate::fields::{blocks, filled, flag, number, part, text, texts};
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::{Otherwise, Rules};
use crate::polling::{Waiting, made_once, while_passing};
use crate::shape::{Shape, block_set, flag as truth, number as amount, text as word, text_set};
use crate::tags;

/// The resource type.
pub(super) struct Role;

impl Kind for Role {
    fn name(&self) -> &'static str {
        "aws_iam_role"
    }

    fn shape(&self) -> Shape {
        let inline = vec![
            word("name").optional().describe("Its name."),
            word("policy").optional().describe("What it allows, in JSON."),
        ];
        Shape {
            description: "A role: what someone may become for a while.",
            attributes: vec![
                word("name").optional().computed().describe("Its name. A change replaces the role."),
                word("name_prefix")
                    .optional()
                    .computed()
                    .describe("What its name begins with, if AWS is not told the rest. A change replaces the role."),
                word("assume_role_policy").required().describe("Who may become it, in JSON."),
                word("description").optional().describe("What it is for."),
                word("path")
                    .optional()
                    .computed()
                    .describe("The path of it; `/` unless set. A change replaces the role."),
                amount("max_session_duration")
                    .optional()
                    .computed()
                    .describe("How long one may be it, in seconds; 3600 unless set."),
                word("permissions_boundary").optional().describe("The ARN of a policy that it cannot exceed."),
                truth("force_detach_policies")
                    .optional()
                    .computed()
                    .describe("Whether what others attached to it is detached before it is deleted; false unless set."),
                text_set("managed_policy_arns")
                    .optional()
                    .describe("All policies that are attached to it; others are detached. Not looked at unless set."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("create_date").computed().describe("When it was made (RFC 3339)."),
                word("unique_id")
                    .computed()
                    .describe("What tells it apart from others of its name, before and after it."),
            ],
            blocks: vec![block_set(
                "inline_policy",
                "All policies inside of it; others are removed. Not looked at unless set.",
                inline,
            )],
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = naming::either(config, "name", "name_prefix");
        problems.extend(super::rules::policy(config, "assume_role_policy"));
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["name", "name_prefix", "path"],
            defaults: &[
                ("path", Otherwise::Text("/")),
                ("max_session_duration", Otherwise::Number(3600)),
                ("force_detach_policies", Otherwise::Flag(false)),
            ],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["name"]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        draft.keep_if(&["assume_role_policy"], means_the_same);
        naming::plan(draft, "name", "name_prefix");
        sdk::answer(())
    }

    fn keys_by_token(&self, planned: &Value, token: &str) -> Option<Json> {
        Some(json!({"name": naming::name(planned, "name", "name_prefix", token)}))
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

    fn typical_seconds(&self, action: Action) -> u64 {
        if action == Action::Create { 3 } else { 1 }
    }
}

async fn read(at: &At, object: &Value) -> Done<Option<Json>> {
    let name = text(object, "name").unwrap_or_default();
    let role = match at.iam().get_role().role_name(&name).send().await.map_err(fault) {
        Ok(answer) => answer.role,
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.problem(&format!("Getting the role {name:?}"))),
    };
    let Some(role) = role else { return Ok(None) };
    let (tags, tags_all) = at.session.tags.seen(found_tags(role.tags), object);
    let trust = role.assume_role_policy_document.unwrap_or_default();
    let mut found = json!({
        "id": role.role_name,
        "name": role.role_name,
        "name_prefix": naming::prefix(&role.role_name, object, "name_prefix"),
        "arn": role.arn,
        "assume_role_policy": same_or(&trust, object, "assume_role_policy"),
        "create_date": moment(Some(&role.create_date)),
        "description": role.description.filter(|text| !text.is_empty() || text_is_empty(object)),
        "max_session_duration": role.max_session_duration.unwrap_or(3600),
        "path": role.path,
        "permissions_boundary": role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        "unique_id": role.role_id,
        "tags": tags,
        "tags_all": tags_all,
    });
    if !part(object, "managed_policy_arns").is_null() {
        found["managed_policy_arns"] = json!(attached(at, &name).await?);
    }
    if !blocks(object, "inline_policy").is_empty() {
        found["inline_policy"] = inline(at, &name, object).await?;
    }
    if part(object, "force_detach_policies").is_null() {
        found["force_detach_policies"] = json!(false);
    }
    Ok(Some(found))
}

fn text_is_empty(object: &Value) -> bool {
    text(object, "description").as_deref() == Some("")
}

async fn attached(at: &At, role: &str) -> Done<BTreeSet<String>> {
    let found = at.iam().list_attached_role_policies().role_name(role).into_paginator().items().send();
    let found = found.collect::<Result<Vec<_>, _>>().await;
    let found = found.map_err(|error| fault(error).problem(&format!("Listing the policies of the role {role:?}")))?;
    Ok(found.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

async fn inline_names(at: &At, role: &str) -> Done<Vec<String>> {
    let names = at.iam().list_role_policies().role_name(role).into_paginator().items().send();
    let names = names.collect::<Result<Vec<_>, _>>().await;
    names.map_err(|error| fault(error).problem(&format!("Listing the policies inside of the role {role:?}")))
}

async fn inline(at: &At, role: &str, object: &Value) -> Done<Json> {
    let mut found = Vec::new();
    for name in inline_names(at, role).await? {
        let answer = at.iam().get_role_policy().role_name(role).policy_name(&name).send().await;
        let answer = answer
            .map_err(|error| fault(error).problem(&format!("Getting the policy {name:?} of the role {role:?}")))?;
        let known = blocks(object, "inline_policy").iter().find(|block| text(block, "name").as_deref() == Some(&*name));
        let policy = same_or(&answer.policy_document, known.unwrap_or(&Value::NULL), "policy");
        found.push(json!({"name": name, "policy": policy}));
    }
    Ok(Json::Array(found))
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let name = naming::name(planned, "name", "name_prefix", work.token);
    let request = work
        .at
        .iam()
        .create_role()
        .role_name(&name)
        .set_path(filled(planned, "path"))
        .set_assume_role_policy_document(text(planned, "assume_role_policy"))
        .set_description(filled(planned, "description"))
        .set_max_session_duration(number(planned, "max_session_duration"))
        .set_permissions_boundary(filled(planned, "permissions_boundary"))
        .set_tags(planned_tags(planned));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    let doing = format!("Creating the role {name:?}");
    made_once(work, "EntityAlreadyExists", &doing, call).await?;
    work.made(json!({"name": name})).await?;
    attach(work, &name, &BTreeSet::new()).await?;
    put_inline(work, &name).await
}

/// Attaches and detaches, where the configuration names all that is to be attached.
async fn attach(work: &Work<'_>, role: &str, before: &BTreeSet<String>) -> Done<()> {
    let Some(wanted) = texts(&work.planned, "managed_policy_arns") else { return Ok(()) };
    let wanted: BTreeSet<String> = wanted.into_iter().collect();
    let doing = format!("Attaching policies to the role {role:?}");
    for arn in wanted.difference(before) {
        let call = work.at.iam().attach_role_policy().role_name(role).policy_arn(arn).send();
        call.await.map_err(|error| fault(error).problem(&doing))?;
    }
    for arn in before.difference(&wanted) {
        detach(&work.at, role, arn).await?;
    }
    Ok(())
}

async fn detach(at: &At, role: &str, arn: &str) -> Done<()> {
    match at.iam().detach_role_policy().role_name(role).policy_arn(arn).send().await.map_err(fault) {
        Err(fault) if !fault.is_not_found() => Err(fault.problem(&format!("Detaching {arn} from the role {role:?}"))),
        _ => Ok(()),
    }
}

async fn put_inline(work: &Work<'_>, role: &str) -> Done<()> {
    let wanted = blocks(&work.planned, "inline_policy");
    if wanted.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = wanted.iter().filter_map(|block| filled(block, "name")).collect();
    for block in wanted {
        let (Some(name), Some(policy)) = (filled(block, "name"), filled(block, "policy")) else { continue };
        let call = work.at.iam().put_role_policy().role_name(role).policy_name(&name).policy_document(policy).send();
        call.await
            .map_err(|error| fault(error).problem(&format!("Writing the policy {name:?} of the role {role:?}")))?;
    }
    for name in inline_names(&work.at, role).await?.into_iter().filter(|name| !named.contains(name)) {
        remove_inline(&work.at, role, &name).await?;
    }
    Ok(())
}

async fn remove_inline(at: &At, role: &str, name: &str) -> Done<()> {
    match at.iam().delete_role_policy().role_name(role).policy_name(name).send().await.map_err(fault) {
        Err(fault) if !fault.is_not_found() => {
            Err(fault.problem(&format!("Deleting the policy {name:?} of the role {role:?}")))
        }
        _ => Ok(()),
    }
}

async fn update(work: &Work<'_>) -> Done<()> {
    let (planned, client) = (&work.planned, work.at.iam());
    let name = text(planned, "name").unwrap_or_default();
    let doing = format!("Changing the role {name:?}");
    if work.changes("assume_role_policy") {
        let policy = text(planned, "assume_role_policy").unwrap_or_default();
        let request = client.update_assume_role_policy().role_name(&name).policy_document(policy);
        let call = || {
            let request = request.clone();
            async move { request.send().await.map_err(fault) }
        };
        // A principal that was just made is not known to IAM at once.
        let passes = |fault: &Fault| fault.is("MalformedPolicyDocument") && fault.message.contains("Invalid principal");
        while_passing(work.propagation(), passes, call).await.map_err(|fault| fault.problem(&doing))?;
    }
    if work.changes("description") || work.changes("max_session_duration") {
        let request =
            client.update_role().role_name(&name).description(text(planned, "description").unwrap_or_default());
        let request = request.set_max_session_duration(number(planned, "max_session_duration"));
        request.send().await.map_err(|error| fault(error).problem(&doing))?;
    }
    if work.changes("permissions_boundary") {
        match filled(planned, "permissions_boundary") {
            Some(arn) => {
                let call = client.put_role_permissions_boundary().role_name(&name).permissions_boundary(arn).send();
                call.await.map_err(|error| fault(error).problem(&doing))?;
            }
            None => {
                let call = client.delete_role_permissions_boundary().role_name(&name).send();
                call.await.map_err(|error| fault(error).problem(&doing))?;
            }
        }
    }
    if work.changes("managed_policy_arns") {
        attach(work, &name, &attached(&work.at, &name).await?).await?;
    }
    if work.changes("inline_policy") {
        put_inline(work, &name).await?;
    }
    if let Some(changes) = tags::changes(&work.prior, planned) {
        if !changes.remove.is_empty() {
            let call = client.untag_role().role_name(&name).set_tag_keys(Some(changes.remove)).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
        if !changes.set.is_empty() {
            let call = client.tag_role().role_name(&name).set_tags(Some(to_tags(changes.set))).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
    }
    Ok(())
}

async fn delete(work: &Work<'_>) -> Done<()> {
    let (at, client) = (&work.at, work.at.iam());
    let name = text(&work.prior, "name").unwrap_or_default();
    let prior = &work.prior;
    let owns_all = flag(prior, "force_detach_policies") == Some(true);
    if owns_all || !part(prior, "managed_policy_arns").is_null() {
        for arn in attached(at, &name).await.unwrap_or_default() {
            detach(at, &name, &arn).await?;
        }
    }
    if owns_all || !blocks(prior, "inline_policy").is_empty() {
        for policy in inline_names(at, &name).await.unwrap_or_default() {
            remove_inline(at, &name, &policy).await?;
        }
    }
    let call = || {
        let request = client.delete_role().role_name(&name);
        async move { request.send().await.map_err(fault) }
    };
    // What was just detached is attached for a moment more.
    let waiting = Waiting::briefly(at, work.progress, super::DETACHED);
    match while_passing(waiting, |fault| fault.code.starts_with("DeleteConflict"), call).await {
        Err(fault) if !fault.is_not_found() => Err(fault.problem(&format!("Deleting the role {name:?}"))),
        _ => Ok(()),
    }
}
