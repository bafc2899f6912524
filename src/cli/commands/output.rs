//! `output`: the values of the root module's outputs.

use diag::{Diagnostic, Sources};
use serde_json::{Map, json};
use state::Output;
use value::{Type, type_to_json, value_to_json};

use super::Run;
use crate::legacy::LookingArgs;
use crate::render::json;
use crate::{Exit, Session};

/// Show the values of outputs.
///
/// Reads the outputs of the root module from the state: all of them, or the one that is named. A sensitive value is
/// shown only if its output is named, or with -json or -raw.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print as JSON.
    #[arg(long, conflicts_with = "raw")]
    json: bool,

    /// Print the text of one output as it is, without quotes and without a line break.
    #[arg(long)]
    raw: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    #[command(flatten)]
    looking: LookingArgs,

    /// The name of an output.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Run for Args {
    const NAME: &'static str = "output";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let state = match self.looking.load(session) {
            Ok(state) => state,
            Err(exit) => return exit,
        };
        let result = match &self.name {
            None if self.raw => Err(Diagnostic::error("Missing argument", "With -raw one output has to be named.")),
            None => Ok(self.all(session, &state)),
            Some(name) => match state.outputs.get(&name.as_str().into()) {
                Some(output) => self.one(output),
                None => {
                    let detail = format!(
                        "The state has no output {name:?}. One that was added to the configuration gets its value from \
                         the next apply."
                    );
                    Err(Diagnostic::error("Output not found", detail))
                }
            },
        };
        match result {
            Ok(text) => {
                session.ui.out.print(&text);
                Exit::SUCCESS
            }
            Err(diagnostic) => {
                session.ui.diagnostics(&Sources::default(), &diagnostic.into());
                Exit::FAILURE
            }
        }
    }
}

impl Args {
    fn all(&self, session: &mut Session, state: &state::State) -> String {
        if self.json {
            let mut all = Map::new();
            for (name, output) in state.outputs.iter() {
                all.insert(name.to_string(), described(output));
            }
            return json::pretty(&all.into());
        }
        if state.outputs.is_empty() {
            let detail = "The state has no outputs: the configuration has none, or nothing was applied yet.";
            session.ui.diagnostics(&Sources::default(), &Diagnostic::warning("No outputs found", detail).into());
        }
        lines(state)
    }

    fn one(&self, output: &Output) -> Result<String, Diagnostic> {
        if self.raw {
            return match value::convert(&output.value, &Type::String).ok().as_ref().and_then(value::Value::as_str) {
                Some(text) => Ok(text.to_owned()),
                None => {
                    let detail = "With -raw only texts, numbers and bools can be printed. Use -json for other values.";
                    Err(Diagnostic::error("Unsupported value for raw output", detail))
                }
            };
        }
        if self.json {
            let value = value_to_json(&output.value, &output.value.ty()).unwrap_or_default();
            return Ok(json::compact(&value));
        }
        Ok(format!("{}\n", lang::print::print_value(&output.value)))
    }
}

/// Returns a line for each output; sensitive ones are hidden.
pub(super) fn lines(state: &state::State) -> String {
    let mut text = String::new();
    for (name, output) in state.outputs.iter() {
        let value = match output.is_sensitive {
            true => "<sensitive>".to_owned(),
            false => lang::print::print_value(&output.value),
        };
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

fn described(output: &Output) -> serde_json::Value {
    let value = value_to_json(&output.value, &output.value.ty()).unwrap_or_default();
    json!({ "sensitive": output.is_sensitive, "type": type_to_json(&output.ty), "value": value })
}
