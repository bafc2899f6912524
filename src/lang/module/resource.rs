//! `resource`, `data` and `ephemeral` blocks.

use addr::Mode;
use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Body, Ident};
use syntax::{AttributeSchema, BlockSchema, BodySchema, Content, ContentBlock};

use super::lifecycle::{self, Lifecycle};
use super::names::{Allowed, ScopedNames};
use super::provider::{ProviderReference, reference};
use super::read::Scope;
use crate::expr::Expr;

/// A resource of any mode.
#[derive(Debug)]
pub struct Resource {
    /// What it is called.
    pub address: addr::Resource,
    /// How many instances there are.
    pub repetition: Repetition,
    /// The provider configuration, where the block names one.
    pub provider: Option<ProviderReference>,
    /// What must be done first.
    pub depends_on: Vec<Expr>,
    /// How instances are changed.
    pub lifecycle: Lifecycle,
    /// Programs run at creation and destruction.
    pub provisioners: Vec<Provisioner>,
    /// The default connection of provisioners.
    pub connection: Option<Body>,
    /// Everything that the resource type's schema describes.
    pub body: Body,
    /// What names mean in the body.
    pub names: ScopedNames,
    /// The name of the check block around, for data resources inside one.
    pub check: Option<EcoString>,
    /// The labels.
    pub labels: (Ident, Ident),
    /// The block's header.
    pub header: Span,
}

/// How many instances a block has.
#[derive(Debug, Default)]
pub enum Repetition {
    /// One, without a key.
    #[default]
    Single,
    /// `count`
    Count(Expr),
    /// `for_each`
    ForEach(Expr),
}

impl Repetition {
    /// Returns the expression.
    pub fn expr(&self) -> Option<&Expr> {
        match self {
            Repetition::Single => None,
            Repetition::Count(expr) | Repetition::ForEach(expr) => Some(expr),
        }
    }
}

/// A program run at creation or destruction.
#[derive(Debug)]
pub struct Provisioner {
    /// Its type: `local-exec`.
    pub kind: EcoString,
    /// When it runs.
    pub when: ProvisionerWhen,
    /// Its failure does not fail the resource.
    pub continue_on_failure: bool,
    /// Its own connection.
    pub connection: Option<Body>,
    /// Its configuration.
    pub body: Body,
    /// The block's header.
    pub header: Span,
}

/// When a provisioner runs.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionerWhen {
    Create,
    Destroy,
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "count", required: false },
        AttributeSchema { name: "depends_on", required: false },
        AttributeSchema { name: "for_each", required: false },
        AttributeSchema { name: "provider", required: false },
    ],
    blocks: &[
        BlockSchema { kind: "lifecycle", labels: &[] },
        BlockSchema { kind: "connection", labels: &[] },
        BlockSchema { kind: "provisioner", labels: &["type"] },
        BlockSchema { kind: "locals", labels: &[] },
        // Keeps attributes of the resource type apart from the arguments above, whatever their names.
        BlockSchema { kind: "_", labels: &[] },
    ],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, mode: Mode, scope: &Scope, diags: &mut Diagnostics) -> Option<Resource> {
    let [kind, name] = &block.labels[..] else { return None };
    super::read::check_name(kind, "resource type", diags);
    super::read::check_name(name, mode.block(), diags);
    let (content, rest) = block.body.partial_content(&SCHEMA, diags);
    let body = escaped_body(&content, rest, diags);
    let repetition = repetition(&content, scope, diags);
    // What is needed first is needed for all instances.
    let depends_on = scope.depends_on(&content, diags);
    let scope = scope.within(&repetition);
    let lifecycle = content.blocks_of("lifecycle").collect::<Vec<_>>();
    super::read::at_most_one(&lifecycle, "lifecycle", diags);
    let lifecycle = lifecycle.first().map(|block| lifecycle::decode(block, mode, &scope, diags));
    for block in content.blocks_of("locals") {
        let detail = "The block type \"locals\" is reserved in resource blocks.";
        diags.error(block.header, "Reserved block type name in resource block", detail);
    }
    refuse_provisioners(&content, mode, diags);
    let connection = content.blocks_of("connection").collect::<Vec<_>>();
    super::read::at_most_one(&connection, "connection", diags);
    Some(Resource {
        address: addr::Resource { mode, kind: kind.name.clone(), name: name.name.clone() },
        provider: content.attribute("provider").and_then(|attribute| reference(&attribute.expr, diags)),
        depends_on,
        lifecycle: lifecycle.unwrap_or_default(),
        provisioners: content.blocks_of("provisioner").filter_map(|block| provisioner(block, diags)).collect(),
        connection: connection.first().map(|block| block.body.clone()),
        body,
        names: scope.names.clone(),
        check: None,
        labels: (kind.clone(), name.clone()),
        header: block.header,
        repetition,
    })
}

