//! What controllers made in the cloud goes: looked at, told to go, waited for, round by round, until nothing is left.
//!
//! Each round looks at everything anew, so that it does not matter who makes or deletes what meanwhile, nor what a run
//! before this one had begun. Custom resources that own other things go first, since their operators would make those
//! again; nodes go last, as volumes are detached and finalizers served by what runs on them.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use sdk::{Problem, Progress, name_some};
use serde_json::Value as Json;

use crate::api::Place;
use crate::changes::holding;
use crate::cluster::{Named, Session};
use crate::discovery::{Kind, group};
use crate::failure::Failure;
use crate::json::at;
use crate::sweep_volumes::{Fate, Volumes};
use crate::times::for_people;

/// The first pause between two rounds, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));
/// Owners of owners that are followed.
const OWNERS_MAX: usize = 8;
/// Things that are named in one message; all are named in the error.
const NAMED_MAX: usize = 3;
/// Groups of kinds that every cluster has: what is of another one has an operator.
const BUILT_IN: &[&str] = &[
    "",
    "apps",
    "autoscaling",
    "batch",
    "extensions",
    "policy",
    "networking.k8s.io",
    "storage.k8s.io",
    "rbac.authorization.k8s.io",
    "discovery.k8s.io",
    "node.k8s.io",
];
/// Kinds whose objects stand for load balancers, with their groups; not every cluster has them.
const BALANCERS: &[(&str, &str)] = &[("networking.k8s.io", "Ingress"), ("gateway.networking.k8s.io", "Gateway")];
/// Groups in which Karpenter's classes of nodes are; they hold roles and profiles in the cloud.
const NODE_CLASSES: &[(&str, &str)] = &[("karpenter.k8s.aws", "EC2NodeClass"), ("karpenter.azure.com", "AKSNodeClass")];
/// The mark of pools that the cloud itself looks after: they go with the cluster.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "eks");

/// A sweep of a cluster.
pub(crate) struct Sweep<'a> {
    pub(crate) session: &'a Session,
    progress: &'a dyn Progress,
    limit: Duration,
    volumes: Fate,
    /// The kinds that the cluster has beyond those that every cluster has, once they are known.
    kinds: BTreeMap<String, Kind>,
    /// Objects that were told to go.
    told: HashSet<String>,
}

/// Something that is still there.
pub(crate) struct Left {
    /// What people call it.
    pub(crate) what: String,
    /// What it waits for, as far as that is known.
    pub(crate) why: String,
}

impl Left {
    /// Describes an object that is on its way.
    pub(crate) fn of(kind: &Kind, object: &Json) -> Left {
        Left { what: place(kind, object).describe(), why: holding(object) }
    }
}

/// Returns the place of a listed object.
pub(crate) fn place(kind: &Kind, object: &Json) -> Place {
    let namespace = Some(at(object, "/metadata/namespace").to_owned()).filter(|namespace| !namespace.is_empty());
    Place { kind: kind.clone(), namespace, name: at(object, "/metadata/name").to_owned() }
}

/// Tells whether an object was told to go.
pub(crate) fn is_ending(object: &Json) -> bool {
    !at(object, "/metadata/deletionTimestamp").is_empty()
}

pub(crate) fn services() -> Kind {
    Kind::known("v1", "Service", "services", true)
}

