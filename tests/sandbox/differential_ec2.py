"""The same calls of EC2 against any endpoint: `differential_ec2.py ENDPOINT` prints what each step comes to, a line of JSON each.

Ids stand as `vpc-1`, `subnet-2` in the order in which they are seen, so that the lines of two emulators can be compared.
A step prints what matters of an answer, or the code of the error.
"""

import json
import re
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

keys = {"aws_access_key_id": "AKIAGANTRYSANDBOXAAA", "aws_secret_access_key": "sandbox/secret+that+everyone+may+know+00"}
config = Config(retries={"max_attempts": 0}, region_name="eu-west-1")
ec2 = boto3.client("ec2", endpoint_url=sys.argv[1], config=config, **keys)
seen = {}


def known(text):
    prefix = text.split("-")[0]
    if text not in seen:
        seen[text] = f"{prefix}-{1 + sum(1 for name in seen.values() if name.startswith(prefix + '-'))}"
    return seen[text]


def plain(value):
    text = json.dumps(value, sort_keys=True, default=str)
    ids = r"\b(?:vpc|subnet|igw|nat|eipalloc|rtb|sg|sgr|lt|eni|acl|vol|i)-[0-9a-f]{8,17}\b"
    return json.loads(re.sub(ids, lambda match: known(match.group(0)), text))


def step(name, call, show=lambda answer: None, **arguments):
    try:
        answer = call(**arguments)
        print(json.dumps({"step": name, "shows": plain(show(answer))}, sort_keys=True))
        return answer
    except ClientError as error:
        print(json.dumps({"step": name, "error": error.response["Error"]["Code"]}, sort_keys=True))
        return None


def members(*names):
    return lambda answer: {name: answer.get(name) for name in names}


def inner(outer, *names):
    return lambda answer: {name: answer[outer].get(name) for name in names}


def each(outer, *names):
    return lambda answer: [{name: one.get(name) for name in names} for one in answer[outer]]


def tags(kind, **all):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in all.items()]}]


def only(vpc):
    return [{"Name": "vpc-id", "Values": [vpc]}]


