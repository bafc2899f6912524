//! What became of calls whose end nobody has seen, because the run that made them was killed.

use addr::AbsInstance;
use diag::{Diagnostic, Diagnostics};
use sdk::{FindIntent, IntentOutcome};
use state::record::{Action, Gone, Intent, Record, Settled};
use state::{Attributes, Ledger, Object, OpenIntent, State, Status};
use value::Value;

use crate::planner::{Configured, Input, Options, Planner, planner};

/// Asks the providers about every open intent and returns what is to be recorded.
///
/// An intent whose outcome nobody can tell stays open, with an error: nothing is acted on before it is known.
///
/// A provider may be configured from other objects, and some of these may have been under way as well: so what can be
/// settled without is settled first, and the rest with the state as it is then.
pub async fn settle(input: Input<'_>, intents: &[OpenIntent]) -> (Vec<Record>, Diagnostics) {
    let Input { world, prior, pool, values, ephemerals, .. } = &input;
    let observing = Options { destroy: true, ..Options::default() };
    let mut state = State::clone(prior);
    let (mut records, mut diags) = (Vec::new(), Diagnostics::new());
    let mut open: Vec<&OpenIntent> = intents.iter().collect();
    // At first without a look at anything else; at last even what cannot be asked about, to say so.
    let (mut looks_around, mut is_last) = (false, false);
    while !open.is_empty() {
        let mut postponed = Vec::new();
        let round = planner(Input {
            world: *world,
            variables: input.variables.clone(),
            prior: &state,
            pool: pool.clone(),
            values,
            ephemerals,
            options: &observing,
            observer: input.observer,
        });
        if looks_around {
            round.walk().await;
        }
        let (mut found, open_before) = (Vec::new(), open.len());
        for intent in open {
            if !is_last && round.provider_of_open(intent).await.is_some_and(|made| made.waits) {
                postponed.push(intent);
                continue;
            }
            let record = round.settle(intent).await;
            let restored = record.as_ref().and_then(|record| round.restored(intent, record));
            found.extend(record.into_iter().chain(restored));
        }
        diags.append(round.out.take().diags);
        diags.append(round.evaluation.take_diagnostics());
        drop(round);
        let mut ledger = Ledger { state, ..Ledger::default() };
        // What makes no sense there is refused when it is recorded, too.
        found.iter().for_each(|record| _ = ledger.apply(record));
        state = ledger.state;
        records.extend(found);
        is_last |= looks_around && postponed.len() == open_before;
        looks_around = true;
        open = postponed;
    }
    (records, diags)
}

impl Planner<'_> {
    async fn provider_of_open(&self, open: &OpenIntent) -> Option<Configured> {
        match self.prior.object(&open.intent.target).cloned() {
            Some(object) => self.provider_of_orphan(&open.intent.provider, &object).await,
            None => self.provider_at(&open.intent.provider).await,
        }
    }

    async fn settle(&self, open: &OpenIntent) -> Option<Record> {
        let intent = &open.intent;
        let address = &intent.target.address;
        let config = &*intent.provider;
        let provider = self.provider_of_open(open).await?.provider;
        let kind = self.kind(&config.provider, &address.resource.resource)?;
        let stored = self.prior.object(&intent.target).cloned();
        let prior = match &stored {
            Some(object) => self.stored_value(&*provider, &kind, address, object).await?,
            None => Value::null(kind.ty.clone()),
        };
        let request = FindIntent {
            kind: address.resource.resource.kind.clone(),
            action: match intent.action {
                Action::Create => sdk::Action::Create,
                Action::Update => sdk::Action::Update,
                Action::Delete => sdk::Action::Delete,
            },
            token: intent.token.clone(),
            handle: open.handles.last().map(|(_, value)| value.to_string()),
            prior,
            planned: Value::unknown(kind.ty.clone()),
            private: stored.as_ref().map(|object| object.private.to_vec()).unwrap_or_default(),
        };
        let token = intent.token.clone();
        match provider.find_intent(request).await {
            IntentOutcome::Found { object, private, identity, problems } => {
                let is_broken = intent.action == Action::Create && problems.iter().any(sdk::Problem::is_error);
                self.tell(address, problems);
                let attributes = Attributes::of_value(object.unmark_deep().0, kind.ty.clone()).ok()?;
                let basis = stored.as_deref().cloned();
                let basis = basis.unwrap_or_else(|| Object::new(kind.schema.version, attributes.clone()));
                let identity = crate::identity::to_store(kind.identity.as_ref(), identity.as_ref());
                let object = Object {
                    attributes,
                    schema_version: kind.schema.version,
                    private: private.into(),
                    identity: identity.or_else(|| basis.identity.clone()),
                    ..with_outline(basis, intent)
                };
                let object = if is_broken { Object { status: Status::Tainted, ..object } } else { object };
                let target = intent.target.clone();
                let provider = intent.provider.clone();
                Some(Record::Object(Settled { token: Some(token), target, provider, object: object.into() }))
            }
            IntentOutcome::Absent(problems) => {
                self.tell(address, problems);
                Some(match intent.action {
                    Action::Create => Record::Failed { token },
                    _ => Record::Gone(Gone { token: Some(token), target: intent.target.clone() }),
                })
            }
            IntentOutcome::Unknown(problems) => {
                self.unknown(address, intent.action, problems);
                None
            }
        }
    }

    /// Takes back the object that was set aside for one that turned out not to be there.
    fn restored(&self, open: &OpenIntent, record: &Record) -> Option<Record> {
        let Record::Failed { .. } = record else { return None };
        let address = &open.intent.target.address;
        let instance = self.prior.instance(address).filter(|instance| instance.current.is_none())?;
        // Of several nobody knows which was the last; all are deleted then.
        let mut keys = instance.deposed.keys();
        let key = keys.next().copied().filter(|_| keys.next().is_none())?;
        Some(Record::Restore { address: address.clone(), key })
    }

    /// Tells what went wrong with a call whose object was found: the run goes on from what is there.
    fn tell(&self, address: &AbsInstance, problems: Vec<sdk::Problem>) {
        for problem in problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.severity = diag::Severity::Warning;
            diagnostic.address = Some(address.to_string());
            self.report(diagnostic);
        }
    }

    fn unknown(&self, address: &AbsInstance, action: Action, problems: Vec<sdk::Problem>) {
        for problem in problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.address = Some(address.to_string());
            self.report(diagnostic);
        }
        let detail = format!(
            "An earlier run was cut off while it was to {action} {address}, and the provider cannot tell what became of \
             it. Look for the object yourself. Then run \"gantry state rm {address}\", which takes the question back; if the \
             object is there, import it afterwards."
        );
        self.report(Diagnostic::error("Outcome of an earlier call is not known", detail));
    }
}

/// Adds what the call was made with. Whether a change happened is not known: what the object depended on before still
/// counts, too.
fn with_outline(basis: Object, intent: &Intent) -> Object {
    let outline = &intent.outline;
    if intent.action == Action::Delete {
        return basis;
    }
    let mut dependencies = outline.dependencies.to_vec();
    dependencies.extend(basis.dependencies.iter().filter(|known| !outline.dependencies.contains(known)).cloned());
    let mut sensitive = outline.sensitive.to_vec();
    sensitive.extend(basis.sensitive.iter().filter(|known| !outline.sensitive.contains(known)).cloned());
    let status = match intent.action {
        Action::Create => outline.status,
        _ => basis.status,
    };
    Object {
        status,
        dependencies: dependencies.into(),
        sensitive: sensitive.into(),
        create_before_destroy: outline.create_before_destroy,
        is_contained: outline.is_contained,
        ..basis
    }
}
