//! All operations of EKS: what they are called, where they are, and what does them here.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value as Json;

use super::call::{Error, Invocation};
use super::{
    access, addon, addon_catalogue, addon_schema, cluster, cluster_config, encryption, fargate, identity_provider,
    insight, node_group, pod_identity, tags, update, versions,
};
use crate::aws::signature::unescape;

/// An operation.
pub struct Operation {
    pub name: &'static str,
    method: Method,
    path: &'static str,
    /// Nothing if the sandbox does not have it.
    pub run: Option<Run>,
}

type Run = fn(&mut Invocation<'_, '_>) -> Result<Json, Error>;

const fn operation(name: &'static str, method: Method, path: &'static str, run: Option<Run>) -> Operation {
    Operation { name, method, path, run }
}

/// Finds the operation that a request is for, with the parts of its path that have names.
pub fn find(method: &Method, path: &str) -> Option<(&'static Operation, BTreeMap<&'static str, String>)> {
    OPERATIONS.iter().filter(|operation| operation.method == method).find_map(|operation| {
        let (mut wanted, mut found) = (operation.path.split('/'), path.split('/'));
        let mut arguments = BTreeMap::new();
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return Some((operation, arguments)),
                (Some(wanted), Some(found)) => {
                    match wanted.strip_prefix('{').and_then(|wanted| wanted.strip_suffix('}')) {
                        Some(name) if !found.is_empty() => _ = arguments.insert(name, unescape(found)),
                        None if wanted == found => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    })
}

#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    operation("ActivateCertificateAuthority", Method::POST, "/clusters/{name}/certificate-authorities/{certificateAuthorityId}/activate", None),
    operation("AssociateAccessPolicy", Method::POST, "/clusters/{name}/access-entries/{principalArn}/access-policies", Some(access::associate)),
    operation("AssociateEncryptionConfig", Method::POST, "/clusters/{name}/encryption-config/associate", Some(encryption::associate)),
    operation("AssociateIdentityProviderConfig", Method::POST, "/clusters/{name}/identity-provider-configs/associate", Some(identity_provider::associate)),
    operation("CancelUpdate", Method::POST, "/clusters/{name}/updates/{updateId}/cancel-update", None),
    operation("CreateAccessEntry", Method::POST, "/clusters/{name}/access-entries", Some(access::create)),
    operation("CreateAddon", Method::POST, "/clusters/{name}/addons", Some(addon::create)),
    operation("CreateCapability", Method::POST, "/clusters/{name}/capabilities", None),
    operation("CreateCertificateAuthority", Method::POST, "/clusters/{name}/certificate-authorities", None),
    operation("CreateCluster", Method::POST, "/clusters", Some(cluster::create)),
    operation("CreateEksAnywhereSubscription", Method::POST, "/eks-anywhere-subscriptions", None),
    operation("CreateFargateProfile", Method::POST, "/clusters/{name}/fargate-profiles", Some(fargate::create)),
    operation("CreateNodegroup", Method::POST, "/clusters/{name}/node-groups", Some(node_group::create)),
    operation("CreatePodIdentityAssociation", Method::POST, "/clusters/{name}/pod-identity-associations", Some(pod_identity::create)),
    operation("DeleteAccessEntry", Method::DELETE, "/clusters/{name}/access-entries/{principalArn}", Some(access::delete)),
    operation("DeleteAddon", Method::DELETE, "/clusters/{name}/addons/{addonName}", Some(addon::delete)),
    operation("DeleteCapability", Method::DELETE, "/clusters/{name}/capabilities/{capabilityName}", None),
    operation("DeleteCertificateAuthority", Method::DELETE, "/clusters/{name}/certificate-authorities/{certificateAuthorityId}", None),
    operation("DeleteCluster", Method::DELETE, "/clusters/{name}", Some(cluster::delete)),
    operation("DeleteEksAnywhereSubscription", Method::DELETE, "/eks-anywhere-subscriptions/{id}", None),
    operation("DeleteFargateProfile", Method::DELETE, "/clusters/{name}/fargate-profiles/{fargateProfileName}", Some(fargate::delete)),
    operation("DeleteNodegroup", Method::DELETE, "/clusters/{name}/node-groups/{nodegroupName}", Some(node_group::delete)),
    operation("DeletePodIdentityAssociation", Method::DELETE, "/clusters/{name}/pod-identity-associations/{associationId}", Some(pod_identity::delete)),
    operation("DeregisterCluster", Method::DELETE, "/cluster-registrations/{name}", None),
    operation("DescribeAccessEntry", Method::GET, "/clusters/{name}/access-entries/{principalArn}", Some(access::describe)),
    operation("DescribeAddon", Method::GET, "/clusters/{name}/addons/{addonName}", Some(addon::describe)),
    operation("DescribeAddonConfiguration", Method::GET, "/addons/configuration-schemas", Some(addon_schema::describe)),
    operation("DescribeAddonVersions", Method::GET, "/addons/supported-versions", Some(addon_catalogue::describe)),
    operation("DescribeCapability", Method::GET, "/clusters/{name}/capabilities/{capabilityName}", None),
    operation("DescribeCertificateAuthority", Method::GET, "/clusters/{name}/certificate-authorities/{certificateAuthorityId}", None),
    operation("DescribeCluster", Method::GET, "/clusters/{name}", Some(cluster::describe)),
    operation("DescribeClusterVersions", Method::GET, "/cluster-versions", Some(versions::describe)),
    operation("DescribeEksAnywhereSubscription", Method::GET, "/eks-anywhere-subscriptions/{id}", None),
    operation("DescribeFargateProfile", Method::GET, "/clusters/{name}/fargate-profiles/{fargateProfileName}", Some(fargate::describe)),
    operation("DescribeIdentityProviderConfig", Method::POST, "/clusters/{name}/identity-provider-configs/describe", Some(identity_provider::describe)),
    operation("DescribeInsight", Method::GET, "/clusters/{name}/insights/{id}", Some(insight::describe)),
    operation("DescribeInsightsRefresh", Method::GET, "/clusters/{name}/insights-refresh", Some(insight::describe_refresh)),
    operation("DescribeNodegroup", Method::GET, "/clusters/{name}/node-groups/{nodegroupName}", Some(node_group::describe)),
    operation("DescribePodIdentityAssociation", Method::GET, "/clusters/{name}/pod-identity-associations/{associationId}", Some(pod_identity::describe)),
    operation("DescribeUpdate", Method::GET, "/clusters/{name}/updates/{updateId}", Some(update::describe)),
    operation("DisassociateAccessPolicy", Method::DELETE, "/clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}", Some(access::disassociate)),
    operation("DisassociateIdentityProviderConfig", Method::POST, "/clusters/{name}/identity-provider-configs/disassociate", Some(identity_provider::disassociate)),
    operation("ListAccessEntries", Method::GET, "/clusters/{name}/access-entries", Some(access::list)),
    operation("ListAccessPolicies", Method::GET, "/access-policies", Some(access::list_policies)),
    operation("ListAddons", Method::GET, "/clusters/{name}/addons", Some(addon::list)),
    operation("ListAssociatedAccessPolicies", Method::GET, "/clusters/{name}/access-entries/{principalArn}/access-policies", Some(access::list_associated)),
    operation("ListCapabilities", Method::GET, "/clusters/{name}/capabilities", None),
    operation("ListCertificateAuthorities", Method::GET, "/clusters/{name}/certificate-authorities", None),
    operation("ListClusters", Method::GET, "/clusters", Some(cluster::list)),
    operation("ListEksAnywhereSubscriptions", Method::GET, "/eks-anywhere-subscriptions", None),
    operation("ListFargateProfiles", Method::GET, "/clusters/{name}/fargate-profiles", Some(fargate::list)),
    operation("ListIdentityProviderConfigs", Method::GET, "/clusters/{name}/identity-provider-configs", Some(identity_provider::list)),
    operation("ListInsights", Method::POST, "/clusters/{name}/insights", Some(insight::list)),
    operation("ListNodegroups", Method::GET, "/clusters/{name}/node-groups", Some(node_group::list)),
    operation("ListPodIdentityAssociations", Method::GET, "/clusters/{name}/pod-identity-associations", Some(pod_identity::list)),
    operation("ListTagsForResource", Method::GET, "/tags/{resourceArn}", Some(tags::list)),
    operation("ListUpdates", Method::GET, "/clusters/{name}/updates", Some(update::list)),
    operation("RegisterCluster", Method::POST, "/cluster-registrations", None),
    operation("StartInsightsRefresh", Method::POST, "/clusters/{name}/insights-refresh", Some(insight::refresh)),
    operation("TagResource", Method::POST, "/tags/{resourceArn}", Some(tags::add)),
    operation("UntagResource", Method::DELETE, "/tags/{resourceArn}", Some(tags::remove)),
    operation("UpdateAccessEntry", Method::POST, "/clusters/{name}/access-entries/{principalArn}", Some(access::update)),
    operation("UpdateAddon", Method::POST, "/clusters/{name}/addons/{addonName}/update", Some(addon::update)),
    operation("UpdateCapability", Method::POST, "/clusters/{name}/capabilities/{capabilityName}", None),
    operation("UpdateClusterConfig", Method::POST, "/clusters/{name}/update-config", Some(cluster_config::update)),
    operation("UpdateClusterVersion", Method::POST, "/clusters/{name}/updates", Some(cluster::update_version)),
    operation("UpdateEksAnywhereSubscription", Method::POST, "/eks-anywhere-subscriptions/{id}", None),
    operation("UpdateNodegroupConfig", Method::POST, "/clusters/{name}/node-groups/{nodegroupName}/update-config", Some(node_group::update_config_of)),
    operation("UpdateNodegroupVersion", Method::POST, "/clusters/{name}/node-groups/{nodegroupName}/update-version", Some(node_group::update_version)),
    operation("UpdatePodIdentityAssociation", Method::POST, "/clusters/{name}/pod-identity-associations/{associationId}", Some(pod_identity::update)),
];
