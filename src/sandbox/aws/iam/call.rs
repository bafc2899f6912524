//! What an operation of IAM gets, the checks that several share, and lists in pages.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::aws::account::{ACCOUNT, Caller, random};
use crate::aws::query::{Error, Parameters};
pub use crate::aws::query::{constraint, validation};
use crate::aws::signature::hex;
use crate::clock::rfc3339;
use crate::world::Change;

/// Elements of a page unless the request says so.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1000;

/// A call of an operation.
pub struct Invocation<'c, 'w> {
    pub change: &'c mut Change<'w>,
    pub form: Parameters,
    pub now: Duration,
    pub caller: Caller,
}

/// The kinds of things that IAM has, with how their records and names begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Role,
    Policy,
    InstanceProfile,
    Provider,
}

impl Kind {
    /// Returns the name of a record. Names differ by more than the case of their letters.
    pub fn record(self, name: &str) -> String {
        let folder = match self {
            Kind::Role => "roles",
            Kind::Policy => "policies",
            Kind::InstanceProfile => "profiles",
            Kind::Provider => "providers",
        };
        format!("aws/iam/global/{folder}/{}", name.to_ascii_lowercase())
    }

    /// Returns a new id.
    pub fn id(self) -> String {
        let begin = match self {
            Kind::Role => "AROA",
            Kind::Policy => "ANPA",
            Kind::InstanceProfile => "AIPA",
            Kind::Provider => "",
        };
        format!("{begin}{}", &random::<9>().to_uppercase()[..17])
    }
}

/// Returns the name of a thing for the whole of AWS.
pub fn arn(kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{kind}{path}{name}")
}

pub fn no_such(message: impl Into<String>) -> Error {
    Error::of_status("NoSuchEntity", 404, message)
}

pub fn exists(message: impl Into<String>) -> Error {
    Error::of_status("EntityAlreadyExists", 409, message)
}

pub fn conflict(message: impl Into<String>) -> Error {
    Error::of_status("DeleteConflict", 409, message)
}

pub fn limit(message: impl Into<String>) -> Error {
    Error::of_status("LimitExceeded", 409, message)
}

pub fn invalid_input(message: impl Into<String>) -> Error {
    Error::new("InvalidInput", message)
}

impl Invocation<'_, '_> {
    /// Returns a value that the request must have.
    pub fn needed(&self, name: &str) -> Result<String, Error> {
        self.form.needed(name).map(str::to_owned)
    }

    /// Returns a name that the request must have.
    pub fn name(&self, parameter: &str, length_max: usize) -> Result<String, Error> {
        let name = self.needed(parameter)?;
        if name.len() > length_max {
            let rule = format!("Member must have length less than or equal to {length_max}");
            return Err(constraint(parameter, &name, &rule));
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)) {
            return Err(constraint(parameter, &name, "Member must satisfy regular expression pattern: [\\w+=,.@-]+"));
        }
        Ok(name)
    }

    /// Returns the path of what is made.
    pub fn path(&self) -> Result<String, Error> {
        let path = self.form.get("Path").unwrap_or("/");
        let is_path =
            path.starts_with('/') && path.ends_with('/') && path.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        if !is_path || path.len() > 512 {
            return Err(validation(
                "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
            ));
        }
        Ok(path.to_owned())
    }

    /// Returns a description.
    pub fn description(&self) -> Result<Option<String>, Error> {
        let text = self.form.get("Description");
        match text {
            Some(text) if text.chars().count() > 1000 => {
                Err(constraint("Description", text, "Member must have length less than or equal to 1000"))
            }
            _ => Ok(text.map(str::to_owned)),
        }
    }

    /// Returns a number within bounds.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Error> {
        let Some(text) = self.form.get(name) else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Ok(number) if number < least => {
                Err(constraint(name, text, &format!("Member must have value greater than or equal to {least}")))
            }
            Ok(_) => Err(constraint(name, text, &format!("Member must have value less than or equal to {most}"))),
            Err(_) => Err(Error::new("MalformedInput", format!("{name} must be a number"))),
        }
    }

    /// Returns the time as IAM writes it.
    pub fn date(&self) -> String {
        rfc3339(self.now)
    }

    /// Returns the records of a kind, in the order of their names.
    pub fn all(&self, kind: Kind) -> Vec<Json> {
        let prefix = kind.record("");
        self.change.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
    }

    /// Tells whether something's path begins as the request wants it.
    pub fn is_under_path(&self, path: &str) -> bool {
        path.starts_with(self.form.get("PathPrefix").unwrap_or("/"))
    }

    /// Returns a page of a list that is in the order of its keys.
    pub fn page(&self, member: &str, list: Vec<(String, Json)>) -> Result<Json, Error> {
        let most = self.number("MaxItems", 1, PAGE_MAX as u64)?.map_or(PAGE, |most| most as usize);
        let from = match self.form.get("Marker") {
            None => 0,
            Some(marker) => {
                let behind = from_marker(marker).ok_or_else(|| validation(format!("Invalid Marker: {marker}")))?;
                list.partition_point(|(key, _)| *key <= behind)
            }
        };
        let is_more = list.len() > from + most;
        let page: Vec<&(String, Json)> = list.iter().skip(from).take(most).collect();
        let marker = page.last().filter(|_| is_more).map(|(key, _)| hex(key.as_bytes()));
        let values: Vec<&Json> = page.iter().map(|(_, value)| value).collect();
        Ok(json!({member: values, "IsTruncated": is_more, "Marker": marker}))
    }
}

fn from_marker(marker: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(marker.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..marker.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

/// Returns a member's text; nothing is the empty text.
pub fn text<'j>(value: &'j Json, member: &str) -> &'j str {
    value[member].as_str().unwrap_or_default()
}
