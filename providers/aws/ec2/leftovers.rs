//! What the controllers of a cluster made in EC2 and ELB, and nobody takes away any more once the cluster is gone.
//!
//! Only what bears the cluster's mark and was made by a known controller is touched: people put the same mark on what is
//! theirs. Volumes are never deleted here, as nobody knows what their data is worth; they are told.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value as Json;

use super::client::{CLASSIC_ELB, EC2, ELB, Parameters, Service, call, call_of, is_missing, list};
use super::xml;
use crate::fault::{Answer, Fault};
use crate::managed::Work;
use crate::polling::Waiting;
use crate::tags::Tags;

/// How long to wait for what was told to go.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Load balancers whose tags are asked for at once; ELB takes no more.
const TAGS_AT_ONCE: usize = 20;
/// Pages of a list of load balancers.
const PAGES_MAX: usize = 100;
/// Tags by which controllers say what in the cluster something belongs to.
const MADE_FOR: &[&str] = &[
    "kubernetes.io/service-name",
    "service.k8s.aws/stack",
    "service.eks.amazonaws.com/stack",
    "ingress.k8s.aws/stack",
    "ingress.eks.amazonaws.com/stack",
    "gateway.k8s.aws.alb/stack",
    "gateway.k8s.aws.nlb/stack",
];

/// A cluster that goes.
pub(crate) struct Owner {
    /// Its name.
    pub(crate) cluster: String,
    /// The VPC that it is in.
    pub(crate) vpc: String,
    /// The security group that EKS made for it.
    pub(crate) group: String,
}

/// A load balancer.
struct Balancer {
    /// What it is deleted by: an ARN, or a name if it is classic.
    id: String,
    name: String,
    is_classic: bool,
}

/// What was seen in one round.
#[derive(Default)]
struct Seen {
    /// What is on its way, or could not be taken away.
    left: Vec<String>,
    /// Something may still go by itself.
    is_going: bool,
}

impl Seen {
    fn add(&mut self, line: String) {
        self.left.push(line);
        self.is_going = true;
    }

    /// Notes what cannot be looked at, or cannot be taken away at all.
    fn fail(&mut self, what: &str, fault: &Fault) {
        self.left.push(format!("{what}: {}", fault.text()));
    }
}

impl Owner {
    /// Deletes the interfaces that the cluster's nodes have left behind.
    pub(crate) async fn free_interfaces(&self, work: &Work<'_>) {
        let mut seen = Seen::default();
        self.interfaces(work, &HashSet::new(), &mut seen).await;
    }

    /// Takes away what is left of a cluster that is gone, waits for it, and returns what stays, a line each.
    pub(crate) async fn sweep(&self, work: &Work<'_>) -> Vec<String> {
        if self.vpc.is_empty() {
            return Vec::new();
        }
        let mut waiting = Waiting::new(&work.at, work.progress, work.at.now() + LIMIT);
        let mut gone: HashSet<String> = HashSet::new();
        loop {
            let mut seen = Seen::default();
            self.balancers(work, &mut gone, &mut seen).await;
            self.interfaces(work, &gone, &mut seen).await;
            self.groups(work, &mut seen).await;
            let named: Vec<&str> = seen.left.iter().take(3).map(String::as_str).collect();
            let phase = format!("waiting until what controllers left is gone: {}", named.join("; "));
            if !seen.is_going || waiting.pause(&phase).await.is_err() {
                seen.left.extend(self.volumes(work).await);
                return seen.left;
            }
        }
    }

    /// Tells whether tags say that a controller of the cluster made what has them.
    fn owns(&self, tags: &Tags) -> bool {
        let is = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
        let is_marked = is("elbv2.k8s.aws/cluster", &self.cluster)
            || is("eks:eks-cluster-name", &self.cluster)
            || is(&format!("kubernetes.io/cluster/{}", self.cluster), "owned");
        is_marked && MADE_FOR.iter().any(|tag| tags.contains_key(*tag))
    }

    async fn balancers(&self, work: &Work<'_>, gone: &mut HashSet<String>, seen: &mut Seen) {
        for is_classic in [false, true] {
            let found = match self.find_balancers(work, is_classic).await {
                Ok(found) => found,
                Err(fault) => {
                    seen.fail("Load balancers could not be looked for", &fault);
                    continue;
                }
            };
            for balancer in found {
                let (service, parameter) =
                    if balancer.is_classic { (&CLASSIC_ELB, "LoadBalancerName") } else { (&ELB, "LoadBalancerArn") };
                let parameters = Parameters::of(&[(parameter, &balancer.id)]);
                let line = format!("{}: load balancer", balancer.name);
                match call_of(service, &work.at, "DeleteLoadBalancer", &parameters).await {
                    Ok(_) => {
                        gone.insert(balancer.name.clone());
                        seen.add(line);
                    }
                    Err(fault) => seen.fail(&line, &fault),
                }
            }
        }
    }

