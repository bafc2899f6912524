//! What a cluster has in EC2: its network is looked at, its interfaces and security group are made, and removed late.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, texts};
use crate::aws::ec2::Region;
use crate::aws::ec2::cidr::Range;
use crate::aws::ec2::inside::{self, NewInterface, Peer, Rule, Subnet};
use crate::aws::ec2::kind::{LAUNCH_TEMPLATE, ROUTE_TABLE};
use crate::aws::signature::hex;
use crate::frame::{Frame, Task};
use crate::world::{Change, Records};

/// Addresses that must be free in a subnet of a cluster.
pub const FREE_MIN: u64 = 5;
/// Interfaces of a control plane.
const INTERFACES: usize = 2;
/// How long the interfaces of a cluster that is gone are still there, in seconds, and how long its security group.
const INTERFACES_SECONDS: u64 = 120;
const GROUP_SECONDS: u64 = 150;
/// How often it is tried to remove a security group that is in use.
const GROUP_ATTEMPTS: u64 = 10;
/// Zones that control planes cannot be in.
const UNSUPPORTED_ZONES: &[&str] = &["us-east-1e"];

/// Returns subnets, all of which must be there.
pub fn subnets(invocation: &Invocation<'_, '_>, ids: &[String]) -> Result<Vec<Subnet>, Error> {
    let find = |id: &String| {
        inside::subnet(invocation.change, &invocation.region, id)
            .ok_or_else(|| Error::parameter(format!("The subnet ID '{id}' does not exist")))
    };
    ids.iter().map(find).collect()
}

