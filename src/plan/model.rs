//! The plan: what is to change, in what order, and why.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use addr::ProviderConfig;
use addr::{AbsInstance, AbsResource, Key, Pattern};
use diag::Diagnostics;
use ecow::EcoString;
use lang::evaluation::Repeated;
use sdk::ImportTarget;
use state::{CheckResult, DeposedKey, Object};
use value::{Path, Value};

use crate::openings::is_work;
use crate::outlook::Outlook;
use crate::refactor::Moved;

/// What an apply is to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// What happens to each object, sorted by address; objects that stay as they are are here, too.
    pub changes: Vec<Change>,
    /// What happens to each output of the root module, sorted by name.
    pub outputs: Vec<OutputChange>,
    /// Instances that get other addresses.
    pub moves: Vec<Moved>,
    /// What cannot be planned to the end yet, in the order of the walk: the same apply plans it again, in a later stage,
    /// and does it if that stays within what is here.
    pub deferred: Vec<Deferred>,
    /// What has changed outside since the last run.
    pub drift: Vec<Drift>,
    /// Configuration that was written for imported objects that have none, in the order of the import blocks.
    pub generated: Vec<Generated>,
    /// Nothing but the state is brought up to date.
    pub is_refresh_only: bool,
    /// How the conditions of the configuration came out, as far as that is known.
    pub checks: Vec<CheckResult>,
    /// What the user should know.
    pub diags: Diagnostics,
}

/// What happens to one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The instance.
    pub address: AbsInstance,
    /// Which of its objects; nothing means the current one.
    pub deposed: Option<DeposedKey>,
    /// The provider configuration that does it.
    pub provider: Arc<ProviderConfig>,
    /// What is done.
    pub action: Action,
    /// Why it is replaced or deleted.
    pub reason: Reason,
    /// The object as it is, with marks; null if there is none.
    pub before: Value,
    /// The object as planned, with marks; null if it is to be deleted.
    pub after: Value,
    /// Where a difference means that the object is replaced.
    pub replaces: Vec<Path>,
    /// What the provider wants back when it is applied.
    pub private: Vec<u8>,
    /// The stored object, refreshed.
    pub prior: Option<Arc<Object>>,
    /// The instances that it was configured from: they come first.
    pub needs: Vec<Need>,
    /// What `count.index` and `each` are in it; nothing for an object that is no longer configured.
    pub repeated: Option<Repeated>,
    /// What it is in, and what part it plays when that goes.
    pub inside: Option<Inside>,
    /// The object is not in state yet, and is found by this.
    pub importing: Option<Importing>,
    /// What its provider says of it for people; nothing where it says nothing.
    pub outlook: Option<Box<Outlook>>,
}

/// What an object is in: a cluster mostly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// That.
    pub container: AbsInstance,
    /// What happens when that goes.
    pub role: Role,
}

/// What part an object plays in the end of what it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is changed, or deleted, by itself.
    Own,
    /// It is gone when that is: no call is made, and its record ends with that of the other.
    Along,
    /// Its deletion takes away what others own outside, and comes after theirs.
    Release,
}

/// What an object that is imported is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Importing {
    /// Its id or its identity; nothing while it is not known.
    pub target: Option<ImportTarget>,
    /// Must not be shown.
    pub is_sensitive: bool,
    /// The instance has no configuration but the one that was written for it.
    pub is_generated: bool,
}

/// Configuration that was written for an imported object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The instance.
    pub address: AbsInstance,
    /// What the object was found by, if that may be shown.
    pub from: Option<EcoString>,
    /// The resource block.
    pub text: String,
}

impl Change {
    /// Makes a change of the current object, of which is known only what is done.
    pub fn new(
        address: AbsInstance,
        provider: Arc<ProviderConfig>,
        action: Action,
        (before, after): (Value, Value),
    ) -> Change {
        Change {
            address,
            deposed: None,
            provider,
            action,
            reason: Reason::Plain,
            before,
            after,
            replaces: Vec::new(),
            private: Vec::new(),
            prior: None,
            needs: Vec::new(),
            repeated: None,
            inside: None,
            importing: None,
            outlook: None,
        }
    }
}

