//! Module calls: inputs against variables, providers handed on, and addresses in moved, removed and import blocks.

use std::collections::HashSet;

use diag::{Diagnostic, Diagnostics, did_you_mean};
use ecow::EcoString;
use value::{Marks, Type, convert};

use super::Validator;
use super::providers::has_config;
use crate::expr::Subject;
use crate::module::{Import, ImportTarget, Module, ModuleCall, PassedProvider, Repetition, Variable};
use crate::tree::Node;

impl Validator<'_> {
    pub(super) fn module_call(&mut self, call: &ModuleCall, child: Option<&Node>) {
        self.repetition(&call.repetition);
        call.depends_on.iter().for_each(|expr| self.references(expr));
        let mut given: HashSet<&EcoString> = HashSet::new();
        for (name, expr) in &call.inputs {
            given.insert(&name.name);
            let value = self.value(expr);
            let Some(child) = child else { continue };
            let Some(variable) = child.module.variable(&name.name) else {
                let mut detail = match call.short {
                    None => format!("The module {:?} has no input variable named {:?}.", call.name, name.name),
                    Some(_) => format!("The {} takes no {:?}.", call.title(), name.name),
                };
                let known = child.module.variables.iter().map(|variable| variable.name.as_str());
                if let Some(near) = did_you_mean(&name.name, known) {
                    detail.push_str(&format!(" Did you mean {near:?}?"));
                }
                self.diags.error(name.span, "Unsupported argument", detail);
                continue;
            };
            if self.written_names(call, variable) {
                self.input(call, variable, expr, &value);
            }
            self.rules(call, child, variable, Some(value));
        }
        let Some(child) = child else { return };
        let defaults = child.module.variables.iter().filter(|v| !v.is_required() && !given.contains(&v.name));
        defaults.for_each(|variable| self.rules(call, child, variable, None));
        for variable in child.module.variables.iter().filter(|v| v.is_required() && !given.contains(&v.name)) {
            let what = variable.description.as_deref().unwrap_or("it has no default.");
            let detail = match call.short {
                None => format!(
                    "The module {:?} has an input variable {:?} without a default, so the call must set it.",
                    call.name, variable.name
                ),
                Some(_) => format!("The {} needs {:?}: {}", call.title(), variable.name, what),
            };
            self.diags.error(call.header, "Missing required argument", detail);
        }
        if !matches!(call.repetition, Repetition::Single) || !call.depends_on.is_empty() {
            self.own_providers(call, child);
        }
    }

    /// Checks the names in a short call's blocks: an object takes whatever it is given, and a mistyped name would be lost.
    fn written_names(&mut self, call: &ModuleCall, variable: &Variable) -> bool {
        let mut is_right = true;
        let of_variable = call.short.iter().flatten().filter(|written| written.path[0] == variable.name);
        for written in of_variable {
            let Some((name, above)) = written.path.split_last() else { continue };
            let around = above[1..].iter().try_fold(&variable.ty, |ty, name| match ty {
                Type::Map(element) => Some(&**element),
                Type::Object(object) => object.get(name).map(|known| &known.ty),
                _ => None,
            });
            let Some(Type::Object(known)) = around else { continue };
            if known.get(name).is_some() {
                continue;
            }
            let place = above.join(".");
            let mut detail = format!("There is no {name:?} in {place} of the {}.", call.title());
            let names: Vec<&str> = known.attributes().iter().map(|known| known.name.as_str()).collect();
            match did_you_mean(name, names.iter().copied()) {
                Some(near) => detail.push_str(&format!(" Did you mean {near:?}?")),
                None => detail.push_str(&format!(" There are: {}.", names.join(", "))),
            }
            self.diags.error(written.span, "Unsupported argument", detail);
            is_right = false;
        }
        is_right
    }

    fn input(&mut self, call: &ModuleCall, variable: &Variable, expr: &crate::expr::Expr, value: &value::Value) {
        if let Some(reason) = &variable.deprecated {
            let detail =
                format!("The input variable {:?} of the {} is deprecated: {reason}", variable.name, call.title());
            self.diags.warning(expr.span, "Deprecated variable", detail);
        }
        if value.marks_deep().contains(Marks::EPHEMERAL) && !variable.ephemeral {
            let detail = format!(
                "The value is ephemeral, and the input variable {:?} is not declared ephemeral = true.",
                variable.name
            );
            self.diags.error(expr.span, "Ephemeral value not allowed", detail);
        }
        let filled = variable.defaults.apply(value.clone());
        if let Err(error) = convert(&filled, &variable.ty) {
            let path = error.path.to_string();
            let detail =
                format!("The value is not suitable for var.{}{path} of the {}: {error}.", variable.name, call.title());
            self.diags.error(expr.span, "Invalid value for input variable", detail);
        } else if !variable.nullable && variable.default.is_none() && value.is_null() {
            let detail = format!("The input variable {:?} of the {} cannot be null.", variable.name, call.title());
            self.diags.error(expr.span, "Invalid value for input variable", detail);
        }
    }

    /// A module that configures providers itself cannot be copied or made to wait.
    fn own_providers(&mut self, call: &ModuleCall, child: &Node) {
        let mut culprit = None;
        child.visit(&mut |node| {
            if culprit.is_none() {
                let configured = node.module.providers.iter().find(|config| !config.is_empty());
                culprit = configured.map(|config| config.local.clone());
            }
        });
        let Some(local) = culprit else { return };
        let argument = match call.repetition {
            Repetition::Count(_) => "count",
            Repetition::ForEach(_) => "for_each",
            Repetition::Single => "depends_on",
        };
        let detail = format!(
            "The module {:?} holds a configuration of the provider {local} of its own, so it cannot be called with \
             \"{argument}\". Move the provider block to the root module and pass it on with \"providers\".",
            call.name
        );
        let place = call.repetition.expr().or(call.depends_on.first()).map_or(call.header, |expr| expr.span);
        self.diags.error(place, "Module is incompatible with count, for_each, and depends_on", detail);
    }

    pub(super) fn imports(&mut self) {
        let module = self.node.module.clone();
        let mut targets: HashSet<String> = HashSet::new();
        for import in &module.imports {
            self.import_target(import, &mut targets);
            if !self.node.path.is_root() {
                let detail = "Import blocks stand in the root module: only there all addresses are known.";
                self.diags.error(import.header, "Invalid import configuration", detail);
            }
            if let Some(target) = &import.target {
                self.import_matches(import, target);
            }
            if let Some(provider) = &import.provider
                && provider.local.alias.is_some()
                && !has_config(&module, &provider.local)
            {
                let detail = format!("There is no provider block for {} in this module.", provider.local);
                self.diags.error(provider.span, "Provider configuration not present", detail);
            }
            self.import_elements(import);
            self.import_id(import);
            import.identity.iter().for_each(|expr| drop(self.value(expr)));
        }
    }

    /// Checks an import against the resource block that it leads to.
    fn import_matches(&mut self, import: &Import, target: &ImportTarget) {
        let mut node = self.node;
        for (call, _) in &target.calls {
            let Some(place) = node.module.calls.iter().position(|known| known.name == *call) else {
                return self.import_leads_nowhere(import, target);
            };
            // A module that could not be read is reported already.
            let Some(Some(child)) = node.children.get(place) else { return };
            node = child;
        }
        let place = node.module.names.resource_place(&target.resource);
        let Some(resource) = place.and_then(|place| node.module.resources.get(*place as usize)) else {
            // A block can be written for a plain resource of the root module.
            if !target.calls.is_empty() || target.key.is_some() {
                self.import_leads_nowhere(import, target);
            }
            return;
        };
        let is_repeated = !matches!(resource.repetition, Repetition::Single);
        if is_repeated != target.key.is_some() {
            let detail = match is_repeated {
                true => format!("{} has several instances: add the key of the one to import.", resource.address),
                false => format!("{} has one instance, without a key: leave out the brackets.", resource.address),
            };
            self.diags.error(import.to.span, "Invalid import 'to' expression", detail);
        }
        let Some(provider) = &import.provider else { return };
        let own = resource.provider.as_ref().map(|provider| &provider.local);
        if !target.calls.is_empty() || own != Some(&provider.local) {
            let detail = "The resource has a block, and that says which provider configuration it belongs to. Leave \
                          this argument out.";
            self.diags.error(provider.span, "Invalid import provider argument", detail);
        }
    }

    fn import_leads_nowhere(&mut self, import: &Import, target: &ImportTarget) {
        let detail = format!("There is no block for {} where this address leads. Write one first.", target.resource);
        self.diags.error(import.to.span, "Configuration for import target does not exist", detail);
    }

    /// Imports are repeated over collections of any kind: elements need no keys, because nothing is stored by them.
    fn import_elements(&mut self, import: &Import) {
        let Some(expr) = import.repetition.expr() else { return };
        let (value, marks) = self.value(expr).unmark();
        if marks.contains(Marks::EPHEMERAL) {
            let detail = "The number of imports is shown in plans, so \"for_each\" cannot be an ephemeral value.";
            self.diags.error(expr.span, "Invalid for_each argument", detail);
        }
        let ty = value.ty();
        if ty.is_primitive() && !value.is_null() {
            let detail = format!("\"for_each\" takes a collection here, and this is a {}.", ty.friendly_name());
            self.diags.error(expr.span, "Invalid for_each argument", detail);
        }
    }

    fn import_id(&mut self, import: &Import) {
        const SUMMARY: &str = "Invalid import id argument";
        let Some(expr) = &import.id else { return };
        let value = self.value(expr);
        if let Some((resource, _)) = crate::module::endpoint(&import.to).and_then(|target| target.resource)
            && let Some(place) = self.node.module.names.resource_place(&resource)
            && expr.references().iter().any(|reference| reference.subject == Subject::Resource(*place))
        {
            let detail = format!("The id of what is to become {resource} cannot come from {resource} itself.");
            return self.diags.error(expr.span, SUMMARY, detail);
        }
        if value.is_null() {
            self.diags.error(expr.span, SUMMARY, "The id of the object to import is null.");
        } else if let Err(error) = convert(&value, &Type::String) {
            let detail = format!("The id of the object to import must be a string: {error}.");
            self.diags.error(expr.span, "Incorrect value type", detail);
        } else if value.as_str() == Some("") {
            self.diags.error(expr.span, SUMMARY, "The id of the object to import is empty.");
        }
    }

    /// Checks that an import leads to a managed resource, and no two of them to one instance.
    fn import_target(&mut self, import: &crate::module::Import, targets: &mut HashSet<String>) {
        let Some(path) = crate::expr::static_path(&import.to) else { return };
        if !targets.insert(path.to_string()) {
            let detail = "Another import block imports to the same address: an instance has one object.";
            self.diags.error(import.to.span, "Duplicate import configuration", detail);
        }
        let target = crate::module::endpoint(&import.to);
        let managed = target.and_then(|target| target.resource).is_some_and(|(r, _)| r.mode == addr::Mode::Managed);
        if !managed {
            let detail = "Only managed resources (\"resource\" blocks) hold objects that can be imported.";
            self.diags.error(import.to.span, "Invalid import address", detail);
        }
    }

    pub(super) fn refactorings(&mut self) {
        let module = self.node.module.clone();
        for removed in &module.removed {
            // Terraform says this only when it plans; a warning keeps validation's answer the same.
            if removed.from.modules.is_empty()
                && let Some((resource, _)) = &removed.from.resource
                && module.names.resources.contains_key(resource)
            {
                let detail = format!(
                    "{resource} is still declared in this module. Delete its block, or the removed block if it is to stay."
                );
                self.diags.warning(removed.header, "Removed resource still exists", detail);
            }
            if let ([(name, _)], None) = (&removed.from.modules[..], &removed.from.resource)
                && module.names.calls.contains_key(name)
            {
                let detail = format!("The call module.{name} is still declared. Delete it, or the removed block.");
                self.diags.warning(removed.header, "Removed module still exists", detail);
            }
        }
        for moved in &module.moved {
            let ends = (&moved.from, &moved.to);
            if ends.0.modules == ends.1.modules && ends.0.resource == ends.1.resource {
                // Terraform says this only when it plans, as an error.
                let detail = "The old and the new address are the same, so nothing moves. Delete this block.";
                self.diags.warning(moved.header, "Redundant move statement", detail);
            }
        }
    }
}

