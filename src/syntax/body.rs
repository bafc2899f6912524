//! What a body holds, seen through a schema: the one way to read native and JSON bodies alike.

mod json;
mod native;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use diag::{Diagnostic, Diagnostics, Span};

use crate::tree::{Attribute, Body, Ident};

/// What may stand in a body.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodySchema<'a> {
    /// The attributes.
    pub attributes: &'a [AttributeSchema<'a>],
    /// The blocks.
    pub blocks: &'a [BlockSchema<'a>],
}

/// An attribute that may stand in a body.
#[derive(Clone, Copy, Debug)]
pub struct AttributeSchema<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether its absence is an error.
    pub required: bool,
}

/// A block that may stand in a body, any number of times.
#[derive(Clone, Copy, Debug)]
pub struct BlockSchema<'a> {
    /// Its type.
    pub kind: &'a str,
    /// What its labels are called, for messages: `&["type", "name"]`.
    pub labels: &'a [&'a str],
}

/// What a body holds.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// The attributes, in source order.
    pub attributes: Vec<Attribute>,
    /// The blocks, in source order.
    pub blocks: Vec<ContentBlock>,
    /// Where a missing attribute would have to be.
    pub missing_item: Option<Span>,
}

/// A block of a content.
#[derive(Clone, Debug)]
pub struct ContentBlock {
    /// The block type.
    pub kind: Ident,
    /// As many labels as the schema says.
    pub labels: Vec<Ident>,
    /// The inside.
    pub body: Body,
    /// Kind and labels: what messages point at.
    pub header: Span,
}

impl Content {
    /// Returns the attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name.name == name)
    }

    /// Returns the blocks of a type.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a ContentBlock> {
        self.blocks.iter().filter(move |b| b.kind.name == kind)
    }
}

impl Body {
    /// Reads a body that may hold nothing but what the schema names; anything else is a diagnostic.
    pub fn content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Content {
        match self {
            Body::Native(body) => body.content(schema, diags),
            Body::Json(body) => body.content(schema, diags),
            Body::Layers(layers) => layers.content(schema, diags),
        }
    }

    /// Reads what the schema names and returns the rest of the body.
    pub fn partial_content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> (Content, Body) {
        match self {
            Body::Native(body) => {
                let content = body.known_content(schema, diags);
                (content, Body::Native(body.without(schema).into()))
            }
            Body::Json(body) => {
                let content = body.known_content(schema, diags);
                (content, Body::Json(body.without(schema)))
            }
            Body::Layers(layers) => layers.partial_content(schema, diags),
        }
    }

    /// Reads a body as attributes of any name; blocks are diagnostics.
    pub fn just_attributes(&self, diags: &mut Diagnostics) -> Vec<Attribute> {
        match self {
            Body::Native(body) => body.just_attributes(diags),
            Body::Json(body) => body.just_attributes(diags),
            Body::Layers(layers) => layers.just_attributes(diags),
        }
    }

    /// Returns where a missing attribute would have to be.
    pub fn missing_item(&self) -> Option<Span> {
        match self {
            Body::Native(body) => body.missing_item,
            Body::Json(body) => Some(body.missing_item()),
            Body::Layers(layers) => layers.base.missing_item(),
        }
    }
}

/// The names of a schema, for look-up. Short lists are searched faster than hashed.
struct Names<'s> {
    schema: BodySchema<'s>,
    attributes: Option<HashSet<&'s str>>,
}

impl<'s> Names<'s> {
    fn new(schema: &BodySchema<'s>) -> Names<'s> {
        const SEARCHED_MAX: usize = 16;
        let hashed = schema.attributes.len() > SEARCHED_MAX;
        let attributes = hashed.then(|| schema.attributes.iter().map(|attribute| attribute.name).collect());
        Names { schema: *schema, attributes }
    }

    fn has_attribute(&self, name: &str) -> bool {
        match &self.attributes {
            Some(hashed) => hashed.contains(name),
            None => self.schema.attributes.iter().any(|attribute| attribute.name == name),
        }
    }

    fn block(&self, kind: &str) -> Option<&'s BlockSchema<'s>> {
        self.schema.blocks.iter().find(|block| block.kind == kind)
    }
}

/// Reports the required attributes that a content does not have.
pub(crate) fn report_missing(schema: &BodySchema<'_>, content: &Content, diags: &mut Diagnostics) {
    for attribute in schema.attributes.iter().filter(|attribute| attribute.required) {
        if content.attribute(attribute.name).is_some() {
            continue;
        }
        let detail = format!("The argument `{}` must be set here.", attribute.name);
        let mut diagnostic = Diagnostic::error("Missing required argument", detail);
        diagnostic.subject = content.missing_item;
        diags.push(diagnostic);
    }
}