impl<'a> Sweep<'a> {
    /// Prepares a sweep.
    pub(crate) fn new(session: &'a Session, progress: &'a dyn Progress, limit: Duration, volumes: Fate) -> Sweep<'a> {
        Sweep { session, progress, limit, volumes, kinds: BTreeMap::new(), told: HashSet::new() }
    }

    /// Does it; returns what is to be told at the end.
    pub(crate) async fn run(mut self) -> Result<Vec<Problem>, Problem> {
        let began = self.session.runtime.now();
        let doing = "look for what controllers have made";
        self.find_kinds().await.map_err(|failure| failure.problem(doing))?;
        let mut pause = PAUSE.0;
        loop {
            let mut volumes = Volumes::new(self.volumes);
            let left = self.round(&mut volumes).await.map_err(|failure| failure.problem(doing))?;
            let waited = self.session.runtime.now().saturating_sub(began);
            if left.is_empty() {
                let stays = volumes.stays();
                let told = (!stays.is_empty()).then(|| Problem::warning("Left behind", stays.join("\n")));
                return Ok(told.into_iter().collect());
            }
            if waited >= self.limit {
                return Err(not_gone(&left, waited));
            }
            self.progress.waiting();
            self.progress.message(&phase(&left));
            self.session.sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSE.1);
        }
    }

    /// Looks at everything, tells to go what can go by now, and returns what is left.
    async fn round(&mut self, volumes: &mut Volumes) -> Result<Vec<Left>, Failure> {
        volumes.look(self).await?;
        let balancers = self.balancers().await?;
        let roots = balancers.iter().map(|(_, object)| object).chain(volumes.users());
        let owners = self.owners(roots).await?;
        let mut left = Vec::new();
        for (kind, object) in owners.iter().chain(&balancers) {
            self.delete(kind, object).await?;
            left.push(Left::of(kind, object));
        }
        // Operators would make again what is taken away from their resources.
        if owners.is_empty() {
            left.extend(volumes.take_away(self).await?);
        }
        if left.is_empty() {
            left = self.nodes().await?;
        }
        Ok(left)
    }

    /// Tells an object to go, once.
    pub(crate) async fn delete(&mut self, kind: &Kind, object: &Json) -> Result<(), Failure> {
        let uid = at(object, "/metadata/uid");
        if is_ending(object) || !self.told.insert(uid.to_owned()) {
            return Ok(());
        }
        self.session.api.delete(&place(kind, object), Some(uid)).await.map(drop)
    }

    /// Finds out which of the kinds that not every cluster has are there.
    async fn find_kinds(&mut self) -> Result<(), Failure> {
        let groups = self.session.api.get("/apis").await?;
        let groups = groups.get("groups").and_then(Json::as_array).cloned().unwrap_or_default();
        let karpenter = [("karpenter.sh", "NodePool"), ("karpenter.sh", "NodeClaim")];
        for (group, kind) in BALANCERS.iter().chain(&karpenter).chain(NODE_CLASSES) {
            let Some(found) = groups.iter().find(|found| at(found, "/name") == *group) else { continue };
            let named = Named {
                api_version: at(found, "/preferredVersion/groupVersion").to_owned(),
                kind: (*kind).to_owned(),
                namespace: None,
                name: String::new(),
            };
            if let Some(place) = self.session.place(&named).await? {
                self.kinds.insert((*kind).to_owned(), place.kind);
            }
        }
        Ok(())
    }

    /// Lists the objects of a kind that not every cluster has.
    async fn list(&self, kind: &str) -> Result<Vec<(Kind, Json)>, Failure> {
        let Some(kind) = self.kinds.get(kind) else { return Ok(Vec::new()) };
        match self.session.api.list(kind, None, "").await {
            Ok(found) => Ok(found.into_iter().map(|object| (kind.clone(), object)).collect()),
            // Its definition is gone, and its objects with it.
            Err(failure) if failure.code() == 404 => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    async fn balancers(&self) -> Result<Vec<(Kind, Json)>, Failure> {
        let kind = services();
        let found = self.session.api.list(&kind, None, "").await?;
        // One that is no longer of the type may still have its load balancer.
        let is_one = |service: &Json| at(service, "/spec/type") == "LoadBalancer" || is_held(service);
        let mut all: Vec<(Kind, Json)> =
            found.into_iter().filter(is_one).map(|service| (kind.clone(), service)).collect();
        for (_, kind) in BALANCERS {
            all.extend(self.list(kind).await?);
        }
        Ok(all)
    }

    /// Finds the custom resources that own objects, directly or through others: the outermost ones.
    async fn owners(&self, objects: impl Iterator<Item = &Json>) -> Result<Vec<(Kind, Json)>, Failure> {
        let mut seen: HashSet<String> = HashSet::new();
        let mut found: BTreeMap<String, (Kind, Json)> = BTreeMap::new();
        for object in objects {
            let (mut last, mut top) = (object.clone(), None);
            for _ in 0..OWNERS_MAX {
                let Some(reference) = owner(&last).cloned() else { break };
                if !seen.insert(at(&reference, "/uid").to_owned()) {
                    top = None;
                    break;
                }
                let Some((kind, owner)) = self.find_owner(&last, &reference).await? else { break };
                if !BUILT_IN.contains(&group(&kind.api_version)) {
                    top = Some((kind, owner.clone()));
                }
                last = owner;
            }
            if let Some((kind, owner)) = top {
                found.insert(at(&owner, "/metadata/uid").to_owned(), (kind, owner));
            }
        }
        Ok(found.into_values().collect())
    }

    async fn find_owner(&self, object: &Json, reference: &Json) -> Result<Option<(Kind, Json)>, Failure> {
        let namespace = Some(at(object, "/metadata/namespace").to_owned()).filter(|namespace| !namespace.is_empty());
        let named = Named {
            api_version: at(reference, "/apiVersion").to_owned(),
            kind: at(reference, "/kind").to_owned(),
            namespace,
            name: at(reference, "/name").to_owned(),
        };
        let Some(place) = self.session.place(&named).await? else { return Ok(None) };
        let found = self.session.api.find(&place).await?;
        let found = found.filter(|found| at(found, "/metadata/uid") == at(reference, "/uid"));
        Ok(found.map(|found| (place.kind, found)))
    }

    /// Karpenter's nodes go by its own hand, as long as it is there: its pools first, so that none are made again.
    async fn nodes(&mut self) -> Result<Vec<Left>, Failure> {
        let is_own = |(_, object): &(Kind, Json)| mark(object, MANAGED_BY.0) != MANAGED_BY.1;
        let (others, pools): (Vec<_>, Vec<_>) = self.list("NodePool").await?.into_iter().partition(|one| !is_own(one));
        let spared: HashSet<&str> = others.iter().map(|(_, pool)| at(pool, "/metadata/name")).collect();
        let mut claims = self.list("NodeClaim").await?;
        claims.retain(|(_, claim)| !spared.contains(mark(claim, "karpenter.sh/nodepool")));
        let mut going = pools;
        // A pool lets its claims go by itself; those of no pool do not.
        going.extend(claims);
        if going.is_empty() {
            for (_, kind) in NODE_CLASSES {
                going.extend(self.list(kind).await?);
            }
        }
        for (kind, object) in &going {
            self.delete(kind, object).await?;
        }
        Ok(going.iter().map(|(kind, object)| Left::of(kind, object)).collect())
    }
}

fn is_held(service: &Json) -> bool {
    let finalizers = service.pointer("/metadata/finalizers").and_then(Json::as_array).into_iter().flatten();
    finalizers.into_iter().any(|name| name == "service.kubernetes.io/load-balancer-cleanup")
}

fn mark<'o>(object: &'o Json, name: &str) -> &'o str {
    object.pointer("/metadata/labels").and_then(|labels| labels.get(name)).and_then(Json::as_str).unwrap_or_default()
}

