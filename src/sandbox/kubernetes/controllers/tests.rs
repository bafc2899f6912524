//! Controllers on a clock that jumps, with a cloud of nothing but records.

mod batch;
mod cloud;
mod cluster;
mod kubectl;
mod storage;
mod workloads;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use self::cloud::Bare;
use super::Engine;
use super::work::Of;
use crate::kubernetes::cloud::Cloud;
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::{self, How, Target};
use crate::kubernetes::{Cluster, create_cluster};
use crate::world::{Change, WorldError};
use crate::{Frame, Settings};

const CLUSTER: &str = "lake";

/// A cluster whose controllers work when they are told to.
struct Sandbox {
    frame: Arc<Frame>,
    clouds: Vec<Box<dyn Cloud>>,
}

impl Sandbox {
    /// Makes a cluster with so many nodes of two processors, and waits until they are ready.
    async fn with_nodes(count: usize) -> Sandbox {
        let frame = Frame::open(&Settings { speed: Some(0.0), ..Settings::default() }).expect("a world");
        let cluster = Cluster { name: CLUSTER.into(), version: "1.33".into(), token: "secret".into() };
        let begin = |change: &mut Change<'_>| {
            cloud::set_nodes(change, CLUSTER, "pool", count);
            create_cluster(change, &cluster)
        };
        frame.world.change(begin).await.expect("a cluster");
        let sandbox = Sandbox { frame, clouds: vec![Box::new(Bare)] };
        sandbox.settle().await;
        sandbox
    }

    /// Lets controllers do all that there is to be done, with all that was planned for the next hour.
    async fn settle(&self) {
        self.run(Duration::from_secs(3600)).await;
    }

    /// Lets so much time pass, and controllers do what there is to be done in it.
    async fn run(&self, time: Duration) {
        let mut engine = Engine::new(&self.clouds, &self.frame);
        let end = self.frame.clock.now() + time;
        for _ in 0..20_000 {
            while engine.round().await.expect("a world that can be changed") {}
            match self.frame.next_task().filter(|next| *next <= end) {
                Some(next) => self.frame.clock.skip(next.saturating_sub(self.frame.clock.now())),
                None => return,
            }
            let due = self.frame.all_due("kubernetes", 1000);
            let remove = |change: &mut Change<'_>| {
                due.iter().for_each(|name| _ = change.remove(name));
                Ok::<_, WorldError>(())
            };
            self.frame.world.change(remove).await.expect("a world that can be changed");
        }
        panic!("controllers do not come to an end");
    }

    async fn change<T>(&self, change: impl FnOnce(&mut Change<'_>) -> Result<T, Stop>) -> T {
        match self.frame.world.change(change).await {
            Ok(result) => result,
            Err(stop) => panic!("{stop:?}"),
        }
    }

    /// Says how many nodes a set has.
    async fn set_nodes(&self, set: &str, count: usize) {
        self.change(|change| {
            cloud::set_nodes(change, CLUSTER, set, count);
            Ok(())
        })
        .await;
    }

    /// Makes an object.
    async fn create(&self, of: Of, object: Json) -> Json {
        let name = store::text(&object, "/metadata/name").to_owned();
        self.change(|change| store::create(change, &target(of, &name), object, &how())).await
    }

    /// Changes an object.
    async fn edit(&self, of: Of, name: &str, edit: impl FnOnce(&mut Json)) {
        self.change(|change| {
            let before = store::get(change, &target(of, name))?;
            let mut after = before.clone();
            edit(&mut after);
            store::replace(change, &target(of, name), &before, after, &how())
        })
        .await;
    }

    /// Deletes an object.
    async fn delete(&self, of: Of, name: &str) {
        self.change(|change| store::delete(change, &target(of, name), &json!({}), &how())).await;
    }

    /// Reads an object; null if it is not there.
    fn get(&self, of: Of, name: &str) -> Json {
        self.frame.world.look(|records| store::get(records, &target(of, name))).unwrap_or_default()
    }

    /// Reads the objects of a kind in the default namespace, or of the cluster.
    fn all(&self, of: Of) -> Vec<Json> {
        let kind = of.kind();
        let prefix = kind.prefix(CLUSTER, Some("default").filter(|_| kind.is_namespaced));
        self.frame
            .world
            .look(|records| records.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect())
    }

    /// Returns the messages of the events with a reason.
    fn events(&self, reason: &str) -> Vec<String> {
        let events = self.all(Of("", "events")).into_iter().filter(|event| event["reason"] == reason);
        events.map(|event| store::text(&event, "/message").to_owned()).collect()
    }
}

fn target<'t>(of: Of, name: &'t str) -> Target<'t> {
    let kind = of.kind();
    let namespace = Some("default").filter(|_| kind.is_namespaced);
    Target { cluster: CLUSTER, kind, namespace, name, part: None }
}

fn how() -> How {
    How { manager: "test".to_owned(), time: "2026-01-01T00:00:00Z".to_owned() }
}

/// Returns the status of a condition.
fn condition(object: &Json, kind: &str) -> (String, String) {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["type"] == kind).unwrap_or_default();
    (store::text(&found, "/status").to_owned(), store::text(&found, "/reason").to_owned())
}

/// Returns a pod's template.
fn template(labels: Json, container: Json) -> Json {
    let mut container = container;
    container["name"] = "main".into();
    if container["image"].is_null() {
        container["image"] = "nginx:1.27".into();
    }
    json!({"metadata": {"labels": labels}, "spec": {"containers": [container]}})
}
