//! The provider as the engine sees it, wherever it runs.

use std::collections::BTreeMap;

use ecow::EcoString;
use schema::Schema;
use value::Value;

use crate::{FunctionProblem, FunctionSignature, Problem};

/// Makes an unconfigured provider; the main program holds a list of these.
pub type Factory = fn() -> Box<dyn Provider>;

/// Something that knows resource types, data sources, ephemeral resources and functions.
///
/// Configurations are objects of the schema's type, without marks; parts of them may be unknown. A rule that needs an
/// unknown part holds back: the same configuration is validated again when more of it is known.
pub trait Provider: Send + Sync {
    /// Returns its source address, in full: `HOST/NAMESPACE/NAME`.
    fn source(&self) -> &str;

    /// Returns the last part of its source address: what a module calls it unless the module says otherwise, and what
    /// the names of its resource types begin with.
    fn name(&self) -> &str {
        let source = self.source();
        source.rsplit_once('/').map_or(source, |(_, name)| name)
    }

    /// Returns what it has; always the same.
    fn schemas(&self) -> &Schemas;

    /// Checks its own configuration beyond what the schema says.
    fn validate_provider(&self, config: &Value) -> Vec<Problem>;

    /// Checks the configuration of a managed resource beyond what the schema says.
    fn validate_resource(&self, kind: &str, config: &Value) -> Vec<Problem>;

    /// Checks the configuration of a data source beyond what the schema says.
    fn validate_data(&self, kind: &str, config: &Value) -> Vec<Problem>;

    /// Checks the configuration of an ephemeral resource beyond what the schema says.
    fn validate_ephemeral(&self, kind: &str, config: &Value) -> Vec<Problem>;

    /// Calls a function with arguments that its signature allows; [`FunctionSignature::call`] sees to that.
    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, FunctionProblem>;
}

/// What a provider has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schemas {
    /// Its own configuration.
    pub provider: Schema,
    /// Managed resource types by name.
    pub resources: BTreeMap<EcoString, Schema>,
    /// Data sources by name.
    pub data_sources: BTreeMap<EcoString, Schema>,
    /// Ephemeral resource types by name.
    pub ephemerals: BTreeMap<EcoString, Schema>,
    /// Functions by name.
    pub functions: BTreeMap<EcoString, FunctionSignature>,
}
