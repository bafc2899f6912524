"""Drives the sandbox's EC2 with boto3; ends with an error at the first thing that is not as on AWS."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FAST = {"Delay": 0.1, "MaxAttempts": 300}
ec2 = boto3.client("ec2", config=Config(retries={"max_attempts": 0}))


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], found
        return
    raise AssertionError(f"no {code}")


def tags(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


# What a new account has.
zones = ec2.describe_availability_zones()["AvailabilityZones"]
assert [zone["ZoneName"] for zone in zones] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"], zones
assert zones[0]["ZoneId"] == "euc1-az1"
default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
assert len(default) == 1 and default[0]["CidrBlock"] == "172.31.0.0/16", default
assert len(ec2.describe_subnets()["Subnets"]) == 3
assert ec2.describe_instance_types(InstanceTypes=["m7i.large"])["InstanceTypes"][0]["VCpuInfo"]["DefaultVCpus"] == 2
fails("InvalidInstanceType", "x1.huge", ec2.describe_instance_types, InstanceTypes=["x1.huge"])

# A VPC with what it is born with.
fails("InvalidVpc.Range", "10.0.0.0/8", ec2.create_vpc, CidrBlock="10.0.0.0/8")
fails("InvalidParameterValue", "not a valid CIDR", ec2.create_vpc, CidrBlock="10.0.0.0")
fails("DryRunOperation", "would have succeeded", ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", Name="lake"))["Vpc"]
assert vpc["State"] == "pending" and vpc["Tags"] == [{"Key": "Name", "Value": "lake"}], vpc
vpc = vpc["VpcId"]
ec2.get_waiter("vpc_available").wait(VpcIds=[vpc], WaiterConfig=FAST)
ours = [{"Name": "vpc-id", "Values": [vpc]}]
assert len(ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["l*e"]}])["Vpcs"]) == 1
assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"] == {"Value": False}
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"] == {"Value": True}
group = ec2.describe_security_groups(Filters=ours)["SecurityGroups"][0]
assert group["GroupName"] == "default" and group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
main = ec2.describe_route_tables(Filters=ours)["RouteTables"][0]
assert main["Associations"][0]["Main"] and main["Routes"][0]["GatewayId"] == "local"
assert ec2.describe_network_acls(Filters=ours)["NetworkAcls"][0]["IsDefault"]
fails("InvalidVpcID.NotFound", "The vpc ID 'vpc-0123' does not exist", ec2.describe_vpcs, VpcIds=["vpc-0123"])

# Subnets.
fails("InvalidSubnet.Range", "10.1.0.0/24", ec2.create_subnet, VpcId=vpc, CidrBlock="10.1.0.0/24")
public = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-central-1a")["Subnet"]
assert public["AvailableIpAddressCount"] == 251 and public["AvailabilityZoneId"] == "euc1-az1", public
fails("InvalidSubnet.Conflict", "conflicts with another subnet", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.128/25")
private = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-central-1b", TagSpecifications=tags("subnet", tier="private"))["Subnet"]["SubnetId"]
public = public["SubnetId"]
ec2.modify_subnet_attribute(SubnetId=public, MapPublicIpOnLaunch={"Value": True})
assert ec2.describe_subnets(SubnetIds=[public])["Subnets"][0]["MapPublicIpOnLaunch"]
pages = list(ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5}))
assert [len(page["Subnets"]) for page in pages] == [5], pages
fails("DependencyViolation", "has dependencies", ec2.delete_vpc, VpcId=vpc)

# Ways out.
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
table = ec2.create_route_table(VpcId=vpc, ClientToken="rt")["RouteTable"]["RouteTableId"]
assert ec2.create_route_table(VpcId=vpc, ClientToken="rt")["RouteTable"]["RouteTableId"] == table
fails("IdempotentParameterMismatch", "inconsistent", ec2.create_route_table, VpcId=default[0]["VpcId"], ClientToken="rt")
everywhere = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
fails("InvalidParameterValue", "belong to different networks", ec2.create_route, GatewayId=gateway, **everywhere)
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
fails("Resource.AlreadyAssociated", "already attached", ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
ec2.create_route(GatewayId=gateway, **everywhere)
fails("InvalidNatGatewayID.NotFound", "does not exist", ec2.replace_route, NatGatewayId="nat-0123", **everywhere)
association = ec2.associate_route_table(RouteTableId=table, SubnetId=public)["AssociationId"]
fails("DependencyViolation", "has dependencies", ec2.delete_route_table, RouteTableId=table)
address = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", Name="nat"))
nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address["AllocationId"], ClientToken="t")["NatGateway"]
assert nat["State"] == "pending"
nat = nat["NatGatewayId"]
ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig=FAST)
fails("Resource.AlreadyAssociated", "already associated", ec2.create_nat_gateway, SubnetId=public, AllocationId=address["AllocationId"])
fails("InvalidIPAddress.InUse", "in use", ec2.release_address, AllocationId=address["AllocationId"])
held = ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"][0]
fails("AuthFailure", "permission", ec2.disassociate_address, AssociationId=held["AssociationId"])
fails("DependencyViolation", "mapped public address", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
fails("DependencyViolation", "has dependencies", ec2.delete_subnet, SubnetId=public)
inner = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=inner, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
interfaces = ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"]
assert [one["InterfaceType"] for one in interfaces] == ["nat_gateway"] and interfaces[0]["Association"]["PublicIp"] == address["PublicIp"]
assert ec2.describe_subnets(SubnetIds=[public])["Subnets"][0]["AvailableIpAddressCount"] == 250

# Security groups.
fails("InvalidParameterValue", "reserved", ec2.create_security_group, GroupName="default", Description="x", VpcId=vpc)
group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc, TagSpecifications=tags("security-group", a="b"))["GroupId"]
other = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
fails("InvalidGroup.Duplicate", "already exists for VPC", ec2.create_security_group, GroupName="nodes", Description="nodes", VpcId=vpc)
web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
rule = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])["SecurityGroupRules"][0]
assert rule["CidrIpv4"] == "0.0.0.0/0" and rule["Description"] == "all" and not rule["IsEgress"], rule
fails("InvalidPermission.Duplicate", "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[web])
ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}])
fails("DependencyViolation", "has a dependent object", ec2.delete_security_group, GroupId=group)
found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
assert found["IpPermissions"] == [{**web, "UserIdGroupPairs": [], "Ipv6Ranges": [], "PrefixListIds": []}], found
assert found["IpPermissionsEgress"][0]["IpProtocol"] == "-1" and "FromPort" not in found["IpPermissionsEgress"][0], found
rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
assert sorted(rule["IsEgress"] for rule in rules) == [False, True], rules
ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/8"}}])
ec2.create_tags(Resources=[rule["SecurityGroupRuleId"], group], Tags=[{"Key": "k", "Value": "v"}])
found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])["SecurityGroupRules"][0]
assert found["FromPort"] == 80 and found["Tags"] == [{"Key": "k", "Value": "v"}], found
ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
fails("InvalidPermission.NotFound", "does not exist in this", ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[web])
ec2.delete_security_group(GroupId=other)

# Launch templates.
data = {
    "InstanceType": "m7i.large", "SecurityGroupIds": [group], "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, "VolumeType": "gp3", "Encrypted": True}}],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "node"}]}],
}
template = ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data, ClientToken="lt")["LaunchTemplate"]
assert template["LatestVersionNumber"] == template["DefaultVersionNumber"] == 1
fails("InvalidLaunchTemplateName.AlreadyExistsException", "in use", ec2.create_launch_template, LaunchTemplateName="nodes", LaunchTemplateData=data)
template = template["LaunchTemplateId"]
version = ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "m7i.xlarge"})["LaunchTemplateVersion"]
assert version["VersionNumber"] == 2 and not version["DefaultVersion"]
found = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest"])["LaunchTemplateVersions"][0]["LaunchTemplateData"]
assert found == {**data, "InstanceType": "m7i.xlarge"}, found
ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
failed = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "2", "7"])
assert len(failed["SuccessfullyDeletedLaunchTemplateVersions"]) == 1 and len(failed["UnsuccessfullyDeletedLaunchTemplateVersions"]) == 2

# Machines and volumes.
run = ec2.run_instances(LaunchTemplate={"LaunchTemplateId": template}, SubnetId=private, MinCount=1, MaxCount=1)["Instances"][0]
instance = run["InstanceId"]
assert run["InstanceType"] == "m7i.xlarge" and run["Tags"] == [{"Key": "Name", "Value": "node"}], run
ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=FAST)
volume = ec2.create_volume(AvailabilityZone="eu-central-1b", Size=8, VolumeType="gp3", ClientToken="v")["VolumeId"]
ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=FAST)
ec2.attach_volume(Device="/dev/sdf", InstanceId=instance, VolumeId=volume)
ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig=FAST)
fails("VolumeInUse", "currently attached", ec2.delete_volume, VolumeId=volume)
assert ec2.modify_volume(VolumeId=volume, Size=16)["VolumeModification"]["TargetSize"] == 16
fails("InvalidParameterValue", "type st1", ec2.create_volume, AvailabilityZone="eu-central-1b", Size=1, VolumeType="st1")
snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=FAST)
ec2.delete_snapshot(SnapshotId=snapshot)
fails("DependencyViolation", "dependent object", ec2.delete_security_group, GroupId=group)
ec2.terminate_instances(InstanceIds=[instance])
ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig=FAST)
ec2.delete_volume(VolumeId=volume)

# Everything goes again.
ec2.delete_security_group(GroupId=group)
ec2.delete_launch_template(LaunchTemplateId=template)
ec2.delete_nat_gateway(NatGatewayId=nat)
ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig=FAST)
found = ec2.describe_route_tables(RouteTableIds=[inner])["RouteTables"][0]["Routes"]
assert [route["State"] for route in found] == ["active", "blackhole"], found
ec2.release_address(AllocationId=address["AllocationId"])
ec2.disassociate_route_table(AssociationId=association)
ec2.delete_route_table(RouteTableId=table)
ec2.delete_route_table(RouteTableId=inner)
ec2.delete_subnet(SubnetId=public)
ec2.delete_subnet(SubnetId=private)
fails("DependencyViolation", "has dependencies", ec2.delete_internet_gateway, InternetGatewayId=gateway)
ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
ec2.delete_internet_gateway(InternetGatewayId=gateway)
ec2.delete_vpc(VpcId=vpc)
fails("InvalidVpcID.NotFound", vpc, ec2.delete_vpc, VpcId=vpc)
for number in range(4):
    ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
fails("VpcLimitExceeded", "maximum number of VPCs", ec2.create_vpc, CidrBlock="10.9.0.0/16")
