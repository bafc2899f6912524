//! HTTP on loopback: requests come in, faults strike, the services answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame as Part, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::clock::{real_now, rfc3339};
use crate::faults::Effect;
use crate::frame::{Frame, Task};
use crate::log::Entry;
use crate::mischief;
use crate::tls::TlsError;
use crate::way_out;

/// Bytes of a request's body; more is refused with 413.
const BODY_BYTES_MAX: usize = 16 << 20;

/// A request, read to its end.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it was sent, still escaped.
    pub path: String,
    /// The query as it was sent; empty if there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whom the client's certificate names, if it showed one that the sandbox signed: the certificate in DER.
    pub certificate: Option<Vec<u8>>,
    /// It came over TLS.
    pub is_secure: bool,
}

/// An answer.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// The error code that the answer tells, for the log.
    pub error: Option<String>,
}

/// The body of an answer.
pub enum Body {
    /// All of it at once.
    Whole(Bytes),
    /// Piece by piece, as long as the client stays.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Response {
    /// Makes an answer of a type.
    pub fn new(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Response { status, headers, body: Body::Whole(body.into()), error: None }
    }
}

/// What a future of a service is.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An emulated cloud, or a part of one.
pub trait Service: Send + Sync {
    /// Returns its name, as faults and the log have it: `eks`, `ec2`, `kubernetes`.
    fn name(&self) -> &'static str;

    /// Tells whether a request is for it. Asked in the order of the list of services.
    fn accepts(&self, request: &Request) -> bool;

    /// Returns what a request asks for, for faults and the log: `CreateCluster`, `list pods`.
    fn operation(&self, request: &Request) -> String;

    /// Answers. `is_stuck` says that what the request begins is never to end.
    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, is_stuck: bool) -> Call<'a, Response>;

    /// Answers with an error that a fault wants, in the way of the service.
    fn fail(&self, request: &Request, code: &str, status: u16, message: &str) -> Response;

    /// Returns the code and the status by which the service says that there are too many requests.
    fn throttled(&self) -> (&'static str, u16) {
        ("ThrottlingException", 429)
    }

    /// Tells whether neither faults nor the log are for it.
    fn is_exempt(&self) -> bool {
        false
    }

    /// Does what was planned for now. The task is removed from the world by the change that does it: `name` is its record.
    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, _task: Task) -> Call<'a, ()> {
        Box::pin(frame.happen(|change| _ = change.remove(name)))
    }

    /// Goes on beside the requests for as long as the server runs, if there is something to do: controllers.
    fn run<'a>(&'a self, _frame: &'a Arc<Frame>) -> Call<'a, ()> {
        Box::pin(std::future::pending())
    }
}

/// Servers that run until this is dropped.
pub struct Running {
    /// Where plain HTTP is served.
    pub plain: SocketAddr,
    /// Where TLS is served.
    pub secure: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Ends the servers.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) frame: Arc<Frame>,
    services: Arc<[Box<dyn Service>]>,
}

/// Serves on two listeners, one of them with TLS, in the tokio runtime that this is called in.
pub fn serve(
    frame: &Arc<Frame>,
    services: Vec<Box<dyn Service>>,
    plain: TcpListener,
    (secure, acceptor): (TcpListener, tokio_rustls::TlsAcceptor),
) -> Result<Running, TlsError> {
    let shared = Shared { frame: frame.clone(), services: services.into() };
    let (stop, stopped) = watch::channel(false);
    let running = Running { plain: plain.local_addr()?, secure: secure.local_addr()?, stop };
    until(stopped.clone(), accept(shared.clone(), plain, None));
    until(stopped.clone(), accept(shared.clone(), secure, Some(acceptor)));
    until(stopped.clone(), happen(shared.clone()));
    for place in 0..shared.services.len() {
        let shared = shared.clone();
        until(stopped.clone(), async move { shared.services[place].run(&shared.frame).await });
    }
    Ok(running)
}

/// Runs something until the servers end.
fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        tokio::select! {
            () = work => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    });
}

async fn accept(shared: Shared, listener: TcpListener, acceptor: Option<tokio_rustls::TlsAcceptor>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, mostly: some of them will be closed.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(shared.clone(), stream, acceptor.clone()));
    }
}

