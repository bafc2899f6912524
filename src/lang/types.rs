//! Type constraints as expressions: `map(object({ name = string, port = optional(number, 80) }))`.

use std::collections::{BTreeMap, HashSet};

use diag::{Diagnostic, Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Call, Expr, ExprKind};
use value::{Attribute, Kind, MapValue, ObjectType, Type, Value, unify_values};

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

    /// Returns the defaults inside an element of a list, set or tuple.
    fn of_element(&self, place: usize) -> Option<&Defaults> {
        self.child("").or_else(|| self.child(&place.to_string()))
    }

    /// Returns the defaults inside an attribute of an object or an element of a map.
    fn of_name(&self, name: &str) -> Option<&Defaults> {
        // Places in tuples are never names of attributes.
        let is_name = !name.starts_with(|first: char| first.is_ascii_digit());
        self.child("").or_else(|| if is_name { self.child(name) } else { None })
    }

    /// Fills in defaults where a value lacks attributes or has null there; what does not fit is left to conversion.
    ///
    /// A collection stays one where its elements still have a type in common, and becomes a tuple or object otherwise.
    pub fn apply(&self, value: Value) -> Value {
        if self.is_empty() || !value.is_known() || value.is_null() {
            return value;
        }
        let (value, marks) = value.unmark();
        let result = match value.kind() {
            Kind::Object(object) => {
                let entries = object.iter().map(|(name, value)| (name.clone(), value.clone()));
                Value::object(self.apply_entries(entries.collect()))
            }
            Kind::Map(map) => self.apply_map(map),
            Kind::List(list) => {
                let values = self.apply_elements(list.values());
                collection(list.element_type(), values, Value::list)
            }
            Kind::Set(set) => {
                let values = self.apply_elements(set.values());
                collection(set.element_type(), values, Value::set)
            }
            Kind::Tuple(tuple) => Value::tuple(self.apply_elements(tuple.values())),
            _ => value,
        };
        result.with_marks(marks)
    }

    fn apply_elements(&self, values: &[Value]) -> Vec<Value> {
        let apply = |(place, value): (usize, &Value)| match self.of_element(place) {
            Some(inner) => inner.apply(value.clone()),
            None => value.clone(),
        };
        values.iter().enumerate().map(apply).collect()
    }

    fn apply_map(&self, map: &MapValue) -> Value {
        let entries = self.apply_entries(map.entries().to_vec());
        let (names, values): (Vec<EcoString>, Vec<Value>) = entries.into_iter().unzip();
        let objects = names.clone();
        let rebuilt = collection(map.element_type(), values, |element, values| {
            Value::map(element, names.into_iter().zip(values))
        });
        match rebuilt.kind() {
            Kind::Tuple(tuple) => Value::object(objects.into_iter().zip(tuple.values().iter().cloned())),
            _ => rebuilt,
        }
    }

    /// Applies to sorted entries what is inside them, then adds what is missing; the result is sorted, too.
    fn apply_entries(&self, entries: Vec<(EcoString, Value)>) -> Vec<(EcoString, Value)> {
        let mut entries: BTreeMap<EcoString, Value> = entries
            .into_iter()
            .map(|(name, value)| match self.of_name(&name) {
                Some(inner) => (name, inner.apply(value)),
                None => (name, value),
            })
            .collect();
        for (name, default) in &self.attributes {
            match entries.get_mut(name) {
                Some(value) if !value.is_null() => {
                    // Null would give the default, so whatever comes is not null.
                    if !default.is_null() {
                        *value = std::mem::replace(value, Value::NULL).refine_not_null();
                    }
                }
                _ => {
                    let inner = self.of_name(name);
                    let filled = inner.map_or_else(|| default.clone(), |inner| inner.apply(default.clone()));
                    entries.insert(name.clone(), filled);
                }
            }
        }
        entries.into_iter().collect()
    }
}

