//! Terraform's state files of version 4: read, and written byte by byte as Terraform writes them.

use std::fmt;
use std::sync::Arc;

use addr::{AbsResource, Key, Mode, Resource as Name};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ecow::EcoString;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use value::{type_from_json, value_from_json};

use super::intern::Interner;
use super::v1::output_to_json;
use super::{checks, go_json, paths};
use crate::{Attributes, DeposedKey, Identity, Object, Output, State, Status, Target};

/// Why a Terraform state file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportError {
    /// The text is not JSON, or lacks what every state file has.
    NotAState(String),
    /// The version of the format is one that this program does not read.
    Version(u64),
    /// A part of the file makes no sense.
    Part {
        /// Which part: an address, an output.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::NotAState(reason) => write!(f, "This is no Terraform state file: {reason}."),
            ImportError::Version(version @ 0..4) => write!(
                f,
                "The Terraform state file has format version {version}, which Terraform up to 0.11 wrote; only version 4 \
                 is read. Run `terraform apply -refresh-only` with Terraform 0.12 or 0.13, which brings the file up to \
                 version 4, and import it then."
            ),
            ImportError::Version(version) => write!(
                f,
                "The Terraform state file has format version {version}, which is newer than what this version of Gantry \
                 reads (4)."
            ),
            ImportError::Part { part, reason } => write!(f, "The Terraform state file is wrong at {part}: {reason}."),
        }
    }
}

impl std::error::Error for ImportError {}

fn wrong<T>(part: impl Into<String>, reason: impl Into<String>) -> Result<T, ImportError> {
    Err(ImportError::Part { part: part.into(), reason: reason.into() })
}

#[derive(Deserialize)]
struct Version {
    version: Option<u64>,
}

#[derive(Deserialize)]
struct File<'a> {
    serial: u64,
    lineage: EcoText,
    #[serde(borrow, default)]
    outputs: Option<Members<'a>>,
    #[serde(borrow, default)]
    resources: Option<Vec<ResourceV4<'a>>>,
    #[serde(borrow)]
    check_results: Option<&'a RawValue>,
}

type EcoText = String;
type Members<'a> = std::collections::BTreeMap<String, OutputV4<'a>>;

#[derive(Deserialize)]
struct OutputV4<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    ty: &'a RawValue,
    #[serde(default)]
    sensitive: bool,
}

#[derive(Deserialize)]
struct ResourceV4<'a> {
    #[serde(default)]
    module: EcoText,
    mode: EcoText,
    #[serde(rename = "type")]
    kind: EcoText,
    name: EcoText,
    provider: EcoText,
    #[serde(borrow, default)]
    instances: Option<Vec<ObjectV4<'a>>>,
}

#[derive(Deserialize)]
struct ObjectV4<'a> {
    index_key: Option<Json>,
    status: Option<EcoText>,
    deposed: Option<EcoText>,
    schema_version: u64,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes_flat: Option<&'a RawValue>,
    #[serde(borrow)]
    sensitive_attributes: Option<&'a RawValue>,
    identity_schema_version: Option<u64>,
    #[serde(borrow)]
    identity: Option<&'a RawValue>,
    private: Option<EcoText>,
    dependencies: Option<Vec<EcoText>>,
    /// What versions before 0.13 had in the place of `dependencies`.
    depends_on: Option<Vec<EcoText>>,
    #[serde(default)]
    create_before_destroy: bool,
}

/// Reads a state file of version 4. Errors quote no values.
pub fn read(text: &str) -> Result<State, ImportError> {
    let version: Version = serde_json::from_str(text).map_err(|error| not_a_state(&error))?;
    match version.version {
        None => return Err(ImportError::NotAState("it has no version".to_owned())),
        Some(4) => {}
        Some(version) => return Err(ImportError::Version(version)),
    }
    let file: File<'_> = serde_json::from_str(text).map_err(|error| not_a_state(&error))?;
    let mut state = State::new(file.lineage);
    state.serial = file.serial;
    for (name, output) in file.outputs.unwrap_or_default() {
        let output = read_output(&output).or_else(|reason| wrong(format!("output {name:?}"), reason))?;
        state.outputs.insert(name.into(), output);
    }
    let mut interner = Interner::default();
    for resource in file.resources.unwrap_or_default() {
        read_resource(resource, &mut state, &mut interner)?;
    }
    let json = file.check_results.map_or(Json::Null, json);
    match checks::of_json(&json) {
        Some(checks) => state.checks = checks.map(Arc::from),
        None => return wrong("the check results", "they have no known form"),
    }
    Ok(state)
}

fn not_a_state(error: &serde_json::Error) -> ImportError {
    // The error's own text may quote what it met.
    ImportError::NotAState(format!("its form is wrong at line {}, column {}", error.line(), error.column()))
}

