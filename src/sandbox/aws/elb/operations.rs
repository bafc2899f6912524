//! The operations of ELB that the sandbox has, a line each.

use serde_json::Value as Json;

use super::{Invocation, classic, listener, load_balancer, tags, target_group};
use crate::aws::query::Error;

pub type Run = fn(&mut Invocation<'_, '_>) -> Result<Json, Error>;

/// Returns an operation by its name.
pub fn find(name: &str, is_classic: bool) -> Option<(&'static str, Run)> {
    let list = if is_classic { CLASSIC } else { OPERATIONS };
    list.iter().find(|(known, _)| *known == name).copied()
}

const CLASSIC: &[(&str, Run)] = &[
    // sorted
    ("DescribeLoadBalancers", classic::describe),
    ("DescribeTags", classic::describe_tags),
];

const OPERATIONS: &[(&str, Run)] = &[
    // sorted
    ("AddTags", tags::add),
    ("CreateListener", listener::create),
    ("CreateLoadBalancer", load_balancer::create),
    ("CreateTargetGroup", target_group::create),
    ("DeleteListener", listener::delete),
    ("DeleteLoadBalancer", load_balancer::delete),
    ("DeleteTargetGroup", target_group::delete),
    ("DeregisterTargets", target_group::deregister),
    ("DescribeListeners", listener::describe),
    ("DescribeLoadBalancerAttributes", load_balancer::describe_attributes),
    ("DescribeLoadBalancers", load_balancer::describe),
    ("DescribeTags", tags::describe),
    ("DescribeTargetGroupAttributes", target_group::describe_attributes),
    ("DescribeTargetGroups", target_group::describe),
    ("DescribeTargetHealth", target_group::describe_health),
    ("ModifyListener", listener::modify),
    ("ModifyLoadBalancerAttributes", load_balancer::modify_attributes),
    ("ModifyTargetGroup", target_group::modify),
    ("ModifyTargetGroupAttributes", target_group::modify_attributes),
    ("RegisterTargets", target_group::register),
    ("RemoveTags", tags::remove),
    ("SetSecurityGroups", load_balancer::set_security_groups),
];
