//! What plugins say beside their answers.
//!
//! The last lines are kept for diagnostics, and all go to the log that the user asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;

/// So many of a plugin's last lines are kept.
const KEPT_LINES_MAX: usize = 50;
/// So many of them are worth showing in a diagnostic.
const SHOWN_LINES_MAX: usize = 20;
/// More of a line is cut off.
const LINE_BYTES_MAX: usize = 64 << 10;

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What made something fail.
    Error,
    /// What may be wrong.
    Warn,
    /// What happens.
    Info,
    /// What happens, for those who look for a mistake.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// Reads a level; text that is none is not one.
    pub fn parse(text: &str) -> Option<Level> {
        match text.to_ascii_lowercase().as_str() {
            "error" | "err" => Some(Level::Error),
            "warn" | "warning" => Some(Level::Warn),
            "info" => Some(Level::Info),
            "debug" => Some(Level::Debug),
            "trace" => Some(Level::Trace),
            _ => None,
        }
    }

    /// Returns its name, in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "ERROR",
            Level::Warn => "WARN",
            Level::Info => "INFO",
            Level::Debug => "DEBUG",
            Level::Trace => "TRACE",
        }
    }
}

/// Where log lines go.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// What of the log is wanted, and where.
#[derive(Clone)]
pub struct Logging {
    /// The least important lines that are wanted.
    pub level: Level,
    /// Each line is one JSON object.
    pub is_json: bool,
    /// Where they go.
    pub sink: Sink,
}

/// The log of one plugin.
pub(crate) struct Log {
    /// The name of the program.
    program: String,
    logging: Option<Logging>,
    last: Mutex<VecDeque<String>>,
}

impl Log {
    pub(crate) fn new(program: String, logging: Option<Logging>) -> Log {
        Log { program, logging, last: Mutex::default() }
    }

    /// Takes a line that the plugin wrote.
    pub(crate) fn line(&self, line: &[u8]) {
        let line = &line[..line.len().min(LINE_BYTES_MAX)];
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let (level, said) = read(text);
        if let Some(logging) = self.logging.as_ref().filter(|logging| level <= logging.level) {
            (logging.sink)(&self.written(logging.is_json, level, &said));
        }
        let mut last = self.last();
        if last.len() == KEPT_LINES_MAX {
            last.pop_front();
        }
        last.push_back(said);
    }

    /// Says something about the plugin in its log.
    pub(crate) fn note(&self, level: Level, text: &str) {
        if let Some(logging) = self.logging.as_ref().filter(|logging| level <= logging.level) {
            (logging.sink)(&self.written(logging.is_json, level, text));
        }
    }

    fn written(&self, is_json: bool, level: Level, text: &str) -> String {
        if !is_json {
            return format!("[{}] {}: {text}", level.name(), self.program);
        }
        let line = serde_json::json!({
            "@level": level.name().to_lowercase(),
            "@message": text,
            "@module": format!("provider.{}", self.program),
        });
        line.to_string()
    }

    /// Returns the last lines as a part of a diagnostic; empty if there were none.
    pub(crate) fn last_lines(&self) -> String {
        let last = self.last();
        if last.is_empty() {
            return String::new();
        }
        let skipped = last.len().saturating_sub(SHOWN_LINES_MAX);
        let mut text = String::from("\n\nThe last that it said:");
        for line in last.iter().skip(skipped) {
            text.push_str("\n  ");
            text.push_str(line);
        }
        text
    }

    fn last(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a line: most plugins write JSON objects with level and message, some a level in brackets, some neither.
fn read(text: &str) -> (Level, String) {
    if text.starts_with('{')
        && let Ok(Json::Object(members)) = serde_json::from_str(text)
        && let Some(Json::String(message)) = members.get("@message")
    {
        let level = members.get("@level").and_then(Json::as_str).and_then(Level::parse).unwrap_or(Level::Debug);
        let mut said = message.clone();
        for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('@')) {
            match value {
                Json::String(text) => said.push_str(&format!(" {name}={text:?}")),
                other => said.push_str(&format!(" {name}={other}")),
            }
        }
        return (level, said);
    }
    let bracketed = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let level = bracketed.and_then(|(level, _)| Level::parse(level.trim()));
    (level.unwrap_or(Level::Debug), text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{KEPT_LINES_MAX, Level, Log, Logging};
    use std::sync::{Arc, Mutex};

    fn check(level: Level, is_json: bool, line: &str, expected: &[&str]) {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = said.clone();
        let sink = Arc::new(move |line: &str| heard.lock().unwrap().push(line.to_owned()));
        let log = Log::new("terraform-provider-x".to_owned(), Some(Logging { level, is_json, sink }));
        log.line(line.as_bytes());
        assert_eq!(*said.lock().unwrap(), expected);
    }

    #[test]
    fn reads_lines_of_json_and_shows_those_that_matter_enough() {
        let line = r#"{"@level":"info","@message":"hello","@timestamp":"2026-01-01","count":2,"name":"a b"}"#;
        check(Level::Info, false, line, &[r#"[INFO] terraform-provider-x: hello count=2 name="a b""#]);
        check(Level::Warn, false, line, &[]);
        let json = r#"{"@level":"error","@message":"bad"}"#;
        let expected = r#"{"@level":"error","@message":"bad","@module":"provider.terraform-provider-x"}"#;
        check(Level::Error, true, json, &[expected]);
    }

    #[test]
    fn a_level_in_brackets_counts_and_other_lines_are_for_debugging() {
        let line = "2026/01/01 [WARN] careful";
        check(Level::Warn, false, line, &["[WARN] terraform-provider-x: 2026/01/01 [WARN] careful"]);
        check(Level::Info, false, "panic: oh no", &[]);
        check(Level::Debug, false, "panic: oh no\n", &["[DEBUG] terraform-provider-x: panic: oh no"]);
    }

    #[test]
    fn keeps_the_last_lines_whatever_is_shown() {
        let log = Log::new("x".to_owned(), None);
        assert_eq!(log.last_lines(), "");
        for number in 0..KEPT_LINES_MAX + 5 {
            log.line(format!("line {number}\n").as_bytes());
        }
        let text = log.last_lines();
        assert_eq!(log.last().len(), KEPT_LINES_MAX);
        assert!(text.ends_with("\n  line 54") && !text.contains("line 34\n") && text.contains("line 35\n"), "{text}");
    }
}
