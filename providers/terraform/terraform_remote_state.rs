//! `terraform_remote_state`: the outputs of another configuration, from where its state is stored.

use std::path::PathBuf;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Kind, Type, Value, convert};
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse, answer, attribute, diag};

use crate::stored_outputs::stored_outputs;

/// What can be stored in, and the attributes its configuration must have.
const BACKENDS: &[(&str, &[&str])] = &[
    ("azurerm", &["container_name", "key", "storage_account_name"]),
    ("cloud", &[]),
    ("consul", &["path"]),
    ("cos", &["bucket", "region"]),
    ("gcs", &["bucket"]),
    ("http", &[]),
    ("inmem", &[]),
    ("kubernetes", &["secret_suffix"]),
    ("local", &[]),
    ("oss", &["bucket"]),
    ("pg", &[]),
    ("remote", &["organization"]),
    ("s3", &["bucket", "key"]),
];

/// What Terraform stored in once.
const BACKENDS_REMOVED: &[&str] = &["artifactory", "etcd", "etcdv3", "manta", "swift"];

/// All attributes of the configuration of `local`, which are strings.
const LOCAL: &[&str] = &["path", "workspace_dir"];

/// The file that the backend `local` keeps its state in, unless told otherwise.
const STATE_FILE: &str = "terraform.tfstate";

/// The folder of all workspaces but the default one.
const WORKSPACES_FOLDER: &str = "terraform.tfstate.d";

const INVALID_BACKEND: &str = "Invalid backend configuration";

/// The data source.
pub(crate) struct TerraformRemoteState;

impl DataSource for TerraformRemoteState {
    fn name(&self) -> &'static str {
        "terraform_remote_state"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("backend", Type::String)
                .required()
                .describe("What the state is stored in: `local`, `s3`, ..."),
            Attribute::new("config", Type::Dynamic)
                .optional()
                .describe("An object with the arguments that a `backend` block of that type would have."),
            Attribute::new("defaults", Type::Dynamic)
                .optional()
                .describe("An object with the values of outputs that the state does not have."),
            Attribute::new("outputs", Type::Dynamic)
                .computed()
                .describe("An object with all outputs of the root module that the state belongs to."),
            Attribute::new("workspace", Type::String)
                .optional()
                .describe("The workspace whose state is read, where the backend has several."),
        ];
        let description = "Reads the outputs of the root module of another configuration from its stored state.";
        Schema { version: 0, block: Block { attributes, description: description.into(), ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = backend(&attribute(config, "backend"), &attribute(config, "config"));
        let defaults = attribute(config, "defaults");
        if !matches!(defaults.kind(), Kind::Null(_) | Kind::Unknown(..) | Kind::Object(_) | Kind::Map(_)) {
            let detail = format!("`defaults` must be an object, not {}.", defaults.ty().friendly_name());
            problems.push(Problem::error("Invalid default values", detail).at("defaults"));
        }
        problems
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        answer(read(&request.config).map_or_else(ReadDataResponse::failed, ReadDataResponse::new))
    }
}

fn read(config: &Value) -> Result<Value, Problem> {
    let backend = attribute(config, "backend");
    let backend = backend.as_str().unwrap_or_default();
    if backend != "local" {
        let detail = format!(
            "The state of the backend `{backend}` cannot be read. Only that of `local` can: fetch the state into a file \
             (with `state pull` in the other configuration), and set `backend = \"local\"` and its `path`."
        );
        return Err(Problem::error("Backend not supported", detail).at("backend"));
    }
    let path = local_path(&attribute(config, "config"), &attribute(config, "workspace"));
    let mut outputs: Vec<(String, Value)> = Vec::new();
    for (name, value) in attribute(config, "defaults").as_entries().unwrap_or_default() {
        outputs.push((name.to_string(), value.clone()));
    }
    outputs.extend(stored_outputs(&path)?);
    let members = ["backend", "config", "defaults", "workspace"].map(|name| (name, attribute(config, name)));
    Ok(Value::object(members.into_iter().chain([("outputs", Value::object(outputs))])))
}

