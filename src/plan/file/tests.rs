//! Plan files survive the way to the disk and back, and nothing else does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use addr::{AbsInstance, AbsResource, Key, KeyPattern, Mode, ModuleInstance, Pattern, ProviderConfig, Resource};
use lang::evaluation::Repeated;
use sdk::{Charge, Costs, Disruption, ImportTarget, Lock, Meaning, OutlookStep, Quantity, Word};
use state::{
    Attributes, CheckKind, CheckResult, CheckStatus, CheckedObject, DeposedKey, Object, Output, State, Target,
};
use value::{Attribute, Marks, Number, ObjectType, Path, PathStep, Refinement, Type, Value};

use super::bytes::{Reader, Writer};
use super::{
    Basis, FileError, SavedFile, SavedModule, SavedPlan, SavedProvider, SavedResource, SavedVariable, head, parse,
    read, sum, write,
};
use crate::model::{
    Action, Change, Deferred, Drift, Generated, Importing, Inside, Need, OutputChange, Plan, Reason, Role,
};
use crate::outlook::Outlook;
use crate::planner::Options;
use crate::refactor::Moved;

/// Random changes of a file that are tried, each with the checksum put right: what is inside must hold by itself.
const MUTATIONS: u64 = 3_000;

fn instance(text: &str) -> AbsInstance {
    state::parse_instance(text).expect("an address")
}

fn provider(alias: Option<&str>) -> Arc<ProviderConfig> {
    let (module, provider) = (addr::Module::default().child("m"), addr::Provider::built_in("terraform"));
    Arc::new(ProviderConfig { module, provider, alias: alias.map(Into::into) })
}

/// Values of every form, types of every form among them.
fn values() -> Vec<Value> {
    let bounds = Refinement {
        not_null: true,
        number_min: Some((Number::from(1), true)),
        number_max: Some((Number::parse("1e400").expect("a number"), false)),
        ..Refinement::default()
    };
    let lengths = Refinement { length_min: Some(1), length_max: Some(9), ..Refinement::default() };
    let prefix = Refinement { prefix: Some("arn:".into()), ..Refinement::default() };
    let optional = Attribute { name: "o".into(), ty: Type::list(Type::Dynamic), optional: true };
    let object = Type::Object(Arc::new(ObjectType::new([optional])));
    let nested = Type::tuple([Type::map(Type::set(Type::Bool)), object.clone(), object]);
    vec![
        Value::NULL,
        Value::null(nested.clone()),
        Value::unknown(nested.clone()),
        Value::unknown(Type::Number).refine(bounds),
        Value::unknown(Type::set(Type::String)).refine(lengths),
        Value::unknown(Type::String).refine(prefix),
        Value::TRUE,
        Value::FALSE,
        Value::number(i64::MIN),
        Value::number(u64::MAX),
        Value::number(Number::from_f64(0.1).expect("a number")),
        Value::number(Number::from_f64(f64::NEG_INFINITY).expect("a number")),
        Value::number(Number::parse("-0").expect("a number")),
        Value::number(Number::parse("123456789012345678901234567890.125").expect("a number")),
        Value::string("text with \u{0} and é"),
        Value::list(Type::String, []),
        Value::list(Type::String, [Value::string("a"), Value::null(Type::String)]),
        Value::set(Type::Number, [Value::number(2), Value::number(1)]),
        Value::map(Type::Bool, [("k", Value::TRUE), ("", Value::FALSE)]),
        Value::tuple([Value::number(1), Value::object([("a", Value::dynamic())])]),
        Value::object([("a", Value::string("s").with_marks(Marks::SENSITIVE)), ("b", Value::NULL)]),
        Value::object([("a", Value::TRUE), ("b", Value::FALSE)]).with_marks(Marks::SENSITIVE),
        Value::meta(nested),
    ]
}

fn bytes_of(value: &Value) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.value(value);
    writer.finish().expect("it is not too deep")
}

