//! What an operation of EC2 gets: parameters, tags, filters, pages, tokens.

use serde_json::{Value as Json, json};

use super::kind::Kind;
use super::region::Region;
pub use crate::aws::query::{Error, Parameters};

const TAGS_MAX: usize = 50;
/// Objects in an answer, if a page is not asked for to be smaller.
const PAGE_MAX: usize = 1000;

/// A call of an operation.
pub struct Invocation<'c, 'w> {
    pub region: Region<'c, 'w>,
    pub action: &'static str,
    pub parameters: Parameters,
}

/// Returns the error for a parameter that is missing.
pub fn missing(name: &str) -> Error {
    Error::new("MissingParameter", format!("The request must contain the parameter {}", lower(name)))
}

/// Returns the error for a value that is not one.
pub fn invalid(name: &str, value: &str, more: &str) -> Error {
    let text = format!("Value ({value}) for parameter {} is invalid. {more}", lower(name));
    Error::new("InvalidParameterValue", text.trim())
}

/// Writes a name of a parameter as answers have it: `vpcId`.
pub fn lower(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + characters.as_str())
}

/// What the answer of most operations is that make nothing.
pub fn done() -> Json {
    json!({"return": true})
}

impl Invocation<'_, '_> {
    /// Returns a parameter, if it is there and not empty.
    pub fn get(&self, name: &str) -> Option<String> {
        self.parameters.get(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Returns a parameter that must be there.
    pub fn needed(&self, name: &str) -> Result<String, Error> {
        self.get(name).ok_or_else(|| missing(name))
    }

    /// Returns a truth value.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.parameters.get(name) {
            None | Some("") => Ok(None),
            Some("true" | "True" | "1") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some(other) => Err(invalid(name, other, "Invalid boolean value")),
        }
    }

    /// Returns a number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Error> {
        match self.parameters.get(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| invalid(name, text, "Invalid integer value")),
        }
    }

    /// Returns an object that a parameter names.
    pub fn named(&self, kind: &Kind, parameter: &str) -> Result<Json, Error> {
        self.region.get(kind, &self.needed(parameter)?)
    }

    /// Returns the tags that a new object of a type is to have.
    pub fn tags(&self, resource_type: &str) -> Result<Vec<Json>, Error> {
        self.tags_of(&[resource_type]).map(|mut all| all.pop().unwrap_or_default())
    }

    /// Returns the tags for objects of several types, which are made together.
    pub fn tags_of(&self, types: &[&str]) -> Result<Vec<Vec<Json>>, Error> {
        let mut tags = vec![Vec::new(); types.len()];
        for specification in self.parameters.structures("TagSpecification") {
            let given = specification.get("ResourceType").unwrap_or_default();
            let place = types.iter().position(|known| *known == given).ok_or_else(|| {
                let text = format!("'{given}' is not a valid taggable resource type for this operation.");
                Error::new("InvalidParameterValue", text)
            })?;
            tags[place] = read_tags(&specification)?;
        }
        Ok(tags)
    }
}

/// Reads `Tag.1.Key`, `Tag.1.Value`, and so on.
pub fn read_tags(parameters: &Parameters) -> Result<Vec<Json>, Error> {
    let mut tags: Vec<Json> = Vec::new();
    for tag in parameters.structures("Tag") {
        let (key, value) = (tag.get("Key").unwrap_or_default(), tag.get("Value").unwrap_or_default());
        check_tag(key, value)?;
        if tags.iter().any(|tag| tag["key"] == key) {
            return Err(Error::new("InvalidParameterValue", format!("Duplicate tag key '{key}' specified.")));
        }
        tags.push(json!({"key": key, "value": value}));
    }
    if tags.len() > TAGS_MAX { Err(too_many_tags()) } else { Ok(tags) }
}

fn check_tag(key: &str, value: &str) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::new("InvalidParameterValue", "Tag key cannot be empty."));
    }
    if key.starts_with("aws:") {
        let text = format!("Tag keys starting with 'aws:' are reserved for internal use: {key}");
        return Err(Error::new("InvalidParameterValue", text));
    }
    if key.chars().count() > 127 {
        let text = format!("Tag key exceeds the maximum length of 127 characters: {key}");
        return Err(Error::new("InvalidParameterValue", text));
    }
    if value.chars().count() > 255 {
        let text = format!("Tag value exceeds the maximum length of 255 characters: {value}");
        return Err(Error::new("InvalidParameterValue", text));
    }
    Ok(())
}