    async fn find_balancers(&self, work: &Work<'_>, is_classic: bool) -> Answer<Vec<Balancer>> {
        let (service, set, id, vpc) = if is_classic {
            (&CLASSIC_ELB, "LoadBalancerDescriptions", "LoadBalancerName", "VPCId")
        } else {
            (&ELB, "LoadBalancers", "LoadBalancerArn", "VpcId")
        };
        let all = marked_pages(work, service, "DescribeLoadBalancers", set).await?;
        let here: Vec<&Json> = all.iter().filter(|one| xml::text(one, vpc) == self.vpc).collect();
        let mut found = Vec::new();
        for some in here.chunks(TAGS_AT_ONCE) {
            let ids: Vec<String> = some.iter().map(|one| xml::text(one, id).to_owned()).collect();
            let mut parameters = Parameters::default();
            let name = if is_classic { "LoadBalancerNames.member" } else { "ResourceArns.member" };
            parameters.add_list(name, &ids);
            let answer = call_of(service, &work.at, "DescribeTags", &parameters).await?;
            for described in xml::list(&answer["DescribeTagsResult"], "TagDescriptions") {
                let own = xml::text(described, if is_classic { "LoadBalancerName" } else { "ResourceArn" });
                let Some(one) = some.iter().find(|one| xml::text(one, id) == own) else { continue };
                if self.owns(&xml::tags(described)) {
                    let name = xml::text(one, "LoadBalancerName").to_owned();
                    found.push(Balancer { id: own.to_owned(), name, is_classic });
                }
            }
        }
        Ok(found)
    }

    /// Deletes interfaces that belong to nothing any more, and sees those of load balancers that are going.
    async fn interfaces(&self, work: &Work<'_>, gone: &HashSet<String>, seen: &mut Seen) {
        let parameters = Parameters::default().filter("vpc-id", std::slice::from_ref(&self.vpc));
        let found = match list(&work.at, "DescribeNetworkInterfaces", "networkInterfaceSet", parameters).await {
            Ok(found) => found,
            Err(fault) => return seen.fail("Network interfaces could not be looked for", &fault),
        };
        for interface in &found {
            let (id, about) = (xml::text(interface, "networkInterfaceId"), xml::text(interface, "description"));
            let line = format!("{id}: network interface ({about})");
            if gone.iter().any(|name| is_of_balancer(about, name)) {
                seen.add(line);
            } else if xml::text(interface, "status") == "available" && self.is_of_node(interface, about) {
                let parameters = Parameters::of(&[("NetworkInterfaceId", id)]);
                match call(&work.at, "DeleteNetworkInterface", &parameters).await {
                    Ok(_) => {}
                    Err(fault) if is_missing(&fault) => {}
                    Err(_) => seen.add(line),
                }
            }
        }
    }

    /// Tells whether an interface was made by the plugin for networks on the cluster's nodes.
    fn is_of_node(&self, interface: &Json, about: &str) -> bool {
        let tags = xml::tags(interface);
        let is_in_group = xml::list(interface, "groupSet")
            .iter()
            .any(|group| !self.group.is_empty() && (*group == self.group || xml::text(group, "groupId") == self.group));
        let is_marked = tags.get("cluster.k8s.amazonaws.com/name").is_some_and(|name| *name == self.cluster);
        is_marked || (about.starts_with("aws-K8S-") && is_in_group)
    }

    async fn groups(&self, work: &Work<'_>, seen: &mut Seen) {
        let parameters = Parameters::default().filter("vpc-id", std::slice::from_ref(&self.vpc));
        let found = match list(&work.at, "DescribeSecurityGroups", "securityGroupInfo", parameters).await {
            Ok(found) => found,
            Err(fault) => return seen.fail("Security groups could not be looked for", &fault),
        };
        for group in &found {
            let (id, name) = (xml::text(group, "groupId"), xml::text(group, "groupName"));
            let tags = xml::tags(group);
            // The shared group of the controller for load balancers belongs to no one of them.
            let is_shared = tags.get("elbv2.k8s.aws/cluster").is_some_and(|cluster| *cluster == self.cluster)
                && tags.get("elbv2.k8s.aws/resource").is_some_and(|what| what == "backend-sg");
            if !(self.owns(&tags) && name.starts_with("k8s-") || is_shared) {
                continue;
            }
            let parameters = Parameters::of(&[("GroupId", id)]);
            match call(&work.at, "DeleteSecurityGroup", &parameters).await {
                Ok(_) => {}
                Err(fault) if is_missing(&fault) => {}
                Err(fault) if fault.is("DependencyViolation") => {
                    forget_group(work, id).await;
                    seen.add(format!("{id}: security group {name}"));
                }
                Err(fault) => seen.fail(&format!("{id}: security group {name}"), &fault),
            }
        }
    }

