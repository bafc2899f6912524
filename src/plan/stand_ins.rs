//! What is made up in place of what providers would say: tests of modules have such.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use addr::{AbsInstance, ModuleInstance, ProviderConfig};
use diag::Diagnostics;
use sdk::Provider;
use value::Value;

/// Knows what is made up.
pub trait StandIns {
    /// Returns what takes the place of a provider configuration, written or not; nothing where it is as the modules say.
    /// `real` is the provider without a configuration.
    fn configuration(&self, address: &ProviderConfig, real: &Arc<dyn Provider>) -> Option<StandIn>;

    /// Returns the provider that makes up one instance of a resource; nothing if that is real.
    fn provider(
        &self,
        address: &AbsInstance,
        config: &ProviderConfig,
        real: &Arc<dyn Provider>,
    ) -> Option<Arc<dyn Provider>>;

    /// Returns the value of an output of a module instance that is made up as a whole; nothing if the module is real.
    fn output(&self, module: &ModuleInstance, output: &str) -> Option<Value>;

    /// Tells whether a module instance is made up as a whole: nothing in it is looked at then.
    fn is_replaced(&self, module: &ModuleInstance) -> bool;
}

/// What takes the place of a provider configuration.
pub enum StandIn {
    /// Values of the provider's own configuration.
    Values(Value),
    /// A provider that needs none.
    Provider(Arc<dyn Provider>),
    /// Nothing that could be used: what is wrong.
    Failed(Diagnostics),
}

/// The same, as an option of a plan.
#[derive(Clone)]
pub struct MadeUp(pub Rc<dyn StandIns>);

impl fmt::Debug for MadeUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MadeUp")
    }
}
