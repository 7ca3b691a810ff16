//! The same for every item, a few at a time.

use super::error::RegistryError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many requests run at a time.
const JOBS: usize = 4;

/// Does the same to every item, `JOBS` at a time. After a failure nothing new is begun, and
/// the first failure in the order of the items is returned.
pub(super) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    act: impl Fn(&T) -> Result<R, RegistryError> + Sync,
) -> Result<Vec<R>, RegistryError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<R, RegistryError>)>> = Mutex::default();
    let work = || {
        while let Some((at, item)) = take(items, &next) {
            let result = act(item);
            if result.is_err() {
                next.store(items.len(), Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..JOBS.min(items.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, items.get(at)?))
}
