//! `state rm`: forgets what is in state, without destroying it.

use diag::Diagnostic;
use state::record::{Gone, Record};

use super::Run;
use crate::legacy::LegacyArgs;
use crate::stored::{self, Selection};
use crate::working::LockArgs;
use crate::{Exit, Session};

/// Forget objects, without destroying them.
///
/// Takes instances out of the state; what they stand for goes on existing and is not looked after any more. If they
/// are still in the configuration, the next apply creates them anew.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    legacy: LegacyArgs,

    /// Addresses of instances, resources or modules.
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
}

impl Run for Args {
    const NAME: &'static str = "state rm";

    fn run(self, session: &mut Session) -> Exit {
        self.remove(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn remove(&self, session: &mut Session) -> Result<(), Exit> {
        let selections: Result<Vec<Selection>, _> = self.addresses.iter().map(|text| Selection::parse(text)).collect();
        let selections = selections.or_else(|diagnostic| stored::fail(session, diagnostic))?;
        self.legacy.check().or_else(|diagnostic| stored::fail(session, diagnostic))?;
        let (removed, absent, taken_back) = stored::change(session, "state rm", &self.lock, |journal| {
            let state = journal.state();
            let (mut targets, mut absent) = (Vec::new(), Vec::new());
            let taken_back = self.take_back(journal, &selections)?;
            for (selection, text) in selections.iter().zip(&self.addresses) {
                let before = targets.len();
                targets.extend(
                    state.objects().map(|(target, ..)| target).filter(|target| selection.covers(&target.address)),
                );
                if targets.len() == before && !taken_back.iter().any(|target| selection.covers(&target.address)) {
                    absent.push(text.as_str());
                }
            }
            if targets.is_empty() && taken_back.is_empty() && !self.dry_run {
                return Err(stored::absent(&absent.join(" and no ")));
            }
            targets.sort_by(|a, b| (&a.address, a.deposed).cmp(&(&b.address, b.deposed)));
            targets.dedup();
            if self.dry_run {
                return Ok((targets, absent, taken_back));
            }
            self.legacy.copy(&state)?;
            for target in &targets {
                let record = Record::Gone(Gone { token: None, target: target.clone() });
                let committed = journal.commit(&record);
                committed.map_err(|error| Diagnostic::error("State not saved", error.to_string()))?;
            }
            Ok((targets, absent, taken_back))
        })?;
        let word = if self.dry_run { "Would remove" } else { "Removed" };
        let mut text: String = removed.iter().map(|target| format!("{word} {target}\n")).collect();
        let word = if self.dry_run { "Would take back" } else { "Took back" };
        text.extend(taken_back.iter().map(|target| format!("{word} the question what became of {target}\n")));
        text.push_str(if removed.is_empty() && taken_back.is_empty() { "Would remove nothing.\n" } else { "" });
        for text in absent {
            let warning = Diagnostic { severity: diag::Severity::Warning, ..stored::absent(text) };
            session.ui.diagnostics(&diag::Sources::default(), &warning.into());
        }
        if !self.dry_run {
            text.push_str(&format!("Successfully removed {} resource instance(s).\n", removed.len()));
        }
        session.ui.out.print(&text);
        Ok(())
    }

    /// Forgets calls whose outcome nobody knows: of an object that was being created they are all that there is.
    fn take_back(&self, journal: &state::Journal, selections: &[Selection]) -> Result<Vec<state::Target>, Diagnostic> {
        let open: Vec<_> = journal.look(|ledger| {
            let open = ledger.open.values().map(|open| (open.intent.token.clone(), open.intent.target.clone()));
            open.filter(|(_, target)| selections.iter().any(|known| known.covers(&target.address))).collect()
        });
        for (token, _) in open.iter().filter(|_| !self.dry_run) {
            let committed = journal.commit(&Record::Failed { token: token.clone() });
            committed.map_err(|error| Diagnostic::error("State not saved", error.to_string()))?;
        }
        Ok(open.into_iter().map(|(_, target)| target).collect())
    }
}
