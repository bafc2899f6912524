//! `cluster "name" { … }` and `addon "type" "name" { … }`: shorter ways to call a module, written out here.
//!
//! The rest of the language sees a call named `cluster.NAME` or `addon.NAME`, whose expressions stand where the user wrote
//! them. A cluster brings a configuration of the provider `kubernetes` with its name as the alias, which its add-ons use.

use std::sync::Arc;

use diag::{Diagnostics, Span};
use ecow::{EcoString, eco_format};
use syntax::ContentBlock;
use syntax::tree::{Attribute, Block, Body, Expr, ExprKind, Ident, NativeBody, ObjectItem, Part, Step, Traversal};

use super::overrides::Blocks;

/// Where the modules that are part of Gantry come from.
pub const BUILT_IN: &str = "gantry//";

/// The provider that reaches into clusters.
const IN_CLUSTER: &str = "kubernetes";

/// The cluster's output that says how to reach into it.
const CONNECTION: &str = "connection";
/// What a generated configuration of that provider takes from there, under the same names.
const CONNECTION_ATTRIBUTES: &[&str] = &["host", "cluster_ca_certificate", "token", "client_certificate", "client_key"];
/// The same for its block `eks`, which is there if the connection has it.
const CONNECTION_EKS: &[&str] = &["cluster_name", "region"];

/// Arguments that are about the call and not for the module.
const META: &[&str] = &["count", "depends_on", "for_each", "providers", "source"];

/// A name that stands in a block of the user's: where it leads inside of the module's inputs.
#[derive(Clone, Debug)]
pub struct Written {
    /// The input's name and the names inside of it; a label stands for any key.
    pub path: Vec<EcoString>,
    /// Where it is written.
    pub span: Span,
}

/// Writes all `cluster` and `addon` blocks out.
pub(super) fn lower_all(blocks: &mut Blocks, diags: &mut Diagnostics) {
    let short = std::mem::take(&mut blocks.short_calls);
    if short.is_empty() {
        return;
    }
    let mut lowered: Vec<ContentBlock> = short.iter().filter_map(|block| lower(block, diags)).collect();
    lowered.retain(|call| has_source(call, diags));
    let names: Vec<EcoString> = lowered.iter().filter(|call| call.kind.name == "cluster").map(name_of).collect();
    for call in lowered {
        let call = match attribute(&call, "providers") {
            Some(_) => call,
            None if call.kind.name == "addon" => with_provider(call, &names, diags),
            // What a platform has in every cluster, it makes through the cluster's own connection.
            None if is_repeated(&call) => call,
            None => {
                let (name, span) = (name_of(&call), call.labels[0].span);
                handed_on(call, &name, span)
            }
        };
        blocks.calls.push(call);
    }
    let own = blocks.providers.clone();
    for cluster in blocks.calls.iter().filter(|call| call.kind.name == "cluster") {
        if !is_repeated(cluster) && !own.iter().any(|config| is_of(config, &name_of(cluster))) {
            blocks.providers.push(connection(cluster));
        }
    }
}

/// The name in `cluster.NAME`.
fn name_of(call: &ContentBlock) -> EcoString {
    call.labels[0].name.split_once('.').map_or_else(|| call.labels[0].name.clone(), |(_, name)| name.into())
}

