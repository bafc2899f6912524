//! The source text that belongs to a diagnostic, with the part at fault.

use std::ops::Range;

use diag::{Diagnostic, Position, Sources, Span};

use super::header::Headers;

/// Where a diagnostic points, as people count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, as the user named it.
    pub(crate) filename: String,
    /// The first place at fault.
    pub(crate) start: Position,
    /// The place behind the fault; never equal to the first, an empty fault shows as one character.
    pub(crate) end: Position,
}

/// Lines of source text around a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snippet {
    /// The header of the block around it.
    pub(crate) header: Option<String>,
    /// Whole lines without the empty ones, joined by a line feed, whatever the file's line breaks are.
    pub(crate) code: Vec<u8>,
    /// The number of each line of `code`, from 1.
    pub(crate) line_numbers: Vec<usize>,
    /// The part of `code` at fault.
    pub(crate) fault: Range<usize>,
    /// The number of the first line, as JSON output has it.
    pub(crate) start_line: usize,
    /// The part of `code` at fault, as JSON output has it: counted in bytes of the file.
    ///
    /// So it is one byte late behind each CR LF and each empty line: Terraform's is, and tools may count on it.
    pub(crate) highlight: Range<usize>,
}

/// Cuts snippets out of source files.
pub(crate) struct Snippets<'a> {
    sources: &'a Sources,
    headers: Headers,
}

impl<'a> Snippets<'a> {
    /// Makes a cutter for diagnostics that point into `sources`.
    pub(crate) fn new(sources: &'a Sources) -> Snippets<'a> {
        Snippets { sources, headers: Headers::default() }
    }

    /// Returns place and text of a diagnostic that has a subject.
    pub(crate) fn cut(&mut self, diagnostic: &Diagnostic) -> Option<(Place, Snippet)> {
        let subject = diagnostic.subject?;
        let file = self.sources.file(subject.file);
        let (start, end) = (subject.start as usize, subject.end as usize);
        let place = Place {
            filename: file.path.display().to_string(),
            start: file.position(start),
            end: if subject.is_empty() { next(file.position(start)) } else { file.position(end) },
        };
        let shown = diagnostic.context.filter(|c| c.file == subject.file).map_or(subject, |c| c.to(subject));
        let lines = lines(&file.text, shown);
        let code_start = lines.first().map_or(0, |line| line.start);
        let code = lines.iter().map(|line| &file.text[line.clone()]).collect::<Vec<_>>().join(&b'\n');
        let counted = |offset: usize| offset.saturating_sub(code_start).min(code.len());
        let snippet = Snippet {
            // A fault at the very start of a block is about the block and not in it.
            header: start.checked_sub(1).and_then(|o| self.headers.find(self.sources, subject.file, o)),
            line_numbers: match lines.is_empty() {
                // The end of the file, or an empty line: there is nothing to see, and its number says so.
                true => vec![place.start.line],
                false => lines.iter().map(|line| file.position(line.start).line).collect(),
            },
            fault: within(&lines, start)..within(&lines, place.end.byte),
            start_line: file.position(shown.start as usize).line,
            highlight: counted(start)..counted(place.end.byte),
            code,
        };
        Some((place, snippet))
    }
}

/// Returns where an offset into the file is in the joined lines.
fn within(lines: &[Range<usize>], offset: usize) -> usize {
    let mut at = 0;
    for line in lines {
        if offset <= line.end {
            return at + offset.saturating_sub(line.start);
        }
        at += line.len() + 1;
    }
    at.saturating_sub(1)
}

fn next(position: Position) -> Position {
    Position { column: position.column + 1, byte: position.byte + 1, ..position }
}

/// Returns the bytes of the lines that a span touches, line breaks left out.
fn lines(text: &[u8], span: Span) -> Vec<Range<usize>> {
    let (start, end) = (span.start as usize, (span.end as usize).max(span.start as usize + 1));
    let mut at = text[..start.min(text.len())].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let mut lines = Vec::new();
    while at < text.len() && at <= end {
        let stop = text[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |i| at + i);
        let len = text[at..stop].strip_suffix(b"\r").unwrap_or(&text[at..stop]).len();
        if overlaps(at..at + len, start..end) {
            lines.push(at..at + len);
        }
        at = stop + 1;
    }
    lines
}

/// Tells whether two ranges share a byte or touch at an end; an empty line never counts.
fn overlaps(line: Range<usize>, span: Range<usize>) -> bool {
    !line.is_empty()
        && (line.contains(&span.start)
            || line.contains(&span.end)
            || span.contains(&line.start)
            || span.contains(&line.end))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Cuts out what belongs to the bytes from `start` to `end`.
    fn cut(text: &str, start: usize, end: usize) -> Snippet {
        let mut sources = Sources::default();
        let file = sources.add(Path::new("main.tf"), text.as_bytes());
        let error = Diagnostic::error("", "").at(Span::new(file, start, end));
        Snippets::new(&sources).cut(&error).expect("there is a subject").1
    }

    fn check(text: &str, start: usize, end: usize, expected: (&str, usize, Range<usize>)) {
        let snippet = cut(text, start, end);
        let code = String::from_utf8(snippet.code).expect("the input is text");
        assert_eq!((code.as_str(), snippet.start_line, snippet.highlight), expected);
    }

    // The expected snippets are those of `terraform validate -json` 1.11.4 for subjects at these places.
    #[test]
    fn takes_the_lines_that_the_span_touches() {
        check("locals {\n  a = \"abc\n}\n", 19, 20, ("  a = \"abc\n}", 2, 10..11));
        check("locals {\n  a = \"abc\n}\n", 21, 22, ("}", 3, 1..1));
        check("locals {\n  a = 1\n}}\n\nx = \"\n\n", 26, 28, ("x = \"", 5, 5..5));
    }

    #[test]
    fn takes_an_empty_span_as_one_byte() {
        check("locals {\n  a = ", 15, 15, ("  a = ", 2, 6..6));
        check("\n\"locals\": [\n", 14, 14, ("", 3, 0..0));
    }

    #[test]
    fn counts_highlights_in_bytes_of_the_file() {
        let text = "output \"o\" {\n  value = upper(\r\n  1,\r\n  2)\n}\n";
        check(text, 15, 40, ("  value = upper(\n  1,\n  2)", 2, 2..26));
        let fault = cut(text, 15, 40).fault;
        assert_eq!(fault, 2..25);
    }

    #[test]
    fn leaves_out_empty_lines_and_keeps_the_numbers_of_the_others() {
        let snippet = cut("a = f(1,\n\n  [2],\n\n  3)\n", 4, 22);
        assert_eq!(snippet.code, b"a = f(1,\n  [2],\n  3)");
        assert_eq!(snippet.line_numbers, [1, 3, 5]);
        assert_eq!(snippet.fault, 4..20);
    }
}
