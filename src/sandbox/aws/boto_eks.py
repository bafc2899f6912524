"""Drives what clusters of the sandbox's EKS have, with boto3; ends with an error at the first thing that is not as on AWS."""

import json
import pathlib
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tests/sandbox"))
import response_check

ACCOUNT = "123456789012"
FAST = {"Delay": 0.1, "MaxAttempts": 200}
plain = Config(retries={"max_attempts": 0})
eks, iam = response_check.watch(boto3.client("eks", config=plain)), boto3.client("iam", config=plain)


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], found
        return error.response
    raise AssertionError(f"no {code}")


def role(name, *services, actions="sts:AssumeRole", policies=()):
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": actions}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return arn


def wait_update(update, **more):
    for _ in range(200):
        found = eks.describe_update(name="lake", updateId=update["id"], **more)["update"]
        if found["status"] == "Successful":
            return
        time.sleep(0.05)
    raise AssertionError(found)


def wait(describe, wanted):
    for _ in range(200):
        found = describe()
        if found["status"] == wanted:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


# Roles must be there, be trusted and have policies.
ec2 = boto3.client("ec2")
subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
network = {"subnetIds": subnets[:2]}
bare = role("bare", "eks.amazonaws.com")
node = role("node", "ec2.amazonaws.com", policies=["AmazonEKSWorkerNodePolicy"])
made = role("made", "eks.amazonaws.com", policies=["AmazonEKSClusterPolicy"])
fargate = role("fargate", "eks-fargate-pods.amazonaws.com")
pods = role("pods", "pods.eks.amazonaws.com", actions=["sts:AssumeRole", "sts:TagSession"])
half = role("half", "pods.eks.amazonaws.com")
time.sleep(0.2)
missing = f"arn:aws:iam::{ACCOUNT}:role/missing"
fails("InvalidParameterException", "could not be assumed because it does not exist", eks.create_cluster, name="lake", roleArn=missing, resourcesVpcConfig=network)
fails("InvalidParameterException", "trusted entity is not correct", eks.create_cluster, name="lake", roleArn=node, resourcesVpcConfig=network)
fails("InvalidParameterException", "The provided role doesn't have the Amazon EKS Managed Policies associated", eks.create_cluster, name="lake", roleArn=bare, resourcesVpcConfig=network)
fails("InvalidParameterException", "two different AZs", eks.create_cluster, name="lake", roleArn=made, resourcesVpcConfig={"subnetIds": subnets[:1]})
fails("InvalidParameterException", "The subnet ID 'subnet-00000000' does not exist", eks.create_cluster, name="lake", roleArn=made, resourcesVpcConfig={"subnetIds": ["subnet-00000000", subnets[0]]})
fails("InvalidParameterException", "The security group 'sg-00000000' does not exist", eks.create_cluster, name="lake", roleArn=made, resourcesVpcConfig={**network, "securityGroupIds": ["sg-00000000"]})
mine = ec2.create_security_group(GroupName="mine", Description="d", VpcId=ec2.describe_subnets()["Subnets"][0]["VpcId"])["GroupId"]
network["securityGroupIds"] = [mine]
cluster = eks.create_cluster(name="lake", version="1.32", roleArn=made, resourcesVpcConfig=network, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})["cluster"]
assert cluster["accessConfig"] == {"authenticationMode": "API_AND_CONFIG_MAP"}, cluster
eks.get_waiter("cluster_active").wait(name="lake", WaiterConfig=FAST)

# What it has in EC2.
cluster = eks.describe_cluster(name="lake")["cluster"]
group = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
tags = {tag["Key"]: tag["Value"] for tag in ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"]}
assert tags["aws:eks:cluster-name"] == "lake" and tags["kubernetes.io/cluster/lake"] == "owned", tags


def interfaces():
    return ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["Amazon EKS lake"]}])["NetworkInterfaces"]


assert sorted(interface["SubnetId"] for interface in interfaces()) == sorted(subnets[:2]), interfaces()
assert all({g["GroupId"] for g in interface["Groups"]} == {group, mine} for interface in interfaces())
fails("DependencyViolation", "", ec2.delete_security_group, GroupId=mine)
eks.update_cluster_config(name="lake", resourcesVpcConfig={"subnetIds": subnets[:3], "securityGroupIds": []})
for _ in range(100):
    if len(interfaces()) == 2 and all({g["GroupId"] for g in interface["Groups"]} == {group} for interface in interfaces()):
        break
    time.sleep(0.05)
