//! Data sources: a cluster, a token for it, and the versions that there are of clusters and add-ons.

use std::sync::Arc;

use aws_sdk_eks::types::ClusterVersionInformation;
use sdk::schema::{Attribute, Schema};
use sdk::value::{Type, Value};
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse};
use serde_json::{Value as Json, json};

use super::{cluster, cluster_read, moment, token};
use crate::cloud::{At, Cloud};
use crate::data::{finish, schema};
use crate::fault::fault;
use crate::fields::{flag, text, texts};
use crate::shape::{flag as truth, objects, text as word, text_list, text_map, text_set};

fn region() -> Attribute {
    word("region").optional().computed().describe("Where it is; the provider's region unless set.")
}

/// `data.aws_eks_cluster`: a cluster that is there already.
pub(super) struct ClusterData(pub(super) Arc<Cloud>);

impl DataSource for ClusterData {
    fn name(&self) -> &'static str {
        "aws_eks_cluster"
    }

    fn schema(&self) -> Schema {
        let list =
            |members: &[(&str, Type)]| Type::list(Type::object(members.iter().map(|(name, ty)| (*name, ty.clone()))));
        let (string, flag, set) = (|| Type::String, || Type::Bool, || Type::set(Type::String));
        let attributes = vec![
            word("name").required().describe("Its name."),
            region(),
            word("arn").computed().describe("Its name in all of AWS."),
            word("cluster_id").computed().describe("Its id; only on Outposts."),
            word("created_at").computed().describe("When it was made (RFC 3339)."),
            word("endpoint").computed().describe("Where its API is served."),
            word("platform_version").computed().describe("What EKS's own part of it is."),
            word("role_arn").computed().describe("The role that EKS works with."),
            word("status").computed().describe("What it is doing: `ACTIVE` when it is ready."),
            word("version").computed().describe("The version of Kubernetes."),
            truth("deletion_protection").computed().describe("Whether EKS refuses to delete it."),
            text_set("enabled_cluster_log_types").computed().describe("What is logged."),
            text_map("tags").computed().describe("Its tags."),
            objects(
                "access_config",
                &[("authentication_mode", string()), ("bootstrap_cluster_creator_admin_permissions", flag())],
            )
            .describe("Who gets in."),
            objects("certificate_authority", &[("data", string())]).describe("What its API is trusted by, in base64."),
            objects("compute_config", &[("enabled", flag()), ("node_pools", set()), ("node_role_arn", string())])
                .describe("Nodes that EKS looks after by itself."),
            objects("identity", &[("oidc", list(&[("issuer", string())]))])
                .describe("Who vouches for its service accounts."),
            objects(
                "kubernetes_network_config",
                &[
                    ("elastic_load_balancing", list(&[("enabled", flag())])),
                    ("ip_family", string()),
                    ("service_ipv4_cidr", string()),
                    ("service_ipv6_cidr", string()),
                ],
            )
            .describe("The network of services."),
            objects("storage_config", &[("block_storage", list(&[("enabled", flag())]))])
                .describe("Storage that EKS looks after by itself."),
            objects("upgrade_policy", &[("support_type", string())])
                .describe("What happens at the end of a version's support."),
            objects(
                "vpc_config",
                &[
                    ("cluster_security_group_id", string()),
                    ("endpoint_private_access", flag()),
                    ("endpoint_public_access", flag()),
                    ("public_access_cidrs", set()),
                    ("security_group_ids", set()),
                    ("subnet_ids", set()),
                    ("vpc_id", string()),
                ],
            )
            .describe("Its network."),
            objects("zonal_shift_config", &[("enabled", flag())]).describe("Traffic away from a zone."),
        ];
        schema("A cluster that is there already.", attributes, vec![])
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let found = async {
                let at = At::of(self.0.session()?, &request.config);
                let name = text(&request.config, "name").unwrap_or_default();
                let found = cluster::find(&at, &name).await?;
                let missing = || {
                    let detail = format!("There is no cluster {name:?} in the region {}.", at.region);
                    Problem::error("Cluster not found", detail).at("name")
                };
                let mut json = cluster_read::describe(&at, &found.ok_or_else(missing)?, &Value::NULL);
                json["tags"] = json["tags_all"].take();
                json["region"] = at.region.clone().into();
                Ok(json)
            };
            finish(&context, &request, found.await)
        })
    }
}

/// `data.aws_eks_cluster_auth`: a token that a cluster's API takes.
pub(super) struct ClusterAuth(pub(super) Arc<Cloud>);

impl DataSource for ClusterAuth {
    fn name(&self) -> &'static str {
        "aws_eks_cluster_auth"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            word("name").required().describe("The name of the cluster."),
            region(),
            word("token").computed().sensitive().describe("The token; it is good for fifteen minutes."),
        ];
        schema("A token that a cluster's API takes.", attributes, vec![])
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let found = async {
                let at = At::of(self.0.session()?, &request.config);
                let name = text(&request.config, "name").unwrap_or_default();
                let credentials = at.session.credentials().await?;
                let endpoint = at.session.endpoint("sts");
                let token = token::mint(&credentials, &at.region, endpoint, &name, at.now());
                Ok(json!({"id": name, "name": name, "region": at.region, "token": token}))
            };
            finish(&context, &request, found.await)
        })
    }
}

