//! Values of references, shown beside a message.

use std::collections::BTreeMap;

use diag::{Diagnostics, ExpressionValue, Span};
use ecow::EcoString;
use syntax::tree::BinaryOp;
use value::{Kind, NumberFormat, Type, Value};

use super::reference::{reference_text, visit_nodes};
use super::{Evaluator, Expr, Node, Reference, Step, Subject, traverse};

/// What was being evaluated when something failed: its references are worth showing.
#[derive(Clone, Copy)]
pub(super) enum About<'e> {
    /// An expression.
    Expr(&'e Expr),
    /// A reference, behind the first so many of its steps.
    Reference(&'e Reference, usize),
    /// A row of operands.
    Row(&'e Expr, &'e [(BinaryOp, Expr)]),
    /// Something without references.
    Nothing,
}

impl About<'_> {
    /// Returns the bytes of what is known to precede a failing step.
    pub(super) fn span(&self) -> Option<Span> {
        match self {
            About::Expr(expr) => Some(expr.span),
            About::Reference(reference, taken) => {
                let start = reference.subject_span;
                Some(reference.steps[..*taken].last().map_or(start, |step| start.to(step.span())))
            }
            About::Row(..) | About::Nothing => None,
        }
    }
}

impl Expr {
    pub(super) fn about(&self) -> About<'_> {
        About::Expr(self)
    }
}

impl Evaluator<'_> {
    /// Returns what the references of an expression mean, sorted by their text.
    pub fn shown_values(&mut self, expr: &Expr) -> Vec<ExpressionValue> {
        reference_values(self, &expr.about(), &[])
    }
}

/// References shown with one message: more than people write, and a bound for what machines write.
const REFERENCES_MAX: usize = 100;

/// Where a path to a value begins, and its constant steps.
struct Path<'e> {
    start: Start<'e>,
    text: EcoString,
    steps: &'e [Step],
}

enum Start<'e> {
    Subject(&'e Reference),
    Slot(u32),
}

/// Returns the values of all references in what failed, sorted by their text; of `steps` only the keys count, unless
/// they continue a reference.
pub(super) fn reference_values(
    evaluator: &mut Evaluator<'_>,
    about: &About<'_>,
    steps: &[Step],
) -> Vec<ExpressionValue> {
    let mut paths = Vec::new();
    match about {
        About::Nothing => {}
        About::Row(first, rest) => {
            collect(first, &mut paths);
            rest.iter().for_each(|(_, operand)| collect(operand, &mut paths));
        }
        About::Reference(reference, taken) => {
            paths.push(of_reference(reference, &reference.steps[..taken + steps.len()]));
            steps.iter().for_each(|step| collect_key(step, &mut paths));
        }
        About::Expr(expr) => {
            match (&expr.node, steps) {
                (Node::Slot(slot, name), [_, ..]) => paths.push(of_slot(*slot, name, steps)),
                _ => collect(expr, &mut paths),
            }
            steps.iter().for_each(|step| collect_key(step, &mut paths));
        }
    }
    let outer = std::mem::take(&mut evaluator.diags);
    let mut found: BTreeMap<EcoString, Value> = BTreeMap::new();
    for path in &paths {
        found.extend(value_at(evaluator, path));
        evaluator.diags = Diagnostics::new();
    }
    evaluator.diags = outer;
    let described = found.into_iter().filter_map(|(traversal, value)| {
        Some(ExpressionValue { traversal: traversal.into(), statement: statement(&value)? })
    });
    described.collect()
}

fn collect<'e>(expr: &'e Expr, paths: &mut Vec<Path<'e>>) {
    if paths.len() >= REFERENCES_MAX {
        return;
    }
    visit_nodes(expr, &mut |node| match &node.node {
        _ if paths.len() >= REFERENCES_MAX => {}
        Node::Reference(reference) => paths.push(of_reference(reference, &reference.steps)),
        Node::Steps(inner) => {
            if let Node::Slot(slot, name) = &inner.0.node {
                paths.push(of_slot(*slot, name, &inner.1));
            }
        }
        _ => {}
    });
}

