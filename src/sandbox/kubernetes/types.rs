//! What the objects of built-in kinds are made of: the types of the API, read from a table.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::kinds::Kind;

/// One type with its fields.
#[derive(Debug)]
pub struct Type {
    /// Its name: `core.v1.PodSpec`.
    pub name: &'static str,
    /// An object of it is one value: it is not merged with another.
    pub is_atomic: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    by_name: HashMap<&'static str, usize>,
}

/// One field of a type.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its number in protocol buffers, behind those of messages that JSON does not show.
    pub number: Vec<u32>,
    /// What is in it.
    pub form: Word,
    /// Whether it is there if it says nothing.
    pub presence: Presence,
    /// How server-side apply merges it.
    pub list: List,
    /// How a strategic patch merges its list: by a member of the items, or (empty) as a set.
    pub merge: Option<&'static str>,
    /// A strategic patch says which members of its items are kept.
    pub retains: bool,
    /// What it is if nothing is said, in keys of lists.
    pub default: Option<&'static str>,
    /// What it can be, if that is a closed list.
    pub choices: Vec<&'static str>,
}

/// Whether a field is there if it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is as it was said: zero and nothing are different.
    AsSaid,
    /// An empty object is there in any case.
    Always,
    /// A zero is there in any case.
    Required,
    /// Zero is the same as nothing.
    Omitted,
}

/// How server-side apply merges a list or a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// As its form has it: lists are one value, maps are not.
    Usual,
    /// It is one value.
    Atomic,
    /// A list of different values.
    Set,
    /// Items are known by these members.
    Map(Vec<&'static str>),
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A number.
    Double,
    /// Base64.
    Bytes,
    /// `500m`, `1Gi`.
    Quantity,
    /// A time in seconds.
    Time,
    /// A time in microseconds.
    MicroTime,
    /// `1h30m`.
    Duration,
    /// A whole number or a text.
    IntOrString,
    /// Any JSON.
    Any,
    /// A list of texts that has a message of its own.
    Extra,
    /// An object of a type.
    Object(usize),
    /// A list.
    Items(Box<Word>),
    /// A map by texts.
    Map(Box<Word>),
}

struct Table {
    types: Vec<Type>,
    names: HashMap<&'static str, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("types.txt")));

/// Returns the type of a name.
pub fn named(name: &str) -> Option<&'static Type> {
    TABLE.names.get(name).map(|place| &TABLE.types[*place])
}

/// Returns the type of the objects of a kind, if it is built in.
pub fn of_kind(kind: &Kind) -> Option<&'static Type> {
    if kind.custom.is_some() { None } else { of(&kind.group, &kind.version, &kind.kind) }
}

/// Returns the type of objects of a group, version and kind.
pub fn of(group: &str, version: &str, kind: &str) -> Option<&'static Type> {
    let group = group.split('.').next().unwrap_or_default();
    let group = if group.is_empty() { "core" } else { group };
    named(&format!("{group}.{version}.{kind}"))
}

impl Word {
    /// Returns the type of an object.
    pub fn object(&self) -> Option<&'static Type> {
        match self {
            Word::Object(place) => TABLE.types.get(*place),
            _ => None,
        }
    }
}

impl Type {
    /// Returns a field by its name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).map(|place| &self.fields[*place])
    }
}

/// The type of what all objects have.
pub fn metadata() -> &'static Type {
    static METADATA: LazyLock<&'static Type> = LazyLock::new(|| {
        named("meta.v1.ObjectMeta").unwrap_or_else(|| unreachable!("the table has the type of metadata"))
    });
    &METADATA
}

fn read(text: &'static str) -> Table {
    let heads = text.lines().filter_map(|line| line.strip_prefix("= "));
    let names = heads.enumerate().map(|(place, head)| (head.split(' ').next().unwrap_or_default(), place)).collect();
    let mut types: Vec<Type> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("= ") {
            let name = head.split(' ').next().unwrap_or_default();
            let is_atomic = head.ends_with(" atomic");
            types.push(Type { name, is_atomic, fields: Vec::new(), by_name: HashMap::new() });
        } else if let (Some(last), Some(field)) = (types.last_mut(), field(line, &names)) {
            last.by_name.insert(field.name, last.fields.len());
            last.fields.push(field);
        }
    }
    Table { types, names }
}

fn field(line: &'static str, names: &HashMap<&'static str, usize>) -> Option<Field> {
    let mut words = line.split(' ');
    let (name, number, form) = (words.next()?, words.next()?, words.next()?);
    let number = number.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let mut field = Field {
        name,
        number,
        form: word(form, names)?,
        presence: Presence::AsSaid,
        list: List::Usual,
        merge: None,
        retains: false,
        default: None,
        choices: Vec::new(),
    };
    for mark in words {
        match mark.split_once('=').unwrap_or((mark, "")) {
            ("always", _) => field.presence = Presence::Always,
            ("required", _) => field.presence = Presence::Required,
            ("omit", _) => field.presence = Presence::Omitted,
            ("atomic", _) => field.list = List::Atomic,
            ("set", _) => field.list = List::Set,
            ("map", keys) => field.list = List::Map(keys.split(',').collect()),
            ("merge", key) => field.merge = Some(key),
            ("retain", _) => field.retains = true,
            ("default", value) => field.default = Some(value),
            ("enum", choices) => field.choices = choices.split('|').collect(),
            _ => {}
        }
    }
    Some(field)
}

fn word(text: &str, names: &HashMap<&'static str, usize>) -> Option<Word> {
    let inner = |open: char, close: char| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    if let Some(item) = inner('[', ']') {
        return Some(Word::Items(Box::new(word(item, names)?)));
    }
    if let Some(value) = inner('{', '}') {
        return Some(Word::Map(Box::new(word(value, names)?)));
    }
    Some(match text {
        "string" => Word::Text,
        "bool" => Word::Bool,
        "int32" => Word::Int32,
        "int64" => Word::Int64,
        "double" => Word::Double,
        "bytes" => Word::Bytes,
        "quantity" => Word::Quantity,
        "time" => Word::Time,
        "microTime" => Word::MicroTime,
        "duration" => Word::Duration,
        "intOrString" => Word::IntOrString,
        "any" => Word::Any,
        "extra" => Word::Extra,
        name => Word::Object(*names.get(name)?),
    })
}

#[cfg(test)]
mod tests {
    use super::{TABLE, of_kind, read};
    use crate::kubernetes::kinds;

    #[test]
    fn every_line_of_the_table_is_read() {
        let text = include_str!("types.txt");
        let fields = text.lines().filter(|line| !line.starts_with(['#', '='])).count();
        assert_eq!(read(text).types.iter().map(|one| one.fields.len()).sum::<usize>(), fields);
        assert!(TABLE.types.iter().all(|one| one.by_name.len() == one.fields.len()), "a field is there twice");
    }

    #[test]
    fn every_built_in_kind_has_its_type() {
        for kind in kinds::built_in() {
            assert!(of_kind(kind).is_some(), "{}", kind.kind);
        }
    }
}
