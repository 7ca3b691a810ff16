//! The one runtime of this process. What waits is async and lives in an edge; a verb that is
//! not async yet waits for it here, and nowhere else.

use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

fn runtime() -> &'static Runtime {
    let made = || Builder::new_multi_thread().worker_threads(2).enable_all().build();
    RUNTIME.get_or_init(|| made().expect("a runtime needs threads and a poller"))
}

/// Waits for `future` on this thread. Not from within a future: that is a bug, and panics.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// Runs `future` beside the rest; its end can be waited for.
pub fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    runtime().spawn(future)
}