/// Something that waits for a later stage of the apply.
#[derive(Clone, Debug)]
pub struct Deferred {
    /// The instances that it stands for.
    pub pattern: Pattern,
    /// What it waits for.
    pub wait: Wait,
    /// What is to happen, as far as that can be told; the keys of the address are open where those of the pattern are.
    pub change: Change,
}

/// What an instance waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// How many instances there are.
    Instances,
    /// Its own configuration.
    Config,
    /// The configuration of its provider.
    ProviderConfig,
    /// Something that its provider found missing.
    Prerequisite,
    /// Another instance that waits.
    Other,
}

impl From<sdk::Deferral> for Wait {
    fn from(deferral: sdk::Deferral) -> Wait {
        match deferral {
            sdk::Deferral::ResourceConfigUnknown => Wait::Config,
            sdk::Deferral::ProviderConfigUnknown => Wait::ProviderConfig,
            sdk::Deferral::AbsentPrerequisite | sdk::Deferral::Unspecified => Wait::Prerequisite,
        }
    }
}

/// What an instance was configured from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// The resource.
    pub resource: AbsResource,
    /// The instance; nothing means all of them, or the only one.
    pub key: Option<Key>,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing; what is stored may still be brought up to date.
    NoOp,
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted and made anew.
    DeleteThenCreate,
    /// It is made anew, and then the old one is deleted.
    CreateThenDelete,
    /// It is deleted.
    Delete,
    /// It is read, now that what it needs is known: a data source.
    Read,
    /// It stays, but is no longer looked after.
    Forget,
}

/// Why an object is replaced, deleted, or read only when the plan is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// The action says it all.
    #[default]
    Plain,
    /// Something changes that cannot be changed in place.
    CannotUpdate,
    /// Its creation went wrong, or someone said so.
    Tainted,
    /// The user asked for it.
    Requested,
    /// Something that its `replace_triggered_by` names changes.
    Triggered,
    /// The resource is no longer configured.
    NoResource,
    /// `count` or `for_each` no longer has the key.
    NoKey,
    /// The key is not of the kind that the resource has: it now has `count`, or `for_each`, or neither.
    WrongRepetition,
    /// The module call is no longer configured, or has no such instance.
    NoModule,
    /// It was moved to where nothing is configured.
    NoMoveTarget,
    /// It is read late, because a part of its configuration is not known.
    ConfigUnknown,
    /// It is read late, because something that it depends on has changes to come.
    DependencyPending,
}

/// What happens to an output.
#[derive(Debug)]
pub struct OutputChange {
    /// Its name.
    pub name: EcoString,
    /// Its value before, if it had one.
    pub before: Option<Value>,
    /// Its value after, with marks; nothing if it is removed.
    pub after: Option<Value>,
    /// The value before must not be shown.
    pub was_sensitive: bool,
    /// Must not be shown.
    pub is_sensitive: bool,
}

/// An object that has changed outside.
#[derive(Debug)]
pub struct Drift {
    /// The instance.
    pub address: AbsInstance,
    /// As it was stored.
    pub before: Value,
    /// As it is; null if it is gone.
    pub after: Value,
    /// What to store of it; nothing if it is gone.
    pub object: Option<Arc<Object>>,
    /// The provider configuration that looked.
    pub provider: Arc<ProviderConfig>,
    /// People are told: something that is planned comes from it.
    pub is_told: bool,
}

impl Change {
    /// Returns what the object goes along with, if that is how it is deleted.
    pub fn goes_with(&self) -> Option<&AbsInstance> {
        let inside = self.inside.as_ref().filter(|inside| inside.role == Role::Along);
        inside.filter(|_| self.action == Action::Delete).map(|inside| &inside.container)
    }

