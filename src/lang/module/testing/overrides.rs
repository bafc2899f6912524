//! What is made up: `override_resource`, `override_data`, `override_module`, `mock_resource`, `mock_data`.

use diag::Diagnostics;
use syntax::{AttributeSchema, BodySchema, Content, ContentBlock};

use super::decode::word;
use super::{MockObject, MockProvider, Override, run};
use crate::module::read::static_tree;

const OVERRIDE: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "target", required: true },
        AttributeSchema { name: "values", required: false },
        AttributeSchema { name: "override_during", required: false },
    ],
    blocks: &[],
};

const OVERRIDE_MODULE: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "target", required: true },
        AttributeSchema { name: "outputs", required: false },
        AttributeSchema { name: "override_during", required: false },
    ],
    blocks: &[],
};

const MOCK: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "defaults", required: false },
        AttributeSchema { name: "override_during", required: false },
    ],
    blocks: &[],
};

/// Decodes an `override_…` block; `while_planning` is what holds unless it says so itself.
pub(super) fn decode(block: &ContentBlock, while_planning: bool, diags: &mut Diagnostics) -> Option<Override> {
    let kind = block.kind.name.as_str();
    let (schema, values, wanted) = match kind {
        "override_module" => (&OVERRIDE_MODULE, "outputs", "a module call: module.NAME"),
        "override_data" => (&OVERRIDE, "values", "a data source: data.TYPE.NAME"),
        _ => (&OVERRIDE, "values", "a resource: TYPE.NAME"),
    };
    let content = block.body.content(schema, diags);
    let during = self::while_planning(&content, diags);
    let tree = static_tree(&content.attribute("target")?.expr, diags)?;
    let target = run::target(&tree);
    let mode = target.as_ref().map(|target| target.resource.as_ref().map(|(resource, _)| resource.mode));
    let is_right = matches!(
        (kind, mode),
        ("override_module", Some(None))
            | ("override_data", Some(Some(addr::Mode::Data)))
            | ("override_resource", Some(Some(addr::Mode::Managed)))
    );
    if !is_right {
        let detail = format!("A block {kind} is about {wanted}, with the modules around it in front.");
        diags.error(tree.span, "Invalid override target", detail);
        return None;
    }
    let values = content.attribute(values).map(|attribute| attribute.expr.clone());
    let while_planning = during.unwrap_or(while_planning);
    Some(Override { target: target?, values, while_planning, header: block.header, target_span: tree.span })
}

/// Reports targets that are overridden twice in one place.
pub(super) fn duplicates(overrides: &[Override], diags: &mut Diagnostics) {
    for (place, own) in overrides.iter().enumerate() {
        if overrides[..place].iter().any(|other| other.target == own.target) {
            let kind = match &own.target.resource {
                None => "override_module",
                Some((resource, _)) if resource.mode == addr::Mode::Data => "override_data",
                Some(_) => "override_resource",
            };
            let detail = format!("{} is overridden here already. Keep one of the two blocks.", own.target);
            diags.error(own.header, format!("Duplicate {kind} block"), detail);
        }
    }
}

/// Takes in the blocks of a mock provider, or of a file that one names by `source`.
pub(super) fn mocks(content: &Content, while_planning: bool, mock: &mut MockProvider, diags: &mut Diagnostics) {
    for block in &content.blocks {
        let mode = match block.kind.name.as_str() {
            "mock_resource" => addr::Mode::Managed,
            "mock_data" => addr::Mode::Data,
            _ => {
                mock.overrides.extend(decode(block, while_planning, diags));
                continue;
            }
        };
        let Some(label) = block.labels.first() else { continue };
        let content = block.body.content(&MOCK, diags);
        let during = self::while_planning(&content, diags);
        let kind = label.name.clone();
        if mock.defaults.iter().any(|known| (known.mode, &known.kind) == (mode, &kind)) {
            let detail = format!("There are defaults of {kind:?} already. Put everything into one block.");
            diags.error(block.header, format!("Duplicate {} block", block.kind.name), detail);
            continue;
        }
        mock.defaults.push(MockObject {
            mode,
            kind,
            values: content.attribute("defaults").map(|attribute| attribute.expr.clone()),
            while_planning: during.unwrap_or(while_planning),
            header: block.header,
        });
    }
}

/// Returns whether `override_during` means the plan; nothing if it is not there.
pub(super) fn while_planning(content: &Content, diags: &mut Diagnostics) -> Option<bool> {
    word(content, "override_during", &["apply", "plan"], diags).map(|word| word == "plan")
}
