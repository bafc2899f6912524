//! AWS as clusters of Kubernetes see it: node groups are machines of EC2, volumes are EBS's, load balancers ELB's.

mod balancer;
mod machine;
mod workloads;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::ec2::{Region, inside as ec2};
use super::eks;
use crate::kubernetes::cloud::{Asked, Balancer, BalancerWanted, Cloud, Instance, NodeSet, Volume, VolumeWanted};
use crate::kubernetes::controllers;
use crate::world::{Changed, Records};

/// AWS, for the controllers of clusters of EKS.
pub struct InCluster;

const EBS: &str = "ebs.csi.aws.com";
const GIB: i64 = 1 << 30;

/// A cluster of EKS behind one of Kubernetes.
struct Behind {
    region: String,
    name: String,
    cluster: Json,
}

fn behind(records: &Records, id: &str) -> Option<Behind> {
    let (region, name) = eks::of_kubernetes(records, id)?;
    let cluster = records.get(&eks::record(&region, "clusters", &name))?;
    Some(Behind { region, name, cluster })
}

/// Tells how many nodes of a node group are still to be replaced, and which could not be emptied in time.
pub fn to_replace(records: &Records, (region, record): (&str, &str), now: Duration) -> (usize, Vec<String>) {
    let find = || {
        let group: Json = records.get(record)?;
        let id = eks::kubernetes_of(records, region, text(&group, "/clusterName"))?;
        let set = machine::node_set(records, &behind(records, &id)?, record, &group);
        Some(controllers::to_replace(records, &id, &set, now.as_millis() as u64))
    };
    find().unwrap_or_default()
}

fn text<'o>(object: &'o Json, pointer: &str) -> &'o str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn gone() -> String {
    "the cluster is no longer there".to_owned()
}

