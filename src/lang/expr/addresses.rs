//! Expressions as other programs are told of them: a constant value, and the addresses of what is referred to.

use addr::Key;
use diag::{Diagnostics, Span};
use value::Value;

use super::reference::{reference_text, visit_nodes};
use super::{Evaluator, Expr, Node, Reference, Scope, StaticStep, Subject};
use crate::functions::Environment;

struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        Value::dynamic()
    }
}

impl Expr {
    /// Returns the value of an expression that refers to nothing and calls no function.
    pub fn constant_value(&self) -> Option<Value> {
        let mut is_constant = true;
        visit_nodes(self, &mut |expr| {
            is_constant &= !matches!(expr.node, Node::Reference(_) | Node::Call(_) | Node::Invalid);
        });
        if !is_constant {
            return None;
        }
        let env = Environment::nowhere();
        let mut evaluator = Evaluator::new(&Nothing, &env);
        let value = evaluator.eval(self);
        (!evaluator.diags.has_errors() && value.is_wholly_known()).then_some(value)
    }
}

impl Reference {
    /// Returns the addresses that the reference touches: the whole of it first, then what that is a part of, up to the
    /// resource or module call without its key.
    pub fn addresses(&self) -> Vec<String> {
        let end = self.text.len().saturating_sub(reference_text("", &self.steps).len());
        let mut subject = self.text[..end].to_owned();
        let steps = self.static_steps();
        let mut rest = &steps[..];
        let mut wholes = Vec::new();
        if matches!(self.subject, Subject::Resource(_) | Subject::Module(_))
            && let Some((first @ StaticStep::Index(..), behind)) = rest.split_first()
        {
            wholes.push(subject.clone());
            subject.push_str(&step_text(first));
            rest = behind;
        }
        if matches!(self.subject, Subject::Module(_))
            && let Some((first @ StaticStep::Attribute(..), behind)) = rest.split_first()
        {
            wholes = vec![subject.clone()];
            subject.push_str(&step_text(first));
            rest = behind;
        }
        let parts = (0..=rest.len()).rev();
        let parts = parts.map(|count| rest[..count].iter().fold(subject.clone(), |text, step| text + &step_text(step)));
        parts.chain(wholes).collect()
    }
}

fn step_text(step: &StaticStep<'_>) -> String {
    match step {
        StaticStep::Attribute(name, _) => format!(".{name}"),
        StaticStep::Index(key, _) => match (key.as_str(), key.as_number()) {
            (Some(name), _) => Key::Name(name.into()).to_string(),
            (_, Some(number)) => format!("[{number}]"),
            _ => String::new(),
        },
    }
}
