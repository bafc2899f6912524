"""EKS, as far as moto has it, for `differential.py`."""

import json

API = "https://docs.aws.amazon.com/eks/latest/APIReference/API_"
REFUSED = "moto takes what AWS refuses, "

NOW = "moto has no time: what AWS begins is done at once, "
OLD = "moto's data is of 2021, "
DIFFERENCES = [
    ("create_role:*/RoleLastUsed", "https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html: told by GetRole"),
    ("create_vpc:/*", "told apart in differential_ec2.py"),
    ("create_subnet:*", "told apart in differential_ec2.py"),
    ("create_cluster:wrong name/*", REFUSED + API + "CreateCluster.html: the pattern of name"),
    ("create_cluster:wrong version/*", REFUSED + API + "CreateCluster.html: InvalidParameterException"),
    ("create_cluster:one subnet/*", REFUSED + API + "VpcConfigRequest.html: subnets in two zones at least"),
    ("delete_cluster:refused *", "what moto took of the above goes again"),
    ("*/cluster/accessConfig", API + "Cluster.html: accessConfig, CONFIG_MAP unless set"),
    ("*/cluster/certificateAuthority/data", "another authority; " + NOW + API + "Certificate.html"),
    ("*/cluster/clientRequestToken", API + "Cluster.html: the token that was given"),
    ("*/cluster/deletionProtection", API + "Cluster.html: deletionProtection"),
    ("*/cluster/encryptionConfig", API + "Cluster.html: encryptionConfig is there if there is one"),
    ("*/cluster/endpoint", "another address; " + NOW + API + "Cluster.html"),
    ("*/cluster/health", API + "Cluster.html: health"),
    ("*/cluster/identity*", "another issuer; " + NOW + API + "OIDC.html"),
    ("*/cluster/kubernetesNetworkConfig/*", API + "KubernetesNetworkConfigResponse.html: its members"),
    ("*/cluster/logging/clusterLogging", API + "Logging.html: what is off is told, too"),
    ("*/cluster/platformVersion", OLD + "https://docs.aws.amazon.com/eks/latest/userguide/platform-versions.html"),
    ("*/cluster/resourcesVpcConfig/*", API + "VpcConfigResponse.html: its members"),
    ("*/cluster/status", NOW + API + "Cluster.html: status"),
    ("*/cluster/upgradePolicy", API + "UpgradePolicyResponse.html: EXTENDED unless set"),
    ("list_tags_for_resource:missing/error", API + "ListTagsForResource.html: NotFoundException"),
    ("*/nodegroup/amiType", OLD + API + "CreateNodegroup.html: AL2023 unless set"),
    ("*/nodegroup/releaseVersion", OLD + "https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html"),
    ("*/nodegroup/remoteAccess", API + "Nodegroup.html: remoteAccess is there if it was asked for"),
    ("*/nodegroup/resources/*", NOW + API + "NodegroupResources.html"),
    ("*/nodegroup/status", NOW + API + "Nodegroup.html: status"),
    ("*/nodegroup/updateConfig", API + "NodegroupUpdateConfig.html: one unless set"),
    ("*/nodegroup/version", OLD + API + "CreateNodegroup.html: the cluster's version unless set"),
    ("create_nodegroup:two names/*", REFUSED + API + "LaunchTemplateSpecification.html: id or name, not both"),
    ("update_nodegroup_config:/update/params", API + "UpdateParam.html: LabelsToAdd and LabelsToRemove"),
    ("update_nodegroup_config:/update/status", NOW + API + "Update.html"),
    ("list_nodegroups:/nodegroups", "moto has the one with two names of a template, too"),
    ("list_nodegroups:missing/*", "moto has no answer; " + API + "ListNodegroups.html: ResourceNotFoundException"),
    ("delete_nodegroup:refused*", "what moto took of the above goes again"),
    ("create_fargate_profile:many selectors/*", REFUSED + API + "CreateFargateProfile.html: five selectors"),
    ("delete_fargate_profile:refused*", "what moto took of the above goes again"),
    ("create_fargate_profile:many labels/*", REFUSED + API + "FargateProfileSelector.html: five labels"),
    ("*/fargateProfile/health", API + "FargateProfile.html: health"),
    ("*/fargateProfile/status", NOW + API + "FargateProfile.html: status"),
    ("update_cluster_config:/update*", API + "UpdateClusterConfig.html: answers an update"),
]


