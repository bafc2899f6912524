//! From YAML events to a value.
//!
//! The parser is one of YAML 1.2 and stricter than Terraform's (1.1) in two things that people do: a tab after a
//! key's colon, and brackets whose content goes on at the start of a line inside of a block mapping. Such places are
//! mended and the text is read again. It is also more lenient, with control characters and tabs, which does no harm.

use std::borrow::Cow;
use std::collections::HashMap;

use ecow::EcoString;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use value::{Kind, Type, Value, convert};

use super::scalar::{resolve, tag_name};

/// Deeper nesting is refused: reading recurses, and no real document comes near.
const DEPTH_MAX: usize = 500;

/// So many places of a text are mended; each costs one more reading.
const MENDS_MAX: usize = 1000;

/// More than any indentation.
const DEEP: &str = "                                                                                                ";

/// A few aliases of aliases stand for more values than any machine holds; this many fit, and no real document comes near.
const REPEATED_MAX: usize = 1_000_000;

const MERGE: &str = "tag:yaml.org,2002:merge";

/// What is wrong with a document.
#[derive(Debug)]
pub(super) struct Problem {
    /// From 1.
    pub(super) line: usize,
    /// From 1.
    pub(super) column: usize,
    pub(super) message: String,
    /// In characters, if the parser found it.
    index: Option<usize>,
}

impl Problem {
    fn new(span: Span, message: impl Into<String>) -> Problem {
        Problem { line: span.start.line(), column: span.start.col() + 1, message: message.into(), index: None }
    }
}

impl From<ScanError> for Problem {
    fn from(error: ScanError) -> Problem {
        let mark = error.marker();
        Problem { line: mark.line(), column: mark.col() + 1, message: error.info().into(), index: Some(mark.index()) }
    }
}

/// Reads the one document of a text.
pub(super) fn decode(text: &str) -> Result<Value, Problem> {
    let mut text = Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut result = read(&text);
    for _ in 0..MENDS_MAX {
        let Some(mended) = result.as_ref().err().and_then(|problem| mend(&text, problem)) else { break };
        result = read(&mended);
        text = Cow::Owned(mended);
    }
    result
}

/// Changes white space where the parser is too strict: see the top of this file.
fn mend(text: &str, problem: &Problem) -> Option<String> {
    let (at, _) = text.char_indices().nth(problem.index?)?;
    let (before, after) = text.split_at(at);
    if problem.message.starts_with("':' must be followed") {
        let kept = before.trim_end_matches(['\t', ' ']);
        let spaces = &before[kept.len()..];
        return spaces.contains('\t').then(|| format!("{kept}{}{after}", " ".repeat(spaces.len())));
    }
    let is_in_brackets =
        matches!(problem.message.as_str(), "invalid indentation" | "invalid indentation in flow construct");
    let is_shallow = before.rsplit('\n').next().is_some_and(|line| line.len() < DEEP.len());
    (is_in_brackets && is_shallow).then(|| format!("{before}{DEEP}{after}"))
}

