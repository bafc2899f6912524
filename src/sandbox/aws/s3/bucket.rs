//! Buckets.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};

use super::object::{self, Stored};
use super::{Answer, Error, Target, not_allowed, not_emulated};
use crate::aws::query::plain;
use crate::aws::signature::hex;
use crate::clock::rfc3339;
use crate::frame::Frame;
use crate::server::Request;
use crate::world::{Change, Records};

const BUCKETS_MAX: usize = 1000;
/// Objects in an answer.
const KEYS_MAX: usize = 1000;

/// Buckets are in no region, as their names are for all of AWS.
pub fn record(bucket: &str) -> String {
    format!("aws/s3/global/buckets/{bucket}")
}

/// Returns a bucket, or the error that there is none.
pub fn get(records: &Records, bucket: &str) -> Result<Json, Error> {
    let missing = || Error::new("NoSuchBucket", 404, "The specified bucket does not exist");
    records.get(&record(bucket)).ok_or_else(missing)
}

/// `ListBuckets`.
pub fn list(records: &Records) -> Result<Answer, Error> {
    let prefix = record("");
    let mut text = "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>sandbox</ID></Owner><Buckets>".to_owned();
    for (name, found) in records.under(&prefix) {
        let found: Json = serde_json::from_str(found).unwrap_or_default();
        let made = found["created"].as_str().unwrap_or_default();
        let _ = write!(
            text,
            "<Bucket><Name>{}</Name><CreationDate>{made}</CreationDate></Bucket>",
            plain(&name[prefix.len()..])
        );
    }
    text.push_str("</Buckets></ListAllMyBucketsResult>");
    Ok(Answer::xml(text))
}

/// Does what is asked of a bucket.
pub fn act(
    change: &mut Change<'_>,
    frame: &Frame,
    request: &Request,
    (target, body): (&Target, &Bytes),
    region: &str,
) -> Result<Answer, Error> {
    let name = &target.bucket;
    match (&request.method, target.part()) {
        (&Method::PUT, None) => create(change, frame, name, body, region),
        (&Method::HEAD, None) => {
            let bucket = get(change, name)?;
            let region = bucket["region"].as_str().unwrap_or_default().to_owned();
            Ok(Answer { headers: vec![("x-amz-bucket-region".into(), region)], ..Answer::empty(200) })
        }
        (&Method::DELETE, None) => {
            get(change, name)?;
            if change.under(&object::record(name, "")).next().is_some() {
                return Err(Error::new("BucketNotEmpty", 409, "The bucket you tried to delete is not empty"));
            }
            change.remove(&record(name));
            Ok(Answer::empty(204))
        }
        (&Method::GET, None) => objects(change, target),
        (&Method::GET, Some("location")) => {
            let bucket = get(change, name)?;
            let region = bucket["region"].as_str().filter(|region| *region != "us-east-1").unwrap_or_default();
            Ok(Answer::xml(format!(
                "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</LocationConstraint>"
            )))
        }
        (&Method::GET, Some("versioning")) => {
            let bucket = get(change, name)?;
            let status = bucket["versioning"].as_str().map(|status| format!("<Status>{status}</Status>"));
            Ok(Answer::xml(format!(
                "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}</VersioningConfiguration>",
                status.unwrap_or_default()
            )))
        }
        (&Method::PUT, Some("versioning")) => {
            let mut bucket = get(change, name)?;
            let text = String::from_utf8_lossy(body);
            let status = if text.contains("<Status>Enabled</Status>") { "Enabled" } else { "Suspended" };
            bucket["versioning"] = json!(status);
            change.put(&record(name), &bucket);
            Ok(Answer::empty(200))
        }
        (&Method::POST, Some("delete")) => object::delete_many(change, name, body),
        (_, Some(part)) => Err(not_emulated(part)),
        _ => Err(not_allowed()),
    }
}

