//! `provider "name" { … }`, and references to provider configurations.

use addr::LocalProvider;
use diag::{Diagnostics, Span};
use syntax::tree::{Body, Expr as Tree, ExprKind, Step};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use super::names::ScopedNames;
use super::read::{Scope, constant_string, constant_version};
use super::resource::Repetition;

/// A provider configuration.
#[derive(Debug)]
pub struct ProviderConfig {
    /// What the module calls it.
    pub local: LocalProvider,
    /// One configuration per element.
    pub repetition: Repetition,
    /// The version constraint that old modules write here.
    pub version: Option<(ecow::EcoString, Span)>,
    /// Everything that the provider's schema describes.
    pub body: Body,
    /// What names mean in the body.
    pub names: ScopedNames,
    /// The block's header.
    pub header: Span,
}

/// A reference to a provider configuration: `aws`, `aws.east`, `aws.by_region["eu"]`.
#[derive(Debug)]
pub struct ProviderReference {
    /// What the module calls it.
    pub local: LocalProvider,
    /// The instance of a configuration with `for_each`.
    pub key: Option<Tree>,
    /// Where it is written.
    pub span: Span,
}

impl ProviderConfig {
    /// Tells whether the block says nothing about the provider: old modules name the providers they expect this way.
    pub fn is_empty(&self) -> bool {
        let mut blocks = Diagnostics::new();
        self.body.just_attributes(&mut blocks).is_empty() && blocks.is_empty()
    }
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "alias", required: false },
        AttributeSchema { name: "count", required: false },
        AttributeSchema { name: "depends_on", required: false },
        AttributeSchema { name: "for_each", required: false },
        AttributeSchema { name: "source", required: false },
        AttributeSchema { name: "version", required: false },
    ],
    blocks: &[
        BlockSchema { kind: "_", labels: &[] },
        BlockSchema { kind: "lifecycle", labels: &[] },
        BlockSchema { kind: "locals", labels: &[] },
    ],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<ProviderConfig> {
    let label = block.labels.first()?;
    let (content, rest) = block.body.partial_content(&SCHEMA, diags);
    if !is_provider_name(&label.name) {
        let detail =
            format!("{:?} is not a provider's local name: letters in lower case, digits and dashes.", label.name);
        diags.error(label.span, "Invalid provider local name", detail);
    }
    for name in ["count", "depends_on", "source"] {
        if let Some(attribute) = content.attribute(name) {
            let detail = format!("The name {name:?} is reserved in provider blocks and means nothing yet.");
            diags.error(attribute.name.span, "Reserved argument name in provider block", detail);
        }
    }
    for block in content.blocks.iter().filter(|block| block.kind.name != "_") {
        let detail = format!("The block type {:?} is reserved in provider blocks.", block.kind.name);
        diags.error(block.header, "Reserved block type name in provider block", detail);
    }
    let repetition = match content.attribute("for_each") {
        Some(attribute) => Repetition::ForEach(scope.compile(&attribute.expr)),
        None => Repetition::Single,
    };
    let alias = constant_string(&content, "alias", diags);
    if let (Some(alias), Some(attribute)) = (&alias, content.attribute("alias"))
        && !addr::is_identifier(alias)
    {
        let detail = format!("An alias is a name of letters, digits, underscores and dashes; {alias:?} is not.");
        diags.error(attribute.expr.span, "Invalid provider configuration alias", detail);
    }
    let body = match content.blocks_of("_").next() {
        Some(block) => rest.with_more(block.body.clone()),
        None => rest,
    };
    let version = constant_version(&content, "version", diags);
    if let Some(attribute) = content.attribute("version") {
        let detail = "Write the version into required_providers of the settings block instead.";
        let summary = "Version constraints inside provider configuration blocks are deprecated";
        diags.warning(attribute.expr.span, summary, detail);
    }
    Some(ProviderConfig {
        local: LocalProvider { name: label.name.clone(), alias },
        names: scope.within(&repetition).names,
        repetition,
        version: version.zip(content.attribute("version").map(|attribute| attribute.expr.span)),
        body,
        header: block.header,
    })
}

/// Tells whether text can be a provider's local name.
pub(super) fn is_provider_name(name: &str) -> bool {
    addr::is_identifier(name) && !name.contains('_') && name.to_lowercase() == name
}

/// Returns the word that an expression is: the best-known provider is called `null`.
fn word(tree: &Tree) -> Option<&str> {
    match &tree.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::Null => Some("null"),
        ExprKind::Bool(true) => Some("true"),
        ExprKind::Bool(false) => Some("false"),
        _ => None,
    }
}

/// Reads a reference to a provider configuration.
pub(super) fn reference(tree: &Tree, diags: &mut Diagnostics) -> Option<ProviderReference> {
    let owned;
    let tree = match &tree.kind {
        ExprKind::JsonString(string) => {
            owned = reread(&string.text, tree.span, diags)?;
            &owned
        }
        ExprKind::String(text) => {
            super::read::warn_quoted_reference(tree.span, diags);
            owned = reread(text, tree.span, diags)?;
            &owned
        }
        _ => tree,
    };
    let local = |name: &str, alias: Option<&str>| LocalProvider { name: name.into(), alias: alias.map(Into::into) };
    let found = match &tree.kind {
        ExprKind::Traversal(traversal) => match (word(&traversal.base), &traversal.steps[..]) {
            (Some(name), [Step::Attr(alias)]) => Some((local(name, Some(&alias.name)), None)),
            (Some(name), [Step::Attr(alias), Step::Index(key, _)]) => {
                Some((local(name, Some(&alias.name)), Some(key.clone())))
            }
            _ => None,
        },
        _ => word(tree).map(|name| (local(name, None), None)),
    };
    match found {
        Some((local, _)) if !is_provider_name(&local.name) => {
            let detail =
                format!("{:?} is not a provider's local name: letters in lower case, digits and dashes.", local.name);
            diags.error(tree.span, "Invalid provider local name", detail);
            None
        }
        Some((local, key)) => Some(ProviderReference { local, key, span: tree.span }),
        None => {
            let detail = "A provider configuration is named as NAME or NAME.ALIAS, without quotes.";
            diags.error(tree.span, "Invalid provider configuration reference", detail);
            None
        }
    }
}

/// Reads the text of a quoted reference; places inside it are those of the whole string.
pub(super) fn reread(text: &str, span: Span, diags: &mut Diagnostics) -> Option<Tree> {
    let (mut tree, found) = syntax::parse_expression(span.file, text.as_bytes(), 0);
    if found.has_errors() {
        let detail = format!("{text:?} is not a reference.");
        diags.error(span, "Invalid reference", detail);
        return None;
    }
    syntax::respan(&mut tree, span);
    Some(tree)
}
