//! Plans that were saved: what is kept of a run for a file, and a run that carries out what a file says.

use std::collections::BTreeSet;

use diag::{Diagnostic, Diagnostics};
use plan::file::{Basis, Digest, SavedPlan, SavedProvider};
use plan::{Ephemerals, Plan, Pool, Values};
use sha2::{Digest as _, Sha256};
use state::{Journal, State, Target};

use crate::session::{
    Approval, Failure, Looks, Report, Request, Run, Watching, Worked, close, executor, open, pool, world,
};

/// Returns what tells a stored state apart from all others. One that was never stored has a random name that nobody will
/// see again, which therefore does not count.
pub(crate) fn basis(journal: &Journal) -> Basis {
    let state = journal.state();
    if state.serial == 0 && state.is_empty() {
        return Basis::default();
    }
    let digest = Sha256::digest(state::snapshot(&state, "")).into();
    Basis { lineage: state.lineage, serial: state.serial, digest }
}

/// Returns what a file needs beside the plan and the configuration.
pub(crate) fn keep(run: &Run<'_>, basis: Basis, prior: &State, plan: &Plan) -> SavedPlan {
    let request = run.request;
    SavedPlan {
        program: request.version.into(),
        workspace: request.workspace.into(),
        basis,
        options: request.options.clone(),
        has_errors: plan.diags.has_errors(),
        prior: refreshed(prior, plan),
        providers: providers(plan, request, &run.pool),
        resources: run.values.save(plan),
        ..SavedPlan::default()
    }
}

/// Returns the state with what has changed outside.
fn refreshed(prior: &State, plan: &Plan) -> State {
    let mut state = prior.clone();
    for drift in &plan.drift {
        let target = Target::from(drift.address.clone());
        match &drift.object {
            Some(object) => _ = state.set_object(&target, drift.provider.clone(), object.clone()),
            None => _ = state.remove_object(&target),
        }
    }
    state
}

/// Returns the providers of a plan, sorted.
fn providers(plan: &Plan, request: &Request<'_>, pool: &Pool) -> Vec<SavedProvider> {
    let wanted: BTreeSet<&addr::Provider> = plan.changes.iter().map(|change| &change.provider.provider).collect();
    let digests = wanted.into_iter().filter_map(|provider| Some((provider, digest(provider, request, pool)?)));
    digests.map(|(provider, digest)| SavedProvider { provider: provider.to_string().into(), digest }).collect()
}

/// Returns what tells a provider from others and from its other versions: its schemas, and the name of its program, which
/// by custom ends with the version.
fn digest(provider: &addr::Provider, request: &Request<'_>, pool: &Pool) -> Option<Digest> {
    let made = pool.bare(provider)?;
    let program = request.providers.program(provider);
    let name = program.as_ref().and_then(|program| program.file_name()).unwrap_or_default();
    let sum = Sha256::new().chain_update(name.as_encoded_bytes()).chain_update([0]);
    Some(sum.chain_update(format!("{:?}", made.schemas())).finalize().into())
}

/// Returns why a saved plan cannot be carried out whatever the state is.
pub fn refuse(saved: &SavedPlan, workspace: &str) -> Option<Diagnostic> {
    if saved.has_errors {
        let detail = "There were errors when this plan was made, so it is not whole: it can be looked at and nothing \
                      else. Correct them and plan again.";
        return Some(Diagnostic::error("Plan has errors", detail));
    }
    if saved.workspace != workspace {
        let detail = format!(
            "The plan was made for the workspace {:?}, and this is the workspace {workspace:?}. Select the other one with \
             \"gantry workspace select {}\", or plan again.",
            saved.workspace, saved.workspace
        );
        return Some(Diagnostic::error("Plan is for another workspace", detail));
    }
    None
}

/// Carries out a saved plan, whose configuration is that of the request.
///
/// `decide` sees the plan when all that could stand against it has been looked at.
pub fn apply_saved(
    request: Request<'_>,
    saved: SavedPlan,
    observer: &dyn apply::Observer,
    decide: &mut dyn FnMut(&Plan) -> Approval,
) -> Result<Report, Failure> {
    if let Some(problem) = refuse(&saved, request.workspace) {
        return Err(problem.into());
    }
    let executor = executor()?;
    let pool = pool(&request);
    same_providers(&saved, &request, &pool)?;
    let journal = open(&request)?;
    let stale = stale(&saved, &journal);
    let worked = match stale {
        Some(problem) => Worked { plan: Plan { diags: problem.into(), ..Plan::default() }, ..Worked::default() },
        None => executor.block_on(work(&request, &journal, (saved, pool), observer, decide)),
    };
    close(journal, worked)
}

fn same_providers(saved: &SavedPlan, request: &Request<'_>, pool: &Pool) -> Result<(), Failure> {
    let mut diags = Diagnostics::new();
    for known in &saved.providers {
        let now = addr::Provider::parse(&known.provider).ok().and_then(|provider| digest(&provider, request, pool));
        if now == Some(known.digest) {
            continue;
        }
        let what = if now.is_none() { "is not there now" } else { "has another version or other schemas now" };
        let detail = format!(
            "The plan was made with the provider {}, which {what}, so what it promised may not hold. Plan again.",
            known.provider
        );
        diags.push(Diagnostic::error("Provider has changed", detail));
    }
    if diags.has_errors() { Err(Failure(diags)) } else { Ok(()) }
}

/// Returns why the stored state is not the one that a plan begins from.
fn stale(saved: &SavedPlan, journal: &Journal) -> Option<Diagnostic> {
    let cut_off = journal.look(|ledger| !ledger.open.is_empty());
    let now = basis(journal);
    if now == saved.basis && !cut_off {
        return None;
    }
    let why = match (&now, &saved.basis) {
        _ if cut_off => "a run was cut off in between, and what became of it has to be found out first".to_owned(),
        (now, then) if now.lineage != then.lineage && !then.lineage.is_empty() => {
            "this is another state, begun by itself".to_owned()
        }
        (now, then) if now.serial != then.serial => {
            format!("the plan begins from its serial {}, and it has serial {} now", then.serial, now.serial)
        }
        _ => "its contents are other ones".to_owned(),
    };
    let detail = format!("The state has changed since the plan was made: {why}. Make a new plan.");
    Some(Diagnostic::error("Saved plan is stale", detail))
}

async fn work(
    request: &Request<'_>,
    journal: &Journal,
    (saved, pool): (SavedPlan, std::rc::Rc<Pool>),
    observer: &dyn apply::Observer,
    decide: &mut dyn FnMut(&Plan) -> Approval,
) -> Worked {
    let values = Values::default();
    let plan = saved.plan;
    values.restore(request.configuration.root, &saved.resources, &plan);
    let (world, looks, watcher) = (world(request, &values), Looks(observer), Watching(observer));
    let ephemerals = Ephemerals::new(&watcher, request.runtime.clone());
    // Providers are configured by the steps that need them first.
    let run = Run { request, journal, observer, values: &values, ephemerals: &ephemerals, world, pool, looks };
    let outcome = run.carry_out(&plan, decide).await;
    Worked { plan, outcome, saved: None }
}