fn create(change: &mut Change<'_>, frame: &Frame, name: &str, body: &Bytes, region: &str) -> Result<Answer, Error> {
    let is_usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_name = (3..=63).contains(&name.len())
        && name.bytes().all(is_usual)
        && is_end(name.bytes().next())
        && is_end(name.bytes().last())
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if !is_name {
        return Err(Error::new("InvalidBucketName", 400, "The specified bucket is not valid."));
    }
    let text = String::from_utf8_lossy(body);
    let constraint =
        text.split_once("<LocationConstraint>").and_then(|(_, rest)| rest.split_once("</LocationConstraint>"));
    let wanted = constraint.map_or("us-east-1", |(wanted, _)| wanted);
    if region != "us-east-1" && wanted != region {
        let text = "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.";
        return Err(Error::new("IllegalLocationConstraintException", 400, text));
    }
    if get(change, name).is_ok() {
        let text = "Your previous request to create the named bucket succeeded and you already own it.";
        return Err(Error::new("BucketAlreadyOwnedByYou", 409, text));
    }
    if change.under(&record("")).count() >= BUCKETS_MAX {
        return Err(Error::new("TooManyBuckets", 400, "You have attempted to create more buckets than allowed"));
    }
    let bucket = json!({"region": wanted, "created": rfc3339(frame.clock.now())});
    change.put(&record(name), &bucket);
    Ok(Answer { headers: vec![("location".into(), format!("/{name}"))], ..Answer::empty(200) })
}

/// `ListObjectsV2`: sorted, in pages, with what lies below a delimiter put together.
fn objects(records: &Records, target: &Target) -> Result<Answer, Error> {
    get(records, &target.bucket)?;
    let prefix = target.parameter("prefix").unwrap_or_default();
    let delimiter = target.parameter("delimiter").filter(|delimiter| !delimiter.is_empty());
    let most = target.parameter("max-keys").and_then(|most| most.parse().ok()).unwrap_or(KEYS_MAX).min(KEYS_MAX);
    let behind = target.parameter("continuation-token").and_then(from_hex);
    let behind = behind.or(target.parameter("start-after").or(target.parameter("marker")).map(str::to_owned));
    let base = object::record(&target.bucket, "");
    let all = object::record(&target.bucket, prefix);
    let (mut entries, mut common, mut last, mut is_more) = (String::new(), Vec::<String>::new(), String::new(), false);
    let mut count = 0;
    for (name, text) in records.under(&all) {
        let key = &name[base.len()..];
        let group = delimiter.and_then(|delimiter| {
            key[prefix.len()..].find(delimiter).map(|at| key[..prefix.len() + at + delimiter.len()].to_owned())
        });
        let place = group.as_deref().unwrap_or(key);
        if behind.as_deref().is_some_and(|behind| place <= behind) || common.last().is_some_and(|known| known == place)
        {
            continue;
        }
        if count == most {
            is_more = true;
            break;
        }
        count += 1;
        last = place.to_owned();
        match group {
            Some(group) => common.push(group),
            None => {
                let stored: Stored = serde_json::from_str(text).unwrap_or_default();
                let _ = write!(
                    entries,
                    "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size>\
                     <StorageClass>STANDARD</StorageClass></Contents>",
                    encoded(target, key),
                    stored.modified,
                    stored.etag,
                    stored.size
                );
            }
        }
    }
    let mut text = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{}</Prefix><KeyCount>{count}</KeyCount>\
         <MaxKeys>{most}</MaxKeys><IsTruncated>{is_more}</IsTruncated>",
        plain(&target.bucket),
        encoded(target, prefix)
    );
    if let Some(kind) = target.parameter("encoding-type") {
        let _ = write!(text, "<EncodingType>{}</EncodingType>", plain(kind));
    }
    if let Some(delimiter) = delimiter {
        let _ = write!(text, "<Delimiter>{}</Delimiter>", plain(delimiter));
    }
    if is_more {
        let _ = write!(text, "<NextContinuationToken>{}</NextContinuationToken>", hex(last.as_bytes()));
    }
    text.push_str(&entries);
    for group in common {
        let _ = write!(text, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", encoded(target, &group));
    }
    text.push_str("</ListBucketResult>");
    Ok(Answer::xml(text))
}

/// Writes a key as the request wants it: escaped as in addresses, or as XML.
fn encoded(target: &Target, key: &str) -> String {
    match target.parameter("encoding-type") {
        Some("url") => crate::aws::signature::escape(key, true),
        _ => plain(key),
    }
}

fn from_hex(text: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}
