//! `run "name" { … }`

use addr::{AbsInstance, AbsResource, Key, ModuleInstance, Pattern};
use diag::Diagnostics;
use ecow::EcoString;
use syntax::tree::{Expr as Tree, ExprKind, Step};
use syntax::{AttributeSchema, BlockSchema, BodySchema, Content, ContentBlock};

use super::decode::{variables, word};
use super::{
    AssertBlock, Checkable, Expected, OverrideTarget, PlanOptions, RunBlock, RunCommand, RunModule, overrides,
};
use crate::expr::{self, NoNames};
use crate::module::call::passed_providers;
use crate::module::read::{at_most_one, check_name, constant_bool, constant_string, static_list};
use crate::module::{Endpoint, endpoint};

const RUN: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "command", required: false },
        AttributeSchema { name: "expect_failures", required: false },
        AttributeSchema { name: "parallel", required: false },
        AttributeSchema { name: "providers", required: false },
        AttributeSchema { name: "state_key", required: false },
    ],
    blocks: &[
        BlockSchema { kind: "assert", labels: &[] },
        BlockSchema { kind: "module", labels: &[] },
        BlockSchema { kind: "plan_options", labels: &[] },
        BlockSchema { kind: "variables", labels: &[] },
        BlockSchema { kind: "override_resource", labels: &[] },
        BlockSchema { kind: "override_data", labels: &[] },
        BlockSchema { kind: "override_module", labels: &[] },
    ],
};

const ASSERT: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "condition", required: true },
        AttributeSchema { name: "error_message", required: true },
    ],
    blocks: &[],
};

const MODULE: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "source", required: true },
        AttributeSchema { name: "version", required: false },
    ],
    blocks: &[],
};

const PLAN_OPTIONS: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "mode", required: false },
        AttributeSchema { name: "refresh", required: false },
        AttributeSchema { name: "replace", required: false },
        AttributeSchema { name: "target", required: false },
    ],
    blocks: &[],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, diags: &mut Diagnostics) -> Option<RunBlock> {
    let label = block.labels.first()?;
    check_name(label, "run block", diags);
    let content = block.body.content(&RUN, diags);
    for kind in ["module", "plan_options", "variables"] {
        at_most_one(&content.blocks_of(kind).collect::<Vec<_>>(), kind, diags);
    }
    let overrides: Vec<_> = content
        .blocks
        .iter()
        .filter(|block| block.kind.name.starts_with("override_"))
        .filter_map(|block| overrides::decode(block, false, diags))
        .collect();
    overrides::duplicates(&overrides, diags);
    let providers = content.attribute("providers").map(|attribute| passed_providers(&attribute.expr, diags));
    Some(RunBlock {
        name: label.name.clone(),
        command: match word(&content, "command", &["apply", "plan"], diags) {
            Some("plan") => RunCommand::Plan,
            _ => RunCommand::Apply,
        },
        options: content.blocks_of("plan_options").next().map(|b| options(b, diags)).unwrap_or_default(),
        variables: content.blocks_of("variables").flat_map(|block| variables(block, diags)).collect(),
        providers,
        module: content.blocks_of("module").next().and_then(|block| module(block, diags)),
        assertions: content.blocks_of("assert").filter_map(|block| assertion(block, diags)).collect(),
        expected: content.attribute("expect_failures").map(|a| expected(&a.expr, diags)).unwrap_or_default(),
        overrides,
        state_key: constant_string(&content, "state_key", diags),
        parallel: constant_bool(&content, "parallel", diags),
        header: block.header,
    })
}

fn assertion(block: &ContentBlock, diags: &mut Diagnostics) -> Option<AssertBlock> {
    let content = block.body.content(&ASSERT, diags);
    let condition = content.attribute("condition")?.expr.clone();
    let message = content.attribute("error_message")?.expr.clone();
    if !refers_to_something(&condition) {
        let detail =
            "The condition refers to nothing, so it always gives the same answer. Refer to what it is to check.";
        diags.error(condition.span, "Invalid assert expression", detail);
    }
    Some(AssertBlock { condition, message, header: block.header })
}

/// Tells whether some name in an expression leads out of it.
fn refers_to_something(tree: &Tree) -> bool {
    // Names of loops are known to the compiler, all others are reported: nobody else needs to know them here.
    let mut found = Diagnostics::new();
    expr::compile(tree, &NoNames, &mut found);
    found.has_errors()
}

