//! What every store must do, as one suite that every store's tests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::lock::{Claim, Lock, LockError, LockRequest};
use crate::stores::{DEFAULT_WORKSPACE, Store, StoreError};

/// How many threads fight for a lock, and how often each gets it.
const RIVALS: u32 = 6;
const TURNS: u32 = 15;

/// Runs the suite; panics with what is wrong. `make` returns a new, empty store each time.
pub fn run<S: Store + 'static>(mut make: impl FnMut() -> S) {
    begins_empty(&make());
    replaces_all_at_once(&make());
    appends_behind_a_length(&make());
    keeps_workspaces_apart(&make());
    refuses_names_that_lead_elsewhere(&make());
    tells_who_holds_the_lock(&make());
    takes_locks_away_by_their_id_only(&make());
    gives_the_lock_to_one_at_a_time(Arc::new(make()));
    waits_for_the_lock(Arc::new(make()));
}

fn request(who: &str, patience: Duration) -> LockRequest {
    let (who, host, operation, version) = (who.into(), "host".into(), "apply".into(), "0.1.0".into());
    LockRequest { claim: Claim { who, host, process: 7, operation, version }, patience }
}

fn lock(store: &dyn Store, workspace: &str) -> Box<dyn Lock> {
    store.lock(workspace, &request("ann", Duration::ZERO)).expect("a free lock is taken")
}

fn put(store: &dyn Store, workspace: &str, lock: &dyn Lock, bytes: &[u8]) {
    store.replace(workspace, lock, &mut |out| out.write_all(bytes)).expect("a state is replaced");
}

fn load(store: &dyn Store, workspace: &str) -> Option<Vec<u8>> {
    store.load(workspace).expect("a state is loaded")
}

fn begins_empty(store: &dyn Store) {
    assert_eq!(load(store, DEFAULT_WORKSPACE), None, "a new store has no state");
    assert_eq!(store.workspaces().expect("workspaces are listed"), [DEFAULT_WORKSPACE]);
    assert_eq!(store.holder(DEFAULT_WORKSPACE).expect("the holder is told"), None, "a new store is not locked");
}

fn replaces_all_at_once(store: &dyn Store) {
    let held = lock(store, DEFAULT_WORKSPACE);
    put(store, DEFAULT_WORKSPACE, &*held, b"one");
    assert_eq!(load(store, DEFAULT_WORKSPACE).as_deref(), Some(&b"one"[..]));
    let failed = store.replace(DEFAULT_WORKSPACE, &*held, &mut |out| {
        out.write_all(b"tw")?;
        Err(std::io::Error::other("the source fails"))
    });
    assert!(failed.is_err(), "a state that cannot be written in full is not put in place");
    assert_eq!(load(store, DEFAULT_WORKSPACE).as_deref(), Some(&b"one"[..]));
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    put(store, DEFAULT_WORKSPACE, &*held, &large);
    assert!(load(store, DEFAULT_WORKSPACE).as_deref() == Some(&large[..]), "a large state comes back as it was");
}

fn appends_behind_a_length(store: &dyn Store) {
    let held = lock(store, DEFAULT_WORKSPACE);
    put(store, DEFAULT_WORKSPACE, &*held, b"one\n");
    let append = |length: u64, parts: &[&[u8]]| {
        let mut file = store.append(DEFAULT_WORKSPACE, &*held, length).expect("a state is opened for more");
        for part in parts {
            file.write(part).expect("bytes are appended");
        }
        file.sync().expect("appended bytes are synced");
    };
    append(4, &[b"tw", b"o\n", b""]);
    assert_eq!(load(store, DEFAULT_WORKSPACE).as_deref(), Some(&b"one\ntwo\n"[..]));
    append(8, &[b"thr"]);
    append(8, &[b"four\n"]);
    assert_eq!(load(store, DEFAULT_WORKSPACE).as_deref(), Some(&b"one\ntwo\nfour\n"[..]), "a torn end is cut off");
    put(store, DEFAULT_WORKSPACE, &*held, b"new\n");
    assert_eq!(load(store, DEFAULT_WORKSPACE).as_deref(), Some(&b"new\n"[..]), "a replaced state has no old end");
}

fn keeps_workspaces_apart(store: &dyn Store) {
    store.create_workspace("blue").expect("a workspace is made");
    assert_eq!(store.workspaces().expect("workspaces are listed"), ["blue", DEFAULT_WORKSPACE]);
    let (ours, blue) = (lock(store, DEFAULT_WORKSPACE), lock(store, "blue"));
    put(store, DEFAULT_WORKSPACE, &*ours, b"ours");
    assert_eq!(load(store, "blue"), None, "a workspace has its own state");
    put(store, "blue", &*blue, b"blue");
    assert_eq!(load(store, DEFAULT_WORKSPACE).as_deref(), Some(&b"ours"[..]));
    store.delete_workspace("blue", blue).expect("a workspace is deleted");
    assert_eq!(store.workspaces().expect("workspaces are listed"), [DEFAULT_WORKSPACE]);
    assert_eq!(load(store, "blue"), None);
    let blue = lock(store, "blue");
    let absent = store.delete_workspace("blue", blue);
    assert!(matches!(absent, Err(StoreError::NoWorkspace(_))), "a workspace is deleted once");
    store.create_workspace("blue").expect("a workspace is made again");
    store.delete_workspace(DEFAULT_WORKSPACE, ours).expect("the default workspace loses its state");
    assert_eq!(load(store, DEFAULT_WORKSPACE), None);
    assert_eq!(store.workspaces().expect("workspaces are listed"), ["blue", DEFAULT_WORKSPACE]);
}

