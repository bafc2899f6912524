//! Which providers a configuration and its state need, and in which versions.

use std::collections::BTreeMap;
use std::path::Path;

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources, Span};
use install::lock_file::Locks;
use install::settings::Settings;
use install::version::Requirement;
use lang::tree::Node;

use crate::Session;

/// What is asked of a provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    /// What all modules together ask of its version.
    pub(crate) requirement: Requirement,
    /// Where it is asked for first.
    pub(crate) span: Option<Span>,
    /// Whether a module names it by its source, and does not just mean whatever has the name.
    pub(crate) is_named: bool,
}

/// Providers with what is asked of them.
pub(crate) type Needs = BTreeMap<Provider, Need>;

/// Returns what the modules of a tree need, by provider.
pub(crate) fn of_configuration(root: &Node, diags: &mut Diagnostics) -> Needs {
    let mut needs = Needs::new();
    add_configuration(root, &mut needs, diags);
    needs
}

/// Adds what the modules of a tree need.
pub(crate) fn add_configuration(root: &Node, needs: &mut Needs, diags: &mut Diagnostics) {
    root.visit(&mut |node| {
        let module = &node.module;
        for required in &module.settings.required_providers {
            let need = needs.entry(required.provider.clone()).or_default();
            need.span.get_or_insert(required.span);
            need.is_named |= required.has_source;
            constrain(need, required.version.as_ref(), diags);
        }
        for config in &module.providers {
            let need = needs.entry(module.provider_of(&config.local.name)).or_default();
            need.span.get_or_insert(config.header);
            constrain(need, config.version.as_ref(), diags);
        }
        for resource in &module.resources {
            let name = resource.provider.as_ref().map(|reference| reference.local.name.clone());
            let name = name.unwrap_or_else(|| resource.address.implied_provider().into());
            needs.entry(module.provider_of(&name)).or_default().span.get_or_insert(resource.header);
        }
    });
}

/// Parts needs into those that Gantry meets itself, and those that are installed.
///
/// A module that names no source means the provider of that name that is part of Gantry, if there is one.
pub(crate) fn parted(needs: Needs, session: &Session) -> (Needs, Needs) {
    let linked = session.providers.iter().filter_map(|make| Provider::parse(make().source()).ok());
    let linked: Vec<Provider> = linked.collect();
    needs.into_iter().partition(|(provider, need)| {
        let is_meant = || linked.iter().any(|own| Provider::implied(&own.name) == *provider);
        provider.is_built_in() || linked.contains(provider) || (!need.is_named && is_meant())
    })
}

/// Adds what is asked of the version at one place.
fn constrain<T: AsRef<str>>(need: &mut Need, asked: Option<&(T, Span)>, diags: &mut Diagnostics) {
    let Some((text, span)) = asked else { return };
    match Requirement::parse(text.as_ref()) {
        Ok(requirement) => need.requirement.and(requirement),
        Err(error) => {
            let detail = format!("{:?} is no version constraint: {error}.", text.as_ref());
            diags.push(Diagnostic::error("Invalid version constraint", detail).at(*span));
        }
    }
}

/// Returns what to add to a complaint about a provider: a module that does not say where its provider comes from means
/// another one than the module that does.
pub(crate) fn hint(provider: &Provider, needs: &Needs) -> String {
    let namesake = needs.keys().find(|other| other.name == provider.name && *other != provider);
    match namesake.filter(|_| *provider == Provider::implied(&provider.name)) {
        Some(other) => format!(
            " Another module requires {}: if that is meant here, too, this module's required_providers must say so.",
            other.short()
        ),
        None => String::new(),
    }
}

/// Tells of providers whose version in the lock file is not what the configuration asks for now; those that are part of
/// Gantry and those that the user builds have none.
pub(crate) fn check_locks(root: &Node, session: &Session) -> Diagnostics {
    let mut diags = Diagnostics::new();
    let (_, mut needs) = parted(of_configuration(root, &mut diags), session);
    needs.retain(|_, need| !need.requirement.is_empty());
    if needs.is_empty() {
        return diags;
    }
    // What is wrong with the file itself, `init` says.
    let (mut sources, mut unread) = (Sources::default(), Diagnostics::new());
    let locks = Locks::read(Path::new("."), &mut sources, &mut unread);
    needs.retain(|provider, need| locks.get(provider).is_some_and(|lock| !need.requirement.allows(&lock.version)));
    if needs.is_empty() {
        return diags;
    }
    let settings = Settings::load(&session.environment.surroundings(), &mut sources, &mut unread);
    for (provider, need) in needs.iter().filter(|(provider, _)| !settings.dev_overrides.contains_key(provider)) {
        let Some(lock) = locks.get(provider) else { continue };
        let detail = format!(
            "The lock file has version {} of {}, and the configuration asks for {}. Run \"gantry init -upgrade\" to choose \
             anew.",
            lock.version,
            provider.short(),
            need.requirement
        );
        let diagnostic = Diagnostic::error("Inconsistent dependency lock file", detail);
        diags.push(match need.span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }
    diags
}
