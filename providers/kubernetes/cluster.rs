//! What all types of the provider share: the cluster that it is configured for, and what is known of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use regex_automata::meta::Regex;
use sdk::{Problem, Runtime};

use crate::api::{Api, Place};
use crate::discovery::Discovery;
use crate::failure::Failure;

/// The cluster, once the provider is configured.
#[derive(Default)]
pub(crate) struct Cluster {
    session: RwLock<Option<Arc<Session>>>,
    /// Kinds that definitions in this very plan or apply bring: group, slash, name of the kind.
    coming: Mutex<HashSet<String>>,
}

/// A cluster that can be asked.
pub(crate) struct Session {
    pub(crate) api: Api,
    pub(crate) runtime: Arc<dyn Runtime>,
    discovery: Discovery,
    /// Labels and annotations that are left to others, by their names.
    pub(crate) ignored: Vec<Regex>,
    /// Objects that are known to be ours: paths.
    ours: Mutex<HashSet<String>>,
    /// That the cluster cannot be asked was told.
    was_told: Mutex<bool>,
}

/// An object as the configuration names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Named {
    /// Names it to people.
    pub(crate) fn describe(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} `{}` in the namespace `{namespace}`", self.kind, self.name),
            None => format!("{} `{}`", self.kind, self.name),
        }
    }

    /// Returns the kind with its group, whatever the version.
    pub(crate) fn group_kind(&self) -> String {
        crate::discovery::group_kind(&self.api_version, &self.kind)
    }
}

impl Cluster {
    /// Makes what the types of one provider share.
    pub(crate) fn new() -> Arc<Cluster> {
        Arc::default()
    }

    /// Takes over a configuration.
    pub(crate) fn begin(&self, api: Api, ignored: Vec<Regex>, runtime: Arc<dyn Runtime>) {
        let session = Session {
            api,
            runtime,
            discovery: Discovery::default(),
            ignored,
            ours: Mutex::default(),
            was_told: Mutex::default(),
        };
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(session));
    }

    /// Returns the cluster, if it is known by now.
    pub(crate) fn known(&self) -> Option<Arc<Session>> {
        self.session.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the cluster.
    pub(crate) fn session(&self) -> Result<Arc<Session>, Problem> {
        let detail = "The provider was used before it was configured.";
        self.known().ok_or_else(|| Problem::error("Provider not ready", detail))
    }

    /// Notes that a definition brings a kind.
    pub(crate) fn expect(&self, group_kind: String) {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).insert(group_kind);
    }

    /// Tells whether a definition of this run brings a kind.
    pub(crate) fn is_coming(&self, group_kind: &str) -> bool {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).contains(group_kind)
    }
}

impl Session {
    /// Finds out where an object is, or would be; nothing if the cluster does not have its kind.
    pub(crate) async fn place(&self, named: &Named) -> Result<Option<Place>, Failure> {
        let kind = self.discovery.find(&self.api, &named.api_version, &named.kind).await?;
        Ok(kind.map(|kind| {
            let namespace = named.namespace.clone().or_else(|| Some("default".to_owned()));
            let namespace = namespace.filter(|_| kind.is_namespaced);
            Place { kind, namespace, name: named.name.clone() }
        }))
    }

    /// Notes that an object is ours already.
    pub(crate) fn note_ours(&self, place: &Place) {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner).insert(place.path());
    }

    /// Tells whether an object is known to be ours.
    pub(crate) fn is_ours(&self, place: &Place) -> bool {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner).contains(&place.path())
    }

    /// Tells whether this is the first one that asks.
    pub(crate) fn is_first_to_tell(&self) -> bool {
        !std::mem::replace(&mut *self.was_told.lock().unwrap_or_else(PoisonError::into_inner), true)
    }

    /// Waits.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.runtime.sleep(duration).await;
    }
}
