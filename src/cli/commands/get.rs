//! `get`: fetches the modules that the configuration calls.

use std::path::PathBuf;

use diag::{Diagnostics, Sources};

use super::Run;
use crate::installing::{self, Fetching, Means};
use crate::{Exit, Session};

/// Fetch the modules that the configuration calls.
///
/// "gantry init" does this, too, and installs providers. Modules go to ".gantry/modules".
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Fetch modules again that are there, in the newest versions that will do.
    #[arg(long)]
    update: bool,

    /// The directory of tests, whose runs may name modules, too.
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,
}

impl Run for Args {
    const NAME: &'static str = "get";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let means = Means::of(session, &mut sources, &mut diags);
        session.ui.diagnostics(&sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        let fetching = if self.update { Fetching::Everything } else { Fetching::Missing };
        let mut diags = Diagnostics::new();
        let read = installing::read_modules(session, &means, fetching, &self.test_directory, &mut diags);
        session.ui.out.print(&read.text);
        session.ui.diagnostics(&read.configuration.sources, &diags);
        if diags.has_errors() { Exit::FAILURE } else { Exit::SUCCESS }
    }
}
