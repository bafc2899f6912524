//! `aws_iam_instance_profile`: the role that machines get.

use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::{found_tags, planned_tags, to_tags};
use crate::cloud::At;
use crate::eks::moment;
use crate::fault::{Fault, fault};
use crate::fields::{filled, text};
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::{Otherwise, Rules};
use crate::polling::{made_once, while_passing};
use crate::shape::{Shape, text as word};
use crate::tags;

/// The resource type.
pub(super) struct InstanceProfile;

impl Kind for InstanceProfile {
    fn name(&self) -> &'static str {
        "aws_iam_instance_profile"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "The role that machines get.",
            attributes: vec![
                word("name").optional().computed().describe("Its name. A change replaces it."),
                word("name_prefix").optional().computed().describe("What its name begins with. A change replaces it."),
                word("path").optional().computed().describe("The path of it; `/` unless set. A change replaces it."),
                word("role").optional().describe("The name of the role."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("create_date").computed().describe("When it was made (RFC 3339)."),
                word("unique_id")
                    .computed()
                    .describe("What tells it apart from others of its name, before and after it."),
            ],
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        naming::either(config, "name", "name_prefix")
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["name", "name_prefix", "path"],
            defaults: &[("path", Otherwise::Text("/"))],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["name"]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        naming::plan(draft, "name", "name_prefix");
        sdk::answer(())
    }

    fn keys_by_token(&self, planned: &Value, token: &str) -> Option<Json> {
        Some(json!({"name": naming::name(planned, "name", "name_prefix", token)}))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let name = text(object, "name").unwrap_or_default();
            let profile = match at.iam().get_instance_profile().instance_profile_name(&name).send().await.map_err(fault)
            {
                Ok(answer) => answer.instance_profile,
                Err(fault) if fault.is_not_found() => None,
                Err(fault) => return Err(fault.problem(&format!("Getting the instance profile {name:?}"))),
            };
            let Some(profile) = profile else { return Ok(None) };
            let (tags, tags_all) = at.session.tags.seen(found_tags(profile.tags), object);
            Ok(Some(json!({
                "id": profile.instance_profile_name,
                "name": profile.instance_profile_name,
                "name_prefix": naming::prefix(&profile.instance_profile_name, object, "name_prefix"),
                "arn": profile.arn,
                "create_date": moment(Some(&profile.create_date)),
                "path": profile.path,
                "role": profile.roles.first().map(|role| role.role_name.clone()),
                "unique_id": profile.instance_profile_id,
                "tags": tags,
                "tags_all": tags_all,
            })))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let planned = &work.planned;
            let name = naming::name(planned, "name", "name_prefix", work.token);
            let request = work
                .at
                .iam()
                .create_instance_profile()
                .instance_profile_name(&name)
                .set_path(filled(planned, "path"))
                .set_tags(planned_tags(planned));
            let call = || {
                let request = request.clone();
                async move { request.send().await.map(|_| ()).map_err(fault) }
            };
            let doing = format!("Creating the instance profile {name:?}");
            made_once(work, "EntityAlreadyExists", &doing, call).await?;
            work.made(json!({"name": name})).await?;
            match filled(planned, "role") {
                Some(role) => add(work, &name, &role).await,
                None => Ok(()),
            }
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(update(work))
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let name = text(&work.prior, "name").unwrap_or_default();
            if let Some(role) = filled(&work.prior, "role") {
                remove(work, &name, &role).await?;
            }
            let call = work.at.iam().delete_instance_profile().instance_profile_name(&name).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => {
                    Err(fault.problem(&format!("Deleting the instance profile {name:?}")))
                }
                _ => Ok(()),
            }
        })
    }
}

async fn add(work: &Work<'_>, profile: &str, role: &str) -> Done<()> {
    let request = work.at.iam().add_role_to_instance_profile().instance_profile_name(profile).role_name(role);
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    // A profile or a role that was just made is not known everywhere at once.
    let passes = |fault: &Fault| fault.is_not_found();
    let added = while_passing(work.propagation(), passes, call).await;
    added.map_err(|fault| fault.problem(&format!("Giving the role {role:?} to the instance profile {profile:?}")))
}

async fn remove(work: &Work<'_>, profile: &str, role: &str) -> Done<()> {
    let request = work.at.iam().remove_role_from_instance_profile().instance_profile_name(profile);
    match request.role_name(role).send().await.map_err(fault) {
        Err(fault) if !fault.is_not_found() => {
            Err(fault.problem(&format!("Taking the role {role:?} from the instance profile {profile:?}")))
        }
        _ => Ok(()),
    }
}

async fn update(work: &Work<'_>) -> Done<()> {
    let (planned, client) = (&work.planned, work.at.iam());
    let name = text(planned, "name").unwrap_or_default();
    if work.changes("role") {
        // There is room for one role.
        if let Some(role) = filled(&work.prior, "role") {
            remove(work, &name, &role).await?;
        }
        if let Some(role) = filled(planned, "role") {
            add(work, &name, &role).await?;
        }
    }
    let doing = format!("Changing the tags of the instance profile {name:?}");
    if let Some(changes) = tags::changes(&work.prior, planned) {
        if !changes.remove.is_empty() {
            let request = client.untag_instance_profile().instance_profile_name(&name);
            let call = request.set_tag_keys(Some(changes.remove)).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
        if !changes.set.is_empty() {
            let request = client.tag_instance_profile().instance_profile_name(&name);
            let call = request.set_tags(Some(to_tags(changes.set))).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
    }
    Ok(())
}
