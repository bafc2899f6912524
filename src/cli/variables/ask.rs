//! Asks for the values of variables that have none.

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Editor, Helper};
use std::borrow::Cow;

use diag::{Diagnostic, Diagnostics};
use lang::module::{Module, Variable};

use super::{Assignments, Given, Origin};
use crate::ui::Stream;

impl Assignments {
    /// Asks for the values of required variables that have none so far. The answers are written as on the command line.
    pub(crate) fn ask(&mut self, module: &Module, out: &mut Stream, diags: &mut Diagnostics) {
        let missing = |variable: &&Variable| variable.is_required() && !self.0.contains_key(&variable.name);
        for variable in module.variables.iter().filter(missing).collect::<Vec<_>>() {
            out.print(&question(variable));
            match answer(variable) {
                Ok(text) => {
                    self.0.insert(variable.name.clone(), (Given::Text(text), Origin::Answer));
                    out.print("\n");
                }
                Err(error) => {
                    let detail = format!("There is no answer to the question for var.{}: {error}.", variable.name);
                    diags.push(Diagnostic::error("No value for required variable", detail).at(variable.header));
                    return;
                }
            }
        }
    }
}

fn question(variable: &Variable) -> String {
    let description = variable.description.as_deref().map(|text| format!("  {text}\n\n")).unwrap_or_default();
    format!("var.{}\n{description}", variable.name)
}

fn answer(variable: &Variable) -> rustyline::Result<String> {
    let mut editor = Editor::<Hidden, MemHistory>::with_history(Config::default(), MemHistory::new())?;
    editor.set_helper(variable.sensitive.then_some(Hidden));
    editor.readline("  Enter a value: ")
}

/// Shows a star for each character that is typed.
struct Hidden;

impl Highlighter for Hidden {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Owned("*".repeat(line.chars().count()))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

impl Completer for Hidden {
    type Candidate = String;
}

impl Hinter for Hidden {
    type Hint = String;
}

impl Validator for Hidden {}

impl Helper for Hidden {}
