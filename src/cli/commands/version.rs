//! `version`: which Gantry this is.

use std::fmt::Write;
use std::path::Path;

use diag::{Diagnostics, Sources};
use install::lock_file::Locks;
use lang::version::LANGUAGE_VERSION;
use serde_json::{Map, json};

use super::Run;
use crate::render::json;
use crate::{Exit, Session};

/// Show the version of Gantry and of the installed providers.
///
/// The Terraform version is the one whose language Gantry reads; tools that ask for `terraform_version` get it.
#[derive(Default, clap::Parser)]
pub(super) struct Args {
    /// Print the versions as a JSON object.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "version";

    fn run(self, session: &mut Session) -> Exit {
        let (version, platform) = (env!("CARGO_PKG_VERSION"), install::Platform::current().to_string());
        let selections = selections();
        if self.json {
            let selections: Map<_, _> = selections.into_iter().map(|(k, v)| (k, v.into())).collect();
            let report = json!({
                "terraform_version": LANGUAGE_VERSION,
                "platform": platform,
                "provider_selections": selections,
                "terraform_outdated": false,
                "gantry_version": version,
            });
            session.ui.out.print(&json::pretty(&report));
        } else {
            let mut text = format!("Gantry v{version}\non {platform}\nlanguage of Terraform v{LANGUAGE_VERSION}\n");
            for (provider, version) in selections {
                _ = writeln!(text, "+ provider {provider} v{version}");
            }
            session.ui.out.print(&text);
        }
        Exit::SUCCESS
    }
}

/// Returns the providers in the lock file with their versions, sorted; a file that cannot be read selects nothing.
///
/// This command must work in any folder, so a damaged lock file is for other commands to report.
fn selections() -> Vec<(String, String)> {
    let locks = Locks::read(Path::new("."), &mut Sources::default(), &mut Diagnostics::new());
    locks.iter().map(|(provider, lock)| (provider.to_string(), lock.version.to_string())).collect()
}
