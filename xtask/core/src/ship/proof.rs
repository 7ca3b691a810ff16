//! What was proved of a change from outside. It stands in the record of the change.

mod loss;

pub use loss::{Loss, UnknownLoss};

use crate::ship::ledger::ProbeCount;
use crate::ship::traffic::Traffic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Everything that was seen from outside while an environment moved to a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What the probe measured; nothing where nothing served before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Measurement>,
    /// How often the release was asked who it is, and what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// What became of the requests of others; nothing where nobody counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Box<Traffic>>,
}

/// What a probe measured, and what that is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// What it comes to.
    pub verdict: Verdict,
    /// Each kind of client for itself.
    pub kinds: Vec<KindCount>,
    /// The answers of each release, as it named itself.
    pub releases: BTreeMap<String, u64>,
    /// When the new release was first heard, in milliseconds from the probe's beginning.
    pub switched_at_ms: Option<u64>,
}

/// What a measurement comes to. One that is void says nothing of lost requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Verdict {
    /// Every request was answered.
    NoneLost,
    /// Some were not.
    Lost,
    /// It cannot be told.
    Void {
        /// Why, each reason for itself.
        reasons: Vec<VoidReason>,
    },
}

/// Why a measurement is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum VoidReason {
    /// No request was due.
    NothingSent,
    /// The prober did not keep up with its own plan.
    Saturated {
        /// The requests that were sent late.
        late: u64,
        /// Those that were not sent at all.
        unsent: u64,
        /// All that were due.
        planned: u64,
    },
    /// The two releases were not both heard.
    NoSwitch {
        /// Those that were not.
        unheard: Vec<String>,
    },
    /// The release is the one that served: who answered cannot be told apart.
    OneRelease { release: String },
}

/// How a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Each request on a connection of its own.
    Fresh,
    /// Requests on connections that are kept.
    KeepAlive,
    /// A body that is sent slowly.
    Upload,
    /// An answer that is read slowly.
    Download,
    /// An answer of events that never ends, held open.
    Events,
    /// A WebSocket, held open and asked every second whether it is alive.
    Websocket,
}

/// What one kind of client met with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCount {
    pub kind: Kind,
    /// The requests that were sent.
    pub sent: u64,
    /// Those that were lost.
    pub lost: u64,
    /// How they were lost.
    pub lost_by: BTreeMap<Loss, u64>,
    /// The requests that were sent later than planned.
    pub late: u64,
    /// Those that were due and were not sent.
    pub unsent: u64,
    /// Those that were sent twice, because a kept connection ended without an answer.
    #[serde(default)]
    pub again: u64,
    /// Those that began before the new release was heard and ended after it.
    pub over_switch: u64,
    /// From the planned moment to the end of the answer.
    pub latency: Latency,
}

/// Percentiles of a latency, in milliseconds; 0 of nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub p50_ms: u64,
    /// The 95th percentile.
    pub p95_ms: u64,
    /// The 99th percentile.
    pub p99_ms: u64,
    pub max_ms: u64,
}

/// How often a release was asked from outside who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The version that was wanted.
    pub version: String,
    /// The commit that it is made of.
    pub commit: String,
    /// Every time it was asked.
    pub rounds: Vec<Round>,
    /// The services of which nothing tells which release answers.
    pub untold: Vec<String>,
}

/// One time that a release was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// When, in milliseconds from the first one.
    pub at_ms: u64,
    /// How long its readiness and its version took together.
    pub took_ms: u64,
}

impl Proof {
    /// What the probe sent and lost, if there was one.
    pub fn count(&self) -> Option<ProbeCount> {
        self.probe.as_ref().map(Measurement::total)
    }

    /// The rows of the table at the end: what was lost, each kind of client, the rest.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let Some(measured) = &self.probe {
            rows.push(("lost", measured.summary()));
            rows.extend(measured.kinds.iter().map(|it| (it.kind.name(), it.line())));
        }
        rows.extend(self.traffic.iter().map(|it| (it.source.name(), it.line())));
        rows.extend(self.verified.iter().map(|it| ("verified", it.line())));
        rows
    }

    /// Why what the probe measured does not show that nothing was lost; nothing if it does.
    pub fn doubt(&self) -> Option<String> {
        let measured = self.probe.as_ref()?;
        (measured.verdict != Verdict::NoneLost).then(|| measured.line())
    }
}

