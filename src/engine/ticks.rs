//! What happens about once a second while work is done: progress is told of, and the wish to stop is passed on.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::session::Request;

/// How often progress is asked about.
const TICK: Duration = Duration::from_secs(1);

/// Waits for work and ticks meanwhile. Once the user wants to stop, plugins are told so: a later run could not go on with
/// what they have begun. Providers that are part of the program just go on to the end of it.
pub(crate) async fn with_ticks<T>(work: impl Future<Output = T>, request: &Request<'_>) -> T {
    let mut work = pin!(work);
    let mut is_told = false;
    let mut telling: Option<sdk::Call<'static, ()>> = None;
    loop {
        let mut pause = pin!(request.runtime.sleep(TICK));
        let done = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => {
                if telling.as_mut().is_some_and(|telling| telling.as_mut().poll(context).is_ready()) {
                    telling = None;
                }
                pause.as_mut().poll(context).map(|()| None)
            }
        });
        if let Some(result) = done.await {
            return result;
        }
        (request.tick)();
        if !is_told && (request.stopping)() {
            is_told = true;
            telling = Some(request.providers.stop());
        }
    }
}
