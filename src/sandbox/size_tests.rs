//! A large world: how much memory it takes, and how long lists and creations take in it.
//!
//! `cargo test --release -p gantry-sandbox -- --ignored --nocapture large`: debug builds are ten times slower.
#![allow(clippy::print_stdout, reason = "the numbers are worth seeing")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value as Json, json};

use crate::kubernetes::store::{self, How, Target};
use crate::kubernetes::{Cluster, Kubernetes, create_cluster, kinds};
use crate::server::{Body, Request, Service};
use crate::world::WorldError;
use crate::{Change, Frame, Settings};

const CLUSTERS: usize = 100;
const NODE_GROUPS: usize = 20;
const OBJECTS: usize = 2_000;

const MEMORY_BYTES_MAX: u64 = 1_500_000_000;
const LIST_MAX: Duration = Duration::from_millis(50);
const CREATE_MAX: Duration = Duration::from_millis(1);

/// Returns the memory of this process, where the system says it.
fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// An object of usual size: a thousand bytes of what someone wants.
fn object(number: usize) -> Json {
    let lines: String = (0..20).map(|line| format!("setting.number.{line} = value-{number}-of-the-object\n")).collect();
    json!({
        "metadata": {"name": format!("object-{number}"), "labels": {"app.kubernetes.io/name": "spark", "part": "core"}},
        "data": {"spark.conf": lines},
    })
}

async fn fill(frame: &Arc<Frame>, cluster: usize) -> Duration {
    let name = format!("cluster-{cluster}");
    let made = Cluster { name: name.clone(), version: "1.33".into(), token: "t".into() };
    frame.world.change(|change| create_cluster(change, &made)).await.expect("a cluster");
    let kind = kinds::built_in().iter().find(|kind| kind.is("", "configmaps")).expect("a kind").clone();
    let how = How { manager: "kubectl".to_owned(), time: "2026-11-21T00:00:00Z".to_owned() };
    let groups = |change: &mut Change<'_>| {
        for group in 0..NODE_GROUPS {
            let record = format!("aws/eks/eu-west-1/nodegroups/{name}/group-{group}");
            change.put(&record, &json!({"nodegroupName": format!("group-{group}"), "status": "ACTIVE", "subnets": []}));
        }
        Ok::<_, WorldError>(())
    };
    frame.world.change(groups).await.expect("node groups");
    let began = Instant::now();
    for number in 0..OBJECTS {
        let create = |change: &mut Change<'_>| {
            let target = Target { cluster: &name, kind: &kind, namespace: Some("default"), name: "", part: None };
            store::create(change, &target, object(number), &how)
        };
        assert!(frame.world.change(create).await.is_ok(), "an object is made");
    }
    began.elapsed() / OBJECTS as u32
}

async fn list(frame: &Arc<Frame>) -> (usize, Duration) {
    let service = Kubernetes::default();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer t"));
    let request = Request {
        method: Method::GET,
        path: format!("/clusters/cluster-{}/api/v1/configmaps", CLUSTERS / 2),
        query: String::new(),
        headers,
        body: Default::default(),
        certificate: None,
        is_secure: true,
    };
    let began = Instant::now();
    let answer = service.answer(frame, request, false).await;
    let took = began.elapsed();
    let Body::Whole(body) = answer.body else { panic!("a list is whole") };
    let list: Json = serde_json::from_slice(&body).expect("it is JSON");
    (list["items"].as_array().map_or(0, Vec::len), took)
}

#[tokio::test]
#[ignore = "it measures, for which it must be built with --release"]
async fn a_large_world_fits_and_is_quick() {
    let folder = tempfile::tempdir().expect("a folder");
    // In memory as it is filled: what is measured is what a creation costs, not what the disk does.
    let frame = Frame::open(&Settings::default()).expect("a world");
    let mut slowest = Duration::ZERO;
    for cluster in 0..CLUSTERS {
        slowest = slowest.max(fill(&frame, cluster).await);
    }
    let (count, took) = list(&frame).await;
    let memory = memory_bytes().unwrap_or_default();
    println!("creation {slowest:?}, a list of {count} {took:?}, memory {} MB", memory / 1_000_000);
    assert!(count >= OBJECTS, "{count}");
    assert!(slowest < CREATE_MAX && took < LIST_MAX && memory < MEMORY_BYTES_MAX);

    // The same world on disk: written in few changes, and opened by the next process.
    let settings = Settings { folder: Some(folder.path().to_owned()), ..Settings::default() };
    let disk = Frame::open(&settings).expect("a world on disk");
    let records: Vec<(String, Arc<str>)> =
        frame.world.look(|records| records.under("").map(|(name, text)| (name.to_owned(), text.clone())).collect());
    for some in records.chunks(20_000) {
        let put = |change: &mut Change<'_>| {
            some.iter().for_each(|(name, text)| change.put_text(name, text.clone()));
            Ok::<_, WorldError>(())
        };
        disk.world.change(put).await.expect("it is written");
    }
    drop((disk, frame, records));
    let began = Instant::now();
    let disk = Frame::open(&settings).expect("the same world");
    let opened = began.elapsed();
    let (count, took) = list(&disk).await;
    let memory = memory_bytes().unwrap_or_default();
    println!("opened in {opened:?}, a list of {count} {took:?}, memory {} MB", memory / 1_000_000);
    assert!(took < LIST_MAX && memory < MEMORY_BYTES_MAX);
}