fn read(text: &str) -> Result<Value, Problem> {
    let open_end = (!text.ends_with('\n')).then(|| text.chars().count());
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
        repeated: 0,
        reached: 0,
        open_end,
    };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::Nothing, _) => {}
            (Event::DocumentStart(_), _) => break,
            (_, span) => return Err(Problem::new(span, "there is no document in it")),
        }
    }
    let first = reader.next()?;
    let value = reader.value(first, 0)?;
    loop {
        match reader.next()? {
            (Event::DocumentEnd | Event::Nothing, _) => {}
            (Event::StreamEnd, _) => return Ok(value),
            (_, span) => return Err(Problem::new(span, "only one document is allowed")),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// The values of anchors whose nodes are complete.
    anchors: HashMap<usize, Anchor>,
    /// How many values have been read so far, with those that aliases stand for.
    values: usize,
    /// How many of them aliases stand for.
    repeated: usize,
    /// How deep the node that is being read goes, as far as it has been read.
    reached: usize,
    /// How many characters the text has, if it does not end in a line break.
    open_end: Option<usize>,
}

struct Anchor {
    value: Value,
    /// How many values are in it, itself included.
    values: usize,
    /// How many levels there are below it.
    height: usize,
}

type Marked<'a> = (Event<'a>, Span);
type FoundTag<'a> = Option<Cow<'a, Tag>>;

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Marked<'a>, Problem> {
        match self.parser.next_event() {
            Some(event) => Ok(event?),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn value(&mut self, (event, span): Marked<'a>, depth: usize) -> Result<Value, Problem> {
        if let Event::Alias(anchor) = event {
            return self.alias(anchor, span, depth);
        }
        check_depth(depth, span)?;
        let values_before = self.values;
        let reached_before = std::mem::replace(&mut self.reached, depth);
        self.values += 1;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = self.without_added_break(&text, style, span);
                (scalar(text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => (self.sequence(tag, span, depth)?, anchor),
            Event::MappingStart(anchor, tag) => (self.mapping(tag, span, depth)?, anchor),
            _ => return Err(Problem::new(span, "a value is missing")),
        };
        if anchor > 0 {
            let (values, height) = (self.values - values_before, self.reached - depth);
            self.anchors.insert(anchor, Anchor { value: value.clone(), values, height });
        }
        self.reached = self.reached.max(reached_before);
        Ok(value)
    }

    /// Returns the value that an alias stands for.
    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Value, Problem> {
        let Some(anchor) = self.anchors.get(&anchor) else {
            let message = "the alias stands inside of the very node that it refers to, or refers to a key";
            return Err(Problem::new(span, message));
        };
        check_depth(depth + anchor.height, span)?;
        self.reached = self.reached.max(depth + anchor.height);
        self.values += anchor.values;
        self.repeated += anchor.values;
        if self.repeated > REPEATED_MAX {
            return Err(Problem::new(span, format!("its aliases stand for more than {REPEATED_MAX} values")));
        }
        Ok(anchor.value.clone())
    }

    /// Takes off the line break that the parser gives to a block at the end of a text that does not end in one.
    fn without_added_break<'t>(&self, text: &'t str, style: ScalarStyle, span: Span) -> &'t str {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let is_last = self.open_end.is_some_and(|end| span.end.index() >= end);
        if is_block && is_last { text.strip_suffix('\n').unwrap_or(text) } else { text }
    }

    fn sequence(&mut self, tag: FoundTag<'a>, span: Span, depth: usize) -> Result<Value, Problem> {
        expect_tag(tag.as_deref(), "tag:yaml.org,2002:seq", "sequence", span)?;
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::tuple(elements)),
                event => elements.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, tag: FoundTag<'a>, span: Span, depth: usize) -> Result<Value, Problem> {
        expect_tag(tag.as_deref(), "tag:yaml.org,2002:map", "mapping", span)?;
        let mut attributes = Vec::new();
        loop {
            let (text, style, tag, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::object(attributes)),
                (Event::Scalar(text, style, _, tag), span) => (text, style, tag, span),
                (_, span) => return Err(Problem::new(span, "a key must be a string, number or bool")),
            };
            let tag = tag.as_deref();
            let is_merge = if let Some(tag) = tag { tag_name(tag) == MERGE } else { text == "<<" };
            let next = self.next()?;
            if is_merge {
                merge(&self.value(next, depth + 1)?, &mut attributes, span)?;
                continue;
            }
            let key = key(&text, style, tag, span)?;
            attributes.push((key, self.value(next, depth + 1)?));
        }
    }
}

fn check_depth(depth: usize, span: Span) -> Result<(), Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::new(span, format!("it is nested more than {DEPTH_MAX} levels deep")));
    }
    Ok(())
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Problem> {
    let value = resolve(text, style, tag).map_err(|message| Problem::new(span, message))?;
    // A block without a tag is a string, but, in Terraform, one whose text has been read as a number or word before:
    // the block `1.50` is "1.5" and the block `yes` is "true".
    if tag.is_none() && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return convert(&value, &Type::String).map_err(|error| Problem::new(span, error.message));
    }
    Ok(value)
}

fn key(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<EcoString, Problem> {
    let value = resolve(text, style, tag).map_err(|message| Problem::new(span, message))?;
    let key = convert(&value, &Type::String).ok();
    match key.as_ref().and_then(Value::as_str) {
        Some(key) => Ok(key.into()),
        None => Err(Problem::new(span, "a key must not be null")),
    }
}

/// Takes over the attributes of a mapping, or of several.
fn merge(from: &Value, attributes: &mut Vec<(EcoString, Value)>, span: Span) -> Result<(), Problem> {
    match from.kind() {
        Kind::Object(object) => attributes.extend(object.iter().map(|(name, value)| (name.clone(), value.clone()))),
        Kind::Tuple(tuple) if tuple.values().iter().all(|value| matches!(value.kind(), Kind::Object(_))) => {
            for value in tuple.values() {
                merge(value, attributes, span)?;
            }
        }
        _ => return Err(Problem::new(span, "only a mapping, or a sequence of mappings, can be merged into a mapping")),
    }
    Ok(())
}

fn expect_tag(tag: Option<&Tag>, expected: &str, what: &str, span: Span) -> Result<(), Problem> {
    match tag.map(tag_name) {
        Some(name) if name != expected => Err(Problem::new(span, format!("a {what} cannot have the tag `{name}`"))),
        _ => Ok(()),
    }
}
