//! The provider's own configuration: which cluster, and who asks.

use std::sync::Arc;

use regex_automata::meta::Regex;
use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Call, Configuration, Context, Problem, answer, attribute, block};

use crate::api::Api;
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::json::texts;

/// The configuration.
pub(crate) struct KubernetesConfiguration(pub(crate) Arc<Cluster>);

fn text(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::String).optional().describe(description)
}

/// Reads what the names of labels and annotations look like that are left to others.
fn ignored(config: &Value) -> Result<Vec<Regex>, Problem> {
    let mut found = Vec::new();
    for name in ["ignore_annotations", "ignore_labels"] {
        for text in texts(config, name) {
            let wrong = || Problem::error("Invalid regular expression", format!("{text:?} is none.")).at(name);
            found.push(Regex::new(&text).map_err(|_| wrong())?);
        }
    }
    Ok(found)
}

fn list(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::list(Type::String)).optional().describe(description)
}

impl Configuration for KubernetesConfiguration {
    fn schema(&self) -> Schema {
        let attributes = vec![
            text("host", "The address of the API server: `https://HOST[:PORT][/PATH]`."),
            text("cluster_ca_certificate", "The certificates that the API server's is signed by, in PEM."),
            text("token", "What to log in with.").sensitive(),
            text("username", "A name to log in with, where there are passwords."),
            text("password", "A password to log in with.").sensitive(),
            text("client_certificate", "A certificate to log in with, in PEM."),
            text("client_key", "The key of the certificate, in PEM.").sensitive(),
            Attribute::new("insecure", Type::Bool)
                .optional()
                .describe("Whether the API server's certificate is not looked at. Never for a cluster that matters."),
            text("tls_server_name", "The name that the API server's certificate is for, if it is not the host's."),
            text(
                "proxy_url",
                "An HTTP proxy that leads to the API server: `http://[NAME:PASSWORD@]HOST[:PORT]`. No other one is taken, \
                 whatever the environment says.",
            )
            .sensitive(),
            text("config_path", "A kubeconfig file. No file is read unless it is named."),
            list("config_paths", "Kubeconfig files; what comes first in them counts."),
            text("config_context", "The context of the kubeconfig to take; its current one unless set."),
            text("config_context_auth_info", "The user of the kubeconfig to take; the context's unless set."),
            text("config_context_cluster", "The cluster of the kubeconfig to take; the context's unless set."),
            list("ignore_annotations", "Annotations that are left to others: regular expressions for their names."),
            list("ignore_labels", "Labels that are left to others: regular expressions for their names."),
        ];
        let exec = vec![
            text("api_version", "What the program speaks; `client.authentication.k8s.io/v1` unless set."),
            Attribute::new("command", Type::String).required().describe("The program."),
            list("args", "Its arguments."),
            Attribute::new("env", Type::map(Type::String))
                .optional()
                .describe("Environment variables for it, beside those that there are."),
        ];
        let eks = vec![
            Attribute::new("cluster_name", Type::String).required().describe("The cluster's name in EKS."),
            text("region", "Where the cluster is; AWS_REGION unless set."),
            text("access_key", "The id of an access key; AWS_ACCESS_KEY_ID, or the profile's, unless set."),
            text("secret_key", "The secret access key.").sensitive(),
            text("session_token", "The token of the session that the keys belong to.").sensitive(),
            text("profile", "The profile of the credentials file to take keys from."),
            text("sts_endpoint", "Another address of STS than the region's."),
        ];
        let one = |name, description, attributes| NestedBlock {
            max_items: 1,
            ..block(name, BlockNesting::List, description, attributes)
        };
        let blocks = vec![
            one("exec", "A program that prints a token; it is run again before the token ends.", exec),
            one("eks", "Tokens for an EKS cluster are made by Gantry itself, anew before they end.", eks),
        ];
        Schema { version: 0, block: Block { attributes, blocks, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let is_set = |name: &str| {
            let value = attribute(config, name);
            value.is_known() && !value.is_null() && value.element_count() != Some(0)
        };
        let mut problems = Vec::new();
        let ways: Vec<&str> = ["token", "exec", "eks"].into_iter().filter(|name| is_set(name)).collect();
        if let [first, second, ..] = ways[..] {
            let detail = format!("`{first}` and `{second}` are two ways to log in: leave one of them out.");
            problems.push(Problem::error("Contradictory configuration", detail).at(second));
        }
        problems.extend(ignored(config).err());
        problems
    }

    fn configure<'a>(&'a self, config: &'a Value, context: Context<'a>) -> Call<'a, Vec<Problem>> {
        let made = Connection::read(config, &*context.runtime)
            .and_then(|connection| Ok((Api::new(connection, context.runtime.clone())?, ignored(config)?)));
        answer(match made {
            Ok((api, ignored)) => {
                self.0.begin(api, ignored, context.runtime);
                vec![]
            }
            Err(problem) => vec![problem],
        })
    }
}
