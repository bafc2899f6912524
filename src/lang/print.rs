//! How the console shows a value: as an expression that gives it, with its type to be seen.

use value::{Kind, Marks, Type, Value};

use crate::printable::is_printable;

/// Shows a value as `terraform console` does; several lines without a last line break.
pub fn print_value(value: &Value) -> String {
    let mut printer = Printer { text: String::new() };
    printer.value(value, 0);
    printer.text
}

/// Shows a type as the console's `type` function does.
pub fn print_type(ty: &Type) -> String {
    let mut printer = Printer { text: String::new() };
    printer.ty(ty, 0);
    printer.text
}

/// Puts a text in double quotes; what cannot be seen is written as an escape, `${` and `%{` stay.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        push_escaped(&mut quoted, character);
    }
    quoted.push('"');
    quoted
}

/// Writes a text as configurations have it: what is read is this very text, with no template in it.
pub fn literal(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let code = u32::from(character);
        match character {
            '"' | '\\' => written.extend(['\\', character]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '$' | '%' if characters.peek() == Some(&'{') => written.extend([character, character]),
            _ if is_printable(character) => written.push(character),
            _ if code < 0x1_0000 => written.push_str(&format!("\\u{code:04x}")),
            _ => written.push_str(&format!("\\U{code:08x}")),
        }
    }
    written.push('"');
    written
}

