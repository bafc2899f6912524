//! A short notation of schemas and values for tests, and the tables written in it.
//!
//! Schemas: `{name:TYPE FLAGS, name:list{...} FLAGS, name=list{...}}`: attributes, attributes that hold objects, blocks;
//! flags are r(equired) o(ptional) c(omputed) s(ensitive) w(rite-only). Values take their types from the schema; `<TYPE>`
//! before a value gives another one. `?` is unknown, with `notnull` or `prefix"..."` its bounds.

use std::sync::Arc;

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting};
use value::{Marks, Number, Path, PathStep, Refinement, Type, Value};

use super::Problem;

/// Calls with each case of some tables; returns how many there are.
///
/// The tables are facts: the situations that the tests of OpenTofu name, and (`_recorded`) random ones, each with what
/// OpenTofu's program makes of it.
pub(super) fn cases(tables: &[&str], check: impl Fn(&str)) -> usize {
    let cases = tables.iter().flat_map(|table| table.split("\n\n"));
    let cases: Vec<&str> = cases.map(str::trim).filter(|case| !case.is_empty()).collect();
    for case in &cases {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case)));
        assert!(outcome.is_ok(), "in the case\n{case}");
    }
    cases.len()
}

/// Returns a line of a case.
pub(super) fn field(case: &str, name: &str) -> String {
    let line = case.lines().find_map(|line| line.strip_prefix(name)).expect("the case has the field");
    line.trim().to_owned()
}

/// Returns the places of problems, sorted; `.` is the whole.
pub(super) fn problems(problems: &[Problem]) -> String {
    let place = |problem: &Problem| match problem.path.to_string() {
        whole if whole.is_empty() => ".".into(),
        path => path,
    };
    let mut places: Vec<String> = problems.iter().map(place).collect();
    places.sort();
    places.dedup();
    places.join(" ")
}

pub(super) fn schema(text: &str) -> Block {
    let mut reader = Reader { rest: text };
    let block = reader.block();
    assert_eq!(reader.rest.trim(), "", "all of the schema is read");
    block
}

pub(super) fn value(text: &str, ty: &Type) -> Value {
    let mut reader = Reader { rest: text };
    let value = reader.value(ty);
    assert_eq!(reader.rest.trim(), "", "all of the value is read");
    value
}

