//! Values of input variables: from the environment, from files and from the command line, the strongest last.

mod ask;
mod files;
mod options;
mod planned;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Sources, Span, did_you_mean};
use ecow::EcoString;
use lang::module::{Module, Variable};
use syntax::tree::Expr;
use value::Value;

use crate::Environment;
pub use files::decode_tfvars;
use options::VariableOption;
pub(crate) use options::VariableOptions;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// An environment variable of this name.
    Environment(String),
    /// A file of values of this name, at this place.
    File(PathBuf, Span),
    /// A person was asked.
    Answer,
    /// `-var`
    Option,
    /// A saved plan has it.
    Plan,
}

/// A value as it was given: a text whose meaning the variable's type decides, a value already, or nearly.
#[derive(Clone, Debug)]
enum Given {
    Text(String),
    Value(Value),
    /// An expression in a file: what is wrong with it must not be shown if the variable is a secret.
    Expression(Arc<Expr>),
}

/// What was given to variables, by name; nothing is known of the variables yet.
#[derive(Debug, Default)]
pub(crate) struct Assignments(BTreeMap<EcoString, (Given, Origin)>);

/// The values that declared variables were given.
#[derive(Debug, Default)]
pub(crate) struct Assigned(Vec<(EcoString, Value, Origin)>);

/// What happens to variables that have no default and were given no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Their values are unknown.
    IsUnknown,
    /// They are reported.
    IsError,
}

