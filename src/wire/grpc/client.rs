//! The side that asks.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::{Method, Request, StatusCode, Uri};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{self, Messages};
use super::{CONNECTION_WINDOW_BYTES, CONTENT_TYPE, Code, FRAME_BYTES_MAX, STREAM_WINDOW_BYTES, Status};

/// A connection to a server. Clones share it; calls may be under way at the same time.
#[derive(Clone)]
pub struct Channel {
    sender: SendRequest<Bytes>,
}

impl Channel {
    /// Begins to speak over a connection. The future that comes with the channel does the work: it must be spawned, and ends
    /// with the connection.
    pub async fn open<Io>(io: Io) -> Result<(Channel, impl Future<Output = ()> + Send + use<Io>), Status>
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES_MAX);
        let (sender, connection) = builder.handshake(io).await.map_err(|error| Status::broken(&error))?;
        let work = async move {
            // Whoever waits for an answer gets the error.
            let _ = connection.await;
        };
        Ok((Channel { sender }, work))
    }

    /// Asks for one message. `path` is that of [`Rpc`](crate::protocol::Rpc).
    pub async fn call<A: Message + Default>(&self, path: &str, request: &impl Message) -> Result<A, Status> {
        let mut answers = self.stream(path, request).await?;
        let answer = answers.next().await?.ok_or_else(|| Status::new(Code::Internal, "the answer is empty"))?;
        // The status comes behind the message.
        match answers.next().await? {
            None => Ok(answer),
            Some(_) => Err(Status::new(Code::Internal, "there is more than one answer")),
        }
    }

    /// Asks for a stream of messages.
    pub async fn stream<A: Message + Default>(
        &self,
        path: &str,
        request: &impl Message,
    ) -> Result<Incoming<A>, Status> {
        let framed = body::frame(request)?;
        let uri = Uri::builder().scheme("https").authority("localhost").path_and_query(path).build();
        let uri = uri.map_err(|error| Status::new(Code::Internal, format!("{path} is not a path: {error}")))?;
        let head = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header("content-type", CONTENT_TYPE)
            .header("te", "trailers")
            .body(())
            .map_err(|error| Status::new(Code::Internal, format!("the request is not possible: {error}")))?;
        let mut sender = self.sender.clone().ready().await.map_err(|error| Status::broken(&error))?;
        let (response, mut stream) = sender.send_request(head, false).map_err(|error| Status::broken(&error))?;
        // A server may answer without having taken in the request: then the answer says why, and not that it did not listen.
        if body::send(&mut stream, framed).await.is_ok() {
            let _ = stream.send_data(Bytes::new(), true);
        }
        let response = response.await.map_err(|error| Status::broken(&error))?;
        if response.status() != StatusCode::OK {
            return Err(Status::new(Code::Unknown, format!("the server answered {}", response.status())));
        }
        // An answer without messages may bring its trailers in the place of headers.
        let is_over = response.headers().contains_key("grpc-status");
        if is_over {
            Status::of_trailers(response.headers())?;
        }
        Ok(Incoming { messages: Messages::new(response.into_body()), is_over, answer: PhantomData })
    }

    /// Waits until the server takes another call; an error says that the connection is gone.
    pub async fn ready(&self) -> Result<(), Status> {
        let mut sender = self.sender.clone();
        poll_fn(|context| sender.poll_ready(context)).await.map_err(|error| Status::broken(&error))
    }
}

/// The messages of an answer, as they come in.
pub struct Incoming<A> {
    messages: Messages,
    is_over: bool,
    answer: PhantomData<fn() -> A>,
}

impl<A: Message + Default> Incoming<A> {
    /// Returns the next message, nothing after the last one, or how the call ended if it did not end well.
    pub async fn next(&mut self) -> Result<Option<A>, Status> {
        if self.is_over {
            return Ok(None);
        }
        if let Some(bytes) = self.messages.next().await? {
            return body::decode(bytes).map(Some);
        }
        self.is_over = true;
        match self.messages.trailers().await? {
            Some(trailers) => Status::of_trailers(&trailers).map(|()| None),
            None => Err(Status::new(Code::Unknown, "the answer has no status")),
        }
    }
}