impl Cloud for InCluster {
    fn name(&self) -> &'static str {
        "eks"
    }

    fn concerned(&self, records: &Records, changed: &Changed) -> Option<String> {
        let name = &*changed.name;
        if let Some(rest) = name.strip_prefix("aws/eks/") {
            let mut parts = rest.split('/');
            let (region, kind, cluster) = (parts.next()?, parts.next()?, parts.next()?);
            let is_ours = ["addons", "clusters", "nodegroups", "updates"].contains(&kind);
            return is_ours.then(|| eks::kubernetes_of(records, region, cluster)).flatten();
        }
        let rest = name.strip_prefix("aws/ec2/")?;
        let (region, rest) = rest.split_once('/')?;
        if !rest.starts_with("instances/") {
            return None;
        }
        let instance: Json = serde_json::from_str(changed.after.as_ref().or(changed.before.as_ref())?).ok()?;
        let tags = instance["tagSet"].as_array()?;
        let tag = tags.iter().find(|tag| tag["key"] == "eks:cluster-name")?;
        eks::kubernetes_of(records, region, tag["value"].as_str()?)
    }

    fn has(&self, records: &Records, cluster: &str) -> bool {
        eks::of_kubernetes(records, cluster).is_some()
    }

    fn node_sets(&self, records: &Records, cluster: &str) -> Vec<NodeSet> {
        let Some(behind) = behind(records, cluster) else { return Vec::new() };
        let prefix = eks::record(&behind.region, "nodegroups", &format!("{}/", behind.name));
        let groups = records.under(&prefix).filter_map(|(name, text)| Some((name, serde_json::from_str(text).ok()?)));
        groups.map(|(record, group)| machine::node_set(records, &behind, record, &group)).collect()
    }

    fn create_instance(&self, asked: &mut Asked<'_, '_>, set: &NodeSet, place: usize) -> Result<Instance, String> {
        let behind = behind(asked.change, asked.cluster).ok_or_else(gone)?;
        let group: Json = asked
            .change
            .get(&eks::record(&behind.region, "nodegroups", &format!("{}/{}", behind.name, set.name)))
            .ok_or_else(gone)?;
        let new = machine::instance(asked.change, &behind, &group, (set, place));
        let mut region = Region::of(asked.change, asked.frame, &behind.region);
        let made = ec2::run_instance(&mut region, &new).map_err(|error| error.to_string())?;
        Ok(Instance {
            provider_id: format!("aws:///{}/{}", made.zone, made.id),
            host: made.name,
            address: made.address,
            region: behind.region,
            zone: made.zone,
        })
    }

    fn has_instance(&self, records: &Records, cluster: &str, provider_id: &str) -> bool {
        let Some((region, _)) = eks::of_kubernetes(records, cluster) else { return false };
        let found = ec2::find_instance(records, &region, machine_id(provider_id));
        found.is_some_and(|instance| matches!(&*instance.state, "pending" | "running"))
    }

    fn delete_instance(&self, asked: &mut Asked<'_, '_>, provider_id: &str) {
        let Some((name, _)) = eks::of_kubernetes(asked.change, asked.cluster) else { return };
        let mut region = Region::of(asked.change, asked.frame, &name);
        // One that is gone needs no end.
        let _ = ec2::terminate_instance(&mut region, machine_id(provider_id));
    }

    fn balancer(&self, asked: &mut Asked<'_, '_>, wanted: &BalancerWanted<'_>) -> Result<Balancer, String> {
        let behind = behind(asked.change, asked.cluster).ok_or_else(gone)?;
        balancer::ensure(asked, &behind, wanted)
    }

    fn delete_balancer(&self, asked: &mut Asked<'_, '_>, kind: &str, uid: &str) -> Option<Duration> {
        let behind = behind(asked.change, asked.cluster)?;
        balancer::delete(asked, &behind, kind, uid)
    }

    fn provisions(&self, provisioner: &str) -> bool {
        matches!(provisioner, EBS | "kubernetes.io/aws-ebs")
    }

    fn create_volume(&self, asked: &mut Asked<'_, '_>, wanted: &VolumeWanted<'_>) -> Result<Volume, String> {
        let behind = behind(asked.change, asked.cluster).ok_or_else(gone)?;
        let zone = wanted.zone.map(str::to_owned).or_else(|| first_zone(asked.change, &behind));
        let zone = zone.ok_or("the cluster has no zones")?;
        let parameter = |name: &str| wanted.parameters[name].as_str();
        let number = |name: &str| parameter(name).and_then(|text| text.parse().ok());
        let (namespace, claim) = wanted.claim;
        let owned = format!("kubernetes.io/cluster/{}", behind.name);
        let tags = ec2::tags(&[
            ("CSIVolumeName", wanted.name),
            ("Name", wanted.name),
            ("ebs.csi.aws.com/cluster", "true"),
            ("kubernetes.io/created-for/pv/name", wanted.name),
            ("kubernetes.io/created-for/pvc/name", claim),
            ("kubernetes.io/created-for/pvc/namespace", namespace),
            (&owned, "owned"),
        ]);
        let new = ec2::NewVolume {
            zone: &zone,
            size: Some(gibibytes(wanted.size)),
            kind: parameter("type").or(Some("gp3")),
            operations: number("iops"),
            throughput: number("throughput"),
            is_encrypted: parameter("encrypted") == Some("true"),
            snapshot: None,
            tags,
        };
        let mut region = Region::of(asked.change, asked.frame, &behind.region);
        let id = ec2::create_volume(&mut region, new).map_err(|error| error.to_string())?;
        Ok(Volume { id, zone: Some(zone), ..Volume::default() })
    }

    fn resize_volume(&self, asked: &mut Asked<'_, '_>, id: &str, size: i64) -> Result<(), String> {
        let (name, _) = eks::of_kubernetes(asked.change, asked.cluster).ok_or_else(gone)?;
        let mut region = Region::of(asked.change, asked.frame, &name);
        ec2::grow_volume(&mut region, id, gibibytes(size)).map_err(|error| error.to_string())
    }

    fn attach_volume(&self, asked: &mut Asked<'_, '_>, id: &str, provider_id: Option<&str>) -> Result<(), String> {
        let (name, _) = eks::of_kubernetes(asked.change, asked.cluster).ok_or_else(gone)?;
        let mut region = Region::of(asked.change, asked.frame, &name);
        let Some(provider_id) = provider_id else {
            return ec2::detach_volume(&mut region, id).map_err(|error| error.to_string());
        };
        ec2::attach_volume(&mut region, id, machine_id(provider_id), &device(id)).map_err(|error| error.to_string())
    }

    fn delete_volume(&self, asked: &mut Asked<'_, '_>, id: &str) -> Result<(), String> {
        let (name, _) = eks::of_kubernetes(asked.change, asked.cluster).ok_or_else(gone)?;
        let mut region = Region::of(asked.change, asked.frame, &name);
        match ec2::delete_volume(&mut region, id) {
            Err(error) if error.code == "InvalidVolume.NotFound" => Ok(()),
            other => other.map_err(|error| error.to_string()),
        }
    }

    fn workloads(&self, records: &Records, cluster: &str) -> Vec<Json> {
        behind(records, cluster).map_or_else(Vec::new, |behind| workloads::all(records, &behind))
    }
}

fn machine_id(provider_id: &str) -> &str {
    provider_id.rsplit('/').next().unwrap_or_default()
}

fn gibibytes(size: i64) -> i64 {
    size / GIB + i64::from(size % GIB > 0)
}

fn first_zone(records: &Records, behind: &Behind) -> Option<String> {
    let subnets = behind.cluster["resourcesVpcConfig"]["subnetIds"].as_array()?;
    let mut zones = subnets.iter().filter_map(|id| Some(ec2::subnet(records, &behind.region, id.as_str()?)?.zone));
    zones.next()
}

/// Returns the name of a device for a volume: hardly ever that of another on the same machine.
fn device(id: &str) -> String {
    let sum = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let letter = |number: u64| char::from(b'a' + (number % 26) as u8);
    // The first is the one that a machine boots from.
    format!("/dev/xvd{}{}", char::from(b'b' + (sum % 25) as u8), letter(sum / 25))
}

/// Returns tags with their keys and values as lists of objects have them.
fn object(tags: &BTreeMap<String, String>) -> Vec<Json> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}
