//! What waits for what: Terraform's rules one by one, and plans of all shapes.

use std::collections::HashSet;
use std::sync::Arc;

use addr::{AbsInstance, Provider, ProviderConfig};
use plan::{Action, Change, Inside, Need, Plan, Reason, Role};
use state::{Attributes, Dependency, DeposedKey, Object};
use value::Value;

use super::{Doing, PlannedStep, steps, steps_with_hubs};

fn address(name: &str) -> AbsInstance {
    let text = if name.contains('.') { name.to_owned() } else { format!("t.{name}") };
    state::parse_instance(&text).expect("an address")
}

/// Makes a change: what it was configured from, and what is stored of what its object depends on.
fn change(name: &str, action: Action, needs: &[&str], stored: &[&str]) -> Change {
    let address = address(name);
    let value = Value::object([("a", Value::from(1))]);
    let attributes = Attributes::of_value(value.clone(), value.ty()).expect("it can be stored");
    let dependencies = stored.iter().map(|name| Dependency(self::address(name))).collect();
    let object = Object { dependencies, ..Object::new(0, attributes) };
    let needs = needs.iter().map(|name| self::address(name));
    Change {
        address,
        deposed: None,
        provider: Arc::new(ProviderConfig {
            module: addr::Module::default(),
            provider: Provider::implied("t"),
            alias: None,
        }),
        action,
        reason: Reason::Plain,
        before: Value::NULL,
        after: value,
        replaces: Vec::new(),
        private: Vec::new(),
        prior: (action != Action::Create).then(|| Arc::new(object)),
        needs: needs.map(|on| Need { resource: on.resource, key: on.key }).collect(),
        repeated: None,
        inside: None,
        importing: None,
        outlook: None,
    }
}

/// The changes of a text: `a Update <b ~c` for one that is configured from `b` and stored as depending on `c`.
fn plan(text: &str) -> Plan {
    let one = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a name");
        let action = match words.next() {
            Some("NoOp") => Action::NoOp,
            Some("Create") => Action::Create,
            Some("Update") => Action::Update,
            Some("Delete" | "Deposed") => Action::Delete,
            Some("DeleteThenCreate") => Action::DeleteThenCreate,
            Some("CreateThenDelete") => Action::CreateThenDelete,
            other => panic!("no such action: {other:?}"),
        };
        let rest: Vec<&str> = words.collect();
        let of = |sign: char| rest.iter().filter_map(|word| word.strip_prefix(sign)).collect::<Vec<_>>();
        let mut made = change(name, action, &of('<'), &of('~'));
        made.deposed = line.contains("Deposed").then_some(DeposedKey(1));
        made
    };
    Plan { changes: text.split(';').map(one).collect(), ..Plan::default() }
}

/// Returns, for each step, all that come before it.
fn before(needs: &[Vec<u32>]) -> Vec<HashSet<u32>> {
    let all = |step: u32| {
        let mut found = HashSet::new();
        let mut open = needs[step as usize].clone();
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(&needs[next as usize]);
            }
        }
        found
    };
    (0..needs.len() as u32).map(all).collect()
}

/// The name of a step: `a+` makes, `a-` deletes.
fn name(plan: &Plan, step: &PlannedStep) -> String {
    let change = &plan.changes[step.change as usize];
    let text = change.address.to_string();
    let sign = if step.doing == Doing::Make { '+' } else { '-' };
    let deposed = if change.deposed.is_some() { "old " } else { "" };
    format!("{deposed}{}{sign}", text.strip_prefix("t.").unwrap_or(&text))
}

/// Checks everything that comes before what else: `b+ after a+`, sorted by step.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_with(text, &[], expected);
}

