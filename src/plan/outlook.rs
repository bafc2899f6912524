//! What a plan is like for people: providers are asked once it is made, so that it can be saved and shown with it.

use std::sync::Arc;
use std::time::Duration;

use addr::{Mode, ProviderConfig};
use sdk::{Costs, Course, Disruption, Lock, OutlookStep, Prospect, Provider};
use value::{Marks, Value};

use crate::model::{Action, Change, Plan};
use crate::pool::Pool;

/// How long something takes of which nobody says so.
const TYPICAL: Duration = Duration::from_secs(1);

/// What a change is like for people, and what its object costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// What is done one after the other to make or to change it, if the provider tells.
    pub steps: Vec<OutlookStep>,
    /// What the whole disrupts, the worst of the steps included.
    pub disruption: Disruption,
    /// How long it usually takes to make or to change it.
    pub making: Duration,
    /// How long it usually takes to take it away.
    pub deleting: Duration,
    /// What it holds meanwhile, so that others wait.
    pub locks: Vec<Lock>,
    /// What the object costs as it is.
    pub before: Costs,
    /// What it costs as planned.
    pub after: Costs,
}

impl Default for Outlook {
    fn default() -> Outlook {
        Outlook {
            steps: Vec::new(),
            disruption: Disruption::None,
            making: TYPICAL,
            deleting: TYPICAL,
            locks: Vec::new(),
            before: Costs::default(),
            after: Costs::default(),
        }
    }
}

/// Returns the first step that a change would take now and that the approved plan does not list; `planned` and `private`
/// are what the provider plans now. What has been done meanwhile need not be done again.
pub fn unlisted(change: &Change, provider: &dyn Provider, (planned, private): (&Value, &[u8])) -> Option<OutlookStep> {
    let approved = change.outlook.as_ref().filter(|outlook| !outlook.steps.is_empty())?;
    let (prior, planned) = (shown(&change.before), shown(planned));
    let prospect = Prospect { course: course(change.action)?, prior: &prior, planned: &planned, private };
    let kind = &change.address.resource.resource.kind;
    let mut open = approved.steps.iter();
    provider.outlook(kind, prospect).steps.into_iter().find(|step| !open.any(|known| known.title == step.title))
}

/// Asks the providers about all that a plan has.
pub(crate) fn look_ahead(plan: &mut Plan, pool: &Pool) {
    // Neighbours mostly have the same provider.
    let mut last: Option<(Arc<ProviderConfig>, Arc<dyn Provider>)> = None;
    let deferred = plan.deferred.iter_mut().map(|deferred| &mut deferred.change);
    for change in plan.changes.iter_mut().chain(deferred) {
        if change.address.resource.resource.mode != Mode::Managed {
            continue;
        }
        if last.as_ref().is_none_or(|(config, _)| !Arc::ptr_eq(config, &change.provider)) {
            let found = pool.get(&change.provider).or_else(|| pool.bare(&change.provider.provider));
            last = found.map(|provider| (change.provider.clone(), provider));
        }
        if let Some((_, provider)) = &last {
            change.outlook = of_change(change, &**provider).map(Box::new);
        }
    }
}

/// Returns what there is to say of a change; nothing where all is as it is with most.
fn of_change(change: &Change, provider: &dyn Provider) -> Option<Outlook> {
    let kind = &change.address.resource.resource.kind;
    let (prior, planned) = (shown(&change.before), shown(&change.after));
    let costs = |object: &Value| if object.is_null() { Costs::default() } else { provider.costs(kind, object) };
    let before = costs(&prior);
    let after = if change.action == Action::NoOp { before.clone() } else { costs(&planned) };
    let mut outlook = Outlook { before, after, ..Outlook::default() };
    if let Some(course) = course(change.action) {
        let private = &change.private;
        let said = provider.outlook(kind, Prospect { course, prior: &prior, planned: &planned, private });
        outlook.disruption = said.worst();
        outlook.deleting = provider.typical_duration(kind, sdk::Action::Delete);
        let making = if course == Course::Update { sdk::Action::Update } else { sdk::Action::Create };
        outlook.making = match said.steps.iter().map(|step| step.typical).sum() {
            Duration::ZERO => said.typical.unwrap_or_else(|| provider.typical_duration(kind, making)),
            steps => steps,
        };
        outlook.steps = said.steps;
        if outlook == Outlook::default() {
            return None;
        }
        let action = if course == Course::Delete { sdk::Action::Delete } else { making };
        outlook.locks = provider.locks(kind, sdk::Change { action, prior: &prior, planned: &planned });
    }
    (outlook != Outlook::default()).then_some(outlook)
}

fn course(action: Action) -> Option<Course> {
    match action {
        Action::Create => Some(Course::Create),
        Action::Update => Some(Course::Update),
        Action::Delete => Some(Course::Delete),
        Action::DeleteThenCreate => Some(Course::DeleteThenCreate),
        Action::CreateThenDelete => Some(Course::CreateThenDelete),
        Action::NoOp | Action::Read | Action::Forget => None,
    }
}

/// Returns an object as everyone may see it: what is sensitive or ephemeral is unknown.
pub(crate) fn shown(object: &Value) -> Value {
    if object.marks_deep().is_empty() {
        return object.clone();
    }
    let is_secret = |marks: Marks| marks.contains(Marks::SENSITIVE) || marks.contains(Marks::EPHEMERAL);
    let hide = |part: Value| if is_secret(part.marks()) { Value::unknown(part.ty()) } else { part };
    object.clone().transform(|_, part| hide(part)).unmark_deep().0
}

#[cfg(test)]
mod tests {
    use super::shown;
    use value::{Marks, Type, Value};

    #[test]
    fn what_is_sensitive_is_unknown_to_an_outlook() {
        let check = |object: Value, expected: Value| assert_eq!(shown(&object), expected);
        let secret = Value::string("x").with_marks(Marks::SENSITIVE);
        check(
            Value::object([("a", secret), ("b", Value::TRUE)]),
            Value::object([("a", Value::unknown(Type::String)), ("b", Value::TRUE)]),
        );
        let ports = Value::list(Type::Number, [Value::number(1)]);
        check(ports.clone().with_marks(Marks::SENSITIVE), Value::unknown(Type::list(Type::Number)));
        check(ports.clone(), ports);
    }
}
