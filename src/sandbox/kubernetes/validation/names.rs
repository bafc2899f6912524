//! Names, labels and annotations.

use serde_json::Value as Json;

use super::super::failure::{Cause, Failure};
use super::super::kinds::Kind;

/// The longest name there is.
const NAME_LENGTH_MAX: usize = 253;
/// Bytes of all annotations together.
const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                         and must start and end with an alphanumeric character";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                     and must start and end with an alphanumeric character";
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                         alphabetic character, and end with an alphanumeric character";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                     and must start and end with an alphanumeric character";
const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                   alphanumeric character";

fn is_edge(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Tells whether a text is a label of DNS.
pub fn is_label(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(is_edge)
        && name.ends_with(is_edge)
        && name.chars().all(|c| is_edge(c) || c == '-')
}

/// Tells whether a text is a name of DNS with dots.
pub fn is_subdomain(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(is_edge) && part.ends_with(is_edge) && part.chars().all(|c| is_edge(c) || c == '-')
    };
    name.len() <= NAME_LENGTH_MAX && name.split('.').all(part)
}

/// Checks the name of a new object.
pub fn check_name(kind: &Kind, name: &str) -> Result<(), Failure> {
    let (group, plural) = (&*kind.group, &*kind.plural);
    let hint = match (group, plural) {
        ("rbac.authorization.k8s.io", _) | ("certificates.k8s.io", _) => {
            let is_bad = name.contains(['/', '%']) || name == "." || name == "..";
            is_bad.then_some("may not be a part of a path, nor contain '/' or '%'")
        }
        ("networking.k8s.io", "ipaddresses") => name
            .parse::<std::net::IpAddr>()
            .is_err()
            .then_some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("", "namespaces") => (!is_label(name)).then_some(LABEL),
        ("", "services") => (!is_label(name) || name.starts_with(|c: char| c.is_ascii_digit())).then_some(OLD_LABEL),
        ("batch", "cronjobs") if name.len() > 52 => Some("must be no more than 52 characters"),
        ("batch", "jobs") if name.len() > 63 => Some("must be no more than 63 characters"),
        _ => (!is_subdomain(name)).then_some(SUBDOMAIN),
    };
    match hint {
        Some(hint) => Err(Failure::invalid(kind, name, vec![Cause::invalid("metadata.name", &Json::from(name), hint)])),
        None => Ok(()),
    }
}

/// Checks what all objects have.
pub fn metadata(metadata: &Json, causes: &mut Vec<Cause>) {
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        label(key, value, "metadata.labels", causes);
    }
    let mut bytes = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        bytes += key.len() + value.as_str().map_or(0, str::len);
        if !is_key(&key.to_lowercase()) {
            causes.push(Cause::invalid("metadata.annotations", &key.as_str().into(), KEY));
        }
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        let message = format!("Too long: may not be more than {ANNOTATIONS_BYTES_MAX} bytes");
        causes.push(Cause { field: "metadata.annotations".into(), reason: "FieldValueTooLong", message });
    }
    for finalizer in metadata["finalizers"].as_array().into_iter().flatten() {
        let name = finalizer.as_str().unwrap_or_default();
        let is_own = matches!(name, "orphan" | "foregroundDeletion");
        if !is_key(name) || !is_own && !name.contains('/') {
            let hint = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid("metadata.finalizers", finalizer, hint));
        }
    }
    let mut controllers = 0;
    for (place, owner) in metadata["ownerReferences"].as_array().into_iter().flatten().enumerate() {
        for member in ["apiVersion", "kind", "name", "uid"] {
            if owner[member].as_str().unwrap_or_default().is_empty() {
                let path = format!("metadata.ownerReferences[{place}].{member}");
                causes.push(Cause::invalid(path, &"".into(), "must not be empty"));
            }
        }
        controllers += usize::from(owner["controller"] == true);
    }
    if controllers > 1 {
        let hint = "Only one reference can have Controller set to true";
        causes.push(Cause::invalid("metadata.ownerReferences", &metadata["ownerReferences"], hint));
    }
}

/// Checks a label.
pub fn label(key: &str, value: &Json, path: &str, causes: &mut Vec<Cause>) {
    let text = value.as_str().unwrap_or_default();
    if text.len() > 63 {
        causes.push(Cause::invalid(path, value, "must be no more than 63 bytes"));
    } else if !text.is_empty() && !is_name(text) {
        causes.push(Cause::invalid(path, value, VALUE));
    }
    if !is_key(key) {
        causes.push(Cause::invalid(path, &key.into(), KEY));
    }
}

/// Tells whether a text is a name as labels have it.
fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63 && text.starts_with(edge) && text.ends_with(edge) && text.chars().all(good)
}

fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_name(name),
        None => is_name(key),
    }
}
