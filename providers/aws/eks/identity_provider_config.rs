//! `aws_eks_identity_provider_config`: someone else who vouches for users of a cluster.

use aws_sdk_eks::types::{
    ConfigStatus, IdentityProviderConfig, OidcIdentityProviderConfig, OidcIdentityProviderConfigRequest,
};
use sdk::value::Value;
use sdk::{Action, Call, Lock, Problem};
use serde_json::{Value as Json, json};

use super::update::Begun;
use super::{rules, tagging, whole_cluster};
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{block_or_null, filled, text, text_map};
use crate::managed::{Done, Kind, Work};
use crate::planning::Rules;
use crate::polling::while_passing;
use crate::shape::{Shape, needed, one_block, text as word, text_map as map};
use crate::tags;

/// The resource type.
pub(super) struct IdentityProvider;

impl Kind for IdentityProvider {
    fn name(&self) -> &'static str {
        "aws_eks_identity_provider_config"
    }

    fn shape(&self) -> Shape {
        let oidc = vec![
            word("identity_provider_config_name").required().describe("What it is called."),
            word("issuer_url").required().describe("Where it is."),
            word("client_id").required().describe("What the cluster is called there."),
            word("username_claim").optional().computed().describe("What a user is called by; `sub` unless set."),
            word("username_prefix").optional().describe("What their names begin with."),
            word("groups_claim").optional().describe("What a user's groups are told by."),
            word("groups_prefix").optional().describe("What the names of groups begin with."),
            map("required_claims").optional().describe("What must be said of a user."),
        ];
        Shape {
            description: "Someone else who vouches for users of a cluster.",
            attributes: vec![
                word("cluster_name").required().describe("The cluster. A change replaces it."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("status").computed().describe("What it is doing: `ACTIVE` when it is ready."),
            ],
            blocks: vec![needed(one_block("oidc", "Who it is, by OpenID Connect. A change replaces it.", oidc))],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::cluster_name(config, "cluster_name").into_iter().collect()
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["cluster_name", "oidc"], ..Rules::default() }
    }

    /// A cluster has one at most, so the cluster tells it apart.
    fn identity(&self) -> &'static [&'static str] {
        &["cluster_name"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        let (cluster, name) = id.split_once(':')?;
        let oidc = json!([{"identity_provider_config_name": name}]);
        (!cluster.is_empty() && !name.is_empty()).then(|| json!({"cluster_name": cluster, "oidc": oidc}))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let cluster = text(object, "cluster_name").unwrap_or_default();
            let name = match name(object) {
                Some(name) => Some(name),
                None => first(at, &cluster).await?,
            };
            let Some(name) = name else { return Ok(None) };
            Ok(find(at, &cluster, &name).await?.map(|found| describe(at, &found)(object)))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(create(work))
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move { tagging::follow(work, "arn").await })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(delete(work))
    }

    fn settle<'a>(&'a self, work: &'a Work<'a>, _: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        Box::pin(async move {
            at_rest(work).await?;
            Ok(None)
        })
    }

    fn locks(&self, object: &Value, _: Action) -> Vec<Lock> {
        whole_cluster(object, "cluster_name")
    }

    fn limit_minutes(&self, _: Action) -> u64 {
        40
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        if action == Action::Read { 1 } else { 900 }
    }
}

fn name(object: &Value) -> Option<String> {
    filled(block_or_null(object, "oidc"), "identity_provider_config_name")
}

fn config(name: &str) -> IdentityProviderConfig {
    let built = IdentityProviderConfig::builder().name(name).r#type("oidc").build();
    built.unwrap_or_else(|_| unreachable!("name and type are set"))
}

async fn first(at: &At, cluster: &str) -> Done<Option<String>> {
    match at.eks().list_identity_provider_configs().cluster_name(cluster).send().await.map_err(fault) {
        Ok(answer) => {
            Ok(answer.identity_provider_configs.unwrap_or_default().into_iter().map(|found| found.name).next())
        }
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Listing the identity providers of the cluster {cluster:?}"))),
    }
}

async fn find(at: &At, cluster: &str, name: &str) -> Done<Option<OidcIdentityProviderConfig>> {
    let request = at.eks().describe_identity_provider_config().cluster_name(cluster);
    match request.identity_provider_config(config(name)).send().await.map_err(fault) {
        Ok(answer) => Ok(answer.identity_provider_config.and_then(|config| config.oidc)),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.problem(&format!("Describing the identity provider {name:?}"))),
    }
}

