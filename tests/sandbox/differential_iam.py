"""IAM and STS, for `differential.py`."""

import json

ACCOUNT = "123456789012"
API = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_"

LISTS = API + "ListInstanceProfiles.html: operations that list return a subset of the attributes, tags are not among them"
REFUSED = "moto takes what AWS refuses, "
DIFFERENCES = [
    ("*/RoleLastUsed", API + "Role.html: told by GetRole and GetAccountAuthorizationDetails, not where roles are made or listed"),
    ("*/PermissionsBoundaryUsageCount", API + "Policy.html: part of a policy"),
    ("*/PolicyId", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: ids of managed policies begin with ANPA"),
    ("*/InstanceProfileId", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: ids of profiles begin with AIPA"),
    ("*/Roles/0/Tags", LISTS),
    ("list_instance_profiles*/Tags", LISTS),
    ("list_*/IsTruncated", API + "ListPolicyVersions.html: part of all answers that come in pages"),
    ("get_policy:of AWS*/Tags", API + "Tag.html: policies of AWS have no tags"),
    ("create_role:no json/*", REFUSED + API + "CreateRole.html: MalformedPolicyDocument"),
    ("create_role:with a resource/*", REFUSED + API + "CreateRole.html: MalformedPolicyDocument"),
    ("create_role:without a principal/*", REFUSED + API + "CreateRole.html: MalformedPolicyDocument"),
    ("create_role:long name/*", REFUSED + API + "CreateRole.html: a name has 64 characters at most"),
    ("create_role:wrong name/*", REFUSED + API + "CreateRole.html: the pattern of RoleName"),
    ("create_role:wrong path/*", REFUSED + API + "CreateRole.html: the pattern of Path"),
    ("create_role:short session/*", REFUSED + API + "CreateRole.html: MaxSessionDuration is 3600 at least"),
    ("create_role:no such boundary/*", REFUSED + API + "CreateRole.html: the boundary is a policy that is there"),
    ("create_role:reserved tag/*", REFUSED + "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html: aws: is reserved"),
    ("delete_role:refused *", "what moto took of the above goes again"),
    ("put_role_permissions_boundary:no arn/error", API + "CommonErrors.html: ValidationError for what is not in the form of a parameter"),
    ("create_policy_version:*/PolicyVersion/Document", API + "PolicyVersion.html: not returned by CreatePolicyVersion"),
    ("list_policy_versions:/Versions/*/Document", API + "PolicyVersion.html: not returned by ListPolicyVersions"),
    ("delete_policy:attached/*", REFUSED + API + "DeletePolicy.html: DeleteConflict while it is attached"),
    ("detach_role_policy:other/*", "moto deleted the policy before"),
    ("delete_policy:other/*", "moto deleted the policy before"),
    ("delete_policy:with versions/*", REFUSED + API + "DeletePolicy.html: other versions are deleted first"),
    ("delete_policy_version:[345]/*", "moto deleted the policy before"),
    ("delete_policy:/*", "moto deleted the policy before"),
    ("delete_role:/*", "moto cannot detach the policy that it deleted before"),
    ("remove_role_from_instance_profile:again/*", "moto has no answer; " + API + "RemoveRoleFromInstanceProfile.html: NoSuchEntity"),
    ("create_open_id_connect_provider:/Tags", API + "CreateOpenIDConnectProvider.html: tags are part of the answer"),
    ("create_open_id_connect_provider:no https/*", REFUSED + API + "CreateOpenIDConnectProvider.html: URLs begin with https://"),
    ("*_client_id_*", "moto has no answer; " + API + "AddClientIDToOpenIDConnectProvider.html"),
    ("list_open_id_connect_providers:*", "moto has the one with http, too"),
    ("create_service_linked_role:*/RoleName", "https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles-eks.html: AWSServiceRoleForAmazonEKS"),
    ("create_service_linked_role:*/Arn", "https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles-eks.html: AWSServiceRoleForAmazonEKS"),
    ("create_service_linked_role:/Role/Tags", API + "Role.html: there are none"),
    ("create_service_linked_role:again/*", API + "CreateServiceLinkedRole.html: its errors have InvalidInput, not EntityAlreadyExists"),
    ("delete_role:of a service/*", API + "DeleteRole.html: UnmodifiableEntity; moto calls the role otherwise"),
    ("delete_service_linked_role:*", "moto calls the role otherwise"),
    ("get_caller_identity:/*", "the sandbox's own user; one of IAM, as in https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"),
    ("assume_role:/PackedPolicySize", "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: of session policies, of which there are none"),
    ("assume_role:too long/*", REFUSED + "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: 43200 seconds at most"),
    ("assume_role:no arn/*", REFUSED + "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: RoleArn has the account"),
    ("assume_role:missing/*", REFUSED + "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html: AccessDenied"),
    ("assume_role:wrong name/*", REFUSED + "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: the pattern of RoleSessionName"),
    ("get_session_token:/Credentials/AccessKeyId", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: temporary keys begin with ASIA"),
    ("get_session_token:short/*", REFUSED + "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html: 900 seconds at least"),
]


def trust(principal, action="sts:AssumeRole", **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowed(action="s3:GetObject", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", **more}]})


def run(call, wait):
    def iam(operation, label="", **arguments):
        return call("iam", operation, label, **arguments)

    eks = trust({"Service": "eks.amazonaws.com"})
    roles(iam, eks)
    policies(iam, eks)
    rest(iam)
    sessions(call, wait)


def roles(iam, eks):
    iam("create_role", RoleName="lake", Path="/data/", AssumeRolePolicyDocument=eks, Description="d", MaxSessionDuration=7200, Tags=[{"Key": "team", "Value": "a b"}])
    iam("create_role", "plain", RoleName="plain", AssumeRolePolicyDocument=eks)
    iam("create_role", "again", RoleName="lake", AssumeRolePolicyDocument=eks)
    iam("create_role", "no json", RoleName="wrong1", AssumeRolePolicyDocument="{")
    iam("create_role", "with a resource", RoleName="wrong2", AssumeRolePolicyDocument=trust("*", Resource="*"))
    iam("create_role", "without a principal", RoleName="wrong3", AssumeRolePolicyDocument=allowed("sts:AssumeRole"))
    iam("create_role", "long name", RoleName="x" * 65, AssumeRolePolicyDocument=eks)
    iam("create_role", "wrong name", RoleName="a b", AssumeRolePolicyDocument=eks)
    iam("create_role", "wrong path", RoleName="wrong4", Path="x", AssumeRolePolicyDocument=eks)
    iam("create_role", "short session", RoleName="wrong5", AssumeRolePolicyDocument=eks, MaxSessionDuration=10)
    iam("create_role", "no such boundary", RoleName="wrong6", AssumeRolePolicyDocument=eks, PermissionsBoundary="arn:aws:iam::aws:policy/Nothing")
    iam("create_role", "reserved tag", RoleName="wrong7", AssumeRolePolicyDocument=eks, Tags=[{"Key": "aws:a", "Value": "b"}])
    iam("create_role", "same tags", RoleName="wrong8", AssumeRolePolicyDocument=eks, Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
    for name in [f"wrong{number}" for number in range(1, 9)] + ["x" * 65, "a b"]:
        # What moto takes is not to be seen in lists.
        iam("delete_role", f"refused {name[:10]}", RoleName=name)
    iam("get_role", RoleName="lake")
    iam("get_role", "without tags", RoleName="plain")
    iam("get_role", "missing", RoleName="none")
    iam("list_roles", PathPrefix="/data/")
    iam("tag_role", RoleName="lake", Tags=[{"Key": "x", "Value": "1"}])
    iam("tag_role", "missing", RoleName="none", Tags=[{"Key": "x", "Value": "1"}])
    iam("list_role_tags", RoleName="lake")
    iam("list_role_tags", "page", RoleName="lake", MaxItems=1)
    iam("untag_role", RoleName="lake", TagKeys=["x"])
    iam("list_role_tags", "less", RoleName="lake")
    iam("update_role", RoleName="lake", Description="new", MaxSessionDuration=3600)
    iam("update_role_description", RoleName="lake", Description="newer")
    iam("update_assume_role_policy", RoleName="lake", PolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    iam("update_assume_role_policy", "no json", RoleName="lake", PolicyDocument="x")
    iam("put_role_permissions_boundary", RoleName="lake", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
    iam("put_role_permissions_boundary", "no arn", RoleName="lake", PermissionsBoundary="a policy of the account")
    iam("get_role", "changed", RoleName="lake")
    iam("delete_role_permissions_boundary", RoleName="lake")
    iam("put_role_policy", RoleName="lake", PolicyName="inline", PolicyDocument=allowed())
    iam("put_role_policy", "wrong", RoleName="lake", PolicyName="inline", PolicyDocument=allowed("s3"))
    iam("get_role_policy", RoleName="lake", PolicyName="inline")
    iam("get_role_policy", "missing", RoleName="lake", PolicyName="none")
    iam("list_role_policies", RoleName="lake")
    iam("delete_role", "with a policy in it", RoleName="lake")
    iam("delete_role_policy", RoleName="lake", PolicyName="inline")
    iam("delete_role_policy", "missing", RoleName="lake", PolicyName="inline")
    iam("delete_role", "missing", RoleName="none")


def policies(iam, eks):
    arn = f"arn:aws:iam::{ACCOUNT}:policy/team/read"
    iam("create_policy", PolicyName="read", Path="/team/", Description="d", PolicyDocument=allowed(), Tags=[{"Key": "a", "Value": "b"}])
    iam("create_policy", "again", PolicyName="read", Path="/team/", PolicyDocument=allowed())
    iam("create_policy", "without an action", PolicyName="r", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}))
    iam("create_policy", "without a vendor", PolicyName="r", PolicyDocument=allowed("read"))
    iam("create_policy", "with a principal", PolicyName="r", PolicyDocument=eks)
    iam("create_policy", "no arn", PolicyName="r", PolicyDocument=allowed(Resource="bucket"))
    iam("create_policy", "wrong effect", PolicyName="r", PolicyDocument=allowed(Effect="Maybe"))
    iam("get_policy", PolicyArn=arn)
    iam("get_policy", "missing", PolicyArn=arn + "x")
    iam("get_policy", "of AWS", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    iam("get_policy", "of AWS with a path", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy")
    for number in range(2, 6):
        iam("create_policy_version", str(number), PolicyArn=arn, PolicyDocument=allowed(f"s3:Get{number}"), SetAsDefault=number == 3)
    iam("create_policy_version", "too many", PolicyArn=arn, PolicyDocument=allowed())
    iam("list_policy_versions", PolicyArn=arn)
    iam("get_policy_version", PolicyArn=arn, VersionId="v2")
    iam("get_policy_version", "missing", PolicyArn=arn, VersionId="v9")
    iam("delete_policy_version", "default", PolicyArn=arn, VersionId="v3")
    iam("delete_policy_version", PolicyArn=arn, VersionId="v2")
    iam("set_default_policy_version", PolicyArn=arn, VersionId="v1")
    iam("set_default_policy_version", "missing", PolicyArn=arn, VersionId="v2")
    iam("attach_role_policy", RoleName="lake", PolicyArn=arn)
    iam("attach_role_policy", "of AWS", RoleName="lake", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    iam("attach_role_policy", "missing", RoleName="lake", PolicyArn=arn + "x")
    iam("attach_role_policy", "missing role", RoleName="none", PolicyArn=arn)
    iam("list_attached_role_policies", RoleName="lake")
    iam("list_attached_role_policies", "path", RoleName="lake", PathPrefix="/team/")
    iam("list_entities_for_policy", PolicyArn=arn)
    iam("list_policies", Scope="Local")
    iam("list_policies", "attached", OnlyAttached=True)
    iam("get_policy", "attached", PolicyArn=arn)
    iam("delete_role", "with policies", RoleName="lake")
    iam("create_policy", "other", PolicyName="other", PolicyDocument=allowed())
    other = f"arn:aws:iam::{ACCOUNT}:policy/other"
    iam("attach_role_policy", "other", RoleName="plain", PolicyArn=other)
    iam("attach_role_policy", "again", RoleName="plain", PolicyArn=other)
    iam("delete_policy", "attached", PolicyArn=other)
    iam("detach_role_policy", "other", RoleName="plain", PolicyArn=other)
    iam("delete_policy", "other", PolicyArn=other)
    iam("detach_role_policy", RoleName="lake", PolicyArn=arn)
    iam("detach_role_policy", "again", RoleName="lake", PolicyArn=arn)
    iam("detach_role_policy", "of AWS", RoleName="lake", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    iam("tag_policy", PolicyArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    iam("untag_policy", PolicyArn=arn, TagKeys=["a"])
    iam("list_policy_tags", PolicyArn=arn)
    iam("delete_policy", "with versions", PolicyArn=arn)
    for number in (3, 4, 5):
        iam("delete_policy_version", str(number), PolicyArn=arn, VersionId=f"v{number}")
    iam("delete_policy", PolicyArn=arn)
    iam("delete_policy", "again", PolicyArn=arn)


def rest(iam):
    iam("create_instance_profile", InstanceProfileName="nodes", Tags=[{"Key": "a", "Value": "b"}])
    iam("create_instance_profile", "again", InstanceProfileName="nodes")
    iam("add_role_to_instance_profile", InstanceProfileName="nodes", RoleName="lake")
    iam("add_role_to_instance_profile", "second", InstanceProfileName="nodes", RoleName="plain")
    iam("get_instance_profile", InstanceProfileName="nodes")
    iam("get_instance_profile", "missing", InstanceProfileName="none")
    iam("list_instance_profiles")
    iam("list_instance_profiles_for_role", RoleName="lake")
    iam("delete_role", "in a profile", RoleName="lake")
    iam("delete_instance_profile", "with a role", InstanceProfileName="nodes")
    iam("remove_role_from_instance_profile", InstanceProfileName="nodes", RoleName="lake")
    iam("remove_role_from_instance_profile", "again", InstanceProfileName="nodes", RoleName="lake")
    iam("delete_instance_profile", InstanceProfileName="nodes")
    iam("delete_instance_profile", "again", InstanceProfileName="nodes")
    url = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/" + url[8:]
    iam("create_open_id_connect_provider", Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40], Tags=[{"Key": "a", "Value": "b"}])
    iam("create_open_id_connect_provider", "again", Url=url, ThumbprintList=["a" * 40])
    iam("create_open_id_connect_provider", "no https", Url="http://a.b", ThumbprintList=["a" * 40])
    iam("create_open_id_connect_provider", "long thumbprint", Url="https://a.b", ThumbprintList=["a" * 41])
    iam("create_open_id_connect_provider", "thumbprints", Url="https://a.b", ThumbprintList=["a" * 40] * 6)
    iam("get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
    iam("add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=arn, ClientID="more")
    iam("remove_client_id_from_open_id_connect_provider", OpenIDConnectProviderArn=arn, ClientID="more")
    iam("update_open_id_connect_provider_thumbprint", OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40])
    iam("get_open_id_connect_provider", "changed", OpenIDConnectProviderArn=arn)
    iam("list_open_id_connect_providers")
    iam("tag_open_id_connect_provider", OpenIDConnectProviderArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    iam("list_open_id_connect_provider_tags", OpenIDConnectProviderArn=arn)
    iam("untag_open_id_connect_provider", OpenIDConnectProviderArn=arn, TagKeys=["c"])
    iam("delete_open_id_connect_provider", OpenIDConnectProviderArn=arn)
    iam("get_open_id_connect_provider", "missing", OpenIDConnectProviderArn=arn)
    iam("delete_open_id_connect_provider", "again", OpenIDConnectProviderArn=arn)
    iam("create_service_linked_role", AWSServiceName="eks.amazonaws.com", Description="d")
    iam("create_service_linked_role", "again", AWSServiceName="eks.amazonaws.com")
    iam("delete_role", "of a service", RoleName="AWSServiceRoleForAmazonEKS")
    iam("delete_service_linked_role", RoleName="AWSServiceRoleForAmazonEKS")
    iam("get_user", "missing", UserName="none")
    iam("list_account_aliases")
    iam("delete_role", RoleName="plain")


def sessions(call, wait):
    def sts(operation, label="", **arguments):
        return call("sts", operation, label, **arguments)

    arn = f"arn:aws:iam::{ACCOUNT}:role/second"
    call("iam", "create_role", "to be assumed", RoleName="second", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
    wait("sts", "assume_role", lambda answer: "error" not in answer, RoleArn=arn, RoleSessionName="test")
    sts("get_caller_identity")
    sts("assume_role", RoleArn=arn, RoleSessionName="test", DurationSeconds=900)
    sts("assume_role", "too long", RoleArn=arn, RoleSessionName="test", DurationSeconds=50000)
    sts("assume_role", "no arn", RoleArn="arn:aws:iam::role/x/y/z", RoleSessionName="test")
    sts("assume_role", "missing", RoleArn=arn + "x", RoleSessionName="test")
    sts("assume_role", "wrong name", RoleArn=arn, RoleSessionName="a b")
    sts("get_session_token")
    sts("get_session_token", "short", DurationSeconds=10)
    sts("get_access_key_info", AccessKeyId="AKIAGANTRYSANDBOXAAA")
    call("iam", "delete_role", "assumed", RoleName="second")
