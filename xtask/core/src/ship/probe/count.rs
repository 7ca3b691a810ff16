//! Counting samples: by kind of client, by release, and around the switch.

use super::{End, Sample, milliseconds, percentile};
use crate::ship::proof::{Kind, KindCount, Latency, Loss};
use std::collections::BTreeMap;
use std::time::Duration;

/// The answers of each release.
pub(super) fn releases(samples: &[Sample]) -> BTreeMap<String, u64> {
    let mut releases = BTreeMap::new();
    for release in samples.iter().filter_map(|it| it.release.as_ref()) {
        *releases.entry(release.clone()).or_default() += 1;
    }
    releases
}

/// When `release` first answered.
pub(super) fn first_heard(samples: &[Sample], release: &str) -> Option<Duration> {
    let by = samples.iter().filter(|it| it.release.as_deref() == Some(release));
    by.map(|it| it.ended).min()
}

/// Every kind of which something was due.
pub(super) fn kinds(samples: &[Sample], switched: Option<Duration>) -> Vec<KindCount> {
    let of_kind = |kind| samples.iter().filter(|it| it.kind == kind).collect::<Vec<_>>();
    let all = Kind::ALL.into_iter().map(|kind| (kind, of_kind(kind)));
    all.filter(|(_, samples)| !samples.is_empty())
        .map(|(kind, samples)| count(kind, &samples, switched))
        .collect()
}

fn count(kind: Kind, samples: &[&Sample], switched: Option<Duration>) -> KindCount {
    let lost_by = losses(samples);
    let number = |of: &dyn Fn(&Sample) -> bool| samples.iter().filter(|it| of(it)).count() as u64;
    let unsent = number(&|it| it.end == End::Unsent);
    let spans = |it: &Sample| switched.is_some_and(|at| it.sent < at && at < it.ended);
    KindCount {
        kind,
        sent: samples.len() as u64 - unsent,
        lost: lost_by.values().sum(),
        lost_by,
        late: number(&Sample::is_late),
        unsent,
        again: number(&|it| it.again),
        over_switch: number(&|it| it.end != End::Unsent && spans(it)),
        latency: latency(samples),
    }
}

fn losses(samples: &[&Sample]) -> BTreeMap<Loss, u64> {
    let mut losses = BTreeMap::new();
    for loss in samples.iter().filter_map(|it| it.loss()) {
        *losses.entry(loss).or_default() += 1;
    }
    losses
}

/// Of what was answered; what was lost is counted as lost.
fn latency(samples: &[&Sample]) -> Latency {
    let answered = samples.iter().filter(|it| it.end == End::Answered);
    let mut sorted: Vec<u64> = answered.map(|it| milliseconds(it.latency())).collect();
    sorted.sort_unstable();
    let [p50_ms, p95_ms, p99_ms, max_ms] = [50, 95, 99, 100].map(|it| percentile(&sorted, it));
    Latency { p50_ms, p95_ms, p99_ms, max_ms }
}
