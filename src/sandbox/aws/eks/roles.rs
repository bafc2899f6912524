//! Whether a role is one that EKS can use: it is there, it trusts the right service, it may do what is needed.

use serde_json::Value as Json;

use super::call::{Error, Invocation, check_role};
use crate::aws::iam::trust::{Context, Principal, allows, names_service};
use crate::aws::iam::{Role, role_of};

fn get(invocation: &Invocation<'_, '_>, arn: &str) -> Option<Role> {
    role_of(invocation.change, arn, invocation.frame.clock.now())
}

/// Tells whether a role lets a service of AWS become it, with all of some actions.
fn trusts(invocation: &Invocation<'_, '_>, role: &Role, service: &str, actions: &[&str]) -> bool {
    let account = crate::aws::account::ACCOUNT;
    let mut context = Context::from([("aws:sourceaccount".to_owned(), account.to_owned())]);
    context.insert("aws:sourcearn".to_owned(), invocation.arn("cluster/sandbox"));
    // Which cluster asks is not told here; conditions on its ARN hold if they hold for some cluster.
    let principal = Principal::Service(service.to_owned());
    actions.iter().all(|action| {
        allows(&role.trust, &principal, action, &context)
            || (names_service(&role.trust, service) && names_source(&role.trust))
    })
}

fn names_source(trust: &Json) -> bool {
    trust.to_string().to_ascii_lowercase().contains("aws:sourcearn")
}

/// Checks the role of a cluster.
pub fn check_cluster_role(invocation: &Invocation<'_, '_>, arn: &str) -> Result<(), Error> {
    check_role(arn, "roleArn")?;
    let role = get(invocation, arn).filter(|role| trusts(invocation, role, "eks.amazonaws.com", &["sts:AssumeRole"]));
    let Some(role) = role else {
        return Err(Error::parameter(format!(
            "Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        )));
    };
    // A policy of the account may allow the same.
    if role.policies.is_empty() && !role.has_inline_policies {
        return Err(Error::parameter(
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following policy is attached: [arn:aws:iam::aws:policy/AmazonEKSClusterPolicy]",
        ));
    }
    Ok(())
}

/// Checks the role of nodes.
pub fn check_node_role(invocation: &Invocation<'_, '_>, arn: &str) -> Result<(), Error> {
    check_role(arn, "nodeRole")?;
    let Some(role) = get(invocation, arn) else {
        let name = arn.rsplit('/').next().unwrap_or_default();
        return Err(Error::parameter(format!("Error in role params: the role with name {name} does not exist")));
    };
    if !trusts(invocation, &role, "ec2.amazonaws.com", &["sts:AssumeRole"]) {
        return Err(Error::parameter(format!(
            "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole {arn}"
        )));
    }
    Ok(())
}

/// Checks the role that pulls images for pods on Fargate.
pub fn check_pod_execution_role(invocation: &Invocation<'_, '_>, arn: &str) -> Result<(), Error> {
    check_role(arn, "podExecutionRoleArn")?;
    let Some(role) = get(invocation, arn) else {
        return Err(Error::parameter(format!("Error in role params: the role {arn} does not exist")));
    };
    if !trusts(invocation, &role, "eks-fargate-pods.amazonaws.com", &["sts:AssumeRole"]) {
        return Err(Error::parameter(
            "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal",
        ));
    }
    Ok(())
}

/// Checks a role that pods get.
pub fn check_pod_role(invocation: &Invocation<'_, '_>, arn: &str) -> Result<(), Error> {
    check_role(arn, "roleArn")?;
    let Some(role) = get(invocation, arn) else {
        return Err(Error::parameter(format!("Role provided in the request does not exist: {arn}")));
    };
    if !trusts(invocation, &role, "pods.eks.amazonaws.com", &["sts:AssumeRole", "sts:TagSession"]) {
        return Err(Error::parameter(format!(
            "Trust relationship of {arn}: the IAM role's policy must include the pods.eks.amazonaws.com service with sts:AssumeRole and sts:TagSession"
        )));
    }
    Ok(())
}
