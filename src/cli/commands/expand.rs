//! `expand`: clusters and add-ons as the module calls that they are.

use std::path::Path;

use diag::{Diagnostics, Sources};
use lang::functions::RealFiles;
use lang::module::{Module, Variable, read_short_calls};
use syntax::ContentBlock;
use syntax::tree::{Attribute, Body, Expr, ExprKind, ObjectItem, Part, Step};

use super::Run;
use crate::configuration::{Asking, Configuration};
use crate::variables::{Assignments, VariableOptions};
use crate::{Exit, Session};

/// Show clusters and add-ons as the module calls that they stand for, with all defaults.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    variables: VariableOptions,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,
}

impl Run for Args {
    const NAME: &'static str = "expand";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let here = Path::new(".");
        let (mut diags, mut sources) = (Diagnostics::new(), Sources::default());
        let assignments = Assignments::collect(here, &self.variables, &session.environment, &mut sources, &mut diags);
        let read = Configuration::read_with_values(here, assignments, sources, session, Asking::Off, &mut diags);
        session.ui.diagnostics(&read.sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        let mut sources = Sources::default();
        let calls = read_short_calls(here, &RealFiles, &mut sources);
        let mut text = String::new();
        for call in &calls {
            let called = read.root.child(&call.labels[0].name).map(|node| &*node.module);
            write_call(call, called, &sources, &mut text);
        }
        if calls.is_empty() {
            text.push_str("# There are no cluster and addon blocks here.\n");
        }
        session.ui.out.print(&String::from_utf8_lossy(&syntax::format(text.as_bytes())));
        Exit::SUCCESS
    }
}

fn write_call(call: &ContentBlock, called: Option<&Module>, sources: &Sources, text: &mut String) {
    let Body::Native(body) = &call.body else { return };
    let label = &call.labels[0].name;
    let name = label.split_once('.').map_or(label.as_str(), |(_, name)| name);
    if !text.is_empty() {
        text.push('\n');
    }
    let header = String::from_utf8_lossy(sources.text(call.header)).into_owned();
    text.push_str(&format!("# {header}\nmodule \"{name}\" {{\n"));
    let (about, inputs): (Vec<&Attribute>, Vec<&Attribute>) =
        body.attributes.iter().partition(|attribute| ["source", "providers"].contains(&attribute.name.name.as_str()));
    for attribute in about {
        text.push_str(&format!("{} = {}\n", attribute.name.name, written(&attribute.expr, sources)));
    }
    text.push('\n');
    for attribute in &inputs {
        text.push_str(&format!("{} = {}\n", attribute.name.name, written(&attribute.expr, sources)));
    }
    let is_left_out = |variable: &&Variable| inputs.iter().all(|input| input.name.name != variable.name);
    let defaults = called.into_iter().flat_map(|module| &module.variables).filter(is_left_out);
    let defaults: Vec<String> = defaults
        .filter_map(|variable| Some((variable, variable.prepare(None, None).ok()?)))
        .map(|(variable, value)| format!("{} = {}\n", variable.name, lang::print::print_value(&value)))
        .collect();
    if !defaults.is_empty() {
        text.push_str(&format!("\n# Defaults:\n{}", defaults.concat()));
    }
    text.push_str("}\n");
}

/// Writes an expression: what was made up from its parts, everything else as it stands in the file.
fn written(expr: &Expr, sources: &Sources) -> String {
    match &expr.kind {
        ExprKind::String(text) => lang::print::quote(text),
        ExprKind::Object(items) => {
            let items =
                items.iter().map(|item| format!("{} = {}\n", key(item, sources), written(&item.value, sources)));
            format!("{{\n{}}}", items.collect::<String>())
        }
        ExprKind::Template(parts) if is_made_up(parts) => {
            let part = |part: &Part| match part {
                Part::Literal(text, _) => text.to_string(),
                Part::Interpolation(expr) => format!("${{{}}}", written(expr, sources)),
                _ => String::new(),
            };
            format!("\"{}\"", parts.iter().map(part).collect::<String>())
        }
        ExprKind::Traversal(traversal) => {
            let ExprKind::Variable(root) = &traversal.base.kind else { return as_it_stands(expr, sources) };
            let names: Option<Vec<&str>> = traversal.steps.iter().map(attribute_name).collect();
            match names {
                Some(names) => as_call(&format!("{root}.{}", names.join("."))),
                None => as_it_stands(expr, sources),
            }
        }
        _ => as_it_stands(expr, sources),
    }
}

fn attribute_name(step: &Step) -> Option<&str> {
    match step {
        Step::Attr(name) => Some(&name.name),
        _ => None,
    }
}

/// Tells whether a template came from `platform`: its literal text stands where the interpolated expression does.
fn is_made_up(parts: &[Part]) -> bool {
    matches!(parts, [Part::Literal(_, literal), Part::Interpolation(expr)] if *literal == expr.span)
}

fn key(item: &ObjectItem, sources: &Sources) -> String {
    match &item.key.kind {
        ExprKind::String(name) | ExprKind::Variable(name) if addr::is_identifier(name) => name.to_string(),
        _ => written(&item.key, sources),
    }
}

fn as_it_stands(expr: &Expr, sources: &Sources) -> String {
    String::from_utf8_lossy(sources.text(expr.span)).into_owned()
}

/// What refers to a cluster or an add-on refers to a module here.
fn as_call(reference: &str) -> String {
    match reference.split_once('.') {
        Some(("cluster" | "addon", rest)) => format!("module.{rest}"),
        _ => reference.to_owned(),
    }
}
