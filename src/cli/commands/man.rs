//! `man`: the manual's pages.

use std::fs;
use std::path::{Path, PathBuf};

use super::{COMMANDS, Run};
use crate::reference::roff;
use crate::{Exit, Session};

/// Write the pages of the manual, for man.
///
/// Without -dir the page of the command is printed, or of the program itself: gantry man plan | man -l -
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Write a file for every command into this folder, as man wants it: /usr/local/share/man/man1, for instance.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// The words of the command.
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl Run for Args {
    const NAME: &'static str = "man";

    fn run(self, session: &mut Session) -> Exit {
        let name = self.command.join(" ");
        let page = match COMMANDS.iter().find(|command| command.name == name) {
            Some(command) => roff::of_command(command),
            None if name.is_empty() => roff::of_program(),
            None => {
                session.problem("Unknown command", format!("Gantry has no command named {name:?}."));
                return Exit::FAILURE;
            }
        };
        match &self.dir {
            None => session.ui.out.print(&page),
            Some(folder) => {
                if let Err(error) = write_all(folder) {
                    session.problem("Manual not written", format!("{}: {error}.", folder.display()));
                    return Exit::FAILURE;
                }
            }
        }
        Exit::SUCCESS
    }
}

fn write_all(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("gantry.1"), roff::of_program())?;
    for command in COMMANDS {
        fs::write(folder.join(format!("{}.1", roff::name(command))), roff::of_command(command))?;
    }
    Ok(())
}
