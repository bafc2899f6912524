//! Objects that are in others, and what they stand on: in a cluster, which stands on a network.

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
