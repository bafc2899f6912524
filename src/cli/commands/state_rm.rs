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
        let (removed, absent) = stored::change(session, "state rm", &self.lock, |journal| {
            let state = journal.state();
            let (mut targets, mut absent) = (Vec::new(), Vec::new());
            for (selection, text) in selections.iter().zip(&self.addresses) {
                let before = targets.len();
                targets.extend(
                    state.objects().map(|(target, ..)| target).filter(|target| selection.covers(&target.address)),
                );
                if targets.len() == before {
                    absent.push(text.as_str());
                }
            }
            if targets.is_empty() && !self.dry_run {
                return Err(stored::absent(&absent.join(" and no ")));
            }
            targets.sort_by(|a, b| (&a.address, a.deposed).cmp(&(&b.address, b.deposed)));
            targets.dedup();
            if self.dry_run {
                return Ok((targets, absent));
            }
            self.legacy.copy(&state)?;
            for target in &targets {
                let record = Record::Gone(Gone { token: None, target: target.clone() });
                let committed = journal.commit(&record);
                committed.map_err(|error| Diagnostic::error("State not saved", error.to_string()))?;
            }
            Ok((targets, absent))
        })?;
        let word = if self.dry_run { "Would remove" } else { "Removed" };
        let mut text: String = removed.iter().map(|target| format!("{word} {target}\n")).collect();
        text.push_str(if removed.is_empty() { "Would remove nothing.\n" } else { "" });
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
}
