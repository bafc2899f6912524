//! What an operation of EKS gets, and the errors that it answers with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::aws::account::{ACCOUNT, Caller};
use crate::frame::{Frame, Task};
use crate::world::{Change, WorldError};

/// An error as EKS answers it.
#[derive(Debug)]
pub struct Error {
    pub code: String,
    pub status: u16,
    pub message: String,
    /// What it is about: `clusterName`, `nodegroupName`.
    pub about: Map<String, Json>,
}

impl Error {
    pub fn new(code: &str, status: u16, message: impl Into<String>) -> Error {
        Error { code: code.to_owned(), status, message: message.into(), about: Map::new() }
    }

    pub fn parameter(message: impl Into<String>) -> Error {
        Error::new("InvalidParameterException", 400, message)
    }

    pub fn request(message: impl Into<String>) -> Error {
        Error::new("InvalidRequestException", 400, message)
    }

    pub fn in_use(message: impl Into<String>) -> Error {
        Error::new("ResourceInUseException", 409, message)
    }

    pub fn not_found(message: impl Into<String>) -> Error {
        Error::new("ResourceNotFoundException", 404, message)
    }

    pub fn limit(message: impl Into<String>) -> Error {
        Error::new("ResourceLimitExceededException", 400, message)
    }

    pub fn about(mut self, member: &str, name: &str) -> Error {
        self.about.insert(member.to_owned(), json!(name));
        self
    }
}

impl From<WorldError> for Error {
    fn from(error: WorldError) -> Error {
        Error::new("ServerException", 500, format!("The sandbox's world: {error}"))
    }
}

/// A call of an operation.
pub struct Invocation<'c, 'w> {
    pub change: &'c mut Change<'w>,
    pub frame: &'c Arc<Frame>,
    pub caller: Caller,
    pub operation: &'static str,
    pub region: String,
    pub arguments: BTreeMap<&'static str, String>,
    pub query: Vec<(String, String)>,
    pub body: Map<String, Json>,
    pub is_stuck: bool,
}

impl Invocation<'_, '_> {
    /// Returns a part of the path.
    pub fn argument(&self, name: &str) -> String {
        self.arguments.get(name).cloned().unwrap_or_default()
    }

    /// Returns a parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// Returns the time, as EKS writes it.
    pub fn now(&self) -> Json {
        timestamp(self.frame.clock.now())
    }

    /// Returns the name of a record of this region.
    pub fn record(&self, kind: &str, name: &str) -> String {
        record(&self.region, kind, name)
    }

    /// Returns a resource's name as the whole of AWS knows it.
    pub fn arn(&self, rest: &str) -> String {
        format!("arn:aws:eks:{}:{ACCOUNT}:{rest}", self.region)
    }

    /// Plans what ends the operation, unless a fault wants that it never ends.
    pub fn later(&mut self, seconds: u64, mut what: Json) {
        what["region"] = json!(self.region);
        let task = Task { service: "eks".to_owned(), what };
        match self.is_stuck {
            true => self.frame.strand(self.change, &task),
            false => self.frame.plan(self.change, Duration::from_secs(seconds), &task),
        }
    }

