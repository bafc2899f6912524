//! The operations of IAM that the sandbox has; all others are refused by their names.

use serde_json::Value as Json;

use super::call::Invocation;
use super::{instance_profile, oidc, policy, role, role_policy, service_linked, tags, user};
use crate::aws::query::Error;

/// What does an operation.
pub type Run = fn(&mut Invocation<'_, '_>) -> Result<Json, Error>;

/// Finds an operation.
pub fn find(action: &str) -> Option<Run> {
    OPERATIONS.binary_search_by_key(&action, |(name, _)| name).ok().map(|place| OPERATIONS[place].1)
}

const OPERATIONS: &[(&str, Run)] = &[
    ("AddClientIDToOpenIDConnectProvider", oidc::add_client),
    ("AddRoleToInstanceProfile", instance_profile::add_role),
    ("AttachRolePolicy", role_policy::attach),
    ("CreateInstanceProfile", instance_profile::create),
    ("CreateOpenIDConnectProvider", oidc::create),
    ("CreatePolicy", policy::create),
    ("CreatePolicyVersion", policy::create_version),
    ("CreateRole", role::create),
    ("CreateServiceLinkedRole", service_linked::create),
    ("DeleteInstanceProfile", instance_profile::delete),
    ("DeleteOpenIDConnectProvider", oidc::delete),
    ("DeletePolicy", policy::delete),
    ("DeletePolicyVersion", policy::delete_version),
    ("DeleteRole", role::delete),
    ("DeleteRolePermissionsBoundary", role::delete_boundary),
    ("DeleteRolePolicy", role_policy::delete),
    ("DeleteServiceLinkedRole", service_linked::delete),
    ("DetachRolePolicy", role_policy::detach),
    ("GetInstanceProfile", instance_profile::get),
    ("GetOpenIDConnectProvider", oidc::get),
    ("GetPolicy", policy::get),
    ("GetPolicyVersion", policy::get_version),
    ("GetRole", role::get),
    ("GetRolePolicy", role_policy::get),
    ("GetServiceLinkedRoleDeletionStatus", service_linked::deletion_status),
    ("GetUser", user::get),
    ("ListAccountAliases", user::list_aliases),
    ("ListAttachedRolePolicies", role_policy::list_attached),
    ("ListEntitiesForPolicy", policy::list_entities),
    ("ListInstanceProfileTags", tags::list),
    ("ListInstanceProfiles", instance_profile::list),
    ("ListInstanceProfilesForRole", instance_profile::list_for_role),
    ("ListOpenIDConnectProviderTags", tags::list),
    ("ListOpenIDConnectProviders", oidc::list),
    ("ListPolicies", policy::list),
    ("ListPolicyTags", tags::list),
    ("ListPolicyVersions", policy::list_versions),
    ("ListRolePolicies", role_policy::list),
    ("ListRoleTags", tags::list),
    ("ListRoles", role::list),
    ("PutRolePermissionsBoundary", role::put_boundary),
    ("PutRolePolicy", role_policy::put),
    ("RemoveClientIDFromOpenIDConnectProvider", oidc::remove_client),
    ("RemoveRoleFromInstanceProfile", instance_profile::remove_role),
    ("SetDefaultPolicyVersion", policy::set_default_version),
    ("TagInstanceProfile", tags::add),
    ("TagOpenIDConnectProvider", tags::add),
    ("TagPolicy", tags::add),
    ("TagRole", tags::add),
    ("UntagInstanceProfile", tags::remove),
    ("UntagOpenIDConnectProvider", tags::remove),
    ("UntagPolicy", tags::remove),
    ("UntagRole", tags::remove),
    ("UpdateAssumeRolePolicy", role::update_trust),
    ("UpdateOpenIDConnectProviderThumbprint", oidc::update_thumbprints),
    ("UpdateRole", role::update),
    ("UpdateRoleDescription", role::update_description),
];

#[cfg(test)]
mod tests {
    #[test]
    fn operations_are_in_order() {
        assert!(super::OPERATIONS.is_sorted_by_key(|(name, _)| name));
    }
}
