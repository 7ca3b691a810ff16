//! 50 requests a second, each on a fresh connection, until it is stopped; every one is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const ASKERS: u32 = 5;
/// Each of the five asks every tenth of a second.
const PERIOD: Duration = Duration::from_millis(100);

pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    askers: Vec<JoinHandle<(u64, Vec<String>)>>,
}

impl Load {
    pub(crate) fn start(url: &str) -> Self {
        Self::on(&format!("{url}/api/health/ready"))
    }

    /// The same on this very URL.
    pub(crate) fn on(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let askers = (0..ASKERS).map(|number| {
            let (url, stop) = (url.to_owned(), Arc::clone(&stop));
            std::thread::spawn(move || ask(&url, &stop, PERIOD / ASKERS * number))
        });
        Self { askers: askers.collect(), stop }
    }

    /// How many were sent, and what became of those that were lost.
    pub(crate) fn finish(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let counts = self.askers.into_iter().map(|asker| asker.join().unwrap());
        counts.fold((0, Vec::new()), |(sent, mut lost), (more, lost_more)| {
            lost.extend(lost_more);
            (sent + more, lost)
        })
    }
}

fn ask(url: &str, stop: &AtomicBool, offset: Duration) -> (u64, Vec<String>) {
    let (mut sent, mut lost) = (0, Vec::new());
    let mut next = Instant::now() + offset;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next += PERIOD;
        sent += 1;
        lost.extend(crate::web::get(url).err());
    }
    (sent, lost)
}
