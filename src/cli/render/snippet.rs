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
    /// Whole lines, joined by a line feed, whatever the file's line breaks are.
    pub(crate) code: Vec<u8>,
    /// The number of the first line, from 1.
    pub(crate) start_line: usize,
    /// The part of `code` at fault.
    ///
    /// Counted in bytes of the file, so behind a CR LF it is one byte late per line: tools know it so from Terraform.
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
        let (code, code_start) = lines(&file.text, shown);
        let within = |offset: usize| offset.saturating_sub(code_start).min(code.len());
        let snippet = Snippet {
            // A fault at the very start of a block is about the block and not in it.
            header: start.checked_sub(1).and_then(|o| self.headers.find(self.sources, subject.file, o)),
            highlight: within(start)..within(place.end.byte),
            start_line: file.position(shown.start as usize).line,
            code,
        };
        Some((place, snippet))
    }
}

fn next(position: Position) -> Position {
    Position { column: position.column + 1, byte: position.byte + 1, ..position }
}

/// Returns the lines that a span touches and the offset of the first of them.
fn lines(text: &[u8], span: Span) -> (Vec<u8>, usize) {
    let (start, end) = (span.start as usize, (span.end as usize).max(span.start as usize + 1));
    let mut at = text[..start.min(text.len())].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let mut code: Option<(Vec<u8>, usize)> = None;
    while at < text.len() && at <= end {
        let stop = text[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |i| at + i);
        let line = text[at..stop].strip_suffix(b"\r").unwrap_or(&text[at..stop]);
        if overlaps(at..at + line.len(), start..end) {
            match &mut code {
                Some((code, _)) => {
                    code.push(b'\n');
                    code.extend_from_slice(line);
                }
                None => code = Some((line.to_vec(), at)),
            }
        }
        at = stop + 1;
    }
    code.unwrap_or_default()
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
    use diag::FileId;

    use super::*;

    fn check(text: &str, start: usize, end: usize, expected: (&str, usize)) {
        let (code, first) = lines(text.as_bytes(), Span::new(FileId(0), start, end));
        assert_eq!((String::from_utf8_lossy(&code).as_ref(), first), expected);
    }

    // The expected lines are those of `terraform validate -json` for subjects at these places.
    #[test]
    fn takes_the_lines_that_the_span_touches() {
        check("locals {\n  a = [1, 2\n  b = 3\n}\n", 9, 24, ("  a = [1, 2\n  b = 3", 9));
        check("locals {\n  a = \"abc\n}\n", 19, 20, ("  a = \"abc\n}", 9));
        check("locals {\n  a = \"abc\n}\n", 21, 22, ("}", 20));
        check("locals {\n  a = 1\n}}\n\nx = \"\n\n", 26, 28, ("x = \"", 21));
    }

    #[test]
    fn takes_an_empty_span_as_one_byte() {
        check("locals {\n  a = ", 15, 15, ("  a = ", 9));
        check("{\"locals\": [\n", 13, 13, ("", 0));
    }

    #[test]
    fn drops_carriage_returns() {
        check("a = f(\r\n  1,\r\n  2)\r\n", 0, 17, ("a = f(\n  1,\n  2)", 0));
    }
}
