//! The requests of others while an environment moved to a release, held against those of the
//! release before.
//!
//! The rule, with its numbers below: of both releases at least [`REQUESTS_MIN`] requests must have
//! been seen, or nothing can be found out. The new one is clearly worse if its share of errors is
//! higher by [`ERRORS_MORE_PERCENT`] points and that is no chance (a test of two proportions, at
//! [`DEVIATIONS`] standard deviations), or if its 95th percentile is [`SLOWER_TIMES`] times the
//! other and [`SLOWER_MS`] more.

pub mod access_log;
pub mod prometheus;

use crate::ship::probe::percentile;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of the requests of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Who counted them.
    pub source: Source,
    /// Those that the release before served.
    pub before: Served,
    /// Those that the new one served.
    pub after: Served,
    /// What that comes to.
    pub judgement: Judgement,
}

/// Who counts the requests of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The proxy's access log.
    AccessLog,
    /// The service's own metrics.
    Metrics,
}

/// Requests that a release served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    pub requests: u64,
    /// Those with a 5xx, or no answer.
    pub errors: u64,
    /// The 95th percentile of how long they took, in milliseconds, if it is known.
    pub p95_ms: Option<u64>,
}

/// What the requests of others say of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Judgement {
    /// It serves them as well as the one before.
    AsGood,
    /// It serves them clearly worse.
    Worse {
        /// In what, each for itself.
        reasons: Vec<String>,
    },
    /// It could not be found out.
    Unknown { reason: String },
}

/// Fewer requests than this say nothing.
pub const REQUESTS_MIN: u64 = 100;
/// So many points more, in percent, are clearly more errors.
pub const ERRORS_MORE_PERCENT: u64 = 2;
/// So many standard deviations are no chance: one in a thousand.
pub const DEVIATIONS: f64 = 3.0;
/// So many times slower is clearly slower …
pub const SLOWER_TIMES: u64 = 2;
/// … if it is so much slower as well, in milliseconds.
pub const SLOWER_MS: u64 = 500;

impl Served {
    /// Counts requests, given as status (0 for none) and milliseconds.
    pub fn of(requests: impl IntoIterator<Item = (u16, u64)>) -> Self {
        let requests: Vec<(u16, u64)> = requests.into_iter().collect();
        let mut sorted: Vec<u64> = requests.iter().map(|(_, took)| *took).collect();
        sorted.sort_unstable();
        let errors = requests.iter().filter(|(status, _)| is_error(*status)).count() as u64;
        let p95_ms = (!sorted.is_empty()).then(|| percentile(&sorted, 95));
        Self { requests: sorted.len() as u64, errors, p95_ms }
    }

    fn share(&self) -> f64 {
        self.errors as f64 / self.requests.max(1) as f64
    }
}

/// Whether a status says that there was no answer.
pub fn is_error(status: u16) -> bool {
    status == 0 || status >= 500
}

impl fmt::Display for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.1} % of {} failed", self.share() * 100.0, self.requests)?;
        self.p95_ms.map_or(Ok(()), |p95| write!(formatter, ", p95 {p95} ms"))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Source {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessLog => "access log",
            Self::Metrics => "metrics",
        }
    }
}

impl Traffic {
    /// What cannot be told, and why.
    pub fn unknown(source: Source, reason: String) -> Self {
        let (before, after) = (Served::default(), Served::default());
        Self { source, before, after, judgement: Judgement::Unknown { reason } }
    }

    /// Judges what was served.
    pub fn judged(source: Source, before: Served, after: Served) -> Self {
        Self { source, before, after, judgement: judge(&before, &after) }
    }

    /// What it comes to, in one line.
    pub fn line(&self) -> String {
        let Self { before, after, .. } = self;
        match &self.judgement {
            Judgement::AsGood => format!("{after}; before: {before}"),
            Judgement::Worse { reasons } => format!("clearly worse: {}", reasons.join("; ")),
            Judgement::Unknown { reason } => format!("could not be found out: {reason}"),
        }
    }
}

/// Holds what a release served against what the one before served.
pub fn judge(before: &Served, after: &Served) -> Judgement {
    for (served, whose) in [(before, "the release before"), (after, "the new release")] {
        if served.requests < REQUESTS_MIN {
            let count = served.requests;
            let reason = format!("{whose} served {count} requests, wanted at least {REQUESTS_MIN}");
            return Judgement::Unknown { reason };
        }
    }
    let reasons: Vec<String> =
        [more_errors(before, after), slower(before, after)].into_iter().flatten().collect();
    if reasons.is_empty() { Judgement::AsGood } else { Judgement::Worse { reasons } }
}

