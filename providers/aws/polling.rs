//! Waiting for AWS: how often it is asked, for how long, and what people are told meanwhile.

use std::future::Future;
use std::time::Duration;

use sdk::{Problem, Progress};

use crate::cloud::At;
use crate::fault::{Answer, Fault};
use crate::managed::{Done, Work};

/// How long IAM may take until all of AWS knows what was made there.
pub(crate) const PROPAGATION: Duration = Duration::from_secs(120);
/// How long to wait before asking for the first time.
const FIRST: Duration = Duration::from_secs(5);
/// How long to wait at most before asking again.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits for something until its time is over.
pub(crate) struct Waiting<'a> {
    at: &'a At,
    progress: &'a dyn Progress,
    /// When it is over, since 1970-01-01.
    deadline: Duration,
    began: Duration,
    /// When it was asked last, or later.
    asked: Duration,
    pause: Duration,
    told: String,
}

impl<'a> Waiting<'a> {
    /// Begins to wait.
    pub(crate) fn new(at: &'a At, progress: &'a dyn Progress, deadline: Duration) -> Waiting<'a> {
        let now = at.now();
        Waiting { at, progress, deadline, began: now, asked: now, pause: FIRST, told: String::new() }
    }

    /// Begins to wait for what never takes long.
    pub(crate) fn briefly(at: &'a At, progress: &'a dyn Progress, limit: Duration) -> Waiting<'a> {
        Waiting { pause: Duration::from_secs(2), ..Waiting::new(at, progress, at.now() + limit) }
    }

    /// Waits a while longer, and says for what; fails when the time is over.
    pub(crate) async fn pause(&mut self, phase: &str) -> Result<(), Problem> {
        let now = self.at.now();
        // An answer may be late, or the machine have slept: what counts is how it was when the time was over.
        if self.asked >= self.deadline {
            let minutes = (now - self.began).as_secs() / 60;
            let detail = format!(
                "After {minutes} minutes: {phase}. What was begun goes on in AWS. Apply again to wait longer, or set a higher limit in the \
                 resource's `timeouts`."
            );
            return Err(Problem::error("Time is over", detail));
        }
        if self.told != phase {
            self.progress.message(phase);
            self.progress.waiting();
            phase.clone_into(&mut self.told);
        }
        // A tenth more or less, so that those who began together do not ask together for ever.
        let jitter = 0.9 + 0.2 * (self.at.session.runtime.random() as u32 as f64 / f64::from(u32::MAX));
        let pause = self.pause.mul_f64(jitter).min(self.deadline.saturating_sub(now));
        self.pause = (self.pause * 3 / 2).min(LONGEST);
        self.at.sleep(pause).await;
        self.asked = self.at.now();
        Ok(())
    }
}

/// Makes a call again for as long as its fault is one that passes, and time is left.
pub(crate) async fn while_passing<T, Made>(
    mut waiting: Waiting<'_>,
    passes: fn(&Fault) -> bool,
    mut call: impl FnMut() -> Made,
) -> Answer<T>
where
    Made: Future<Output = Answer<T>>,
{
    loop {
        match call().await {
            Err(fault) if passes(&fault) => {
                if waiting.pause(&fault.text()).await.is_err() {
                    return Err(fault);
                }
            }
            answer => return answer,
        }
    }
}

/// Makes what has no token: that it is there already is no error if an attempt of ours may have made it.
pub(crate) async fn made_once<Made>(
    work: &Work<'_>,
    there: &str,
    doing: &str,
    mut call: impl FnMut() -> Made,
) -> Done<()>
where
    Made: Future<Output = Answer<()>>,
{
    let mut waiting = work.propagation();
    let mut is_uncertain = false;
    loop {
        match call().await {
            Ok(()) => return Ok(()),
            Err(fault) if is_uncertain && fault.code.starts_with(there) => return Ok(()),
            Err(fault) if fault.is_uncertain => {
                is_uncertain = true;
                if waiting.pause(&fault.text()).await.is_err() {
                    return Err(fault.problem(doing));
                }
            }
            Err(fault) => return Err(fault.problem(doing)),
        }
    }
}
