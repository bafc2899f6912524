//! The program `kind`, run with arguments; what it says when it cannot is told with the way to mend it.

use std::io::ErrorKind;
use std::process::Stdio;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sdk::{Problem, Runtime};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Programs that run containers.
pub(crate) const ENGINES: &[&str] = &["docker", "nerdctl", "podman"];
/// Lines of what the program said that are told.
const LINES_MAX: usize = 12;
/// How long a question to the program may take.
pub(crate) const QUESTION_TIME_MAX: Duration = Duration::from_secs(60);

/// What the provider works with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) program: String,
    pub(crate) engine: Option<String>,
    pub(crate) runtime: Arc<dyn Runtime>,
}

/// The machine that clusters are on, once the provider is configured.
#[derive(Default)]
pub(crate) struct Machine(RwLock<Option<Settings>>);

impl Machine {
    /// Takes over a configuration.
    pub(crate) fn begin(&self, settings: Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(settings);
    }

    /// Returns the configuration.
    pub(crate) fn settings(&self) -> Result<Settings, Problem> {
        let settings = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        settings.ok_or_else(|| Problem::error("Provider not ready", "The provider was used before it was configured."))
    }
}

impl Settings {
    /// Runs the program; returns what it writes.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str, limit: Duration) -> Result<String, Problem> {
        let mut command = Command::new(self.runtime.program(&self.program));
        if let Some(environment) = self.runtime.environment() {
            command.env_clear().envs(environment);
        }
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(engine) = &self.engine {
            command.env("KIND_EXPERIMENTAL_PROVIDER", engine);
        }
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let mut stdin = child.stdin.take();
        let exchange = async {
            if let Some(stdin) = &mut stdin {
                // A program that needs no input may have closed it.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            drop(stdin.take());
            child.wait_with_output().await
        };
        let line = format!("{} {}", self.program, arguments.join(" "));
        // A program of this machine takes the machine's time.
        let output = match tokio::time::timeout(limit, exchange).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(Problem::error("kind failed", format!("`{line}`: {error}."))),
            Err(_) => {
                let detail = format!("`{line}` did not end within {} seconds and was ended.", limit.as_secs());
                return Err(Problem::error("kind takes too long", detail));
            }
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failed(&line, &String::from_utf8_lossy(&output.stderr)))
    }

    fn not_started(&self, error: &std::io::Error) -> Problem {
        let program = &self.program;
        if error.kind() == ErrorKind::NotFound {
            let detail = format!(
                "There is no program `{program}` on this machine. Install kind (`go install sigs.k8s.io/kind@latest`, \
                 `brew install kind`, or from https://kind.sigs.k8s.io), or set `program` in the provider's configuration."
            );
            return Problem::error("kind not installed", detail);
        }
        Problem::error("kind cannot be started", format!("`{program}`: {error}."))
    }
}

/// Tells what went wrong, by what the program said.
fn failed(line: &str, said: &str) -> Problem {
    let lower = said.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let lines: Vec<&str> = said.trim().lines().collect();
    let told = lines[lines.len().saturating_sub(LINES_MAX)..].join("\n");
    let no_engine = [
        "cannot connect to the docker daemon",
        "failed to connect to the docker api",
        "docker daemon is not running",
        "executable file not found",
        "cannot connect to podman",
        "is the docker daemon running",
        "permission denied while trying to connect",
    ];
    if has(&no_engine) {
        let detail = format!(
            "kind needs a container engine that runs, and that this user may use: start Docker (or set `engine` to \
             `podman` or `nerdctl`), and add the user to its group if it refuses. It said:\n{told}"
        );
        return Problem::error("Container engine not available", detail);
    }
    let advice = if has(&["already exist for a cluster"]) {
        "\nA cluster of this name is there: import it, choose another name, or remove it with `kind delete cluster`."
    } else if has(&["port is already allocated", "address already in use"]) {
        "\nA port of this machine is in use: choose another in `extra_port_mappings` or `api_server_port`."
    } else if has(&["failed to lock config file"]) {
        "\nAnother program is writing the kubeconfig. If none is, one was killed while it did: remove the file of that name \
         that ends with `.lock`."
    } else if has(&["too many open files", "inotify"]) {
        "\nRaise `fs.inotify.max_user_watches` (524288) and `fs.inotify.max_user_instances` (512)."
    } else if has(&["cgroup"]) {
        "\nkind needs cgroup version 2, and delegation of cgroups where the engine runs without root."
    } else if has(&["no space left"]) {
        "\nThe disk is full: `docker system prune` removes what no container needs."
    } else {
        ""
    };
    Problem::error("kind failed", format!("`{line}` failed:\n{told}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::failed;

    #[test]
    fn the_remedy_is_told() {
        for (said, summary, remedy) in [
            (
                "ERROR: Cannot connect to the Docker daemon at unix:///x",
                "Container engine not available",
                "start Docker",
            ),
            ("ERROR: node(s) already exist for a cluster with the name \"a\"", "kind failed", "import it"),
            ("Bind for 0.0.0.0:80 failed: port is already allocated", "kind failed", "extra_port_mappings"),
            ("ERROR: failed to lock config file: open c.lock: file exists", "kind failed", "ends with `.lock`"),
            ("ERROR: unknown", "kind failed", "unknown"),
        ] {
            let problem = failed("kind x", said);
            assert_eq!(problem.summary, summary, "{said}");
            assert!(problem.detail.contains(remedy), "{}", problem.detail);
        }
    }
}
