//! The sandbox's own service, for `gantry sandbox ...` while someone serves: status, faults, clusters, the clock.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::census;
use crate::clock::rfc3339;
use crate::faults::Fault;
use crate::folder::{Folder, Served};
use crate::frame::Frame;
use crate::kubernetes::{Cluster, kubeconfig};
use crate::server::{Call, Request, Response, Service};
use crate::world::{Change, WorldError};

/// Where it is; no bucket can be called like this.
const ROOT: &str = "/_sandbox/";
/// How long a server may take for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Names of records that a reset leaves: who the sandbox is, and when.
const KEPT: &[&str] = &["frame/authority", "frame/clock", "frame/ports"];

/// A command that was not carried out, in words.
pub type Refused = String;

/// The service.
pub struct Control {
    /// What lets in.
    pub token: String,
    /// Where to write the clusters to.
    pub folder: Folder,
}

/// Carries out a command: `GET status`, `GET clock`, `GET|POST|DELETE faults`, `POST reset`, and, of a server, `POST kubeconfig`.
pub async fn perform(frame: &Frame, method: &str, what: &str, body: &Json) -> Result<Json, Refused> {
    match (method, what) {
        ("GET", "status") => Ok(status(frame)),
        ("GET", "clock") => {
            Ok(json!({"milliseconds": frame.clock.now().as_millis() as u64, "speed": frame.clock.speed()}))
        }
        ("GET", "faults") => Ok(json!(frame.faults.list())),
        ("POST", "faults") => {
            let fault: Fault = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
            frame.faults.add(fault);
            keep(frame).await
        }
        ("DELETE", "faults") => {
            match body["number"].as_u64() {
                None => frame.faults.clear(),
                Some(number) if frame.faults.remove(number as usize) => {}
                Some(number) => return Err(format!("There is no fault {number}.")),
            }
            keep(frame).await
        }
        ("POST", "reset") => {
            frame.faults.clear();
            frame.world.change(reset).await.map_err(|error| error.to_string())?;
            keep(frame).await
        }
        _ => Err(format!("The sandbox has no command {method} {what}.")),
    }
}

async fn keep(frame: &Frame) -> Result<Json, Refused> {
    frame.keep().await.map_err(|error| error.to_string())?;
    Ok(json!(frame.faults.list()))
}

fn status(frame: &Frame) -> Json {
    let (objects, bytes, tasks) =
        frame.world.look(|records| (census::objects(records), records.bytes(), frame.task_count(records)));
    json!({
        "objects": objects,
        "clock": {"time": rfc3339(frame.clock.now()), "speed": frame.clock.speed()},
        "under_way": tasks,
        "faults": frame.faults.list().len(),
        "world_bytes": bytes,
    })
}

fn reset(change: &mut Change<'_>) -> Result<(), WorldError> {
    let all: Vec<String> = change.under("").map(|(name, _)| name.to_owned()).collect();
    for name in all.iter().filter(|name| !KEPT.contains(&name.as_str())) {
        change.remove(name);
    }
    Ok(())
}

/// Returns a kubeconfig of all clusters, each under its name.
pub fn all_clusters(frame: &Frame) -> Json {
    let mut all = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "", "clusters": [], "users": [], "contexts": [],
    });
    let Some(place) = frame.place() else { return all };
    let clusters: Vec<Cluster> = frame.world.look(|records| {
        records.under("k8s-clusters/").filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
    });
    for cluster in &clusters {
        let mut own = kubeconfig(cluster, place.secure, &place.authority.certificate);
        for list in ["clusters", "users", "contexts"] {
            let members = own[list].as_array_mut().map(std::mem::take).unwrap_or_default();
            all[list].as_array_mut().into_iter().for_each(|all| all.extend(members.clone()));
        }
    }
    if let [only] = &*clusters {
        all["current-context"] = json!(only.name);
    }
    all
}

/// Asks a server to carry out a command.
pub fn ask(served: &Served, method: &str, what: &str, body: &Json) -> std::io::Result<Result<Json, Refused>> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = send(served, (method, &format!("{ROOT}{what}")), &body, Some(ANSWER_MAX))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    match (status, serde_json::from_str(body)) {
        (200, Ok(answer)) => Ok(Ok(answer)),
        (400, Ok(Json::String(refused))) => Ok(Err(refused)),
        _ => Err(std::io::Error::other(format!("the server answers with the status {status}"))),
    }
}

/// Sends a request to a server with what lets in; the answer ends with the connection.
pub(crate) fn send(
    served: &Served,
    (method, path): (&str, &str),
    body: &str,
    patience: Option<Duration>,
) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&served.plain, ANSWER_MAX)?;
    stream.set_read_timeout(patience)?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        served.plain,
        served.token,
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    Ok(stream)
}

/// Tells whether a request shows what lets in.
pub(crate) fn lets_in(request: &Request, token: &str) -> bool {
    let header = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(|header| header.strip_prefix("Bearer ")) == Some(token)
}

impl Service for Control {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn accepts(&self, request: &Request) -> bool {
        request.path.starts_with(ROOT)
    }

    fn operation(&self, request: &Request) -> String {
        format!("{} {}", request.method, request.path.strip_prefix(ROOT).unwrap_or_default())
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            if !lets_in(&request, &self.token) {
                return self.fail(&request, "Unauthorized", 401, "The token in the sandbox's folder lets in.");
            }
            let body = match &*request.body {
                [] => Ok(Json::Null),
                body => serde_json::from_slice(body),
            };
            let what = request.path.strip_prefix(ROOT).unwrap_or_default();
            let performed = match &body {
                Ok(_) if what == "kubeconfig" => self
                    .folder
                    .write_clusters(&all_clusters(frame))
                    .map_err(|error| error.to_string())
                    .map(|()| Json::Null),
                Ok(body) => perform(frame, request.method.as_str(), what, body).await,
                Err(error) => Err(error.to_string()),
            };
            match performed {
                Ok(answer) => Response::new(200, "application/json", answer.to_string()),
                Err(refused) => Response::new(400, "application/json", json!(refused).to_string()),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        let mut answer = Response::new(status, "application/json", json!(message).to_string());
        answer.error = Some(code.to_owned());
        answer
    }

    // Faults are for clouds, and what turns them off must work.
    fn is_exempt(&self) -> bool {
        true
    }
}
