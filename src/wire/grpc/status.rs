//! How a call ended.

use std::fmt;

use http::{HeaderMap, HeaderValue};

/// How a call ended, by number; the names are gRPC's.
#[allow(missing_docs, reason = "the names are gRPC's")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
}

const CODES: [Code; 10] = [
    Code::Ok,
    Code::Cancelled,
    Code::Unknown,
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::ResourceExhausted,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
];

/// A call that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What kind of end it was.
    pub code: Code,
    /// What happened, in words.
    pub message: String,
}

impl Status {
    /// Makes a status.
    pub fn new(code: Code, message: impl Into<String>) -> Status {
        Status { code, message: message.into() }
    }

    /// The connection broke or never was.
    pub(super) fn broken(error: &h2::Error) -> Status {
        Status::new(Code::Unavailable, format!("the connection broke: {error}"))
    }

    /// Reads the status from the trailers of an answer; nothing if all went well.
    pub(super) fn of_trailers(trailers: &HeaderMap) -> Result<(), Status> {
        let Some(number) = trailers.get("grpc-status") else {
            return Err(Status::new(Code::Unknown, "the answer has no status"));
        };
        let number = number.to_str().ok().and_then(|text| text.parse::<i32>().ok());
        let code = CODES.into_iter().find(|code| Some(*code as i32) == number).unwrap_or(Code::Unknown);
        if code == Code::Ok {
            return Ok(());
        }
        let message =
            trailers.get("grpc-message").map(|message| percent_decoded(message.as_bytes())).unwrap_or_default();
        Err(Status { code, message })
    }

    /// Writes how a call ended into the trailers of an answer.
    pub(super) fn trailers(result: &Result<(), Status>) -> HeaderMap {
        let mut trailers = HeaderMap::with_capacity(2);
        let code = result.as_ref().map_or_else(|status| status.code, |()| Code::Ok);
        trailers.insert("grpc-status", HeaderValue::from(code as u16));
        if let Err(status) = result
            && let Ok(message) = HeaderValue::try_from(percent_encoded(&status.message))
        {
            trailers.insert("grpc-message", message);
        }
        trailers
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.message, self.code)
    }
}

impl std::error::Error for Status {}

/// Trailers hold visible ASCII; all else goes as `%` and two digits.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn percent_decoded(text: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = tail.first_chunk::<2>().and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Code, Status};
    use http::HeaderMap;

    #[test]
    fn a_status_comes_back_as_it_went() {
        let status = Err(Status::new(Code::Internal, "100 % wrong:\nüber %41"));
        assert_eq!(Status::of_trailers(&Status::trailers(&status)), status);
        assert_eq!(Status::of_trailers(&Status::trailers(&Ok(()))), Ok(()));
    }

    #[test]
    fn what_is_no_status_is_an_unknown_one() {
        assert_eq!(Status::of_trailers(&HeaderMap::new()).unwrap_err().code, Code::Unknown);
        let strange: HeaderMap =
            [(http::HeaderName::from_static("grpc-status"), "x".parse().unwrap())].into_iter().collect();
        assert_eq!(Status::of_trailers(&strange).unwrap_err().code, Code::Unknown);
    }
}
