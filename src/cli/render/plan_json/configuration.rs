//! The configuration that a plan was made from: what is constant in it, and what refers to what.

use std::collections::BTreeMap;

use addr::Mode;
use diag::Diagnostics;
use lang::body::{BodyPart, CompiledBody};
use lang::expr::Expr;
use lang::module::{ModuleCall, Output, Provisioner, Repetition, Resource, Variable};
use lang::providers::resolve;
use lang::tree::Node;
use lang::validate::{Providers, local_exec_schema};
use schema::{Block, BlockNesting};
use serde_json::{Map, Value as Json, json};

use super::providers::ProviderConfigs;
use crate::providers::LinkedProviders;
use crate::render::state_json::{mode, plain};

/// Returns the configuration of a tree of modules.
pub(super) fn configuration(root: &Node, linked: &LinkedProviders) -> Json {
    let work = Work { linked, providers: ProviderConfigs::of(root, linked) };
    let module = work.module(&mut vec![root]);
    let mut out = Map::new();
    insert(&mut out, "provider_config", work.providers.into_json());
    out.insert("root_module".into(), module);
    Json::Object(out)
}

struct Work<'a> {
    linked: &'a LinkedProviders,
    providers: ProviderConfigs,
}

impl Work<'_> {
    fn module(&self, path: &mut Vec<&Node>) -> Json {
        let Some(node) = path.last().copied() else { return Json::Null };
        let module = &node.module;
        let mut out = Map::new();
        let outputs = module.outputs.iter().map(|output| (output.name.to_string(), output_json(output)));
        insert(&mut out, "outputs", outputs.collect());
        let mut resources = Vec::new();
        for wanted in [Mode::Managed, Mode::Data, Mode::Ephemeral] {
            let mut found: Vec<&Resource> = module.resources.iter().filter(|r| r.address.mode == wanted).collect();
            found.sort_by(|a, b| a.address.cmp(&b.address));
            resources.extend(found.into_iter().map(|resource| self.resource(path, resource)));
        }
        if !resources.is_empty() {
            out.insert("resources".into(), resources.into());
        }
        let mut calls = Map::new();
        for (call, child) in module.calls.iter().zip(&node.children) {
            let inside = child.as_ref().map(|child| {
                path.push(child);
                let inside = self.module(path);
                path.pop();
                (inside, &**child)
            });
            calls.insert(call.name.to_string(), call_json(call, inside));
        }
        insert(&mut out, "module_calls", calls);
        let variables = module.variables.iter().map(|variable| (variable.name.to_string(), variable_json(variable)));
        insert(&mut out, "variables", variables.collect());
        Json::Object(out)
    }

    fn resource(&self, path: &[&Node], resource: &Resource) -> Json {
        let resolved = resolve(path, resource);
        let schema =
            self.linked.resource_schema(&resolved.address.provider, resource.address.mode, &resource.address.kind);
        let mut out = Map::new();
        out.insert("address".into(), resource.address.to_string().into());
        out.insert("mode".into(), mode(resource.address.mode).into());
        out.insert("type".into(), resource.address.kind.as_str().into());
        out.insert("name".into(), resource.address.name.as_str().into());
        if let Some(node) = path.last() {
            out.insert("provider_config_key".into(), self.providers.key_of(node, resource).into());
        }
        let provisioners: Vec<Json> =
            resource.provisioners.iter().map(|provisioner| provisioner_json(provisioner, resource)).collect();
        if !provisioners.is_empty() {
            out.insert("provisioners".into(), provisioners.into());
        }
        if let Some(schema) = schema {
            let diags = &mut Diagnostics::new();
            let body = CompiledBody::compile(&resource.body, &schema.block, &resource.names, diags);
            insert(&mut out, "expressions", expressions(&body));
            out.insert("schema_version".into(), schema.version.into());
        }
        repetition(&mut out, &resource.repetition);
        depends_on(&mut out, &resource.depends_on);
        Json::Object(out)
    }
}

fn insert(out: &mut Map<String, Json>, name: &str, inside: Map<String, Json>) {
    if !inside.is_empty() {
        out.insert(name.into(), Json::Object(inside));
    }
}

fn output_json(output: &Output) -> Json {
    let mut out = Map::new();
    if output.sensitive {
        out.insert("sensitive".into(), true.into());
    }
    if output.ephemeral {
        out.insert("ephemeral".into(), true.into());
    }
    out.insert("expression".into(), expression(&output.value));
    depends_on(&mut out, &output.depends_on);
    if let Some(description) = output.description.as_ref().filter(|text| !text.is_empty()) {
        out.insert("description".into(), description.as_str().into());
    }
    Json::Object(out)
}