/// Makes a collection of elements if they have a type in common, and a tuple if not.
fn collection(old: &Type, values: Vec<Value>, make: impl FnOnce(Type, Vec<Value>) -> Value) -> Value {
    if values.is_empty() {
        return make(old.clone(), values);
    }
    if let Some((unified, converted)) = unify_values(&values)
        && !unified.undecided
        && let Ok(converted) = converted.into_iter().collect::<Result<Vec<Value>, _>>()
    {
        return make(unified.ty, converted);
    }
    Value::tuple(values)
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

    fn fail_within(&mut self, span: Span, context: Span, detail: impl Into<String>) -> (Type, Defaults) {
        self.diags.push(Diagnostic::error(INVALID, detail).at(span).within(context));
        (Type::Dynamic, Defaults::default())
    }

    fn constraint(&mut self, tree: &Expr) -> (Type, Defaults) {
        match &tree.kind {
            ExprKind::Variable(name) => self.keyword(name, tree.span),
            ExprKind::Null => self.keyword("null", tree.span),
            ExprKind::Bool(value) => self.keyword(if *value { "true" } else { "false" }, tree.span),
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
                let detail = format!("Type keyword {name:?} does not expect arguments.");
                return self.fail(call.parens, detail);
            }
            "optional" => {
                return self.fail(call.name.span, "optional(...) is only for attributes of an object type.");
            }
            "list" | "set" | "map" | "object" | "tuple" => {}
            _ => {
                let known = ["list", "map", "object", "set", "tuple"];
                let hint = diag::did_you_mean(name, known).map(|near| format!(" Did you mean {near:?}?"));
                let detail = format!("Keyword {name:?} is not a valid type constructor.");
                return self.fail(span, detail + &hint.unwrap_or_default());
            }
        }
        let [arg] = &call.args[..] else {
            let detail = format!("The {name} type constructor requires exactly one argument.");
            let place = match &call.args[..] {
                [_, second, ..] => call.args.last().map_or(second.span, |last| second.span.to(last.span)),
                _ => call.parens,
            };
            self.diags.push(Diagnostic::error(INVALID, detail).at(place).within(call.parens));
            return (Type::Dynamic, Defaults::default());
        };
        match name {
            "object" => self.object(arg, span),
            "tuple" => self.tuple(arg, span),
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

    fn tuple(&mut self, arg: &Expr, span: Span) -> (Type, Defaults) {
        let ExprKind::Tuple(items) = &arg.kind else {
            return self.fail_within(arg.span, span, "Tuple type constructor requires a list of element types.");
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

    fn object(&mut self, arg: &Expr, span: Span) -> (Type, Defaults) {
        let ExprKind::Object(items) = &arg.kind else {
            return self.fail_within(
                arg.span,
                span,
                "Object type constructor requires a map whose keys are attribute names and whose values are the \
                 corresponding attribute types.",
            );
        };
        let mut defaults = Defaults::default();
        let mut attributes = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            let name = match &item.key.kind {
                ExprKind::Variable(name) => name.clone(),
                ExprKind::JsonString(string) => string.text.clone(),
                ExprKind::Null => "null".into(),
                ExprKind::Bool(value) => EcoString::from(if *value { "true" } else { "false" }),
                _ => {
                    self.fail_within(item.key.span, span, "Object constructor map keys must be attribute names.");
                    continue;
                }
            };
            if !seen.insert(name.clone()) {
                let detail = format!("The object type has an attribute {name:?} already.");
                self.fail_within(item.key.span, span, detail);
                continue;
            }
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
            self.fail_within(
                call.parens,
                tree.span,
                "Optional attribute modifier requires the attribute type as its argument.",
            );
            return Attribute { name, ty: Type::Dynamic, optional: true };
        };
        let (ty, inner) = self.constraint(first);
        match &call.args[1..] {
            [] => {}
            [default] if self.optional => self.default_value(&name, &ty, default, defaults),
            _ => {
                let most = if self.optional { "two arguments: the attribute type and a default value" } else { "one" };
                let detail = format!("Optional attribute modifier expects at most {most}.");
                self.fail_within(call.parens, tree.span, detail);
            }
        }
        if !inner.is_empty() {
            defaults.children.push((name.clone(), inner));
        }
        Attribute { name, ty, optional: true }
    }

    fn default_value(&mut self, name: &EcoString, ty: &Type, tree: &Expr, defaults: &mut Defaults) {
        let (value, diags) = crate::constant::evaluate(tree);
        if diags.has_errors() {
            self.diags.append(diags);
            return;
        }
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

#[cfg(test)]
mod tests;
