//! The chain: each record holds the digest of the one before, so none can be changed alone.

use super::{Record, accepted};
use crate::digest::Digest;

/// A record with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1.
    pub number: u64,
    /// The digest of the record before; of no bytes for the first.
    pub previous: Digest,
    /// The record's JSON, exactly as it was hashed.
    pub body: String,
}

/// Where a chain is broken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChainError {
    /// A number is missing or out of order.
    #[error("record {wanted} is missing; found {found} in its place")]
    Gap {
        /// The number that should have come.
        wanted: u64,
        /// The number that came.
        found: u64,
    },
    /// A record does not follow from the one before: one of the two was changed.
    #[error("record {0} does not follow from record {prior}", prior = .0.saturating_sub(1))]
    Broken(u64),
    /// What stands before a record that accepts it is something else by now.
    #[error("a record before record {0} was changed after somebody had accepted them")]
    Exchanged(u64),
    /// A record is not a record.
    #[error("record {0} cannot be read")]
    Unreadable(u64),
}

impl Link {
    /// The link that follows `last` and holds `record`.
    pub fn after(last: Option<&Self>, record: &Record) -> Self {
        let number = last.map_or(1, |link| link.number + 1);
        Self {
            number,
            previous: last.map_or_else(|| Digest::of(b""), Self::digest),
            body: record.body(),
        }
    }

    /// The digest that the next link holds.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{}\n{}\n{}", self.number, self.previous, self.body).as_bytes())
    }
}

/// What can be read of a chain that somebody has changed, each record by itself.
pub fn readable(links: &[Link]) -> Vec<Record> {
    links.iter().filter_map(|link| serde_json::from_str(&link.body).ok()).collect()
}

/// The numbers of `count` records as they are read of `links`; those that are not merged yet follow.
pub fn numbers(links: &[Link], count: usize) -> Vec<u64> {
    let is_read = |link: &&Link| serde_json::from_str::<Record>(&link.body).is_ok();
    let read: Vec<u64> = links.iter().filter(is_read).map(|link| link.number).collect();
    let next = links.last().map_or(1, |link| link.number.saturating_add(1));
    read.into_iter().chain(next..).take(count).collect()
}

/// Walks a chain and reads every record: from its beginning, or from the last record that accepts
/// what stands before it.
pub fn walk(links: &[Link]) -> Result<Vec<Record>, ChainError> {
    let beginning = match accepted::beginning(links) {
        None => return walk_from(Digest::of(b""), 1, links),
        Some(beginning) => beginning.map_err(ChainError::Exchanged)?,
    };
    let (before, rest) = links.split_at(beginning);
    let previous = before.last().map_or_else(|| Digest::of(b""), Link::digest);
    let mut records = readable(before);
    records.extend(walk_from(previous, rest[0].number, rest)?);
    Ok(records)
}

fn walk_from(mut previous: Digest, first: u64, links: &[Link]) -> Result<Vec<Record>, ChainError> {
    let mut records = Vec::with_capacity(links.len());
    for (link, wanted) in links.iter().zip(first..) {
        if link.number != wanted {
            return Err(ChainError::Gap { wanted, found: link.number });
        }
        if link.previous != previous {
            return Err(ChainError::Broken(link.number));
        }
        previous = link.digest();
        let record = serde_json::from_str(&link.body);
        records.push(record.map_err(|_| ChainError::Unreadable(link.number))?);
    }
    Ok(records)
}
