//! Where a run is to go: after an interrupted one the answer is in the ledger, not in what serves.

use super::journal::Journal;
use super::past::{Ended, Past, interrupted};
use crate::ship::ledger::{Action, Versions};

/// How an interrupted run is taken up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// It goes on to its release.
    Forward(Action, String),
    /// It was on its way back, and goes on with that.
    Back(String),
}

/// Why nothing is taken up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Every run in the ledger has its end.
    #[error("no run was interrupted")]
    NothingOpen,
    /// What serves is none of what the interrupted runs were about.
    #[error("release `{0}` serves, which the interrupted run had nothing to do with")]
    Strange(String),
    /// It had failed and was on its way back, and nothing had served before it.
    #[error("release `{0}` had failed, and nothing served before it that could be gone back to")]
    NothingBefore(String),
}

/// The release that is brought back if a run to `to` fails. After an interrupted run it is the one
/// that served before that: what serves now may be a mixture that nobody ever verified.
pub fn return_to(past: &[Past], serving: Option<&str>, to: &str) -> Option<String> {
    if let Some(first) = interrupted(past).first() {
        return first.from.clone();
    }
    if serving.is_some_and(|it| it != to) {
        return serving.map(ToOwned::to_owned);
    }
    // The same release again, with other settings; or nothing serves.
    serving.and_then(|_| verified(past).next_back()).map(|it| it.to.clone())
}

/// The release that `rollback` goes to: the newest one that was verified before the one that
/// serves was first rolled out, and that some service differs in: going back to one that left all
/// as it was would help nobody. So a second rollback goes further back, and never forward again.
/// One that was interrupted goes to the same release when it is repeated, and an interrupted
/// rollout is taken back to what served before it.
pub fn roll_back(past: &[Past], serving: Option<&str>) -> Option<String> {
    let open = interrupted(past);
    if let Some(last) = open.last() {
        let first = || open.first().and_then(|it| it.from.clone());
        return if last.action == Action::Rollback { Some(last.to.clone()) } else { first() };
    }
    let serving = serving.unwrap_or_default();
    let is_first =
        |it: &Past| it.ended == Ended::Done && it.action == Action::Rollout && it.to == serving;
    let end = past.iter().position(is_first).unwrap_or(past.len());
    let current = verified(past).rfind(|it| it.to == serving).map(|it| &it.versions);
    let is_other = |it: &&Past| it.to != serving && Some(&it.versions) != current;
    verified(&past[..end]).rev().find(is_other).map(|it| it.to.clone())
}

/// How the interrupted run is taken up: as its journal says if it is of this very run, else
/// forward. `serving` is what all services answer as.
pub fn take_up(
    past: &[Past],
    journal: Option<&Journal>,
    serving: &Versions,
) -> Result<Taken, Refused> {
    let open = interrupted(past);
    let (Some(first), Some(last)) = (open.first(), open.last()) else {
        return Err(Refused::NothingOpen);
    };
    // What a service stays at is of an older release than all of these.
    let settled = verified(past).next_back();
    let is_known = |service: &String, it: &String| {
        let names = |run: &Past| run.to == *it || run.versions.get(service) == Some(it);
        first.from.as_ref() == Some(it) || open.iter().chain(settled).any(names)
    };
    if let Some((_, strange)) = serving.iter().find(|(service, it)| !is_known(service, it)) {
        return Err(Refused::Strange(strange.clone()));
    }
    let Some(way_back) = journal.filter(|it| it.run == last.run && it.goes_back()) else {
        return Ok(Taken::Forward(last.action, last.to.clone()));
    };
    let back = way_back.course.back.clone().map(Taken::Back);
    back.ok_or_else(|| Refused::NothingBefore(last.to.clone()))
}

fn verified(past: &[Past]) -> impl DoubleEndedIterator<Item = &Past> {
    past.iter().filter(|it| it.ended == Ended::Done)
}