#[test]
fn values_come_back_as_they_were() {
    for value in values() {
        let bytes = bytes_of(&value);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.value(), Ok(value.clone()), "{value:?}");
        assert!(reader.is_at_end(), "{value:?} has something behind it");
    }
    // A number keeps what later results with it are rounded to.
    let precision = |number: Number| {
        let bytes = bytes_of(&Value::number(number));
        let value = Reader::new(&bytes).value().expect("a value");
        value.as_number().map(Number::precision)
    };
    assert_eq!(precision(Number::from(7)), Some(64));
    assert_eq!(precision(Number::from_f64(0.1).expect("a number")), Some(53));
    assert_eq!(precision(Number::parse("7").expect("a number")), Some(512));
}

#[test]
fn what_is_ephemeral_is_not_written() {
    let secret = Value::string("planted").with_marks(Marks::EPHEMERAL | Marks::SENSITIVE);
    let value = Value::object([("open", Value::string("seen")), ("secret", secret)]);
    let bytes = bytes_of(&value);
    assert!(!bytes.windows(7).any(|window| window == b"planted"));
    let unknown = Value::unknown(Type::String).with_marks(Marks::EPHEMERAL | Marks::SENSITIVE);
    let expected = Value::object([("open", Value::string("seen")), ("secret", unknown)]);
    assert_eq!(Reader::new(&bytes).value(), Ok(expected));
}

fn object(text: &str) -> Arc<Object> {
    let attributes = Attributes::of_json(format!("{{\"id\":{text:?}}}"));
    Arc::new(Object { private: b"notes".as_slice().into(), ..Object::new(3, attributes) })
}

/// Words of every kind; an object that stays costs what it did.
fn outlook(stays: bool) -> Outlook {
    let storage = || Charge::meant("storage-class", None).times(Quantity { least: 3, most: None });
    let charges =
        vec![Charge::listed("a/b", Some("r-1".into())).times(Quantity { least: 2, most: Some(4) }), storage()];
    let word = Word { kind: "storage-class".into(), name: Some("ssd".into()) };
    let before = Costs { meanings: vec![Meaning { word, charges: vec![storage()] }], charges };
    let step = OutlookStep::new("roll", Duration::from_millis(2_500)).disrupting(Disruption::Rolling);
    Outlook {
        steps: vec![step],
        disruption: Disruption::Outage,
        making: Duration::from_secs(600),
        deleting: Duration::from_secs(7),
        locks: vec![Lock { key: "cluster/lake".to_owned(), exclusive: true }],
        after: if stays { before.clone() } else { Costs::default() },
        before,
    }
}

fn change(address: &str, action: Action, reason: Reason, prior: Option<Arc<Object>>) -> Change {
    let resource = instance("module.a[\"k\"].data.t.n[2]").resource;
    Change {
        address: instance(address),
        deposed: (action == Action::Delete).then_some(DeposedKey(0xabc)),
        provider: provider((action == Action::Create).then_some("alias")),
        action,
        reason,
        before: Value::object([("id", Value::string("old"))]),
        after: if action == Action::NoOp {
            Value::object([("id", Value::string("old"))])
        } else {
            Value::object([("id", Value::unknown(Type::String).refine_not_null())])
        },
        replaces: vec![Path(vec![PathStep::Attribute("id".into()), PathStep::Index(Value::number(0))])],
        private: vec![0, 255, 1],
        prior,
        needs: vec![Need { resource, key: Some(Key::Number(7)) }],
        inside: Some(Inside { container: instance("c.d[\"x\"]"), role: Role::Along }),
        repeated: Some(Repeated {
            index: Some(Value::number(1)),
            each: Some((Value::string("k"), Value::TRUE)),
            this: None,
        }),
        importing: match action {
            Action::Create => {
                Some(Importing { target: Some(ImportTarget::Id("id".into())), is_sensitive: true, is_generated: false })
            }
            Action::Update => Some(Importing {
                target: Some(ImportTarget::Identity(Value::TRUE)),
                is_sensitive: false,
                is_generated: true,
            }),
            _ => None,
        },
        outlook: (action != Action::Read).then(|| Box::new(outlook(action == Action::NoOp))),
    }
}

