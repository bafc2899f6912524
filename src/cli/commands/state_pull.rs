//! `state pull`: the state in Terraform's format.

use super::Run;
use crate::{Exit, Session, stored};

/// The version of Terraform whose format this is.
pub(crate) const TERRAFORM_VERSION: &str = "1.11.4";

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
                session.ui.out.print(&state::terraform::write(&state, TERRAFORM_VERSION));
                Exit::SUCCESS
            }
            Err(exit) => exit,
        }
    }
}