fn refuse_provisioners(content: &Content, mode: Mode, diags: &mut Diagnostics) {
    if mode == Mode::Managed {
        return;
    }
    for block in content.blocks.iter().filter(|b| matches!(b.kind.name.as_str(), "provisioner" | "connection")) {
        let detail =
            format!("A {:?} block cannot have a {:?} block: nothing is created.", mode.block(), block.kind.name);
        diags.error(block.header, format!("Unsupported {} block", block.kind.name), detail);
    }
}

/// `_ { … }` holds arguments of the resource type whose names mean something else in every resource.
fn escaped_body(content: &Content, rest: Body, diags: &mut Diagnostics) -> Body {
    let escapes: Vec<&ContentBlock> = content.blocks_of("_").collect();
    super::read::at_most_one(&escapes, "escaping", diags);
    match escapes.first() {
        Some(block) => rest.with_more(block.body.clone()),
        None => rest,
    }
}

/// Decodes `count` and `for_each`.
pub(super) fn repetition(content: &Content, scope: &Scope, diags: &mut Diagnostics) -> Repetition {
    let count = content.attribute("count");
    let for_each = content.attribute("for_each");
    if let (Some(_), Some(for_each)) = (count, for_each) {
        let detail = "\"count\" and \"for_each\" are two ways to say how many instances there are. Keep one of them.";
        diags.error(for_each.name.span, "Invalid combination of \"count\" and \"for_each\"", detail);
    }
    match (count, for_each) {
        (Some(count), _) => Repetition::Count(scope.compile(&count.expr)),
        (None, Some(for_each)) => Repetition::ForEach(scope.compile(&for_each.expr)),
        (None, None) => Repetition::Single,
    }
}

impl Scope {
    /// Returns the scope inside a block that is repeated.
    pub(super) fn within(&self, repetition: &Repetition) -> Scope {
        let allowed = Allowed {
            count: matches!(repetition, Repetition::Count(_)),
            each: matches!(repetition, Repetition::ForEach(_)),
            ..Allowed::default()
        };
        self.allowing(allowed)
    }
}

const PROVISIONER: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "when", required: false },
        AttributeSchema { name: "on_failure", required: false },
    ],
    blocks: &[
        BlockSchema { kind: "connection", labels: &[] },
        BlockSchema { kind: "lifecycle", labels: &[] },
        BlockSchema { kind: "_", labels: &[] },
    ],
};

/// Decodes a `provisioner` block.
pub(super) fn provisioner(block: &ContentBlock, diags: &mut Diagnostics) -> Option<Provisioner> {
    let kind = block.labels.first()?.name.clone();
    let (content, rest) = block.body.partial_content(&PROVISIONER, diags);
    let body = escaped_body(&content, rest, diags);
    let connections: Vec<&ContentBlock> = content.blocks_of("connection").collect();
    super::read::at_most_one(&connections, "connection", diags);
    for block in content.blocks_of("lifecycle") {
        diags.error(block.header, "Reserved block name in provisioner block", "\"lifecycle\" is reserved here.");
    }
    let mut keyword = |name: &str, known: [&str; 2]| -> Option<bool> {
        let attribute = content.attribute(name)?;
        let word = super::read::keyword(&attribute.expr);
        if matches!(attribute.expr.kind, syntax::tree::ExprKind::String(_)) {
            diags.warning(attribute.expr.span, "Quoted keywords are deprecated", "Write the word without the quotes.");
        }
        let place = known.iter().position(|known| Some(*known) == word.as_deref());
        if place.is_none() {
            let detail = format!("{name:?} is either {} or {}.", known[0], known[1]);
            diags.error(attribute.expr.span, format!("Invalid {name:?} keyword"), detail);
        }
        place.map(|place| place == 1)
    };
    let destroy = keyword("when", ["create", "destroy"]).unwrap_or(false);
    let continue_on_failure = keyword("on_failure", ["fail", "continue"]).unwrap_or(false);
    Some(Provisioner {
        kind,
        when: if destroy { ProvisionerWhen::Destroy } else { ProvisionerWhen::Create },
        continue_on_failure,
        connection: content.blocks_of("connection").next().map(|block| block.body.clone()),
        body,
        header: block.header,
    })
}