async fn connection(shared: Shared, stream: TcpStream, acceptor: Option<tokio_rustls::TlsAcceptor>) {
    match acceptor {
        None => {
            let answer = |request| exchange(shared.clone(), request, None, false);
            let service = hyper::service::service_fn(answer);
            let builder = Builder::new(TokioExecutor::new());
            // A connection that breaks has no one to be told of it.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        }
        Some(acceptor) => secure(shared, stream, acceptor).await,
    }
}

/// Serves a connection that begins with TLS.
pub(crate) async fn secure<S>(shared: Shared, stream: S, acceptor: tokio_rustls::TlsAcceptor)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let shown = stream.get_ref().1.peer_certificates().and_then(|shown| shown.first());
    let certificate = shown.map(|certificate| certificate.to_vec());
    let answer = |request| exchange(shared.clone(), request, certificate.clone(), true);
    let builder = Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), hyper::service::service_fn(answer)).await;
}

/// A connection that a fault breaks.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fault broke the connection")
    }
}

impl std::error::Error for Broken {}

type Sent = http::Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn exchange(
    shared: Shared,
    request: http::Request<Incoming>,
    certificate: Option<Vec<u8>>,
    is_secure: bool,
) -> Result<Sent, Broken> {
    if request.method() == Method::CONNECT && !is_secure {
        return Ok(sent(way_out::open(shared, request).await));
    }
    let began = Instant::now();
    let _held = shared.frame.clock.hold();
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(sent(Response::new(413, "text/plain", "The body is too large, or was cut off.\n")));
    };
    let request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.to_bytes(),
        certificate,
        is_secure,
    };
    let described = format!("{} {}", request.method, request.path);
    let Some(service) = shared.services.iter().find(|service| service.accepts(&request)) else {
        return Ok(sent(Response::new(404, "text/plain", "No service of the sandbox is asked for.\n")));
    };
    if service.is_exempt() {
        return Ok(sent(service.answer(&shared.frame, request, false).await));
    }
    let operation = service.operation(&request);
    let answer = struck(&shared.frame, &**service, &operation, request).await;
    shared.frame.log.add(Entry {
        time: rfc3339(real_now()),
        service: service.name().to_owned(),
        operation,
        request: described,
        status: answer.as_ref().map_or(0, |answer| answer.status.as_u16()),
        error: answer.as_ref().ok().and_then(|answer| answer.error.clone()),
        milliseconds: began.elapsed().as_millis() as u64,
    });
    answer.map(sent)
}

/// Answers a request, with what goes wrong.
async fn struck(
    frame: &Arc<Frame>,
    service: &dyn Service,
    operation: &str,
    request: Request,
) -> Result<Response, Broken> {
    let (mut is_stuck, mut breaks) = (false, false);
    for effect in frame.faults.strike(service.name(), operation) {
        if let Some(latency) = effect.latency() {
            tokio::time::sleep(latency).await;
        }
        match effect {
            Effect::Latency(_) => {}
            Effect::Delete(_) | Effect::Change { .. } | Effect::Upgrade(_) => mischief::strike(frame, &effect).await,
            Effect::ResetBefore => return Err(Broken),
            Effect::ResetAfter => breaks = true,
            Effect::Stuck => is_stuck = true,
            Effect::Error { code, status } => {
                return Ok(service.fail(&request, &code, status, "A fault of the sandbox wants this."));
            }
            Effect::Throttle => {
                let (code, status) = service.throttled();
                return Ok(service.fail(&request, code, status, "Rate exceeded"));
            }
        }
    }
    let answer = service.answer(frame, request, is_stuck).await;
    if breaks { Err(Broken) } else { Ok(answer) }
}

fn sent(response: Response) -> Sent {
    let body = match response.body {
        Body::Whole(bytes) => Full::new(bytes).boxed_unsync(),
        Body::Stream(pieces) => {
            use futures_util::StreamExt;
            StreamBody::new(pieces.map(|piece| Ok(Part::data(piece)))).boxed_unsync()
        }
    };
    let mut sent = http::Response::new(body);
    *sent.status_mut() = response.status;
    *sent.headers_mut() = response.headers;
    sent
}

/// Does what was planned, when its time has come.
async fn happen(shared: Shared) {
    loop {
        while let Some((name, task)) = shared.frame.due() {
            match shared.services.iter().find(|service| service.name() == task.service) {
                Some(service) => service.due(&shared.frame, &name, task).await,
                // Of a service that this program does not have: nobody waits for it.
                None => shared.frame.happen(|change| _ = change.remove(&name)).await,
            }
        }
        let next = shared.frame.next_task().unwrap_or(Duration::MAX);
        tokio::select! {
            () = shared.frame.clock.wait(next) => {}
            () = shared.frame.planned() => {}
        }
    }
}
