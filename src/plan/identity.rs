//! Identities: what tells an object apart from all others, for as long as it lives.

use addr::{AbsInstance, ProviderConfig};
use diag::Diagnostic;
use sdk::{IdentitySchema, Provider, UpgradeRequest};
use state::{Attributes, Identity, Object};
use value::{Value, value_from_json};

use crate::planner::{Planner, ResourceKind};

/// Returns what to store of an identity: nothing if it is not known, or the resource type has none.
pub fn to_store(schema: Option<&IdentitySchema>, identity: Option<&Value>) -> Option<Identity> {
    let (schema, identity) = (schema?, identity.filter(|identity| !identity.is_null())?);
    let attributes = Attributes::of_value(identity.clone(), schema.ty()).ok()?;
    Some(Identity { version: schema.version, attributes })
}

/// Returns an identity that was stored by this very schema.
pub fn from_store(schema: Option<&IdentitySchema>, stored: Option<&Identity>) -> Option<Value> {
    let (schema, stored) = (schema?, stored?);
    let ty = schema.ty();
    if let Some(value) = stored.attributes.value(&ty) {
        return Some(value.clone());
    }
    let json = serde_json::from_str(&stored.attributes.json()).ok()?;
    value_from_json(&json, &ty).ok().filter(|_| stored.version == schema.version)
}

/// Tells whether two identities cannot be of one object. Parts that were not known may have become so.
pub fn contradicts(before: Option<&Value>, after: Option<&Value>) -> bool {
    let Some((before, after)) = before.zip(after) else { return false };
    let (before, after) = (before.as_entries().unwrap_or_default(), after.as_entries().unwrap_or_default());
    let is_open = |value: &Value| !value.is_wholly_known() || value.is_null();
    before.iter().any(|(name, old)| {
        let new = after.iter().find(|(other, _)| other == name).map(|(_, new)| new);
        !is_open(old) && new.is_some_and(|new| new.is_wholly_known() && new != old)
    })
}

/// Says that a provider has mixed up objects.
pub fn changed(address: &AbsInstance, provider: &ProviderConfig) -> Diagnostic {
    let detail = format!(
        "The provider {} returned another identity for {address} than it had before. An object keeps its identity as long \
         as it lives, so this is a mistake in the provider.",
        provider.provider
    );
    Diagnostic {
        address: Some(address.to_string()),
        ..Diagnostic::error("Provider produced different identity", detail)
    }
}

impl Planner<'_> {
    /// Returns the stored identity of an object in the form of the current schema. An error has been reported.
    pub(crate) async fn stored_identity(
        &self,
        provider: &dyn Provider,
        kind: &ResourceKind,
        address: &AbsInstance,
        object: &Object,
    ) -> Result<Option<Value>, ()> {
        let Some((schema, stored)) = kind.identity.as_ref().zip(object.identity.as_ref()) else { return Ok(None) };
        if stored.version == schema.version
            && let Some(known) = from_store(Some(schema), Some(stored))
        {
            return Ok(Some(known));
        }
        let request = UpgradeRequest {
            kind: address.resource.resource.kind.clone(),
            version: stored.version,
            raw: serde_json::from_str(&stored.attributes.json()).unwrap_or_default(),
        };
        let response = provider.upgrade_identity(request).await;
        let failed = response.problems.iter().any(sdk::Problem::is_error);
        for problem in response.problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.address = Some(address.to_string());
            self.report(diagnostic);
        }
        if failed { Err(()) } else { Ok(Some(response.object)) }
    }

    /// Reports an identity that contradicts the one before; tells whether it does not.
    pub(crate) fn same_identity(
        &self,
        address: &AbsInstance,
        provider: &ProviderConfig,
        (before, after): (Option<&Value>, &Option<Value>),
    ) -> bool {
        let contradicts = contradicts(before, after.as_ref());
        if contradicts {
            self.report(changed(address, provider));
        }
        !contradicts
    }
}

#[cfg(test)]
mod tests {
    use super::contradicts;
    use value::{Type, Value};

    #[track_caller]
    fn check(before: Option<Value>, after: Option<Value>, expected: bool) {
        let identity = |part: Value| Value::object([("id", part)]);
        let (before, after) = (before.map(identity), after.map(identity));
        assert_eq!(contradicts(before.as_ref(), after.as_ref()), expected, "{before:?} {after:?}");
    }

    #[test]
    fn identities_stay_and_may_become_known() {
        let text = |text: &str| Some(Value::string(text));
        check(text("a"), text("a"), false);
        check(text("a"), text("b"), true);
        check(text("a"), None, false);
        check(None, text("a"), false);
        check(text("a"), Some(Value::unknown(Type::String)), false);
        check(Some(Value::null(Type::String)), text("a"), false);
        check(text("a"), Some(Value::null(Type::String)), true);
    }
}
