//! Objects that are stored and no longer configured.

use std::sync::Arc;

use addr::{AbsInstance, Key, Mode, ProviderConfig};
use diag::{Diagnostic, Severity};
use futures_util::StreamExt;
use futures_util::stream;
use lang::module::{Repetition, Resource};
use sdk::{PlanRequest, ReadRequest};
use state::{DeposedKey, Object};
use value::Value;

use crate::instances::{CALLS_AT_ONCE, Prior, marked, refreshed_object};
use crate::model::{Action, Change, Drift, Inside, Reason, Role, Wait};
use crate::planner::{Configured, Look, Planner, ResourceKind};

impl Planner<'_> {
    /// Plans the deletion of every stored object that the configuration does not have.
    pub(crate) async fn orphans(&self) {
        let mut found = Vec::new();
        for (target, resource, object) in self.prior.objects() {
            let wanted = target.deposed.is_none() && self.seen.borrow().contains(&target.address);
            if !wanted && target.address.resource.resource.mode == Mode::Managed {
                found.push((target.address, target.deposed, resource.provider.clone(), object.clone()));
            }
        }
        if self.is_limited() {
            let may_go = self.may_go(found.iter().map(|(address, ..)| address));
            found.retain(|(address, ..)| may_go.contains(address));
        }
        found.retain(|(address, deposed, ..)| {
            self.is_object_left(address, *deposed) && !self.waiting.borrow().covers(address)
        });
        let waiting = self.orphans_that_wait(found.iter().map(|(address, ..)| address));
        let parts = self.parts(&found);
        let plans = found.into_iter().map(|(address, deposed, provider, object)| {
            let is_plain = self.options.destroy || deposed.is_some();
            let reason = if is_plain { Reason::Plain } else { self.reason_to_go(&address) };
            let wait = waiting.contains(&address).then_some(Wait::Other);
            let inside = parts.get(&address).filter(|_| deposed.is_none()).cloned();
            async move { self.orphan(address, deposed, (provider, object), (reason, wait, inside)).await }
        });
        stream::iter(plans).buffer_unordered(CALLS_AT_ONCE).collect::<Vec<()>>().await;
    }

    /// Says what of an instance is no longer configured.
    fn reason_to_go(&self, address: &AbsInstance) -> Reason {
        let Some(resource) = self.resource_of(address) else { return Reason::NoResource };
        if self.evaluation.find(&address.resource.module).is_none() {
            return Reason::NoModule;
        }
        match (&address.key, &resource.repetition) {
            (Some(Key::Number(_)), Repetition::Count(_)) | (Some(Key::Name(_)), Repetition::ForEach(_)) => {
                Reason::NoKey
            }
            _ => Reason::WrongRepetition,
        }
    }

    /// Returns the resource of an instance, if it is configured.
    pub(crate) fn resource_of(&self, address: &AbsInstance) -> Option<&Resource> {
        let node = self.root.find(&address.resource.module)?;
        let place = node.module.names.resource_place(&address.resource.resource).copied()?;
        node.module.resources.get(place as usize)
    }

    async fn orphan(
        &self,
        address: AbsInstance,
        deposed: Option<DeposedKey>,
        (config, object): (Arc<ProviderConfig>, Arc<Object>),
        (reason, wait, inside): (Reason, Option<Wait>, Option<Inside>),
    ) {
        let resource = &address.resource.resource;
        let Some(kind) = self.kind(&config.provider, resource) else {
            let detail = format!(
                "{address} is managed by {config}, which is not available, so it cannot be planned to be destroyed."
            );
            return self.report(Diagnostic::error("Provider not available", detail));
        };
        let forgotten = !self.options.destroy && crate::refactor::is_forgotten(self.root, &address);
        let action = if forgotten { Action::Forget } else { Action::Delete };
        if inside.as_ref().is_some_and(|inside| inside.role == Role::Along) {
            return self.goes_along((address, config, object), &kind, (reason, wait, inside)).await;
        }
        let Some(Configured { provider, waits, needs }) = self.provider_of_orphan(&config, &object).await else {
            return;
        };
        let provider = self.pool.made_up(&address, &config).unwrap_or(provider);
        // What its provider holds open must be open when it is deleted; nothing else has to come before.
        let held_open = needs.iter().filter(|need| need.resource.resource.mode == Mode::Ephemeral);
        let wait = wait.or(waits.then_some(Wait::ProviderConfig));
        let Some(before) = self.stored_value(&*provider, &kind, &address, &object).await else { return };
        let Ok(identity) = self.stored_identity(&*provider, &kind, &address, &object).await else { return };
        let (target, known) = ((&address, deposed), identity.clone());
        let before = match wait {
            Some(_) => Some(before),
            None => self.still_there(&*provider, &config, target, ((before, identity), &object), &kind).await,
        };
        let Some(before) = before else { return };
        if action == Action::Delete && deposed.is_none() {
            self.check_configured(&address);
        }
        let mut prior =
            Prior { value: before, private: object.private.to_vec(), identity: known, ..Prior::none(&kind) };
        if action == Action::Delete && wait.is_none() {
            prior.private = self.plan_deletion(&*provider, (&address, reason), &kind, &prior).await;
        }
        let before = marked(&kind, Some(&object), prior.value);
        let change = Change {
            reason,
            deposed,
            private: prior.private,
            prior: Some(object),
            needs: held_open.cloned().collect(),
            inside,
            ..Change::new(address, config, action, (before, Value::null(kind.ty.clone())))
        };
        self.conclude_orphan(wait, change);
    }

    /// Plans that an object goes along with what it is in. Nobody is asked what it is like by now.
    async fn goes_along(
        &self,
        (address, config, object): (AbsInstance, Arc<ProviderConfig>, Arc<Object>),
        kind: &ResourceKind,
        (reason, wait, inside): (Reason, Option<Wait>, Option<Inside>),
    ) {
        let Some(provider) = self.pool.bare(&config.provider) else { return };
        let Some(before) = self.stored_value(&*provider, kind, &address, &object).await else { return };
        self.check_configured(&address);
        let before = marked(kind, Some(&object), before);
        let change = Change {
            reason,
            prior: Some(object),
            inside,
            ..Change::new(address, config, Action::Delete, (before, Value::null(kind.ty.clone())))
        };
        self.conclude_orphan(wait, change);
    }

    /// Lets a provider that wants to be asked plan that an object is deleted, or replaced: what forbids it is reported before
    /// anything is touched. Returns what the provider wants back with the deletion.
    pub(crate) async fn plan_deletion(
        &self,
        provider: &dyn sdk::Provider,
        (address, reason): (&AbsInstance, Reason),
        kind: &ResourceKind,
        prior: &Prior,
    ) -> Vec<u8> {
        if !provider.capabilities().plans_deletes || self.options.refresh_only {
            return prior.private.clone();
        }
        let request = PlanRequest {
            kind: address.resource.resource.kind.clone(),
            prior: prior.value.clone(),
            proposed: Value::null(kind.ty.clone()),
            config: Value::null(kind.ty.clone()),
            prior_private: prior.private.clone(),
            prior_identity: prior.identity.clone(),
            meta: Value::NULL,
            deferral_allowed: false,
            approved: None,
        };
        let response = provider.plan(request).await;
        let subject = self.resource_of(address).map(|resource| resource.header);
        for problem in response.problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            if reason == Reason::Tainted && diagnostic.severity == Severity::Error {
                let hint =
                    format!(" It is tainted: \"gantry untaint {address}\" keeps it from being replaced meanwhile.");
                diagnostic.detail.push_str(&hint);
            }
            self.report(Diagnostic { subject, address: Some(address.to_string()), ..diagnostic });
        }
        response.private
    }

    /// Reports that an object is to be destroyed although its resource, which is still configured, forbids it.
    fn check_configured(&self, address: &AbsInstance) {
        if let Some(resource) = self.resource_of(address) {
            self.check_prevent_destroy(resource, address);
        }
    }

    /// Reports that an object is to be destroyed, or replaced, if its resource forbids it.
    pub(crate) fn check_prevent_destroy(&self, resource: &Resource, address: &AbsInstance) {
        if !resource.lifecycle.prevent_destroy {
            return;
        }
        let detail = format!(
            "{address} has lifecycle.prevent_destroy set, and the plan would destroy it. Take the setting away, or keep \
             the plan from destroying it."
        );
        let mut problem = Diagnostic::error("Instance cannot be destroyed", detail).at(resource.header);
        problem.address = Some(address.to_string());
        self.report(problem);
    }

    /// Returns what an object that is to be deleted is like now; nothing if it is gone already.
    async fn still_there(
        &self,
        provider: &dyn sdk::Provider,
        config: &Arc<ProviderConfig>,
        (address, deposed): (&AbsInstance, Option<DeposedKey>),
        ((before, identity), object): ((Value, Option<Value>), &Arc<Object>),
        kind: &ResourceKind,
    ) -> Option<Value> {
        if self.options.no_refresh {
            return Some(before);
        }
        let request = ReadRequest {
            kind: address.resource.resource.kind.clone(),
            current: before.clone(),
            private: object.private.to_vec(),
            identity,
            meta: Value::NULL,
            deferral_allowed: true,
        };
        if deposed.is_none() {
            self.observer.look(address, Look::RefreshBegins(&before));
        }
        let mut response = provider.read(request).await;
        if deposed.is_none() {
            self.observer.look(address, Look::RefreshEnds(&response.object));
        }
        for problem in std::mem::take(&mut response.problems) {
            self.report(crate::problems::diagnostic(problem, None));
        }
        if !response.object.is_null() {
            if self.options.refresh_only && deposed.is_none() && response.object != before {
                let object = refreshed_object(object, kind, &response);
                let (address, provider) = (address.clone(), config.clone());
                self.drifted(Drift {
                    address,
                    before,
                    after: response.object.clone(),
                    object,
                    provider,
                    is_told: false,
                });
            }
            return Some(response.object);
        }
        if deposed.is_some() {
            // Its deletion takes it out of state, whether or not there is still something to delete.
            return Some(before);
        }
        self.drifted(Drift {
            address: address.clone(),
            before,
            after: response.object,
            object: None,
            provider: config.clone(),
            is_told: false,
        });
        None
    }
}
