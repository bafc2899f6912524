//! What was asked of the sandbox, and what it answered.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Requests that are kept in memory.
const ENTRIES_MAX: usize = 10_000;
/// Bytes of the file; as many again are in the one before it.
const FILE_BYTES_MAX: u64 = 64 << 20;

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
    file: Option<Mutex<LogFile>>,
}

/// A file that is begun anew when it is full; the one before is kept beside it.
struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl LogFile {
    fn open(path: &Path) -> std::io::Result<LogFile> {
        let file = File::options().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(LogFile { path: path.to_owned(), file, bytes })
    }

    fn write(&mut self, line: &str) -> std::io::Result<()> {
        if self.bytes >= FILE_BYTES_MAX {
            std::fs::rename(&self.path, self.path.with_extension("jsonl.old"))?;
            *self = LogFile::open(&self.path)?;
        }
        self.bytes += line.len() as u64;
        self.file.write_all(line.as_bytes())
    }
}

impl Log {
    /// Writes to a file as well, a line of JSON each.
    pub fn to_file(path: &Path) -> std::io::Result<Log> {
        Ok(Log { entries: Mutex::default(), file: Some(Mutex::new(LogFile::open(path)?)) })
    }

    /// Adds a request.
    pub fn add(&self, entry: Entry) {
        if let Some(file) = &self.file
            && let Ok(mut line) = serde_json::to_string(&entry)
        {
            line.push('\n');
            // The log is for people who look for mistakes; a full disk must not stop what they look at.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write(&line);
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
