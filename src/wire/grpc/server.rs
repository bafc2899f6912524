//! The side that answers.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::FutureExt;
use h2::server::{Builder, SendResponse};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Method, Response, StatusCode};
use prost::Message;
use sdk::Call;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};

use super::body::{self, Messages};
use super::{CONNECTION_WINDOW_BYTES, CONTENT_TYPE, Code, FRAME_BYTES_MAX, STREAM_WINDOW_BYTES, Status};

/// Calls under way at once, of one connection.
const CALLS_MAX: u32 = 1024;

/// What answers calls.
pub trait Service: Send + Sync + 'static {
    /// Answers one call: with a message or several, or with an error.
    fn call<'a>(&'a self, request: Request, responder: &'a mut Responder) -> Call<'a, Result<(), Status>>;
}

/// A call.
pub struct Request {
    /// What is called.
    pub path: String,
    messages: Messages,
}

impl Request {
    /// Returns what is asked; may be asked for once.
    pub async fn message<M: Message + Default>(&mut self) -> Result<M, Status> {
        match self.messages.next().await? {
            Some(bytes) => body::decode(bytes),
            None => Err(Status::new(Code::Internal, "the request is empty")),
        }
    }
}

/// Where the messages of an answer go.
pub struct Responder {
    respond: SendResponse<Bytes>,
    /// There once the answer has begun.
    stream: Option<SendStream<Bytes>>,
}

impl Responder {
    /// Sends a message. An error means that nobody waits for it any more.
    pub async fn send(&mut self, message: &impl Message) -> Result<(), Status> {
        let framed = body::frame(message)?;
        let stream = self.begin().map_err(|error| Status::broken(&error))?;
        body::send(stream, framed).await.map_err(|error| Status::broken(&error))
    }

    /// Begins an answer whose first message is still to come.
    pub fn open(&mut self) -> Result<(), Status> {
        self.begin().map(|_| ()).map_err(|error| Status::broken(&error))
    }

    /// Waits until nobody waits for more of the answer. It must have begun.
    pub async fn closed(&mut self) {
        if let Some(stream) = &mut self.stream {
            // Whether with a reason or with the connection: it is closed.
            let _ = poll_fn(|context| stream.poll_reset(context)).await;
        }
    }

    fn begin(&mut self) -> Result<&mut SendStream<Bytes>, h2::Error> {
        if self.stream.is_none() {
            self.stream = Some(self.respond.send_response(head(), false)?);
        }
        match &mut self.stream {
            Some(stream) => Ok(stream),
            None => Err(h2::Reason::INTERNAL_ERROR.into()),
        }
    }

    /// Ends the answer. If nobody waits for it any more, there is nobody to tell.
    fn finish(mut self, result: &Result<(), Status>) {
        let trailers = Status::trailers(result);
        match self.stream {
            Some(mut stream) => drop(stream.send_trailers(trailers)),
            None => {
                let mut response = head();
                response.headers_mut().extend(trailers);
                drop(self.respond.send_response(response, true));
            }
        }
    }
}

fn head() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(CONTENT_TYPE));
    response
}

/// Answers the calls that come in over a connection, until it closes; once `ending` is true, no more begin.
///
/// A call goes on even if the one who asked has gone: what it does must not stay half done. While it is under way it holds a
/// clone of `under_way`.
pub async fn serve_connection<Io>(
    io: Io,
    service: Arc<dyn Service>,
    mut ending: watch::Receiver<bool>,
    under_way: mpsc::Sender<()>,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_concurrent_streams(CALLS_MAX);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(io).await else { return };
    let mut is_ending = false;
    let mut ends = pin!(ending.wait_for(|ending| *ending));
    loop {
        let event = poll_fn(|context| match !is_ending && ends.as_mut().poll(context).is_ready() {
            true => Poll::Ready(None),
            false => connection.poll_accept(context).map(Some),
        });
        let Some(accepted) = event.await else {
            is_ending = true;
            connection.graceful_shutdown();
            continue;
        };
        let Some(Ok((request, respond))) = accepted else { return };
        let service = service.clone();
        let under_way = under_way.clone();
        tokio::spawn(async move {
            answer(&*service, request, respond).await;
            drop(under_way);
        });
    }
}

async fn answer(service: &dyn Service, request: http::Request<RecvStream>, respond: SendResponse<Bytes>) {
    let (head, stream) = request.into_parts();
    let mut responder = Responder { respond, stream: None };
    if head.method != Method::POST || !is_grpc(&head.headers) {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        drop(responder.respond.send_response(response, true));
        return;
    }
    let request = Request { path: head.uri.path().to_owned(), messages: Messages::new(stream) };
    let called = AssertUnwindSafe(service.call(request, &mut responder)).catch_unwind().await;
    let result = called.unwrap_or_else(|_| {
        Err(Status::new(Code::Internal, "the provider failed within itself; what happened is in its error output"))
    });
    responder.finish(&result);
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(CONTENT_TYPE.as_bytes()))
}
