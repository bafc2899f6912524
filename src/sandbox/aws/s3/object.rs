//! Objects: written and deleted under conditions, read whole or in part.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::{Answer, Error, Target, bucket, not_allowed, not_emulated};
use crate::aws::query::plain;
use crate::aws::signature::{header, hex};
use crate::clock::rfc3339;
use crate::frame::Frame;
use crate::server::Request;
use crate::world::{Change, Records};

/// Objects that one request may delete.
const DELETES_MAX: usize = 1000;
const KEY_BYTES_MAX: usize = 1024;

/// An object as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stored {
    pub etag: String,
    pub size: usize,
    pub modified: String,
    /// Headers that it was written with, and that come with it.
    pub headers: BTreeMap<String, String>,
    /// In base64.
    pub body: String,
}

/// Returns the name of a record.
pub fn record(bucket: &str, key: &str) -> String {
    format!("aws/s3/global/objects/{bucket}/{key}")
}

/// Does what is asked of an object.
pub fn act(
    change: &mut Change<'_>,
    frame: &Frame,
    request: &Request,
    (target, body): (&Target, &Bytes),
) -> Result<Answer, Error> {
    bucket::get(change, &target.bucket)?;
    if let Some(part) = target.part() {
        return Err(not_emulated(part));
    }
    if target.key.len() > KEY_BYTES_MAX {
        return Err(Error::new("KeyTooLongError", 400, "Your key is too long"));
    }
    match request.method {
        Method::PUT if header(request, "x-amz-copy-source").is_some() => Err(not_emulated("copies")),
        Method::PUT => put(change, frame, request, target, body),
        Method::GET | Method::HEAD => get(change, request, target),
        Method::DELETE => {
            check_match(request, find(change, target).as_ref())?;
            change.remove(&record(&target.bucket, &target.key));
            Ok(Answer::empty(204))
        }
        _ => Err(not_allowed()),
    }
}

