//! How long a thread has worked: a limit on that holds on a machine that has other things to do as well.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Returns how long this thread has been on a processor, where the system says so; otherwise how late it is.
pub(crate) fn worked() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let worked = told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok());
    worked.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}
