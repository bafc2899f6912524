//! Classic load balancers: there are none, as the sandbox's controllers make network ones; asking for them is answered.

use serde_json::{Value as Json, json};

use super::Invocation;
use crate::aws::query::Error;

/// `DescribeLoadBalancers`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    match invocation.parameters.list("LoadBalancerNames").first() {
        Some(name) => Err(missing(name)),
        None => Ok(json!({"LoadBalancerDescriptions": []})),
    }
}

fn missing(name: &str) -> Error {
    Error::new("LoadBalancerNotFound", format!("There is no ACTIVE Load Balancer named '{name}'"))
}

/// `DescribeTags`.
pub fn describe_tags(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    match invocation.parameters.list("LoadBalancerNames").first() {
        Some(name) => Err(missing(name)),
        None => Ok(json!({"TagDescriptions": []})),
    }
}
