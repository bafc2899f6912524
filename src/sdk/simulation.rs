//! Simulated time for tests: nobody waits, and everything happens in the same order every time.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::{Call, Runtime};

/// When simulations begin: 2024-01-01, so that times look like times.
const START: Duration = Duration::from_secs(1_704_067_200);

/// A runtime whose time jumps to the next thing to happen as soon as nothing can go on without.
///
/// A future that is stopped half-way ([`Simulation::run_for`]) is what a killed program looks like from outside.
#[derive(Clone)]
pub struct Simulation {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    now: Duration,
    random: u128,
    /// Who is to be woken when; the number tells apart what happens at the same time.
    sleepers: BTreeMap<(Duration, u64), Option<Waker>>,
    sleepers_ever: u64,
}

impl Simulation {
    /// Makes a simulation; the seed decides over chance.
    pub fn new(seed: u64) -> Simulation {
        let random = u128::from(seed) << 64 | 0x9e37_79b9_7f4a_7c15;
        let shared = Shared { now: START, random, sleepers: BTreeMap::new(), sleepers_ever: 0 };
        Simulation { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Returns it as what providers take.
    pub fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(self.clone())
    }

    /// Runs to the end; nothing if there is none: whatever is left waits for what never comes.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.run_until(Duration::MAX, future)
    }

    /// Runs for a while; nothing if that was too short. The future is dropped where it is then.
    pub fn run_for<T>(&self, duration: Duration, future: impl Future<Output = T>) -> Option<T> {
        let end = self.lock().now.saturating_add(duration);
        self.run_until(end, future)
    }

    fn run_until<T>(&self, end: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        loop {
            if woken.0.swap(false, Ordering::SeqCst) {
                match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(result) => return Some(result),
                    Poll::Pending => continue,
                }
            }
            if !self.jump(end) {
                return None;
            }
        }
    }

    /// Goes on to the next thing to happen, if there is one before the end.
    fn jump(&self, end: Duration) -> bool {
        let mut shared = self.lock();
        let next = shared.sleepers.keys().next().copied().filter(|(when, _)| *when <= end);
        let Some(key) = next else {
            if end != Duration::MAX {
                shared.now = end;
            }
            return false;
        };
        shared.now = shared.now.max(key.0);
        if let Some(Some(waker)) = shared.sleepers.remove(&key) {
            drop(shared);
            waker.wake();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for Simulation {
    fn now(&self) -> Duration {
        self.lock().now
    }

    fn sleep(&self, duration: Duration) -> Call<'static, ()> {
        let mut shared = self.lock();
        shared.sleepers_ever += 1;
        let key = (shared.now.saturating_add(duration), shared.sleepers_ever);
        drop(shared);
        Box::pin(Sleep { simulation: self.clone(), key })
    }

    fn random(&self) -> u128 {
        let mut shared = self.lock();
        // The halves are stepped and mixed on their own (the finalizer of MurmurHash3): enough to look random.
        shared.random = shared.random.wrapping_add(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let mixed = |half: u64| {
            let half = (half ^ half >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
            let half = (half ^ half >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            u128::from(half ^ half >> 33)
        };
        mixed((shared.random >> 64) as u64) << 64 | mixed(shared.random as u64)
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Sleep {
    simulation: Simulation,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.simulation.lock();
        if shared.now >= self.key.0 {
            return Poll::Ready(());
        }
        shared.sleepers.insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.simulation.lock().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::Simulation;
    use crate::Runtime;
    use crate::join::join_all;
    use std::future::pending;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sleepers_wake_in_order_and_time_is_what_they_waited_for() {
        let simulation = Simulation::new(1);
        let start = simulation.now();
        let calls = [3u32, 1, 2].map(|seconds| {
            let simulation = simulation.clone();
            Box::pin(async move {
                simulation.sleep(SECOND * seconds).await;
                simulation.now() - start
            })
        });
        let ends = simulation.run(join_all(calls.into_iter(), 3));
        assert_eq!(ends, Some(vec![SECOND * 3, SECOND, SECOND * 2]));
        assert_eq!(simulation.now() - start, SECOND * 3);
    }

    #[test]
    fn calls_beyond_the_limit_wait_for_a_place() {
        let simulation = Simulation::new(1);
        let start = simulation.now();
        let calls = (0..7).map(|index| {
            let simulation = simulation.clone();
            Box::pin(async move {
                simulation.sleep(SECOND).await;
                index
            })
        });
        assert_eq!(simulation.run(join_all(calls, 3)), Some((0..7).collect()));
        assert_eq!(simulation.now() - start, SECOND * 3);
    }

    #[test]
    fn what_never_comes_is_not_waited_for() {
        assert_eq!(Simulation::new(1).run(pending::<()>()), None);
    }

    #[test]
    fn a_run_may_end_half_way() {
        let simulation = Simulation::new(1);
        let start = simulation.now();
        assert_eq!(simulation.run_for(SECOND, simulation.sleep(SECOND * 2)), None);
        assert_eq!(simulation.now() - start, SECOND);
        assert_eq!(simulation.run(simulation.sleep(SECOND)), Some(()));
        assert_eq!(simulation.now() - start, SECOND * 2);
    }

    #[test]
    fn chance_follows_the_seed() {
        let randoms = |seed| {
            let simulation = Simulation::new(seed);
            [simulation.random(), simulation.random()]
        };
        assert_eq!(randoms(1), randoms(1));
        assert_ne!(randoms(1), randoms(2));
        assert_ne!(randoms(1)[0], randoms(1)[1]);
    }
}
