//! Tokens that a cluster's API takes, made with the credentials that the provider has.

use std::time::Duration;

use aws_credential_types::Credentials;
use sdk::eks_token::{self, Keys, Subject};

use crate::cloud::partition;

/// Makes a token for a cluster.
pub(crate) fn mint(
    credentials: &Credentials,
    region: &str,
    endpoint: Option<&str>,
    cluster: &str,
    now: Duration,
) -> String {
    let keys = Keys {
        access_key: credentials.access_key_id().to_owned(),
        secret_key: credentials.secret_access_key().to_owned(),
        session_token: credentials.session_token().map(str::to_owned),
    };
    let usual = format!("https://sts.{region}.{}", partition(region).1);
    eks_token::mint(&Subject { cluster, region, endpoint: Some(endpoint.unwrap_or(&usual)) }, &keys, now)
}
