"""What the Kubernetes client for Python finds in an emulated cluster; KUBECONFIG says which."""

import json
import threading
import time

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

config.load_kube_config()
core, apps, rbac = client.CoreV1Api(), client.AppsV1Api(), client.RbacAuthorizationV1Api()
HOLD = "example.com/hold"


def refused(code, reason, call):
    """Calls, and returns the status by which that is refused."""
    try:
        call()
    except ApiException as error:
        status = json.loads(error.body)
        assert (error.status, status["code"], status["reason"]) == (code, code, reason), error.body
        return status
    raise AssertionError(f"not refused: {reason}")


def config_map(name, **metadata):
    """Makes a config map."""
    body = {"metadata": {"name": name, **metadata}, "data": {"n": name}}
    return core.create_namespaced_config_map("default", body)


def read(name):
    """Reads a config map."""
    return core.read_namespaced_config_map(name, "default")


def is_gone(name):
    """Checks that a config map is not there."""
    refused(404, "NotFound", lambda: read(name))


def release(name, namespace="default"):
    """Takes the finalizers of a config map away."""
    core.patch_namespaced_config_map(name, namespace, {"metadata": {"finalizers": None}})


def versions():
    """Whoever is late is told so; what is tried is not done."""
    made = core.create_namespaced_config_map("default", {"metadata": {"generateName": "gen-"}})
    name = made.metadata.name
    assert name.startswith("gen-") and len(name) == 9, name
    late = read(name)
    made.data = {"a": "2"}
    changed = core.replace_namespaced_config_map(name, "default", made)
    assert int(changed.metadata.resource_version) > int(late.metadata.resource_version)
    late.data = {"a": "3"}
    refused(409, "Conflict", lambda: core.replace_namespaced_config_map(name, "default", late))
    refused(409, "AlreadyExists", lambda: config_map(name))
    same = core.patch_namespaced_config_map(name, "default", {"data": {"a": "2"}})
    assert same.metadata.resource_version == changed.metadata.resource_version, "nothing changed"
    core.create_namespaced_config_map("default", {"metadata": {"name": "dry"}}, dry_run="All")
    is_gone("dry")


def pages():
    """All pages of a list are of one moment, and a watch goes on from there."""
    for number in range(7):
        config_map(f"page-{number}", labels={"p": "q"})
    first = core.list_namespaced_config_map("default", limit=3)
    version, token = first.metadata.resource_version, first.metadata._continue
    assert first.metadata.remaining_item_count > 3
    core.delete_namespaced_config_map("page-5", "default")
    config_map("zz-later")
    names = [item.metadata.name for item in first.items]
    while token:
        page = core.list_namespaced_config_map("default", limit=3, _continue=token)
        assert page.metadata.resource_version == version
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
    assert "page-5" in names and "zz-later" not in names, names
    exact = core.list_namespaced_config_map("default", resource_version=version, resource_version_match="Exact")
    assert [item.metadata.name for item in exact.items] == names
    refused(504, "Timeout", lambda: core.list_namespaced_config_map("default", resource_version="999999"))
    assert events(2, resource_version=version) == [("DELETED", "page-5"), ("ADDED", "zz-later")]


def events(count, **options):
    """Returns the first events of a watch."""
    watching, found = watch.Watch(), []
    for event in watching.stream(core.list_namespaced_config_map, "default", timeout_seconds=10, **options):
        found.append((event["type"], event["object"].metadata.name))
        if len(found) == count:
            watching.stop()
    return found


def watches():
    """What a selector no longer takes is gone for its watch."""

    def change():
        time.sleep(0.3)
        core.patch_namespaced_config_map("page-1", "default", {"metadata": {"labels": {"p": "other"}}})
        core.patch_namespaced_config_map("page-2", "default", {"data": {"n": "9"}})

    version = core.list_namespaced_config_map("default").metadata.resource_version
    threading.Thread(target=change).start()
    found = events(2, label_selector="p=q", resource_version=version)
    assert found == [("DELETED", "page-1"), ("MODIFIED", "page-2")], found


