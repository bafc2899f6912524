//! The query protocol of AWS, which EC2, ELB, IAM and STS speak: parameters of forms come in, XML goes out.
//!
//! Answers are written as JSON and become XML here: members are elements, lists have an element each for their values
//! (`member`, with EC2 `item`), what is null or begins with an underscore is left out.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value as Json;

use super::account::uuid;
use super::signature::{Refusal, Signature, pairs};
use crate::frame::Frame;
use crate::server::{Call, Request, Response, Service};
use crate::world::WorldError;

/// Parameters that a request may have; more is refused as too long.
const PARAMETERS_MAX: usize = 20_000;

/// An error as a service answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// Like `DependencyViolation`.
    pub code: String,
    /// The status of the answer.
    pub status: u16,
    /// A sentence for people.
    pub message: String,
}

impl Error {
    /// Makes an error of the request: status 400.
    pub fn new(code: &str, message: impl Into<String>) -> Error {
        Error::of_status(code, 400, message)
    }

    /// Makes an error with another status.
    pub fn of_status(code: &str, status: u16, message: impl Into<String>) -> Error {
        Error { code: code.to_owned(), status, message: message.into() }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl From<WorldError> for Error {
    fn from(error: WorldError) -> Error {
        Error::of_status("InternalFailure", 500, format!("The sandbox's world: {error}"))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let (code, status, message) = match refusal {
            Refusal::Missing => {
                ("MissingAuthenticationToken", 403, "Request is missing Authentication Token".to_owned())
            }
            Refusal::Incomplete(text) => ("IncompleteSignature", 400, text),
            Refusal::UnknownKey => {
                ("InvalidClientTokenId", 403, "The security token included in the request is invalid.".to_owned())
            }
            Refusal::ExpiredToken => {
                ("ExpiredToken", 403, "The security token included in the request is expired".to_owned())
            }
            Refusal::Scope(text) => ("SignatureDoesNotMatch", 403, text),
            Refusal::Mismatch => ("SignatureDoesNotMatch", 403, super::eks::MISMATCH.to_owned()),
        };
        Error::of_status(code, status, message)
    }
}

/// Makes the error of IAM and STS for what a request says.
pub fn validation(message: impl Into<String>) -> Error {
    Error::new("ValidationError", message)
}

/// Returns their error for a value that does not have its form.
pub fn constraint(name: &str, value: &str, rule: &str) -> Error {
    unfulfilled(name, &format!("'{value}'"), rule)
}

fn unfulfilled(name: &str, value: &str, rule: &str) -> Error {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    validation(format!("1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: {rule}"))
}

/// What a request says, or a part of it: names with their values, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a request: its body if it is posted, and its query.
    pub fn of(request: &Request) -> Parameters {
        let body = String::from_utf8_lossy(&request.body).replace('+', "%20");
        let mut parameters = pairs(&body);
        parameters.extend(pairs(&request.query.replace('+', "%20")));
        parameters.truncate(PARAMETERS_MAX);
        Parameters(parameters)
    }

    /// Returns a value, if there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// Returns a value that a request to IAM or STS must have.
    pub fn needed(&self, name: &str) -> Result<&str, Error> {
        let missing = || unfulfilled(name, "null", "Member must not be null");
        self.get(name).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// Tells whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Tells whether a parameter is there, or a part of one: `Ebs` if there is `Ebs.VolumeSize`.
    pub fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(found, _)| found.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }

    /// Returns what is within a structure, under its names there.
    pub fn within(&self, name: &str) -> Parameters {
        let inner = self.0.iter().filter_map(|(found, value)| {
            let rest = found.strip_prefix(name)?.strip_prefix('.')?;
            Some((rest.to_owned(), value.clone()))
        });
        Parameters(inner.collect())
    }

    /// Returns the values of a list: `Name.1`, `Name.2`, or `Name.member.1`.
    pub fn list(&self, name: &str) -> Vec<String> {
        let mut found: Vec<(u32, String)> = Vec::new();
        for (place, rest, value) in self.numbered(name) {
            if rest.is_empty() {
                found.push((place, value.to_owned()));
            }
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// Returns the structures of a list: `Name.1.Member`, or `Name.member.1.Member`.
    pub fn structures(&self, name: &str) -> Vec<Parameters> {
        let mut found: Vec<(u32, Parameters)> = Vec::new();
        for (place, rest, value) in self.numbered(name) {
            let pair = (rest.to_owned(), value.to_owned());
            match found.iter_mut().rev().find(|(known, _)| *known == place) {
                Some((_, structure)) => structure.0.push(pair),
                None => found.push((place, Parameters(vec![pair]))),
            }
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, structure)| structure).collect()
    }

    fn numbered<'p>(&'p self, name: &'p str) -> impl Iterator<Item = (u32, &'p str, &'p str)> {
        self.0.iter().filter_map(move |(found, value)| {
            let rest = found.strip_prefix(name)?.strip_prefix('.')?;
            let rest = rest.strip_prefix("member.").unwrap_or(rest);
            let (place, rest) = rest.split_once('.').unwrap_or((rest, ""));
            Some((place.parse().ok()?, rest, &**value))
        })
    }
}

/// Returns what a request asks for.
pub fn action(request: &Request) -> String {
    Parameters::of(request).get("Action").unwrap_or("unknown").to_owned()
}

/// Tells whether a request is for a service. What nobody signed well enough to tell that is told by the version of the protocol.
pub fn is_for(request: &Request, service: &str, version: &str) -> bool {
    match Signature::read(request) {
        Ok(signature) => signature.service == service,
        Err(_) => request.path == "/" && Parameters::of(request).get("Version") == Some(version),
    }
}

/// Does an action for a request.
pub type Act = for<'a> fn(&'a Arc<Frame>, &'a Request, &'a str) -> Call<'a, Result<Json, Error>>;

