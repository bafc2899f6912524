//! The stored state, for commands that look at it or change it without a plan.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use addr::{AbsInstance, AbsResource, ModuleInstance};
use diag::{Diagnostic, Diagnostics, Sources};
use lang::tree::Node;
use schema::Block;
use state::stores::local::LocalStore;
use state::{Claim, Journal, LockRequest, Object, Opened, RealFiles, State, Store, SystemClock, SystemRandom, World};
use value::{Marks, Type, Value};

use crate::progress::Voice;
use crate::render::plan::{Schemas, bare_block};
use crate::working::LockArgs;
use crate::{Exit, Session, backend};

/// Where in the data folder the name of the selected workspace is kept.
const SELECTED: &str = "workspace";

/// Files, time and chance of the machine.
pub(crate) fn world() -> World {
    World { files: Arc::new(RealFiles), clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
}

/// Returns the store of the configuration in this folder.
pub(crate) fn store() -> Arc<dyn Store> {
    Arc::new(local())
}

/// The same, as the store of files that it is.
pub(crate) fn local() -> LocalStore {
    LocalStore::new(".", world())
}

/// Returns the workspace to work in: the environment's, or the selected one.
pub(crate) fn workspace(session: &Session) -> String {
    let chosen = session.environment.workspace_by_environment().map(str::to_owned);
    let selected = || std::fs::read_to_string(selected_in(session)).ok().map(|text| text.trim().to_owned());
    let name = chosen.or_else(selected).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| state::stores::DEFAULT_WORKSPACE.to_owned())
}

/// Remembers the workspace that commands in this folder work in.
pub(crate) fn select_workspace(session: &Session, name: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(session.environment.data_folder())?;
    std::fs::write(selected_in(session), format!("{name}\n"))
}

fn selected_in(session: &Session) -> PathBuf {
    session.environment.data_folder().join(SELECTED)
}

/// Returns how to take the lock of a state.
pub(crate) fn lock_request(session: &Session, operation: &str, patience: Duration) -> LockRequest {
    let claim = Claim {
        who: session.environment.user().to_owned(),
        host: session.environment.host().to_owned(),
        process: std::process::id(),
        operation: operation.to_owned(),
        version: lang::version::PROGRAM_VERSION.to_owned(),
    };
    LockRequest { claim, patience }
}

/// Reads the state of the current workspace without its lock: a moment's view.
pub(crate) fn load(session: &mut Session) -> Result<State, Exit> {
    backend::refuse_foreign(session)?;
    load_in(session, Voice::Text)
}

/// The same for a command that has looked at the backend already, with what there is to say said in its voice.
pub(crate) fn load_in(session: &mut Session, voice: Voice) -> Result<State, Exit> {
    let workspace = workspace(session);
    let mut fail = |diagnostic: Diagnostic| {
        voice.diagnostics(session, &Sources::default(), &diagnostic.into());
        Err(Exit::FAILURE)
    };
    let bytes = match store().load(&workspace) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(error) => return fail(Diagnostic::error("Cannot read the state", error.to_string())),
    };
    if bytes.is_empty() {
        return Ok(State::default());
    }
    match state::read(&bytes) {
        Ok(reading) => {
            let notes = reading.notes.iter().map(state::Note::diagnostic);
            notes.for_each(|note| voice.diagnostics(session, &Sources::default(), &note.into()));
            Ok(reading.ledger.state)
        }
        Err(damage) => fail(state::OpenError::Damaged(damage).diagnostic()),
    }
}

/// Returns the state in the bytes of a file, ours or Terraform's; nothing if they are something else.
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<State> {
    if let Ok(reading) = state::read(bytes) {
        return Some(reading.ledger.state);
    }
    state::terraform::read(std::str::from_utf8(bytes).ok()?).ok()
}

/// Returns the state of the current workspace if it can be read; who needs to know why not will find out.
pub(crate) fn peek(session: &Session) -> Option<State> {
    let bytes = store().load(&workspace(session)).ok()??;
    state::read(&bytes).ok().map(|reading| reading.ledger.state)
}

/// Tells whether the state of the current workspace looks after nothing. One that cannot be read may hold anything.
pub(crate) fn is_empty(session: &Session) -> bool {
    match store().load(&workspace(session)) {
        Ok(bytes) => bytes.is_none_or(|bytes| {
            bytes.is_empty()
                || state::read(&bytes).is_ok_and(|read| read.ledger.state.is_empty() && read.ledger.open.is_empty())
        }),
        Err(_) => false,
    }
}

/// Opens the state of the current workspace under its lock and lets `edit` write to it.
pub(crate) fn change<T>(
    session: &mut Session,
    operation: &str,
    lock: &LockArgs,
    edit: impl FnOnce(&Journal) -> Result<T, Diagnostic>,
) -> Result<T, Exit> {
    change_whole(session, operation, lock, |journal| edit(journal).map(|result| (result, None)))
}

/// The same; where `edit` returns a state, that takes the place of the one that is known.
pub(crate) fn change_whole<T>(
    session: &mut Session,
    operation: &str,
    lock: &LockArgs,
    edit: impl FnOnce(&Journal) -> Result<(T, Option<State>), Diagnostic>,
) -> Result<T, Exit> {
    backend::refuse_foreign(session)?;
    let (store, workspace) = (store(), workspace(session));
    lock.heed(session);
    let lock = match store.lock(&workspace, &lock_request(session, operation, lock.patience())) {
        Ok(lock) => lock,
        Err(error) => return fail(session, error.diagnostic()),
    };
    let version = lang::version::PROGRAM_VERSION;
    let journal = match Journal::open(store, &workspace, lock, &world(), version) {
        Ok(Opened { journal, notes, .. }) => {
            let sources = Sources::default();
            notes.iter().for_each(|note| session.ui.diagnostics(&sources, &note.diagnostic().into()));
            journal
        }
        Err(error) => return fail(session, error.diagnostic()),
    };
    let edited = edit(&journal);
    let (result, closed) = match edited {
        Ok((result, Some(state))) => (Ok(result), journal.close_with(state)),
        Ok((result, None)) => (Ok(result), journal.close()),
        Err(diagnostic) => (Err(diagnostic), journal.close()),
    };
    if let Err((_, error)) = closed {
        return fail(session, Diagnostic::error("State not saved", error.to_string()));
    }
    result.or_else(|diagnostic| fail(session, diagnostic))
}

