//! `reference commands`: the page of the command line.

use super::Run;
use crate::reference::markdown;
use crate::{Exit, Session};

/// Print all commands with their flags, and the environment variables, as one page of Markdown.
#[derive(clap::Parser)]
pub(super) struct Args {}

impl Run for Args {
    const NAME: &'static str = "reference commands";

    fn run(self, session: &mut Session) -> Exit {
        session.ui.out.print(&markdown::of_commands());
        Exit::SUCCESS
    }
}
