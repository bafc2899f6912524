//! `terraform { … }` and `gantry { … }`: what a module needs, and where its state is.

use addr::{LocalProvider, Provider};
use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Attribute, Body, Expr as Tree, ExprKind};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use super::read::{constant_version, static_list};

/// The settings of a module, of all its settings blocks together.
#[derive(Debug, Default)]
pub struct Settings {
    /// Versions of the program that the module says it works with.
    pub required_versions: Vec<RequiredVersion>,
    /// Providers by local name.
    pub required_providers: Vec<RequiredProvider>,
    /// The block that names them.
    pub required_providers_block: Option<Span>,
    /// Names of providers that are part of the program and are meant by their source in a registry, too, in all modules: the
    /// root module says so.
    pub own_providers: Vec<(EcoString, Span)>,
    /// Where state is kept.
    pub backend: Option<Backend>,
    /// `cloud { … }`
    pub cloud: Option<Body>,
}

/// A version constraint on the program.
#[derive(Debug)]
pub struct RequiredVersion {
    /// The constraint as written.
    pub constraint: EcoString,
    /// Whether it stands in a block of ours: `terraform { }` means Terraform's versions.
    pub ours: bool,
    /// Where it stands.
    pub span: Span,
}

/// A provider that the module needs.
#[derive(Debug)]
pub struct RequiredProvider {
    /// The local name.
    pub name: EcoString,
    /// Which provider it is.
    pub provider: Provider,
    /// The module says so by `source`, and does not just mean the one of the name that is part of the program.
    pub has_source: bool,
    /// The version constraint as written.
    pub version: Option<(EcoString, Span)>,
    /// Configurations that the caller must pass.
    pub configuration_aliases: Vec<LocalProvider>,
    /// Where it is said.
    pub span: Span,
}

/// Where state is kept.
#[derive(Debug)]
pub struct Backend {
    /// The kind of place.
    pub kind: EcoString,
    /// Its configuration.
    pub body: Body,
    /// The block's header.
    pub header: Span,
}

/// Which providers of ours stand for those of a registry, in `gantry { … }` only.
const OWN_PROVIDERS: &str = "own_providers";

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "required_version", required: false },
        AttributeSchema { name: "experiments", required: false },
        AttributeSchema { name: "language", required: false },
        AttributeSchema { name: OWN_PROVIDERS, required: false },
    ],
    blocks: &[
        BlockSchema { kind: "backend", labels: &["type"] },
        BlockSchema { kind: "cloud", labels: &[] },
        BlockSchema { kind: "required_providers", labels: &[] },
        BlockSchema { kind: "provider_meta", labels: &["provider"] },
        // OpenTofu's state encryption: taken note of when state is opened.
        BlockSchema { kind: "encryption", labels: &[] },
    ],
};

/// Adds a settings block to what is known.
pub(super) fn decode(block: &ContentBlock, settings: &mut Settings, diags: &mut Diagnostics) {
    let content = block.body.content(&SCHEMA, diags);
    if let Some(attribute) = content.attribute("language")
        && super::read::keyword(&attribute.expr).as_deref() != Some("TF2021")
    {
        let detail = "The only edition of the language is TF2021, and it is the default: leave this out.";
        diags.error(attribute.expr.span, "Unsupported language edition", detail);
    }
    if let Some(attribute) = content.attribute("experiments") {
        for item in static_list(&attribute.expr, diags) {
            let detail = "There are no experiments: the language is what it is. Leave this out.";
            diags.error(item.span, "Unknown experiment keyword", detail);
        }
    }
    if let Some(attribute) = content.attribute(OWN_PROVIDERS) {
        if block.kind.name != "gantry" {
            let detail =
                "Which providers are Gantry's own is said in a block \"gantry\", which Terraform does not read.";
            diags.error(attribute.name.span, "Unsupported argument", detail);
        }
        for item in static_list(&attribute.expr, diags) {
            match super::read::keyword(&item) {
                Some(name) => settings.own_providers.push((name, item.span)),
                None => {
                    diags.error(item.span, "Invalid own_providers", "It lists providers by name: [ aws, kubernetes ].")
                }
            }
        }
    }
    if let Some(constraint) = constant_version(&content, "required_version", diags) {
        let span = content.attribute("required_version").map_or(block.header, |attribute| attribute.expr.span);
        settings.required_versions.push(RequiredVersion { constraint, ours: block.kind.name == "gantry", span });
    }
    for inner in &content.blocks {
        match inner.kind.name.as_str() {
            "backend" => backend(inner, settings, diags),
            "cloud" => {
                if settings.cloud.is_some() || settings.backend.is_some() {
                    second_place(inner.header, diags);
                }
                settings.cloud = Some(inner.body.clone());
            }
            "required_providers" => required_providers(inner, settings, diags),
            "provider_meta" => provider_meta(inner, diags),
            _ => {}
        }
    }
}

impl Settings {
    /// Changes what an override file says otherwise.
    pub(super) fn override_by(&mut self, over: Settings) {
        if !over.required_versions.is_empty() {
            self.required_versions = over.required_versions;
        }
        self.required_providers_block = self.required_providers_block.or(over.required_providers_block);
        for required in over.required_providers {
            match self.required_providers.iter_mut().find(|known| known.name == required.name) {
                Some(known) => *known = required,
                None => self.required_providers.push(required),
            }
        }
        if !over.own_providers.is_empty() {
            self.own_providers = over.own_providers;
        }
        if over.backend.is_some() || over.cloud.is_some() {
            (self.backend, self.cloud) = (over.backend, over.cloud);
        }
    }

