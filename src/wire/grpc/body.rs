//! Messages in the bodies of requests and answers: a flag, a length, and the message.

use std::future::poll_fn;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::{RecvStream, SendStream};
use prost::Message;

use super::{Code, MESSAGE_BYTES_MAX, Status};

/// Before each message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// Frames a message.
pub(super) fn frame(message: &impl Message) -> Result<Bytes, Status> {
    let length = message.encoded_len();
    let Some(length_32) = u32::try_from(length).ok().filter(|_| length <= MESSAGE_BYTES_MAX) else {
        return Err(Status::new(Code::ResourceExhausted, format!("the message has {length} bytes, which is too many")));
    };
    let mut framed = BytesMut::with_capacity(HEAD_BYTES + length);
    framed.put_u8(0);
    framed.put_u32(length_32);
    message.encode_raw(&mut framed);
    Ok(framed.freeze())
}

/// Sends bytes as fast as the other side takes them.
pub(super) async fn send(stream: &mut SendStream<Bytes>, mut bytes: Bytes) -> Result<(), h2::Error> {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let Some(capacity) = poll_fn(|context| stream.poll_capacity(context)).await else {
            return Err(h2::Reason::CANCEL.into());
        };
        let piece = bytes.split_to(capacity?.min(bytes.len()));
        stream.send_data(piece, false)?;
    }
    Ok(())
}

/// The messages that come in on a stream.
pub(super) struct Messages {
    stream: RecvStream,
    pending: BytesMut,
}

impl Messages {
    pub(super) fn new(stream: RecvStream) -> Messages {
        Messages { stream, pending: BytesMut::new() }
    }

    /// Returns the next message, or nothing after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        while self.missing()? > 0 {
            match self.stream.data().await {
                Some(Ok(piece)) => {
                    let released = self.stream.flow_control().release_capacity(piece.len());
                    released.map_err(|error| Status::broken(&error))?;
                    self.pending.extend_from_slice(&piece);
                }
                Some(Err(error)) => return Err(Status::broken(&error)),
                None if self.pending.is_empty() => return Ok(None),
                None => return Err(Status::new(Code::Internal, "the stream ended within a message")),
            }
        }
        let length = self.length().unwrap_or(0);
        self.pending.advance(HEAD_BYTES);
        Ok(Some(self.pending.split_to(length).freeze()))
    }

    /// Returns the trailers, once all messages have been taken.
    pub(super) async fn trailers(&mut self) -> Result<Option<http::HeaderMap>, Status> {
        self.stream.trailers().await.map_err(|error| Status::broken(&error))
    }

    /// Returns how many bytes are missing until a message is whole; at least as many.
    fn missing(&self) -> Result<usize, Status> {
        let Some(length) = self.length() else { return Ok(HEAD_BYTES - self.pending.len()) };
        if self.pending[0] != 0 {
            return Err(Status::new(Code::Unimplemented, "the message is compressed"));
        }
        if length > MESSAGE_BYTES_MAX {
            return Err(Status::new(
                Code::ResourceExhausted,
                format!("the message has {length} bytes, which is too many"),
            ));
        }
        Ok((HEAD_BYTES + length).saturating_sub(self.pending.len()))
    }

    fn length(&self) -> Option<usize> {
        let (_, length) = self.pending.first_chunk::<HEAD_BYTES>()?.split_first_chunk::<1>()?;
        let length = <[u8; 4]>::try_from(length).ok().map(u32::from_be_bytes)?;
        usize::try_from(length).ok()
    }
}

/// Reads a message.
pub(super) fn decode<M: Message + Default>(bytes: Bytes) -> Result<M, Status> {
    M::decode(bytes).map_err(|error| Status::new(Code::Internal, format!("the message is not readable: {error}")))
}