def ends():
    """Finalizers hold, owners take with them or let go, namespaces end with what is in them."""
    config_map("held", finalizers=[HOLD])
    core.delete_namespaced_config_map("held", "default")
    assert read("held").metadata.deletion_timestamp
    release("held")
    is_gone("held")

    def owned(name, **metadata):
        uid = config_map("owner").metadata.uid
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "blockOwnerDeletion": True}
        config_map(name, ownerReferences=[owner], **metadata)

    owned("first", finalizers=[HOLD])
    core.delete_namespaced_config_map("owner", "default", propagation_policy="Foreground")
    assert read("owner").metadata.finalizers == ["foregroundDeletion"]
    assert read("first").metadata.deletion_timestamp
    release("first")
    is_gone("owner")
    owned("second")
    core.delete_namespaced_config_map("owner", "default", propagation_policy="Orphan")
    assert read("second").metadata.owner_references is None
    owned("third")
    core.delete_namespaced_config_map("owner", "default")
    is_gone("third")

    core.create_namespace({"metadata": {"name": "ending"}})
    core.create_namespaced_config_map("ending", {"metadata": {"name": "held", "finalizers": [HOLD]}})
    core.delete_namespace("ending")
    assert core.read_namespace("ending").status.phase == "Terminating"
    late = refused(403, "Forbidden", lambda: core.create_namespaced_config_map("ending", {"metadata": {"name": "a"}}))
    assert late["details"]["causes"][0]["reason"] == "NamespaceTerminating", late
    release("held", "ending")
    refused(404, "NotFound", lambda: core.read_namespace("ending"))
    core.delete_collection_namespaced_config_map("default", label_selector="p=q")
    is_gone("page-0")
    assert read("page-1").metadata.labels == {"p": "other"}


def workloads():
    """Deployments are merged by keys, scaled, and checked."""
    container = {"name": "web", "image": "nginx:1.27", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container, {"name": "side", "image": "x:1"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    apps.create_namespaced_deployment("default", {"metadata": {"name": "web"}, "spec": spec})
    env = [{"name": "A", "$patch": "delete"}, {"name": "C", "value": "3"}]
    containers = [{"name": "web", "env": env}, {"name": "side", "$patch": "delete"}]

    def patch(spec):
        return apps.patch_namespaced_deployment("web", "default", {"spec": spec})

    found = patch({"template": {"spec": {"containers": containers}}}).spec.template.spec.containers
    assert [one.name for one in found] == ["web"] and {one.name for one in found[0].env} == {"B", "C"}, found
    wrong = refused(422, "Invalid", lambda: patch({"replicas": -1}))
    assert wrong["details"]["causes"][0]["field"] == "spec.replicas", wrong
    refused(422, "Invalid", lambda: patch({"selector": {"matchLabels": {"app": "x"}}}))
    refused(400, "BadRequest", lambda: patch({"replicas": "x"}))
    scale = apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 4}})
    assert scale.spec.replicas == 4 and scale.status.selector == "app=web", scale
    scale.spec.replicas, scale.metadata.resource_version = 3, "1"
    refused(409, "Conflict", lambda: apps.replace_namespaced_deployment_scale("web", "default", scale))
    scale.metadata.resource_version = None
    apps.replace_namespaced_deployment_scale("web", "default", scale)
    assert apps.read_namespaced_deployment("web", "default").spec.replicas == 3


def services():
    """Addresses and ports are each of one service, until that is gone."""

    def service(name, **spec):
        body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}, **spec}}
        return core.create_namespaced_service("default", body)

    first = service("first", type="NodePort")
    address, port = first.spec.cluster_ip, first.spec.ports[0].node_port
    ports = [{"port": 80, "nodePort": port}]
    refused(422, "Invalid", lambda: service("second", clusterIP=address))
    refused(422, "Invalid", lambda: service("second", type="NodePort", ports=ports))
    moved = {"spec": {"clusterIP": "172.20.9.9", "clusterIPs": ["172.20.9.9"]}}
    refused(422, "Invalid", lambda: core.patch_namespaced_service("first", "default", moved))
    core.patch_namespaced_service("first", "default", {"spec": {"type": "ClusterIP"}})
    service("second", type="NodePort", ports=ports)
    core.delete_namespaced_service("first", "default")
    service("third", clusterIP=address)
    assert service("headless", clusterIP="None").spec.cluster_ips == ["None"]


