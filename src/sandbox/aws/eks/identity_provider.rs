//! Identity provider configurations: whose tokens a cluster believes beside its own.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, is_name, serialization};
use super::update::{self, Beginning, Subject};
use super::{cluster, tags};
use crate::aws::account::uuid;

const ASSOCIATE_SECONDS: u64 = 12 * 60;
const DISASSOCIATE_SECONDS: u64 = 8 * 60;

/// `AssociateIdentityProviderConfig`.
pub fn associate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    let given = invocation.object("oidc")?;
    let given = given.ok_or_else(|| Error::parameter("The following supplied parameter is missing or empty: oidc"))?;
    let text = |member: &str| match given.get(member) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(serialization(member, "a string")),
    };
    let needed = |member: &str| {
        let missing = || Error::parameter(format!("The following supplied parameter is missing or empty: {member}"));
        text(member)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    };
    let (name, issuer, client) = (needed("identityProviderConfigName")?, needed("issuerUrl")?, needed("clientId")?);
    if !is_name(&name, 100) {
        return Err(Error::parameter(format!("The identity provider config name {name} is not valid")));
    }
    if !issuer.starts_with("https://") || issuer.contains(".eks.amazonaws.com/") {
        return Err(Error::parameter(format!(
            "The issuerUrl {issuer} must be the https URL of a provider outside of EKS"
        )));
    }
    if let Some((other, _)) = invocation.all_of("identity-providers", &cluster).first() {
        let text = format!("Cluster {cluster} has the identity provider config {other} already; it can have one");
        return Err(Error::in_use(text).about("clusterName", &cluster));
    }
    cluster::get_ready(invocation, &cluster, "AssociateIdentityProviderConfig")?;
    let tags = tags::read(invocation.body.get("tags"))?;
    let config = json!({
        "identityProviderConfigName": name,
        "identityProviderConfigArn": invocation.arn(&format!("identityproviderconfig/{cluster}/oidc/{name}/{}", uuid())),
        "clusterName": cluster,
        "issuerUrl": issuer,
        "clientId": client,
        "usernameClaim": text("usernameClaim")?.unwrap_or_else(|| "sub".to_owned()),
        "usernamePrefix": text("usernamePrefix")?,
        "groupsClaim": text("groupsClaim")?,
        "groupsPrefix": text("groupsPrefix")?,
        "requiredClaims": given.get("requiredClaims").cloned().unwrap_or(json!({})),
        "tags": tags,
        "status": "CREATING",
    });
    let record = invocation.record("identity-providers", &format!("{cluster}/{name}"));
    invocation.change.put(&record, &config);
    let params = vec![("IdentityProviderConfig", json!([{"type": "oidc", "name": name}]).to_string())];
    let mut answer = begin(
        invocation,
        &cluster,
        ("AssociateIdentityProviderConfig", ASSOCIATE_SECONDS),
        params,
        json!({"do": "set", "record": record, "set": {}}),
    )?;
    answer["tags"] = Json::Object(tags);
    Ok(answer)
}

fn begin(
    invocation: &mut Invocation<'_, '_>,
    cluster: &str,
    (kind, seconds): (&'static str, u64),
    params: Vec<(&'static str, String)>,
    then: Json,
) -> Result<Json, Error> {
    let set = serde_json::Map::new();
    let beginning = Beginning { kind, params, set, seconds, subject: Subject::Cluster, then: vec![then] };
    update::begin(invocation, cluster, beginning)
}

fn find(invocation: &Invocation<'_, '_>) -> Result<(String, String, Json), Error> {
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    let wanted = invocation.object("identityProviderConfig")?.unwrap_or_default();
    let name = wanted.get("name").and_then(Json::as_str).unwrap_or_default();
    let record = invocation.record("identity-providers", &format!("{cluster}/{name}"));
    let config = invocation.change.get::<Json>(&record).filter(|_| wanted.get("type") == Some(&json!("oidc")));
    let missing =
        || Error::not_found(format!("Identity provider config {name} is not associated with cluster {cluster}"));
    let config = config.ok_or_else(missing)?;
    Ok((cluster, record, config))
}

/// `DescribeIdentityProviderConfig`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(json!({"identityProviderConfig": {"oidc": find(invocation)?.2}}))
}

/// `ListIdentityProviderConfigs`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    let all = invocation.all_of("identity-providers", &cluster);
    let list = all.into_iter().map(|(name, _)| (name.clone(), json!({"type": "oidc", "name": name})));
    invocation.page_of("identityProviderConfigs", list.collect())
}

/// `DisassociateIdentityProviderConfig`.
pub fn disassociate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let (cluster, record, mut config) = find(invocation)?;
    cluster::get_ready(invocation, &cluster, "DisassociateIdentityProviderConfig")?;
    config["status"] = json!("DELETING");
    invocation.change.put(&record, &config);
    let name = &config["identityProviderConfigName"];
    let params = vec![("IdentityProviderConfig", json!([{"type": "oidc", "name": name}]).to_string())];
    let then = json!({"do": "remove", "record": record});
    begin(invocation, &cluster, ("DisassociateIdentityProviderConfig", DISASSOCIATE_SECONDS), params, then)
}
