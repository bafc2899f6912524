//! Compiled expressions: names are resolved to places, functions to code, constants to values, once per source text.

mod addresses;
mod calls;
mod compile;
mod diagnose;
mod eval;
mod loops;
mod operators;
mod reference;
mod shown;
mod templates;
#[cfg(test)]
mod tests;
mod traverse;

use diag::Span;
use ecow::EcoString;
use syntax::tree::{BinaryOp, UnaryOp};
use value::{Type, Value};

use crate::functions::{Code, Function};

pub use compile::{Compiler, compile, compile_reference};
pub use eval::{Evaluator, Scope};
pub(crate) use loops::elements;
pub use reference::{Names, NoNames, Reference, ReferenceContext, StaticStep, Subject, static_path};

/// A compiled expression.
#[derive(Debug)]
pub struct Expr {
    pub(crate) node: Node,
    /// All its bytes.
    pub span: Span,
}

#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    Reference(Box<Reference>),
    /// The variable of a `for` around: its place on the evaluator's stack, and its name for messages.
    Slot(u32, EcoString),
    Steps(Box<(Expr, Vec<Step>)>),
    Template(Vec<Part>),
    /// A template that is one interpolation: the value itself, whatever its type.
    Wrap(Box<Expr>),
    Tuple(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// An object whose keys are constant and distinct: the usual case. Values are in source order; `order` gives
    /// their places among the sorted names.
    Shape(Box<Shape>),
    Call(Box<Call>),
    For(Box<For>),
    Conditional(Box<[Expr; 3]>),
    Binary(Box<(Expr, Vec<(BinaryOp, Expr)>)>),
    Unary(UnaryOp, Box<Expr>),
    Parens(Box<Expr>),
    /// Reported already; evaluates to unknown.
    Invalid,
}

#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) names: std::sync::Arc<[EcoString]>,
    pub(crate) order: Vec<u32>,
    pub(crate) values: Vec<Expr>,
}

#[derive(Debug)]
pub(crate) enum Step {
    Attr(EcoString, Span),
    Index(Expr, Span),
    /// The steps that apply to each element; the marker's place; everything from the marker to the last step.
    Splat(Vec<Step>, Span),
}

#[derive(Debug)]
pub(crate) enum Part {
    Literal(EcoString),
    Interpolation(Expr),
    If(Box<(Expr, Vec<Part>, Vec<Part>)>, Span),
    For(Box<PartLoop>),
}

#[derive(Debug)]
pub(crate) struct PartLoop {
    pub(crate) has_key: bool,
    pub(crate) collection: Expr,
    pub(crate) body: Vec<Part>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) callee: Callee,
    pub(crate) name: EcoString,
    pub(crate) name_span: Span,
    pub(crate) args: Vec<Expr>,
    pub(crate) expand: bool,
    pub(crate) parens: Span,
    /// Where each argument starts: messages about it point there.
    pub(crate) starts: Vec<Span>,
}

pub(crate) enum Callee {
    BuiltIn(&'static Function),
    Try,
    Can,
    Type,
    /// `convert(value, type)`: the type is part of the program, not a value.
    Convert(Type),
    TemplateString,
    /// `provider::local_name::function`
    Provider(EcoString, EcoString),
    Unknown,
}

impl std::fmt::Debug for Callee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Callee::BuiltIn(function) => write!(f, "BuiltIn({})", function.name),
            Callee::Try => f.write_str("Try"),
            Callee::Can => f.write_str("Can"),
            Callee::Type => f.write_str("Type"),
            Callee::Convert(ty) => write!(f, "Convert({ty})"),
            Callee::TemplateString => f.write_str("TemplateString"),
            Callee::Provider(provider, name) => write!(f, "Provider({provider}, {name})"),
            Callee::Unknown => f.write_str("Unknown"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct For {
    pub(crate) has_key: bool,
    pub(crate) collection: Expr,
    pub(crate) result_key: Option<Expr>,
    pub(crate) result: Expr,
    pub(crate) group: bool,
    pub(crate) condition: Option<Expr>,
}

impl Expr {
    /// Makes an expression that is a value.
    pub fn constant(value: Value, span: Span) -> Expr {
        Expr { node: Node::Constant(value), span }
    }

    /// Returns the value of an expression that is constant by its form.
    pub fn as_constant(&self) -> Option<&Value> {
        match &self.node {
            Node::Constant(value) => Some(value),
            Node::Parens(inner) => inner.as_constant(),
            _ => None,
        }
    }

    /// Tells whether the expression has been found wrong and reported.
    pub fn is_invalid(&self) -> bool {
        matches!(self.node, Node::Invalid)
    }

    /// Calls `visit` for every reference in the expression, in source order.
    pub fn visit_references<'a>(&'a self, visit: &mut dyn FnMut(&'a Reference)) {
        reference::visit(self, visit);
    }

    /// Returns all references in the expression, in source order.
    pub fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        self.visit_references(&mut |reference| found.push(reference));
        found
    }

    /// Tells whether the expression always has the same value: it refers to nothing, and calls nothing whose answers differ.
    pub fn is_steady(&self) -> bool {
        let mut is_steady = true;
        reference::visit_nodes(self, &mut |expr| {
            is_steady &= match &expr.node {
                Node::Reference(_) | Node::Invalid => false,
                Node::Call(call) => match &call.callee {
                    Callee::BuiltIn(function) => !matches!(function.code, Code::Impure(_)),
                    Callee::Try | Callee::Can | Callee::Type | Callee::Convert(_) => true,
                    Callee::TemplateString | Callee::Provider(..) | Callee::Unknown => false,
                },
                _ => true,
            };
        });
        is_steady
    }

    /// Calls `visit` for every function of a provider that the expression calls.
    pub fn visit_provider_functions<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a str, Span)) {
        reference::visit_nodes(self, &mut |expr| {
            if let Node::Call(call) = &expr.node
                && let Callee::Provider(provider, name) = &call.callee
            {
                visit(provider, name, call.name_span);
            }
        });
    }
}
