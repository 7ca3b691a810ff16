//! Anchors: the head of the chain, kept where whoever may edit the database may not edit it.

use super::{Link, accepted};
use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// The media type of an anchor, an artifact about a release in the registry.
pub const ANCHOR_TYPE: &str = "application/vnd.xtask.ledger-head.v1+json";

/// The head of a ledger when a record was added to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Anchor {
    /// Whose ledger it is.
    pub environment: String,
    /// The number of the record.
    pub number: u64,
    /// The digest of its link.
    pub digest: Digest,
}

/// How a whole chain stands against the anchors of its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchored {
    /// It holds every head that was anchored, the last of them with this number.
    Until(u64),
    /// No head was anchored: that nothing is missing at its end is not proven.
    Never,
    /// It ends before a head that was anchored.
    Cut {
        /// The number of its last record.
        length: u64,
        /// The number of the anchored head.
        anchored: u64,
    },
    /// A record is another one than when it was anchored.
    Rewritten(u64),
    /// The record with this number accepts what stands before it, and no head of it was anchored:
    /// whoever may edit the database alone may have written it.
    Unproven(u64),
}

impl Anchor {
    /// The anchor of `link` as the head of `environment`.
    pub fn of(environment: &str, link: &Link) -> Self {
        Self { environment: environment.to_owned(), number: link.number, digest: link.digest() }
    }
}

/// Compares the `links` of `environment`, which are a whole chain, with what was anchored.
pub fn against(links: &[Link], environment: &str, anchors: &[Anchor]) -> Anchored {
    let given_up = accepted::superseded(links);
    let is_ours = |it: &&Anchor| it.environment == environment && !given_up.contains(&it.digest);
    let mut ours: Vec<_> = anchors.iter().filter(is_ours).collect();
    ours.sort_unstable();
    let link = |anchor: &Anchor| links.iter().find(|link| link.number == anchor.number);
    let other = |anchor: &&&Anchor| link(anchor).is_some_and(|it| it.digest() != anchor.digest);
    if let Some(anchor) = ours.iter().find(other) {
        return Anchored::Rewritten(anchor.number);
    }
    // Its own head proves it. A later one is put there by whoever goes on, whatever stands before.
    if let Some((number, _)) = accepted::acceptance(links)
        && !ours.iter().any(|it| it.number == number)
    {
        return Anchored::Unproven(number);
    }
    let Some(last) = ours.last() else { return Anchored::Never };
    let length = links.last().map_or(0, |link| link.number);
    if length < last.number {
        return Anchored::Cut { length, anchored: last.number };
    }
    Anchored::Until(last.number)
}

#[cfg(test)]
mod tests {
    use super::super::{Accepted, Action, ChainError, Outcome, Record, walk};
    use super::*;

    fn links(names: &[&str]) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for to in names {
            let record = Record::new(Action::Rollout, Outcome::Done, "ada", "now", to);
            links.push(Link::after(links.last(), &record));
        }
        links
    }

    #[test]
    fn a_chain_is_held_against_every_head_that_was_anchored() {
        let chain = links(&["a", "b", "c"]);
        let anchor = |link: &Link| Anchor::of("production", link);
        let anchors = [anchor(&chain[2]), anchor(&chain[0])];
        let judge = |links: &[Link]| against(links, "production", &anchors);
        assert_eq!(judge(&chain), Anchored::Until(3));
        assert_eq!(judge(&chain[..2]), Anchored::Cut { length: 2, anchored: 3 });
        assert_eq!(judge(&[]), Anchored::Cut { length: 0, anchored: 3 });
        assert_eq!(judge(&links(&["a", "b", "d"])), Anchored::Rewritten(3));
        assert_eq!(judge(&links(&["x", "b"])), Anchored::Rewritten(1));
        assert_eq!(against(&chain, "staging", &anchors), Anchored::Never);
        assert_eq!(judge(&links(&["a", "b", "c", "d"])), Anchored::Until(3));
    }

    fn accepting(links: &[Link], anchors: &[Anchor]) -> Link {
        let accepted = Some(Accepted::of(links, "production", anchors));
        let noted = Record::noted(Action::Accept, "ada", "now", "restored");
        Link::after(links.last(), &Record { accepted, ..noted })
    }

    #[test]
    fn a_ledger_that_was_cut_goes_on_once_its_acceptance_is_anchored() {
        let whole = links(&["a", "b", "c"]);
        let mut anchors =
            vec![Anchor::of("production", &whole[0]), Anchor::of("production", &whole[2])];
        let mut cut = whole[..1].to_vec();
        cut.push(accepting(&cut, &anchors));
        assert_eq!(against(&cut, "production", &anchors), Anchored::Unproven(2));
        anchors.push(Anchor::of("production", &cut[1]));
        for to in ["d", "e"] {
            let record = Record::new(Action::Rollout, Outcome::Done, "ada", "now", to);
            cut.push(Link::after(cut.last(), &record));
        }
        assert_eq!(walk(&cut).unwrap().len(), 4);
        assert_eq!(against(&cut, "production", &anchors), Anchored::Until(2));
        // What was given up stays given up, and what comes is held to its heads again.
        anchors.push(Anchor::of("production", &cut[3]));
        assert_eq!(against(&cut, "production", &anchors), Anchored::Until(4));
        assert_eq!(
            against(&cut[..3], "production", &anchors),
            Anchored::Cut { length: 3, anchored: 4 }
        );
    }

    #[test]
    fn a_ledger_that_was_edited_goes_on_and_may_not_be_edited_again() {
        let mut edited = links(&["a", "b", "c"]);
        let mut anchors = vec![Anchor::of("production", &edited[2])];
        edited[0].body = edited[0].body.replace("ada", "eve");
        assert_eq!(walk(&edited), Err(ChainError::Broken(2)));
        edited.push(accepting(&edited, &anchors));
        anchors.push(Anchor::of("production", &edited[3]));
        assert_eq!(walk(&edited).unwrap().len(), 4);
        assert_eq!(against(&edited, "production", &anchors), Anchored::Until(4));
        let mut again = edited.clone();
        again[1].body = again[1].body.replace("ada", "eve");
        assert_eq!(walk(&again), Err(ChainError::Exchanged(4)));
        // Nor is another acceptance believed that only the database tells of.
        again.push(accepting(&again, &anchors));
        assert!(walk(&again).is_ok());
        assert_eq!(against(&again, "production", &anchors), Anchored::Unproven(5));
        // Neither after somebody went on, whose head stands in the registry.
        let record = Record::new(Action::Rollout, Outcome::Done, "ada", "now", "f");
        again.push(Link::after(again.last(), &record));
        anchors.push(Anchor::of("production", &again[5]));
        assert_eq!(against(&again, "production", &anchors), Anchored::Unproven(5));
    }
}
