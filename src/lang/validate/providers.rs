//! Provider configurations, and references to them.

use addr::Provider;
use diag::{Diagnostic, Span, did_you_mean};

use super::Validator;
use crate::body::CompiledBody;
use crate::expr::Evaluator;
use crate::module::{Module, ProviderConfig, Resource};

impl Validator<'_> {
    /// Tells whether a provider can be asked; its absence is reported once.
    pub(super) fn provider_available(&mut self, provider: &Provider, span: Span) -> bool {
        match self.providers.available(provider) {
            Ok(()) => true,
            Err(why) => {
                if self.missing.insert(provider.clone()) {
                    // Everything but the bodies of its blocks can still be checked, and is worth it.
                    let detail = format!("{why} What its blocks hold was not checked.");
                    self.diags.push(Diagnostic::warning("Provider not available", detail).at(span));
                }
                false
            }
        }
    }

    pub(super) fn provider_config(&mut self, config: &ProviderConfig) {
        if let Some(expr) = config.repetition.expr() {
            self.repetition(&config.repetition);
            if config.local.alias.is_none() {
                let detail = "A provider configuration with \"for_each\" needs an \"alias\": its instances are chosen \
                              by NAME.ALIAS[KEY].";
                self.diags.error(expr.span, "Alias required when using \"for_each\"", detail);
            }
        }
        if let Some((constraint, span)) = &config.version
            && let Err(error) = crate::version::Constraints::parse(constraint)
        {
            let detail = format!("{constraint:?} is no version constraint: {error}.");
            self.diags.error(*span, "Invalid version constraint", detail);
        }
        let provider = self.node.module.provider_of(&config.local.name);
        if !self.provider_available(&provider, config.header) {
            return;
        }
        let Some(schema) = self.providers.config_schema(&provider) else { return };
        let before = self.diags.len();
        let body = CompiledBody::compile(&config.body, &schema.block, &config.names, &mut self.diags);
        body.visit_expressions(&mut |expr| self.references(expr));
        let mut evaluator = Evaluator::new(self.scope, self.scope.env);
        let value = body.eval_unstored(&mut evaluator);
        self.diags.append(evaluator.diags);
        if self.diags.iter().skip(before).any(|problem| problem.is_error()) {
            return;
        }
        for problem in self.providers.check_config(&provider, &value.unmark_deep().0) {
            self.diags.push(problem.diagnostic.at(config.header));
        }
    }

    /// Checks that the provider configuration that a resource names is there.
    pub(super) fn provider_reference(&mut self, resource: &Resource) {
        let Some(reference) = &resource.provider else { return };
        if reference.local.alias.is_none() || has_config(&self.node.module, &reference.local) {
            return;
        }
        let known = self.node.module.providers.iter().map(|config| config.local.to_string()).collect::<Vec<_>>();
        let mut detail = format!(
            "There is no configuration {} here: neither a provider block with this alias nor one passed by the caller.",
            reference.local
        );
        if let Some(near) = did_you_mean(&reference.local.to_string(), known.iter().map(String::as_str)) {
            detail.push_str(&format!(" Did you mean {near}?"));
        }
        self.diags.error(reference.span, "Provider configuration not present", detail);
    }
}

/// Tells whether a module has a provider configuration or expects it from its caller.
pub(super) fn has_config(module: &Module, local: &addr::LocalProvider) -> bool {
    module.provider_place(local).is_some()
        || module.settings.required_providers.iter().any(|r| r.configuration_aliases.contains(local))
}
