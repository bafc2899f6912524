//! Resources and their instances.

use std::fmt;

use ecow::EcoString;

use crate::{Key, Module, ModuleInstance};

/// What kind of block declares a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// `resource`: created, changed and deleted.
    Managed,
    /// `data`: only read.
    Data,
    /// `ephemeral`: opened and closed within a run.
    Ephemeral,
}

impl Mode {
    /// Returns what addresses of the mode begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Mode::Managed => "",
            Mode::Data => "data.",
            Mode::Ephemeral => "ephemeral.",
        }
    }

    /// Returns the block type that declares it.
    pub fn block(self) -> &'static str {
        match self {
            Mode::Managed => "resource",
            Mode::Data => "data",
            Mode::Ephemeral => "ephemeral",
        }
    }
}

/// A resource within its module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// The kind of block.
    pub mode: Mode,
    /// The resource type.
    pub kind: EcoString,
    /// The name.
    pub name: EcoString,
}

impl Resource {
    /// Returns the part of the type before the first underscore: the provider's local name unless said otherwise.
    pub fn implied_provider(&self) -> &str {
        self.kind.split_once('_').map_or(&self.kind, |(provider, _)| provider)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.{}", self.mode.prefix(), self.kind, self.name)
    }
}

/// A resource of a module instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AbsResource {
    /// The module instance.
    pub module: ModuleInstance,
    /// The resource.
    pub resource: Resource,
}

impl AbsResource {
    /// Returns the block that it comes from: its module as written, and the resource.
    pub fn block(&self) -> (Module, Resource) {
        (self.module.module(), self.resource.clone())
    }
}

impl fmt::Display for AbsResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}", self.resource)
    }
}

/// One of a resource's instances.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AbsInstance {
    /// The resource.
    pub resource: AbsResource,
    /// Which of its instances.
    pub key: Option<Key>,
}

impl fmt::Display for AbsInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        self.key.iter().try_for_each(|key| write!(f, "{key}"))
    }
}
