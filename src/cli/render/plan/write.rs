//! Writes differences down, a line for each part.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use super::diff::{BlockDiff, Diff, Entry, Mark, Members, NestedDiff, Shape};
use super::palette::Palette;

/// Unchanged lines that are shown around changed ones of a longer text.
const LINES_AROUND: usize = 6;

/// Writes differences, one below the other.
pub(super) struct Writer {
    pub(super) out: String,
    pub(super) palette: Palette,
    /// What stays the same is shown, too.
    pub(super) shows_all: bool,
}

/// How much of a value is shown.
#[derive(Clone, Copy)]
struct Extent {
    /// A value that goes says that it becomes null.
    says_null: bool,
    /// Parts that stay the same are shown, too.
    is_full: bool,
}

impl Writer {
    pub(super) fn new(palette: Palette) -> Writer {
        Writer { out: String::new(), palette, shows_all: false }
    }

    /// Starts a line: the sign stands two columns in front of `column`.
    fn start(&mut self, column: usize, mark: Mark) {
        self.spaces(column.saturating_sub(2));
        let sign = self.palette.sign(mark);
        let _ = write!(self.out, "{sign} ");
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// Writes the attributes of a block and the blocks in it, and its closing brace's line without the brace.
    pub(super) fn block(&mut self, block: &BlockDiff, column: usize) {
        let is_full = self.shows_all || block.mark == Mark::Same;
        self.entries(&block.attributes, column, Extent { says_null: true, is_full }, "attribute");
        let mut has_lines = !block.attributes.is_empty();
        let mut hidden = 0;
        let mut last: Option<&str> = None;
        for nested in &block.blocks {
            if nested.mark() == Mark::Same && !is_full {
                hidden += 1;
                continue;
            }
            let kind = nested.header.split(' ').next().unwrap_or_default();
            if has_lines && last != Some(kind) {
                self.out.push('\n');
            }
            last = Some(kind);
            has_lines = true;
            self.nested(nested, column);
        }
        if hidden > 0 {
            self.out.push('\n');
            self.hidden(hidden, "block", column);
        }
    }

    fn nested(&mut self, nested: &NestedDiff, column: usize) {
        self.start(column, nested.mark());
        let _ = write!(self.out, "{} ", nested.header);
        match &nested.block {
            None => self.out.push_str("(known after apply)\n"),
            Some(block) if block.attributes.is_empty() && block.blocks.is_empty() => self.out.push_str("{}\n"),
            Some(block) => {
                self.out.push('{');
                self.forces(block.forces && block.mark != Mark::Same);
                self.out.push('\n');
                self.block(block, column + 4);
                self.spaces(column);
                self.out.push_str("}\n");
            }
        }
    }

    /// Writes outputs.
    pub(super) fn outputs(&mut self, entries: &[Entry]) {
        self.entries(entries, 4, Extent { says_null: true, is_full: false }, "output");
    }

    fn entries(&mut self, entries: &[Entry], column: usize, extent: Extent, noun: &str) {
        let width = entries.iter().map(|entry| entry.key.chars().count()).max().unwrap_or(0);
        let mut hidden = 0;
        for Entry { key, diff, is_landmark } in entries {
            if diff.mark == Mark::Same && !extent.is_full && !is_landmark {
                hidden += 1;
                continue;
            }
            self.note(diff, column);
            self.start(column, diff.mark);
            let _ = write!(self.out, "{key:width$} = ");
            self.value(diff, column, Extent { is_full: extent.is_full || *is_landmark, ..extent });
            self.out.push('\n');
        }
        if noun != "output" {
            self.hidden(hidden, noun, column);
        }
    }

    fn note(&mut self, diff: &Diff, column: usize) {
        if let Some(note) = diff.note {
            self.spaces(column - 2);
            let _ = writeln!(self.out, "{}# {note}{}", self.palette.dim, self.palette.reset);
        }
    }

    fn hidden(&mut self, count: usize, noun: &str, column: usize) {
        if count > 0 {
            self.spaces(column);
            let ending = if count == 1 { "" } else { "s" };
            let (dim, reset) = (self.palette.dim, self.palette.reset);
            let _ = writeln!(self.out, "{dim}# ({count} unchanged {noun}{ending} hidden){reset}");
        }
    }

    fn forces(&mut self, forces: bool) {
        if forces {
            let _ = write!(self.out, " {}# forces replacement{}", self.palette.red, self.palette.reset);
        }
    }

    fn arrow(&mut self) {
        let _ = write!(self.out, " {}->{} ", self.palette.yellow, self.palette.reset);
    }

    fn value(&mut self, diff: &Diff, column: usize, extent: Extent) {
        let extent = Extent { is_full: extent.is_full || diff.mark == Mark::Same, ..extent };
        let inside = Extent { says_null: false, ..extent };
        let mut shows_force_inside = false;
        match &diff.shape {
            Shape::Plain { before, after } => self.plain(diff.mark, before.as_deref(), after.as_deref()),
            Shape::Unknown { before } => {
                if let Some(before) = before {
                    self.value(before, column, inside);
                    self.arrow();
                }
                self.out.push_str("(known after apply)");
            }
            Shape::Sensitive => self.out.push_str("(sensitive value)"),
            Shape::WriteOnly => self.out.push_str("(write-only attribute)"),
            Shape::Text { before, after } => self.text(before.as_deref(), after.as_deref(), column),
            Shape::Encoded { function, inner } => {
                let _ = write!(self.out, "{function}(");
                self.forces(diff.forces);
                shows_force_inside = true;
                self.out.push('\n');
                let is_changed = diff.mark == Mark::Change && inner.mark == Mark::Change;
                self.start(column + 4, if is_changed { Mark::Change } else { Mark::Same });
                self.value(inner, column + 4, inside);
                self.out.push('\n');
                self.spaces(column);
                self.out.push(')');
            }
            Shape::Members(members) => {
                shows_force_inside = !members.entries.is_empty();
                self.members(members, diff.forces, column, extent);
            }
            Shape::Elements { elements, has_order } => {
                shows_force_inside = !elements.is_empty();
                self.elements(elements, *has_order, diff.forces, (column, inside));
            }
            Shape::Retyped { before, after } => {
                self.value(before, column, inside);
                self.arrow();
                self.value(after, column, inside);
            }
        }
        if diff.mark == Mark::Remove && extent.says_null {
            let _ = write!(self.out, " {}-> null{}", self.palette.dim, self.palette.reset);
        }
        self.forces(diff.forces && !shows_force_inside);
    }

    fn plain(&mut self, mark: Mark, before: Option<&str>, after: Option<&str>) {
        match (mark, before, after) {
            (Mark::Change, Some(before), Some(after)) => {
                self.out.push_str(before);
                self.arrow();
                self.out.push_str(after);
            }
            (_, before, after) => self.out.push_str(after.or(before).unwrap_or("null")),
        }
    }

    fn members(&mut self, members: &Members, forces: bool, column: usize, extent: Extent) {
        if members.entries.is_empty() {
            return self.out.push_str("{}");
        }
        self.out.push('{');
        self.forces(forces);
        self.out.push('\n');
        let extent = Extent { says_null: members.says_null, ..extent };
        match members.is_nested_map {
            true => self.nested_map(&members.entries, column + 4, extent),
            false => self.entries(&members.entries, column + 4, extent, members.noun),
        }
        self.spaces(column);
        self.out.push('}');
    }

    fn nested_map(&mut self, entries: &[Entry], column: usize, extent: Extent) {
        let is_hidden = |entry: &&Entry| entry.diff.mark == Mark::Same && !extent.is_full;
        for Entry { key, diff, .. } in entries.iter().filter(|entry| !is_hidden(entry)) {
            self.note(diff, column);
            self.start(column, diff.mark);
            let _ = write!(self.out, "{key} = ");
            self.value(diff, column, extent);
            self.out.push_str(",\n");
        }
        self.hidden(entries.iter().filter(is_hidden).count(), "element", column);
    }

    /// Shows elements that change; in an order also those beside them.
    fn elements(&mut self, elements: &[Diff], has_order: bool, forces: bool, (column, extent): (usize, Extent)) {
        if elements.is_empty() {
            return self.out.push_str("[]");
        }
        self.out.push('[');
        self.forces(forces);
        self.out.push('\n');
        let changes = |at: usize| elements.get(at).is_some_and(|element| element.mark != Mark::Same);
        let mut hidden = 0;
        for (at, element) in elements.iter().enumerate() {
            let is_beside = has_order && (changes(at + 1) || at > 0 && changes(at - 1));
            if element.mark == Mark::Same && !extent.is_full && !is_beside {
                hidden += 1;
                continue;
            }
            if has_order {
                self.hidden(std::mem::take(&mut hidden), "element", column + 4);
            }
            self.note(element, column + 4);
            self.start(column + 4, element.mark);
            self.value(element, column + 4, extent);
            self.out.push_str(",\n");
        }
        self.hidden(hidden, "element", column + 4);
        self.spaces(column);
        self.out.push(']');
    }

    fn text(&mut self, before: Option<&str>, after: Option<&str>, column: usize) {
        let delimiter = delimiter([before, after].into_iter().flatten());
        let _ = writeln!(self.out, "<<-{delimiter}");
        let lines = match (before, after) {
            (Some(before), Some(after)) if before != after => changed_lines(before, after),
            (before, after) => {
                after.or(before).unwrap_or_default().lines().map(|line| (Mark::Same, line.to_owned())).collect()
            }
        };
        let is_changed = lines.iter().any(|(mark, _)| *mark != Mark::Same);
        let near = |at: usize| {
            let around = at.saturating_sub(LINES_AROUND)..(at + LINES_AROUND + 1).min(lines.len());
            lines[around].iter().any(|(mark, _)| *mark != Mark::Same)
        };
        let mut hidden = 0;
        for (at, (mark, line)) in lines.iter().enumerate() {
            if is_changed && *mark == Mark::Same && !near(at) {
                hidden += 1;
                continue;
            }
            self.hidden(std::mem::take(&mut hidden), "line", column + 4);
            let from = self.out.len();
            self.start(column + 4, *mark);
            self.out.push_str(line);
            // An empty line that stays the same has nothing to align.
            if self.out[from..].trim().is_empty() {
                self.out.truncate(from);
            }
            self.out.push('\n');
        }
        self.hidden(hidden, "line", column + 4);
        self.spaces(column);
        self.out.push_str(&delimiter);
    }
}

fn changed_lines(before: &str, after: &str) -> Vec<(Mark, String)> {
    // Whether the last line has a line break is said elsewhere, if it is all that differs.
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let diff = TextDiff::from_slices(&old, &new);
    let line = |change: similar::Change<&str>| {
        let mark = match change.tag() {
            ChangeTag::Equal => Mark::Same,
            ChangeTag::Delete => Mark::Remove,
            ChangeTag::Insert => Mark::Add,
        };
        (mark, change.value().to_owned())
    };
    diff.iter_all_changes().map(line).collect()
}

/// Returns a word that is no line of the texts: `EOT`, or with as many underscores as it takes.
fn delimiter<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> String {
    let mut word = String::from("EOT");
    while texts.clone().flat_map(str::lines).any(|line| line.trim() == word) {
        word.push('_');
    }
    word
}
