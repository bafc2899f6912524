//! Type constraints as expressions: `map(object({ name = string, port = optional(number, 80) }))`.

use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Call, Expr, ExprKind};
use value::{Attribute, ObjectType, Type, Value};

/// Default values of optional attributes, in the shape of the type they belong to.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Of the attributes of an object.
    pub attributes: Vec<(EcoString, Value)>,
    /// Inside attributes of an object, or inside elements: of a collection under `""`, of a tuple under its place.
    pub children: Vec<(EcoString, Defaults)>,
}

impl Defaults {
    /// Tells whether there is no default anywhere.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.children.is_empty()
    }

    fn child(&self, name: &str) -> Option<&Defaults> {
        self.children.iter().find(|(key, _)| key == name).map(|(_, child)| child)
    }

    /// Fills in defaults where a value lacks attributes or has null there; what does not fit is left to conversion.
    pub fn apply(&self, value: Value) -> Value {
        if self.is_empty() || !value.is_known() || value.is_null() {
            return value;
        }
        let (value, marks) = value.unmark();
        let result = match value.kind() {
            value::Kind::Object(object) => {
                let entries = object.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                self.apply_attributes(entries)
            }
            value::Kind::Map(map) if !self.attributes.is_empty() => self.apply_attributes(map.entries().to_vec()),
            value::Kind::Map(map) => self.apply_entries(map.entries().to_vec()),
            value::Kind::List(list) => self.apply_elements(list.values()),
            value::Kind::Set(set) => self.apply_elements(set.values()),
            value::Kind::Tuple(tuple) => self.apply_elements(tuple.values()),
            _ => value,
        };
        result.with_marks(marks)
    }

    fn apply_attributes(&self, mut entries: Vec<(EcoString, Value)>) -> Value {
        if self.attributes.is_empty() && self.child("").is_some() {
            return self.apply_entries(entries);
        }
        for (name, default) in &self.attributes {
            match entries.iter_mut().find(|(key, _)| key == name) {
                Some((_, value)) if value.is_null() => *value = default.clone(),
                Some(_) => {}
                None => entries.push((name.clone(), default.clone())),
            }
        }
        for (name, value) in &mut entries {
            if let Some(child) = self.child(name) {
                *value = child.apply(value.clone());
            }
        }
        Value::object(entries)
    }

    fn apply_entries(&self, entries: Vec<(EcoString, Value)>) -> Value {
        let child = self.child("");
        let apply = |value: Value| child.map_or_else(|| value.clone(), |child| child.apply(value.clone()));
        Value::object(entries.into_iter().map(|(key, value)| (key, apply(value))))
    }

    fn apply_elements(&self, values: &[Value]) -> Value {
        let apply = |(place, value): (usize, &Value)| {
            let child = self.child("").or_else(|| self.child(&place.to_string()));
            child.map_or_else(|| value.clone(), |child| child.apply(value.clone()))
        };
        Value::tuple(values.iter().enumerate().map(apply).collect::<Vec<_>>())
    }
}

/// Reads a type constraint without defaults.
pub fn parse_type(tree: &Expr) -> (Type, Diagnostics) {
    let (ty, defaults, mut diags) = parse_constraint(tree, false);
    debug_assert!(defaults.is_empty(), "defaults are refused here");
    if diags.has_errors() {
        return (Type::Dynamic, diags);
    }
    (ty, std::mem::take(&mut diags))
}

/// Reads a type constraint of a variable: optional attributes may have defaults.
pub fn parse_type_with_defaults(tree: &Expr) -> (Type, Defaults, Diagnostics) {
    parse_constraint(tree, true)
}

fn parse_constraint(tree: &Expr, optional: bool) -> (Type, Defaults, Diagnostics) {
    let mut parser = Parser { optional, diags: Diagnostics::new() };
    let (ty, defaults) = parser.constraint(tree);
    (ty, defaults, parser.diags)
}

const INVALID: &str = "Invalid type specification";

struct Parser {
    optional: bool,
    diags: Diagnostics,
}

impl Parser {
    fn fail(&mut self, span: Span, detail: impl Into<String>) -> (Type, Defaults) {
        self.diags.error(span, INVALID, detail);
        (Type::Dynamic, Defaults::default())
    }

    fn constraint(&mut self, tree: &Expr) -> (Type, Defaults) {
        match &tree.kind {
            ExprKind::Variable(name) => self.keyword(name, tree.span),
            ExprKind::Call(call) => self.constructor(call, tree.span),
            ExprKind::JsonString(string) => {
                let (inner, diags) = syntax::parse_expression(tree.span.file, string.text.as_bytes(), 0);
                if diags.has_errors() {
                    return self.fail(tree.span, format!("{:?} is not a type.", string.text));
                }
                // The syntax that has no bare words knows these two from old times.
                match string.text.as_str() {
                    "list" => return (Type::list(Type::Dynamic), Defaults::default()),
                    "map" => return (Type::map(Type::Dynamic), Defaults::default()),
                    _ => {}
                }
                let before = self.diags.len();
                let result = self.constraint(&inner);
                // Places inside the text are not places of the file.
                self.diags.iter_mut().skip(before).for_each(|diagnostic| diagnostic.subject = Some(tree.span));
                result
            }
            ExprKind::String(text) => {
                let detail = format!("A type is written without quotes: {text} instead of {text:?}.");
                self.fail(tree.span, detail)
            }
            _ => self.fail(
                tree.span,
                "A type is expected: a keyword (string, number, bool, any) or a type constructor call, such as \
                 list(string).",
            ),
        }
    }

