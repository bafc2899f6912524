"""Drives the sandbox's IAM and STS with boto3; ends with an error at the first thing that is not as on AWS."""

import json
import pathlib
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tests/sandbox"))
import response_check

ACCOUNT = "123456789012"
iam = response_check.watch(boto3.client("iam", config=Config(retries={"max_attempts": 0})))
sts = response_check.watch(boto3.client("sts", config=Config(retries={"max_attempts": 0})))


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], found
        return error.response
    raise AssertionError(f"no {code}")


def trust(principal, action="sts:AssumeRole", **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowed(action="s3:GetObject"):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


# Roles.
eks = trust({"Service": "eks.amazonaws.com"})
role = iam.create_role(RoleName="Lake", Path="/data/", AssumeRolePolicyDocument=eks, Description="d", MaxSessionDuration=7200, Tags=[{"Key": "team", "Value": "a b"}])["Role"]
assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/data/Lake" and role["RoleId"].startswith("AROA") and len(role["RoleId"]) == 21, role
assert role["AssumeRolePolicyDocument"] == json.loads(eks), role
fails("EntityAlreadyExists", "Role with name lake already exists.", iam.create_role, RoleName="lake", AssumeRolePolicyDocument=eks)
fails("MalformedPolicyDocument", "invalid Json", iam.create_role, RoleName="b", AssumeRolePolicyDocument="{")
fails("MalformedPolicyDocument", "Invalid principal", iam.create_role, RoleName="b", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:role/none"}))
fails("MalformedPolicyDocument", "prohibited field Resource", iam.create_role, RoleName="b", AssumeRolePolicyDocument=trust("*", Resource="*"))
fails("ValidationError", "roleName", iam.create_role, RoleName="a b", AssumeRolePolicyDocument=eks)
fails("ValidationError", "roleName", iam.create_role, RoleName="x" * 65, AssumeRolePolicyDocument=eks)
fails("LimitExceeded", "ACLSizePerRole", iam.create_role, RoleName="b", AssumeRolePolicyDocument=trust({"AWS": [f"arn:aws:iam::1111111111{n:02}:root" for n in range(70)]}))
fails("NoSuchEntity", "The role with name none cannot be found.", iam.get_role, RoleName="none")
got = iam.get_role(RoleName="Lake")["Role"]
assert got["Tags"] == [{"Key": "team", "Value": "a b"}] and got["MaxSessionDuration"] == 7200 and got["CreateDate"].year > 2020, got
for number in range(7):
    iam.create_role(RoleName=f"n{number}", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 3}))
assert [len(page["Roles"]) for page in pages] == [3, 3, 2] and pages[0]["IsTruncated"] and not pages[2]["IsTruncated"], pages
assert [r["RoleName"] for r in iam.list_roles(PathPrefix="/data/")["Roles"]] == ["Lake"]
iam.tag_role(RoleName="Lake", Tags=[{"Key": "TEAM", "Value": "b"}, {"Key": "x", "Value": ""}])
iam.untag_role(RoleName="Lake", TagKeys=["x"])
assert iam.list_role_tags(RoleName="Lake")["Tags"] == [{"Key": "TEAM", "Value": "b"}]
fails("InvalidInput", "Duplicate tag keys", iam.tag_role, RoleName="Lake", Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
iam.update_role(RoleName="Lake", Description="new", MaxSessionDuration=3600)
iam.update_assume_role_policy(RoleName="Lake", PolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
got = iam.get_role(RoleName="Lake")["Role"]
assert got["Description"] == "new" and "ec2" in str(got["AssumeRolePolicyDocument"]), got

# Policies.
policy = iam.create_policy(PolicyName="read", PolicyDocument=allowed(), Tags=[{"Key": "a", "Value": "b"}])["Policy"]
arn = policy["Arn"]
assert policy["DefaultVersionId"] == "v1" and policy["AttachmentCount"] == 0 and arn.endswith(":policy/read"), policy
fails("EntityAlreadyExists", "A policy called read already exists", iam.create_policy, PolicyName="read", PolicyDocument=allowed())
fails("MalformedPolicyDocument", "vendor", iam.create_policy, PolicyName="r", PolicyDocument=allowed("read"))
fails("MalformedPolicyDocument", "should not specify a principal", iam.create_policy, PolicyName="r", PolicyDocument=eks)
for number in range(2, 6):
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=allowed(f"s3:Get{number}"), SetAsDefault=number == 3)["PolicyVersion"]["VersionId"] == f"v{number}"
fails("LimitExceeded", "up to 5 versions", iam.create_policy_version, PolicyArn=arn, PolicyDocument=allowed())
versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions] == [("v5", False), ("v4", False), ("v3", True), ("v2", False), ("v1", False)], versions
assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == json.loads(allowed("s3:Get2"))
fails("DeleteConflict", "default version", iam.delete_policy_version, PolicyArn=arn, VersionId="v3")
fails("NoSuchEntity", "v9", iam.get_policy_version, PolicyArn=arn, VersionId="v9")
iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
iam.attach_role_policy(RoleName="Lake", PolicyArn=arn)
iam.attach_role_policy(RoleName="Lake", PolicyArn=arn)
iam.attach_role_policy(RoleName="Lake", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
assert [p["PolicyName"] for p in iam.list_attached_role_policies(RoleName="Lake")["AttachedPolicies"]] == ["read", "AmazonEKSClusterPolicy"]
assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
assert [r["RoleName"] for r in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]] == ["Lake"]
fails("NoSuchEntity", "does not exist or is not attachable", iam.attach_role_policy, RoleName="Lake", PolicyArn=arn + "x")
fails("DeleteConflict", "attached to entities", iam.delete_policy, PolicyArn=arn)
fails("DeleteConflict", "detach all policies first", iam.delete_role, RoleName="Lake")
for number in range(8):
    more = iam.create_policy(PolicyName=f"more{number}", PolicyDocument=allowed())["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Lake", PolicyArn=more)
