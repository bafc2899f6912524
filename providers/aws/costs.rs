//! What objects of AWS cost, in the words of the price list.

use ecow::EcoString;
use sdk::value::Value;
use sdk::{Charge, Costs, Course, Disruption, Meaning, Outlook, Prospect, Quantity, Word};

use crate::fields::{block, block_or_null, blocks, filled, flag, number, text, texts};

/// What launch templates explain of themselves to node groups.
const MACHINE: &str = "launch-template/machine";
const SPOT_MACHINE: &str = "launch-template/machine/spot";
const VOLUMES: &str = "launch-template/volumes";
/// The disk of a node, in GiB, of which nobody says more.
const NODE_DISK: u64 = 20;

fn amount(object: &Value, name: &str) -> Option<u64> {
    number(object, name).and_then(|number| u64::try_from(number).ok())
}

fn meaning(kind: &str, name: Option<&str>, charges: Vec<Charge>) -> Meaning {
    Meaning { word: Word { kind: kind.into(), name: name.map(EcoString::from) }, charges }
}

/// Returns one charge of an entry of the price list.
pub(crate) fn one(item: &str, region: Option<EcoString>) -> Costs {
    Costs { charges: vec![Charge::listed(item, region)], meanings: vec![] }
}

/// Returns what a cluster costs, and what a load balancer costs that its services ask for.
pub(crate) fn cluster(object: &Value, region: Option<EcoString>) -> Costs {
    let item = match filled(object, "version") {
        Some(version) => format!("aws/eks/control-plane/{version}"),
        None => "aws/eks/control-plane".to_owned(),
    };
    let name = filled(object, "name");
    let balancer = |item: &str| vec![Charge::listed(item, region.clone())];
    // With Auto Mode EKS makes the newer kind unless it is told otherwise.
    let is_automatic = block(object, "compute_config").and_then(|block| flag(block, "enabled")) == Some(true);
    let usual = if is_automatic { "aws/elb/network" } else { "aws/elb/classic" };
    Costs {
        meanings: vec![
            meaning("cluster", name.as_deref(), vec![]),
            meaning("load-balancer", Some(""), balancer(usual)),
            meaning("load-balancer", Some("network"), balancer("aws/elb/network")),
        ],
        charges: vec![Charge::listed(item, region)],
    }
}

/// Returns what the nodes of a group cost, from its smallest size to its largest.
pub(crate) fn node_group(object: &Value, region: Option<EcoString>) -> Costs {
    let scaling = block_or_null(object, "scaling_config");
    let nodes = Quantity { least: amount(scaling, "min_size").unwrap_or(0), most: amount(scaling, "max_size") };
    let template = block(object, "launch_template");
    let template_name = template.and_then(|template| filled(template, "id").or_else(|| filled(template, "name")));
    let of_template = |kind: &str| Charge::meant(kind, template_name.as_deref().map(EcoString::from));
    let is_spot = text(object, "capacity_type").as_deref() == Some("SPOT");
    let machines = texts(object, "instance_types").filter(|types| !types.is_empty());
    let machine = match (machines.as_deref().and_then(<[String]>::first), template) {
        // Of several the first one is taken as long as there is capacity.
        (Some(machine), _) => {
            Charge::listed(format!("aws/ec2/{machine}{}", if is_spot { "/spot" } else { "" }), region.clone())
        }
        (None, Some(_)) => of_template(if is_spot { SPOT_MACHINE } else { MACHINE }),
        (None, None) => Charge::meant("machine", None),
    };
    let disk = match template {
        Some(_) => of_template(VOLUMES).times(nodes),
        None => {
            let size = Quantity::exactly(amount(object, "disk_size").unwrap_or(NODE_DISK));
            Charge::listed("aws/ebs/gp3", region).times(nodes.times(size))
        }
    };
    Costs { charges: vec![machine.times(nodes), disk], meanings: vec![] }
}

/// Returns what instances cost that are made by a template; it costs nothing itself.
pub(crate) fn launch_template(object: &Value, region: Option<EcoString>) -> Costs {
    let market = block(object, "instance_market_options").and_then(|market| text(market, "market_type"));
    let is_spot = market.as_deref() == Some("spot");
    let machine = |ending: &str| match filled(object, "instance_type") {
        Some(machine) => Charge::listed(format!("aws/ec2/{machine}{ending}"), region.clone()),
        None => Charge::meant("machine", None),
    };
    let mappings = blocks(object, "block_device_mappings").iter().filter_map(|mapping| block(mapping, "ebs"));
    let mut volumes: Vec<Charge> = mappings
        .map(|volume| {
            let kind = filled(volume, "volume_type").unwrap_or_else(|| "gp2".to_owned());
            let size = Quantity::of(amount(volume, "volume_size"));
            Charge::listed(format!("aws/ebs/{kind}"), region.clone()).times(size)
        })
        .collect();
    if volumes.is_empty() {
        volumes.push(Charge::listed("aws/ebs/gp3", region.clone()).times(Quantity::exactly(NODE_DISK)));
    }
    let names: Vec<String> = ["id", "name"].iter().filter_map(|name| filled(object, name)).collect();
    let mut names: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
    if names.is_empty() {
        names.push(None);
    }
    let of_name = |name: Option<&str>| {
        [
            meaning(MACHINE, name, vec![machine(if is_spot { "/spot" } else { "" })]),
            meaning(SPOT_MACHINE, name, vec![machine("/spot")]),
            meaning(VOLUMES, name, volumes.clone()),
        ]
    };
    Costs { charges: vec![], meanings: names.into_iter().flat_map(of_name).collect() }
}

