//! Writing values as YAML, with the layout of the emitter that Terraform uses (libyaml's).
//!
//! Of that emitter only what values need is here: block collections, empty ones in brackets, plain words and numbers,
//! strings in double quotes or as literal blocks.

use value::{Kind, Value};

/// Text in double quotes is folded at the first space after this column.
const WIDTH: usize = 80;

/// A longer key is written after a `?`.
const SIMPLE_KEY_BYTES_MAX: usize = 128;

const INDENT: usize = 2;

/// Returns a wholly known value as a YAML document.
pub(super) fn encode(value: &Value) -> Result<String, String> {
    let mut emitter =
        Emitter { out: String::new(), column: 0, indent: None, whitespace: true, indention: true, open_ended: false };
    emitter.node(value, Place::Root)?;
    emitter.write_indent();
    if emitter.open_ended {
        emitter.indicator("...", true);
        emitter.write_indent();
    }
    Ok(emitter.out)
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Element,
    SimpleKey,
    LongKey,
    MappingValue,
}

struct Emitter {
    out: String,
    /// In characters, from 0.
    column: usize,
    /// Nothing before the first collection begins.
    indent: Option<usize>,
    /// The last character was white space, or there is none.
    whitespace: bool,
    /// The line holds nothing but indentation and `-`, `?`, `:` so far.
    indention: bool,
    /// The document is a plain word, which would go on if text followed: it needs an explicit end.
    open_ended: bool,
}

impl Emitter {
    fn node(&mut self, value: &Value, place: Place) -> Result<(), String> {
        match value.kind() {
            Kind::Null(_) => self.plain("null", place),
            Kind::Bool(value) => self.plain(if value { "true" } else { "false" }, place),
            Kind::Number(number) if number.is_infinite() => {
                self.plain(if number.signum() < 0 { "-Inf" } else { "+Inf" }, place);
            }
            Kind::Number(number) => self.plain(&number.to_string(), place),
            Kind::String(text) => self.string(text, place),
            Kind::List(list) => self.sequence(list.values(), place)?,
            Kind::Set(set) => self.sequence(set.values(), place)?,
            Kind::Tuple(tuple) => self.sequence(tuple.values(), place)?,
            Kind::Map(map) => self.mapping(map.entries().iter().map(|(key, value)| (key.as_str(), value)))?,
            Kind::Object(object) => self.mapping(object.iter().map(|(name, value)| (name.as_str(), value)))?,
            Kind::Unknown(..) => return Err("a part of the value is not known yet".into()),
            Kind::Meta(_) => return Err("a type cannot be written as YAML".into()),
        }
        Ok(())
    }

    fn sequence(&mut self, values: &[Value], place: Place) -> Result<(), String> {
        if values.is_empty() {
            self.indicator("[", true);
            self.whitespace = true;
            self.indicator("]", false);
            return Ok(());
        }
        // The dashes under a key stand in the column of the key.
        let outer = self.indent;
        let is_indentless = place == Place::MappingValue && !self.indention;
        self.deepen(if is_indentless { 0 } else { INDENT });
        for value in values {
            self.write_indent();
            self.block_indicator("-");
            self.node(value, Place::Element)?;
        }
        self.indent = outer;
        Ok(())
    }

    fn mapping<'a>(&mut self, entries: impl ExactSizeIterator<Item = (&'a str, &'a Value)>) -> Result<(), String> {
        if entries.len() == 0 {
            self.indicator("{", true);
            self.whitespace = true;
            self.indicator("}", false);
            return Ok(());
        }
        let outer = self.indent;
        self.deepen(INDENT);
        for (key, value) in entries {
            self.write_indent();
            if key.len() <= SIMPLE_KEY_BYTES_MAX && !key.contains(is_break) {
                self.string(key, Place::SimpleKey);
                self.indicator(":", false);
            } else {
                self.block_indicator("?");
                self.string(key, Place::LongKey);
                self.write_indent();
                self.block_indicator(":");
            }
            self.node(value, Place::MappingValue)?;
        }
        self.indent = outer;
        Ok(())
    }

    fn deepen(&mut self, by: usize) {
        self.indent = Some(self.indent.map_or(0, |indent| indent + by));
    }

    /// Runs `write` with the indentation of a scalar's further lines.
    fn within_scalar(&mut self, write: impl FnOnce(&mut Emitter)) {
        let outer = self.indent;
        self.indent = Some(outer.map_or(INDENT, |indent| indent + INDENT));
        write(self);
        self.indent = outer;
    }

    fn plain(&mut self, text: &str, place: Place) {
        if !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention = false;
        if place == Place::Root {
            self.open_ended = true;
        }
    }

    fn string(&mut self, text: &str, place: Place) {
        let is_block = place != Place::SimpleKey && text.contains('\n') && may_be_block(text);
        self.within_scalar(|emitter| {
            if is_block {
                emitter.literal(text);
            } else {
                emitter.quoted(text, place != Place::SimpleKey);
            }
        });
    }

    fn quoted(&mut self, text: &str, may_fold: bool) {
        self.indicator("\"", true);
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if needs_escape(c) {
                escape(c).chars().for_each(|c| self.put(c));
                after_space = false;
            } else if c == ' ' {
                let is_inside = at > 0 && at < text.len() - 1;
                if may_fold && !after_space && self.column > WIDTH && is_inside {
                    self.write_indent();
                    if matches!(chars.peek(), Some((_, ' '))) {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.indicator("\"", false);
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator(&INDENT.to_string(), false);
        }
        let mut from_end = text.chars().rev();
        let (last, last_but_one) = (from_end.next(), from_end.next());
        if !last.is_some_and(is_break) {
            self.indicator("-", false);
        } else if last_but_one.is_none_or(is_break) {
            self.indicator("+", false);
        }
        self.line_break('\n');
        self.whitespace = true;
        let mut at_line_start = true;
        for c in text.chars() {
            if is_break(c) {
                self.line_break(c);
                at_line_start = true;
                continue;
            }
            if at_line_start {
                self.write_indent();
            }
            self.put(c);
            self.indention = false;
            at_line_start = false;
        }
    }

    fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, needs_whitespace: bool) {
        if needs_whitespace && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    /// Writes `-`, `?` or `:`, after which a block may begin on the same line.
    fn block_indicator(&mut self, text: &str) {
        let indention = self.indention;
        self.indicator(text, true);
        self.indention = indention;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn line_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
        self.indention = true;
    }
}

/// Tells whether a text of several lines can be written as a literal block.
fn may_be_block(text: &str) -> bool {
    let has_space_before_break = || {
        let mut before = '\0';
        text.chars().any(|c| std::mem::replace(&mut before, c) == ' ' && is_break(c))
    };
    !text.ends_with(' ') && !text.contains(|c| !is_printable(c)) && !has_space_before_break()
}

fn needs_escape(c: char) -> bool {
    !is_printable(c) || is_break(c) || matches!(c, '"' | '\\')
}

/// What the emitter takes for printable: no tabs, and nothing beyond the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn escape(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{letter}")
}
