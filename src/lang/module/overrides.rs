//! The blocks of a module's files, sorted by kind, and what override files change in them.

use std::collections::HashMap;

use diag::Diagnostics;
use ecow::EcoString;
use syntax::tree::{Attribute, Body};
use syntax::{AttributeSchema, BlockSchema, BodySchema, Content, ContentBlock};

use super::read::{DeclaredResource, constant_string};
use super::settings::{self, Settings};
use super::short_call;

/// The blocks of all files of a module.
#[derive(Default)]
pub(super) struct Blocks {
    pub(super) settings: Settings,
    pub(super) providers: Vec<ContentBlock>,
    pub(super) variables: Vec<ContentBlock>,
    pub(super) locals: Vec<Attribute>,
    pub(super) outputs: Vec<ContentBlock>,
    pub(super) calls: Vec<ContentBlock>,
    /// `cluster` and `addon`, until they become calls.
    pub(super) short_calls: Vec<ContentBlock>,
    pub(super) resources: Vec<DeclaredResource>,
    pub(super) moved: Vec<ContentBlock>,
    pub(super) removed: Vec<ContentBlock>,
    pub(super) imports: Vec<ContentBlock>,
    pub(super) checks: Vec<ContentBlock>,
}

impl Blocks {
    /// Adds the blocks of an ordinary file.
    pub(super) fn add(&mut self, content: Content, diags: &mut Diagnostics) {
        for block in content.blocks {
            match block.kind.name.as_str() {
                "terraform" | "gantry" => settings::decode(&block, &mut self.settings, diags),
                "locals" => self.locals.extend(locals(&block, diags)),
                "resource" | "data" | "ephemeral" => self.resources.extend(DeclaredResource::new(block, None)),
                "check" => self.add_check(block),
                kind => {
                    if let Some(list) = self.list(kind) {
                        list.push(block);
                    }
                }
            }
        }
    }

    fn add_check(&mut self, block: ContentBlock) {
        let name = block.labels.first().map(|label| label.name.clone());
        let content = block.body.content(&super::check::SCHEMA, &mut Diagnostics::new());
        for data in content.blocks.into_iter().filter(|inner| inner.kind.name == "data") {
            self.resources.extend(DeclaredResource::new(data, name.clone()));
        }
        self.checks.push(block);
    }

    fn list(&mut self, kind: &str) -> Option<&mut Vec<ContentBlock>> {
        Some(match kind {
            "provider" => &mut self.providers,
            "variable" => &mut self.variables,
            "output" => &mut self.outputs,
            "module" => &mut self.calls,
            "cluster" | "addon" => &mut self.short_calls,
            "moved" => &mut self.moved,
            "removed" => &mut self.removed,
            "import" => &mut self.imports,
            _ => return None,
        })
    }

    /// Reports what is declared twice and keeps the first of it.
    pub(super) fn drop_duplicates(&mut self, diags: &mut Diagnostics) {
        let lists = [
            ("variable", &mut self.variables),
            ("output", &mut self.outputs),
            ("module", &mut self.calls),
            ("check", &mut self.checks),
        ];
        for (what, list) in lists {
            let mut seen = std::collections::HashSet::new();
            list.retain(|block| {
                let Some(label) = block.labels.first() else { return false };
                let new = seen.insert(label.name.clone());
                if !new {
                    let detail = format!(
                        "A {what} named {:?} is declared already. Names must be unique in a module.",
                        label.name
                    );
                    diags.error(block.header, format!("Duplicate {what} declaration"), detail);
                }
                new
            });
        }
        let mut seen = std::collections::HashSet::new();
        self.locals.retain(|attribute| {
            let new = seen.insert(attribute.name.name.clone());
            if !new {
                let detail = format!("A local value named {:?} is defined already.", attribute.name.name);
                diags.error(attribute.span, "Duplicate local value definition", detail);
            }
            new
        });
        let mut seen = std::collections::HashSet::new();
        self.resources.retain(|declared| {
            let new = seen.insert(declared.address.clone());
            if !new {
                let what = declared.address.mode.block();
                let detail = format!(
                    "A {what} block {} is declared already. Names must be unique per type in a module.",
                    declared.address
                );
                let summary = format!("Duplicate {what} {:?} configuration", declared.address.kind);
                diags.error(declared.block.header, summary, detail);
            }
            new
        });
    }

    /// Brings the lists into the order in which the module has them.
    pub(super) fn sort(&mut self) {
        for list in [&mut self.variables, &mut self.outputs, &mut self.calls, &mut self.checks] {
            list.sort_by(|a, b| a.labels[0].name.cmp(&b.labels[0].name));
        }
        self.locals.sort_by(|a, b| a.name.name.cmp(&b.name.name));
        self.resources.sort_by(|a, b| a.address.cmp(&b.address));
    }
}

fn locals(block: &ContentBlock, diags: &mut Diagnostics) -> Vec<Attribute> {
    let attributes = block.body.just_attributes(diags);
    for attribute in &attributes {
        super::read::check_name(&attribute.name, "local value", diags);
    }
    attributes
}

