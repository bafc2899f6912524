//! Plans the instances of a resource block.

use std::rc::Rc;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Key, Mode};
use diag::Diagnostic;
use futures_util::StreamExt;
use futures_util::stream;
use lang::evaluation::{Instance, Instances, Repeated};
use lang::expr::Evaluator;
use sdk::{PlanRequest, ReadDataRequest, ReadRequest};
use state::{Attributes, CheckKind, Object, Status};
use value::{Marks, Path, Value};

use crate::change;
use crate::model::{Action, Change, Drift, Importing, Inside, Need, Reason, Role, Wait};
use crate::needs::Shared;
use crate::planner::{Block, Look, Planner, ResourceKind};
use crate::tally::Checkable;

/// Instances of one block that are being planned at the same time; planning mostly waits for the provider.
pub(crate) const CALLS_AT_ONCE: usize = 64;

/// An instance with its configuration, ready to be planned.
pub(crate) struct Desired {
    pub(crate) address: AbsInstance,
    pub(crate) repeated: Repeated,
    pub(crate) config: Value,
    pub(crate) needs: Vec<Need>,
    /// Those of the needs that a `depends_on` says.
    pub(crate) awaited: Vec<Need>,
    pub(crate) prior: Option<Arc<Object>>,
    /// Something that `replace_triggered_by` names changes.
    pub(crate) triggered: bool,
    /// What it waits for, if it cannot be planned to the end yet.
    pub(crate) wait: Option<Wait>,
}

impl Desired {
    /// Stands for a stored object of which only is asked what it is like now.
    pub(crate) fn observed(address: AbsInstance, object: Arc<Object>) -> Desired {
        Desired {
            address,
            repeated: Repeated::default(),
            config: Value::NULL,
            needs: Vec::new(),
            awaited: Vec::new(),
            prior: Some(object),
            triggered: false,
            wait: None,
        }
    }
}

/// An object as it is now.
pub(crate) struct Prior {
    pub(crate) value: Value,
    pub(crate) private: Vec<u8>,
    pub(crate) object: Option<Arc<Object>>,
    pub(crate) identity: Option<Value>,
    /// It is not in state yet.
    pub(crate) importing: Option<Importing>,
    /// What its provider waits for, if it could not look.
    pub(crate) wait: Option<Wait>,
}

impl Prior {
    /// There is none.
    pub(crate) fn none(kind: &ResourceKind) -> Prior {
        let value = Value::null(kind.ty.clone());
        Prior { value, private: Vec::new(), object: None, identity: None, importing: None, wait: None }
    }
}