/// `data.aws_eks_cluster_versions`: the versions that clusters can have.
pub(super) struct ClusterVersions(pub(super) Arc<Cloud>);

impl DataSource for ClusterVersions {
    fn name(&self) -> &'static str {
        "aws_eks_cluster_versions"
    }

    fn schema(&self) -> Schema {
        let texts = [
            "cluster_type",
            "cluster_version",
            "default_platform_version",
            "end_of_extended_support_date",
            "end_of_standard_support_date",
            "kubernetes_patch_version",
            "release_date",
            "status",
            "version_status",
        ];
        let mut members: Vec<(&str, Type)> = texts.map(|name| (name, Type::String)).to_vec();
        members.push(("default_version", Type::Bool));
        let attributes = vec![
            region(),
            word("cluster_type").optional().describe("The type of clusters: `eks`."),
            truth("default_only").optional().describe("Only the version that a new cluster has unless it says."),
            truth("include_all").optional().describe("Also those that are not supported any more."),
            text_list("cluster_versions_only").optional().describe("Only these."),
            word("status").optional().describe("Only those of this status."),
            word("version_status").optional().describe("Only those of this status, as `STANDARD_SUPPORT`."),
            objects("cluster_versions", &members).describe("The versions."),
        ];
        schema("The versions that clusters can have.", attributes, vec![])
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let found = async {
                let config = &request.config;
                let at = At::of(self.0.session()?, config);
                let call = at
                    .eks()
                    .describe_cluster_versions()
                    .set_cluster_type(text(config, "cluster_type"))
                    .set_default_only(flag(config, "default_only"))
                    .set_include_all(flag(config, "include_all"))
                    .set_cluster_versions(texts(config, "cluster_versions_only").filter(|list| !list.is_empty()))
                    .set_version_status(text(config, "version_status").map(|status| status.as_str().into()));
                let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
                let found = found.map_err(|error| fault(error).problem("Describing the versions of clusters"))?;
                let versions: Vec<Json> = found.iter().map(version).collect();
                Ok(json!({"id": at.region, "region": at.region, "cluster_versions": versions}))
            };
            finish(&context, &request, found.await)
        })
    }
}

fn version(found: &ClusterVersionInformation) -> Json {
    json!({
        "cluster_type": found.cluster_type,
        "cluster_version": found.cluster_version,
        "default_platform_version": found.default_platform_version,
        "default_version": found.default_version,
        "end_of_extended_support_date": moment(found.end_of_extended_support_date.as_ref()),
        "end_of_standard_support_date": moment(found.end_of_standard_support_date.as_ref()),
        "kubernetes_patch_version": found.kubernetes_patch_version,
        "release_date": moment(found.release_date.as_ref()),
        "status": found.status.as_ref().map(|status| status.as_str()),
        "version_status": found.version_status.as_ref().map(|status| status.as_str()),
    })
}

/// `data.aws_eks_addon_version`: the version of an add-on that goes with a version of Kubernetes.
pub(super) struct AddonVersion(pub(super) Arc<Cloud>);

impl DataSource for AddonVersion {
    fn name(&self) -> &'static str {
        "aws_eks_addon_version"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            word("addon_name").required().describe("The add-on: as in `coredns`."),
            word("kubernetes_version").required().describe("The version of Kubernetes."),
            truth("most_recent").optional().describe("The latest one instead of the one that EKS chooses."),
            region(),
            word("version").computed().describe("The version of the add-on."),
        ];
        schema("The version of an add-on that goes with a version of Kubernetes.", attributes, vec![])
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let config = request.config.clone();
            finish(&context, &request, addon_version(&self.0, &config).await)
        })
    }
}

async fn addon_version(cloud: &Cloud, config: &Value) -> Result<Json, Problem> {
    let at = At::of(cloud.session()?, config);
    let name = text(config, "addon_name").unwrap_or_default();
    let kubernetes = text(config, "kubernetes_version").unwrap_or_default();
    let request = at.eks().describe_addon_versions().addon_name(&name).kubernetes_version(&kubernetes);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found =
        found.map_err(|error| fault(error).problem(&format!("Describing the versions of the add-on {name:?}")))?;
    let versions = found.into_iter().flat_map(|addon| addon.addon_versions.unwrap_or_default());
    // EKS has the latest one first.
    let is_wanted = |version: &aws_sdk_eks::types::AddonVersionInfo| {
        flag(config, "most_recent") == Some(true)
            || version.compatibilities().iter().any(|found| {
                found.default_version && found.cluster_version.as_deref().is_none_or(|version| version == kubernetes)
            })
    };
    let chosen = versions.into_iter().find(is_wanted).and_then(|version| version.addon_version);
    let version = chosen.ok_or_else(|| {
        let detail = format!("There is no version of the add-on {name:?} for Kubernetes {kubernetes}.");
        Problem::error("Add-on not found", detail).at("addon_name")
    })?;
    Ok(json!({
        "id": name,
        "addon_name": name,
        "kubernetes_version": kubernetes,
        "region": at.region,
        "version": version,
    }))
}