    /// Returns a text of the body, if there is one.
    pub fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.body.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(serialization(name, "a string")),
        }
    }

    /// Returns a text that the body must have.
    pub fn needed(&self, name: &str) -> Result<String, Error> {
        let missing = || Error::parameter(format!("The following supplied parameter is missing or empty: {name}"));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// Returns a truth value of the body.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.body.get(name).map(|value| value.as_bool().ok_or_else(|| serialization(name, "a boolean"))).transpose()
    }

    /// Returns an object of the body.
    pub fn object(&self, name: &str) -> Result<Option<Map<String, Json>>, Error> {
        let object =
            self.body.get(name).map(|value| value.as_object().cloned().ok_or_else(|| serialization(name, "an object")));
        object.transpose()
    }

    /// Returns the record of what an earlier call with the same idempotency token made, if there was one.
    pub fn repeated(&self) -> Result<Option<String>, Error> {
        let Some(token) = self.text("clientRequestToken")? else { return Ok(None) };
        let Some(earlier) = self.change.get::<Json>(&self.record("tokens", &token)) else { return Ok(None) };
        if earlier["operation"] != self.operation || earlier["request"] != self.request() {
            let message = format!("The clientRequestToken {token} was used with other parameters before");
            return Err(Error::parameter(message));
        }
        // What it made may be gone by now; then the call is a new one.
        Ok(earlier["made"].as_str().filter(|made| self.change.has(made)).map(str::to_owned))
    }

    /// Remembers what this call made, for when its token comes again.
    pub fn remember(&mut self, made: &str) {
        if let Some(Json::String(token)) = self.body.get("clientRequestToken") {
            let kept = json!({"operation": self.operation, "request": self.request(), "made": made});
            let name = record(&self.region, "tokens", token);
            self.change.put(&name, &kept);
        }
    }

    fn request(&self) -> Json {
        json!({"arguments": self.arguments, "body": self.body})
    }

    /// Returns a page of a sorted list, as `maxResults` and `nextToken` want it, under a name.
    pub fn page(&self, member: &str, names: &[String]) -> Result<Json, Error> {
        self.page_of(member, names.iter().map(|name| (name.clone(), json!(name))).collect())
    }

    /// Returns a page of a list that is in the order of its keys.
    pub fn page_of(&self, member: &str, list: Vec<(String, Json)>) -> Result<Json, Error> {
        let given = |name: &str| {
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.parameter(name).map(str::to_owned).or_else(|| self.body.get(name).map(text))
        };
        let most = given("maxResults").map_or(Ok(100), |text| text.parse());
        let Some(most) = most.ok().filter(|most| (1..=100).contains(most)) else {
            return Err(Error::parameter("maxResults must be between 1 and 100"));
        };
        let behind = match given("nextToken").filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => Some(from_token(&token).ok_or_else(|| Error::parameter("Invalid pagination token"))?),
        };
        let from = behind.map_or(0, |behind| list.partition_point(|(key, _)| *key <= behind));
        let page = &list[from..list.len().min(from + most)];
        let is_more = from + most < list.len();
        let next = page.last().filter(|_| is_more).map(|(last, _)| crate::aws::signature::hex(last.as_bytes()));
        let values: Vec<&Json> = page.iter().map(|(_, value)| value).collect();
        Ok(json!({member: values, "nextToken": next}))
    }

    /// Returns the records of a kind that belong to a cluster, with what follows its name there.
    pub fn all_of(&self, kind: &str, cluster: &str) -> Vec<(String, Json)> {
        let prefix = self.record(kind, &format!("{cluster}/"));
        let all = self
            .change
            .under(&prefix)
            .filter_map(|(name, text)| Some((name[prefix.len()..].to_owned(), serde_json::from_str(text).ok()?)));
        all.collect()
    }
}

fn from_token(token: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(token.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

/// Returns the name of a record.
pub fn record(region: &str, kind: &str, name: &str) -> String {
    format!("aws/eks/{region}/{kind}/{name}")
}

/// Returns a time as EKS writes it: seconds with a fraction.
pub fn timestamp(time: Duration) -> Json {
    json!(time.as_millis() as f64 / 1000.0)
}

/// Returns an error for a value of a wrong type.
pub fn serialization(name: &str, wanted: &str) -> Error {
    Error::new("SerializationException", 400, format!("The value of {name} must be {wanted}"))
}

/// Tells whether a text is a name as clusters and node groups have them.
pub fn is_name(text: &str, length_max: usize) -> bool {
    let is_first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    is_first
        && text.len() <= length_max
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Checks that a text is the name of a role of the account.
pub fn check_role(text: &str, what: &str) -> Result<(), Error> {
    let name = text.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    match name {
        Some((account, name)) if account == ACCOUNT && !name.is_empty() => Ok(()),
        Some((account, _)) if account.len() == 12 && account != ACCOUNT => {
            Err(Error::parameter(format!("Cross-account pass role is not allowed: {text}")))
        }
        _ => Err(Error::parameter(format!("The {what} {text} is not the ARN of an IAM role"))),
    }
}

/// Returns texts of a list.
pub fn texts(value: Option<&Json>, name: &str) -> Result<Vec<String>, Error> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let list = value.as_array().ok_or_else(|| serialization(name, "a list"))?;
    list.iter()
        .map(|text| text.as_str().map(str::to_owned).ok_or_else(|| serialization(name, "a list of strings")))
        .collect()
}

/// Checks that a text is a name as Kubernetes has them: of a namespace, of a service account.
pub fn check_label(text: &str, what: &str) -> Result<(), Error> {
    let is_character = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.*?".contains(&byte);
    let is_name = !text.is_empty() && text.len() <= 253 && text.bytes().all(is_character);
    if is_name {
        Ok(())
    } else {
        Err(Error::parameter(format!("The {what} {text} is not a name as Kubernetes has them")))
    }
}
