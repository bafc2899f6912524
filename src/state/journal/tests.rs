//! Runs on files that behave: what is appended is there, together, once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::{Journal, Opened};
use crate::reading::read;
use crate::record::{Action, Intent, Record, Settled};
use crate::simulated::SimulatedFiles;
use crate::stores::local::LocalStore;
use crate::testing::{at, object, provider, script};
use crate::{Claim, LockRequest, Store};

pub(super) fn request() -> LockRequest {
    let claim =
        Claim { who: "ann".into(), host: "h".into(), process: 1, operation: "apply".into(), version: "0".into() };
    LockRequest { claim, patience: std::time::Duration::ZERO }
}

pub(super) fn open(files: &SimulatedFiles) -> Opened {
    let world = files.world();
    let store = Arc::new(LocalStore::new("/w", world.clone()));
    let lock = store.lock("default", &request()).unwrap();
    Journal::open(store, "default", lock, &world, "0.1.0").unwrap()
}

fn stored(files: &SimulatedFiles) -> Option<Vec<u8>> {
    LocalStore::new("/w", files.world()).load("default").unwrap()
}

fn set(address: &str) -> Record {
    Record::Object(Settled { token: None, target: at(address).into(), provider: provider(), object: object(address) })
}

fn intent(token: &str) -> Record {
    let target = at("a.b").into();
    let (token, planned) = (token.into(), "".into());
    Record::Intent(Intent {
        token,
        target,
        action: Action::Create,
        provider: provider(),
        planned,
        outline: Default::default(),
        contents: Default::default(),
    })
}

#[test]
fn a_run_without_records_leaves_no_file() {
    let files = SimulatedFiles::default();
    let opened = open(&files);
    assert!(opened.is_new);
    opened.journal.close().map_err(|(_, error)| error).unwrap();
    assert_eq!(stored(&files), None);
}

#[test]
fn a_run_raises_the_serial_once_and_ends_in_a_snapshot() {
    let files = SimulatedFiles::default();
    for run in 1..4_u64 {
        let journal = open(&files).journal;
        for index in 0..3 {
            journal.commit(&set(&format!("a.b[{}]", run * 10 + index))).unwrap();
        }
        assert_eq!(journal.state().serial, run);
        let during = read(&stored(&files).unwrap()).unwrap();
        assert_eq!((during.journal_records, during.ledger.state.serial), (4, run));
        let closed = journal.close().map_err(|(_, error)| error).unwrap();
        let after = read(&stored(&files).unwrap()).unwrap();
        assert_eq!((after.journal_records, &after.ledger), (0, &closed.ledger));
        assert_eq!(after.ledger.state.instance_count() as u64, run * 3);
    }
}

#[test]
fn open_intents_outlast_runs_and_snapshots() {
    for seed in 0..10 {
        let files = SimulatedFiles::default();
        let journal = open(&files).journal;
        let mut records = script(seed, 40);
        records.push(intent("last"));
        for record in records {
            journal.append(&record).unwrap().lazily();
        }
        let before = journal.ledger();
        assert!(before.open.contains_key("last"));
        drop(journal);
        assert_eq!(open(&files).journal.ledger(), before);
        assert!(open(&files).journal.close().is_ok());
        assert_eq!(open(&files).journal.ledger(), before);
    }
}

#[test]
fn readers_keep_the_state_they_asked_for() {
    let journal = open(&SimulatedFiles::default()).journal;
    journal.commit(&set("a.b[0]")).unwrap();
    let earlier = journal.state();
    journal.commit(&set("a.b[1]")).unwrap();
    assert_eq!((earlier.instance_count(), journal.state().instance_count()), (1, 2));
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let files = SimulatedFiles::default();
    let journal = open(&files).journal;
    journal.commit(&set("a.b")).unwrap();
    let before = journal.ledger();
    let record = Record::Move(crate::record::Move::Instance { from: at("a.x"), to: at("a.b") });
    assert!(journal.append(&record).is_err());
    assert_eq!(journal.ledger(), before);
    drop(journal);
    assert_eq!(open(&files).journal.ledger(), before);
}

#[test]
fn records_of_many_threads_share_syncs() {
    let files = SimulatedFiles::default();
    let journal = open(&files).journal;
    journal.commit(&set("a.first")).unwrap();
    let before = files.operations();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let journal = &journal;
            scope.spawn(move || {
                let tickets: Vec<_> =
                    (0..100).map(|n| journal.append(&set(&format!("a.t{thread}[{n}]"))).unwrap()).collect();
                tickets.into_iter().for_each(|ticket| ticket.wait().unwrap());
            });
        }
    });
    let operations = files.operations() - before;
    assert!(operations < 400, "{operations} writes and syncs for 800 records");
    let ledger = journal.ledger();
    assert_eq!(ledger.state.instance_count(), 801);
    assert_eq!(read(&stored(&files).unwrap()).unwrap().ledger, ledger);
}

struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn tickets_are_futures() {
    let journal = open(&SimulatedFiles::default()).journal;
    let woken = Arc::new(Count(AtomicU64::new(0)));
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    let mut tickets: Vec<_> = (0..50).map(|n| journal.append(&set(&format!("a.b[{n}]"))).unwrap()).collect();
    let mut pending: u64 = 0;
    while !tickets.is_empty() {
        tickets.retain_mut(|ticket| match Pin::new(ticket).poll(&mut context) {
            Poll::Ready(result) => {
                result.unwrap();
                false
            }
            Poll::Pending => {
                pending += 1;
                true
            }
        });
        std::thread::yield_now();
    }
    assert_eq!(woken.0.load(Ordering::SeqCst), pending);
}
