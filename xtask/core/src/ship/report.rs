//! The report of a rollout: one page that needs nothing else, for people who want to see rather than
//! to believe. Everything in it stands in the record as well, but for the single requests.

mod plot;
mod summary;
mod tables;
#[cfg(test)]
mod tests;
mod timeline;

use crate::digest::Digest;
use crate::html::{self, Html, section};
use crate::ship::ledger::{Action, Outcome};
use crate::ship::probe::Sample;
use crate::ship::proof::{Proof, Verdict};
use std::time::Duration;
pub use summary::{Links, summary, unchanged};

/// What a report tells.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    pub project: &'a str,
    pub environment: &'a str,
    /// Where it is reached.
    pub url: &'a str,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// When it began, RFC 3339.
    pub at: &'a str,
    /// The release that served.
    pub from: Option<&'a str>,
    /// The release that was asked for.
    pub to: &'a str,
    /// Each service with its image before and after.
    pub services: Vec<Service>,
    /// What lies between the two releases.
    pub commits: Commits,
    /// The phases, from the first one's beginning.
    pub phases: Vec<Phase>,
    /// What was seen from outside.
    pub proof: &'a Proof,
    /// From the first phase's beginning to the probe's.
    pub probe_from: Duration,
    /// Every request of the probe.
    pub samples: &'a [Sample],
}

/// A service, and what it ran.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    /// Its image before, if that is known.
    pub before: Option<Digest>,
    /// Its image in the release that was asked for.
    pub after: Digest,
}

/// What lies between two releases.
#[derive(Clone, Debug)]
pub enum Commits {
    /// The commits, newest first.
    Known {
        /// Those that came.
        added: Vec<Commit>,
        /// Those that were taken back.
        removed: Vec<Commit>,
    },
    /// Why they cannot be told.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name, shortened.
    pub id: String,
    /// Its first line.
    pub subject: String,
}

#[derive(Clone, Debug)]
pub struct Phase {
    pub name: String,
    /// From the first phase's beginning to its own.
    pub from: Duration,
    /// How long it took.
    pub took: Duration,
    /// Whether it came to its end.
    pub is_done: bool,
}

pub fn page(told: &Told<'_>) -> String {
    let title = format!("{} {} to {}", told.action, told.environment, told.to);
    html::page(title, body(told))
}

fn body(told: &Told<'_>) -> Vec<Html> {
    let mut body = vec![header(told), tables::cards(told)];
    body.extend(doubts(told.proof));
    body.push(section("Phases", timeline::phases(told)));
    body.push(section("Requests of the probe", plot::requests(told)));
    body.push(section("Clients", tables::kinds(told.proof)));
    body.push(section("Requests of others", tables::traffic(told.proof)));
    body.push(section("Verification", tables::verified(told.proof)));
    body.push(section("Images", tables::services(told)));
    body.push(section("Commits", tables::commits(&told.commits)));
    body
}

fn header(told: &Told<'_>) -> Html {
    let (class, word) = match told.outcome {
        Outcome::Done => ("badge good", "done"),
        _ => ("badge bad", "failed"),
    };
    let from = told.from.unwrap_or("nothing");
    let title = Html::element(
        "h1",
        &[],
        [
            Html::text(format!("{} of {} ", told.action, told.environment)),
            Html::tag("span", &[("class", class)], word),
        ],
    );
    let way = Html::element(
        "p",
        &[("class", "way")],
        [Html::tag("code", &[], from), Html::text(" → "), Html::tag("code", &[], told.to)],
    );
    let place = format!("{} at {}, begun {}", told.project, told.url, told.at);
    let place = Html::tag("p", &[("class", "quiet")], place);
    let failure = match told.outcome {
        Outcome::Failed { phase, error } => {
            Html::tag("p", &[("class", "note bad")], format!("failed to {phase}: {error}"))
        }
        _ => Html::default(),
    };
    Html::element("header", &[], [title, way, place, failure])
}

/// What the reader must know before believing a number.
fn doubts(proof: &Proof) -> Option<Html> {
    let measured = proof.probe.as_ref()?;
    let Verdict::Void { reasons } = &measured.verdict else { return None };
    let reasons = reasons.iter().map(|it| Html::tag("li", &[], it));
    let line = "The measurement is void: it does not show whether requests were lost.";
    let inside = [Html::tag("strong", &[], line), Html::element("ul", &[], reasons)];
    Some(Html::element("div", &[("class", "note void")], inside))
}

/// `1.5 s`, or `340 ms` below a second.
fn short(duration: Duration) -> String {
    match duration.as_millis() {
        ms @ 0..1000 => format!("{ms} ms"),
        ms @ 1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}