/// Returns the reference to who looks after an object.
pub(crate) fn owner(object: &Json) -> Option<&Json> {
    let references = object.pointer("/metadata/ownerReferences").and_then(Json::as_array)?;
    let controller = references.iter().find(|reference| reference.get("controller") == Some(&Json::Bool(true)));
    controller.or(references.first())
}

/// Says what is waited for, by kind.
fn phase(left: &[Left]) -> String {
    let named: Vec<String> = left.iter().map(|one| format!("{} ({})", one.what, one.why)).collect();
    format!("waiting until these are gone: {}", name_some(&named, NAMED_MAX))
}

fn not_gone(left: &[Left], waited: Duration) -> Problem {
    let mut detail = format!("After {} these are still there:", for_people(waited));
    for one in left {
        detail.push_str(&format!("\n  {}: {}", one.what, one.why));
    }
    detail.push_str(
        "\nNothing else was taken away after them, so that what is to remove them still runs. Destroy again to wait longer.",
    );
    Problem::error("Cluster not cleaned up", detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Left, not_gone, owner, phase};
    use std::time::Duration;

    fn left(count: usize) -> Vec<Left> {
        (0..count).map(|number| Left { what: format!("Service `{number}`"), why: "it is held".into() }).collect()
    }

    #[test]
    fn messages_name_a_few_and_errors_all() {
        assert_eq!(phase(&left(1)), "waiting until these are gone: Service `0` (it is held)");
        assert!(phase(&left(5)).ends_with("`2` (it is held) and 2 more"));
        assert!(not_gone(&left(5), Duration::from_secs(60)).detail.contains("After 1m these are still there:"));
        assert!(not_gone(&left(5), Duration::from_secs(60)).detail.contains("\n  Service `4`: it is held"));
    }

    #[test]
    fn the_controller_is_the_owner_that_counts() {
        let reference = |name: &str, is: bool| json!({"name": name, "controller": is});
        let object = json!({"metadata": {"ownerReferences": [reference("a", false), reference("b", true)]}});
        assert_eq!(owner(&object).map(|owner| &owner["name"]), Some(&json!("b")));
        assert_eq!(owner(&json!({"metadata": {}})), None);
    }
}
