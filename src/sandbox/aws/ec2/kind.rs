//! The kinds of objects that EC2 has: how their ids look, what is said when one is missing, what they are filtered by.

use serde_json::Value as Json;

use super::call::{Error, Invocation, filter, page};
use super::region::Region;

/// A kind of objects.
pub struct Kind {
    /// Under what name its records are kept, and counted.
    pub records: &'static str,
    /// As tags name it.
    pub resource_type: &'static str,
    /// What ids begin with.
    pub prefix: &'static str,
    /// The member that has the id.
    pub id: &'static str,
    /// What a list of them is called in answers.
    pub set: &'static str,
    /// What a list of ids is called in requests.
    pub parameter: &'static str,
    /// The error when there is none: its code, and its text around the id.
    pub missing: (&'static str, &'static str, &'static str),
    /// The filters, with the members that they look at.
    pub filters: &'static [(&'static str, &'static str)],
}

impl Kind {
    /// Returns the error that there is no object with an id.
    pub fn missing(&self, id: &str) -> Error {
        let (code, before, behind) = self.missing;
        Error::new(code, format!("{before}{id}{behind}"))
    }

    /// Checks that an id is written like one.
    pub fn check(&self, id: &str) -> Result<(), Error> {
        let rest = id.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix('-'));
        if rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Ok(());
        }
        let code = match self.prefix {
            "sg" => "InvalidGroupId.Malformed".to_owned(),
            _ => self.missing.0.replace("NotFound", "Malformed"),
        };
        Err(Error::new(&code, format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix)))
    }
}

/// Describes objects of a kind: those that are named, or all that filters let through, in pages.
pub fn describe(invocation: &Invocation<'_, '_>, kind: &Kind) -> Result<Json, Error> {
    describe_as(invocation, kind, |_, object| object)
}

/// Describes objects with what is not in their records but follows from others.
pub fn describe_as(
    invocation: &Invocation<'_, '_>,
    kind: &Kind,
    show: impl Fn(&Region<'_, '_>, Json) -> Json,
) -> Result<Json, Error> {
    let ids = invocation.parameters.list(kind.parameter);
    let mut list = Vec::new();
    for id in &ids {
        list.push(invocation.region.get(kind, id)?);
    }
    if ids.is_empty() {
        list = invocation.region.all(kind);
    }
    let mut list: Vec<Json> = list.into_iter().map(|object| show(&invocation.region, object)).collect();
    filter(invocation, kind.filters, &mut list)?;
    page(invocation, kind.set, list)
}