/// Writes one block out; whether it says where the module is, is not looked at.
pub(super) fn lower(block: &ContentBlock, diags: &mut Diagnostics) -> Option<ContentBlock> {
    let label = block.labels.last()?;
    let kind = &block.kind.name;
    super::read::check_name(label, kind, diags);
    let arguments = match &block.body {
        Body::Native(body) => Arc::new(arguments(body, diags)),
        // The JSON form has no blocks inside: it says `pools` with all of them.
        other => Arc::new(NativeBody { attributes: other.just_attributes(diags), ..NativeBody::default() }),
    };
    let mut out = NativeBody { span: arguments.span, missing_item: arguments.missing_item, ..NativeBody::default() };
    for attribute in &arguments.attributes {
        match (kind.as_str(), attribute.name.name.as_str()) {
            ("cluster", "platform") => out.attributes.push(source(attribute)),
            // The name belongs to the call, where it means the module's own version.
            ("cluster", "version") => out.attributes.push(renamed(attribute, "kubernetes_version")),
            ("addon", "version") => out.attributes.push(renamed(attribute, "app_version")),
            _ => out.attributes.push(attribute.clone()),
        }
    }
    let has = |name: &str| arguments.attributes.iter().any(|attribute| attribute.name.name == name);
    if has("platform") && has("source") && kind == "cluster" {
        let detail =
            "A cluster is made by the module of a platform, or by that of a \"source\": leave one of them out.";
        diags.error(block.header, "Both platform and source", detail);
        return None;
    }
    if let ("addon", [of, _]) = (kind.as_str(), &block.labels[..])
        && !has("source")
    {
        let text = eco_format!("{BUILT_IN}addon/{}", of.name);
        out.attributes.push(made("source", ExprKind::String(text), of.span));
    }
    if !has("name") {
        out.attributes.push(made("name", ExprKind::String(label.name.clone()), label.span));
    }
    let name = Ident { name: eco_format!("{kind}.{}", label.name), span: label.span };
    let body = Body::Native(Arc::new(out));
    Some(ContentBlock { kind: block.kind.clone(), labels: vec![name], body, header: block.header })
}

fn attribute<'a>(call: &'a ContentBlock, name: &str) -> Option<&'a Attribute> {
    let Body::Native(body) = &call.body else { return None };
    body.attributes.iter().find(|attribute| attribute.name.name == name)
}

fn is_repeated(call: &ContentBlock) -> bool {
    attribute(call, "count").or(attribute(call, "for_each")).is_some()
}

fn has_source(call: &ContentBlock, diags: &mut Diagnostics) -> bool {
    if attribute(call, "source").is_none() {
        let detail = "A cluster says which platform it is for: platform = \"eks\", \"kind\" or \"sandbox\"; or source = … \
                      for a module of your own.";
        diags.error(call.header, "Missing required argument", detail);
        return false;
    }
    true
}

fn made(name: &str, kind: ExprKind, span: Span) -> Attribute {
    Attribute { name: Ident { name: name.into(), span }, expr: Arc::new(Expr { kind, span }), span }
}

fn renamed(attribute: &Attribute, name: &str) -> Attribute {
    Attribute { name: Ident { name: name.into(), span: attribute.name.span }, ..attribute.clone() }
}

/// `platform = var.p` is `source = "gantry//cluster/${var.p}"`.
fn source(platform: &Attribute) -> Attribute {
    let span = platform.expr.span;
    let start = eco_format!("{BUILT_IN}cluster/");
    let kind = match &platform.expr.kind {
        ExprKind::String(text) => ExprKind::String(start + text.as_str()),
        kind => {
            let value = Expr { kind: kind.clone(), span };
            ExprKind::Template(vec![Part::Literal(start, span), Part::Interpolation(value)])
        }
    };
    Attribute { name: Ident { name: "source".into(), span: platform.name.span }, ..made("source", kind, span) }
}

/// The inside of a block as attributes: blocks in it become objects.
fn arguments(body: &NativeBody, diags: &mut Diagnostics) -> NativeBody {
    let mut out = NativeBody { blocks: Vec::new(), ..body.clone() };
    let mut done: Vec<&EcoString> = Vec::new();
    for block in &body.blocks {
        if block.kind.name == "dynamic" {
            let detail = "Blocks in a cluster or add-on are a way to write an object: for many of them, write the argument \
                          with a for expression, as in pools = { for … }.";
            diags.error(block.header, "No dynamic blocks here", detail);
            continue;
        }
        if done.contains(&&block.kind.name) {
            continue;
        }
        done.push(&block.kind.name);
        let all: Vec<&Block> = body.blocks.iter().filter(|other| other.kind.name == block.kind.name).collect();
        let Some(made) = argument(&all, diags) else { continue };
        if let Some(known) = body.attributes.iter().find(|known| known.name.name == made.name.name) {
            let detail = format!("{:?} is set already, by an argument. Write all of it in one way.", known.name.name);
            diags.error(block.header, "Argument set twice", detail);
            continue;
        }
        out.attributes.push(made);
    }
    out
}

