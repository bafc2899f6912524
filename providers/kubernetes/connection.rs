//! How a cluster is reached: from the provider's configuration, or from a kubeconfig that it names, and from nothing else.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::Kubeconfig;
use sdk::eks_token::Keys;
use sdk::value::Value;
use sdk::{Problem, Runtime};
use serde_json::json;

use crate::credentials::{Eks, Login, Program};
use crate::json::{entries, first_block, flag, set_text, texts};
use crate::proxy::Proxy;

/// What an exec plugin speaks unless the configuration says.
const EXEC_VERSION: &str = "client.authentication.k8s.io/v1";

/// How a cluster is reached.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) host: String,
    pub(crate) authority: Option<String>,
    pub(crate) is_insecure: bool,
    pub(crate) server_name: Option<String>,
    pub(crate) proxy: Option<Proxy>,
    /// A certificate with its key, both in PEM.
    pub(crate) certificate: Option<(String, String)>,
    pub(crate) login: Login,
}

impl Connection {
    /// Reads it from the provider's configuration, which is wholly known.
    pub(crate) fn read(config: &Value, runtime: &dyn Runtime) -> Result<Connection, Problem> {
        let from_file = from_files(config)?;
        let Some(host) = set_text(config, "host").or_else(|| from_file.as_ref().map(|file| file.host.clone())) else {
            return Err(unconfigured());
        };
        let mut connection = from_file.unwrap_or(Connection {
            host: String::new(),
            authority: None,
            is_insecure: false,
            server_name: None,
            proxy: None,
            certificate: None,
            login: Login::Nothing,
        });
        connection.host = if host.contains("://") { host } else { format!("https://{host}") };
        connection.authority = set_text(config, "cluster_ca_certificate").or(connection.authority);
        connection.is_insecure = flag(config, "insecure") || connection.is_insecure;
        connection.server_name = set_text(config, "tls_server_name").or(connection.server_name);
        if let Some(url) = set_text(config, "proxy_url") {
            connection.proxy = Some(Proxy::parse(&url)?);
        }
        match (set_text(config, "client_certificate"), set_text(config, "client_key")) {
            (Some(certificate), Some(key)) => connection.certificate = Some((certificate, key)),
            (None, None) => {}
            (certificate, _) => {
                let (missing, set) = if certificate.is_none() {
                    ("client_certificate", "client_key")
                } else {
                    ("client_key", "client_certificate")
                };
                let detail = format!("`{set}` is set and `{missing}` is not: a certificate and its key go together.");
                return Err(Problem::error("Incomplete certificate", detail).at(set));
            }
        }
        if let Some(login) = login(config, runtime)? {
            connection.login = login;
        }
        Ok(connection)
    }

    /// Returns it as what `kube` takes. Credentials that change are not in it.
    pub(crate) fn to_kube(&self) -> Result<kube::Config, Problem> {
        let wrong = |name: &str, detail: String| Problem::error("Invalid connection", detail).at(name);
        let host = self
            .host
            .parse::<http::Uri>()
            .map_err(|error| wrong("host", format!("{:?} is no address: {error}.", self.host)))?;
        let mut config = kube::Config::new(host);
        config.default_retry = false;
        config.accept_invalid_certs = self.is_insecure;
        config.tls_server_name.clone_from(&self.server_name);
        config.connect_timeout = Some(std::time::Duration::from_secs(15));
        if let Some(authority) = self.authority.as_ref().filter(|_| !self.is_insecure) {
            let detail = "This is no certificate in PEM: it begins with `-----BEGIN CERTIFICATE-----`. What clouds return \
                          is encoded once more: use `base64decode`.";
            let found = certificates(authority).ok_or_else(|| wrong("cluster_ca_certificate", detail.to_owned()))?;
            config.root_cert = Some(found);
        }
        if self.proxy.is_some() && config.cluster_url.scheme_str() != Some("https") {
            let detail = "What goes through a proxy must be encrypted: `host` begins with `https://` then.";
            return Err(wrong("host", detail.to_owned()));
        }
        if let Some((certificate, key)) = &self.certificate {
            let data = json!({
                "client-certificate-data": STANDARD.encode(certificate), "client-key-data": STANDARD.encode(key),
            });
            config.auth_info = serde_json::from_value(data)
                .map_err(|error| wrong("client_certificate", format!("It cannot be used: {error}.")))?;
        }
        Ok(config)
    }
}

fn unconfigured() -> Problem {
    Problem::error(
        "Cluster not named",
        "The provider's configuration does not say which cluster it is for. Set `host` and `cluster_ca_certificate` with \
         a `token`, a client certificate, an `exec` or an `eks` block; or name a kubeconfig by `config_path` (with \
         `config_context`). Gantry never takes the kubeconfig that happens to be on the machine, nor KUBECONFIG, nor the \
         cluster that it runs in.",
    )
}

