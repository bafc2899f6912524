//! Names of things: modules, resources, their instances, providers.
//!
//! *Not here:* looking anything up by name, values, files.

mod module;
mod pattern;
mod provider;
mod resource;

pub use module::{CallName, Key, Module, ModuleInstance, ModuleStep, SHORT_CALLS};
pub use pattern::{KeyPattern, Pattern};
pub use provider::{DEFAULT_HOST, LocalProvider, Provider, ProviderConfig, ProviderParseError};
pub use resource::{AbsInstance, AbsResource, Mode, Resource};

/// Tells whether text is a name as HCL has it: a letter or underscore, then letters, digits, underscores, hyphens.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
    starts && chars.all(|c| c == '-' || unicode_ident::is_xid_continue(c))
}
