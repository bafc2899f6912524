//! The provider's own configuration, as users of the well-known provider know it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_smithy_types::retry::RetryConfig;
use sdk::schema::{BlockNesting, NestedBlock, Schema};
use sdk::value::Value;
use sdk::{Call, Configuration, Context, Problem, Runtime};

use crate::cloud::{Cloud, Session, shared_config};
use crate::credentials::Search;
use crate::fault::fault;
use crate::fields::{self, block, blocks, filled, flag, number, text_map, texts};
use crate::profile::Files;
use crate::shape::{flag as truth, number as amount, one_block, text, text_list, text_map as map, text_set};
use crate::tags::TagRules;

/// Calls that fail for passing reasons (limits of rate, broken connections, errors of AWS's) are made so often at most,
/// unless `max_retries` or `AWS_MAX_ATTEMPTS` says otherwise.
const ATTEMPTS_MAX: u32 = 10;

/// The services whose places can be set. Those that this provider does not use are there so that what is written for the
/// well-known provider is understood.
const SERVICES: &[&str] = &[
    "autoscaling",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "eks",
    "elb",
    "elbv2",
    "iam",
    "kms",
    "lambda",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sso",
    "sts",
];

/// The configuration.
pub(crate) struct AwsConfiguration(pub(crate) Arc<Cloud>);

impl Configuration for AwsConfiguration {
    fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        schema.block.attributes = vec![
            text("region")
                .optional()
                .describe("Where things are that do not say; also `AWS_REGION`, or the profile's."),
            text("profile")
                .optional()
                .describe("The profile whose credentials and region are used; also `AWS_PROFILE`."),
            text("access_key").optional().describe("The id of an access key; also `AWS_ACCESS_KEY_ID`."),
            text("secret_key").optional().sensitive().describe("The secret of it; also `AWS_SECRET_ACCESS_KEY`."),
            text("token").optional().sensitive().describe("The token of its session; also `AWS_SESSION_TOKEN`."),
            text_list("shared_config_files").optional().describe("Files with profiles, instead of `~/.aws/config`."),
            text_list("shared_credentials_files")
                .optional()
                .describe("Files with credentials, instead of `~/.aws/credentials`."),
            amount("max_retries")
                .optional()
                .describe("How often a call is made again that fails for a passing reason."),
            text("retry_mode").optional().describe("How calls are made again: `standard` or `adaptive`."),
            text_set("allowed_account_ids").optional().describe("The accounts to work in; any other is refused."),
            text_set("forbidden_account_ids").optional().describe("The accounts not to work in."),
            truth("skip_credentials_validation")
                .optional()
                .describe("Do not ask STS whether the credentials are good."),
            truth("skip_requesting_account_id").optional().describe("Do not ask STS for the number of the account."),
            text("skip_metadata_api_check")
                .optional()
                .describe("`false` lets the metadata of the machine be asked for credentials, if there are no others."),
            truth("skip_region_validation").optional().describe("Accepted; regions are never compared with a list."),
            text("custom_ca_bundle")
                .optional()
                .describe("Not supported: certificates are those that the machine trusts."),
            truth("use_dualstack_endpoint").optional().describe("Use endpoints that IPv6 reaches, too."),
            truth("use_fips_endpoint").optional().describe("Use endpoints with validated cryptography."),
            truth("s3_use_path_style").optional().describe("Accepted; this provider does not use S3."),
            text("sts_region").optional().describe("Where STS is asked; where things are unless set."),
        ];
        schema.block.blocks = nested_blocks();
        schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (one, other) = ("allowed_account_ids", "forbidden_account_ids");
        if fields::is_set(config, one) && fields::is_set(config, other) {
            let detail = format!("Set either `{one}` or `{other}`.");
            problems.push(Problem::error("Conflicting attributes", detail).at(other));
        }
        if filled(config, "access_key").is_some() && fields::part(config, "secret_key").is_null() {
            let detail = "`access_key` is of no use without `secret_key`.";
            problems.push(Problem::error("Missing attribute", detail).at("access_key"));
        }
        if filled(config, "custom_ca_bundle").is_some() {
            let detail = "Add the certificate to those that the machine trusts, or name its file in `SSL_CERT_FILE`.";
            problems.push(Problem::error("Not supported", detail).at("custom_ca_bundle"));
        }
        if let Some(mode) = filled(config, "retry_mode").filter(|mode| mode != "standard" && mode != "adaptive") {
            let detail = format!("`retry_mode` is `standard` or `adaptive`, not {mode:?}.");
            problems.push(Problem::error("Unknown word", detail).at("retry_mode"));
        }
        problems
    }

    fn configure<'a>(&'a self, config: &'a Value, context: Context<'a>) -> Call<'a, Vec<Problem>> {
        Box::pin(async move {
            match connect(config, context.runtime).await {
                Ok(session) => {
                    self.0.begin(session);
                    vec![]
                }
                Err(problem) => vec![problem],
            }
        })
    }
}