def role(call, name, service, policy):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}]}
    answer = call("iam", "create_role", name, RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
    call("iam", "attach_role_policy", name, RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return answer["Role"]["Arn"]


def run(call, wait):
    def eks(operation, label="", **arguments):
        return call("eks", operation, label, **arguments)

    def settle(operation, status="ACTIVE", **arguments):
        """Waits until something has a status, or is gone if it is to be gone."""
        def is_over(answer):
            found = next((answer[name] for name in ("cluster", "nodegroup", "fargateProfile") if name in answer), answer)
            return found.get("status") == status if status else "error" in answer
        wait("eks", operation, is_over, **arguments)

    control = role(call, "control", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
    node = role(call, "node", "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy")
    fargate = role(call, "fargate", "eks-fargate-pods.amazonaws.com", "AmazonEKSFargatePodExecutionRolePolicy")
    vpc = call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        call("ec2", "create_subnet", zone, VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    network = {"subnetIds": subnets}
    clusters(eks, settle, control, network, subnets)
    node_groups(eks, settle, node, subnets)
    profiles(eks, settle, fargate, subnets)
    end(eks, settle)


def clusters(eks, settle, control, network, subnets):
    eks("describe_cluster", "missing", name="none")
    eks("list_clusters", "none")
    eks("create_cluster", "wrong role", name="lake", roleArn="arn:aws:iam::123456789012:user/x", resourcesVpcConfig=network)
    eks("create_cluster", "wrong name", name="-lake", roleArn=control, resourcesVpcConfig=network)
    eks("create_cluster", "wrong version", name="other", version="1.12", roleArn=control, resourcesVpcConfig=network)
    eks("create_cluster", "one subnet", name="third", roleArn=control, resourcesVpcConfig={"subnetIds": subnets[:1]})
    eks("create_cluster", name="lake", version="1.33", roleArn=control, resourcesVpcConfig=network, tags={"a": "b"}, clientRequestToken="t")
    settle("describe_cluster", name="lake")
    for name in ("-lake", "other", "third"):
        eks("delete_cluster", f"refused {name}", name=name)
    eks("create_cluster", "again", name="lake", roleArn=control, resourcesVpcConfig=network)
    eks("describe_cluster", name="lake")
    eks("create_cluster", "second", name="second", version="1.33", roleArn=control, resourcesVpcConfig=network)
    settle("describe_cluster", name="second")
    eks("list_clusters")
    eks("list_clusters", "page", maxResults=1)
    arn = "arn:aws:eks:eu-west-1:123456789012:cluster/lake"
    eks("tag_resource", resourceArn=arn, tags={"c": "d"})
    eks("list_tags_for_resource", resourceArn=arn)
    eks("untag_resource", resourceArn=arn, tagKeys=["a"])
    eks("list_tags_for_resource", "less", resourceArn=arn)
    eks("list_tags_for_resource", "missing", resourceArn=arn + "x")


def node_groups(eks, settle, node, subnets):
    one = {"clusterName": "lake", "nodeRole": node, "subnets": subnets}
    eks("create_nodegroup", "missing cluster", nodegroupName="one", **{**one, "clusterName": "none"})
    eks("create_nodegroup", "wrong role", nodegroupName="one", **{**one, "nodeRole": "x"})
    eks("create_nodegroup", nodegroupName="one", **one, labels={"a": "b"}, tags={"t": "u"}, scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2})
    settle("describe_nodegroup", clusterName="lake", nodegroupName="one")
    eks("create_nodegroup", "again", nodegroupName="one", **one)
    eks("describe_nodegroup", clusterName="lake", nodegroupName="one")
    eks("describe_nodegroup", "missing", clusterName="lake", nodegroupName="none")
    eks("describe_nodegroup", "missing cluster", clusterName="none", nodegroupName="one")
    eks("create_nodegroup", "both", nodegroupName="two", **one, diskSize=50, launchTemplate={"name": "t"})
    eks("create_nodegroup", "two names", nodegroupName="two", **one, launchTemplate={"name": "t", "id": "lt-0123456789abcdef0"})
    eks("update_nodegroup_config", clusterName="lake", nodegroupName="one", labels={"addOrUpdateLabels": {"c": "d"}})
    settle("describe_nodegroup", clusterName="lake", nodegroupName="one")
    eks("describe_nodegroup", "changed", clusterName="lake", nodegroupName="one")
    eks("list_nodegroups", clusterName="lake")
    eks("list_nodegroups", "missing", clusterName="none")
    eks("delete_cluster", "with nodes", name="lake")


def profiles(eks, settle, fargate, subnets):
    one = {"clusterName": "lake", "podExecutionRoleArn": fargate, "subnets": subnets}
    selectors = [{"namespace": "batch", "labels": {"a": "b"}}]
    eks("create_fargate_profile", "missing cluster", fargateProfileName="f", selectors=selectors, **{**one, "clusterName": "none"})
    eks("create_fargate_profile", "no selectors", fargateProfileName="f", **one)
    eks("create_fargate_profile", "no namespace", fargateProfileName="f", selectors=[{"labels": {"a": "b"}}], **one)
    eks("create_fargate_profile", "many selectors", fargateProfileName="many", selectors=[{"namespace": f"n{n}"} for n in range(6)], **one)
    eks("delete_fargate_profile", "refused", clusterName="lake", fargateProfileName="many")
    eks("create_fargate_profile", "many labels", fargateProfileName="labels", selectors=[{"namespace": "n", "labels": {str(n): "x" for n in range(6)}}], **one)
    eks("create_fargate_profile", fargateProfileName="f", selectors=selectors, tags={"t": "u"}, **one)
    settle("describe_fargate_profile", clusterName="lake", fargateProfileName="f")
    eks("create_fargate_profile", "again", fargateProfileName="f", selectors=selectors, **one)
    eks("describe_fargate_profile", clusterName="lake", fargateProfileName="f")
    eks("describe_fargate_profile", "missing", clusterName="lake", fargateProfileName="none")
    eks("list_fargate_profiles", clusterName="lake")
    eks("delete_fargate_profile", clusterName="lake", fargateProfileName="f")
    settle("describe_fargate_profile", None, clusterName="lake", fargateProfileName="f")
    eks("delete_fargate_profile", "again", clusterName="lake", fargateProfileName="f")


def end(eks, settle):
    eks("delete_nodegroup", clusterName="lake", nodegroupName="one")
    settle("describe_nodegroup", None, clusterName="lake", nodegroupName="one")
    eks("delete_nodegroup", "again", clusterName="lake", nodegroupName="one")
    eks("delete_nodegroup", "refused", clusterName="lake", nodegroupName="two")
    settle("describe_nodegroup", None, clusterName="lake", nodegroupName="two")
    eks("update_cluster_config", name="lake", logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    settle("describe_cluster", name="lake")
    eks("describe_cluster", "changed", name="lake")
    eks("delete_cluster", name="lake")
    settle("describe_cluster", None, name="lake")
    eks("delete_cluster", "again", name="lake")
