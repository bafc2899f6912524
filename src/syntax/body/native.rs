//! Contents of bodies in native syntax.

use diag::{Diagnostic, Diagnostics, did_you_mean};

use super::{BlockSchema, BodySchema, Content, ContentBlock, Names, report_missing};
use crate::tree::{Attribute, Block, NativeBody};

impl NativeBody {
    /// Reads what the schema names and reports all else.
    pub(super) fn content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Content {
        let content = self.known_content(schema, diags);
        let names = Names::new(schema);
        for attribute in self.attributes.iter().filter(|attribute| !names.has_attribute(&attribute.name.name)) {
            unsupported_argument(attribute, schema, &content, diags);
        }
        for block in self.blocks.iter().filter(|block| names.block(&block.kind.name).is_none()) {
            unsupported_block(block, schema, diags);
        }
        content
    }

    /// Reads what the schema names.
    pub(super) fn known_content(&self, schema: &BodySchema<'_>, diags: &mut Diagnostics) -> Content {
        let names = Names::new(schema);
        let known = |attribute: &&Attribute| names.has_attribute(&attribute.name.name);
        let mut content = Content {
            attributes: self.attributes.iter().filter(known).cloned().collect(),
            blocks: Vec::new(),
            missing_item: self.missing_item,
        };
        report_missing(schema, &content, diags);
        for block in &self.blocks {
            if let Some(wanted) = names.block(&block.kind.name)
                && labels_fit(block, wanted, diags)
            {
                content.blocks.push(ContentBlock {
                    kind: block.kind.clone(),
                    labels: block.labels.clone(),
                    body: block.body.clone(),
                    header: block.header,
                });
            }
        }
        content
    }

    /// Returns the body without what the schema names.
    pub(super) fn without(&self, schema: &BodySchema<'_>) -> NativeBody {
        let names = Names::new(schema);
        let attributes = self.attributes.iter().filter(|attribute| !names.has_attribute(&attribute.name.name));
        let blocks = self.blocks.iter().filter(|block| names.block(&block.kind.name).is_none());
        NativeBody {
            attributes: attributes.cloned().collect(),
            blocks: blocks.cloned().collect(),
            span: self.span,
            missing_item: self.missing_item,
        }
    }

    /// Returns all attributes; a block is a mistake, reported once.
    pub(super) fn just_attributes(&self, diags: &mut Diagnostics) -> Vec<Attribute> {
        if let Some(block) = self.blocks.first() {
            let summary = format!("Unexpected \"{}\" block", block.kind.name);
            let detail = format!(
                "There can be no blocks here, only arguments. To set an argument write `{} = ` and its value.",
                block.kind.name
            );
            diags.error(block.kind.span, summary, detail);
        }
        self.attributes.clone()
    }
}

fn unsupported_argument(attribute: &Attribute, schema: &BodySchema<'_>, content: &Content, diags: &mut Diagnostics) {
    let name = attribute.name.name.as_str();
    let unset = schema.attributes.iter().map(|known| known.name).filter(|known| content.attribute(known).is_none());
    let mut detail = format!("There is no argument `{name}` here.");
    if let Some(near) = did_you_mean(name, unset) {
        detail += &format!(" Did you mean `{near}`?");
    } else if schema.blocks.iter().any(|block| block.kind == name) {
        detail += &format!(" There are blocks of this type: write `{name} {{ … }}` without the equals sign.");
    }
    diags.error(attribute.name.span, "Unsupported argument", detail);
}

fn unsupported_block(block: &Block, schema: &BodySchema<'_>, diags: &mut Diagnostics) {
    let kind = block.kind.name.as_str();
    let mut detail = format!("There are no blocks of type `{kind}` here.");
    if let Some(near) = did_you_mean(kind, schema.blocks.iter().map(|known| known.kind)) {
        detail += &format!(" Did you mean `{near}`?");
    } else if schema.attributes.iter().any(|attribute| attribute.name == kind) {
        detail += &format!(" There is an argument of this name: write `{kind} = ` and its value.");
    }
    diags.error(block.kind.span, "Unsupported block type", detail);
}

/// Tells whether a block has as many labels as it must have, and reports it if not.
fn labels_fit(block: &Block, wanted: &BlockSchema<'_>, diags: &mut Diagnostics) -> bool {
    let kind = wanted.kind;
    let named = wanted.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
    let expected = match wanted.labels.len() {
        0 => format!("Blocks of type `{kind}` have no labels."),
        1 => format!("Blocks of type `{kind}` have one label: {named}."),
        count => format!("Blocks of type `{kind}` have {count} labels: {named}."),
    };
    let context = block.header.to(block.open);
    let diagnostic = if let Some(extra) = block.labels.get(wanted.labels.len()) {
        Diagnostic::error(format!("Extraneous label for {kind}"), format!("{expected} Remove this one.")).at(extra.span)
    } else if let Some(missing) = wanted.labels.get(block.labels.len()) {
        let detail = format!("{expected} Put the missing ones in front of the brace.");
        Diagnostic::error(format!("Missing {missing} for {kind}"), detail).at(block.open)
    } else {
        return true;
    };
    diags.push(diagnostic.within(context));
    false
}
