//! Contents of bodies in JSON syntax: the schema decides which properties are attributes and which are blocks.

use std::sync::Arc;

use diag::{Diagnostics, Span, did_you_mean};

use super::{BlockSchema, BodySchema, Content, ContentBlock, Names, report_missing};
use crate::tree::{Attribute, Body, Expr, ExprKind, Ident, JsonBody};

/// A property of this name is a comment, in any body.
const COMMENT: &str = "//";

const WRONG_TYPE: &str = "Incorrect JSON value type";

/// A property: its name and its value.
type Property<'b> = (Ident, &'b Expr);

impl JsonBody {
    /// Reads what the schema names and reports all else.
    pub(super) fn content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Content {
        let content = self.known_content(schema, diags);
        let names = Names::new(schema);
        // The look for known names has reported values of the wrong type.
        for (name, _) in self.properties(&mut Diagnostics::new()) {
            let text = name.name.as_str();
            if text == COMMENT || names.has_attribute(text) || names.block(text).is_some() {
                continue;
            }
            let unset =
                schema.attributes.iter().map(|known| known.name).filter(|known| content.attribute(known).is_none());
            let known = unset.chain(schema.blocks.iter().map(|known| known.kind));
            let mut detail = format!("There is no argument or block type `{text}` here.");
            if let Some(near) = did_you_mean(text, known) {
                detail += &format!(" Did you mean `{near}`?");
            }
            diags.error(name.span, "Extraneous JSON object property", detail);
        }
        content
    }

    /// Reads what the schema names.
    pub(super) fn known_content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Content {
        let names = Names::new(schema);
        let mut content = Content { missing_item: Some(self.missing_item()), ..Content::default() };
        let errors = diags.len();
        let properties = self.properties(diags);
        let is_object = diags.len() == errors;
        for (name, value) in properties {
            if names.has_attribute(&name.name) {
                if content.attribute(&name.name).is_some() {
                    repeated(&name, "Duplicate argument", diags);
                } else {
                    content.attributes.push(attribute(name, value));
                }
            } else if let Some(wanted) = names.block(&name.name) {
                let mut reader = BlockReader { kind: &name, wanted, blocks: &mut content.blocks, diags };
                reader.read(value, &mut Vec::with_capacity(wanted.labels.len()));
            }
        }
        if is_object {
            report_missing(schema, &content, diags);
        }
        content
    }

    /// Returns the body without what the schema names.
    pub(super) fn without(&self, schema: &BodySchema<'_>) -> JsonBody {
        let mut rest = self.clone();
        rest.hidden.extend(schema.attributes.iter().map(|attribute| attribute.name.into()));
        rest.hidden.extend(schema.blocks.iter().map(|block| block.kind.into()));
        rest
    }

    /// Returns all properties as attributes.
    pub(super) fn just_attributes(&self, diags: &mut Diagnostics) -> Vec<Attribute> {
        let mut attributes: Vec<Attribute> = Vec::new();
        if matches!(self.value.kind, ExprKind::Tuple(_) | ExprKind::Null) {
            let detail = "A JSON object with the arguments must stand here.";
            diags.error(start_of(&self.value), WRONG_TYPE, detail);
            return attributes;
        }
        let mut seen = std::collections::HashSet::new();
        for (name, value) in self.properties(diags) {
            if name.name == COMMENT {
                continue;
            }
            if seen.insert(name.name.clone()) {
                attributes.push(attribute(name, value));
            } else {
                repeated(&name, "Duplicate attribute definition", diags);
            }
        }
        attributes
    }

    /// Returns where a missing attribute would have to be.
    pub(super) fn missing_item(&self) -> Span {
        let span = self.value.span;
        match self.value.kind {
            ExprKind::Object(_) if !span.is_empty() => Span { start: span.end - 1, ..span },
            _ => start_of(&self.value),
        }
    }