    async fn volumes(&self, work: &Work<'_>) -> Vec<String> {
        let mark = format!("tag:kubernetes.io/cluster/{}", self.cluster);
        let parameters = Parameters::default().filter(&mark, &["owned".to_owned()]);
        let found = match list(&work.at, "DescribeVolumes", "volumeSet", parameters).await {
            Ok(found) => found,
            Err(fault) => return vec![format!("Volumes could not be looked for: {}", fault.text())],
        };
        let is_there = |volume: &&Json| !matches!(xml::text(volume, "status"), "deleting" | "deleted");
        found.iter().filter(is_there).map(describe_volume).collect()
    }
}

/// Describes a volume that stays.
fn describe_volume(volume: &Json) -> String {
    let tags = xml::tags(volume);
    let tag = |name: &str| tags.get(&format!("kubernetes.io/created-for/{name}")).cloned().unwrap_or_default();
    let (namespace, claim) = (tag("pvc/namespace"), tag("pvc/name"));
    let of = if claim.is_empty() { String::new() } else { format!(", claim {namespace}/{claim}") };
    format!("{}: volume of {}Gi{of}", xml::text(volume, "volumeId"), xml::text(volume, "size"))
}

/// Tells whether an interface's description is that of a load balancer's.
fn is_of_balancer(about: &str, name: &str) -> bool {
    let Some(of) = about.strip_prefix("ELB ") else { return false };
    of == name || of.split('/').nth(1) == Some(name)
}

/// Takes a group out of the rules of others, which hold it: what it stood for is gone.
async fn forget_group(work: &Work<'_>, id: &str) {
    let parameters = Parameters::default().filter("ip-permission.group-id", &[id.to_owned()]);
    let others = list(&work.at, "DescribeSecurityGroups", "securityGroupInfo", parameters).await.unwrap_or_default();
    for other in others.iter().map(|group| xml::text(group, "groupId")).filter(|other| *other != id) {
        let parameters = Parameters::default().filter("group-id", &[other.to_owned()]);
        let rules = list(&work.at, "DescribeSecurityGroupRules", "securityGroupRuleSet", parameters).await;
        let is_about =
            |rule: &&Json| xml::text(&rule["referencedGroupInfo"], "groupId") == id && !xml::is_true(rule, "isEgress");
        let rules = rules.unwrap_or_default();
        let ids: Vec<String> =
            rules.iter().filter(is_about).map(|rule| xml::text(rule, "securityGroupRuleId").to_owned()).collect();
        if ids.is_empty() {
            continue;
        }
        let mut parameters = Parameters::of(&[("GroupId", other)]);
        parameters.add_list("SecurityGroupRuleId", &ids);
        // If it cannot be done, the group stays and is told.
        let _ = call_of(&EC2, &work.at, "RevokeSecurityGroupIngress", &parameters).await;
    }
}

/// Lists by markers, as ELB does.
async fn marked_pages(work: &Work<'_>, service: &Service, action: &str, set: &str) -> Answer<Vec<Json>> {
    let (mut found, mut parameters) = (Vec::new(), Parameters::default());
    for _ in 0..PAGES_MAX {
        let mut answer = call_of(service, &work.at, action, &parameters).await?;
        let result = &mut answer[format!("{action}Result")];
        if let Json::Array(page) = result[set].take() {
            found.extend(page);
        }
        let Some(next) = result["NextMarker"].as_str().filter(|next| !next.is_empty()) else { break };
        parameters = Parameters::of(&[("Marker", next)]);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Owner, Tags, describe_volume, is_of_balancer};

    #[test]
    fn only_what_a_controller_made_for_the_cluster_is_its_own() {
        let owner = Owner { cluster: "lake".into(), vpc: "vpc-1".into(), group: "sg-1".into() };
        let made = ("kubernetes.io/service-name", "shop/web");
        for (tags, expected) in [
            (vec![("kubernetes.io/cluster/lake", "owned"), made], true),
            (vec![("elbv2.k8s.aws/cluster", "lake"), ("ingress.k8s.aws/stack", "web")], true),
            (vec![("kubernetes.io/cluster/lake", "shared"), made], false),
            (vec![("kubernetes.io/cluster/lakes", "owned"), made], false),
            // Groups of nodes that people make have this mark, too.
            (vec![("kubernetes.io/cluster/lake", "owned")], false),
        ] {
            let found: Tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(owner.owns(&found), expected, "{tags:?}");
        }
    }

    #[test]
    fn interfaces_say_which_load_balancer_they_are_of() {
        assert!(is_of_balancer("ELB net/a1/0123", "a1"));
        assert!(is_of_balancer("ELB a1", "a1"));
        assert!(!is_of_balancer("ELB net/a12/0123", "a1"));
        assert!(!is_of_balancer("Interface for NAT Gateway nat-1", "a1"));
    }

    #[test]
    fn volumes_are_told_with_their_claims() {
        let tags = json!([
            {"key": "kubernetes.io/created-for/pvc/name", "value": "data"},
            {"key": "kubernetes.io/created-for/pvc/namespace", "value": "shop"},
        ]);
        let volume = json!({"volumeId": "vol-1", "size": "8", "tagSet": tags});
        assert_eq!(describe_volume(&volume), "vol-1: volume of 8Gi, claim shop/data");
    }
}
