//! `aws_iam_role_policy_attachment`: a policy that a role has.

use std::collections::{BTreeMap, BTreeSet};

use sdk::Call;
use sdk::value::Value;
use serde_json::{Value as Json, json};

use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::text;
use crate::managed::{Done, Kind, Work, split_id};
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::{Shape, text as word};

/// The resource type.
pub(super) struct RolePolicyAttachment;

impl Kind for RolePolicyAttachment {
    fn name(&self) -> &'static str {
        "aws_iam_role_policy_attachment"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "A policy that a role has.",
            attributes: vec![
                word("role").required().describe("The name of the role. A change replaces it."),
                word("policy_arn").required().describe("The ARN of the policy. A change replaces it."),
            ],
            ..Shape::default()
        }
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["role", "policy_arn"], ..Rules::default() }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["role", "policy_arn"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        split_id(self.identity(), id, '/')
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let role = text(object, "role").unwrap_or_default();
            let attached = attached(at, &role).await?;
            Ok(describe(&attached, object))
        })
    }

    /// One call tells all that a role has.
    fn read_many<'a>(&'a self, at: &'a At, objects: &'a [Value]) -> Option<Call<'a, Done<Vec<Option<Json>>>>> {
        Some(Box::pin(async move {
            let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            let mut found = Vec::new();
            for object in objects {
                let role = text(object, "role").unwrap_or_default();
                if !known.contains_key(&role) {
                    let policies = attached(at, &role).await?;
                    known.insert(role.clone(), policies);
                }
                found.push(known.get(&role).and_then(|policies| describe(policies, object)));
            }
            Ok(found)
        }))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let (role, policy) = keys(&work.planned);
            let request = work.at.iam().attach_role_policy().role_name(&role).policy_arn(&policy);
            let call = || {
                let request = request.clone();
                async move { request.send().await.map(|_| ()).map_err(fault) }
            };
            // Someone else changes the role, or IAM has not yet heard of it everywhere.
            let passes = |fault: &Fault| fault.code.starts_with("ConcurrentModification");
            let made = while_passing(work.propagation(), passes, call).await;
            made.map_err(|fault| fault.problem(&format!("Attaching {policy} to the role {role:?}")))?;
            work.made(json!({"role": role, "policy_arn": policy})).await
        })
    }

    fn update<'a>(&'a self, _: &'a Work<'a>) -> Call<'a, Done<()>> {
        // Every change replaces.
        sdk::answer(Ok(()))
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let (role, policy) = keys(&work.prior);
            let call = work.at.iam().detach_role_policy().role_name(&role).policy_arn(&policy).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => {
                    Err(fault.problem(&format!("Detaching {policy} from the role {role:?}")))
                }
                _ => Ok(()),
            }
        })
    }
}

fn keys(object: &Value) -> (String, String) {
    (text(object, "role").unwrap_or_default(), text(object, "policy_arn").unwrap_or_default())
}

async fn attached(at: &At, role: &str) -> Done<BTreeSet<String>> {
    let found = at.iam().list_attached_role_policies().role_name(role).into_paginator().items().send();
    match found.collect::<Result<Vec<_>, _>>().await.map_err(fault) {
        Ok(found) => Ok(found.into_iter().filter_map(|policy| policy.policy_arn).collect()),
        Err(fault) if fault.is_not_found() => Ok(BTreeSet::new()),
        Err(fault) => Err(fault.problem(&format!("Listing the policies of the role {role:?}"))),
    }
}

fn describe(attached: &BTreeSet<String>, object: &Value) -> Option<Json> {
    let (role, policy) = keys(object);
    let id = format!("{role}/{policy}");
    attached.contains(&policy).then(|| json!({"id": id, "role": role, "policy_arn": policy}))
}
