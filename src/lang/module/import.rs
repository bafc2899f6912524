//! `import { to = … id = … }`

use std::sync::Arc;

use diag::{Diagnostics, Span};
use ecow::EcoString;
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

/// The resource that an import leads to; keys may be expressions.
#[derive(Debug, PartialEq)]
pub(crate) struct ImportTarget {
    /// The module calls on the way.
    pub(crate) calls: Vec<EcoString>,
    /// The resource.
    pub(crate) resource: addr::Resource,
    /// An instance is named by its key.
    pub(crate) is_keyed: bool,
}

/// Reads the address behind `to`, as far as it is one.
pub(crate) fn target(tree: &Tree) -> Option<ImportTarget> {
    use syntax::tree::{ExprKind, Step};
    let ExprKind::Traversal(traversal) = &tree.kind else { return None };
    let ExprKind::Variable(root) = &traversal.base.kind else { return None };
    let mut names: Vec<&str> = vec![root];
    let mut is_keyed = false;
    for step in &traversal.steps {
        is_keyed = match step {
            Step::Attr(name) => {
                names.push(&name.name);
                false
            }
            Step::Index(..) | Step::LegacyIndex(..) => true,
            _ => return None,
        };
    }
    let mut rest = &names[..];
    let mut calls = Vec::new();
    while let ["module", name, behind @ ..] = rest {
        calls.push(EcoString::from(*name));
        rest = behind;
    }
    let (kind, name) = match rest {
        ["resource", kind, name] | [kind, name] => (*kind, *name),
        _ => return None,
    };
    let resource = addr::Resource { mode: addr::Mode::Managed, kind: kind.into(), name: name.into() };
    Some(ImportTarget { calls, resource, is_keyed })
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
