//! A module: what the blocks of a folder's files say, with all expressions compiled.
//!
//! Reading takes two looks at the blocks: one that collects the declared names, one that decodes every block with
//! those names known. A folder that is called from many places is read once.

mod call;
mod check;
mod condition;
mod files;
mod import;
mod lifecycle;
mod local;
mod names;
mod output;
mod overrides;
mod provider;
mod read;
mod refactoring;
mod resource;
mod settings;
mod short_call;
pub mod testing;
mod variable;

use std::path::PathBuf;
use std::sync::Arc;

use diag::Diagnostics;

pub use call::{ModuleCall, PassedProvider};
pub use check::Check;
pub use condition::Condition;
pub use files::{FileKind, list_files};
pub use import::{Import, ImportTarget};
pub use lifecycle::{IgnoreChanges, IgnoredPath, Lifecycle};
pub use local::Local;
pub use names::{Allowed, ModuleNames, ScopedNames};
pub use output::Output;
pub use provider::{ProviderConfig, ProviderReference};
pub use read::{Reader, read_module, read_short_calls};
pub use refactoring::{Endpoint, Moved, Removed, endpoint};
pub use resource::{Provisioner, ProvisionerWhen, Repetition, Resource};
pub use settings::{Backend, RequiredProvider, RequiredVersion, Settings};
pub use short_call::{BUILT_IN, Written};
pub use variable::Variable;

/// A module as its files say. Lists are sorted by name, or in source order where there is no name.
#[derive(Debug, Default)]
pub struct Module {
    /// The folder.
    pub dir: PathBuf,
    /// `terraform { }`, `gantry { }`
    pub settings: Settings,
    /// `provider`, sorted by name and alias
    pub providers: Vec<ProviderConfig>,
    /// `variable`
    pub variables: Vec<Variable>,
    /// `locals`
    pub locals: Vec<Local>,
    /// `output`
    pub outputs: Vec<Output>,
    /// `resource`, `data`, `ephemeral`
    pub resources: Vec<Resource>,
    /// `module`
    pub calls: Vec<ModuleCall>,
    /// `check`
    pub checks: Vec<Check>,
    /// `import`
    pub imports: Vec<Import>,
    /// `moved`
    pub moved: Vec<Moved>,
    /// `removed`
    pub removed: Vec<Removed>,
    /// What is wrong with its expressions; the rest of the module means what it says.
    pub mistakes: Diagnostics,
    /// What names mean in the module's expressions.
    pub names: Arc<ModuleNames>,
}

impl Module {
    /// Returns the variable of a name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.binary_search_by(|v| v.name.as_str().cmp(name)).ok().map(|place| &self.variables[place])
    }

    /// Returns the output of a name.
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.binary_search_by(|o| o.name.as_str().cmp(name)).ok().map(|place| &self.outputs[place])
    }

    /// Returns the place of the provider configuration that has a name here; they are sorted by it.
    pub fn provider_place(&self, local: &addr::LocalProvider) -> Option<usize> {
        let is_before =
            |config: &ProviderConfig| (&config.local.name, &config.local.alias) < (&local.name, &local.alias);
        let place = self.providers.partition_point(is_before);
        self.providers.get(place).is_some_and(|config| config.local == *local).then_some(place)
    }

    /// Returns the provider configuration that has a name here.
    pub fn provider(&self, local: &addr::LocalProvider) -> Option<&ProviderConfig> {
        self.provider_place(local).map(|place| &self.providers[place])
    }

    /// Returns the provider that the module says a local name means: functions are called by such names only.
    pub fn required_provider(&self, local_name: &str) -> Option<addr::Provider> {
        let required = self.settings.required_providers.iter().find(|required| required.name == local_name)?;
        Some(required.provider.clone())
    }

    /// Returns the provider that a local name means here.
    pub fn provider_of(&self, local_name: &str) -> addr::Provider {
        let required = self.settings.required_providers.iter().find(|required| required.name == local_name);
        required.map_or_else(|| addr::Provider::implied(local_name), |required| required.provider.clone())
    }
}

/// The error of a function call by a local name that the module does not declare.
pub(crate) fn undeclared_provider(local_name: &str) -> crate::functions::CallError {
    crate::functions::CallError::new(format!(
        "the module does not say which provider {local_name:?} is; add it to required_providers"
    ))
}
