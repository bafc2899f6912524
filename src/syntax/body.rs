//! What a body holds, seen through a schema: the one way to read native and JSON bodies alike.

use diag::{Diagnostics, Span};

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
    pub fn content(&self, _schema: &BodySchema<'_>, _diags: &mut Diagnostics) -> Content {
        panic!("skeleton")
    }

    /// Reads what the schema names and returns the rest of the body.
    pub fn partial_content(&self, _schema: &BodySchema<'_>, _diags: &mut Diagnostics) -> (Content, Body) {
        panic!("skeleton")
    }

    /// Reads a body as attributes of any name; blocks are diagnostics.
    pub fn just_attributes(&self, _diags: &mut Diagnostics) -> Vec<Attribute> {
        panic!("skeleton")
    }

    /// Returns where a missing attribute would have to be.
    pub fn missing_item(&self) -> Option<Span> {
        panic!("skeleton")
    }
}
