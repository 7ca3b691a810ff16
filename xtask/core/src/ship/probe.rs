//! What a probe plans and what its samples come to. It is an open loop: every request has a moment
//! that was fixed beforehand, and its latency counts from there. So one slow answer hides nothing
//! of what was due meanwhile, and a prober that falls behind is seen to.

mod count;

use super::proof::{Kind, Loss, Measurement, Verdict, VoidReason};
use std::time::Duration;

/// When requests of one kind are due: every so often, from a first moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From the beginning to the first one.
    pub offset: Duration,
    /// From one to the next.
    pub every: Duration,
}

/// One request that was due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The kind of client.
    pub kind: Kind,
    /// When it was due, from the beginning.
    pub planned: Duration,
    /// When it was sent.
    pub sent: Duration,
    /// When its end was known.
    pub ended: Duration,
    /// What became of it.
    pub end: End,
    /// The release that answered, as it named itself.
    pub release: Option<String>,
    /// Whether it was sent twice, because a kept connection ended without an answer.
    pub again: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was answered.
    Answered,
    /// It was sent, and lost.
    Lost(Loss),
    /// It was due and not sent: too many others were under way.
    Unsent,
}

/// A request that is sent so much after its moment is late.
pub const LATE: Duration = Duration::from_millis(100);
/// The share of requests, in percent, that may be late or unsent before a measurement is void.
pub const LATE_PERCENT_MAX: u64 = 10;

impl Schedule {
    /// When the request of that number, from 0, is due.
    pub fn due(&self, number: u32) -> Duration {
        self.offset + self.every * number
    }
}

impl Sample {
    /// From the planned moment to the end.
    pub fn latency(&self) -> Duration {
        self.ended.saturating_sub(self.planned)
    }

    /// Whether it was sent, and not when it was due.
    pub fn is_late(&self) -> bool {
        self.end != End::Unsent && self.sent.saturating_sub(self.planned) > LATE
    }

    /// How it was lost.
    pub fn loss(&self) -> Option<Loss> {
        match self.end {
            End::Lost(loss) => Some(loss),
            End::Answered | End::Unsent => None,
        }
    }
}

/// What became of a request that got an answer. A refusal is one if the service itself made it: a
/// proxy that has nobody to ask says 404 or 503, and never names a release.
pub fn judge(status: u16, release: Option<&str>) -> End {
    match status {
        200..=399 => End::Answered,
        400..=499 if release.is_some() => End::Answered,
        _ => End::Lost(Loss::Status(status)),
    }
}

/// What the samples of a rollout from `before` to `to` come to.
pub fn measure(samples: &[Sample], before: &str, to: &str) -> Measurement {
    measured(samples, Public::Moves { before, to })
}

/// The same of a rollout that leaves the public service as it is.
pub fn measure_staying(samples: &[Sample]) -> Measurement {
    measured(samples, Public::Stays)
}

/// What the public service does meanwhile, and what it answers as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Public<'a> {
    /// It moves from one release to another.
    Moves { before: &'a str, to: &'a str },
    /// The rollout leaves it as it is: no switch is to be seen.
    Stays,
}

fn measured(samples: &[Sample], public: Public<'_>) -> Measurement {
    let releases = count::releases(samples);
    let switched = match public {
        Public::Moves { to, .. } => count::first_heard(samples, to),
        Public::Stays => None,
    };
    let kinds = count::kinds(samples, switched);
    let heard: Vec<&str> = releases.keys().map(String::as_str).collect();
    let reasons = void(samples, &heard, public);
    let verdict = match (reasons.is_empty(), kinds.iter().any(|it| it.lost > 0)) {
        (false, _) => Verdict::Void { reasons },
        (true, true) => Verdict::Lost,
        (true, false) => Verdict::NoneLost,
    };
    let (switched_at_ms, stays) = (switched.map(milliseconds), public == Public::Stays);
    Measurement { verdict, kinds, releases, switched_at_ms, stays }
}

fn void(samples: &[Sample], heard: &[&str], public: Public<'_>) -> Vec<VoidReason> {
    if samples.is_empty() {
        return vec![VoidReason::NothingSent];
    }
    let unseen = match public {
        Public::Moves { before, to } => no_switch(heard, before, to),
        Public::Stays => None,
    };
    [saturated(samples), unseen].into_iter().flatten().collect()
}

fn saturated(samples: &[Sample]) -> Option<VoidReason> {
    let planned = samples.len() as u64;
    let late = samples.iter().filter(|it| it.is_late()).count() as u64;
    let unsent = samples.iter().filter(|it| it.end == End::Unsent).count() as u64;
    let is_saturated = (late + unsent) * 100 > planned * LATE_PERCENT_MAX;
    is_saturated.then_some(VoidReason::Saturated { late, unsent, planned })
}

fn no_switch(heard: &[&str], before: &str, to: &str) -> Option<VoidReason> {
    if before == to {
        return Some(VoidReason::OneRelease { release: to.to_owned() });
    }
    let unheard = [before, to].into_iter().filter(|release| !heard.contains(release));
    let unheard: Vec<String> = unheard.map(ToOwned::to_owned).collect();
    (!unheard.is_empty()).then_some(VoidReason::NoSwitch { unheard })
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The smallest value that `percent` of the sorted values do not exceed; 0 of nothing.
pub fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
