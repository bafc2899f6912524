//! Runs on files that fail, machines that lose power, processes that are killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::tests::request;
use super::{Closed, Journal};
use crate::reading::read;
use crate::record::{Record, Settled};
use crate::simulated::{Fault, SimulatedFiles};
use crate::stores::local::LocalStore;
use crate::testing::{Seeded, at, object, provider, script};
use crate::{Ledger, RealFiles, Store, SystemClock, SystemRandom, World};

/// What a run on failing files came to.
struct Outcome {
    /// How many records were said to be durable.
    confirmed: usize,
    /// How many records were appended: the run had the lock and could read the file.
    appended: usize,
    /// What the journal said at its end, if it got there.
    closed: Option<Closed>,
    /// What a rescue wrote, if closing failed.
    rescued: Option<Vec<u8>>,
}

/// Makes a run append these records, one sync each, and close; goes on after failures as an engine would.
fn run(files: &SimulatedFiles, records: &[Record]) -> Outcome {
    let mut outcome = Outcome { confirmed: 0, appended: 0, closed: None, rescued: None };
    let world = files.world();
    let store = Arc::new(LocalStore::new("/w", world.clone()));
    let Ok(lock) = store.lock("default", &request()) else { return outcome };
    let Ok(opened) = Journal::open(store, "default", lock, &world, "0.1.0") else { return outcome };
    for record in records {
        outcome.appended += 1;
        if opened.journal.append(record).unwrap().wait().is_ok() {
            outcome.confirmed = outcome.appended;
        }
    }
    match opened.journal.close() {
        Ok(closed) => outcome.closed = Some(closed),
        Err((journal, _)) => {
            let mut bytes = Vec::new();
            journal.rescue(&mut bytes).unwrap();
            outcome.rescued = Some(bytes);
        }
    }
    outcome
}

/// Returns the file's ledger; an absent file is that of an empty state.
fn reread(files: &SimulatedFiles) -> Ledger {
    match LocalStore::new("/w", files.world()).load("default").unwrap() {
        Some(bytes) => read(&bytes).unwrap_or_else(|damage| panic!("{damage}")).ledger,
        None => Ledger::default(),
    }
}

/// Checks that the file says what the records up to some place say, that place not before the last confirmed one.
fn check(files: &SimulatedFiles, before: &Ledger, records: &[Record], outcome: &Outcome, what: &str) {
    let found = reread(files);
    let mut expected = before.clone();
    let mut matches = outcome.confirmed == 0 && same(&found, &expected);
    for (index, record) in records.iter().enumerate() {
        expected.apply(record).unwrap();
        matches |= index + 1 >= outcome.confirmed && same(&found, &expected);
    }
    assert!(matches, "{what}: {} confirmed; the file says {found:#?}", outcome.confirmed);
}

/// Compares all but serial and lineage.
fn same(a: &Ledger, b: &Ledger) -> bool {
    let plain = |ledger: &Ledger| {
        let mut plain = ledger.clone();
        plain.state.serial = 0;
        plain.state.lineage = "".into();
        plain
    };
    plain(a) == plain(b)
}

/// Calls with files on which one run was made, until no operation is left to fail.
fn for_each_operation(fault: Fault, mut check_run: impl FnMut(&SimulatedFiles, &Ledger, &[Record], &Outcome, &str)) {
    let records = script(21, 24);
    let (first, second) = records.split_at(10);
    let begun = SimulatedFiles::default();
    assert!(run(&begun, first).closed.is_some());
    for (files, before, records) in
        [(SimulatedFiles::default(), Ledger::default(), first), (begun.clone(), reread(&begun), second)]
    {
        for operation in 1.. {
            let files = files.after_kill();
            files.fail_at(operation, fault);
            let outcome = run(&files, records);
            check_run(&files, &before, records, &outcome, &format!("{fault:?} at operation {operation}"));
            if files.operations() < operation {
                assert!(operation > 20, "a run has more than {operation} operations");
                break;
            }
        }
    }
}

#[test]
fn one_failing_operation_loses_nothing() {
    for_each_operation(Fault::Once, |files, before, records, outcome, what| {
        let after = files.after_kill();
        check(&after, before, records, outcome, what);
        if outcome.appended == 0 {
            return;
        }
        let mut all = before.clone();
        records.iter().for_each(|record| all.apply(record).unwrap());
        match (&outcome.closed, &outcome.rescued) {
            (Some(_), _) => assert!(same(&reread(&after), &all), "{what}: closed, and something is missing"),
            (None, Some(bytes)) => {
                assert!(same(&read(bytes).unwrap().ledger, &all), "{what}: rescued, and something is missing");
            }
            (None, None) => panic!("{what}: neither closed nor rescued"),
        }
    });
}

