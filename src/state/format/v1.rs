//! Version 1 of the state file: records as JSON.
//!
//! Every line is a whole record: nothing in it depends on another line, so that of a damaged file each line that is whole
//! can be read.

use std::borrow::Cow;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ecow::EcoString;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use value::{Path, type_from_json, type_to_json, value_from_json, value_to_json};

use super::intern::Interner;
use super::{checks, paths};
use crate::record::{Action, Gone, Handle, Intent, Move, Outline, Record, Run, Settled};
use crate::{Attributes, Dependency, DeposedKey, Identity, Object, Output, Status, Target};

/// The version of the format.
pub(crate) const VERSION: u64 = 1;
/// The kind of a file's first line.
const HEADER: &str = "gantry-state";
/// The kind of the line that ends a snapshot; what follows is the journal.
const SNAPSHOT_END: &str = "snapshot-end";

/// What a line says.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    Header { format: u64, lineage: EcoString, serial: u64 },
    SnapshotEnd { lines: u64 },
    Record(Box<Record>),
}

/// Builds the inside of a JSON object.
struct Body(Vec<u8>);

impl Body {
    fn of_kind(kind: &str) -> Body {
        let mut body = Body(Vec::with_capacity(256));
        body.0.extend_from_slice(b"\"kind\":\"");
        body.0.extend_from_slice(kind.as_bytes());
        body.0.push(b'"');
        body
    }

    fn raw(mut self, name: &str, json: &str) -> Body {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    fn text(self, name: &str, text: &str) -> Body {
        let mut body = self.raw(name, "");
        write_text(&mut body.0, text);
        body
    }

    fn when(self, condition: bool, more: impl FnOnce(Body) -> Body) -> Body {
        if condition { more(self) } else { self }
    }

    fn maybe<T>(self, value: Option<T>, more: impl FnOnce(Body, T) -> Body) -> Body {
        match value {
            Some(value) => more(self, value),
            None => self,
        }
    }

    /// Writes a list of texts.
    fn texts(self, name: &str, texts: impl Iterator<Item = String>) -> Body {
        let mut body = self.raw(name, "[");
        for (index, text) in texts.enumerate() {
            if index > 0 {
                body.0.push(b',');
            }
            write_text(&mut body.0, &text);
        }
        body.0.push(b']');
        body
    }

    /// Writes of what is stored beside an object's attributes as much as there is.
    fn outline(self, sensitive: &[Path], dependencies: &[Dependency], flags: [bool; 2]) -> Body {
        let [create_before_destroy, is_contained] = flags;
        let names = |body: Body| body.texts("dependencies", dependencies.iter().map(ToString::to_string));
        self.when(!sensitive.is_empty(), |body| {
            let storable: Vec<_> = sensitive.iter().map(paths::storable).collect();
            body.raw("sensitive", &paths::to_json(&storable).to_string())
        })
        .when(!dependencies.is_empty(), names)
        .when(create_before_destroy, |body| body.raw("create_before_destroy", "true"))
        .when(is_contained, |body| body.raw("is_contained", "true"))
    }

    fn target(self, target: &Target) -> Body {
        self.text("address", &target.address.to_string())
            .maybe(target.deposed, |body, key| body.text("deposed", &key.to_string()))
    }
}

/// Writes a JSON string.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        let quoted = Json::from(text).to_string();
        out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
    }
    out.push(b'"');
}

/// Returns the body of the first line of a file.
pub(crate) fn header(lineage: &str, serial: u64, program: &str) -> Vec<u8> {
    Body::of_kind(HEADER)
        .raw("format", &VERSION.to_string())
        .text("lineage", lineage)
        .raw("serial", &serial.to_string())
        .text("program", program)
        .0
}

/// Returns the body of the line that ends a snapshot of so many lines, the header and this one counted.
pub(crate) fn snapshot_end(lines: u64) -> Vec<u8> {
    Body::of_kind(SNAPSHOT_END).raw("lines", &lines.to_string()).0
}

