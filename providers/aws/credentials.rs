//! Credentials: where the configuration, the environment or a profile says that they are; nowhere else.
//!
//! In this order: `access_key` and `secret_key`; `profile`; `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`;
//! `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`; `AWS_PROFILE` or the profile `default`;
//! `AWS_CONTAINER_CREDENTIALS_*`; the metadata of the machine, only if `skip_metadata_api_check` is `false`.
//! On top of it the roles that are to be assumed.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use sdk::value::Value;
use sdk::{Problem, Runtime};

use crate::fault::chain;
use crate::fields::{self, block, blocks, filled, flag, text_map, texts};
use crate::http;
use crate::profile::Files;

/// The name of the sessions of roles, unless the configuration says.
const SESSION_NAME: &str = "gantry";

/// What credentials are looked for by.
pub(crate) struct Search<'a> {
    pub(crate) config: &'a Value,
    pub(crate) runtime: &'a dyn Runtime,
    pub(crate) files: &'a Files,
    pub(crate) region: &'a str,
}

/// Says that there are no credentials of any use.
pub(crate) fn unusable(error: &CredentialsError) -> Problem {
    Problem::error(
        "No credentials for AWS",
        format!("The credentials cannot be had: {}.", chain(error).trim_end_matches('.')),
    )
}

impl Search<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.runtime.variable(name).filter(|value| !value.is_empty())
    }

    /// Returns whom calls are signed by before any role is assumed.
    pub(crate) fn find(&self) -> Result<SharedCredentialsProvider, Problem> {
        let config = self.config;
        if let (Some(key), Some(secret)) = (filled(config, "access_key"), filled(config, "secret_key")) {
            return Ok(fixed(key, secret, filled(config, "token"), "provider configuration"));
        }
        if let Some(profile) = filled(config, "profile") {
            return self.by_profile(&profile);
        }
        let variables = (self.variable("AWS_ACCESS_KEY_ID"), self.variable("AWS_SECRET_ACCESS_KEY"));
        if let (Some(key), Some(secret)) = variables {
            return Ok(fixed(key, secret, self.variable("AWS_SESSION_TOKEN"), "environment"));
        }
        // With a block for it, the web identity is the configuration's own, and needs no other.
        let by_block = block(config, "assume_role_with_web_identity").is_some();
        let by_variables =
            self.variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && self.variable("AWS_ROLE_ARN").is_some();
        if by_block || by_variables {
            return Ok(SharedCredentialsProvider::new(Nobody));
        }
        if let Some(profile) = self.variable("AWS_PROFILE").or_else(|| self.variable("AWS_DEFAULT_PROFILE")) {
            return self.by_profile(&profile);
        }
        if self.files.has("default") {
            return self.by_profile("default");
        }
        let containers = ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
        if containers.into_iter().any(|name| self.variable(name).is_some()) {
            let provider = aws_config::ecs::EcsCredentialsProvider::builder().configure(&self.surroundings()).build();
            return Ok(SharedCredentialsProvider::new(provider));
        }
        if flag(config, "skip_metadata_api_check") == Some(false)
            || filled(config, "skip_metadata_api_check").as_deref() == Some("false")
        {
            let provider = aws_config::imds::credentials::ImdsCredentialsProvider::builder()
                .configure(&self.surroundings())
                .build();
            return Ok(SharedCredentialsProvider::new(provider));
        }
        Err(Problem::error(
            "No credentials for AWS",
            "There are none in the provider's configuration (`access_key` and `secret_key`, or `profile`), in the environment \
             (`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, or `AWS_WEB_IDENTITY_TOKEN_FILE` with \
             `AWS_ROLE_ARN`), or in a profile `default`. The metadata of a machine is asked only if \
             `skip_metadata_api_check` is `false`.",
        ))
    }

    fn surroundings(&self) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_region(Some(aws_config::Region::new(self.region.to_owned())))
            .with_http_client(http::client())
    }

    fn by_profile(&self, name: &str) -> Result<SharedCredentialsProvider, Problem> {
        if !self.files.has(name) {
            let detail = format!("No profile is called {name:?} in {}.", self.files.listed());
            return Err(Problem::error("Unknown profile", detail).at("profile"));
        }
        let mut builder = ProfileFileCredentialsProvider::builder()
            .configure(&self.surroundings())
            .profile_files(self.files.for_library())
            .profile_name(name);
        if let (Some(key), Some(secret)) = (self.variable("AWS_ACCESS_KEY_ID"), self.variable("AWS_SECRET_ACCESS_KEY"))
        {
            let environment = Credentials::new(key, secret, self.variable("AWS_SESSION_TOKEN"), None, "environment");
            builder = builder.with_custom_provider("Environment", environment);
        }
        Ok(SharedCredentialsProvider::new(builder.build()))
    }

    /// Returns whom calls are signed by when all roles are assumed. `sts` is how STS is called.
    pub(crate) async fn assume(
        &self,
        base: SharedCredentialsProvider,
        sts: &SdkConfig,
    ) -> Result<SharedCredentialsProvider, Problem> {
        let mut current = base;
        if let Some(web) = self.web_identity(sts)? {
            current = SharedCredentialsProvider::new(web);
        }
        for role in blocks(self.config, "assume_role") {
            let Some(arn) = filled(role, "role_arn") else { continue };
            let mut builder = AssumeRoleProvider::builder(arn)
                .session_name(filled(role, "session_name").unwrap_or_else(|| SESSION_NAME.to_owned()))
                .configure(sts);
            if let Some(id) = filled(role, "external_id") {
                builder = builder.external_id(id);
            }
            if let Some(policy) = filled(role, "policy") {
                builder = builder.policy(policy);
            }
            if let Some(arns) = texts(role, "policy_arns").filter(|arns| !arns.is_empty()) {
                builder = builder.policy_arns(arns);
            }
            if let Some(duration) = filled(role, "duration").and_then(|text| fields::duration(&text)) {
                builder = builder.session_length(duration);
            }
            if let Some(tags) = text_map(role, "tags") {
                builder = builder.tags(tags);
            }
            let provider = builder.build_from_provider(current).await;
            current = SharedCredentialsProvider::new(provider);
        }
        Ok(current)
    }

    fn web_identity(&self, sts: &SdkConfig) -> Result<Option<WebIdentity>, Problem> {
        let client = aws_sdk_sts::Client::new(sts);
        if let Some(web) = block(self.config, "assume_role_with_web_identity") {
            let file = filled(web, "web_identity_token_file").or_else(|| self.variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
            let token = match (filled(web, "web_identity_token"), file) {
                (Some(token), _) => Token::Given(token),
                (None, Some(path)) => Token::In(PathBuf::from(path)),
                (None, None) => {
                    let detail = "Set `web_identity_token` or `web_identity_token_file`.";
                    return Err(Problem::error("Missing token", detail).at("assume_role_with_web_identity"));
                }
            };
            let role = filled(web, "role_arn").or_else(|| self.variable("AWS_ROLE_ARN")).unwrap_or_default();
            let duration = filled(web, "duration").and_then(|text| fields::duration(&text));
            let session = filled(web, "session_name").or_else(|| self.variable("AWS_ROLE_SESSION_NAME"));
            let policy = filled(web, "policy");
            return Ok(Some(WebIdentity { client, token, role, session, duration, policy }));
        }
        let has_fixed = filled(self.config, "access_key").is_some()
            || filled(self.config, "profile").is_some()
            || self.variable("AWS_ACCESS_KEY_ID").is_some();
        match (self.variable("AWS_WEB_IDENTITY_TOKEN_FILE"), self.variable("AWS_ROLE_ARN")) {
            (Some(path), Some(role)) if !has_fixed => {
                let session = self.variable("AWS_ROLE_SESSION_NAME");
                let token = Token::In(PathBuf::from(path));
                Ok(Some(WebIdentity { client, token, role, session, duration: None, policy: None }))
            }
            _ => Ok(None),
        }
    }
}

