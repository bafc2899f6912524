//! Values as text in the language's notation, laid out as the formatter would.
//!
//! Maps and objects take a line per element; everything else stays on its line. So a line may open and close several
//! brackets, and the layout follows from how many it opens in all.

use sdk::FunctionProblem;
use sdk::value::{Kind, NumberFormat, Value};
use unicode_segmentation::UnicodeSegmentation;

/// Returns the expression for a wholly known value without marks.
pub(crate) fn expression(value: &Value) -> Result<String, FunctionProblem> {
    let mut writer = Writer::default();
    writer.value(value)?;
    writer.end_line();
    let mut text = layout(&writer.lines);
    text.pop();
    Ok(text)
}

/// Returns the text of a `.tfvars` file for a wholly known value without marks.
pub(crate) fn tfvars(value: &Value) -> Result<String, FunctionProblem> {
    let Some(entries) = value.as_entries() else {
        return Err(FunctionProblem::new(format!(
            "the value must be an object, whose attributes are the variables, not {}",
            value.ty().friendly_name()
        )));
    };
    let mut writer = Writer::default();
    for (name, value) in entries {
        if !is_identifier(name) {
            return Err(FunctionProblem::new(format!(
                "{:?} cannot be the name of a variable, which begins with a letter and consists of letters, digits, \
                 underscores and dashes",
                name.as_str()
            )));
        }
        writer.item(name.as_str(), value)?;
    }
    Ok(layout(&writer.lines))
}

#[derive(Default)]
struct Line {
    text: String,
    /// The length of what is before ` = `, if the line begins with a key.
    key: Option<usize>,
    /// How many more brackets it opens than it closes.
    opened: i64,
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    line: Line,
}

impl Writer {
    fn end_line(&mut self) {
        self.lines.push(std::mem::take(&mut self.line));
    }

    fn open(&mut self, bracket: char) {
        self.line.text.push(bracket);
        self.line.opened += 1;
    }

    fn close(&mut self, bracket: char) {
        self.line.text.push(bracket);
        self.line.opened -= 1;
    }

    fn item(&mut self, key: &str, value: &Value) -> Result<(), FunctionProblem> {
        self.line.text.push_str(key);
        self.line.key = Some(key.len());
        self.line.text.push_str(" = ");
        self.value(value)?;
        self.end_line();
        Ok(())
    }

    fn value(&mut self, value: &Value) -> Result<(), FunctionProblem> {
        match value.kind() {
            Kind::Null(_) => self.line.text.push_str("null"),
            Kind::Bool(value) => self.line.text.push_str(if value { "true" } else { "false" }),
            Kind::Number(number) => self.line.text.push_str(&number.format(NumberFormat::Fixed, None)),
            Kind::String(text) => quote(text, &mut self.line.text),
            Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
                self.open('[');
                for (index, element) in value.as_sequence().unwrap_or_default().iter().enumerate() {
                    self.line.text.push_str(if index > 0 { ", " } else { "" });
                    self.value(element)?;
                }
                self.close(']');
            }
            Kind::Map(_) | Kind::Object(_) => self.items(value)?,
            Kind::Unknown(..) | Kind::Meta(_) => {
                return Err(FunctionProblem::new(format!("{} cannot be written", value.ty().friendly_name())));
            }
        }
        Ok(())
    }

    fn items(&mut self, value: &Value) -> Result<(), FunctionProblem> {
        let entries = value.as_entries().unwrap_or_default();
        self.open('{');
        if !entries.is_empty() {
            self.end_line();
        }
        for (name, value) in entries {
            if is_identifier(name) {
                self.item(name, value)?;
            } else {
                let mut key = String::new();
                quote(name, &mut key);
                self.item(&key, value)?;
            }
        }
        self.close('}');
        Ok(())
    }
}

/// Indents the lines and brings the `=` of neighbours under each other.
fn layout(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut indents = Indents::default();
    for row in lines.chunk_by(|a, b| a.is_whole_item() && b.is_whole_item()) {
        let width = row.iter().map(Line::key_width).max().unwrap_or_default();
        for line in row {
            let indent = indents.next(line.opened);
            text.extend(std::iter::repeat_n("  ", indent));
            match line.key {
                Some(key) if line.is_whole_item() => {
                    text.push_str(&line.text[..key]);
                    text.extend(std::iter::repeat_n(' ', width - line.key_width()));
                    text.push_str(&line.text[key..]);
                }
                _ => text.push_str(&line.text),
            }
            text.push('\n');
        }
    }
    text
}

impl Line {
    /// Tells whether key and value are on this line; only such lines are aligned.
    fn is_whole_item(&self) -> bool {
        self.key.is_some() && self.opened == 0
    }

    /// Returns the columns that the key takes: one for each grapheme cluster, however wide it is drawn.
    fn key_width(&self) -> usize {
        self.key.map_or(0, |key| self.text[..key].graphemes(true).count())
    }
}

/// The open brackets, by the lines that opened them: a line that opens several indents by one step only.
#[derive(Default)]
struct Indents(Vec<i64>);

impl Indents {
    /// Returns the indent of a line that opens so many more brackets than it closes, and takes them into account.
    fn next(&mut self, opened: i64) -> usize {
        let before = self.0.len();
        if opened > 0 {
            self.0.push(opened);
            return before;
        }
        let mut closed = -opened;
        while closed > 0 {
            let Some(last) = self.0.last_mut() else { break };
            if *last > closed {
                *last -= closed;
                break;
            }
            closed -= *last;
            self.0.pop();
        }
        self.0.len()
    }
}

fn quote(value: &str, text: &mut String) {
    text.push('"');
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            // Doubled, so that it does not begin an interpolation.
            '$' | '%' if chars.peek() == Some(&'{') => text.extend([char, char]),
            _ if is_printable(char) => text.push(char),
            _ if u32::from(char) < 0x1_0000 => text.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => text.push_str(&format!("\\U{:08x}", u32::from(char))),
        }
    }
    text.push('"');
}

/// Tells whether a character can be seen, or is the plain space. The standard library knows, for its debug format; it
/// also escapes a combining character there, but not behind another one.
fn is_printable(char: char) -> bool {
    let pair: String = ['x', char].iter().collect();
    pair.escape_debug().skip(1).eq([char]) || char == '\''
}

/// Tells whether the language reads the text as one name.
fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && chars.all(|c| c == '-' || unicode_ident::is_xid_continue(c))
}

#[cfg(test)]
mod tests;
