//! `sandbox log`: what was asked of the sandbox, and what it answered.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};

use sandbox::Entry;

use super::Run;
use crate::sandboxes::{self, FolderArgs};
use crate::{Exit, Session};

/// Show which requests came to the sandbox, and how they ended.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// Only requests to this service: eks, ec2, kubernetes, ...
    #[arg(long, value_name = "NAME")]
    service: Option<String>,

    /// Only requests that did not go well.
    #[arg(long)]
    errors: bool,

    /// Only the last so many.
    #[arg(long, value_name = "N")]
    last: Option<usize>,

    /// Print a line of JSON for each.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "sandbox log";

    fn run(self, session: &mut Session) -> Exit {
        let folder = self.folder.folder(session);
        let lines: Result<Vec<String>, std::io::Error> = match File::open(folder.log()) {
            Ok(file) => BufReader::new(file).lines().collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => return sandboxes::fail(session, &folder, &error.to_string()),
        };
        let entries: Vec<Entry> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let wanted: Vec<&Entry> = entries.iter().filter(|entry| self.wants(entry)).collect();
        let first = wanted.len() - self.last.unwrap_or(wanted.len()).min(wanted.len());
        for entry in &wanted[first..] {
            let text = match self.json {
                true => serde_json::to_string(entry).unwrap_or_default(),
                false => line(entry),
            };
            session.ui.out.print(&format!("{text}\n"));
        }
        Exit::SUCCESS
    }
}

impl Args {
    fn wants(&self, entry: &Entry) -> bool {
        let is_service = self.service.as_ref().is_none_or(|service| *service == entry.service);
        is_service && (!self.errors || entry.status == 0 || entry.status >= 400)
    }
}

fn line(entry: &Entry) -> String {
    let ending = match (entry.status, &entry.error) {
        (0, _) => "connection broken".to_owned(),
        (status, Some(error)) => format!("{status} {error}"),
        (status, None) => status.to_string(),
    };
    let Entry { time, service, operation, milliseconds, .. } = entry;
    format!("{time}  {service:10}  {operation}: {ending} ({milliseconds} ms)")
}
