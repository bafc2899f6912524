"""Drives the sandbox's load balancers with boto3; ends with an error at the first thing that is not as on AWS."""

import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FAST = {"Delay": 0.1, "MaxAttempts": 300}
elb = boto3.client("elbv2", config=Config(retries={"max_attempts": 0}))
ec2 = boto3.client("ec2", config=Config(retries={"max_attempts": 0}))


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], found
        return
    raise AssertionError(f"no {code}")


vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
subnets = [
    ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")["Subnet"]["SubnetId"]
    for number, zone in enumerate("ab")
]
group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
fails("LoadBalancerNotFound", "not found", elb.describe_load_balancers, Names=["web"])
wanted = {"Name": "web", "Type": "network", "Subnets": subnets, "SecurityGroups": [group], "Tags": [{"Key": "a", "Value": "b"}]}
made = elb.create_load_balancer(**wanted)["LoadBalancers"][0]
arn = made["LoadBalancerArn"]
assert made["State"]["Code"] == "provisioning" and made["DNSName"].endswith(".elb.eu-central-1.amazonaws.com"), made
assert elb.create_load_balancer(**wanted)["LoadBalancers"][0]["LoadBalancerArn"] == arn
fails("DuplicateLoadBalancerName", "different settings", elb.create_load_balancer, **{**wanted, "Type": "application"})
elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig=FAST)
target = elb.create_target_group(Name="web", Protocol="TCP", Port=80, VpcId=vpc, TargetType="ip")["TargetGroups"][0]["TargetGroupArn"]
elb.register_targets(TargetGroupArn=target, Targets=[{"Id": "10.0.0.9", "Port": 8080}])
assert elb.describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"][0]["Target"]["Port"] == 8080
forward = [{"Type": "forward", "TargetGroupArn": target}]
listener = elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)["Listeners"][0]["ListenerArn"]
fails("DuplicateListener", "already exists", elb.create_listener, LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)
assert elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"][0]["LoadBalancerArns"] == [arn]
fails("ResourceInUse", "currently in use", elb.delete_target_group, TargetGroupArn=target)
assert elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "c", "Value": "d"}])
elb.remove_tags(ResourceArns=[arn], TagKeys=["a"])
assert elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == [{"Key": "c", "Value": "d"}]
protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)
fails("OperationNotPermitted", "deletion protection", elb.delete_load_balancer, LoadBalancerArn=arn)
elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{**protect[0], "Value": "false"}])
assert boto3.client("elb").describe_load_balancers()["LoadBalancerDescriptions"] == []

# What a load balancer leaves goes a while later, and until then nothing else can.
fails("DependencyViolation", "dependent object", ec2.delete_security_group, GroupId=group)
elb.delete_load_balancer(LoadBalancerArn=arn)
elb.delete_load_balancer(LoadBalancerArn=arn)
fails("LoadBalancerNotFound", "", elb.describe_load_balancers, LoadBalancerArns=[arn])
fails("ListenerNotFound", "", elb.describe_listeners, ListenerArns=[listener])
elb.delete_target_group(TargetGroupArn=target)
for _ in range(300):
    if not ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]:
        break
    time.sleep(0.05)
ec2.delete_security_group(GroupId=group)
for subnet in subnets:
    ec2.delete_subnet(SubnetId=subnet)
ec2.delete_vpc(VpcId=vpc)
