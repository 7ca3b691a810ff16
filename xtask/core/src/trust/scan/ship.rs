//! Whether a release may enter an environment, by what the scanner said of its images.

use super::policy::ScanPolicy;
use crate::deploy::TargetKind;
use crate::moment::{Day, Moment};
use crate::platform::Platform;
use crate::ship::release::{Release, ScanVerdict};

/// Why a release may not enter; one line a reason.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct NotShippable(pub Vec<String>);

/// Whether `release` may enter an environment that `target` runs. This machine takes what was
/// scanned in part; where users are, the verdict on every image must be whole and young.
pub fn may_enter(
    release: &Release,
    policy: &ScanPolicy,
    target: TargetKind,
    now: Moment,
) -> Result<(), NotShippable> {
    let mut reasons = Vec::new();
    for (service, image) in &release.services {
        let platforms: Vec<Platform> = image.platforms.iter().map(|(it, _)| *it).collect();
        let found = match release.scans.get(service) {
            Some(verdict) => refusals(verdict, &platforms, policy, target, now),
            None if target == TargetKind::Docker => Vec::new(),
            None => vec!["it was never scanned".to_owned()],
        };
        reasons.extend(found.into_iter().map(|reason| format!("{service}: {reason}")));
    }
    if reasons.is_empty() { Ok(()) } else { Err(NotShippable(reasons)) }
}

/// Whether an image for `platforms` with this verdict may enter an environment of `target`.
pub fn may_ship(
    verdict: &ScanVerdict,
    platforms: &[Platform],
    policy: &ScanPolicy,
    target: TargetKind,
    now: Moment,
) -> Result<(), NotShippable> {
    let reasons = refusals(verdict, platforms, policy, target, now);
    if reasons.is_empty() { Ok(()) } else { Err(NotShippable(reasons)) }
}

fn refusals(
    verdict: &ScanVerdict,
    platforms: &[Platform],
    policy: &ScanPolicy,
    target: TargetKind,
    now: Moment,
) -> Vec<String> {
    let mut reasons = verdict.blocking.clone();
    if target == TargetKind::Docker {
        return reasons;
    }
    reasons.extend(verdict.not_scanned.iter().map(|what| format!("not scanned: {what}")));
    let missing = platforms.iter().filter(|platform| !verdict.platforms.contains(platform));
    reasons.extend(missing.map(|platform| format!("not scanned: {platform}")));
    reasons.extend(over(verdict, now));
    let database = verdict.database.as_ref().map(|made| too_old("its database", made, policy, now));
    reasons.extend(too_old("its scan", &verdict.scanned_at, policy, now));
    reasons.extend(database.flatten());
    reasons
}

/// What was allowed when the image was scanned and is not any more.
fn over(verdict: &ScanVerdict, now: Moment) -> Vec<String> {
    let is_over = |day: &str| day.parse::<Day>().is_ok_and(|day| now.days_until(day) < 0);
    let over = verdict.allowed.iter().filter(|it| is_over(&it.expires));
    over.map(|it| format!("{} (was allowed until {})", it.what, it.expires)).collect()
}

/// A moment that cannot be read is as old as can be.
fn too_old(what: &str, at: &str, policy: &ScanPolicy, now: Moment) -> Option<String> {
    let most = policy.max_age_hours;
    match at.parse::<Moment>() {
        Ok(then) if now.hours_since(then) < most => None,
        Ok(then) => {
            let hours = now.hours_since(then);
            Some(format!("{what} is {hours} hours old; wanted less than {most}"))
        }
        Err(_) => Some(format!("{what} has no date; wanted less than {most} hours")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::release::Allowed;

    fn verdict() -> ScanVerdict {
        ScanVerdict {
            scanner: "trivy 1".into(),
            scanned: vec!["vuln".into()],
            not_scanned: Vec::new(),
            blocking: Vec::new(),
            scanned_at: "2026-11-23T00:00:00.5Z".into(),
            database: Some("2026-11-22T12:00:00Z".into()),
            platforms: Platform::ALL.to_vec(),
            allowed: vec![Allowed {
                what: "CVE-1 in x 1, fixed in 2".into(),
                reason: "not reached".into(),
                expires: "2026-11-24".into(),
            }],
            warnings: Vec::new(),
        }
    }

    fn refused(verdict: &ScanVerdict, target: TargetKind, now: &str) -> Vec<String> {
        let shipped =
            may_ship(verdict, &Platform::ALL, &ScanPolicy::default(), target, now.parse().unwrap());
        shipped.err().map(|it| it.0).unwrap_or_default()
    }

    const SOON: &str = "2026-11-23T06:00:00Z";
    const LATE: &str = "2026-11-25T06:00:00Z";

    #[test]
    fn a_whole_and_young_verdict_ships_everywhere() {
        assert!(refused(&verdict(), TargetKind::Coolify, SOON).is_empty());
        assert!(refused(&verdict(), TargetKind::Docker, LATE).is_empty());
    }

    #[test]
    fn where_users_are_what_is_old_or_over_is_refused() {
        let wanted = [
            "CVE-1 in x 1, fixed in 2 (was allowed until 2026-11-24)",
            "its scan is 54 hours old; wanted less than 48",
            "its database is 66 hours old; wanted less than 48",
        ];
        assert_eq!(refused(&verdict(), TargetKind::Coolify, LATE), wanted);
        let undated = ScanVerdict { scanned_at: String::new(), ..verdict() };
        let found = refused(&undated, TargetKind::Coolify, SOON);
        assert_eq!(found, ["its scan has no date; wanted less than 48 hours"]);
    }

    #[test]
    fn where_users_are_a_partial_verdict_is_refused_and_this_machine_takes_it() {
        let mut partial = ScanVerdict { database: None, ..verdict() };
        partial.not_scanned = vec!["known vulnerabilities (no database)".into()];
        partial.platforms = vec![Platform::Amd64];
        let wanted =
            ["not scanned: known vulnerabilities (no database)", "not scanned: linux/arm64"];
        assert_eq!(refused(&partial, TargetKind::Coolify, SOON), wanted);
        assert!(refused(&partial, TargetKind::Docker, SOON).is_empty());
    }

    #[test]
    fn what_blocks_is_refused_everywhere() {
        let blocked = ScanVerdict { blocking: vec!["secret".into()], ..verdict() };
        assert_eq!(refused(&blocked, TargetKind::Docker, SOON), ["secret"]);
        assert_eq!(refused(&blocked, TargetKind::Coolify, SOON), ["secret"]);
    }
}