fn json(raw: &RawValue) -> Json {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn read_output(output: &OutputV4<'_>) -> Result<Output, String> {
    let ty = type_from_json(&json(output.ty))?;
    let value = output.value.map_or(Json::Null, json);
    let value = value_from_json(&value, &ty).map_err(|_| "the value is not of its type".to_owned())?;
    Ok(Output { value, ty, is_sensitive: output.sensitive })
}

fn read_resource(read: ResourceV4<'_>, state: &mut State, interner: &mut Interner) -> Result<(), ImportError> {
    let shown = format!("{}{}{}.{}", read.module, if read.module.is_empty() { "" } else { "." }, read.kind, read.name);
    let mode = match read.mode.as_str() {
        "managed" => Mode::Managed,
        "data" => Mode::Data,
        mode => return wrong(shown, format!("{mode:?} is no mode of a resource")),
    };
    let Some(module) = interner.module(&read.module) else {
        return wrong(shown, format!("{:?} is no address of a module", read.module));
    };
    if !addr::is_identifier(&read.kind) || !addr::is_identifier(&read.name) {
        return wrong(shown, "type and name of a resource are names");
    }
    let resource = Name { mode, kind: read.kind.into(), name: read.name.into() };
    let address = AbsResource { module, resource };
    let Some(provider) = interner.provider(&read.provider) else {
        return wrong(shown, format!("{:?} is no address of a provider configuration", read.provider));
    };
    state.set_resource(&address, provider.clone());
    for object in read.instances.unwrap_or_default() {
        let target = read_target(&object, &address).or_else(|reason| wrong(&shown, reason))?;
        let object = read_object(object, interner).or_else(|reason| wrong(target.to_string(), reason))?;
        if state.set_object(&target, provider.clone(), Arc::new(object)).is_some() {
            return wrong(target.to_string(), "it is there twice");
        }
    }
    Ok(())
}

fn read_target(object: &ObjectV4<'_>, address: &AbsResource) -> Result<Target, String> {
    let key = match &object.index_key {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(Key::Name(name.as_str().into())),
        Some(Json::Number(number)) => {
            let number = number.as_u64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok());
            Some(Key::Number(number.ok_or("an instance key is a whole number or a text")?))
        }
        Some(_) => return Err("an instance key is a whole number or a text".to_owned()),
    };
    let deposed = match object.deposed.as_deref() {
        None | Some("") => None,
        Some(text) => Some(DeposedKey::parse(text).ok_or_else(|| format!("{text:?} is no key of a deposed object"))?),
    };
    Ok(Target { address: addr::AbsInstance { resource: address.clone(), key }, deposed })
}

fn read_object(read: ObjectV4<'_>, interner: &mut Interner) -> Result<Object, String> {
    let attributes = match (read.attributes, read.attributes_flat) {
        (Some(json), _) => Attributes::of_json(go_json::compact(json.get())),
        (None, Some(flat)) => Attributes::of_flat_map(go_json::compact(flat.get())),
        (None, None) => Attributes::of_json("null"),
    };
    let sensitive = match read.sensitive_attributes {
        Some(paths) => interner.paths(&go_json::compact(paths.get()))?,
        None => interner.no_paths(),
    };
    let private = BASE64.decode(read.private.unwrap_or_default()).map_err(|_| "the private bytes are no base64")?;
    let identity = read.identity.map(|json| Identity {
        version: read.identity_schema_version.unwrap_or_default(),
        attributes: Attributes::of_json(go_json::compact(json.get())),
    });
    let mut dependencies = read.dependencies.unwrap_or_default();
    // Names from old versions are relative to the module, and none may be of a module as a whole.
    dependencies.extend(read.depends_on.unwrap_or_default());
    dependencies.retain(|text| crate::parse_instance(text).is_some());
    Ok(Object {
        status: match read.status.as_deref() {
            None | Some("") => Status::Ready,
            Some("tainted") => Status::Tainted,
            Some(status) => return Err(format!("{status:?} is no status of an object")),
        },
        schema_version: read.schema_version,
        attributes,
        sensitive,
        private: interner.bytes(private),
        identity,
        dependencies: interner.dependencies(dependencies.iter().map(String::as_str))?,
        create_before_destroy: read.create_before_destroy,
        is_contained: false,
    })
}