    /// Returns the names of the providers that are meant by their sources in a registry, too.
    pub(super) fn own(&self) -> Vec<EcoString> {
        self.own_providers.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Takes a source in a registry for one of the program's own providers, where these are to stand for it.
    pub(super) fn prefer_own(&mut self, own: &[EcoString]) {
        for required in &mut self.required_providers {
            required.has_source &= !own.iter().any(|name| Provider::implied(name) == required.provider);
        }
    }
}

fn second_place(span: Span, diags: &mut Diagnostics) {
    let detail = "State is kept in one place: a module may have one backend or cloud block.";
    diags.error(span, "Duplicate backend configuration", detail);
}

fn backend(block: &ContentBlock, settings: &mut Settings, diags: &mut Diagnostics) {
    let Some(kind) = block.labels.first() else { return };
    if settings.backend.is_some() || settings.cloud.is_some() {
        second_place(block.header, diags);
    }
    settings.backend = Some(Backend { kind: kind.name.clone(), body: block.body.clone(), header: block.header });
}

/// Data for the provider's own use; nothing is done with it but what it may be is checked.
fn provider_meta(block: &ContentBlock, diags: &mut Diagnostics) {
    let Some(label) = block.labels.first() else { return };
    if !super::provider::is_provider_name(&label.name) {
        let detail =
            format!("{:?} is not a provider's local name: letters in lower case, digits and dashes.", label.name);
        diags.error(label.span, "Invalid provider local name", detail);
    }
    for attribute in block.body.just_attributes(diags) {
        let (_, found) = crate::constant::evaluate(&attribute.expr);
        diags.append(found);
    }
}

fn required_providers(block: &ContentBlock, settings: &mut Settings, diags: &mut Diagnostics) {
    if settings.required_providers_block.is_some() {
        let detail = "A module says once which providers it needs: put all of them into one block.";
        return diags.error(block.header, "Duplicate required providers configuration", detail);
    }
    settings.required_providers_block = Some(block.header);
    for attribute in block.body.just_attributes(diags) {
        let Some(required) = required_provider(&attribute, diags) else { continue };
        if settings.required_providers.iter().any(|known| known.name == required.name) {
            let detail = format!("The provider {:?} is required twice. Keep one of the two entries.", required.name);
            diags.error(attribute.name.span, "Duplicate required providers configuration", detail);
        } else {
            settings.required_providers.push(required);
        }
    }
}

fn required_provider(attribute: &Attribute, diags: &mut Diagnostics) -> Option<RequiredProvider> {
    let name = attribute.name.name.clone();
    if !super::provider::is_provider_name(&name) {
        let detail = format!("{name:?} is not a provider's local name: letters in lower case, digits and dashes.");
        diags.error(attribute.name.span, "Invalid provider local name", detail);
        return None;
    }
    let mut required = RequiredProvider {
        provider: Provider::implied(&name),
        has_source: false,
        name,
        version: None,
        configuration_aliases: Vec::new(),
        span: attribute.span,
    };
    match &attribute.expr.kind {
        ExprKind::Object(items) => {
            for item in items {
                entry(&mut required, &item.key, &item.value, diags);
            }
        }
        _ => {
            let version = string(&attribute.expr, "version", diags)?;
            required.version = Some((version, attribute.expr.span));
        }
    }
    Some(required)
}

fn entry(required: &mut RequiredProvider, key: &Tree, value: &Tree, diags: &mut Diagnostics) {
    match super::read::keyword(key).as_deref() {
        Some("version") => {
            required.version = string(value, "version", diags).map(|version| (version, value.span));
        }
        Some("source") => {
            let Some(source) = string(value, "source", diags) else { return };
            match Provider::parse(&source) {
                Ok(provider) if provider.name.starts_with("terraform-") => {
                    let detail = "The name of a provider does not begin with \"terraform-\": its repository's may.";
                    diags.error(value.span, "Invalid provider type", detail);
                }
                Ok(provider) => {
                    required.provider = provider;
                    required.has_source = true;
                }
                Err(error) => diags.error(value.span, "Invalid provider source string", format!("{}.", error.0)),
            }
        }
        Some("configuration_aliases") => {
            for item in static_list(value, diags) {
                let Some(reference) = super::provider::reference(&item, diags) else { continue };
                if reference.local.name != required.name {
                    let detail = format!(
                        "An alias of the provider {:?} begins with its local name: {}.ALIAS.",
                        required.name, required.name
                    );
                    diags.error(item.span, "Invalid configuration_aliases value", detail);
                }
                required.configuration_aliases.push(reference.local);
            }
        }
        _ => {
            let detail = "A required provider has the attributes source, version and configuration_aliases only.";
            diags.error(key.span, "Invalid required_providers object", detail);
        }
    }
}

fn string(tree: &Tree, what: &str, diags: &mut Diagnostics) -> Option<EcoString> {
    match &tree.kind {
        ExprKind::String(text) => Some(text.clone()),
        ExprKind::JsonString(string) => Some(string.text.clone()),
        _ => {
            let detail = format!("The {what} must be a constant string.");
            diags.error(tree.span, "Invalid required_providers object", detail);
            None
        }
    }
}
