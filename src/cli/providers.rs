//! The providers that are linked in, as the language sees them.

use addr::{Mode, Provider};
use diag::Diagnostic;
use lang::functions::CallError;
use lang::validate::{ProviderProblem, Providers};
use schema::{Block, Schema};
use value::Value;

use crate::render::plan::Schemas;

/// The linked-in providers, ready to be asked.
pub struct LinkedProviders(Vec<(Provider, Box<dyn sdk::Provider>)>);

impl LinkedProviders {
    /// Makes the providers; they learn no configuration.
    pub fn new(factories: &[sdk::Factory]) -> LinkedProviders {
        let made = factories.iter().map(|make| make());
        LinkedProviders(made.filter_map(|linked| Some((Provider::parse(linked.source()).ok()?, linked))).collect())
    }

    /// Returns what a provider says of itself.
    pub(crate) fn schemas(&self, provider: &Provider) -> Option<&sdk::Schemas> {
        Some(self.find(provider)?.schemas())
    }

    /// A module that does not say where a provider comes from means the one of that name in the default namespace; so
    /// ours are found by name there, too.
    fn find(&self, provider: &Provider) -> Option<&dyn sdk::Provider> {
        let exact = self.0.iter().find(|(source, _)| source == provider);
        let by_name = || self.0.iter().find(|(source, _)| Provider::implied(&source.name) == *provider);
        exact.or_else(by_name).map(|(_, linked)| &**linked)
    }
}

impl Providers for LinkedProviders {
    fn available(&self, provider: &Provider) -> Result<(), String> {
        if self.find(provider).is_some() {
            return Ok(());
        }
        let known: Vec<String> = self.0.iter().map(|(source, _)| source.to_string()).collect();
        Err(format!(
            "The configuration requires the provider {provider}, which is not part of this Gantry, and others cannot be \
             installed yet. There are: {}.",
            known.join(", ")
        ))
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
        let problems = self.find(provider).map(|found| found.validate_provider(value));
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
