//! Paths of sensitive attributes, in the form that Terraform's state has for them.

use serde_json::{Value as Json, json};
use value::{Number, Path, PathStep, Value};

/// Returns the JSON form: a list of paths, each a list of steps.
pub(crate) fn to_json(paths: &[Path]) -> Json {
    Json::Array(paths.iter().map(|path| Json::Array(path.0.iter().map(step_to_json).collect())).collect())
}

fn step_to_json(step: &PathStep) -> Json {
    match step {
        PathStep::Attribute(name) => json!({"type": "get_attr", "value": name.as_str()}),
        PathStep::Index(key) => {
            let key = match (key.as_str(), key.as_number()) {
                (Some(text), _) => json!({"value": text, "type": "string"}),
                (_, Some(number)) => {
                    let number = serde_json::Number::from_string_unchecked(number.to_string());
                    json!({"value": number, "type": "number"})
                }
                // An element of a set: sensitive elements make the whole set sensitive, so this is never written.
                _ => Json::Null,
            };
            json!({"type": "index", "value": key})
        }
    }
}

/// Returns the longest start of a path that has a JSON form: there is none for a step into a set.
pub(crate) fn storable(path: &Path) -> Path {
    let has_form = |step: &&PathStep| match step {
        PathStep::Attribute(_) => true,
        PathStep::Index(key) => key.as_str().is_some() || key.as_number().is_some_and(|number| !number.is_infinite()),
    };
    Path(path.0.iter().take_while(has_form).cloned().collect())
}

/// Reads the JSON form.
pub(crate) fn read(text: &str) -> Result<Vec<Path>, String> {
    let json: Json = serde_json::from_str(text).map_err(|_| "the sensitive paths are not JSON".to_owned())?;
    let paths = json.as_array().ok_or("the sensitive paths are a list")?;
    paths.iter().map(path_of).collect()
}

fn path_of(path: &Json) -> Result<Path, String> {
    let steps = path.as_array().ok_or("a sensitive path is a list of steps")?;
    let steps: Option<Vec<PathStep>> = steps.iter().map(step_of).collect();
    steps.map(Path).ok_or_else(|| "a step of a sensitive path has no known form".to_owned())
}

fn step_of(step: &Json) -> Option<PathStep> {
    let value = step.get("value")?;
    match step.get("type")?.as_str()? {
        "get_attr" => Some(PathStep::Attribute(value.as_str()?.into())),
        "index" => {
            let key = value.get("value")?;
            let key = match value.get("type")?.as_str()? {
                "string" => Value::string(key.as_str()?),
                "number" => Value::number(Number::parse(&key.as_number()?.to_string()).ok()?),
                _ => return None,
            };
            Some(PathStep::Index(key))
        }
        _ => None,
    }
}
