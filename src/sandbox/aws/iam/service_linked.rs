//! Roles that belong to a service of AWS.

use serde_json::{Value as Json, json};

use super::call::{Invocation, invalid_input, no_such, text};
use super::role;
use crate::aws::account::uuid;
use crate::aws::query::Error;

/// Services with the names of their roles, and whether there may be several.
const SERVICES: &[(&str, &str, bool)] = &[
    ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", true),
    ("eks-connector.amazonaws.com", "AWSServiceRoleForAmazonEKSConnector", false),
    ("eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate", false),
    ("eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup", false),
    ("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS", false),
    ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing", false),
    ("rds.amazonaws.com", "AWSServiceRoleForRDS", false),
    ("spot.amazonaws.com", "AWSServiceRoleForEC2Spot", false),
    ("spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet", false),
];

const DELETIONS: &str = "aws/iam/global/updates/";

/// Tells whether a role belongs to a service.
pub fn is_linked(role: &Json) -> bool {
    text(role, "Path").starts_with("/aws-service-role/")
}

/// `CreateServiceLinkedRole`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let service = invocation.needed("AWSServiceName")?;
    let known = SERVICES.iter().find(|(known, _, _)| *known == service);
    let Some((_, name, may_have_suffix)) = known else {
        return Err(invalid_input(format!(
            "{service} is not a service with a role of its own that the sandbox knows."
        )));
    };
    let name = match invocation.form.get("CustomSuffix") {
        None => (*name).to_owned(),
        Some(suffix) if *may_have_suffix => format!("{name}_{suffix}"),
        Some(_) => return Err(invalid_input(format!("Custom suffix is not allowed for {service}"))),
    };
    if invocation.change.has(&role::record(&name)) {
        let message =
            format!("Service role name {name} has been taken in this account, please try a different suffix.");
        return Err(invalid_input(message));
    }
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Action": ["sts:AssumeRole"], "Principal": {"Service": [service]}, "Effect": "Allow"},
    ]});
    let path = format!("/aws-service-role/{service}/");
    let mut made = role::compose(invocation, &name, &path, &trust.to_string());
    made["MaxSessionDuration"] = json!(3600);
    if let Some(description) = invocation.description()? {
        made["Description"] = json!(description);
    }
    role::add(invocation, &made)?;
    Ok(json!({"Role": role::listed(&made)}))
}

/// `DeleteServiceLinkedRole`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let found = role::find(invocation)?;
    if !is_linked(&found) {
        let name = text(&found, "RoleName");
        return Err(invalid_input(format!("The role {name} is not one that belongs to a service.")));
    }
    let service = text(&found, "Path").split('/').nth(2).unwrap_or_default().to_owned();
    let has_clusters = invocation.change.under("aws/eks/").any(|(name, _)| name.split('/').nth(3) == Some("clusters"));
    let is_used = service == "eks.amazonaws.com" && has_clusters;
    let id = format!("task{}{}/{}", text(&found, "Path"), text(&found, "RoleName"), uuid());
    let reason = "The role is used by clusters of EKS; they must be deleted first.";
    let task = match is_used {
        true => json!({"Status": "FAILED", "Reason": {"Reason": reason, "RoleUsageList": []}}),
        false => json!({"Status": "SUCCEEDED"}),
    };
    if !is_used {
        invocation.change.remove(&role::record(text(&found, "RoleName")));
    }
    invocation.change.put(&format!("{DELETIONS}{id}"), &task);
    Ok(json!({"DeletionTaskId": id}))
}

/// `GetServiceLinkedRoleDeletionStatus`.
pub fn deletion_status(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = invocation.needed("DeletionTaskId")?;
    let task = invocation.change.get::<Json>(&format!("{DELETIONS}{id}"));
    task.ok_or_else(|| no_such(format!("Deletion task {id} cannot be found.")))
}
