//! What can be known to be wrong with a configuration before anything is planned.
//!
//! Each module is looked at once, however often it is called: all expressions are evaluated with variables, counters
//! and results of resources unknown, bodies are compared with their schemas, references with what they refer to.

mod calls;
mod cycles;
mod inputs;
mod providers;
mod provisioners;
mod references;
mod repetition;
mod resources;
mod scope;

use std::collections::HashSet;
use std::sync::Arc;

use addr::{Mode, Provider};
use diag::{Diagnostic, Diagnostics, Severity};
use ecow::EcoString;
use schema::Schema;
use value::{Marks, Type, Value, convert};

use crate::expr::{Evaluator, Expr};
use crate::functions::{CallError, Environment};
use crate::module::{Condition, Module};
use crate::objects::Objects;
use crate::tree::Node;
pub use cycles::obstacles;
pub use provisioners::local_exec_schema;
pub use repetition::{check_count, check_for_each};
use scope::ValidationScope;

/// What is known of providers while validating.
pub trait Providers {
    /// Tells whether a provider can be asked at all; if not, the error says why.
    fn available(&self, provider: &Provider) -> Result<(), String>;

    /// Tells whether a provider of Gantry's own stands for one of a registry, because no module says otherwise.
    fn stands_in(&self, _provider: &Provider) -> bool {
        false
    }

    /// Returns the schema of a provider's configuration.
    fn config_schema(&self, provider: &Provider) -> Option<&Schema>;

    /// Returns the schema of a resource type.
    fn resource_schema(&self, provider: &Provider, mode: Mode, kind: &str) -> Option<&Schema>;

    /// Returns the names of all resource types of a mode, for "did you mean".
    fn resource_types(&self, provider: &Provider, mode: Mode) -> Vec<&str>;

    /// Lets the provider check a configuration; places are paths into the value.
    fn check_config(&self, provider: &Provider, value: &Value) -> Vec<ProviderProblem>;

    /// Lets the provider check a resource's configuration.
    fn check_resource(&self, provider: &Provider, mode: Mode, kind: &str, value: &Value) -> Vec<ProviderProblem>;

    /// Calls a function of a provider; nothing where there is no such function.
    fn call(&self, provider: &Provider, function: &str, args: Vec<Value>) -> Option<Result<Value, CallError>>;
}

/// Nothing is known of any provider: for configurations that are evaluated without having been validated.
pub struct NoProviders;

impl Providers for NoProviders {
    fn available(&self, _: &Provider) -> Result<(), String> {
        Ok(())
    }

    fn config_schema(&self, _: &Provider) -> Option<&Schema> {
        None
    }

    fn resource_schema(&self, _: &Provider, _: Mode, _: &str) -> Option<&Schema> {
        None
    }

    fn resource_types(&self, _: &Provider, _: Mode) -> Vec<&str> {
        Vec::new()
    }

    fn check_config(&self, _: &Provider, _: &Value) -> Vec<ProviderProblem> {
        Vec::new()
    }

    fn check_resource(&self, _: &Provider, _: Mode, _: &str, _: &Value) -> Vec<ProviderProblem> {
        Vec::new()
    }

    fn call(&self, _: &Provider, _: &str, _: Vec<Value>) -> Option<Result<Value, CallError>> {
        None
    }
}

/// Something that a provider finds wrong with a configuration.
#[derive(Clone, Debug)]
pub struct ProviderProblem {
    /// What it says; the place is found from the path.
    pub diagnostic: Diagnostic,
    /// The attribute at fault.
    pub path: value::Path,
}

/// Validates a tree of modules.
pub fn validate(root: &Node, providers: &dyn Providers, env: &Environment) -> Diagnostics {
    let objects = Objects::of(root);
    let mut diags = cycles::find(&objects);
    if diags.has_errors() {
        // Evaluating along a cycle would not end.
        return diags;
    }
    diags.append(as_warnings(obstacles(root, &objects)));
    let mut seen: HashSet<*const Module> = HashSet::new();
    let mut missing: HashSet<Provider> = HashSet::new();
    root.visit(&mut |node| {
        calls::check_passed_providers(node, &mut diags);
        if seen.insert(Arc::as_ptr(&node.module)) {
            let scope = ValidationScope::new(node, providers, env);
            let mut validator = Validator {
                node,
                scope: &scope,
                providers,
                missing: &mut missing,
                check: None,
                diags: Diagnostics::new(),
            };
            validator.module();
            let found = validator.diags;
            diags.append(scope.into_diagnostics());
            diags.append(found);
        }
    });
    diags
}

/// Planning will fail for these reasons; a warning says so early.
fn as_warnings(diags: Diagnostics) -> Diagnostics {
    diags.into_iter().map(|problem| Diagnostic { severity: Severity::Warning, ..problem }).collect()
}

/// Validates one module.
struct Validator<'a> {
    node: &'a Node,
    scope: &'a ValidationScope<'a>,
    providers: &'a dyn Providers,
    /// Providers whose absence has been reported.
    missing: &'a mut HashSet<Provider>,
    /// The check block that is being looked at.
    check: Option<EcoString>,
    diags: Diagnostics,
}

