//! OpenID Connect providers: who may say who a web identity is.

use serde_json::{Value as Json, json};

use super::call::{Invocation, Kind, arn, exists, invalid_input, limit, no_such, text, validation};
use super::tags;
use crate::aws::account::ACCOUNT;
use crate::aws::query::Error;
use crate::world::Records;

const PROVIDERS_MAX: usize = 100;
const CLIENTS_MAX: usize = 100;
const THUMBPRINTS_MAX: usize = 5;

/// Returns the name of the record of a provider that the request names, and the record.
pub fn find(invocation: &Invocation<'_, '_>) -> Result<(String, Json), Error> {
    let arn = invocation.needed("OpenIDConnectProviderArn")?;
    let Some(host) = arn.strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:oidc-provider/")) else {
        return Err(invalid_input(format!("Invalid ARN: {arn}")));
    };
    let record = Kind::Provider.record(host);
    let provider = invocation.change.get::<Json>(&record);
    let missing = || no_such(format!("OpenIDConnect Provider not found for arn {arn}"));
    Ok((record, provider.ok_or_else(missing)?))
}

/// Returns the ARN of the provider for an issuer, and the audiences that it accepts.
pub fn provider_of(records: &Records, issuer: &str) -> Option<(String, Vec<String>)> {
    let host = issuer.strip_prefix("https://")?.trim_end_matches('/');
    let provider: Json = records.get(&Kind::Provider.record(host))?;
    let clients = provider["ClientIDList"].as_array().into_iter().flatten();
    let clients = clients.filter_map(Json::as_str).map(str::to_owned).collect();
    Some((text(&provider, "_arn").to_owned(), clients))
}

fn check_thumbprints(list: &[String]) -> Result<(), Error> {
    if list.len() > THUMBPRINTS_MAX {
        return Err(invalid_input("Thumbprint list must contain fewer than 5 entries."));
    }
    match list.iter().find(|one| one.len() != 40 || !one.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(wrong) if wrong.len() < 40 => Err(validation(format!(
            "1 validation error detected: Value '{wrong}' at 'thumbprintList' failed to satisfy constraint: Member must have length greater than or equal to 40"
        ))),
        Some(wrong) => Err(validation(format!(
            "1 validation error detected: Value '{wrong}' at 'thumbprintList' failed to satisfy constraint: Member must have length less than or equal to 40"
        ))),
        None => Ok(()),
    }
}

/// `CreateOpenIDConnectProvider`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let url = invocation.needed("Url")?;
    let host = url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/')).unwrap_or_default();
    let is_host =
        !host.is_empty() && !host.contains(['?', '#', ' ', '@']) && host.split('/').all(|part| !part.is_empty());
    if !is_host || url.len() > 255 {
        return Err(validation("Invalid Open ID Connect Provider URL"));
    }
    let record = Kind::Provider.record(host);
    if invocation.change.has(&record) {
        return Err(exists(format!("Provider with url {url} already exists.")));
    }
    if invocation.change.under(&Kind::Provider.record("")).count() >= PROVIDERS_MAX {
        return Err(limit(format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PROVIDERS_MAX}")));
    }
    let (mut clients, thumbprints) = (invocation.form.list("ClientIDList"), invocation.form.list("ThumbprintList"));
    check_thumbprints(&thumbprints)?;
    if clients.len() > CLIENTS_MAX {
        return Err(limit(format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {CLIENTS_MAX}")));
    }
    clients.dedup();
    // Those who give none get that of the authority that has signed the server's certificate.
    let thumbprints =
        if thumbprints.is_empty() { vec!["06b25927c42a721631c1efd9431e648fa62e1e39".to_owned()] } else { thumbprints };
    let tags = tags::read(&invocation.form, &[])?;
    let arn = arn("oidc-provider", "/", host);
    let provider = json!({
        "Url": host,
        "ClientIDList": clients,
        "ThumbprintList": thumbprints,
        "CreateDate": invocation.date(),
        "Tags": tags,
        "_arn": arn,
    });
    invocation.change.put(&record, &provider);
    Ok(json!({"OpenIDConnectProviderArn": arn, "Tags": tags}))
}

/// `GetOpenIDConnectProvider`.
pub fn get(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(find(invocation)?.1)
}

/// `ListOpenIDConnectProviders`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let providers = invocation.all(Kind::Provider);
    let arns: Vec<Json> = providers.iter().map(|provider| json!({"Arn": provider["_arn"]})).collect();
    Ok(json!({"OpenIDConnectProviderList": arns}))
}

/// `DeleteOpenIDConnectProvider`. One that is gone already is deleted as well.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    match find(invocation) {
        Ok((record, _)) => _ = invocation.change.remove(&record),
        Err(error) if error.code == "NoSuchEntity" => {}
        Err(error) => return Err(error),
    }
    Ok(Json::Null)
}

/// `AddClientIDToOpenIDConnectProvider`.
pub fn add_client(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut provider) = find(invocation)?;
    let client = invocation.needed("ClientID")?;
    let mut clients = provider["ClientIDList"].as_array().cloned().unwrap_or_default();
    if !clients.contains(&json!(client)) {
        clients.push(json!(client));
    }
    if clients.len() > CLIENTS_MAX {
        return Err(limit(format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {CLIENTS_MAX}")));
    }
    provider["ClientIDList"] = json!(clients);
    invocation.change.put(&record, &provider);
    Ok(Json::Null)
}

/// `RemoveClientIDFromOpenIDConnectProvider`.
pub fn remove_client(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut provider) = find(invocation)?;
    let client = invocation.needed("ClientID")?;
    if let Some(clients) = provider["ClientIDList"].as_array_mut() {
        clients.retain(|known| *known != *client);
    }
    invocation.change.put(&record, &provider);
    Ok(Json::Null)
}

/// `UpdateOpenIDConnectProviderThumbprint`.
pub fn update_thumbprints(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut provider) = find(invocation)?;
    let thumbprints = invocation.form.list("ThumbprintList");
    check_thumbprints(&thumbprints)?;
    provider["ThumbprintList"] = json!(thumbprints);
    invocation.change.put(&record, &provider);
    Ok(Json::Null)
}
