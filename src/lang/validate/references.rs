//! Whether references lead to something that is there.

use diag::{Diagnostics, Span, did_you_mean};
use schema::{AttributeKind, Block, BlockNesting, NestedObject, ObjectNesting};

use super::Validator;
use crate::expr::{Expr, Reference, StaticStep, Subject};
use crate::module::{Repetition, Resource};

impl Validator<'_> {
    /// Checks all references in an expression.
    pub(super) fn references(&mut self, expr: &Expr) {
        let module = self.node.module.clone();
        expr.visit_references(&mut |reference| {
            if let Subject::Resource(place) = reference.subject
                && let Some(resource) = module.resources.get(place as usize)
            {
                self.resource_reference(reference, resource);
            }
        });
    }

    fn resource_reference(&mut self, reference: &Reference, resource: &Resource) {
        if let Some(check) = &resource.check
            && self.check.as_ref() != Some(check)
        {
            let detail =
                format!("{} belongs to the check block {check:?} and can be used inside of it only.", resource.address);
            self.diags.error(reference.span, "Reference to scoped resource", detail);
            return;
        }
        let mut steps = &reference.static_steps()[..];
        let keyed = reference.instance_key().is_some();
        match &resource.repetition {
            Repetition::Single if keyed => {
                let detail = format!(
                    "{} has neither \"count\" nor \"for_each\", so it has one instance, without a key: leave out the \
                     brackets.",
                    resource.address
                );
                self.diags.error(reference.span, "Unexpected resource instance key", detail);
                return;
            }
            Repetition::Single => {}
            repetition => {
                if let Some(StaticStep::Attribute(..)) = steps.first() {
                    let (name, example) = match repetition {
                        Repetition::Count(_) => ("count", "[count.index]"),
                        _ => ("for_each", "[each.key]"),
                    };
                    let detail = format!(
                        "{} has \"{name}\" set, so its attributes are those of one instance: write {}{example} for one \
                         that belongs to the instance here, or {}[*] for all.",
                        resource.address, resource.address, resource.address
                    );
                    self.diags.error(reference.span, "Missing resource instance key", detail);
                    return;
                }
                if steps.is_empty() || reference.is_splat() {
                    return;
                }
                steps = &steps[1..];
            }
        }
        let provider = self.provider_of(resource);
        if let Some(schema) = self.providers.resource_schema(&provider, resource.address.mode, &resource.address.kind) {
            check_block(&schema.block, steps, &mut self.diags);
        }
    }

    /// Returns the provider of a resource.
    pub(super) fn provider_of(&self, resource: &Resource) -> addr::Provider {
        let local = resource.provider.as_ref().map(|reference| reference.local.name.as_str());
        self.node.module.provider_of(local.unwrap_or_else(|| resource.address.implied_provider()))
    }
}

/// Checks constant steps into an object of a block.
pub(super) fn check_block(block: &Block, steps: &[StaticStep<'_>], diags: &mut Diagnostics) {
    let Some(StaticStep::Attribute(name, span)) = steps.first() else { return };
    let rest = &steps[1..];
    if let Some(attribute) = block.attribute(name) {
        if attribute.deprecated {
            diags.warning(*span, "Deprecated attribute", format!("The attribute {name:?} is deprecated."));
        }
        if let AttributeKind::Nested(nested) = &attribute.kind {
            check_nested(nested, rest, diags);
        }
        return;
    }
    let Some(nested) = block.nested(name) else {
        let known =
            block.attributes.iter().map(|a| a.name.as_str()).chain(block.blocks.iter().map(|b| b.name.as_str()));
        return unsupported(name, *span, known, diags);
    };
    let inner = match (nested.nesting, rest.first()) {
        (BlockNesting::Single | BlockNesting::Group, _) => rest,
        (BlockNesting::Map, Some(_)) | (BlockNesting::List, Some(StaticStep::Index(..))) => &rest[1..],
        (BlockNesting::List | BlockNesting::Set, Some(StaticStep::Attribute(attribute, span))) => {
            let kind = if nested.nesting == BlockNesting::List { "list" } else { "set" };
            let detail = format!(
                "{name:?} is a {kind} of blocks: choose one, or write {name}[*].{attribute} for the attribute of all."
            );
            return diags.error(*span, "Invalid use of nested block", detail);
        }
        _ => return,
    };
    check_block(&nested.block, inner, diags);
}

fn check_nested(nested: &NestedObject, steps: &[StaticStep<'_>], diags: &mut Diagnostics) {
    let steps = match (nested.nesting, steps) {
        (ObjectNesting::Single, steps) => steps,
        (ObjectNesting::Map, [_, rest @ ..]) | (ObjectNesting::List, [StaticStep::Index(..), rest @ ..]) => rest,
        _ => return,
    };
    let Some(StaticStep::Attribute(name, span)) = steps.first() else { return };
    match nested.attributes.iter().find(|attribute| attribute.name == *name) {
        None => unsupported(name, *span, nested.attributes.iter().map(|a| a.name.as_str()), diags),
        Some(attribute) => {
            if let AttributeKind::Nested(inner) = &attribute.kind {
                check_nested(inner, &steps[1..], diags);
            }
        }
    }
}

fn unsupported<'a>(name: &str, span: Span, known: impl Iterator<Item = &'a str>, diags: &mut Diagnostics) {
    let mut detail = format!("This object has no argument, nested block, or exported attribute named {name:?}.");
    if let Some(near) = did_you_mean(name, known) {
        detail.push_str(&format!(" Did you mean {near:?}?"));
    }
    diags.error(span, "Unsupported attribute", detail);
}
