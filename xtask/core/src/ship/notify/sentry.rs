//! What Sentry is told: which commits a release holds, and where it was deployed.

use super::Told;
use super::text::{cut, line};

/// The longest name of a release there.
const VERSION_MAX: usize = 200;
/// The longest name of an environment, and of a deploy.
const NAME_MAX: usize = 64;
/// More commits than that are no release any more; the newest are told.
pub const COMMITS_MAX: usize = 500;
/// The most of a commit's message that anybody reads there.
const SUBJECT_MAX: usize = 1000;

/// A commit as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When, RFC 3339.
    pub at: String,
    /// Its first line.
    pub subject: String,
}

/// The release, as a service would name itself in an event: `nutri@b3f6981e1b64`.
pub fn version(told: &Told) -> String {
    let legal =
        |it: char| if it == '/' || it.is_whitespace() || it.is_control() { '-' } else { it };
    let text = format!("{}@{}", told.project, told.to);
    text.chars().map(legal).take(VERSION_MAX).collect()
}

/// The environment's name.
pub fn environment(told: &Told) -> String {
    told.environment.chars().take(NAME_MAX).collect()
}

/// Reads what git wrote: a commit a line, its parts with a unit separator between them.
pub fn commits(text: &str) -> Vec<Commit> {
    let commit = |row: &str| {
        let mut parts = row.splitn(4, '\u{1f}').map(ToOwned::to_owned);
        let (id, author, at) = (parts.next()?, line(&parts.next()?), parts.next()?);
        let subject = cut(&line(&parts.next()?), SUBJECT_MAX);
        Some(Commit { id, author, at, subject })
    };
    text.lines().filter_map(commit).take(COMMITS_MAX).collect()
}
