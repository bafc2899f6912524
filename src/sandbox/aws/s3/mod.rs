//! S3, as far as state and files of modules need it: buckets and objects, with conditional writes.
//!
//! *Not here:* versions of objects, uploads in parts, lists of who may do what; asking for them is refused.

mod bucket;
mod chunked;
mod object;

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::account::{authenticate, uuid};
use super::query::plain;
use super::signature::{Refusal, Signature, header, pairs, unescape};
use crate::frame::Frame;
use crate::server::{Body, Call, Request, Response, Service};
use crate::world::{Change, WorldError};

/// S3.
pub struct S3;

/// An error as S3 answers it.
#[derive(Debug)]
struct Error {
    code: String,
    status: u16,
    message: String,
}

impl Error {
    fn new(code: &str, status: u16, message: impl Into<String>) -> Error {
        Error { code: code.to_owned(), status, message: message.into() }
    }
}

impl From<WorldError> for Error {
    fn from(error: WorldError) -> Error {
        Error::new("InternalError", 500, format!("The sandbox's world: {error}"))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Missing => Error::new("AccessDenied", 403, "Access Denied"),
            Refusal::Incomplete(text) => Error::new("AuthorizationHeaderMalformed", 400, text),
            Refusal::UnknownKey => {
                let text = "The AWS Access Key Id you provided does not exist in our records.";
                Error::new("InvalidAccessKeyId", 403, text)
            }
            Refusal::ExpiredToken => Error::new("ExpiredToken", 400, "The provided token has expired."),
            Refusal::Scope(text) => Error::new("RequestTimeTooSkewed", 403, text),
            Refusal::Mismatch => Error::new("SignatureDoesNotMatch", 403, super::eks::MISMATCH),
        }
    }
}

/// What a request is about.
struct Target {
    /// The bucket; empty for the account.
    bucket: String,
    /// The object; empty for the bucket.
    key: String,
    query: Vec<(String, String)>,
}

impl Target {
    /// Reads a request: the bucket stands in the path, or before the host's name.
    fn of(request: &Request) -> Target {
        let path = unescape(request.path.trim_start_matches('/'));
        let query = pairs(&request.query);
        let host = header(request, "host").unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let own = [".localhost", ".s3."].iter().find_map(|mark| host.find(mark).map(|at| host[..at].to_owned()));
        if let Some(bucket) = own.filter(|bucket| !bucket.is_empty() && bucket != "s3") {
            return Target { bucket, key: path, query };
        }
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        Target { bucket: bucket.to_owned(), key: key.to_owned(), query }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// Returns the sub-resource that is asked for, if it is one.
    fn part(&self) -> Option<&str> {
        const PARTS: &[&str] = &[
            "acl",
            "cors",
            "delete",
            "encryption",
            "lifecycle",
            "location",
            "logging",
            "notification",
            "object-lock",
            "policy",
            "publicAccessBlock",
            "replication",
            "requestPayment",
            "tagging",
            "uploadId",
            "uploads",
            "versionId",
            "versioning",
            "versions",
            "website",
        ];
        self.query.iter().map(|(name, _)| &**name).find(|name| PARTS.contains(name))
    }
}

/// An answer: the status, headers, and the body.
struct Answer {
    status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn empty(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    fn xml(body: String) -> Answer {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}").into_bytes();
        Answer { status: 200, headers: vec![("content-type".into(), "application/xml".to_owned())], body }
    }
}

impl Service for S3 {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn accepts(&self, request: &Request) -> bool {
        Signature::read(request).is_ok_and(|signature| signature.service == "s3")
    }

    fn operation(&self, request: &Request) -> String {
        let target = Target::of(request);
        let what = match (target.bucket.is_empty(), target.key.is_empty()) {
            (true, _) => "Buckets",
            (_, true) => "Bucket",
            _ => "Object",
        };
        let verb = match (&request.method, what) {
            (&Method::PUT, "Bucket") => "Create",
            (&Method::PUT, _) => "Put",
            (&Method::HEAD, _) => "Head",
            (&Method::DELETE, _) => "Delete",
            (&Method::POST, _) => "Post",
            (_, "Buckets") => "List",
            (_, "Bucket") if target.part().is_none() => return "ListObjectsV2".to_owned(),
            _ => "Get",
        };
        match target.part() {
            Some(part) if what == "Bucket" => format!("{verb}Bucket?{part}"),
            _ => format!("{verb}{what}"),
        }
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let is_head = request.method == Method::HEAD;
            match act(frame, &request).await {
                Ok(answer) => to_response(answer),
                Err(error) => failed(&error, &request.path, is_head),
            }
        })
    }

    fn fail(&self, request: &Request, code: &str, status: u16, message: &str) -> Response {
        failed(&Error::new(code, status, message), &request.path, request.method == Method::HEAD)
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("SlowDown", 503)
    }
}

fn to_response(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = HeaderMap::new();
    let id = ("x-amz-request-id".into(), uuid());
    for (name, value) in answer.headers.into_iter().chain([id]) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(&*name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    Response { status, headers, body: Body::Whole(answer.body.into()), error: None }
}

fn failed(error: &Error, resource: &str, is_head: bool) -> Response {
    let body = match is_head {
        true => String::new(),
        false => format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><Resource>{}</Resource>\
             <RequestId>{}</RequestId></Error>",
            plain(&error.code),
            plain(&error.message),
            plain(resource),
            uuid()
        ),
    };
    let mut response = Response::new(error.status, "application/xml", body);
    response.error = Some(error.code.clone());
    response
}

async fn act(frame: &Arc<Frame>, request: &Request) -> Result<Answer, Error> {
    let (_, signature) = authenticate(frame, request, "s3")?;
    let target = Target::of(request);
    let body = chunked::plain_body(request)?;
    let perform = |change: &mut Change<'_>| {
        if target.bucket.is_empty() {
            return match request.method {
                Method::GET => bucket::list(change),
                _ => Err(not_allowed()),
            };
        }
        if target.key.is_empty() {
            return bucket::act(change, frame, request, (&target, &body), &signature.region);
        }
        object::act(change, frame, request, (&target, &body))
    };
    frame.world.change(perform).await
}

fn not_allowed() -> Error {
    Error::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
}

fn not_emulated(what: &str) -> Error {
    Error::new("NotImplemented", 501, format!("The sandbox's S3 has no {what}."))
}
