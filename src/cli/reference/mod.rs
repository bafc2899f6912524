//! What there is to be used, for people: resource types, modules, functions, commands, as pages made from their definitions.

pub(crate) mod entry;
pub(crate) mod markdown;
pub(crate) mod page;
pub(crate) mod roff;
pub(crate) mod subject;
