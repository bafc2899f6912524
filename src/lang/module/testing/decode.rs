//! The top level of a test file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr::LocalProvider;
use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Body, Expr as Tree, ExprKind, Ident};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use super::{MockProvider, TestFile, TestProvider, overrides, run};
use crate::functions::Files;
use crate::module::read::{at_most_one, constant_bool, constant_string, keyword};

const FILE: BodySchema<'static> = BodySchema {
    attributes: &[],
    blocks: &[
        BlockSchema { kind: "test", labels: &[] },
        BlockSchema { kind: "run", labels: &["name"] },
        BlockSchema { kind: "variables", labels: &[] },
        BlockSchema { kind: "provider", labels: &["name"] },
        BlockSchema { kind: "mock_provider", labels: &["name"] },
        BlockSchema { kind: "override_resource", labels: &[] },
        BlockSchema { kind: "override_data", labels: &[] },
        BlockSchema { kind: "override_module", labels: &[] },
    ],
};

const TEST: BodySchema<'static> =
    BodySchema { attributes: &[AttributeSchema { name: "parallel", required: false }], blocks: &[] };

const PROVIDER: BodySchema<'static> =
    BodySchema { attributes: &[AttributeSchema { name: "alias", required: false }], blocks: &[] };

/// Blocks that belong to one mock provider, or to all that a file makes up.
pub(super) const MOCKS: &[BlockSchema<'static>] = &[
    BlockSchema { kind: "mock_resource", labels: &["type"] },
    BlockSchema { kind: "mock_data", labels: &["type"] },
    BlockSchema { kind: "override_resource", labels: &[] },
    BlockSchema { kind: "override_data", labels: &[] },
    BlockSchema { kind: "override_module", labels: &[] },
];

const MOCK_PROVIDER: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "alias", required: false },
        AttributeSchema { name: "override_during", required: false },
        AttributeSchema { name: "source", required: false },
    ],
    blocks: MOCKS,
};

/// Where made-up data that several files use is found, and how its files are read.
pub(super) struct Place<'a, 's> {
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a mut diag::Sources,
    /// The folder of the module under test.
    pub(super) module: &'s Path,
}

/// Decodes a test file.
pub(super) fn decode(path: PathBuf, body: &Body, place: &mut Place<'_, '_>, diags: &mut Diagnostics) -> TestFile {
    let content = body.content(&FILE, diags);
    let mut file = TestFile {
        path,
        parallel: false,
        variables: Vec::new(),
        providers: Vec::new(),
        overrides: Vec::new(),
        runs: Vec::new(),
    };
    at_most_one(&content.blocks_of("test").collect::<Vec<_>>(), "test", diags);
    at_most_one(&content.blocks_of("variables").collect::<Vec<_>>(), "variables", diags);
    for block in &content.blocks {
        match block.kind.name.as_str() {
            "test" => {
                let content = block.body.content(&TEST, diags);
                file.parallel |= constant_bool(&content, "parallel", diags).unwrap_or(false);
            }
            "variables" => file.variables.extend(variables(block, diags)),
            "provider" => file.providers.extend(provider(block, diags)),
            "mock_provider" => file.providers.extend(mock_provider(block, place, diags)),
            "run" => file.runs.extend(run::decode(block, diags)),
            _ => file.overrides.extend(overrides::decode(block, false, diags)),
        }
    }
    duplicate_runs(&file, diags);
    duplicate_providers(&file, diags);
    overrides::duplicates(&file.overrides, diags);
    file
}

/// Decodes a `variables` block.
pub(super) fn variables(block: &ContentBlock, diags: &mut Diagnostics) -> Vec<(Ident, Arc<Tree>)> {
    let attributes = block.body.just_attributes(diags);
    attributes.into_iter().map(|attribute| (attribute.name, attribute.expr)).collect()
}

fn provider(block: &ContentBlock, diags: &mut Diagnostics) -> Option<TestProvider> {
    let label = block.labels.first()?;
    let (content, body) = block.body.partial_content(&PROVIDER, diags);
    let local = local(label, constant_string(&content, "alias", diags), diags);
    Some(TestProvider { local, body, mock: None, header: block.header })
}

fn mock_provider(block: &ContentBlock, place: &mut Place<'_, '_>, diags: &mut Diagnostics) -> Option<TestProvider> {
    let label = block.labels.first()?;
    let content = block.body.content(&MOCK_PROVIDER, diags);
    let local = local(label, constant_string(&content, "alias", diags), diags);
    let while_planning = overrides::while_planning(&content, diags).unwrap_or(false);
    let mut mock = MockProvider::default();
    overrides::mocks(&content, while_planning, &mut mock, diags);
    overrides::duplicates(&mock.overrides, diags);
    if let (Some(source), Some(attribute)) = (constant_string(&content, "source", diags), content.attribute("source")) {
        let from = (source.as_str(), attribute.expr.span);
        super::read::read_mocks(from, while_planning, place, &mut mock, diags);
    }
    Some(TestProvider { local, body: Body::Native(Default::default()), mock: Some(mock), header: block.header })
}

fn local(label: &Ident, alias: Option<EcoString>, diags: &mut Diagnostics) -> LocalProvider {
    if !crate::module::provider::is_provider_name(&label.name) {
        let detail =
            format!("{:?} is not a provider's local name: letters in lower case, digits and dashes.", label.name);
        diags.error(label.span, "Invalid provider local name", detail);
    }
    LocalProvider { name: label.name.clone(), alias }
}

fn duplicate_runs(file: &TestFile, diags: &mut Diagnostics) {
    let mut seen: HashMap<&EcoString, Span> = HashMap::new();
    for run in &file.runs {
        if seen.insert(&run.name, run.header).is_some() {
            let detail = format!("There is a run {:?} in this file already. Give each a name of its own.", run.name);
            diags.error(run.header, "Duplicate \"run\" block names", detail);
        }
    }
}

fn duplicate_providers(file: &TestFile, diags: &mut Diagnostics) {
    let mut seen: HashMap<&LocalProvider, Span> = HashMap::new();
    for provider in &file.providers {
        if seen.insert(&provider.local, provider.header).is_some() {
            let detail = format!("This file says twice what {} is. Give one of the two an alias.", provider.local);
            diags.error(provider.header, "Duplicate provider block", detail);
        }
    }
}

/// Returns a bare word of an attribute, if it is one of some; what else it is, is reported.
pub(super) fn word<'w>(
    content: &syntax::Content,
    name: &str,
    known: &[&'w str],
    diags: &mut Diagnostics,
) -> Option<&'w str> {
    let attribute = content.attribute(name)?;
    let word = keyword(&attribute.expr);
    let found = known.iter().find(|known| word.as_deref() == Some(**known));
    if found.is_none() && !matches!(attribute.expr.kind, ExprKind::Invalid) {
        let detail = format!("\"{name}\" is one of these words, without quotes: {}.", known.join(", "));
        diags.error(attribute.expr.span, format!("Invalid \"{name}\" keyword"), detail);
    }
    found.copied()
}