/// Checks the same where some changes play parts in the end of the change `c`.
#[track_caller]
fn check_with(text: &str, parts: &[(&str, Role)], expected: &[&str]) {
    let mut plan = plan(text);
    for (name, role) in parts {
        let found = plan.changes.iter_mut().find(|change| change.address == address(name)).expect("a change");
        found.inside = Some(Inside { container: address("c"), role: *role });
    }
    let (steps, needs) = steps(&plan);
    let mut found = Vec::new();
    for (place, earlier) in before(&needs).iter().enumerate() {
        let is_shown = |step: u32| !steps[step as usize].is_idle;
        for other in earlier.iter().filter(|other| is_shown(**other) && is_shown(place as u32)) {
            found.push(format!("{} after {}", name(&plan, &steps[place]), name(&plan, &steps[*other as usize])));
        }
    }
    found.sort();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn what_is_made_waits_for_what_it_needs() {
    check("a Create; b Create <a", &["b+ after a+"]);
    check("a Update; b Update <a ~a", &["b+ after a+"]);
    check("a Update; b NoOp <a ~a; c Update <b ~b", &["c+ after a+"]);
}

#[test]
fn what_is_deleted_waits_for_what_depends_on_it() {
    check("a Delete; b Delete ~a", &["a- after b-"]);
    check(
        "a DeleteThenCreate; b DeleteThenCreate <a ~a",
        &["a+ after a-", "a+ after b-", "a- after b-", "b+ after a+", "b+ after a-", "b+ after b-"],
    );
}

#[test]
fn what_goes_along_passes_the_order_on() {
    let text = "a Delete; c Delete ~a; n Delete ~c ~r; r Delete; x Delete ~n ~c";
    let without = [
        "a- after c-",
        "a- after n-",
        "a- after x-",
        "c- after n-",
        "c- after x-",
        "n- after x-",
        "r- after n-",
        "r- after x-",
    ];
    check(text, &without);
    check_with(text, &[("n", Role::Along)], &["a- after c-", "a- after x-", "c- after x-", "r- after x-"]);
}

#[test]
fn what_releases_goes_after_the_others_and_before_the_cluster() {
    let text = "c Delete; r Delete ~c; x Delete ~c";
    check_with(text, &[("r", Role::Release), ("x", Role::Own)], &["c- after r-", "c- after x-", "r- after x-"]);
    // What someone wrote down counts more.
    let text = "c Delete; r Delete ~c ~x; x Delete ~c";
    check_with(text, &[("r", Role::Release), ("x", Role::Own)], &["c- after r-", "c- after x-", "x- after r-"]);
}

#[test]
fn an_update_comes_after_a_replacement_that_deletes_first() {
    check("a DeleteThenCreate; b Update <a ~a", &["a+ after a-", "b+ after a+", "b+ after a-"]);
}

#[test]
fn old_objects_go_last_where_new_ones_come_first() {
    check("a CreateThenDelete; b Update <a ~a", &["a- after a+", "a- after b+", "b+ after a+"]);
    check(
        "a CreateThenDelete; b CreateThenDelete <a ~a",
        &["a- after a+", "a- after b+", "a- after b-", "b+ after a+", "b- after a+", "b- after b+"],
    );
    // The update that failed in the run before: the new object is there, the old one is still used.
    check("a Deposed; b Update <a ~a", &["old a- after b+"]);
}

#[test]
fn what_is_no_longer_configured_goes_when_it_is_no_longer_used() {
    check("a Delete; b Update ~a", &["a- after b+"]);
    check("a Delete; b CreateThenDelete ~a", &["a- after b+", "a- after b-", "b- after b+"]);
    check("a Delete; b DeleteThenCreate ~a", &["a- after b-", "b+ after b-"]);
}

#[test]
fn an_update_waits_for_the_deletion_of_its_users() {
    check("a Update; b Delete ~a", &["a+ after b-"]);
    check("a Update; b DeleteThenCreate <a ~a", &["a+ after b-", "b+ after a+", "b+ after b-"]);
    check("a Update; b CreateThenDelete <a ~a", &["b+ after a+", "b- after a+", "b- after b+"]);
}

#[test]
fn what_stays_or_is_updated_passes_the_order_on() {
    check("a Delete; b NoOp <a ~a; c Delete ~b", &["a- after c-"]);
    check(
        "a DeleteThenCreate; b Update <a ~a; c Delete ~b",
        &["a+ after a-", "a+ after c-", "a- after c-", "b+ after a+", "b+ after a-", "b+ after c-"],
    );
    check(
        "a CreateThenDelete; b Update <a ~a; c Update <b ~b",
        &["a- after a+", "a- after b+", "a- after c+", "b+ after a+", "c+ after a+", "c+ after b+"],
    );
    check("a Deposed; a NoOp; b NoOp <a ~a; c Update <b ~b", &["old a- after c+"]);
}

#[test]
fn dependencies_without_keys_of_modules_mean_their_own_instance_or_all() {
    let a = |key: &str| format!("module.m[{key}].t.a Delete");
    let text = format!("{}; {}; module.m[0].t.b Delete ~module.m.t.a; c Delete ~module.m.t.a", a("0"), a("1"));
    check(
        &text,
        &["module.m[0].t.a- after c-", "module.m[0].t.a- after module.m[0].t.b-", "module.m[1].t.a- after c-"],
    );
}

#[test]
fn contradictions_cost_the_weaker_rule() {
    // The old x depends on y, which is deleted first; the new one does not, but b needs both.
    let text = "x CreateThenDelete ~y; y DeleteThenCreate; b Update <x <y ~x ~y";
    let plan = plan(text);
    let (steps, needs) = steps(&plan);
    assert!(graph::cycles(&needs).is_empty());
    let place = |wanted: &str| steps.iter().position(|step| name(&plan, step) == wanted).expect("it is there");
    let before = before(&needs);
    let comes = |late: &str, early: &str| before[place(late)].contains(&(place(early) as u32));
    assert!(comes("b+", "x+") && comes("b+", "y+") && comes("y-", "x-") && comes("x-", "x+"));
}

/// A generator of numbers that repeats itself: the tests are the same on each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Makes a plan of objects that were and are configured from others in any way; those that something which is created
/// first needs are created first, too, as the planner has it.
fn any_plan(random: &mut Random) -> Plan {
    let count = 2 + random.below(9) as usize;
    let names: Vec<String> = (0..count).map(|number| format!("o{number}")).collect();
    let some =
        |random: &mut Random, below: usize| -> Vec<usize> { (0..below).filter(|_| random.below(3) == 0).collect() };
    // Before, the objects may have depended on each other in another order.
    let before: Vec<usize> = if random.below(2) == 0 { (0..count).collect() } else { (0..count).rev().collect() };
    let stored: Vec<Vec<usize>> =
        (0..count).map(|place| some(random, before[place]).iter().map(|other| before[*other]).collect()).collect();
    let stored: Vec<Vec<usize>> =
        stored.into_iter().enumerate().map(|(place, of)| of.into_iter().filter(|o| *o != place).collect()).collect();
    let is_orphan: Vec<bool> = (0..count).map(|_| random.below(5) == 0).collect();
    let needs: Vec<Vec<usize>> =
        (0..count).map(|place| some(random, place).into_iter().filter(|other| !is_orphan[*other]).collect()).collect();
    let mut first: Vec<bool> = (0..count).map(|_| random.below(4) == 0).collect();
    for place in (0..count).rev() {
        if first[place] && !is_orphan[place] {
            needs[place].iter().for_each(|other| first[*other] = true);
        }
    }
    let changes = (0..count).map(|place| {
        let action = match random.below(6) {
            _ if is_orphan[place] => Action::Delete,
            0 => Action::Create,
            1 => Action::NoOp,
            2 | 3 => Action::Update,
            _ if first[place] => Action::CreateThenDelete,
            _ => Action::DeleteThenCreate,
        };
        let of = |list: &[usize]| list.iter().map(|other| names[*other].as_str()).collect::<Vec<_>>();
        let needs = if is_orphan[place] { Vec::new() } else { of(&needs[place]) };
        change(&names[place], action, &needs, &of(&stored[place]))
    });
    Plan { changes: changes.collect(), ..Plan::default() }
}

#[test]
fn plans_of_all_shapes_can_be_carried_out_in_an_order_that_keeps_to_the_configuration() {
    let mut random = Random(7);
    for round in 0..2_000 {
        let plan = any_plan(&mut random);
        let (steps, needs) = steps(&plan);
        assert!(graph::cycles(&needs).is_empty(), "round {round} has a cycle: {plan:#?}");
        let before = before(&needs);
        let find = |address: &AbsInstance, doing: Doing| {
            let is_it = |step: &&PlannedStep| {
                plan.changes[step.change as usize].address == *address && step.doing == doing && !step.is_idle
            };
            steps.iter().position(|step| is_it(&step))
        };
        for change in &plan.changes {
            let Some(make) = find(&change.address, Doing::Make) else { continue };
            for need in &change.needs {
                let on = AbsInstance { resource: need.resource.clone(), key: need.key.clone() };
                if let Some(other) = find(&on, Doing::Make) {
                    assert!(before[make].contains(&(other as u32)), "round {round}: {} after {on}", change.address);
                }
            }
            let Some(delete) = find(&change.address, Doing::Delete) else { continue };
            let (late, early) = if change.action == Action::CreateThenDelete { (delete, make) } else { (make, delete) };
            assert!(before[late].contains(&(early as u32)), "round {round}: both halves of {}", change.address);
        }
    }
}

#[test]
fn everything_is_destroyed_in_reverse() {
    let mut random = Random(11);
    for round in 0..1_000 {
        let mut plan = any_plan(&mut random);
        for (place, change) in plan.changes.iter_mut().enumerate() {
            change.action = Action::Delete;
            let dependencies = (0..place).filter(|_| random.below(3) == 0).map(|other| format!("o{other}"));
            let dependencies: Vec<Dependency> = dependencies.map(|name| Dependency(address(&name))).collect();
            let prior = change.prior.take().or_else(|| self::change("x", Action::Delete, &[], &[]).prior);
            change.prior =
                prior.map(|prior| Arc::new(Object { dependencies: dependencies.into(), ..(*prior).clone() }));
        }
        let (steps, needs) = steps(&plan);
        for (place, step) in steps.iter().enumerate() {
            let change = &plan.changes[step.change as usize];
            for on in change.prior.iter().flat_map(|prior| prior.dependencies.iter()) {
                let other = steps.iter().position(|other| plan.changes[other.change as usize].address == on.0);
                let other = other.expect("all are deleted");
                assert!(needs[other].contains(&(place as u32)), "round {round}: {on} after {}", change.address);
            }
        }
    }
}

/// Resources with the names of all instances, the names of all in one instance of their module, and of all.
struct Repeated {
    instances: Vec<String>,
    inside: String,
    whole: String,
}

impl Repeated {
    fn any(random: &mut Random, number: usize) -> Repeated {
        let is_in_module = random.below(3) == 0;
        let folders = if is_in_module { vec!["module.m[0].", "module.m[1]."] } else { vec![""] };
        let keys = 1 + random.below(4);
        let name = |folder: &str, key: u64| format!("{folder}t.o{number}[{key}]");
        let instances = folders.iter().flat_map(|folder| (0..keys).map(move |key| name(folder, key))).collect();
        let folder = if is_in_module { "module.m." } else { "" };
        Repeated { instances, inside: format!("{}t.o{number}", folders[0]), whole: format!("{folder}t.o{number}") }
    }

    /// Returns the names of some of them: of single instances, or of all.
    fn pick<'r>(random: &mut Random, all: &'r [Repeated], is_stored: bool) -> Vec<&'r str> {
        let pick = |one: &'r Repeated| match random.below(5) {
            0 if is_stored => Some(one.whole.as_str()),
            0 | 1 => Some(one.inside.as_str()),
            2 => Some(one.instances[random.below(one.instances.len() as u64) as usize].as_str()),
            _ => None,
        };
        all.iter().filter_map(pick).collect()
    }
}

