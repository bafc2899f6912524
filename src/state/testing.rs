//! What the tests of this crate share: small states and records.

use std::sync::Arc;

use addr::{AbsInstance, ProviderConfig};
use value::{Path, PathStep, Type, Value};

use crate::record::{Action, Gone, Handle, Intent, Move, Outline, Record, Settled};
pub(crate) use crate::simulated::Seeded;
use crate::{
    Attributes, Dependency, DeposedKey, Identity, Ledger, Object, Output, State, Status, Target, parse_instance,
};

pub(crate) fn at(address: &str) -> AbsInstance {
    parse_instance(address).unwrap_or_else(|| panic!("{address} is an address"))
}

pub(crate) fn provider() -> Arc<ProviderConfig> {
    Arc::new(
        crate::parse_provider_config("provider[\"registry.terraform.io/hashicorp/fake\"]").expect("it is an address"),
    )
}

pub(crate) fn object(id: &str) -> Arc<Object> {
    Arc::new(Object::new(0, Attributes::of_json(format!("{{\"id\":\"{id}\"}}"))))
}

pub(crate) fn state_of(addresses: &[&str]) -> State {
    let mut state = State::new("test");
    for address in addresses {
        state.set_object(&at(address).into(), provider(), object(address));
    }
    state
}

/// Returns records of all kinds that make sense one after the other, as the seed says.
pub(crate) fn script(seed: u64, count: usize) -> Vec<Record> {
    let mut random = Seeded::new(seed);
    let mut ledger = Ledger::default();
    let mut records = Vec::new();
    while records.len() < count {
        let record = any_record(&mut random, &ledger, records.len());
        if ledger.apply(&record).is_ok() {
            records.push(record);
        }
    }
    records
}

fn any_record(random: &mut Seeded, ledger: &Ledger, number: usize) -> Record {
    let address = any_address(random);
    let key = DeposedKey(random.below(3) as u32);
    let target = Target { address: address.clone(), deposed: (random.below(5) == 0).then_some(key) };
    let open = ledger.open.keys().next().cloned();
    match random.below(15) {
        0..3 => Record::Intent(Intent {
            token: format!("token-{number}").into(),
            target,
            action: [Action::Create, Action::Update, Action::Delete][random.below(3) as usize],
            provider: provider(),
            planned: "0123abcd".into(),
            outline: Outline {
                status: if random.below(3) == 0 { Status::Tainted } else { Status::Ready },
                dependencies: any_object(random, number).dependencies.clone(),
                create_before_destroy: random.below(2) == 0,
                is_contained: random.below(2) == 0,
                sensitive: any_object(random, number).sensitive.clone(),
            },
            contents: (0..random.below(3)).map(|_| any_address(random)).collect(),
        }),
        3 if open.is_some() => Record::Handle(Handle {
            token: open.unwrap_or_default(),
            name: "operation".into(),
            value: format!("op \"{number}\"\n").into(),
        }),
        4 if open.is_some() => Record::Failed { token: open.unwrap_or_default() },
        5 => Record::Gone(Gone { token: open, target }),
        6 => Record::Depose { address, key },
        7 => Record::Restore { address, key },
        8 => Record::Move(Move::Instance { from: address, to: any_address(random) }),
        9 => Record::Move(Move::Resource { from: address.resource, to: any_address(random).resource }),
        10 => {
            let (value, ty) = (Value::string(format!("value \"{number}\" <é>")), Type::String);
            let output = Output { value, ty, is_sensitive: random.below(2) == 0 };
            let output = (random.below(3) > 0).then_some(output);
            Record::Output { name: format!("out-{}", random.below(3)).into(), output }
        }
        11 => Record::Resource { address: address.resource, provider: provider() },
        12 => {
            let target = any_address(random).into();
            let settled = Settled { token: None, target, provider: provider(), object: any_object(random, number) };
            Record::TakeOver { from: address, settled }
        }
        _ => Record::Object(Settled { token: open, target, provider: provider(), object: any_object(random, number) }),
    }
}

fn any_address(random: &mut Seeded) -> AbsInstance {
    let texts =
        ["a.b", "a.c[0]", "a.c[1]", "module.m[\"x\"].a.b", "module.m[\"y \\\"z\\\"\"].a.b", "a.c[10]", "data.a.d"];
    at(texts[random.below(texts.len() as u64) as usize])
}

fn any_object(random: &mut Seeded, number: usize) -> Arc<Object> {
    let json = format!("{{\"id\":\"i-{number}\",\"tags\":{{\"k\":[1,null,\"\\n<\"]}}}}");
    let mut object = Object::new(random.below(3), Attributes::of_json(json));
    if random.below(3) == 0 {
        object.status = Status::Tainted;
        object.private = Arc::from(&b"\x00private\xff"[..]);
        object.sensitive = Arc::from([Path(vec![PathStep::Attribute("id".into())])]);
    }
    if random.below(3) == 0 {
        object.dependencies = Arc::from([Dependency(at("a.b")), Dependency(at("module.m[\"x\"].a.b"))]);
        object.identity = Some(Identity { version: 2, attributes: Attributes::of_json("{\"region\":\"eu\"}") });
        object.create_before_destroy = true;
        object.is_contained = true;
    }
    Arc::new(object)
}
