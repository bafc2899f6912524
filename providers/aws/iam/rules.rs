//! Rules that several types of IAM share. Each says nothing about what is not known yet.

use sdk::Problem;
use sdk::value::Value;
use serde_json::Value as Json;

use crate::fields::text;

/// The text must be a policy in JSON.
pub(crate) fn policy(config: &Value, name: &str) -> Option<Problem> {
    let text = text(config, name)?;
    let detail = match serde_json::from_str::<Json>(&text) {
        Ok(Json::Object(_)) => return None,
        Ok(_) => format!("`{name}` must be a policy: an object in JSON."),
        Err(error) => {
            format!("`{name}` must be a policy in JSON: {error}. `jsonencode` or `aws_iam_policy_document` write it.")
        }
    };
    Some(Problem::error("Invalid policy", detail).at(name))
}
