//! How a request is lost, in words that read back.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a request is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    Refused,
    /// The connection was reset.
    Reset,
    /// The connection ended before an answer began.
    Closed,
    /// No whole answer came in time.
    TimedOut,
    /// The answer began and did not end.
    Cut,
    /// A stream that is to be held was ended by the other side.
    Ended,
    /// The other side is not trusted.
    Untrusted,
    /// The host was not found or not reached.
    Unreachable,
    /// An answer that says that there is none: 5xx, or a refusal that is not the service's own.
    Status(u16),
}

const WORDS: [(Loss, &str); 8] = [
    (Loss::Refused, "refused"),
    (Loss::Reset, "reset"),
    (Loss::Closed, "closed without an answer"),
    (Loss::TimedOut, "timed out"),
    (Loss::Cut, "body cut"),
    (Loss::Ended, "ended before its time"),
    (Loss::Untrusted, "not trusted"),
    (Loss::Unreachable, "not reached"),
];

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, WORDS.iter().find(|(loss, _)| loss == self)) {
            (Self::Status(status), _) => write!(formatter, "status {status}"),
            (_, word) => formatter.write_str(word.expect("every other loss has a word").1),
        }
    }
}

/// The text is no way to lose a request.
#[derive(Debug, thiserror::Error)]
#[error("unknown loss `{0}`")]
pub struct UnknownLoss(String);

impl std::str::FromStr for Loss {
    type Err = UnknownLoss;

    fn from_str(text: &str) -> Result<Self, UnknownLoss> {
        if let Some((loss, _)) = WORDS.iter().find(|(_, word)| *word == text) {
            return Ok(*loss);
        }
        let status = text.strip_prefix("status ").and_then(|status| status.parse().ok());
        status.map(Self::Status).ok_or_else(|| UnknownLoss(text.to_owned()))
    }
}

/// As a text, so that it can be the key of a map.
impl Serialize for Loss {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_reads_back_from_its_words() {
        let all = WORDS.iter().map(|(loss, _)| *loss).chain([Loss::Status(503)]);
        for loss in all {
            assert_eq!(loss.to_string().parse::<Loss>().unwrap(), loss);
        }
        assert!("lost".parse::<Loss>().is_err() && "status x".parse::<Loss>().is_err());
    }
}