/// Where the backend `local` keeps the state of a workspace.
fn local_path(config: &Value, workspace: &Value) -> PathBuf {
    let set = |name: &str| convert(&attribute(config, name), &Type::String).ok()?.as_str().map(PathBuf::from);
    match workspace.as_str() {
        None | Some("default") => set("path").unwrap_or_else(|| STATE_FILE.into()),
        Some(name) => set("workspace_dir").unwrap_or_else(|| WORKSPACES_FOLDER.into()).join(name).join(STATE_FILE),
    }
}

fn backend(backend: &Value, config: &Value) -> Vec<Problem> {
    if backend.is_null() {
        return vec![Problem::error(INVALID_BACKEND, "The type of the backend must not be null.").at("backend")];
    }
    let Some(name) = backend.as_str() else { return vec![] };
    let Some((_, required)) = BACKENDS.iter().find(|(known, _)| *known == name) else {
        return vec![Problem::error(INVALID_BACKEND, no_such_backend(name)).at("backend")];
    };
    let wrong = match config.kind() {
        Kind::Unknown(..) => return vec![],
        Kind::Null(_) => configuration(name, required, &[]),
        Kind::Object(_) | Kind::Map(_) => {
            let entries = config.as_entries().unwrap_or_default();
            let entries: Vec<_> = entries.into_iter().map(|(name, value)| (name.as_str(), value)).collect();
            configuration(name, required, &entries)
        }
        _ => vec![("an object is required".into(), None)],
    };
    let problem = |(phrase, attribute): (String, Option<&str>)| {
        let detail = format!("This is not a configuration of the backend `{name}`: {phrase}.");
        let problem = Problem::error(INVALID_BACKEND, detail).at("config");
        match attribute {
            Some(attribute) => problem.at(attribute),
            None => problem,
        }
    };
    wrong.into_iter().map(problem).collect()
}

fn no_such_backend(name: &str) -> String {
    if BACKENDS_REMOVED.contains(&name) {
        return format!("The backend `{name}` is gone since Terraform 1.3; move the state to another one.");
    }
    if name == "azure" {
        return "The backend `azure` is now called `azurerm`.".into();
    }
    let hint = diag::did_you_mean(name, BACKENDS.iter().map(|(known, _)| *known)).filter(|_| !name.is_empty());
    let hint = hint.map(|known| format!(" Did you mean `{known}`?")).unwrap_or_default();
    format!("There is no backend type named {name:?}.{hint}")
}