fails("LimitExceeded", "PoliciesPerRole: 10", iam.attach_role_policy, RoleName="Lake", PolicyArn="arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy")
for attached in iam.list_attached_role_policies(RoleName="Lake")["AttachedPolicies"]:
    iam.detach_role_policy(RoleName="Lake", PolicyArn=attached["PolicyArn"])
fails("NoSuchEntity", "was not found", iam.detach_role_policy, RoleName="Lake", PolicyArn=arn)
fails("DeleteConflict", "more than one version", iam.delete_policy, PolicyArn=arn)
for number in range(2, 6):
    iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
iam.delete_policy(PolicyArn=arn)
fails("NoSuchEntity", "was not found", iam.get_policy, PolicyArn=arn)
local = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(Scope="Local") for p in page["Policies"]]
assert local == [f"more{number}" for number in range(8)], local
aws = {p["Arn"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 20}) for p in page["Policies"]}
for name in ("AmazonEKSClusterPolicy", "AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy", "service-role/AmazonEBSCSIDriverPolicy", "AmazonEKSComputePolicy"):
    assert f"arn:aws:iam::aws:policy/{name}" in aws, name

# Policies in roles, boundaries.
iam.put_role_policy(RoleName="Lake", PolicyName="inline", PolicyDocument=allowed())
assert iam.get_role_policy(RoleName="Lake", PolicyName="inline")["PolicyDocument"] == json.loads(allowed())
assert iam.list_role_policies(RoleName="Lake")["PolicyNames"] == ["inline"]
fails("NoSuchEntity", "role policy with name none", iam.get_role_policy, RoleName="Lake", PolicyName="none")
fails("DeleteConflict", "must delete policies first", iam.delete_role, RoleName="Lake")
iam.delete_role_policy(RoleName="Lake", PolicyName="inline")
boundary = "arn:aws:iam::aws:policy/AdministratorAccess"
iam.put_role_permissions_boundary(RoleName="Lake", PermissionsBoundary=boundary)
assert iam.get_role(RoleName="Lake")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
iam.delete_role_permissions_boundary(RoleName="Lake")
assert "PermissionsBoundary" not in iam.get_role(RoleName="Lake")["Role"]

# Instance profiles.
profile = iam.create_instance_profile(InstanceProfileName="nodes")["InstanceProfile"]
assert profile["Roles"] == [] and profile["InstanceProfileId"].startswith("AIPA"), profile
iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="nodes")
iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="Lake")
fails("LimitExceeded", "InstanceSessionsPerInstanceProfile: 1", iam.add_role_to_instance_profile, InstanceProfileName="nodes", RoleName="n1")
assert [p["InstanceProfileName"] for p in iam.list_instance_profiles_for_role(RoleName="Lake")["InstanceProfiles"]] == ["nodes"]
fails("DeleteConflict", "instance profile", iam.delete_role, RoleName="Lake")
fails("DeleteConflict", "must remove roles", iam.delete_instance_profile, InstanceProfileName="nodes")
iam.remove_role_from_instance_profile(InstanceProfileName="nodes", RoleName="Lake")
fails("NoSuchEntity", "cannot be found", iam.remove_role_from_instance_profile, InstanceProfileName="nodes", RoleName="Lake")
iam.delete_instance_profile(InstanceProfileName="nodes")
fails("NoSuchEntity", "Instance Profile nodes cannot be found.", iam.get_instance_profile, InstanceProfileName="nodes")
iam.delete_role(RoleName="Lake")

