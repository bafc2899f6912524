//! Takes one object that exists into state: lock, look, store, close.

use addr::AbsInstance;
use diag::{Diagnostic, Diagnostics};
use plan::{Ephemerals, Operation, Stage, Values, Watcher};
use state::Journal;

use crate::session::{Failure, Request, executor, open, pool, settle, world};

/// Takes an object that exists into state, as an instance of the configuration. Returns what the user should know.
pub fn import(request: Request<'_>, address: &AbsInstance, id: &str) -> Result<Diagnostics, Failure> {
    let executor = executor()?;
    let journal = open(&request)?;
    let diags = executor.block_on(work(&request, &journal, address, id));
    if let Err((_, error)) = journal.close() {
        return Err(Diagnostic::error("State not saved", error.to_string()).into());
    }
    if diags.has_errors() { Err(Failure(diags)) } else { Ok(diags) }
}

/// Is told of ephemeral resources, and tells nobody: the command says little.
struct Nobody;

impl Watcher for Nobody {
    fn see(&self, _: &AbsInstance, _: Operation, _: Stage) {}
}

async fn work(request: &Request<'_>, journal: &Journal, address: &AbsInstance, id: &str) -> Diagnostics {
    let values = Values::default();
    let pool = pool(request);
    let world = world(request, &values);
    let ephemerals = Ephemerals::new(&Nobody, request.runtime.clone());
    let input = |prior| plan::Input {
        world,
        variables: request.configuration.variables.clone(),
        prior,
        pool: pool.clone(),
        values: &values,
        ephemerals: &ephemerals,
        options: &request.options,
        observer: &(),
    };
    let before = journal.state();
    let mut diags = ephemerals.alongside(settle(input(&before), journal)).await;
    if diags.has_errors() {
        diags.append(ephemerals.close_all().await);
        return diags;
    }
    let before = journal.state();
    let (record, found) = ephemerals.alongside(plan::import(input(&before), address, id)).await;
    diags.append(found);
    diags.append(ephemerals.close_all().await);
    if let Some(Err(error)) = record.map(|record| journal.commit(&record)) {
        diags.push(Diagnostic::error("State not saved", error.to_string()));
    }
    diags
}