fn nested_blocks() -> Vec<NestedBlock> {
    let common = || {
        vec![
            text("role_arn").optional().describe("The role."),
            text("session_name").optional().describe("What the session is called in logs; `gantry` unless set."),
            text("duration").optional().describe("How long a session lasts, like `1h`."),
            text("policy").optional().describe("A policy that narrows down what the session may do, in JSON."),
            text_set("policy_arns").optional().describe("Managed policies that narrow down what the session may do."),
        ]
    };
    let mut role = common();
    role.push(text("external_id").optional().describe("What the role's owner wants to be told."));
    role.push(text("source_identity").optional().describe("Accepted for compatibility; not sent."));
    role.push(map("tags").optional().describe("Tags of the session."));
    role.push(text_set("transitive_tag_keys").optional().describe("Accepted for compatibility; not sent."));
    let mut web = common();
    web.push(text("web_identity_token").optional().sensitive().describe("What the other service says of us."));
    web.push(text("web_identity_token_file").optional().describe("The file in which that stands."));
    let place = |name: &&str| text(name).optional().describe("Where it is served: a URL.");
    vec![
        sdk::block("assume_role", BlockNesting::List, "A role to assume; several are assumed one by the other.", role),
        one_block("assume_role_with_web_identity", "A role to assume by what another service says of us.", web),
        sdk::block(
            "endpoints",
            BlockNesting::Set,
            "Where services are that are not where AWS has them; also `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_EKS`.",
            SERVICES.iter().map(place).collect(),
        ),
        one_block(
            "default_tags",
            "Tags for everything that can have tags.",
            vec![map("tags").optional().describe("The tags.")],
        ),
        one_block(
            "ignore_tags",
            "Tags that others set: neither seen nor changed.",
            vec![
                text_set("keys").optional().describe("Their keys."),
                text_set("key_prefixes").optional().describe("What their keys begin with."),
            ],
        ),
    ]
}

/// Gets everything that calls need, and asks STS who we are unless the configuration says not to.
async fn connect(config: &Value, runtime: Arc<dyn Runtime>) -> Result<Session, Problem> {
    let files = Files::find(config, &*runtime);
    let region = region(config, &*runtime, &files)?;
    let endpoints = endpoints(config, &*runtime);
    let search = Search { config, runtime: &*runtime, files: &files, region: &region };
    let retries = retries(config, &*runtime);
    let base = search.find()?;
    let mut shared = shared_config(&runtime, &region, base.clone(), retries).into_builder();
    for (name, choose) in [("use_fips_endpoint", true), ("use_dualstack_endpoint", false)] {
        match flag(config, name) {
            Some(wanted) if choose => _ = shared.set_use_fips(Some(wanted)),
            Some(wanted) => _ = shared.set_use_dual_stack(Some(wanted)),
            None => {}
        }
    }
    let shared = shared.build();
    let mut for_sts = shared.clone().into_builder();
    for_sts.set_endpoint_url(endpoints.get("sts").or_else(|| endpoints.get("")).cloned());
    if let Some(region) = filled(config, "sts_region") {
        for_sts.set_region(aws_config::Region::new(region));
    }
    let credentials = search.assume(base, &for_sts.build()).await?;
    let shared = shared.into_builder().credentials_provider(credentials.clone()).build();
    let tags = tag_rules(config, &*runtime);
    let mut session = Session::new(runtime.clone(), shared, credentials, endpoints, tags);
    identify(config, &mut session).await?;
    Ok(session)
}

