//! `variable "name" { … }`

use diag::{Diagnostic, Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{Expr as Tree, ExprKind};
use syntax::{AttributeSchema, BlockSchema, BodySchema, ContentBlock};
use value::{Marks, Type, Value, convert};

use super::condition::{self, Condition};
use super::read::{Scope, constant_bool, constant_string};
use crate::types::{Defaults, parse_type_with_defaults};

/// An input variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: EcoString,
    /// What it is for.
    pub description: Option<EcoString>,
    /// The type that values are converted to.
    pub ty: Type,
    /// Outside of configuration files (on the command line, in the environment) a value is written as an expression;
    /// otherwise it is a text as it stands.
    pub written_as_expression: bool,
    /// Defaults of optional attributes in the type.
    pub defaults: Defaults,
    /// The value when none is given.
    pub default: Option<Value>,
    /// Null counts as a value; otherwise it counts as none.
    pub nullable: bool,
    /// Must not be shown.
    pub sensitive: bool,
    /// Must not be stored.
    pub ephemeral: bool,
    /// Why it should not be set any more.
    pub deprecated: Option<EcoString>,
    /// What values must meet.
    pub validations: Vec<Condition>,
    /// The block's header.
    pub header: Span,
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema { name: "const", required: false },
        AttributeSchema { name: "default", required: false },
        AttributeSchema { name: "deprecated", required: false },
        AttributeSchema { name: "description", required: false },
        AttributeSchema { name: "ephemeral", required: false },
        AttributeSchema { name: "nullable", required: false },
        AttributeSchema { name: "sensitive", required: false },
        AttributeSchema { name: "type", required: false },
    ],
    blocks: &[BlockSchema { kind: "validation", labels: &[] }],
};

/// Names that a module call keeps for itself.
const RESERVED: &[&str] = &["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];

/// Decodes a block.
pub(super) fn decode(block: &ContentBlock, scope: &Scope, diags: &mut Diagnostics) -> Option<Variable> {
    let label = block.labels.first()?;
    super::read::check_name(label, "variable", diags);
    if RESERVED.contains(&label.name.as_str()) {
        let detail =
            format!("The variable name {:?} is reserved: it means something else in a module block.", label.name);
        diags.error(label.span, "Invalid variable name", detail);
    }
    let content = block.body.content(&SCHEMA, diags);
    let (ty, defaults) = match content.attribute("type") {
        Some(attribute) => constraint(&attribute.expr, diags),
        None => (Type::Dynamic, Defaults::default()),
    };
    // Every variable can be used early here, so the promise that this one can says nothing new.
    constant_bool(&content, "const", diags);
    let nullable = constant_bool(&content, "nullable", diags).unwrap_or(true);
    let default = content.attribute("default").and_then(|attribute| {
        let value = default(&attribute.expr, &ty, &defaults, diags)?;
        if value.is_null() && !nullable {
            let detail = "A variable with \"nullable = false\" cannot have a default of null.";
            diags.error(attribute.expr.span, "Invalid default value for variable", detail);
            return None;
        }
        Some(value)
    });
    let validations = content.blocks_of("validation").filter_map(|block| condition::decode(block, scope, diags));
    let validations = validations.collect();
    Some(Variable {
        name: label.name.clone(),
        written_as_expression: content.attribute("type").is_some() && !ty.is_primitive(),
        description: constant_string(&content, "description", diags),
        ty,
        defaults,
        default,
        nullable,
        sensitive: constant_bool(&content, "sensitive", diags).unwrap_or(false),
        ephemeral: constant_bool(&content, "ephemeral", diags).unwrap_or(false),
        deprecated: super::read::deprecation(&content, diags),
        validations,
        header: block.header,
    })
}

fn constraint(tree: &Tree, diags: &mut Diagnostics) -> (Type, Defaults) {
    if let ExprKind::String(text) = &tree.kind {
        let remedy = match text.as_str() {
            "string" => "string",
            "list" => "list(string)",
            "map" => "map(string)",
            _ => "a type without quotes",
        };
        let detail = format!("Types are written without quotes: write {remedy} instead of {text:?}.");
        diags.error(tree.span, "Invalid quoted type constraints", detail);
        return (Type::Dynamic, Defaults::default());
    }
    // These two words were types once and still stand in old modules.
    if let ExprKind::Variable(name) = &tree.kind {
        match name.as_str() {
            "list" => return (Type::list(Type::Dynamic), Defaults::default()),
            "map" => return (Type::map(Type::Dynamic), Defaults::default()),
            _ => {}
        }
    }
    let (ty, defaults, found) = parse_type_with_defaults(tree);
    diags.append(found);
    (ty, defaults)
}

fn default(tree: &Tree, ty: &Type, defaults: &Defaults, diags: &mut Diagnostics) -> Option<Value> {
    let (value, found) = crate::constant::evaluate(tree);
    let failed = found.has_errors();
    diags.append(found);
    if failed {
        return None;
    }
    match convert(&defaults.apply(value), ty) {
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("This default value is not compatible with the variable's type constraint: {error}.");
            diags.error(tree.span, "Invalid default value for variable", detail);
            None
        }
    }
}

impl Variable {
    /// Tells whether a caller must give a value.
    pub fn is_required(&self) -> bool {
        self.default.is_none()
    }

    /// Returns the marks that all its values carry.
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

    /// Brings a given value (or none) into the form that the module sees: default, conversion, marks. `place` is
    /// where the value was given.
    pub fn prepare(&self, given: Option<Value>, place: Option<Span>) -> Result<Value, Box<Diagnostic>> {
        let at = |problem: Diagnostic| match place {
            Some(span) => Box::new(problem.at(span)),
            None => Box::new(problem.at(self.header)),
        };
        let given = given.filter(|value| !value.is_null() || self.nullable || !value.is_known());
        let value = match given {
            None => match &self.default {
                Some(default) => default.clone(),
                None => {
                    let detail = format!(
                        "The input variable {:?} has no default, so it must be given a value that is not null.",
                        self.name
                    );
                    return Err(at(Diagnostic::error("Required variable not set", detail)));
                }
            },
            Some(value) => {
                let filled = self.defaults.apply(value);
                convert(&filled, &self.ty).map_err(|error| {
                    let path = error.path.to_string();
                    let detail = format!("The value for var.{}{path} is not suitable: {error}.", self.name);
                    at(Diagnostic::error("Invalid value for input variable", detail))
                })?
            }
        };
        if value.is_null() && !self.nullable {
            let detail = format!("Input variable {:?} cannot be null.", self.name);
            return Err(at(Diagnostic::error("Required variable not set", detail)));
        }
        Ok(value.with_marks(self.marks()))
    }
}
