//! Indentation, spaces between tokens, and the columns of `=` and of comments.

use unicode_segmentation::UnicodeSegmentation;

use crate::TokenKind;

use super::spacing::has_space;
use super::{Piece, bracket_change};

/// Spaces per level of indentation.
const INDENT: usize = 2;

/// Sets the spaces of all pieces but the last, which is the end of the text and keeps its own.
pub(super) fn lay_out(pieces: &mut [Piece<'_>]) {
    let lines = lines(pieces);
    indent(pieces, &lines);
    space(pieces, &lines);
    align(pieces, &lines, |line| line.assign, Line::lead_cells);
    align(pieces, &lines, |line| line.comment, Line::cells_before_comment);
}

/// A line in up to three cells: what leads it, `= …`, and a comment. They are ranges of pieces, one behind the other.
/// Template text has line breaks that end no line.
struct Line {
    start: usize,
    /// Where the `=` is, if what follows it closes all brackets that it opens.
    assign: Option<usize>,
    /// Where the comment is, unless it stands alone.
    comment: Option<usize>,
    end: usize,
}

impl Line {
    fn new(pieces: &[Piece<'_>], start: usize, end: usize) -> Line {
        let is_comment = end - start > 1 && pieces[end - 1].kind == TokenKind::Comment;
        let code_end = if is_comment { end - 1 } else { end };
        let assign = (start + 1..code_end).find(|&i| pieces[i].kind == TokenKind::Assign).filter(|&i| {
            let opened: isize = pieces[i..code_end].iter().map(|piece| bracket_change(piece.kind)).sum();
            opened == 0
        });
        Line { start, assign, comment: is_comment.then_some(code_end), end }
    }

    fn code_end(&self) -> usize {
        self.comment.unwrap_or(self.end)
    }

    fn lead_cells(&self) -> std::ops::Range<usize> {
        self.start..self.assign.unwrap_or(self.code_end())
    }

    fn cells_before_comment(&self) -> std::ops::Range<usize> {
        self.start..self.code_end()
    }
}

fn lines(pieces: &[Piece<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let end = match piece.kind {
            TokenKind::End => i,
            _ if piece.ends_line() => i + 1,
            _ => continue,
        };
        if start < end {
            lines.push(Line::new(pieces, start, end));
        }
        start = end;
    }
    lines
}

/// Indents each line by the number of lines before it that left brackets open. A line that opens several at once counts
/// once, and until all of them are closed.
fn indent(pieces: &mut [Piece<'_>], lines: &[Line]) {
    let mut open: Vec<usize> = Vec::new();
    for line in lines {
        if pieces[line.start].kind == TokenKind::Newline {
            pieces[line.start].spaces = 0;
            continue;
        }
        let change = net_brackets(pieces, line);
        let mut closed = change.min(0).unsigned_abs();
        while closed > 0
            && let Some(top) = open.last_mut()
        {
            if closed < *top {
                *top -= closed;
                break;
            }
            closed -= *top;
            open.pop();
        }
        pieces[line.start].spaces = INDENT * open.len();
        if change > 0 {
            open.push(change.unsigned_abs());
        }
    }
}

fn net_brackets(pieces: &[Piece<'_>], line: &Line) -> isize {
    let lead = &pieces[line.lead_cells()];
    let heredoc = lead.iter().position(|piece| piece.kind == TokenKind::OpenHeredoc).unwrap_or(lead.len());
    let assign = &pieces[line.lead_cells().end..line.code_end()];
    lead[..heredoc].iter().chain(assign).map(|piece| bracket_change(piece.kind)).sum()
}

fn space(pieces: &mut [Piece<'_>], lines: &[Line]) {
    for line in lines {
        let lead = line.lead_cells();
        for cell in [lead.clone(), lead.end..line.code_end()] {
            let mut before = None;
            for i in cell.start + 1..cell.end {
                let space = has_space(before, &pieces[i - 1], pieces[i].kind);
                before = Some(pieces[i - 1].kind);
                pieces[i].spaces = usize::from(space);
            }
        }
    }
}

/// Puts a cell at the same column in all lines of a run of lines that have it; `before` is what is left of it.
fn align(
    pieces: &mut [Piece<'_>],
    lines: &[Line],
    cell: impl Fn(&Line) -> Option<usize>,
    before: impl Fn(&Line) -> std::ops::Range<usize>,
) {
    for run in lines.chunk_by(|a, b| cell(a).is_some() == cell(b).is_some()) {
        if run.first().is_none_or(|line| cell(line).is_none()) {
            continue;
        }
        let widths: Vec<usize> = run.iter().map(|line| pieces[before(line)].iter().map(columns).sum()).collect();
        let width_max = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in run.iter().zip(widths) {
            if let Some(at) = cell(line) {
                pieces[at].spaces = width_max - width + 1;
            }
        }
    }
}

/// Returns how many columns a piece takes with its spaces: one for what a person takes for one character.
fn columns(piece: &Piece<'_>) -> usize {
    let mut columns = piece.spaces;
    if piece.text.is_ascii() {
        let crlf = memchr::memmem::find_iter(&piece.text, b"\r\n").count();
        return columns + piece.text.len() - crlf;
    }
    for chunk in piece.text.utf8_chunks() {
        columns += chunk.valid().graphemes(true).map(|cluster| 1 + conjuncts(cluster)).sum::<usize>();
        columns += chunk.invalid().len();
    }
    columns
}

/// Counts the consonants that are joined to another one in a cluster. Unicode counts such a conjunct as one character since
/// version 15.1; the reference formatter uses 15.0.
fn conjuncts(cluster: &str) -> usize {
    const MALAYALAM_DOT_REPH: char = '\u{D4E}';
    let joined = |(before, char): (char, char)| is_conjunct_consonant(char) && before != MALAYALAM_DOT_REPH;
    cluster.chars().zip(cluster.chars().skip(1)).filter(|&pair| joined(pair)).count()
}

/// Tells whether a character is a consonant of a script whose consonants join (`Indic_Conjunct_Break=Consonant`).
fn is_conjunct_consonant(char: char) -> bool {
    matches!(char,
        '\u{915}'..='\u{939}' | '\u{958}'..='\u{95F}' | '\u{978}'..='\u{97F}'
        | '\u{995}'..='\u{9B9}' | '\u{9DC}'..='\u{9DF}' | '\u{9F0}'..='\u{9F1}'
        | '\u{A95}'..='\u{AB9}' | '\u{AF9}'
        | '\u{B15}'..='\u{B39}' | '\u{B5C}'..='\u{B5F}' | '\u{B71}'
        | '\u{C15}'..='\u{C39}' | '\u{C58}'..='\u{C5A}'
        | '\u{D15}'..='\u{D3A}')
}