# Identity providers.
url = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
provider = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40], Tags=[{"Key": "a", "Value": "b"}])["OpenIDConnectProviderArn"]
assert provider == f"arn:aws:iam::{ACCOUNT}:oidc-provider/" + url[8:], provider
got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
assert got["Url"] == url[8:] and got["ClientIDList"] == ["sts.amazonaws.com"] and got["ThumbprintList"] == ["a" * 40], got
fails("EntityAlreadyExists", "already exists", iam.create_open_id_connect_provider, Url=url)
fails("ValidationError", "Invalid Open ID Connect Provider URL", iam.create_open_id_connect_provider, Url="http://a.b")
fails("ValidationError", "thumbprintList", iam.create_open_id_connect_provider, Url="https://a.b", ThumbprintList=["a" * 41])
iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID="more")
iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID="more")
iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=provider, ThumbprintList=["b" * 40])
assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": provider}]
assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=provider)["Tags"] == [{"Key": "a", "Value": "b"}]
iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
fails("NoSuchEntity", "not found", iam.get_open_id_connect_provider, OpenIDConnectProviderArn=provider)

# Roles of services, the user.
linked = iam.create_service_linked_role(AWSServiceName="eks-nodegroup.amazonaws.com")["Role"]
assert linked["Path"] == "/aws-service-role/eks-nodegroup.amazonaws.com/", linked
fails("InvalidInput", "has been taken", iam.create_service_linked_role, AWSServiceName="eks-nodegroup.amazonaws.com")
fails("UnmodifiableEntity", "protected role", iam.delete_role, RoleName=linked["RoleName"])
task = iam.delete_service_linked_role(RoleName=linked["RoleName"])["DeletionTaskId"]
assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
assert iam.get_user()["User"]["UserName"] == "sandbox"
fails("NoSuchEntity", "none", iam.get_user, UserName="none")
fails("InvalidAction", "CreateGroup", iam.create_group, GroupName="g")

# Sessions.
time.sleep(0.1)
n1 = f"arn:aws:iam::{ACCOUNT}:role/n1"
keys = sts.assume_role(RoleArn=n1, RoleSessionName="test", DurationSeconds=900)
assert keys["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/n1/test", keys
fails("AccessDenied", "is not authorized to perform: sts:AssumeRole", sts.assume_role, RoleArn=n1 + "x", RoleSessionName="test")
fails("ValidationError", "MaxSessionDuration", sts.assume_role, RoleArn=n1, RoleSessionName="test", DurationSeconds=7200)
fails("ValidationError", "roleSessionName", sts.assume_role, RoleArn=n1, RoleSessionName="a b")
iam.create_role(RoleName="closed", AssumeRolePolicyDocument=eks)
iam.create_role(RoleName="second", AssumeRolePolicyDocument=trust({"AWS": n1}))
iam.create_role(RoleName="outside", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}, Condition={"StringEquals": {"sts:ExternalId": "42"}}))
time.sleep(0.1)
fails("AccessDenied", "not authorized", sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/closed", RoleSessionName="test")
fails("AccessDenied", "not authorized", sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/second", RoleSessionName="test")
fails("AccessDenied", "not authorized", sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/outside", RoleSessionName="test")
sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/outside", RoleSessionName="test", ExternalId="42")
keys = keys["Credentials"]
first = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]).client("sts")
assert first.get_caller_identity()["Arn"].endswith("assumed-role/n1/test")
first.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/second", RoleSessionName="chained")
fails("AccessDenied", "session credentials", first.get_session_token)
keys = sts.get_session_token()["Credentials"]
again = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]).client("sts")
assert again.get_caller_identity()["Arn"].endswith(":user/sandbox")
fails("InvalidIdentityToken", "not a valid JWT", sts.assume_role_with_web_identity, RoleArn=n1, RoleSessionName="test", WebIdentityToken="abcd")
