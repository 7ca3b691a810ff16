//! The probe: asks the public URL all through a rollout, as several kinds of clients at once.
//!
//! Each kind sends when its schedule says, whatever became of what was sent before; what a sample
//! says of that is judged in the core.

mod ask;
mod held;
#[cfg(test)]
mod tests;

use crate::runtime;
use ask::{Asker, Heard};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use xtask_core::deploy::Service;
use xtask_core::ship::probe::{End, Sample, Schedule};
use xtask_core::ship::proof::Kind;

/// When a probe asks, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Requests on connections of their own.
    fresh: Schedule,
    /// Requests on connections that are kept.
    keep_alive: Schedule,
    upload: Schedule,
    download: Schedule,
    /// Streams that are held from then on.
    events: Schedule,
    websocket: Schedule,
    /// How long a stream is made to take.
    stream: Duration,
    /// How long an answer may take; of a stream, beyond what it is made to take.
    limit: Duration,
}

/// A probe at work. It ends when it is asked for what it saw, or dropped.
pub struct Probe {
    began: Instant,
    stop: CancellationToken,
    lanes: Vec<JoinHandle<()>>,
    samples: Samples,
    drained: Drained,
}

/// The release that is drained, once it is: the streams that it holds end by that, and are not lost.
type Drained = Arc<OnceLock<String>>;

/// What a probe saw.
#[derive(Debug)]
pub struct Log {
    /// When it began.
    pub began: Instant,
    /// Every request that was due.
    pub samples: Vec<Sample>,
}

/// What was seen so far, in the order of ends.
#[derive(Clone, Debug, Default)]
struct Samples(Arc<Mutex<Vec<Sample>>>);

/// One kind of client at work.
struct Lane {
    asker: Asker,
    schedule: Schedule,
    began: Instant,
    stop: CancellationToken,
    samples: Samples,
}

/// More requests of a kind than this under way would measure this machine and not the service.
const UNDER_WAY_MAX: usize = 128;

impl Default for Pace {
    /// Ten requests a second of each quick kind. A stream takes longer than a switch, and less than
    /// a service drains; a new one begins before the one before is over.
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            fresh: Schedule { offset: ms(0), every: ms(100) },
            keep_alive: Schedule { offset: ms(50), every: ms(100) },
            // Who logs in may do so twenty times a minute, from our address too.
            upload: Schedule { offset: ms(25), every: ms(5000) },
            download: Schedule { offset: ms(1075), every: ms(2000) },
            // What is held stays until the probe ends, so that some are open at any switch.
            events: Schedule { offset: ms(60), every: ms(10_000) },
            websocket: Schedule { offset: ms(90), every: ms(10_000) },
            stream: ms(6000),
            limit: ms(5000),
        }
    }
}

impl Probe {
    /// Starts asking `service`, which is reached at `url`.
    pub fn start(url: &str, service: &Service) -> Self {
        Self::at_pace(url, service, Pace::default())
    }

    fn at_pace(url: &str, service: &Service, pace: Pace) -> Self {
        let (began, stop) = (Instant::now(), CancellationToken::new());
        let (samples, drained) = (Samples::default(), Drained::default());
        let lane = |kind: Kind| {
            let asker = Asker::new(kind, url, service, pace, &stop)?.draining(&drained);
            let schedule = pace.of(kind);
            let (stop, samples) = (stop.clone(), samples.clone());
            Some(runtime::spawn(Lane { asker, schedule, began, stop, samples }.drive()))
        };
        let lanes = Kind::ALL.into_iter().filter_map(lane).collect();
        Self { began, stop, lanes, samples, drained }
    }

    /// From now on `release` is drained.
    pub fn drains(&self, release: &str) {
        self.drained.get_or_init(|| release.to_owned());
    }

    /// Ends it, waits for what is under way, and gives what it saw.
    pub fn finish(mut self) -> Log {
        self.stop.cancel();
        for lane in self.lanes.drain(..) {
            runtime::wait(lane).expect("asking does not panic");
        }
        Log { began: self.began, samples: self.samples.all() }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Samples {
    fn add(&self, sample: Sample) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
    }

    fn all(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Pace {
    fn of(&self, kind: Kind) -> Schedule {
        match kind {
            Kind::Fresh => self.fresh,
            Kind::KeepAlive => self.keep_alive,
            Kind::Upload => self.upload,
            Kind::Download => self.download,
            Kind::Events => self.events,
            Kind::Websocket => self.websocket,
        }
    }
}

impl Lane {
    /// Sends each request at its moment, waiting for none of them. One that was missed is sent at
    /// once, and is late.
    async fn drive(self) {
        let mut under_way = JoinSet::new();
        for number in 0.. {
            let planned = self.schedule.due(number);
            let due = tokio::time::Instant::from_std(self.began + planned);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep_until(due) => {}
            }
            while under_way.try_join_next().is_some() {}
            if under_way.len() < UNDER_WAY_MAX {
                let (asker, samples) = (self.asker.clone(), self.samples.clone());
                under_way.spawn(sample(asker, self.began, planned, samples));
            } else {
                self.samples.add(self.unsent(planned));
            }
        }
        under_way.join_all().await;
    }

    fn unsent(&self, planned: Duration) -> Sample {
        let now = self.began.elapsed();
        let kind = self.asker.kind;
        Sample {
            kind,
            planned,
            sent: now,
            ended: now,
            end: End::Unsent,
            release: None,
            again: false,
        }
    }
}

async fn sample(asker: Asker, began: Instant, planned: Duration, samples: Samples) {
    let sent = began.elapsed();
    let heard = asker.ask().await;
    let (kind, ended) = (asker.kind, began.elapsed());
    let Heard { end, release, again } = heard;
    samples.add(Sample { kind, planned, sent, ended, end, release, again });
}
