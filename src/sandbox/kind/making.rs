//! Clusters are made, and go: step by step, as long as someone listens.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::cluster::{self, Container, KindCluster, Role, Stage};
use super::config::{self, DEFAULT_IMAGE};
use super::containers::minor;
use super::{Asked, Line};
use crate::aws::account::random;
use crate::faults::Effect;
use crate::frame::Frame;
use crate::kubernetes::failure::Stop;
use crate::kubernetes::{self, Cluster, kinds};
use crate::world::{Change, Records, WorldError};

/// The lines of an answer.
pub(super) type Lines = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// How long an image takes to come.
const FETCH: Duration = Duration::from_secs(15);
/// How long containers take to start, and one more for each.
const START: Duration = Duration::from_secs(5);
/// How long what is short takes.
const SHORT: Duration = Duration::from_secs(2);
/// How long a control plane takes to answer.
const BEGIN: Duration = Duration::from_secs(15);
/// How long nodes take to join.
const JOIN: Duration = Duration::from_secs(12);
/// How long containers take to go.
const GO: Duration = Duration::from_secs(3);
/// How often it is looked whether the control plane is ready.
const LOOK: Duration = Duration::from_secs(1);

/// Why a step was not done.
struct Trouble(String);

impl From<WorldError> for Trouble {
    fn from(error: WorldError) -> Trouble {
        Trouble(error.to_string())
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Trouble {
        match stop {
            Stop::Failure(failure) => Trouble(failure.message),
            Stop::Tried(_) => Trouble("it was only tried".to_owned()),
        }
    }
}

/// Where what is told goes.
type Told = mpsc::UnboundedSender<Bytes>;

/// A step of the making, as people are told of it.
struct Step {
    /// What faults call it.
    name: &'static str,
    title: String,
    takes: Duration,
    /// How far the cluster is then.
    reaches: Option<Stage>,
}

/// Begins to make a cluster; the error says why that cannot be.
pub(super) fn create(frame: &Arc<Frame>, asked: Asked, is_stuck: bool) -> Result<Lines, String> {
    if frame.world.look(|records| records.has(&cluster::record(&asked.name))) {
        return Err(exists(&asked.name));
    }
    let containers = config::containers(&asked.name, &asked.config, asked.image.as_deref())?;
    let frame = frame.clone();
    Ok(lines(|told| async move {
        if is_stuck {
            std::future::pending::<()>().await;
        }
        make(&frame, &asked, &containers, &told).await
    }))
}

/// Removes a cluster.
pub(super) fn delete(frame: &Arc<Frame>, name: String, is_stuck: bool) -> Lines {
    let frame = frame.clone();
    lines(|_| async move {
        if is_stuck {
            std::future::pending::<()>().await;
        }
        if frame.world.look(|records| records.has(&cluster::record(&name))) {
            frame.clock.wait(frame.clock.now() + GO).await;
        }
        Ok(json!(remove(&frame, &name).await?))
    })
}

async fn remove(frame: &Frame, name: &str) -> Result<Vec<String>, WorldError> {
    frame.world.change(|change| Ok(cluster::remove(change, name))).await
}

/// Does something as long as someone listens to what is told of it.
fn lines<W: Future<Output = Result<Json, Trouble>> + Send + 'static>(work: impl FnOnce(Told) -> W) -> Lines {
    let (told, mut lines) = mpsc::unbounded_channel();
    let work = work(told.clone());
    let mut work = Some(Box::pin(async move {
        let last = match work.await {
            Ok(answer) => Line::Answer(answer),
            Err(Trouble(why)) => Line::Error(why),
        };
        // Who has gone meanwhile does not want to know.
        let _ = told.send(last.bytes());
    }));
    Box::pin(stream::poll_fn(move |context| {
        if work.as_mut().is_some_and(|work| work.as_mut().poll(context).is_ready()) {
            work = None;
        }
        lines.poll_recv(context)
    }))
}

/// Makes a cluster, and takes back what there is of it if that goes wrong; returns how it is reached.
async fn make(frame: &Frame, asked: &Asked, containers: &[Container], told: &Told) -> Result<Json, Trouble> {
    let mut is_begun = false;
    let made = build(frame, asked, (containers, &mut is_begun), told).await;
    if made.is_err() && is_begun && !asked.is_retained {
        remove(frame, &asked.name).await?;
    }
    made?;
    cluster::kubeconfig(frame, &asked.name, false).map_err(Trouble)
}

/// Takes the steps of the making, and tells of each; says when there is something of it.
async fn build(
    frame: &Frame,
    asked: &Asked,
    (containers, is_begun): (&[Container], &mut bool),
    told: &Told,
) -> Result<(), Trouble> {
    let tell = |text: String| _ = told.send(Line::Told(text).bytes());
    let named = asked.config["nodes"][0]["image"].as_str();
    let image = asked.image.as_deref().or(named).unwrap_or(DEFAULT_IMAGE);
    tell(format!("Creating cluster {:?} ...\n", asked.name));
    for step in steps(containers, image) {
        tell(format!(" • {}  ...\n", step.title));
        struck(frame, step.name).await?;
        frame.clock.wait(frame.clock.now() + step.takes).await;
        match step.reaches {
            None => {}
            Some(Stage::Prepared) => {
                prepare(frame, &asked.name, containers).await?;
                *is_begun = true;
            }
            Some(stage) => reach(frame, &asked.name, stage).await?,
        }
        tell(format!(" ✓ {}\n", step.title));
    }
    if asked.wait_seconds > 0 {
        let wait = Duration::from_secs(asked.wait_seconds);
        let title = format!("Waiting ≤ {} for control-plane = Ready ⏳", written(wait));
        tell(format!(" • {title}  ...\n"));
        tell(match ready_after(frame, &asked.name, wait).await {
            Some(took) => format!(" ✓ {title}\n • Ready after {} 💚\n", written(took)),
            None => format!(" ✗ {title}\n • WARNING: Timed out waiting for Ready ⚠️\n"),
        });
    }
    Ok(())
}

