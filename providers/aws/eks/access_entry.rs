//! `aws_eks_access_entry`: someone who gets into a cluster.

use aws_sdk_eks::types::AccessEntry as Found;
use sdk::value::Value;
use sdk::{Action, Call, Lock, Problem};
use serde_json::{Value as Json, json};

use super::{inside_cluster, moment, rules, tagging};
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{filled, part, text, texts};
use crate::managed::{Done, Kind, Work, split_id};
use crate::planning::{Otherwise, Rules};
use crate::polling::while_passing;
use crate::shape::{Shape, text as word, text_set};
use crate::tags;

/// The resource type.
pub(super) struct AccessEntry;

impl Kind for AccessEntry {
    fn name(&self) -> &'static str {
        "aws_eks_access_entry"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "Someone who gets into a cluster.",
            attributes: vec![
                word("cluster_name").required().describe("The cluster. A change replaces it."),
                word("principal_arn").required().describe("The role or user of IAM. A change replaces it."),
                text_set("kubernetes_groups").optional().computed().describe("The groups that they are in there."),
                word("type").optional().computed().describe(
                    "As in `STANDARD`, which it is unless set, or `EC2_LINUX` for the role of nodes. A change replaces it.",
                ),
                word("user_name").optional().computed().describe("What they are called there."),
                word("access_entry_arn").computed().describe("Its name in all of AWS."),
                word("created_at").computed().describe("When it was made (RFC 3339)."),
                word("modified_at").computed().describe("When it was changed (RFC 3339)."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = rules::cluster_name(config, "cluster_name").into_iter().collect();
        if text(config, "principal_arn").is_some_and(|arn| arn.contains(":sts:")) {
            let detail = "EKS lets in roles and users of IAM, not sessions of roles: name the role, `arn:aws:iam::ACCOUNT:role/NAME`.";
            problems.push(Problem::error("Invalid principal", detail).at("principal_arn"));
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["cluster_name", "principal_arn", "type"],
            volatile: &["modified_at"],
            defaults: &[("type", Otherwise::Text("STANDARD"))],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name", "principal_arn"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        split_id(self.identity(), id, ':')
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let (cluster, principal) = keys(object);
            Ok(find(at, &cluster, &principal).await?.map(|entry| describe(at, &entry, object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            if work.changes("kubernetes_groups") || work.changes("user_name") {
                change(work).await?;
            }
            tagging::follow(work, "access_entry_arn").await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let (cluster, principal) = keys(&work.prior);
            let call = work.at.eks().delete_access_entry().cluster_name(cluster).principal_arn(&principal).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => {
                    Err(fault.problem(&format!("Deleting the access entry of {principal}")))
                }
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

async fn find(at: &At, cluster: &str, principal: &str) -> Done<Option<Found>> {
    let call = at.eks().describe_access_entry().cluster_name(cluster).principal_arn(principal).send();
    match call.await.map_err(fault) {
        Ok(answer) => Ok(answer.access_entry),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the access entry of {principal}"))),
    }
}

fn describe(at: &At, entry: &Found, reference: &Value) -> Json {
    let (tags, tags_all) = at.session.tags.seen(entry.tags.clone().unwrap_or_default(), reference);
    let (cluster, principal) =
        (entry.cluster_name.clone().unwrap_or_default(), entry.principal_arn.clone().unwrap_or_default());
    json!({
        "id": format!("{cluster}:{principal}"),
        "cluster_name": cluster,
        "principal_arn": principal,
        "kubernetes_groups": entry.kubernetes_groups.clone().unwrap_or_default(),
        "type": entry.r#type,
        "user_name": entry.username,
        "access_entry_arn": entry.access_entry_arn,
        "created_at": moment(entry.created_at.as_ref()),
        "modified_at": moment(entry.modified_at.as_ref()),
        "tags": tags,
        "tags_all": tags_all,
    })
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let (cluster, principal) = keys(planned);
    let request = work
        .at
        .eks()
        .create_access_entry()
        .cluster_name(&cluster)
        .principal_arn(&principal)
        .client_request_token(work.token)
        .set_kubernetes_groups(texts(planned, "kubernetes_groups").filter(|groups| !groups.is_empty()))
        .set_type(filled(planned, "type"))
        .set_username(filled(planned, "user_name"))
        .set_tags(tags::planned(planned));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    // A principal that IAM has just made is not known to EKS at once.
    let passes = |fault: &Fault| {
        fault.is_propagation()
            || fault.is("InvalidParameterException")
                && fault.message.contains("principalArn parameter format is not valid")
    };
    let made = while_passing(work.propagation(), passes, call).await;
    let known = json!({"cluster_name": cluster, "principal_arn": principal});
    match made {
        Ok(()) => work.made(known).await,
        Err(fault) if fault.is("ResourceInUseException") => adopt(work, known, &fault).await,
        Err(fault) => {
            Err(fault.problem(&format!("Creating the access entry of {principal} in the cluster {cluster:?}")))
        }
    }
}

/// Takes over the entry that EKS has made by itself, as for the cluster's creator, if it is the same thing.
async fn adopt(work: &Work<'_>, known: Json, fault: &Fault) -> Done<()> {
    let planned = &work.planned;
    let (cluster, principal) = keys(planned);
    let doing = format!("Creating the access entry of {principal} in the cluster {cluster:?}");
    let Some(entry) = find(&work.at, &cluster, &principal).await? else { return Err(fault.problem(&doing)) };
    if entry.r#type != filled(planned, "type") {
        return Err(fault.problem(&doing));
    }
    work.made(known).await?;
    let detail = format!(
        "The cluster {cluster:?} had an access entry of {principal} already: it is looked after here from now on."
    );
    work.warn(Problem::warning("Access entry taken over", detail));
    if !part(planned, "kubernetes_groups").is_null() || !part(planned, "user_name").is_null() {
        change(work).await?;
    }
    match tags::planned(planned) {
        Some(set) => {
            let changes = tags::TagChanges { set: set.into_iter().collect(), remove: vec![] };
            tagging::change(&work.at, &entry.access_entry_arn.unwrap_or_default(), &changes).await
        }
        None => Ok(()),
    }
}

async fn change(work: &Work<'_>) -> Done<()> {
    let (cluster, principal) = keys(&work.planned);
    let call = work
        .at
        .eks()
        .update_access_entry()
        .cluster_name(cluster)
        .principal_arn(&principal)
        .client_request_token(format!("{}-update", work.token))
        .set_kubernetes_groups(texts(&work.planned, "kubernetes_groups"))
        .set_username(filled(&work.planned, "user_name"))
        .send();
    let changed = call.await.map(|_| ());
    changed.map_err(|error| fault(error).problem(&format!("Changing the access entry of {principal}")))
}