fn variable_json(variable: &Variable) -> Json {
    let mut out = Map::new();
    if let Some(default) = &variable.default {
        out.insert("default".into(), plain(default));
    }
    if let Some(description) = variable.description.as_ref().filter(|text| !text.is_empty()) {
        out.insert("description".into(), description.as_str().into());
    }
    if variable.sensitive {
        out.insert("sensitive".into(), true.into());
    }
    Json::Object(out)
}

fn call_json(call: &ModuleCall, inside: Option<(Json, &Node)>) -> Json {
    let mut out = Map::new();
    let source = call.source.as_ref().and_then(|source| source.as_constant()?.as_str().map(str::to_owned));
    out.insert("source".into(), source.unwrap_or_default().into());
    let inputs = call.inputs.iter().map(|(name, expr)| (name.name.to_string(), expression(expr)));
    let inputs: BTreeMap<String, Json> = inputs.collect();
    insert(&mut out, "expressions", inputs.into_iter().collect());
    repetition(&mut out, &call.repetition);
    if let Some((module, _)) = inside {
        out.insert("module".into(), module);
    }
    let version = call.version.as_ref().and_then(|version| version.as_constant()?.as_str().map(str::to_owned));
    if let Some(version) = version {
        out.insert("version_constraint".into(), version.into());
    }
    depends_on(&mut out, &call.depends_on);
    Json::Object(out)
}

fn provisioner_json(provisioner: &Provisioner, resource: &Resource) -> Json {
    let mut names = resource.names.clone();
    names.allowed.this = true;
    let schema = if provisioner.kind == "local-exec" { local_exec_schema() } else { Block::default() };
    let body = CompiledBody::compile(&provisioner.body, &schema, &names, &mut Diagnostics::new());
    let mut out = Map::new();
    out.insert("type".into(), provisioner.kind.as_str().into());
    insert(&mut out, "expressions", expressions(&body));
    Json::Object(out)
}

fn repetition(out: &mut Map<String, Json>, repetition: &Repetition) {
    match repetition {
        Repetition::Single => {}
        Repetition::Count(expr) => insert(out, "count_expression", expression_parts(expr)),
        Repetition::ForEach(expr) => insert(out, "for_each_expression", expression_parts(expr)),
    }
}

fn depends_on(out: &mut Map<String, Json>, needs: &[Expr]) {
    let texts: Vec<Json> = needs.iter().flat_map(Expr::references).map(|need| need.text.as_str().into()).collect();
    if !texts.is_empty() {
        out.insert("depends_on".into(), texts.into());
    }
}

/// Returns what a body sets, nested blocks among it.
pub(super) fn expressions(body: &CompiledBody) -> Map<String, Json> {
    let part = |(name, part): (&ecow::EcoString, BodyPart<'_>)| {
        let described = match part {
            BodyPart::Attribute(expr) => expression(expr),
            BodyPart::Blocks(nesting, blocks) => nested(nesting, &blocks),
        };
        (name.to_string(), described)
    };
    body.parts().into_iter().map(part).collect()
}

fn nested(nesting: BlockNesting, blocks: &[(Option<&ecow::EcoString>, &CompiledBody)]) -> Json {
    let inside = |body: &CompiledBody| Json::Object(expressions(body));
    match nesting {
        BlockNesting::Single | BlockNesting::Group => {
            blocks.first().map_or_else(|| json!({}), |(_, body)| inside(body))
        }
        BlockNesting::List | BlockNesting::Set => blocks.iter().map(|(_, body)| inside(body)).collect(),
        BlockNesting::Map => {
            let labelled = blocks.iter().filter_map(|(label, body)| Some((label.as_ref()?.to_string(), inside(body))));
            Json::Object(labelled.collect())
        }
    }
}

/// Returns an expression's constant value, or what it refers to.
fn expression(expr: &Expr) -> Json {
    Json::Object(expression_parts(expr))
}

fn expression_parts(expr: &Expr) -> Map<String, Json> {
    let mut out = Map::new();
    if let Some(value) = expr.constant_value() {
        out.insert("constant_value".into(), plain(&value));
    }
    let references: Vec<Json> =
        expr.references().into_iter().flat_map(|reference| reference.addresses()).map(Json::from).collect();
    if !references.is_empty() {
        out.insert("references".into(), references.into());
    }
    out
}
