//! What is sent and what comes back, as GitHub spells it.

use serde::{Deserialize, Serialize};

/// A file with its whole new text.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Changed<'a> {
    path: &'a str,
    mode: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    content: &'a str,
}

impl<'a> Changed<'a> {
    /// A plain file, not to be run.
    pub fn new(path: &'a str, content: &'a str) -> Self {
        Self { path, mode: "100644", kind: "blob", content }
    }
}

/// A commit that is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// What the whole repository was then.
    pub tree: Named,
}

/// Something with a hash of Git's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    pub sha: String,
}

/// A commit that is to be.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NewCommit<'a> {
    /// What it says.
    pub message: &'a str,
    /// The hash of its tree.
    pub tree: &'a str,
    /// The hashes of the commits before it.
    pub parents: &'a [&'a str],
}

/// A pull request that is to be.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NewPull<'a> {
    /// Its first line.
    pub title: &'a str,
    /// What a person reads.
    pub body: &'a str,
    /// The branch that it is on.
    pub head: &'a str,
    /// The branch that it is for.
    pub base: &'a str,
}

/// A pull request that is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pull {
    /// Its number in the repository.
    pub number: u64,
    /// Where a person looks at it.
    pub html_url: String,
}
