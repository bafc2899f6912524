//! Expressions against what Terraform 1.11.4 gives for them: values, types and marks; places and values of diagnostics.
//!
//! The tables were recorded with the variables and locals of `tests/names.tf`: unset variables are unknown. In the tables
//! ⏎ stands for a line break.

mod benchmark;
mod limits;
mod newer;

use std::collections::HashMap;
use std::sync::Mutex;

use diag::{Diagnostic, Diagnostics, FileId, Span};
use ecow::EcoString;
use value::{Marks, Value};

use super::{Evaluator, Expr, Names, ReferenceContext, Scope, Subject, compile};
use crate::functions::Environment;
use crate::print::print_value;

/// The module that the expressions of the tables live in.
struct Module {
    variables: Vec<(EcoString, Value)>,
    locals: Vec<(EcoString, syntax::tree::Expr)>,
    known: Mutex<HashMap<u32, Value>>,
    env: Environment,
}

impl Module {
    fn load() -> Module {
        let text = include_bytes!("tests/names.tf");
        let (file, diags) = syntax::parse(FileId(1), text);
        assert!(diags.is_empty(), "{diags:?}");
        let syntax::tree::Body::Native(body) = file.body else { panic!("native syntax") };
        let mut variables = Vec::new();
        let mut locals = Vec::new();
        for block in &body.blocks {
            let syntax::tree::Body::Native(inner) = &block.body else { panic!("native syntax") };
            if block.kind.name == "locals" {
                locals.extend(inner.attributes.iter().map(|a| (a.name.name.clone(), (*a.expr).clone())));
                continue;
            }
            let (ty, diags) = crate::types::parse_type(&inner.attributes[0].expr);
            assert!(diags.is_empty(), "{diags:?}");
            let ephemeral = inner.attributes.iter().any(|a| a.name.name == "ephemeral");
            let marks = if ephemeral { Marks::EPHEMERAL } else { Marks::NONE };
            variables.push((block.labels[0].name.clone(), Value::unknown(ty).with_marks(marks)));
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/expr/tests");
        Module { variables, locals, known: Mutex::default(), env: Environment::for_tests(folder) }
    }
}

impl Names for Module {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let name = reference.attributes.first().map_or("", |(name, _)| name);
        let variable = self.variables.iter().position(|(known, _)| known == name);
        let local = self.locals.iter().position(|(known, _)| known == name);
        let workspace = (name == "workspace").then_some(Subject::Workspace);
        let subject = match reference.root {
            "var" => variable.map(|place| Subject::Variable(place as u32)),
            "local" => local.map(|place| Subject::Local(place as u32)),
            "path" => Some(Subject::Path(name.into())),
            "terraform" => workspace,
            _ => None,
        };
        subject.map(|subject| (subject, 1)).ok_or_else(|| Diagnostic::error("Reference", "Nothing.").at(reference.span))
    }
}

impl Scope for Module {
    fn value(&self, subject: &Subject, _: Span, diags: &mut Diagnostics) -> Value {
        match subject {
            Subject::Variable(place) => self.variables[*place as usize].1.clone(),
            Subject::Local(place) => {
                if let Some(known) = self.known.lock().expect("no test panics with it").get(place) {
                    return known.clone();
                }
                let expr = compile(&self.locals[*place as usize].1, self, diags);
                let mut evaluator = Evaluator::new(self, &self.env);
                let value = evaluator.eval(&expr);
                assert!(evaluator.diags.is_empty(), "{}: {:?}", self.locals[*place as usize].0, evaluator.diags);
                self.known.lock().expect("no test panics with it").insert(*place, value.clone());
                value
            }
            Subject::Path(_) => Value::string("."),
            Subject::Workspace => Value::string("default"),
            _ => Value::dynamic(),
        }
    }
}

/// Compiles and evaluates an expression in the module of the tables.
fn evaluate(module: &Module, text: &str) -> (Value, Diagnostics) {
    let (tree, mut diags) = syntax::parse_expression(FileId(0), text.as_bytes(), 0);
    if diags.has_errors() {
        return (Value::dynamic(), diags);
    }
    let expr: Expr = compile(&tree, module, &mut diags);
    let mut evaluator = Evaluator::new(module, &module.env);
    let value = evaluator.eval(&expr);
    diags.append(evaluator.diags);
    (value, diags)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shows a value as the tables do: as an element of a tuple, on one line.
fn shown(value: Value) -> String {
    let text = one_line(&print_value(&Value::tuple([value])));
    let inside = text.strip_prefix("[ ").and_then(|text| text.strip_suffix(" ]")).unwrap_or(&text);
    inside.strip_suffix(',').unwrap_or(inside).into()
}

/// Compares each line of a table with what `describe` makes of its expression.
fn check_table(table: &str, describe: impl Fn(&Module, &str) -> String) {
    let module = Module::load();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines() {
        let (expr, expected) = line.split_once(" | ").expect("an expression and what it gives");
        let found = describe(&module, &expr.replace('⏎', "\n"));
        count += 1;
        if found != expected {
            wrong.push(format!("{expr}\n    gives  {found}\n    not    {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn values_types_and_marks_are_those_of_terraform() {
    check_table(include_str!("tests/values.txt"), |module, text| {
        let (value, diags) = evaluate(module, text);
        if let Some(error) = diags.iter().find(|d| d.is_error()) {
            return format!("! {}: {}", error.summary, error.detail);
        }
        let null = value.equals(&Value::NULL);
        let sensitive = crate::functions::find("issensitive").expect("a function");
        let sensitive = sensitive.call(vec![value.clone()], &module.env).expect("any value will do");
        let ty = one_line(&print_value(&Value::meta(value.ty())));
        format!("{} | {ty} | {} | {}", shown(value), shown(null), shown(sensitive))
    });
}

#[test]
fn diagnostics_have_places_and_values_of_terraform() {
    check_table(include_str!("tests/diagnostics.txt"), |module, text| {
        let (_, diags) = evaluate(module, text);
        let mut problems: Vec<&Diagnostic> = diags.iter().collect();
        problems.sort_by_key(|problem| problem.subject.map(|span| (span.start, span.end)));
        let mut shown: Vec<String> = problems.into_iter().map(|problem| describe(problem, text)).collect();
        shown.dedup();
        shown.join("; ")
    });
}

fn describe(problem: &Diagnostic, text: &str) -> String {
    let place = problem.subject.map(|span| format!("{}-{}", span.start, span.end)).unwrap_or_default();
    let context = problem.context.or(problem.subject).map(|span| {
        let end = (span.end as usize).min(text.len());
        text[span.start as usize..end].matches('\n').count() + 1
    });
    let lines = context.filter(|lines| *lines > 1).map(|lines| format!(" in {lines} lines")).unwrap_or_default();
    let values: Vec<String> = problem.values.iter().map(|v| format!("{} {}", v.traversal, v.statement)).collect();
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    let call = problem.call.as_ref().map(|call| format!(" in {}", call.called_as)).unwrap_or_default();
    format!("{} {place}{lines}{call}{values}", problem.summary)
}
