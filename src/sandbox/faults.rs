//! Things that go wrong, by rule and by seed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A rule by which requests go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Only requests to this service (`eks`, `ec2`, `kubernetes`, ...).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only this operation (`CreateCluster`, `list pods`, ...); a star at the end means all that begin like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only so many requests; always unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Only so many of a hundred that the rule fits, by chance; all unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// What happens.
    pub effect: Effect,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The service answers with one of its errors: the code as it has it, and the status.
    Error {
        /// Like `ResourceInUseException`.
        code: String,
        /// Like 409.
        status: u16,
    },
    /// The service says that there are too many requests, in its own way.
    Throttle,
    /// The answer takes so many milliseconds longer, by our time.
    Latency(u64),
    /// The connection breaks before anything is done.
    ResetBefore,
    /// What was asked for is done, and the connection breaks before the answer.
    ResetAfter,
    /// The operation that the request begins never ends.
    Stuck,
    /// An object is deleted by someone else before the request is looked at: `TYPE`, or `TYPE:NAME`, of several one by chance.
    Delete(String),
    /// An object is changed by someone else.
    Change {
        /// Which one, as for [`Effect::Delete`].
        what: String,
        /// Where in it, as a JSON pointer.
        at: String,
        /// What stands there then.
        to: Json,
    },
    /// A cloud begins to move a cluster to the next version: the one that is named, or one by chance.
    Upgrade(String),
}

/// The rules that hold, and the chance by which they strike.
#[derive(Default)]
pub struct Faults(Mutex<Rules>);

#[derive(Default)]
struct Rules {
    rules: Vec<Fault>,
    chance: u64,
}

impl Faults {
    /// Makes a list of rules; the same seed strikes the same requests.
    pub fn new(rules: Vec<Fault>, seed: u64) -> Faults {
        Faults(Mutex::new(Rules { rules, chance: seed }))
    }

    /// Adds a rule.
    pub fn add(&self, fault: Fault) {
        self.lock().rules.push(fault);
    }

    /// Takes a rule away, by its place in the list from 1 on; tells whether it was there.
    pub fn remove(&self, number: usize) -> bool {
        let mut locked = self.lock();
        let is_there = (1..=locked.rules.len()).contains(&number);
        if is_there {
            locked.rules.remove(number - 1);
        }
        is_there
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// Returns the rules as they are now.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().rules.clone()
    }

    /// Returns what goes wrong with a request, and counts it.
    pub fn strike(&self, service: &str, operation: &str) -> Vec<Effect> {
        let mut locked = self.lock();
        let Rules { rules, chance } = &mut *locked;
        let mut effects = Vec::new();
        for rule in rules.iter_mut() {
            let is_service = rule.service.as_deref().is_none_or(|wanted| wanted == service);
            let is_operation = rule.operation.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
                Some(begin) => operation.starts_with(begin),
                None => wanted == operation,
            });
            if !is_service || !is_operation || rule.times == Some(0) {
                continue;
            }
            let drawn = draw(chance);
            if rule.percent.is_some_and(|percent| drawn % 100 >= u64::from(percent)) {
                continue;
            }
            rule.times = rule.times.map(|times| times - 1);
            effects.push(rule.effect.clone());
            if rule.effect.answers() {
                // What comes behind it is for the next request: nobody would see it now.
                break;
            }
        }
        rules.retain(|rule| rule.times != Some(0));
        effects
    }

    /// Draws a number.
    pub fn chance(&self) -> u64 {
        draw(&mut self.lock().chance)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SplitMix64: short, and the same everywhere.
fn draw(chance: &mut u64) -> u64 {
    *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = (*chance ^ (*chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Effect {
    /// Tells whether there is no other answer.
    fn answers(&self) -> bool {
        matches!(self, Effect::Error { .. } | Effect::Throttle | Effect::ResetBefore)
    }

    /// Returns how long the answer is held back.
    pub fn latency(&self) -> Option<Duration> {
        match self {
            Effect::Latency(milliseconds) => Some(Duration::from_millis(*milliseconds)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Fault, Faults};

    fn fault(operation: &str, times: Option<u32>, percent: Option<u8>) -> Fault {
        let effect = Effect::Throttle;
        Fault { service: Some("eks".into()), operation: Some(operation.into()), times, percent, effect }
    }

    #[test]
    fn strikes_what_the_rule_says_and_so_often() {
        let faults = Faults::new(vec![fault("Create*", Some(2), None)], 1);
        assert!(faults.strike("ec2", "CreateVpc").is_empty());
        assert!(faults.strike("eks", "DeleteCluster").is_empty());
        assert_eq!(faults.strike("eks", "CreateCluster").len(), 1);
        assert_eq!(faults.strike("eks", "CreateNodegroup").len(), 1);
        assert!(faults.strike("eks", "CreateCluster").is_empty(), "twice is enough");
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let struck = |seed| {
            let faults = Faults::new(vec![fault("X", None, Some(30))], seed);
            (0..1000).map(|_| faults.strike("eks", "X").len()).collect::<Vec<_>>()
        };
        assert_eq!(struck(7), struck(7));
        assert_ne!(struck(7), struck(8));
        let count: usize = struck(7).iter().sum();
        assert!((250..350).contains(&count), "{count} of 1000 at 30 percent");
    }
}
