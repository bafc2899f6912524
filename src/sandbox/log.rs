//! What was asked of the sandbox, and what it answered.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Requests that are kept in memory.
const ENTRIES_MAX: usize = 10_000;

/// One request. Bodies are not in it: they may hold secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When it came, by our time.
    pub time: String,
    /// The service.
    pub service: String,
    /// What was asked for.
    pub operation: String,
    /// The method and the path, without the query.
    pub request: String,
    /// The status of the answer; 0 if the connection was broken.
    pub status: u16,
    /// The error code of the answer, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, by our time.
    pub milliseconds: u64,
}

/// The latest requests, and all of them in a file if there is one.
#[derive(Default)]
pub struct Log {
    entries: Mutex<VecDeque<Entry>>,
    file: Option<Mutex<File>>,
}

impl Log {
    /// Writes to a file as well, a line of JSON each.
    pub fn to_file(path: &Path) -> std::io::Result<Log> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Log { entries: Mutex::default(), file: Some(Mutex::new(file)) })
    }

    /// Adds a request.
    pub fn add(&self, entry: Entry) {
        if let Some(file) = &self.file
            && let Ok(mut line) = serde_json::to_string(&entry)
        {
            line.push('\n');
            // The log is for people who look for mistakes; a full disk must not stop what they look at.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == ENTRIES_MAX {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Returns the latest requests, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