def accounts():
    """A token lets in, as long as its account is there, to what its roles allow."""
    core.create_namespaced_service_account("default", {"metadata": {"name": "robot"}})
    body = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    token = core.create_namespaced_service_account_token("robot", "default", body).status.token
    ours = client.Configuration.get_default_copy()
    own = client.Configuration(host=ours.host)
    own.ssl_ca_cert, own.api_key = ours.ssl_ca_cert, {"authorization": f"Bearer {token}"}
    robot = client.CoreV1Api(client.ApiClient(own))
    refused(403, "Forbidden", lambda: robot.list_namespaced_pod("default"))
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    rbac.create_namespaced_role("default", {"metadata": {"name": "lister"}, "rules": rules})
    role = {"kind": "Role", "name": "lister", "apiGroup": "rbac.authorization.k8s.io"}
    subjects = [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}]
    binding = {"metadata": {"name": "lister"}, "roleRef": role, "subjects": subjects}
    rbac.create_namespaced_role_binding("default", binding)
    robot.list_namespaced_pod("default")
    review = client.AuthenticationV1Api().create_token_review({"spec": {"token": token}})
    assert review.status.user.username == "system:serviceaccount:default:robot", review.status
    core.delete_namespaced_service_account("robot", "default")
    refused(401, "Unauthorized", lambda: robot.list_namespaced_pod("default"))


def fields():
    """Server-side apply: who wants a field owns it, and takes it along when it wants it no longer."""
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager, values, **options):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ours"}, "data": values}
        maps.server_side_apply(body, name="ours", namespace="default", field_manager=manager, **options)

    apply("one", {"a": "1", "b": "2"})
    try:
        apply("two", {"a": "9"})
        raise AssertionError("no conflict")
    except dynamic.exceptions.ConflictError as error:
        causes = json.loads(error.body)["details"]["causes"]
        expected = {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}
        assert causes == [expected], causes
    apply("two", {"a": "9"}, force_conflicts=True)
    apply("one", {})
    found = read("ours")
    assert found.data == {"a": "9"}, found.data
    assert {"f:data": {"f:a": {}}} in [entry.fields_v1 for entry in found.metadata.managed_fields]


def evictions():
    """A budget of disruptions is obeyed."""
    pod = {"metadata": {"name": "solo", "labels": {"app": "solo"}}, "spec": {"containers": [{"name": "a", "image": "x:1"}]}}
    core.create_namespaced_pod("default", pod)
    core.patch_namespaced_pod_status("solo", "default", {"status": {"phase": "Running"}})
    budget = {"metadata": {"name": "solo"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "solo"}}}}
    client.PolicyV1Api().create_namespaced_pod_disruption_budget("default", budget)
    eviction = {"metadata": {"name": "solo"}}
    status = refused(429, "TooManyRequests", lambda: core.create_namespaced_pod_eviction("solo", "default", eviction))
    assert status["details"]["causes"][0]["reason"] == "DisruptionBudget", status
    client.PolicyV1Api().delete_namespaced_pod_disruption_budget("solo", "default")
    core.create_namespaced_pod_eviction("solo", "default", eviction)
    refused(404, "NotFound", lambda: core.read_namespaced_pod("solo", "default"))


def lists():
    """Everything can be listed."""
    client.StorageV1Api().list_storage_class()
    client.BatchV1Api().list_job_for_all_namespaces()
    client.NetworkingV1Api().list_ingress_for_all_namespaces()
    client.AutoscalingV1Api().list_horizontal_pod_autoscaler_for_all_namespaces()
    client.AutoscalingV2Api().list_horizontal_pod_autoscaler_for_all_namespaces()
    core.list_pod_for_all_namespaces(field_selector="status.phase=Running,spec.nodeName=x")
    core.list_namespaced_event("default", field_selector="involvedObject.name=web")
    refused(400, "BadRequest", lambda: core.list_namespaced_pod("default", field_selector="spec.image=x"))


for part in (versions, pages, watches, ends, workloads, services, accounts, fields, evictions, lists):
    part()