impl Measurement {
    /// The count of what was sent and lost by every kind of client. The percentile is of requests
    /// that are quick by nature: a slow stream is slow because we make it so.
    pub fn total(&self) -> ProbeCount {
        let sum = |of: fn(&KindCount) -> u64| self.kinds.iter().map(of).sum();
        let quick = self.kinds.iter().filter(|it| !it.kind.is_stream());
        let p99_ms = quick.map(|it| it.latency.p99_ms).max().unwrap_or(0);
        ProbeCount { sent: sum(|it| it.sent), lost: sum(|it| it.lost), p99_ms }
    }

    /// How requests were lost, by kind of client: `fresh: 2 refused, 1 status 502`.
    pub fn losses(&self) -> Vec<String> {
        let lost = self.kinds.iter().filter(|it| it.lost > 0);
        let line = |it: &KindCount| {
            let ways = it.lost_by.iter().map(|(loss, count)| format!("{count} {loss}"));
            format!("{}: {}", it.kind, ways.collect::<Vec<_>>().join(", "))
        };
        lost.map(line).collect()
    }

    /// Why it is void; nothing if it is not.
    pub fn void(&self) -> &[VoidReason] {
        match &self.verdict {
            Verdict::Void { reasons } => reasons,
            Verdict::NoneLost | Verdict::Lost => &[],
        }
    }

    /// What it comes to, as the value of a row.
    fn summary(&self) -> String {
        let total = self.total();
        let reasons: Vec<String> = self.void().iter().map(ToString::to_string).collect();
        match reasons.is_empty() {
            true => format!("{} of {} requests, p99 {} ms", total.lost, total.sent, total.p99_ms),
            false => format!("void: {}", reasons.join("; ")),
        }
    }

    /// What it comes to, in one line.
    pub fn line(&self) -> String {
        let total = self.total();
        let counts = format!("lost {} of {} requests", total.lost, total.sent);
        let reasons: Vec<String> = self.void().iter().map(ToString::to_string).collect();
        match reasons.is_empty() {
            true => counts,
            false => format!("{counts}, and that is void: {}", reasons.join("; ")),
        }
    }
}

impl KindCount {
    /// The row of this kind.
    fn line(&self) -> String {
        let lost = match self.lost_by.is_empty() {
            true => "0".to_owned(),
            false => {
                let ways = self.lost_by.iter().map(|(loss, count)| format!("{count} {loss}"));
                ways.collect::<Vec<_>>().join(", ")
            }
        };
        let late = match self.late + self.unsent {
            0 => String::new(),
            late => format!(", {late} sent late or not at all"),
        };
        let rest = match self.kind.is_stream() {
            true => format!("{} open over the switch", self.over_switch),
            false => format!("p50 {} ms, p99 {} ms", self.latency.p50_ms, self.latency.p99_ms),
        };
        let again = match self.again {
            0 => String::new(),
            again => format!(", {again} sent again"),
        };
        format!("{lost} of {} lost, {rest}{again}{late}", self.sent)
    }
}

impl Verified {
    /// The row of it.
    fn line(&self) -> String {
        let slowest = self.rounds.iter().map(|it| it.took_ms).max().unwrap_or(0);
        format!("{} times, slowest {slowest} ms", self.rounds.len())
    }
}

impl Kind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 6] =
        [Self::Fresh, Self::KeepAlive, Self::Upload, Self::Download, Self::Events, Self::Websocket];

    /// Whether it is made to take long.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Upload | Self::Download) || self.is_held()
    }

    /// Whether it is held open for as long as the probe lasts.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Events | Self::Websocket)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::KeepAlive => "keep-alive",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Events => "events",
            Self::Websocket => "websocket",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for VoidReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingSent => write!(formatter, "no request was due"),
            Self::Saturated { late, unsent, planned } => write!(
                formatter,
                "the prober was saturated: of {planned} requests it sent {late} late and {unsent} \
                 not at all"
            ),
            Self::NoSwitch { unheard } => {
                let unheard = unheard.join("`, `");
                write!(formatter, "it saw no switch: never heard from `{unheard}`")
            }
            Self::OneRelease { release } => write!(
                formatter,
                "release `{release}` served before as well, so no switch can be seen"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
