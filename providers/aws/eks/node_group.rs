//! `aws_eks_node_group`: nodes of one kind, that EKS looks after.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_eks::types::{Nodegroup, NodegroupStatus, UpdateLabelsPayload, UpdateTaintsPayload};
use ecow::EcoString;
use sdk::value::{Path, PathStep, Type, Value};
use sdk::{Action, Call, Costs, Course, Disruption, Lock, Outlook, OutlookStep, Problem, Prospect};
use serde_json::{Value as Json, json};

use super::cluster_route::ROLL;
use super::rules::{self, minor};
use super::update::Begun;
use super::{drain, inside_cluster, issues, node_group_parts as parts, node_group_shape, tagging};
use crate::cloud::At;
use crate::costs;
use crate::fault::{Fault, fault};
use crate::fields::{block, block_or_null, blocks, differ, filled, flag, number, part, text, text_map, texts};
use crate::managed::{Done, Draft, Kind, Work};
use crate::naming;
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::Shape;
use crate::tags;

/// The resource type.
pub(super) struct NodeGroup;

/// How far the clocks of AWS and of this machine may be apart.
const CLOCKS_APART_SECONDS: u64 = 120;
/// What `UpdateNodegroupVersion` changes, and what `UpdateNodegroupConfig` does.
const VERSIONS: [&str; 3] = ["version", "release_version", "launch_template"];
const SETTINGS: [&str; 5] = ["labels", "taint", "scaling_config", "update_config", "node_repair_config"];
/// How long EKS usually takes to change settings.
const CONFIG: Duration = Duration::from_secs(60);
const NAME: &str = "node_group_name";
const PREFIX: &str = "node_group_name_prefix";

impl Kind for NodeGroup {
    fn name(&self) -> &'static str {
        "aws_eks_node_group"
    }

    fn shape(&self) -> Shape {
        node_group_shape::shape()
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = naming::either(config, NAME, PREFIX);
        problems.extend(rules::cluster_name(config, "cluster_name"));
        problems.extend(rules::version(config, "version"));
        problems.extend(node_group_shape::prefix(config, PREFIX));
        problems.extend(node_group_shape::sizes(config));
        problems.extend(node_group_shape::template(config));
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &[
                "cluster_name",
                NAME,
                PREFIX,
                "node_role_arn",
                "subnet_ids",
                "instance_types",
                "ami_type",
                "capacity_type",
                "disk_size",
                "remote_access",
                "launch_template.*.id",
                "launch_template.*.name",
            ],
            filled_blocks: &["update_config"],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name", NAME]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        naming::plan(draft, NAME, PREFIX);
        if draft.is_update() {
            plan_change(draft);
        }
        sdk::answer(())
    }

    fn keys_by_token(&self, planned: &Value, token: &str) -> Option<Json> {
        Some(json!({"cluster_name": text(planned, "cluster_name")?, NAME: naming::name(planned, NAME, PREFIX, token)}))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let (cluster, name) = keys(object);
            Ok(find(at, &cluster, &name).await?.map(|group| describe(at, &group, object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            update_version(work).await?;
            update_config(work).await?;
            tagging::follow(work, "arn").await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(delete(work))
    }

    fn settle<'a>(&'a self, work: &'a Work<'a>, handle: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        Box::pin(async move {
            let (cluster, name) = keys(work.object());
            let mut problem = None;
            if let Some(id) = handle.and_then(|handle| handle.strip_prefix("update ")) {
                let what = "an update that was under way".to_owned();
                let group = Some(name.clone());
                let begun = Begun { cluster: cluster.clone(), id: id.to_owned(), node_group: group, what, addon: None };
                problem = begun.wait(work).await.err();
            }
            Ok(at_rest(work, &cluster, &name).await?.or(problem))
        })
    }

    fn is_made_with<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<Option<bool>>> {
        Box::pin(async move {
            let (cluster, name) = keys(work.object());
            let created = find(&work.at, &cluster, &name).await?.and_then(|group| group.created_at);
            let created = created.and_then(|time| u64::try_from(time.secs()).ok());
            Ok(created.zip(work.begun).map(|(created, begun)| created + CLOCKS_APART_SECONDS >= begun.as_secs()))
        })
    }

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        let disruption = match prospect.course {
            Course::Create => Disruption::None,
            Course::Update => return changed(prospect.prior, prospect.planned),
            Course::Delete | Course::CreateThenDelete => Disruption::Rolling,
            Course::DeleteThenCreate => Disruption::Outage,
        };
        Outlook { disruption, ..Outlook::default() }
    }

    fn replaces_by_creating_first(&self, prior: &Value, planned: &Value) -> bool {
        // Where would the pods go, if the old nodes left before the new ones had come?
        differ(prior, planned, &["cluster_name", NAME])
    }

    fn locks(&self, object: &Value, _: Action) -> Vec<Lock> {
        let mut locks = inside_cluster(object);
        if let (Some(first), Some(name)) = (locks.first(), text(object, NAME)) {
            locks.push(Lock::exclusive(format!("{}/{name}", first.key)));
        }
        locks
    }

    fn costs(&self, object: &Value, region: Option<EcoString>) -> Costs {
        costs::node_group(object, region)
    }

    fn limit_minutes(&self, _: Action) -> u64 {
        60
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        match action {
            Action::Create => 180,
            Action::Update => ROLL.as_secs(),
            Action::Delete => 240,
            Action::Read => 1,
        }
    }
}

