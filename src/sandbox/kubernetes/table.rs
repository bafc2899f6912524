//! Tables for people, as `kubectl get` shows them.

use serde_json::{Value as Json, json};

use super::cells::{self, seconds};
use super::kinds::Kind;
use super::path_expression;
use crate::clock::{real_now, rfc3339};

/// In what shape objects are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// As they are.
    Whole,
    /// Their metadata alone.
    Metadata,
    /// Rows of a table, each with so much of its object.
    Table(Include),
}

/// What of its object a row has.
#[derive(Clone, Debug, PartialEq)]
pub enum Include {
    /// Nothing.
    None,
    /// Metadata.
    Metadata,
    /// All of it.
    Object,
}

impl Shape {
    /// Reads what a client accepts.
    pub fn read(accept: &str, include: &str) -> Shape {
        let first = accept.split(',').map(|one| one.replace(' ', "")).find(|one| one.starts_with("application/json"));
        let first = first.unwrap_or_default();
        let include = match include {
            "None" => Include::None,
            "Object" => Include::Object,
            _ => Include::Metadata,
        };
        if first.contains("as=Table") {
            Shape::Table(include)
        } else if first.contains("as=PartialObjectMetadata") {
            Shape::Metadata
        } else {
            Shape::Whole
        }
    }
}

/// Shows one object.
pub fn shaped(kind: &Kind, object: Json, shape: &Shape) -> Json {
    match shape {
        Shape::Whole => object,
        Shape::Metadata => partial(&object),
        Shape::Table(include) => {
            let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            table(kind, &[object], metadata, include)
        }
    }
}

