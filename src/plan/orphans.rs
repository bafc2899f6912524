//! Objects that are stored and no longer configured.

use std::collections::HashSet;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Mode, ProviderConfig};
use diag::Diagnostic;
use futures_util::StreamExt;
use futures_util::stream;
use lang::evaluation::Repeated;
use lang::module::Resource;
use sdk::ReadRequest;
use state::{DeposedKey, Object};
use value::{Marks, Path, Value};

use crate::instances::CALLS_AT_ONCE;
use crate::model::{Action, Change, Drift, Reason};
use crate::planner::Planner;

impl Planner<'_> {
    /// Plans the deletion of every stored object that the configuration does not have.
    pub(crate) async fn orphans(&self) {
        let configured: HashSet<AbsResource> = self.seen.borrow().iter().map(|seen| seen.resource.clone()).collect();
        let mut found = Vec::new();
        for (target, resource, object) in self.prior.objects() {
            let wanted = target.deposed.is_none() && self.seen.borrow().contains(&target.address);
            if !wanted && target.address.resource.resource.mode == Mode::Managed {
                found.push((target.address, target.deposed, resource.provider.clone(), object.clone()));
            }
        }
        let plans = found.into_iter().map(|(address, deposed, provider, object)| {
            let reason = match (self.options.destroy || deposed.is_some(), configured.contains(&address.resource)) {
                (true, _) => Reason::Plain,
                (false, true) => Reason::NoKey,
                (false, false) => Reason::NoResource,
            };
            async move { self.orphan(address, deposed, (provider, object), reason).await }
        });
        stream::iter(plans).buffer_unordered(CALLS_AT_ONCE).collect::<Vec<()>>().await;
    }

    async fn orphan(
        &self,
        address: AbsInstance,
        deposed: Option<DeposedKey>,
        (config, object): (Arc<ProviderConfig>, Arc<Object>),
        reason: Reason,
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
        let Some(provider) = self.provider_at(&config).await else { return };
        let Some(before) = self.stored_value(&*provider, &kind, &address, &object).await else { return };
        let Some(before) = self.still_there(&*provider, &config, (&address, deposed), (before, &object)).await else {
            return;
        };
        if action == Action::Delete && deposed.is_none() {
            self.check_configured(&address);
        }
        let marks: Vec<(Path, Marks)> = object.sensitive.iter().map(|path| (path.clone(), Marks::SENSITIVE)).collect();
        self.push(Change {
            reason,
            action,
            deposed,
            provider: config,
            before: crate::change::mark_sensitive(&kind.schema.block, before, &marks),
            after: Value::null(kind.ty.clone()),
            replaces: Vec::new(),
            private: object.private.to_vec(),
            prior: Some(object),
            needs: Vec::new(),
            repeated: None::<Repeated>,
            address,
        });
    }

    /// Reports that an object is to be destroyed although its resource, which is still configured, forbids it.
    fn check_configured(&self, address: &AbsInstance) {
        let Some(node) = self.root.find(&address.resource.module) else { return };
        let place = node.module.names.resource_place(&address.resource.resource).copied();
        if let Some(resource) = place.and_then(|place| node.module.resources.get(place as usize)) {
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
        (before, object): (Value, &Object),
    ) -> Option<Value> {
        if self.options.no_refresh {
            return Some(before);
        }
        let request = ReadRequest {
            kind: address.resource.resource.kind.clone(),
            current: before.clone(),
            private: object.private.to_vec(),
            identity: None,
            meta: Value::NULL,
            deferral_allowed: false,
        };
        let response = provider.read(request).await;
        for problem in response.problems {
            self.report(crate::problems::diagnostic(problem, None));
        }
        if !response.object.is_null() {
            return Some(response.object);
        }
        if deposed.is_none() {
            self.drifted(Drift {
                address: address.clone(),
                before,
                after: response.object,
                object: None,
                provider: config.clone(),
            });
        }
        None
    }
}
