//! Bodies that come in chunks with a length before each, as SDKs send what they sign while they send it.

use bytes::Bytes;

use super::Error;
use crate::aws::signature::header;
use crate::server::Request;

/// Returns the body without the frames of chunks. Signatures of chunks are not looked at: that of the head was.
pub fn plain_body(request: &Request) -> Result<Bytes, Error> {
    let is_chunked = header(request, "x-amz-content-sha256").is_some_and(|kind| kind.starts_with("STREAMING-"));
    if !is_chunked {
        return Ok(request.body.clone());
    }
    let wrong = || Error::new("IncompleteBody", 400, "The chunks of the request body do not end as they should.");
    let (mut rest, mut plain) = (&request.body[..], Vec::with_capacity(request.body.len()));
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or_else(wrong)?;
        let head = std::str::from_utf8(&rest[..end]).map_err(|_| wrong())?;
        let length = head.split(';').next().unwrap_or_default();
        let length = usize::from_str_radix(length.trim(), 16).map_err(|_| wrong())?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Ok(plain.into());
        }
        let data = rest.get(..length).ok_or_else(wrong)?;
        plain.extend_from_slice(data);
        rest = rest.get(length..).and_then(|rest| rest.strip_prefix(b"\r\n")).ok_or_else(wrong)?;
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::plain_body;
    use crate::server::Request;

    fn read(body: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-content-sha256", HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
        let (method, query) = (Method::PUT, String::new());
        let request = Request {
            method,
            path: "/b/k".into(),
            query,
            headers,
            body: body.into(),
            certificate: None,
            is_secure: false,
        };
        plain_body(&request).ok().map(|body| String::from_utf8_lossy(&body).into_owned())
    }

    #[test]
    fn chunks_are_put_together() {
        let two = "5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:x\r\n\r\n";
        assert_eq!(read(two).as_deref(), Some("hello world"));
        for wrong in ["", "5\r\nhell", "zz\r\n", "5\r\nhelloXX0\r\n"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