/// Plans what depends on what was there.
fn plan_change(draft: &mut Draft<'_>) {
    let prior = draft.request.prior.clone();
    let had = block(&prior, "launch_template").is_some();
    if had != block(&draft.response.planned, "launch_template").is_some() {
        draft.response.requires_replace.push(Path(vec![PathStep::Attribute("launch_template".into())]));
    }
    let is_fixed = !part(&draft.request.config, NAME).is_null();
    let stays = is_fixed && !draft.changes("cluster_name") && !draft.changes(NAME);
    if stays && !draft.response.requires_replace.is_empty() {
        draft.response.problems.push(outage(&prior));
    }
    let versions = (text(&prior, "version"), text(&draft.response.planned, "version"));
    if let (Some(before), Some(after)) = &versions
        && minor(after) < minor(before)
        && draft.response.requires_replace.is_empty()
    {
        let detail = format!(
            "The nodes run {before}, and {after} is configured. EKS does not take node groups back: the version stays. Configure {before}, \
             or replace the node group."
        );
        draft.response.problems.push(Problem::warning("Version is ahead", detail).at("version"));
        draft.set(&[("version", before.as_str().into())]);
    }
    let rolls = draft.changes("version") || draft.changes("launch_template");
    if rolls && part(&draft.request.config, "release_version").is_null() {
        draft.set(&[("release_version", Value::unknown(Type::String))]);
    }
    if draft.changes("launch_template") && part(&draft.request.config, "version").is_null() {
        // An image of its own can be of another version.
        draft.set(&[("version", Value::unknown(Type::String))]);
    }
}

/// Says what a change of a node group is like: EKS takes another version, and other settings, one after the other.
fn changed(prior: &Value, planned: &Value) -> Outlook {
    let mut steps = Vec::new();
    if differ(prior, planned, &VERSIONS) {
        let title = match (text(prior, "version"), text(planned, "version")) {
            (Some(from), Some(to)) if from != to => format!("nodes {from} -> {to}"),
            _ => "nodes get another image".to_owned(),
        };
        steps.push(OutlookStep::new(title, ROLL).disrupting(Disruption::Rolling));
    }
    if differ(prior, planned, &SETTINGS) {
        steps.push(OutlookStep::new("settings", CONFIG));
    }
    let disruption = steps.iter().map(|step| step.disruption).max().unwrap_or_default();
    Outlook { steps: if steps.len() > 1 { steps } else { vec![] }, disruption, typical: None }
}

