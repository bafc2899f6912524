//! EC2 for other parts of the sandbox: what EKS, load balancers and the controllers of clusters look up, make and remove.
//!
//! All of it works within a change of the world that the caller is making, so that what belongs together happens together.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

pub use super::instance::New as NewInstance;
use super::kind::{INSTANCE, NETWORK_INTERFACE, SECURITY_GROUP, SUBNET, VOLUME, VPC};
use super::network_interface;
pub use super::network_interface::New as NewInterface;
use super::region::{Region, list, list_mut, record, text};
pub use super::volume::New as NewVolume;
use super::{instance, security_group, subnet, volume};
pub use crate::aws::query::Error;
use crate::frame::Task;
use crate::world::Records;

/// A subnet, as others need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// The id of its VPC.
    pub vpc: String,
    /// Like `eu-west-1a`.
    pub zone: String,
    /// Like `10.0.1.0/24`.
    pub range: String,
    /// Addresses that are free.
    pub free: u64,
    /// Whether instances in it get public addresses.
    pub gives_public_addresses: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A VPC, as others need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Vpc {
    /// Its id.
    pub id: String,
    /// Its ranges, the first one first.
    pub ranges: Vec<String>,
}

/// A security group, as others need it.
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: String,
    /// The id of its VPC.
    pub vpc: String,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

fn tags_of(object: &Json) -> BTreeMap<String, String> {
    list(object, "tagSet").iter().map(|tag| (text(tag, "key").to_owned(), text(tag, "value").to_owned())).collect()
}

/// Writes tags as EC2's records have them.
pub fn tags(tags: &[(&str, &str)]) -> Vec<Json> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn to_subnet(records: &Records, region: &str, found: &Json) -> Subnet {
    Subnet {
        id: text(found, "subnetId").to_owned(),
        vpc: text(found, "vpcId").to_owned(),
        zone: text(found, "availabilityZone").to_owned(),
        range: text(found, "cidrBlock").to_owned(),
        free: subnet::free(records, region, found),
        gives_public_addresses: found["mapPublicIpOnLaunch"] == true,
        tags: tags_of(found),
    }
}

/// Looks up a subnet.
pub fn subnet(records: &Records, region: &str, id: &str) -> Option<Subnet> {
    let found: Json = records.get(&record(region, &SUBNET, id))?;
    Some(to_subnet(records, region, &found))
}

/// Looks up all subnets of a VPC.
pub fn subnets_of(records: &Records, region: &str, vpc: &str) -> Vec<Subnet> {
    let all = super::region::all(records, region, &SUBNET);
    all.iter().filter(|found| found["vpcId"] == vpc).map(|found| to_subnet(records, region, found)).collect()
}

/// Looks up a VPC.
pub fn vpc(records: &Records, region: &str, id: &str) -> Option<Vpc> {
    let found: Json = records.get(&record(region, &VPC, id))?;
    let ranges = list(&found, "cidrBlockAssociationSet").iter();
    let ranges = ranges.map(|association| text(association, "cidrBlock").to_owned()).collect();
    Some(Vpc { id: id.to_owned(), ranges })
}

/// Looks up a security group.
pub fn security_group(records: &Records, region: &str, id: &str) -> Option<SecurityGroup> {
    let found: Json = records.get(&record(region, &SECURITY_GROUP, id))?;
    Some(SecurityGroup {
        id: id.to_owned(),
        vpc: text(&found, "vpcId").to_owned(),
        name: text(&found, "groupName").to_owned(),
        tags: tags_of(&found),
    })
}

/// Whom a rule of a security group lets in or out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Peer<'p> {
    /// A range of addresses.
    Range(&'p str),
    /// Whoever is in a security group.
    Group(&'p str),
}

/// A rule of a security group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule<'r> {
    /// `tcp`, `udp`, `-1` for all.
    pub protocol: &'r str,
    /// The first port; -1 with protocol `-1`.
    pub from: i64,
    /// The last port.
    pub to: i64,
    /// Whom it is about.
    pub peer: Peer<'r>,
    /// What people read.
    pub description: Option<&'r str>,
}

