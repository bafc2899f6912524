//! The outputs in a state file of version 4.

use std::path::Path;

use sdk::Problem;
use sdk::value::{Marks, Value, type_from_json, value_from_json};
use serde_json::Value as Json;

/// The version of state files since Terraform 0.12.
const VERSION: u64 = 4;

/// Reads the outputs of the root module; sensitive ones are marked.
pub(crate) fn stored_outputs(path: &Path) -> Result<Vec<(String, Value)>, Problem> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let detail = format!("There is no state to read in `{place}`: {error}.");
        Problem::error("Unable to find remote state", detail)
    })?;
    outputs(&text).map_err(|phrase| {
        Problem::error("Unable to read remote state", format!("What `{place}` holds is no state: {phrase}."))
    })
}

fn outputs(text: &str) -> Result<Vec<(String, Value)>, String> {
    let state: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match state.get("version").and_then(Json::as_u64) {
        Some(VERSION) => {}
        Some(version) => return Err(format!("it is of version {version}, and only version {VERSION} can be read")),
        None => return Err("it does not say its version".into()),
    }
    let Some(outputs) = state.get("outputs").filter(|outputs| !outputs.is_null()) else { return Ok(vec![]) };
    let outputs = outputs.as_object().ok_or("its outputs are no object")?;
    outputs
        .iter()
        .map(|(name, output)| match stored_output(output) {
            Ok(value) => Ok((name.clone(), value)),
            Err(phrase) => Err(format!("output {name:?}: {phrase}")),
        })
        .collect()
}

fn stored_output(output: &Json) -> Result<Value, String> {
    let ty = type_from_json(output.get("type").ok_or("it has no type")?)?;
    let value = output.get("value").ok_or("it has no value")?;
    let value = value_from_json(value, &ty).map_err(|error| error.to_string())?;
    let sensitive = output.get("sensitive").and_then(Json::as_bool).unwrap_or_default();
    Ok(if sensitive { value.with_marks(Marks::SENSITIVE) } else { value })
}

#[cfg(test)]
mod tests {
    use super::{outputs, stored_outputs};
    use sdk::value::{Marks, Value};
    use std::path::Path;

    fn check(text: &str, expected: Result<Vec<(&str, Value)>, &str>) {
        let expected = expected.map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        assert_eq!(outputs(text), expected.map_err(str::to_owned));
    }

    /// The first is what Terraform 1.11.4 wrote, without what does not matter here.
    #[test]
    fn outputs_have_their_types_and_secrets_stay_secret() {
        let text = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "x", "outputs": {
            "p": {"value": {"x": [1, "a"]}, "type": ["object", {"x": ["tuple", ["number", "string"]]}]},
            "s": {"value": "sec", "type": "string", "sensitive": true}}, "resources": [], "check_results": null}"#;
        let p = Value::object([("x", Value::tuple([Value::number(1), "a".into()]))]);
        check(text, Ok(vec![("p", p), ("s", Value::string("sec").with_marks(Marks::SENSITIVE))]));
        check(r#"{"version": 4}"#, Ok(vec![]));
    }

    #[test]
    fn what_is_no_state_is_told() {
        check("{}", Err("it does not say its version"));
        check("[]", Err("it does not say its version"));
        check(r#"{"version": 3}"#, Err("it is of version 3, and only version 4 can be read"));
        check(r#"{"version": 4, "outputs": []}"#, Err("its outputs are no object"));
        check(r#"{"version": 4, "outputs": {"a": {"value": 1}}}"#, Err("output \"a\": it has no type"));
        let wrong = r#"{"version": 4, "outputs": {"a": {"value": [], "type": "string"}}}"#;
        check(wrong, Err("output \"a\": a string is required"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let problem = stored_outputs(Path::new("no/such.tfstate")).unwrap_err();
        assert_eq!(problem.summary, "Unable to find remote state");
        assert!(problem.detail.starts_with("There is no state to read in `no/such.tfstate`: "), "{}", problem.detail);
    }
}
