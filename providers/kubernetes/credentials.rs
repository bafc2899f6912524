//! Who asks: tokens, which are got when they are needed and again before they end.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sdk::eks_token::{self, Keys, Subject};
use sdk::{Problem, Runtime};
use serde_json::{Value as Json, json};
use tokio::sync::Mutex;

use crate::json::at;
use crate::times::parse_date;

/// A token of a program that does not say when it ends is asked for again after this.
const EXEC_REFRESH_AFTER: Duration = Duration::from_secs(10 * 60);
/// EKS takes a token for a quarter of an hour: a new one is made well before, and late enough to make few.
const EKS_REFRESH_AFTER: Duration = Duration::from_secs(11 * 60);
/// A token is replaced so long before it ends.
const MARGIN: Duration = Duration::from_secs(60);
/// A program that gets a token may take so long.
const EXEC_TIME_MAX: Duration = Duration::from_secs(60);

/// How to log in.
#[derive(Clone)]
pub(crate) enum Login {
    /// By a certificate, or not at all.
    Nothing,
    /// By a token that does not change.
    Token(String),
    /// By a name and a password.
    Password(String, String),
    /// By a token that a program prints.
    Program(Program),
    /// By a token for EKS that is made here.
    Eks(Eks),
}

/// A program that prints a token.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) api_version: String,
    pub(crate) command: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
}

/// An EKS cluster.
#[derive(Clone)]
pub(crate) struct Eks {
    pub(crate) cluster_name: String,
    pub(crate) region: String,
    pub(crate) keys: Keys,
    pub(crate) endpoint: Option<String>,
}

/// A login with the token that it has led to.
pub(crate) struct Credentials {
    login: Login,
    runtime: Arc<dyn Runtime>,
    /// The time that signatures are measured by.
    clock: fn() -> Duration,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    header: String,
    refresh_at: Duration,
}

/// Returns the machine's time, since 1970: signatures are measured by it, whatever clock a run goes by.
#[expect(clippy::disallowed_methods, reason = "STS compares it with its own; a simulated time would be refused")]
fn machine_clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Credentials {
    /// Makes credentials that have not been used yet.
    pub(crate) fn new(login: Login, runtime: Arc<dyn Runtime>) -> Credentials {
        Credentials { login, runtime, clock: machine_clock, kept: Mutex::new(None) }
    }

    /// Tells whether a refused login may go better with a new token.
    pub(crate) fn can_refresh(&self) -> bool {
        matches!(self.login, Login::Program(_) | Login::Eks(_))
    }

    /// Returns what to send as `Authorization`; `refused` is what was sent and refused, which is not sent again.
    pub(crate) async fn header(&self, refused: Option<&str>) -> Result<Option<String>, Problem> {
        match &self.login {
            Login::Nothing => return Ok(None),
            Login::Token(token) => return Ok(Some(format!("Bearer {token}"))),
            Login::Password(name, password) => {
                use base64::Engine;
                let both = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
                return Ok(Some(format!("Basic {both}")));
            }
            Login::Program(_) | Login::Eks(_) => {}
        }
        // One at a time: whoever waits gets what the first one got.
        let mut kept = self.kept.lock().await;
        let now = self.runtime.now();
        if let Some(good) = kept.as_ref().filter(|kept| kept.refresh_at > now && Some(kept.header.as_str()) != refused)
        {
            return Ok(Some(good.header.clone()));
        }
        let mut made = self.make(now).await?;
        if Some(made.header.as_str()) == refused && matches!(self.login, Login::Eks(_)) {
            // Tokens that are made within one second are the same.
            self.runtime.sleep(Duration::from_secs(1)).await;
            made = self.make(self.runtime.now()).await?;
        }
        let header = made.header.clone();
        *kept = Some(made);
        Ok(Some(header))
    }

    async fn make(&self, now: Duration) -> Result<Kept, Problem> {
        let (token, refresh_at) = match &self.login {
            Login::Eks(eks) => {
                let subject =
                    Subject { cluster: &eks.cluster_name, region: &eks.region, endpoint: eks.endpoint.as_deref() };
                (eks_token::mint(&subject, &eks.keys, (self.clock)()), now + EKS_REFRESH_AFTER)
            }
            Login::Program(program) => {
                let (token, ends_at) = run(program, &*self.runtime).await?;
                (token, ends_at.map_or(now + EXEC_REFRESH_AFTER, |end| end.saturating_sub(MARGIN)))
            }
            Login::Token(token) => (token.clone(), Duration::MAX),
            Login::Nothing | Login::Password(..) => (String::new(), Duration::MAX),
        };
        Ok(Kept { header: format!("Bearer {token}"), refresh_at })
    }
}

/// Runs a program for a token, and for when it ends.
async fn run(program: &Program, runtime: &dyn Runtime) -> Result<(String, Option<Duration>), Problem> {
    let Program { api_version, command, arguments, variables } = program;
    let failed = |detail: String| Problem::error("Credential program failed", detail).at("exec");
    let about = json!({"apiVersion": api_version, "kind": "ExecCredential", "spec": {"interactive": false}});
    let mut child = tokio::process::Command::new(command);
    if let Some(environment) = runtime.environment() {
        child.env_clear().envs(environment);
    }
    child.args(arguments).envs(variables.iter().cloned()).env("KUBERNETES_EXEC_INFO", about.to_string());
    child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = match tokio::time::timeout(EXEC_TIME_MAX, child.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(failed(format!(
                "`{command}` could not be started: {error}. Install it, or write its whole path."
            )));
        }
        Err(_) => return Err(failed(format!("`{command}` printed no token within a minute."))),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.trim().lines().rev().take(5).collect();
        let said: Vec<&str> = said.into_iter().rev().collect();
        return Err(failed(format!("`{command}` ended with {}:\n{}", output.status, said.join("\n"))));
    }
    let answer: Json = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed(format!("`{command}` printed something else than an ExecCredential in JSON.")))?;
    let token = at(&answer, "/status/token");
    if token.is_empty() {
        let hint = if answer.pointer("/status/clientCertificateData").is_some() {
            " It printed a certificate: set `client_certificate` and `client_key` instead."
        } else {
            ""
        };
        return Err(failed(format!("`{command}` printed no token.{hint}")));
    }
    Ok((token.to_owned(), parse_date(at(&answer, "/status/expirationTimestamp"))))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use sdk::{Runtime, Simulation};

    use super::{Credentials, Eks, Keys, Login};

    #[test]
    fn a_token_for_eks_is_kept_for_eleven_minutes() {
        let simulation = Simulation::new(1);
        let keys = Keys { access_key: "A".into(), secret_key: "B".into(), session_token: None };
        let eks = Eks { cluster_name: "lake".into(), region: "eu-west-1".into(), keys, endpoint: None };
        static SECONDS: AtomicU64 = AtomicU64::new(0);
        let clock = || Duration::from_secs(SECONDS.fetch_add(1, Ordering::Relaxed));
        let credentials = Credentials { clock, ..Credentials::new(Login::Eks(eks), simulation.runtime()) };
        let work = async {
            let first = credentials.header(None).await.unwrap();
            simulation.sleep(Duration::from_secs(10 * 60)).await;
            let same = credentials.header(None).await.unwrap();
            simulation.sleep(Duration::from_secs(2 * 60)).await;
            let other = credentials.header(None).await.unwrap();
            simulation.sleep(Duration::from_secs(1)).await;
            let refused = credentials.header(other.as_deref()).await.unwrap();
            (first == same, same == other, refused == other)
        };
        assert_eq!(simulation.run(work), Some((true, false, false)));
    }
}