/// Finds the certificates in a text in PEM.
fn certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for part in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (body, _) = part.split_once("-----END CERTIFICATE-----")?;
        let body: String = body.split_whitespace().collect();
        found.push(STANDARD.decode(body).ok()?);
    }
    (!found.is_empty()).then_some(found)
}

fn login(config: &Value, runtime: &dyn Runtime) -> Result<Option<Login>, Problem> {
    if let Some(block) = first_block(config, "eks") {
        return eks(&block, runtime).map(Login::Eks).map(Some);
    }
    if let Some(block) = first_block(config, "exec") {
        let program = Program {
            api_version: set_text(&block, "api_version").unwrap_or_else(|| EXEC_VERSION.to_owned()),
            command: set_text(&block, "command").unwrap_or_default(),
            arguments: texts(&block, "args"),
            variables: entries(&block, "env"),
        };
        return Ok(Some(Login::Program(program)));
    }
    if let Some(token) = set_text(config, "token") {
        return Ok(Some(Login::Token(token)));
    }
    Ok(match (set_text(config, "username"), set_text(config, "password")) {
        (Some(name), Some(password)) => Some(Login::Password(name, password)),
        _ => None,
    })
}

fn eks(block: &Value, runtime: &dyn Runtime) -> Result<Eks, Problem> {
    let at = |problem: Problem, name: &str| problem.at("eks").at_element(0).at(name);
    let region = set_text(block, "region")
        .or_else(|| runtime.variable("AWS_REGION"))
        .or_else(|| runtime.variable("AWS_DEFAULT_REGION"));
    let Some(region) = region.filter(|region| !region.is_empty()) else {
        let detail = "Set `region`, or the environment variable AWS_REGION, to where the cluster is.";
        return Err(at(Problem::error("Region not known", detail), "region"));
    };
    let endpoint = set_text(block, "sts_endpoint")
        .or_else(|| runtime.variable("AWS_ENDPOINT_URL_STS"))
        .or_else(|| runtime.variable("AWS_ENDPOINT_URL"))
        .filter(|endpoint| !endpoint.is_empty());
    let keys = keys(block, runtime).ok_or_else(|| {
        let detail = "No keys of AWS are there to sign the cluster's token with. Set `access_key` and `secret_key`, the \
                      environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile that has keys; for \
                      single sign-on and roles use an `exec` block instead.";
        Problem::error("Credentials of AWS not found", detail).at("eks")
    })?;
    Ok(Eks { cluster_name: set_text(block, "cluster_name").unwrap_or_default(), region, keys, endpoint })
}

