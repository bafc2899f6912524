//! Checksums of a package for a platform, which need not be this one.

use std::collections::BTreeMap;

use addr::Provider;

use super::place::Placing;
use super::{Job, Places, Trust, Watch, Way, choose_freely};
use crate::Platform;
use crate::failure::Failure;
use crate::lock_file::{Lock, Locks};
use crate::version::Requirement;

/// What was found out about one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the lock file is to say.
    pub lock: Lock,
    /// How many checksums it did not have.
    pub new: usize,
    /// How sure one can be of each platform's package.
    pub trust: Vec<(Platform, Trust)>,
}

/// Fetches the packages of a provider for platforms, into a folder that goes away, and returns their checksums together
/// with those that the lock file has.
pub fn checksums(
    places: &Places,
    locks: &Locks,
    provider: &Provider,
    requirement: &Requirement,
    platforms: &[Platform],
    watch: &Watch<'_>,
) -> Result<Checked, Failure> {
    let version = choose_freely(places, locks, provider, requirement)?;
    let before = locks.get(provider).filter(|lock| lock.version == version).map(Lock::hashes).unwrap_or_default();
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new("Cannot fetch provider", format!("There is no temporary folder: {error}.")))?;
    let job = Job { requirements: &BTreeMap::new(), locks, upgrade: false, folder: folder.path(), cache: None, places };
    let (mut hashes, mut trust) = (before.to_vec(), Vec::new());
    for platform in platforms {
        let placing = Placing { job: &job, provider, version: &version, platform: platform.clone(), lock: None, watch };
        let (found, way) = placing.run()?;
        hashes.extend(found);
        if let Way::From(_, found) = way {
            trust.push((platform.clone(), found));
        }
    }
    let lock = Lock::new(version, requirement.clone(), hashes);
    let new = lock.hashes().iter().filter(|hash| !before.contains(hash)).count();
    Ok(Checked { lock, new, trust })
}
