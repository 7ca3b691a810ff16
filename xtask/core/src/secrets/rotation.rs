//! The exchange of a key that signs for another one, so that nobody is logged out: the new key is
//! accepted everywhere before anything signs with it, and the old one is accepted until whatever it
//! signed has ended.
//!
//! A service signs with its key and accepts the *other* one as well: which of the two is the old
//! one is not its affair. So two secrets walk through three phases.

use crate::moment::Moment;
use serde::Serialize;
use std::fmt;
use toml_edit::Item;

/// Where an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The new key is accepted; the old one signs.
    Accept,
    /// The new key signs; the old one is accepted.
    Sign,
}

/// An exchange that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Where it is.
    pub phase: Phase,
    /// Since when it is there.
    pub since: Moment,
}

/// What the next step does with the two secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A new key beside the one that signs.
    Accept,
    /// Both change places.
    Sign,
    /// The old one goes.
    Drop,
}

/// When the last release that was verified came to serve, if one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolled {
    /// When its rollout began.
    pub began: Moment,
    /// When it ended.
    pub at: Moment,
}

/// Why the next step is not due.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDue {
    /// Instances may run that do not know it.
    #[error("the keys of phase `{0}` were not rolled out yet: no rollout since {1} was verified")]
    NotRolledOut(Phase, Moment),
    /// What the old key signed may still be used.
    #[error("what the old key signed is good for {left} more seconds")]
    NotEnded { left: u64 },
}

impl Phase {
    const ALL: [Self; 2] = [Self::Accept, Self::Sign];

    fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Sign => "sign",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Rotation {
    pub(super) fn read(value: &Item) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_str();
        let phase = Phase::ALL.into_iter().find(|it| text("phase") == Some(it.word()))?;
        Some(Self { phase, since: text("since")?.parse().ok()? })
    }

    pub(super) fn lines(&self) -> String {
        format!("phase = \"{}\"\nsince = \"{}\"\n", self.phase, self.since)
    }
}

impl Step {
    /// What follows from where an exchange is.
    pub fn after(rotation: Option<&Rotation>) -> Self {
        match rotation.map(|it| it.phase) {
            None => Self::Accept,
            Some(Phase::Accept) => Self::Sign,
            Some(Phase::Sign) => Self::Drop,
        }
    }

    /// Where the exchange is after it.
    pub fn leads_to(self, now: Moment) -> Option<Rotation> {
        let phase = match self {
            Self::Accept => Phase::Accept,
            Self::Sign => Phase::Sign,
            Self::Drop => return None,
        };
        Some(Rotation { phase, since: now })
    }

    /// What it does, for people; `name` and `previous` are the two secrets.
    pub fn says(self, name: &str, previous: &str) -> String {
        match self {
            Self::Accept => format!("make a new key `{previous}`: it is accepted, `{name}` signs"),
            Self::Sign => {
                format!(
                    "exchange `{name}` and `{previous}`: the new key signs, the old is accepted"
                )
            }
            Self::Drop => format!("remove `{previous}`: the old key is no longer accepted"),
        }
    }
}

/// Whether the next step is due: the one before was rolled out since, and what an old key signed
/// has ended after `lifetime` seconds.
pub fn due(
    rotation: Option<&Rotation>,
    rolled: Option<Rolled>,
    lifetime: u64,
    now: Moment,
) -> Result<Step, NotDue> {
    let step = Step::after(rotation);
    let Some(rotation) = rotation else { return Ok(step) };
    let rolled = rolled.filter(|it| it.began >= rotation.since);
    let rolled = rolled.ok_or(NotDue::NotRolledOut(rotation.phase, rotation.since))?;
    // Until that rollout ended, an instance may have signed with the old key.
    let left = lifetime.saturating_sub(now.seconds_since(rolled.at));
    match step {
        Step::Drop if left > 0 => Err(NotDue::NotEnded { left }),
        step => Ok(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).unwrap()
    }

    fn rolled(seconds: i64) -> Option<Rolled> {
        Some(Rolled { began: at(seconds), at: at(seconds + 1) })
    }

    #[test]
    fn no_step_is_taken_before_the_one_before_serves() {
        assert_eq!(due(None, None, 60, at(5)), Ok(Step::Accept));
        let accepted = Step::Accept.leads_to(at(100)).unwrap();
        for before in [None, rolled(99)] {
            let refused = due(Some(&accepted), before, 60, at(900));
            assert_eq!(refused, Err(NotDue::NotRolledOut(Phase::Accept, at(100))));
        }
        assert_eq!(due(Some(&accepted), rolled(100), 60, at(101)), Ok(Step::Sign));
    }

    #[test]
    fn the_old_key_goes_when_all_that_it_signed_has_ended() {
        let signing = Step::Sign.leads_to(at(100)).unwrap();
        let due = |now| due(Some(&signing), rolled(110), 60, at(now));
        assert_eq!(due(170), Err(NotDue::NotEnded { left: 1 }));
        assert_eq!(due(171), Ok(Step::Drop));
        assert_eq!(Step::Drop.leads_to(at(200)), None);
    }

    #[test]
    fn an_exchange_reads_as_it_was_written() {
        for step in [Step::Accept, Step::Sign] {
            let rotation = step.leads_to(at(7)).unwrap();
            let document: toml_edit::DocumentMut = rotation.lines().parse().unwrap();
            let value = document.as_item();
            assert_eq!(Rotation::read(value), Some(rotation));
        }
    }
}
