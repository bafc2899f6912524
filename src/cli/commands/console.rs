//! `console`: shows the values of expressions.

mod interactive;
mod session;

use std::io::Read;
use std::path::Path;

use diag::{Diagnostic, Diagnostics, Sources};
use serde_json::json;

use super::Run;
use crate::configuration::{Asking, Configuration};
use crate::legacy::LookingArgs;
use crate::providers::LinkedProviders;
use crate::render::json;
use crate::variables::{Assignments, Missing, VariableOptions};
use crate::{Exit, Session, stored};
use session::{Console, Entry, Reply, could_continue};

const HELP: &str = "\
Type an expression of the configuration language and press Enter to see its value. References mean what they mean in
the root module: var.NAME, local.NAME, module.NAME, TYPE.NAME. type(EXPRESSION) shows a type. An expression may go on
over several lines while a bracket or a heredoc is open.

To leave, type exit, or press Control-C or Control-D.";

/// Show the values of expressions.
///
/// On a terminal it asks for expressions and shows their values, until you type "exit". References mean what they mean
/// in the root module of the current directory; a directory without configuration will do. What a resource has in the state
/// is its value; without that it is shown as (known after apply).
///
/// From a pipe each line is one expression, and only the value of the last one is printed; the first error ends the
/// run with exit code 1. With -each-line the value of every expression is printed, an expression may go on over several
/// lines while a bracket or a heredoc is open, and the run goes on after an error; the exit code is 1 if there was one.
/// With -json each expression gives a line with a JSON object: its "expression", its "value" as the console would print
/// it, and "diagnostics".
#[derive(clap::Parser)]
pub(super) struct Args {
    /// From a pipe: print the value of every expression, not only of the last one.
    #[arg(long)]
    each_line: bool,

    /// From a pipe: as -each-line, with a JSON object for each expression.
    #[arg(long)]
    json: bool,

    /// Insist on values for all variables: ask for those that are missing, on a terminal; otherwise they are an error.
    /// Without this flag they are unknown.
    #[arg(long)]
    input: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    #[command(flatten)]
    looking: LookingArgs,

    /// Refused: expressions see the state, and no plan.
    #[arg(long)]
    plan: bool,

    #[command(flatten)]
    variables: VariableOptions,
}

impl Run for Args {
    const NAME: &'static str = "console";
    const CALLS_PROVIDERS: bool = true;

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let mut diags = Diagnostics::new();
        if self.plan {
            session.problem("Console without a plan", "Expressions see the state, and no plan: leave -plan out.");
            return Exit::FAILURE;
        }
        let state = match self.looking.load_if_there(session) {
            Ok(state) => state,
            Err(exit) => return exit,
        };
        let mut sources = Sources::default();
        let here = Path::new(".");
        let assignments = Assignments::collect(here, &self.variables, &session.environment, &mut sources, &mut diags);
        let can_ask = self.input && session.ui.is_interactive && !session.environment.is_input_off();
        let asking = if can_ask { Asking::Allowed } else { Asking::Off };
        let (configuration, mistakes) =
            Configuration::read_despite_mistakes(here, assignments, sources, session, asking, &mut diags);
        if diags.has_errors() {
            diags.append(mistakes);
            session.ui.diagnostics(&configuration.sources, &diags);
            return Exit::FAILURE;
        }
        diags.append(mistakes);
        let missing = if self.input { Missing::IsError } else { Missing::IsUnknown };
        let values = configuration.assigned.complete(&configuration.root.module, missing, &mut diags);
        let providers = LinkedProviders::of_configuration(session, &configuration.root);
        diags.append(lang::validate::validate(&configuration.root, &providers, &configuration.environment));
        let started_in = session.started_in.clone();
        let workspace = stored::workspace(session);
        let stored = stored::values(&state, &configuration.root, &providers);
        let world = lang::evaluation::World {
            root: &configuration.root,
            env: &configuration.environment,
            workspace: &workspace,
            cwd: &started_in,
            providers: &providers,
            resources: &stored,
            applying: false,
        };
        let mut console = Console::new(world, values, configuration.sources);
        console.check_variables(&mut diags);
        session.ui.diagnostics(console.sources(), &diags);
        if diags.has_errors() {
            // By itself, so that it stands behind the errors.
            let detail = "The values of expressions may therefore not be what they would be otherwise.";
            let warning = Diagnostic::warning("The configuration has errors", detail);
            session.ui.diagnostics(console.sources(), &warning.into());
        }
        if session.ui.is_interactive {
            return interactive::run(&mut console, session);
        }
        self.piped(&mut console, session)
    }
}

