//! Services of type LoadBalancer, Ingresses and Gateways: load balancers of the cloud, and their addresses.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::work::{Of, SERVICES, Work, annotation, is_ending, place};
use super::{Controller, Event};
use crate::kubernetes::cloud::{Balancer, BalancerWanted};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const INGRESSES: Of = Of("networking.k8s.io", "ingresses");
const INGRESS_CLASSES: Of = Of("networking.k8s.io", "ingressclasses");
const SOURCE: &str = "service-controller";
const SERVICE_HELD: &str = "service.kubernetes.io/load-balancer-cleanup";
const INGRESS_HELD: &str = "ingress.k8s.aws/resources";
/// After how long something that the cloud refused is asked for again.
const RETRY: Duration = Duration::from_secs(30);
/// How often.
const RETRIES_MAX: u64 = 20;
/// Classes of load balancers that the cloud serves beside its usual one.
const CLASSES: &[&str] = &["eks.amazonaws.com/nlb", "service.k8s.aws/nlb"];

/// The controller of Services of type LoadBalancer.
pub struct Balancers;

impl Controller for Balancers {
    fn name(&self) -> &'static str {
        "balancers"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "services")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        let is_one = |service: &Json| service["spec"]["type"] == "LoadBalancer" || held(service, SERVICE_HELD);
        if is_one(event.before()) || is_one(event.after()) {
            keys.push((event.namespace.to_owned(), event.name.to_owned()));
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(service) = work.get(SERVICES, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        let class = text(&service, "/spec/loadBalancerClass");
        let is_wanted = service["spec"]["type"] == "LoadBalancer"
            && !is_ending(&service)
            && (class.is_empty() || CLASSES.contains(&class))
            && has_balancers(work);
        if is_wanted {
            let service = work.set_finalizer(SERVICES, &service, SERVICE_HELD, true)?;
            return ensure(work, &service);
        }
        if !held(&service, SERVICE_HELD) {
            return Ok(());
        }
        if work.notes("balancers", &namespace, &name)["ending"].is_null() {
            work.event(&service, (SOURCE, "DeletingLoadBalancer"), "Deleting load balancer");
            work.keep(&json!({"ending": true}));
        }
        let uid = text(&service, "/metadata/uid").to_owned();
        let cloud = work.cloud;
        if let Some(wait) = cloud.and_then(|cloud| cloud.delete_balancer(&mut work.asked(), "service", &uid)) {
            work.again(wait);
            return Ok(());
        }
        work.keep(&Json::Null);
        work.event(&service, (SOURCE, "DeletedLoadBalancer"), "Deleted load balancer");
        let service = work.set_status(SERVICES, &service, json!({"loadBalancer": {}}));
        let service = work.get(SERVICES, &namespace, &name).unwrap_or(service);
        work.set_finalizer(SERVICES, &service, SERVICE_HELD, false).map(drop)
    }
}

/// Tells whether the cluster is in a cloud that makes load balancers.
pub fn has_balancers(work: &Work<'_, '_>) -> bool {
    work.cloud.is_some_and(|cloud| cloud.has_balancers())
}

fn held(object: &Json, word: &str) -> bool {
    object["metadata"]["finalizers"].as_array().is_some_and(|all| all.iter().any(|one| one == word))
}

/// Makes the load balancer of a service, or brings it in line.
fn ensure(work: &mut Work<'_, '_>, service: &Json) -> Result<(), Stop> {
    let (namespace, name) = place(service);
    let uid = text(service, "/metadata/uid");
    let protocol = |port: &Json| if port["protocol"] == "UDP" { "UDP" } else { "TCP" };
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let ports = ports.filter_map(|port| Some((port["port"].as_u64()?.try_into().ok()?, protocol(port))));
    let sources = service["spec"]["loadBalancerSourceRanges"].as_array().into_iter().flatten();
    let sources: Vec<String> = sources.filter_map(|source| source.as_str().map(str::to_owned)).collect();
    let wanted = BalancerWanted {
        kind: "service",
        of: (&namespace, &name, uid),
        annotations: &service["metadata"]["annotations"],
        ports: ports.collect(),
        sources: if sources.is_empty() { vec!["0.0.0.0/0".to_owned()] } else { sources },
    };
    let noted = work.notes("balancers", &namespace, &name);
    if noted.is_null() {
        work.event(service, (SOURCE, "EnsuringLoadBalancer"), "Ensuring load balancer");
    }
    match ask(work, &wanted, &noted) {
        Answer::Wait => Ok(()),
        Answer::Refused(why) => {
            let message = format!("Error syncing load balancer: failed to ensure load balancer: {why}");
            work.event(service, (SOURCE, "SyncLoadBalancerFailed"), &message);
            Ok(())
        }
        Answer::Ready(address) => {
            if noted["done"].is_null() {
                work.event(service, (SOURCE, "EnsuredLoadBalancer"), "Ensured load balancer");
                work.keep(&json!({"done": true}));
            }
            let mut status = service["status"].as_object().cloned().map_or_else(|| json!({}), Json::Object);
            status["loadBalancer"] = json!({"ingress": [ingress(&address)]});
            work.set_status(SERVICES, service, status);
            Ok(())
        }
    }
}

