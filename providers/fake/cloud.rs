//! Calls to the fake cloud: they take time, fail as they are told to, and change the world.

use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use sdk::{Problem, Runtime};

use crate::faults::{Fault, When};
use crate::world::{Call, State, World, WorldObject};

/// How often a call is made at most while the cloud is too busy.
const ATTEMPTS_MAX: u32 = 6;

/// The wait after the first such call; it doubles each time.
const BACKOFF: Duration = Duration::from_millis(50);

/// What the parts of one provider share.
pub(crate) struct Cloud {
    world: Arc<World>,
    session: RwLock<Option<Arc<Session>>>,
}

/// What a provider is configured with.
pub(crate) struct Session {
    pub(crate) world: Arc<World>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) settings: Settings,
    stop: Stop,
}

/// The settings of the provider's configuration.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) region: String,
    /// The room that things are in; empty if there is none.
    pub(crate) room: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// How long every call takes.
    pub(crate) latency: Duration,
    /// How long an operation takes that does not say.
    pub(crate) delay: Duration,
    /// How long it takes until everybody sees a new object.
    pub(crate) lag: Duration,
    pub(crate) faults: Vec<Fault>,
}

impl Cloud {
    pub(crate) fn new(world: Arc<World>) -> Arc<Cloud> {
        Arc::new(Cloud { world, session: RwLock::new(None) })
    }

    /// Begins a session, in the world at a path or in the one that the provider was made with.
    pub(crate) fn begin(&self, path: Option<&str>, settings: Settings, runtime: Arc<dyn Runtime>) {
        let world = path.map_or_else(|| self.world.clone(), World::on_disk);
        let session = Session { world, runtime, settings, stop: Stop::default() };
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(session));
    }

    pub(crate) fn session(&self) -> Result<Arc<Session>, Problem> {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        session.ok_or_else(|| Problem::error("Provider not ready", "The fake cloud was used before it was configured."))
    }

    pub(crate) fn stop(&self) {
        if let Ok(session) = self.session() {
            session.stop.now();
        }
    }
}

impl Session {
    pub(crate) fn now_ms(&self) -> u64 {
        milliseconds(self.runtime.now())
    }

    /// Makes a call. `effect` is told what goes wrong in it, as far as that is the effect's business.
    pub(crate) async fn call<T>(
        &self,
        call: Call<'_>,
        mut effect: impl FnMut(&mut State, u64, Option<When>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        for attempt in 0..ATTEMPTS_MAX {
            self.runtime.sleep(self.settings.latency).await;
            let now = self.now_ms();
            let done = self.world.change(|state| {
                state.count(format!("{} {}", call.action, call.kind));
                state.settle(now);
                let fault = state.strike(&self.settings.faults, &call);
                match fault {
                    Some(When::Before | When::Throttle | When::Hang | When::CrashBefore) => (fault, None),
                    _ => (fault, Some(effect(state, now, fault))),
                }
            });
            match done.map_err(|error| no_world(&error))? {
                (Some(When::Throttle), _) => self.runtime.sleep(BACKOFF * 2u32.pow(attempt)).await,
                (Some(When::Hang), _) => {
                    self.stop.wait().await;
                    return Err(stopped());
                }
                (Some(When::CrashBefore | When::CrashAfter), _) => self.crash().await,
                (Some(When::After), Some(Ok(_))) => {
                    return Err(injected(&call, "the answer was lost; whether it happened is not known"));
                }
                (_, Some(result)) => return result,
                (_, None) => return Err(injected(&call, "the cloud refused it; nothing has happened")),
            }
        }
        let detail = format!("The cloud was too busy {ATTEMPTS_MAX} times in a row. Try again later.");
        Err(Problem::error("Too many requests", detail))
    }

    /// Ends as a killed process does: nothing is cleaned up.
    async fn crash(&self) {
        if self.world.is_on_disk() {
            std::process::abort();
        }
        pending().await
    }

    /// Waits until a moment; a stop ends that.
    pub(crate) async fn wait_until(&self, moment_ms: u64) -> Result<(), Problem> {
        let left = Duration::from_millis(moment_ms.saturating_sub(self.now_ms()));
        if left.is_zero() {
            return Ok(());
        }
        let mut sleep = self.runtime.sleep(left);
        poll_fn(|context| match sleep.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            Poll::Pending if self.stop.is_now(context.waker()) => Poll::Ready(Err(stopped())),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Waits until no operation on an object is under way, and returns what is there then.
    pub(crate) async fn wait_for(&self, id: &str) -> Result<Option<WorldObject>, Problem> {
        loop {
            let now = self.now_ms();
            let found = self.world.look(|state| state.objects.get(id).cloned()).map_err(|error| no_world(&error))?;
            let Some(object) = found else { return Ok(None) };
            let rests_at = object.busy_until_ms.max(object.visible_from_ms);
            if rests_at <= now && object.deleting {
                self.world.change(|state| state.settle(now)).map_err(|error| no_world(&error))?;
                return Ok(None);
            }
            if rests_at <= now {
                return Ok(Some(object));
            }
            self.wait_until(rests_at).await?;
        }
    }
}

/// Tells all who wait that it is time to stop.
#[derive(Default)]
struct Stop(Mutex<(bool, Vec<Waker>)>);

impl Stop {
    fn now(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        state.1.drain(..).for_each(Waker::wake);
    }

    /// Tells whether it is time; if not, the waker is woken when it is.
    fn is_now(&self, waker: &Waker) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.0 && !state.1.iter().any(|known| known.will_wake(waker)) {
            state.1.push(waker.clone());
        }
        state.0
    }

    async fn wait(&self) {
        poll_fn(|context| if self.is_now(context.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn no_world(error: &std::io::Error) -> Problem {
    Problem::error("Fake world not usable", format!("The file of the fake world cannot be used: {error}."))
}

fn stopped() -> Problem {
    Problem::error("Stopped", "The call was told to stop. The operation in the cloud may go on.")
}

fn injected(call: &Call<'_>, what: &str) -> Problem {
    let Call { action, kind, name } = call;
    Problem::error("Injected fault", format!("The call to {action} the `{kind}` {name:?} failed: {what}."))
}
