//! The provider of things that do not exist: the template for new providers, and what the engine is tested with.
//!
//! Its types use every form that a schema can have. Each type, and each family of functions, is one file with its
//! schema, its rules and its documentation, and one line below.
//! *Not here:* emulated clouds with real wire protocols (`sandbox`).

mod cluster;
mod configuration;
mod functions;
mod image;
mod node_pool;
mod object;
mod object_data;
mod rules;
mod token;

use sdk::{Definition, Provider};

/// Makes the provider.
pub fn provider() -> Box<dyn Provider> {
    Definition {
        source: "gantry.dev/gantry/fake",
        configuration: Box::new(configuration::FakeConfiguration),
        resources: vec![
            Box::new(cluster::FakeCluster),
            Box::new(node_pool::FakeNodePool),
            Box::new(object::FakeObject),
        ],
        data_sources: vec![Box::new(image::FakeImage), Box::new(object_data::FakeObjectData)],
        ephemerals: vec![Box::new(token::FakeToken)],
        functions: vec![
            Box::new(functions::Add),
            Box::new(functions::Echo),
            Box::new(functions::Fail),
            Box::new(functions::JoinAll),
        ],
    }
    .into_provider()
}

#[cfg(test)]
mod tests {
    use super::provider;

    #[test]
    fn conforms() {
        assert_eq!(sdk::conformance::check(&*provider()), Vec::<String>::new());
    }
}
