//! `aws_eks_fargate_profile`: pods that run without nodes of one's own.

use aws_sdk_eks::types::{FargateProfile as Found, FargateProfileSelector, FargateProfileStatus};
use sdk::schema::NestedBlock;
use sdk::value::Value;
use sdk::{Action, Call, Lock, Problem};
use serde_json::{Value as Json, json};

use super::{inside_cluster, issues, none_if_empty, rules, tagging};
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{blocks, part, text, text_map, texts};
use crate::managed::{Done, Kind, Work};
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::{Shape, block_set, needed, text as word, text_map as map, text_set};
use crate::tags;

/// The resource type.
pub(super) struct FargateProfile;

impl Kind for FargateProfile {
    fn name(&self) -> &'static str {
        "aws_eks_fargate_profile"
    }

    fn shape(&self) -> Shape {
        let selector = vec![
            word("namespace").required().describe("The namespace of pods."),
            map("labels").optional().describe("The labels of pods."),
        ];
        let selector = needed(block_set("selector", "Which pods run so. A change replaces it.", selector));
        Shape {
            description: "Pods that run without nodes of one's own.",
            attributes: vec![
                word("cluster_name").required().describe("The cluster. A change replaces it."),
                word("fargate_profile_name").required().describe("Its name. A change replaces it."),
                word("pod_execution_role_arn")
                    .required()
                    .describe("The role that pods are run with. A change replaces it."),
                text_set("subnet_ids")
                    .optional()
                    .describe("The subnets of its pods: private ones. A change replaces it."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("status").computed().describe("What it is doing: `ACTIVE` when it is ready."),
            ],
            blocks: vec![NestedBlock { max_items: 5, ..selector }],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::cluster_name(config, "cluster_name").into_iter().collect()
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["cluster_name", "fargate_profile_name", "pod_execution_role_arn", "subnet_ids", "selector"],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name", "fargate_profile_name"]
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let (cluster, name) = keys(object);
            Ok(find(at, &cluster, &name).await?.map(|profile| describe(at, &profile, object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move { tagging::follow(work, "arn").await })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(delete(work))
    }

    fn settle<'a>(&'a self, work: &'a Work<'a>, _: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        Box::pin(async move {
            let (cluster, name) = keys(work.object());
            at_rest(work, &cluster, &name).await
        })
    }

    /// A cluster makes or deletes one profile at a time.
    fn locks(&self, object: &Value, action: Action) -> Vec<Lock> {
        let mut locks = inside_cluster(object);
        if let Some(first) = locks.first().filter(|_| action != Action::Update) {
            locks.push(Lock::exclusive(format!("{}/fargate", first.key)));
        }
        locks
    }

    fn limit_minutes(&self, _: Action) -> u64 {
        20
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        match action {
            Action::Create => 90,
            Action::Delete => 150,
            _ => 1,
        }
    }
}

fn keys(object: &Value) -> (String, String) {
    (text(object, "cluster_name").unwrap_or_default(), text(object, "fargate_profile_name").unwrap_or_default())
}

async fn find(at: &At, cluster: &str, name: &str) -> Done<Option<Found>> {
    let call = at.eks().describe_fargate_profile().cluster_name(cluster).fargate_profile_name(name).send();
    match call.await.map_err(fault) {
        Ok(answer) => Ok(answer.fargate_profile),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the Fargate profile {name:?}"))),
    }
}

fn describe(at: &At, profile: &Found, reference: &Value) -> Json {
    let (tags, tags_all) = at.session.tags.seen(profile.tags.clone().unwrap_or_default(), reference);
    let (cluster, name) =
        (profile.cluster_name.clone().unwrap_or_default(), profile.fargate_profile_name.clone().unwrap_or_default());
    let known = blocks(reference, "selector");
    let selector = |selector: &FargateProfileSelector| {
        let labels = selector.labels.clone().unwrap_or_default();
        let is_written = known
            .iter()
            .any(|known| text(known, "namespace") == selector.namespace && !part(known, "labels").is_null());
        let labels = if labels.is_empty() && !is_written { Json::Null } else { json!(labels) };
        json!({"namespace": selector.namespace, "labels": labels})
    };
    json!({
        "id": format!("{cluster}:{name}"),
        "arn": profile.fargate_profile_arn,
        "cluster_name": cluster,
        "fargate_profile_name": name,
        "pod_execution_role_arn": profile.pod_execution_role_arn,
        "selector": profile.selectors().iter().map(selector).collect::<Vec<_>>(),
        "status": profile.status.as_ref().map(|status| status.as_str()),
        "subnet_ids": none_if_empty(profile.subnets.clone().unwrap_or_default(), reference, "subnet_ids"),
        "tags": tags,
        "tags_all": tags_all,
    })
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let (cluster, name) = keys(planned);
    let selector = |block: &Value| {
        FargateProfileSelector::builder()
            .set_namespace(text(block, "namespace"))
            .set_labels(text_map(block, "labels").filter(|labels| !labels.is_empty()))
            .build()
    };
    let request = work
        .at
        .eks()
        .create_fargate_profile()
        .cluster_name(&cluster)
        .fargate_profile_name(&name)
        .client_request_token(work.token)
        .set_pod_execution_role_arn(text(planned, "pod_execution_role_arn"))
        .set_subnets(texts(planned, "subnet_ids").filter(|subnets| !subnets.is_empty()))
        .set_selectors(Some(blocks(planned, "selector").iter().map(selector).collect()))
        .set_tags(tags::planned(planned));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    // Another profile may be on its way still.
    let passes = |fault: &Fault| fault.is_propagation() || fault.is_busy() && !fault.message.contains("already exists");
    let made = while_passing(work.propagation(), passes, call).await;
    made.map_err(|fault| fault.problem(&format!("Creating the Fargate profile {name:?} of the cluster {cluster:?}")))?;
    let known = json!({"cluster_name": cluster, "fargate_profile_name": name});
    work.made(known).await?;
    at_rest(work, &cluster, &name).await?.map_or(Ok(()), Err)
}

async fn at_rest(work: &Work<'_>, cluster: &str, name: &str) -> Done<Option<Problem>> {
    let mut waiting = work.waiting();
    loop {
        let Some(profile) = find(&work.at, cluster, name).await? else { return Ok(None) };
        match profile.status.clone() {
            Some(FargateProfileStatus::Active) => return Ok(None),
            Some(FargateProfileStatus::CreateFailed | FargateProfileStatus::DeleteFailed) => {
                let found = profile.health.and_then(|health| health.issues).unwrap_or_default().into_iter();
                let text = issues(found.map(|issue| {
                    (issue.code.map(|code| code.to_string()), issue.message, issue.resource_ids.unwrap_or_default())
                }));
                let detail = format!("The Fargate profile {name:?} has failed.{text}");
                return Ok(Some(Problem::error("Fargate profile failed", detail)));
            }
            status => {
                let status = status.map(|status| status.as_str().to_lowercase()).unwrap_or_default();
                waiting.pause(&format!("Fargate profile {name}: {status}")).await?;
            }
        }
    }
}

async fn delete(work: &Work<'_>) -> Done<()> {
    let (cluster, name) = keys(&work.prior);
    let client = work.at.eks();
    let call = || {
        let request = client.delete_fargate_profile().cluster_name(&cluster).fargate_profile_name(&name);
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    match while_passing(work.waiting(), Fault::is_busy, call).await {
        Ok(()) => {}
        Err(fault) if fault.is_not_found() => return Ok(()),
        Err(fault) => return Err(fault.problem(&format!("Deleting the Fargate profile {name:?}"))),
    }
    work.progress.handle(&format!("id {cluster}:{name}")).await?;
    match at_rest(work, &cluster, &name).await? {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}