/// A plan with everything in it that there is.
fn everything() -> SavedPlan {
    let mut prior = State::new("lineage");
    let stored = object("stored");
    prior.set_object(&Target::from(instance("t.a[0]")), provider(None), stored.clone());
    let ty = Type::list(Type::String);
    let output = Output { value: Value::list(Type::String, []), ty, is_sensitive: true };
    prior.outputs.insert("o".into(), output);
    let actions = super::changes::ACTIONS.into_iter().zip(super::changes::REASONS.into_iter().cycle());
    let mut changes: Vec<Change> = actions
        .enumerate()
        .map(|(place, (action, reason))| change(&format!("t.a[{place}]"), action, reason, None))
        .collect();
    changes.extend(super::changes::REASONS.map(|reason| change("t.b", Action::Update, reason, None)));
    changes[0].prior = Some(stored);
    changes[1].prior = Some(object("another"));
    let pattern = Pattern {
        modules: vec![("m".into(), KeyPattern::Any)],
        resource: Some((instance("t.c").resource.resource, KeyPattern::Exactly(Some(Key::Name("x".into()))))),
    };
    let deferred = super::changes::WAITS.map(|wait| Deferred {
        pattern: pattern.clone(),
        wait,
        change: change("t.c", Action::Create, Reason::Plain, None),
    });
    let failures = vec!["it is wrong".into()];
    let checked = CheckedObject { address: "check.c".into(), status: CheckStatus::Fail, failures };
    let address = instance("t.a[0]");
    let plan = Plan {
        changes,
        outputs: vec![OutputChange {
            name: "o".into(),
            before: None,
            after: Some(Value::dynamic()),
            was_sensitive: true,
            is_sensitive: false,
        }],
        moves: vec![Moved {
            from: instance("u.old"),
            to: address.clone(),
            taken_over: Some((provider(None), object("taken over"))),
        }],
        deferred: deferred.into(),
        drift: vec![Drift {
            address,
            before: Value::TRUE,
            after: Value::NULL,
            object: None,
            provider: provider(None),
            is_told: true,
        }],
        generated: vec![Generated { address: instance("t.g"), from: Some("id".into()), text: "text".into() }],
        is_refresh_only: true,
        checks: vec![CheckResult {
            kind: CheckKind::Check,
            address: "check.c".into(),
            status: CheckStatus::Error,
            objects: Some(vec![checked]),
        }],
        ..Plan::default()
    };
    SavedPlan {
        program: "1.2.3".into(),
        created: Some(SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5)),
        workspace: "default".into(),
        basis: Basis { lineage: "lineage".into(), serial: 9, digest: [7; 32] },
        options: Options {
            destroy: true,
            no_refresh: true,
            refresh_only: true,
            replace: vec![instance("t.a")],
            targets: vec![pattern.clone()],
            excludes: vec![Pattern { modules: Vec::new(), resource: None }],
            ..Options::default()
        },
        has_errors: true,
        plan,
        prior,
        files: vec![SavedFile { path: "m/main.tf".into(), text: vec![0xff, b'\n'] }],
        modules: vec![SavedModule { place: addr::Module::default().child("m"), folder: "m".into() }],
        variables: vec![
            SavedVariable { name: "v".into(), value: Some(Value::TRUE) },
            SavedVariable { name: "e".into(), value: None },
        ],
        providers: vec![SavedProvider { provider: "p".into(), digest: [1; 32] }],
        resources: vec![SavedResource {
            module: ModuleInstance::default().child("m", Some(Key::Number(0))),
            resource: Resource { mode: Mode::Data, kind: "t".into(), name: "d".into() },
            instances: vec![(None, Some(Value::TRUE)), (Some(Key::Name("k".into())), None)],
        }],
    }
}

