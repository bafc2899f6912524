//! Plans in files: all that an apply needs, so that what was looked at is what is done.
//!
//! A file begins with its kind, the version of the format and of the program, the length of what follows and a SHA-256
//! over all of it. The inside is binary: a plan of many instances is read and written in one go, values keep their types, and
//! what occurs often (names, types, shapes of objects) is written once.
//! Like Terraform's such a file holds secrets in the clear; what is ephemeral is never in it.

mod bytes;
mod changes;
mod outlook;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::time::SystemTime;

use addr::{Key, Module, ModuleInstance, Resource};
use ecow::EcoString;
use sha2::{Digest as _, Sha256};
use state::State;
use value::Value;

use self::bytes::{Broken, Parsed, Reader, Writer};
use self::changes::Objects;
use crate::model::Plan;
use crate::planner::Options;

/// What a file begins with.
const MAGIC: &[u8] = b"gantry plan\n";
/// The version of the format: raised with every change of it, as plans do not live long.
const FORMAT: u32 = 4;
/// A SHA-256.
pub type Digest = [u8; 32];

/// A plan with everything that it was made from.
#[derive(Debug, Default)]
pub struct SavedPlan {
    /// The version of the program that made it.
    pub program: EcoString,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// The workspace that it is for.
    pub workspace: EcoString,
    /// The stored state that it begins from.
    pub basis: Basis,
    /// How it was made.
    pub options: Options,
    /// There were errors, so it cannot be carried out.
    pub has_errors: bool,
    /// What is to be done; its diagnostics have been shown and are not saved.
    pub plan: Plan,
    /// The state with moves and with what has changed outside.
    pub prior: State,
    /// The files of the modules as they were read.
    pub files: Vec<SavedFile>,
    /// The places in the tree of modules.
    pub modules: Vec<SavedModule>,
    /// What the root module's variables were given.
    pub variables: Vec<SavedVariable>,
    /// The providers that it was made with.
    pub providers: Vec<SavedProvider>,
    /// Values of resources as the plan left them.
    pub resources: Vec<SavedResource>,
}

/// A stored state at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// Tells states apart that were begun apart; empty where nothing was stored yet.
    pub lineage: EcoString,
    /// Counts the runs that changed it.
    pub serial: u64,
    /// Of all that it says.
    pub digest: Digest,
}

/// A file of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFile {
    /// Its path, from the folder that the program ran in.
    pub path: EcoString,
    /// What is in it.
    pub text: Vec<u8>,
}

/// A module at one place of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedModule {
    /// The place.
    pub place: Module,
    /// The folder of its files, from the folder that the program ran in.
    pub folder: EcoString,
}

/// A variable of the root module that was given a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedVariable {
    /// Its name.
    pub name: EcoString,
    /// Its value as it was given; nothing for an ephemeral one, which is given again when the plan is carried out.
    pub value: Option<Value>,
}

/// A provider that a plan was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedProvider {
    /// Its address.
    pub provider: EcoString,
    /// Of its version and its schemas.
    pub digest: Digest,
}

/// The instances of a resource in one module instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedResource {
    /// The module instance.
    pub module: ModuleInstance,
    /// The resource.
    pub resource: Resource,
    /// The instances with their values; nothing where the value is what the plan makes of it.
    pub instances: Vec<(Option<Key>, Option<Value>)>,
}

/// Why a file is no plan that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// It is something else.
    NotAPlan,
    /// It was written by a version of the program that has another format.
    OtherFormat {
        /// The number of the format.
        format: u32,
        /// The version of the program, if it can be read.
        program: String,
    },
    /// It is not what was written.
    Damaged(&'static str),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::NotAPlan => f.write_str("it is not a plan of Gantry"),
            FileError::OtherFormat { format, program } => {
                let by = if program.is_empty() { String::new() } else { format!(" by Gantry {program}") };
                write!(f, "it was written{by} in format {format}, and this is Gantry with format {FORMAT}")
            }
            FileError::Damaged(what) => write!(f, "it is damaged: {what}"),
        }
    }
}

