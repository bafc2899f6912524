//! What objects of Kubernetes cost and disrupt: volumes, load balancers, and pods that go and come.

use ecow::EcoString;
use std::time::Duration;

use sdk::value::Value;
use sdk::{Charge, Costs, Course, Disruption, Meaning, Outlook, Prospect, Quantity, Word};

/// How long a pod usually takes until it is ready; images are fetched meanwhile.
const POD_READY: Duration = Duration::from_secs(45);
/// So many pods are counted at most that come one after the other.
const PODS_MAX: u64 = 100;
/// What a class is marked with that claims get which name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Returns a part of an object, by the names of the members that lead to it; null where there is none.
pub(crate) fn at(object: &Value, path: &[&str]) -> Value {
    path.iter().fold(object.clone(), |object, name| object.attribute(name).unwrap_or(Value::NULL))
}

fn text(object: &Value, path: &[&str]) -> Option<String> {
    at(object, path).as_str().map(str::to_owned)
}

fn count(object: &Value, path: &[&str], otherwise: u64) -> Quantity {
    let found = at(object, path);
    if found.is_null() {
        return Quantity::exactly(otherwise);
    }
    let number = found.as_number().and_then(|number| number.to_i64());
    Quantity::of(number.and_then(|number| u64::try_from(number).ok()))
}

/// Returns what an object costs that a manifest describes.
pub(crate) fn of_manifest(manifest: &Value) -> Costs {
    let charges = match text(manifest, &["kind"]).as_deref() {
        Some("PersistentVolumeClaim") => vec![claim(manifest)],
        Some("StatefulSet") => {
            let pods = count(manifest, &["spec", "replicas"], 1);
            let templates = at(manifest, &["spec", "volumeClaimTemplates"]);
            let templates = templates.as_sequence().unwrap_or_default().iter();
            templates.map(|template| multiplied(claim(template), pods)).collect()
        }
        Some("Service") => balancer(manifest).into_iter().collect(),
        Some("StorageClass") => return of_storage_class(manifest),
        _ => vec![],
    };
    Costs { charges, meanings: vec![] }
}

fn multiplied(charge: Charge, by: Quantity) -> Charge {
    let quantity = charge.quantity.times(by);
    charge.times(quantity)
}

fn claim(claim: &Value) -> Charge {
    let class = at(claim, &["spec", "storageClassName"]);
    let class = if class.is_null() { Some(EcoString::new()) } else { class.as_str().map(EcoString::from) };
    let size = text(claim, &["spec", "resources", "requests", "storage"]);
    Charge::meant("storage-class", class).times(Quantity::of(size.as_deref().and_then(gigabytes)))
}

fn balancer(service: &Value) -> Option<Charge> {
    if text(service, &["spec", "type"]).as_deref() != Some("LoadBalancer") {
        return None;
    }
    let annotation = text(service, &["metadata", "annotations", "service.beta.kubernetes.io/aws-load-balancer-type"]);
    let is_network = annotation.is_some_and(|kind| matches!(kind.as_str(), "nlb" | "nlb-ip" | "external"))
        || text(service, &["spec", "loadBalancerClass"]).is_some_and(|class| class.ends_with("/nlb"));
    Some(Charge::meant("load-balancer", Some(if is_network { "network" } else { "" }.into())))
}

fn of_storage_class(manifest: &Value) -> Costs {
    let is_default = text(manifest, &["metadata", "annotations", DEFAULT_CLASS]).as_deref() == Some("true");
    let parameter = at(manifest, &["parameters", "type"]);
    let provisioner = text(manifest, &["provisioner"]);
    storage_class(text(manifest, &["metadata", "name"]), is_default, provisioner.as_deref(), &parameter)
}

