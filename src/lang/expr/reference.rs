//! References: names that lead out of an expression into the module around it.

use std::fmt::Write;

use diag::{Diagnostic, Span};
use ecow::EcoString;
use value::Value;

use super::{Expr, Node, Part, Step};

/// What a reference starts at. Numbers are places in the lists of the module that the expression belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `var.NAME`
    Variable(u32),
    /// `local.NAME`
    Local(u32),
    /// `TYPE.NAME`, `data.TYPE.NAME`, `ephemeral.TYPE.NAME`
    Resource(u32),
    /// `module.NAME`
    Module(u32),
    /// `path.module`, `path.root`, `path.cwd`
    Path(EcoString),
    /// `terraform.workspace` (also `gantry.` and `tofu.`)
    Workspace,
    /// `terraform.applying`
    Applying,
    /// `each.key`
    EachKey,
    /// `each.value`
    EachValue,
    /// `count.index`
    CountIndex,
    /// `self`
    This,
    /// An output of the module itself: only tests refer to it, but it can be part of a cycle.
    Output(u32),
    /// Something that is no part of the module, by a name that its surroundings know: tests have such.
    Outside(EcoString),
}

/// A reference with the steps behind its subject.
#[derive(Debug)]
pub struct Reference {
    /// Where it starts.
    pub subject: Subject,
    /// The steps into the subject's value; of a resource or module call the first may choose an instance.
    pub(crate) steps: Vec<Step>,
    /// The subject's bytes.
    pub subject_span: Span,
    /// All its bytes.
    pub span: Span,
    /// The reference as written, as far as it is constant: `var.a["b"]`.
    pub text: EcoString,
}

/// The constant beginning of what follows a reference's subject.
#[derive(Debug, PartialEq)]
pub enum StaticStep<'a> {
    /// `.name`
    Attribute(&'a str, Span),
    /// `[key]` with a constant key.
    Index(&'a Value, Span),
}

impl Reference {
    /// Returns the steps behind the subject up to the first that is not constant.
    pub fn static_steps(&self) -> Vec<StaticStep<'_>> {
        let mut found = Vec::new();
        for step in &self.steps {
            match step {
                Step::Attr(name, span) => found.push(StaticStep::Attribute(name, *span)),
                Step::Index(key, span) => match key.as_constant() {
                    Some(key) => found.push(StaticStep::Index(key, *span)),
                    None => break,
                },
                Step::Splat(..) => break,
            }
        }
        found
    }

    /// Returns the expression that chooses the instance, where the first step is an index.
    pub fn instance_key(&self) -> Option<&Expr> {
        match self.steps.first() {
            Some(Step::Index(key, _)) => Some(key),
            _ => None,
        }
    }

    /// Returns the attribute that is read of a resource's instances, of one or of all; nothing if more than that may be.
    pub fn attribute(&self) -> Option<&EcoString> {
        let first = match self.steps.first() {
            Some(Step::Index(..)) => self.steps.get(1),
            Some(Step::Splat(inner, _)) => inner.first(),
            first => first,
        };
        match first {
            Some(Step::Attr(name, _)) => Some(name),
            _ => None,
        }
    }

    /// Returns the number of steps behind the subject.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// Tells whether the first step is a splat: all instances are meant.
    pub fn is_splat(&self) -> bool {
        matches!(self.steps.first(), Some(Step::Splat(..)))
    }
}

/// What is known about a reference while it is being resolved: its names in order, with places.
pub struct ReferenceContext<'a> {
    /// The first name.
    pub root: &'a str,
    /// Its place.
    pub root_span: Span,
    /// The attribute names directly behind it, before any index.
    pub attributes: &'a [(EcoString, Span)],
    /// All of the reference.
    pub span: Span,
}

/// What the names at the start of references mean.
pub trait Names {
    /// Returns the subject and how many of the attribute names belong to it; or what is wrong with the reference.
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic>;

    /// Tells whether somebody is trying things out: `type(…)` means something then.
    fn is_console(&self) -> bool {
        false
    }
}

/// No name means anything: for expressions that must be constant.
pub struct NoNames;

impl Names for NoNames {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        Err(Diagnostic::error(
            "Variables not allowed",
            "This value must be a constant: references to other objects cannot be used here.",
        )
        .at(reference.root_span))
    }
}

/// Writes the constant part of a reference as it would be typed.
pub(super) fn reference_text(subject: &str, steps: &[Step]) -> EcoString {
    let mut text = EcoString::from(subject);
    for step in steps {
        match step {
            Step::Attr(name, _) => {
                let _ = write!(text, ".{name}");
            }
            Step::Index(key, _) => match key.as_constant() {
                Some(key) if key.as_str().is_some() => {
                    let _ = write!(text, "[{:?}]", key.as_str().unwrap_or_default());
                }
                Some(key) if key.as_number().is_some() => {
                    let _ = write!(text, "[{:?}]", key);
                }
                _ => break,
            },
            Step::Splat(..) => break,
        }
    }
    text
}

/// Calls `visit` for every reference, in source order.
pub(super) fn visit<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Reference)) {
    visit_nodes(expr, &mut |node| {
        if let Node::Reference(reference) = &node.node {
            visit(reference);
        }
    });
}