/// Finds out which account this is, and whether it may be worked in.
async fn identify(config: &Value, session: &mut Session) -> Result<(), Problem> {
    let skips = |name| flag(config, name) == Some(true);
    let allowed = texts(config, "allowed_account_ids").filter(|ids| !ids.is_empty());
    let forbidden = texts(config, "forbidden_account_ids").unwrap_or_default();
    let is_limited = allowed.is_some() || !forbidden.is_empty();
    if skips("skip_credentials_validation") && skips("skip_requesting_account_id") && !is_limited {
        return Ok(());
    }
    // What keeps us from having credentials says more than that a call was not made.
    session.credentials().await?;
    let mut shared = session.shared.clone().into_builder();
    shared.set_endpoint_url(session.endpoint("sts").map(str::to_owned));
    let client = aws_sdk_sts::Client::new(&shared.build());
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| fault(error).problem("Asking STS whom the credentials are of"))?;
    let account = answer.account.unwrap_or_default();
    let is_allowed = allowed.is_none_or(|ids| ids.contains(&account)) && !forbidden.contains(&account);
    if !is_allowed {
        let detail = format!("The credentials are of the account {account}, which the configuration does not allow.");
        return Err(Problem::error("Wrong account", detail).at("allowed_account_ids"));
    }
    session.account = Some(account);
    Ok(())
}

fn region(config: &Value, runtime: &dyn Runtime, files: &Files) -> Result<String, Problem> {
    let variable = |name: &str| runtime.variable(name).filter(|value| !value.is_empty());
    let profile = filled(config, "profile").or_else(|| variable("AWS_PROFILE")).unwrap_or_else(|| "default".to_owned());
    let found = filled(config, "region")
        .or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .or_else(|| files.region(&profile));
    found.ok_or_else(|| {
        let detail = "Set `region` in the provider's configuration, `AWS_REGION` in the environment, or a region in the profile.";
        Problem::error("No region", detail).at("region")
    })
}

/// Finds where services are, in the configuration or the environment, by their names; the empty name is for all others.
fn endpoints(config: &Value, runtime: &dyn Runtime) -> BTreeMap<String, String> {
    let mut endpoints = BTreeMap::new();
    let variable = |name: &str| runtime.variable(name).filter(|value| !value.is_empty());
    if variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_none_or(|value| !value.eq_ignore_ascii_case("true")) {
        endpoints.extend(variable("AWS_ENDPOINT_URL").map(|url| (String::new(), url)));
        for service in SERVICES {
            let found = variable(&format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()));
            endpoints.extend(found.map(|url| ((*service).to_owned(), url)));
        }
    }
    for block in blocks(config, "endpoints") {
        for service in SERVICES {
            endpoints.extend(filled(block, service).map(|url| ((*service).to_owned(), url)));
        }
    }
    endpoints
}

fn retries(config: &Value, runtime: &dyn Runtime) -> RetryConfig {
    let variable = |name: &str| runtime.variable(name).filter(|value| !value.is_empty());
    let is_adaptive =
        filled(config, "retry_mode").or_else(|| variable("AWS_RETRY_MODE")).as_deref() == Some("adaptive");
    let base = if is_adaptive { RetryConfig::adaptive() } else { RetryConfig::standard() };
    let retries = number(config, "max_retries").and_then(|retries| u32::try_from(retries).ok());
    let attempts = retries.map(|retries| retries + 1);
    let attempts = attempts.or_else(|| variable("AWS_MAX_ATTEMPTS").and_then(|attempts| attempts.parse().ok()));
    base.with_max_attempts(attempts.unwrap_or(ATTEMPTS_MAX).max(1))
}

fn tag_rules(config: &Value, runtime: &dyn Runtime) -> TagRules {
    let mut rules = TagRules::default();
    if let Some(tags) = block(config, "default_tags").and_then(|block| text_map(block, "tags")) {
        rules.defaults = tags.into_iter().collect();
    }
    let ignored = fields::block_or_null(config, "ignore_tags");
    let listed = |name: &str| -> Vec<String> {
        let text = runtime.variable(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    rules.ignored_keys = texts(ignored, "keys").unwrap_or_default().into_iter().collect();
    rules.ignored_keys.extend(listed("TF_AWS_IGNORE_TAGS_KEYS"));
    rules.ignored_prefixes = texts(ignored, "key_prefixes").unwrap_or_default();
    rules.ignored_prefixes.extend(listed("TF_AWS_IGNORE_TAGS_KEY_PREFIXES"));
    rules
}
