//! `output "name" { … }`

use diag::{Diagnostic, Diagnostics, Span};
use ecow::EcoString;
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};

use super::condition::{self, Condition};
use super::read::{Scope, constant_bool, constant_string};
use crate::expr::Expr;
use value::{Marks, Type, Value};

/// An output value.
#[derive(Debug)]
pub struct Output {
    /// Its name.
    pub name: EcoString,
    /// What it is.
    pub description: Option<EcoString>,
    /// Its value.
    pub value: Expr,
    /// The type that the value is converted to.
    pub ty: Option<Type>,
    /// Must not be shown.
    pub sensitive: bool,
    /// Must not be stored.
    pub ephemeral: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<EcoString>,
    /// What must be done before it counts as having a value.
    pub depends_on: Vec<Expr>,
    /// What must hold before it gets its value.
    pub preconditions: Vec<Condition>,
    /// The block's header.
    pub header: Span,
}

impl Output {
    /// Returns the marks that its value gets.
    pub fn marks(&self) -> Marks {
        let mut marks = Marks::NONE;
        if self.sensitive {
            marks |= Marks::SENSITIVE;
        }
        if self.ephemeral {
            marks |= Marks::EPHEMERAL;
        }
        marks
    }

    /// Says that a root module's output would show what must not be shown, if its value is so.
    pub fn exposes(&self, value: &Value) -> Option<Diagnostic> {
        if self.sensitive || !value.marks_deep().contains(Marks::SENSITIVE) {
            return None;
        }
        let detail = format!(
            "The output {:?} comes from sensitive values. If it is meant to be shown only on demand, set sensitive = true.",
            self.name
        );
        Some(Diagnostic::error("Output refers to sensitive values", detail).at(self.header))
    }
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "depends_on", required: false },
        AttributeSchema { name: "deprecated", required: false },
        AttributeSchema { name: "description", required: false },
        AttributeSchema { name: "ephemeral", required: false },
        AttributeSchema { name: "sensitive", required: false },
        AttributeSchema { name: "type", required: false },
        AttributeSchema { name: "value", required: true },
    ],
    blocks: &[BlockSchema { kind: "precondition", labels: &[] }, BlockSchema { kind: "postcondition", labels: &[] }],
};

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<Output> {
    let label = block.labels.first()?;
    super::read::check_name(label, "output", diags);
    let content = block.body.content(&SCHEMA, diags);
    for block in content.blocks_of("postcondition") {
        let detail = "An output has only preconditions: nothing happens to it after its value is known.";
        diags.error(block.header, "Postconditions are not allowed", detail);
    }
    let preconditions: Vec<Condition> =
        content.blocks_of("precondition").filter_map(|block| condition::decode(block, scope, diags)).collect();
    let ty = content.attribute("type").map(|attribute| {
        let (ty, found) = crate::types::parse_type(&attribute.expr);
        diags.append(found);
        ty
    });
    Some(Output {
        ty,
        name: label.name.clone(),
        description: constant_string(&content, "description", diags),
        value: scope.compile(&content.attribute("value")?.expr),
        sensitive: constant_bool(&content, "sensitive", diags).unwrap_or(false),
        ephemeral: constant_bool(&content, "ephemeral", diags).unwrap_or(false),
        deprecated: super::read::deprecation(&content, diags),
        depends_on: scope.depends_on(&content, diags),
        preconditions,
        header: block.header,
    })
}
