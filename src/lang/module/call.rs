//! `module "name" { … }`

use addr::LocalProvider;
use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Expr as Tree, ExprKind, Ident};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use super::provider::{ProviderReference, reference};
use super::read::Scope;
use super::resource::{Repetition, repetition};
use super::short_call::{self, Written};
use crate::expr::Expr;

/// A call of another module.
#[derive(Debug)]
pub struct ModuleCall {
    /// Its name.
    pub name: EcoString,
    /// Where the module is; variables and local values may be referred to.
    pub source: Option<Expr>,
    /// Which version of it.
    pub version: Option<Expr>,
    /// How many instances there are.
    pub repetition: Repetition,
    /// Provider configurations handed on.
    pub providers: Vec<PassedProvider>,
    /// What must be done first.
    pub depends_on: Vec<Expr>,
    /// Values for the module's variables, in source order.
    pub inputs: Vec<(Ident, Expr)>,
    /// The name label.
    pub label: Ident,
    /// The block's header.
    pub header: Span,
    /// For a `cluster` or `addon` block: the names that are written in its inputs.
    pub short: Option<Vec<Written>>,
}

impl ModuleCall {
    /// What messages call it: `module "a"`, `cluster "lake"`.
    pub fn title(&self) -> String {
        match self.name.split_once('.') {
            Some((kind, name)) => format!("{kind} {name:?}"),
            None => format!("module {:?}", self.name),
        }
    }
}

/// `providers = { inside = outside }`
#[derive(Debug)]
pub struct PassedProvider {
    /// What the called module calls it.
    pub inside: LocalProvider,
    /// Where that is written.
    pub inside_span: Span,
    /// What the calling module calls it.
    pub outside: ProviderReference,
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "count", required: false },
        AttributeSchema { name: "depends_on", required: false },
        AttributeSchema { name: "for_each", required: false },
        AttributeSchema { name: "providers", required: false },
        AttributeSchema { name: "source", required: true },
        AttributeSchema { name: "version", required: false },
    ],
    blocks: &[
        BlockSchema { kind: "_", labels: &[] },
        BlockSchema { kind: "lifecycle", labels: &[] },
        BlockSchema { kind: "locals", labels: &[] },
        BlockSchema { kind: "provider", labels: &["type"] },
    ],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<ModuleCall> {
    let label = block.labels.first()?;
    let is_short = block.kind.name != "module";
    if !is_short {
        super::read::check_name(label, "module", diags);
    }
    let (content, rest) = block.body.partial_content(&SCHEMA, diags);
    for block in content.blocks.iter().filter(|block| block.kind.name != "_") {
        let detail = format!("The block type {:?} is reserved in module blocks.", block.kind.name);
        diags.error(block.header, "Reserved block type name in module block", detail);
    }
    let rest = match content.blocks_of("_").next() {
        Some(block) => rest.with_more(block.body.clone()),
        None => rest,
    };
    let repetition = repetition(&content, scope, diags);
    let inside = scope.within(&repetition);
    let inputs = rest.just_attributes(diags);
    let inputs = inputs.into_iter().map(|input| (input.name, inside.compile(&input.expr))).collect();
    Some(ModuleCall {
        name: label.name.clone(),
        source: content.attribute("source").map(|attribute| scope.compile(&attribute.expr)),
        version: content.attribute("version").map(|attribute| scope.compile(&attribute.expr)),
        providers: content
            .attribute("providers")
            .map(|attribute| passed_providers(&attribute.expr, diags))
            .unwrap_or_default(),
        depends_on: scope.depends_on(&content, diags),
        repetition,
        inputs,
        label: label.clone(),
        header: block.header,
        short: is_short.then(|| short_call::written(block)),
    })
}

/// Decodes `providers = { inside = outside }`.
pub(super) fn passed_providers(tree: &Tree, diags: &mut Diagnostics) -> Vec<PassedProvider> {
    let ExprKind::Object(items) = &tree.kind else {
        let detail = "\"providers\" is a map of provider configurations: { name = NAME, name.alias = NAME.ALIAS }.";
        diags.error(tree.span, "Invalid providers argument", detail);
        return Vec::new();
    };
    let mut passed: Vec<PassedProvider> = Vec::new();
    for item in items {
        let (Some(inside), Some(outside)) = (reference(&item.key, diags), reference(&item.value, diags)) else {
            continue;
        };
        if passed.iter().any(|known| known.inside == inside.local) {
            let detail = format!("{} is passed twice. Keep one of the two entries.", inside.local);
            diags.error(item.key.span, "Duplicate provider address", detail);
            continue;
        }
        passed.push(PassedProvider { inside: inside.local, inside_span: item.key.span, outside });
    }
    passed
}
