//! A server that is killed at any moment keeps what it has confirmed, and starts again with it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{FAST, Sandbox};

/// How often the server is killed; `GANTRY_SEEDS_TIMES` has it killed so many times as often.
const KILLS: u64 = 15;

/// Creates a fault rule over HTTP, the simplest change that is answered when it is on disk; tells whether it was confirmed.
fn add(sandbox: &Sandbox, number: u32) -> bool {
    let folder = sandbox.folder.path().join(".gantry/sandbox/address.json");
    let Ok(text) = std::fs::read_to_string(folder) else { return false };
    let Ok(address) = serde_json::from_str::<serde_json::Value>(&text) else { return false };
    let body = format!(r#"{{"service":"none","operation":"kept-{number}","effect":"throttle"}}"#);
    let token = address["token"].as_str().unwrap_or_default();
    let head = format!(
        "POST /_sandbox/faults HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(address["plain"].as_str().unwrap_or_default()) else { return false };
    let mut answer = String::new();
    let _ = stream.set_read_timeout(Some(Duration::from_secs(300)));
    let is_sent = stream.write_all(head.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)).is_ok();
    is_sent && answer.starts_with("HTTP/1.1 200") && answer.ends_with(']')
}

#[allow(clippy::disallowed_methods, reason = "a switch of the test, not of the program")]
fn times() -> u64 {
    std::env::var("GANTRY_SEEDS_TIMES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[test]
fn a_killed_server_has_all_that_it_confirmed() {
    let mut sandbox = Sandbox::start(&[FAST]);
    let confirmed = Mutex::new(BTreeSet::new());
    let count = || confirmed.lock().expect("no thread panicked").len();
    let next = AtomicU32::new(0);
    for round in 0..KILLS * times() {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if add(&sandbox, number) {
                            confirmed.lock().expect("no thread panicked").insert(format!("kept-{number}"));
                        }
                    }
                });
            }
            // Something is confirmed first, however slow the disk is, and then the moments are not multiples of anything
            // the server does.
            let before = count();
            super::wait_for("a change is confirmed", || count() > before);
            thread::sleep(Duration::from_micros(20_000 + round * 7_919 % 40_000));
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(sandbox.process.id() as i32), Signal::SIGKILL)
                .expect("the server runs");
            is_over.store(true, Ordering::Relaxed);
        });
        sandbox.process.wait().expect("it ends");
        sandbox.process = super::serve(sandbox.folder.path(), &[]);
        let faults = sandbox.gantry_json(&["sandbox", "fault", "list", "-json"]);
        let faults = faults.as_array().expect("a list").iter();
        let kept: BTreeSet<&str> = faults.filter_map(|fault| fault["operation"].as_str()).collect();
        let confirmed = confirmed.lock().expect("no thread panicked");
        let lost: Vec<&String> = confirmed.iter().filter(|name| !kept.contains(name.as_str())).collect();
        assert!(lost.is_empty(), "after kill {round} of {} confirmed changes {lost:?} are lost", confirmed.len());
    }
}
