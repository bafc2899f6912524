//! What happens in tests, as lines of JSON: Terraform's types of lines.

use std::time::Duration;

use addr::AbsInstance;
use diag::{Diagnostics, Sources};
use serde_json::{Map, Value as Json, json};
use testing::{Outcome, Status};

use super::counted;
use super::stream::{Line, diagnostics};
use super::test_text::Counts;

/// A file, or a run of it, that lines are about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    /// The file.
    pub(crate) file: &'a str,
    /// The run.
    pub(crate) run: Option<&'a str>,
}

impl About<'_> {
    fn line(&self, kind: &'static str, message: String, mut fields: Vec<(&'static str, Json)>) -> Line {
        let mut all = vec![("@testfile", Json::from(self.file))];
        all.extend(self.run.map(|run| ("@testrun", Json::from(run))));
        all.append(&mut fields);
        Line::new(kind, message, all)
    }

    fn of_file(&self, message: &str, progress: &str, status: Option<Status>) -> Line {
        let mut body = json!({ "path": self.file, "progress": progress });
        if let Some(status) = status {
            body["status"] = status.word().into();
        }
        self.line("test_file", format!("{}... {message}", self.file), vec![("test_file", body)])
    }

    /// A file begins.
    pub(crate) fn file_begins(&self) -> Line {
        self.of_file("in progress", "starting", None)
    }

    /// A file is being cleaned up.
    pub(crate) fn cleanup_begins(&self) -> Line {
        self.of_file("tearing down", "teardown", None)
    }

    /// A file is done.
    pub(crate) fn file_ends(&self, status: Status) -> Line {
        self.of_file(shown(status), "complete", Some(status))
    }

    fn of_run(&self, message: &str, progress: &str, fields: &[(&str, Json)]) -> Line {
        let run = self.run.unwrap_or_default();
        let mut body = json!({ "path": self.file, "run": run, "progress": progress });
        fields.iter().for_each(|(name, value)| body[*name] = value.clone());
        self.line("test_run", format!("  {run:?}... {message}"), vec![("test_run", body)])
    }

    /// A run begins.
    pub(crate) fn run_begins(&self) -> Line {
        self.of_run("in progress", "starting", &[("elapsed", 0.into())])
    }

    /// A run has ended.
    pub(crate) fn run_ends(&self, outcome: &Outcome) -> Line {
        let elapsed = outcome.took.map(|took| ("elapsed", milliseconds(took).into()));
        let fields: Vec<_> = [("status", outcome.status.word().into())].into_iter().chain(elapsed).collect();
        self.of_run(shown(outcome.status), "complete", &fields)
    }

    /// The state of a run is being cleaned up.
    pub(crate) fn cleans_up(&self) -> Line {
        self.of_run("tearing down", "teardown", &[("elapsed", 0.into())])
    }

    /// What a run has made, or what it has planned.
    pub(crate) fn shows(&self, what: &'static str, content: Json) -> Line {
        let message = match what {
            "test_state" => "-verbose flag enabled, printing state",
            _ => "-verbose flag enabled, printing plan",
        };
        self.line(what, message.to_owned(), vec![(what, content)])
    }

    /// What there is to say.
    pub(crate) fn diagnostics(&self, sources: &Sources, diags: &Diagnostics) -> Vec<Line> {
        let about = |line: Line| {
            let line = line.with("@testfile", self.file.into());
            match self.run {
                Some(run) => line.with("@testrun", run.into()),
                None => line,
            }
        };
        diagnostics(sources, diags).into_iter().map(about).collect()
    }

    /// What could not be cleaned up.
    pub(crate) fn left_over(&self, objects: &[AbsInstance]) -> Line {
        let instances: Vec<Json> = objects.iter().map(|object| json!({ "instance": object.to_string() })).collect();
        let message = format!("{} left {} objects in state", self.file, objects.len());
        self.line("test_cleanup", message, vec![("test_cleanup", json!({ "failed_resources": instances }))]).of_error()
    }
}

/// Which runs there are.
pub(crate) fn overview(files: &[(String, Vec<String>)]) -> Line {
    let runs: usize = files.iter().map(|(_, runs)| runs.len()).sum();
    let message = format!("Found {} and {}", counted(files.len(), "file"), counted(runs, "run block"));
    // A file without runs has null, as with Terraform.
    let named = |runs: &Vec<String>| if runs.is_empty() { Json::Null } else { runs.clone().into() };
    let all: Map<String, Json> = files.iter().map(|(path, runs)| (path.clone(), named(runs))).collect();
    Line::new("test_abstract", message, vec![("test_abstract", all.into())])
}

/// How all together came out.
pub(crate) fn summary(counts: Counts, message: String) -> Line {
    let Counts { passed, failed, errored, skipped, .. } = counts;
    let body = json!({
        "status": counts.status().word(), "passed": passed, "failed": failed, "errored": errored, "skipped": skipped,
    });
    Line::new("test_summary", message, vec![("test_summary", body)])
}

fn shown(status: Status) -> &'static str {
    match status {
        Status::Error => "fail",
        other => other.word(),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
