//! The provider of AWS: clusters and what they need, through the SDK.
//!
//! Names, nesting and defaults of attributes are those of the well-known provider, so that modules written for it plan
//! here unchanged. Around the calls that are special to a resource type (`Kind`), everything is common: tags, regions,
//! limits of time, waiting, and finding out what became of a change whose end nobody saw.
//! *Not here:* anything of the sandbox: the SDK is pointed at it by its environment, as any other client.

mod cloud;
mod configuration;
mod costs;
mod credentials;
mod data;
mod ec2;
mod eks;
mod fault;
mod fields;
mod grounds;
mod http;
mod iam;
mod managed;
mod naming;
mod planning;
mod polling;
mod profile;
mod shape;
mod sts;
mod tags;

use std::sync::Arc;

use sdk::{Definition, Provider};

/// Makes the provider.
pub fn provider() -> Box<dyn Provider> {
    let cloud = Arc::new(cloud::Cloud::default());
    let mut resources = eks::resources(&cloud);
    resources.extend(ec2::resources(&cloud));
    resources.extend(iam::resources(&cloud));
    let mut data_sources = eks::data_sources(&cloud);
    data_sources.extend(ec2::data_sources(&cloud));
    data_sources.extend(iam::data_sources());
    data_sources.extend(sts::data_sources(&cloud));
    Definition {
        source: "gantry.dev/gantry/aws",
        configuration: Box::new(configuration::AwsConfiguration(cloud)),
        resources,
        data_sources,
        ephemerals: vec![],
        functions: vec![],
    }
    .into_provider()
}

#[cfg(test)]
mod tests;
