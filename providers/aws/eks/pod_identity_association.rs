//! `aws_eks_pod_identity_association`: the role that the pods of a service account may become.

use aws_sdk_eks::types::PodIdentityAssociation as Found;
use sdk::value::Value;
use sdk::{Action, Call, Lock, Problem};
use serde_json::{Value as Json, json};

use super::{inside_cluster, rules, tagging};
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{filled, flag, text};
use crate::managed::{Done, Kind, Work, split_id};
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::{Shape, flag as truth, text as word};
use crate::tags;

/// The resource type.
pub(super) struct PodIdentityAssociation;

impl Kind for PodIdentityAssociation {
    fn name(&self) -> &'static str {
        "aws_eks_pod_identity_association"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "The role that the pods of a service account may become.",
            attributes: vec![
                word("cluster_name").required().describe("The cluster. A change replaces it."),
                word("namespace").required().describe("The namespace of the service account. A change replaces it."),
                word("service_account").required().describe("The service account. A change replaces it."),
                word("role_arn").required().describe("The role."),
                truth("disable_session_tags")
                    .optional()
                    .computed()
                    .describe("Whether sessions have no tags of the pod; false unless set."),
                word("target_role_arn")
                    .optional()
                    .describe("A role of another account, that the role becomes in turn."),
                word("policy").optional().describe("What narrows down what pods may do, in JSON."),
                word("association_arn").computed().describe("Its name in all of AWS."),
                word("association_id").computed().describe("What EKS calls it."),
                word("external_id").computed().describe("What the trust of the target role can ask for."),
            ],
            is_regional: true,
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::cluster_name(config, "cluster_name").into_iter().collect()
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["cluster_name", "namespace", "service_account"],
            defaults: &[("disable_session_tags", crate::planning::Otherwise::Flag(false))],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name", "association_id"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        split_id(self.identity(), id, ',')
    }

    /// One service account has one association at most, so it is found by that before its id is known.
    fn keys_by_token(&self, planned: &Value, _: &str) -> Option<Json> {
        Some(json!({
            "cluster_name": text(planned, "cluster_name")?,
            "namespace": text(planned, "namespace")?,
            "service_account": text(planned, "service_account")?,
        }))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let cluster = text(object, "cluster_name").unwrap_or_default();
            let id = match filled(object, "association_id") {
                Some(id) => Some(id),
                None => search(at, &cluster, object).await?,
            };
            let Some(id) = id else { return Ok(None) };
            Ok(find(at, &cluster, &id).await?.map(|found| describe(at, &found, object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(update(work))
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = text(&work.prior, "association_id").unwrap_or_default();
            let request = work.at.eks().delete_pod_identity_association().association_id(&id);
            let call = request.set_cluster_name(text(&work.prior, "cluster_name")).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => Err(fault.problem(&format!("Deleting the association {id}"))),
                _ => Ok(()),
            }
        })
    }

    fn locks(&self, object: &Value, _: Action) -> Vec<Lock> {
        inside_cluster(object)
    }
}

async fn search(at: &At, cluster: &str, object: &Value) -> Done<Option<String>> {
    let request = at.eks().list_pod_identity_associations().cluster_name(cluster);
    let request = request.set_namespace(text(object, "namespace")).set_service_account(text(object, "service_account"));
    match request.send().await.map_err(fault) {
        Ok(answer) => Ok(answer.associations.unwrap_or_default().into_iter().find_map(|found| found.association_id)),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Listing the associations of the cluster {cluster:?}"))),
    }
}

async fn find(at: &At, cluster: &str, id: &str) -> Done<Option<Found>> {
    let call = at.eks().describe_pod_identity_association().cluster_name(cluster).association_id(id).send();
    match call.await.map_err(fault) {
        Ok(answer) => Ok(answer.association),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the association {id}"))),
    }
}

fn describe(at: &At, found: &Found, reference: &Value) -> Json {
    let (tags, tags_all) = at.session.tags.seen(found.tags.clone().unwrap_or_default(), reference);
    json!({
        "id": found.association_id,
        "association_arn": found.association_arn,
        "association_id": found.association_id,
        "cluster_name": found.cluster_name,
        "disable_session_tags": found.disable_session_tags.unwrap_or(false),
        "external_id": found.external_id,
        "namespace": found.namespace,
        "policy": found.policy,
        "role_arn": found.role_arn,
        "service_account": found.service_account,
        "target_role_arn": found.target_role_arn,
        "tags": tags,
        "tags_all": tags_all,
    })
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let cluster = text(planned, "cluster_name").unwrap_or_default();
    let account = text(planned, "service_account").unwrap_or_default();
    let request = work
        .at
        .eks()
        .create_pod_identity_association()
        .cluster_name(&cluster)
        .service_account(&account)
        .client_request_token(work.token)
        .set_namespace(text(planned, "namespace"))
        .set_role_arn(text(planned, "role_arn"))
        .set_disable_session_tags(flag(planned, "disable_session_tags"))
        .set_target_role_arn(filled(planned, "target_role_arn"))
        .set_policy(filled(planned, "policy"))
        .set_tags(tags::planned(planned));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let made = while_passing(work.propagation(), Fault::is_propagation, call).await;
    let doing = format!("Associating a role with the service account {account:?} of the cluster {cluster:?}");
    let answer = made.map_err(|fault| fault.problem(&doing))?;
    let id = answer.association.and_then(|found| found.association_id).unwrap_or_default();
    work.made(json!({"cluster_name": cluster, "association_id": id})).await
}

async fn update(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let id = text(planned, "association_id").unwrap_or_default();
    if ["role_arn", "disable_session_tags", "target_role_arn", "policy"].into_iter().any(|name| work.changes(name)) {
        let request = work
            .at
            .eks()
            .update_pod_identity_association()
            .association_id(&id)
            .client_request_token(format!("{}-update", work.token))
            .set_cluster_name(text(planned, "cluster_name"))
            .set_role_arn(text(planned, "role_arn"))
            .set_disable_session_tags(flag(planned, "disable_session_tags"))
            .set_target_role_arn(text(planned, "target_role_arn").or_else(|| removed(work, "target_role_arn")))
            .set_policy(text(planned, "policy").or_else(|| removed(work, "policy")));
        let call = || {
            let request = request.clone();
            async move { request.send().await.map(|_| ()).map_err(fault) }
        };
        let changed = while_passing(work.propagation(), Fault::is_propagation, call).await;
        changed.map_err(|fault| fault.problem(&format!("Changing the association {id}")))?;
    }
    tagging::follow(work, "association_arn").await
}

/// An empty text takes away what was there.
fn removed(work: &Work<'_>, name: &str) -> Option<String> {
    work.changes(name).then(String::new)
}
