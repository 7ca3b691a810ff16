//! Whether a release may enter an environment, by the one statement that says that it was verified.

use super::Policy;
use crate::digest::Digest;
use crate::moment::Moment;
use crate::trust::attestation::summary::Summary;

/// So much may a clock be ahead of ours, in seconds.
const SKEW: u64 = 300;

/// A summary that is signed by a key of the policy and is about this very release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub summary: Summary,
    /// The key that signed it.
    pub key: String,
}

/// Why a release may not enter.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// Nobody that is believed has verified it.
    #[error("no key of the policy says that it was verified")]
    Unverified,
    /// It was verified, but not for this environment, these keys or so many builders.
    #[error("it was verified under another policy: wanted `{wanted}`, found `{found}`")]
    OtherPolicy {
        /// The digest of the policy as it is now.
        wanted: Digest,
        /// What it was verified under.
        found: String,
    },
    /// It was verified, and is not what was asked.
    #[error("it was found not to be what is asked, at {at}, as `{key}` says")]
    Failed {
        at: String,
        /// Whose word it is.
        key: String,
    },
    /// It was verified too long ago.
    #[error("it was verified {hours} hours ago, at {at}; wanted less than {most}")]
    Old {
        at: String,
        /// How long ago.
        hours: u64,
        /// How long ago it may be.
        most: u64,
    },
    /// It was verified at no moment, or later than now.
    #[error("it was verified at `{at}`, which is not in the past as this machine's clock tells it")]
    NotYet {
        /// When it says that it was.
        at: String,
    },
}

/// The newest of `found` under `policy`, if it lets the release in. A failed one that is newer than
/// a passed one counts; where the age is not asked for, `max_age_hours` is none.
pub fn judge<'a>(
    found: &'a [Signed],
    policy: &Policy,
    now: Moment,
    max_age_hours: Option<u64>,
) -> Result<&'a Signed, Refused> {
    let wanted = policy.digest();
    let under_it = found.iter().filter(|it| it.summary.policy.is(&wanted));
    let newest = under_it.max_by_key(|it| (moment(it), !it.summary.is_passed()));
    let Some(newest) = newest else {
        return Err(other_policy(found, wanted));
    };
    let at = newest.summary.time_verified.clone();
    let Some(then) = moment(newest).filter(|then| then.seconds_since(now) <= SKEW) else {
        return Err(Refused::NotYet { at });
    };
    if !newest.summary.is_passed() {
        return Err(Refused::Failed { at, key: newest.key.clone() });
    }
    let hours = now.hours_since(then);
    match max_age_hours {
        Some(most) if hours >= most => Err(Refused::Old { at, hours, most }),
        _ => Ok(newest),
    }
}

fn other_policy(found: &[Signed], wanted: Digest) -> Refused {
    match found.iter().max_by_key(|it| moment(it)) {
        None => Refused::Unverified,
        Some(other) => {
            let hex = other.summary.policy.digest.get("sha256").map_or("no sha256", String::as_str);
            Refused::OtherPolicy { wanted, found: format!("sha256:{hex}") }
        }
    }
}

fn moment(signed: &Signed) -> Option<Moment> {
    signed.summary.time_verified.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::attestation::summary::{Finding, Resource, VerifiedBy};
    use std::collections::{BTreeMap, BTreeSet};

    const NOW: &str = "2026-11-27T12:00:00Z";

    fn policy(builders: u64) -> Policy {
        Policy { environment: "production".into(), builders, keys: BTreeSet::from(["k".into()]) }
    }

    fn signed(at: &str, finding: Finding, builders: u64) -> Signed {
        let summary = Summary {
            verifier: VerifiedBy { id: "v".into(), version: BTreeMap::new() },
            time_verified: at.into(),
            resource_uri: "r".into(),
            policy: Resource::new(Policy::URI, &policy(builders).digest()),
            input_attestations: Vec::new(),
            verification_result: finding,
            verified_levels: Summary::levels(finding, builders),
            slsa_version: None,
        };
        Signed { summary, key: "ours.pub".into() }
    }

    fn judged(found: &[Signed], most: Option<u64>) -> Result<String, String> {
        let judged = judge(found, &policy(1), NOW.parse().unwrap(), most);
        judged.map(|it| it.summary.time_verified.clone()).map_err(|refused| refused.to_string())
    }

    #[test]
    fn a_young_one_that_passed_lets_in() {
        let found = [signed("2026-11-27T11:00:00Z", Finding::Passed, 1)];
        assert_eq!(judged(&found, Some(24)).unwrap(), "2026-11-27T11:00:00Z");
        let ahead = [signed("2026-11-27T12:05:00Z", Finding::Passed, 1)];
        assert!(judged(&ahead, Some(24)).is_ok(), "clocks are a little apart");
    }

    #[test]
    fn nothing_other_old_failed_or_later_does_not() {
        assert_eq!(judged(&[], Some(24)).unwrap_err(), Refused::Unverified.to_string());
        let other = judged(&[signed("2026-11-27T11:00:00Z", Finding::Passed, 2)], Some(24));
        let other = other.unwrap_err();
        assert!(other.starts_with("it was verified under another policy: wanted"), "{other}");
        let old = [signed("2026-11-26T12:00:00Z", Finding::Passed, 1)];
        let said = judged(&old, Some(24)).unwrap_err();
        let wanted = "it was verified 24 hours ago, at 2026-11-26T12:00:00Z; wanted less than 24";
        assert_eq!(said, wanted);
        assert!(judged(&old, None).is_ok(), "its age is not asked for");
        for at in ["2026-11-27T12:05:01Z", "soon"] {
            let said = judged(&[signed(at, Finding::Passed, 1)], Some(24)).unwrap_err();
            assert!(said.contains("not in the past"), "{said}");
        }
    }

    #[test]
    fn what_was_found_last_counts_and_of_one_moment_what_failed() {
        let passed = |at: &str| signed(at, Finding::Passed, 1);
        let failed = |at: &str| signed(at, Finding::Failed, 1);
        let (early, late) = ("2026-11-27T10:00:00Z", "2026-11-27T11:00:00Z");
        assert!(judged(&[failed(early), passed(late)], Some(24)).is_ok());
        let said = judged(&[failed(late), passed(early)], Some(24)).unwrap_err();
        assert_eq!(
            said,
            format!("it was found not to be what is asked, at {late}, as `ours.pub` says")
        );
        assert!(judged(&[failed(late), passed(late)], Some(24)).is_err());
        assert!(judged(&[passed(late), failed(late)], Some(24)).is_err());
    }
}
