//! What a provider gets from the program that runs it: time, chance, and somewhere to report to.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use crate::Problem;

/// A call that takes its time. It does nothing until it is awaited and may be dropped at any await.
///
/// A plain future and no executor's own type: the program chooses the executor, tests bring theirs.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers a call at once.
pub fn answer<'a, T: Send + 'a>(value: T) -> Call<'a, T> {
    Box::pin(ready(value))
}

/// Time and chance. Providers have no other clock, so that tests can hold it still or let it jump.
pub trait Runtime: Send + Sync {
    /// Returns the time since 1970-01-01 in UTC.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> Call<'static, ()>;

    /// Returns random bits, a hundred and twenty-eight of them.
    fn random(&self) -> u128;

    /// Returns an environment variable. Providers have no other environment, so that `--sandbox` can point them, and the
    /// libraries that they give it to, at the sandbox.
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    /// Returns what is started where a program is wanted by its name or its path. Providers start no other.
    fn program(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Returns all variables for programs that are started, if they are not to get those of this process.
    fn environment(&self) -> Option<&BTreeMap<String, String>> {
        None
    }
}

/// Where a provider reports to while it creates, updates or deletes an object.
pub trait Progress: Send + Sync {
    /// Stores what the cloud calls the operation or the object, as soon as the cloud has said so.
    ///
    /// Nothing may be waited for before this has succeeded: after a crash the handle is how the object is found again.
    /// If it fails, the provider returns what it has with the problem.
    fn handle<'a>(&'a self, handle: &'a str) -> Call<'a, Result<(), Problem>>;

    /// Tells people what is going on, in a phrase. Never a secret.
    fn message(&self, text: &str);

    /// Tells that from here on the call only waits for the cloud: it counts against another limit then.
    fn waiting(&self) {}
}

/// Reports to nobody.
pub struct NoProgress;

impl Progress for NoProgress {
    fn handle<'a>(&'a self, _: &'a str) -> Call<'a, Result<(), Problem>> {
        answer(Ok(()))
    }

    fn message(&self, _: &str) {}
}

/// Makes a random name that nothing else has: a UUID of version 4, in small letters.
pub fn random_uuid(runtime: &dyn Runtime) -> String {
    let bits = runtime.random() & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let text = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

#[cfg(test)]
mod tests {
    use super::{Call, Runtime, answer, random_uuid};
    use std::time::Duration;

    struct Fixed(u128);

    impl Runtime for Fixed {
        fn now(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep(&self, _: Duration) -> Call<'static, ()> {
            answer(())
        }

        fn random(&self) -> u128 {
            self.0
        }
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        assert_eq!(random_uuid(&Fixed(0)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(random_uuid(&Fixed(u128::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
