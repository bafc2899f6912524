//! `state pull`: the state in Terraform's format.

use lang::version::LANGUAGE_VERSION;

use super::Run;
use crate::{Exit, Session, stored};

/// Print the state as a Terraform state file.
///
/// The result has version 4 of Terraform's format; "state push" takes it back. Sensitive values are in it in clear text.
#[derive(clap::Parser)]
pub(super) struct Args {}

impl Run for Args {
    const NAME: &'static str = "state pull";

    fn run(self, session: &mut Session) -> Exit {
        match stored::load(session) {
            Ok(state) if state.lineage.is_empty() => Exit::SUCCESS,
            Ok(state) => {
                session.ui.out.print(&state::terraform::write(&state, LANGUAGE_VERSION));
                Exit::SUCCESS
            }
            Err(exit) => exit,
        }
    }
}