/// Returns the body of a record's line.
pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let body = match record {
        Record::Run(run) => Body::of_kind("run")
            .raw("serial", &run.serial.to_string())
            .text("program", &run.program)
            .text("started", &run.started),
        Record::Intent(intent) => Body::of_kind("intent")
            .text("token", &intent.token)
            .target(&intent.target)
            .text("action", intent.action.word())
            .text("provider", &intent.provider.to_string())
            .text("planned", &intent.planned)
            .when(intent.outline.status == Status::Tainted, |body| body.raw("is_tainted", "true"))
            .outline(
                &intent.outline.sensitive,
                &intent.outline.dependencies,
                [intent.outline.create_before_destroy, intent.outline.is_contained],
            )
            .when(!intent.contents.is_empty(), |body| {
                body.texts("contents", intent.contents.iter().map(ToString::to_string))
            }),
        Record::Handle(handle) => {
            Body::of_kind("handle").text("token", &handle.token).text("name", &handle.name).text("value", &handle.value)
        }
        Record::Object(settled) => encode_object("object", settled),
        Record::Gone(gone) => Body::of_kind("gone")
            .target(&gone.target)
            .maybe(gone.token.as_ref(), |body, token| body.text("token", token)),
        Record::Failed { token } => Body::of_kind("failed").text("token", token),
        Record::Depose { address, key } => {
            Body::of_kind("depose").text("address", &address.to_string()).text("deposed", &key.to_string())
        }
        Record::Restore { address, key } => {
            Body::of_kind("restore").text("address", &address.to_string()).text("deposed", &key.to_string())
        }
        Record::Move(Move::Instance { from, to }) => {
            Body::of_kind("move").text("address", &from.to_string()).text("to", &to.to_string())
        }
        Record::TakeOver { from, settled } => encode_object("take-over", settled).text("from", &from.to_string()),
        Record::Move(Move::Resource { from, to }) => {
            Body::of_kind("move-resource").text("address", &from.to_string()).text("to", &to.to_string())
        }
        Record::Resource { address, provider } => {
            Body::of_kind("resource").text("address", &address.to_string()).text("provider", &provider.to_string())
        }
        Record::NoResource { address } => Body::of_kind("no-resource").text("address", &address.to_string()),
        Record::Output { name, output } => {
            Body::of_kind("output").text("name", name).maybe(output.as_ref(), |body, output| {
                let (ty, value) = output_to_json(output);
                body.raw("type", &ty.to_string())
                    .raw("output", &value.to_string())
                    .when(output.is_sensitive, |body| body.raw("is_sensitive", "true"))
            })
        }
        Record::Checks(results) => {
            Body::of_kind("checks").raw("checks", &checks::to_json(results.as_deref()).to_string())
        }
    };
    body.0
}

/// Returns type and value of an output.
pub(crate) fn output_to_json(output: &Output) -> (Json, Json) {
    let (value, _) = output.value.clone().unmark_deep();
    let json = value_to_json(&value, &output.ty);
    // An output that is not wholly known is not stored; infinity is the one known value without a form.
    (type_to_json(&output.ty), json.unwrap_or(Json::Null))
}

fn encode_object(kind: &str, settled: &Settled) -> Body {
    let object = &settled.object;
    Body::of_kind(kind)
        .target(&settled.target)
        .text("provider", &settled.provider.to_string())
        .maybe(settled.token.as_ref(), |body, token| body.text("token", token))
        .when(object.status == Status::Tainted, |body| body.raw("is_tainted", "true"))
        .raw("schema_version", &object.schema_version.to_string())
        .raw(if object.attributes.is_flat_map() { "flat" } else { "attributes" }, &object.attributes.json())
        .when(!object.private.is_empty(), |body| body.text("private", &BASE64.encode(&object.private)))
        .maybe(object.identity.as_ref(), |body, identity| {
            body.raw("identity_version", &identity.version.to_string()).raw("identity", &identity.attributes.json())
        })
        .outline(&object.sensitive, &object.dependencies, [object.create_before_destroy, object.is_contained])
}

/// All that a line may have; which of it belongs there depends on its kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    #[serde(rename = "sum")]
    _sum: &'a str,
    line: u64,
    kind: &'a str,
    format: Option<u64>,
    lineage: Option<EcoText<'a>>,
    serial: Option<u64>,
    lines: Option<u64>,
    #[serde(borrow)]
    program: Option<EcoText<'a>>,
    started: Option<EcoText<'a>>,
    token: Option<EcoText<'a>>,
    address: Option<EcoText<'a>>,
    to: Option<EcoText<'a>>,
    from: Option<EcoText<'a>>,
    deposed: Option<EcoText<'a>>,
    action: Option<EcoText<'a>>,
    provider: Option<EcoText<'a>>,
    planned: Option<EcoText<'a>>,
    name: Option<EcoText<'a>>,
    value: Option<EcoText<'a>>,
    is_tainted: Option<bool>,
    schema_version: Option<u64>,
    attributes: Option<&'a RawValue>,
    flat: Option<&'a RawValue>,
    sensitive: Option<&'a RawValue>,
    private: Option<EcoText<'a>>,
    identity_version: Option<u64>,
    identity: Option<&'a RawValue>,
    dependencies: Option<Vec<EcoText<'a>>>,
    create_before_destroy: Option<bool>,
    is_contained: Option<bool>,
    contents: Option<Vec<EcoText<'a>>>,
    #[serde(rename = "type")]
    ty: Option<&'a RawValue>,
    output: Option<&'a RawValue>,
    is_sensitive: Option<bool>,
    checks: Option<&'a RawValue>,
}