fn module(block: &ContentBlock, diags: &mut Diagnostics) -> Option<RunModule> {
    let content = block.body.content(&MODULE, diags);
    let source = constant_string(&content, "source", diags)?;
    let source_span = content.attribute("source")?.expr.span;
    let version = constant_string(&content, "version", diags);
    let version = version.zip(content.attribute("version").map(|attribute| attribute.expr.span));
    Some(RunModule { source, source_span, version })
}

fn options(block: &ContentBlock, diags: &mut Diagnostics) -> PlanOptions {
    let content = block.body.content(&PLAN_OPTIONS, diags);
    let refresh_only = word(&content, "mode", &["normal", "refresh-only"], diags) == Some("refresh-only");
    let refresh = constant_bool(&content, "refresh", diags).unwrap_or(true);
    let mut incompatible = |name: &str| {
        if let Some(attribute) = content.attribute(name).filter(|_| refresh_only) {
            let detail =
                format!("With mode = refresh-only nothing but a look is planned, so \"{name}\" makes no sense.");
            diags.error(attribute.expr.span, "Incompatible plan options", detail);
        }
    };
    incompatible("replace");
    if !refresh {
        incompatible("refresh");
    }
    let replace = addresses(&content, "replace", diags);
    let targets = addresses(&content, "target", diags);
    PlanOptions {
        refresh_only,
        no_refresh: !refresh,
        replace: replace.into_iter().filter_map(|endpoint| instance(&endpoint, diags)).collect(),
        targets: targets.iter().map(pattern).collect(),
    }
}

fn addresses(content: &Content, name: &str, diags: &mut Diagnostics) -> Vec<Endpoint> {
    let Some(attribute) = content.attribute(name) else { return Vec::new() };
    let mut found = Vec::new();
    for item in static_list(&attribute.expr, diags) {
        match endpoint(&item) {
            Some(endpoint) => found.push(endpoint),
            None => {
                let detail =
                    "The address of a resource, of an instance of one, or of a module is wanted, without quotes.";
                diags.error(item.span, "Invalid address", detail);
            }
        }
    }
    found
}

fn module_instance(steps: &[(EcoString, Option<Key>)]) -> ModuleInstance {
    steps.iter().fold(ModuleInstance::default(), |module, (name, key)| module.child(name.clone(), key.clone()))
}

fn instance(endpoint: &Endpoint, diags: &mut Diagnostics) -> Option<AbsInstance> {
    let Some((resource, key)) = &endpoint.resource else {
        diags.error(endpoint.span, "Invalid address", "What is replaced is a resource or an instance of one.");
        return None;
    };
    let resource = AbsResource { module: module_instance(&endpoint.modules), resource: resource.clone() };
    Some(AbsInstance { resource, key: key.clone() })
}

fn pattern(endpoint: &Endpoint) -> Pattern {
    let module = module_instance(&endpoint.modules);
    match &endpoint.resource {
        None => Pattern::everything_in(&module),
        Some((resource, key)) => {
            let resource = AbsResource { module, resource: resource.clone() };
            Pattern::named(&AbsInstance { resource, key: key.clone() })
        }
    }
}

fn expected(tree: &Tree, diags: &mut Diagnostics) -> Vec<Expected> {
    let items = static_list(tree, diags);
    items.into_iter().map(|item| Expected { checkable: checkable(&item), span: item.span }).collect()
}

fn checkable(tree: &Tree) -> Checkable {
    if let Some(endpoint) = endpoint(tree)
        && endpoint.modules.is_empty()
        && let Some((resource, key)) = endpoint.resource
    {
        let name = resource.name.clone();
        return match resource.kind.as_str() {
            _ if resource.mode != addr::Mode::Managed => Checkable::Resource(resource, key),
            "var" => Checkable::Variable(name),
            "output" => Checkable::Output(name),
            "check" => Checkable::Check(name),
            "local" | "run" | "path" | "terraform" | "each" | "count" | "self" => Checkable::Nothing(written(tree)),
            _ => Checkable::Resource(resource, key),
        };
    }
    Checkable::Nothing(written(tree))
}

fn written(tree: &Tree) -> String {
    match &tree.kind {
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::Traversal(traversal) => {
            let mut text = written(&traversal.base);
            for step in &traversal.steps {
                match step {
                    Step::Attr(name) => text.push_str(&format!(".{}", name.name)),
                    _ => return text,
                }
            }
            text
        }
        _ => "this".to_owned(),
    }
}

/// Returns what an override is about.
pub(super) fn target(tree: &Tree) -> Option<OverrideTarget> {
    let Endpoint { modules, resource, .. } = endpoint(tree)?;
    Some(OverrideTarget { modules, resource })
}
