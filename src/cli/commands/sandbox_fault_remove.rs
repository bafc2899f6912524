//! `sandbox fault remove`: something goes well again.

use serde_json::{Value as Json, json};

use super::Run;
use super::sandbox_fault_list::describe;
use crate::sandboxes::{Asked, FolderArgs};
use crate::{Exit, Session};

/// Let things go well again in the sandbox: one fault is taken away, or all.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// Take all faults away.
    #[arg(long)]
    all: bool,

    /// The number of the fault, as gantry sandbox fault list has it.
    #[arg(value_name = "NUMBER")]
    number: Option<u64>,
}

impl Run for Args {
    const NAME: &'static str = "sandbox fault remove";

    fn run(self, session: &mut Session) -> Exit {
        self.remove(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn remove(&self, session: &mut Session) -> Result<Exit, Exit> {
        let which = match (self.number, self.all) {
            (Some(number), false) => json!({"number": number}),
            (None, true) => Json::Null,
            _ => {
                session.problem("Which fault?", "Give the number of a fault, or -all.");
                return Err(Exit::FAILURE);
            }
        };
        let folder = self.folder.folder(session);
        let faults = Asked::find(session, &folder)?.perform(session, ("DELETE", "faults"), &which)?;
        session.ui.out.print(&describe(&faults));
        Ok(Exit::SUCCESS)
    }
}