/// Text of a line, borrowed unless it has escapes.
#[derive(Deserialize)]
struct EcoText<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a line, without its line break; returns its number and what it says.
///
/// Errors say what is wrong without quoting values.
pub(crate) fn decode(line: &[u8], interner: &mut Interner) -> Result<(u64, Line), String> {
    let text = std::str::from_utf8(line).map_err(|_| "the line is not text".to_owned())?;
    let raw: Raw<'_> = serde_json::from_str(text)
        .map_err(|error| format!("the line has no form that this version knows, from column {} on", error.column()))?;
    let number = raw.line;
    let said = match raw.kind {
        HEADER => Line::Header {
            format: need(raw.format, "format")?,
            lineage: eco(raw.lineage, "lineage")?,
            serial: need(raw.serial, "serial")?,
        },
        SNAPSHOT_END => Line::SnapshotEnd { lines: need(raw.lines, "lines")? },
        _ => Line::Record(Box::new(Reading { raw, interner }.record()?)),
    };
    Ok((number, said))
}

fn need<T>(value: Option<T>, name: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("the record has no {name:?}"))
}

fn eco(text: Option<EcoText<'_>>, name: &str) -> Result<EcoString, String> {
    need(text, name).map(|text| text.0.as_ref().into())
}

struct Reading<'a, 'i> {
    raw: Raw<'a>,
    interner: &'i mut Interner,
}

impl Reading<'_, '_> {
    fn record(mut self) -> Result<Record, String> {
        let record = match self.raw.kind {
            "run" => Record::Run(Run {
                serial: need(self.raw.serial, "serial")?,
                program: eco(self.raw.program, "program")?,
                started: eco(self.raw.started, "started")?,
            }),
            "intent" => Record::Intent(self.intent()?),
            "handle" => Record::Handle(Handle {
                token: eco(self.raw.token, "token")?,
                name: eco(self.raw.name, "name")?,
                value: eco(self.raw.value, "value")?,
            }),
            "object" => Record::Object(self.object()?),
            "gone" => Record::Gone(Gone { target: self.target()?, token: self.token() }),
            "failed" => Record::Failed { token: eco(self.raw.token, "token")? },
            "depose" => Record::Depose { address: self.instance()?, key: need(self.deposed()?, "deposed")? },
            "restore" => Record::Restore { address: self.instance()?, key: need(self.deposed()?, "deposed")? },
            "move" => {
                let to = self.raw.to.take();
                let from = self.instance()?;
                self.raw.address = to;
                Record::Move(Move::Instance { from, to: self.instance()? })
            }
            "take-over" => {
                let to = self.raw.address.take();
                self.raw.address = self.raw.from.take();
                let from = self.instance()?;
                self.raw.address = to;
                Record::TakeOver { from, settled: self.object()? }
            }
            "move-resource" => {
                let to = self.raw.to.take();
                let from = self.resource()?;
                self.raw.address = to;
                Record::Move(Move::Resource { from, to: self.resource()? })
            }
            "resource" => Record::Resource { address: self.resource()?, provider: self.provider()? },
            "no-resource" => Record::NoResource { address: self.resource()? },
            "output" => Record::Output { output: self.output()?, name: eco(self.raw.name, "name")? },
            "checks" => {
                let json = self.raw.checks.map_or(Json::Null, json);
                let checks = checks::of_json(&json).ok_or("the check results have no known form")?;
                Record::Checks(checks.map(Arc::from))
            }
            kind => return Err(format!("this version knows no records of kind {kind:?}")),
        };
        Ok(record)
    }

    fn token(&mut self) -> Option<EcoString> {
        self.raw.token.take().map(|token| token.0.as_ref().into())
    }

    fn deposed(&self) -> Result<Option<DeposedKey>, String> {
        let Some(text) = &self.raw.deposed else { return Ok(None) };
        DeposedKey::parse(&text.0).map(Some).ok_or_else(|| "the key of the deposed object is no such key".to_owned())
    }