/// Lets a step go wrong, if a fault wants it.
async fn struck(frame: &Frame, step: &str) -> Result<(), Trouble> {
    for effect in frame.faults.strike("kind", step) {
        match effect {
            Effect::Latency(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            Effect::Stuck => std::future::pending().await,
            Effect::Error { code, .. } => return Err(Trouble(format!("failed to {step}: {code}"))),
            _ => {}
        }
    }
    Ok(())
}

/// Starts the containers of a cluster.
async fn prepare(frame: &Frame, name: &str, containers: &[Container]) -> Result<(), Trouble> {
    let start = |change: &mut Change<'_>| {
        if change.has(&cluster::record(name)) {
            return Err(Trouble(exists(name)));
        }
        let mut taken = cluster::addresses(change);
        let mut cluster = KindCluster {
            name: name.to_owned(),
            id: cluster::new_id(name),
            containers: containers.to_vec(),
            stage: Stage::Prepared,
            administrator: None,
        };
        for container in &mut cluster.containers {
            // The first address is the engine's.
            let mut all = (2..u16::MAX).map(|number| format!("172.18.{}.{}", number >> 8, number & 255));
            container.address = all.find(|address| !taken.contains(address)).unwrap_or_default();
            taken.push(container.address.clone());
        }
        change.put(&cluster::record(name), &cluster);
        Ok(())
    };
    frame.world.change(start).await
}

/// Brings a cluster to a stage, if its containers are still there.
async fn reach(frame: &Frame, name: &str, stage: Stage) -> Result<(), Trouble> {
    let administrator = match (stage, frame.place()) {
        (Stage::Begun, Some(place)) => {
            let made = place
                .authority
                .user("kubernetes-admin", "system:masters")
                .map_err(|error| Trouble(error.to_string()))?;
            Some(made)
        }
        _ => None,
    };
    let go_on = |change: &mut Change<'_>| {
        let Some(mut cluster) = change.get::<KindCluster>(&cluster::record(name)) else {
            return Err(Trouble(format!(
                "command \"docker exec --privileged {name}-control-plane\" failed with error: exit status 1"
            )));
        };
        if stage == Stage::Begun {
            let version = cluster.containers.first().map(|container| minor(&container.version)).unwrap_or_default();
            kubernetes::create_cluster(change, &Cluster { name: cluster.id.clone(), version, token: random::<32>() })?;
            cluster.administrator = administrator;
        }
        cluster.stage = stage;
        change.put(&cluster::record(name), &cluster);
        Ok(())
    };
    frame.world.change(go_on).await
}

/// Waits until the control plane is ready; returns how long that took, or nothing if it took too long.
async fn ready_after(frame: &Frame, name: &str, wait: Duration) -> Option<Duration> {
    let began = frame.clock.now();
    let is_ready = |records: &Records| {
        let cluster: Option<KindCluster> = records.get(&cluster::record(name));
        cluster.is_some_and(|cluster| {
            let controls = cluster.containers.iter().filter(|container| container.role == Role::ControlPlane);
            controls.into_iter().all(|container| {
                let node = kinds::record(&cluster.id, "", "nodes", None, &container.name);
                let node: Json = records.get(&node).unwrap_or_default();
                let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
                conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
            })
        })
    };
    loop {
        let took = frame.clock.now().saturating_sub(began);
        if frame.world.look(is_ready) {
            return Some(took);
        }
        if took >= wait {
            return None;
        }
        frame.clock.wait(frame.clock.now() + LOOK).await;
    }
}

fn exists(name: &str) -> String {
    format!("node(s) already exist for a cluster with the name {name:?}")
}

/// Returns the steps by which a cluster comes.
fn steps(containers: &[Container], image: &str) -> Vec<Step> {
    let of = |role: Role| containers.iter().filter(|container| container.role == role).count();
    let step = |name, title: &str, takes, reaches| Step { name, title: title.to_owned(), takes, reaches };
    let image = format!("Ensuring node image ({}) 🖼", image.split('@').next().unwrap_or_default());
    let boxes = format!("Preparing nodes {}", "📦 ".repeat(containers.len()));
    let preparing = START + Duration::from_secs(containers.len() as u64);
    let mut steps = vec![
        step("fetch image", &image, FETCH, None),
        step("start containers", &boxes, preparing, Some(Stage::Prepared)),
    ];
    if of(Role::ExternalLoadBalancer) > 0 {
        steps.push(step("start load balancer", "Configuring the external load balancer ⚖️", SHORT, None));
    }
    steps.extend([
        step("write configuration", "Writing configuration 📜", SHORT, None),
        step("start control plane", "Starting control-plane 🕹️", BEGIN, Some(Stage::Begun)),
        step("install network", "Installing CNI 🔌", SHORT, Some(Stage::Networked)),
        step("install storage", "Installing StorageClass 💾", SHORT, Some(Stage::Stored)),
    ]);
    if of(Role::ControlPlane) > 1 {
        steps.push(step("join control planes", "Joining more control-plane nodes 🎮", JOIN, None));
    }
    if of(Role::Worker) > 0 {
        steps.push(step("join workers", "Joining worker nodes 🚜", JOIN, None));
    }
    if let Some(last) = steps.last_mut() {
        last.reaches = Some(Stage::Joined);
    }
    steps
}

/// Writes a duration as programs in Go do: `1m30s`.
fn written(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}
