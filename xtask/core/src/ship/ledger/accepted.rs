//! A ledger that was changed or restored, and goes on from there because a person said so.

use super::{Anchor, Link, Record};
use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a person has accepted, in the record that says so: none of it can be exchanged afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The digest of all rows before the record, as they stood.
    pub stood: Digest,
    /// Heads in the registry that those rows contradict.
    pub superseded: BTreeSet<Digest>,
}

impl Accepted {
    /// What is accepted of `links` as they are, held against the heads of their environment.
    pub fn of(links: &[Link], environment: &str, anchors: &[Anchor]) -> Self {
        let known = superseded(links);
        let there: BTreeSet<Digest> = links.iter().map(Link::digest).collect();
        let ours = anchors.iter().filter(|it| it.environment == environment);
        let contradicted =
            ours.filter(|it| !there.contains(&it.digest) && !known.contains(&it.digest));
        Self { stood: stood(links), superseded: contradicted.map(|it| it.digest).collect() }
    }
}

/// Where the records begin that must follow from each other: at the last record that accepts what
/// stands before it; `None` where there is no such record.
pub(super) fn beginning(links: &[Link]) -> Option<Result<usize, u64>> {
    let accepts = |at: &usize| accepted(&links[*at]).is_some();
    let last = (0..links.len()).rfind(accepts)?;
    let holds = accepted(&links[last]).is_some_and(|it| it.stood == stood(&links[..last]));
    Some(if holds { Ok(last) } else { Err(links[last].number) })
}

/// Heads that were given up by records of `links`.
pub(super) fn superseded(links: &[Link]) -> BTreeSet<Digest> {
    links.iter().filter_map(accepted).flat_map(|it| it.superseded).collect()
}

/// The last record that accepts what stands before it, with its number.
pub fn acceptance(links: &[Link]) -> Option<(u64, Record)> {
    let read = |link: &Link| Some((link.number, serde_json::from_str::<Record>(&link.body).ok()?));
    links.iter().rev().filter_map(read).find(|(_, record)| record.accepted.is_some())
}

fn accepted(link: &Link) -> Option<Accepted> {
    serde_json::from_str::<Record>(&link.body).ok()?.accepted
}

fn stood(links: &[Link]) -> Digest {
    let lines: String = links.iter().map(|link| format!("{}\n", link.digest())).collect();
    Digest::of(lines.as_bytes())
}
