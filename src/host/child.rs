//! The process of a plugin: how it is started, greets and ends.

use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::process::{ChildStdout, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wire::handshake::{
    CLIENT_CERTIFICATE_VARIABLE, COOKIE, COOKIE_VARIABLE, PORT_VARIABLES, SOCKET_DIRECTORY_VARIABLE, VERSIONS_VARIABLE,
};

use crate::handshake::Greeting;
use crate::lines::Lines;
use crate::log::Log;
use crate::process::{Surroundings, copy, seconds};
use crate::secrecy::Talk;

/// The ports that plugins may listen at where they do not use a socket: what Terraform gives them.
const PORTS: [&str; 2] = ["10000", "25000"];
/// Where nobody wants logs, plugins write what may explain a failure.
const QUIET: [(&str, &str); 2] = [("TF_LOG_SDK", "ERROR"), ("TF_LOG_PROVIDER", "WARN")];
/// How long the end of a process is waited for once its connection has broken.
pub(crate) const END_PATIENCE: Duration = Duration::from_secs(2);
/// How long a program that has not greeted is given to end by itself: how it ends says more than that it was ended.
const GARBAGE_PATIENCE: Duration = Duration::from_millis(300);

/// A program that was started.
pub(crate) struct Child {
    /// What it prints.
    pub(crate) output: Lines<ChildStdout>,
    /// How it ended, once it has.
    pub(crate) ended: watch::Receiver<Option<String>>,
    /// Dropping it ends the program.
    pub(crate) stop: oneshot::Sender<()>,
}

impl Child {
    /// Starts a program; the error is in sentences.
    pub(crate) fn start(
        program: &Path,
        log: &Arc<Log>,
        around: &Arc<Surroundings>,
        talk: Talk,
    ) -> Result<Child, String> {
        let mut child = command(program, around, talk)?.spawn().map_err(|error| format!("{error}."))?;
        let (output, errors) = (Lines::new(child.stdout.take()), Lines::new(child.stderr.take()));
        let errors = tokio::spawn(copy(errors, log.clone()));
        let (stop, stopped) = oneshot::channel();
        let (sender, ended) = watch::channel(None);
        tokio::spawn(look_after((child, errors), stopped, sender, around.clone()));
        Ok(Child { output, ended, stop })
    }

    /// Waits for its first line; the error is in sentences.
    pub(crate) async fn greeting(&mut self, limit: Duration) -> Result<Greeting, String> {
        match timeout(limit, self.output.next()).await {
            Ok(Some(line)) => Greeting::parse(&line),
            Ok(None) => Err("It ended without a word.".to_owned()),
            Err(_) => Err(format!("It said nothing for {}.", seconds(limit))),
        }
    }

    /// Ends it, unless it does so itself within a moment; returns how it ended if it did.
    pub(crate) async fn end(mut self) -> Option<String> {
        let how = timeout(GARBAGE_PATIENCE, end_of(&mut self.ended)).await.ok().flatten();
        self.end_at_once().await;
        how
    }

    /// Ends it and waits until it has.
    pub(crate) async fn end_at_once(self) {
        let Child { mut ended, stop, .. } = self;
        drop(stop);
        let _ = end_of(&mut ended).await;
    }
}

fn command(program: &Path, around: &Surroundings, talk: Talk) -> Result<Command, String> {
    let mut command = Command::new(program);
    if let Some(variables) = &around.variables {
        command.env_clear().envs(variables);
    }
    command
        .env(COOKIE_VARIABLE, COOKIE)
        .env(VERSIONS_VARIABLE, "5,6")
        .envs(PORT_VARIABLES.into_iter().zip(PORTS))
        .env_remove("TF_REATTACH_PROVIDERS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match talk {
        Talk::Encrypted => command.env(CLIENT_CERTIFICATE_VARIABLE, around.secrecy.credentials()?.certificate_pem()),
        Talk::Clear => command.env_remove(CLIENT_CERTIFICATE_VARIABLE),
    };
    if let Some(folder) = around.secrecy.folder() {
        command.env(SOCKET_DIRECTORY_VARIABLE, folder);
    }
    match around.log_level {
        Some(level) => command.env("TF_LOG", level),
        // Otherwise plugins write hundreds of lines for each call, which nobody reads.
        None => command.envs(QUIET),
    };
    // An interrupt on the terminal is for us, and what the program starts ends together with it.
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

/// Looks after a child until its end, which comes by itself or when it is told to.
async fn look_after(
    (mut child, errors): (tokio::process::Child, JoinHandle<()>),
    stopped: oneshot::Receiver<()>,
    ended: watch::Sender<Option<String>>,
    around: Arc<Surroundings>,
) {
    let group = child.id();
    if let Some(group) = group {
        around.guard.add(group, around.secrecy.folder());
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
pub(crate) async fn end_of(ended: &mut watch::Receiver<Option<String>>) -> Option<String> {
    ended.wait_for(Option::is_some).await.ok().and_then(|how| how.clone())
}
