//! Resources: their bodies against their schemas, and everything around the bodies.

use addr::Mode;
use diag::did_you_mean;
use schema::Schema;
use value::{PathStep, Value};

use super::{ProviderProblem, Validator};
use crate::body::CompiledBody;
use crate::expr::{Evaluator, Expr, StaticStep, Subject};
use crate::module::{IgnoreChanges, Resource};

impl Validator<'_> {
    pub(super) fn resource(&mut self, resource: &Resource) {
        self.repetition(&resource.repetition);
        resource.depends_on.iter().for_each(|expr| self.references(expr));
        let lifecycle = &resource.lifecycle;
        let before = std::mem::take(&mut self.diags);
        lifecycle.replace_triggered_by.iter().for_each(|expr| self.references(expr));
        let found = std::mem::replace(&mut self.diags, before);
        self.diags.append(super::as_warnings(found));
        self.conditions(resource);
        self.provisioners(resource);
        self.provider_reference(resource);
        let provider = self.provider_of(resource);
        if !self.provider_available(&provider, resource.header) {
            return;
        }
        let mode = resource.address.mode;
        let kind = &resource.address.kind;
        match self.providers.resource_schema(&provider, mode, kind) {
            Some(schema) => {
                self.body(resource, schema, &provider);
                self.ignored(resource, schema);
            }
            None => self.unknown_type(resource, &provider),
        }
    }

    fn conditions(&mut self, resource: &Resource) {
        let lifecycle = &resource.lifecycle;
        let own = self.node.module.names.resource_place(&resource.address).copied().map(Subject::Resource);
        for (kind, conditions) in
            [("precondition", &lifecycle.preconditions), ("postcondition", &lifecycle.postconditions)]
        {
            for condition in conditions {
                let references = [&condition.condition, &condition.message].map(Expr::references).concat();
                let itself = references.into_iter().find(|reference| Some(&reference.subject) == own.as_ref());
                let Some(itself) = itself else {
                    self.condition(condition);
                    continue;
                };
                let remedy = match kind {
                    "precondition" => "A precondition is checked before there is anything to refer to.",
                    _ => "Write \"self\" for the instance that is checked.",
                };
                let detail = format!("{} cannot be named in its own {kind}. {remedy}", resource.address);
                self.diags.error(itself.span, format!("Invalid reference in {kind}"), detail);
            }
        }
    }

    fn unknown_type(&mut self, resource: &Resource, provider: &addr::Provider) {
        let (mode, kind) = (resource.address.mode, &resource.address.kind);
        let what = match mode {
            Mode::Managed => "resource type",
            Mode::Data => "data source",
            Mode::Ephemeral => "ephemeral resource type",
        };
        let mut detail = format!("The provider {} does not support {what} {kind:?}.", provider.short());
        if let Some(near) = did_you_mean(kind, self.providers.resource_types(provider, mode)) {
            detail.push_str(&format!(" Did you mean {near:?}?"));
        } else if let Some(other) = [Mode::Managed, Mode::Data, Mode::Ephemeral]
            .into_iter()
            .find(|other| *other != mode && self.providers.resource_schema(provider, *other, kind).is_some())
        {
            detail.push_str(&format!(" There is one for {:?} blocks.", other.block()));
        }
        if self.providers.stands_in(provider) {
            let name = &provider.name;
            detail.push_str(&format!(
                " This is the provider {name} that is part of Gantry, which has what clusters need. For the one of the \
                 registry write {name} = {{ source = \"{}\" }} into required_providers and run \"gantry init\".",
                provider.short()
            ));
        }
        self.diags.error(resource.labels.0.span, format!("Invalid {what}"), detail);
    }

    fn body(&mut self, resource: &Resource, schema: &Schema, provider: &addr::Provider) {
        let before = self.diags.len();
        let body = CompiledBody::compile(&resource.body, &schema.block, &resource.names, &mut self.diags);
        body.visit_expressions(&mut |expr| self.references(expr));
        let mut evaluator = Evaluator::new(self.scope, self.scope.env);
        let value = body.eval(&mut evaluator);
        self.diags.append(evaluator.diags);
        if self.diags.iter().skip(before).any(|problem| problem.is_error()) {
            return;
        }
        let (bare, _) = value.unmark_deep();
        let (mode, kind) = (resource.address.mode, &resource.address.kind);
        for problem in self.providers.check_resource(provider, mode, kind, &bare) {
            self.provider_problem(problem, &body, resource);
        }
    }

    fn provider_problem(&mut self, problem: ProviderProblem, body: &CompiledBody, resource: &Resource) {
        let mut diagnostic = problem.diagnostic;
        let first = match problem.path.0.first() {
            Some(PathStep::Attribute(name)) => Some(name.as_str()),
            _ => None,
        };
        let place = first.and_then(|name| body.place_of(name));
        diagnostic.subject = Some(place.unwrap_or(resource.header));
        diagnostic.address = Some(resource.address.to_string());
        self.diags.push(diagnostic);
    }

    /// Checks that what is to be ignored is there.
    fn ignored(&mut self, resource: &Resource, schema: &Schema) {
        let IgnoreChanges::Paths(paths) = &resource.lifecycle.ignore_changes else { return };
        for ignored in paths {
            let constant: Vec<Value> = ignored
                .path
                .0
                .iter()
                .map(|step| match step {
                    PathStep::Index(key) => key.clone(),
                    PathStep::Attribute(_) => Value::NULL,
                })
                .collect();
            let steps: Vec<StaticStep<'_>> = ignored
                .path
                .0
                .iter()
                .zip(&constant)
                .map(|(step, key)| match step {
                    PathStep::Attribute(name) => StaticStep::Attribute(name, ignored.span),
                    PathStep::Index(_) => StaticStep::Index(key, ignored.span),
                })
                .collect();
            super::references::check_block(&schema.block, &steps, &mut self.diags);
            if let Some(StaticStep::Attribute(name, _)) = steps.first()
                && let Some(attribute) = schema.block.attribute(name)
                && attribute.computed
                && !attribute.optional
            {
                let detail = format!(
                    "The attribute {name:?} is decided by the provider alone: a configuration cannot change it, so \
                     there is nothing to ignore."
                );
                self.diags.warning(ignored.span, "Redundant ignore_changes element", detail);
            }
        }
    }
}
