//! Pages for the terminal.

use super::entry::{Demand, Entry};
use crate::render::wrap;
use crate::usage;

/// Columns of a page: terminals have 80 and the last one stays free.
const WIDTH: usize = 78;

/// A page: what is explained, what it is for, and its parts.
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// Begins a page with what it is about.
    pub(crate) fn new(title: &str, description: &str) -> Page {
        let mut page = Page { text: format!("{title}\n") };
        page.paragraphs(description, 2);
        page
    }

    /// Adds paragraphs, parted by empty lines in `text`.
    pub(crate) fn paragraphs(&mut self, text: &str, indent: usize) {
        for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
            self.text.push('\n');
            self.lines(&paragraph.replace('\n', " "), indent);
        }
    }

    /// Adds text as it is.
    pub(crate) fn verbatim(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds names with a line of text each, under a heading.
    pub(crate) fn table(&mut self, heading: &str, rows: impl Iterator<Item = (String, String)>) {
        self.text.push_str(&format!("\n{heading}:\n\n"));
        self.text.push_str(&usage::table(rows));
    }

    /// Adds what can be set and what can only be read; `inside` is written before a name to ask for more of it.
    pub(crate) fn entries(&mut self, entries: &[Entry], inside: &str, is_recursive: bool) {
        let (settable, read): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.is_settable());
        self.section("Arguments", &settable, is_recursive);
        self.section("Attributes that the provider sets", &read, is_recursive);
        self.hint(entries, inside, is_recursive);
    }

    /// Adds entries under a heading, if there are any.
    pub(crate) fn section(&mut self, heading: &str, entries: &[&Entry], is_recursive: bool) {
        if !entries.is_empty() {
            self.text.push_str(&format!("\n{heading}:\n"));
            entries.iter().for_each(|entry| self.entry(entry, 2, is_recursive));
        }
    }

    /// Says how to see what is inside, if something is.
    pub(crate) fn hint(&mut self, entries: &[Entry], inside: &str, is_recursive: bool) {
        let first = entries.iter().find(|entry| !entry.inner.is_empty());
        if let Some(first) = first.filter(|_| !is_recursive) {
            self.text.push_str(&format!("\nWhat is in one with parts: gantry explain {inside}.{}\n", first.name));
        }
    }

    fn entry(&mut self, entry: &Entry, indent: usize, is_recursive: bool) {
        let parts = match entry.inner.len() {
            0 => String::new(),
            _ if is_recursive => String::new(),
            1 => ", 1 part".to_owned(),
            count => format!(", {count} parts"),
        };
        self.text.push_str(&format!("\n{:indent$}{}  ({}{parts})\n", "", entry.name, entry.facts()));
        self.lines(&entry.description, indent + 4);
        if is_recursive {
            entry.inner.iter().for_each(|inner| self.entry(inner, indent + 4, true));
        }
    }

    fn lines(&mut self, text: &str, indent: usize) {
        if text.is_empty() {
            return;
        }
        for line in wrap(text, WIDTH - indent).lines() {
            self.text.push_str(&format!("{:indent$}{line}\n", ""));
        }
    }

    /// Returns the page.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Returns the page of one entry.
pub(crate) fn of_entry(name: &str, entry: &Entry, is_recursive: bool) -> String {
    let mut page = Page::new(&format!("{name}  ({})", entry.facts()), &entry.description);
    if entry.demand == Demand::Computed {
        page.section("Parts", &entry.inner.iter().collect::<Vec<_>>(), is_recursive);
        page.hint(&entry.inner, name, is_recursive);
    } else {
        page.entries(&entry.inner, name, is_recursive);
    }
    page.into_text()
}
