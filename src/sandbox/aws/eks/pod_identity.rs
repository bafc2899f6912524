//! Pod identity associations: which service account's pods get which role.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, check_label, check_role};
use super::{cluster, roles, tags};
use crate::aws::account::random;
use crate::aws::iam::document::check_permissions;

const ASSOCIATIONS_MAX: usize = 1000;

fn find(invocation: &Invocation<'_, '_>) -> Result<(String, Json), Error> {
    let (cluster, id) = (invocation.argument("name"), invocation.argument("associationId"));
    cluster::get(invocation, &cluster)?;
    let record = invocation.record("pod-identities", &format!("{cluster}/{id}"));
    let association = invocation.change.get::<Json>(&record);
    let missing = || Error::not_found(format!("The specified association id could not be found: {id}"));
    Ok((record, association.ok_or_else(missing)?))
}

/// Makes an association, for an add-on if one is its owner, and returns it with the name of its record.
pub fn add(
    invocation: &mut Invocation<'_, '_>,
    cluster: &str,
    (namespace, account): (&str, &str),
    role: &str,
    owner: Option<&str>,
) -> Result<(String, Json), Error> {
    check_label(namespace, "namespace")?;
    check_label(account, "service account")?;
    let all = invocation.all_of("pod-identities", cluster);
    let twin = all.iter().find(|(_, known)| known["namespace"] == namespace && known["serviceAccount"] == account);
    if let Some((id, _)) = twin {
        return Err(Error::in_use(format!("Association already exists: {id}")));
    }
    if all.len() >= ASSOCIATIONS_MAX {
        return Err(Error::limit(format!("A cluster has at most {ASSOCIATIONS_MAX} pod identity associations")));
    }
    roles::check_pod_role(invocation, role)?;
    let id = format!("a-{}", &random::<9>()[..17]);
    let now = invocation.now();
    let association = json!({
        "clusterName": cluster,
        "namespace": namespace,
        "serviceAccount": account,
        "roleArn": role,
        "associationArn": invocation.arn(&format!("podidentityassociation/{cluster}/{id}")),
        "associationId": id,
        "tags": {},
        "createdAt": now,
        "modifiedAt": now,
        "ownerArn": owner,
        "disableSessionTags": false,
    });
    let record = invocation.record("pod-identities", &format!("{cluster}/{id}"));
    invocation.change.put(&record, &association);
    Ok((record, association))
}

/// Writes the target role and the policy that a request gives.
fn set_options(invocation: &Invocation<'_, '_>, association: &mut Json) -> Result<(), Error> {
    if let Some(is_disabled) = invocation.flag("disableSessionTags")? {
        association["disableSessionTags"] = json!(is_disabled);
    }
    if let Some(target) = invocation.text("targetRoleArn")? {
        // It may be of another account.
        let is_foreign = check_role(&target, "targetRoleArn").is_err() && target.contains(":role/");
        if !is_foreign {
            check_role(&target, "targetRoleArn")?;
        }
        association["targetRoleArn"] = json!(target);
        let cluster = association["clusterName"].as_str().unwrap_or_default();
        let id = association["associationId"].as_str().unwrap_or_default();
        association["externalId"] = json!(format!("{}/{cluster}/{id}", invocation.region));
    }
    if let Some(policy) = invocation.text("policy")? {
        check_permissions(&policy).map_err(|error| Error::parameter(error.message))?;
        association["policy"] = json!(policy);
    }
    Ok(())
}

/// `CreatePodIdentityAssociation`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"association": invocation.change.get::<Json>(&made)}));
    }
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    let (namespace, account) = (invocation.needed("namespace")?, invocation.needed("serviceAccount")?);
    let role = invocation.needed("roleArn")?;
    let tags = tags::read(invocation.body.get("tags"))?;
    let (record, mut association) = add(invocation, &cluster, (&namespace, &account), &role, None)?;
    association["tags"] = Json::Object(tags);
    set_options(invocation, &mut association)?;
    invocation.change.put(&record, &association);
    invocation.remember(&record);
    Ok(json!({"association": association}))
}

/// `DescribePodIdentityAssociation`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(json!({"association": find(invocation)?.1}))
}

fn check_own(association: &Json) -> Result<(), Error> {
    match association["ownerArn"].as_str() {
        Some(owner) => Err(Error::request(format!(
            "The association is owned by the add-on {owner}; it must be changed through the add-on."
        ))),
        None => Ok(()),
    }
}

/// `UpdatePodIdentityAssociation`.
pub fn update(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"association": invocation.change.get::<Json>(&made)}));
    }
    let (record, mut association) = find(invocation)?;
    check_own(&association)?;
    if let Some(role) = invocation.text("roleArn")? {
        roles::check_pod_role(invocation, &role)?;
        association["roleArn"] = json!(role);
    }
    set_options(invocation, &mut association)?;
    association["modifiedAt"] = invocation.now();
    invocation.change.put(&record, &association);
    invocation.remember(&record);
    Ok(json!({"association": association}))
}

/// `DeletePodIdentityAssociation`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, association) = find(invocation)?;
    check_own(&association)?;
    invocation.change.remove(&record);
    Ok(json!({"association": association}))
}

/// `ListPodIdentityAssociations`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    let is = |association: &Json, member: &str| {
        invocation.parameter(member).is_none_or(|wanted| association[member] == wanted)
    };
    let all = invocation.all_of("pod-identities", &cluster).into_iter();
    let all = all.filter(|(_, association)| is(association, "namespace") && is(association, "serviceAccount"));
    let summaries = all.map(|(id, association)| {
        let members = ["clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn"];
        let summary = members.iter().map(|member| ((*member).to_owned(), association[*member].clone()));
        (id, Json::Object(summary.collect()))
    });
    let summaries = summaries.collect();
    invocation.page_of("associations", summaries)
}
