//! A plugin that runs: from its start to its end.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use sdk::Problem;
use tokio::io::AsyncRead;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wire::grpc::{Channel, Code, Status};
use wire::handshake::{CLIENT_CERTIFICATE_VARIABLE, COOKIE, COOKIE_VARIABLE, PORT_VARIABLES, VERSIONS_VARIABLE};
use wire::messages::{Empty, HealthCheckRequest, HealthCheckResponse, StdioData, StopProviderResponse};
use wire::protocol::plugin_path::{HEALTH_CHECK, HEALTH_SERVICE, SHUTDOWN, STDIO};
use wire::protocol::{Rpc, Version};
use wire::tls::Credentials;

use crate::connection;
use crate::guard::Guard;
use crate::handshake::{Endpoint, Greeting};
use crate::lines::Lines;
use crate::log::{Level, Log};
use crate::settings::Limits;

/// The ports that plugins may listen at where they do not use a socket: what Terraform gives them.
const PORTS: [&str; 2] = ["10000", "25000"];
/// How long the end of a process is waited for once its connection has broken.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// How long a program that has not greeted is given to end by itself: how it ends says more than that it was ended.
const GARBAGE_PATIENCE: Duration = Duration::from_millis(300);

/// What all plugins of a run share.
pub(crate) struct Surroundings {
    pub(crate) guard: Guard,
    pub(crate) limits: Limits,
    /// Who we are to plugins; nothing if we talk in the clear.
    pub(crate) credentials: Option<Credentials>,
    /// The level that plugins are told to log at.
    pub(crate) log_level: Option<&'static str>,
}

/// A plugin that runs.
pub(crate) struct Process {
    /// The provider's source address, for messages.
    source: String,
    pub(crate) version: Version,
    channel: Channel,
    log: Arc<Log>,
    pub(crate) limits: Limits,
    /// How it ended, once it has; a plugin that somebody else started never does.
    ended: watch::Receiver<Option<String>>,
    /// Why it is not asked any more.
    broken: OnceLock<String>,
    /// Tells the task that looks after the child to end it; dropping it ends the child at once.
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

impl Process {
    /// Starts a program and connects to it.
    pub(crate) async fn start(
        program: &Path,
        source: &str,
        log: Arc<Log>,
        around: &Arc<Surroundings>,
    ) -> Result<Process, Problem> {
        log.note(Level::Debug, &format!("starting {}", program.display()));
        let failed = |what: String| {
            let detail = format!("The provider {source} ({}) could not be started. {what}", program.display());
            Problem::error("Provider could not be started", detail)
        };
        let mut child = command(program, around).spawn().map_err(|error| failed(format!("{error}.")))?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let mut output = Lines::new(output);
        let errors = tokio::spawn(copy(Lines::new(errors), log.clone()));
        let (stop, stopped) = oneshot::channel();
        let (ended_sender, mut ended) = watch::channel(None);
        tokio::spawn(look_after((child, errors), stopped, ended_sender, around.clone()));
        let greeting = match timeout(around.limits.start, output.next()).await {
            Ok(Some(line)) => Greeting::parse(&line),
            Ok(None) => Err("It ended without a word.".to_owned()),
            Err(_) => Err(format!("It said nothing for {}.", seconds(around.limits.start))),
        };
        let connected = match greeting {
            Ok(greeting) => connect(&greeting, around).await.map(|channel| (greeting.version, channel)),
            Err(what) => Err(what),
        };
        let (version, channel) = match connected {
            Ok(connected) => connected,
            Err(what) => {
                let how = timeout(GARBAGE_PATIENCE, end_of(&mut ended)).await.ok().flatten();
                drop(stop);
                let _ = end_of(&mut ended).await;
                let how = how.map(|how| format!(" It {how}.")).unwrap_or_default();
                return Err(failed(format!("{what}{how}{}", log.last_lines())));
            }
        };
        tokio::spawn(copy(output, log.clone()));
        tokio::spawn(copy_stdio(channel.clone(), log.clone()));
        let stop = Mutex::new(Some(stop));
        let (source, limits, broken) = (source.to_owned(), around.limits, OnceLock::new());
        Ok(Process { source, version, channel, log, limits, ended, broken, stop })
    }

    /// Connects to a plugin that somebody else has started.
    pub(crate) async fn attach(
        (version, endpoint): (Version, &Endpoint),
        source: &str,
        log: Arc<Log>,
        around: &Surroundings,
    ) -> Result<Process, Problem> {
        let channel = timeout(around.limits.connect, connection::open(endpoint, None)).await;
        let channel = channel.unwrap_or_else(|_| Err("it does not answer".to_owned())).map_err(|what| {
            let detail = format!("TF_REATTACH_PROVIDERS says that the provider {source} runs already, but {what}.");
            Problem::error("Provider not reachable", detail)
        })?;
        // Nobody tells of its end.
        let (_, ended) = watch::channel(None);
        let (source, limits, broken) = (source.to_owned(), around.limits, OnceLock::new());
        Ok(Process { source, version, channel, log, limits, ended, broken, stop: Mutex::new(None) })
    }

