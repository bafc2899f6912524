//! A plugin that runs: from its start to its end.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use sdk::Problem;
use tokio::io::AsyncRead;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use wire::grpc::{Channel, Code, Status};
use wire::messages::{Empty, HealthCheckRequest, HealthCheckResponse, StdioData, StopProviderResponse};
use wire::protocol::plugin_path::{HEALTH_CHECK, HEALTH_SERVICE, SHUTDOWN, STDIO};
use wire::protocol::{Rpc, Version};

use crate::child::{Child, END_PATIENCE, end_of};
use crate::connection;
use crate::guard::Guard;
use crate::handshake::{Endpoint, Greeting};
use crate::lines::Lines;
use crate::log::{Level, Log};
use crate::secrecy::{Secrecy, Talk};
use crate::settings::Limits;

/// What all plugins of a run share.
pub(crate) struct Surroundings {
    pub(crate) guard: Guard,
    pub(crate) limits: Limits,
    pub(crate) secrecy: Secrecy,
    /// The level that plugins are told to log at; nothing if nobody wants their logs.
    pub(crate) log_level: Option<&'static str>,
    /// All variables that plugins get; ours unless set.
    pub(crate) variables: Option<BTreeMap<String, String>>,
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
        let mut begun = begin(program, &log, around, around.secrecy.talk(program)).await;
        if let Err(Obstacle::Overheard) = begun {
            log.note(Level::Debug, "others could listen in: starting it again, with encryption");
            around.secrecy.expose(program);
            begun = begin(program, &log, around, Talk::Encrypted).await;
        }
        let (child, version, channel) = begun.map_err(|obstacle| {
            let detail = format!("The provider {source} ({}) could not be started. {obstacle}", program.display());
            Problem::error("Provider could not be started", detail)
        })?;
        let Child { output, ended, stop } = child;
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

/// Why a plugin cannot be talked with.
enum Obstacle {
    /// Others could listen in: it has been ended.
    Overheard,
    /// In sentences.
    Failed(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Overheard => f.write_str("It listens where others could listen in, and does not encrypt."),
            Obstacle::Failed(what) => f.write_str(what),
        }
    }
}

/// Starts a program, waits for its greeting and connects; if that is not possible, it is ended.
async fn begin(
    program: &Path,
    log: &Arc<Log>,
    around: &Arc<Surroundings>,
    talk: Talk,
) -> Result<(Child, Version, Channel), Obstacle> {
    let mut child = Child::start(program, log, around, talk).map_err(Obstacle::Failed)?;
    let greeting = child.greeting(around.limits.start).await;
    let connected = match &greeting {
        Ok(greeting) if talk == Talk::Clear && !around.secrecy.is_kept(&greeting.endpoint) => Err(Obstacle::Overheard),
        Ok(greeting) => connect(greeting, around, talk).await.map_err(Obstacle::Failed),
        Err(what) => Err(Obstacle::Failed(what.clone())),
    };
    match (connected, greeting) {
        (Ok(channel), Ok(greeting)) => Ok((child, greeting.version, channel)),
        (Err(Obstacle::Failed(what)), _) => {
            let how = child.end().await.map(|how| format!(" It {how}.")).unwrap_or_default();
            Err(Obstacle::Failed(format!("{what}{how}{}", log.last_lines())))
        }
        (_, greeting) => {
            child.end_at_once().await;
            if let Ok(Greeting { endpoint: Endpoint::Unix(socket), .. }) = greeting {
                // It had no time to do that itself.
                let _ = std::fs::remove_file(socket);
            }
            Err(Obstacle::Overheard)
        }
    }
}

async fn connect(greeting: &Greeting, around: &Surroundings, talk: Talk) -> Result<Channel, String> {
    let tls = match (talk, &greeting.certificate) {
        (Talk::Clear, Some(_)) => return Err("It wants to encrypt, although it was not asked to.".to_owned()),
        // One that does not know how to encrypt may still serve those who start it.
        (_, None) => None,
        (Talk::Encrypted, Some(certificate)) => {
            let own = around.secrecy.credentials();
            Some(own.and_then(|own| own.for_client(certificate).map_err(|error| error.to_string())))
        }
    };
    let tls = tls.transpose().map_err(|what| format!("It cannot be talked with: {what}."))?;
    let connected = timeout(around.limits.connect, connection::open(&greeting.endpoint, tls)).await;
    let connected =
        connected.unwrap_or_else(|_| Err(format!("it did not answer for {}", seconds(around.limits.connect))));
    connected.map_err(|what| format!("It cannot be talked with: {what}."))
}

/// Puts lines into the log.
pub(crate) async fn copy(mut lines: Lines<impl AsyncRead + Unpin>, log: Arc<Log>) {
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

pub(crate) fn seconds(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (1, 0) => "a second".to_owned(),
        (seconds, 0) => format!("{seconds} seconds"),
        _ => format!("{} ms", duration.as_millis()),
    }
}
