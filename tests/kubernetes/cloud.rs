//! A cloud of nothing but records: machines for an emulated cluster's nodes, so that its pods run.

use std::collections::BTreeMap;
use std::time::Duration;

use sandbox::kubernetes::cloud::{
    Asked, Balancer, BalancerWanted, Cloud, Instance, Machine, NodeSet, Volume, VolumeWanted,
};
use sandbox::world::{Changed, Records};
use serde_json::{Value as Json, json};

/// Two machines.
pub(crate) struct Machines;

const PREFIX: &str = "machines/";

impl Cloud for Machines {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn concerned(&self, _: &Records, changed: &Changed) -> Option<String> {
        changed.name.strip_prefix(PREFIX)?.split('/').next().map(str::to_owned)
    }

    fn has(&self, _: &Records, _: &str) -> bool {
        true
    }

    fn node_sets(&self, _: &Records, _: &str) -> Vec<NodeSet> {
        let amounts: BTreeMap<String, i64> =
            [("cpu", 4000), ("memory", 8 << 30), ("pods", 50)].map(|(name, amount)| (name.to_owned(), amount)).into();
        let machine = Machine {
            kind: "m1.small".into(),
            architecture: "amd64".into(),
            capacity: amounts.clone(),
            allocatable: amounts,
            image: "Bare".into(),
            kernel: "6.12".into(),
        };
        let places = vec![("a".into(), "zone-a".into())];
        let name = "all".to_owned();
        vec![NodeSet {
            name,
            desired: 2,
            version: "1.35".into(),
            kubelet: "v1.35.0".into(),
            start: Duration::from_secs(35),
            machine,
            places,
            unavailable_max: 1,
            ..NodeSet::default()
        }]
    }

    fn create_instance(&self, asked: &mut Asked<'_, '_>, _: &NodeSet, _: usize) -> Result<Instance, String> {
        let cluster = asked.cluster;
        let number = asked.change.under(&format!("{PREFIX}{cluster}/")).count() + 1;
        let host = format!("node-{number}");
        asked.change.put(&format!("{PREFIX}{cluster}/{host}"), &json!({}));
        let address = format!("10.0.0.{number}");
        Ok(Instance { provider_id: host.clone(), host, address, region: "zone".into(), zone: "zone-a".into() })
    }

    fn has_instance(&self, records: &Records, cluster: &str, provider_id: &str) -> bool {
        records.has(&format!("{PREFIX}{cluster}/{provider_id}"))
    }

    fn delete_instance(&self, asked: &mut Asked<'_, '_>, provider_id: &str) {
        let record = format!("{PREFIX}{}/{provider_id}", asked.cluster);
        asked.change.remove(&record);
    }

    fn balancer(&self, _: &mut Asked<'_, '_>, _: &BalancerWanted<'_>) -> Result<Balancer, String> {
        Ok(Balancer::Ready("balancer.example.com".to_owned()))
    }

    fn delete_balancer(&self, _: &mut Asked<'_, '_>, _: &str, _: &str) -> Option<Duration> {
        None
    }

    fn provisions(&self, _: &str) -> bool {
        true
    }

    fn create_volume(&self, _: &mut Asked<'_, '_>, wanted: &VolumeWanted<'_>) -> Result<Volume, String> {
        Ok(Volume { id: wanted.name.to_owned(), ..Volume::default() })
    }

    fn resize_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: i64) -> Result<(), String> {
        Ok(())
    }

    fn attach_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: Option<&str>) -> Result<(), String> {
        Ok(())
    }

    fn delete_volume(&self, _: &mut Asked<'_, '_>, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn workloads(&self, _: &Records, _: &str) -> Vec<Json> {
        Vec::new()
    }
}
