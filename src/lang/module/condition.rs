//! Conditions with messages: validations, preconditions, postconditions, assertions.

use diag::{Diagnostics, Span};
use syntax::{AttributeSchema, BodySchema, ContentBlock};

use super::read::Scope;
use crate::expr::Expr;

/// Something that must hold, and what to say when it does not.
#[derive(Debug)]
pub struct Condition {
    /// What must hold.
    pub condition: Expr,
    /// What to say otherwise.
    pub message: Expr,
    /// The block's header.
    pub header: Span,
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "condition", required: true },
        AttributeSchema { name: "error_message", required: true },
    ],
    blocks: &[],
};

/// Decodes a `validation`, `precondition`, `postcondition` or `assert` block.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<Condition> {
    let content = block.body.content(&SCHEMA, diags);
    let condition = scope.compile(&content.attribute("condition")?.expr);
    let message = scope.compile(&content.attribute("error_message")?.expr);
    // A validation has a stricter rule of its own.
    if condition.references().is_empty() && block.kind.name != "validation" && !condition.is_invalid() {
        diags.error(
            condition.span,
            format!("Invalid {} expression", block.kind.name),
            "The condition refers to nothing, so it always gives the same answer. Refer to what it is to check.",
        );
    }
    Some(Condition { condition, message, header: block.header })
}
