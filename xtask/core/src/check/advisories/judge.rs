//! From answers and the policy to an outcome: the same `[scan]` that judges images.

use super::{Advisory, Answer, Ecosystem, NoAnswer};
use crate::moment::Moment;
use crate::plan::Count;
use crate::trust::scan::{Allowance, Fate, Kind, ScanFinding, ScanPolicy, SeverityAction};
use serde::Serialize;

/// What is known against one ecosystem's dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sighting {
    pub ecosystem: Ecosystem,
    /// Each advisory with what becomes of it, what blocks first.
    pub advisories: Vec<Judged>,
    /// Why not everything was checked, if it was not.
    pub not_checked: Option<String>,
}

/// An advisory, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Judged {
    /// What becomes of it.
    pub fate: Fate,
    pub advisory: Advisory,
    /// What is to be said of an allowance: its reason, and its last day.
    pub allowance: Option<String>,
}

/// How a look at advisories ended, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Blocked,
    /// Nothing that is known blocks, and not everything was asked.
    NotChecked,
    /// Everything was asked, nothing blocks.
    Clean,
}

/// Judges what was answered about one ecosystem.
pub fn judge(
    ecosystem: Ecosystem,
    answer: Result<Answer, NoAnswer>,
    policy: &ScanPolicy,
    now: Moment,
) -> Sighting {
    let not_checked = match &answer {
        Err(why) => Some(why.to_string()),
        Ok(answer) => gaps(answer),
    };
    let found = answer.unwrap_or_default().advisories;
    let mut advisories: Vec<Judged> = found.into_iter().map(|it| one(it, policy, now)).collect();
    advisories.sort();
    Sighting { ecosystem, advisories, not_checked }
}

impl Sighting {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        let blocks = |it: &Judged| matches!(it.fate, Fate::Blocks | Fate::Expired);
        if self.advisories.iter().any(blocks) {
            Outcome::Blocked
        } else if self.not_checked.is_some() {
            Outcome::NotChecked
        } else {
            Outcome::Clean
        }
    }
}

/// All that keeps an answer from being about everything.
fn gaps(answer: &Answer) -> Option<String> {
    let mut reasons: Vec<String> = unasked(&answer.unasked).into_iter().collect();
    reasons.extend(answer.unanswered.iter().map(ToString::to_string));
    reasons.dedup();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn unasked(packages: &[String]) -> Option<String> {
    let first = packages.first()?;
    let count = Count(packages.len(), "package");
    Some(format!("nobody knows anything of {count}, the first of them `{first}`"))
}

fn one(advisory: Advisory, policy: &ScanPolicy, now: Moment) -> Judged {
    let allowance = allowance(&advisory, policy);
    let valid = allowance.filter(|it| !it.is_expired(now));
    let fate = match (action(&advisory, policy), valid, allowance) {
        (_, Some(_), _) => Fate::Allowed,
        (SeverityAction::Warn, None, _) => Fate::Warns,
        (SeverityAction::Refuse, None, Some(_)) => Fate::Expired,
        (SeverityAction::Refuse, None, None) => Fate::Blocks,
    };
    let note = allowance.map(|it| format!("until {}: {}", it.expires, it.reason));
    Judged { fate, advisory, allowance: note }
}

/// Unlike a scan of an image, nothing is let pass in silence: people can act on all of it.
fn action(advisory: &Advisory, policy: &ScanPolicy) -> SeverityAction {
    let severe = policy.severities.contains(&advisory.severity);
    let curable = !policy.fixed_only || advisory.fixed.is_some();
    let judged = if severe && curable { SeverityAction::Refuse } else { SeverityAction::Warn };
    advisory.settled.unwrap_or(judged)
}

/// The allowance that names it by any of its names: the one that lasts longest.
fn allowance<'a>(advisory: &Advisory, policy: &'a ScanPolicy) -> Option<&'a Allowance> {
    let named = |id: &String| {
        policy.allowance(&ScanFinding {
            kind: Kind::Vulnerability,
            id: id.clone(),
            severity: advisory.severity,
            package: advisory.package.clone(),
            installed: advisory.installed.clone(),
            fixed: advisory.fixed.clone(),
            layer: None,
        })
    };
    advisory.ids.iter().filter_map(named).max_by_key(|it| it.expires)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::scan::Severity;

    fn advisory(severity: Severity, fixed: Option<&str>) -> Advisory {
        Advisory {
            ids: vec!["GHSA-1".into(), "CVE-1".into()],
            package: "express".into(),
            installed: "1.0".into(),
            fixed: fixed.map(ToOwned::to_owned),
            severity,
            settled: None,
        }
    }

    fn fate(advisory: Advisory, allow: Vec<Allowance>) -> (Fate, Outcome) {
        let policy = ScanPolicy { allow, ..ScanPolicy::default() };
        let answer = Ok(Answer { advisories: vec![advisory], ..Answer::default() });
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let sighting = judge(Ecosystem::Npm, answer, &policy, now);
        (sighting.advisories[0].fate.clone(), sighting.outcome())
    }

    fn until(day: &str, id: &str, package: Option<&str>) -> Vec<Allowance> {
        let package = package.map(ToOwned::to_owned);
        let expires = day.parse().unwrap();
        vec![Allowance { id: id.into(), package, reason: "not called".into(), expires }]
    }

    #[test]
    fn the_policy_of_images_decides_and_the_rest_is_warned_of() {
        let blocks = (Fate::Blocks, Outcome::Blocked);
        let warns = (Fate::Warns, Outcome::Clean);
        assert_eq!(fate(advisory(Severity::High, Some("2")), vec![]), blocks);
        assert_eq!(fate(advisory(Severity::High, None), vec![]), warns, "there is no cure");
        assert_eq!(fate(advisory(Severity::Medium, Some("2")), vec![]), warns);
        let settled = Some(SeverityAction::Refuse);
        let yanked = Advisory { settled, ..advisory(Severity::High, None) };
        assert_eq!(fate(yanked, vec![]), blocks, "the tool's own settings say so");
    }

    #[test]
    fn an_allowance_counts_for_any_name_until_its_last_day_is_over() {
        let severe = || advisory(Severity::Critical, Some("2"));
        let allowed = (Fate::Allowed, Outcome::Clean);
        assert_eq!(fate(severe(), until("2026-11-23", "CVE-1", None)), allowed);
        let expired = (Fate::Expired, Outcome::Blocked);
        assert_eq!(fate(severe(), until("2026-11-22", "GHSA-1", None)), expired);
        let elsewhere = until("2027-01-01", "GHSA-1", Some("koa"));
        assert_eq!(fate(severe(), elsewhere), (Fate::Blocks, Outcome::Blocked));
    }

    #[test]
    fn silence_and_half_an_answer_are_not_checked_and_what_blocks_still_blocks() {
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let look = |answer| judge(Ecosystem::Python, answer, &ScanPolicy::default(), now);
        let silent = look(Err(NoAnswer("no such host".into())));
        assert_eq!(silent.outcome(), Outcome::NotChecked);
        let half =
            |advisories| Answer { advisories, unasked: vec!["idna".into()], ..Answer::default() };
        let unasked = look(Ok(half(vec![])));
        assert_eq!(unasked.outcome(), Outcome::NotChecked);
        assert_eq!(
            unasked.not_checked.unwrap(),
            "nobody knows anything of 1 package, the first of them `idna`"
        );
        let found = look(Ok(half(vec![advisory(Severity::High, Some("2"))])));
        assert_eq!(found.outcome(), Outcome::Blocked);
        assert_eq!(look(Ok(Answer::default())).outcome(), Outcome::Clean);
    }
}