/// Makes a plan of resources with several instances, some in modules, that need single instances or all of them.
fn any_repeated_plan(random: &mut Random) -> Plan {
    let count = 2 + random.below(4) as usize;
    let all: Vec<Repeated> = (0..count).map(|number| Repeated::any(random, number)).collect();
    let was_otherwise = random.below(2) == 0;
    let mut changes = Vec::new();
    for (place, own) in all.iter().enumerate() {
        let needs = Repeated::pick(random, &all[..place], false);
        let older = if was_otherwise { &all[place..] } else { &all[..place] };
        let stored = Repeated::pick(random, older, true);
        for name in &own.instances {
            let action = match random.below(8) {
                0 => Action::Create,
                1 => Action::NoOp,
                2 | 3 => Action::Update,
                4 => Action::CreateThenDelete,
                5 => Action::DeleteThenCreate,
                6 => Action::Forget,
                _ => Action::Delete,
            };
            let is_gone = matches!(action, Action::Delete | Action::Forget);
            let mut made = change(name, action, if is_gone { &[] } else { &needs }, &stored);
            made.deposed = (action == Action::Delete && random.below(2) == 0).then_some(DeposedKey(1));
            changes.push(made);
        }
    }
    Plan { changes, ..Plan::default() }
}

#[test]
fn hubs_change_nothing_in_the_order() {
    let mut random = Random(13);
    let (mut with_hubs, mut with_contradictions) = (0, 0);
    for round in 0..2_000 {
        let plan = any_repeated_plan(&mut random);
        let (direct, direct_needs) = steps_with_hubs(&plan, usize::MAX);
        let (hubbed, hubbed_needs) = steps_with_hubs(&plan, 1);
        assert_eq!(hubbed[..direct.len()], direct, "round {round}");
        assert!(hubbed[direct.len()..].iter().all(|hub| hub.is_idle), "round {round}");
        with_hubs += usize::from(hubbed.len() > direct.len());
        with_contradictions += usize::from(hubbed_needs[direct.len()..].iter().any(Vec::is_empty));
        let (direct_before, hubbed_before) = (before(&direct_needs), before(&hubbed_needs));
        for (place, expected) in direct_before.iter().enumerate() {
            let found = hubbed_before[place].iter().copied().filter(|step| (*step as usize) < direct.len());
            assert_eq!(&found.collect::<HashSet<u32>>(), expected, "round {round}, step {place}: {plan:#?}");
        }
    }
    assert!(with_hubs > 1_000 && with_contradictions > 50, "{with_hubs} {with_contradictions}");
}

