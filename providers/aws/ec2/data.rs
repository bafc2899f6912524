//! Data sources of EC2: zones, VPCs, subnets.

use std::sync::Arc;

use sdk::schema::{NestedBlock, Schema};
use sdk::value::Value;
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse};
use serde_json::{Map, Value as Json, json};

use super::client::{Parameters, list};
use super::{vpc, xml};
use crate::cloud::{At, Cloud};
use crate::data::{finish, schema};
use crate::fields::{blocks, filled, flag, text_map, texts};
use crate::managed::Kind;
use crate::shape::{block_set, flag as truth, objects, text, text_list, text_map as words, text_set};

/// Returns the data sources.
pub(crate) fn data_sources(cloud: &Arc<Cloud>) -> Vec<Box<dyn DataSource>> {
    vec![Box::new(AvailabilityZones(cloud.clone())), Box::new(Subnets(cloud.clone())), Box::new(VpcOf(cloud.clone()))]
}

fn filters() -> NestedBlock {
    let attributes = vec![
        text("name").required().describe("What EC2 calls the filter."),
        text_set("values").required().describe("What it lets through."),
    ];
    block_set("filter", "What is let through.", attributes)
}

/// Adds the filters of a configuration, and its tags.
fn filtered(config: &Value, mut parameters: Parameters) -> Parameters {
    for block in blocks(config, "filter") {
        let values = texts(block, "values").unwrap_or_default();
        parameters = parameters.filter(&filled(block, "name").unwrap_or_default(), &values);
    }
    let mut tags: Vec<(String, String)> = text_map(config, "tags").unwrap_or_default().into_iter().collect();
    tags.sort();
    for (key, value) in tags {
        parameters = parameters.filter(&format!("tag:{key}"), &[value]);
    }
    parameters
}

async fn found(at: &At, action: &str, set: &str, parameters: Parameters, what: &str) -> Result<Vec<Json>, Problem> {
    list(at, action, set, parameters).await.map_err(|fault| fault.problem(&format!("Looking for {what}")))
}

/// `data.aws_availability_zones`: the zones of a region.
struct AvailabilityZones(Arc<Cloud>);

impl DataSource for AvailabilityZones {
    fn name(&self) -> &'static str {
        "aws_availability_zones"
    }

    fn schema(&self) -> Schema {
        schema(
            "The zones of a region.",
            vec![
                text("region").optional().computed().describe("The region; the provider's unless set."),
                truth("all_availability_zones").optional().describe("Also those that the account has not opted in to."),
                text_set("exclude_names").optional().describe("Names that are left out."),
                text_set("exclude_zone_ids").optional().describe("Ids that are left out."),
                text("state").optional().describe("Only those in this state: `available`."),
                text_list("names").computed().describe("Their names, sorted."),
                text_list("zone_ids").computed().describe("Their ids, in the order of the names."),
                text_set("group_names").computed().describe("The groups that they are in."),
            ],
            vec![filters()],
        )
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let zones = async {
                let config = &request.config;
                let at = At::of(self.0.session()?, config);
                let mut parameters = Parameters::default();
                if flag(config, "all_availability_zones") == Some(true) {
                    parameters.add("AllAvailabilityZones", "true");
                }
                if let Some(state) = filled(config, "state") {
                    parameters = parameters.filter("state", &[state]);
                }
                let parameters = filtered(config, parameters);
                let mut zones =
                    found(&at, "DescribeAvailabilityZones", "availabilityZoneInfo", parameters, "zones").await?;
                let without = |name: &str| texts(config, name).unwrap_or_default();
                let (names, ids) = (without("exclude_names"), without("exclude_zone_ids"));
                zones.retain(|zone| {
                    !names.iter().any(|name| name == xml::text(zone, "zoneName"))
                        && !ids.iter().any(|id| id == xml::text(zone, "zoneId"))
                });
                zones.sort_by_key(|zone| xml::text(zone, "zoneName").to_owned());
                let of = |member: &str| zones.iter().map(|zone| xml::text(zone, member).to_owned()).collect::<Vec<_>>();
                let mut groups = of("groupName");
                groups.sort();
                groups.dedup();
                Ok(json!({
                    "id": at.region,
                    "region": at.region,
                    "names": of("zoneName"),
                    "zone_ids": of("zoneId"),
                    "group_names": groups,
                }))
            };
            finish(&context, &request, zones.await)
        })
    }
}

/// `data.aws_subnets`: the ids of subnets.
struct Subnets(Arc<Cloud>);