/// `pool "a" { … } pool "b" { … }` is `pools = { a = { … }, b = { … } }`; one block without a label is an object.
fn argument(blocks: &[&Block], diags: &mut Diagnostics) -> Option<Attribute> {
    let first = blocks.first()?;
    if let Some(odd) = blocks.iter().find(|block| block.labels.len() > 1 || block.labels.len() != first.labels.len()) {
        let detail = format!("A {:?} block has one label, its name, or none.", odd.kind.name);
        diags.error(odd.header, "Invalid block labels", detail);
        return None;
    }
    if first.labels.is_empty() {
        if let Some(second) = blocks.get(1) {
            let detail = format!("There can be one {:?} block here. Put everything into one.", second.kind.name);
            diags.error(second.header, format!("Duplicate {} block", second.kind.name), detail);
        }
        return Some(Attribute { name: first.kind.clone(), ..made("", object(first, diags).kind, first.span) });
    }
    let mut items: Vec<ObjectItem> = Vec::new();
    let mut seen: Vec<&EcoString> = Vec::new();
    for block in blocks {
        let label = &block.labels[0];
        if seen.contains(&&label.name) {
            let detail = format!("There is a {} {:?} already.", block.kind.name, label.name);
            diags.error(block.header, format!("Duplicate {}", block.kind.name), detail);
            continue;
        }
        seen.push(&label.name);
        let key = Expr { kind: ExprKind::String(label.name.clone()), span: label.span };
        items.push(ObjectItem { key, value: object(block, diags) });
    }
    let name = Ident { name: plural(&first.kind.name), span: first.kind.span };
    Some(Attribute { name, ..made("", ExprKind::Object(items), first.span) })
}

fn object(block: &Block, diags: &mut Diagnostics) -> Expr {
    let attributes = match &block.body {
        Body::Native(body) => arguments(body, diags).attributes,
        other => other.just_attributes(diags),
    };
    let item = |attribute: Attribute| ObjectItem {
        key: Expr { kind: ExprKind::String(attribute.name.name), span: attribute.name.span },
        value: Expr { kind: attribute.expr.kind.clone(), span: attribute.expr.span },
    };
    Expr { kind: ExprKind::Object(attributes.into_iter().map(item).collect()), span: block.span }
}

fn plural(name: &str) -> EcoString {
    match name.strip_suffix('y') {
        Some(stem) => eco_format!("{stem}ies"),
        None if name.ends_with('s') => eco_format!("{name}es"),
        None => eco_format!("{name}s"),
    }
}

/// `NAME.steps…` at one place.
fn traversal(base: &str, steps: &[&str], span: Span) -> Expr {
    let base = Expr { kind: ExprKind::Variable(base.into()), span };
    let steps = steps.iter().map(|name| Step::Attr(Ident { name: (*name).into(), span })).collect();
    Expr { kind: ExprKind::Traversal(Box::new(Traversal { base, steps })), span }
}

/// Hands the provider configuration of an add-on's cluster on, unless the block says which.
fn with_provider(call: ContentBlock, clusters: &[EcoString], diags: &mut Diagnostics) -> ContentBlock {
    let Some(cluster) = attribute(&call, "cluster") else {
        let detail = "An add-on says which cluster it is for: cluster = cluster.NAME.";
        diags.error(call.header, "Missing required argument", detail);
        // The module would miss it, too.
        return with_attribute(call, |header| made("cluster", ExprKind::Null, header));
    };
    let Some(name) = cluster_named_by(&cluster.expr) else {
        let detail = "An add-on reaches into its cluster by the cluster's own connection, so the cluster is named: \
                      cluster = cluster.NAME. For a cluster from elsewhere, hand a configuration on as well: providers = \
                      { kubernetes = kubernetes.ALIAS }.";
        diags.error(cluster.expr.span, "Cluster not named", detail);
        return call;
    };
    // What is not there is told where it is referred to.
    if !clusters.contains(name) {
        return call;
    }
    let (name, span) = (name.clone(), cluster.expr.span);
    handed_on(call, &name, span)
}

/// `providers = { kubernetes = kubernetes.ALIAS }`
fn handed_on(call: ContentBlock, alias: &str, span: Span) -> ContentBlock {
    let key = Expr { kind: ExprKind::Variable(IN_CLUSTER.into()), span };
    let item = ObjectItem { key, value: traversal(IN_CLUSTER, &[alias], span) };
    with_attribute(call, |_| made("providers", ExprKind::Object(vec![item]), span))
}

