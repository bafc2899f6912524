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

/// What objects of a type stand on although their configuration does not refer to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Resource types of the same provider: these are made before, and deleted after them.
    pub kinds: &'static [&'static str],
    /// Resource types of objects that both were made from, directly or not; otherwise they have nothing to do with each
    /// other.
    pub shared: &'static [&'static str],
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
