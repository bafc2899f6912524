//! Writes the configuration of imported objects that have none, and plans them by it.

mod text;

use addr::AbsInstance;
use diag::{Diagnostic, Diagnostics, FileId};
use lang::body::CompiledBody;
use lang::evaluation::Repeated;
use lang::expr::Evaluator;
use lang::module::{Allowed, Import, ImportTarget as Address, Lifecycle, Repetition, Resource, ScopedNames};
use lang::providers::resolve_local;
use sdk::{GenerateRequest, Provider};
use syntax::tree::Ident;
use value::Value;

use crate::imports::Found;
use crate::instances::{Desired, Prior};
use crate::model::{Generated, Importing, Wait};
use crate::planner::{Block, Configured, Planner, ResourceKind};

impl<'a> Planner<'a> {
    /// Imports an object whose instance has no configuration: one is written for it, if that is wanted.
    pub(crate) async fn import_unconfigured(&self, import: &'a Import, address: &'a Address) {
        const SUMMARY: &str = "Configuration for import target does not exist";
        let refuse = |detail: String| self.report(Diagnostic::error(SUMMARY, detail).at(import.to.span));
        let is_plain = address.calls.is_empty() && address.key.is_none() && import.repetition.expr().is_none();
        if !self.options.generate_configuration || !is_plain {
            let hint = match is_plain {
                true => "`plan -generate-config-out=FILE` writes one from the object.",
                false => "One can be written only for a resource of the root module without count or for_each.",
            };
            return refuse(format!("There is no block for {} in the configuration. {hint}", address.resource));
        }
        let local = import.provider.as_ref().map_or_else(
            || addr::LocalProvider { name: address.resource.implied_provider().into(), alias: None },
            |reference| reference.local.clone(),
        );
        let path = [self.root];
        let resolved = resolve_local(&path, local.clone());
        if self.pool.bare(&resolved.address.provider).is_none() {
            return refuse(format!(
                "It would need the provider {}, which is not available.",
                resolved.address.provider
            ));
        }
        let Some(configured) = self.configured(&path, &resolved).await else { return };
        let Configured { provider, waits, needs: provider_needs } = configured;
        let Some(kind) = self.kind(&resolved.address.provider, &address.resource) else {
            let provider = &resolved.address.provider;
            return refuse(format!("The provider {provider} has no resource {:?}.", address.resource.kind));
        };
        let Some(importing) = self.importing(import, &kind, &Repeated::default()) else { return };
        let Some(instance) = self.import_address(address, &Repeated::default(), import.to.span) else { return };
        if self.prior.instance(&instance).is_some() || !self.seen.borrow_mut().insert(instance.clone()) {
            return;
        }
        let importing = Importing { is_generated: true, ..importing };
        let found = match waits {
            true => Found::Later(Wait::ProviderConfig, importing),
            false => self.import(&*provider, &kind, &instance, (importing, Some(import.to.span))).await,
        };
        let prior = match found {
            Found::Now(prior) => *prior,
            Found::Failed => return,
            Found::Later(..) => {
                return refuse(
                    "The object cannot be looked for yet, so no configuration can be written for it.".into(),
                );
            }
        };
        let Some(body) = self.generated_body(&*provider, &kind, (&instance, &prior)).await else { return };
        let reference = (local.name != address.resource.implied_provider() || local.alias.is_some()).then_some(&local);
        let text = text::block(&address.resource, reference, &body);
        let from = prior.importing.as_ref().and_then(Importing::shown);
        self.out.borrow_mut().generated.push(Generated { address: instance.clone(), from, text: text.clone() });
        let desired = Desired {
            address: instance,
            repeated: Repeated::default(),
            config: Value::NULL,
            needs: provider_needs.to_vec(),
            awaited: Vec::new(),
            prior: None,
            triggered: false,
            wait: None,
        };
        self.plan_generated(import, &body, (provider, resolved.address, kind), (desired, prior)).await;
    }

    /// Returns the text of a configuration that the object could come from.
    async fn generated_body(
        &self,
        provider: &dyn Provider,
        kind: &ResourceKind,
        (instance, prior): (&AbsInstance, &Prior),
    ) -> Option<String> {
        let block = &kind.schema.block;
        if !provider.capabilities().generates_configuration {
            return Some(text::body(block, &prior.value));
        }
        let name = instance.resource.resource.kind.clone();
        let response = provider.generate(GenerateRequest { kind: name, object: prior.value.clone() }).await;
        let failed = response.problems.iter().any(sdk::Problem::is_error);
        for problem in response.problems {
            self.report(crate::problems::diagnostic(problem, None));
        }
        (!failed).then(|| text::body(block, &response.config))
    }

    /// Plans the object by the configuration that was written for it: it has to hold for it.
    async fn plan_generated(
        &self,
        import: &Import,
        text: &str,
        (provider, config, kind): (std::sync::Arc<dyn Provider>, addr::ProviderConfig, std::sync::Arc<ResourceKind>),
        (desired, prior): (Desired, Prior),
    ) {
        let address = &desired.address.resource.resource;
        // The text is in no file yet, so nothing can be shown of it: what is wrong is said of the import block.
        let (file, mut diags) = syntax::parse(FileId(0), text.as_bytes());
        let names = ScopedNames { module: self.root.module.names.clone(), allowed: Allowed::default() };
        let label = |name: &str| Ident { name: name.into(), span: import.header };
        let resource = Resource {
            address: address.clone(),
            repetition: Repetition::Single,
            provider: None,
            depends_on: Vec::new(),
            lifecycle: Lifecycle::default(),
            provisioners: Vec::new(),
            connection: None,
            body: file.body,
            names,
            check: None,
            labels: (label(&address.kind), label(&address.name)),
            header: import.header,
        };
        let compiled = CompiledBody::compile(&resource.body, &kind.schema.block, &resource.names, &mut diags);
        let scope = self.evaluation.scope(&self.evaluation.root(), Repeated::default());
        let mut evaluator = Evaluator::new(&scope, self.env);
        let value = compiled.eval(&mut evaluator);
        diags.append(evaluator.diags);
        let (bare, _) = value.clone().unmark_deep();
        if !diags.has_errors() {
            for problem in provider.validate_resource(&address.kind, &bare) {
                diags.push(crate::problems::diagnostic(problem, None));
            }
        }
        let failed = diags.has_errors();
        self.report_generated(import, diags);
        if failed {
            return;
        }
        let provider_needs = desired.needs.clone().into();
        let config = config.into();
        let (is_validated, body) = (true, compiled);
        let block = Block {
            resource: &resource,
            provider,
            // The next plan finds out.
            container: None,
            provider_needs,
            waits: false,
            config,
            kind,
            body,
            is_validated,
        };
        self.managed(&block, Desired { config: value, ..desired }, prior).await;
    }

    fn report_generated(&self, import: &Import, diags: Diagnostics) {
        for problem in diags {
            self.report(Diagnostic { subject: Some(import.to.span), context: None, ..problem });
        }
    }
}
