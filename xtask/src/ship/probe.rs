//! The probe: asks the public URL all through a rollout and counts what is lost.

use crate::edge::http;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use xtask_core::ship::probe::Tally;

/// Two askers of 10 requests a second each: a slow answer to one does not silence the other.
const ASKERS: u32 = 2;
const PERIOD: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A probe at work. It ends when it is asked for its tally, or dropped.
pub struct Probe {
    stop: Arc<AtomicBool>,
    askers: Vec<JoinHandle<Tally>>,
}

impl Probe {
    /// Starts asking `url`, each time on a fresh connection.
    pub fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let askers = (0..ASKERS).map(|number| {
            let (url, stop) = (url.to_owned(), Arc::clone(&stop));
            std::thread::spawn(move || ask_until(&url, &stop, PERIOD / ASKERS * number))
        });
        Self { askers: askers.collect(), stop }
    }

    /// Ends it and gives what it saw.
    pub fn finish(mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut tally = Tally::default();
        for asker in self.askers.drain(..) {
            tally.merge(asker.join().expect("an asker does not panic"));
        }
        tally
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn ask_until(url: &str, stop: &AtomicBool, offset: Duration) -> Tally {
    let mut tally = Tally::default();
    let mut next = Instant::now() + offset;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next += PERIOD;
        match http::get(url, ANSWER_LIMIT) {
            Ok(answer) if answer.status < 500 => {
                tally.answered(u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX));
            }
            Ok(answer) => tally.lost(format!("status {}", answer.status)),
            Err(error) => tally.lost(error.in_one_line()),
        }
    }
    tally
}
