//! Validation by providers once more is known: before there was a plan, they saw variables and references as unknown.

use std::sync::Arc;

use addr::{AbsInstance, Mode, ProviderConfig};
use diag::{Diagnostic, Span};
use ecow::EcoString;
use value::{PathStep, Value};

use crate::planner::{Block, Planner};

/// The configurations of one type and one configuration of its provider, to be checked with each other.
pub(crate) struct Together {
    provider: Arc<dyn sdk::Provider>,
    configs: Vec<Value>,
    places: Vec<Place>,
}

/// Where a configuration is written.
struct Place {
    address: AbsInstance,
    header: Span,
    attributes: Arc<[(EcoString, Span)]>,
}

impl Planner<'_> {
    /// Lets the provider check the configuration of an instance with all that is known by now, before changes are ignored;
    /// what is wrong is reported.
    pub(crate) async fn is_valid(&self, block: &Block<'_>, address: &AbsInstance, config: &Value) -> bool {
        if !self.options.destroy {
            self.keep_for_others(block, address, config);
        }
        if block.is_validated {
            return true;
        }
        let kind = &block.resource.address.kind;
        let problems = match block.resource.address.mode {
            Mode::Managed => block.provider.check_resource(kind, config).await,
            Mode::Data => block.provider.check_data(kind, config).await,
            Mode::Ephemeral => block.provider.validate_ephemeral(kind, config),
        };
        let mut is_valid = true;
        for problem in problems {
            is_valid &= !problem.is_error();
            let mut diagnostic = crate::problems::diagnostic(problem, Some(&block.body));
            diagnostic.subject = diagnostic.subject.or(Some(block.resource.header));
            diagnostic.address = Some(address.to_string());
            self.report(diagnostic);
        }
        is_valid
    }

    /// Remembers a configuration that others are to be checked with.
    fn keep_for_others(&self, block: &Block<'_>, address: &AbsInstance, config: &Value) {
        let address_of = &block.resource.address;
        if address_of.mode != Mode::Managed || !block.provider.is_validated_together(&address_of.kind) {
            return;
        }
        let names = block.body.parts().into_iter().map(|(name, _)| name);
        let attributes = names.filter_map(|name| Some((name.clone(), block.body.place_of(name)?))).collect();
        let place = Place { address: address.clone(), header: block.resource.header, attributes };
        let key = (ProviderConfig::clone(&block.config), address_of.kind.clone());
        let mut together = self.together.borrow_mut();
        let none = || Together { provider: block.provider.clone(), configs: Vec::new(), places: Vec::new() };
        let kept = together.entry(key).or_insert_with(none);
        kept.configs.push(config.clone());
        kept.places.push(place);
    }

    /// Lets providers check configurations with each other, now that all are known.
    pub(crate) fn validate_together(&self) {
        for ((_, kind), kept) in self.together.take() {
            for (index, problem) in kept.provider.validate_together(&kind, &kept.configs) {
                let Some(place) = kept.places.get(index) else { continue };
                let name = match problem.attribute.0.first() {
                    Some(PathStep::Attribute(name)) => Some(name.clone()),
                    _ => None,
                };
                let found = place.attributes.iter().find(|(known, _)| Some(known) == name.as_ref());
                let span = found.map_or(place.header, |(_, span)| *span);
                let made = crate::problems::diagnostic(problem, None);
                self.report(Diagnostic { address: Some(place.address.to_string()), ..made.at(span) });
            }
        }
    }
}
