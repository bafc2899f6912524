//! `sandbox fault list`: what goes wrong.

use serde_json::Value as Json;

use super::Run;
use crate::sandboxes::{Asked, FolderArgs};
use crate::{Exit, Session};

/// Show what goes wrong in the sandbox, with the numbers that gantry sandbox fault remove takes.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "sandbox fault list";

    fn run(self, session: &mut Session) -> Exit {
        let folder = self.folder.folder(session);
        let faults = match folder.path().join("lock").exists() {
            true => {
                Asked::find(session, &folder).and_then(|asked| asked.perform(session, ("GET", "faults"), &Json::Null))
            }
            false => Ok(Json::Array(Vec::new())),
        };
        match faults {
            Ok(faults) => {
                let text = if self.json { format!("{faults:#}\n") } else { describe(&faults) };
                session.ui.out.print(&text);
                Exit::SUCCESS
            }
            Err(exit) => exit,
        }
    }
}

/// Writes the faults, a line each.
pub(super) fn describe(faults: &Json) -> String {
    let faults = faults.as_array().map(Vec::as_slice).unwrap_or_default();
    if faults.is_empty() {
        return "Nothing goes wrong.\n".to_owned();
    }
    let line = |(place, fault): (usize, &Json)| {
        let effect = match &fault["effect"] {
            Json::String(name) => name.replace('_', "-"),
            Json::Object(effect) => effect.iter().map(|(name, value)| worded(name, value)).collect(),
            _ => String::new(),
        };
        let operation = match (fault["service"].as_str(), fault["operation"].as_str()) {
            (None, None) => "every request".to_owned(),
            (Some(service), None) => format!("every request to {service}"),
            (None, Some(operation)) => operation.to_owned(),
            (Some(service), Some(operation)) => format!("{operation} of {service}"),
        };
        let times = match fault["times"].as_u64() {
            None => String::new(),
            Some(1) => ", once".to_owned(),
            Some(times) => format!(", {times} times"),
        };
        let percent = fault["percent"].as_u64().map(|percent| format!(", {percent} of a hundred")).unwrap_or_default();
        format!("{}: {effect} at {operation}{times}{percent}\n", place + 1)
    };
    faults.iter().enumerate().map(line).collect()
}

fn worded(name: &str, value: &Json) -> String {
    let word = |member: &str| value[member].as_str().unwrap_or_default();
    match (name, value) {
        ("error", _) => format!("error={}:{}", word("code"), value["status"]),
        ("change", _) => format!("change={}#{}={}", word("what"), word("at"), value["to"]),
        (_, Json::String(text)) if text.is_empty() => name.to_owned(),
        (_, Json::String(text)) => format!("{name}={text}"),
        _ => format!("{name}={value}"),
    }
}