/// A service that is one for all regions, and in which nothing takes long: IAM, STS.
pub struct Global {
    /// As signatures name it.
    pub name: &'static str,
    /// Of its protocol.
    pub version: &'static str,
    /// Of its answers.
    pub namespace: &'static str,
    /// Does an action.
    pub act: Act,
}

impl Service for Global {
    fn name(&self) -> &'static str {
        self.name
    }

    fn accepts(&self, request: &Request) -> bool {
        is_for(request, self.name, self.version)
    }

    fn operation(&self, request: &Request) -> String {
        action(request)
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let action = action(&request);
            match (self.act)(frame, &request, &action).await {
                Ok(result) => answer(self.namespace, &action, &result),
                Err(error) => failure(self.namespace, &error),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        failure(self.namespace, &Error::of_status(code, status, message))
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("Throttling", 400)
    }
}

/// Escapes what means something in XML.
pub fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(character),
            // No other control character can be in XML at all.
            _ if character.is_control() => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Writes a value as an element; `each` is the name of the elements of lists.
pub fn element(text: &mut String, name: &str, value: &Json, each: &str) {
    match value {
        Json::Null => {}
        Json::Object(_) | Json::Array(_) => {
            let _ = write!(text, "<{name}>");
            // Groups of interfaces in launch templates are the one list of EC2 whose elements have another name.
            let is_groups = each == "item" && name == "groupSet" && value[0].is_string();
            elements(text, value, if is_groups { "groupId" } else { each });
            let _ = write!(text, "</{name}>");
        }
        Json::String(value) => _ = write!(text, "<{name}>{}</{name}>", plain(value)),
        Json::Bool(_) | Json::Number(_) => _ = write!(text, "<{name}>{value}</{name}>"),
    }
}

/// Writes what is in a value.
pub fn elements(text: &mut String, value: &Json, each: &str) {
    match value {
        Json::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('_')) {
                element(text, name, value, each);
            }
        }
        Json::Array(list) => list.iter().for_each(|value| element(text, each, value, each)),
        Json::Null => {}
        other => text.push_str(&plain(other.as_str().map_or_else(|| other.to_string(), str::to_owned).as_str())),
    }
}

/// Answers an action of a service that is not EC2.
pub fn answer(namespace: &str, action: &str, result: &Json) -> Response {
    let mut body = format!("<{action}Response xmlns=\"{namespace}\">");
    if !result.is_null() {
        element(&mut body, &format!("{action}Result"), result, "member");
    }
    let _ = writeln!(body, "<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>", uuid());
    Response::new(200, "text/xml", body)
}

/// Answers with an error, as services that are not EC2 do.
pub fn failure(namespace: &str, error: &Error) -> Response {
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    let (code, message) = (plain(&error.code), plain(&error.message));
    let body = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>\
         </Error><RequestId>{}</RequestId></ErrorResponse>\n",
        uuid()
    );
    let mut response = Response::new(error.status, "text/xml", body);
    response.error = Some(error.code.clone());
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Parameters, element};

    fn parameters(list: &[(&str, &str)]) -> Parameters {
        Parameters(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn reads_lists_of_structures_in_the_order_of_their_numbers() {
        let all = parameters(&[
            ("Filter.2.Name", "state"),
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.2", "b"),
            ("Filter.1.Value.1", "a"),
            ("Names.member.1", "x"),
            ("Ebs.Size", "5"),
        ]);
        let filters = all.structures("Filter");
        assert_eq!(
            filters.iter().map(|filter| filter.get("Name")).collect::<Vec<_>>(),
            [Some("vpc-id"), Some("state")]
        );
        assert_eq!(filters[0].list("Value"), ["a", "b"]);
        assert_eq!(all.list("Names"), ["x"]);
        assert!(all.has("Ebs") && !all.has("Eb"));
        assert_eq!(all.within("Ebs").get("Size"), Some("5"));
    }

    #[test]
    fn writes_elements() {
        let mut text = String::new();
        let value = json!({"a": "<&>", "b": [1, {"c": true}], "d": null, "_e": 1, "f": []});
        element(&mut text, "x", &value, "item");
        assert_eq!(text, "<x><a>&lt;&amp;&gt;</a><b><item>1</item><item><c>true</c></item></b><f></f></x>");
    }
}
