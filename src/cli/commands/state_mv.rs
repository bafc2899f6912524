//! `state mv`: gives what is in state another address.

use addr::{AbsResource, ModuleInstance};
use diag::Diagnostic;
use state::State;
use state::record::{Move, Record};

use super::Run;
use crate::legacy::LegacyArgs;
use crate::stored::{self, Selection};
use crate::working::LockArgs;
use crate::{Exit, Session};

/// Give what is in the state another address.
///
/// Moves an instance, a resource with all its instances, or a module with all that is in it. Use it after renaming
/// something in the configuration, or write a "moved" block, which does the same with the next apply.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    legacy: LegacyArgs,

    /// What to move.
    #[arg(value_name = "SOURCE")]
    source: String,

    /// Its new address.
    #[arg(value_name = "DESTINATION")]
    destination: String,
}

impl Run for Args {
    const NAME: &'static str = "state mv";

    fn run(self, session: &mut Session) -> Exit {
        self.rename(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn rename(&self, session: &mut Session) -> Result<(), Exit> {
        self.legacy.check().or_else(|diagnostic| stored::fail(session, diagnostic))?;
        let moves = stored::change(session, "state mv", &self.lock, |journal| {
            let mut state = journal.state();
            let moves = moves(&state, &self.source, &self.destination)?;
            // Tried on a copy first, so that of several moves all are made or none.
            for one in &moves {
                let tried = match one {
                    Move::Instance { from, to } => state.move_instance(from, to),
                    Move::Resource { from, to } => state.move_resource(from, to),
                };
                tried.map_err(|error| Diagnostic::error("Invalid move", format!("{error}.")))?;
            }
            if self.dry_run {
                return Ok(moves);
            }
            self.legacy.copy(&journal.state())?;
            for one in &moves {
                let committed = journal.commit(&Record::Move(one.clone()));
                committed.map_err(|error| Diagnostic::error("State not saved", error.to_string()))?;
            }
            Ok(moves)
        })?;
        let word = if self.dry_run { "Would move" } else { "Move" };
        let mut text = String::new();
        for one in &moves {
            let (from, to) = match one {
                Move::Instance { from, to } => (from.to_string(), to.to_string()),
                Move::Resource { from, to } => (from.to_string(), to.to_string()),
            };
            text.push_str(&format!("{word} \"{from}\" to \"{to}\"\n"));
        }
        if !self.dry_run {
            text.push_str(&format!("Successfully moved {} object(s).\n", moves.len()));
        }
        session.ui.out.print(&text);
        Ok(())
    }
}

fn moves(state: &State, source: &str, destination: &str) -> Result<Vec<Move>, Diagnostic> {
    let unlike = || {
        let detail = format!("{source} and {destination} are not of one kind: module, resource or instance.");
        Diagnostic::error("Invalid move", detail)
    };
    match (Selection::parse(source)?, Selection::parse(destination)?) {
        (Selection::Module(from), Selection::Module(to)) => {
            let inside = state.resources().map(|(address, _)| address);
            let inside = inside.filter(|address| address.module.0.starts_with(&from.0));
            let moves: Vec<Move> =
                inside.map(|old| Move::Resource { from: old.clone(), to: within(old, &from, &to) }).collect();
            if moves.is_empty() { Err(stored::absent(source)) } else { Ok(moves) }
        }
        (from, to) => {
            let whole = |selection: &Selection| {
                Some(match selection {
                    Selection::Instance(instance) => instance.clone(),
                    Selection::Resource(resource) => addr::AbsInstance { resource: resource.clone(), key: None },
                    Selection::Module(_) => return None,
                })
            };
            let Some((old, new)) = whole(&from).zip(whole(&to)) else { return Err(unlike()) };
            check_types(&old.resource.resource, &new.resource.resource)?;
            let Some(resource) = state.resource(&old.resource) else { return Err(stored::absent(source)) };
            let is_single = resource.instances.get(&None).is_some();
            if old.key.is_none() && new.key.is_none() && !is_single {
                return Ok(vec![Move::Resource { from: old.resource, to: new.resource }]);
            }
            if state.instance(&old).is_none() {
                return Err(stored::absent(source));
            }
            Ok(vec![Move::Instance { from: old, to: new }])
        }
    }
}

/// What is stored of one type is nothing to another.
fn check_types(old: &addr::Resource, new: &addr::Resource) -> Result<(), Diagnostic> {
    if (old.mode, &old.kind) == (new.mode, &new.kind) {
        return Ok(());
    }
    let detail = format!(
        "{old} and {new} are not of one type, and what is stored of the one is nothing to the other. Where the provider can \
         turn one into the other, a \"moved\" block lets it."
    );
    Err(Diagnostic::error("Invalid state move request", detail))
}

fn within(old: &AbsResource, from: &ModuleInstance, to: &ModuleInstance) -> AbsResource {
    let steps: Vec<_> = to.0.iter().chain(&old.module.0[from.0.len()..]).cloned().collect();
    AbsResource { module: ModuleInstance(steps.into()), resource: old.resource.clone() }
}