/// Checks that the links between 10,000 instances that all need 10,000 others are as many as there are steps, not pairs.
#[track_caller]
fn check_many(first: Action, second: Action, is_stored: bool) {
    const COUNT: usize = 10_000;
    let stored = if is_stored { &["t.a"][..] } else { &[] };
    let mut changes: Vec<Change> = (0..COUNT).map(|key| change(&format!("t.a[{key}]"), first, &[], &[])).collect();
    let needs = if second == Action::Delete { &[][..] } else { &["t.a"] };
    changes.extend((0..COUNT).map(|key| change(&format!("t.b[{key}]"), second, needs, stored)));
    let plan = Plan { changes, ..Plan::default() };
    let (steps, needs) = steps(&plan);
    let links: usize = needs.iter().map(Vec::len).sum();
    assert!(
        links >= 2 * COUNT && links <= 3 * steps.len() && steps.len() <= 7 * COUNT,
        "{first:?} {second:?}: {links} links of {} steps",
        steps.len()
    );
}

#[test]
fn ten_thousand_that_need_ten_thousand_are_no_trouble() {
    check_many(Action::Create, Action::Create, false);
    check_many(Action::Delete, Action::Delete, true);
    check_many(Action::Delete, Action::Update, true);
    check_many(Action::Update, Action::Delete, true);
    check_many(Action::DeleteThenCreate, Action::DeleteThenCreate, true);
    check_many(Action::CreateThenDelete, Action::CreateThenDelete, true);
    check_many(Action::CreateThenDelete, Action::Update, true);
}
