//! EC2: networks, security groups, launch templates.
//!
//! What has no token in EC2 is made with a tag instead, by which a creation is found whose answer was lost.

mod client;
mod common;
mod data;
mod eip;
mod group_rule;
mod group_rules;
mod internet_gateway;
mod launch_template;
mod launch_template_data;
pub(crate) mod leftovers;
mod nat_gateway;
mod route;
mod route_table;
mod route_table_association;
mod routes;
mod rules;
mod security_group;
mod security_group_rule;
mod subnet;
mod vpc;
mod xml;

use std::sync::Arc;

use sdk::ResourceType;

use crate::cloud::Cloud;
use crate::managed::{Kind, Managed};

pub(crate) use data::data_sources;

/// Returns the resource types.
pub(crate) fn resources(cloud: &Arc<Cloud>) -> Vec<Box<dyn ResourceType>> {
    fn of<K: Kind + 'static>(kind: K, cloud: &Arc<Cloud>) -> Box<dyn ResourceType> {
        Box::new(Managed { kind, cloud: cloud.clone() })
    }
    vec![
        of(eip::Eip, cloud),
        of(internet_gateway::InternetGateway, cloud),
        of(launch_template::LaunchTemplate, cloud),
        of(nat_gateway::NatGateway, cloud),
        of(route::RouteOfTable, cloud),
        of(route_table::RouteTable, cloud),
        of(route_table_association::RouteTableAssociation, cloud),
        of(security_group::SecurityGroup, cloud),
        of(security_group_rule::SecurityGroupRule, cloud),
        of(subnet::Subnet, cloud),
        of(vpc::Vpc, cloud),
        of(group_rule::GroupRule { is_egress: true }, cloud),
        of(group_rule::GroupRule { is_egress: false }, cloud),
    ]
}
