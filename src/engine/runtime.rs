//! Time and chance of a real run.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sdk::{Call, Runtime};

/// The clock and the random numbers of the machine.
pub struct RealRuntime {
    random: fn(&mut [u8]),
    variables: BTreeMap<String, String>,
}

impl RealRuntime {
    /// Makes a runtime that fills buffers with random bytes by `random`, with environment variables.
    pub fn new(random: fn(&mut [u8]), variables: BTreeMap<String, String>) -> RealRuntime {
        RealRuntime { random, variables }
    }
}

impl Runtime for RealRuntime {
    #[expect(clippy::disallowed_methods, reason = "this is the handle that others get the time from")]
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Call<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        (self.random)(&mut bytes);
        u128::from_le_bytes(bytes)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}