/// VPCs.
pub const VPC: Kind = Kind {
    records: "vpcs",
    resource_type: "vpc",
    prefix: "vpc",
    id: "vpcId",
    set: "vpcSet",
    parameter: "VpcId",
    missing: ("InvalidVpcID.NotFound", "The vpc ID '", "' does not exist"),
    filters: &[
        ("cidr", "cidrBlock"),
        ("cidr-block", "cidrBlock"),
        ("cidr-block-association.association-id", "cidrBlockAssociationSet/*/associationId"),
        ("cidr-block-association.cidr-block", "cidrBlockAssociationSet/*/cidrBlock"),
        ("cidr-block-association.state", "cidrBlockAssociationSet/*/cidrBlockState/state"),
        ("dhcp-options-id", "dhcpOptionsId"),
        ("is-default", "isDefault"),
        ("isDefault", "isDefault"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("vpc-id", "vpcId"),
    ],
};

/// Subnets.
pub const SUBNET: Kind = Kind {
    records: "subnets",
    resource_type: "subnet",
    prefix: "subnet",
    id: "subnetId",
    set: "subnetSet",
    parameter: "SubnetId",
    missing: ("InvalidSubnetID.NotFound", "The subnet ID '", "' does not exist"),
    filters: &[
        ("availability-zone", "availabilityZone"),
        ("availabilityZone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("available-ip-address-count", "availableIpAddressCount"),
        ("cidr", "cidrBlock"),
        ("cidr-block", "cidrBlock"),
        ("cidrBlock", "cidrBlock"),
        ("default-for-az", "defaultForAz"),
        ("map-public-ip-on-launch", "mapPublicIpOnLaunch"),
        ("owner-id", "ownerId"),
        ("state", "state"),
        ("subnet-arn", "subnetArn"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Internet gateways.
pub const INTERNET_GATEWAY: Kind = Kind {
    records: "internet-gateways",
    resource_type: "internet-gateway",
    prefix: "igw",
    id: "internetGatewayId",
    set: "internetGatewaySet",
    parameter: "InternetGatewayId",
    missing: ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '", "' does not exist"),
    filters: &[
        ("attachment.state", "attachmentSet/*/state"),
        ("attachment.vpc-id", "attachmentSet/*/vpcId"),
        ("internet-gateway-id", "internetGatewayId"),
        ("owner-id", "ownerId"),
    ],
};

/// NAT gateways.
pub const NAT_GATEWAY: Kind = Kind {
    records: "nat-gateways",
    resource_type: "natgateway",
    prefix: "nat",
    id: "natGatewayId",
    set: "natGatewaySet",
    parameter: "NatGatewayId",
    missing: ("NatGatewayNotFound", "NatGateway ", " was not found"),
    filters: &[("nat-gateway-id", "natGatewayId"), ("state", "state"), ("subnet-id", "subnetId"), ("vpc-id", "vpcId")],
};

/// Elastic addresses.
pub const ADDRESS: Kind = Kind {
    records: "addresses",
    resource_type: "elastic-ip",
    prefix: "eipalloc",
    id: "allocationId",
    set: "addressesSet",
    parameter: "AllocationId",
    missing: ("InvalidAllocationID.NotFound", "The allocation ID '", "' does not exist"),
    filters: &[
        ("allocation-id", "allocationId"),
        ("association-id", "associationId"),
        ("domain", "domain"),
        ("instance-id", "instanceId"),
        ("network-border-group", "networkBorderGroup"),
        ("network-interface-id", "networkInterfaceId"),
        ("network-interface-owner-id", "networkInterfaceOwnerId"),
        ("private-ip-address", "privateIpAddress"),
        ("public-ip", "publicIp"),
    ],
};

/// Route tables.
pub const ROUTE_TABLE: Kind = Kind {
    records: "route-tables",
    resource_type: "route-table",
    prefix: "rtb",
    id: "routeTableId",
    set: "routeTableSet",
    parameter: "RouteTableId",
    missing: ("InvalidRouteTableID.NotFound", "The routeTable ID '", "' does not exist"),
    filters: &[
        ("association.gateway-id", "associationSet/*/gatewayId"),
        ("association.main", "associationSet/*/main"),
        ("association.route-table-association-id", "associationSet/*/routeTableAssociationId"),
        ("association.route-table-id", "associationSet/*/routeTableId"),
        ("association.subnet-id", "associationSet/*/subnetId"),
        ("owner-id", "ownerId"),
        ("route-table-id", "routeTableId"),
        ("route.destination-cidr-block", "routeSet/*/destinationCidrBlock"),
        ("route.destination-ipv6-cidr-block", "routeSet/*/destinationIpv6CidrBlock"),
        ("route.gateway-id", "routeSet/*/gatewayId"),
        ("route.nat-gateway-id", "routeSet/*/natGatewayId"),
        ("route.origin", "routeSet/*/origin"),
        ("route.state", "routeSet/*/state"),
        ("vpc-id", "vpcId"),
    ],
};

/// Security groups.
pub const SECURITY_GROUP: Kind = Kind {
    records: "security-groups",
    resource_type: "security-group",
    prefix: "sg",
    id: "groupId",
    set: "securityGroupInfo",
    parameter: "GroupId",
    missing: ("InvalidGroup.NotFound", "The security group '", "' does not exist"),
    filters: &[
        ("description", "groupDescription"),
        ("egress.ip-permission.cidr", "ipPermissionsEgress/*/ipRanges/*/cidrIp"),
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("ip-permission.cidr", "ipPermissions/*/ipRanges/*/cidrIp"),
        ("ip-permission.from-port", "ipPermissions/*/fromPort"),
        ("ip-permission.group-id", "ipPermissions/*/groups/*/groupId"),
        ("ip-permission.protocol", "ipPermissions/*/ipProtocol"),
        ("ip-permission.to-port", "ipPermissions/*/toPort"),
        ("egress.ip-permission.group-id", "ipPermissionsEgress/*/groups/*/groupId"),
        ("owner-id", "ownerId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Network ACLs.
pub const NETWORK_ACL: Kind = Kind {
    records: "network-acls",
    resource_type: "network-acl",
    prefix: "acl",
    id: "networkAclId",
    set: "networkAclSet",
    parameter: "NetworkAclId",
    missing: ("InvalidNetworkAclID.NotFound", "The networkAcl ID '", "' does not exist"),
    filters: &[
        ("association.network-acl-id", "associationSet/*/networkAclId"),
        ("association.subnet-id", "associationSet/*/subnetId"),
        ("default", "default"),
        ("network-acl-id", "networkAclId"),
        ("owner-id", "ownerId"),
        ("vpc-id", "vpcId"),
    ],
};

/// DHCP options.
pub const DHCP_OPTIONS: Kind = Kind {
    records: "dhcp-options",
    resource_type: "dhcp-options",
    prefix: "dopt",
    id: "dhcpOptionsId",
    set: "dhcpOptionsSet",
    parameter: "DhcpOptionsId",
    missing: ("InvalidDhcpOptionID.NotFound", "The dhcpOption ID '", "' does not exist"),
    filters: &[("dhcp-options-id", "dhcpOptionsId"), ("owner-id", "ownerId")],
};

/// Network interfaces.
pub const NETWORK_INTERFACE: Kind = Kind {
    records: "network-interfaces",
    resource_type: "network-interface",
    prefix: "eni",
    id: "networkInterfaceId",
    set: "networkInterfaceSet",
    parameter: "NetworkInterfaceId",
    missing: ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '", "' does not exist"),
    filters: &[
        ("addresses.private-ip-address", "privateIpAddressesSet/*/privateIpAddress"),
        ("association.allocation-id", "association/allocationId"),
        ("association.association-id", "association/associationId"),
        ("association.public-ip", "association/publicIp"),
        ("attachment.attachment-id", "attachment/attachmentId"),
        ("attachment.device-index", "attachment/deviceIndex"),
        ("attachment.instance-id", "attachment/instanceId"),
        ("attachment.instance-owner-id", "attachment/instanceOwnerId"),
        ("attachment.status", "attachment/status"),
        ("availability-zone", "availabilityZone"),
        ("description", "description"),
        ("group-id", "groupSet/*/groupId"),
        ("group-name", "groupSet/*/groupName"),
        ("interface-type", "interfaceType"),
        ("mac-address", "macAddress"),
        ("network-interface-id", "networkInterfaceId"),
        ("owner-id", "ownerId"),
        ("private-ip-address", "privateIpAddress"),
        ("requester-id", "requesterId"),
        ("requester-managed", "requesterManaged"),
        ("status", "status"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Instances.
pub const INSTANCE: Kind = Kind {
    records: "instances",
    resource_type: "instance",
    prefix: "i",
    id: "instanceId",
    set: "reservationSet",
    parameter: "InstanceId",
    missing: ("InvalidInstanceID.NotFound", "The instance ID '", "' does not exist"),
    filters: &[
        ("architecture", "architecture"),
        ("availability-zone", "placement/availabilityZone"),
        ("client-token", "clientToken"),
        ("image-id", "imageId"),
        ("instance-id", "instanceId"),
        ("instance-lifecycle", "instanceLifecycle"),
        ("instance-state-code", "instanceState/code"),
        ("instance-state-name", "instanceState/name"),
        ("instance-type", "instanceType"),
        ("instance.group-id", "groupSet/*/groupId"),
        ("network-interface.network-interface-id", "networkInterfaceSet/*/networkInterfaceId"),
        ("private-dns-name", "privateDnsName"),
        ("private-ip-address", "privateIpAddress"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
};

/// Volumes.
pub const VOLUME: Kind = Kind {
    records: "volumes",
    resource_type: "volume",
    prefix: "vol",
    id: "volumeId",
    set: "volumeSet",
    parameter: "VolumeId",
    missing: ("InvalidVolume.NotFound", "The volume '", "' does not exist."),
    filters: &[
        ("attachment.device", "attachmentSet/*/device"),
        ("attachment.instance-id", "attachmentSet/*/instanceId"),
        ("attachment.status", "attachmentSet/*/status"),
        ("availability-zone", "availabilityZone"),
        ("encrypted", "encrypted"),
        ("size", "size"),
        ("snapshot-id", "snapshotId"),
        ("status", "status"),
        ("volume-id", "volumeId"),
        ("volume-type", "volumeType"),
    ],
};

/// Snapshots of volumes.
pub const SNAPSHOT: Kind = Kind {
    records: "snapshots",
    resource_type: "snapshot",
    prefix: "snap",
    id: "snapshotId",
    set: "snapshotSet",
    parameter: "SnapshotId",
    missing: ("InvalidSnapshot.NotFound", "The snapshot '", "' does not exist."),
    filters: &[
        ("description", "description"),
        ("encrypted", "encrypted"),
        ("owner-id", "ownerId"),
        ("snapshot-id", "snapshotId"),
        ("status", "status"),
        ("volume-id", "volumeId"),
        ("volume-size", "volumeSize"),
    ],
};

/// Launch templates.
pub const LAUNCH_TEMPLATE: Kind = Kind {
    records: "launch-templates",
    resource_type: "launch-template",
    prefix: "lt",
    id: "launchTemplateId",
    set: "launchTemplates",
    parameter: "LaunchTemplateId",
    missing: (
        "InvalidLaunchTemplateId.NotFound",
        "The specified launch template, with template ID ",
        ", does not exist.",
    ),
    filters: &[("create-time", "createTime"), ("launch-template-name", "launchTemplateName")],
};

/// Endpoints of services in a VPC.
pub const VPC_ENDPOINT: Kind = Kind {
    records: "vpc-endpoints",
    resource_type: "vpc-endpoint",
    prefix: "vpce",
    id: "vpcEndpointId",
    set: "vpcEndpointSet",
    parameter: "VpcEndpointId",
    missing: ("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '", "' does not exist"),
    filters: &[
        ("service-name", "serviceName"),
        ("vpc-endpoint-id", "vpcEndpointId"),
        ("vpc-endpoint-state", "state"),
        ("vpc-endpoint-type", "vpcEndpointType"),
        ("vpc-id", "vpcId"),
    ],
};

/// All kinds that can be tagged and counted, sorted by the names of their records.
pub const KINDS: &[&Kind] = &[
    &ADDRESS,
    &DHCP_OPTIONS,
    &INSTANCE,
    &INTERNET_GATEWAY,
    &LAUNCH_TEMPLATE,
    &NAT_GATEWAY,
    &NETWORK_ACL,
    &NETWORK_INTERFACE,
    &ROUTE_TABLE,
    &SECURITY_GROUP,
    &SNAPSHOT,
    &SUBNET,
    &VOLUME,
    &VPC,
    &VPC_ENDPOINT,
];

/// Returns the kind that an id is of.
pub fn of(id: &str) -> Option<&'static Kind> {
    let (prefix, _) = id.split_once('-')?;
    KINDS.iter().copied().find(|kind| kind.prefix == prefix)
}