impl std::error::Error for FileError {}

impl From<Broken> for FileError {
    fn from(broken: Broken) -> FileError {
        FileError::Damaged(broken.0)
    }
}

/// Tells whether a file begins like a plan.
pub fn is_plan(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Returns a plan as the bytes of a file; nothing if values in it lie too deep in each other.
pub fn write(saved: &SavedPlan) -> Option<Vec<u8>> {
    let body = body(saved)?;
    let mut out = head(&saved.program, body.len());
    let sum = sum(&out, &body);
    out.extend_from_slice(&sum);
    out.extend_from_slice(&body);
    Some(out)
}

fn head(program: &str, length: usize) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&FORMAT.to_le_bytes());
    let program = &program.as_bytes()[..program.len().min(u8::MAX.into())];
    out.push(program.len() as u8);
    out.extend_from_slice(program);
    out.extend_from_slice(&(length as u64).to_le_bytes());
    out
}

fn sum(head: &[u8], body: &[u8]) -> Digest {
    Sha256::new().chain_update(head).chain_update(body).finalize().into()
}

/// Reads a plan from the bytes of a file.
pub fn read(bytes: &[u8]) -> Result<SavedPlan, FileError> {
    const SHORT: FileError = FileError::Damaged("it is cut short");
    let rest = bytes.strip_prefix(MAGIC).ok_or(FileError::NotAPlan)?;
    let (format, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let (length, rest) = rest.split_first().ok_or(SHORT)?;
    let (program, rest) = rest.split_at_checked((*length).into()).ok_or(SHORT)?;
    let program = String::from_utf8_lossy(program).into_owned();
    let format = u32::from_le_bytes(*format);
    if format != FORMAT {
        return Err(FileError::OtherFormat { format, program });
    }
    let (length, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let head = &bytes[..bytes.len() - rest.len()];
    let (expected, body) = rest.split_first_chunk::<32>().ok_or(SHORT)?;
    if body.len() as u64 != u64::from_le_bytes(*length) {
        return Err(SHORT);
    }
    if sum(head, body) != *expected {
        return Err(FileError::Damaged("its checksum does not fit what is in it"));
    }
    let mut saved = parse(body)?;
    saved.program = program.into();
    Ok(saved)
}

/// Writes all but the head. The stored objects stand before the changes that refer to them.
fn body(saved: &SavedPlan) -> Option<Vec<u8>> {
    let SavedPlan {
        program: _,
        created,
        workspace,
        basis,
        options,
        has_errors,
        plan,
        prior,
        files,
        modules,
        variables,
        providers,
        resources,
    } = saved;
    let Plan { changes, outputs, moves, deferred, drift, generated, is_refresh_only, checks, diags: _ } = plan;
    let mut writer = Writer::default();
    let mut objects = Objects { prior, others: State::default(), taken_over: State::default() };
    writer.maybe(*created, Writer::time);
    writer.text(workspace);
    writer.text(&basis.lineage);
    writer.number(basis.serial);
    writer.bytes(&basis.digest);
    writer.options(options);
    writer.flag(*has_errors);
    writer.list(changes.iter(), |writer, change| writer.change(change, &mut objects));
    writer.list(outputs.iter(), Writer::output);
    writer.list(moves.iter(), |writer, moved| writer.moved(moved, &mut objects));
    writer.list(deferred.iter(), |writer, deferred| writer.deferred(deferred, &mut objects));
    writer.list(drift.iter(), |writer, drift| writer.drift(drift, &mut objects));
    writer.list(generated.iter(), Writer::generated);
    writer.flag(*is_refresh_only);
    writer.list(checks.iter(), Writer::check);
    writer.list(files.iter(), |writer, SavedFile { path, text }| {
        writer.text(path);
        writer.bytes(text);
    });
    writer.list(modules.iter(), |writer, SavedModule { place, folder }| {
        writer.list(place.0.iter(), Writer::name);
        writer.text(folder);
    });
    writer.list(variables.iter(), |writer, SavedVariable { name, value }| {
        writer.name(name);
        writer.maybe(value.as_ref(), Writer::value);
    });
    writer.list(providers.iter(), |writer, SavedProvider { provider, digest }| {
        writer.text(provider);
        writer.bytes(digest);
    });
    writer.list(resources.iter(), |writer, SavedResource { module, resource, instances }| {
        writer.module(module);
        writer.resource(resource);
        writer.list(instances.iter(), |writer, (key, value)| {
            writer.maybe_key(key.as_ref());
            writer.maybe(value.as_ref(), Writer::value);
        });
    });
    let mut out = Writer::default();
    for state in [prior, &objects.others, &objects.taken_over] {
        out.bytes(&state::snapshot(state, "plan"));
    }
    let mut out = out.finish()?;
    out.extend(writer.finish()?);
    Some(out)
}

fn parse(body: &[u8]) -> Result<SavedPlan, FileError> {
    let mut reader = Reader::new(body);
    let prior = stored(&mut reader)?;
    let (others, taken_over) = (stored(&mut reader)?, stored(&mut reader)?);
    let objects = Objects { prior: &prior, others, taken_over };
    let saved = inside(&mut reader, &objects)?;
    if !reader.is_at_end() {
        return Err(FileError::Damaged("there is something behind its end"));
    }
    Ok(SavedPlan { prior, ..saved })
}

fn stored(reader: &mut Reader<'_>) -> Result<State, FileError> {
    let bytes = reader.bytes()?;
    let reading = state::read(bytes).map_err(|_| FileError::Damaged("the state in it cannot be read"))?;
    Ok(reading.ledger.state)
}

fn inside(reader: &mut Reader<'_>, objects: &Objects<'_>) -> Parsed<SavedPlan> {
    let text = |reader: &mut Reader<'_>| reader.text().map(EcoString::from);
    let digest = |reader: &mut Reader<'_>| Digest::try_from(reader.bytes()?).map_err(|_| Broken("a digest is none"));
    let created = reader.maybe(Reader::time)?;
    let workspace = text(reader)?;
    let basis = Basis { lineage: text(reader)?, serial: reader.number()?, digest: digest(reader)? };
    let (options, has_errors) = (reader.options()?, reader.flag()?);
    let plan = Plan {
        changes: reader.list(|reader| reader.change(objects))?,
        outputs: reader.list(Reader::output)?,
        moves: reader.list(|reader| reader.moved(objects))?,
        deferred: reader.list(|reader| reader.deferred(objects))?,
        drift: reader.list(|reader| reader.drift(objects))?,
        generated: reader.list(Reader::generated)?,
        is_refresh_only: reader.flag()?,
        checks: reader.list(Reader::check)?,
        ..Plan::default()
    };
    let files = reader.list(|reader| Ok(SavedFile { path: text(reader)?, text: reader.bytes()?.to_vec() }))?;
    let modules = reader
        .list(|reader| Ok(SavedModule { place: Module(reader.list(Reader::name)?.into()), folder: text(reader)? }))?;
    let variables =
        reader.list(|reader| Ok(SavedVariable { name: reader.name()?, value: reader.maybe(Reader::value)? }))?;
    let providers = reader.list(|reader| Ok(SavedProvider { provider: text(reader)?, digest: digest(reader)? }))?;
    let resources = reader.list(|reader| {
        let (module, resource) = (reader.module()?, reader.resource()?);
        let instances = reader.list(|reader| Ok((reader.maybe_key()?, reader.maybe(Reader::value)?)))?;
        Ok(SavedResource { module, resource, instances })
    })?;
    let program = EcoString::new();
    let prior = State::default();
    Ok(SavedPlan {
        program,
        created,
        workspace,
        basis,
        options,
        has_errors,
        plan,
        prior,
        files,
        modules,
        variables,
        providers,
        resources,
    })
}