/// Returns the metadata of an object.
pub fn partial(object: &Json) -> Json {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// Columns, a line for each kind: group (`-` is the core) and resource; then names, each with the path of what it shows or a
/// word for what has to be worked out. `_` is a space, `+` is shown with `-o wide` only, `#` is a number.
const COLUMNS: &str = "
- pods Ready=%ready_containers Status=%pod Restarts=%restarts Age=%age +IP=/status/podIP +Node=/spec/nodeName \
  +Nominated_Node=/status/nominatedNodeName +Readiness_Gates=%gates
- podtemplates Containers=%names Images=%images Pod_Labels=%template_labels
- replicationcontrollers Desired=#/spec/replicas Current=#/status/replicas Ready=#/status/readyReplicas Age=%age \
  +Containers=%names +Images=%images +Selector=%selector
- services Type=/spec/type Cluster-IP=/spec/clusterIP External-IP=%external Port(s)=%ports Age=%age +Selector=%selector
- endpoints Endpoints=%endpoints Age=%age
- nodes Status=%node Roles=%roles Age=%age Version=/status/nodeInfo/kubeletVersion +Internal-IP=%internal_address \
  +External-IP=%external_address +OS-Image=/status/nodeInfo/osImage +Kernel-Version=/status/nodeInfo/kernelVersion \
  +Container-Runtime=/status/nodeInfo/containerRuntimeVersion
- events Last_Seen=%last_seen Type=/type Reason=/reason Object=%involved +Subobject=/involvedObject/fieldPath \
  +Source=%source Message=/message +First_Seen=%first_seen +Count=%count +Name=/metadata/name
- namespaces Status=/status/phase Age=%age
- secrets Type=/type Data=%data Age=%age
- configmaps Data=%data Age=%age
- serviceaccounts Secrets=%secrets Age=%age
- persistentvolumes Capacity=/spec/capacity/storage Access_Modes=%modes Reclaim_Policy=/spec/persistentVolumeReclaimPolicy \
  Status=%volume Claim=%claim StorageClass=/spec/storageClassName \
  VolumeAttributesClass=/spec/volumeAttributesClassName?<unset> Reason=/status/reason Age=%age +VolumeMode=/spec/volumeMode
- persistentvolumeclaims Status=%volume Volume=/spec/volumeName Capacity=/status/capacity/storage Access_Modes=%modes \
  StorageClass=/spec/storageClassName VolumeAttributesClass=/spec/volumeAttributesClassName?<unset> Age=%age \
  +VolumeMode=/spec/volumeMode
- resourcequotas Request=%quota_requests Limit=%quota_limits Age=%age
- limitranges Created_At=/metadata/creationTimestamp
apps deployments Ready=%ready Up-to-date=#/status/updatedReplicas Available=#/status/availableReplicas Age=%age \
  +Containers=%names +Images=%images +Selector=%selector
apps statefulsets Ready=%ready Age=%age +Containers=%names +Images=%images
apps replicasets Desired=#/spec/replicas Current=#/status/replicas Ready=#/status/readyReplicas Age=%age \
  +Containers=%names +Images=%images +Selector=%selector
apps daemonsets Desired=#/status/desiredNumberScheduled Current=#/status/currentNumberScheduled \
  Ready=#/status/numberReady Up-to-date=#/status/updatedNumberScheduled Available=#/status/numberAvailable \
  Node_Selector=%node_selector Age=%age +Containers=%names +Images=%images +Selector=%selector
apps controllerrevisions Controller=%owner Revision=/revision Age=%age
batch jobs Status=%job Completions=%completions Duration=%duration Age=%age +Containers=%names +Images=%images \
  +Selector=%selector
batch cronjobs Schedule=/spec/schedule Timezone=/spec/timeZone Suspend=%suspend Active=%active \
  Last_Schedule=%last_schedule Age=%age +Containers=%names +Images=%images +Selector=%selector
autoscaling horizontalpodautoscalers Reference=%reference Targets=%targets MinPods=/spec/minReplicas?<unset> \
  MaxPods=/spec/maxReplicas Replicas=#/status/currentReplicas Age=%age
policy poddisruptionbudgets Min_Available=/spec/minAvailable?N/A Max_Unavailable=/spec/maxUnavailable?N/A \
  Allowed_Disruptions=#/status/disruptionsAllowed Age=%age
networking.k8s.io ingresses Class=/spec/ingressClassName Hosts=%hosts Address=%address Ports=%ingress_ports Age=%age
networking.k8s.io ingressclasses Controller=/spec/controller Parameters=%parameters Age=%age
networking.k8s.io networkpolicies Pod-Selector=%pod_selector Age=%age
networking.k8s.io ipaddresses ParentRef=%parent
networking.k8s.io servicecidrs CIDRs=%ranges Age=%age
rbac.authorization.k8s.io roles Created_At=/metadata/creationTimestamp
rbac.authorization.k8s.io clusterroles Created_At=/metadata/creationTimestamp
rbac.authorization.k8s.io rolebindings Role=%role Age=%age +Users=%users +Groups=%groups +ServiceAccounts=%accounts
rbac.authorization.k8s.io clusterrolebindings Role=%role Age=%age +Users=%users +Groups=%groups +ServiceAccounts=%accounts
certificates.k8s.io certificatesigningrequests Age=%age SignerName=/spec/signerName Requestor=/spec/username \
  RequestedDuration=/spec/expirationSeconds Condition=%request
coordination.k8s.io leases Holder=/spec/holderIdentity Age=%age
discovery.k8s.io endpointslices AddressType=/addressType Ports=%slice_ports Endpoints=%slice_endpoints Age=%age
storage.k8s.io storageclasses Provisioner=/provisioner ReclaimPolicy=/reclaimPolicy?Delete \
  VolumeBindingMode=/volumeBindingMode?Immediate AllowVolumeExpansion=/allowVolumeExpansion?false Age=%age
storage.k8s.io csidrivers AttachRequired=/spec/attachRequired?true PodInfoOnMount=/spec/podInfoOnMount?false \
  StorageCapacity=/spec/storageCapacity?false TokenRequests=/spec/tokenRequests?<unset> \
  RequiresRepublish=/spec/requiresRepublish?false Modes=%driver_modes Age=%age
storage.k8s.io csinodes Drivers=%drivers Age=%age
storage.k8s.io csistoragecapacities StorageClassName=/storageClassName Capacity=/capacity
storage.k8s.io volumeattachments Attacher=/spec/attacher PV=/spec/source/persistentVolumeName Node=/spec/nodeName \
  Attached=/status/attached Age=%age
scheduling.k8s.io priorityclasses Value=/value Global-Default=/globalDefault?false Age=%age PreemptionPolicy=/preemptionPolicy
node.k8s.io runtimeclasses Handler=/handler Age=%age
admissionregistration.k8s.io mutatingwebhookconfigurations Webhooks=%webhooks Age=%age
admissionregistration.k8s.io validatingwebhookconfigurations Webhooks=%webhooks Age=%age
apiextensions.k8s.io customresourcedefinitions Created_At=/metadata/creationTimestamp
apiregistration.k8s.io apiservices Service=%service Available=%available Age=%age
";

/// A column of a table.
struct Column {
    name: String,
    what: What,
    is_wide: bool,
}

/// What a cell shows.
enum What {
    /// What the table above says.
    Fixed(&'static str),
    /// What an expression of a definition finds; as an age, if it is a date.
    Found(String, bool),
}

fn columns(kind: &Kind) -> Vec<Column> {
    let column = |name: &str, what: What| {
        let is_wide = name.starts_with('+');
        Column { name: name.trim_start_matches('+').replace('_', " "), what, is_wide }
    };
    let mut columns = Vec::new();
    let group = if kind.group.is_empty() { "-" } else { &kind.group };
    let own = |line: &&str| line.split(' ').take(2).eq([group, &*kind.plural]);
    match (custom(kind), COLUMNS.lines().find(own)) {
        (Some(custom), _) => columns = custom,
        (None, Some(line)) => {
            let pairs = line.split_whitespace().skip(2).filter_map(|pair| pair.split_once('='));
            columns.extend(pairs.map(|(name, what)| column(name, What::Fixed(what))));
        }
        (None, None) => columns.push(column("Age", What::Fixed("%age"))),
    }
    if !(kind.kind == "Event" && kind.custom.is_none()) {
        let name = if kind.kind == "StorageClass" { "%class_name" } else { "/metadata/name" };
        columns.insert(0, column("Name", What::Fixed(name)));
    }
    columns
}

/// The columns that a definition asks for.
fn custom(kind: &Kind) -> Option<Vec<Column>> {
    let columns = kind.custom.as_ref()?["additionalPrinterColumns"].as_array()?;
    let column = |column: &Json| {
        let (name, path) = (column["name"].as_str()?.to_owned(), column["jsonPath"].as_str()?.to_owned());
        let is_wide = column["priority"].as_u64().is_some_and(|priority| priority > 0);
        Some(Column { name, what: What::Found(path, column["type"] == "date"), is_wide })
    };
    Some(columns.iter().filter_map(column).collect())
}

/// Makes a table.
pub fn table(kind: &Kind, objects: &[Json], metadata: Json, include: &Include) -> Json {
    let columns = columns(kind);
    let definitions: Vec<Json> = columns
        .iter()
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({
                "name": column.name, "type": "string", "format": format, "description": "",
                "priority": i32::from(column.is_wide),
            })
        })
        .collect();
    let now = seconds(&rfc3339(real_now())).unwrap_or_default();
    let rows: Vec<Json> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Json> = columns.iter().map(|column| cell(object, &column.what, now)).collect();
            match include {
                Include::None => json!({"cells": cells}),
                Include::Metadata => json!({"cells": cells, "object": partial(object)}),
                Include::Object => json!({"cells": cells, "object": object}),
            }
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn cell(object: &Json, what: &What, now: u64) -> Json {
    match what {
        What::Fixed(what) => cells::cell(object, what, now).into(),
        What::Found(path, is_age) => {
            let found = path_expression::find(object, path);
            match &*found {
                [] => Json::Null,
                [Json::String(time)] if *is_age => cells::age(time, now).into(),
                [Json::String(text)] => text.clone().into(),
                [one] => one.to_string().into(),
                many => {
                    let texts: Vec<String> = many.iter().map(|one| cells::shown(one)).collect();
                    texts.join(",").into()
                }
            }
        }
    }
}