/// Adds tags to those that an object has.
pub fn merge_tags(tags: &mut Vec<Json>, more: &[Json]) -> Result<(), Error> {
    for tag in more {
        match tags.iter_mut().find(|known| known["key"] == tag["key"]) {
            Some(known) => *known = tag.clone(),
            None => tags.push(tag.clone()),
        }
    }
    // Those of AWS do not count.
    let own = tags.iter().filter(|tag| !tag["key"].as_str().unwrap_or_default().starts_with("aws:")).count();
    if own > TAGS_MAX { Err(too_many_tags()) } else { Ok(()) }
}

fn too_many_tags() -> Error {
    Error::new("TagLimitExceeded", format!("The maximum number of {TAGS_MAX} tags for a resource has been reached."))
}

/// A filter: what it looks at, and the values one of which must be there.
struct Filter {
    path: String,
    values: Vec<String>,
}

/// Keeps those of a list that the request's filters let through; `known` has their names, and where in objects they look.
pub fn filter(invocation: &Invocation<'_, '_>, known: &[(&str, &str)], list: &mut Vec<Json>) -> Result<(), Error> {
    let mut filters = Vec::new();
    for given in invocation.parameters.structures("Filter") {
        let name = given.get("Name").unwrap_or_default().to_owned();
        let values = given.list("Value");
        let path = match (known.iter().find(|(known, _)| *known == name), name.strip_prefix("tag:")) {
            (Some((_, path)), _) => (*path).to_owned(),
            (None, Some(key)) => format!("tag:{key}"),
            (None, None) if name == "tag-key" => "tagSet/*/key".to_owned(),
            (None, None) if name == "tag-value" => "tagSet/*/value".to_owned(),
            (None, None) => {
                let text = format!("The filter '{name}' is invalid");
                return Err(Error::new("InvalidParameterValue", text));
            }
        };
        if values.is_empty() {
            return Err(Error::new("InvalidParameterValue", "The filter 'null' is invalid"));
        }
        filters.push(Filter { path, values });
    }
    list.retain(|object| filters.iter().all(|filter| passes(object, filter)));
    Ok(())
}

fn passes(object: &Json, filter: &Filter) -> bool {
    let is_wanted = |value: &Json| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        filter.values.iter().any(|pattern| is_like(pattern.as_bytes(), text.as_bytes()))
    };
    if let Some(key) = filter.path.strip_prefix("tag:") {
        let tags = super::region::list(object, "tagSet");
        return tags.iter().any(|tag| tag["key"] == key && is_wanted(&tag["value"]));
    }
    let mut found = vec![object];
    for step in filter.path.split('/') {
        found = found
            .into_iter()
            .flat_map(|value| match (step, value) {
                ("*", Json::Array(list)) => list.iter().collect(),
                ("*", _) => Vec::new(),
                _ => value.get(step).into_iter().collect(),
            })
            .collect();
    }
    found.into_iter().any(is_wanted)
}

/// Tells whether a text is like a pattern with `*` and `?`.
pub fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[at] => (at, of) = (at + 1, of + 1),
            _ => match star {
                // The last star takes one byte more.
                Some((before, took)) => {
                    star = Some((before, took + 1));
                    (at, of) = (took + 1, before + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|byte| *byte == b'*')
}

/// Returns a page of a list, and the token of the next one.
pub fn page(invocation: &Invocation<'_, '_>, member: &str, list: Vec<Json>) -> Result<Json, Error> {
    let most = match invocation.number("MaxResults")? {
        None => PAGE_MAX,
        Some(most) if (5..=1000).contains(&most) => most as usize,
        Some(most) => {
            let text =
                format!("Value ( {most} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.");
            return Err(Error::new("InvalidParameterValue", text));
        }
    };
    let from = match invocation.get("NextToken") {
        None => 0,
        Some(token) => {
            let wrong = || Error::new("InvalidNextToken", "The specified token is not valid.");
            token.strip_prefix("page-").and_then(|digits| usize::from_str_radix(digits, 16).ok()).ok_or_else(wrong)?
        }
    };
    let is_more = list.len() > from.saturating_add(most);
    let page: Vec<Json> = list.into_iter().skip(from).take(most).collect();
    let next = is_more.then(|| format!("page-{:08x}", from + most));
    Ok(json!({member: page, "nextToken": next}))
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn patterns_have_stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*", "", true),
            ("?", "", false),
            ("a?c*", "abc", true),
            ("*b*b", "abab", true),
            ("a", "ab", false),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
