//! Prices: found, scaled, estimated, put before others, refused.

use super::{Missing, Price, Prices};
use crate::money::Money;

fn price(item: &str, region: Option<&str>) -> Result<String, Missing> {
    Prices::built_in().find(item, region).map(|Price { rate: (least, most), is_estimate }| {
        let about = if is_estimate { "about " } else { "" };
        if least == most { format!("{about}{}", least.0) } else { format!("{about}{}-{}", least.0, most.0) }
    })
}

/// Figures from AWS's own price list, as of the date of the file: see `source` there.
#[test]
fn the_prices_of_the_program_are_those_of_the_list() {
    let check = |item: &str, region: &str, nano: &str| {
        assert_eq!(price(item, Some(region)), Ok(nano.to_owned()), "{item} in {region}");
    };
    check("aws/eks/control-plane/1.99", "us-east-1", "100000000");
    check("aws/eks/control-plane/1.31", "eu-west-1", "600000000");
    check("aws/ec2/m7i.large", "us-east-1", "100800000");
    check("aws/ec2/m7i.48xlarge", "us-east-1", "9676800000");
    check("aws/ec2/t3.medium", "us-west-2", "41600000");
    check("aws/ec2/r7i.4xlarge", "us-east-1", "1058400000");
    check("aws/ec2/g5.xlarge", "us-east-1", "1006000000");
    check("aws/ec2/c7i.large/spot", "us-east-1", "about 26775000-62475000");
    check("aws/nat-gateway", "us-east-1", "45000000");
    check("aws/elb/network", "us-east-1", "22500000");
    check("aws/public-ipv4", "ap-south-2", "5000000");
    // $0.08 for a month of 730 hours.
    check("aws/ebs/gp3", "us-east-1", "109589");
}

#[test]
fn what_the_list_does_not_have_is_unknown_and_why() {
    assert_eq!(price("aws/ec2/m7i.large", Some("mars-1")), Err(Missing::Region));
    assert_eq!(price("aws/ec2/m7i.large", None), Err(Missing::RegionUnknown));
    assert_eq!(price("aws/ec2/m7i.huge", Some("us-east-1")), Err(Missing::Item));
    assert_eq!(price("aws/ec2/m7i.huge/spot", Some("us-east-1")), Err(Missing::Item));
    assert_eq!(price("aws/ec2/z99.large", Some("us-east-1")), Err(Missing::Item));
    assert_eq!(price("nobody/nothing", None), Err(Missing::Item));
}

fn list(items: &str) -> String {
    format!(r#"{{"format": 1, "date": "2026-01-02", "currency": "USD", "source": "ours", "items": {{{items}}}}}"#)
}

#[test]
fn a_list_of_the_users_wins_item_by_item() {
    let own = list(r#""aws/nat-gateway": {"name": "way out", "per": "month", "price": {"us-east-1": 73}}"#);
    let prices = Prices::built_in().with(&own).expect("it is a list");
    let find = |item: &str, region: &str| prices.find(item, Some(region)).map(|price| price.rate.0);
    assert_eq!(find("aws/nat-gateway", "us-east-1"), Ok(Money(100_000_000)));
    assert_eq!(find("aws/nat-gateway", "us-east-2"), Ok(Money(45_000_000)), "the built-in list has the other regions");
    assert_eq!(prices.name("aws/nat-gateway"), "way out");
    let dates: Vec<&str> = prices.sources().map(|(date, _)| date).collect();
    assert_eq!(dates[0], "2026-01-02");
    assert_eq!(dates.len(), 2);
}

#[test]
fn what_is_wrong_with_a_list_is_said() {
    let check = |text: &str, said: &str| {
        let problem = Prices::default().with(text).expect_err(text);
        assert!(problem.contains(said), "{problem}");
    };
    check("{", "it is not JSON");
    check("[]", "the whole must be an object");
    check(r#"{"format": 2}"#, "`format` must be 1");
    check(&list("").replace("USD", "EUR"), "`currency` must be \"USD\"");
    check(&list("").replace("2026-01-02", "2026-13-02"), "it must be a day");
    check(&list("").replace("\"source\"", "\"sauce\""), "the whole has \"sauce\"");
    check(&list(r#""a": {"per": "year", "price": {}}"#), "items[\"a\"].per is \"year\"");
    check(&list(r#""a": {"per": "hour", "price": {"r": -1}}"#), "items[\"a\"].price[\"r\"] is -1");
    check(&list(r#""a": {"per": "hour", "price": {"r s": 1, "s": 2}}"#), "has the region \"s\" twice");
    check(&list(r#""a": {"per": "hour", "scale": "x", "price": {}}"#), "`scales` does not have");
    check(&list(r#""a": {"per": "hour"}"#), "items[\"a\"].price must be an object");
}
