//! `sandbox reset`: an empty world.

use serde_json::Value as Json;

use super::Run;
use crate::sandboxes::{Asked, FolderArgs};
use crate::{Exit, Session};

/// Empty the sandbox: everything in it is gone, with its faults. Its time and its addresses stay.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,
}

impl Run for Args {
    const NAME: &'static str = "sandbox reset";

    fn run(self, session: &mut Session) -> Exit {
        self.reset(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn reset(&self, session: &mut Session) -> Result<Exit, Exit> {
        let folder = self.folder.folder(session);
        if folder.path().join("lock").exists() {
            Asked::find(session, &folder)?.perform(session, ("POST", "reset"), &Json::Null)?;
        }
        session.ui.out.print("The sandbox is empty.\n");
        Ok(Exit::SUCCESS)
    }
}
