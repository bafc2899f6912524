//! The program `kind`, as it is with a container engine: clusters of containers, of which there is nothing but records.
//!
//! `gantry sandbox kind` is the program itself: it reads its command line, and files, and asks here for all that the real
//! one has a container engine do. What it asks for takes time, so answers come in lines, as they become true. Who no longer
//! listens has ended the program: nothing goes on then, and what it has made so far stays, as with the real one.

mod cluster;
mod config;
mod containers;
mod making;
#[cfg(test)]
mod tests;
mod workloads;

use std::io::{self, BufRead, BufReader};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::control::{self, Refused};
use crate::folder::Served;
use crate::frame::Frame;
use crate::server::{Body, Call, Request, Response, Service};

pub use self::cluster::remove;
pub use self::config::{DEFAULT_IMAGE, VERSION};
pub use self::containers::Containers;

/// Where it is; no bucket can be called like this.
const ROOT: &str = "/_kind/";

/// A line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// What the program tells people.
    Told(String),
    /// What came of it: the last line.
    Answer(Json),
    /// Why nothing came of it: the last line.
    Error(String),
}

impl Line {
    fn bytes(&self) -> bytes::Bytes {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text.into()
    }
}

/// What the program asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// The cluster's name.
    name: String,
    /// What it is made from, in kind's form; patches are read already.
    config: Json,
    /// The image of all nodes, in place of their own.
    image: Option<String>,
    /// How long to wait for the control plane, in seconds.
    wait_seconds: u64,
    /// Whether containers stay if something goes wrong.
    is_retained: bool,
    /// Whether the address is wanted that containers reach each other by.
    is_internal: bool,
}

/// The service.
pub struct Kind {
    /// What lets in.
    pub token: String,
}

impl Service for Kind {
    fn name(&self) -> &'static str {
        "kind"
    }

    fn accepts(&self, request: &Request) -> bool {
        request.path.starts_with(ROOT)
    }

    fn operation(&self, request: &Request) -> String {
        request.path.strip_prefix(ROOT).unwrap_or_default().replace('-', " ")
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            if !control::lets_in(&request, &self.token) {
                return self.fail(&request, "Unauthorized", 401, "The token in the sandbox's folder lets in.");
            }
            let asked: Asked = match serde_json::from_slice(&request.body) {
                Ok(asked) => asked,
                Err(error) => return refused(400, &error.to_string()),
            };
            let answer = match &*self.operation(&request) {
                "get clusters" => Ok(json!(cluster::names(frame))),
                "get nodes" => Ok(json!(cluster::node_names(frame, &asked.name))),
                "get kubeconfig" => cluster::kubeconfig(frame, &asked.name, asked.is_internal),
                "create cluster" => return begin(making::create(frame, asked, is_stuck)),
                "delete cluster" => return lines(making::delete(frame, asked.name, is_stuck)),
                other => Err(format!("the sandbox's kind does not {other}")),
            };
            match answer {
                Ok(answer) => Response::new(200, "application/json", Line::Answer(answer).bytes()),
                Err(error) => refused(200, &error),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        // The engine refuses something: the program says so, whatever it was.
        let mut answer = refused(status, &format!("command \"docker\" failed with error: {code}: {message}"));
        answer.error = Some(code.to_owned());
        answer
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("toomanyrequests", 429)
    }
}

fn refused(status: u16, error: &str) -> Response {
    Response::new(status, "application/json", Line::Error(error.to_owned()).bytes())
}

fn begin(begun: Result<making::Lines, String>) -> Response {
    match begun {
        Ok(begun) => lines(begun),
        Err(error) => refused(200, &error),
    }
}

fn lines(lines: making::Lines) -> Response {
    let mut answer = Response::new(200, "application/json", "");
    answer.body = Body::Stream(lines);
    answer
}

/// Has something done, and passes on what is told meanwhile.
pub fn ask(
    served: &Served,
    operation: &str,
    asked: &Json,
    told: &mut dyn FnMut(&str),
) -> io::Result<Result<Json, Refused>> {
    let path = format!("{ROOT}{}", operation.replace(' ', "-"));
    let stream = control::send(served, ("POST", &path), &asked.to_string(), None)?;
    let mut lines = BufReader::new(stream).lines().skip_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
    // The empty line behind the headers.
    lines.next().transpose()?;
    for line in lines {
        match serde_json::from_str(&line?)? {
            Line::Told(text) => told(&text),
            Line::Answer(answer) => return Ok(Ok(answer)),
            Line::Error(error) => return Ok(Err(error)),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection broke"))
}
