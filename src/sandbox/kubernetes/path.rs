//! The paths of requests, and what they mean.

use http::Method;

use super::failure::Failure;
use crate::server::Request;

/// A path, taken apart.
pub struct Path {
    /// The cluster.
    pub cluster: String,
    /// The parts below the cluster.
    pub rest: Vec<String>,
    query: Vec<(String, String)>,
}

/// What a path below `/api` or `/apis` names.
pub struct Place {
    /// The group; empty for the core.
    pub group: String,
    /// The version.
    pub version: String,
    /// The resource.
    pub plural: String,
    /// The namespace, if there is one.
    pub namespace: Option<String>,
    /// The name; empty if it is about all of them.
    pub name: String,
    /// The part of the object, if there is one.
    pub part: Option<String>,
}

impl Path {
    /// Reads the path of a request.
    pub fn read(request: &Request) -> Result<Path, Failure> {
        let parts: Option<Vec<String>> =
            request.path.split('/').filter(|part| !part.is_empty()).map(|part| decoded(part, false)).collect();
        let mut parts = parts.ok_or_else(Failure::no_path)?.into_iter();
        // An escaped slash would name records of others.
        let cluster = parts.nth(1).filter(|cluster| !cluster.contains('/')).ok_or_else(Failure::no_path)?;
        let rest: Vec<String> = parts.collect();
        if rest.iter().any(|part| part.contains('/')) {
            return Err(Failure::no_path());
        }
        let pairs = request.query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name, true)?, decoded(value, true)?))
        });
        let query = query.collect::<Option<_>>().ok_or_else(|| Failure::bad_request("the query is no text"))?;
        Ok(Path { cluster, rest, query })
    }

    /// Returns the first part below the cluster.
    pub fn first(&self) -> &str {
        self.rest.first().map_or("", |first| first)
    }

    /// Returns a parameter of the query; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.query.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// Tells whether a parameter of the query is set.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }

    /// Returns what it names below `/api` or `/apis`.
    pub fn place(&self) -> Option<Place> {
        let (group, version, rest) = match &*self.rest {
            [api, version, rest @ ..] if api == "api" => ("", version, rest),
            [apis, group, version, rest @ ..] if apis == "apis" => (&**group, version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            [word, namespace, plural, rest @ ..]
                if word == "namespaces" && !matches!(&**plural, "status" | "finalize") =>
            {
                (Some(namespace.clone()), [std::slice::from_ref(plural), rest].concat())
            }
            rest => (None, rest.to_vec()),
        };
        let mut rest = rest.into_iter();
        let place = Place {
            group: group.to_owned(),
            version: version.clone(),
            plural: rest.next()?,
            namespace,
            name: rest.next().unwrap_or_default(),
            part: rest.next(),
        };
        rest.next().is_none().then_some(place)
    }

    /// Returns the path as it was written, below the cluster.
    pub fn written(&self) -> String {
        format!("/{}", self.rest.join("/"))
    }

    /// Returns what is to be done.
    pub fn verb(&self, place: &Place, request: &Request) -> &'static str {
        match (&request.method, place.name.is_empty()) {
            (&Method::GET | &Method::HEAD, _) if self.is("watch") => "watch",
            (&Method::GET | &Method::HEAD, true) => "list",
            (&Method::GET | &Method::HEAD, false) => "get",
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, true) => "deletecollection",
            _ => "delete",
        }
    }

    /// Says what is asked for: `list pods`.
    pub fn operation(&self, request: &Request) -> String {
        let Some(place) = self.place() else { return format!("get {}", self.written()) };
        let part = place.part.as_ref().map(|part| format!("/{part}")).unwrap_or_default();
        format!("{} {}{part}", self.verb(&place, request), place.plural)
    }
}

fn decoded(text: &str, is_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
            }
            b'+' if is_query => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}