/// Says what a replacement under the same name means.
fn outage(prior: &Value) -> Problem {
    let name = text(prior, NAME).unwrap_or_default();
    let detail = format!(
        "EKS has no two node groups of one name, and {name:?} is fixed by `{NAME}`: the nodes that there are go first, and their \
         pods wait until new ones have come. With `{PREFIX}` instead (as in {:?}) the new nodes come first, and pods move over \
         within their disruption budgets.",
        format!("{name}-")
    );
    Problem::warning("Pods will be without nodes", detail).at(NAME)
}

fn keys(object: &Value) -> (String, String) {
    (text(object, "cluster_name").unwrap_or_default(), text(object, NAME).unwrap_or_default())
}

async fn find(at: &At, cluster: &str, name: &str) -> Done<Option<Nodegroup>> {
    let call = at.eks().describe_nodegroup().cluster_name(cluster).nodegroup_name(name).send();
    match call.await.map_err(fault) {
        Ok(answer) => Ok(answer.nodegroup),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the node group {name:?}"))),
    }
}

fn describe(at: &At, group: &Nodegroup, reference: &Value) -> Json {
    let (tags, tags_all) = at.session.tags.seen(group.tags.clone().unwrap_or_default(), reference);
    let name = group.nodegroup_name.clone().unwrap_or_default();
    let cluster = group.cluster_name.clone().unwrap_or_default();
    let labels: BTreeMap<String, String> = group.labels.clone().unwrap_or_default().into_iter().collect();
    let has_no_labels = labels.is_empty() && part(reference, "labels").is_null();
    let mut found = json!({
        "id": format!("{cluster}:{name}"),
        "ami_type": group.ami_type.as_ref().map(|kind| kind.as_str()),
        "arn": group.nodegroup_arn,
        "capacity_type": group.capacity_type.as_ref().map(|kind| kind.as_str()),
        "cluster_name": cluster,
        "disk_size": group.disk_size,
        "instance_types": group.instance_types.clone().unwrap_or_default(),
        "labels": if has_no_labels { Json::Null } else { json!(labels) },
        "launch_template": parts::template(group, block_or_null(reference, "launch_template")),
        NAME: name,
        PREFIX: naming::prefix(&name, reference, PREFIX),
        "node_role_arn": group.node_role,
        "release_version": group.release_version,
        "remote_access": parts::remote_access(group, block_or_null(reference, "remote_access")),
        "resources": parts::resources(group),
        "scaling_config": parts::scaling(group, block_or_null(reference, "scaling_config")),
        "status": group.status.as_ref().map(|status| status.as_str()),
        "subnet_ids": group.subnets,
        "tags": tags,
        "tags_all": tags_all,
        "taint": parts::taints(group, reference),
        "update_config": parts::update(group),
        "version": group.version,
    });
    if let Some(repair) = parts::repair(group, reference) {
        found["node_repair_config"] = repair;
    }
    found
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let cluster = text(planned, "cluster_name").unwrap_or_default();
    let name = naming::name(planned, NAME, PREFIX, work.token);
    let types = texts(planned, "instance_types").filter(|types| !types.is_empty());
    let taints: Vec<_> = blocks(planned, "taint").iter().map(parts::taint).collect();
    let template = block(planned, "launch_template").map(|block| parts::template_request(block, None));
    let request = work
        .at
        .eks()
        .create_nodegroup()
        .cluster_name(&cluster)
        .nodegroup_name(&name)
        .client_request_token(work.token)
        .set_node_role(text(planned, "node_role_arn"))
        .set_subnets(texts(planned, "subnet_ids"))
        .set_ami_type(filled(planned, "ami_type").map(|kind| kind.as_str().into()))
        .set_capacity_type(filled(planned, "capacity_type").map(|kind| kind.as_str().into()))
        .set_disk_size(number(planned, "disk_size"))
        .set_instance_types(types)
        .set_labels(text_map(planned, "labels").filter(|labels| !labels.is_empty()))
        .set_launch_template(template)
        .set_node_repair_config(block(planned, "node_repair_config").map(parts::repair_request))
        .set_release_version(filled(planned, "release_version"))
        .set_remote_access(block(planned, "remote_access").map(parts::remote_access_request))
        .set_scaling_config(block(planned, "scaling_config").map(|block| parts::scaling_request(block, None)))
        .set_taints(Some(taints).filter(|taints| !taints.is_empty()))
        .set_tags(tags::planned(planned))
        .set_update_config(block(planned, "update_config").map(parts::update_request))
        .set_version(filled(planned, "version"));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let made = while_passing(work.propagation(), Fault::is_propagation, call).await;
    made.map_err(|fault| fault.problem(&format!("Creating the node group {name:?} of the cluster {cluster:?}")))?;
    work.made(json!({"cluster_name": cluster, NAME: name})).await?;
    at_rest(work, &cluster, &name).await?.map_or(Ok(()), Err)
}

