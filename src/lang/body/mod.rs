//! Bodies that a provider's schema describes: compiled once per block, evaluated once per instance.

mod compile;
mod eval;
#[cfg(test)]
mod tests;

use diag::Span;
use ecow::EcoString;
use std::sync::Arc;
use value::Type;

use crate::expr::Expr;

/// A compiled body.
#[derive(Debug)]
pub struct CompiledBody {
    /// Attribute and nested block names, sorted: the shape of the objects.
    names: Arc<[EcoString]>,
    /// Where each value comes from, in the order of the names.
    sources: Vec<Source>,
    /// Where a missing attribute would have to be.
    missing_item: Option<Span>,
}

#[derive(Debug)]
enum Source {
    /// An attribute that is not set: null of its type.
    Absent(Type),
    /// An attribute that is set.
    Attribute(Box<SetAttribute>),
    /// Nested blocks of one type.
    Blocks(Box<NestedBlocks>),
}

#[derive(Debug)]
struct SetAttribute {
    name: EcoString,
    name_span: Span,
    expr: Expr,
    ty: Type,
    required: bool,
    write_only: bool,
}

#[derive(Debug)]
struct NestedBlocks {
    schema: Arc<schema::NestedBlock>,
    items: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Block { label: Option<EcoString>, header: Span, body: CompiledBody },
    Dynamic(Box<Dynamic>),
}

#[derive(Debug)]
struct Dynamic {
    for_each: Expr,
    labels: Vec<Expr>,
    header: Span,
    body: CompiledBody,
}

/// A part of a compiled body, for those who describe it.
pub enum BodyPart<'a> {
    /// An attribute that is set.
    Attribute(&'a Expr),
    /// Nested blocks of one type, with their labels; those that a `dynamic` block makes are left out.
    Blocks(schema::BlockNesting, Vec<(Option<&'a EcoString>, &'a CompiledBody)>),
}

impl CompiledBody {
    /// Returns what is set, by name, sorted.
    pub fn parts(&self) -> Vec<(&EcoString, BodyPart<'_>)> {
        let part = |source| match source {
            &Source::Absent(_) => None,
            Source::Attribute(attribute) => Some(BodyPart::Attribute(&attribute.expr)),
            Source::Blocks(blocks) => {
                let blocks_written = blocks.items.iter().filter_map(|item| match item {
                    Item::Block { label, body, .. } => Some((label.as_ref(), body)),
                    Item::Dynamic(_) => None,
                });
                let written: Vec<_> = blocks_written.collect();
                (!written.is_empty()).then_some(BodyPart::Blocks(blocks.schema.nesting, written))
            }
        };
        self.names.iter().zip(&self.sources).filter_map(|(name, source)| Some((name, part(source)?))).collect()
    }

    /// Returns where an attribute is set.
    pub fn place_of(&self, name: &str) -> Option<Span> {
        let place = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        match &self.sources[place] {
            Source::Absent(_) => None,
            Source::Attribute(attribute) => Some(attribute.expr.span),
            Source::Blocks(blocks) => blocks.items.first().map(|item| match item {
                Item::Block { header, .. } => *header,
                Item::Dynamic(dynamic) => dynamic.header,
            }),
        }
    }

    /// Tells whether the body always has the same value: it refers to nothing, and calls nothing whose answers differ.
    pub fn is_constant(&self) -> bool {
        let mut is_constant = true;
        self.visit_expressions(&mut |expr| is_constant &= expr.is_steady());
        is_constant
    }

    /// Calls `visit` for every expression in the body.
    pub fn visit_expressions<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        for source in &self.sources {
            match source {
                Source::Absent(_) => {}
                Source::Attribute(attribute) => visit(&attribute.expr),
                Source::Blocks(blocks) => {
                    for item in &blocks.items {
                        match item {
                            Item::Block { body, .. } => body.visit_expressions(visit),
                            Item::Dynamic(dynamic) => {
                                visit(&dynamic.for_each);
                                dynamic.labels.iter().for_each(&mut *visit);
                                dynamic.body.visit_expressions(visit);
                            }
                        }
                    }
                }
            }
        }
    }
}