impl<'a> Planner<'a> {
    /// Plans all instances of a block in one module instance.
    pub(crate) async fn instances(&self, block: &Block<'a>, instance: &Rc<Instance<'a>>) {
        let resource = block.resource;
        let number = || self.evaluation.instances(instance, &resource.repetition);
        let (number, touched) = self.evaluation.traced(number);
        let shared = self.shared(block, instance, touched);
        let keys: Vec<(Option<Key>, Repeated)> = match number {
            Instances::Single => vec![(None, Repeated::default())],
            Instances::Keyed(keys) => keys.into_iter().map(|(key, repeated)| (Some(key), repeated)).collect(),
            Instances::Unknown => return self.unknown_instances(block, instance, &shared).await,
        };
        let address = AbsResource { module: instance.address.clone(), resource: resource.address.clone() };
        let mut desired = Vec::with_capacity(keys.len());
        let mut left_out = Vec::new();
        for (key, repeated) in keys {
            let address = AbsInstance { resource: address.clone(), key };
            self.seen.borrow_mut().insert(address.clone());
            if !self.is_left(&address) {
                let value = self.values.one(&instance.address, resource, address.key.as_ref());
                left_out.extend(value.map(|value| (address.key, value)));
            } else if self.is_selected(&address) {
                desired.extend(self.desired((block, &shared), instance, address, repeated));
            } else if let Some(value) = self.stored_now(block, &address).await {
                left_out.push((address.key, value));
            }
        }
        let priors = self.refresh(block, &desired).await;
        let plans = desired.into_iter().zip(priors).map(|(desired, prior)| async move {
            let (key, repeated) = (desired.address.key.clone(), desired.repeated.clone());
            let value = match resource.address.mode {
                Mode::Managed => self.managed_or_imported(block, desired, prior).await,
                Mode::Data => self.data(block, desired).await,
                Mode::Ephemeral => self.open(block, desired).await,
            };
            (key, repeated, value)
        });
        let planned: Vec<(Option<Key>, Repeated, Value)> = stream::iter(plans).buffered(CALLS_AT_ONCE).collect().await;
        let values = planned.iter().map(|(key, _, value)| (key.clone(), value.clone())).chain(left_out).collect();
        self.values.set(&instance.address, resource, values);
        let name = resource.address.to_string();
        let checkable = Checkable { kind: CheckKind::Resource, module: &instance.address, name: &name, key: None };
        self.tally.borrow_mut().is_expanded(checkable);
        if !resource.lifecycle.postconditions.is_empty() {
            for (key, repeated, value) in planned {
                let repeated = Repeated { this: Some(value), ..repeated };
                let conditions = &resource.lifecycle.postconditions;
                let what = Checkable { key: key.as_ref(), ..checkable };
                self.check(instance, &repeated, (conditions, "Resource postcondition failed"), what);
            }
        }
    }

