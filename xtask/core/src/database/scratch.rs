//! Names of scratch databases: made for one run, and known as ours by their name alone.
//!
//! A database cannot be made and marked in one step, so the name is the mark. It says when it was
//! made and ends with a digest of itself: nobody gives a database such a name by accident.

use crate::digest::Digest;
use std::fmt;
use std::time::Duration;

/// What every name begins with.
pub const PREFIX: &str = "xtask_scratch_";
/// Letters of the digest at the end.
const MARK: usize = 10;
/// A purpose is cut to this: the server keeps 63 letters of a name.
const PURPOSE_MAX: usize = 20;
/// A younger one may belong to a run that has not connected yet.
pub const YOUNG: Duration = Duration::from_secs(600);

/// The name of a scratch database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    text: String,
    purpose: String,
    made: u64,
}

impl Name {
    /// A name for `purpose`, made so many seconds after 1970 by the server's clock. `random` tells
    /// it from another of the same second.
    pub fn new(purpose: &str, made: u64, random: u32) -> Self {
        let is_plain = |it: &char| it.is_ascii_lowercase() || it.is_ascii_digit();
        let purpose: String = purpose.chars().filter(is_plain).take(PURPOSE_MAX).collect();
        let front = format!("{PREFIX}{purpose}_{made:08x}_{random:08x}");
        Self { text: format!("{front}_{}", mark(&front)), purpose, made }
    }

    /// Reads the name of a database; `None` if we gave it to none.
    pub fn parse(text: &str) -> Option<Self> {
        let (front, found) = text.rsplit_once('_')?;
        if found != mark(front) {
            return None;
        }
        let mut parts = front.strip_prefix(PREFIX)?.split('_');
        let (purpose, made) = (parts.next()?.to_owned(), parts.next()?);
        let made = u64::from_str_radix(made, 16).ok()?;
        Some(Self { text: text.to_owned(), purpose, made })
    }

    /// As the server knows it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it was made for.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// Whether a run that was killed left it: it is not young, and nobody is connected to it. Each
    /// run keeps a connection to its own for as long as it needs it.
    pub fn is_left(&self, now: u64, connections: u64) -> bool {
        connections == 0 && now.saturating_sub(self.made) >= YOUNG.as_secs()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn mark(front: &str) -> String {
    Digest::of(front.as_bytes()).hex()[..MARK].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_fits_into_a_server() {
        let name = Name::new("rehearse of a very long purpose", 1_795_766_400, 7);
        assert_eq!(Name::parse(name.as_str()).as_ref(), Some(&name));
        assert!(name.as_str().len() <= 63 && name.purpose() == "rehearseofaverylongp", "{name}");
    }

    #[test]
    fn a_name_that_we_did_not_give_is_not_ours() {
        let name = Name::new("drill", 1_795_766_400, 7);
        let edited = name.as_str().replace("drill", "prod");
        for other in ["xtask_scratch_", "xtask_scratch_mine", "nutri", "", edited.as_str()] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn only_what_is_old_and_unused_is_left() {
        let name = Name::new("drill", 1000, 7);
        let left = [(1599, 0), (1600, 0), (1600, 1), (0, 0)];
        assert_eq!(left.map(|(now, used)| name.is_left(now, used)), [false, true, false, false]);
    }
}
