//! What tells objects apart: version, kind, namespace and name; and the texts that imports have for that.

use sdk::value::{Type, Value};
use sdk::{IdentityAttribute, IdentitySchema, Problem, attribute};
use serde_json::Value as Json;

use crate::cluster::Named;
use crate::json::{at, set_text};

/// Returns what identities look like.
pub(crate) fn schema() -> IdentitySchema {
    let attributes = vec![
        IdentityAttribute::new("api_version", Type::String, "Group and version of its kind: `apps/v1`."),
        IdentityAttribute::new("kind", Type::String, "Its kind: `Deployment`."),
        IdentityAttribute::new("namespace", Type::String, "The namespace that it is in.").optional(),
        IdentityAttribute::new("name", Type::String, "Its name."),
    ];
    IdentitySchema { version: 0, attributes }
}

/// Returns the identity of an object.
pub(crate) fn of(object: &Json) -> Value {
    let namespace = object.pointer("/metadata/namespace").and_then(Json::as_str).map(str::to_owned);
    of_named(&Named {
        api_version: at(object, "/apiVersion").to_owned(),
        kind: at(object, "/kind").to_owned(),
        namespace,
        name: at(object, "/metadata/name").to_owned(),
    })
}

/// Returns the identity of what has a name.
pub(crate) fn of_named(named: &Named) -> Value {
    let namespace = named.namespace.as_deref().map_or_else(|| Value::null(Type::String), Value::string);
    Value::object([
        ("api_version", Value::string(named.api_version.as_str())),
        ("kind", Value::string(named.kind.as_str())),
        ("namespace", namespace),
        ("name", Value::string(named.name.as_str())),
    ])
}

/// Reads an identity.
pub(crate) fn named(identity: &Value) -> Result<Named, Problem> {
    let part = |name: &str| {
        let missing = || Problem::error("Incomplete identity", format!("`{name}` is not set.")).at(name);
        set_text(identity, name).ok_or_else(missing)
    };
    Ok(Named {
        api_version: part("api_version")?,
        kind: part("kind")?,
        namespace: attribute(identity, "namespace").as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        name: part("name")?,
    })
}

/// Reads an id like `apiVersion=v1,kind=ConfigMap,namespace=default,name=a`.
pub(crate) fn parse_import_id(id: &str) -> Result<Named, Problem> {
    let wrong = |why: String| {
        let detail = format!("{why} An id is written like `apiVersion=v1,kind=ConfigMap,namespace=default,name=a`.");
        Problem::error("Invalid import id", detail)
    };
    let mut parts: [(&str, Option<String>); 4] =
        [("apiVersion", None), ("kind", None), ("namespace", None), ("name", None)];
    for part in id.split(',') {
        let (name, value) = part.split_once('=').ok_or_else(|| wrong(format!("{part:?} has no `=`.")))?;
        let slot = parts.iter_mut().find(|(known, _)| *known == name.trim());
        let (_, slot) = slot.ok_or_else(|| wrong(format!("{name:?} is no part of it.")))?;
        *slot = Some(value.trim().to_owned());
    }
    let [api_version, kind, namespace, name] =
        parts.map(|(part, value)| (part, value.filter(|value| !value.is_empty())));
    let needed = |(part, value): (&str, Option<String>)| value.ok_or_else(|| wrong(format!("`{part}` is missing.")));
    Ok(Named { api_version: needed(api_version)?, kind: needed(kind)?, namespace: namespace.1, name: needed(name)? })
}

#[cfg(test)]
mod tests {
    use super::parse_import_id;
    use crate::cluster::Named;

    #[test]
    fn import_ids_have_named_parts() {
        let named = |namespace: Option<&str>| Named {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: namespace.map(str::to_owned),
            name: "web".into(),
        };
        let parsed = |id| parse_import_id(id).map_err(|problem| problem.detail);
        assert_eq!(parsed("apiVersion=apps/v1,kind=Deployment,namespace=a,name=web"), Ok(named(Some("a"))));
        assert_eq!(parsed("apiVersion=apps/v1,kind=Deployment,name=web"), Ok(named(None)));
        for (id, why) in [
            ("web", "\"web\" has no `=`."),
            ("kind=Pod,name=a", "`apiVersion` is missing."),
            ("apiVersion=v1,kind=Pod,name=", "`name` is missing."),
            ("version=v1", "\"version\" is no part"),
        ] {
            assert!(parsed(id).is_err_and(|detail| detail.starts_with(why)), "{id}");
        }
    }
}
