//! The same for every item, a few at a time.

use super::error::RegistryError;
use futures_util::stream::{self, StreamExt as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// How many requests run at a time.
const JOBS: usize = 4;

/// Does the same to every item, `JOBS` at a time. After a failure nothing new is begun, what has
/// begun runs to its end, and the first failure in the order of the items is returned.
pub(super) async fn in_parallel<T, R>(
    items: &[T],
    act: impl AsyncFn(&T) -> Result<R, RegistryError>,
) -> Result<Vec<R>, RegistryError> {
    let has_failed = AtomicBool::new(false);
    let work = items.iter().enumerate().map(async |(at, item)| {
        if has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let result = act(item).await;
        has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
        Some((at, result))
    });
    let done = stream::iter(work).buffer_unordered(JOBS).collect::<Vec<_>>().await;
    let mut done: Vec<_> = done.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
