//! The one user of the account, as far as clients ask for it.

use serde_json::{Value as Json, json};

use super::call::{Invocation, arn, no_such};
use crate::aws::query::Error;

const NAME: &str = "sandbox";

/// `GetUser`.
pub fn get(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = match invocation.form.get("UserName") {
        Some(name) => name.to_owned(),
        None if invocation.caller.arn.contains(":user/") => NAME.to_owned(),
        None => {
            return Err(Error::new("ValidationError", "Must specify userName when calling with non-User credentials"));
        }
    };
    if name != NAME {
        return Err(no_such(format!("The user with name {name} cannot be found.")));
    }
    let user = json!({
        "Path": "/",
        "UserName": NAME,
        "UserId": "AIDAGANTRYSANDBOXAAAA",
        "Arn": arn("user", "/", NAME),
        "CreateDate": "2024-01-01T00:00:00Z",
    });
    Ok(json!({"User": user}))
}

/// `ListAccountAliases`. The account has none.
pub fn list_aliases(_invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(json!({"AccountAliases": [], "IsTruncated": false}))
}
