//! What the user's surroundings say about plugins. Whoever makes a catalogue reads them; nothing here does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::log::Logging;

/// What the user's surroundings say about plugins.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where schemas are kept between runs; nowhere if there is no such folder.
    pub cache_folder: Option<PathBuf>,
    /// Providers that run already, as `TF_REATTACH_PROVIDERS` has them.
    pub reattach: Option<String>,
    /// Talk in the clear, for those who look at the traffic.
    pub no_tls: bool,
    /// What of the plugins' logs is wanted, and where.
    pub logging: Option<Logging>,
    /// The time since 1970-01-01 in UTC, for certificates.
    pub now: Duration,
    /// How long things may take.
    pub limits: Limits,
    /// All variables that plugins get; ours unless set.
    pub variables: Option<BTreeMap<String, String>>,
}

/// How long a plugin may take for what needs nobody else. What waits for a cloud has no limit here: only the provider
/// knows how long that takes, and what the user lets it take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From its start to its first line.
    pub start: Duration,
    /// For the first connection.
    pub connect: Duration,
    /// For its schemas.
    pub schema: Duration,
    /// For a check, a function, an upgrade: what only computes.
    pub computing: Duration,
    /// To get ready, which may include a login somewhere.
    pub configure: Duration,
    /// To show that it lives, while it works on a call that may take any time; it is asked as often as that.
    pub health: Duration,
    /// For its end, before it is killed.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            start: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            schema: Duration::from_secs(120),
            computing: Duration::from_secs(120),
            configure: Duration::from_secs(600),
            health: Duration::from_secs(60),
            stop: Duration::from_secs(2),
        }
    }
}