/// Changes blocks as an override file says.
pub(super) fn merge(blocks: &mut Blocks, content: Content, diags: &mut Diagnostics) {
    let mut settings = Settings::default();
    let places = blocks.resources.iter().enumerate().map(|(place, known)| (known.address.clone(), place)).collect();
    for block in content.blocks {
        match block.kind.name.as_str() {
            "terraform" | "gantry" => settings::decode(&block, &mut settings, diags),
            "cluster" | "addon" => {
                let Some(block) = short_call::lower(&block, diags) else { continue };
                match blocks.calls.iter_mut().find(|known| known.labels[0].name == block.labels[0].name) {
                    Some(known) => override_body(known, &block, diags),
                    None => missing(&block, &block.labels[0].name, diags),
                }
            }
            "locals" => {
                for attribute in locals(&block, diags) {
                    let name = &attribute.name.name;
                    match blocks.locals.iter_mut().find(|known| known.name.name == *name) {
                        Some(known) => *known = attribute,
                        None => missing(&block, &format!("local value {name:?}"), diags),
                    }
                }
            }
            "resource" | "data" | "ephemeral" => merge_resource(blocks, &places, block, diags),
            // Terraform does not look at these in override files.
            "removed" => {
                let detail = "A removed block in an override file has no effect: put it into an ordinary file.";
                diags.warning(block.header, "Block without effect", detail);
            }
            "moved" | "import" | "check" => {
                let kind = &block.kind.name;
                let detail =
                    format!("A {kind:?} block has nothing that could be overridden: put it into an ordinary file.");
                diags.error(block.header, format!("Cannot override {kind:?} blocks"), detail);
            }
            "provider" => merge_provider(blocks, block, diags),
            kind => {
                let name = block.labels[0].name.clone();
                let list = blocks.list(kind).map(|list| list.iter_mut());
                match list.and_then(|mut list| list.find(|known| known.labels[0].name == name)) {
                    Some(known) => override_body(known, &block, diags),
                    None => missing(&block, &format!("{} {name:?}", block.kind.name), diags),
                }
            }
        }
    }
    blocks.settings.override_by(settings);
}

fn merge_resource(
    blocks: &mut Blocks,
    places: &HashMap<addr::Resource, usize>,
    block: ContentBlock,
    diags: &mut Diagnostics,
) {
    let Some(over) = DeclaredResource::new(block, None) else { return };
    match places.get(&over.address) {
        Some(place) => override_body(&mut blocks.resources[*place].block, &over.block, diags),
        None => missing(&over.block, &format!("{} block {}", over.address.mode.block(), over.address), diags),
    }
}

fn merge_provider(blocks: &mut Blocks, block: ContentBlock, diags: &mut Diagnostics) {
    let key = |block: &ContentBlock| -> (EcoString, Option<EcoString>) {
        const ALIAS: BodySchema<'static> =
            BodySchema { attributes: &[AttributeSchema { name: "alias", required: false }], blocks: &[] };
        let mut ignored = Diagnostics::new();
        let (content, _) = block.body.partial_content(&ALIAS, &mut ignored);
        (block.labels[0].name.clone(), constant_string(&content, "alias", &mut ignored))
    };
    let wanted = key(&block);
    match blocks.providers.iter_mut().find(|known| key(known) == wanted) {
        Some(known) => override_body(known, &block, diags),
        // The default configuration of a provider exists even where no block says so.
        None if wanted.1.is_none() => blocks.providers.push(block),
        None => missing(&block, &format!("provider configuration {}", wanted.0), diags),
    }
}

fn override_body(known: &mut ContentBlock, over: &ContentBlock, diags: &mut Diagnostics) {
    refuse_overrides(&over.body, diags);
    let base = known.body.clone();
    // Both arguments answer the same question, so one replaces the other.
    let base = match (repetitions(&over.body), repetitions(&base)) {
        ([true, false], [false, true]) => base.partial_content(&FOR_EACH, &mut Diagnostics::new()).1,
        ([false, true], [true, false]) => base.partial_content(&COUNT, &mut Diagnostics::new()).1,
        _ => base,
    };
    known.body = base.overridden_by(over.body.clone());
}

/// Reports what cannot be overridden because it adds up.
fn refuse_overrides(over: &Body, diags: &mut Diagnostics) {
    const CONDITIONS: &[BlockSchema<'static>] = &[
        BlockSchema { kind: "lifecycle", labels: &[] },
        BlockSchema { kind: "postcondition", labels: &[] },
        BlockSchema { kind: "precondition", labels: &[] },
        BlockSchema { kind: "validation", labels: &[] },
    ];
    const SCHEMA: BodySchema<'static> =
        BodySchema { attributes: &[AttributeSchema { name: "depends_on", required: false }], blocks: CONDITIONS };
    let (content, _) = over.partial_content(&SCHEMA, &mut Diagnostics::new());
    if let Some(attribute) = content.attribute("depends_on") {
        let detail = "What is needed first cannot be overridden: write \"depends_on\" into the block itself.";
        diags.error(attribute.span, "Unsupported override", detail);
    }
    for block in &content.blocks {
        if block.kind.name == "lifecycle" {
            refuse_overrides(&block.body, diags);
            continue;
        }
        let detail = "Conditions cannot be overridden: write the block into the one that it belongs to.";
        diags.error(block.header, format!("Can't override {} blocks", block.kind.name), detail);
    }
}

const COUNT: BodySchema<'static> =
    BodySchema { attributes: &[AttributeSchema { name: "count", required: false }], blocks: &[] };
const FOR_EACH: BodySchema<'static> =
    BodySchema { attributes: &[AttributeSchema { name: "for_each", required: false }], blocks: &[] };

/// Tells whether a body sets `count`, and whether it sets `for_each`.
fn repetitions(body: &Body) -> [bool; 2] {
    // Reading for its own sake comes later.
    let mut ignored = Diagnostics::new();
    [COUNT, FOR_EACH].map(|schema| !body.partial_content(&schema, &mut ignored).0.attributes.is_empty())
}

fn missing(block: &ContentBlock, what: &str, diags: &mut Diagnostics) {
    let kind = &block.kind.name;
    let detail = format!("There is no {what} in the ordinary files, so an override file cannot change it.");
    diags.error(block.header, format!("Missing base {kind} declaration to override"), detail);
}
