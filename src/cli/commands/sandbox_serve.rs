//! `sandbox serve`: the emulated clouds, until an interrupt.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sandbox::clock::rfc3339;
use sandbox::{Folder, Holder, Options, Sandbox};
use serde_json::json;

use super::Run;
use crate::sandboxes::{self, FolderArgs};
use crate::{Exit, Session};

/// How often it is looked whether there was an interrupt.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Serve the sandbox: emulated clouds and Kubernetes clusters, for Gantry and for any other client.
///
/// It runs until it is interrupted. What the clients need to know, gantry sandbox env prints. The world is kept in the folder,
/// with its time and its addresses.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// Keep nothing: the world ends with the command.
    #[arg(long)]
    in_memory: bool,

    /// Let so many seconds pass in one of ours; as the last time, or 600, unless set. 0 stops time.
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,

    /// What chance begins with, where faults strike by chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// The port for AWS; the one of the last time, or a free one, unless set.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// The port for Kubernetes; the same.
    #[arg(long, value_name = "PORT")]
    tls_port: Option<u16>,

    /// The address to listen at.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,

    /// Listen even where other machines reach it. Its keys are known to everyone.
    #[arg(long)]
    allow_remote: bool,

    /// Print the addresses as a line of JSON.
    #[arg(long)]
    json: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it must be a number".to_owned())?;
    let is_speed = (0.0..=1e6).contains(&speed);
    if is_speed { Ok(speed) } else { Err("it must be between 0 and 1000000".to_owned()) }
}

impl Run for Args {
    const NAME: &'static str = "sandbox serve";

    fn run(self, session: &mut Session) -> Exit {
        self.serve(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn serve(&self, session: &mut Session) -> Result<Exit, Exit> {
        if !self.listen.is_loopback() && !self.allow_remote {
            let detail = format!(
                "Other machines may reach {}, and everyone knows the keys of the sandbox. If that is what you want, add \
                 -allow-remote.",
                self.listen
            );
            session.problem("Not an address of this machine alone", detail);
            return Err(Exit::FAILURE);
        }
        let folder = self.folder.folder(session);
        let hold = match folder.take() {
            Ok(Holder::We(hold)) => hold,
            Ok(Holder::Server(served)) => {
                let detail = format!(
                    "The process {} serves the sandbox in {} already, at http://{}.",
                    served.process,
                    folder.path().display(),
                    served.plain
                );
                session.problem("Served already", detail);
                return Err(Exit::FAILURE);
            }
            Err(error) => return Err(sandboxes::fail(session, &folder, &error.to_string())),
        };
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            if let Err(error) = signal_hook::flag::register(signal, interrupted.clone()) {
                session.problem("Cannot listen for interrupts", format!("{error}."));
                return Err(Exit::FAILURE);
            }
        }
        let sandbox = Sandbox::start(&self.options(&folder), hold)
            .map_err(|error| sandboxes::fail(session, &folder, &error.to_string()))?;
        self.say(session, &folder, &sandbox);
        while !interrupted.load(Ordering::Relaxed) {
            std::thread::sleep(LOOK_EVERY);
        }
        sandbox.stop().map_err(|error| sandboxes::fail(session, &folder, &error.to_string()))?;
        Ok(Exit::SUCCESS)
    }

    fn options(&self, folder: &Folder) -> Options {
        Options {
            in_memory: self.in_memory,
            speed: self.speed,
            seed: self.seed,
            host: self.listen,
            port: self.port,
            secure_port: self.tls_port,
            ..Options::new(folder.clone())
        }
    }

    fn say(&self, session: &mut Session, folder: &Folder, sandbox: &Sandbox) {
        let (served, clock) = (&sandbox.served, &sandbox.frame.clock);
        if self.json {
            let line = json!({
                "aws": format!("http://{}", served.plain),
                "kubernetes": format!("https://{}/clusters/", served.secure),
                "folder": sandboxes::absolute(folder.path()),
                "speed": clock.speed(),
                "time": rfc3339(clock.now()),
                "moved": sandbox.has_moved,
            });
            return session.ui.out.print(&format!("{line}\n"));
        }
        let place = match self.in_memory {
            true => "a world in memory, which ends with this command".to_owned(),
            false => format!("the world in {}", folder.path().display()),
        };
        let mut text = format!(
            "The sandbox serves {place}.\n\n  AWS         http://{}\n  Kubernetes  https://{}/clusters/NAME\n\nIts time is {}, \
             and runs {} times as fast as ours.\n",
            served.plain,
            served.secure,
            rfc3339(clock.now()),
            clock.speed()
        );
        if sandbox.has_moved {
            text.push_str("The ports are not those of the last time: the addresses of clusters have changed.\n");
        }
        let folder = match folder.path().ends_with(".gantry/sandbox") {
            true => String::new(),
            false => format!(" -folder={}", folder.path().display()),
        };
        text.push_str(&format!(
            "For clients in another terminal:\n\n  eval \"$(gantry sandbox env{folder})\"\n\nAn interrupt (Ctrl+C) ends it.\n"
        ));
        session.ui.out.print(&text);
    }
}