impl Validator<'_> {
    fn module(&mut self) {
        let node = self.node;
        let module = &*node.module;
        self.settings();
        for variable in &module.variables {
            for validation in &variable.validations {
                self.validation(&variable.name, validation);
            }
        }
        for (place, local) in module.locals.iter().enumerate() {
            self.references(&local.value);
            self.scope.local(place);
        }
        for config in &module.providers {
            self.provider_config(config);
        }
        if !node.path.is_root() {
            self.without_effect();
        }
        for resource in &module.resources {
            self.check = resource.check.clone();
            self.resource(resource);
            self.check = None;
        }
        for (place, call) in module.calls.iter().enumerate() {
            self.module_call(call, node.children[place].as_deref());
        }
        for output in &module.outputs {
            self.output(output);
        }
        for check in &module.checks {
            self.check = Some(check.name.clone());
            check.assertions.iter().for_each(|assertion| self.condition(assertion));
            self.check = None;
        }
        self.imports();
        self.refactorings();
    }

    /// Warns of blocks that mean something in the root module only.
    fn without_effect(&mut self) {
        let module = &self.node.module;
        for config in module.providers.iter().filter(|config| config.is_empty()) {
            let detail = "An empty provider block says nothing: a module names the providers that it expects in \
                          required_providers. Delete the block.";
            self.diags.warning(config.header, "Redundant empty provider block", detail);
        }
        if let Some(backend) = &module.settings.backend {
            let detail = "Only the root module says where state is kept. Delete the block.";
            self.diags.warning(backend.header, "Backend configuration ignored", detail);
        }
    }

    /// Evaluates an expression and checks what it refers to.
    fn value(&mut self, expr: &Expr) -> Value {
        self.references(expr);
        let mut evaluator = Evaluator::new(self.scope, self.scope.env);
        let value = evaluator.eval(expr);
        self.diags.append(evaluator.diags);
        value
    }

    fn output(&mut self, output: &crate::module::Output) {
        let value = self.value(&output.value);
        if let Some(ty) = &output.ty
            && let Err(error) = convert(&value, ty)
        {
            let detail = format!("The value of the output {:?} does not fit its type: {error}.", output.name);
            self.diags.error(output.value.span, "Invalid output value", detail);
        }
        output.depends_on.iter().for_each(|expr| self.references(expr));
        output.preconditions.iter().for_each(|condition| self.condition(condition));
        let marks = value.marks_deep();
        let root = self.node.path.is_root();
        if output.ephemeral && root {
            let detail = "Outputs of the root module are stored in the state, and an ephemeral value must not be.";
            self.diags.error(output.header, "Ephemeral output not allowed", detail);
        } else if marks.contains(Marks::EPHEMERAL) && !output.ephemeral {
            let remedy = if root {
                "Outputs of the root module cannot be ephemeral"
            } else {
                "Set ephemeral = true to hand it on"
            };
            let detail = format!("The value of the output {:?} is ephemeral. {remedy}.", output.name);
            self.diags.error(output.value.span, "Ephemeral value not allowed", detail);
        }
        if root {
            output.exposes(&value).into_iter().for_each(|problem| self.diags.push(problem));
        }
    }

    fn validation(&mut self, variable: &str, validation: &Condition) {
        let own = format!("var.{variable}");
        let is_own =
            |text: &str| text == own || text.strip_prefix(&own).is_some_and(|rest| rest.starts_with(['.', '[']));
        let refers = validation.condition.references().iter().any(|reference| is_own(&reference.text));
        if !refers {
            let detail =
                format!("The condition for variable {variable:?} must refer to {own}: that is what it checks.");
            self.diags.error(validation.condition.span, "Invalid variable validation condition", detail);
        }
        self.condition(validation);
    }

    /// Checks that a condition is a condition and its message a message.
    fn condition(&mut self, condition: &Condition) {
        let value = self.value(&condition.condition);
        self.condition_value(condition, &value);
        let message = self.value(&condition.message);
        if let Err(error) = convert(&message, &Type::String) {
            let detail = format!("The error message must be a string: {error}.");
            self.diags.error(condition.message.span, "Invalid error message", detail);
        }
    }

    fn condition_value(&mut self, condition: &Condition, value: &Value) {
        let span = condition.condition.span;
        if value.is_null() {
            let detail = "The condition must be true or false, and it is null.";
            self.diags.error(span, "Invalid condition result", detail);
        } else if let Err(error) = convert(value, &Type::Bool) {
            let detail = format!("The condition must be true or false: {error}.");
            self.diags.error(span, "Invalid condition result", detail);
        }
    }

    fn settings(&mut self) {
        for required in &self.node.module.settings.required_versions {
            if let Err(problem) = crate::version::check_required(required) {
                self.diags.push(*problem);
            }
        }
        for required in &self.node.module.settings.required_providers {
            if let Some((constraint, span)) = &required.version
                && let Err(error) = crate::version::Constraints::parse(constraint)
            {
                let detail = format!("{constraint:?} is no version constraint: {error}.");
                self.diags.error(*span, "Invalid version constraint", detail);
            }
        }
        for (name, span) in &self.node.module.settings.own_providers {
            if !self.providers.stands_in(&addr::Provider::implied(name)) {
                let detail = format!(
                    "There is no provider {name:?} that is part of Gantry and could stand for the registry's. \
                     \"gantry explain\" lists those that there are."
                );
                self.diags.error(*span, "Invalid own_providers", detail);
            }
        }
        let required = &self.node.module.settings.required_providers;
        for (place, twice) in required.iter().enumerate() {
            if let Some(first) = required[..place].iter().find(|known| known.provider == twice.provider) {
                let detail = format!(
                    "{:?} and {:?} are names for the same provider, {}. One name is enough: configurations of one \
                     provider are told apart by their aliases.",
                    first.name, twice.name, twice.provider
                );
                self.diags.warning(twice.span, "Duplicate required provider", detail);
            }
        }
    }
}