/// Returns what claims of a class cost; the class costs nothing itself.
pub(crate) fn storage_class(name: Option<String>, is_default: bool, provisioner: Option<&str>, kind: &Value) -> Costs {
    let charges = match (provisioner, kind.as_str()) {
        (Some("ebs.csi.aws.com" | "ebs.csi.eks.amazonaws.com"), Some(kind)) => vec![format!("aws/ebs/{kind}")],
        (Some("ebs.csi.aws.com" | "ebs.csi.eks.amazonaws.com"), None) if kind.is_null() => {
            vec!["aws/ebs/gp3".to_owned()]
        }
        (Some("kubernetes.io/aws-ebs"), Some(kind)) => vec![format!("aws/ebs/{kind}")],
        // These are folders of the nodes.
        (Some("rancher.io/local-path" | "kubernetes.io/no-provisioner"), _) => vec![],
        _ => return Costs::default(),
    };
    let charges: Vec<Charge> = charges.into_iter().map(|item| Charge::listed(item, None)).collect();
    let names = [name.map(EcoString::from), is_default.then(EcoString::new)].into_iter().flatten();
    let meaning =
        |name| Meaning { word: Word { kind: "storage-class".into(), name: Some(name) }, charges: charges.clone() };
    Costs { charges: vec![], meanings: names.map(meaning).collect() }
}

/// Returns the outlook of a `kubernetes_storage_class`.
pub(crate) fn of_class_resource(object: &Value) -> Costs {
    let metadata = crate::json::first_block(object, "metadata").unwrap_or(Value::NULL);
    let is_default = text(&metadata, &["annotations", DEFAULT_CLASS]).as_deref() == Some("true");
    let kind = match at(object, &["parameters"]).as_entries() {
        Some(entries) => {
            entries.into_iter().find(|(name, _)| *name == "type").map_or(Value::NULL, |(_, kind)| kind.clone())
        }
        None => at(object, &["parameters"]),
    };
    storage_class(text(&metadata, &["name"]), is_default, text(object, &["storage_provisioner"]).as_deref(), &kind)
}

/// Reads a quantity of Kubernetes and returns it in GiB, rounded up: clouds sell no less.
fn gigabytes(text: &str) -> Option<u64> {
    let bytes = match text.parse::<f64>() {
        Ok(bytes) => bytes,
        Err(_) => {
            let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
            let (base, prefix) = unit.strip_suffix('i').map_or((1000.0, unit), |prefix| (1024.0, prefix));
            let power = ["k", "M", "G", "T", "P", "E"].iter().position(|known| known.eq_ignore_ascii_case(prefix))?;
            number.parse::<f64>().ok()? * f64::powi(base, power as i32 + 1)
        }
    };
    (0.0..1e24).contains(&bytes).then(|| (bytes / f64::powi(1024.0, 3)).ceil() as u64)
}