    /// Evaluates the configuration of an instance; nothing if it has mistakes.
    pub(crate) fn desired(
        &self,
        (block, shared): (&Block<'a>, &Shared),
        instance: &Rc<Instance<'a>>,
        address: AbsInstance,
        repeated: Repeated,
    ) -> Option<Desired> {
        let (evaluated, touched) = self.evaluation.traced(|| {
            let scope = self.evaluation.scope(instance, repeated.clone());
            let mut evaluator = Evaluator::new(&scope, self.env);
            let config = match block.resource.address.mode {
                Mode::Ephemeral => block.body.eval_unstored(&mut evaluator),
                Mode::Managed | Mode::Data => block.body.eval(&mut evaluator),
            };
            (config, evaluator.diags)
        });
        let (config, mut diags) = evaluated;
        let (found, awaited) = self.evaluation.traced(|| {
            let scope = self.evaluation.scope(instance, repeated.clone());
            let mut evaluator = Evaluator::new(&scope, self.env);
            block.resource.depends_on.iter().for_each(|expr| _ = evaluator.eval(expr));
            evaluator.diags
        });
        let beside = self.evaluation.traced(|| self.evaluate_beside(block.resource, instance, &repeated)).1;
        diags.append(found);
        let failed = diags.has_errors();
        self.report_all(diags);
        if failed {
            return None;
        }
        let preconditions = &block.resource.lifecycle.preconditions;
        if !preconditions.is_empty() {
            let (name, key) = (address.resource.resource.to_string(), address.key.as_ref());
            let what = Checkable { kind: CheckKind::Resource, module: &instance.address, name: &name, key };
            if !self.check(instance, &repeated, (preconditions, "Resource precondition failed"), what) {
                return None;
            }
        }
        let (mut triggered, comes_after) = self.triggers(block, instance, &repeated)?;
        triggered |= self.options.rest.as_ref().is_some_and(|rest| rest.was_triggered(&address));
        let (mut needs, mut touches_unknown) = self.needs(touched);
        needs.extend(self.needs(beside).0);
        needs.extend(comes_after);
        let (mut awaited, awaits_unknown) = self.needs(awaited);
        touches_unknown |= awaits_unknown || shared.touches_unknown;
        awaited.extend(self.needs_of_named_modules(instance, &block.resource.depends_on));
        awaited.extend_from_slice(&shared.awaited);
        needs.extend_from_slice(&awaited);
        awaited.extend(self.named_by_data(block.resource, instance));
        let lifecycle = &block.resource.lifecycle;
        if !lifecycle.preconditions.is_empty() || !lifecycle.postconditions.is_empty() {
            // Whatever changes may be what makes the condition hold.
            awaited.extend_from_slice(&needs);
        }
        needs.extend_from_slice(&shared.needs);
        needs.sort_unstable();
        needs.dedup();
        let wait = match () {
            () if block.waits => Some(Wait::ProviderConfig),
            () if touches_unknown || self.must_wait(&needs) => Some(Wait::Other),
            () => None,
        };
        self.passed_on.borrow_mut().add(&address, &needs);
        let prior = self.prior.instance(&address).and_then(|stored| stored.current.clone());
        Some(Desired { address, repeated, config, needs, awaited, prior, triggered, wait })
    }

    /// Returns what the stored objects are like now, in the order of the instances.
    pub(crate) async fn refresh(&self, block: &Block<'a>, desired: &[Desired]) -> Vec<Prior> {
        let mut priors: Vec<Prior> = Vec::with_capacity(desired.len());
        let mut reads = Vec::new();
        for (place, desired) in desired.iter().enumerate() {
            let none = Prior::none(&block.kind);
            let stored = desired.prior.as_ref().filter(|_| block.resource.address.mode == Mode::Managed);
            let Some(object) = stored else {
                priors.push(none);
                continue;
            };
            let Some(value) = self.stored_value(&*block.provider, &block.kind, &desired.address, object).await else {
                priors.push(none);
                continue;
            };
            let identity = self.stored_identity(&*block.provider, &block.kind, &desired.address, object).await;
            let Ok(identity) = identity else {
                priors.push(none);
                continue;
            };
            let is_made_up = self.pool.made_up(&desired.address, &block.config).is_some();
            if !self.options.no_refresh && !block.waits && !is_made_up {
                reads.push((
                    place,
                    ReadRequest {
                        kind: block.resource.address.kind.clone(),
                        current: value.clone(),
                        private: object.private.to_vec(),
                        identity: identity.clone(),
                        meta: Value::NULL,
                        deferral_allowed: true,
                    },
                ));
            }
            let (private, object) = (object.private.to_vec(), Some(object.clone()));
            priors.push(Prior { value, private, object, identity, ..none });
        }
        if reads.is_empty() {
            return priors;
        }
        let (places, requests): (Vec<usize>, Vec<ReadRequest>) = reads.into_iter().unzip();
        for (place, request) in places.iter().zip(&requests) {
            self.observer.look(&desired[*place].address, Look::RefreshBegins(&request.current));
        }
        let responses = block.provider.read_many(requests).await;
        for (place, response) in places.iter().zip(&responses) {
            self.observer.look(&desired[*place].address, Look::RefreshEnds(&response.object));
        }
        for (place, mut response) in places.into_iter().zip(responses) {
            for problem in std::mem::take(&mut response.problems) {
                self.report(crate::problems::diagnostic(problem, Some(&block.body)));
            }
            let prior = &mut priors[place];
            if let Some(why) = response.deferred {
                prior.wait = Some(why.into());
                continue;
            }
            self.same_identity(&desired[place].address, &block.config, (prior.identity.as_ref(), &response.identity));
            response.identity = response.identity.take().or(prior.identity.take());
            let identity = crate::identity::to_store(block.kind.identity.as_ref(), response.identity.as_ref());
            let has_same = prior.object.as_ref().is_some_and(|object| object.identity == identity);
            if prior.value != response.object || prior.private != response.private || !has_same {
                self.refreshed(block, &desired[place], prior, &response);
            }
            prior.value = response.object;
            prior.private = response.private;
            prior.identity = response.identity;
        }
        priors
    }

    /// Takes in that an object is not what is stored: what is found is stored with the next apply, whatever else it does.
    fn refreshed(&self, block: &Block<'a>, desired: &Desired, prior: &mut Prior, response: &sdk::ReadResponse) {
        prior.object = prior.object.take().and_then(|stored| refreshed_object(&stored, &block.kind, response));
        self.drifted(Drift {
            address: desired.address.clone(),
            before: prior.value.clone(),
            after: response.object.clone(),
            object: prior.object.clone(),
            provider: block.config.clone(),
            is_told: false,
        });
    }

    /// Returns a stored object in the form of the current schema.
    pub(crate) async fn stored_value(
        &self,
        provider: &dyn sdk::Provider,
        kind: &ResourceKind,
        address: &AbsInstance,
        object: &Object,
    ) -> Option<Value> {
        if object.schema_version == kind.schema.version
            && let Some(value) = object.attributes.value(&kind.ty)
        {
            return Some(value.clone());
        }
        let raw = serde_json::from_str(&object.attributes.json()).unwrap_or_default();
        let request =
            sdk::UpgradeRequest { kind: address.resource.resource.kind.clone(), version: object.schema_version, raw };
        let response = provider.upgrade(request).await;
        let failed = response.problems.iter().any(sdk::Problem::is_error);
        for problem in response.problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.address = Some(address.to_string());
            self.report(diagnostic);
        }
        (!failed).then_some(response.object)
    }

