//! What stays on this machine's disk of what images are made from and made into: a verdict for
//! each thing that was found, with its reason.

use crate::digest::Digest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Younger blobs stay: a build may be about to name them.
pub const SETTLED: Duration = Duration::from_secs(60 * 60);
/// The cache belongs to all checkouts of a user. What is younger stays, whoever needs it.
pub const CACHED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What something on disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A blob of the layout.
    Blob,
    /// A memo: what a layer became.
    Memo,
    /// An unpacked package, an installation, a service's build.
    Made,
}

/// Something that was found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub path: String,
    /// The blob that it is, or remembers.
    pub blob: Option<Digest>,
    /// How many bytes it takes.
    pub size: u64,
    /// How long it has been as it is.
    pub age: Duration,
}

/// What becomes of something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub path: String,
    /// How many bytes it takes.
    pub size: u64,
    /// Whether it stays.
    pub stays: bool,
    pub why: String,
}

/// Judges everything that was found; `needed` says of a blob who needs it.
pub fn judge(found: &[Found], needed: &BTreeMap<Digest, String>) -> Vec<Verdict> {
    let judge = |it: &Found| {
        let (stays, why) = verdict(it, needed);
        Verdict { kind: it.kind, path: it.path.clone(), size: it.size, stays, why }
    };
    found.iter().map(judge).collect()
}

fn verdict(found: &Found, needed: &BTreeMap<Digest, String>) -> (bool, String) {
    if let Some(who) = found.blob.and_then(|blob| needed.get(&blob)) {
        return (true, format!("needed by {who}"));
    }
    let (young, stays, goes) = match found.kind {
        Kind::Blob => (SETTLED, "younger than an hour", "no name and no kept release needs it"),
        Kind::Memo => (CACHED, "younger than 30 days", "its layer is not kept here"),
        Kind::Made => (CACHED, "younger than 30 days", "older than 30 days, and can be made again"),
    };
    if found.age < young { (true, stays.to_owned()) } else { (false, goes.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Kind, name: &str, age: Duration) -> Found {
        let blob = (kind != Kind::Made).then(|| Digest::of(name.as_bytes()));
        Found { kind, path: name.to_owned(), blob, size: 1, age }
    }

    fn judged(kind: Kind, name: &str, age: Duration) -> String {
        let needed = BTreeMap::from([(Digest::of(b"needed"), "`backend`".to_owned())]);
        let verdict = judge(&[found(kind, name, age)], &needed).remove(0);
        format!("{}: {}", if verdict.stays { "stays" } else { "goes" }, verdict.why)
    }

    #[test]
    fn what_is_needed_stays_however_old_it_is() {
        for kind in [Kind::Blob, Kind::Memo] {
            assert_eq!(judged(kind, "needed", 10 * CACHED), "stays: needed by `backend`");
        }
    }

    #[test]
    fn what_nobody_needs_goes_once_it_is_old_enough() {
        let second = Duration::from_secs(1);
        let goes = "goes: no name and no kept release needs it";
        assert_eq!(judged(Kind::Blob, "x", SETTLED), goes);
        assert_eq!(judged(Kind::Blob, "x", SETTLED - second), "stays: younger than an hour");
        assert_eq!(judged(Kind::Memo, "x", SETTLED), "stays: younger than 30 days");
        assert_eq!(judged(Kind::Memo, "x", CACHED), "goes: its layer is not kept here");
        let goes = "goes: older than 30 days, and can be made again";
        assert_eq!(judged(Kind::Made, "needed", CACHED), goes);
    }
}
