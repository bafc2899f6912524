//! What is installed: for those who run providers.

mod verified;

use std::path::{Path, PathBuf};

use addr::Provider;
use diag::Diagnostic;

use crate::Platform;
use crate::failure::Failure;
use crate::lock_file::Locks;
use crate::settings::Settings;
use crate::store::{Store, executable};

/// Returns the folder of the installed providers in the folder of all that is installed for a configuration.
pub fn providers_folder(data_folder: &Path) -> PathBuf {
    data_folder.join("providers")
}

/// A provider's program, which is what was chosen for the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file to run.
    pub path: PathBuf,
    /// Whether it comes from `dev_overrides`: it may be a different program each time, and nobody vouches for it.
    pub is_override: bool,
}

/// Returns the program of a provider, from the folder of all that is installed for a configuration, its package checked
/// against the lock file.
///
/// The error says to run `gantry init` where that helps.
pub fn program(
    data_folder: &Path,
    provider: &Provider,
    locks: &Locks,
    settings: &Settings,
) -> Result<Program, Diagnostic> {
    if let Some(path) = settings.dev_overrides.get(provider) {
        // Terraform takes a path to the program itself as well as one to its folder.
        let path = if path.is_file() { path.clone() } else { executable(path, provider)? };
        return Ok(Program { path, is_override: true });
    }
    let not_installed = |why: String| {
        let detail = format!("{why}. Run \"gantry init\" to install it.");
        Failure::new("Provider not installed", detail)
    };
    let Some(lock) = locks.get(provider) else {
        let why = format!(
            "The configuration needs the provider {}, for which no version has been chosen yet",
            provider.short()
        );
        return Err(not_installed(why).into());
    };
    let store = Store::new(&providers_folder(data_folder));
    let folder = store.find(provider, &lock.version, &Platform::current()).ok_or_else(|| {
        not_installed(format!(
            "The configuration needs the provider {} v{}, which is not there",
            provider.short(),
            lock.version
        ))
    })?;
    let found = verified::content(&folder, &store.root().join(".verified")).map_err(|error| {
        let detail = format!("The package of the provider {provider} in {} cannot be read: {error}.", folder.display());
        Failure::new("Unreadable provider package", detail)
    })?;
    if !lock.hashes().is_empty() && !lock.hashes().contains(&found) {
        let detail = format!(
            "The package of {provider} v{} in {} has the checksum {found}, which is not in the lock file: it was changed \
             after it was installed, or the lock file knows only packages for other platforms. Run \"gantry init\" to \
             install what the lock file says.",
            lock.version,
            folder.display()
        );
        return Err(Failure::new("Provider package changed", detail).into());
    }
    Ok(Program { path: executable(&folder, provider)?, is_override: false })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::hash;
    use crate::lock_file::Lock;
    use crate::version::{Requirement, Version};

    /// Installs a package, lets something happen to it, and asks for its program.
    #[track_caller]
    fn check(happen: impl FnOnce(&Path, &mut Locks, &mut Settings), expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let provider = Provider::parse("acme/rocket").unwrap();
        let version = Version::parse("1.0.0").unwrap();
        let package = Store::new(&providers_folder(folder.path())).folder(&provider, &version, &Platform::current());
        fs::create_dir_all(&package).unwrap();
        for name in ["README.md", "terraform-provider-rocket_v1.0.0_x5", "terraform-provider-rocketry_v1"] {
            fs::write(package.join(name), name).unwrap();
        }
        let mut locks = Locks::default();
        let hashes = [hash::of_folder(&package).unwrap()];
        locks.set(provider.clone(), Lock::new(version, Requirement::default(), hashes));
        let mut settings = Settings::default();
        happen(&package, &mut locks, &mut settings);
        let found = program(folder.path(), &provider, &locks, &settings);
        match (found, expected) {
            (Ok(found), Ok(name)) => assert_eq!(found.path.file_name().unwrap(), name),
            (Err(problem), Err(part)) => {
                assert!(problem.detail.contains(part), "{}", problem.detail);
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn finds_the_program_that_the_lock_file_means() {
        check(|_, _, _| {}, Ok("terraform-provider-rocket_v1.0.0_x5"));
        check(|_, locks, _| *locks = Locks::default(), Err("no version has been chosen yet. Run \"gantry init\""));
        check(|package, _, _| fs::remove_dir_all(package).unwrap(), Err("which is not there. Run \"gantry init\""));
        check(|package, _, _| fs::write(package.join("README.md"), "changed").unwrap(), Err("Run \"gantry init\""));
        let dev = tempfile::tempdir().unwrap();
        fs::write(dev.path().join("terraform-provider-rocket"), "").unwrap();
        let provider = Provider::parse("acme/rocket").unwrap();
        let path = dev.path().to_path_buf();
        check(
            |package, locks, settings| {
                fs::remove_dir_all(package).unwrap();
                *locks = Locks::default();
                settings.dev_overrides.insert(provider, path);
            },
            Ok("terraform-provider-rocket"),
        );
    }
}