/// Checks the provider configurations that the calls of a module hand on.
pub(super) fn check_passed_providers(node: &Node, diags: &mut Diagnostics) {
    for (call, child) in node.module.calls.iter().zip(&node.children) {
        for passed in &call.providers {
            let outside = &passed.outside.local;
            if outside.alias.is_some() && !has_config(&node.module, outside) {
                let detail = format!(
                    "There is no provider configuration {outside} in the calling module: neither a provider block \
                     with this alias nor one passed by its own caller."
                );
                diags.push(Diagnostic::error("Provider configuration not present", detail).at(passed.outside.span));
            }
        }
        let Some(child) = child else { continue };
        expected_providers(call, &child.module, diags);
        for passed in &call.providers {
            check_passed(call, passed, &node.module, &child.module, diags);
        }
    }
}

/// Checks that both sides mean the same provider, and that the called module takes it.
fn check_passed(call: &ModuleCall, passed: &PassedProvider, module: &Module, called: &Module, diags: &mut Diagnostics) {
    let (inside, outside) = (&passed.inside, &passed.outside.local);
    let (wanted, given) = (called.provider_of(&inside.name), module.provider_of(&outside.name));
    for (name, knows, whose) in [(&inside.name, called, "The called module"), (&outside.name, module, "This module")] {
        if knows.required_provider(name).is_none() && call.short.is_none() {
            let provider = knows.provider_of(name);
            let detail = format!(
                "{whose} does not say which provider it means by {name:?}; {provider} is assumed. Add it to \
                 required_providers there."
            );
            diags.warning(passed.inside_span, "Reference to undefined provider", detail);
            break;
        }
    }
    if wanted != given {
        let detail = format!(
            "{outside} is a configuration of {given}, and in the module {:?} the name {:?} means {wanted}.",
            call.name, inside.name
        );
        diags.error(passed.inside_span, "Provider type mismatch", detail);
    } else if called.provider(inside).is_some_and(|config| !config.is_empty()) {
        let detail = format!("The module {:?} configures {inside} itself, so it cannot be handed one.", call.name);
        diags.error(passed.inside_span, "Cannot override provider configuration", detail);
    }
}

fn expected_providers(call: &ModuleCall, module: &Module, diags: &mut Diagnostics) {
    let is_passed = |local: &addr::LocalProvider| call.providers.iter().any(|passed| passed.inside == *local);
    for required in &module.settings.required_providers {
        for alias in required.configuration_aliases.iter().filter(|alias| !is_passed(alias)) {
            let detail = format!(
                "The module {:?} expects a provider configuration that it calls {alias}: add \"{alias} = …\" to \
                 \"providers\".",
                call.name
            );
            diags.error(call.header, "Missing required provider configuration", detail);
        }
    }
    for passed in &call.providers {
        let is_known = module.required_provider(&passed.inside.name).is_some();
        if passed.inside.alias.is_some() && is_known && !has_config(module, &passed.inside) {
            let detail = format!(
                "The module {:?} does not expect a provider configuration {}: it would have to name it in \
                 configuration_aliases.",
                call.name, passed.inside
            );
            diags.error(passed.inside_span, "Undefined provider configuration", detail);
        }
    }
}
