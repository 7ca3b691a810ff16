//! Who may change an environment now, and until when, by the clock of its database.
//!
//! A lease expires unless its holder renews it. Each one has a *fence*, a number that only ever
//! grows: whoever writes shows theirs, so a holder that was asleep and lost its lease writes nothing.

use crate::moment::Moment;
use std::fmt;
use std::time::Duration;

/// How long a lease lasts, and how often its holder renews it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From taking or renewing it to its expiry.
    pub lasts: Duration,
    /// From one renewal to the next: three may fail before the lease is lost.
    pub every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { lasts: Duration::from_secs(60), every: Duration::from_secs(15) }
    }
}

/// Who asks for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is for, such as `rollout`.
    pub verb: String,
    /// User and machine.
    pub who: String,
    /// The page of the run, if CI runs it.
    pub run_url: Option<String>,
    /// The kernel lock that the asker holds: nobody else who names the same one is alive.
    pub seat: String,
}

/// Who holds a lease, or held it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What it asked for.
    pub claim: Claim,
    /// What it was doing when it renewed last.
    pub phase: String,
    /// The number of its lease.
    pub fence: u64,
    /// When it took it.
    pub since: Moment,
    /// When it expires, unless it is renewed.
    pub until: Moment,
}

/// How a lease stands for somebody who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has it.
    Free,
    /// Its holder has it.
    Held,
    /// Its holder has not renewed it in time.
    Expired,
    /// Its holder ended without giving it back: the asker has the very kernel lock that it had.
    Dead,
}

impl Standing {
    /// Whether somebody who asks gets it.
    pub fn may_be_taken(self) -> bool {
        self != Self::Held
    }
}

/// How the lease of `holder` stands at `now` for somebody on `seat`.
pub fn judge(holder: Option<&Holder>, now: Moment, seat: &str) -> Standing {
    let Some(holder) = holder else { return Standing::Free };
    if holder.claim.seat == seat {
        return Standing::Dead;
    }
    // Moments are cut to the second: only a whole second later has it surely expired.
    if now > holder.until { Standing::Expired } else { Standing::Held }
}

impl fmt::Display for Holder {
    /// Verb, person, since when, in which phase, until when, and where to look.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claim { verb, who, run_url, .. } = &self.claim;
        let (since, until) = (self.since, self.until);
        write!(formatter, "`{verb}` of {who}, since {since}, in phase `{}`", self.phase)?;
        write!(formatter, ", until {until} unless it is renewed")?;
        run_url.iter().try_for_each(|url| write!(formatter, ", {url}"))
    }
}

/// What the ledger says of a lease that was taken from `holder`; `None` if it was free.
pub fn takeover(holder: &Holder, standing: Standing) -> Option<String> {
    let why = match standing {
        Standing::Free | Standing::Held => return None,
        Standing::Expired => "had expired",
        Standing::Dead => "was left by a process that ended",
    };
    Some(format!("lease {} {why}: {holder}", holder.fence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder {
            claim: Claim {
                verb: "rollout".into(),
                who: "ada@laptop".into(),
                run_url: Some("https://ci.example/runs/7".into()),
                seat: "here".into(),
            },
            phase: "roll out".into(),
            fence: 7,
            since: "2026-11-27T10:00:00Z".parse().unwrap(),
            until: "2026-11-27T10:01:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_lease_is_held_until_a_whole_second_after_its_expiry() {
        let at = |time: &str| format!("2026-11-27T{time}Z").parse().unwrap();
        let cases = [
            ("10:00:30", "there", Standing::Held),
            ("10:01:00", "there", Standing::Held),
            ("10:01:01", "there", Standing::Expired),
            ("10:00:30", "here", Standing::Dead),
            ("10:01:01", "here", Standing::Dead),
        ];
        for (time, seat, wanted) in cases {
            assert_eq!(judge(Some(&holder()), at(time), seat), wanted, "{time} {seat}");
        }
        assert_eq!(judge(None, at("10:00:00"), "here"), Standing::Free);
        assert!(Standing::Expired.may_be_taken() && !Standing::Held.may_be_taken());
    }

    #[test]
    fn a_holder_is_told_with_all_that_helps_to_find_it() {
        assert_eq!(
            holder().to_string(),
            "`rollout` of ada@laptop, since 2026-11-27T10:00:00Z, in phase `roll out`, until \
             2026-11-27T10:01:00Z unless it is renewed, https://ci.example/runs/7"
        );
        let said = takeover(&holder(), Standing::Dead).unwrap();
        assert!(said.starts_with("lease 7 was left by a process that ended: `rollout`"), "{said}");
        assert_eq!(takeover(&holder(), Standing::Free), None);
    }

    #[test]
    fn three_renewals_may_fail_before_a_lease_is_lost() {
        let pace = Pace::default();
        assert!(pace.every * 4 <= pace.lasts);
    }
}