/// Shows a problem and says that the command failed.
pub(crate) fn fail<T>(session: &mut Session, diagnostic: Diagnostic) -> Result<T, Exit> {
    session.ui.diagnostics(&Sources::default(), &Diagnostics::from(diagnostic));
    Err(Exit::FAILURE)
}

/// What a user names on the command line: a module, a resource or an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Everything in a module and in those below it.
    Module(ModuleInstance),
    /// All instances of a resource.
    Resource(AbsResource),
    /// One instance.
    Instance(AbsInstance),
}

impl Selection {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Selection, Diagnostic> {
        if let Some(instance) = state::parse_instance(text) {
            return Ok(match instance.key {
                Some(_) => Selection::Instance(instance),
                None => Selection::Resource(instance.resource),
            });
        }
        match state::parse_module(text) {
            Some(module) if !module.is_root() => Ok(Selection::Module(module)),
            _ => {
                let detail = format!(
                    "{text:?} is no address: one is written TYPE.NAME, TYPE.NAME[KEY], data.TYPE.NAME or module.NAME, \
                     with the modules around it in front."
                );
                Err(Diagnostic::error("Invalid address", detail))
            }
        }
    }

    /// Tells whether an instance is meant.
    pub(crate) fn covers(&self, instance: &AbsInstance) -> bool {
        match self {
            Selection::Instance(own) => own == instance,
            Selection::Resource(own) => *own == instance.resource,
            Selection::Module(own) => {
                let other = &instance.resource.module.0;
                other.len() >= own.0.len()
                    && own
                        .0
                        .iter()
                        .zip(other.iter())
                        .all(|(a, b)| a.name == b.name && (a.key.is_none() || a.key == b.key))
            }
        }
    }
}

/// Reads the address of one instance.
pub(crate) fn instance(text: &str) -> Result<AbsInstance, Diagnostic> {
    state::parse_instance(text).ok_or_else(|| {
        let detail = format!("{text:?} is not the address of an instance: TYPE.NAME, TYPE.NAME[KEY], module.NAME.…");
        Diagnostic::error("Invalid address", detail)
    })
}

/// Returns the error for something that is not in state.
pub(crate) fn absent(what: &str) -> Diagnostic {
    Diagnostic::error("Not in state", format!("The state has no {what}. \"gantry state list\" shows what it has."))
}

/// Returns the value of a stored object with its marks, and the schema it is of, or one that fits it.
pub(crate) fn object_value(
    address: &AbsInstance,
    provider: &addr::Provider,
    object: &Object,
    schemas: &dyn Schemas,
) -> (Value, Block) {
    let resource = &address.resource.resource;
    let marks: Vec<_> = object.sensitive.iter().map(|path| (path.clone(), Marks::SENSITIVE)).collect();
    if let Some(block) = schemas.block(provider, resource.mode, &resource.kind)
        && let Ok(value) = object.attributes.decode(&block.ty())
    {
        return (plan::change::mark_sensitive(block, value, &marks), block.clone());
    }
    // Of a provider that is not there, or of an older version of the type: what the JSON says by itself.
    let json = serde_json::from_str(&object.attributes.json()).unwrap_or(serde_json::Value::Null);
    let value = value::value_from_json(&json, &value::implied_type(&json)).unwrap_or(Value::null(Type::Dynamic));
    let block = bare_block(&value);
    (value.mark_paths(&marks), block)
}

/// Returns the values that references to the resources of a configuration have by what is stored.
pub(crate) fn values(state: &State, root: &Node, schemas: &dyn Schemas) -> plan::Values {
    let values = plan::Values::default();
    let mut blocks: HashMap<(addr::Module, &addr::Resource), &lang::module::Resource> = HashMap::new();
    root.visit(&mut |node| {
        blocks.extend(node.module.resources.iter().map(|resource| ((node.path.clone(), &resource.address), resource)));
    });
    for (address, stored) in state.resources() {
        let names = address.module.0.iter().map(|step| step.name.clone());
        let Some(resource) = blocks.get(&(addr::Module(names.collect()), &address.resource)) else { continue };
        let instances = stored.instances.iter().filter_map(|(key, instance)| {
            let object = instance.current.as_ref()?;
            let instance = AbsInstance { resource: address.clone(), key: key.clone() };
            Some((key.clone(), object_value(&instance, &stored.provider.provider, object, schemas).0))
        });
        values.set(&address.module, resource, instances.collect());
    }
    values
}

#[cfg(test)]
mod tests {
    use super::Selection;

    fn check(selection: &str, instance: &str, expected: bool) {
        let found = Selection::parse(selection).map(|s| s.covers(&super::instance(instance).expect("an address")));
        assert_eq!(found.ok(), Some(expected), "{selection} {instance}");
    }

    #[test]
    fn a_selection_covers_what_is_inside() {
        check("a.b", "a.b[0]", true);
        check("a.b[0]", "a.b", false);
        check("module.m", "module.m[1].module.n.a.b", true);
        check("module.m[0]", "module.m[1].a.b", false);
        check("a.b", "module.m.a.b", false);
        assert!(Selection::parse("nonsense").is_err());
    }
}
