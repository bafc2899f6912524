//! The console on a terminal: line editing and history.
//!
//! History is kept while the console runs and never written to disk: expressions may hold secrets.

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};

use super::HELP;
use super::session::{Console, Entry, could_continue};
use crate::{Exit, Session};

const PROMPT: &str = "> ";
const PROMPT_OF_MORE: &str = ": ";

/// Asks for expressions and shows their values until the user has enough.
pub(super) fn run(console: &mut Console<'_>, session: &mut Session) -> Exit {
    let mut editor = match Editor::<(), MemHistory>::with_history(Config::default(), MemHistory::new()) {
        Ok(editor) => editor,
        Err(error) => {
            session.problem("The terminal cannot be used", format!("{error}."));
            return Exit::FAILURE;
        }
    };
    loop {
        let text = match entry(&mut editor) {
            Ok(text) => text,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Exit::SUCCESS,
            Err(error) => {
                session.problem("The terminal cannot be read", format!("{error}."));
                return Exit::FAILURE;
            }
        };
        if text.trim().is_empty() {
            continue;
        }
        // A history that is full or refuses a repetition is no reason to stop.
        _ = editor.add_history_entry(text.as_str());
        match console.entry(&text) {
            Entry::Exit => return Exit::SUCCESS,
            Entry::Help => session.ui.out.print(&format!("{HELP}\n")),
            Entry::Reply(reply) => {
                session.ui.diagnostics(console.sources(), &reply.diags);
                if let Some(value) = reply.value {
                    session.ui.out.print(&format!("{value}\n\n"));
                }
            }
        }
    }
}

/// Reads an expression of one or more lines; an empty line ends it in any case, so that nobody is caught.
fn entry(editor: &mut Editor<(), MemHistory>) -> Result<String, ReadlineError> {
    let mut text = editor.readline(PROMPT)?;
    while could_continue(&text) {
        let line = editor.readline(PROMPT_OF_MORE)?;
        if line.is_empty() {
            break;
        }
        text.push('\n');
        text.push_str(&line);
    }
    Ok(text)
}
