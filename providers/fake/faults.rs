//! What can go wrong in the fake cloud, on purpose.

use serde::{Deserialize, Serialize};

use crate::world::Call;

/// Something that is to go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// How it goes wrong.
    pub when: When,
    /// Only for this action: `create`, `read`, `update`, `delete`, `open`, `find`.
    pub action: Option<String>,
    /// Only for this resource type.
    pub kind: Option<String>,
    /// Only for objects of this name.
    pub name: Option<String>,
    /// Only so often; always unless set.
    pub times: Option<u64>,
}

/// How something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The call fails, and nothing has happened.
    Before,
    /// The call fails although everything has happened.
    After,
    /// Half of it happens; the call fails and returns that half.
    Partial,
    /// The cloud is too busy and wants to be asked again.
    Throttle,
    /// The call does not end until it is told to stop.
    Hang,
    /// The process dies before anything has happened. In memory, where the test would die as well, it hangs.
    CrashBefore,
    /// The process dies when everything has happened and nobody knows yet.
    CrashAfter,
    /// The object comes out with another name than was asked for.
    Wrong,
    /// The object has been changed by somebody else.
    Drift,
    /// The object has been taken away by somebody else.
    Vanish,
}

impl When {
    /// All, by the words of the configuration.
    pub(crate) const ALL: &[(&str, When)] = &[
        ("after", When::After),
        ("before", When::Before),
        ("crash_after", When::CrashAfter),
        ("crash_before", When::CrashBefore),
        ("drift", When::Drift),
        ("hang", When::Hang),
        ("partial", When::Partial),
        ("throttle", When::Throttle),
        ("vanish", When::Vanish),
        ("wrong", When::Wrong),
    ];

    /// Finds one by its word.
    pub(crate) fn named(word: &str) -> Option<When> {
        When::ALL.iter().find(|(name, _)| *name == word).map(|(_, when)| *when)
    }
}

impl Fault {
    /// Every call goes wrong.
    pub fn new(when: When) -> Fault {
        Fault { when, action: None, kind: None, name: None, times: None }
    }

    /// Only calls for this action do.
    #[must_use]
    pub fn on(mut self, action: &str) -> Fault {
        self.action = Some(action.to_owned());
        self
    }

    /// Only calls about objects of this name do.
    #[must_use]
    pub fn named(mut self, name: &str) -> Fault {
        self.name = Some(name.to_owned());
        self
    }

    /// Only the first so many calls do.
    #[must_use]
    pub fn times(mut self, times: u64) -> Fault {
        self.times = Some(times);
        self
    }

    pub(crate) fn concerns(&self, call: &Call<'_>) -> bool {
        let fits = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        fits(&self.action, call.action) && fits(&self.kind, call.kind) && fits(&self.name, call.name)
    }

    /// Returns what tells it apart from others, to count how often it has struck.
    pub(crate) fn text(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{:?}/{}/{}/{}", self.when, part(&self.action), part(&self.kind), part(&self.name))
    }
}
