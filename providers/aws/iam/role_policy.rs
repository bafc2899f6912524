//! `aws_iam_role_policy`: a policy inside of a role.

use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::json::{means_the_same, same_or};
use crate::cloud::At;
use crate::fault::fault;
use crate::fields::text;
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::Rules;
use crate::shape::{Shape, text as word};

/// The resource type.
pub(super) struct RolePolicy;

impl Kind for RolePolicy {
    fn name(&self) -> &'static str {
        "aws_iam_role_policy"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "A policy inside of a role.",
            attributes: vec![
                word("role").required().describe("The name of the role. A change replaces it."),
                word("name").optional().computed().describe("Its name. A change replaces it."),
                word("name_prefix").optional().computed().describe("What its name begins with. A change replaces it."),
                word("policy").required().describe("What it allows, in JSON."),
            ],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = naming::either(config, "name", "name_prefix");
        problems.extend(super::rules::policy(config, "policy"));
        problems
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["role", "name", "name_prefix"], ..Rules::default() }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["role", "name"]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        draft.keep_if(&["policy"], means_the_same);
        naming::plan(draft, "name", "name_prefix");
        sdk::answer(())
    }

    fn keys_by_token(&self, planned: &Value, token: &str) -> Option<Json> {
        Some(json!({"role": text(planned, "role")?, "name": naming::name(planned, "name", "name_prefix", token)}))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let (role, name) = keys(object);
            let call = at.iam().get_role_policy().role_name(&role).policy_name(&name).send();
            let found = match call.await.map_err(fault) {
                Ok(answer) => answer,
                Err(fault) if fault.is_not_found() => return Ok(None),
                Err(fault) => return Err(fault.problem(&format!("Getting the policy {name:?} of the role {role:?}"))),
            };
            Ok(Some(json!({
                "id": format!("{role}:{name}"),
                "role": role,
                "name": name,
                "name_prefix": naming::prefix(&name, object, "name_prefix"),
                "policy": same_or(&found.policy_document, object, "policy"),
            })))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let role = text(&work.planned, "role").unwrap_or_default();
            let name = naming::name(&work.planned, "name", "name_prefix", work.token);
            put(work, &role, &name).await?;
            work.made(json!({"role": role, "name": name})).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let (role, name) = keys(&work.planned);
            put(work, &role, &name).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let (role, name) = keys(&work.prior);
            let call = work.at.iam().delete_role_policy().role_name(&role).policy_name(&name).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => {
                    Err(fault.problem(&format!("Deleting the policy {name:?} of the role {role:?}")))
                }
                _ => Ok(()),
            }
        })
    }
}

fn keys(object: &Value) -> (String, String) {
    (text(object, "role").unwrap_or_default(), text(object, "name").unwrap_or_default())
}

async fn put(work: &Work<'_>, role: &str, name: &str) -> Done<()> {
    let policy = text(&work.planned, "policy").unwrap_or_default();
    let call = work.at.iam().put_role_policy().role_name(role).policy_name(name).policy_document(policy).send();
    let put = call.await.map(|_| ());
    put.map_err(|error| fault(error).problem(&format!("Writing the policy {name:?} of the role {role:?}")))
}
