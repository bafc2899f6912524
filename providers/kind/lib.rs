//! The provider of clusters on this machine: made of containers, by the program `kind`.
//!
//! What a cluster is made from never changes, so every change replaces it. *Not here:* what is in a cluster
//! (`kubernetes`).

mod cluster;
mod cluster_schema;
mod configuration;
mod health;
mod program;
mod spec;

use std::sync::Arc;

use sdk::{Definition, Provider};

/// Makes the provider.
pub fn provider() -> Box<dyn Provider> {
    let machine = Arc::new(program::Machine::default());
    Definition {
        source: "gantry.dev/gantry/kind",
        configuration: Box::new(configuration::KindConfiguration(machine.clone())),
        resources: vec![Box::new(cluster::KindCluster(machine))],
        data_sources: vec![],
        ephemerals: vec![],
        functions: vec![],
    }
    .into_provider()
}

#[cfg(test)]
mod tests {
    #[test]
    fn conforms() {
        assert_eq!(sdk::conformance::check(&*super::provider()), Vec::<String>::new());
    }
}
