//! `import { to = … id = … }`

use std::sync::Arc;

use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Expr as Tree, ExprKind, Step};
use syntax::{AttributeSchema, BodySchema, ContentBlock};

use super::provider::{ProviderReference, reference};
use super::read::Scope;
use super::resource::Repetition;
use crate::expr::{Expr, Subject};

/// An object that exists and becomes a resource instance.
#[derive(Debug)]
pub struct Import {
    /// The instance: a resource address whose keys may be expressions.
    pub to: Arc<Tree>,
    /// The address read; nothing if it is none, which is reported.
    pub target: Option<ImportTarget>,
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

/// The resource instance that an import leads to.
#[derive(Debug)]
pub struct ImportTarget {
    /// The module calls on the way, with their keys.
    pub calls: Vec<(EcoString, Option<Expr>)>,
    /// The resource.
    pub resource: addr::Resource,
    /// The key of the instance.
    pub key: Option<Expr>,
}

impl ImportTarget {
    /// Returns the module that the resource is in.
    pub fn module(&self) -> addr::Module {
        addr::Module(self.calls.iter().map(|(name, _)| name.clone()).collect())
    }
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
    let to = super::read::static_tree(&to, diags).map_or(to, Arc::new);
    if crate::expr::static_path(&to).is_none() && !is_resource_traversal(&to) {
        let detail =
            "\"to\" must be the address of a resource instance: TYPE.NAME, TYPE.NAME[KEY], module.NAME.TYPE.NAME.";
        diags.error(to.span, "Invalid import address expression", detail);
    }
    Some(Import {
        target: target(&to, &inside, diags),
        to,
        id,
        identity,
        repetition,
        provider: content.attribute("provider").and_then(|attribute| reference(&attribute.expr, diags)),
        header: block.header,
    })
}

/// Reads the address behind `to`, as far as it is one.
fn target(tree: &Tree, scope: &Scope, diags: &mut Diagnostics) -> Option<ImportTarget> {
    let ExprKind::Traversal(traversal) = &tree.kind else { return None };
    let ExprKind::Variable(root) = &traversal.base.kind else { return None };
    let mut names: Vec<(&str, Option<Expr>)> = vec![(root, None)];
    for step in &traversal.steps {
        match step {
            Step::Attr(name) => names.push((&name.name, None)),
            Step::Index(key, _) => names.last_mut()?.1 = Some(self::key(key, scope, diags)),
            Step::LegacyIndex(digits, span) => {
                let number = Tree { kind: ExprKind::Number(digits.clone()), span: *span };
                names.last_mut()?.1 = Some(self::key(&number, scope, diags));
            }
            _ => return None,
        }
    }
    let mut names = names.into_iter().peekable();
    let mut calls = Vec::new();
    while names.next_if(|(name, key)| *name == "module" && key.is_none()).is_some() {
        let (name, key) = names.next()?;
        calls.push((name.into(), key));
    }
    names.next_if(|(name, key)| *name == "resource" && key.is_none());
    let ((kind, None), (name, key), None) = (names.next()?, names.next()?, names.next()) else { return None };
    let resource = addr::Resource { mode: addr::Mode::Managed, kind: kind.into(), name: name.into() };
    Some(ImportTarget { calls, resource, key })
}

/// Compiles a key, which may be made from `each.key` and `each.value` and from nothing else: the address has to be known
/// before anything is evaluated.
fn key(tree: &Tree, scope: &Scope, diags: &mut Diagnostics) -> Expr {
    let is_literal = matches!(tree.kind, ExprKind::Number(_) | ExprKind::String(_));
    let mut refuse = |summary: &str, detail: &str| diags.error(tree.span, summary, detail);
    let (mut has_call, mut has_name) = (false, false);
    syntax::visit(tree, &mut |inner| {
        has_call |= matches!(inner.kind, ExprKind::Call(_));
        has_name |= matches!(inner.kind, ExprKind::Variable(_));
    });
    if matches!(tree.kind, ExprKind::Null | ExprKind::Bool(_)) {
        refuse("Invalid address", "The key of an instance is a text or a whole number.");
    } else if !scope.names.allowed.each && !is_literal {
        let detail = "Without for_each, the keys in the address of an import are constants.";
        refuse("Invalid expression", detail);
        return scope.compile(&Tree { kind: ExprKind::Null, span: tree.span });
    } else if has_call {
        refuse("Function calls not allowed", "The keys in the address of an import are made without functions.");
    }
    let expr = scope.compile(tree);
    let is_each = |subject: &Subject| matches!(subject, Subject::EachKey | Subject::EachValue);
    if has_name && expr.references().iter().any(|reference| !is_each(&reference.subject)) {
        let detail = "The keys in the address of an import are constants, or are made from each.key and each.value.";
        diags.error(tree.span, "Unknown variable", detail);
    }
    expr
}

fn is_resource_traversal(tree: &Tree) -> bool {
    match &tree.kind {
        ExprKind::Traversal(traversal) => {
            matches!(traversal.base.kind, ExprKind::Variable(_))
                && traversal.steps.iter().all(|step| matches!(step, Step::Attr(_) | Step::Index(..)))
        }
        _ => false,
    }
}