    pub(crate) async fn managed(&self, block: &Block<'_>, desired: Desired, prior: Prior) -> Value {
        let schema = &block.kind.schema.block;
        let (config, config_marks) = desired.config.clone().unmark_paths();
        if !self.is_valid(block, &desired.address, &config).await {
            return Value::unknown(block.kind.ty.clone());
        }
        let config = change::ignore_changes(schema, &block.resource.lifecycle.ignore_changes, &prior.value, &config);
        let Some(planned) = self.plan_once(block, &desired, &config, &prior).await else {
            return Value::unknown(block.kind.ty.clone());
        };
        let mut wait = desired.wait.or(prior.wait).or(planned.deferred.map(Wait::from));
        let tainted = prior.object.as_ref().is_some_and(|object| object.status == Status::Tainted);
        let requested = self.options.replace.contains(&desired.address);
        let replaces = self.forcing(block, &prior.value, &planned);
        let forced = !prior.value.is_null() && (tainted || requested || desired.triggered || !replaces.is_empty());
        let planned = if forced {
            let gone = Prior { private: planned.private, ..Prior::none(&block.kind) };
            let Some(anew) = self.plan_once(block, &desired, &config, &gone).await else {
                return Value::unknown(block.kind.ty.clone());
            };
            wait = wait.or(anew.deferred.map(Wait::from));
            anew
        } else {
            planned
        };
        let create_first = forced && self.replaces_by_creating_first(block, &desired, (&prior.value, &planned.planned));
        let after = change::mark_sensitive(schema, planned.planned, &config_marks);
        let before = self.marked_prior(block, &prior);
        let reason = match () {
            () if !forced => Reason::Plain,
            () if tainted => Reason::Tainted,
            () if desired.triggered => Reason::Triggered,
            () if requested => Reason::Requested,
            () => Reason::CannotUpdate,
        };
        let action = match change::action(&before, &after, forced) {
            // What is stored of it must say so, and the user should see that.
            change::Action::NoOp if change::sensitivity_changes(&before, &after) => Action::Update,
            change::Action::NoOp => Action::NoOp,
            change::Action::Create => Action::Create,
            change::Action::Update => Action::Update,
            change::Action::Delete => Action::Delete,
            change::Action::Replace if create_first => Action::CreateThenDelete,
            change::Action::Replace => Action::DeleteThenCreate,
        };
        if !matches!(action, Action::NoOp | Action::Create | Action::Update) {
            self.check_replacement(block, &desired.address, (reason, wait), &prior).await;
        }
        let change = Change {
            address: desired.address,
            deposed: None,
            provider: block.config.clone(),
            action,
            reason,
            before,
            after: after.clone(),
            replaces,
            private: planned.private,
            prior: prior.object,
            needs: desired.needs,
            repeated: Some(desired.repeated),
            inside: block.container.clone().map(|container| Inside { container, role: Role::Own }),
            importing: prior.importing,
            outlook: None,
        };
        self.conclude(wait, change);
        change::unfold_mirrors(schema, after)
    }

