//! What an environment asks of a release before it lets it in.

use super::{Environment, TargetKind};
use crate::deploy::Signing;
use crate::reader::Table;
use std::str::FromStr;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How many different keys must have attested each image.
    pub builders: u64,
    /// Whether a verdict is asked for, if the file says so.
    pub verdict: Option<Demand>,
    /// How old the verdict may be, in hours.
    pub verdict_hours: u64,
}

/// Whether something must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Without it nothing enters.
    Demanded,
    /// Without it there is a warning.
    Optional,
}

/// The text says neither.
#[derive(Debug, thiserror::Error)]
#[error("wanted `demanded` or `optional`")]
pub struct UnknownDemand;

impl FromStr for Demand {
    type Err = UnknownDemand;

    fn from_str(text: &str) -> Result<Self, UnknownDemand> {
        match text {
            "demanded" => Ok(Self::Demanded),
            "optional" => Ok(Self::Optional),
            _ => Err(UnknownDemand),
        }
    }
}

impl Environment {
    /// Whether a verdict on a release is asked for: where the file is silent, on a server whose
    /// repository names keys. This machine asks for none unless it is told to.
    pub fn demand(&self, signing: &Signing) -> Option<Demand> {
        let is_elsewhere = self.target != TargetKind::Docker;
        let standard = match (is_elsewhere, signing.public_keys.is_empty()) {
            (false, _) => None,
            (true, false) => Some(Demand::Demanded),
            (true, true) => Some(Demand::Optional),
        };
        let several = (self.entry.builders > 1).then_some(Demand::Demanded);
        self.entry.verdict.or(several).or(standard)
    }
}

pub(super) fn read(table: &Table<'_>) -> Entry {
    Entry {
        builders: table.optional_number("builders", 1..=9).unwrap_or(1),
        verdict: table.optional_parsed("verdict"),
        verdict_hours: table.optional_number("verdict_hours", 1..=8760).unwrap_or(168),
    }
}

/// Nobody can be asked for more keys than there are.
pub(super) fn check(table: &Table<'_>, entry: &Entry, signing: &Signing) {
    let known = signing.public_keys.len() as u64;
    if entry.builders > 1 && entry.builders > known {
        let builders = entry.builders;
        let said = format!("wants {builders} different keys; `signing.public_keys` names {known}");
        table.refuse("builders", said);
    }
    if entry.verdict == Some(Demand::Demanded) && known == 0 {
        table.refuse("verdict", "nobody can sign one: `signing.public_keys` names no key");
    }
    if entry.builders > 1 && entry.verdict == Some(Demand::Optional) {
        table.refuse("verdict", "`builders` would not be held: what is asked must be `demanded`");
    }
}
