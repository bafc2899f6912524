//! The provider of things that do not exist: the template for new providers, and what the engine is tested with.
//!
//! Its types use every form that a schema can have. Each type, and each family of functions, is one file with its
//! schema, its rules and its documentation, and one line below. What it makes is in a [`World`], which a test holds on
//! to, or which a file keeps; [`Fault`]s are things that go wrong there.
//! *Not here:* emulated clouds with real wire protocols (`sandbox`).

mod cloud;
mod cluster;
mod configuration;
mod faults;
mod functions;
mod image;
mod managed;
mod node_pool;
mod object;
mod object2;
mod object_data;
mod room;
mod rules;
mod thing;
mod token;
mod world;

use std::sync::{Arc, OnceLock};

use sdk::{Definition, Provider};

pub use faults::{Fault, When};
pub use world::{Ephemerals, Happening, World, WorldObject};

use cloud::Cloud;
use managed::Managed;

/// Makes the provider. Its world lasts as long as the process, unless the configuration names a file.
pub fn provider() -> Box<dyn Provider> {
    static WORLD: OnceLock<Arc<World>> = OnceLock::new();
    provider_in(WORLD.get_or_init(World::in_memory).clone())
}

/// Makes the provider, in a world.
pub fn provider_in(world: Arc<World>) -> Box<dyn Provider> {
    let cloud = Cloud::new(world);
    Definition {
        source: "gantry.dev/gantry/fake",
        configuration: Box::new(configuration::FakeConfiguration(cloud.clone())),
        resources: vec![
            Box::new(Managed { special: cluster::FakeCluster, cloud: cloud.clone() }),
            Box::new(Managed { special: node_pool::FakeNodePool, cloud: cloud.clone() }),
            Box::new(Managed { special: object::FakeObject, cloud: cloud.clone() }),
            Box::new(Managed { special: object2::FakeObject2, cloud: cloud.clone() }),
            Box::new(Managed { special: room::FakeRoom, cloud: cloud.clone() }),
            Box::new(Managed { special: thing::FakeThing, cloud: cloud.clone() }),
        ],
        data_sources: vec![
            Box::new(image::FakeImage(cloud.clone())),
            Box::new(object_data::FakeObjectData(cloud.clone())),
        ],
        ephemerals: vec![Box::new(token::FakeToken(cloud))],
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
mod tests;