fn fixed(key: String, secret: String, token: Option<String>, from: &'static str) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(key, secret, token, None, from))
}

/// Stands for credentials where a web identity needs none.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("a web identity stands for them")))
    }
}

#[derive(Debug)]
enum Token {
    Given(String),
    /// Read for each session, as whoever writes it renews it.
    In(PathBuf),
}

/// The session of a role that is assumed by what another service says of us.
#[derive(Debug)]
struct WebIdentity {
    client: aws_sdk_sts::Client,
    token: Token,
    role: String,
    session: Option<String>,
    duration: Option<Duration>,
    policy: Option<String>,
}

impl WebIdentity {
    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let token = match &self.token {
            Token::Given(token) => token.clone(),
            Token::In(path) => std::fs::read_to_string(path).map_err(|error| {
                CredentialsError::invalid_configuration(format!("reading {}: {error}", path.display()))
            })?,
        };
        let duration = self.duration.and_then(|duration| i32::try_from(duration.as_secs()).ok());
        let call = self
            .client
            .assume_role_with_web_identity()
            .role_arn(&self.role)
            .role_session_name(self.session.as_deref().unwrap_or(SESSION_NAME))
            .web_identity_token(token.trim())
            .set_policy(self.policy.clone())
            .set_duration_seconds(duration)
            .send();
        let answer = call.await.map_err(|error| CredentialsError::provider_error(crate::fault::fault(error).text()))?;
        let found =
            answer.credentials.ok_or_else(|| CredentialsError::unhandled("STS answered without credentials"))?;
        let expires = std::time::SystemTime::try_from(found.expiration).ok();
        let (key, secret, token) = (found.access_key_id, found.secret_access_key, found.session_token);
        Ok(Credentials::new(key, secret, Some(token), expires, "web identity"))
    }
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
