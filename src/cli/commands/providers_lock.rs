//! `providers lock`: checksums of packages for other systems into the lock file.

use std::path::{Path, PathBuf};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources};
use install::Platform;
use install::lock_file::Locks;
use install::providers::{self, Trust};
use install::settings::Location;

use super::Run;
use crate::installing::{self, Means, Ticker};
use crate::{Exit, Session, stored};

/// Write the checksums of providers' packages for other systems into the lock file.
///
/// The packages are fetched from the providers' own registries, whatever mirrors are set up, and are not kept.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Fetch packages from this folder instead, as from a mirror.
    #[arg(long, value_name = "DIR")]
    fs_mirror: Option<PathBuf>,

    /// Fetch packages from the mirror at this address instead.
    #[arg(long, value_name = "URL")]
    net_mirror: Option<String>,

    /// A system and processor, such as freebsd_arm. May be given several times; this machine's if it is not.
    #[arg(long, value_name = "PLATFORM")]
    platform: Vec<String>,

    /// Accepted for scripts: packages are always fetched.
    #[arg(long)]
    enable_plugin_cache: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    /// Addresses of providers; all that the configuration needs if there are none.
    #[arg(value_name = "PROVIDER")]
    providers: Vec<String>,
}

impl Run for Args {
    const NAME: &'static str = "providers lock";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        match self.lock(session) {
            Ok(exit) | Err(exit) => exit,
        }
    }
}

impl Args {
    fn lock(&self, session: &mut Session) -> Result<Exit, Exit> {
        let platforms = installing::platforms(session, &self.platform)?;
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let means = Means::of(session, &mut sources, &mut diags);
        let before = Locks::read(Path::new("."), &mut sources, &mut diags);
        session.ui.diagnostics(&sources, &diags);
        if diags.has_errors() {
            return Err(Exit::FAILURE);
        }
        let needs = installing::foreign_needs(session, &self.providers)?;
        let places = means.place(self.location(session)?);
        if needs.is_empty() {
            session.ui.out.print("The configuration needs no provider that would be installed.\n");
        }
        let (mut locks, mut problems, mut text) = (before.clone(), Diagnostics::new(), String::new());
        let ticker = Ticker::new(&mut session.ui);
        let watch = |provider: &Provider, event: providers::Event<'_>| ticker.provider(provider, event);
        for (provider, requirement) in &needs {
            let found = providers::checksums(&places, &before, provider, requirement, &platforms, &watch);
            watch(provider, providers::Event::Done);
            match found {
                Ok(found) => {
                    text.push_str(&line(provider, &found));
                    locks.set(provider.clone(), found.lock);
                }
                Err(failure) => problems.push(failure.into()),
            }
        }
        drop(ticker);
        session.ui.out.print(&text);
        session.ui.diagnostics(&Sources::default(), &problems);
        if problems.has_errors() {
            return Err(Exit::FAILURE);
        }
        match locks.write(Path::new(".")) {
            Ok(written) => {
                let said = match written {
                    install::lock_file::Written::Unchanged => "The lock file had all of it.\n",
                    _ => "The lock file has changed. Keep it with the configuration.\n",
                };
                session.ui.out.print(&format!("\n{said}"));
                Ok(Exit::SUCCESS)
            }
            Err(failure) => stored::fail(session, failure.into()),
        }
    }

    fn location(&self, session: &mut Session) -> Result<Location, Exit> {
        match (&self.fs_mirror, &self.net_mirror) {
            (None, None) => Ok(Location::Direct),
            (Some(folder), None) => Ok(Location::Folder(folder.clone())),
            (None, Some(url)) if url.starts_with("https://") => {
                Ok(Location::Network(format!("{}/", url.trim_end_matches('/'))))
            }
            (None, Some(_)) => {
                let detail = "A mirror of providers is asked over HTTPS only: the address begins with https://.";
                stored::fail(session, Diagnostic::error("Invalid network mirror URL", detail))
            }
            (Some(_), Some(_)) => {
                let detail = "Packages come from one place: take -fs-mirror or -net-mirror.";
                stored::fail(session, Diagnostic::error("Invalid options", detail))
            }
        }
    }
}

/// Returns a line on what was found out about a provider.
fn line(provider: &Provider, found: &providers::Checked) -> String {
    let platforms: Vec<String> = found
        .trust
        .iter()
        .map(|(platform, trust): &(Platform, Trust)| match trust {
            Trust::Signed(key) => format!("{platform} (signed by key {key})"),
            _ => platform.to_string(),
        })
        .collect();
    let new = match found.new {
        0 => "no new checksum".to_owned(),
        1 => "1 new checksum".to_owned(),
        count => format!("{count} new checksums"),
    };
    format!("- {} v{}: {} for {}\n", provider.short(), found.lock.version, new, platforms.join(", "))
}
