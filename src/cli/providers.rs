//! The providers of a run, as the language and the rendering see them.

use std::collections::BTreeSet;
use std::rc::Rc;

use addr::{Mode, Provider};
use diag::Diagnostic;
use host::Catalogue;
use lang::functions::CallError;
use lang::module::{Module, Resource};
use lang::tree::Node;
use lang::validate::{ProviderProblem, Providers};
use schema::{Block, Schema};
use value::Value;

use crate::render::plan::Schemas;
use crate::{Environment, Session, plugins};

/// The providers that there are, ready to be asked.
pub struct LinkedProviders {
    catalogue: Rc<Catalogue>,
    /// Those that some resource is of; nothing if that is not known. Others are not called: a plugin need not be started
    /// for a configuration that nothing uses.
    called: Option<BTreeSet<Provider>>,
}

impl LinkedProviders {
    /// Makes the providers that are part of the program, and no others.
    pub fn new(factories: &[sdk::Factory]) -> LinkedProviders {
        LinkedProviders { catalogue: Rc::new(Catalogue::of_linked(factories)), called: None }
    }

    /// Makes all providers that a session may have.
    pub(crate) fn of(session: &Session) -> LinkedProviders {
        LinkedProviders { catalogue: Rc::new(plugins::catalogue(session)), called: None }
    }

    /// Makes all providers that a configuration may use, those that it does use being started if need be.
    pub(crate) fn of_configuration(session: &Session, root: &Node) -> LinkedProviders {
        LinkedProviders::of_trees(&session.environment, session.providers, &[root])
    }

    /// The same for several configurations.
    pub(crate) fn of_trees(
        environment: &Environment,
        linked: &'static [sdk::Factory],
        roots: &[&Node],
    ) -> LinkedProviders {
        let catalogue = Rc::new(plugins::catalogue_in(environment, linked));
        let (mut wanted, mut called) = (BTreeSet::new(), BTreeSet::new());
        for root in roots {
            root.visit(&mut |node| {
                let module = &node.module;
                wanted.extend(module.settings.required_providers.iter().map(|required| required.provider.clone()));
                wanted.extend(module.providers.iter().map(|config| module.provider_of(&config.local.name)));
                called.extend(module.resources.iter().map(|resource| provider_of(module, resource)));
            });
            catalogue.name(named(root));
        }
        wanted.extend(called.iter().cloned());
        catalogue.prepare(&wanted, &called);
        LinkedProviders { catalogue, called: Some(called) }
    }

    /// Makes the providers that are wanted, to be described only: none is started whose schemas are known.
    pub(crate) fn to_describe(session: &Session, root: &Node, wanted: &BTreeSet<Provider>) -> LinkedProviders {
        let catalogue = Rc::new(plugins::catalogue(session));
        catalogue.name(named(root));
        catalogue.prepare(wanted, &BTreeSet::new());
        LinkedProviders { catalogue, called: Some(BTreeSet::new()) }
    }

    /// Returns the catalogue that they are from.
    pub(crate) fn catalogue(&self) -> Rc<Catalogue> {
        self.catalogue.clone()
    }

    /// Returns what a provider says of itself, or why that cannot be known.
    pub(crate) fn described(&self, provider: &Provider) -> Result<&sdk::Schemas, sdk::Problem> {
        self.catalogue.get(provider).map(|found| found.schemas()).map_err(Clone::clone)
    }

    fn find(&self, provider: &Provider) -> Option<&dyn sdk::Provider> {
        self.catalogue.get(provider).ok().map(|found| &**found)
    }

    /// Tells whether a check of a provider's configuration may start it.
    fn may_call(&self, provider: &Provider) -> bool {
        self.catalogue.is_linked(provider) || self.called.as_ref().is_none_or(|called| called.contains(provider))
    }
}

impl Providers for LinkedProviders {
    fn available(&self, provider: &Provider) -> Result<(), String> {
        self.catalogue.get(provider).map(drop).map_err(|problem| problem.detail.clone())
    }

    fn stands_in(&self, provider: &Provider) -> bool {
        self.catalogue.stands_in(provider)
    }

    fn config_schema(&self, provider: &Provider) -> Option<&Schema> {
        Some(&self.find(provider)?.schemas().provider)
    }

    fn resource_schema(&self, provider: &Provider, mode: Mode, kind: &str) -> Option<&Schema> {
        types(self.find(provider)?, mode).get(kind)
    }

    fn resource_types(&self, provider: &Provider, mode: Mode) -> Vec<&str> {
        let found = self.find(provider);
        found.map(|found| types(found, mode).keys().map(|name| name.as_str()).collect()).unwrap_or_default()
    }

    fn check_config(&self, provider: &Provider, value: &Value) -> Vec<ProviderProblem> {
        let found = self.find(provider).filter(|_| self.may_call(provider));
        let problems = found.map(|found| found.validate_provider(value));
        problems.unwrap_or_default().into_iter().map(problem).collect()
    }

    fn check_resource(&self, provider: &Provider, mode: Mode, kind: &str, value: &Value) -> Vec<ProviderProblem> {
        let problems = self.find(provider).map(|found| match mode {
            Mode::Managed => found.validate_resource(kind, value),
            Mode::Data => found.validate_data(kind, value),
            Mode::Ephemeral => found.validate_ephemeral(kind, value),
        });
        problems.unwrap_or_default().into_iter().map(problem).collect()
    }

    fn call(&self, provider: &Provider, function: &str, args: Vec<Value>) -> Option<Result<Value, CallError>> {
        let found = self.find(provider)?;
        let signature = found.schemas().functions.get(function)?;
        let result = signature.call(args, |args| found.call_function(function, args));
        Some(result.map_err(|problem| CallError { argument: problem.argument, message: problem.message }))
    }
}

impl Schemas for LinkedProviders {
    fn block(&self, provider: &Provider, mode: Mode, kind: &str) -> Option<&Block> {
        Some(&types(self.find(provider)?, mode).get(kind)?.block)
    }
}

/// Returns the provider of a resource.
pub(crate) fn provider_of(module: &Module, resource: &Resource) -> Provider {
    let name = resource.provider.as_ref().map(|reference| reference.local.name.clone());
    module.provider_of(&name.unwrap_or_else(|| resource.address.implied_provider().into()))
}

/// Returns the providers that a module names or uses.
pub(crate) fn needed(module: &Module) -> impl Iterator<Item = Provider> {
    let required = module.settings.required_providers.iter().map(|required| required.provider.clone());
    let used = module.resources.iter().map(|resource| provider_of(module, resource));
    let configured = module.providers.iter().map(|config| module.provider_of(&config.local.name));
    required.chain(used).chain(configured)
}

/// Returns the providers that modules name by their source.
fn named(root: &Node) -> BTreeSet<Provider> {
    let mut named = BTreeSet::new();
    root.visit(&mut |node| {
        let required = node.module.settings.required_providers.iter().filter(|required| required.has_source);
        named.extend(required.map(|required| required.provider.clone()));
    });
    named
}

fn types(provider: &dyn sdk::Provider, mode: Mode) -> &std::collections::BTreeMap<ecow::EcoString, Schema> {
    let schemas = provider.schemas();
    match mode {
        Mode::Managed => &schemas.resources,
        Mode::Data => &schemas.data_sources,
        Mode::Ephemeral => &schemas.ephemerals,
    }
}

fn problem(problem: sdk::Problem) -> ProviderProblem {
    let diagnostic = Diagnostic { severity: problem.severity, ..Diagnostic::error(problem.summary, problem.detail) };
    ProviderProblem { diagnostic, path: problem.attribute }
}