/// Calls `visit` for the expression and all expressions inside it, outer before inner.
pub(crate) fn visit_nodes<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    // Bounds the native stack: trees may be as deep as the parser allows.
    stacker::maybe_grow(64 * 1024, 1024 * 1024, || visit_nodes_inner(expr, visit));
}

fn visit_nodes_inner<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    match &expr.node {
        Node::Constant(_) | Node::Slot(..) | Node::Invalid => {}
        Node::Reference(reference) => visit_steps(&reference.steps, visit),
        Node::Steps(inner) => {
            visit_nodes(&inner.0, visit);
            visit_steps(&inner.1, visit);
        }
        Node::Template(parts) => visit_parts(parts, visit),
        Node::Tuple(items) => items.iter().for_each(|item| visit_nodes(item, visit)),
        Node::Object(items) => {
            for (key, value) in items {
                visit_nodes(key, visit);
                visit_nodes(value, visit);
            }
        }
        Node::Shape(shape) => shape.values.iter().for_each(|value| visit_nodes(value, visit)),
        Node::Call(call) => call.args.iter().for_each(|arg| visit_nodes(arg, visit)),
        Node::For(inner) => {
            visit_nodes(&inner.collection, visit);
            inner.result_key.iter().for_each(|key| visit_nodes(key, visit));
            visit_nodes(&inner.result, visit);
            inner.condition.iter().for_each(|condition| visit_nodes(condition, visit));
        }
        Node::Conditional(parts) => parts.iter().for_each(|part| visit_nodes(part, visit)),
        Node::Binary(row) => {
            visit_nodes(&row.0, visit);
            row.1.iter().for_each(|(_, operand)| visit_nodes(operand, visit));
        }
        Node::Unary(_, inner) | Node::Parens(inner) | Node::Wrap(inner) => visit_nodes(inner, visit),
    }
}

fn visit_steps<'a>(steps: &'a [Step], visit: &mut dyn FnMut(&'a Expr)) {
    for step in steps {
        match step {
            Step::Attr(..) => {}
            Step::Index(key, _) => visit_nodes(key, visit),
            Step::Splat(each, _) => visit_steps(each, visit),
        }
    }
}

fn visit_parts<'a>(parts: &'a [Part], visit: &mut dyn FnMut(&'a Expr)) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Interpolation(inner) => visit_nodes(inner, visit),
            Part::If(inner, _) => {
                visit_nodes(&inner.0, visit);
                visit_parts(&inner.1, visit);
                visit_parts(&inner.2, visit);
            }
            Part::For(inner) => {
                visit_nodes(&inner.collection, visit);
                visit_parts(&inner.body, visit);
            }
        }
    }
}

/// Reads an expression that is only names and constant keys: `a.b[0]["c"]`, as the path that leads there.
pub fn static_path(tree: &syntax::tree::Expr) -> Option<value::Path> {
    use syntax::tree::{ExprKind, Step};
    let attribute = |name: &EcoString| value::PathStep::Attribute(name.clone());
    let traversal = match &tree.kind {
        ExprKind::Variable(name) => return Some(value::Path(vec![attribute(name)])),
        ExprKind::Traversal(traversal) => traversal,
        _ => return None,
    };
    let ExprKind::Variable(root) = &traversal.base.kind else { return None };
    let mut steps = vec![attribute(root)];
    for step in &traversal.steps {
        steps.push(match step {
            Step::Attr(name) => attribute(&name.name),
            Step::LegacyIndex(digits, _) => number_step(digits)?,
            Step::Index(key, _) => match &key.kind {
                ExprKind::Number(digits) => number_step(digits)?,
                ExprKind::String(text) => value::PathStep::Index(Value::string(text.clone())),
                _ => return None,
            },
            _ => return None,
        });
    }
    Some(value::Path(steps))
}

fn number_step(digits: &str) -> Option<value::PathStep> {
    Some(value::PathStep::Index(Value::number(value::Number::parse(digits).ok()?)))
}

impl Reference {
    /// Tells whether the reference is to an instance as a whole: a constant key and nothing behind it.
    pub fn is_instance(&self) -> bool {
        self.steps.len() == 1 && self.instance_key().is_some_and(|key| key.as_constant().is_some())
    }

    /// Tells whether all keys are constants, `count.index` or `each.key`.
    pub(crate) fn has_plain_keys(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Attr(..) | Step::Splat(..) => true,
            Step::Index(key, _) => match &key.node {
                Node::Reference(inner) => matches!(inner.subject, Subject::CountIndex | Subject::EachKey),
                _ => key.is_invalid() || key.as_constant().is_some(),
            },
        })
    }

    /// Tells whether something as a whole is meant: an object, an instance of it, or an output of a module call.
    pub fn is_whole_object(&self) -> bool {
        let is_call = matches!(self.subject, Subject::Module(_));
        match &self.steps[..] {
            [] => true,
            [Step::Attr(..)] => is_call,
            [Step::Index(key, _)] => key.as_constant().is_some(),
            [Step::Index(key, _), Step::Attr(..)] => is_call && key.as_constant().is_some(),
            _ => false,
        }
    }
}