fn collect_key<'e>(step: &'e Step, paths: &mut Vec<Path<'e>>) {
    if let Step::Index(key, _) = step {
        collect(key, paths);
    }
}

/// Returns the steps up to the first that is not constant.
fn constant(steps: &[Step]) -> &[Step] {
    let is_constant = |step: &Step| match step {
        Step::Attr(..) => true,
        Step::Index(key, _) => key.as_constant().is_some_and(|key| key.as_str().is_some() || key.as_number().is_some()),
        Step::Splat(..) => false,
    };
    &steps[..steps.iter().take_while(|step| is_constant(step)).count()]
}

fn of_reference<'e>(reference: &'e Reference, steps: &'e [Step]) -> Path<'e> {
    let subject = reference.text.len() - reference_text("", &reference.steps).len();
    Path { start: Start::Subject(reference), text: reference.text[..subject].into(), steps: constant(steps) }
}

fn of_slot<'e>(slot: u32, name: &EcoString, steps: &'e [Step]) -> Path<'e> {
    Path { start: Start::Slot(slot), text: name.clone(), steps: constant(steps) }
}

/// Follows a path as far as it leads; a variable of a `for` counts only with a step behind it.
fn value_at(evaluator: &mut Evaluator<'_>, path: &Path<'_>) -> Option<(EcoString, Value)> {
    let (mut value, mut taken) = match path.start {
        // A `for` inside the expression has no variables out here.
        Start::Slot(slot) => (evaluator.slots.get(slot as usize)?.clone(), 0),
        Start::Subject(reference) => subject_value(evaluator, reference, path.steps),
    };
    if evaluator.diags.has_errors() {
        return None;
    }
    for step in &path.steps[taken..] {
        let next = match step {
            Step::Attr(name, span) => traverse::attribute(&value, name, *span),
            Step::Index(key, span) => traverse::index(&value, key.as_constant()?, *span),
            Step::Splat(..) => break,
        };
        let Ok(next) = next else { break };
        value = next;
        taken += 1;
    }
    if taken == 0 && matches!(path.start, Start::Slot(_)) {
        return None;
    }
    Some((reference_text(&path.text, &path.steps[..taken]), value))
}

/// Returns the value that a reference starts at, and how many steps it has taken already.
fn subject_value(evaluator: &mut Evaluator<'_>, reference: &Reference, steps: &[Step]) -> (Value, usize) {
    if matches!(reference.subject, Subject::Resource(_) | Subject::Module(_))
        && let Some(Step::Index(key, _)) = steps.first()
        && let Some(key) = key.as_constant()
        && let Some(instance) = evaluator.scope.instance(&reference.subject, key, reference.span, &mut evaluator.diags)
    {
        return (instance, 1);
    }
    (evaluator.scope.value(&reference.subject, reference.subject_span, &mut evaluator.diags), 0)
}

/// Says in a phrase what a value is; nothing where the phrase would mislead or tell a secret.
fn statement(value: &Value) -> Option<String> {
    // Secrets are rarely the cause, and saying that there is one would distract.
    if !value.marks().is_empty() {
        return None;
    }
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    Some(match value.kind() {
        Kind::Null(_) => "is null".into(),
        Kind::Unknown(Type::Dynamic, _) => return None,
        Kind::Unknown(ty, _) => format!("is a {}", ty.friendly_name()),
        Kind::Bool(value) => format!("is {value}"),
        Kind::Number(number) => format!("is {}", number.format(NumberFormat::General, Some(10))),
        Kind::String(text) => format!("is {text:?}"),
        Kind::Meta(ty) => format!("is {ty}"),
        Kind::Object(object) if object.names().is_empty() => "is object with no attributes".into(),
        Kind::Object(object) if object.names().len() == 1 => {
            format!("is object with 1 attribute {:?}", object.names()[0])
        }
        Kind::Object(object) => format!("is object with {}", plural(object.names().len(), "attribute")),
        _ => {
            let name = match value.kind() {
                Kind::Tuple(_) => "tuple".into(),
                _ => value.ty().friendly_name(),
            };
            match value.element_count().unwrap_or(0) {
                0 => format!("is empty {name}"),
                count => format!("is {name} with {}", plural(count, "element")),
            }
        }
    })
}