impl Assignments {
    /// Collects what the environment, the files in a folder and the command line give.
    pub(crate) fn collect(
        dir: &Path,
        options: &VariableOptions,
        environment: &Environment,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Assignments {
        let mut all = Assignments::default();
        for (name, (variable, text)) in environment.input_variables() {
            all.0.insert(name.into(), (Given::Text(text.to_owned()), Origin::Environment(variable.to_owned())));
        }
        for path in files::automatic(dir, diags) {
            all.add_file(&path, sources, diags);
        }
        all.add_options(options, sources, diags);
        all
    }

    fn add_options(&mut self, options: &VariableOptions, sources: &mut Sources, diags: &mut Diagnostics) {
        for option in &options.0 {
            match option {
                VariableOption::File(path) => self.add_file(path, sources, diags),
                VariableOption::Value(text) => self.add_option(text, diags),
            }
        }
    }

    fn add_file(&mut self, path: &Path, sources: &mut Sources, diags: &mut Diagnostics) {
        for (name, given, span) in files::read(path, sources, diags) {
            self.0.insert(name, (given, Origin::File(path.to_path_buf(), span)));
        }
    }

    fn add_option(&mut self, text: &str, diags: &mut Diagnostics) {
        let problem = |detail: String| Diagnostic::error("Invalid -var option", detail);
        match text.split_once('=') {
            None => diags.push(problem(format!(
                "The option -var={text:?} needs a variable's name, an equals sign and the value: -var=\"name=value\"."
            ))),
            Some((name, _)) if name != name.trim() => diags.push(problem(format!(
                "There is a space beside the variable's name in -var={text:?}. Did you mean {:?}?",
                name.trim()
            ))),
            Some((name, value)) => {
                self.0.insert(name.into(), (Given::Text(value.to_owned()), Origin::Option));
            }
        }
    }

    /// Collects what the environment, the files in a folder, the command line and the files beside the tests give. The last
    /// of these win, as with Terraform.
    pub(crate) fn collect_for_tests(
        (dir, tests): (&Path, &Path),
        options: &VariableOptions,
        environment: &Environment,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Assignments {
        let mut all = Assignments::collect(dir, options, environment, sources, diags);
        for path in files::automatic(tests, diags) {
            all.add_file(&path, sources, diags);
        }
        all
    }

    /// Finds out what the values mean to the variables of the first module that declares each. Others are taken as they
    /// are: test files may refer to them.
    pub(crate) fn resolve_for_tests(
        self,
        modules: &[&Module],
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> BTreeMap<EcoString, Value> {
        let mut values = BTreeMap::new();
        for (name, (given, origin)) in self.0 {
            let declaring = modules.iter().find(|module| module.variable(&name).is_some());
            if let Some(module) = declaring {
                let one = Assignments(BTreeMap::from([(name, (given, origin))]));
                values.extend(one.resolve(module, sources, diags).values());
                continue;
            }
            let value = match given {
                Given::Value(value) => value,
                Given::Text(text) => Value::string(text),
                Given::Expression(tree) => {
                    let (value, found) = lang::constant::evaluate(&tree);
                    diags.append(found);
                    value
                }
            };
            values.insert(name, value);
        }
        values
    }

    /// Finds out what the values mean to the variables that a module declares.
    pub(crate) fn resolve(self, module: &Module, sources: &mut Sources, diags: &mut Diagnostics) -> Assigned {
        let mut resolved = Vec::new();
        for (name, (given, origin)) in self.0 {
            let Some(variable) = module.variable(&name) else {
                undeclared(&name, &origin, module, diags);
                continue;
            };
            let value = match given {
                Given::Value(value) => Some(value),
                Given::Text(text) if !variable.written_as_expression => Some(Value::string(text)),
                Given::Text(text) => parse(variable, &text, &origin, sources, diags),
                Given::Expression(tree) => {
                    let (value, found) = lang::constant::evaluate(&tree);
                    (!report(variable, &origin, found, diags)).then_some(value)
                }
            };
            resolved.extend(value.map(|value| (name, value, origin)));
        }
        Assigned(resolved)
    }
}

/// Reads a value that is written as an expression.
fn parse(
    variable: &Variable,
    text: &str,
    origin: &Origin,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let file = sources.add(format!("<value for var.{}>", variable.name), text.as_bytes());
    let (tree, mut found) = syntax::parse_expression(file, text.as_bytes(), 0);
    let mut value = None;
    if !found.has_errors() {
        let (evaluated, problems) = lang::constant::evaluate(&tree);
        found.append(problems);
        value = Some(evaluated);
    }
    let note = format!(
        " The value is written in the language's own notation, as the type of var.{} is not a primitive one.",
        variable.name
    );
    found.iter_mut().for_each(|problem| problem.detail.push_str(&note));
    if report(variable, origin, found, diags) { None } else { value }
}

/// Passes on what is wrong with a value, without showing a secret; tells whether there is an error.
fn report(variable: &Variable, origin: &Origin, found: Diagnostics, diags: &mut Diagnostics) -> bool {
    let failed = found.has_errors();
    for mut problem in found {
        if variable.sensitive {
            let detail = format!("What var.{} is set to{} is not right.", variable.name, by(origin, &variable.name));
            problem = Diagnostic { severity: problem.severity, ..Diagnostic::error(problem.summary, detail) };
            problem.subject = Some(variable.header);
        }
        diags.push(problem);
    }
    failed
}

/// Says how a value was given.
fn by(origin: &Origin, name: &str) -> String {
    match origin {
        Origin::Environment(variable) => format!(" by the environment variable {variable}"),
        Origin::Option => format!(" by -var=\"{name}=...\""),
        Origin::File(path, _) => format!(" in the file {}", path.strip_prefix(".").unwrap_or(path).display()),
        Origin::Answer => " when asked for".to_owned(),
        Origin::Plan => " in the plan".to_owned(),
    }
}

fn undeclared(name: &str, origin: &Origin, module: &Module, diags: &mut Diagnostics) {
    let known = module.variables.iter().map(|variable| variable.name.as_str());
    let hint = did_you_mean(name, known).map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
    let detail = |place: &str| {
        format!(
            "The root module does not declare a variable named {name:?}, but {place} gives it a value.{hint} To use the \
             value, add a variable {name:?} {{}} block."
        )
    };
    match origin {
        // The environment may well be shared by many configurations.
        Origin::Environment(_) | Origin::Answer | Origin::Plan => {}
        Origin::Option => {
            diags.push(Diagnostic::error("Value for undeclared variable", detail("the command line")));
        }
        Origin::File(_, span) => diags.warning(*span, "Value for undeclared variable", detail("this file")),
    }
}

impl Assigned {
    /// Returns names and values.
    pub(crate) fn values(&self) -> Vec<(EcoString, Value)> {
        self.0.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect()
    }

    /// Returns the value of each variable of a module, in the order of its list: converted, or its default.
    pub(crate) fn complete(&self, module: &Module, missing: Missing, diags: &mut Diagnostics) -> Vec<Value> {
        module.variables.iter().map(|variable| self.value_of(variable, missing, diags)).collect()
    }

    fn value_of(&self, variable: &Variable, missing: Missing, diags: &mut Diagnostics) -> Value {
        let unknown = || Value::unknown(variable.ty.without_optional()).with_marks(variable.marks());
        let given = self.0.iter().find(|(name, ..)| *name == variable.name);
        let Some((_, value, origin)) = given else {
            if variable.is_required() {
                if missing == Missing::IsError {
                    diags.push(no_value(variable));
                }
                return unknown();
            }
            return variable.prepare(None, None).unwrap_or_else(|problem| {
                diags.push(*problem);
                unknown()
            });
        };
        // The line in the file shows the value: of a secret only the declaration may be shown.
        let place = match origin {
            Origin::File(_, span) if !variable.sensitive => Some(*span),
            _ => None,
        };
        variable.prepare(Some(value.clone()), place).unwrap_or_else(|mut problem| {
            if place.is_none() {
                problem.detail.push_str(&format!(" The value was given{}.", by(origin, &variable.name)));
            }
            diags.push(*problem);
            unknown()
        })
    }
}

fn no_value(variable: &Variable) -> Diagnostic {
    let name = &variable.name;
    let detail = format!(
        "The variable {name:?} has no default and was given no value. Give it one by -var=\"{name}=VALUE\", in a file \
         named by -var-file=FILE, in terraform.tfvars, gantry.tfvars or a file *.auto.tfvars, or by the environment \
         variable GANTRY_VAR_{name} or TF_VAR_{name}."
    );
    Diagnostic::error("No value for required variable", detail).at(variable.header)
}
