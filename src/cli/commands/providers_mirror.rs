//! `providers mirror`: copies of packages, for machines without a way to the registries.

use std::path::{Path, PathBuf};

use addr::Provider;
use diag::{Diagnostics, Sources};
use install::lock_file::Locks;
use install::providers;
use install::settings::Location;

use super::Run;
use crate::installing::{self, Means, Ticker};
use crate::{Exit, Session};

/// Copy the providers' packages that the configuration needs into a folder.
///
/// The folder can be used as a filesystem mirror, or be published as a network mirror. Packages come from the providers'
/// own registries, whatever mirrors are set up.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// A system and processor, such as freebsd_arm. May be given several times; this machine's if it is not.
    #[arg(long, value_name = "PLATFORM")]
    platform: Vec<String>,

    /// Take the versions in the lock file; with -lock-file=false the newest that will do.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    lock_file: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    /// The folder to copy into.
    #[arg(value_name = "DIR")]
    target: PathBuf,
}

impl Run for Args {
    const NAME: &'static str = "providers mirror";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        match self.mirror(session) {
            Ok(exit) | Err(exit) => exit,
        }
    }
}

impl Args {
    fn mirror(&self, session: &mut Session) -> Result<Exit, Exit> {
        let platforms = installing::platforms(session, &self.platform)?;
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let means = Means::of(session, &mut sources, &mut diags);
        let locks = match self.lock_file {
            true => Locks::read(Path::new("."), &mut sources, &mut diags),
            false => Locks::default(),
        };
        session.ui.diagnostics(&sources, &diags);
        if diags.has_errors() {
            return Err(Exit::FAILURE);
        }
        let needs = installing::foreign_needs(session, &[])?;
        let places = means.place(Location::Direct);
        if needs.is_empty() {
            session.ui.out.print("The configuration needs no provider that would be installed.\n");
        }
        let (mut problems, mut text) = (Diagnostics::new(), String::new());
        let ticker = Ticker::new(&mut session.ui);
        let watch = |provider: &Provider, event: providers::Event<'_>| ticker.provider(provider, event);
        for need in &needs {
            let copied = providers::mirror(&places, &locks, need, &platforms, &self.target, &watch);
            watch(need.0, providers::Event::Done);
            match copied {
                Ok(copied) => {
                    for file in &copied.files {
                        text.push_str(&format!("- {} v{}: {}\n", need.0.short(), copied.version, file.display()));
                    }
                }
                Err(failure) => problems.push(failure.into()),
            }
        }
        drop(ticker);
        session.ui.out.print(&text);
        session.ui.diagnostics(&Sources::default(), &problems);
        if problems.has_errors() { Err(Exit::FAILURE) } else { Ok(Exit::SUCCESS) }
    }
}
