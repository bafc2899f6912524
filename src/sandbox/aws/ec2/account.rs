//! Attributes of the account.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, invalid};
use super::kind::{DHCP_OPTIONS, VPC, describe as describe_all};

/// `DescribeAccountAttributes`.
pub fn describe_attributes(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let default = invocation.region.all(&VPC).into_iter().find(|vpc| vpc["isDefault"] == true);
    let default = default.map_or_else(|| json!("none"), |vpc| vpc["vpcId"].clone());
    let attributes = [
        ("supported-platforms", json!("VPC")),
        ("default-vpc", default),
        ("max-instances", json!("20")),
        ("max-elastic-ips", json!("5")),
        ("vpc-max-elastic-ips", json!("5")),
        ("vpc-max-security-groups-per-interface", json!("5")),
    ];
    let wanted = invocation.parameters.list("AttributeName");
    if let Some(name) = wanted.iter().find(|name| !attributes.iter().any(|(known, _)| known == &name.as_str())) {
        return Err(invalid("AttributeName", name, ""));
    }
    let attributes =
        attributes.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name));
    let set = attributes
        .map(|(name, value)| json!({"attributeName": name, "attributeValueSet": [{"attributeValue": value}]}));
    Ok(json!({"accountAttributeSet": set.collect::<Vec<_>>()}))
}

/// `DescribeDhcpOptions`.
pub fn describe_dhcp_options(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &DHCP_OPTIONS)
}
