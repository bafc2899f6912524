//! Network ACLs: the default ones that VPCs are born with, as far as they are looked at.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation};
use super::kind::{NETWORK_ACL, describe as describe_all};
use super::region::{Region, id, list_mut};
use crate::aws::account::ACCOUNT;

/// Makes the ACL that a VPC is born with.
pub fn make_default(region: &mut Region<'_, '_>, vpc: &str) {
    let entries = [true, false].into_iter().flat_map(|egress| {
        [(100, "allow"), (32_767, "deny")].map(|(number, action)| {
            json!({
                "ruleNumber": number, "protocol": "-1", "ruleAction": action, "egress": egress, "cidrBlock": "0.0.0.0/0",
            })
        })
    });
    let acl = json!({
        "networkAclId": region.new_id(&NETWORK_ACL),
        "vpcId": vpc,
        "default": true,
        "entrySet": entries.collect::<Vec<_>>(),
        "associationSet": [],
        "ownerId": ACCOUNT,
        "tagSet": [],
    });
    region.put(&NETWORK_ACL, &acl);
}

/// Puts a new subnet under the VPC's ACL.
pub fn associate(region: &mut Region<'_, '_>, vpc: &str, subnet: &str) {
    for mut acl in region.with(&NETWORK_ACL, "vpcId", vpc) {
        let acl_id = acl["networkAclId"].clone();
        list_mut(&mut acl, "associationSet")
            .push(json!({"networkAclAssociationId": id("aclassoc"), "networkAclId": acl_id, "subnetId": subnet}));
        region.put(&NETWORK_ACL, &acl);
    }
}

/// Forgets a subnet that is gone.
pub fn forget_subnet(region: &mut Region<'_, '_>, vpc: &str, subnet: &str) {
    for mut acl in region.with(&NETWORK_ACL, "vpcId", vpc) {
        list_mut(&mut acl, "associationSet").retain(|association| association["subnetId"] != subnet);
        region.put(&NETWORK_ACL, &acl);
    }
}

/// `DescribeNetworkAcls`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &NETWORK_ACL)
}
