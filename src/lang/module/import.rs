//! `import { to = … id = … }`

use std::sync::Arc;

use diag::{Diagnostics, Span};
use syntax::tree::Expr as Tree;
use syntax::{AttributeSchema, BodySchema, ContentBlock};

use super::provider::{ProviderReference, reference};
use super::read::Scope;
use super::resource::Repetition;
use crate::expr::Expr;

/// An object that exists and becomes a resource instance.
#[derive(Debug)]
pub struct Import {
    /// The instance: a resource address whose keys may be expressions.
    pub to: Arc<Tree>,
    /// What the provider calls the object.
    pub id: Option<Expr>,
    /// What the provider calls the object, as an object of attributes.
    pub identity: Option<Expr>,
    /// One import per element.
    pub repetition: Repetition,
    /// The provider configuration.
    pub provider: Option<ProviderReference>,
    /// The block's header.
    pub header: Span,
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "for_each", required: false },
        AttributeSchema { name: "id", required: false },
        AttributeSchema { name: "identity", required: false },
        AttributeSchema { name: "provider", required: false },
        AttributeSchema { name: "to", required: true },
    ],
    blocks: &[],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<Import> {
    let content = block.body.content(&SCHEMA, diags);
    let repetition = match content.attribute("for_each") {
        Some(attribute) => Repetition::ForEach(scope.compile(&attribute.expr)),
        None => Repetition::Single,
    };
    let inside = scope.within(&repetition);
    let compile = |name| content.attribute(name).map(|attribute| inside.compile(&attribute.expr));
    let (id, identity) = (compile("id"), compile("identity"));
    if id.is_some() == identity.is_some() {
        let detail = "An import block has either \"id\" or \"identity\": what the provider calls the existing object.";
        diags.error(block.header, "Invalid import block", detail);
    }
    let to = content.attribute("to")?.expr.clone();
    if crate::expr::static_path(&to).is_none() && !is_resource_traversal(&to) {
        let detail =
            "\"to\" must be the address of a resource instance: TYPE.NAME, TYPE.NAME[KEY], module.NAME.TYPE.NAME.";
        diags.error(to.span, "Invalid import address expression", detail);
    }
    Some(Import {
        to,
        id,
        identity,
        repetition,
        provider: content.attribute("provider").and_then(|attribute| reference(&attribute.expr, diags)),
        header: block.header,
    })
}

fn is_resource_traversal(tree: &Tree) -> bool {
    use syntax::tree::{ExprKind, Step};
    match &tree.kind {
        ExprKind::Traversal(traversal) => {
            matches!(traversal.base.kind, ExprKind::Variable(_))
                && traversal.steps.iter().all(|step| matches!(step, Step::Attr(_) | Step::Index(..)))
        }
        ExprKind::JsonString(_) => true,
        _ => false,
    }
}
