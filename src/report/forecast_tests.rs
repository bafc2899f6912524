//! Forecasts of small plans, as the table that people see.

use std::sync::Arc;
use std::time::Duration;

use addr::{AbsInstance, AbsResource, Mode, Module, ModuleInstance, Pattern, Provider, ProviderConfig, Resource};
use plan::{Action, Change, Deferred, Need, Outlook, Plan, Wait};
use sdk::{Charge, Costs, Disruption, Meaning, OutlookStep, Quantity, Word};
use value::Value;

use super::{Forecast, has_news};
use crate::prices::Prices;

fn instance(module: &str, kind: &str) -> AbsInstance {
    let root = ModuleInstance::default();
    let module = if module.is_empty() { root } else { root.child(module, None) };
    let resource = Resource { mode: Mode::Managed, kind: kind.into(), name: "x".into() };
    AbsInstance { resource: AbsResource { module, resource }, key: None }
}

/// A change of a thing in a module, by the provider of that alias, with what it needs.
fn change(
    address: &AbsInstance,
    alias: Option<&str>,
    action: Action,
    needs: &[&AbsInstance],
    outlook: Outlook,
) -> Change {
    let provider =
        ProviderConfig { module: Module::default(), provider: Provider::implied("t"), alias: alias.map(Into::into) };
    let needs = needs.iter().map(|need| Need { resource: need.resource.clone(), key: None });
    Change {
        needs: needs.collect(),
        outlook: (outlook != Outlook::default()).then(|| Box::new(outlook)),
        ..Change::new(address.clone(), Arc::new(provider), action, (Value::NULL, Value::TRUE))
    }
}

fn takes(seconds: u64) -> Outlook {
    Outlook { making: Duration::from_secs(seconds), ..Outlook::default() }
}

fn costs(charges: Vec<Charge>, meanings: Vec<Meaning>) -> Costs {
    Costs { charges, meanings }
}

fn table(plan: &Plan) -> String {
    crate::text(&Forecast::of(plan, &Prices::built_in(), 10), &|line| line.to_owned())
}

/// A cluster whose version changes, with a pool that grows, and a volume whose class the cluster's module has.
fn plan() -> Plan {
    let region = Some("us-east-1".into());
    let cluster = instance("cluster.lake", "t_cluster");
    let pool = instance("cluster.lake", "t_pool");
    let class = instance("cluster.lake", "t_class");
    let (volume, other) = (instance("addon.kafka", "t_volume"), instance("", "t_other"));
    let control =
        |version: &str| costs(vec![Charge::listed(format!("aws/eks/control-plane/{version}"), region.clone())], vec![]);
    let upgrade = |title: &str| OutlookStep::new(title, Duration::from_secs(540));
    let nodes = |least, most| {
        let machines = Charge::listed("aws/ec2/m7i.large", region.clone());
        costs(vec![machines.times(Quantity { least, most: Some(most) })], vec![])
    };
    let word = Word { kind: "storage-class".into(), name: Some("ssd".into()) };
    let meanings = costs(vec![], vec![Meaning { word, charges: vec![Charge::listed("aws/ebs/gp3", None)] }]);
    let claim = Charge::meant("storage-class", Some("ssd".into())).times(Quantity::exactly(7300));
    let steps = vec![upgrade("1.34 -> 1.35"), OutlookStep::new("nodes", Duration::ZERO), upgrade("1.35 -> 1.36")];
    let cluster_outlook = Outlook { steps, before: control("1.34"), after: control("1.36"), ..takes(1080) };
    let pool_outlook =
        Outlook { disruption: Disruption::Rolling, before: nodes(2, 2), after: nodes(2, 4), ..takes(600) };
    let class_outlook = Outlook { before: meanings.clone(), after: meanings, ..Outlook::default() };
    let volume_outlook = Outlook { after: costs(vec![claim], vec![]), ..Outlook::default() };
    let mut changes = vec![
        change(&cluster, None, Action::Update, &[], cluster_outlook),
        change(&pool, None, Action::Update, &[&cluster], pool_outlook),
        change(&class, Some("lake"), Action::NoOp, &[&cluster], class_outlook),
        change(&volume, Some("lake"), Action::Create, &[&pool], volume_outlook),
        change(&other, None, Action::Create, &[], Outlook::default()),
    ];
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    Plan { changes, ..Plan::default() }
}

