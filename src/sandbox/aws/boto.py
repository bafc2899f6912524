"""Drives the sandbox's EKS and STS with boto3; ends with an error at the first thing that is not as on AWS."""

import json
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/cluster"
FAST = {"Delay": 0.2, "MaxAttempts": 200}
eks = boto3.client("eks", config=Config(retries={"max_attempts": 0}))
sts = boto3.client("sts")


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], found
        return error.response
    raise AssertionError(f"no {code}")


iam = boto3.client("iam")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["eks.amazonaws.com", "ec2.amazonaws.com"], "AWS": "123456789012"}}]}
iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=json.dumps(policy))
iam.attach_role_policy(RoleName="cluster", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
time.sleep(0.1)
identity = sts.get_caller_identity()
assert identity["Account"] == "123456789012" and identity["Arn"].endswith(":user/sandbox"), identity
keys = sts.assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
assert session.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/cluster/test")
assert session.client("eks").list_clusters()["clusters"] == []
url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
with urllib.request.urlopen(url) as answer:
    assert b"user/sandbox" in answer.read()
wrong = boto3.client("sts", aws_secret_access_key="wrong", aws_access_key_id=keys["AccessKeyId"])
fails("InvalidClientTokenId", "invalid", wrong.get_caller_identity)
fails("InvalidAction", "DecodeAuthorizationMessage", sts.decode_authorization_message, EncodedMessage="a")

ec2 = boto3.client("ec2")
subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
network = {"subnetIds": subnets[:2]}
fails("InvalidParameterException", "two different AZs", eks.create_cluster, name="one", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets[:1]})
fails("InvalidParameterException", "unsupported Kubernetes version", eks.create_cluster, name="one", roleArn=ROLE, resourcesVpcConfig=network, version="1.12")
made = eks.create_cluster(name="one", version="1.33", roleArn=ROLE, resourcesVpcConfig=network, tags={"team": "a"})["cluster"]
assert made["status"] == "CREATING" and made["createdAt"].year > 2020, made
eks.get_waiter("cluster_active").wait(name="one", WaiterConfig=FAST)
cluster = eks.describe_cluster(name="one")["cluster"]
assert cluster["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-central-1.amazonaws.com/id/"), cluster
assert cluster["resourcesVpcConfig"]["publicAccessCidrs"] == ["0.0.0.0/0"], cluster

for name in ("blue", "green", "red"):
    eks.create_nodegroup(clusterName="one", nodegroupName=name, nodeRole=ROLE, subnets=subnets[:1], labels={"colour": name})
for name in ("blue", "green", "red"):
    eks.get_waiter("nodegroup_active").wait(clusterName="one", nodegroupName=name, WaiterConfig=FAST)
pages = list(eks.get_paginator("list_nodegroups").paginate(clusterName="one", PaginationConfig={"PageSize": 2}))
assert [page["nodegroups"] for page in pages] == [["blue", "green"], ["red"]], pages


def wait_update(update, **more):
    import time
    for _ in range(200):
        found = eks.describe_update(name="one", updateId=update["id"], **more)["update"]
        if found["status"] == "Successful":
            return
        time.sleep(0.1)
    raise AssertionError(found)


update = eks.update_cluster_version(name="one", version="1.34", clientRequestToken="t1")["update"]
assert update["type"] == "VersionUpdate" and eks.update_cluster_version(name="one", version="1.34", clientRequestToken="t1")["update"]["id"] == update["id"]
wait_update(update)
assert eks.describe_cluster(name="one")["cluster"]["version"] == "1.34"
assert eks.list_updates(name="one")["updateIds"] == [update["id"]]
fails("InvalidRequestException", "must be updated", eks.update_cluster_version, name="one", version="1.35")
update = eks.update_nodegroup_version(clusterName="one", nodegroupName="blue")["update"]
wait_update(update, nodegroupName="blue")
assert eks.describe_nodegroup(clusterName="one", nodegroupName="blue")["nodegroup"]["version"] == "1.34"
update = eks.update_nodegroup_config(clusterName="one", nodegroupName="blue", labels={"removeLabels": ["colour"], "addOrUpdateLabels": {"a": "b"}})["update"]
wait_update(update, nodegroupName="blue")
assert eks.describe_nodegroup(clusterName="one", nodegroupName="blue")["nodegroup"]["labels"] == {"a": "b"}
logging = {"clusterLogging": [{"types": ["api"], "enabled": True}]}
wait_update(eks.update_cluster_config(name="one", logging=logging)["update"])
fails("InvalidParameterException", "No changes needed", eks.update_cluster_config, name="one", logging=logging)

eks.tag_resource(resourceArn=cluster["arn"], tags={"b": "c d"})
eks.untag_resource(resourceArn=cluster["arn"], tagKeys=["team"])
assert eks.list_tags_for_resource(resourceArn=cluster["arn"])["tags"] == {"b": "c d"}
fails("NotFoundException", "", eks.list_tags_for_resource, resourceArn=cluster["arn"] + "x")
response = fails("ResourceNotFoundException", "No cluster found for name: two.", eks.describe_cluster, name="two")
assert response["clusterName"] == "two" and response["ResponseMetadata"]["HTTPStatusCode"] == 404, response
fails("ResourceInUseException", "nodegroups attached", eks.delete_cluster, name="one")
for name in ("blue", "green", "red"):
    eks.delete_nodegroup(clusterName="one", nodegroupName=name)
for name in ("blue", "green", "red"):
    eks.get_waiter("nodegroup_deleted").wait(clusterName="one", nodegroupName=name, WaiterConfig=FAST)
assert eks.delete_cluster(name="one")["cluster"]["status"] == "DELETING"
eks.get_waiter("cluster_deleted").wait(name="one", WaiterConfig=FAST)
assert eks.list_clusters()["clusters"] == []