/// Returns what is wrong, and the attribute that it is wrong with.
fn configuration<'a>(
    backend: &str,
    required: &[&str],
    entries: &[(&'a str, &'a Value)],
) -> Vec<(String, Option<&'a str>)> {
    let missing = required.iter().filter(|name| !entries.iter().any(|(given, _)| *given == **name));
    let mut wrong: Vec<_> = missing.map(|name| (format!("attribute {name:?} is required"), None)).collect();
    if backend != "local" {
        return wrong;
    }
    for &(name, value) in entries {
        if !LOCAL.contains(&name) {
            let hint = diag::did_you_mean(name, LOCAL.iter().copied());
            let hint = hint.map(|known| format!("; did you mean {known:?}?")).unwrap_or_default();
            wrong.push((format!("unexpected attribute {name:?}{hint}"), Some(name)));
        } else if let Err(error) = convert(value, &Type::String) {
            wrong.push((format!("attribute {name:?}: {error}"), Some(name)));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::TerraformRemoteState;
    use sdk::DataSource;
    use sdk::value::{Type, Value};

    /// Which of these Terraform 1.11.4 refuses, and the attribute that it points at, is recorded from it.
    fn check(attributes: &[(&'static str, Value)], expected: &[&str]) {
        let config = Value::object(attributes.iter().cloned());
        let problems = TerraformRemoteState.validate(&config);
        let shown: Vec<String> =
            problems.iter().map(|problem| format!("{}: {}", problem.attribute, problem.detail)).collect();
        assert_eq!(shown, expected);
    }

    fn check_config(backend: &str, config: Value, expected: &[&str]) {
        let expected: Vec<String> = expected
            .iter()
            .map(|text| {
                let (place, phrase) = text.split_once(": ").unwrap_or(("", text));
                format!(".config{place}: This is not a configuration of the backend `{backend}`: {phrase}.")
            })
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[("backend", Value::string(backend)), ("config", config)], &expected);
    }

    #[test]
    fn the_backend_must_exist() {
        check(&[("backend", "local".into())], &[]);
        check(&[("backend", "cloud".into())], &[]);
        check(&[("backend", "".into())], &[".backend: There is no backend type named \"\"."]);
        let unknown = ".backend: There is no backend type named \"locl\". Did you mean `local`?";
        check(&[("backend", "locl".into())], &[unknown]);
        let removed = ".backend: The backend `etcd` is gone since Terraform 1.3; move the state to another one.";
        check(&[("backend", "etcd".into())], &[removed]);
        check(&[("backend", "azure".into())], &[".backend: The backend `azure` is now called `azurerm`."]);
        check(&[("backend", Value::NULL)], &[".backend: The type of the backend must not be null."]);
    }

    #[test]
    fn the_configuration_must_suit_the_backend() {
        let object = |name: &'static str, value: Value| Value::object([(name, value)]);
        check_config("local", object("path", Value::number(1)), &[]);
        check_config("local", object("path", Value::NULL), &[]);
        check_config("local", object("path", Value::unknown(Type::String)), &[]);
        check_config("local", Value::map(Type::String, [("path", "x".into())]), &[]);
        check_config("local", object("foo", Value::number(1)), &[".foo: unexpected attribute \"foo\""]);
        let typo = ".pth: unexpected attribute \"pth\"; did you mean \"path\"?";
        check_config("local", object("pth", Value::number(1)), &[typo]);
        check_config("local", object("path", Value::tuple([])), &[".path: attribute \"path\": string required"]);
        check_config("local", "x".into(), &[": an object is required"]);
        check_config("local", Value::tuple([]), &[": an object is required"]);
        check_config("gcs", object("bucket", Value::NULL), &[]);
        check_config("gcs", Value::NULL, &[": attribute \"bucket\" is required"]);
        check_config("s3", object("bucket", "b".into()), &[": attribute \"key\" is required"]);
    }

    #[test]
    fn outputs_come_over_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dir/blue");
        std::fs::create_dir_all(&path).unwrap();
        let outputs = r#"{"version": 4, "outputs": {"a": {"value": "stored", "type": "string"}}}"#;
        std::fs::write(path.join("terraform.tfstate"), outputs).unwrap();
        let place = |path: std::path::PathBuf| Value::string(path.to_str().unwrap());
        let defaults = Value::object([("a", Value::TRUE), ("b", Value::TRUE)]);
        let base = [("backend", "local".into()), ("defaults", defaults)];
        let by_path = Value::object([("path", place(path.join("terraform.tfstate")))]);
        let by_workspace = Value::object([("workspace_dir", place(folder.path().join("dir")))]);
        for (config, workspace) in [(by_path, Value::null(Type::String)), (by_workspace, "blue".into())] {
            let rest = [("config", config), ("workspace", workspace)];
            let object = super::read(&Value::object(base.iter().cloned().chain(rest))).unwrap();
            let expected = Value::object([("a", Value::string("stored")), ("b", Value::TRUE)]);
            assert_eq!(object.attribute("outputs"), Some(expected));
        }
    }

    #[test]
    fn other_backends_are_refused_with_a_way_out() {
        let problem = super::read(&Value::object([("backend", Value::string("s3"))])).unwrap_err();
        assert_eq!(problem.summary, "Backend not supported");
        assert!(problem.detail.contains("`state pull`"), "{}", problem.detail);
    }

    #[test]
    fn defaults_are_an_object() {
        let defaults = |value: Value| [("backend", "local".into()), ("defaults", value)];
        check(&defaults(Value::NULL), &[]);
        check(&defaults(Value::object([("a", Value::TRUE)])), &[]);
        check(&defaults(Value::map(Type::String, [("a", "b".into())])), &[]);
        check(&defaults("x".into()), &[".defaults: `defaults` must be an object, not string."]);
        check(&defaults(Value::tuple([])), &[".defaults: `defaults` must be an object, not tuple."]);
    }
}