    /// Returns all properties that are not hidden, of all objects if there is an array of them.
    fn properties(&self, diags: &mut Diagnostics) -> Vec<Property<'_>> {
        let wanted = "with the arguments and blocks of this body";
        let mut properties = properties(&self.value, wanted, diags);
        if !self.hidden.is_empty() {
            properties.retain(|(name, _)| !self.hidden.contains(&name.name));
        }
        properties
    }
}

/// Returns the properties of an object or of all objects of an array; null has none.
fn properties<'b>(value: &'b Expr, wanted: &str, diags: &mut Diagnostics) -> Vec<Property<'b>> {
    let objects = match &value.kind {
        ExprKind::Tuple(elements) => elements.as_slice(),
        ExprKind::Null | ExprKind::Invalid => &[],
        _ => std::slice::from_ref(value),
    };
    let mut properties = Vec::new();
    for object in objects {
        match &object.kind {
            ExprKind::Object(items) => properties.extend(items.iter().map(|item| (key_of(&item.key), &item.value))),
            ExprKind::Invalid => {}
            _ => {
                let detail = format!("A JSON object {wanted} must stand here, or an array of such objects.");
                diags.error(start_of(object), WRONG_TYPE, detail);
            }
        }
    }
    properties
}

fn key_of(key: &Expr) -> Ident {
    let name = match &key.kind {
        ExprKind::JsonString(string) => string.text.clone(),
        // The reader of JSON makes no other keys.
        _ => ecow::EcoString::new(),
    };
    Ident { name, span: key.span }
}

fn attribute(name: Ident, value: &Expr) -> Attribute {
    let span = name.span.to(value.span);
    Attribute { name, expr: Arc::new(value.clone()), span }
}

fn repeated(name: &Ident, summary: &str, diags: &mut Diagnostics) {
    let detail = format!("`{}` is set further up already; an argument can be set once only.", name.name);
    diags.error(name.span, summary, detail);
}

/// The first byte of a value, as a span.
fn start_of(value: &Expr) -> Span {
    Span { end: (value.span.start + 1).min(value.span.end), ..value.span }
}

/// Takes the blocks out of one property: objects nested by label, then one object or an array of them.
struct BlockReader<'r> {
    kind: &'r Ident,
    wanted: &'r BlockSchema<'r>,
    blocks: &'r mut Vec<ContentBlock>,
    diags: &'r mut Diagnostics,
}

impl BlockReader<'_> {
    fn read(&mut self, value: &Expr, labels: &mut Vec<Ident>) {
        let Some(label) = self.wanted.labels.get(labels.len()) else {
            return self.bodies(value, labels);
        };
        let kind = self.wanted.kind;
        let wanted = format!("whose property names are the {label} labels of `{kind}` blocks");
        let errors = self.diags.len();
        let properties = properties(value, &wanted, self.diags);
        if properties.is_empty() && self.diags.len() == errors && !matches!(value.kind, ExprKind::Invalid) {
            let detail =
                format!("A `{kind}` block has a {label}: there must be a property here whose name is the {label}.");
            self.diags.error(start_of(value), "Missing block label", detail);
        }
        for (name, inner) in properties {
            labels.push(name);
            self.read(inner, labels);
            labels.pop();
        }
    }

    fn bodies(&mut self, value: &Expr, labels: &[Ident]) {
        let header = start_of(value);
        let bodies = match &value.kind {
            ExprKind::Null | ExprKind::Invalid => return,
            ExprKind::Object(_) => std::slice::from_ref(value),
            ExprKind::Tuple(elements) => elements.as_slice(),
            _ => {
                let detail = format!(
                    "The contents of a `{}` block are a JSON object; those of several are an array of objects.",
                    self.wanted.kind
                );
                return self.diags.error(header, WRONG_TYPE, detail);
            }
        };
        self.blocks.extend(bodies.iter().map(|body| ContentBlock {
            kind: self.kind.clone(),
            labels: labels.to_vec(),
            body: Body::Json(JsonBody { value: Arc::new(body.clone()), hidden: Vec::new() }),
            header,
        }));
    }
}