    /// Reports what forbids that an object is deleted because another takes its place.
    async fn check_replacement(
        &self,
        block: &Block<'_>,
        address: &AbsInstance,
        (reason, wait): (Reason, Option<Wait>),
        prior: &Prior,
    ) {
        self.check_prevent_destroy(block.resource, address);
        if wait.is_none() {
            let provider = self.provider_of(block, address);
            self.plan_deletion(&*provider, (address, reason), &block.kind, prior).await;
        }
    }

    /// Tells whether a replacement creates the new object first: the configuration says, else the provider may wish it. A
    /// wish counts only while everything that the old object needs stays until it is gone.
    fn replaces_by_creating_first(&self, block: &Block<'_>, desired: &Desired, change: (&Value, &Value)) -> bool {
        let address = &block.resource.address;
        if self.create_first.has(&desired.address.resource.module.module(), address) {
            return true;
        }
        let is_free = block.resource.lifecycle.create_before_destroy.is_none();
        let is_wished = || block.provider.replaces_by_creating_first(&address.kind, change.0, change.1);
        let goes_first = |need: &Need| {
            let is_it = &mut |change: &Change| change.action == Action::DeleteThenCreate;
            self.planned_of(&need.resource, need.key.as_ref(), is_it)
        };
        is_free && is_wished() && !desired.needs.iter().any(goes_first)
    }

    /// Plans an instance that stands for an unknown number of them.
    pub(crate) async fn unlisted(&self, block: &Block<'a>, desired: &Desired) -> Option<Value> {
        let schema = &block.kind.schema.block;
        let (config, marks) = desired.config.clone().unmark_paths();
        let planned = self.plan_once(block, desired, &config, &Prior::none(&block.kind)).await?;
        Some(change::mark_sensitive(schema, planned.planned, &marks))
    }

    pub(crate) fn marked_prior(&self, block: &Block<'_>, prior: &Prior) -> Value {
        marked(&block.kind, prior.object.as_deref(), prior.value.clone())
    }

    async fn plan_once(
        &self,
        block: &Block<'_>,
        desired: &Desired,
        config: &Value,
        prior: &Prior,
    ) -> Option<sdk::PlanResponse> {
        let schema = &block.kind.schema.block;
        let request = PlanRequest {
            kind: block.resource.address.kind.clone(),
            prior: prior.value.clone(),
            proposed: change::proposed_new(schema, &prior.value, config),
            config: config.clone(),
            prior_private: prior.private.clone(),
            prior_identity: prior.identity.clone(),
            meta: Value::NULL,
            deferral_allowed: true,
            approved: None,
        };
        let mut response = self.provider_of(block, &desired.address).plan(request).await;
        let mut failed = false;
        for problem in std::mem::take(&mut response.problems) {
            failed |= problem.is_error();
            self.report(crate::problems::diagnostic(problem, Some(&block.body)));
        }
        let identities = (prior.identity.as_ref(), &response.identity);
        failed |=
            response.requires_replace.is_empty() && !self.same_identity(&desired.address, &block.config, identities);
        let breaches = change::check_plan(schema, &prior.value, config, &response.planned);
        if !failed && !response.legacy_types {
            for breach in breaches {
                failed = true;
                let detail = format!(
                    "The provider {} planned {}{} wrongly: {}. This is a mistake in the provider.",
                    block.config.provider, desired.address, breach.path, breach.message
                );
                self.report(Diagnostic::error("Provider produced invalid plan", detail).at(block.resource.header));
            }
        }
        (!failed).then_some(response)
    }