fn keys(block: &Value, runtime: &dyn Runtime) -> Option<Keys> {
    if let (Some(access_key), Some(secret_key)) = (set_text(block, "access_key"), set_text(block, "secret_key")) {
        return Some(Keys { access_key, secret_key, session_token: set_text(block, "session_token") });
    }
    let profile = set_text(block, "profile");
    let variable = |name: &str| runtime.variable(name).filter(|value| !value.is_empty());
    if profile.is_none()
        && let (Some(access_key), Some(secret_key)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
    {
        return Some(Keys { access_key, secret_key, session_token: variable("AWS_SESSION_TOKEN") });
    }
    let profile = profile.or_else(|| variable("AWS_PROFILE")).unwrap_or_else(|| "default".to_owned());
    let file = variable("AWS_SHARED_CREDENTIALS_FILE")
        .or_else(|| variable("HOME").map(|home| format!("{home}/.aws/credentials")))?;
    keys_of_profile(&std::fs::read_to_string(file).ok()?, &profile)
}

/// Reads the keys of a profile from a credentials file.
fn keys_of_profile(text: &str, profile: &str) -> Option<Keys> {
    let heading = format!("[{profile}]");
    let lines = text.lines().map(str::trim).skip_while(|line| *line != heading).skip(1);
    let settings: Vec<(&str, &str)> = lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let setting = |name: &str| settings.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
    Some(Keys {
        access_key: setting("aws_access_key_id")?,
        secret_key: setting("aws_secret_access_key")?,
        session_token: setting("aws_session_token"),
    })
}

/// Reads the kubeconfig files that the configuration names, if it names any.
fn from_files(config: &Value) -> Result<Option<Connection>, Problem> {
    let mut paths = texts(config, "config_paths");
    paths.extend(set_text(config, "config_path"));
    let mut merged: Option<Kubeconfig> = None;
    for path in &paths {
        let failed = |error: kube::config::KubeconfigError| {
            let detail = format!("The kubeconfig {path:?} cannot be read: {error}.");
            Problem::error("Kubeconfig not readable", detail).at("config_path")
        };
        let next = Kubeconfig::read_from(Path::new(path)).map_err(failed)?;
        merged = Some(match merged {
            None => next,
            Some(before) => before.merge(next).map_err(failed)?,
        });
    }
    merged.map(|file| from_kubeconfig(&file, config)).transpose()
}

fn from_kubeconfig(file: &Kubeconfig, config: &Value) -> Result<Connection, Problem> {
    let absent = |what: &str, name: &str| {
        let detail = format!("The kubeconfig has no {what} {name:?}.");
        Problem::error("Kubeconfig incomplete", detail).at("config_context")
    };
    let name = set_text(config, "config_context").or_else(|| file.current_context.clone()).unwrap_or_default();
    let context = file.contexts.iter().find(|context| context.name == name);
    let context = context.and_then(|context| context.context.as_ref()).ok_or_else(|| absent("context", &name))?;
    let cluster_name = set_text(config, "config_context_cluster").unwrap_or_else(|| context.cluster.clone());
    let cluster = file.clusters.iter().find(|cluster| cluster.name == cluster_name);
    let cluster = cluster.and_then(|one| one.cluster.as_ref()).ok_or_else(|| absent("cluster", &cluster_name))?;
    let user_name = set_text(config, "config_context_auth_info").or_else(|| context.user.clone()).unwrap_or_default();
    let user = file.auth_infos.iter().find(|user| user.name == user_name).and_then(|user| user.auth_info.clone());
    let mut connection = Connection {
        host: cluster.server.clone().ok_or_else(|| absent("server for cluster", &cluster_name))?,
        authority: inline(cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref())?,
        is_insecure: cluster.insecure_skip_tls_verify.unwrap_or(false),
        server_name: cluster.tls_server_name.clone(),
        proxy: cluster.proxy_url.as_deref().filter(|url| !url.is_empty()).map(Proxy::parse).transpose()?,
        certificate: None,
        login: Login::Nothing,
    };
    let Some(user) = user else { return Ok(connection) };
    // Secrets of a kubeconfig can be read only by writing them down once more.
    let user = serde_json::to_value(&user).unwrap_or_default();
    let part = |name: &str| user.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
    let certificate = inline(part("client-certificate-data"), part("client-certificate"))?;
    let key = inline(part("client-key-data"), part("client-key"))?;
    connection.certificate = certificate.zip(key);
    if let Some(exec) = user.get("exec").filter(|exec| exec.is_object()) {
        connection.login = Login::Program(program(exec));
    } else if let Some(token) = part("token") {
        connection.login = Login::Token(token.to_owned());
    } else if let Some(path) = part("tokenFile") {
        connection.login = Login::Token(read_file(path)?.trim().to_owned());
    } else if let (Some(name), Some(password)) = (part("username"), part("password")) {
        connection.login = Login::Password(name.to_owned(), password.to_owned());
    }
    Ok(connection)
}

fn program(exec: &serde_json::Value) -> Program {
    let text = |name: &str| exec.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| exec.get(name).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let variable =
        |one: &serde_json::Value| Some((one.get("name")?.as_str()?.to_owned(), one.get("value")?.as_str()?.to_owned()));
    Program {
        api_version: text("apiVersion"),
        command: text("command"),
        arguments: list("args").iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        variables: list("env").iter().filter_map(variable).collect(),
    }
}

/// Returns what is in a kubeconfig itself, or else in the file that it names.
fn inline(data: Option<&str>, path: Option<&str>) -> Result<Option<String>, Problem> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let bytes = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let wrong = || {
            Problem::error("Kubeconfig not readable", "A certificate in it is not text in base64.").at("config_path")
        };
        return bytes.ok_or_else(wrong).map(Some);
    }
    path.filter(|path| !path.is_empty()).map(read_file).transpose()
}

fn read_file(path: &str) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| {
        let detail = format!("The kubeconfig names the file {path:?}, which cannot be read: {error}.");
        Problem::error("Kubeconfig incomplete", detail).at("config_path")
    })
}

#[cfg(test)]
mod tests {
    use super::{certificates, keys_of_profile};

    #[test]
    fn a_profile_ends_where_the_next_begins() {
        let text = "[default]\naws_access_key_id = A\naws_secret_access_key=B\n\n[other]\naws_access_key_id=C\n";
        let keys = keys_of_profile(text, "default").expect("keys");
        assert_eq!((keys.access_key.as_str(), keys.secret_key.as_str(), keys.session_token), ("A", "B", None));
        assert!(keys_of_profile(text, "other").is_none(), "it has no secret key");
    }

    #[test]
    fn all_certificates_are_found() {
        let one = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(&format!("{one}{one}")), Some(vec![vec![1, 2, 3]; 2]));
        assert_eq!(certificates("QVFJRA=="), None);
    }
}
