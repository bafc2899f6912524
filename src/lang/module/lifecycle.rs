//! `lifecycle { … }` of resources.

use addr::Mode;
use diag::{Diagnostics, Span};
use syntax::tree::{Expr as Tree, ExprKind};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use super::condition::{self, Condition};
use super::read::{Scope, constant_bool, static_list};
use crate::expr::{Expr, Subject, compile};

/// How a resource's instances are changed.
#[derive(Debug, Default)]
pub struct Lifecycle {
    /// A replacement is created before the old object is destroyed.
    pub create_before_destroy: Option<bool>,
    /// Destroying is an error.
    pub prevent_destroy: bool,
    /// `false`: objects are forgotten instead of destroyed.
    pub destroy: Option<bool>,
    /// Attributes whose changes in the configuration do not count.
    pub ignore_changes: IgnoreChanges,
    /// References whose change replaces the resource.
    pub replace_triggered_by: Vec<Expr>,
    /// Mistakes among these references that planning must not go on with; everything before it may.
    pub undeclared_triggers: Diagnostics,
    /// What must hold before.
    pub preconditions: Vec<Condition>,
    /// What must hold after; `self` is the instance.
    pub postconditions: Vec<Condition>,
}

/// Attributes whose changes in the configuration do not count.
#[derive(Debug)]
pub enum IgnoreChanges {
    /// `all`
    All,
    /// Paths from the resource's object, as traversals with a made-up start.
    Paths(Vec<IgnoredPath>),
}

/// A path named in `ignore_changes`.
#[derive(Debug)]
pub struct IgnoredPath {
    /// From the object to the attribute or element.
    pub path: value::Path,
    /// Where it is written.
    pub span: Span,
}

impl Default for IgnoreChanges {
    fn default() -> IgnoreChanges {
        IgnoreChanges::Paths(Vec::new())
    }
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "create_before_destroy", required: false },
        AttributeSchema { name: "destroy", required: false },
        AttributeSchema { name: "ignore_changes", required: false },
        AttributeSchema { name: "prevent_destroy", required: false },
        AttributeSchema { name: "replace_triggered_by", required: false },
    ],
    blocks: &[BlockSchema { kind: "precondition", labels: &[] }, BlockSchema { kind: "postcondition", labels: &[] }],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, mode: Mode, scope: &Scope, diags: &mut Diagnostics) -> Lifecycle {
    let content = block.body.content(&SCHEMA, diags);
    if mode != Mode::Managed {
        for attribute in &content.attributes {
            let detail = format!(
                "The lifecycle argument {:?} is for managed resources (\"resource\" blocks); a {:?} block has \
                 preconditions and postconditions only.",
                attribute.name.name,
                mode.block()
            );
            diags.error(attribute.name.span, format!("Invalid {} resource lifecycle argument", mode.block()), detail);
        }
    }
    let after = scope.with_self();
    let mut undeclared_triggers = Diagnostics::new();
    Lifecycle {
        create_before_destroy: constant_bool(&content, "create_before_destroy", diags),
        prevent_destroy: constant_bool(&content, "prevent_destroy", diags).unwrap_or(false),
        destroy: constant_bool(&content, "destroy", diags),
        ignore_changes: content
            .attribute("ignore_changes")
            .map(|attribute| ignore_changes(&attribute.expr, diags))
            .unwrap_or_default(),
        replace_triggered_by: content
            .attribute("replace_triggered_by")
            .map(|attribute| triggers(&attribute.expr, scope, &mut undeclared_triggers, diags))
            .unwrap_or_default(),
        undeclared_triggers,
        preconditions: content
            .blocks_of("precondition")
            .filter_map(|block| condition::decode(block, scope, diags))
            .collect(),
        postconditions: content
            .blocks_of("postcondition")
            .filter_map(|block| condition::decode(block, &after, diags))
            .collect(),
    }
}

fn ignore_changes(tree: &Tree, diags: &mut Diagnostics) -> IgnoreChanges {
    if matches!(&tree.kind, ExprKind::Variable(name) if name == "all") {
        return IgnoreChanges::All;
    }
    if matches!(&tree.kind, ExprKind::JsonString(string) if string.text == "all") {
        return IgnoreChanges::All;
    }
    let mut paths = Vec::new();
    for item in static_list(tree, diags) {
        if is_star(&item) {
            let detail = "Write ignore_changes = all to ignore changes of all attributes.";
            diags.error(item.span, "Invalid ignore_changes wildcard", detail);
            continue;
        }
        match crate::expr::static_path(&item) {
            Some(path) => paths.push(IgnoredPath { path, span: item.span }),
            None => {
                let detail = "This must be an attribute of the resource, as it would stand behind the resource's name.";
                diags.error(item.span, "Invalid expression", detail);
            }
        }
    }
    IgnoreChanges::Paths(paths)
}

fn is_star(item: &Tree) -> bool {
    matches!(&item.kind, ExprKind::String(text) if text == "*")
}

fn triggers(tree: &Tree, scope: &Scope, undeclared: &mut Diagnostics, diags: &mut Diagnostics) -> Vec<Expr> {
    const SUMMARY: &str = "Invalid reference in replace_triggered_by expression";
    let mut found = Vec::new();
    for item in static_list(tree, diags) {
        let mut mistakes = Diagnostics::new();
        let expr = compile(&item, &scope.names, &mut mistakes);
        let (missing, mistakes): (Vec<_>, Vec<_>) =
            mistakes.into_iter().partition(|mistake| mistake.summary.starts_with("Reference to "));
        let is_there = missing.is_empty();
        missing.into_iter().for_each(|mistake| undeclared.push(mistake));
        let mistakes: Diagnostics = mistakes.into_iter().collect();
        let references = expr.references();
        let resource = references.first().filter(|reference| matches!(reference.subject, Subject::Resource(_)));
        if mistakes.is_empty() && is_there && resource.is_none() {
            let detail = "Only managed resources, their instances and attributes can trigger a replacement.";
            diags.error(item.span, SUMMARY, detail);
        } else if resource.is_some_and(|reference| !reference.has_plain_keys()) {
            let detail = "The keys in such a reference are constants, count.index or each.key.";
            diags.error(item.span, SUMMARY, detail);
        }
        scope.mistakes.borrow_mut().append(mistakes);
        if is_there {
            found.push(expr);
        }
    }
    found
}