/// Returns what a change of an object that a manifest describes is like for its users.
pub(crate) fn outlook(prospect: Prospect<'_>) -> Outlook {
    let (before, after) = (at(prospect.prior, &["manifest"]), at(prospect.planned, &["manifest"]));
    let manifest = if after.is_null() { &before } else { &after };
    let kind = text(manifest, &["kind"]).unwrap_or_default();
    let runs = matches!(kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
    let holds = runs || matches!(kind.as_str(), "Service" | "PersistentVolumeClaim" | "Namespace");
    let template = ["spec", "template"];
    let rolls = runs && at(&before, &template) != at(&after, &template);
    let stops_first = text(&after, &["spec", "strategy", "type"]).as_deref() == Some("Recreate");
    let disruption = match prospect.course {
        Course::Delete | Course::DeleteThenCreate if holds => Disruption::Outage,
        Course::Update if rolls && stops_first => Disruption::Outage,
        Course::Update if rolls => Disruption::Rolling,
        _ => Disruption::None,
    };
    let is_made = prospect.course != Course::Delete && (rolls || prospect.course != Course::Update);
    let typical =
        (runs && is_made && is_waited_for(prospect.planned)).then(|| POD_READY * in_turn(&kind, &after, prospect));
    Outlook { disruption, typical, ..Outlook::default() }
}

/// Returns how many pods come one after the other.
fn in_turn(kind: &str, manifest: &Value, prospect: Prospect<'_>) -> u32 {
    let is_parallel = text(manifest, &["spec", "podManagementPolicy"]).as_deref() == Some("Parallel");
    let pods = count(manifest, &["spec", "replicas"], 1).most.unwrap_or(1).clamp(1, PODS_MAX) as u32;
    match prospect.course {
        _ if kind != "StatefulSet" => 1,
        Course::Update => pods,
        _ if is_parallel => 1,
        _ => pods,
    }
}

fn is_waited_for(planned: &Value) -> bool {
    let wait = crate::json::first_block(planned, "wait").unwrap_or(Value::NULL);
    at(&wait, &["rollout"]).as_bool() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::{gigabytes, of_manifest, outlook};
    use crate::json::from_json;
    use sdk::value::Value;
    use sdk::{Course, Disruption, Item, Prospect, Quantity};
    use serde_json::{Value as Json, json};

    fn check(manifest: Json, charges: &[(&str, u64)]) {
        let found = of_manifest(&from_json(&manifest)).charges;
        let found = found.iter().map(|charge| match &charge.item {
            Item::Meant(word) => {
                assert_eq!(charge.quantity.most, Some(charge.quantity.least));
                (format!("{} {}", word.kind, word.name.as_deref().unwrap_or("?")), charge.quantity.least)
            }
            Item::Listed(item) => (item.to_string(), charge.quantity.least),
        });
        let expected = charges.iter().map(|(item, quantity)| ((*item).to_owned(), *quantity));
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn claims_cost_by_their_class_and_size() {
        let spec =
            |class: Json, size: &str| json!({"storageClassName": class, "resources": {"requests": {"storage": size}}});
        check(
            json!({"kind": "PersistentVolumeClaim", "spec": spec("ssd".into(), "10Gi")}),
            &[("storage-class ssd", 10)],
        );
        check(json!({"kind": "PersistentVolumeClaim", "spec": spec(Json::Null, "1.5Ti")}), &[("storage-class ", 1536)]);
        let set = json!({"replicas": 3, "volumeClaimTemplates": [{"spec": spec("hdd".into(), "500Mi")}]});
        check(json!({"kind": "StatefulSet", "spec": set}), &[("storage-class hdd", 3)]);
        check(json!({"kind": "ConfigMap"}), &[]);
    }

    #[test]
    fn what_is_not_known_of_a_claim_is_unknown() {
        let unknown = Value::unknown(sdk::value::Type::Dynamic);
        let spec = Value::object([("storageClassName", unknown.clone()), ("resources", unknown.clone())]);
        let claim = Value::object([("kind", Value::string("PersistentVolumeClaim")), ("spec", spec)]);
        let charge = &of_manifest(&claim).charges[0];
        assert_eq!(charge.quantity, Quantity::UNKNOWN);
        assert!(matches!(&charge.item, Item::Meant(word) if word.name.is_none()));
        assert!(of_manifest(&unknown).charges.is_empty());
    }

    #[test]
    fn load_balancers_are_told_apart() {
        let service = |annotations: Json| json!({"kind": "Service", "metadata": {"annotations": annotations}, "spec": {"type": "LoadBalancer"}});
        check(service(json!({})), &[("load-balancer ", 1)]);
        let network = json!({"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"});
        check(service(network), &[("load-balancer network", 1)]);
        check(json!({"kind": "Service", "spec": {"type": "ClusterIP"}}), &[]);
    }

    #[test]
    fn sizes_are_rounded_up_to_what_is_sold() {
        assert_eq!(
            ["1", "1Gi", "1G", "100G", "2Ti", "3e9", "1Ei", "x", "1x", "-1", "inf"].map(gigabytes),
            [Some(1), Some(1), Some(1), Some(94), Some(2048), Some(3), Some(1 << 30), None, None, None, None]
        );
    }

    #[test]
    fn pods_that_are_made_anew_disrupt() {
        let set = |image: &str, strategy: &str| {
            let manifest = json!({"kind": "Deployment", "spec": {"strategy": {"type": strategy}, "template": image}});
            Value::object([("manifest", from_json(&manifest))])
        };
        let check = |course, prior: &Value, planned: &Value, expected| {
            assert_eq!(outlook(Prospect { course, prior, planned, private: &[] }).disruption, expected);
        };
        let (old, new) = (set("a", "RollingUpdate"), set("b", "RollingUpdate"));
        check(Course::Update, &old, &new, Disruption::Rolling);
        check(Course::Update, &old, &old, Disruption::None);
        check(Course::Update, &old, &set("b", "Recreate"), Disruption::Outage);
        check(Course::DeleteThenCreate, &old, &new, Disruption::Outage);
        check(Course::Create, &Value::NULL, &new, Disruption::None);
    }
}