/// Writes an address as a host's name or as a number.
fn ingress(address: &str) -> Json {
    if address.parse::<std::net::IpAddr>().is_ok() { json!({"ip": address}) } else { json!({"hostname": address}) }
}

/// What became of a question to the cloud.
enum Answer {
    Wait,
    Refused(String),
    Ready(String),
}

/// Asks the cloud for a load balancer, and plans when to ask again.
fn ask(work: &mut Work<'_, '_>, wanted: &BalancerWanted<'_>, noted: &Json) -> Answer {
    let Some(cloud) = work.cloud else { return Answer::Wait };
    let now = work.now();
    match cloud.balancer(&mut work.asked(), wanted) {
        Ok(Balancer::Ready(address)) => Answer::Ready(address),
        Ok(Balancer::Making(wait)) => {
            if noted["due"].as_u64().is_none_or(|due| due <= now) {
                work.again(wait);
                work.keep(&json!({"due": now + wait.as_millis() as u64}));
            }
            Answer::Wait
        }
        Err(why) => {
            let times = noted["times"].as_u64().unwrap_or_default();
            if noted["due"].as_u64().is_none_or(|due| due <= now) && times < RETRIES_MAX {
                work.again(RETRY);
                work.keep(&json!({"due": now + RETRY.as_millis() as u64, "times": times + 1}));
                return Answer::Refused(why);
            }
            Answer::Wait
        }
    }
}

/// The controller of Ingresses.
pub struct Ingresses;

impl Controller for Ingresses {
    fn name(&self) -> &'static str {
        "ingresses"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("networking.k8s.io", "ingresses")]
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(ingress) = work.get(INGRESSES, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&ingress) {
            let uid = text(&ingress, "/metadata/uid").to_owned();
            let cloud = work.cloud;
            if let Some(wait) = cloud.and_then(|cloud| cloud.delete_balancer(&mut work.asked(), "ingress", &uid)) {
                work.again(wait);
                return Ok(());
            }
            return work.set_finalizer(INGRESSES, &ingress, INGRESS_HELD, false).map(drop);
        }
        // Without a controller in the cluster nobody serves it.
        if !is_served(work, &ingress) || !has_balancers(work) {
            return Ok(());
        }
        let ingress = work.set_finalizer(INGRESSES, &ingress, INGRESS_HELD, true)?;
        let has_tls = ingress["spec"]["tls"].as_array().is_some_and(|tls| !tls.is_empty());
        let wanted = BalancerWanted {
            kind: "ingress",
            of: (&namespace, &name, text(&ingress, "/metadata/uid")),
            annotations: &ingress["metadata"]["annotations"],
            ports: if has_tls { vec![(80, "TCP"), (443, "TCP")] } else { vec![(80, "TCP")] },
            sources: vec!["0.0.0.0/0".to_owned()],
        };
        let noted = work.notes("ingresses", &namespace, &name);
        match ask(work, &wanted, &noted) {
            Answer::Wait => {}
            Answer::Refused(why) => {
                work.event(&ingress, ("ingress", "FailedDeployModel"), &format!("Failed deploy model due to {why}"));
            }
            Answer::Ready(address) => {
                work.set_status(INGRESSES, &ingress, json!({"loadBalancer": {"ingress": [self::ingress(&address)]}}));
            }
        }
        Ok(())
    }
}

/// Tells whether there is a class for an Ingress, which says that something serves it.
fn is_served(work: &Work<'_, '_>, ingress: &Json) -> bool {
    let named = text(ingress, "/spec/ingressClassName");
    let named =
        if named.is_empty() { annotation(ingress, "kubernetes.io/ingress.class").unwrap_or_default() } else { named };
    if !named.is_empty() {
        return work.has(INGRESS_CLASSES, "", named);
    }
    let is_default = |class: &Json| annotation(class, "ingressclass.kubernetes.io/is-default-class") == Some("true");
    work.list(INGRESS_CLASSES, "", "").iter().any(is_default)
}
