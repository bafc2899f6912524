//! Objects that are stored and no longer configured.

use std::collections::HashSet;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Mode};
use diag::Diagnostic;
use lang::evaluation::Repeated;
use lang::providers::ConfigAddress;
use state::{DeposedKey, Object, ProviderConfig};
use value::Value;

use crate::model::{Action, Change, Reason};
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
        for (address, deposed, provider, object) in found {
            let reason = match (self.options.destroy, configured.contains(&address.resource)) {
                (true, _) => Reason::Plain,
                (false, true) => Reason::NoKey,
                (false, false) => Reason::NoResource,
            };
            self.orphan(address, deposed, (&provider, object), reason).await;
        }
    }

    async fn orphan(
        &self,
        address: AbsInstance,
        deposed: Option<DeposedKey>,
        (provider, object): (&ProviderConfig, Arc<Object>),
        reason: Reason,
    ) {
        let config = ConfigAddress {
            module: provider.module.clone(),
            provider: provider.provider.clone(),
            alias: provider.alias.clone(),
        };
        let resource = &address.resource.resource;
        let Some((bare, kind)) = self.pool.bare(&config.provider).zip(self.kind(&config.provider, resource)) else {
            let detail = format!(
                "{address} is managed by {provider}, which is not available, so it cannot be planned to be destroyed."
            );
            return self.report(Diagnostic::error("Provider not available", detail));
        };
        let forgotten = !self.options.destroy && crate::refactor::is_forgotten(self.root, &address);
        let action = if forgotten { Action::Forget } else { Action::Delete };
        let Some(before) = self.stored_value(&*bare, &kind, &address, &object).await else { return };
        self.push(Change {
            reason,
            action,
            deposed,
            provider: Arc::new(config),
            before: crate::change::mark_sensitive(&kind.schema.block, before, &[]),
            after: Value::null(kind.ty.clone()),
            replaces: Vec::new(),
            private: object.private.to_vec(),
            prior: Some(object),
            needs: Vec::new(),
            repeated: None::<Repeated>,
            address,
        });
    }
}
