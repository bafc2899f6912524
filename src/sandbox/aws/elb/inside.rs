//! ELB for other parts of the sandbox: load balancers that the controllers of clusters make and remove.

use serde_json::Value as Json;

pub use super::load_balancer::New;
use super::load_balancer::{KIND, make, unmake};
use super::{all, record};
use crate::aws::ec2::Region;
use crate::aws::query::Error;
use crate::world::Records;

/// A load balancer, as others need it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancer {
    /// Its name in all of AWS.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// By which it is reached.
    pub host: String,
    /// Whether it works already.
    pub is_active: bool,
}

fn to_balancer(found: &Json) -> LoadBalancer {
    let of = |member: &str| found[member].as_str().unwrap_or_default().to_owned();
    LoadBalancer {
        arn: of("LoadBalancerArn"),
        name: of("LoadBalancerName"),
        host: of("DNSName"),
        is_active: found["State"]["Code"] == "active",
    }
}

/// Makes a load balancer; it is active after a while.
pub fn create_load_balancer(region: &mut Region<'_, '_>, new: &New<'_>) -> Result<LoadBalancer, Error> {
    make(region, new).map(|made| to_balancer(&made))
}

/// Looks up a load balancer by its name.
pub fn load_balancer(records: &Records, region: &str, name: &str) -> Option<LoadBalancer> {
    let prefix = record(region, KIND, "");
    let mut all = records.under(&prefix).filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok());
    all.find(|found| found["LoadBalancerName"] == name).map(|found| to_balancer(&found))
}

/// Removes a load balancer by its name; its network interfaces go a while later. Tells whether it was there.
pub fn delete_load_balancer(region: &mut Region<'_, '_>, name: &str) -> bool {
    let Some(found) = all(region, KIND).into_iter().find(|found| found["LoadBalancerName"] == name) else {
        return false;
    };
    unmake(region, &found);
    true
}
