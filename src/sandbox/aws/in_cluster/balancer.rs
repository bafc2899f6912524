//! Load balancers that controllers in a cluster make, with the security groups that belong to them.

use std::time::Duration;

use super::{Behind, text};
use crate::aws::ec2::{Region, inside as ec2};
use crate::aws::elb::inside as elb;
use crate::kubernetes::cloud::{Asked, Balancer, BalancerWanted};
use crate::world::Records;

/// After how long one that is being made is looked at again.
const LOOK: Duration = Duration::from_secs(15);
/// After how long it is tried again to remove a security group that something still uses.
const LINGER: Duration = Duration::from_secs(20);

/// Returns the name of the load balancer of an object.
fn name_of(kind: &str, uid: &str) -> String {
    let begin = match kind {
        "service" => "a",
        "ingress" => "k8s-ing-",
        _ => "k8s-gw-",
    };
    let letters = uid.chars().filter(|letter| letter.is_ascii_alphanumeric());
    begin.chars().chain(letters).take(32).collect()
}

fn group_name(name: &str) -> String {
    format!("k8s-elb-{name}")
}

/// Finds the security group of a load balancer.
fn group_of(records: &Records, region: &str, name: &str) -> Option<String> {
    let wanted = group_name(name);
    let all = crate::aws::ec2::region::all(records, region, &crate::aws::ec2::kind::SECURITY_GROUP);
    let found = all.into_iter().find(|group| group["groupName"] == *wanted)?;
    Some(text(&found, "/groupId").to_owned())
}

/// Makes a load balancer, or tells how far it is.
pub fn ensure(asked: &mut Asked<'_, '_>, behind: &Behind, wanted: &BalancerWanted<'_>) -> Result<Balancer, String> {
    let (namespace, object, uid) = wanted.of;
    let name = name_of(wanted.kind, uid);
    if let Some(found) = elb::load_balancer(asked.change, &behind.region, &name) {
        return Ok(if found.is_active { Balancer::Ready(found.host) } else { Balancer::Making(LOOK) });
    }
    let annotation =
        |key: &str| wanted.annotations[format!("service.beta.kubernetes.io/aws-load-balancer-{key}")].as_str();
    let is_internal =
        matches!(annotation("internal"), Some("true" | "0.0.0.0/0")) || annotation("scheme") == Some("internal");
    let subnets = subnets(asked.change, behind, is_internal)?;
    let owned = format!("kubernetes.io/cluster/{}", behind.name);
    let service = format!("{namespace}/{object}");
    let vpc = ec2::subnet(asked.change, &behind.region, &subnets[0]).map(|subnet| subnet.vpc).unwrap_or_default();
    let known = group_of(asked.change, &behind.region, &name);
    let nodes = text(&behind.cluster, "/resourcesVpcConfig/clusterSecurityGroupId").to_owned();
    let mut region = Region::of(asked.change, asked.frame, &behind.region);
    let said = |error: crate::aws::query::Error| error.to_string();
    let group = match known {
        Some(group) => group,
        None => {
            let about = format!("Security group for Kubernetes ELB {name} ({service})");
            let tags = ec2::tags(&[(&owned, "owned"), ("kubernetes.io/service-name", &service)]);
            ec2::create_security_group(&mut region, &vpc, (&group_name(&name), &about), tags).map_err(said)?
        }
    };
    for (port, protocol) in &wanted.ports {
        for source in &wanted.sources {
            let port = i64::from(*port);
            let protocol = protocol.to_lowercase();
            let peer = ec2::Peer::Range(source);
            let rule = ec2::Rule { protocol: &protocol, from: port, to: port, peer, description: None };
            ec2::allow_ingress(&mut region, &group, &[rule]).map_err(said)?;
        }
    }
    if ec2::security_group(region.change, &behind.region, &nodes).is_some() {
        let peer = ec2::Peer::Group(&group);
        let rule = ec2::Rule { protocol: "-1", from: -1, to: -1, peer, description: None };
        ec2::allow_ingress(&mut region, &nodes, &[rule]).map_err(said)?;
    }
    let groups = [group];
    let new = elb::New {
        name: &name,
        kind: if wanted.kind == "ingress" && subnets.len() > 1 { "application" } else { "network" },
        is_internal,
        subnets: &subnets,
        groups: &groups,
        tags: vec![(owned, "owned".to_owned()), ("kubernetes.io/service-name".to_owned(), service)],
    };
    let made = elb::create_load_balancer(&mut region, &new).map_err(said)?;
    Ok(if made.is_active { Balancer::Ready(made.host) } else { Balancer::Making(LOOK) })
}

/// Returns the subnets of a load balancer: those that are tagged for it, or the cluster's own, one in each zone.
fn subnets(records: &Records, behind: &Behind, is_internal: bool) -> Result<Vec<String>, String> {
    let ids = behind.cluster["resourcesVpcConfig"]["subnetIds"].as_array().into_iter().flatten();
    let own: Vec<ec2::Subnet> = ids.filter_map(|id| ec2::subnet(records, &behind.region, id.as_str()?)).collect();
    let vpc = own.first().map(|subnet| subnet.vpc.clone()).unwrap_or_default();
    let role = if is_internal { "kubernetes.io/role/internal-elb" } else { "kubernetes.io/role/elb" };
    let tagged: Vec<ec2::Subnet> = ec2::subnets_of(records, &behind.region, &vpc)
        .into_iter()
        .filter(|subnet| subnet.tags.get(role).is_some_and(|value| value == "1" || value.is_empty()))
        .collect();
    let public: Vec<ec2::Subnet> = own.iter().filter(|subnet| subnet.gives_public_addresses).cloned().collect();
    let chosen = match (tagged.is_empty(), public.is_empty() || is_internal) {
        (false, _) => tagged,
        (true, false) => public,
        (true, true) => own,
    };
    let mut zones: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for subnet in chosen {
        if !zones.contains(&subnet.zone) {
            zones.push(subnet.zone);
            found.push(subnet.id);
        }
    }
    if found.is_empty() {
        Err("could not find any suitable subnets for creating the ELB".to_owned())
    } else {
        Ok(found)
    }
}

/// Deletes a load balancer, then its security group as soon as nothing uses it any more.
pub fn delete(asked: &mut Asked<'_, '_>, behind: &Behind, kind: &str, uid: &str) -> Option<Duration> {
    let name = name_of(kind, uid);
    let mut region = Region::of(asked.change, asked.frame, &behind.region);
    elb::delete_load_balancer(&mut region, &name);
    let group = group_of(region.change, &behind.region, &name)?;
    ec2::delete_security_group(&mut region, &group).err().map(|_| LINGER)
}