fn refuses_names_that_lead_elsewhere(store: &dyn Store) {
    for name in ["", ".", "..", "a/b", "../a", "a\\b", "-a", ".a", "a\0", "ä", "a.", "a b", &"a".repeat(91)] {
        let refused = matches!(store.create_workspace(name), Err(StoreError::WorkspaceName(_)));
        assert!(refused, "{name:?} is no name of a workspace");
        assert!(store.load(name).is_err() && store.holder(name).is_err(), "{name:?} is no name of a workspace");
        assert!(store.lock(name, &request("ann", Duration::ZERO)).is_err(), "{name:?} is no name of a workspace");
    }
}

fn tells_who_holds_the_lock(store: &dyn Store) {
    let held = lock(store, DEFAULT_WORKSPACE);
    held.renew().expect("a lock that is held stays held");
    assert!(held.abandoned_by().is_none(), "a lock that nobody had was abandoned by nobody");
    let holder = store.holder(DEFAULT_WORKSPACE).expect("the holder is told");
    assert_eq!(holder.as_ref(), Some(held.owner()));
    match store.lock(DEFAULT_WORKSPACE, &request("bob", Duration::ZERO)) {
        Err(LockError::Held(Some(owner))) => assert_eq!(*owner, *held.owner()),
        Err(other) => panic!("the lock is held by ann; told was {other}"),
        Ok(_) => panic!("two hold the lock"),
    }
    let first = held.owner().id.clone();
    drop(held);
    assert_eq!(store.holder(DEFAULT_WORKSPACE).expect("the holder is told"), None, "a lock ends when it is dropped");
    let held = lock(store, DEFAULT_WORKSPACE);
    assert!(held.abandoned_by().is_none(), "a lock that was given back was not abandoned");
    assert_ne!(held.owner().id, first, "each holding has an id of its own");
}

fn takes_locks_away_by_their_id_only(store: &dyn Store) {
    let absent = store.force_unlock(DEFAULT_WORKSPACE, "x");
    assert!(matches!(absent, Err(LockError::OtherId(None))), "there is no lock to take away");
    let held = lock(store, DEFAULT_WORKSPACE);
    match store.force_unlock(DEFAULT_WORKSPACE, "x") {
        Err(LockError::OtherId(Some(owner))) => assert_eq!(*owner, *held.owner()),
        _ => panic!("a lock is taken away by its own id only"),
    }
    // A store that knows its holder to be alive may refuse. One that takes the lock away tells the holder, and takes
    // nothing more from it.
    match store.force_unlock(DEFAULT_WORKSPACE, &held.owner().id) {
        Err(LockError::Held(Some(owner))) => assert_eq!(*owner, *held.owner()),
        Err(other) => panic!("the lock of that id is there; told was {other}"),
        Ok(()) => {
            assert!(held.renew().is_err(), "a holder is told that its lock was taken away");
            let late = store.replace(DEFAULT_WORKSPACE, &*held, &mut |out| out.write_all(b"late"));
            assert!(late.is_err(), "nothing is written without the lock");
        }
    }
}

fn gives_the_lock_to_one_at_a_time(store: Arc<dyn Store>) {
    let (inside, taken) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for rival in 0..RIVALS {
            let (store, inside, taken) = (&store, &inside, &taken);
            scope.spawn(move || {
                let mut turns = 0;
                while turns < TURNS {
                    let Ok(held) = store.lock(DEFAULT_WORKSPACE, &request(&format!("r{rival}"), Duration::ZERO)) else {
                        std::thread::yield_now();
                        continue;
                    };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
                    assert!(held.abandoned_by().is_none(), "every holder gave the lock back");
                    let seen = load(&**store, DEFAULT_WORKSPACE).map_or(0, |bytes| bytes.len() as u32);
                    assert_eq!(seen, taken.fetch_add(1, Ordering::SeqCst), "a holder sees what the one before wrote");
                    put(&**store, DEFAULT_WORKSPACE, &*held, &vec![b'x'; seen as usize + 1]);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    turns += 1;
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), RIVALS * TURNS);
}

fn waits_for_the_lock(store: Arc<dyn Store>) {
    let held = lock(&*store, DEFAULT_WORKSPACE);
    let waiting = store.clone();
    let waiter =
        std::thread::spawn(move || waiting.lock(DEFAULT_WORKSPACE, &request("bob", Duration::from_secs(600))).is_ok());
    std::thread::sleep(Duration::from_millis(50));
    assert!(!waiter.is_finished(), "who is patient waits");
    drop(held);
    assert!(waiter.join().expect("the waiter ends"), "who is patient gets the lock");
}