else:
    raise AssertionError(interfaces())
ec2.delete_security_group(GroupId=mine)

# Access entries.
me = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
assert eks.list_access_entries(clusterName="lake")["accessEntries"] == [me]
assert [p["policyArn"] for p in eks.list_associated_access_policies(clusterName="lake", principalArn=me)["associatedAccessPolicies"]] == [admin]
fails("ResourceInUseException", "already in use on this cluster", eks.create_access_entry, clusterName="lake", principalArn=me)
fails("InvalidParameterException", "STS session", eks.create_access_entry, clusterName="lake", principalArn=f"arn:aws:sts::{ACCOUNT}:assumed-role/made/x")
fails("InvalidParameterException", "does not exist", eks.create_access_entry, clusterName="lake", principalArn=missing)
fails("InvalidParameterException", "cannot start with", eks.create_access_entry, clusterName="lake", principalArn=made, kubernetesGroups=["system:masters"])
fails("InvalidParameterException", "EC2_LINUX", eks.create_access_entry, clusterName="lake", principalArn=made, type="EC2_LINUX", username="a")
entry = eks.create_access_entry(clusterName="lake", principalArn=made, kubernetesGroups=["team"], tags={"a": "b"}, clientRequestToken="t1")["accessEntry"]
assert entry["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/made/{{{{SessionName}}}}" and entry["type"] == "STANDARD", entry
assert eks.create_access_entry(clusterName="lake", principalArn=made, kubernetesGroups=["team"], tags={"a": "b"}, clientRequestToken="t1")["accessEntry"] == entry
fails("InvalidParameterException", "clientRequestToken", eks.create_access_entry, clusterName="lake", principalArn=node, clientRequestToken="t1")
fails("InvalidParameterException", "format is not valid", eks.associate_access_policy, clusterName="lake", principalArn=made, policyArn=admin + "x", accessScope={"type": "cluster"})
fails("InvalidParameterException", "namespaces must be given", eks.associate_access_policy, clusterName="lake", principalArn=made, policyArn=view, accessScope={"type": "namespace"})
eks.associate_access_policy(clusterName="lake", principalArn=made, policyArn=view, accessScope={"type": "cluster"})
changed = eks.associate_access_policy(clusterName="lake", principalArn=made, policyArn=view, accessScope={"type": "namespace", "namespaces": ["a"]})["associatedAccessPolicy"]
assert changed["accessScope"] == {"type": "namespace", "namespaces": ["a"]}, changed
assert eks.list_access_entries(clusterName="lake", associatedPolicyArn=view)["accessEntries"] == [made]
eks.disassociate_access_policy(clusterName="lake", principalArn=made, policyArn=view)
fails("ResourceNotFoundException", "not associated", eks.disassociate_access_policy, clusterName="lake", principalArn=made, policyArn=view)
assert eks.update_access_entry(clusterName="lake", principalArn=made, kubernetesGroups=[], username="u")["accessEntry"]["username"] == "u"
eks.tag_resource(resourceArn=entry["accessEntryArn"], tags={"c": "d"})
assert eks.list_tags_for_resource(resourceArn=entry["accessEntryArn"])["tags"] == {"a": "b", "c": "d"}
eks.delete_access_entry(clusterName="lake", principalArn=made)
fails("ResourceNotFoundException", "principalArn could not be found", eks.describe_access_entry, clusterName="lake", principalArn=made)
policies = [p["name"] for page in eks.get_paginator("list_access_policies").paginate(PaginationConfig={"PageSize": 5}) for p in page["accessPolicies"]]
assert "AmazonEKSClusterAdminPolicy" in policies and policies == sorted(policies), policies

# Add-ons.
pages = list(eks.get_paginator("describe_addon_versions").paginate(kubernetesVersion="1.32", PaginationConfig={"PageSize": 4}))
addons = {addon["addonName"]: addon for page in pages for addon in page["addons"]}
assert len(pages) > 2 and {"coredns", "vpc-cni", "kube-proxy", "aws-ebs-csi-driver", "eks-pod-identity-agent", "metrics-server"} <= set(addons), addons.keys()


def default(name, version="1.32"):
    versions = eks.describe_addon_versions(addonName=name, kubernetesVersion=version)["addons"][0]["addonVersions"]
    return [v["addonVersion"] for v in versions if any(c["defaultVersion"] for c in v["compatibilities"])][0]


newest = addons["coredns"]["addonVersions"][0]["addonVersion"]
configuration = eks.describe_addon_configuration(addonName="coredns", addonVersion=newest)
assert "replicaCount" in json.loads(configuration["configurationSchema"])["properties"], configuration
fails("InvalidParameterException", "not supported", eks.create_addon, clusterName="lake", addonName="none")
fails("InvalidParameterException", "Addon version specified is not supported", eks.create_addon, clusterName="lake", addonName="coredns", addonVersion="v1.13.2-eksbuild.1")
fails("InvalidParameterException", "$.replicas: is not defined", eks.create_addon, clusterName="lake", addonName="coredns", configurationValues='{"replicas": 2}')
cni = eks.create_addon(clusterName="lake", addonName="vpc-cni")["addon"]
assert cni["addonVersion"] == default("vpc-cni"), cni
eks.get_waiter("addon_active").wait(clusterName="lake", addonName="vpc-cni", WaiterConfig=FAST)
eks.create_addon(clusterName="lake", addonName="coredns", configurationValues='{"replicaCount": 2}')
failed = wait(lambda: eks.describe_addon(clusterName="lake", addonName="coredns")["addon"], "CREATE_FAILED")
assert failed["health"]["issues"][0]["code"] == "ConfigurationConflict", failed
eks.delete_addon(clusterName="lake", addonName="coredns", preserve=True)
eks.get_waiter("addon_deleted").wait(clusterName="lake", addonName="coredns", WaiterConfig=FAST)
eks.create_addon(clusterName="lake", addonName="coredns", addonVersion="v1.11.3-eksbuild.1", configurationValues='{"replicaCount": 2}', resolveConflicts="OVERWRITE")
degraded = wait(lambda: eks.describe_addon(clusterName="lake", addonName="coredns")["addon"], "DEGRADED")
assert degraded["health"]["issues"][0]["code"] == "InsufficientNumberOfReplicas", degraded
try:
    eks.get_waiter("addon_active").wait(clusterName="lake", addonName="coredns", WaiterConfig=FAST)
    raise AssertionError("the waiter waits for what is DEGRADED")
except WaiterError:
    pass
fails("InvalidParameterException", "must include the pods.eks.amazonaws.com", eks.create_addon, clusterName="lake", addonName="aws-ebs-csi-driver", podIdentityAssociations=[{"serviceAccount": "ebs-csi-controller-sa", "roleArn": half}])
csi = eks.create_addon(clusterName="lake", addonName="aws-ebs-csi-driver", podIdentityAssociations=[{"serviceAccount": "ebs-csi-controller-sa", "roleArn": pods}])["addon"]
owned = eks.list_pod_identity_associations(clusterName="lake")["associations"]
assert [a["associationArn"] for a in owned] == csi["podIdentityAssociations"] and owned[0]["ownerArn"] == csi["addonArn"], owned
fails("InvalidRequestException", "owned by the add-on", eks.delete_pod_identity_association, clusterName="lake", associationId=owned[0]["associationId"])

# Nodes let add-ons become active.
fails("InvalidParameterException", "the role with name missing does not exist", eks.create_nodegroup, clusterName="lake", nodegroupName="one", nodeRole=missing, subnets=subnets[:1])
fails("InvalidParameterException", "Following required service principals [ec2.amazonaws.com]", eks.create_nodegroup, clusterName="lake", nodegroupName="one", nodeRole=made, subnets=subnets[:1])
eks.create_nodegroup(clusterName="lake", nodegroupName="one", nodeRole=node, subnets=subnets[:1])
assert eks.describe_access_entry(clusterName="lake", principalArn=node)["accessEntry"]["type"] == "EC2_LINUX"
eks.get_waiter("nodegroup_active").wait(clusterName="lake", nodegroupName="one", WaiterConfig=FAST)
for name in ("coredns", "aws-ebs-csi-driver"):
    eks.get_waiter("addon_active").wait(clusterName="lake", addonName=name, WaiterConfig=FAST)
assert eks.list_addons(clusterName="lake")["addons"] == ["aws-ebs-csi-driver", "coredns", "vpc-cni"]
wait_update(eks.update_addon(clusterName="lake", addonName="aws-ebs-csi-driver", podIdentityAssociations=[])["update"], addonName="aws-ebs-csi-driver")
assert eks.list_pod_identity_associations(clusterName="lake")["associations"] == []

# Insights stand in the way of an upgrade.
insights = {i["name"]: i for i in eks.list_insights(clusterName="lake")["insights"]}
compatible = insights["EKS add-on version compatibility"]
assert compatible["insightStatus"]["status"] == "ERROR" and compatible["kubernetesVersion"] == "1.33", insights
detail = eks.describe_insight(clusterName="lake", id=compatible["id"])["insight"]
assert detail["categorySpecificSummary"]["addonCompatibilityDetails"][0]["name"] == "coredns", detail
assert eks.list_insights(clusterName="lake", filter={"statuses": ["ERROR"]})["insights"][0]["name"] == compatible["name"]
fails("InvalidStateException", "add-on version compatibility", eks.update_cluster_version, name="lake", version="1.33")
update = eks.update_addon(clusterName="lake", addonName="coredns", addonVersion="v1.11.4-eksbuild.24", resolveConflicts="PRESERVE")["update"]
assert update["type"] == "AddonUpdate", update
wait_update(update, addonName="coredns")
assert eks.list_updates(name="lake", addonName="coredns")["updateIds"] == [update["id"]]
wait_update(eks.update_cluster_version(name="lake", version="1.33")["update"])
eks.get_waiter("cluster_active").wait(name="lake", WaiterConfig=FAST)
assert eks.start_insights_refresh(clusterName="lake")["status"] == "IN_PROGRESS"
assert eks.describe_insights_refresh(clusterName="lake")["status"] == "COMPLETED"
versions = eks.describe_cluster_versions()["clusterVersions"]
assert [v["clusterVersion"] for v in versions if v["defaultVersion"]] == ["1.35"] and versions[0]["clusterVersion"] == "1.37", versions
assert {v["versionStatus"] for v in eks.describe_cluster_versions(versionStatus="STANDARD_SUPPORT")["clusterVersions"]} == {"STANDARD_SUPPORT"}
assert [v["clusterVersion"] for v in eks.describe_cluster_versions(clusterVersions=["1.31", "1.33"])["clusterVersions"]] == ["1.33", "1.31"]

# Pod identities.
pair = {"clusterName": "lake", "namespace": "data", "serviceAccount": "spark"}
fails("InvalidParameterException", "does not exist", eks.create_pod_identity_association, roleArn=missing, **pair)
one = eks.create_pod_identity_association(roleArn=pods, tags={"a": "b"}, **pair)["association"]
assert one["associationId"].startswith("a-") and one["associationArn"].endswith("/lake/" + one["associationId"]), one
fails("ResourceInUseException", "Association already exists", eks.create_pod_identity_association, roleArn=pods, **pair)
assert eks.update_pod_identity_association(clusterName="lake", associationId=one["associationId"], disableSessionTags=True)["association"]["disableSessionTags"]
for number in range(4):
    eks.create_pod_identity_association(clusterName="lake", namespace=f"n{number}", serviceAccount="s", roleArn=pods)
pages = list(eks.get_paginator("list_pod_identity_associations").paginate(clusterName="lake", PaginationConfig={"PageSize": 2}))
assert [len(page["associations"]) for page in pages] == [2, 2, 1], pages
assert len(eks.list_pod_identity_associations(clusterName="lake", namespace="data")["associations"]) == 1
eks.delete_pod_identity_association(clusterName="lake", associationId=one["associationId"])
fails("ResourceNotFoundException", "could not be found", eks.describe_pod_identity_association, clusterName="lake", associationId=one["associationId"])

# Fargate wants private subnets.
fails("InvalidParameterException", "is not a private subnet", eks.create_fargate_profile, clusterName="lake", fargateProfileName="f", podExecutionRoleArn=fargate, subnets=subnets[:1], selectors=[{"namespace": "batch"}])
table = ec2.create_route_table(VpcId=cluster["resourcesVpcConfig"]["vpcId"])["RouteTable"]["RouteTableId"]
ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
profile = {"clusterName": "lake", "podExecutionRoleArn": fargate, "subnets": subnets[:1], "selectors": [{"namespace": "batch"}]}
fails("InvalidParameterException", "Misconfigured PodExecutionRole Trust Policy", eks.create_fargate_profile, fargateProfileName="f", **{**profile, "podExecutionRoleArn": node})
fails("InvalidParameterException", "reserved prefix", eks.create_fargate_profile, fargateProfileName="eks-f", **profile)
fails("InvalidParameterException", "without selectors", eks.create_fargate_profile, fargateProfileName="f", **{**profile, "selectors": []})
fails("ResourceLimitExceededException", "selectors", eks.create_fargate_profile, fargateProfileName="f", **{**profile, "selectors": [{"namespace": "a"}] * 6})
made_profile = eks.create_fargate_profile(fargateProfileName="f1", **profile)["fargateProfile"]
eks.get_waiter("fargate_profile_active").wait(clusterName="lake", fargateProfileName="f1", WaiterConfig=FAST)
assert eks.list_fargate_profiles(clusterName="lake")["fargateProfileNames"] == ["f1"]
assert eks.describe_access_entry(clusterName="lake", principalArn=fargate)["accessEntry"]["type"] == "FARGATE_LINUX"

# Encryption and identity providers: one update at a time.
key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0a"
fails("InvalidParameterException", "keyArn", eks.associate_encryption_config, clusterName="lake", encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": "a"}}])
config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
update = eks.associate_encryption_config(clusterName="lake", encryptionConfig=config)["update"]
assert update["type"] == "AssociateEncryptionConfig", update
oidc = {"identityProviderConfigName": "corp", "issuerUrl": "https://id.example.com", "clientId": "k8s"}
wait_update(update)
fails("ResourceInUseException", "already has an encryption config", eks.associate_encryption_config, clusterName="lake", encryptionConfig=config)
update = eks.associate_identity_provider_config(clusterName="lake", oidc=oidc, tags={"a": "b"})["update"]
described = {"clusterName": "lake", "identityProviderConfig": {"type": "oidc", "name": "corp"}}
wait_update(update)
assert eks.describe_identity_provider_config(**described)["identityProviderConfig"]["oidc"]["status"] == "ACTIVE"
assert eks.list_identity_provider_configs(clusterName="lake")["identityProviderConfigs"] == [{"type": "oidc", "name": "corp"}]
wait_update(eks.disassociate_identity_provider_config(**described)["update"])
fails("ResourceNotFoundException", "not associated", eks.describe_identity_provider_config, **described)

# The end.
fails("UnknownOperationException", "RegisterCluster", eks.register_cluster, name="x", connectorConfig={"roleArn": made, "provider": "GKE"})
eks.delete_nodegroup(clusterName="lake", nodegroupName="one")
eks.get_waiter("nodegroup_deleted").wait(clusterName="lake", nodegroupName="one", WaiterConfig=FAST)
wait(lambda: eks.describe_addon(clusterName="lake", addonName="coredns")["addon"], "DEGRADED")
fails("ResourceNotFoundException", "could not be found", eks.describe_access_entry, clusterName="lake", principalArn=node)
fails("ResourceInUseException", "Fargate profiles", eks.delete_cluster, name="lake")
eks.delete_fargate_profile(clusterName="lake", fargateProfileName="f1")
eks.get_waiter("fargate_profile_deleted").wait(clusterName="lake", fargateProfileName="f1", WaiterConfig=FAST)
eks.delete_cluster(name="lake")
eks.get_waiter("cluster_deleted").wait(name="lake", WaiterConfig=FAST)
for _ in range(100):
    if not interfaces() and not ec2.describe_security_groups(Filters=[{"Name": "tag:aws:eks:cluster-name", "Values": ["lake"]}])["SecurityGroups"]:
        break
    time.sleep(0.05)
else:
    raise AssertionError("what clusters have in EC2 vanishes, late")