fn find(records: &Records, target: &Target) -> Option<Stored> {
    records.get(&record(&target.bucket, &target.key))
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// Checks `If-Match`: the object must be there, as the writer knows it.
fn check_match(request: &Request, found: Option<&Stored>) -> Result<(), Error> {
    let Some(wanted) = header(request, "if-match") else { return Ok(()) };
    match found {
        Some(stored) if wanted.trim() == "*" || unquoted(wanted) == stored.etag => Ok(()),
        Some(_) => Err(precondition()),
        None => Err(Error::new("NoSuchKey", 404, "The specified key does not exist.")),
    }
}

fn precondition() -> Error {
    Error::new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
}

fn put(
    change: &mut Change<'_>,
    frame: &Frame,
    request: &Request,
    target: &Target,
    body: &Bytes,
) -> Result<Answer, Error> {
    let found = find(change, target);
    check_match(request, found.as_ref())?;
    match header(request, "if-none-match").map(str::trim) {
        Some("*") if found.is_some() => return Err(precondition()),
        None | Some("*") => {}
        Some(_) => return Err(not_emulated("If-None-Match with anything but * for writes")),
    }
    let digest = Md5::digest(body);
    if header(request, "content-md5").is_some_and(|given| given != STANDARD.encode(digest)) {
        return Err(Error::new("BadDigest", 400, "The Content-MD5 you specified did not match what we received."));
    }
    let mut headers = BTreeMap::new();
    for (name, value) in &request.headers {
        let name = name.as_str();
        let is_kept = name.starts_with("x-amz-meta-")
            || ["cache-control", "content-disposition", "content-language", "content-type"].contains(&name);
        if let Ok(value) = value.to_str()
            && is_kept
        {
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let etag = hex(&digest);
    let modified = rfc3339(frame.clock.now());
    let stored = Stored { etag: etag.clone(), size: body.len(), modified, headers, body: STANDARD.encode(body) };
    change.put(&record(&target.bucket, &target.key), &stored);
    Ok(Answer { headers: vec![("etag".into(), format!("\"{etag}\""))], ..Answer::empty(200) })
}

fn get(records: &Records, request: &Request, target: &Target) -> Result<Answer, Error> {
    let missing = || Error::new("NoSuchKey", 404, "The specified key does not exist.");
    let stored = find(records, target).ok_or_else(missing)?;
    check_match(request, Some(&stored))?;
    let quoted = format!("\"{}\"", stored.etag);
    if header(request, "if-none-match").is_some_and(|known| known.trim() == "*" || unquoted(known) == stored.etag) {
        return Ok(Answer { headers: vec![("etag".into(), quoted)], ..Answer::empty(304) });
    }
    let body = STANDARD.decode(&stored.body).unwrap_or_default();
    let mut answer = Answer::empty(200);
    answer.headers = vec![
        ("etag".into(), quoted),
        ("last-modified".into(), http_date(&stored.modified)),
        ("accept-ranges".into(), "bytes".to_owned()),
    ];
    for (name, value) in stored.headers {
        answer.headers.push((name.into(), value));
    }
    let range = header(request, "range").and_then(|range| range_of(range, body.len()));
    let part = match range {
        Some((from, to)) => {
            answer.status = 206;
            answer.headers.push(("content-range".into(), format!("bytes {from}-{to}/{}", body.len())));
            body[from..=to].to_vec()
        }
        None => body,
    };
    if request.method == Method::HEAD {
        answer.headers.push(("content-length".into(), part.len().to_string()));
    } else {
        answer.body = part;
    }
    Ok(answer)
}

/// Reads `bytes=0-9`, `bytes=5-` or `bytes=-5` for a body of a length.
fn range_of(text: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let (from, to) = match (from.parse::<usize>().ok(), to.parse::<usize>().ok()) {
        (Some(from), to) => (from, to.unwrap_or(last).min(last)),
        (None, Some(count)) => (length.saturating_sub(count), last),
        (None, None) => return None,
    };
    (from <= to).then_some((from, to))
}

/// Writes `2026-11-21T17:30:05Z` as headers have dates.
fn http_date(text: &str) -> String {
    let number =
        |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(1);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // Sakamoto's rule for the day of the week.
    let shift = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let before = if month < 3 { year.saturating_sub(1) } else { year };
    let weekday = (before + before / 4 - before / 100 + before / 400 + shift[(month + 11) % 12] + day) % 7;
    let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday];
    let time = text.get(11..19).unwrap_or("00:00:00");
    format!("{weekday}, {day:02} {} {year:04} {time} GMT", months[(month + 11) % 12])
}

/// `DeleteObjects`.
pub fn delete_many(change: &mut Change<'_>, bucket: &str, body: &Bytes) -> Result<Answer, Error> {
    bucket::get(change, bucket)?;
    let text = String::from_utf8_lossy(body);
    let is_quiet = text.contains("<Quiet>true</Quiet>");
    let keys: Vec<String> = text
        .split("<Key>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</Key>"))
        .map(|(key, _)| {
            key.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&")
        })
        .collect();
    if keys.is_empty() || keys.len() > DELETES_MAX {
        let text = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Error::new("MalformedXML", 400, text));
    }
    let mut answer = "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    for key in keys {
        change.remove(&record(bucket, &key));
        if !is_quiet {
            let _ = write!(answer, "<Deleted><Key>{}</Key></Deleted>", plain(&key));
        }
    }
    answer.push_str("</DeleteResult>");
    Ok(Answer::xml(answer))
}

#[cfg(test)]
mod tests {
    use super::{http_date, range_of};

    #[test]
    fn dates_have_their_day_of_the_week() {
        assert_eq!(http_date("2026-11-21T17:30:05Z"), "Sat, 21 Nov 2026 17:30:05 GMT");
        assert_eq!(http_date("2000-02-29T00:00:00Z"), "Tue, 29 Feb 2000 00:00:00 GMT");
    }

    #[test]
    fn ranges_stay_within_the_body() {
        for (text, expected) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=5-", Some((5, 9))),
            ("bytes=-2", Some((8, 9))),
            ("bytes=20-", None),
            ("x", None),
        ] {
            assert_eq!(range_of(text, 10), expected, "{text}");
        }
    }
}
