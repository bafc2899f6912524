//! State together with what is under way: the sum of all records so far.

use std::collections::BTreeMap;

use ecow::EcoString;

use crate::record::{Intent, Move, Record};
use crate::{ChangeError, State};

/// What the records say: the state, and the calls of which nobody knows yet how they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What is known.
    pub state: State,
    /// Calls under way, by token; after a crash the next run settles them before anything else.
    pub open: BTreeMap<EcoString, OpenIntent>,
}

/// A call of which the outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// What the call was to do.
    pub intent: Intent,
    /// Name and value of what was learned during it, in order.
    pub handles: Vec<(EcoString, EcoString)>,
}

impl Ledger {
    /// Takes in a record; on an error nothing has changed.
    ///
    /// What says that something exists is never refused: it may be all there is to know of it. Refused are only
    /// rearrangements of what is known that make no sense.
    pub fn apply(&mut self, record: &Record) -> Result<(), ChangeError> {
        let state = &mut self.state;
        match record {
            Record::Run(run) => state.serial = run.serial,
            Record::Intent(intent) => {
                let open = OpenIntent { intent: intent.clone(), handles: Vec::new() };
                self.open.insert(intent.token.clone(), open);
            }
            Record::Handle(handle) => {
                if let Some(open) = self.open.get_mut(&handle.token) {
                    open.handles.push((handle.name.clone(), handle.value.clone()));
                }
            }
            Record::Object(settled) => {
                state.set_object(&settled.target, settled.provider.clone(), settled.object.clone());
                self.settle(settled.token.as_ref());
            }
            Record::Gone(gone) => {
                state.remove_object(&gone.target);
                let open = gone.token.as_ref().and_then(|token| self.open.get(token));
                for inside in open.iter().flat_map(|open| open.intent.contents.iter()) {
                    state.remove_object(&inside.clone().into());
                }
                self.settle(gone.token.as_ref());
            }
            Record::Failed { token } => self.settle(Some(token)),
            Record::Depose { address, key } => state.depose(address, *key)?,
            Record::Restore { address, key } => state.restore(address, *key)?,
            Record::Move(Move::Instance { from, to }) => state.move_instance(from, to)?,
            Record::TakeOver { from, settled } => state.take_over(from, settled)?,
            Record::Move(Move::Resource { from, to }) => state.move_resource(from, to)?,
            Record::Resource { address, provider } => state.set_resource(address, provider.clone()),
            Record::NoResource { address } => state.prune_resource(address),
            Record::Output { name, output: Some(output) } => {
                state.outputs.insert(name.clone(), output.clone());
            }
            Record::Output { name, output: None } => {
                state.outputs.remove(name);
            }
            Record::Checks(checks) => state.checks.clone_from(checks),
        }
        Ok(())
    }

    fn settle(&mut self, token: Option<&EcoString>) {
        if let Some(token) = token {
            self.open.remove(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::record::{Action, Gone, Intent, Outline, Record, Settled};
    use crate::{Attributes, Ledger, Object, parse_instance, parse_provider_config};

    /// Deletes what `a.cluster` is with what is in it, as far as a record says.
    fn left(last: impl FnOnce() -> Record) -> Vec<String> {
        let provider = parse_provider_config("provider[\"registry.terraform.io/hashicorp/fake\"]");
        let provider = Arc::new(provider.expect("an address"));
        let at = |text: &str| parse_instance(text).expect("an address");
        let mut ledger = Ledger::default();
        let object = || Arc::new(Object::new(0, Attributes::of_json("{}")));
        for name in ["a.cluster", "b.inside", "b.other"] {
            let (target, provider) = (at(name).into(), provider.clone());
            let settled = Settled { token: None, target, provider, object: object() };
            ledger.apply(&Record::Object(settled)).expect("it is taken in");
        }
        let intent = Intent {
            token: "t".into(),
            target: at("a.cluster").into(),
            action: Action::Delete,
            provider,
            planned: "".into(),
            outline: Outline::default(),
            contents: [at("b.inside")].into(),
        };
        ledger.apply(&Record::Intent(intent)).expect("it is taken in");
        ledger.apply(&last()).expect("it is taken in");
        ledger.state.objects().map(|(target, ..)| target.to_string()).collect()
    }

    #[test]
    fn what_is_in_an_object_ends_with_it_and_never_before() {
        let target = || parse_instance("a.cluster").expect("an address").into();
        let gone = |token: Option<&str>| Record::Gone(Gone { token: token.map(Into::into), target: target() });
        assert_eq!(left(|| gone(Some("t"))), ["b.other"]);
        assert_eq!(left(|| Record::Failed { token: "t".into() }), ["a.cluster", "b.inside", "b.other"]);
        // Who says so does not know of the call.
        assert_eq!(left(|| gone(None)), ["b.inside", "b.other"]);
    }
}
