//! `aws_eks_access_policy_association`: what someone who gets into a cluster may do there.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{AccessScope, AssociatedAccessPolicy};
use sdk::value::Value;
use sdk::{Action, Call, Lock, Problem};
use serde_json::{Value as Json, json};

use super::{inside_cluster, moment, none_if_empty, rules};
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{block_or_null, text, texts};
use crate::managed::{Done, Kind, Work};
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::{Shape, needed, one_block, text as word, text_set};

/// The resource type.
pub(super) struct AccessPolicyAssociation;

impl Kind for AccessPolicyAssociation {
    fn name(&self) -> &'static str {
        "aws_eks_access_policy_association"
    }

    fn shape(&self) -> Shape {
        let scope = vec![
            word("type").required().describe("`cluster` or `namespace`. A change replaces it."),
            text_set("namespaces").optional().describe("The namespaces, if not all of them. A change replaces it."),
        ];
        Shape {
            description: "What someone who gets into a cluster may do there.",
            attributes: vec![
                word("cluster_name").required().describe("The cluster. A change replaces it."),
                word("principal_arn").required().describe("The role or user of IAM. A change replaces it."),
                word("policy_arn")
                    .required()
                    .describe("What they may do: as in `AmazonEKSClusterAdminPolicy`. A change replaces it."),
                word("associated_at").computed().describe("When it was made (RFC 3339)."),
                word("modified_at").computed().describe("When it was changed (RFC 3339)."),
            ],
            blocks: vec![needed(one_block("access_scope", "Where they may do it.", scope))],
            is_regional: true,
            timeouts: &["create", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::cluster_name(config, "cluster_name").into_iter().collect()
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["cluster_name", "principal_arn", "policy_arn", "access_scope"], ..Rules::default() }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name", "principal_arn", "policy_arn"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        let parts: Vec<&str> = id.split('#').collect();
        match parts.as_slice() {
            [cluster, principal, policy] => {
                Some(json!({"cluster_name": cluster, "principal_arn": principal, "policy_arn": policy}))
            }
            _ => None,
        }
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let (cluster, principal) = keys(object);
            let found = find(at, &cluster, &principal).await?;
            Ok(describe(&found, object))
        })
    }

    /// One call tells all that someone may do.
    fn read_many<'a>(&'a self, at: &'a At, objects: &'a [Value]) -> Option<Call<'a, Done<Vec<Option<Json>>>>> {
        Some(Box::pin(async move {
            let mut known: BTreeMap<(String, String), Vec<AssociatedAccessPolicy>> = BTreeMap::new();
            let mut found = Vec::new();
            for object in objects {
                let keys = keys(object);
                if !known.contains_key(&keys) {
                    let policies = find(at, &keys.0, &keys.1).await?;
                    known.insert(keys.clone(), policies);
                }
                found.push(known.get(&keys).and_then(|policies| describe(policies, object)));
            }
            Ok(found)
        }))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, _: &'a Work<'a>) -> Call<'a, Done<()>> {
        // Only limits of time can change without replacement.
        sdk::answer(Ok(()))
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let (cluster, principal) = keys(&work.prior);
            let policy = text(&work.prior, "policy_arn").unwrap_or_default();
            let request = work.at.eks().disassociate_access_policy().cluster_name(cluster);
            let call = request.principal_arn(&principal).policy_arn(&policy).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => Err(fault.problem(&format!("Taking {policy} from {principal}"))),
                _ => Ok(()),
            }
        })
    }

    fn locks(&self, object: &Value, _: Action) -> Vec<Lock> {
        inside_cluster(object)
    }
}

fn keys(object: &Value) -> (String, String) {
    (text(object, "cluster_name").unwrap_or_default(), text(object, "principal_arn").unwrap_or_default())
}

async fn find(at: &At, cluster: &str, principal: &str) -> Done<Vec<AssociatedAccessPolicy>> {
    let request = at.eks().list_associated_access_policies().cluster_name(cluster).principal_arn(principal);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    match found.map_err(fault) {
        Ok(found) => Ok(found),
        Err(fault) if fault.is_not_found() => Ok(vec![]),
        Err(fault) => Err(fault.problem(&format!("Listing what {principal} may do"))),
    }
}

fn describe(policies: &[AssociatedAccessPolicy], object: &Value) -> Option<Json> {
    let (cluster, principal) = keys(object);
    let arn = text(object, "policy_arn").unwrap_or_default();
    let policy = policies.iter().find(|policy| policy.policy_arn.as_ref() == Some(&arn))?;
    let known = block_or_null(object, "access_scope");
    let scope = policy.access_scope.as_ref().map(|scope| {
        json!({
            "type": scope.r#type.as_ref().map(|kind| kind.as_str()),
            "namespaces": none_if_empty(scope.namespaces.clone().unwrap_or_default(), known, "namespaces"),
        })
    });
    Some(json!({
        "id": format!("{cluster}#{principal}#{arn}"),
        "cluster_name": cluster,
        "principal_arn": principal,
        "policy_arn": arn,
        "associated_at": moment(policy.associated_at.as_ref()),
        "modified_at": moment(policy.modified_at.as_ref()),
        "access_scope": scope.into_iter().collect::<Vec<_>>(),
    }))
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let (cluster, principal) = keys(planned);
    let policy = text(planned, "policy_arn").unwrap_or_default();
    let scope = block_or_null(planned, "access_scope");
    let scope = AccessScope::builder()
        .set_type(text(scope, "type").map(|kind| kind.as_str().into()))
        .set_namespaces(texts(scope, "namespaces").filter(|namespaces| !namespaces.is_empty()))
        .build();
    let request = work
        .at
        .eks()
        .associate_access_policy()
        .cluster_name(&cluster)
        .principal_arn(&principal)
        .policy_arn(&policy)
        .access_scope(scope);
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    // An access entry that was just made is not known everywhere at once.
    let passes = |fault: &Fault| fault.is_not_found() && fault.message.contains("principalArn");
    let made = while_passing(work.propagation(), passes, call).await;
    made.map_err(|fault| fault.problem(&format!("Letting {principal} do {policy} in the cluster {cluster:?}")))?;
    let known = json!({"cluster_name": cluster, "principal_arn": principal, "policy_arn": policy});
    work.made(known).await
}
