//! What one run sees: the values of its module's variables, what else it can refer to, and what is made up for it.

use std::collections::BTreeSet;

use diag::{Diagnostic, Diagnostics, Span};
use ecow::{EcoString, eco_format};
use lang::expr::{Evaluator, compile};
use lang::functions::Environment;
use lang::module::{Module, Variable};
use lang::testing::{OutsideScope, Outsides, RunBlock, Runs, TestNames};
use plan::MadeUp;
use syntax::tree::{Expr as Tree, Ident};
use value::Value;

use crate::file::Work;
use crate::stand_ins;

/// Names that can be referred to, beside those of the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownNames {
    pub(crate) variables: BTreeSet<EcoString>,
    pub(crate) all_runs: Vec<EcoString>,
    pub(crate) runs_done: usize,
}

/// What one run sees.
pub(crate) struct Scene {
    /// Values of the module's variables, in the order of its list.
    pub(crate) variables: Vec<Value>,
    pub(crate) names: KnownNames,
    pub(crate) outsides: Outsides,
    pub(crate) made_up: MadeUp,
}

impl KnownNames {
    pub(crate) fn runs(&self) -> Runs<'_> {
        Runs { all: &self.all_runs, done: self.runs_done }
    }

    /// Evaluates an expression of a test file that sees nothing of a module.
    pub(crate) fn eval(&self, tree: &Tree, outsides: &Outsides, env: &Environment) -> (Value, Diagnostics) {
        let names = TestNames { variables: &self.variables, runs: Ok(self.runs()) };
        eval(tree, &names, outsides, env)
    }
}

fn eval(tree: &Tree, names: &TestNames<'_>, outsides: &Outsides, env: &Environment) -> (Value, Diagnostics) {
    let mut diags = Diagnostics::new();
    let expr = compile(tree, names, &mut diags);
    if diags.has_errors() {
        return (Value::dynamic(), diags);
    }
    let scope = OutsideScope(outsides);
    let mut evaluator = Evaluator::new(&scope, env);
    let value = evaluator.eval(&expr);
    diags.append(evaluator.diags);
    (value, diags)
}

/// A value of a variable, and where it is written.
struct Given {
    value: Value,
    place: Option<Span>,
}

impl Scene {
    /// Finds out what a run sees.
    pub(crate) fn of(work: &Work<'_>, place: usize, diags: &mut Diagnostics) -> Scene {
        let (ground, run) = (work.ground, &work.ground.file.runs[place]);
        let module = &ground.modules[place].module;
        let env = Environment { pure: false, ..ground.env.clone() };
        let mut names = KnownNames {
            variables: ground.variables.keys().cloned().collect(),
            all_runs: ground.file.runs.iter().map(|run| run.name.clone()).collect(),
            runs_done: place,
        };
        let mut outsides: Outsides =
            ground.variables.iter().map(|(name, value)| (eco_format!("var.{name}"), value.clone())).collect();
        let mut given: Vec<(EcoString, Given)> = ground
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), Given { value: value.clone(), place: None }))
            .collect();
        let of_file = of_file(&ground.file.variables, run, (module, &names, &outsides, &env), diags);
        take(of_file, &mut given, &mut names, &mut outsides);
        let done = work.given.borrow();
        outsides.extend(done.iter().map(|(name, outputs)| (eco_format!("run.{name}"), outputs.clone())));
        let mut of_run = Vec::new();
        for (name, tree) in &run.variables {
            let (value, found) = names.eval(tree, &outsides, &env);
            diags.append(found);
            of_run.push((name.name.clone(), Given { value, place: Some(tree.span) }));
        }
        take(of_run, &mut given, &mut names, &mut outsides);
        let failed = diags.has_errors();
        let variables = module.variables.iter().map(|variable| {
            let given = given.iter().rev().find(|(name, _)| *name == variable.name).map(|(_, given)| given);
            value_of(variable, given, run, failed, diags)
        });
        let variables = variables.collect();
        let made_up = stand_ins::of_run(work.ground, place, (&names, &outsides, &env), diags);
        Scene { variables, names, outsides, made_up }
    }
}

/// Evaluates the variables of the file. One that cannot be evaluated matters only where it is used.
fn of_file(
    variables: &[(Ident, std::sync::Arc<Tree>)],
    run: &RunBlock,
    (module, names, outsides, env): (&Module, &KnownNames, &Outsides, &Environment),
    diags: &mut Diagnostics,
) -> Vec<(EcoString, Given)> {
    let mut values = Vec::new();
    for (name, tree) in variables {
        let seen = TestNames { variables: &names.variables, runs: Err("The variables of the file") };
        let (value, found) = eval(tree, &seen, outsides, env);
        if found.has_errors() {
            let is_used =
                module.variable(&name.name).is_some() && !run.variables.iter().any(|(own, _)| own.name == name.name);
            if is_used {
                diags.append(found);
            }
            continue;
        }
        values.push((name.name.clone(), Given { value, place: Some(tree.span) }));
    }
    values
}

/// Adds values that win over those that are known.
fn take(
    more: Vec<(EcoString, Given)>,
    given: &mut Vec<(EcoString, Given)>,
    names: &mut KnownNames,
    outsides: &mut Outsides,
) {
    for (name, value) in more {
        names.variables.insert(name.clone());
        outsides.insert(eco_format!("var.{name}"), value.value.clone());
        given.push((name, value));
    }
}

/// Returns the value that a variable of the module has: converted, or its default.
fn value_of(
    variable: &Variable,
    given: Option<&Given>,
    run: &RunBlock,
    has_failed: bool,
    diags: &mut Diagnostics,
) -> Value {
    let unknown = || Value::unknown(variable.ty.without_optional()).with_marks(variable.marks());
    if given.is_none() && variable.is_required() {
        if !has_failed {
            let detail = format!(
                "The module under test in the run {:?} needs a value for the variable {:?}, which has no default. Add it to \
                 the \"variables\" block of the run or of the file, or give it by -var or -var-file.",
                run.name, variable.name
            );
            diags.push(Diagnostic::error("No value for required variable", detail).at(variable.header));
        }
        return unknown();
    }
    let place = given.and_then(|given| given.place).filter(|_| !variable.sensitive);
    variable.prepare(given.map(|given| given.value.clone()), place).unwrap_or_else(|problem| {
        if !has_failed {
            diags.push(*problem);
        }
        unknown()
    })
}
