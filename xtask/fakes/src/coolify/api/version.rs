//! What the known versions of Coolify do differently.

use std::fmt;

/// A version of Coolify 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    minor: u32,
    patch: u32,
}

impl Version {
    /// The version that was recorded.
    pub const RECORDED: Self = Self { minor: 3, patch: 11 };

    /// `4.3.11`, or `4.6` for its first release.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim_start_matches('v').split('.');
        if parts.next()? != "4" {
            return None;
        }
        let minor = parts.next()?.parse().ok()?;
        let patch = parts.next().map_or(Ok(0), str::parse).ok()?;
        parts.next().is_none().then_some(Self { minor, patch })
    }

    pub(super) fn since(self, minor: u32, patch: u32) -> bool {
        self >= Self { minor, patch }
    }

    /// Every removal wants the ability `delete`; `write` no longer suffices.
    pub(super) fn has_delete_ability(self) -> bool {
        self.since(6, 0)
    }

    /// Too many failures are refused like too many requests.
    pub(super) fn limits_failures(self) -> bool {
        self.since(7, 0)
    }

    /// Secrets are shown only to those who may see them.
    pub(super) fn hides_values(self) -> bool {
        self.since(2, 0)
    }

    /// Starting and deploying by GET is over.
    pub(super) fn acts_by_post_only(self) -> bool {
        self.since(2, 0)
    }

    /// A rollback deploys the tag that it was asked for.
    pub(super) fn honours_rollback(self) -> bool {
        self > Self::RECORDED
    }

    /// A deployment can be cancelled.
    pub(super) fn can_cancel(self) -> bool {
        self.since(3, 7)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "4.{}.{}", self.minor, self.patch)
    }
}
