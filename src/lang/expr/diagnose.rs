//! Words for what went wrong in expressions.

use std::collections::BTreeMap;

use diag::{Diagnostic, Diagnostics, ExpressionValue};
use value::{Kind, Marks, Type, Value};

use super::reference::visit_nodes;
use super::{Call, Evaluator, Expr, Node};
use crate::functions::{CallError, FUNCTIONS, Function};

/// Returns the values of all references in an expression, for people, sorted by their text.
pub(super) fn reference_values(evaluator: &mut Evaluator<'_>, expr: &Expr) -> Vec<ExpressionValue> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    let outer = std::mem::take(&mut evaluator.diags);
    let mut texts = Vec::new();
    visit_nodes(expr, &mut |node| match &node.node {
        Node::Reference(reference) => texts.push((reference.text.to_string(), node)),
        Node::Slot(_, name) => texts.push((name.to_string(), node)),
        _ => {}
    });
    for (text, node) in texts {
        // A variable of a `for` inside the expression has no value out here.
        if matches!(&node.node, Node::Slot(slot, _) if *slot as usize >= evaluator.slots.len()) {
            continue;
        }
        let value = evaluator.eval(node);
        if !evaluator.diags.has_errors() {
            found.insert(text, value);
        }
        evaluator.diags = Diagnostics::new();
    }
    evaluator.diags = outer;
    found
        .into_iter()
        .filter_map(|(traversal, value)| Some(ExpressionValue { traversal, statement: statement(&value)? }))
        .collect()
}

/// Says in a phrase what a value is, without ever showing a secret.
fn statement(value: &Value) -> Option<String> {
    if value.marks_deep().contains(Marks::SENSITIVE) {
        return Some("has a sensitive value".into());
    }
    if value.marks_deep().contains(Marks::EPHEMERAL) {
        return Some("has an ephemeral value".into());
    }
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    Some(match value.kind() {
        Kind::Null(_) => "is null".into(),
        // What is unknown rarely causes an error, and saying so would distract.
        Kind::Unknown(..) => return None,
        Kind::Bool(value) => format!("is {value}"),
        Kind::Number(number) => format!("is {number}"),
        Kind::String(text) => format!("is {text:?}"),
        Kind::Meta(ty) => format!("is {ty}"),
        Kind::Object(object) if object.names().is_empty() => "is object with no attributes".into(),
        Kind::Object(object) if object.names().len() == 1 => {
            format!("is object with 1 attribute {:?}", object.names()[0])
        }
        Kind::Object(object) => format!("is object with {}", plural(object.names().len(), "attribute")),
        _ => {
            let count = value.element_count().unwrap_or(0);
            let name = value.ty().friendly_name();
            match count {
                0 => format!("is empty {name}"),
                _ => format!("is {name} with {}", plural(count, "element")),
            }
        }
    })
}

/// Reports a call of a function that does not exist.
pub(super) fn unknown_function(call: &Call, diags: &mut Diagnostics) {
    let mut detail = format!("There is no function named {:?}.", call.name);
    if let Some(near) = diag::did_you_mean(&call.name, FUNCTIONS.iter().map(|function| function.name)) {
        detail.push_str(&format!(" Did you mean {near:?}?"));
    }
    diags.push(
        Diagnostic::error("Call to unknown function", detail).at(call.name_span).within(call.name_span.to(call.parens)),
    );
}

/// Returns what is wrong with the number of arguments, if anything.
pub(super) fn argument_count(function: &Function, call: &Call, count: usize) -> Option<Diagnostic> {
    let whole = call.name_span.to(call.parens);
    if count < function.params.len() {
        let missing = &function.params[count];
        let at_least = if function.rest.is_some() { "at least " } else { "" };
        let detail = format!(
            "Function {:?} expects {at_least}{} argument(s). The value for {:?} is missing.",
            call.name,
            function.params.len(),
            missing.name
        );
        let problem = Diagnostic::error("Not enough function arguments", detail);
        return Some(problem.at(call.parens.end_point()).within(whole));
    }
    if function.rest.is_none() && count > function.params.len() {
        let detail = format!("Function {:?} expects only {} argument(s).", call.name, function.params.len());
        let first_extra = call.args.get(function.params.len()).map_or(call.parens, |arg| arg.span);
        return Some(Diagnostic::error("Too many function arguments", detail).at(first_extra).within(whole));
    }
    None
}

/// Words the failure of a call.
pub(super) fn call_failed(call: &Call, expr: &Expr, error: &CallError) -> Diagnostic {
    let function = crate::functions::find(&call.name);
    let argument = error.argument.and_then(|index| {
        let param = function.and_then(|function| function.parameter(index))?;
        Some((param, call.args.get(index).or(call.args.last())?))
    });
    match argument {
        Some((param, arg)) => {
            let detail = format!("Invalid value for {:?} parameter: {}.", param.name, error.message);
            Diagnostic::error("Invalid function argument", detail).at(arg.span).within(expr.span)
        }
        None => {
            let detail = format!("Call to function {:?} failed: {}.", call.name, error.message);
            Diagnostic::error("Error in function call", detail).at(call.name_span).within(expr.span)
        }
    }
}

/// Says how two types differ that should be one.
pub(super) fn type_mismatch(then: &Type, otherwise: &Type) -> String {
    match (then, otherwise) {
        (Type::Object(a), Type::Object(b)) => {
            for attribute in a.attributes() {
                let name = &attribute.name;
                match b.get(name) {
                    None => return format!("The 'true' value has an attribute {name:?}, the 'false' value has not"),
                    Some(other) if other.ty != attribute.ty => {
                        return format!("Attribute {name:?} differs: {}", type_mismatch(&attribute.ty, &other.ty));
                    }
                    Some(_) => {}
                }
            }
            if let Some(extra) = b.attributes().iter().find(|attribute| a.get(&attribute.name).is_none()) {
                return format!("The 'false' value has an attribute {:?}, the 'true' value has not", extra.name);
            }
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() != b.len() => {
            return format!("The 'true' tuple has length {}, but the 'false' tuple has length {}", a.len(), b.len());
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            if let Some(place) = (0..a.len()).find(|place| a[*place] != b[*place]) {
                return format!("Element {place} differs: {}", type_mismatch(&a[place], &b[place]));
            }
        }
        _ => {}
    }
    let (then, otherwise) = (then.friendly_name(), otherwise.friendly_name());
    if then == otherwise {
        return "Something deep inside the two values differs in type".into();
    }
    format!("The 'true' value is {then}, but the 'false' value is {otherwise}")
}