fn with_attribute(call: ContentBlock, attribute: impl FnOnce(Span) -> Attribute) -> ContentBlock {
    let Body::Native(body) = &call.body else { return call };
    let mut body = NativeBody::clone(body);
    body.attributes.push(attribute(call.header));
    ContentBlock { body: Body::Native(Arc::new(body)), ..call }
}

/// Reads `cluster.NAME`.
fn cluster_named_by(expr: &Expr) -> Option<&EcoString> {
    let ExprKind::Traversal(traversal) = &expr.kind else { return None };
    match (&traversal.base.kind, &traversal.steps[..]) {
        (ExprKind::Variable(root), [Step::Attr(name)]) if root == "cluster" => Some(&name.name),
        _ => None,
    }
}

/// Tells whether a provider block configures clusters' provider under an alias.
fn is_of(config: &ContentBlock, alias: &str) -> bool {
    let is_alias = |expr: &Expr| matches!(&expr.kind, ExprKind::String(text) if text == alias);
    config.labels[0].name == IN_CLUSTER && attribute(config, "alias").is_some_and(|own| is_alias(&own.expr))
}

/// `provider "kubernetes" { alias = "NAME" … }`
fn connection(cluster: &ContentBlock) -> ContentBlock {
    let (name, span) = (name_of(cluster), cluster.labels[0].span);
    let mut body = NativeBody { missing_item: Some(span), ..NativeBody::default() };
    body.attributes.push(made("alias", ExprKind::String(name.clone()), span));
    for name_of_both in CONNECTION_ATTRIBUTES {
        body.attributes.push(made(name_of_both, of_cluster(&name, name_of_both, span).kind, span));
    }
    body.blocks.push(eks(&name, span));
    ContentBlock {
        kind: Ident { name: "provider".into(), span },
        labels: vec![Ident { name: IN_CLUSTER.into(), span }],
        body: Body::Native(Arc::new(body)),
        header: cluster.header,
    }
}

fn of_cluster(cluster: &str, name: &str, span: Span) -> Expr {
    traversal("cluster", &[cluster, CONNECTION, name], span)
}

/// `dynamic "eks" { for_each = cluster.NAME.connection.eks[*] … }`
fn eks(cluster: &str, span: Span) -> Block {
    let block = |kind: &str, label: Option<&str>, body: NativeBody| Block {
        kind: Ident { name: kind.into(), span },
        labels: label.into_iter().map(|label| Ident { name: label.into(), span }).collect(),
        body: Body::Native(Arc::new(body)),
        header: span,
        span,
        open: span,
        close: span,
    };
    let empty = NativeBody { missing_item: Some(span), ..NativeBody::default() };
    let mut content = empty.clone();
    for name in CONNECTION_EKS {
        content.attributes.push(made(name, traversal("eks", &["value", name], span).kind, span));
    }
    let mut for_each = of_cluster(cluster, "eks", span);
    if let ExprKind::Traversal(traversal) = &mut for_each.kind {
        traversal.steps.push(Step::FullSplat(Vec::new(), span));
    }
    let mut dynamic = empty;
    dynamic.attributes.push(made("for_each", for_each.kind, span));
    dynamic.blocks.push(block("content", None, content));
    block("dynamic", Some("eks"), dynamic)
}

/// Returns all names that are written in a call's inputs.
pub(super) fn written(call: &ContentBlock) -> Vec<Written> {
    let mut found = Vec::new();
    if let Body::Native(body) = &call.body {
        for attribute in body.attributes.iter().filter(|own| !META.contains(&own.name.name.as_str())) {
            names_in(&attribute.expr, &mut vec![attribute.name.name.clone()], &mut found);
        }
    }
    found
}

fn names_in(expr: &Expr, path: &mut Vec<EcoString>, found: &mut Vec<Written>) {
    let ExprKind::Object(items) = &expr.kind else { return };
    for item in items {
        let (ExprKind::String(name) | ExprKind::Variable(name)) = &item.key.kind else { continue };
        path.push(name.clone());
        found.push(Written { path: path.clone(), span: item.key.span });
        names_in(&item.value, path, found);
        path.pop();
    }
}