#[test]
fn a_disk_that_fails_for_good_keeps_what_was_confirmed() {
    for_each_operation(Fault::ForGood, |files, before, records, outcome, what| {
        check(&files.after_kill(), before, records, outcome, what);
    });
}

#[test]
fn a_power_failure_at_any_operation_keeps_what_was_confirmed() {
    for_each_operation(Fault::ForGood, |files, before, records, outcome, what| {
        for seed in 0..20 {
            let after = files.after_power_failure(&mut Seeded::new(seed));
            check(&after, before, records, outcome, &format!("{what}, seed {seed}"));
        }
    });
}

#[test]
fn runs_that_die_one_after_the_other_add_up() {
    for seed in 0..60 {
        let mut random = Seeded::new(seed);
        let mut files = SimulatedFiles::default();
        let mut before = Ledger::default();
        for step in 0..12 {
            // Records must make sense behind what the file says now: a script's start does behind an empty state.
            let records: Vec<Record> = script(seed * 100 + step, 30)
                .into_iter()
                .filter({
                    let mut ledger = before.clone();
                    move |record| ledger.apply(record).is_ok()
                })
                .take(random.below(20) as usize)
                .collect();
            files.fail_at(random.below(60) + 1, if random.below(2) == 0 { Fault::Once } else { Fault::ForGood });
            let outcome = run(&files, &records);
            files = if random.below(2) == 0 { files.after_kill() } else { files.after_power_failure(&mut random) };
            check(&files, &before, &records, &outcome, &format!("seed {seed}, step {step}"));
            // What was never confirmed may still go with the next power failure; here the system is quick.
            files.flush();
            before = reread(&files);
        }
    }
}

fn real_store(folder: &std::path::Path) -> (Arc<LocalStore>, World) {
    let world = World { files: Arc::new(RealFiles), clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
    (Arc::new(LocalStore::new(folder, world.clone())), world)
}

const FOLDER_VARIABLE: &str = "GANTRY_TEST_CRASH_FOLDER";

/// The process that gets killed: four threads append objects and say on standard output which are durable.
#[test]
#[ignore = "run as a process of its own by the test below"]
#[expect(clippy::disallowed_methods, reason = "the test below speaks to this process in no other way")]
fn appends_until_killed() {
    let Ok(folder) = std::env::var(FOLDER_VARIABLE) else { return };
    let (store, world) = real_store(folder.as_ref());
    let lock = store.lock("default", &request()).unwrap();
    let journal = Journal::open(store, "default", lock, &world, "0.1.0").unwrap().journal;
    let run = journal.state().serial;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let journal = &journal;
            scope.spawn(move || {
                for number in 0.. {
                    let address = format!("a.r{run}_{thread}[{number}]");
                    let target = at(&address).into();
                    let object = object(&address);
                    journal
                        .commit(&Record::Object(Settled { token: None, target, provider: provider(), object }))
                        .unwrap();
                    let line = format!("\nconfirmed {address}\n");
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_killed_process_loses_nothing_that_it_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let mut confirmed: Vec<String> = Vec::new();
    for round in 0..30 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::crash_tests::appends_until_killed", "--ignored", "--nocapture"])
            .env(FOLDER_VARIABLE, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let patience = 1 + round * 3;
        let mut of_round = 0;
        for line in lines.by_ref() {
            if let Some(address) = line.strip_prefix("confirmed ") {
                confirmed.push(address.to_owned());
                of_round += 1;
                if of_round == patience {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(of_round >= patience, "round {round} confirmed {of_round}");
        let (store, world) = real_store(folder.path());
        let lock = store.lock("default", &request()).unwrap();
        assert!(lock.abandoned_by().is_some_and(|owner| owner.claim.who == "ann"));
        // Now and then the next run is one that ends well.
        let journal = Journal::open(store, "default", lock, &world, "0.1.0").unwrap().journal;
        let state = journal.state();
        for address in &confirmed {
            assert!(state.object(&at(address).into()).is_some(), "round {round}: {address} is lost");
        }
        if round % 5 == 0 {
            journal.close().map_err(|(_, error)| error).unwrap();
        }
    }
}
