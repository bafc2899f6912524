//! The sandbox's time: it begins as ours and runs faster, so that what takes a cloud ten minutes takes a second.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Seconds of the sandbox in one of ours, unless the user says otherwise: a cluster takes a second to make.
pub const SPEED_DEFAULT: f64 = 600.0;

/// The longest wait until a clock that may stand is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// How long time runs no faster than ours after a request, where it heeds them: whoever asked is likely to go on.
const LINGER: Duration = Duration::from_millis(5);

/// A clock. What is signed or expires is measured by real time; what an operation takes, by this one.
#[derive(Debug)]
pub struct Clock {
    pace: Mutex<Pace>,
    /// Rings when time jumps or gets another speed.
    changes: watch::Sender<()>,
    heeds_work: AtomicBool,
    /// For what times it is waited, and by how many.
    waits: Mutex<BTreeMap<Duration, usize>>,
}

#[derive(Debug)]
struct Pace {
    /// The sandbox's time, since 1970, at the anchor.
    begin: Duration,
    anchor: Instant,
    speed: f64,
    /// How much is worked on, for which time waits.
    held: usize,
    /// Until when time runs no faster than ours, if nothing is worked on.
    slow_until: Instant,
}

impl Pace {
    fn now(&self) -> Duration {
        let (elapsed, slow) = (self.anchor.elapsed(), self.speed.min(1.0));
        if self.held > 0 {
            return self.begin + elapsed.mul_f64(slow);
        }
        let slowly = elapsed.min(self.slow_until.saturating_duration_since(self.anchor));
        self.begin + slowly.mul_f64(slow) + (elapsed - slowly).mul_f64(self.speed)
    }

    /// Goes on from now in another way.
    fn turn(&mut self, turn: impl FnOnce(&mut Pace)) {
        self.begin = self.now();
        self.anchor = Instant::now();
        turn(self);
    }
}

/// Something is worked on: as long as this is there, time runs no faster than ours.
pub struct Held<'c>(&'c Clock);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.lock().turn(|pace| {
            pace.held -= 1;
            pace.slow_until = Instant::now() + LINGER;
        });
        // Nobody is told: whoever waits for a time looks again too early, never too late.
    }
}

/// Someone waits for a time as long as this is there.
struct Waits<'c>(&'c Clock, Duration);

impl Waits<'_> {
    fn new(clock: &Clock, time: Duration) -> Waits<'_> {
        *clock.waits.lock().unwrap_or_else(PoisonError::into_inner).entry(time).or_default() += 1;
        Waits(clock, time)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waits.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                waits.remove(&self.1);
            }
        }
    }
}

impl Clock {
    /// Makes a clock that goes on from a time.
    pub fn new(begin: Duration, speed: f64) -> Clock {
        let now = Instant::now();
        let pace = Mutex::new(Pace { begin, anchor: now, speed, held: 0, slow_until: now });
        Clock { pace, changes: watch::Sender::new(()), heeds_work: false.into(), waits: Mutex::default() }
    }

    /// Returns the sandbox's time, since 1970.
    pub fn now(&self) -> Duration {
        self.lock().now()
    }

    /// Lets time run no faster than ours while requests are answered and shortly after, so that what programs need for their
    /// work does not count as hours. Only where all who wait look at this clock.
    pub fn heed_work(&self) {
        self.heeds_work.store(true, Ordering::Relaxed);
    }

    /// Says that something is worked on.
    pub fn hold(&self) -> Option<Held<'_>> {
        if !self.heeds_work.load(Ordering::Relaxed) {
            return None;
        }
        self.lock().turn(|pace| pace.held += 1);
        Some(Held(self))
    }

    /// Returns how long to wait for a time of the sandbox.
    pub fn until(&self, time: Duration) -> Duration {
        let left = time.saturating_sub(self.now());
        let speed = self.speed();
        Duration::try_from_secs_f64(left.as_secs_f64() / speed).unwrap_or(Duration::MAX)
    }

    /// Tells whether something is worked on that time waits for.
    pub fn is_held(&self) -> bool {
        self.lock().held > 0
    }

    /// Returns the first time that is waited for: who knows that everyone waits can let time go on to it at once.
    pub fn next_wait(&self) -> Option<Duration> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).keys().next().copied()
    }

    /// Waits for a time of the sandbox, also if time jumps or gets another speed meanwhile.
    pub async fn wait(&self, time: Duration) {
        let _waits = Waits::new(self, time);
        let mut changes = self.changes.subscribe();
        while self.now() < time {
            let wait = self.until(time).min(LOOK_AGAIN);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// Returns the speed.
    pub fn speed(&self) -> f64 {
        self.lock().speed
    }

    /// Lets time run at another speed; 0 stops it.
    pub fn set_speed(&self, speed: f64) {
        self.lock().turn(|pace| pace.speed = speed);
        self.changes.send_replace(());
    }

    /// Lets time pass at once.
    pub fn skip(&self, time: Duration) {
        self.lock().begin += time;
        self.changes.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns our own time, since 1970.
#[expect(clippy::disallowed_methods, reason = "what is signed by clients of ours is measured by the machine's clock")]
pub fn real_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Writes a time as `2026-11-21T17:30:05Z`.
pub fn rfc3339(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z", year + era * 400)
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};
    use std::time::Duration;

    use super::{Clock, rfc3339};

    #[test]
    fn runs_faster_and_skips() {
        let clock = Clock::new(Duration::from_secs(1000), 0.0);
        assert_eq!(clock.now(), Duration::from_secs(1000));
        clock.skip(Duration::from_secs(60));
        assert_eq!(clock.now(), Duration::from_secs(1060));
        clock.set_speed(1000.0);
        assert!(clock.until(Duration::from_secs(2060)) <= Duration::from_secs(1));
    }

    #[test]
    fn knows_what_is_waited_for() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
        let _entered = runtime.enter();
        let clock = Clock::new(Duration::ZERO, 0.0);
        assert_eq!(clock.next_wait(), None);
        let times = [3, 1, 2].map(Duration::from_secs);
        {
            let mut waits = times.map(|time| Box::pin(clock.wait(time)));
            for wait in &mut waits {
                assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            assert_eq!(clock.next_wait(), Some(times[1]));
        }
        assert_eq!(clock.next_wait(), None, "nobody waits any more");
    }

    #[test]
    fn heeds_work_where_it_is_told_to() {
        let clock = Clock::new(Duration::ZERO, 1e6);
        assert!(clock.hold().is_none(), "others may not look at this clock");
        clock.heed_work();
        let held = clock.hold();
        let began = clock.now();
        std::thread::sleep(Duration::from_millis(2));
        let took = clock.now() - began;
        assert!(took < Duration::from_secs(60), "no faster than ours, or it were half an hour: {took:?}");
        drop(held);
        std::thread::sleep(Duration::from_millis(8));
        assert!(clock.now() - began > Duration::from_secs(1000), "then it runs again");
    }

    #[test]
    fn writes_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_278_605, "2026-11-21T16:30:05Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), text);
        }
    }
}
