//! A cloud of nothing but records.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::kubernetes::cloud::{
    Asked, Balancer, BalancerWanted, Cloud, Instance, Machine, NodeSet, Rolling, Volume, VolumeWanted,
};
use crate::world::{Change, Changed, Records};

/// A cloud of nothing but records.
pub struct Bare;

/// How long a load balancer takes.
const BALANCER_MILLISECONDS: u64 = 90_000;

/// Says how many nodes a set has.
pub fn set_nodes(change: &mut Change<'_>, cluster: &str, set: &str, count: usize) {
    change.put(&format!("bare/{cluster}/sets/{set}"), &json!({"count": count}));
}

fn count(records: &Records, prefix: &str) -> usize {
    records.under(prefix).count()
}

impl Cloud for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn concerned(&self, _: &Records, changed: &Changed) -> Option<String> {
        changed.name.strip_prefix("bare/")?.split('/').next().map(str::to_owned)
    }

    fn has(&self, _records: &Records, _cluster: &str) -> bool {
        true
    }

    fn node_sets(&self, records: &Records, cluster: &str) -> Vec<NodeSet> {
        let prefix = format!("bare/{cluster}/sets/");
        let set = |(name, text): (&str, &std::sync::Arc<str>)| {
            let kept: Json = serde_json::from_str(text).unwrap_or_default();
            let amounts: BTreeMap<String, i64> = [("cpu", 2000), ("memory", 4 << 30), ("pods", 20)]
                .map(|(name, amount)| (name.to_owned(), amount))
                .into();
            let machine = Machine {
                kind: "m1.small".into(),
                architecture: "amd64".into(),
                capacity: amounts.clone(),
                allocatable: amounts,
                image: "Bare".into(),
                kernel: "6.12".into(),
            };
            NodeSet {
                name: name[prefix.len()..].to_owned(),
                desired: kept["count"].as_u64().unwrap_or_default() as usize,
                labels: [("pool".to_owned(), name[prefix.len()..].to_owned())].into(),
                taints: kept["taints"].as_array().cloned().unwrap_or_default(),
                version: "1.33".into(),
                kubelet: "v1.33.0".into(),
                start: Duration::from_secs(35),
                machine,
                places: vec![("a".into(), "zone-a".into()), ("b".into(), "zone-b".into())],
                generation: kept["generation"].to_string(),
                unavailable_max: 1,
                rolling: Some(Rolling { since: 0, is_forced: false }),
            }
        };
        records.under(&prefix).map(set).collect()
    }

    fn create_instance(&self, asked: &mut Asked<'_, '_>, set: &NodeSet, place: usize) -> Result<Instance, String> {
        let cluster = asked.cluster;
        let serial = asked.change.get::<usize>(&format!("bare-serial/{cluster}")).unwrap_or_default() + 1;
        asked.change.put(&format!("bare-serial/{cluster}"), &serial);
        let host = format!("node-{serial}");
        asked.change.put(&format!("bare/{cluster}/instances/{host}"), &json!({"set": set.name}));
        let zone = set.places[place % set.places.len()].1.clone();
        let address = format!("10.0.0.{serial}");
        Ok(Instance { provider_id: host.clone(), host, address, region: "zone".into(), zone })
    }

    fn has_instance(&self, records: &Records, cluster: &str, provider_id: &str) -> bool {
        records.has(&format!("bare/{cluster}/instances/{provider_id}"))
    }

    fn delete_instance(&self, asked: &mut Asked<'_, '_>, provider_id: &str) {
        asked.change.remove(&format!("bare/{}/instances/{provider_id}", asked.cluster));
    }

    fn balancer(&self, asked: &mut Asked<'_, '_>, wanted: &BalancerWanted<'_>) -> Result<Balancer, String> {
        let record = format!("bare-balancers/{}/{}", wanted.kind, wanted.of.2);
        let now = asked.frame.clock.now().as_millis() as u64;
        let since = asked.change.get::<u64>(&record).unwrap_or_else(|| {
            asked.change.put(&record, &now);
            now
        });
        let due = since + BALANCER_MILLISECONDS;
        if due > now {
            return Ok(Balancer::Making(Duration::from_millis(due - now)));
        }
        Ok(Balancer::Ready(format!("{}.example.com", wanted.of.1)))
    }

    fn delete_balancer(&self, asked: &mut Asked<'_, '_>, kind: &str, uid: &str) -> Option<Duration> {
        asked.change.remove(&format!("bare-balancers/{kind}/{uid}"));
        None
    }

    fn provisions(&self, provisioner: &str) -> bool {
        provisioner == "disk.example.com"
    }

    fn create_volume(&self, asked: &mut Asked<'_, '_>, wanted: &VolumeWanted<'_>) -> Result<Volume, String> {
        let id = format!("vol-{}", count(asked.change, "bare-volumes/") + 1);
        asked.change.put(&format!("bare-volumes/{id}"), &json!({"size": wanted.size, "zone": wanted.zone}));
        let zone = wanted.zone.unwrap_or("zone-a").to_owned();
        Ok(Volume { id, zone: Some(zone), ..Volume::default() })
    }

    fn resize_volume(&self, asked: &mut Asked<'_, '_>, id: &str, size: i64) -> Result<(), String> {
        asked.change.put(&format!("bare-volumes/{id}"), &json!({"size": size}));
        Ok(())
    }

    fn attach_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: Option<&str>) -> Result<(), String> {
        Ok(())
    }

    fn delete_volume(&self, asked: &mut Asked<'_, '_>, id: &str) -> Result<(), String> {
        asked.change.remove(&format!("bare-volumes/{id}"));
        Ok(())
    }

    fn workloads(&self, _: &Records, _: &str) -> Vec<Json> {
        Vec::new()
    }
}