    fn instance(&mut self) -> Result<AbsInstance, String> {
        let text = need(self.raw.address.as_ref(), "address")?;
        self.interner.instance(&text.0).ok_or_else(|| format!("{:?} is no address of a resource instance", text.0))
    }

    fn resource(&mut self) -> Result<AbsResource, String> {
        let instance = self.instance()?;
        if instance.key.is_some() {
            Err(format!("{instance} is no address of a resource"))
        } else {
            Ok(instance.resource)
        }
    }

    fn target(&mut self) -> Result<Target, String> {
        Ok(Target { address: self.instance()?, deposed: self.deposed()? })
    }

    fn provider(&mut self) -> Result<Arc<addr::ProviderConfig>, String> {
        let text = need(self.raw.provider.as_ref(), "provider")?;
        let provider = self.interner.provider(&text.0);
        provider.ok_or_else(|| format!("{:?} is no address of a provider configuration", text.0))
    }

    fn outline(&mut self) -> Result<Outline, String> {
        let sensitive = match self.raw.sensitive {
            Some(json) => self.interner.paths(json.get())?,
            None => self.interner.no_paths(),
        };
        let dependencies = self.raw.dependencies.take().unwrap_or_default();
        Ok(Outline {
            status: if self.raw.is_tainted == Some(true) { Status::Tainted } else { Status::Ready },
            dependencies: self.interner.dependencies(dependencies.iter().map(|text| &*text.0))?,
            sensitive,
            create_before_destroy: self.raw.create_before_destroy == Some(true),
            is_contained: self.raw.is_contained == Some(true),
        })
    }

    fn intent(mut self) -> Result<Intent, String> {
        let action = need(self.raw.action.as_ref(), "action")?;
        let action = Action::of_word(&action.0).ok_or_else(|| format!("{:?} is no action", action.0))?;
        let outline = self.outline()?;
        let contents = self.raw.contents.take().unwrap_or_default();
        let instance = |text: &EcoText<'_>| {
            let found = self.interner.instance(&text.0);
            found.ok_or_else(|| format!("{:?} is no address of a resource instance", text.0))
        };
        let contents = contents.iter().map(instance).collect::<Result<Vec<_>, String>>()?;
        Ok(Intent {
            outline,
            contents: contents.into(),
            target: self.target()?,
            action,
            provider: self.provider()?,
            token: eco(self.raw.token, "token")?,
            planned: eco(self.raw.planned, "planned")?,
        })
    }

    fn object(mut self) -> Result<Settled, String> {
        let attributes = match (self.raw.attributes, self.raw.flat) {
            (Some(json), None) => Attributes::of_json(json.get()),
            (None, Some(flat)) => Attributes::of_flat_map(flat.get()),
            // JSON's `null` reads as nothing.
            (None, None) => Attributes::of_json("null"),
            (Some(_), Some(_)) => return Err("the object has attributes in two forms".to_owned()),
        };
        let private = match &self.raw.private {
            Some(text) => BASE64.decode(text.0.as_bytes()).map_err(|_| "the private bytes are no base64".to_owned())?,
            None => Vec::new(),
        };
        let identity = self.raw.identity.map(|json| {
            let version = self.raw.identity_version.unwrap_or_default();
            Identity { version, attributes: Attributes::of_json(json.get()) }
        });
        let Outline { status, dependencies, sensitive, create_before_destroy, is_contained } = self.outline()?;
        let object = Object {
            status,
            schema_version: need(self.raw.schema_version, "schema_version")?,
            attributes,
            sensitive,
            private: self.interner.bytes(private),
            identity,
            dependencies,
            create_before_destroy,
            is_contained,
        };
        let (target, provider) = (self.target()?, self.provider()?);
        Ok(Settled { token: self.token(), target, provider, object: Arc::new(object) })
    }

    fn output(&self) -> Result<Option<Output>, String> {
        let Some(ty) = self.raw.ty else { return Ok(None) };
        let ty = type_from_json(&json(ty))?;
        let value = self.raw.output.map_or(Json::Null, json);
        let value = value_from_json(&value, &ty).map_err(|_| "the output's value is not of its type".to_owned())?;
        Ok(Some(Output { value, ty, is_sensitive: self.raw.is_sensitive == Some(true) }))
    }
}

/// Reads JSON that was found whole when its line was read.
fn json(raw: &RawValue) -> Json {
    serde_json::from_str(raw.get()).unwrap_or_default()
}