fn push_escaped(text: &mut String, character: char) {
    let code = u32::from(character);
    match character {
        '"' | '\\' => text.extend(['\\', character]),
        _ if is_printable(character) => text.push(character),
        '\x07' => text.push_str("\\a"),
        '\x08' => text.push_str("\\b"),
        '\x0c' => text.push_str("\\f"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\x0b' => text.push_str("\\v"),
        _ if code < 0x80 => text.push_str(&format!("\\x{code:02x}")),
        _ if code < 0x1_0000 => text.push_str(&format!("\\u{code:04x}")),
        _ => text.push_str(&format!("\\U{code:08x}")),
    }
}

struct Printer {
    text: String,
}

impl Printer {
    fn value(&mut self, value: &Value, indent: usize) {
        // Bounds the native stack: values may be as deep as the parser lets expressions be.
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.bare_value(value, indent));
    }

    fn bare_value(&mut self, value: &Value, indent: usize) {
        let marks = value.marks();
        match value.kind() {
            Kind::Unknown(..) => self.push("(known after apply)"),
            _ if marks.contains(Marks::SENSITIVE) => self.push("(sensitive value)"),
            _ if marks.contains(Marks::EPHEMERAL) => self.push("(ephemeral value)"),
            Kind::Null(ty) => self.null(ty),
            Kind::Bool(value) => self.push(if value { "true" } else { "false" }),
            Kind::Number(number) => self.push(&number.to_string()),
            Kind::String(text) => self.string(text, indent),
            Kind::Tuple(tuple) => self.sequence(tuple.values(), indent),
            Kind::List(list) => self.wrapped("tolist(", |printer| printer.sequence(list.values(), indent)),
            Kind::Set(set) => self.wrapped("toset(", |printer| printer.sequence(set.values(), indent)),
            Kind::Object(object) => self.mapping(object.iter().map(|(k, v)| (k.as_str(), v)), indent),
            Kind::Map(map) => {
                let entries = map.entries().iter().map(|(k, v)| (k.as_str(), v));
                self.wrapped("tomap(", |printer| printer.mapping(entries, indent));
            }
            Kind::Meta(ty) => self.ty(ty, 0),
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn wrapped(&mut self, opening: &str, inside: impl FnOnce(&mut Printer)) {
        self.push(opening);
        inside(self);
        self.push(")");
    }

    fn null(&mut self, ty: &Type) {
        let function = match ty {
            Type::Dynamic => return self.push("null"),
            Type::String => return self.push("tostring(null)"),
            Type::Number => return self.push("tonumber(null)"),
            Type::Bool => return self.push("tobool(null)"),
            Type::List(_) => "tolist",
            Type::Set(_) => "toset",
            Type::Map(_) => "tomap",
            Type::Tuple(_) | Type::Object(_) | Type::Meta => {
                return self.push(&format!("null /* {} */", ty.friendly_name()));
            }
        };
        let element = ty.element().map(Type::friendly_name).unwrap_or_default();
        self.push(&format!("{function}(null) /* of {element} */"));
    }

    fn string(&mut self, text: &str, indent: usize) {
        if !text.contains('\n') {
            return self.push(&quote(text));
        }
        let mut delimiter = String::from("EOT");
        // The first free of `EOT`, `EOT_`, `EOT__`: a line that reads like the delimiter would end the text.
        while text.split('\n').any(|line| trim(line) == delimiter) {
            delimiter.push('_');
        }
        self.push(if indent > 0 { "<<-" } else { "<<" });
        self.push(&delimiter);
        for line in text.split('\n') {
            self.new_line(indent);
            self.push(line);
        }
        self.new_line(indent);
        self.push(&delimiter);
    }

    fn sequence(&mut self, values: &[Value], indent: usize) {
        self.push("[");
        for value in values {
            self.new_line(indent + 2);
            self.value(value, indent + 2);
            self.push(",");
        }
        if !values.is_empty() {
            self.new_line(indent);
        }
        self.push("]");
    }

    fn mapping<'v>(&mut self, entries: impl ExactSizeIterator<Item = (&'v str, &'v Value)>, indent: usize) {
        let is_empty = entries.len() == 0;
        self.push("{");
        for (key, value) in entries {
            self.new_line(indent + 2);
            self.string(key, indent + 2);
            self.push(" = ");
            self.value(value, indent + 2);
        }
        if !is_empty {
            self.new_line(indent);
        }
        self.push("}");
    }

    fn ty(&mut self, ty: &Type, level: usize) {
        match ty {
            Type::Object(object) if !object.attributes().is_empty() => {
                self.push("object({");
                for attribute in object.attributes() {
                    self.type_line(level + 1);
                    self.push(&attribute.name);
                    self.push(": ");
                    self.ty(&attribute.ty, level + 1);
                    self.push(",");
                }
                self.type_line(level);
                self.push("})");
            }
            Type::Object(_) => self.push("object({})"),
            Type::Tuple(types) if !types.is_empty() => {
                self.push("tuple([");
                for ty in types.iter() {
                    self.type_line(level + 1);
                    self.ty(ty, level + 1);
                    self.push(",");
                }
                self.type_line(level);
                self.push("])");
            }
            Type::Tuple(_) => self.push("tuple([])"),
            Type::List(element) => self.collection_type("list(", element, level),
            Type::Set(element) => self.collection_type("set(", element, level),
            Type::Map(element) => self.collection_type("map(", element, level),
            Type::Dynamic | Type::Bool | Type::Number | Type::String | Type::Meta => self.push(&ty.friendly_name()),
        }
    }

    fn collection_type(&mut self, opening: &str, element: &Type, level: usize) {
        self.push(opening);
        if matches!(element, Type::Object(_) | Type::Tuple(_)) {
            self.type_line(level + 1);
            self.ty(element, level + 1);
            self.push(",");
            self.type_line(level);
        } else {
            self.ty(element, level);
        }
        self.push(")");
    }

    fn type_line(&mut self, level: usize) {
        self.new_line(4 * level);
    }
}

/// Takes off the white space that a heredoc's end may have around it.
fn trim(line: &str) -> &str {
    line.trim_matches(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use value::{Marks, Number, Type, Value};

    use super::{print_type, print_value};

    #[track_caller]
    fn check(value: Value, expected: &str) {
        assert_eq!(print_value(&value), expected);
    }

    fn number(value: i64) -> Value {
        Value::number(value)
    }

    #[test]
    fn nulls_show_their_type() {
        check(Value::NULL, "null");
        check(Value::null(Type::String), "tostring(null)");
        check(Value::null(Type::Number), "tonumber(null)");
        check(Value::null(Type::Bool), "tobool(null)");
        check(Value::null(Type::list(Type::Dynamic)), "tolist(null) /* of dynamic */");
        check(Value::null(Type::list(Type::object([("a", Type::Number)]))), "tolist(null) /* of object */");
        check(Value::null(Type::map(Type::list(Type::Number))), "tomap(null) /* of list of number */");
        check(Value::null(Type::set(Type::String)), "toset(null) /* of string */");
        check(Value::null(Type::object([("a", Type::Number)])), "null /* object */");
        check(Value::null(Type::tuple([Type::Number])), "null /* tuple */");
    }

    #[test]
    fn numbers_have_no_exponent() {
        let parsed = |text: &str| Value::number(Number::parse(text).expect("a number"));
        check(parsed("1.0"), "1");
        check(parsed("-1.5"), "-1.5");
        check(parsed("1e-7"), "0.0000001");
        check(parsed("1e21"), "1000000000000000000000");
    }

    #[test]
    fn strings_are_quoted_like_source_text_with_escapes_for_what_cannot_be_seen() {
        check("a\u{200b}b".into(), r#""a\u200bb""#);
        check("\u{ad}\u{a0}\u{2028}\u{feff}".into(), r#""\u00ad\u00a0\u2028\ufeff""#);
        check("\0\x01\x1b\x7f\u{85}".into(), r#""\x00\x01\x1b\x7f\u0085""#);
        check("\t\"\\ ${a} %{b}".into(), r#""\t\"\\ ${a} %{b}""#);
        check("\u{1F600}\u{301}é中".into(), "\"\u{1F600}\u{301}é中\"");
        check("\u{E0100}\u{E000}\u{10FFFF}".into(), "\"\u{E0100}\\ue000\\U0010ffff\"");
        check("\r".into(), r#""\r""#);
    }

    #[test]
    fn strings_of_several_lines_are_heredocs_without_escapes() {
        check("a\nb".into(), "<<EOT\na\nb\nEOT");
        check("a\r\n\x01\"".into(), "<<EOT\na\r\n\x01\"\nEOT");
        check("\n".into(), "<<EOT\n\n\nEOT");
        check("EOT\nEOT_".into(), "<<EOT__\nEOT\nEOT_\nEOT__");
        check("\u{a0}EOT \nx".into(), "<<EOT_\n\u{a0}EOT \nx\nEOT_");
        let object = Value::object([("c", Value::string("x\n  y\n"))]);
        check(
            Value::tuple(["a\nb".into(), object]),
            "[\n  <<-EOT\n  a\n  b\n  EOT,\n  {\n    \"c\" = <<-EOT\n    x\n      y\n    \n    EOT\n  },\n]",
        );
        check(Value::object([("a\nb", number(1))]), "{\n  <<-EOT\n  a\n  b\n  EOT = 1\n}");
    }

    #[test]
    fn collections_name_their_kind_and_tuples_and_objects_do_not() {
        check(Value::tuple([]), "[]");
        check(Value::object::<&str>([]), "{}");
        check(Value::list(Type::Dynamic, []), "tolist([])");
        check(Value::map::<&str>(Type::Dynamic, []), "tomap({})");
        check(Value::set(Type::String, ["b".into(), "a".into()]), "toset([\n  \"a\",\n  \"b\",\n])");
        check(Value::map(Type::tuple([]), [("a b", Value::tuple([]))]), "tomap({\n  \"a b\" = []\n})");
        let empty = || Value::object::<&str>([]);
        check(
            Value::tuple([Value::tuple([]), empty(), Value::tuple([empty()])]),
            "[\n  [],\n  {},\n  [\n    {},\n  ],\n]",
        );
    }

    #[test]
    fn hidden_and_unknown_values_show_neither_value_nor_type() {
        let secret = Value::object([("a", number(1))]).with_marks(Marks::SENSITIVE);
        check(Value::tuple([secret, Value::TRUE]), "[\n  (sensitive value),\n  true,\n]");
        check(number(1).with_marks(Marks::EPHEMERAL), "(ephemeral value)");
        check(number(1).with_marks(Marks::EPHEMERAL | Marks::SENSITIVE), "(sensitive value)");
        check(Value::dynamic().with_marks(Marks::SENSITIVE), "(known after apply)");
    }

    #[test]
    fn types_are_indented_by_four() {
        let check = |ty: Type, expected: &str| assert_eq!(print_type(&ty), expected);
        check(Type::Dynamic, "dynamic");
        check(Type::tuple([]), "tuple([])");
        check(Type::object::<&str>([]), "object({})");
        check(Type::set(Type::Dynamic), "set(dynamic)");
        check(
            Type::object([("a", Type::Number), ("b", Type::tuple([Type::String, Type::Bool]))]),
            "object({\n    a: number,\n    b: tuple([\n        string,\n        bool,\n    ]),\n})",
        );
        check(
            Type::object([("a b", Type::list(Type::object([("d", Type::Number)])))]),
            "object({\n    a b: list(\n        object({\n            d: number,\n        }),\n    ),\n})",
        );
    }
}