    fn keyword(&mut self, name: &str, span: Span) -> (Type, Defaults) {
        let ty = match name {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "any" => Type::Dynamic,
            "list" | "set" | "map" => {
                return self.fail(
                    span,
                    format!(
                        "The {name} type constructor requires one argument specifying the element type: {name}(string)."
                    ),
                );
            }
            "object" => {
                return self
                    .fail(span, "The object type constructor requires the attributes: object({ name = string }).");
            }
            "tuple" => {
                return self
                    .fail(span, "The tuple type constructor requires the element types: tuple([string, number]).");
            }
            _ => {
                let keywords = ["any", "bool", "list", "map", "number", "object", "set", "string", "tuple"];
                let hint = diag::did_you_mean(name, keywords).map(|near| format!(" Did you mean {near:?}?"));
                let detail = format!("The keyword {name:?} is not a valid type specification.");
                return self.fail(span, detail + &hint.unwrap_or_default());
            }
        };
        (ty, Defaults::default())
    }

    fn constructor(&mut self, call: &Call, span: Span) -> (Type, Defaults) {
        let name = call.name.name.as_str();
        match name {
            "bool" | "string" | "number" | "any" => {
                let detail = format!("Primitive type keyword {name:?} does not expect arguments.");
                return self.fail(call.parens, detail);
            }
            "optional" => {
                return self.fail(span, "optional(...) is only for attributes of an object type.");
            }
            "list" | "set" | "map" | "object" | "tuple" => {}
            _ => {
                let known = ["list", "map", "object", "set", "tuple"];
                let hint = diag::did_you_mean(name, known).map(|near| format!(" Did you mean {near:?}?"));
                let detail = format!("Keyword {name:?} is not a valid type constructor.");
                return self.fail(call.name.span, detail + &hint.unwrap_or_default());
            }
        }
        let [arg] = &call.args[..] else {
            let detail = format!("The {name} type constructor requires exactly one argument.");
            return self.fail(if call.args.is_empty() { span } else { call.parens }, detail);
        };
        match name {
            "object" => self.object(arg),
            "tuple" => self.tuple(arg),
            _ => {
                let (element, inner) = self.constraint(arg);
                let ty = match name {
                    "list" => Type::list(element),
                    "set" => Type::set(element),
                    _ => Type::map(element),
                };
                let mut defaults = Defaults::default();
                if !inner.is_empty() {
                    defaults.children.push((EcoString::new(), inner));
                }
                (ty, defaults)
            }
        }
    }

    fn tuple(&mut self, arg: &Expr) -> (Type, Defaults) {
        let ExprKind::Tuple(items) = &arg.kind else {
            return self.fail(arg.span, "Tuple type constructor requires a list of element types.");
        };
        let mut defaults = Defaults::default();
        let mut types = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            let (ty, inner) = self.constraint(item);
            types.push(ty);
            if !inner.is_empty() {
                defaults.children.push((place.to_string().into(), inner));
            }
        }
        (Type::tuple(types), defaults)
    }

    fn object(&mut self, arg: &Expr) -> (Type, Defaults) {
        let ExprKind::Object(items) = &arg.kind else {
            return self.fail(
                arg.span,
                "Object type constructor requires a map whose keys are attribute names and whose values are the \
                 corresponding attribute types.",
            );
        };
        let mut defaults = Defaults::default();
        let mut attributes = Vec::with_capacity(items.len());
        for item in items {
            let name = match &item.key.kind {
                ExprKind::Variable(name) | ExprKind::String(name) => name.clone(),
                ExprKind::JsonString(string) => string.text.clone(),
                _ => {
                    self.fail(item.key.span, "Object constructor map keys must be attribute names.");
                    continue;
                }
            };
            attributes.push(self.attribute(name, &item.value, &mut defaults));
        }
        (Type::Object(std::sync::Arc::new(ObjectType::new(attributes))), defaults)
    }

    fn attribute(&mut self, name: EcoString, tree: &Expr, defaults: &mut Defaults) -> Attribute {
        let call = match &tree.kind {
            ExprKind::Call(call) if call.name.name == "optional" => call,
            _ => {
                let (ty, inner) = self.constraint(tree);
                if !inner.is_empty() {
                    defaults.children.push((name.clone(), inner));
                }
                return Attribute { name, ty, optional: false };
            }
        };
        let Some(first) = call.args.first() else {
            self.fail(tree.span, "Optional attribute modifier requires the attribute type as its argument.");
            return Attribute { name, ty: Type::Dynamic, optional: true };
        };
        let (ty, inner) = self.constraint(first);
        if let Some(default) = call.args.get(1) {
            self.default_value(&name, &ty, &inner, default, defaults);
        }
        if let Some(extra) = call.args.get(2) {
            self.fail(
                extra.span,
                "Optional attribute modifier expects only one or two arguments: the attribute type and a default value.",
            );
        }
        if !inner.is_empty() {
            defaults.children.push((name.clone(), inner));
        }
        Attribute { name, ty, optional: true }
    }

    fn default_value(&mut self, name: &EcoString, ty: &Type, inner: &Defaults, tree: &Expr, defaults: &mut Defaults) {
        if !self.optional {
            self.fail(tree.span, "Optional attribute modifier expects only one argument here: the attribute type.");
            return;
        }
        let (value, diags) = crate::constant::evaluate(tree);
        if diags.has_errors() {
            self.diags.append(diags);
            return;
        }
        let value = inner.apply(value);
        match value::convert(&value, ty) {
            Ok(value) => defaults.attributes.push((name.clone(), value)),
            Err(error) => {
                let detail =
                    format!("This default value is not compatible with the attribute's type constraint: {error}.");
                self.diags.error(tree.span, "Invalid default value for optional attribute", detail);
            }
        }
    }
}