    /// Makes a call with one answer; a limit is for calls that depend on nobody but the plugin.
    pub(crate) async fn call<Q, A>(&self, rpc: Rpc, request: Q, limit: Option<Duration>) -> Result<A, Failure>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        self.limited(rpc, limit, self.channel.call(rpc.path(self.version), &request)).await
    }

    /// Makes a call with any number of answers.
    pub(crate) async fn stream<Q, A>(&self, rpc: Rpc, request: Q, answers_max: usize) -> Result<Vec<A>, Failure>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let all = async {
            let mut stream = self.channel.stream(rpc.path(self.version), &request).await?;
            let mut answers = Vec::new();
            while answers.len() < answers_max
                && let Some(answer) = stream.next().await?
            {
                answers.push(answer);
            }
            Ok(answers)
        };
        self.limited(rpc, None, all).await
    }

    async fn limited<A>(
        &self,
        rpc: Rpc,
        limit: Option<Duration>,
        work: impl Future<Output = Result<A, Status>>,
    ) -> Result<A, Failure> {
        if let Some(why) = self.broken.get() {
            return Err(Failure::Gone(Problem::error("Provider is gone", format!("{why} It is not asked any more."))));
        }
        let answer = match limit {
            None => match self.with_health(work).await {
                Some(answer) => answer,
                None => return Err(self.hangs(rpc, self.limits.health)),
            },
            Some(limit) => match timeout(limit, work).await {
                Ok(answer) => answer,
                Err(_) => return Err(self.hangs(rpc, limit)),
            },
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(status) => Err(self.failure(rpc, status).await),
        }
    }

    /// Waits for an answer as long as the plugin shows that it lives; nothing if it does not.
    async fn with_health<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            if let Ok(done) = timeout(self.limits.health, &mut work).await {
                return Some(done);
            }
            let request = HealthCheckRequest { service: HEALTH_SERVICE.to_owned() };
            let check = self.channel.call::<HealthCheckResponse>(HEALTH_CHECK, &request);
            let check = pin!(timeout(self.limits.health, check));
            match select(&mut work, check).await {
                Either::Left((done, _)) => return Some(done),
                // Any answer will do, even that it knows of no such question.
                Either::Right((Ok(_), _)) => {}
                Either::Right((Err(_), _)) => return None,
            }
        }
    }

    fn hangs(&self, rpc: Rpc, limit: Duration) -> Failure {
        let why = format!(
            "The provider {} did not answer a call of {} within {}.",
            self.source,
            rpc_name(rpc),
            seconds(limit)
        );
        let _ = self.broken.set(why.clone());
        // What hangs is not asked to end.
        drop(self.stop.lock().unwrap_or_else(PoisonError::into_inner).take());
        let detail = format!("{why} It has been ended.{}", self.log.last_lines());
        Failure::Gone(Problem::error("Provider does not answer", detail))
    }

    /// Finds out why a call failed.
    async fn failure(&self, rpc: Rpc, status: Status) -> Failure {
        let source = &self.source;
        if status.code == Code::Unimplemented {
            let detail = format!("The provider {source} has no call {}: {}.", rpc_name(rpc), status.message);
            return Failure::Unimplemented(Problem::error("Not supported by the provider", detail));
        }
        if !connection::is_closed(&self.channel).await {
            let detail = format!(
                "The provider {source} failed at a call of {}: {} ({:?}).{}",
                rpc_name(rpc),
                status.message,
                status.code,
                self.log.last_lines()
            );
            return Failure::Failed(Problem::error("Provider failed", detail));
        }
        let mut ended = self.ended.clone();
        let how = timeout(END_PATIENCE, end_of(&mut ended)).await.ok().flatten();
        let why = match how {
            Some(how) => format!("The provider {source} {how} during a call of {}.", rpc_name(rpc)),
            None => format!("The provider {source} broke off the connection during a call of {}.", rpc_name(rpc)),
        };
        let _ = self.broken.set(why.clone());
        let detail = format!("{why} This is a mistake in the provider, or somebody ended it.{}", self.log.last_lines());
        Failure::Gone(Problem::error("Provider ended", detail))
    }

    /// Tells the provider that the user wants to stop; one that cannot be told is not told.
    pub(crate) async fn stop(&self) {
        let limit = Some(self.limits.computing);
        let _ = self.call::<_, StopProviderResponse>(Rpc::StopProvider, Empty {}, limit).await;
    }

    /// Asks a plugin to end, and waits for it; a plugin that somebody else started is left alone.
    pub(crate) async fn end(&self) {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(stop) = stop else { return };
        let asked = self.channel.call::<Empty>(SHUTDOWN, &Empty {});
        let mut ended = self.ended.clone();
        // The answer may never come, as it ends; and it may answer and not end.
        match select(pin!(asked), pin!(timeout(self.limits.stop, end_of(&mut ended)))).await {
            Either::Left((_, end)) => drop(end.await),
            Either::Right(_) => {}
        }
        drop(stop);
        let _ = end_of(&mut ended).await;
    }
}