step("zones", ec2.describe_availability_zones, each("AvailabilityZones", "ZoneName", "ZoneType", "State", "RegionName"))
step("default vpc", ec2.describe_vpcs, each("Vpcs", "CidrBlock", "IsDefault", "State"))
step("vpc too large", ec2.create_vpc, CidrBlock="10.0.0.0/8")
step("vpc of nonsense", ec2.create_vpc, CidrBlock="ten")
step("vpc dry", ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
vpc = step("vpc", ec2.create_vpc, inner("Vpc", "CidrBlock", "IsDefault", "InstanceTenancy", "State", "Tags"), CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", Name="lake"))["Vpc"]["VpcId"]
step("vpc described", ec2.describe_vpcs, each("Vpcs", "VpcId", "State", "CidrBlock", "Tags"), VpcIds=[vpc])
step("vpc missing", ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"])
step("vpc hostnames before", ec2.describe_vpc_attribute, members("EnableDnsHostnames"), VpcId=vpc, Attribute="enableDnsHostnames")
step("vpc hostnames", ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": True})
step("vpc hostnames after", ec2.describe_vpc_attribute, members("EnableDnsHostnames"), VpcId=vpc, Attribute="enableDnsHostnames")
step("groups of a new vpc", ec2.describe_security_groups, each("SecurityGroups", "GroupName", "Description", "IpPermissionsEgress"), Filters=only(vpc))
step("tables of a new vpc", ec2.describe_route_tables, lambda answer: [[{name: route.get(name) for name in ("DestinationCidrBlock", "GatewayId", "State", "Origin")} for route in table["Routes"]] for table in answer["RouteTables"]], Filters=only(vpc))
subnet = step("subnet", ec2.create_subnet, inner("Subnet", "CidrBlock", "AvailabilityZone", "AvailableIpAddressCount", "MapPublicIpOnLaunch", "DefaultForAz", "State"), VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-west-1a")["Subnet"]["SubnetId"]
step("subnet outside", ec2.create_subnet, VpcId=vpc, CidrBlock="10.1.0.0/24")
step("subnet over another", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.128/25")
step("subnet nowhere", ec2.create_subnet, VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.9.0/24")
step("subnet public", ec2.modify_subnet_attribute, SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
step("subnet described", ec2.describe_subnets, each("Subnets", "SubnetId", "VpcId", "MapPublicIpOnLaunch", "State"), Filters=only(vpc))
gateway = step("gateway", ec2.create_internet_gateway, inner("InternetGateway", "Attachments", "Tags"), TagSpecifications=tags("internet-gateway", a="b"))["InternetGateway"]["InternetGatewayId"]
step("gateway attached", ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
step("gateway attached twice", ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
step("gateway described", ec2.describe_internet_gateways, each("InternetGateways", "InternetGatewayId", "Attachments"), InternetGatewayIds=[gateway])
table = step("table", ec2.create_route_table, inner("RouteTable", "VpcId", "Associations"), VpcId=vpc)["RouteTable"]["RouteTableId"]
step("route", ec2.create_route, members("Return"), RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
step("route to nowhere", ec2.create_route, RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", GatewayId="igw-0123456789abcdef0")
step("route missing", ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.8.0.0/16")
association = step("association", ec2.associate_route_table, RouteTableId=table, SubnetId=subnet)["AssociationId"]
step("table in use", ec2.delete_route_table, RouteTableId=table)
step("association missing", ec2.disassociate_route_table, AssociationId="rtbassoc-0123456789abcdef0")
address = step("address", ec2.allocate_address, members("Domain"), Domain="vpc")["AllocationId"]
nat = step("nat", ec2.create_nat_gateway, inner("NatGateway", "SubnetId", "VpcId", "ConnectivityType"), SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
step("nat without address", ec2.create_nat_gateway, SubnetId=subnet)
for _ in range(600):
    found = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]
    if found["State"] == "available":
        break
    time.sleep(0.05)
step("nat described", ec2.describe_nat_gateways, each("NatGateways", "NatGatewayId", "State", "SubnetId"), NatGatewayIds=[nat])
step("address in use", ec2.release_address, AllocationId=address)
group = step("group", ec2.create_security_group, members("Tags"), GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
step("group twice", ec2.create_security_group, GroupName="nodes", Description="nodes", VpcId=vpc)
web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
step("rule", ec2.authorize_security_group_ingress, each("SecurityGroupRules", "GroupId", "IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4"), GroupId=group, IpPermissions=[web])
step("rule twice", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[web])
step("rule of the group itself", ec2.authorize_security_group_ingress, members("Return"), GroupId=group, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}])
step("group described", ec2.describe_security_groups, lambda answer: [[permission["IpProtocol"], permission.get("FromPort"), len(permission["IpRanges"]), len(permission["UserIdGroupPairs"])] for permission in answer["SecurityGroups"][0]["IpPermissions"]], GroupIds=[group])
step("rule gone", ec2.revoke_security_group_ingress, members("Return"), GroupId=group, IpPermissions=[web])
step("rule gone twice", ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[web])
step("group missing", ec2.describe_security_groups, GroupIds=["sg-0123456789abcdef0"])
data = {"InstanceType": "m5.large", "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50}}]}
template = step("template", ec2.create_launch_template, inner("LaunchTemplate", "LaunchTemplateName", "DefaultVersionNumber", "LatestVersionNumber"), LaunchTemplateName="nodes", LaunchTemplateData=data)["LaunchTemplate"]["LaunchTemplateId"]
step("template twice", ec2.create_launch_template, LaunchTemplateName="nodes", LaunchTemplateData=data)
step("template version", ec2.create_launch_template_version, lambda answer: [answer["LaunchTemplateVersion"]["VersionNumber"], answer["LaunchTemplateVersion"]["LaunchTemplateData"]], LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "m5.xlarge"})
step("template versions", ec2.describe_launch_template_versions, lambda answer: sorted(one["VersionNumber"] for one in answer["LaunchTemplateVersions"]), LaunchTemplateId=template)
step("template missing", ec2.describe_launch_templates, LaunchTemplateIds=["lt-0123456789abcdef0"])
step("tags", ec2.create_tags, Resources=[subnet, group], Tags=[{"Key": "team", "Value": "data"}])
step("tags described", ec2.describe_tags, lambda answer: sorted([one["ResourceType"], one["Key"], one["Value"]] for one in answer["Tags"]), Filters=[{"Name": "key", "Values": ["team"]}])
step("tags gone", ec2.delete_tags, Resources=[subnet, group], Tags=[{"Key": "team"}])
step("vpc in use", ec2.delete_vpc, VpcId=vpc)
step("gateway in use", ec2.delete_internet_gateway, InternetGatewayId=gateway)
step("nat deleted", ec2.delete_nat_gateway, members("NatGatewayId"), NatGatewayId=nat)
for _ in range(600):
    found = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    if not found or found[0]["State"] == "deleted":
        break
    time.sleep(0.05)
step("address released", ec2.release_address, AllocationId=address)
step("template deleted", ec2.delete_launch_template, inner("LaunchTemplate", "LaunchTemplateId"), LaunchTemplateId=template)
step("group deleted", ec2.delete_security_group, GroupId=group)
step("table freed", ec2.disassociate_route_table, AssociationId=association)
step("table deleted", ec2.delete_route_table, RouteTableId=table)
step("subnet deleted", ec2.delete_subnet, SubnetId=subnet)
step("gateway detached", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
step("gateway deleted", ec2.delete_internet_gateway, InternetGatewayId=gateway)
step("vpc deleted", ec2.delete_vpc, VpcId=vpc)
step("vpc deleted twice", ec2.delete_vpc, VpcId=vpc)
