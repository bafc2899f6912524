//! `reference provider`: a page for everything that a provider has.

use std::fs;
use std::path::{Path, PathBuf};

use super::Run;
use crate::reference::markdown;
use crate::reference::subject::Known;
use crate::{Exit, Session};

/// Write pages of Markdown for all that a provider has, made from its schemas.
///
/// Providers of others are known where the configuration of this folder needs them and they are installed.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// The folder for the pages; what else is in it stays.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The provider's name, or its source address.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Run for Args {
    const NAME: &'static str = "reference provider";

    fn run(self, session: &mut Session) -> Exit {
        let known = Known::here(session);
        let is_it = |source: &str, name: &str| self.name == source || self.name == name;
        let found = known.providers().find(|(provider, _)| is_it(&provider.to_string(), &provider.name));
        let Some((provider, schemas)) = found else {
            let names: Vec<&str> = known.providers().map(|(provider, _)| provider.name.as_str()).collect();
            let detail = format!("There is no provider {:?} here. There are: {}.", self.name, names.join(", "));
            session.problem("Unknown provider", detail);
            return Exit::FAILURE;
        };
        let pages = markdown::of_provider(&provider.to_string(), &provider.name, schemas);
        match write(&self.dir, &pages) {
            Ok(()) => Exit::SUCCESS,
            Err(error) => {
                session.problem("Pages not written", format!("{}: {error}.", self.dir.display()));
                Exit::FAILURE
            }
        }
    }
}

fn write(folder: &Path, pages: &[(String, String)]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in pages {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