/// Why a call has no answer.
pub(crate) enum Failure {
    /// The plugin does not know the call.
    Unimplemented(Problem),
    /// The plugin is there and could not answer.
    Failed(Problem),
    /// The plugin is not there any more: what it was doing may be done or not.
    Gone(Problem),
}

impl Failure {
    pub(crate) fn problem(self) -> Problem {
        match self {
            Failure::Unimplemented(problem) | Failure::Failed(problem) | Failure::Gone(problem) => problem,
        }
    }
}

fn command(program: &Path, around: &Surroundings) -> Command {
    let mut command = Command::new(program);
    command
        .env(COOKIE_VARIABLE, COOKIE)
        .env(VERSIONS_VARIABLE, "5,6")
        .envs(PORT_VARIABLES.into_iter().zip(PORTS))
        .env_remove("TF_REATTACH_PROVIDERS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match &around.credentials {
        Some(credentials) => command.env(CLIENT_CERTIFICATE_VARIABLE, credentials.certificate_pem()),
        None => command.env_remove(CLIENT_CERTIFICATE_VARIABLE),
    };
    if let Some(level) = around.log_level {
        command.env("TF_LOG", level);
    }
    // An interrupt on the terminal is for us, and what the program starts ends together with it.
    #[cfg(unix)]
    command.process_group(0);
    command
}

async fn connect(greeting: &Greeting, around: &Surroundings) -> Result<Channel, String> {
    let tls = match (&around.credentials, &greeting.certificate) {
        (Some(credentials), Some(certificate)) => Some(credentials.for_client(certificate)),
        // One that does not know how to encrypt may still serve those who look at the traffic.
        (_, None) => None,
        (None, Some(_)) => return Err("It wants to encrypt, although it was not asked to.".to_owned()),
    };
    let tls = tls.transpose().map_err(|what| format!("It cannot be talked with: {what}."))?;
    let connected = timeout(around.limits.connect, connection::open(&greeting.endpoint, tls)).await;
    let connected =
        connected.unwrap_or_else(|_| Err(format!("it did not answer for {}", seconds(around.limits.connect))));
    connected.map_err(|what| format!("It cannot be talked with: {what}."))
}

/// Looks after a child until its end, which comes by itself or when it is told to.
async fn look_after(
    (mut child, errors): (Child, JoinHandle<()>),
    stopped: oneshot::Receiver<()>,
    ended: watch::Sender<Option<String>>,
    around: Arc<Surroundings>,
) {
    let group = child.id();
    if let Some(group) = group {
        around.guard.add(group);
    }
    let status = match select(pin!(child.wait()), stopped).await {
        Either::Left((status, _)) => Some(status),
        Either::Right(_) => None,
    };
    if let Some(group) = group {
        kill_group(group);
    }
    let status = match status {
        Some(status) => status,
        None => {
            // Whether it has ended by itself in the meantime or not: it is waited for.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    if let Some(group) = group {
        around.guard.remove(group);
    }
    let how = match status {
        Ok(status) => how_ended(status),
        Err(error) => format!("ended, nobody knows how ({error}),"),
    };
    // Its last words are on their way still; a process that got away may keep the pipe open.
    let _ = timeout(END_PATIENCE, errors).await;
    ended.send_replace(Some(how));
}

/// Kills what a program has started and left behind; it is a process group of its own.
#[cfg(unix)]
fn kill_group(group: u32) {
    use nix::sys::signal::{Signal, killpg};
    if let Ok(group) = i32::try_from(group) {
        // There may be nobody left.
        let _ = killpg(nix::unistd::Pid::from_raw(group), Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_: u32) {}

fn how_ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was killed by signal {signal}");
    }
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => "ended".to_owned(),
    }
}

/// Waits for the end and returns how it came.
async fn end_of(ended: &mut watch::Receiver<Option<String>>) -> Option<String> {
    ended.wait_for(Option::is_some).await.ok().and_then(|how| how.clone())
}

/// Puts lines into the log.
async fn copy(mut lines: Lines<impl AsyncRead + Unpin>, log: Arc<Log>) {
    while let Some(line) = lines.next().await {
        log.line(&line);
    }
}

/// Puts into the log what the provider prints: most plugins send that over the connection.
async fn copy_stdio(channel: Channel, log: Arc<Log>) {
    let Ok(mut stream) = channel.stream::<StdioData>(STDIO, &Empty {}).await else { return };
    while let Ok(Some(piece)) = stream.next().await {
        for line in piece.data.split(|byte| *byte == b'\n') {
            log.line(line);
        }
    }
}

/// Returns the name of a call, as the protocol's documentation has it.
fn rpc_name(rpc: Rpc) -> String {
    format!("{rpc:?}")
}

fn seconds(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (1, 0) => "a second".to_owned(),
        (seconds, 0) => format!("{seconds} seconds"),
        _ => format!("{} ms", duration.as_millis()),
    }
}