impl Args {
    fn piped(&self, console: &mut Console<'_>, session: &mut Session) -> Exit {
        let mut bytes = Vec::new();
        if let Err(error) = session.ui.input.read_to_end(&mut bytes) {
            session.problem("Failed to read standard input", format!("{error}."));
            return Exit::FAILURE;
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
                let detail = format!("Line {line} of the input has bytes that are not UTF-8.");
                session.problem("Invalid character encoding", detail);
                return Exit::FAILURE;
            }
        };
        if self.json || self.each_line { self.each(&text, console, session) } else { last(&text, console, session) }
    }

    /// Evaluates every expression and shows what comes of each.
    fn each(&self, text: &str, console: &mut Console<'_>, session: &mut Session) -> Exit {
        let mut exit = Exit::SUCCESS;
        for entry in entries(text) {
            let Reply { value, diags } = match console.entry(entry) {
                Entry::Exit => break,
                Entry::Help => Reply::of(HELP),
                Entry::Reply(reply) => reply,
            };
            if value.is_none() {
                exit = Exit::FAILURE;
            }
            if self.json {
                let diagnostics = json::all(console.sources(), &diags);
                let mut object = json!({ "expression": entry, "value": value, "diagnostics": diagnostics });
                if object["value"].is_null() {
                    object.as_object_mut().map(|object| object.shift_remove("value"));
                }
                session.ui.out.print(&format!("{object}\n"));
                continue;
            }
            session.ui.diagnostics(console.sources(), &diags);
            if let Some(value) = value {
                session.ui.out.print(&format!("{value}\n"));
            }
        }
        exit
    }
}

/// Evaluates line by line and shows the last value, as Terraform does.
fn last(text: &str, console: &mut Console<'_>, session: &mut Session) -> Exit {
    let mut last = String::new();
    for line in text.lines() {
        let reply = match console.entry(line.trim()) {
            Entry::Exit => return Exit::SUCCESS,
            Entry::Help => Reply::of(HELP),
            Entry::Reply(reply) => reply,
        };
        session.ui.diagnostics(console.sources(), &reply.diags);
        match reply.value {
            Some(value) => last = value,
            None => return Exit::FAILURE,
        }
    }
    session.ui.out.print(&format!("{last}\n"));
    Exit::SUCCESS
}

/// Cuts text into expressions: one per line, or of several lines where brackets or heredocs are open. Empty lines
/// between them mean nothing.
fn entries(text: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        let entry = &text[start..end];
        if could_continue(entry) && end < text.len() {
            continue;
        }
        if !entry.trim().is_empty() {
            entries.push(entry.trim_end_matches(['\n', '\r']));
        }
        start = end;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn an_expression_goes_on_while_something_is_open() {
        let check = |text: &str, expected: &[&str]| assert_eq!(entries(text), expected, "{text:?}");
        check("1\n\n2", &["1", "2"]);
        check("[1,\n2]\n3\n", &["[1,\n2]", "3"]);
        check("f(<<EOT\na\n\nEOT\n)\n3\n", &["f(<<EOT\na\n\nEOT\n)", "3"]);
        check("[1,\n2", &["[1,\n2"]);
        check("\"a\n\"b\"\n", &["\"a", "\"b\""]);
        check("]\n1\n", &["]", "1"]);
    }
}