/// Reads `.a[0]["k"]`.
pub(super) fn path(text: &str) -> Path {
    let mut reader = Reader { rest: text };
    let mut steps = Vec::new();
    loop {
        if reader.skip(".") {
            steps.push(PathStep::Attribute(reader.name().into()));
        } else if reader.skip("[") {
            steps.push(PathStep::Index(reader.value(&Type::Dynamic)));
            reader.expect("]");
        } else {
            assert_eq!(reader.rest, "", "all of the path is read");
            return Path(steps);
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(token);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn expect(&mut self, token: &str) {
        assert!(self.skip(token), "{token} expected at {:?}", self.rest);
    }

    fn while_in(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c| !test(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn name(&mut self) -> &'a str {
        let name = self.while_in(|c| c.is_alphanumeric() || c == '_');
        assert!(!name.is_empty(), "a name expected at {:?}", self.rest);
        name
    }

    fn text(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let text = texts.next().expect("a text").expect("a text");
        self.rest = &self.rest[texts.byte_offset()..];
        text
    }

    /// Reads items up to the closing token.
    fn items<T>(&mut self, close: &str, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        while !self.skip(close) {
            items.push(read(self));
            self.skip(",");
        }
        items
    }

    fn block(&mut self) -> Block {
        self.expect("{");
        let mut block = Block::default();
        while !self.skip("}") {
            let name = self.name();
            if self.skip("=") {
                let nesting = self.name();
                let nesting = match nesting {
                    "single" => BlockNesting::Single,
                    "group" => BlockNesting::Group,
                    "list" => BlockNesting::List,
                    "set" => BlockNesting::Set,
                    _ => BlockNesting::Map,
                };
                let inner = self.block();
                block.blocks.push(NestedBlock { name: name.into(), nesting, block: inner, min_items: 0, max_items: 0 });
            } else {
                block.attributes.push(self.attribute(name));
            }
            self.skip(",");
        }
        block
    }

    fn attribute(&mut self, name: &str) -> Attribute {
        self.expect(":");
        let start = self.rest;
        let word = self.name();
        let kind = if self.rest.starts_with('{') {
            let nesting = match word {
                "single" => ObjectNesting::Single,
                "list" => ObjectNesting::List,
                "set" => ObjectNesting::Set,
                _ => ObjectNesting::Map,
            };
            AttributeKind::Nested(NestedObject { attributes: self.block().attributes, nesting })
        } else {
            self.rest = start;
            AttributeKind::Type(self.ty())
        };
        let flags = self.while_in(|c| "rocsw".contains(c));
        let has = |flag| flags.contains(flag);
        Attribute {
            kind,
            required: has('r'),
            optional: has('o'),
            computed: has('c'),
            sensitive: has('s'),
            write_only: has('w'),
            ..Attribute::new(name, Type::Dynamic)
        }
    }

    fn ty(&mut self) -> Type {
        match self.name() {
            "any" => Type::Dynamic,
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            compound => {
                self.expect("(");
                match compound {
                    "tuple" => Type::tuple(self.items(")", Self::ty)),
                    "object" => Type::object(self.items(")", |reader| {
                        let name = reader.name();
                        reader.expect("=");
                        (name, reader.ty())
                    })),
                    _ => {
                        let element = Arc::new(self.ty());
                        self.expect(")");
                        match compound {
                            "list" => Type::List(element),
                            "set" => Type::Set(element),
                            _ => Type::Map(element),
                        }
                    }
                }
            }
        }
    }

    fn value(&mut self, ty: &Type) -> Value {
        if self.skip("<") {
            let ty = self.ty();
            self.expect(">");
            return self.value(&ty);
        }
        if self.skip("sensitive(") {
            let inner = self.value(ty);
            self.expect(")");
            return inner.with_marks(Marks::SENSITIVE);
        }
        if self.skip("?") {
            return self.unknown(ty);
        }
        if self.skip("[") {
            return self.sequence(ty);
        }
        if self.skip("{") {
            return self.keyed(ty);
        }
        if self.rest.starts_with('"') {
            return Value::string(self.text());
        }
        match self.while_in(|c| c.is_alphanumeric() || ".-".contains(c)) {
            "null" => Value::null(ty.clone()),
            "true" => Value::TRUE,
            "false" => Value::FALSE,
            number => Value::number(Number::parse(number).expect("a number")),
        }
    }

    fn unknown(&mut self, ty: &Type) -> Value {
        let not_null = self.skip("notnull");
        let prefix = self.skip("prefix").then(|| self.text().into());
        Value::unknown(ty.clone()).refine(Refinement { not_null, prefix, ..Refinement::default() })
    }

    fn sequence(&mut self, ty: &Type) -> Value {
        let types: &[Type] = if let Type::Tuple(types) = ty { types } else { &[] };
        let mut types = types.iter();
        let element = ty.element();
        let parts = self.items("]", |reader| reader.value(element.or_else(|| types.next()).unwrap_or(&Type::Dynamic)));
        match ty {
            Type::List(element) => Value::list((**element).clone(), parts),
            Type::Set(element) => Value::set((**element).clone(), parts),
            _ => Value::tuple(parts),
        }
    }

    fn keyed(&mut self, ty: &Type) -> Value {
        let entries = self.items("}", |reader| {
            let key = if reader.skip("\"") {
                let key = reader.while_in(|c| c != '"');
                reader.expect("\"");
                key
            } else {
                reader.name()
            };
            reader.expect("=");
            let part = match ty {
                Type::Object(object) => object.get(key).map(|attribute| &attribute.ty),
                _ => ty.element(),
            };
            (key, reader.value(part.unwrap_or(&Type::Dynamic)))
        });
        match ty {
            Type::Map(element) => Value::map((**element).clone(), entries),
            _ => Value::object(entries),
        }
    }
}
