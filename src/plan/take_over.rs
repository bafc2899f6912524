//! Objects that are moved to another resource type: the provider of that type takes them over.

use std::sync::Arc;

use addr::{AbsInstance, ProviderConfig};
use diag::{Diagnostic, Diagnostics};
use lang::module::Resource;
use lang::providers::resolve;
use sdk::{MoveRequest, Problem};
use state::{Attributes, Identity, Object, State, Target};

use crate::planner::{Input, Planner, planner};
use crate::refactor::Moved;

/// Completes moves to other resource types, in the state and in the list of moves; what the state still has in the old
/// form is what [`refactor`](crate::refactor()) left.
pub async fn take_over(input: Input<'_>, moves: &mut [Moved]) -> (State, Diagnostics) {
    let mut state = input.prior.clone();
    if !moves.iter().any(Moved::changes_type) {
        return (state, Diagnostics::new());
    }
    let planner = planner(input);
    for moved in moves.iter_mut().filter(|moved| moved.changes_type()) {
        let Some((config, object)) = planner.taken_over(moved, &state).await else { continue };
        let deposed = state.instance(&moved.to).map(|instance| instance.deposed.keys().copied().collect::<Vec<_>>());
        for key in deposed.into_iter().flatten() {
            // What is still to be deleted is of the old type, and is deleted as that.
            let target = Target { address: moved.to.clone(), deposed: Some(key) };
            let old = planner.provider_of_old(moved);
            if let Some((old, object)) = old.zip(state.remove_object(&target)) {
                state.set_object(&Target { address: moved.from.clone(), deposed: Some(key) }, old, object);
            }
        }
        state.set_object(&Target::from(moved.to.clone()), config.clone(), object.clone());
        moved.taken_over = Some((config, object));
    }
    let mut diags = planner.out.take().diags;
    diags.append(planner.evaluation.take_diagnostics());
    (state, diags)
}

impl Moved {
    /// Tells whether the object becomes one of another resource type.
    pub fn changes_type(&self) -> bool {
        self.from.resource.resource.kind != self.to.resource.resource.kind
    }
}

impl Planner<'_> {
    fn provider_of_old(&self, moved: &Moved) -> Option<Arc<ProviderConfig>> {
        // The state that this plan begins from has the resource at its new address with its old provider.
        Some(self.prior.resource(&moved.to.resource)?.provider.clone())
    }

    async fn taken_over(&self, moved: &Moved, state: &State) -> Option<(Arc<ProviderConfig>, Arc<Object>)> {
        let (from, to) = (&moved.from, &moved.to);
        let source = state.resource(&to.resource)?.provider.provider.clone();
        let object = state.instance(to)?.current.clone()?;
        let Some((resource, config)) = self.configured_at(to) else {
            let detail = format!("{from} would become {to}, which is not configured, so nobody could take it over.");
            self.report(Diagnostic::error("Unsupported `moved` across resource types", detail));
            return None;
        };
        let provider = self.pool.bare(&config.provider);
        let kind = self.kind(&config.provider, &resource.address);
        let Some((provider, kind)) = provider.zip(kind).filter(|(provider, _)| provider.capabilities().moves_state)
        else {
            let detail = format!(
                "{from} would become {to}, but the provider {} does not take over objects of other resource types.",
                config.provider
            );
            self.report(Diagnostic::error("Unsupported `moved` across resource types", detail).at(resource.header));
            return None;
        };
        let identity = object.identity.as_ref();
        let request = MoveRequest {
            kind: resource.address.kind.clone(),
            source_provider: source.to_string().into(),
            source_kind: from.resource.resource.kind.clone(),
            source_version: object.schema_version,
            source_raw: json(&object.attributes),
            source_private: object.private.to_vec(),
            source_identity: identity.map(|identity| (identity.version, json(&identity.attributes))),
        };
        let response = provider.move_state(request).await;
        let failed = response.problems.iter().any(Problem::is_error);
        for problem in response.problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.address = Some(to.to_string());
            self.report(diagnostic.at(resource.header));
        }
        if failed {
            return None;
        }
        let stored = (!response.object.is_null())
            .then(|| Attributes::of_value(response.object.unmark_deep().0, kind.ty.clone()).ok())
            .flatten();
        let Some(attributes) = stored else {
            let detail = format!(
                "The provider {} took over {from} as {to}, but gave no object that can be stored.",
                config.provider
            );
            self.report(Diagnostic::error("Provider returned an impossible object", detail).at(resource.header));
            return None;
        };
        let identities = provider.schemas().identities.get(&resource.address.kind);
        let identity = response.identity.zip(identities).and_then(|(identity, schema)| {
            let attributes = Attributes::of_value(identity, schema.ty()).ok()?;
            Some(Identity { version: schema.version, attributes })
        });
        let object = Object {
            attributes,
            schema_version: kind.schema.version,
            private: response.private.into(),
            identity,
            sensitive: Arc::default(),
            ..Object::clone(&object)
        };
        Some((Arc::new(config), Arc::new(object)))
    }

    /// Returns the resource of an instance and the provider configuration that the configuration says for it.
    fn configured_at(&self, address: &AbsInstance) -> Option<(&Resource, ProviderConfig)> {
        let path = self.path_to(&address.resource.module.module());
        let node = path.last().filter(|_| path.len() == address.resource.module.0.len() + 1)?;
        let place = *node.module.names.resource_place(&address.resource.resource)?;
        let resource = node.module.resources.get(place as usize)?;
        Some((resource, resolve(&path, resource).address))
    }
}

fn json(attributes: &Attributes) -> serde_json::Value {
    serde_json::from_str(&attributes.json()).unwrap_or_default()
}