/// Checks the network that a cluster is to have, and returns its VPC; the one that it has stays.
pub fn check(
    invocation: &Invocation<'_, '_>,
    cluster: &str,
    (subnet_ids, group_ids): (&[String], &[String]),
    vpc: Option<&str>,
) -> Result<String, Error> {
    let subnets = subnets(invocation, subnet_ids)?;
    let first = subnets.first().map(|subnet| subnet.vpc.clone()).unwrap_or_default();
    let vpc = vpc.unwrap_or(&first).to_owned();
    if let Some(other) = subnets.iter().find(|subnet| subnet.vpc != vpc) {
        return Err(Error::parameter(format!("Subnets must be in one VPC: {} is not in {vpc}", other.id)));
    }
    check_zones(invocation, cluster, &subnets)?;
    let zones: BTreeSet<&str> = subnets.iter().map(|subnet| &*subnet.zone).collect();
    if zones.len() < 2 {
        return Err(Error::parameter("Subnets specified must be in at least two different AZs"));
    }
    if let Some(full) = subnets.iter().find(|subnet| subnet.free < FREE_MIN) {
        return Err(Error::parameter(format!(
            "The subnet {} has {} free IP addresses; EKS needs at least {FREE_MIN}",
            full.id, full.free
        )));
    }
    for id in group_ids {
        match inside::security_group(invocation.change, &invocation.region, id) {
            None => return Err(Error::parameter(format!("The security group '{id}' does not exist"))),
            Some(group) if group.vpc != vpc => {
                return Err(Error::parameter(format!(
                    "The security group '{id}' is not in the VPC of the subnets, {vpc}"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(vpc)
}

fn check_zones(invocation: &Invocation<'_, '_>, cluster: &str, subnets: &[Subnet]) -> Result<(), Error> {
    let Some(wrong) = subnets.iter().find(|subnet| UNSUPPORTED_ZONES.contains(&&*subnet.zone)) else { return Ok(()) };
    let all = inside::subnets_of(invocation.change, &invocation.region, &wrong.vpc);
    let zones: BTreeSet<String> =
        all.into_iter().map(|subnet| subnet.zone).filter(|zone| !UNSUPPORTED_ZONES.contains(&&**zone)).collect();
    let zones: Vec<String> = zones.into_iter().collect();
    let text = format!(
        "Cannot create cluster '{cluster}' because EKS does not support creating control plane instances in {}, the targeted availability zone. Retry cluster creation using control plane subnets that span at least two of these availability zones: {}",
        wrong.zone,
        zones.join(", ")
    );
    let mut error = Error::new("UnsupportedAvailabilityZoneException", 400, text).about("clusterName", cluster);
    error.about.insert("validZones".to_owned(), json!(zones));
    Err(error)
}

/// Makes the interfaces and the security group of a new cluster, and writes them down in its record.
pub fn build(invocation: &mut Invocation<'_, '_>, cluster: &mut Json) -> Result<(), Error> {
    let name = cluster["name"].as_str().unwrap_or_default().to_owned();
    let vpc = cluster["resourcesVpcConfig"]["vpcId"].as_str().unwrap_or_default().to_owned();
    // The group of a cluster that is gone stays for a while, and must not be in the way of the next one of its name.
    let unique = format!("{}{}", cluster["arn"], cluster["createdAt"]);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, unique.as_bytes());
    let number: String = hex(digest.as_ref()).chars().filter(char::is_ascii_digit).take(9).collect();
    let group_name = format!("eks-cluster-sg-{name}-{number}");
    let owned = format!("kubernetes.io/cluster/{name}");
    let tags = inside::tags(&[("Name", &group_name), (&owned, "owned"), ("aws:eks:cluster-name", &name)]);
    let frame = invocation.frame.clone();
    let mut region = Region::of(invocation.change, &frame, &invocation.region);
    let description = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.";
    let wrong = |error: inside::Error| Error::parameter(error.message);
    let group = inside::create_security_group(&mut region, &vpc, (&group_name, description), tags).map_err(wrong)?;
    let rule = Rule { protocol: "-1", from: -1, to: -1, peer: Peer::Group(&group), description: None };
    inside::allow_ingress(&mut region, &group, &[rule]).map_err(wrong)?;
    cluster["_securityGroup"] = json!(group);
    let interfaces = interfaces(&mut region, cluster).map_err(wrong)?;
    cluster["_interfaces"] = json!(interfaces);
    Ok(())
}

/// Makes the interfaces of a control plane: in two of its subnets, in different zones.
fn interfaces(region: &mut Region<'_, '_>, cluster: &Json) -> Result<Vec<String>, inside::Error> {
    let name = cluster["name"].as_str().unwrap_or_default();
    let network = &cluster["resourcesVpcConfig"];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let mut groups = vec![text(&cluster["_securityGroup"])];
    groups.extend(network["securityGroupIds"].as_array().into_iter().flatten().map(text));
    let (mut zones, mut made) = (BTreeSet::new(), Vec::new());
    for subnet in network["subnetIds"].as_array().into_iter().flatten().map(text) {
        let Some(subnet) = inside::subnet(region.change, &region.name, &subnet) else { continue };
        if made.len() == INTERFACES || !zones.insert(subnet.zone) {
            continue;
        }
        let description = format!("Amazon EKS {name}");
        let new = NewInterface { requester: Some("amazon-eks"), groups: &groups, ..NewInterface::of(&description) };
        made.push(inside::create_network_interface(region, &subnet.id, new)?);
    }
    Ok(made)
}

/// Gives a cluster interfaces in its new subnets and groups; the old ones vanish late.
pub fn rebuild(change: &mut Change<'_>, frame: &Frame, (region, name): (&str, &str)) {
    let Some(mut cluster) = change.get::<Json>(name) else { return };
    let mut region = Region::of(change, frame, region);
    let old = texts(Some(&cluster["_interfaces"]), "").unwrap_or_default();
    // Where there is no address left the old interfaces stay.
    let Ok(new) = interfaces(&mut region, &cluster) else { return };
    for interface in old {
        inside::delete_network_interface(&mut region, &interface, Duration::from_secs(INTERFACES_SECONDS));
    }
    cluster["_interfaces"] = json!(new);
    change.put(name, &cluster);
}

/// Lets vanish what a cluster that is gone had in EC2.
pub fn demolish(change: &mut Change<'_>, frame: &Frame, region: &str, cluster: &Json) {
    let interfaces = texts(Some(&cluster["_interfaces"]), "").unwrap_or_default();
    let mut place = Region::of(change, frame, region);
    for interface in interfaces {
        inside::delete_network_interface(&mut place, &interface, Duration::from_secs(INTERFACES_SECONDS));
    }
    if let Some(group) = cluster["_securityGroup"].as_str() {
        let what = json!({"do": "security-group", "record": group, "region": region, "attempts": GROUP_ATTEMPTS});
        plan(change, frame, what);
    }
}

fn plan(change: &mut Change<'_>, frame: &Frame, what: Json) {
    frame.plan(change, Duration::from_secs(GROUP_SECONDS), &Task { service: "eks".to_owned(), what });
}

/// Removes the security group of a cluster that is gone. One that something is still in is tried again some times, and then
/// left, as EKS does.
pub fn remove_group(change: &mut Change<'_>, frame: &Frame, what: &Json) {
    let (Some(group), Some(region)) = (what["record"].as_str(), what["region"].as_str()) else { return };
    let mut place = Region::of(change, frame, region);
    let is_left = inside::delete_security_group(&mut place, group).is_err()
        && inside::security_group(place.change, region, group).is_some();
    let attempts = what["attempts"].as_u64().unwrap_or_default();
    if is_left && attempts > 0 {
        let mut again = what.clone();
        again["attempts"] = json!(attempts - 1);
        plan(change, frame, again);
    }
}

/// Tells which subnet of a cluster has too few free addresses for a new control plane.
pub fn full_subnet(invocation: &Invocation<'_, '_>, cluster: &Json) -> Option<String> {
    let ids = texts(Some(&cluster["resourcesVpcConfig"]["subnetIds"]), "").unwrap_or_default();
    let find = |id: &String| inside::subnet(invocation.change, &invocation.region, id);
    ids.iter().filter_map(find).find(|subnet| subnet.free < FREE_MIN).map(|subnet| subnet.id)
}

/// Checks the subnets of nodes or of Fargate: they are in the cluster's VPC.
pub fn check_node_subnets(
    invocation: &Invocation<'_, '_>,
    cluster: &Json,
    ids: &[String],
) -> Result<Vec<Subnet>, Error> {
    let vpc = cluster["resourcesVpcConfig"]["vpcId"].as_str().unwrap_or_default();
    let subnets = subnets(invocation, ids)?;
    match subnets.iter().find(|subnet| subnet.vpc != vpc) {
        Some(other) => Err(Error::parameter(format!("The subnet {} is not in the cluster's VPC {vpc}", other.id))),
        None => Ok(subnets),
    }
}

/// Checks that subnets have no way to an internet gateway, as pods on Fargate need it.
pub fn check_private(invocation: &Invocation<'_, '_>, subnets: &[Subnet]) -> Result<(), Error> {
    let tables = crate::aws::ec2::region::all(invocation.change, &invocation.region, &ROUTE_TABLE);
    let is_public = |subnet: &&Subnet| {
        let has = |table: &&Json, test: &dyn Fn(&Json) -> bool| {
            table["associationSet"].as_array().is_some_and(|associations| associations.iter().any(test))
        };
        let own = tables.iter().find(|table| has(table, &|known| known["subnetId"] == subnet.id));
        let main =
            || tables.iter().find(|table| table["vpcId"] == subnet.vpc && has(table, &|known| known["main"] == true));
        let table = own.or_else(main);
        let routes = table.and_then(|table| table["routeSet"].as_array()).into_iter().flatten();
        routes.into_iter().any(|route| route["gatewayId"].as_str().is_some_and(|gateway| gateway.starts_with("igw-")))
    };
    match subnets.iter().find(is_public) {
        Some(public) => {
            Err(Error::parameter(format!("Subnet {} provided in Fargate Profile is not a private subnet", public.id)))
        }
        None => Ok(()),
    }
}

/// Tells whether a range of addresses overlaps with one of a VPC.
pub fn overlaps(invocation: &Invocation<'_, '_>, vpc: &str, range: &str) -> bool {
    let ranges = inside::vpc(invocation.change, &invocation.region, vpc).map(|vpc| vpc.ranges).unwrap_or_default();
    let wanted = Range::normal(range);
    ranges.iter().any(|own| Range::normal(own).zip(wanted).is_some_and(|(own, wanted)| own.overlaps(wanted)))
}

/// Tells whether there is a launch template of an id or a name.
pub fn has_template(records: &Records, region: &str, template: &Json) -> bool {
    let templates = crate::aws::ec2::region::all(records, region, &LAUNCH_TEMPLATE);
    templates
        .iter()
        .any(|known| known["launchTemplateId"] == template["id"] || known["launchTemplateName"] == template["name"])
}