impl Rule<'_> {
    fn what(&self) -> Json {
        let mut what = json!({"ipProtocol": self.protocol, "fromPort": self.from, "toPort": self.to});
        match self.peer {
            Peer::Range(range) if range.contains(':') => what["cidrIpv6"] = json!(range),
            Peer::Range(range) => what["cidrIpv4"] = json!(range),
            Peer::Group(group) => {
                what["referencedGroupInfo"] = json!({"groupId": group, "userId": crate::aws::ACCOUNT});
            }
        }
        if let Some(description) = self.description {
            what["description"] = json!(description);
        }
        what
    }
}

/// Makes a security group, and returns its id. It lets everything out, as all new ones do.
pub fn create_security_group(
    region: &mut Region<'_, '_>,
    vpc: &str,
    (name, description): (&str, &str),
    tags: Vec<Json>,
) -> Result<String, Error> {
    region.get(&VPC, vpc)?;
    let made = security_group::create_in(region, vpc, name, description, tags)?;
    Ok(text(&made, "groupId").to_owned())
}

/// Lets someone into a security group. What is let in already stays so.
pub fn allow_ingress(region: &mut Region<'_, '_>, group: &str, rules: &[Rule<'_>]) -> Result<(), Error> {
    let mut found = region.get(&SECURITY_GROUP, group)?;
    let known = list(&found, "_rules").to_vec();
    let is_new =
        |what: &Json| !known.iter().any(|rule| rule["isEgress"] == false && super::rules::are_same(rule, what));
    let new: Vec<Json> = rules.iter().map(Rule::what).filter(is_new).collect();
    security_group::authorize(region, &mut found, false, &new).map(drop)
}

/// Takes back what was let into a security group.
pub fn revoke_ingress(region: &mut Region<'_, '_>, group: &str, rules: &[Rule<'_>]) -> Result<(), Error> {
    let mut found = region.get(&SECURITY_GROUP, group)?;
    let gone: Vec<Json> = rules.iter().map(Rule::what).collect();
    let is_gone = |rule: &Json| rule["isEgress"] == false && gone.iter().any(|what| super::rules::are_same(rule, what));
    list_mut(&mut found, "_rules").retain(|rule| !is_gone(rule));
    region.put(&SECURITY_GROUP, &found);
    Ok(())
}

/// Removes a security group; what refers to it in rules of other groups goes, too, as its owner takes care of that.
pub fn delete_security_group(region: &mut Region<'_, '_>, group: &str) -> Result<(), Error> {
    let found = region.get(&SECURITY_GROUP, group)?;
    for mut other in region.with(&SECURITY_GROUP, "vpcId", text(&found, "vpcId")) {
        let before = list(&other, "_rules").len();
        list_mut(&mut other, "_rules").retain(|rule| rule["referencedGroupInfo"]["groupId"] != group);
        if list(&other, "_rules").len() != before {
            region.put(&SECURITY_GROUP, &other);
        }
    }
    let found = region.get(&SECURITY_GROUP, group)?;
    security_group::remove(region, &found)
}

/// Makes a network interface in a subnet, and returns its id.
pub fn create_network_interface(
    region: &mut Region<'_, '_>,
    subnet: &str,
    new: NewInterface<'_>,
) -> Result<String, Error> {
    let subnet = region.get(&SUBNET, subnet)?;
    let made = network_interface::make(region, &subnet, new)?;
    Ok(text(&made, "networkInterfaceId").to_owned())
}

/// Returns the private address of a network interface.
pub fn private_address(region: &Region<'_, '_>, interface: &str) -> Option<String> {
    region.find(&NETWORK_INTERFACE, interface).map(|found| text(&found, "privateIpAddress").to_owned())
}

/// Removes a network interface, after a while of the sandbox's time: those of services vanish late.
pub fn delete_network_interface(region: &mut Region<'_, '_>, interface: &str, after: Duration) {
    if after.is_zero() {
        network_interface::unmake(region, interface);
        return;
    }
    let what = json!({"do": "interface-gone", "object": interface, "region": region.name});
    region.frame.plan(region.change, after, &Task { service: "ec2".to_owned(), what });
}

/// Returns the id of a VPC's default security group, as a list.
pub fn default_group(region: &Region<'_, '_>, vpc: &str) -> Vec<String> {
    network_interface::default_group(region, vpc)
}

/// Puts a network interface into other security groups.
pub fn set_groups(region: &mut Region<'_, '_>, interface: &str, groups: &[String]) {
    let named = |id: &String| {
        let name = region.find(&SECURITY_GROUP, id).map(|group| group["groupName"].clone());
        json!({"groupId": id, "groupName": name})
    };
    let groups: Vec<Json> = groups.iter().map(named).collect();
    region.edit(&NETWORK_INTERFACE, interface, |interface| interface["groupSet"] = json!(groups));
}

/// Makes a volume, and returns its id. It becomes available by itself.
pub fn create_volume(region: &mut Region<'_, '_>, new: NewVolume<'_>) -> Result<String, Error> {
    volume::make(region, new).map(|made| text(&made, "volumeId").to_owned())
}

/// Deletes a volume; one that is attached is refused.
pub fn delete_volume(region: &mut Region<'_, '_>, id: &str) -> Result<(), Error> {
    volume::remove(region, id)
}

/// Returns the status of a volume: `creating`, `available`, `in-use`, `deleting`.
pub fn volume_status(records: &Records, region: &str, id: &str) -> Option<String> {
    let found: Json = records.get(&record(region, &VOLUME, id))?;
    Some(text(&found, "status").to_owned())
}

/// Grows a volume; it is never made smaller.
pub fn grow_volume(region: &mut Region<'_, '_>, id: &str, size: i64) -> Result<(), Error> {
    let found = region.get(&VOLUME, id)?;
    if found["size"].as_i64().is_some_and(|old| old > size) {
        return Err(Error::new("InvalidParameterValue", "New size cannot be smaller than existing size."));
    }
    region.edit(&VOLUME, id, |volume| volume["size"] = json!(size));
    Ok(())
}

/// Attaches a volume to an instance of its zone that is running.
pub fn attach_volume(region: &mut Region<'_, '_>, id: &str, instance: &str, device: &str) -> Result<(), Error> {
    volume::bind(region, id, instance, device).map(drop)
}

/// Begins to detach a volume.
pub fn detach_volume(region: &mut Region<'_, '_>, id: &str) -> Result<(), Error> {
    volume::unbind(region, id).map(drop)
}

/// An instance, as others need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Like `ip-10-0-1-5.eu-west-1.compute.internal`: what its node is called.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its zone.
    pub zone: String,
    /// Like `m7i.large`.
    pub kind: String,
    /// `pending`, `running`, `shutting-down`, `terminated`.
    pub state: String,
}

fn to_instance(found: &Json) -> Instance {
    let of = |member: &str| text(found, member).to_owned();
    Instance {
        id: of("instanceId"),
        name: of("privateDnsName"),
        address: of("privateIpAddress"),
        zone: text(&found["placement"], "availabilityZone").to_owned(),
        kind: of("instanceType"),
        state: text(&found["instanceState"], "name").to_owned(),
    }
}

/// Runs an instance; it is running after a while.
pub fn run_instance(region: &mut Region<'_, '_>, new: &NewInstance) -> Result<Instance, Error> {
    instance::make(region, new).map(|made| to_instance(&made))
}

/// Looks up an instance.
pub fn find_instance(records: &Records, region: &str, id: &str) -> Option<Instance> {
    let found: Json = records.get(&record(region, &INSTANCE, id))?;
    Some(to_instance(&found))
}

/// Begins to terminate an instance.
pub fn terminate_instance(region: &mut Region<'_, '_>, id: &str) -> Result<(), Error> {
    instance::terminate(region, id).map(drop)
}

/// Tells whether a record is of something that is there: not of what an account is born with, nor of what is gone and is
/// only still shown.
pub fn is_there(record: &str) -> bool {
    let object: Json = serde_json::from_str(record).unwrap_or_default();
    let is_gone = ["deleted", "failed"].contains(&text(&object, "state"))
        || object["instanceState"]["name"] == "terminated"
        || object["status"] == "deleting";
    object["_born"] != true && !is_gone
}