    /// Returns the paths whose change replaces the object.
    fn forcing(&self, block: &Block<'_>, prior: &Value, response: &sdk::PlanResponse) -> Vec<Path> {
        if prior.is_null() {
            return Vec::new();
        }
        let schema = &block.kind.schema.block;
        change::forcing_paths(schema, prior, &response.planned, &response.requires_replace).unwrap_or_else(|problems| {
            for problem in problems {
                let detail = format!("A path that replaces is not there: {}{}.", problem.path, problem.message);
                self.report(Diagnostic::error("Provider produced invalid plan", detail).at(block.resource.header));
            }
            Vec::new()
        })
    }

    async fn data(&self, block: &Block<'a>, desired: Desired) -> Value {
        let (config, marks) = desired.config.clone().unmark_paths();
        let schema = &block.kind.schema.block;
        let reason = match () {
            () if !config.is_wholly_known() => Reason::ConfigUnknown,
            () if self.changes_pending(&desired.awaited) => Reason::DependencyPending,
            () => Reason::Plain,
        };
        let mut wait = desired.wait;
        if reason == Reason::Plain && wait.is_none() {
            if !self.is_valid(block, &desired.address, &config).await {
                return Value::unknown(block.kind.ty.clone());
            }
            let request = ReadDataRequest {
                kind: block.resource.address.kind.clone(),
                config: config.clone(),
                meta: Value::NULL,
                deferral_allowed: true,
            };
            self.observer.look(&desired.address, Look::ReadBegins);
            let response = self.provider_of(block, &desired.address).read_data(request).await;
            self.observer.look(&desired.address, Look::ReadEnds);
            for problem in response.problems {
                self.report(crate::problems::diagnostic(problem, Some(&block.body)));
            }
            if response.deferred.is_none() {
                return change::mark_sensitive(schema, response.object, &marks);
            }
            wait = response.deferred.map(Wait::from);
        }
        let after = change::mark_sensitive(schema, change::planned_data(schema, &config), &marks);
        let values = (Value::null(block.kind.ty.clone()), after.clone());
        let change = Change {
            reason,
            needs: desired.needs,
            repeated: Some(desired.repeated),
            ..Change::new(desired.address, block.config.clone(), Action::Read, values)
        };
        self.conclude(wait, change);
        after
    }

    /// Tells whether something has changes to come whose changes are waited for.
    pub(crate) fn changes_pending(&self, awaited: &[Need]) -> bool {
        awaited.iter().any(|need| self.is_pending(&need.resource))
    }
}

/// Marks what state says is sensitive of an object.
pub(crate) fn marked(kind: &ResourceKind, object: Option<&Object>, value: Value) -> Value {
    let stored = object.into_iter().flat_map(|object| object.sensitive.iter());
    let marks: Vec<(Path, Marks)> = stored.map(|path| (path.clone(), Marks::SENSITIVE)).collect();
    change::mark_sensitive(&kind.schema.block, value, &marks)
}

/// Returns what to store of an object that was looked at; nothing if it is gone.
pub(crate) fn refreshed_object(
    stored: &Arc<Object>,
    kind: &ResourceKind,
    response: &sdk::ReadResponse,
) -> Option<Arc<Object>> {
    if response.object.is_null() {
        return None;
    }
    let identity = crate::identity::to_store(kind.identity.as_ref(), response.identity.as_ref());
    Some(Arc::new(Object {
        identity: identity.or_else(|| stored.identity.clone()),
        attributes: Attributes::of_value(response.object.clone(), kind.ty.clone()).ok()?,
        schema_version: kind.schema.version,
        private: response.private.clone().into(),
        ..Object::clone(stored)
    }))
}
