//! One package of one provider on its way into the folder, checked on the way.

use std::path::{Path, PathBuf};
use std::{fs, io};

use addr::Provider;

use super::{Event, Job, Trust, Watch, Way};
use crate::failure::Failure;
use crate::folders::{self, FolderLock};
use crate::hash::{self, Hash};
use crate::http::without_secrets;
use crate::lock_file::Lock;
use crate::source::{Form, Package};
use crate::store::{self, Store};
use crate::version::Version;
use crate::{Platform, archive};

/// What is to be put into place.
pub(super) struct Placing<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) provider: &'a Provider,
    pub(super) version: &'a Version,
    pub(super) platform: Platform,
    /// What the lock file says of this version.
    pub(super) lock: Option<&'a Lock>,
    pub(super) watch: &'a Watch<'a>,
}

impl Placing<'_> {
    /// Puts the package into place and returns the checksums that the lock file may have for it.
    pub(super) fn run(&self) -> Result<(Vec<Hash>, Way), Failure> {
        let store = Store::new(self.job.folder);
        let target = store.folder(self.provider, self.version, &self.platform);
        if self.is_locked_content(store.find(self.provider, self.version, &self.platform).as_deref()) {
            return Ok((self.locked().to_vec(), Way::Present));
        }
        let cache = self.job.cache.map(Store::new);
        let root = cache.as_ref().unwrap_or(&store);
        let _exclusive = self.exclusive(root)?;
        let cached = cache.as_ref().and_then(|cache| cache.find(self.provider, self.version, &self.platform));
        if let Some(folder) = cached.filter(|folder| self.is_locked_content(Some(folder))) {
            folders::link_or_copy(&folder, &target).map_err(|error| self.not_placed(&target, &error))?;
            return Ok((self.locked().to_vec(), Way::Cache));
        }
        let (package, place) = self.job.places.package(self.provider, self.version, &self.platform)?;
        (self.watch)(self.provider, Event::Installing(self.version));
        let content = match &package.form {
            Form::Folder(folder) => {
                let content = self.content_of(folder)?;
                self.check(&package, None, &content)?;
                folders::link_or_copy(folder, &target).map_err(|error| self.not_placed(&target, &error))?;
                content
            }
            Form::Archive(archive) => self.unpack(archive, &package, cache.as_ref(), &target)?,
            Form::Remote(_) if self.was_unpacked_from(&package, root) => {
                let from = root.folder(self.provider, self.version, &self.platform);
                let content = self.content_of(&from)?;
                self.check(&package, package.hashes.first(), &content)?;
                if from != target {
                    folders::link_or_copy(&from, &target).map_err(|error| self.not_placed(&target, &error))?;
                }
                content
            }
            Form::Remote(url) => {
                let archive = self.download(url, &package, root)?;
                let unpacked = self.unpack(&archive, &package, cache.as_ref(), &target);
                _ = fs::remove_file(archive);
                unpacked?
            }
        };
        let mut hashes = vec![content];
        hashes.extend_from_slice(self.locked());
        if matches!(package.trust, Trust::Signed(_)) {
            hashes.extend(package.hashes.into_iter().chain(package.others));
        }
        Ok((hashes, Way::From(place, package.trust)))
    }

    /// Fetches an archive into a file that stays there if it could not be fetched whole: the next run goes on with it.
    fn download(&self, url: &str, package: &Package, root: &Store) -> Result<PathBuf, Failure> {
        let problem = |what: String| {
            let detail = format!("The package of {} v{} {what}.", self.provider.short(), self.version);
            Failure::new("Cannot download provider", detail)
        };
        if !url.starts_with("https://") {
            return Err(problem(format!("is at {}, which is not https", without_secrets(url))));
        }
        let folder = root.root().join(".downloads");
        fs::create_dir_all(&folder)
            .map_err(|error| problem(format!("cannot be put into {}: {error}", folder.display())))?;
        let name = format!("{}_{}_{}", self.provider.name, self.version, self.platform);
        let part = folder.join(format!("terraform-provider-{name}-{}.zip.part", &hash::sha256_of(url.as_bytes())[..8]));
        let begun = part.exists();
        let progress = |done, total| (self.watch)(self.provider, Event::Progress(done, total));
        let fetch = || {
            self.job
                .places
                .client()
                .download(url, &part, &progress)
                .map_err(|f| problem(format!("did not come: {}", f.detail)))
        };
        fetch()?;
        let is_right = || {
            let hash = hash::of_archive(&part).map_err(|error| archive::broken(&part, &error))?;
            let archives = package.hashes.iter().any(Hash::is_of_archive);
            Ok(!archives || package.hashes.contains(&hash))
        };
        if begun && !is_right()? {
            // What had been there was the start of something else.
            _ = fs::remove_file(&part);
            fetch()?;
        }
        Ok(part)
    }

    /// Unpacks an archive into the cache or the folder, by way of a folder beside it.
    fn unpack(&self, archive: &Path, package: &Package, cache: Option<&Store>, target: &Path) -> Result<Hash, Failure> {
        let archive_hash = hash::of_archive(archive).map_err(|error| archive::broken(archive, &error))?;
        let into = match cache {
            Some(cache) => cache.folder(self.provider, self.version, &self.platform),
            None => target.to_path_buf(),
        };
        let grown = folders::growing_beside(&into).map_err(|error| self.not_placed(&into, &error))?;
        // A stranger's archive is not even opened.
        if package.hashes.iter().any(Hash::is_of_archive) && !package.hashes.contains(&archive_hash) {
            return Err(self.wrong(&archive_hash.to_string()));
        }
        archive::unzip(archive, grown.path())?;
        let content = self.content_of(grown.path())?;
        self.check(package, Some(&archive_hash), &content)?;
        store::executable(grown.path(), self.provider)?;
        folders::put_into_place(grown, &into).map_err(|error| self.not_placed(&into, &error))?;
        self.note_origin(cache.unwrap_or(&Store::new(self.job.folder)), &archive_hash, &content);
        if cache.is_some() {
            folders::link_or_copy(&into, target).map_err(|error| self.not_placed(target, &error))?;
        }
        Ok(content)
    }

    /// Remembers which archive a folder was unpacked from. If that cannot be written, it will be fetched again.
    fn note_origin(&self, root: &Store, archive: &Hash, content: &Hash) {
        let note = self.origin(root);
        let folder = note.parent().map_or(Ok(()), fs::create_dir_all);
        _ = folder.and_then(|()| folders::replace_file(&note, format!("{archive}\n{content}\n").as_bytes()));
    }

    /// Tells whether the package is in the folder already: unpacked from an archive that has a checksum which the source
    /// gives, and unchanged since. A configuration without a lock file needs no archive then, only the source's word.
    fn was_unpacked_from(&self, package: &Package, root: &Store) -> bool {
        let Ok(note) = fs::read_to_string(self.origin(root)) else { return false };
        let mut lines = note.lines().map(Hash::parse);
        let (Some(Some(archive)), Some(Some(content))) = (lines.next(), lines.next()) else { return false };
        let folder = root.find(self.provider, self.version, &self.platform);
        package.hashes.contains(&archive)
            && folder.is_some_and(|folder| hash::of_folder(&folder).is_ok_and(|found| found == content))
    }

    fn origin(&self, root: &Store) -> PathBuf {
        root.root().join(".origins").join(self.file_name())
    }

    fn file_name(&self) -> String {
        format!("{}-{}-{}", self.provider, self.version, self.platform).replace(['/', ':'], "-")
    }

    /// Compares a package with what the place and the lock file say.
    fn check(&self, package: &Package, archive: Option<&Hash>, content: &Hash) -> Result<(), Failure> {
        let is_one_of = |hashes: &[Hash]| archive.is_some_and(|hash| hashes.contains(hash)) || hashes.contains(content);
        let known = |hashes: &[Hash]| hashes.iter().any(|hash| hash.is_of_content() || hash.is_of_archive());
        let found = archive.map_or_else(|| content.to_string(), |archive| format!("{archive} and {content}"));
        if known(&package.hashes) && !is_one_of(&package.hashes) {
            return Err(self.wrong(&found));
        }
        if known(self.locked()) && !is_one_of(self.locked()) {
            let detail = format!(
                "The package of {} v{} for {} has none of the checksums in the lock file, but {found}. Either it is not \
                 what it was, or the lock file was made from packages for other platforms. If you trust it, run \"gantry \
                 providers lock -platform={}\" to add its checksum.",
                self.provider.short(),
                self.version,
                self.platform,
                self.platform
            );
            return Err(Failure::new("Package does not match the lock file", detail));
        }
        Ok(())
    }

    fn wrong(&self, found: &str) -> Failure {
        let detail = format!(
            "The package of {} v{} is not the one that its source describes: it has the checksum {found}. It was damaged or \
             exchanged on its way; nothing of it was kept.",
            self.provider.short(),
            self.version
        );
        Failure::new("Wrong checksum", detail)
    }

    fn locked(&self) -> &[Hash] {
        self.lock.map(Lock::hashes).unwrap_or_default()
    }

    /// Tells whether a folder is there and holds what the lock file says.
    fn is_locked_content(&self, folder: Option<&Path>) -> bool {
        let Some(folder) = folder.filter(|_| self.locked().iter().any(Hash::is_of_content)) else { return false };
        hash::of_folder(folder).is_ok_and(|hash| self.locked().contains(&hash))
            && store::executable(folder, self.provider).is_ok()
    }

    /// Waits until no other process puts this package into the cache.
    fn exclusive(&self, cache: &Store) -> Result<FolderLock, Failure> {
        let name = format!("{}-{}-{}", self.provider.short(), self.version, self.platform).replace(['/', ':'], "-");
        FolderLock::take(cache.root(), &name).map_err(|error| {
            let detail = format!("The plugin cache {} cannot be locked: {error}.", cache.root().display());
            Failure::new("Cannot lock plugin cache", detail)
        })
    }

    fn content_of(&self, folder: &Path) -> Result<Hash, Failure> {
        hash::of_folder(folder).map_err(|error| {
            let detail = format!("The package of {} in {} cannot be read: {error}.", self.provider, folder.display());
            Failure::new("Unreadable provider package", detail)
        })
    }

    fn not_placed(&self, target: &Path, error: &io::Error) -> Failure {
        let target = PathBuf::from(target);
        let detail = format!("The package of {} cannot be put into {}: {error}.", self.provider, target.display());
        Failure::new("Cannot install provider", detail)
    }
}
