//! `aws_eks_addon`: software that EKS installs into a cluster and keeps there.

use aws_sdk_eks::types::{Addon as Found, AddonPodIdentityAssociations, AddonStatus, ResolveConflicts};
use sdk::value::{Type, Value};
use sdk::{Action, Call, Course, Disruption, Lock, Outlook, Problem, Prospect};
use serde_json::{Value as Json, json};

use super::update::Begun;
use super::{addon_settings, inside_cluster, issues, moment, rules, tagging};
use crate::cloud::At;
use crate::fault::{Answer, Fault, fault};
use crate::fields::{block, block_or_null, blocks, differ, filled, flag, part, text};
use crate::managed::{Done, Draft, Kind, Work};
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::{Shape, block_set, flag as truth, one_block, text as word};
use crate::tags;

/// What an update changes beside tags.
const CHANGES: [&str; 4] =
    ["addon_version", "configuration_values", "service_account_role_arn", "pod_identity_association"];

/// What new clusters have already, installed by EKS itself.
const DEFAULTS: [&str; 3] = ["coredns", "kube-proxy", "vpc-cni"];

/// The resource type.
pub(super) struct Addon;

impl Kind for Addon {
    fn name(&self) -> &'static str {
        "aws_eks_addon"
    }

    fn shape(&self) -> Shape {
        let identity = vec![
            word("role_arn").required().describe("The role."),
            word("service_account").required().describe("The service account that may become it."),
        ];
        let namespace = vec![word("namespace").required().describe("The namespace.")];
        Shape {
            description: "Software that EKS installs into a cluster and keeps there.",
            attributes: vec![
                word("cluster_name").required().describe("The cluster it is in. A change replaces it."),
                word("addon_name").required().describe("What it is: as in `coredns`. A change replaces it."),
                word("addon_version").optional().computed().describe("Its version; the default one for the cluster unless set."),
                word("configuration_values").optional().computed().describe("Its settings, in JSON or YAML."),
                word("resolve_conflicts_on_create").optional().describe(
                    "What happens to what is there already: `NONE` or `OVERWRITE`; what EKS itself installed is taken over unless set.",
                ),
                word("resolve_conflicts_on_update").optional().describe(
                    "What happens to what was changed: `NONE`, `OVERWRITE` or `PRESERVE`; for what EKS itself installed `PRESERVE` unless set.",
                ),
                word("service_account_role_arn").optional().describe("The role of its service account, by the cluster's identity provider."),
                truth("preserve").optional().describe("Whether the software stays when the add-on is deleted."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("created_at").computed().describe("When it was made (RFC 3339)."),
                word("modified_at").computed().describe("When it was changed (RFC 3339)."),
            ],
            blocks: vec![
                block_set("pod_identity_association", "The roles of its service accounts, by pod identity.", identity),
                one_block("namespace_config", "Where it is installed. A change replaces it.", namespace),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "update", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = rules::cluster_name(config, "cluster_name").into_iter().collect();
        let words: [(&str, &[&str]); 2] = [
            ("resolve_conflicts_on_create", &["NONE", "OVERWRITE"]),
            ("resolve_conflicts_on_update", &["NONE", "OVERWRITE", "PRESERVE"]),
        ];
        for (name, words) in words {
            if let Some(word) = text(config, name).filter(|word| !words.contains(&word.as_str())) {
                let detail = format!("`{name}` is one of {}, not {word:?}.", words.join(", "));
                problems.push(Problem::error("Unknown word", detail).at(name));
            }
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["cluster_name", "addon_name", "namespace_config"],
            volatile: &["modified_at"],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name", "addon_name"]
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        // Settings that are no longer configured are EKS's to choose.
        let is_unset = part(&draft.request.config, "configuration_values").is_null();
        if draft.is_update() && is_unset && draft.changes("addon_version") {
            draft.set(&[("configuration_values", Value::unknown(Type::String))]);
        }
        Box::pin(async move {
            let problem = addon_settings::check(draft).await;
            draft.response.problems.extend(problem);
        })
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let (cluster, name) = keys(object);
            let Some(addon) = find(at, &cluster, &name).await? else { return Ok(None) };
            let associations = associations(at, &cluster, &addon).await?;
            Ok(Some(describe(at, &addon, associations, object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            update(work).await?;
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
                let addon = Some(name.clone());
                let begun = Begun { cluster: cluster.clone(), id: id.to_owned(), node_group: None, addon, what };
                problem = begun.wait(work).await.err();
            }
            Ok(at_rest(work, &cluster, &name).await?.or(problem))
        })
    }

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        let disruption = match prospect.course {
            Course::Create => Disruption::None,
            Course::Update if differ(prospect.prior, prospect.planned, &CHANGES) => Disruption::Rolling,
            Course::Update => Disruption::None,
            Course::Delete | Course::DeleteThenCreate | Course::CreateThenDelete => Disruption::Outage,
        };
        Outlook { disruption, ..Outlook::default() }
    }

    fn locks(&self, object: &Value, _: Action) -> Vec<Lock> {
        inside_cluster(object)
    }

    fn limit_minutes(&self, action: Action) -> u64 {
        if action == Action::Delete { 40 } else { 20 }
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        if action == Action::Read { 1 } else { 60 }
    }
}

fn keys(object: &Value) -> (String, String) {
    (text(object, "cluster_name").unwrap_or_default(), text(object, "addon_name").unwrap_or_default())
}

async fn find(at: &At, cluster: &str, name: &str) -> Done<Option<Found>> {
    match at.eks().describe_addon().cluster_name(cluster).addon_name(name).send().await.map_err(fault) {
        Ok(answer) => Ok(answer.addon),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the add-on {name:?}"))),
    }
}

/// Finds the roles of an add-on's service accounts.
async fn associations(at: &At, cluster: &str, addon: &Found) -> Done<Vec<Json>> {
    let mut found = Vec::new();
    for arn in addon.pod_identity_associations() {
        let id = arn.rsplit('/').next().unwrap_or_default();
        let call = at.eks().describe_pod_identity_association().cluster_name(cluster).association_id(id).send();
        match call.await.map_err(fault) {
            Ok(answer) => found.extend(
                answer.association.map(|one| json!({"role_arn": one.role_arn, "service_account": one.service_account})),
            ),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.problem(&format!("Describing the association {id}"))),
        }
    }
    Ok(found)
}

fn describe(at: &At, addon: &Found, associations: Vec<Json>, reference: &Value) -> Json {
    let (tags, tags_all) = at.session.tags.seen(addon.tags.clone().unwrap_or_default(), reference);
    let (cluster, name) =
        (addon.cluster_name.clone().unwrap_or_default(), addon.addon_name.clone().unwrap_or_default());
    let mut found = json!({
        "id": format!("{cluster}:{name}"),
        "cluster_name": cluster,
        "addon_name": name,
        "addon_version": addon.addon_version,
        "arn": addon.addon_arn,
        "configuration_values": settings(addon, reference),
        "created_at": moment(addon.created_at.as_ref()),
        "modified_at": moment(addon.modified_at.as_ref()),
        "pod_identity_association": associations,
        "service_account_role_arn": addon.service_account_role_arn,
        "tags": tags,
        "tags_all": tags_all,
    });
    // EKS tells the namespace of every add-on; it is of the configuration only where that names it.
    let namespace = addon.namespace_config.as_ref().and_then(|config| config.namespace.clone());
    if let (Some(namespace), true) = (namespace, block(reference, "namespace_config").is_some()) {
        found["namespace_config"] = json!([{"namespace": namespace}]);
    }
    found
}

/// Settings that mean the same are as they were written.
fn settings(addon: &Found, reference: &Value) -> Json {
    let found = addon.configuration_values.clone().unwrap_or_default();
    let known = text(reference, "configuration_values");
    let parse = |text: &str| serde_json::from_str::<Json>(text).ok();
    match known {
        Some(known) if known == found || parse(&known).is_some_and(|known| Some(known) == parse(&found)) => {
            known.into()
        }
        _ => found.into(),
    }
}

fn identities(planned: &Value) -> Option<Vec<AddonPodIdentityAssociations>> {
    let made = blocks(planned, "pod_identity_association").iter().filter_map(|block| {
        let builder = AddonPodIdentityAssociations::builder()
            .set_role_arn(text(block, "role_arn"))
            .set_service_account(text(block, "service_account"));
        builder.build().ok()
    });
    Some(made.collect())
}

/// Returns what is done about conflicts: what EKS itself installed is taken over, and what users changed there is kept.
fn conflicts(planned: &Value, name: &str, attribute: &str, otherwise: ResolveConflicts) -> Option<ResolveConflicts> {
    match filled(planned, attribute) {
        Some(word) => Some(word.as_str().into()),
        None => DEFAULTS.contains(&name).then_some(otherwise),
    }
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let (cluster, name) = keys(planned);
    let namespace = filled(block_or_null(planned, "namespace_config"), "namespace")
        .map(|namespace| aws_sdk_eks::types::AddonNamespaceConfigRequest::builder().namespace(namespace).build());
    let request = work
        .at
        .eks()
        .create_addon()
        .cluster_name(&cluster)
        .addon_name(&name)
        .client_request_token(work.token)
        .set_addon_version(filled(planned, "addon_version"))
        .set_configuration_values(filled(planned, "configuration_values"))
        .set_resolve_conflicts(conflicts(planned, &name, "resolve_conflicts_on_create", ResolveConflicts::Overwrite))
        .set_service_account_role_arn(filled(planned, "service_account_role_arn"))
        .set_pod_identity_associations(identities(planned).filter(|list| !list.is_empty()))
        .set_namespace_config(namespace)
        .set_tags(tags::planned(planned));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    let passes = |fault: &Fault| fault.is_propagation() || fault.is_busy() && !fault.message.contains("already exists");
    let made: Answer<()> = while_passing(work.propagation(), passes, call).await;
    let known = json!({"cluster_name": cluster, "addon_name": name});
    match made {
        Ok(()) => work.made(known).await?,
        Err(fault) if fault.is("ResourceInUseException") && DEFAULTS.contains(&name.as_str()) => {
            adopt(work, &cluster, &name, &fault).await?;
        }
        Err(fault) => return Err(fault.problem(&format!("Creating the add-on {name:?} of the cluster {cluster:?}"))),
    }
    at_rest(work, &cluster, &name).await?.map_or(Ok(()), Err)
}

/// Takes over what EKS has made by itself.
async fn adopt(work: &Work<'_>, cluster: &str, name: &str, fault: &Fault) -> Done<()> {
    let Some(addon) = find(&work.at, cluster, name).await? else {
        return Err(fault.problem(&format!("Creating the add-on {name:?}")));
    };
    work.made(json!({"cluster_name": cluster, "addon_name": name})).await?;
    let detail = format!(
        "The cluster {cluster:?} had the add-on {name:?} already, made by EKS itself: it is looked after here from now on."
    );
    work.warn(Problem::warning("Add-on taken over", detail));
    at_rest(work, cluster, name).await?;
    update_to(work, cluster, name).await?;
    let before = Value::object([("tags_all", Value::map(Type::String, text_tags(&addon)))]);
    match tags::changes(&before, &work.planned) {
        Some(mut changes) => {
            changes.remove.clear();
            tagging::change(&work.at, &addon.addon_arn.unwrap_or_default(), &changes).await
        }
        None => Ok(()),
    }
}

fn text_tags(addon: &Found) -> Vec<(String, Value)> {
    addon.tags.iter().flatten().map(|(key, value)| (key.clone(), value.as_str().into())).collect()
}

fn health(addon: Found) -> String {
    let found = addon.health.and_then(|health| health.issues).unwrap_or_default().into_iter();
    issues(
        found.map(|issue| {
            (issue.code.map(|code| code.to_string()), issue.message, issue.resource_ids.unwrap_or_default())
        }),
    )
}

/// Waits until an add-on works. One that is degraded may only lack nodes: it has until its time is over.
async fn at_rest(work: &Work<'_>, cluster: &str, name: &str) -> Done<Option<Problem>> {
    let mut waiting = work.waiting();
    loop {
        let Some(addon) = find(&work.at, cluster, name).await? else { return Ok(None) };
        match addon.status.clone() {
            Some(AddonStatus::Active) => return Ok(None),
            Some(AddonStatus::CreateFailed | AddonStatus::UpdateFailed | AddonStatus::DeleteFailed) => {
                let detail = format!("The add-on {name:?} of the cluster {cluster:?} has failed.{}", health(addon));
                return Ok(Some(Problem::error("Add-on failed", detail)));
            }
            status => {
                let status = status.map(|status| status.as_str().to_lowercase()).unwrap_or_default();
                let phase = format!("add-on {name}: {status}{}", health(addon));
                if let Err(problem) = waiting.pause(&phase).await {
                    return Ok(Some(problem));
                }
            }
        }
    }
}

async fn update(work: &Work<'_>) -> Done<()> {
    if !differ(&work.prior, &work.planned, &CHANGES) {
        return Ok(());
    }
    let (cluster, name) = keys(&work.planned);
    update_to(work, &cluster, &name).await
}

async fn update_to(work: &Work<'_>, cluster: &str, name: &str) -> Done<()> {
    let planned = &work.planned;
    // Absent is no change, and an empty list takes all away.
    let identities = identities(planned).filter(|list| !list.is_empty() || work.changes("pod_identity_association"));
    let settings =
        text(planned, "configuration_values").filter(|text| !text.is_empty() || work.changes("configuration_values"));
    let request = work
        .at
        .eks()
        .update_addon()
        .cluster_name(cluster)
        .addon_name(name)
        .client_request_token(format!("{}-update", work.token))
        .set_addon_version(filled(planned, "addon_version"))
        .set_configuration_values(settings)
        .set_resolve_conflicts(conflicts(planned, name, "resolve_conflicts_on_update", ResolveConflicts::Preserve))
        .set_service_account_role_arn(filled(planned, "service_account_role_arn"))
        .set_pod_identity_associations(identities);
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let passes = |fault: &Fault| fault.is_propagation() || fault.is_busy();
    let answer = while_passing(work.waiting(), passes, call).await;
    let answer = answer.map_err(|fault| fault.problem(&format!("Updating the add-on {name:?}")))?;
    let (cluster, what) = (cluster.to_owned(), format!("add-on {name}: updating"));
    let begun = Begun { cluster: cluster.clone(), addon: Some(name.to_owned()), what, ..Begun::default() };
    Begun::of(answer.update, begun)?.finish(work).await?;
    at_rest(work, &cluster, name).await?.map_or(Ok(()), Err)
}

async fn delete(work: &Work<'_>) -> Done<()> {
    let (cluster, name) = keys(&work.prior);
    let client = work.at.eks();
    let preserve = flag(&work.prior, "preserve");
    let call = || {
        let request = client.delete_addon().cluster_name(&cluster).addon_name(&name).set_preserve(preserve);
        async move { request.send().await.map_err(fault) }
    };
    match while_passing(work.waiting(), Fault::is_busy, call).await {
        Ok(_) => {}
        Err(fault) if fault.is_not_found() => return Ok(()),
        Err(fault) => return Err(fault.problem(&format!("Deleting the add-on {name:?}"))),
    }
    work.progress.handle(&format!("id {cluster}:{name}")).await?;
    let mut waiting = work.waiting();
    loop {
        let Some(addon) = find(&work.at, &cluster, &name).await? else { return Ok(()) };
        if addon.status == Some(AddonStatus::DeleteFailed) {
            let detail = format!("EKS could not delete the add-on {name:?}.{}", health(addon));
            return Err(Problem::error("Add-on not deleted", detail));
        }
        waiting.pause(&format!("add-on {name}: deleting")).await?;
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::ResolveConflicts::{Overwrite, Preserve};
    use sdk::value::{Type, Value};

    use super::conflicts;

    #[test]
    fn pain_13_what_eks_installed_is_overwritten_by_the_first_creation_only() {
        let (create, update) = ("resolve_conflicts_on_create", "resolve_conflicts_on_update");
        let unset = Value::object([create, update].map(|name| (name, Value::null(Type::String))));
        assert_eq!(conflicts(&unset, "coredns", create, Overwrite), Some(Overwrite));
        assert_eq!(conflicts(&unset, "coredns", update, Preserve), Some(Preserve));
        assert_eq!(conflicts(&unset, "aws-ebs-csi-driver", create, Overwrite), None);
        let set = Value::object([(create, Value::from("NONE")), (update, Value::from("OVERWRITE"))]);
        assert_eq!(conflicts(&set, "coredns", update, Preserve), Some(Overwrite));
    }
}