    /// Tells whether the object stays as it is, and is in state already.
    pub fn is_nothing(&self) -> bool {
        self.action == Action::NoOp && self.importing.is_none()
    }
}

impl Importing {
    /// Returns the id, or the identity as text, if it is known and may be shown.
    pub fn shown(&self) -> Option<EcoString> {
        match self.target.as_ref()? {
            _ if self.is_sensitive => None,
            ImportTarget::Id(id) => Some(id.clone()),
            ImportTarget::Identity(identity) => {
                let parts = identity.as_entries().unwrap_or_default();
                let parts = parts.iter().filter(|(_, value)| !value.is_null());
                let parts = parts.map(|(name, value)| format!("{name}={}", lang::print::print_value(value)));
                Some(parts.collect::<Vec<_>>().join(", ").into())
            }
        }
    }
}

impl Drift {
    /// Tells whether the object is not what it was; else only what its provider keeps with it is.
    pub fn is_visible(&self) -> bool {
        self.before != self.after
    }
}

impl OutputChange {
    /// Tells whether the value stays as it is, and as secret as it is; what is stored has no marks. An output that is null
    /// is none.
    pub fn is_same(&self) -> bool {
        let bare = |value: &Option<Value>| {
            value.as_ref().filter(|value| !value.is_null()).map(|value| value.clone().unmark_deep().0)
        };
        let (before, after) = (bare(&self.before), bare(&self.after));
        before == after && (before.is_none() || self.was_sensitive == self.is_sensitive)
    }
}

impl Plan {
    /// Takes in which instances have got other addresses before the plan was made.
    pub fn take_moves(&mut self, moves: Vec<Moved>) {
        let ends: HashSet<&AbsInstance> = moves.iter().map(|moved| &moved.to).collect();
        for change in self.changes.iter_mut().filter(|change| change.reason == Reason::NoResource) {
            if ends.contains(&change.address) {
                change.reason = Reason::NoMoveTarget;
            }
        }
        self.moves = moves;
    }

    /// Returns the address that an instance had before, if that was another one.
    pub fn previous_address(&self, address: &AbsInstance) -> Option<&AbsInstance> {
        self.moves.iter().find(|moved| moved.to == *address).map(|moved| &moved.from)
    }

    /// Counts what is to be added, changed and destroyed.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            counts.import += usize::from(change.importing.is_some());
            match change.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Delete => counts.destroy += 1,
                Action::DeleteThenCreate | Action::CreateThenDelete => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                _ => {}
            }
        }
        counts
    }

    /// Returns what is left of a plan of which some has begun: what has not, and what was deferred.
    #[must_use]
    pub fn without(&self, begun: &HashSet<AbsInstance>) -> Plan {
        let open = self.changes.iter().filter(|change| is_work(change) && !begun.contains(&change.address));
        let open = open.map(|change| Deferred {
            pattern: Pattern::exactly(&change.address),
            wait: Wait::Other,
            change: change.clone(),
        });
        Plan { deferred: open.chain(self.deferred.iter().cloned()).collect(), ..Plan::default() }
    }

    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
            && self.deferred.is_empty()
            && !(self.is_refresh_only && self.drift.iter().any(Drift::is_visible))
            && self.changes.iter().all(Change::is_nothing)
            && self.outputs.iter().all(OutputChange::is_same)
    }
}

/// How many objects are added, changed and destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects that exist and come into state.
    pub import: usize,
    /// Created ones.
    pub add: usize,
    /// Updated ones.
    pub change: usize,
    /// Deleted ones.
    pub destroy: usize,
}

impl Counts {
    /// Says what was done; imports only where there are any.
    pub fn done(&self) -> String {
        let imported = if self.import > 0 { format!("{} imported, ", self.import) } else { String::new() };
        format!("{imported}{} added, {} changed, {} destroyed", self.add, self.change, self.destroy)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.import > 0 {
            write!(f, "{} to import, ", self.import)?;
        }
        write!(f, "{} to add, {} to change, {} to destroy", self.add, self.change, self.destroy)
    }
}
