//! Bodies that lie over each other: an override file's block over the block it changes.

use std::sync::Arc;

use diag::Diagnostics;
use ecow::EcoString;

use crate::body::report_missing;
use crate::tree::{Attribute, Body};
use crate::{AttributeSchema, BodySchema, Content, ContentBlock};

/// Block types that are changed attribute by attribute instead of being replaced as a whole.
const MERGED_BLOCKS: &[&str] = &["lifecycle"];

/// Two bodies read as one.
#[derive(Clone, Debug)]
pub struct Layers {
    /// What was there.
    pub base: Body,
    /// What lies over it.
    pub top: Body,
    /// The top replaces attributes of the same name and blocks of the same type; otherwise both count.
    pub replaces: bool,
}

impl Body {
    /// Returns the body with attributes and blocks of another replacing those of the same name.
    #[must_use]
    pub fn overridden_by(self, top: Body) -> Body {
        Body::Layers(Arc::new(Layers { base: self, top, replaces: true }))
    }

    /// Returns the body with the attributes and blocks of another besides its own.
    #[must_use]
    pub fn with_more(self, top: Body) -> Body {
        Body::Layers(Arc::new(Layers { base: self, top, replaces: false }))
    }
}

impl Layers {
    pub(crate) fn content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Content {
        let merged = self.merged(schema, |body, schema| body.content(schema, diags));
        report_missing(schema, &merged, diags);
        merged
    }

    pub(crate) fn partial_content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> (Content, Body) {
        let mut rests = Vec::with_capacity(2);
        let merged = self.merged(schema, |body, schema| {
            let (content, rest) = body.partial_content(schema, diags);
            rests.push(rest);
            content
        });
        report_missing(schema, &merged, diags);
        let top = rests.pop().unwrap_or_else(|| self.top.clone());
        let base = rests.pop().unwrap_or_else(|| self.base.clone());
        (merged, Body::Layers(Arc::new(Layers { base, top, replaces: self.replaces })))
    }

    pub(crate) fn just_attributes(&self, diags: &mut Diagnostics) -> Vec<Attribute> {
        let base = self.base.just_attributes(diags);
        merge_attributes(base, self.top.just_attributes(diags))
    }

    /// Reads both bodies, without asking for what is required of them only together.
    fn merged(&self, schema: &BodySchema<'_>, mut read: impl FnMut(&Body, &BodySchema<'_>) -> Content) -> Content {
        let attributes: Vec<AttributeSchema<'_>> =
            schema.attributes.iter().map(|attribute| AttributeSchema { required: false, ..*attribute }).collect();
        let relaxed = BodySchema { attributes: &attributes, blocks: schema.blocks };
        let base = read(&self.base, &relaxed);
        let top = read(&self.top, &relaxed);
        Content {
            attributes: merge_attributes(base.attributes, top.attributes),
            blocks: if self.replaces {
                merge_blocks(base.blocks, top.blocks)
            } else {
                [base.blocks, top.blocks].concat()
            },
            missing_item: base.missing_item,
        }
    }
}

fn merge_attributes(mut base: Vec<Attribute>, top: Vec<Attribute>) -> Vec<Attribute> {
    for attribute in top {
        match base.iter_mut().find(|known| known.name.name == attribute.name.name) {
            Some(known) => *known = attribute,
            None => base.push(attribute),
        }
    }
    base
}

/// The block type that a block stands for: a `dynamic` block, the one it generates.
fn generated_kind(block: &ContentBlock) -> &EcoString {
    match block.labels.first() {
        Some(label) if block.kind.name == "dynamic" => &label.name,
        _ => &block.kind.name,
    }
}

fn merge_blocks(mut base: Vec<ContentBlock>, top: Vec<ContentBlock>) -> Vec<ContentBlock> {
    let merges = |block: &ContentBlock| MERGED_BLOCKS.contains(&block.kind.name.as_str());
    base.retain(|known| merges(known) || !top.iter().any(|block| generated_kind(block) == generated_kind(known)));
    for block in top {
        let same = base.iter_mut().find(|known| merges(known) && known.kind.name == block.kind.name);
        match same {
            Some(known) => known.body = known.body.clone().overridden_by(block.body),
            None => base.push(block),
        }
    }
    base
}
