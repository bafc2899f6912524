//! Encryption of a cluster's secrets by a key of the account: once on, it stays, with this key.

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, texts};
use super::cluster;
use super::update::{self, Beginning, Subject};

/// All secrets are written anew.
const SECONDS: u64 = 25 * 60;

/// Checks a configuration and returns it.
pub fn read(value: &Json) -> Result<Json, Error> {
    let configs = value.as_array().filter(|configs| configs.len() == 1);
    let Some([config]) = configs.map(Vec::as_slice) else {
        return Err(Error::parameter("encryptionConfig must have exactly one element"));
    };
    if texts(config.get("resources"), "resources")? != ["secrets"] {
        return Err(Error::parameter("The only resource that can be encrypted is secrets"));
    }
    let key = config["provider"]["keyArn"].as_str().unwrap_or_default();
    let is_key = key.starts_with("arn:aws:kms:") && (key.contains(":key/") || key.contains(":alias/"));
    if !is_key {
        return Err(Error::parameter(format!("The keyArn {key} in encryptionConfig provider is invalid")));
    }
    Ok(json!([config]))
}

/// `AssociateEncryptionConfig`.
pub fn associate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let name = invocation.argument("name");
    let found = cluster::get(invocation, &name)?;
    let config = read(invocation.body.get("encryptionConfig").unwrap_or(&Json::Null))?;
    if found["encryptionConfig"].as_array().is_some_and(|configs| !configs.is_empty()) {
        return Err(Error::in_use("Cluster already has an encryption config; it can be neither changed nor removed")
            .about("clusterName", &name));
    }
    cluster::get_ready(invocation, &name, "AssociateEncryptionConfig")?;
    let params = vec![("EncryptionConfig", config.to_string())];
    let set = Map::from_iter([("/encryptionConfig".to_owned(), config)]);
    let (subject, then) = (Subject::Cluster, Vec::new());
    let kind = "AssociateEncryptionConfig";
    update::begin(invocation, &name, Beginning { kind, params, set, seconds: SECONDS, subject, then })
}
