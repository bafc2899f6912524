//! The providers of a run: one object per configuration, configured when it is first needed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use addr::{AbsInstance, ModuleInstance, Provider, ProviderConfig};
use futures_util::lock::Mutex;
use sdk::{ConfigureRequest, Problem, Runtime};
use value::Value;

use crate::stand_ins::{MadeUp, StandIn};

/// Returns an unconfigured provider, or why there is none.
type Make = dyn Fn(&Provider) -> Result<Arc<dyn sdk::Provider>, Problem>;

/// A provider with the configuration that it has.
type Configured = (Value, Arc<dyn sdk::Provider>);

/// Makes providers and keeps those that are configured.
pub struct Pool {
    make: Box<Make>,
    runtime: Arc<dyn Runtime>,
    version: &'static str,
    configured: RefCell<HashMap<ProviderConfig, Configured>>,
    /// Whose turn it is to configure: what several need at once is configured once.
    turns: RefCell<HashMap<ProviderConfig, Rc<Mutex<()>>>>,
    bare: RefCell<HashMap<Provider, Arc<dyn sdk::Provider>>>,
    /// Configurations that hold something which is good for one phase only.
    anew: RefCell<HashSet<ProviderConfig>>,
    /// What is made up.
    made_up: Option<MadeUp>,
}

impl Pool {
    /// Makes a pool; `make` returns an unconfigured provider, or why there is none.
    pub fn new(
        make: impl Fn(&Provider) -> Result<Arc<dyn sdk::Provider>, Problem> + 'static,
        runtime: Arc<dyn Runtime>,
        version: &'static str,
        made_up: Option<MadeUp>,
    ) -> Rc<Pool> {
        let (configured, turns) = (RefCell::default(), RefCell::default());
        let (bare, anew) = (RefCell::default(), RefCell::default());
        Rc::new(Pool { make: Box::new(make), runtime, version, configured, turns, bare, anew, made_up })
    }

    /// Returns what takes the place of a provider configuration.
    pub fn stand_in(&self, address: &ProviderConfig) -> Option<StandIn> {
        self.made_up.as_ref()?.0.configuration(address, &self.bare(&address.provider)?)
    }

    /// Returns the provider that makes up one instance of a resource; nothing if that is real.
    pub fn made_up(&self, address: &AbsInstance, config: &ProviderConfig) -> Option<Arc<dyn sdk::Provider>> {
        self.made_up.as_ref()?.0.provider(address, config, &self.bare(&config.provider)?)
    }

    /// Tells whether a module instance is made up as a whole.
    pub(crate) fn is_replaced(&self, module: &ModuleInstance) -> bool {
        self.made_up.as_ref().is_some_and(|made_up| made_up.0.is_replaced(module))
    }

    /// Returns a provider for what needs no configuration: schemas, upgrades.
    pub fn bare(&self, provider: &Provider) -> Option<Arc<dyn sdk::Provider>> {
        if let Some(known) = self.bare.borrow().get(provider) {
            return Some(known.clone());
        }
        let made = (self.make)(provider).ok()?;
        self.bare.borrow_mut().insert(provider.clone(), made.clone());
        Some(made)
    }

    /// Returns the provider of a configuration that has been configured already.
    pub fn get(&self, address: &ProviderConfig) -> Option<Arc<dyn sdk::Provider>> {
        self.configured.borrow().get(address).map(|(_, provider)| provider.clone())
    }

    /// Remembers that a configuration holds something that is good for one phase only.
    pub(crate) fn configure_anew(&self, address: &ProviderConfig) {
        self.anew.borrow_mut().insert(address.clone());
    }

    /// Forgets the providers whose configurations hold what was good for the phase that ends.
    pub fn end_phase(&self) {
        for address in self.anew.borrow_mut().drain() {
            self.configured.borrow_mut().remove(&address);
        }
    }

    /// Configures the provider of a configuration, unless that has been done with the same values.
    pub async fn configure(
        &self,
        address: &ProviderConfig,
        config: Value,
    ) -> Result<Arc<dyn sdk::Provider>, Vec<Problem>> {
        let turn = self.turns.borrow_mut().entry(address.clone()).or_default().clone();
        let _turn = turn.lock().await;
        let known = self.configured.borrow().get(address).filter(|(with, _)| *with == config).cloned();
        if let Some((_, provider)) = known {
            return Ok(provider);
        }
        let made = (self.make)(&address.provider).map_err(|problem| vec![problem])?;
        let request = ConfigureRequest {
            config: config.clone(),
            version: self.version.into(),
            deferral_allowed: false,
            runtime: self.runtime.clone(),
        };
        let response = made.configure(request).await;
        if response.problems.iter().any(Problem::is_error) {
            return Err(response.problems);
        }
        self.configured.borrow_mut().insert(address.clone(), (config, made.clone()));
        Ok(made)
    }
}
