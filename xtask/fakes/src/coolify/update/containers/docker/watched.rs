//! Docker's events about our containers, counted.

use super::cli::Cli;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

pub(super) struct Watched {
    events: Child,
    count: Arc<(Mutex<u64>, Condvar)>,
}

/// What the proxy acts on; every run of a check would be an event as well.
const KINDS: [&str; 4] = ["start", "die", "destroy", "health_status"];

impl Watched {
    pub(super) fn start(cli: &Cli, label: &str) -> io::Result<Self> {
        let filters = KINDS.map(|kind| format!("--filter=event={kind}"));
        let mut arguments = vec!["events".to_owned(), format!("--filter=label={label}")];
        arguments.extend(filters);
        let mut events =
            cli.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let count = Arc::new((Mutex::new(0), Condvar::new()));
        if let Some(lines) = events.stdout.take() {
            let counted = Arc::clone(&count);
            // It ends with the client's output.
            std::thread::spawn(move || {
                for _ in BufReader::new(lines).lines().map_while(Result::ok) {
                    *counted.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                    counted.1.notify_all();
                }
            });
        }
        Ok(Self { events, count })
    }

    pub(super) fn wait(&self, seen: u64, at_most: Duration) -> u64 {
        let (count, changed) = &*self.count;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(count, at_most, |count| *count == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn end(&mut self) {
        // It may have ended with the engine.
        self.events.kill().ok();
        self.events.wait().ok();
    }
}
