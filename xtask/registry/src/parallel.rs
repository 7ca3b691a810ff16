//! Much to do, a few at a time.

use super::error::RegistryError;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

/// How many requests run at a time.
const JOBS: usize = 4;

/// One piece of work. It is boxed because whoever pushes may move the whole to another thread,
/// which the compiler does not see through nested kinds of futures.
pub(super) type Work<'a, R> = BoxFuture<'a, Result<R, RegistryError>>;

/// Waits for all of `work`, `JOBS` at a time. After a failure nothing new is begun, what has
/// begun runs to its end, and the first failure in the order of the work is returned.
pub(super) async fn in_parallel<R>(work: Vec<Work<'_, R>>) -> Result<Vec<R>, RegistryError> {
    let (mut waiting, mut has_failed) = (work.into_iter().enumerate(), false);
    let (mut running, mut done) = (FuturesUnordered::new(), Vec::new());
    loop {
        while running.len() < JOBS && !has_failed {
            let Some((at, act)) = waiting.next() else { break };
            running.push(numbered(at, act));
        }
        let Some((at, result)) = running.next().await else { break };
        has_failed |= result.is_err();
        done.push((at, result));
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

async fn numbered<R>(at: usize, act: Work<'_, R>) -> (usize, Result<R, RegistryError>) {
    (at, act.await)
}