impl DataSource for Subnets {
    fn name(&self) -> &'static str {
        "aws_subnets"
    }

    fn schema(&self) -> Schema {
        schema(
            "The ids of subnets.",
            vec![
                text("region").optional().computed().describe("The region; the provider's unless set."),
                words("tags").optional().computed().describe("Tags that they have."),
                text_list("ids").computed().describe("The ids."),
            ],
            vec![filters()],
        )
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let subnets = async {
                let at = At::of(self.0.session()?, &request.config);
                let parameters = filtered(&request.config, Parameters::default());
                let all = found(&at, "DescribeSubnets", "subnetSet", parameters, "subnets").await?;
                let ids: Vec<&str> = all.iter().map(|subnet| xml::text(subnet, "subnetId")).collect();
                Ok(json!({"id": at.region, "region": at.region, "ids": ids}))
            };
            finish(&context, &request, subnets.await)
        })
    }
}

/// `data.aws_vpc`: a VPC that is there.
struct VpcOf(Arc<Cloud>);

impl VpcOf {
    async fn find(&self, config: &Value) -> Result<Json, Problem> {
        let at = At::of(self.0.session()?, config);
        let mut parameters = Parameters::default();
        for (attribute, filter) in
            [("id", "vpc-id"), ("cidr_block", "cidr"), ("dhcp_options_id", "dhcp-options-id"), ("state", "state")]
        {
            if let Some(value) = filled(config, attribute) {
                parameters = parameters.filter(filter, &[value]);
            }
        }
        if let Some(is_default) = flag(config, "default") {
            parameters = parameters.filter("is-default", &[is_default.to_string()]);
        }
        let all = found(&at, "DescribeVpcs", "vpcSet", filtered(config, parameters), "a VPC").await?;
        let [told] = &all[..] else {
            let detail = match all.len() {
                0 => "No VPC is like that.".to_owned(),
                count => format!("{count} VPCs are like that; say more of the one that is meant."),
            };
            return Err(Problem::error("No single VPC", detail));
        };
        let reference = Value::object([("id", Value::string(xml::text(told, "vpcId")))]);
        let described = vpc::Vpc.read(&at, &reference).await?.unwrap_or_default();
        let mut members: Map<String, Json> = described.as_object().cloned().unwrap_or_default();
        let associations = xml::list(told, "cidrBlockAssociationSet").iter().map(|one| {
            json!({
                "association_id": xml::text(one, "associationId"),
                "cidr_block": xml::text(one, "cidrBlock"),
                "state": xml::text(&one["cidrBlockState"], "state"),
            })
        });
        for (name, value) in [
            ("default", json!(xml::is_true(told, "isDefault"))),
            ("state", xml::filled(told, "state")),
            ("tags", json!(xml::tags(told))),
            ("region", json!(at.region)),
            ("cidr_block_associations", json!(associations.collect::<Vec<_>>())),
        ] {
            members.insert(name.to_owned(), value);
        }
        members.retain(|name, _| KNOWN.contains(&&**name));
        Ok(Json::Object(members))
    }
}

/// Attributes of the data source.
const KNOWN: &[&str] = &[
    "arn",
    "cidr_block",
    "cidr_block_associations",
    "default",
    "dhcp_options_id",
    "enable_dns_hostnames",
    "enable_dns_support",
    "enable_network_address_usage_metrics",
    "id",
    "instance_tenancy",
    "ipv6_association_id",
    "ipv6_cidr_block",
    "main_route_table_id",
    "owner_id",
    "region",
    "state",
    "tags",
];

impl DataSource for VpcOf {
    fn name(&self) -> &'static str {
        "aws_vpc"
    }

    fn schema(&self) -> Schema {
        use sdk::value::Type;
        let association = [("association_id", Type::String), ("cidr_block", Type::String), ("state", Type::String)];
        let computed = |name: &str, description: &str| text(name).computed().describe(description);
        let mut schema = schema(
            "A VPC that is there.",
            vec![
                text("region").optional().computed().describe("The region; the provider's unless set."),
                text("cidr_block").optional().computed().describe("Its range of addresses."),
                text("dhcp_options_id").optional().computed().describe("What its hosts are told about the network."),
                truth("default").optional().computed().describe("Whether it is the region's default one."),
                text("state").optional().computed().describe("`available`, once it is."),
                words("tags").optional().computed().describe("Tags that it has."),
                objects("cidr_block_associations", &association).describe("All of its ranges."),
                computed("arn", "Its name in all of AWS."),
                truth("enable_dns_hostnames").computed().describe("Whether its hosts get public names."),
                truth("enable_dns_support").computed().describe("Whether names are resolved in it."),
                truth("enable_network_address_usage_metrics")
                    .computed()
                    .describe("Whether use of its addresses is measured."),
                computed("instance_tenancy", "`default` or `dedicated`."),
                computed("ipv6_association_id", "What binds its range of IPv6 to it."),
                computed("ipv6_cidr_block", "Its range of IPv6."),
                computed("main_route_table_id", "The route table of subnets that have no other."),
                computed("owner_id", "The account that it belongs to."),
            ],
            vec![filters()],
        );
        for attribute in &mut schema.block.attributes {
            if attribute.name == "id" {
                *attribute = text("id").optional().computed().describe("Its id.");
            }
        }
        schema
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let found = self.find(&request.config).await;
            finish(&context, &request, found)
        })
    }
}
