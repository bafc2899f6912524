//! `moved { from = … to = … }` and `removed { from = … }`

use addr::Key;
use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::Expr as Tree;
use syntax::{AttributeSchema, BlockSchema, BodySchema, Content, ContentBlock};
use value::PathStep;

use super::read::{constant_bool, static_tree};

/// An object that has a new address.
#[derive(Debug)]
pub struct Moved {
    /// The old address.
    pub from: Endpoint,
    /// The new one.
    pub to: Endpoint,
    /// The block's header.
    pub header: Span,
}

/// Objects that are no longer declared.
#[derive(Debug)]
pub struct Removed {
    /// Their resource or module.
    pub from: Endpoint,
    /// They are destroyed; otherwise forgotten.
    pub destroy: bool,
    /// The block's header.
    pub header: Span,
}

/// One end of a move, relative to the module that says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The modules on the way; a key where one is given.
    pub modules: Vec<(EcoString, Option<Key>)>,
    /// The resource, unless a module call is meant.
    pub resource: Option<(addr::Resource, Option<Key>)>,
    /// Where it is written.
    pub span: Span,
}

const MOVED: BodySchema<'static> = BodySchema {
    attributes: &[AttributeSchema { name: "from", required: true }, AttributeSchema { name: "to", required: true }],
    blocks: &[],
};

const REMOVED: BodySchema<'static> = BodySchema {
    attributes: &[AttributeSchema { name: "from", required: true }],
    blocks: &[
        BlockSchema { kind: "lifecycle", labels: &[] },
        BlockSchema { kind: "connection", labels: &[] },
        BlockSchema { kind: "provisioner", labels: &["type"] },
    ],
};

const REMOVED_LIFECYCLE: BodySchema<'static> =
    BodySchema { attributes: &[AttributeSchema { name: "destroy", required: false }], blocks: &[] };

/// Decodes a `moved` block.
pub(super) fn decode_moved(block: &ContentBlock, diags: &mut Diagnostics) -> Option<Moved> {
    let content = block.body.content(&MOVED, diags);
    let from = endpoint_of(&content, "from", diags);
    let to = endpoint_of(&content, "to", diags);
    let (from, to) = (from?, to?);
    if from.resource.is_some() != to.resource.is_some() {
        let detail = "A moved block moves a resource to a resource or a module call to a module call; here the two \
                      addresses are of different kinds.";
        diags.error(block.header, "Invalid \"moved\" addresses", detail);
        return None;
    }
    Some(Moved { from, to, header: block.header })
}

/// Decodes a `removed` block.
pub(super) fn decode_removed(block: &ContentBlock, diags: &mut Diagnostics) -> Option<Removed> {
    let content = block.body.content(&REMOVED, diags);
    let from = endpoint_of(&content, "from", diags)?;
    let keyed = from.modules.iter().any(|(_, key)| key.is_some())
        || from.resource.as_ref().is_some_and(|(_, key)| key.is_some());
    if keyed {
        let detail = "A removed block is about all instances: write the address without a key.";
        diags.error(from.span, "Resource instance keys not allowed", detail);
    }
    if let Some((resource, _)) = &from.resource
        && resource.mode != addr::Mode::Managed
    {
        let detail = "Only managed resources exist outside of the configuration and can be removed.";
        diags.error(from.span, "Invalid \"removed\" address", detail);
    }
    for block in content.blocks_of("provisioner") {
        let provisioner = super::resource::provisioner(block, diags);
        if provisioner.is_some_and(|provisioner| provisioner.when != super::ProvisionerWhen::Destroy) {
            let detail = "Objects of a removed block are only destroyed, so its provisioners need when = destroy.";
            diags.error(block.header, "Invalid provisioner block", detail);
        }
    }
    let destroy = content.blocks_of("lifecycle").next().map(|lifecycle| {
        let content = lifecycle.body.content(&REMOVED_LIFECYCLE, diags);
        constant_bool(&content, "destroy", diags).unwrap_or(true)
    });
    Some(Removed { from, destroy: destroy.unwrap_or(true), header: block.header })
}

fn endpoint_of(content: &Content, name: &str, diags: &mut Diagnostics) -> Option<Endpoint> {
    let tree = &content.attribute(name)?.expr;
    let tree = static_tree(tree, diags)?;
    let found = endpoint(&tree);
    if found.is_none() {
        let detail = "This must be the address of a resource (TYPE.NAME) or module call (module.NAME), with constant \
                      keys, without quotes.";
        diags.error(tree.span, "Invalid address", detail);
    }
    found
}

/// Reads an address with constant keys.
pub fn endpoint(tree: &Tree) -> Option<Endpoint> {
    let path = crate::expr::static_path(tree)?;
    let mut steps = path.0.iter().peekable();
    let mut modules = Vec::new();
    let next_key = |steps: &mut std::iter::Peekable<std::slice::Iter<'_, PathStep>>| -> Option<Option<Key>> {
        let Some(PathStep::Index(key)) = steps.peek() else { return Some(None) };
        let key = match (key.as_str(), key.as_number().and_then(value::Number::to_i64)) {
            (Some(name), _) => Key::Name(name.into()),
            (_, Some(number)) => Key::Number(u64::try_from(number).ok()?),
            _ => return None,
        };
        steps.next();
        Some(Some(key))
    };
    let is_name = |step: Option<&&PathStep>, name: &str| matches!(step, Some(PathStep::Attribute(n)) if n == name);
    loop {
        let short = addr::SHORT_CALLS.into_iter().find(|kind| is_name(steps.peek(), kind));
        if short.is_none() && !is_name(steps.peek(), "module") {
            break;
        }
        steps.next();
        let Some(PathStep::Attribute(name)) = steps.next() else { return None };
        let name = short.map_or_else(|| name.clone(), |kind| ecow::eco_format!("{kind}.{name}"));
        modules.push((name, next_key(&mut steps)?));
    }
    let Some(PathStep::Attribute(first)) = steps.next() else {
        return (!modules.is_empty()).then_some(Endpoint { modules, resource: None, span: tree.span });
    };
    let (mode, kind) = match first.as_str() {
        "data" => (addr::Mode::Data, steps.next()),
        "ephemeral" => (addr::Mode::Ephemeral, steps.next()),
        "resource" => (addr::Mode::Managed, steps.next()),
        _ => (addr::Mode::Managed, None),
    };
    let kind = match kind {
        Some(PathStep::Attribute(kind)) => kind.clone(),
        None if first != "data" && first != "ephemeral" && first != "resource" => first.clone(),
        _ => return None,
    };
    let Some(PathStep::Attribute(name)) = steps.next() else { return None };
    let resource = addr::Resource { mode, kind, name: name.clone() };
    let key = next_key(&mut steps)?;
    steps.next().is_none().then_some(Endpoint { modules, resource: Some((resource, key)), span: tree.span })
}
