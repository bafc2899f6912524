//! Objects that are in others, what they stand on, and what they need of each other.

use ecow::EcoString;
use serde_json::Value as Json;

/// What becomes of an object when what it is in is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is deleted by itself, before: it may own something outside.
    #[default]
    Deleted,
    /// It goes along if something [releases](Fate::Releases) what it owns outside; else it is deleted by itself.
    GoesReleased,
    /// It owns nothing outside and goes along: no call is made.
    Goes,
    /// Its own deletion takes away what others own outside: it comes after theirs and before that of what all are in.
    Releases,
}

/// How a provider reaches into an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// The source address of the provider.
    pub provider: &'static str,
    /// Its configuration.
    pub config: Json,
}

/// Something that several objects make up, and that others stand on without referring to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footing {
    /// The ways out of a network.
    WayOut,
    /// What pods run by: nodes, and what gives pods addresses and names.
    Pods,
    /// What makes volumes.
    Volumes,
}

/// What an object has to do with footings. Whoever stands on something is made after all that bears it, and deleted before; so
/// providers need not know each other's resource types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// It stands on these.
    pub stands_on: &'static [Footing],
    /// It is a part of these.
    pub bears: &'static [Footing],
    /// What is made from it, directly or not, has these in common; what is not has nothing to do with each other. Volumes are
    /// also common to the objects of one provider configuration, as that reaches one cluster.
    pub spans: &'static [Footing],
}

/// What an object gives to others of the same provider configuration, and takes from them, although no configuration refers
/// to it: a kind that is defined, mostly. Both are words of the provider's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bond {
    /// What others need to be there before them, and until after them.
    pub gives: Option<EcoString>,
    /// What it needs itself.
    pub takes: Option<EcoString>,
}
