//! Many calls at the same time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs calls, at most `limit` of them at the same time; the results are in the order of the calls.
///
/// Every wake looks at all calls under way, so that the limit also bounds the cost of a wake.
pub(crate) async fn join_all<F: Future + Unpin>(calls: impl Iterator<Item = F>, limit: usize) -> Vec<F::Output> {
    let mut waiting = calls.enumerate();
    let mut under_way: Vec<(usize, F)> = Vec::new();
    let mut results: Vec<Option<F::Output>> = Vec::new();
    poll_fn(|context| poll_all(context, &mut waiting, &mut under_way, &mut results, limit)).await;
    results.into_iter().flatten().collect()
}

fn poll_all<F: Future + Unpin>(
    context: &mut Context<'_>,
    waiting: &mut impl Iterator<Item = (usize, F)>,
    under_way: &mut Vec<(usize, F)>,
    results: &mut Vec<Option<F::Output>>,
    limit: usize,
) -> Poll<()> {
    under_way.retain_mut(|(index, call)| !poll_one(context, *index, call, results));
    while under_way.len() < limit.max(1) {
        let Some((index, mut call)) = waiting.next() else { break };
        results.push(None);
        if !poll_one(context, index, &mut call, results) {
            under_way.push((index, call));
        }
    }
    if under_way.is_empty() { Poll::Ready(()) } else { Poll::Pending }
}

/// Tells whether the call is done.
fn poll_one<F: Future + Unpin>(
    context: &mut Context<'_>,
    index: usize,
    call: &mut F,
    results: &mut [Option<F::Output>],
) -> bool {
    match Pin::new(call).poll(context) {
        Poll::Ready(result) => {
            results[index] = Some(result);
            true
        }
        Poll::Pending => false,
    }
}