#[test]
fn a_plan_comes_back_as_it_was() {
    let saved = everything();
    let bytes = write(&saved).expect("it can be written");
    let again = read(&bytes).expect("it can be read");
    assert_eq!(format!("{again:#?}"), format!("{saved:#?}"));
    let prior = |saved: &SavedPlan| -> Vec<Option<Arc<Object>>> {
        saved.plan.changes.iter().map(|change| change.prior.clone()).collect()
    };
    assert_eq!((prior(&again), &again.prior), (prior(&saved), &saved.prior));
    assert_eq!(write(&again), Some(bytes), "the same plan is the same file");
}

#[test]
fn what_is_no_plan_or_is_damaged_is_refused() {
    let bytes = write(&everything()).expect("it can be written");
    let error = |bytes: &[u8]| read(bytes).expect_err("it is refused");
    assert_eq!(error(b""), FileError::NotAPlan);
    assert_eq!(error(b"PK\x03\x04"), FileError::NotAPlan);
    for length in (12..bytes.len()).step_by(13) {
        assert!(matches!(error(&bytes[..length]), FileError::Damaged(_)), "the first {length} bytes");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(error(&longer), FileError::Damaged(_)));
    for place in (17..bytes.len()).step_by(11) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x20;
        assert!(matches!(error(&changed), FileError::Damaged(_)), "byte {place}");
    }
    let mut other = bytes;
    other[12] = 77;
    assert_eq!(error(&other), FileError::OtherFormat { format: 77, program: "1.2.3".into() });
}

#[test]
fn whatever_is_inside_is_read_or_refused() {
    let bytes = write(&everything()).expect("it can be written");
    let body = bytes[head("1.2.3", 0).len() + 32..].to_vec();
    assert!(parse(&body).is_ok(), "the inside is what follows the head");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % bound as u64) as usize
    };
    let mut refused = 0;
    for _ in 0..MUTATIONS {
        let mut changed = body.clone();
        for _ in 0..=next(3) {
            let place = next(changed.len());
            match next(4) {
                0 => changed[place] = next(256) as u8,
                1 => changed[place] = changed[place].wrapping_add(1),
                2 => drop(changed.drain(place..(place + next(8)).min(changed.len()))),
                _ => changed.insert(place, next(256) as u8),
            }
        }
        let mut whole = head("x", changed.len());
        let sum = sum(&whole, &changed);
        whole.extend_from_slice(&sum);
        whole.extend_from_slice(&changed);
        refused += u64::from(read(&whole).is_err());
    }
    assert!(refused > MUTATIONS / 2, "only {refused} of {MUTATIONS} are refused");
}

#[test]
fn endless_values_and_types_are_refused() {
    let deep = (0..3_000).fold(Value::TRUE, |inner, _| Value::tuple([inner]));
    let mut writer = Writer::default();
    writer.value(&deep);
    assert!(writer.finish().is_none(), "what could not be read is not written");
    // Lists in lists, without an end to them.
    let lists = [[12, 1].repeat(100_000), vec![4]].concat();
    assert!(Reader::new(&lists).value().is_err());
    // Each type is twice the one before it: few bytes, no end of parts.
    let mut doubling = vec![0, 12, 0, 2, 8, 8];
    for known in 1..60 {
        let next = vec![0, 12, 0, 2, 12, known, 12, known];
        doubling = [vec![12, 2], doubling, next].concat();
    }
    assert!(Reader::new(&doubling).value().is_err());
}

#[test]
fn addresses_of_all_kinds_come_back() {
    let resource = |mode| AbsResource {
        module: ModuleInstance::default().child("a", None).child("b", Some(Key::Name("x\"y".into()))),
        resource: Resource { mode, kind: "k".into(), name: "n".into() },
    };
    for mode in [Mode::Managed, Mode::Data, Mode::Ephemeral] {
        for key in [None, Some(Key::Number(u64::MAX)), Some(Key::Name("".into()))] {
            let address = AbsInstance { resource: resource(mode), key };
            let mut writer = Writer::default();
            writer.instance(&address);
            let bytes = writer.finish().expect("it is not too deep");
            assert_eq!(Reader::new(&bytes).instance(), Ok(address));
        }
    }
}