fn describe<'a>(at: &'a At, found: &'a OidcIdentityProviderConfig) -> impl FnOnce(&Value) -> Json + 'a {
    move |reference| {
        let (tags, tags_all) = at.session.tags.seen(found.tags.clone().unwrap_or_default(), reference);
        let known = block_or_null(reference, "oidc");
        let written = |name: &str, found: &Option<String>| {
            // An empty text and none are the same to EKS.
            found.clone().filter(|found| !found.is_empty() || text(known, name).is_some())
        };
        let claims = found.required_claims.clone().filter(|claims| !claims.is_empty());
        json!({
            "id": format!(
                "{}:{}",
                found.cluster_name.clone().unwrap_or_default(),
                found.identity_provider_config_name.clone().unwrap_or_default(),
            ),
            "arn": found.identity_provider_config_arn,
            "cluster_name": found.cluster_name,
            "status": found.status.as_ref().map(|status| status.as_str()),
            "oidc": [{
                "identity_provider_config_name": found.identity_provider_config_name,
                "issuer_url": found.issuer_url,
                "client_id": found.client_id,
                "username_claim": written("username_claim", &found.username_claim),
                "username_prefix": written("username_prefix", &found.username_prefix),
                "groups_claim": written("groups_claim", &found.groups_claim),
                "groups_prefix": written("groups_prefix", &found.groups_prefix),
                "required_claims": claims,
            }],
            "tags": tags,
            "tags_all": tags_all,
        })
    }
}

async fn create(work: &Work<'_>) -> Done<()> {
    let planned = &work.planned;
    let cluster = text(planned, "cluster_name").unwrap_or_default();
    let block = block_or_null(planned, "oidc");
    let name = name(planned).unwrap_or_default();
    let doing = format!("Associating the identity provider {name:?} with the cluster {cluster:?}");
    let oidc = OidcIdentityProviderConfigRequest::builder()
        .identity_provider_config_name(&name)
        .set_issuer_url(text(block, "issuer_url"))
        .set_client_id(text(block, "client_id"))
        .set_username_claim(filled(block, "username_claim"))
        .set_username_prefix(filled(block, "username_prefix"))
        .set_groups_claim(filled(block, "groups_claim"))
        .set_groups_prefix(filled(block, "groups_prefix"))
        .set_required_claims(text_map(block, "required_claims"))
        .build()
        .map_err(|error| Problem::error("Incomplete", format!("{doing}: {error}.")))?;
    let request = work
        .at
        .eks()
        .associate_identity_provider_config()
        .cluster_name(&cluster)
        .oidc(oidc)
        .client_request_token(work.token)
        .set_tags(tags::planned(planned));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map(|_| ()).map_err(fault) }
    };
    let made = while_passing(work.waiting(), Fault::is_busy, call).await;
    made.map_err(|fault| fault.problem(&doing))?;
    work.made(json!({"cluster_name": cluster})).await?;
    at_rest(work).await
}

/// Waits until an identity provider is there, or is gone.
async fn at_rest(work: &Work<'_>) -> Done<()> {
    let object = work.object();
    let cluster = text(object, "cluster_name").unwrap_or_default();
    let name = name(object).unwrap_or_default();
    let mut waiting = work.waiting();
    loop {
        let Some(found) = find(&work.at, &cluster, &name).await? else { return Ok(()) };
        match found.status {
            Some(ConfigStatus::Active) if !work.planned.is_null() => return Ok(()),
            status => {
                let status = status.map(|status| status.as_str().to_lowercase()).unwrap_or_default();
                waiting.pause(&format!("identity provider {name}: {status}")).await?;
            }
        }
    }
}

async fn delete(work: &Work<'_>) -> Done<()> {
    let cluster = text(&work.prior, "cluster_name").unwrap_or_default();
    let name = name(&work.prior).unwrap_or_default();
    let request = work
        .at
        .eks()
        .disassociate_identity_provider_config()
        .cluster_name(&cluster)
        .identity_provider_config(config(&name))
        .client_request_token(work.token);
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let begun = match while_passing(work.waiting(), Fault::is_busy, call).await {
        Ok(answer) => answer,
        Err(fault) if fault.is_not_found() => return Ok(()),
        // It is none of this cluster any more.
        Err(fault) if fault.is("InvalidRequestException") && fault.message.contains("is not associated") => {
            return Ok(());
        }
        Err(fault) => return Err(fault.problem(&format!("Removing the identity provider {name:?}"))),
    };
    let what = format!("identity provider {name}: going");
    Begun::of(begun.update, Begun { cluster, what, ..Begun::default() })?.finish(work).await?;
    at_rest(work).await
}