fn more_errors(before: &Served, after: &Served) -> Option<String> {
    let more = after.share() - before.share();
    if more * 100.0 < ERRORS_MORE_PERCENT as f64 || more < DEVIATIONS * deviation(before, after) {
        return None;
    }
    let [old, new] = [before, after].map(|it| it.share() * 100.0);
    Some(format!("{new:.1} % of requests fail, before {old:.1} %"))
}

/// The standard deviation of the difference of two shares, were both of one release.
fn deviation(before: &Served, after: &Served) -> f64 {
    let (old, new) = (before.requests as f64, after.requests as f64);
    let share = (before.errors + after.errors) as f64 / (old + new);
    (share * (1.0 - share) * (1.0 / old + 1.0 / new)).sqrt()
}

fn slower(before: &Served, after: &Served) -> Option<String> {
    let (old, new) = (before.p95_ms?, after.p95_ms?);
    let is_slower = new >= old.saturating_mul(SLOWER_TIMES) && new >= old + SLOWER_MS;
    is_slower.then(|| format!("p95 is {new} ms, before {old} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(requests: u64, errors: u64, p95_ms: u64) -> Served {
        Served { requests, errors, p95_ms: Some(p95_ms) }
    }

    fn said(before: Served, after: Served) -> String {
        match judge(&before, &after) {
            Judgement::AsGood => "as good".to_owned(),
            Judgement::Worse { reasons } => reasons.join("; "),
            Judgement::Unknown { reason } => format!("unknown: {reason}"),
        }
    }

    #[test]
    fn too_few_requests_say_nothing() {
        let few = said(served(99, 0, 5), served(1000, 1000, 5));
        assert_eq!(few, "unknown: the release before served 99 requests, wanted at least 100");
        let few = said(served(1000, 0, 5), served(0, 0, 0));
        assert_eq!(few, "unknown: the new release served 0 requests, wanted at least 100");
    }

    #[test]
    fn more_errors_are_worse_if_they_are_many_and_no_chance() {
        for (before, after, wanted) in [
            ((1000, 0), (1000, 0), "as good"),
            ((1000, 0), (1000, 19), "as good"),
            ((1000, 0), (1000, 20), "2.0 % of requests fail, before 0.0 %"),
            // Two of a hundred may be chance.
            ((100, 0), (100, 2), "as good"),
            ((100, 0), (100, 30), "30.0 % of requests fail, before 0.0 %"),
            // As bad as it was is no reason to go back.
            ((1000, 500), (1000, 510), "as good"),
            ((1000, 500), (1000, 100), "as good"),
            ((1000, 1000), (1000, 1000), "as good"),
        ] {
            let found = said(served(before.0, before.1, 5), served(after.0, after.1, 5));
            assert_eq!(found, wanted, "{before:?} {after:?}");
        }
    }

    #[test]
    fn slower_is_worse_if_people_feel_it() {
        for (before, after, wanted) in [
            (10, 100, "as good"),
            (10, 509, "as good"),
            (10, 510, "p95 is 510 ms, before 10 ms"),
            (700, 1300, "as good"),
            (700, 1400, "p95 is 1400 ms, before 700 ms"),
            (400, 10, "as good"),
        ] {
            let found = said(served(500, 0, before), served(500, 0, after));
            assert_eq!(found, wanted, "{before} {after}");
        }
        let untold = Served { p95_ms: None, ..served(500, 0, 0) };
        assert_eq!(judge(&untold, &served(500, 0, 9000)), Judgement::AsGood);
    }

    #[test]
    fn requests_are_counted_with_their_errors_and_their_percentile() {
        let requests = (1..=100).map(|took| (if took > 97 { 502 } else { 200 }, took));
        assert_eq!(Served::of(requests), served(100, 3, 95));
        assert_eq!(Served::of([]), Served::default());
        let line = Traffic::judged(Source::Metrics, served(200, 1, 7), served(200, 0, 8)).line();
        assert_eq!(line, "0.0 % of 200 failed, p95 8 ms; before: 0.5 % of 200 failed, p95 7 ms");
    }
}
