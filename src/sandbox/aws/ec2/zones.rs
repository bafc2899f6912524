//! Regions, their zones, and the names by which machines in them are known.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, filter, invalid};

/// The regions that every account has.
pub const REGIONS: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Returns the zones of a region: names and ids.
pub fn zones(region: &str) -> Vec<(String, String)> {
    let letters = match region {
        "us-east-1" => "abcdef",
        "us-west-2" | "ap-northeast-2" => "abcd",
        "us-west-1" => "ac",
        "ap-northeast-1" => "acd",
        "ca-central-1" => "abd",
        _ => "abc",
    };
    let mut parts = region.split('-');
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let direction: String = ["north", "south", "east", "west", "central", "gov", "iso"]
            .into_iter()
            .filter(|known| part.contains(known))
            .map(|known| &known[..1])
            .collect();
        short.push_str(if direction.is_empty() { part } else { &direction });
    }
    let numbered = letters.chars().enumerate();
    numbered.map(|(place, letter)| (format!("{region}{letter}"), format!("{short}-az{}", place + 1))).collect()
}

/// Returns the domain of private names.
pub fn domain(region: &str) -> String {
    if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") }
}

/// Returns the private name of an address.
pub fn private_name(region: &str, address: &str) -> String {
    format!("ip-{}.{}", address.replace('.', "-"), domain(region))
}

/// Returns the public name of an address.
pub fn public_name(region: &str, address: &str) -> String {
    let domain = match region {
        "us-east-1" => "compute-1.amazonaws.com".to_owned(),
        other => format!("{other}.compute.amazonaws.com"),
    };
    format!("ec2-{}.{domain}", address.replace('.', "-"))
}

/// `DescribeAvailabilityZones`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let region = invocation.region.name.clone();
    let mut list: Vec<Json> = zones(&region)
        .into_iter()
        .map(|(name, id)| {
            json!({
                "optInStatus": "opt-in-not-required", "messageSet": [], "regionName": region, "zoneName": name, "zoneId": id,
                "groupName": format!("{region}-zg-1"), "networkBorderGroup": region, "zoneType": "availability-zone",
                "zoneState": "available",
            })
        })
        .collect();
    for (parameter, member) in [("ZoneName", "zoneName"), ("ZoneId", "zoneId")] {
        let wanted = invocation.parameters.list(parameter);
        for name in &wanted {
            if !list.iter().any(|zone| zone[member] == **name) {
                let text = format!("Invalid availability zone: [{name}]");
                return Err(Error::new("InvalidParameterValue", text));
            }
        }
        list.retain(|zone| wanted.is_empty() || wanted.iter().any(|name| zone[member] == **name));
    }
    let known = [
        ("group-name", "groupName"),
        ("message", "messageSet/*/message"),
        ("opt-in-status", "optInStatus"),
        ("region-name", "regionName"),
        ("state", "zoneState"),
        ("zone-id", "zoneId"),
        ("zone-name", "zoneName"),
        ("zone-type", "zoneType"),
    ];
    filter(invocation, &known, &mut list)?;
    Ok(json!({"availabilityZoneInfo": list}))
}

/// `DescribeRegions`.
pub fn describe_regions(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted = invocation.parameters.list("RegionName");
    if let Some(name) = wanted.iter().find(|name| !REGIONS.contains(&&***name)) {
        return Err(invalid("RegionName", name, "Invalid region provided."));
    }
    let regions = REGIONS.iter().filter(|name| wanted.is_empty() || wanted.iter().any(|wanted| wanted == *name));
    let mut list: Vec<Json> = regions
        .map(|name| {
            json!({
                "regionName": name, "regionEndpoint": format!("ec2.{name}.amazonaws.com"),
                "optInStatus": "opt-in-not-required",
            })
        })
        .collect();
    let known = [("endpoint", "regionEndpoint"), ("opt-in-status", "optInStatus"), ("region-name", "regionName")];
    filter(invocation, &known, &mut list)?;
    Ok(json!({"regionInfo": list}))
}

#[cfg(test)]
mod tests {
    use super::zones;

    #[test]
    fn ids_of_zones_are_short() {
        for (region, id) in [
            ("eu-west-1", "euw1-az1"),
            ("us-east-1", "use1-az1"),
            ("ap-southeast-2", "apse2-az1"),
            ("ca-central-1", "cac1-az1"),
            ("ap-northeast-1", "apne1-az1"),
        ] {
            assert_eq!(zones(region)[0].1, id);
        }
    }
}