fn health(group: Nodegroup) -> String {
    let found = group.health.and_then(|health| health.issues).unwrap_or_default().into_iter();
    issues(
        found.map(|issue| {
            (issue.code.map(|code| code.to_string()), issue.message, issue.resource_ids.unwrap_or_default())
        }),
    )
}

/// Waits until nothing is being done to a node group; returns what is wrong with it then.
async fn at_rest(work: &Work<'_>, cluster: &str, name: &str) -> Done<Option<Problem>> {
    let mut waiting = work.waiting();
    loop {
        let Some(group) = find(&work.at, cluster, name).await? else { return Ok(None) };
        match group.status.clone() {
            Some(NodegroupStatus::Active) => return Ok(None),
            Some(NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed) => {
                let detail = format!("The node group {name:?} of the cluster {cluster:?} has failed.{}", health(group));
                return Ok(Some(Problem::error("Node group failed", detail)));
            }
            Some(NodegroupStatus::Degraded) => {
                work.warn(Problem::warning(
                    "Node group degraded",
                    format!("The node group {name:?}:{}", health(group)),
                ));
                return Ok(None);
            }
            status => {
                let status = status.map(|status| status.as_str().to_lowercase()).unwrap_or_default();
                // What is wrong so far tells why it takes so long.
                let phase = format!("node group {name}: {status}{}", health(group));
                waiting.pause(&phase).await.map_err(|problem| Problem {
                    detail: format!(
                        "{} Nodes that do not join have the reason in the instance's console log.",
                        problem.detail
                    ),
                    ..problem
                })?;
            }
        }
    }
}

/// The version comes first: EKS takes no other change of nodes meanwhile.
async fn update_version(work: &Work<'_>) -> Done<()> {
    if !differ(&work.prior, &work.planned, &VERSIONS) {
        return Ok(());
    }
    let (cluster, name) = keys(&work.planned);
    let planned = &work.planned;
    let template = block(planned, "launch_template").filter(|_| work.changes("launch_template"));
    let template = template.map(|after| parts::template_request(after, block(&work.prior, "launch_template")));
    let changed = |name: &str| filled(planned, name).filter(|_| work.changes(name));
    let request = work
        .at
        .eks()
        .update_nodegroup_version()
        .cluster_name(&cluster)
        .nodegroup_name(&name)
        .client_request_token(format!("{}-version", work.token))
        .set_launch_template(template)
        .set_version(changed("version"))
        .set_release_version(changed("release_version"))
        .set_force(flag(planned, "force_update_version"));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let answer = while_passing(work.waiting(), Fault::is_busy, call).await;
    let answer = answer.map_err(|fault| fault.problem(&format!("Updating the version of the node group {name:?}")))?;
    let what = format!("node group {name}: rolling its nodes");
    let begun = Begun { cluster, node_group: Some(name), what, ..Begun::default() };
    Begun::of(answer.update, begun)?.finish(work).await
}

