//! `check "name" { data … assert … }`

use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::{BlockSchema, BodySchema, ContentBlock};

use super::condition::{self, Condition};
use super::read::Scope;

/// Assertions that warn instead of stopping the work.
#[derive(Debug)]
pub struct Check {
    /// Its name.
    pub name: EcoString,
    /// The data resource declared inside, by its place in the module's list.
    pub data: Option<u32>,
    /// What should hold.
    pub assertions: Vec<Condition>,
    /// The block's header.
    pub header: Span,
}

pub(super) const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[],
    blocks: &[BlockSchema { kind: "data", labels: &["type", "name"] }, BlockSchema { kind: "assert", labels: &[] }],
};

/// Decodes a block, but for the data resource in it: that stands in the module's list of resources.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<Check> {
    let label = block.labels.first()?;
    super::read::check_name(label, "check block", diags);
    let content = block.body.content(&SCHEMA, diags);
    let assertions: Vec<Condition> =
        content.blocks_of("assert").filter_map(|block| condition::decode(block, scope, diags)).collect();
    if assertions.is_empty() && content.blocks_of("assert").next().is_none() {
        let detail = "A check block needs at least one assert block; without it, nothing is checked.";
        diags.error(block.header, "Zero assertions defined", detail);
    }
    let data: Vec<&ContentBlock> = content.blocks_of("data").collect();
    if let Some(second) = data.get(1) {
        let detail = "A check block may hold one data block. Write one check block for each.";
        diags.error(second.header, "Multiple data resource blocks", detail);
    }
    let data = data.first().and_then(|block| {
        let [kind, name] = &block.labels[..] else { return None };
        let resource = addr::Resource { mode: addr::Mode::Data, kind: kind.name.clone(), name: name.name.clone() };
        scope.names.module.resources.get(&resource).copied()
    });
    Some(Check { name: label.name.clone(), data, assertions, header: block.header })
}