/// Returns the outlook of something that cannot be used once it is gone.
pub(crate) fn outage_when_gone(prospect: Prospect<'_>) -> Outlook {
    let is_gone = matches!(prospect.course, Course::Delete | Course::DeleteThenCreate);
    Outlook { disruption: if is_gone { Disruption::Outage } else { Disruption::None }, ..Outlook::default() }
}

#[cfg(test)]
mod tests {
    use super::{cluster, launch_template, node_group};
    use sdk::value::{Type, Value};
    use sdk::{Charge, Item, Quantity};

    fn object(members: Vec<(&str, Value)>) -> Value {
        Value::object(members)
    }

    fn one(block: Value) -> Value {
        Value::tuple([block])
    }

    fn shown(charge: &Charge) -> String {
        let item = match &charge.item {
            Item::Listed(item) => item.to_string(),
            Item::Meant(word) => format!("{} {:?}", word.kind, word.name.as_deref()),
        };
        let Quantity { least, most } = charge.quantity;
        let most = most.map_or("?".to_owned(), |most| most.to_string());
        format!("{item} {}: {least}..{most}", charge.region.as_deref().unwrap_or("?"))
    }

    fn check(costs: sdk::Costs, charges: &[&str], meanings: &[&str]) {
        assert_eq!(costs.charges.iter().map(shown).collect::<Vec<_>>(), charges);
        let meant = |meaning: &sdk::Meaning| {
            let charges: Vec<String> = meaning.charges.iter().map(shown).collect();
            format!("{} {:?} = {}", meaning.word.kind, meaning.word.name.as_deref(), charges.join(", "))
        };
        assert_eq!(costs.meanings.iter().map(meant).collect::<Vec<_>>(), meanings);
    }

    #[test]
    fn a_cluster_pays_for_its_control_plane_and_tells_of_load_balancers() {
        let lake = object(vec![("name", "lake".into()), ("version", "1.35".into())]);
        check(
            cluster(&lake, Some("r".into())),
            &["aws/eks/control-plane/1.35 r: 1..1"],
            &[
                "cluster Some(\"lake\") = ",
                "load-balancer Some(\"\") = aws/elb/classic r: 1..1",
                "load-balancer Some(\"network\") = aws/elb/network r: 1..1",
            ],
        );
    }

    #[test]
    fn a_node_group_pays_for_machines_and_disks_from_its_smallest_to_its_largest_size() {
        let scaling = object(vec![("min_size", 2.into()), ("max_size", 10.into())]);
        let types = Value::list(Type::String, ["r7i.large", "r6i.large"].map(Value::string));
        let spot = object(vec![
            ("scaling_config", one(scaling.clone())),
            ("instance_types", types),
            ("capacity_type", "SPOT".into()),
            ("disk_size", 50.into()),
        ]);
        check(node_group(&spot, None), &["aws/ec2/r7i.large/spot ?: 2..10", "aws/ebs/gp3 ?: 100..500"], &[]);
        let template = object(vec![("id", Value::unknown(Type::String)), ("name", Value::NULL)]);
        let templated = object(vec![
            ("scaling_config", one(scaling)),
            ("instance_types", Value::unknown(Type::list(Type::String))),
            ("launch_template", one(template)),
        ]);
        check(
            node_group(&templated, None),
            &["launch-template/machine None ?: 2..10", "launch-template/volumes None ?: 2..10"],
            &[],
        );
        let unknown = object(vec![("scaling_config", Value::unknown(Type::Dynamic))]);
        check(node_group(&unknown, None), &["machine None ?: 0..?", "aws/ebs/gp3 ?: 0..?"], &[]);
    }

    #[test]
    fn a_launch_template_says_what_an_instance_of_it_costs() {
        let volume = object(vec![("volume_type", "io2".into()), ("volume_size", 100.into())]);
        let template = object(vec![
            ("id", "lt-1".into()),
            ("name", Value::unknown(Type::String)),
            ("instance_type", "m7i.large".into()),
            ("block_device_mappings", one(object(vec![("ebs", one(volume))]))),
        ]);
        check(
            launch_template(&template, Some("r".into())),
            &[],
            &[
                "launch-template/machine Some(\"lt-1\") = aws/ec2/m7i.large r: 1..1",
                "launch-template/machine/spot Some(\"lt-1\") = aws/ec2/m7i.large/spot r: 1..1",
                "launch-template/volumes Some(\"lt-1\") = aws/ebs/io2 r: 100..100",
            ],
        );
    }
}
