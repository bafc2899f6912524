//! Source files and byte spans into them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names one file of a [`Sources`] table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file the bytes are in.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// Makes a span of `file` from byte `start` up to, not including, byte `end`.
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        debug_assert!(start <= end, "a span ends before it starts");
        Span { file, start: start as u32, end: end as u32 }
    }

    /// Returns the smallest span that covers both; both must be of one file.
    pub fn to(self, other: Span) -> Span {
        debug_assert_eq!(self.file, other.file, "spans of different files have no union");
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Returns the empty span at this span's start.
    pub fn start_point(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// Returns the empty span at this span's end.
    pub fn end_point(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// Returns the number of bytes covered.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Tells whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A place as people and JSON output count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in grapheme clusters, from 1.
    pub column: usize,
    /// Byte offset, from 0.
    pub byte: usize,
}

/// One file's name and text.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as the user should see it.
    pub path: PathBuf,
    /// The text; bytes, because a file that is not UTF-8 still gets a diagnostic with a place.
    pub text: Arc<[u8]>,
    line_starts: Vec<u32>,
}

impl SourceFile {
    fn new(path: PathBuf, text: Arc<[u8]>) -> SourceFile {
        let mut line_starts = vec![0];
        line_starts.extend(text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i as u32 + 1));
        SourceFile { path, text, line_starts }
    }

    /// Returns the line, column and byte of an offset; offsets behind the end count as the end.
    pub fn position(&self, offset: usize) -> Position {
        let byte = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start as usize <= byte);
        let start = self.line_starts[line - 1] as usize;
        let before = String::from_utf8_lossy(&self.text[start..byte]);
        let column = unicode_segmentation::UnicodeSegmentation::graphemes(before.as_ref(), true).count() + 1;
        Position { line, column, byte }
    }

    /// Returns the text of line `line` (from 1) without its line break, or nothing behind the last line.
    pub fn line(&self, line: usize) -> Option<String> {
        let start = *self.line_starts.get(line.checked_sub(1)?)? as usize;
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| *next as usize - 1);
        let text = String::from_utf8_lossy(&self.text[start..end]).into_owned();
        Some(text.strip_suffix('\r').map(str::to_owned).unwrap_or(text))
    }

    /// Returns the number of lines.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }
}

/// All files read in one run; diagnostics point into it.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and returns its name in spans.
    pub fn add(&mut self, path: impl AsRef<Path>, text: impl Into<Arc<[u8]>>) -> FileId {
        let id = FileId(self.files.len() as u32);
        self.files.push(SourceFile::new(path.as_ref().to_path_buf(), text.into()));
        id
    }

    /// Returns the file of an id; ids come from [`Sources::add`] of the same table.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Returns the bytes that a span covers.
    pub fn text(&self, span: Span) -> &[u8] {
        &self.file(span.file).text[span.start as usize..span.end as usize]
    }

    /// Returns all files in the order they were added.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }
}