async fn update_config(work: &Work<'_>) -> Done<()> {
    let (prior, planned) = (&work.prior, &work.planned);
    if !differ(prior, planned, &SETTINGS) {
        return Ok(());
    }
    let (cluster, name) = keys(planned);
    let scaling = match block(planned, "scaling_config").filter(|_| work.changes("scaling_config")) {
        Some(after) => Some(parts::scaling_request(after, observed(work, &cluster, &name).await?)),
        None => None,
    };
    let changed = |name: &str| block(planned, name).filter(|_| work.changes(name));
    let request = work
        .at
        .eks()
        .update_nodegroup_config()
        .cluster_name(&cluster)
        .nodegroup_name(&name)
        .client_request_token(format!("{}-config", work.token))
        .set_labels(labels(prior, planned))
        .set_taints(taints(prior, planned))
        .set_scaling_config(scaling)
        .set_update_config(changed("update_config").map(parts::update_request))
        .set_node_repair_config(changed("node_repair_config").map(parts::repair_request));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let answer = while_passing(work.waiting(), Fault::is_busy, call).await;
    let answer = answer.map_err(|fault| fault.problem(&format!("Changing the node group {name:?}")))?;
    let what = format!("node group {name}: changing");
    let begun = Begun { cluster, node_group: Some(name), what, ..Begun::default() };
    Begun::of(answer.update, begun)?.finish(work).await
}

/// Returns how many nodes there are to be by now, if that is left to whoever scales them.
async fn observed(work: &Work<'_>, cluster: &str, name: &str) -> Done<Option<i32>> {
    let desired = |object: &Value| number(block_or_null(object, "scaling_config"), "desired_size");
    if desired(&work.prior) != desired(&work.planned) {
        return Ok(None);
    }
    let group = find(&work.at, cluster, name).await?;
    Ok(group.and_then(|group| group.scaling_config).and_then(|scaling| scaling.desired_size))
}

fn labels(prior: &Value, planned: &Value) -> Option<UpdateLabelsPayload> {
    let before = text_map(prior, "labels").unwrap_or_default();
    let after = text_map(planned, "labels").unwrap_or_default();
    if before == after {
        return None;
    }
    let set: HashMap<String, String> = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let remove: Vec<String> = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
    let payload = UpdateLabelsPayload::builder()
        .set_add_or_update_labels(Some(set).filter(|set| !set.is_empty()))
        .set_remove_labels(Some(remove).filter(|remove| !remove.is_empty()));
    Some(payload.build())
}

fn taints(prior: &Value, planned: &Value) -> Option<UpdateTaintsPayload> {
    let (before, after) = (blocks(prior, "taint"), blocks(planned, "taint"));
    if before == after {
        return None;
    }
    // Key and effect tell a taint apart; its value can be changed.
    let same = |one: &Value, other: &Value| ["key", "effect"].iter().all(|name| part(one, name) == part(other, name));
    let set: Vec<_> = after.iter().filter(|taint| !before.contains(taint)).map(parts::taint).collect();
    let gone = before.iter().filter(|taint| !after.iter().any(|other| same(taint, other)));
    let remove: Vec<_> = gone.map(parts::taint).collect();
    let payload = UpdateTaintsPayload::builder()
        .set_add_or_update_taints(Some(set).filter(|set| !set.is_empty()))
        .set_remove_taints(Some(remove).filter(|remove| !remove.is_empty()));
    Some(payload.build())
}

async fn delete(work: &Work<'_>) -> Done<()> {
    let (cluster, name) = keys(&work.prior);
    if work.is_replaced && flag(&work.prior, "force_update_version") != Some(true) {
        drain::drain(work, &cluster, &name).await?;
    }
    let client = work.at.eks();
    let call = || {
        let request = client.delete_nodegroup().cluster_name(&cluster).nodegroup_name(&name);
        async move { request.send().await.map_err(fault) }
    };
    match while_passing(work.waiting(), Fault::is_busy, call).await {
        Ok(_) => {}
        Err(fault) if fault.is_not_found() => return Ok(()),
        Err(fault) => return Err(fault.problem(&format!("Deleting the node group {name:?}"))),
    }
    work.progress.handle(&format!("id {cluster}:{name}")).await?;
    let mut waiting = work.waiting();
    loop {
        let Some(group) = find(&work.at, &cluster, &name).await? else { return Ok(()) };
        if group.status == Some(NodegroupStatus::DeleteFailed) {
            let detail = format!("EKS could not delete the node group {name:?}.{}", health(group));
            return Err(Problem::error("Node group not deleted", detail));
        }
        waiting.pause(&format!("node group {name}: deleting")).await?;
    }
}