/// Writes a state file of version 4, as the Terraform of a version (`1.11.4`) does.
pub fn write(state: &State, terraform_version: &str) -> String {
    let mut out = Compact::default();
    out.open('{').raw("version", "4").text("terraform_version", terraform_version);
    out.raw("serial", &state.serial.to_string()).text("lineage", &state.lineage).name("outputs").open('{');
    for (name, output) in state.outputs.iter() {
        let (ty, value) = output_to_json(output);
        out.name(name).open('{').raw("value", &value.to_string()).raw("type", &ty.to_string());
        if output.is_sensitive {
            out.raw("sensitive", "true");
        }
        out.close('}');
    }
    out.close('}').name("resources").open('[');
    let mut resources: Vec<(String, &AbsResource, &crate::Resource)> =
        state.resources().map(|(address, resource)| (address.module.to_string(), address, resource)).collect();
    resources.sort_by(|a, b| order(&a.0, a.1).cmp(&order(&b.0, b.1)));
    let has_identities = has_identities(terraform_version);
    for (module, address, resource) in resources {
        write_resource(&mut out, &module, address, resource, has_identities);
    }
    out.close(']').raw("check_results", &checks::to_json(state.checks.as_deref()).to_string()).close('}');
    let mut text = go_json::indented(&out.text);
    text.push('\n');
    text
}

/// Tells whether the Terraform of a version has identities in its state files: from 1.12 on.
fn has_identities(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
    (parts.next(), parts.next()) >= (Some(1), Some(12))
}

/// The order of resources: by the text of their module's address, not by its parts.
fn order<'a>(module: &'a str, address: &'a AbsResource) -> (&'a str, &'static str, &'a EcoString, &'a EcoString) {
    (module, mode_word(address.resource.mode), &address.resource.kind, &address.resource.name)
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    }
}

fn write_resource(
    out: &mut Compact,
    module: &str,
    address: &AbsResource,
    resource: &crate::Resource,
    has_identities: bool,
) {
    out.open('{');
    if !module.is_empty() {
        out.text("module", module);
    }
    out.text("mode", mode_word(address.resource.mode));
    out.text("type", &address.resource.kind).text("name", &address.resource.name);
    out.text("provider", &resource.provider.to_string()).name("instances").open('[');
    for (key, instance) in resource.instances.iter() {
        let current = instance.current.iter().map(|object| (None, object));
        let deposed = instance.deposed.iter().map(|(key, object)| (Some(*key), object));
        for (deposed, object) in current.chain(deposed) {
            write_object(out, (key.as_ref(), deposed), object, has_identities);
        }
    }
    out.close(']').close('}');
}

fn write_object(
    out: &mut Compact,
    (key, deposed): (Option<&Key>, Option<DeposedKey>),
    object: &Object,
    has_identities: bool,
) {
    out.open('{');
    match key {
        None => {}
        Some(Key::Number(number)) => {
            out.raw("index_key", &number.to_string());
        }
        Some(Key::Name(name)) => {
            out.text("index_key", name);
        }
    }
    if object.status == Status::Tainted {
        out.text("status", "tainted");
    }
    if let Some(deposed) = deposed {
        out.text("deposed", &deposed.to_string());
    }
    out.raw("schema_version", &object.schema_version.to_string());
    let name = if object.attributes.is_flat_map() { "attributes_flat" } else { "attributes" };
    out.raw(name, &object.attributes.json());
    let sensitive: Vec<_> = object.sensitive.iter().map(paths::storable).collect();
    out.raw("sensitive_attributes", &paths::to_json(&sensitive).to_string());
    if has_identities {
        let version = object.identity.as_ref().map_or(0, |identity| identity.version);
        out.raw("identity_schema_version", &version.to_string());
        if let Some(identity) = &object.identity {
            out.raw("identity", &identity.attributes.json());
        }
    }
    if !object.private.is_empty() {
        out.text("private", &BASE64.encode(&object.private));
    }
    let mut dependencies: Vec<String> = object.dependencies.iter().map(crate::Dependency::configured).collect();
    dependencies.sort();
    dependencies.dedup();
    if !dependencies.is_empty() {
        out.raw("dependencies", &Json::from(dependencies).to_string());
    }
    if object.create_before_destroy {
        out.raw("create_before_destroy", "true");
    }
    out.close('}');
}

/// Returns the address of what is depended on as the configuration has it: without keys.
/// Builds JSON text without line breaks.
#[derive(Default)]
struct Compact {
    text: String,
}

impl Compact {
    fn comma(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(['{', '[', ':']) {
            self.text.push(',');
        }
    }

    fn open(&mut self, bracket: char) -> &mut Compact {
        self.comma();
        self.text.push(bracket);
        self
    }

    fn close(&mut self, bracket: char) -> &mut Compact {
        self.text.push(bracket);
        self
    }

    fn name(&mut self, name: &str) -> &mut Compact {
        self.comma();
        self.text.push_str(&Json::from(name).to_string());
        self.text.push(':');
        self
    }

    fn raw(&mut self, name: &str, json: &str) -> &mut Compact {
        self.name(name).text.push_str(json);
        self
    }

    fn text(&mut self, name: &str, text: &str) -> &mut Compact {
        self.name(name).text.push_str(&Json::from(text).to_string());
        self
    }
}

#[cfg(test)]
mod tests;
