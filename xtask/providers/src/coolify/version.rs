//! Which Coolify this is, and what differs between those that are known.

use super::client::Coolify;
use super::error::Error;
use std::fmt;
use std::str::FromStr;
use xtask_http::Method;

/// The lines that the client was made for: from this one …
const OLDEST: (u64, u64) = (4, 1);
/// … to this one, both included. 4.3.11 was run; of the others, what changed is known.
const NEWEST: (u64, u64) = (4, 7);

/// A version of Coolify.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(semver::Version);

/// What some versions can do and others cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Networks can be listed and made.
    Destinations,
    /// Applications have tags in the API.
    Tags,
    /// Buckets for backups.
    S3,
    /// How a server is cleaned.
    CleanupSettings,
    /// Whom Coolify tells what happens.
    Notifications,
    /// The images that are on a server.
    RollbackImages,
    /// Cancelling works; before, it is always a server error.
    Cancel,
}

/// What a version does in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Values and secrets are hidden from tokens without `read:sensitive`.
    pub hides_values: bool,
    /// Elevated tokens of mere members are refused everywhere.
    pub wants_team_role: bool,
    /// Removing needs the ability `delete`; before, `write`.
    pub delete_needs_own_ability: bool,
    /// A rollback of an image takes the tag that it is given; before, the one that is set.
    pub rollback_takes_tag: bool,
    /// Failed requests are counted, and some of them are too many.
    pub limits_failures: bool,
}

impl Capability {
    /// The first version that has it.
    fn since(self) -> (u64, u64, u64) {
        match self {
            Self::Destinations | Self::Tags => (4, 2, 0),
            Self::S3 | Self::CleanupSettings | Self::Notifications | Self::RollbackImages => {
                (4, 3, 0)
            }
            Self::Cancel => (4, 3, 7),
        }
    }
}

impl Version {
    /// Whether it is in the range that the client was made for.
    pub fn is_tested(&self) -> bool {
        let line = (self.0.major, self.0.minor);
        self.0.pre.is_empty() && (OLDEST..=NEWEST).contains(&line)
    }

    /// Whether it can do that.
    pub fn can(&self, capability: Capability) -> bool {
        self.is_from(capability.since())
    }

    /// What it does in its own way.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            hides_values: self.is_from((4, 2, 0)),
            wants_team_role: self.is_from((4, 2, 0)),
            // Which patch brought it is not known: the first after the one that was run.
            rollback_takes_tag: self.is_from((4, 3, 12)),
            delete_needs_own_ability: self.is_from((4, 6, 0)),
            limits_failures: self.is_from((4, 7, 0)),
        }
    }

    fn is_from(&self, (major, minor, patch): (u64, u64, u64)) -> bool {
        (self.0.major, self.0.minor, self.0.patch) >= (major, minor, patch)
    }
}

/// The text is no version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("it is not a version, such as 4.3.11")]
pub struct NotAVersion;

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let text = text.trim().trim_matches('"');
        let text = text.strip_prefix('v').unwrap_or(text);
        semver::Version::parse(text).map(Self).map_err(|_| NotAVersion)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The tested range, for people.
pub(super) fn tested() -> String {
    format!("{}.{} to {}.{}", OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1)
}

/// The first version that has it, for people.
pub(super) fn first_with(capability: Capability) -> String {
    let (major, minor, patch) = capability.since();
    format!("{major}.{minor}.{patch}")
}

impl Coolify {
    /// Which Coolify this is, whether it is known or not. Asked anew each time.
    pub async fn version(&self) -> Result<Version, Error> {
        let text = self.read_text("version").await?;
        text.parse()
            .map_err(|error: NotAVersion| self.unusable(Method::GET, "version", error.to_string()))
    }

    /// Whether anything answers. Asked without a token, and not counted as the token's.
    pub async fn health(&self) -> Result<(), Error> {
        self.read_health().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn the_tested_range_is_4_1_to_4_7() {
        for known in ["4.1.0", "4.3.11", "v4.6.0", "4.7.99\n"] {
            assert!(version(known).is_tested(), "{known}");
        }
        for unknown in ["4.0.9", "4.8.0", "5.1.0", "3.12.3", "4.3.0-beta.1"] {
            assert!(!version(unknown).is_tested(), "{unknown}");
        }
        for none in ["", "<html>", "4.3", "latest"] {
            assert_eq!(none.parse::<Version>(), Err(NotAVersion), "{none}");
        }
    }

    #[test]
    fn what_differs_begins_with_its_version() {
        let [old, middle, run, new] = ["4.1.2", "4.2.0", "4.3.11", "4.6.0"].map(version);
        assert!(!old.can(Capability::Destinations) && middle.can(Capability::Tags));
        assert!(!middle.can(Capability::S3) && run.can(Capability::Notifications));
        assert!(
            !version("4.3.6").can(Capability::Cancel) && version("4.3.7").can(Capability::Cancel)
        );
        assert!(!old.capabilities().hides_values && middle.capabilities().hides_values);
        assert!(!run.capabilities().delete_needs_own_ability);
        assert!(new.capabilities().delete_needs_own_ability);
        assert!(!run.capabilities().rollback_takes_tag && new.capabilities().rollback_takes_tag);
        assert!(
            !new.capabilities().limits_failures && version("4.7.0").capabilities().limits_failures
        );
    }
}
