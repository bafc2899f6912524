//! Installs the providers of a configuration: chooses versions, gets packages, checks them, says what to lock.

mod checksums;
mod mirror;
mod place;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use addr::Provider;

use crate::failure::Failure;
use crate::lock_file::{Lock, Locks};
pub use crate::source::{Network, Sources as Places, Trust};
use crate::version::{Requirement, Version};
use crate::{Platform, hash};
pub use checksums::{Checked, checksums};
pub use mirror::{Mirrored, mirror};
use place::Placing;

/// Packages that are fetched at once.
const FETCHES_MAX: usize = 4;

/// What is to be installed, and where.
pub struct Job<'a> {
    /// What the configuration and its state ask.
    pub requirements: &'a BTreeMap<Provider, Requirement>,
    /// What was chosen before.
    pub locks: &'a Locks,
    /// Whether to choose anew.
    pub upgrade: bool,
    /// The folder of the configuration's installed providers.
    pub folder: &'a Path,
    /// A folder of packages shared with other configurations.
    pub cache: Option<&'a Path>,
    /// Where packages come from.
    pub places: &'a Places,
}

/// What goes on, for those who watch.
#[derive(Debug)]
pub enum Event<'a> {
    /// Looks for versions.
    Finding,
    /// Begins to get a package.
    Installing(&'a Version),
    /// So many bytes of a download are there, of so many, if that is known.
    Progress(u64, Option<u64>),
    /// It is over, well or not.
    Done,
}

/// What became of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The version.
    pub version: Version,
    /// Whether the lock file had chosen it before.
    pub was_locked: bool,
    /// How its package came into the folder.
    pub way: Way,
}

/// How a package came into its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It was there.
    Present,
    /// It was in the shared cache.
    Cache,
    /// It was got from a place of this name.
    From(String, Trust),
}

/// Is told what happens to a provider; several at once.
pub type Watch<'a> = dyn Fn(&Provider, Event<'_>) + Sync + 'a;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What is to be in the lock file.
    pub locks: Locks,
    /// What was installed.
    pub installed: BTreeMap<Provider, Installed>,
    /// Providers for which the lock file knows packages of this platform only.
    pub incomplete: Vec<Provider>,
    /// What went wrong, by provider; the others are installed.
    pub failures: Vec<(Provider, Failure)>,
}

/// What is to be locked, and how the package came, or why it did not.
type Placed = Result<(Lock, Way), Failure>;

/// Installs what the job asks for.
pub fn install(job: &Job<'_>, watch: &Watch<'_>) -> Outcome {
    let wanted: Vec<(&Provider, &Requirement)> = job.requirements.iter().collect();
    let results: Mutex<BTreeMap<Provider, Placed>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((provider, requirement)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = install_one(job, provider, requirement, watch);
            watch(provider, Event::Done);
            results.lock().expect("no installation panics").insert((*provider).clone(), result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..FETCHES_MAX.min(wanted.len()) {
            scope.spawn(work);
        }
    });
    let mut outcome =
        Outcome { locks: Locks::default(), installed: BTreeMap::new(), incomplete: Vec::new(), failures: Vec::new() };
    for (provider, result) in results.into_inner().expect("no installation panics") {
        match result {
            Ok((lock, way)) => {
                let was_locked = job.locks.get(&provider).is_some_and(|before| before.version == lock.version);
                let installed = Installed { version: lock.version.clone(), was_locked, way };
                outcome.installed.insert(provider.clone(), installed);
                if job.locks.get(&provider).is_none_or(|before| before.hashes() != lock.hashes())
                    && !lock.hashes().iter().any(hash::Hash::is_of_archive)
                {
                    outcome.incomplete.push(provider.clone());
                }
                outcome.locks.set(provider, lock);
            }
            Err(failure) => {
                if let Some(lock) = job.locks.get(&provider) {
                    outcome.locks.set(provider.clone(), lock.clone());
                }
                outcome.failures.push((provider, failure));
            }
        }
    }
    outcome
}

fn install_one(job: &Job<'_>, provider: &Provider, requirement: &Requirement, watch: &Watch<'_>) -> Placed {
    let version = choose(job, provider, requirement, watch)?;
    let lock = job.locks.get(provider).filter(|lock| lock.version == version);
    let placing = Placing { job, provider, version: &version, platform: Platform::current(), lock, watch };
    let (hashes, way) = placing.run()?;
    Ok((Lock::new(version, requirement.clone(), hashes), way))
}

/// Chooses the version of one provider: the locked one unless it will not do, or the newest that will.
fn choose_freely(
    places: &Places,
    locks: &Locks,
    provider: &Provider,
    requirement: &Requirement,
) -> Result<Version, Failure> {
    if let Some(lock) = locks.get(provider).filter(|lock| requirement.allows(&lock.version)) {
        return Ok(lock.version.clone());
    }
    let versions = places.versions(provider)?;
    let chosen = versions.iter().find(|version| requirement.allows(version));
    chosen.cloned().ok_or_else(|| none_will_do(provider, requirement, &versions))
}

/// Chooses a version: the locked one, or the newest that will do.
fn choose(
    job: &Job<'_>,
    provider: &Provider,
    requirement: &Requirement,
    watch: &Watch<'_>,
) -> Result<Version, Failure> {
    if let Some(lock) = job.locks.get(provider).filter(|_| !job.upgrade) {
        if requirement.allows(&lock.version) {
            return Ok(lock.version.clone());
        }
        let detail = format!(
            "The lock file has version {} of {}, and the configuration asks for {requirement}. Run \"gantry init \
             -upgrade\" to choose anew.",
            lock.version,
            provider.short()
        );
        return Err(Failure::new("Locked provider does not match", detail));
    }
    watch(provider, Event::Finding);
    let versions = job.places.versions(provider)?;
    match versions.iter().find(|version| requirement.allows(version)) {
        Some(version) => Ok(version.clone()),
        None => Err(none_will_do(provider, requirement, &versions)),
    }
}

fn none_will_do(provider: &Provider, requirement: &Requirement, versions: &[Version]) -> Failure {
    const SHOWN_MAX: usize = 5;
    let shown: Vec<String> = versions.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let more = if versions.len() > SHOWN_MAX { ", …" } else { "" };
    let asked = if requirement.is_empty() { "a release".to_owned() } else { requirement.to_string() };
    let offered = if shown.is_empty() { "none for this platform".to_owned() } else { shown.join(", ") + more };
    let detail = format!(
        "No version of the provider {} is {asked}. There are: {offered}. \"gantry providers\" shows which module asks for \
         what.",
        provider.short()
    );
    Failure::new("No suitable provider version", detail)
}
