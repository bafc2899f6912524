//! The operations of EC2 that the sandbox has, a line each.

use super::call::{Error, Invocation};
use super::{
    account, acl, address, endpoint, gateway, image, instance, instance_types, launch_template, nat, network_interface,
    route, route_table, security_group, snapshot, subnet, tags, volume, vpc, zones,
};
use serde_json::Value as Json;

/// An operation.
pub struct Operation {
    pub name: &'static str,
    pub run: fn(&mut Invocation<'_, '_>) -> Result<Json, Error>,
}

const fn operation(name: &'static str, run: fn(&mut Invocation<'_, '_>) -> Result<Json, Error>) -> Operation {
    Operation { name, run }
}

impl Operation {
    /// Tells whether `ClientToken` makes it happen once.
    pub fn has_token(&self) -> bool {
        ONCE.contains(&self.name)
    }
}

/// Returns an operation by its name.
pub fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.binary_search_by(|operation| operation.name.cmp(name)).ok().map(|place| &OPERATIONS[place])
}

const ONCE: &[&str] = &[
    // sorted
    "CreateLaunchTemplate",
    "CreateLaunchTemplateVersion",
    "CreateNatGateway",
    "CreateNetworkInterface",
    "CreateRouteTable",
    "CreateVolume",
    "CreateVpcEndpoint",
    "RunInstances",
];

#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    // sorted
    operation("AllocateAddress", address::allocate),
    operation("AssociateAddress", address::associate),
    operation("AssociateRouteTable", route_table::associate),
    operation("AssociateVpcCidrBlock", vpc::associate_range),
    operation("AttachInternetGateway", gateway::attach),
    operation("AttachNetworkInterface", network_interface::attach),
    operation("AttachVolume", volume::attach),
    operation("AuthorizeSecurityGroupEgress", security_group::authorize_egress),
    operation("AuthorizeSecurityGroupIngress", security_group::authorize_ingress),
    operation("CreateInternetGateway", gateway::create),
    operation("CreateLaunchTemplate", launch_template::create),
    operation("CreateLaunchTemplateVersion", launch_template::create_version),
    operation("CreateNatGateway", nat::create),
    operation("CreateNetworkInterface", network_interface::create),
    operation("CreateRoute", route::create),
    operation("CreateRouteTable", route_table::create),
    operation("CreateSecurityGroup", security_group::create),
    operation("CreateSnapshot", snapshot::create),
    operation("CreateSubnet", subnet::create),
    operation("CreateTags", tags::create),
    operation("CreateVolume", volume::create),
    operation("CreateVpc", vpc::create),
    operation("CreateVpcEndpoint", endpoint::create),
    operation("DeleteInternetGateway", gateway::delete),
    operation("DeleteLaunchTemplate", launch_template::delete),
    operation("DeleteLaunchTemplateVersions", launch_template::delete_versions),
    operation("DeleteNatGateway", nat::delete),
    operation("DeleteNetworkInterface", network_interface::delete),
    operation("DeleteRoute", route::delete),
    operation("DeleteRouteTable", route_table::delete),
    operation("DeleteSecurityGroup", security_group::delete),
    operation("DeleteSnapshot", snapshot::delete),
    operation("DeleteSubnet", subnet::delete),
    operation("DeleteTags", tags::delete),
    operation("DeleteVolume", volume::delete),
    operation("DeleteVpc", vpc::delete),
    operation("DeleteVpcEndpoints", endpoint::delete),
    operation("DescribeAccountAttributes", account::describe_attributes),
    operation("DescribeAddresses", address::describe),
    operation("DescribeAddressesAttribute", address::describe_attribute),
    operation("DescribeAvailabilityZones", zones::describe),
    operation("DescribeDhcpOptions", account::describe_dhcp_options),
    operation("DescribeImages", image::describe),
    operation("DescribeInstanceTypeOfferings", instance_types::describe_offerings),
    operation("DescribeInstanceTypes", instance_types::describe),
    operation("DescribeInstances", instance::describe),
    operation("DescribeInternetGateways", gateway::describe),
    operation("DescribeLaunchTemplateVersions", launch_template::describe_versions),
    operation("DescribeLaunchTemplates", launch_template::describe),
    operation("DescribeNatGateways", nat::describe),
    operation("DescribeNetworkAcls", acl::describe),
    operation("DescribeNetworkInterfaces", network_interface::describe),
    operation("DescribePrefixLists", endpoint::describe_prefix_lists),
    operation("DescribeRegions", zones::describe_regions),
    operation("DescribeRouteTables", route_table::describe),
    operation("DescribeSecurityGroupRules", security_group::describe_rules),
    operation("DescribeSecurityGroups", security_group::describe),
    operation("DescribeSnapshots", snapshot::describe),
    operation("DescribeSubnets", subnet::describe),
    operation("DescribeTags", tags::describe),
    operation("DescribeVolumes", volume::describe),
    operation("DescribeVolumesModifications", volume::describe_modifications),
    operation("DescribeVpcAttribute", vpc::describe_attribute),
    operation("DescribeVpcEndpoints", endpoint::describe),
    operation("DescribeVpcs", vpc::describe),
    operation("DetachInternetGateway", gateway::detach),
    operation("DetachNetworkInterface", network_interface::detach),
    operation("DetachVolume", volume::detach),
    operation("DisassociateAddress", address::disassociate),
    operation("DisassociateRouteTable", route_table::disassociate),
    operation("DisassociateVpcCidrBlock", vpc::disassociate_range),
    operation("ModifyLaunchTemplate", launch_template::modify),
    operation("ModifyNetworkInterfaceAttribute", network_interface::modify_attribute),
    operation("ModifySecurityGroupRules", security_group::modify_rules),
    operation("ModifySubnetAttribute", subnet::modify_attribute),
    operation("ModifyVolume", volume::modify),
    operation("ModifyVpcAttribute", vpc::modify_attribute),
    operation("ModifyVpcEndpoint", endpoint::modify),
    operation("ReleaseAddress", address::release),
    operation("ReplaceRoute", route::replace),
    operation("ReplaceRouteTableAssociation", route_table::replace_association),
    operation("RevokeSecurityGroupEgress", security_group::revoke_egress),
    operation("RevokeSecurityGroupIngress", security_group::revoke_ingress),
    operation("RunInstances", instance::run),
    operation("TerminateInstances", instance::terminate_all),
    operation("UpdateSecurityGroupRuleDescriptionsEgress", security_group::describe_egress),
    operation("UpdateSecurityGroupRuleDescriptionsIngress", security_group::describe_ingress),
];

#[cfg(test)]
mod tests {
    use super::OPERATIONS;

    #[test]
    fn operations_are_sorted() {
        assert!(OPERATIONS.is_sorted_by_key(|operation| operation.name));
    }
}