#[test]
fn a_cluster_is_told_of_with_all_that_is_in_it() {
    let expected = "\
Outlook, by usual durations and list prices of 2026-07-20:

                Disruption  Time     Cost per hour now  then
  cluster.lake  rolling     ~29 min  $0.302             $1.10 to 1.30

  cluster.lake
    t_cluster.x  1.34 -> 1.35  ~9 min
                 nodes         meanwhile
                 1.35 -> 1.36  ~9 min
    t_pool.x                              rolling
    gp3 volumes  7300 GB      $0.80
    m7i.large    2 -> 2 to 4  $0.202 -> $0.202 to 0.403
";
    assert_eq!(table(&plan()), expected);
}

#[test]
fn the_critical_path_is_the_chain_that_ends_last() {
    let forecast = Forecast::of(&plan(), &Prices::built_in(), 10);
    let critical: Vec<&str> =
        forecast.bars.iter().filter(|bar| bar.is_critical).map(|bar| bar.address.as_str()).collect();
    assert_eq!(critical, ["cluster.lake.t_cluster.x", "cluster.lake.t_pool.x", "addon.kafka.t_volume.x"]);
    assert_eq!(forecast.takes, Duration::from_secs(1681));
}

#[test]
fn of_plain_changes_there_is_nothing_to_say() {
    let plain = change(&instance("", "t_other"), None, Action::Create, &[], takes(700));
    assert!(!has_news(&Plan { changes: vec![plain], ..Plan::default() }));
    assert!(has_news(&plan()));
    let mut still = plan();
    still.changes.iter_mut().for_each(|change| change.action = Action::NoOp);
    assert!(!has_news(&still), "what stays is no news, whatever it costs");
}

/// Compares when things begin, in seconds: a cluster of ten minutes, nodes of three on it, something that takes a while beside
/// it, and in the cluster, planned once it is there, a service, and pods that stand on the nodes.
#[track_caller]
fn check_begin(beside_seconds: u64, expected: [u64; 2]) {
    let cluster = instance("", "t_cluster");
    let (nodes, beside) = (instance("", "t_nodes"), instance("", "t_beside"));
    let (pods, service) = (instance("", "t_pods"), instance("", "t_service"));
    let changes = vec![
        change(&beside, None, Action::Create, &[], takes(beside_seconds)),
        change(&cluster, None, Action::Create, &[], takes(600)),
        change(&nodes, None, Action::Create, &[&cluster], takes(180)),
    ];
    let waits = |address: &AbsInstance, needs: &[&AbsInstance]| Deferred {
        pattern: Pattern::exactly(address),
        wait: Wait::ProviderConfig,
        change: change(address, Some("lake"), Action::Create, needs, takes(60)),
    };
    let deferred = vec![waits(&pods, &[&cluster, &nodes]), waits(&service, &[&cluster])];
    let forecast = Forecast::of(&Plan { changes, deferred, ..Plan::default() }, &Prices::built_in(), 10);
    let begin = |address: &AbsInstance| {
        let bar = forecast.bars.iter().find(|bar| bar.address == address.to_string());
        bar.expect("it is a step").start.as_secs()
    };
    assert_eq!([begin(&service), begin(&pods)], expected);
}

#[test]
fn what_is_in_a_cluster_begins_with_it_unless_something_else_is_under_way() {
    check_begin(300, [600, 780]);
    check_begin(600, [600, 780]);
    // Nothing is quiet until the end: the stage is not cut.
    check_begin(700, [780, 780]);
}
