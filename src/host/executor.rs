//! The one thread on which all talk with plugins happens, whoever asks and however they wait.

use std::future::Future;
use std::sync::mpsc;
use std::thread::JoinHandle;

use sdk::{Call, Problem};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Values from plugins may nest deeply. The memory is reserved only.
const STACK_BYTES: usize = 64 << 20;

/// A thread with an executor of its own. Work goes on there while the thread that asked does something else, and calls
/// that must not wait by `await` (validation, functions) block their own thread only.
pub(crate) struct Executor {
    handle: Handle,
    /// Dropping it ends the thread.
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Executor {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Executor> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let work = move || {
            // Whether it was told to end or the sender is gone: it ends.
            let _ = runtime.block_on(ended);
        };
        let thread = std::thread::Builder::new().name("plugins".to_owned()).stack_size(STACK_BYTES).spawn(work)?;
        Ok(Executor { handle, end: Some(end), thread: Some(thread) })
    }

    /// Begins work at once and returns its result when awaited, by whatever executor.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Call<'static, Result<T, Problem>> {
        let (sender, receiver) = oneshot::channel();
        self.spawn(async move {
            // Nobody may be waiting any more; the work was worth doing all the same.
            let _ = sender.send(work.await);
        });
        Box::pin(async move { receiver.await.unwrap_or_else(|_| Err(lost())) })
    }

    /// Does work and blocks until it is done.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let (sender, receiver) = mpsc::channel();
        self.spawn(async move {
            let _ = sender.send(work.await);
        });
        receiver.recv().unwrap_or_else(|_| Err(lost()))
    }

    /// Begins work that nobody waits for.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported on its own.
            let _ = thread.join();
        }
    }
}

/// The thread has ended under the work: only a mistake of ours does that.
fn lost() -> Problem {
    Problem::error(
        "Call of a provider was lost",
        "The thread that talks with providers broke off. This is a mistake in Gantry.",
    )
}
