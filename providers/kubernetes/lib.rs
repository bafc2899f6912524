//! The provider of what is in a Kubernetes cluster: any object, by server-side apply.
//!
//! A cluster is reached by the provider's configuration and by nothing else. What a configuration sets of an object is
//! Gantry's, by the API server's own account of who manages which fields; everything else is left to others, and is no
//! drift. *Not here:* the clouds that clusters are in (`aws`), charts (`helm`).

mod api;
mod changes;
mod cleanup;
mod cluster;
mod config_map;
mod configuration;
mod connection;
mod costs;
mod credentials;
mod data;
mod defaults;
mod definition;
mod discovery;
mod failure;
mod fates;
mod fields;
mod grounds;
mod identity;
mod json;
mod kept;
mod manifest;
mod manifest_plan;
mod manifest_schema;
mod marking;
mod metadata;
mod namespace;
mod proxy;
mod readiness;
mod reading;
mod secret;
mod service_account;
mod storage_class;
mod sweep;
mod sweep_volumes;
mod times;
mod typed;
mod typed_data;
mod wait_rules;
mod waiting;

use std::sync::Arc;

use sdk::{DataSource, Definition, Provider, ResourceType};

use cleanup::Cleanup;
use cluster::Cluster;
use config_map::ConfigMap;
use marking::Marks;
use namespace::Namespace;
use secret::Secret;
use service_account::ServiceAccount;
use storage_class::StorageClass;
use typed::{Special, Typed};
use typed_data::{ServiceData, TypedData};

/// Makes the provider.
pub fn provider() -> Box<dyn Provider> {
    let cluster = Cluster::new();
    Definition {
        source: "gantry.dev/gantry/kubernetes",
        configuration: Box::new(configuration::KubernetesConfiguration(cluster.clone())),
        resources: resources(&cluster),
        data_sources: data_sources(&cluster),
        ephemerals: vec![],
        functions: vec![],
    }
    .into_provider()
}

fn resources(cluster: &Arc<Cluster>) -> Vec<Box<dyn ResourceType>> {
    let marks = |name, kind| Box::new(Marks { name, kind, cluster: cluster.clone() });
    vec![
        marks("kubernetes_annotations", "annotations"),
        Box::new(Cleanup(cluster.clone())),
        typed("kubernetes_config_map", ConfigMap, cluster),
        typed("kubernetes_config_map_v1", ConfigMap, cluster),
        marks("kubernetes_labels", "labels"),
        Box::new(manifest::Manifest(cluster.clone())),
        typed("kubernetes_namespace", Namespace, cluster),
        typed("kubernetes_namespace_v1", Namespace, cluster),
        typed("kubernetes_secret", Secret, cluster),
        typed("kubernetes_secret_v1", Secret, cluster),
        typed("kubernetes_service_account", ServiceAccount, cluster),
        typed("kubernetes_service_account_v1", ServiceAccount, cluster),
        typed("kubernetes_storage_class", StorageClass, cluster),
        typed("kubernetes_storage_class_v1", StorageClass, cluster),
    ]
}

fn data_sources(cluster: &Arc<Cluster>) -> Vec<Box<dyn DataSource>> {
    let service = |name| Box::new(ServiceData { name, cluster: cluster.clone() });
    vec![
        typed_data("kubernetes_config_map", ConfigMap, cluster),
        typed_data("kubernetes_config_map_v1", ConfigMap, cluster),
        typed_data("kubernetes_namespace", Namespace, cluster),
        typed_data("kubernetes_namespace_v1", Namespace, cluster),
        Box::new(data::Resource(cluster.clone())),
        Box::new(data::Resources(cluster.clone())),
        typed_data("kubernetes_secret", Secret, cluster),
        typed_data("kubernetes_secret_v1", Secret, cluster),
        Box::new(data::ServerVersion(cluster.clone())),
        service("kubernetes_service"),
        typed_data("kubernetes_service_account", ServiceAccount, cluster),
        typed_data("kubernetes_service_account_v1", ServiceAccount, cluster),
        service("kubernetes_service_v1"),
        typed_data("kubernetes_storage_class", StorageClass, cluster),
        typed_data("kubernetes_storage_class_v1", StorageClass, cluster),
    ]
}

fn typed<S: Special>(name: &'static str, special: S, cluster: &Arc<Cluster>) -> Box<dyn ResourceType> {
    Box::new(Typed { name, special, cluster: cluster.clone() })
}

fn typed_data<S: Special>(name: &'static str, special: S, cluster: &Arc<Cluster>) -> Box<dyn DataSource> {
    Box::new(TypedData { name, special, cluster: cluster.clone() })
}

#[cfg(test)]
mod tests {
    #[test]
    fn conforms() {
        assert_eq!(sdk::conformance::check(&*super::provider()), Vec::<String>::new());
    }
}
