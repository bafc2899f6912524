//! How fast and how large: run with `cargo test --release -p gantry-state benchmark -- --ignored --nocapture`.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use value::{Type, Value};

use super::Journal;
use super::tests::request;
use crate::record::{Action, Intent, Record, Settled};
use crate::stores::local::LocalStore;
use crate::testing::{at, provider};
use crate::{Attributes, Object, RealFiles, Store, SystemClock, SystemRandom, Target, World, terraform};

const OBJECTS: usize = 100_000;
const THREADS: usize = 8;

/// Says a figure.
fn say(what: &str, since: Instant) {
    let line = format!("{what}: {:.3} s, {} MB in memory\n", since.elapsed().as_secs_f64(), memory_megabytes());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Returns the resident memory of the process, on Linux; elsewhere nothing.
fn memory_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
}

fn shape() -> Type {
    Type::object([("id", Type::String), ("input", Type::Dynamic), ("output", Type::Dynamic), ("size", Type::Number)])
}

fn value(number: usize) -> Value {
    let text = Value::string(format!("value number {number}"));
    let id = Value::string(format!("0f0f0f0f-1e1e-2d2d-3c3c-{number:012}"));
    let Type::Object(ty) = shape() else { unreachable!() };
    Value::object_of_shape(ty.names().clone(), vec![id, text.clone(), text, Value::number(number)])
}

#[test]
#[ignore = "a benchmark"]
fn benchmark_of_many_objects() {
    for (what, address) in [("one resource each", flat as fn(usize) -> String), ("one for_each", keyed)] {
        say(what, Instant::now());
        let folder = tempfile::tempdir().unwrap();
        let world = World { files: Arc::new(RealFiles), clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
        let store = Arc::new(LocalStore::new(folder.path(), world.clone()));
        let open = || {
            let lock = store.lock("default", &request()).unwrap();
            Journal::open(store.clone(), "default", lock, &world, "0.1.0").unwrap().journal
        };
        let journal = open();
        let since = Instant::now();
        let (ty, provider) = (shape(), provider());
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (journal, ty, provider) = (&journal, &ty, &provider);
                scope.spawn(move || {
                    let mut tickets = Vec::new();
                    for number in (thread..OBJECTS).step_by(THREADS) {
                        let target: Target = at(&address(number)).into();
                        let token = format!("token-{number}");
                        let intent = Intent {
                            token: token.as_str().into(),
                            target: target.clone(),
                            action: Action::Create,
                            provider: provider.clone(),
                            planned: "0123456789abcdef".into(),
                            outline: Default::default(),
                            contents: Default::default(),
                        };
                        tickets.push(journal.append(&Record::Intent(intent)).unwrap());
                        let attributes = Attributes::of_value(value(number), ty.clone()).unwrap();
                        let object = Arc::new(Object::new(0, attributes));
                        let (token, provider) = (Some(token.into()), provider.clone());
                        tickets.push(
                            journal.append(&Record::Object(Settled { token, target, provider, object })).unwrap(),
                        );
                        // As many calls under way as an engine would have.
                        if tickets.len() > 40 {
                            tickets.drain(..).for_each(|ticket| ticket.wait().unwrap());
                        }
                    }
                    tickets.into_iter().for_each(|ticket| ticket.wait().unwrap());
                });
            }
        });
        say("appended 200,000 records", since);
        let since = Instant::now();
        drop(journal);
        let journal = open();
        say("opened a file of 200,000 records", since);
        drop(journal);
        let journal = open();
        let since = Instant::now();
        assert!(journal.close().is_ok());
        say("wrote a snapshot of 100,000 objects", since);
        let since = Instant::now();
        let journal = open();
        say("opened a snapshot of 100,000 objects", since);
        let since = Instant::now();
        let state = journal.state();
        let decoded = state.objects().filter(|(.., object)| object.attributes.decode(&ty).is_ok()).count();
        say("decoded all", since);
        assert_eq!(decoded, OBJECTS);
        let since = Instant::now();
        let text = terraform::write(&state, "1.11.4");
        say("exported all", since);
        let since = Instant::now();
        assert!(terraform::read(&text).unwrap().instance_count() == OBJECTS);
        say("imported all", since);
    }
}

fn flat(number: usize) -> String {
    format!("terraform_data.resource_{number}")
}

fn keyed(number: usize) -> String {
    format!("terraform_data.all[\"key-{number}\"]")
}
