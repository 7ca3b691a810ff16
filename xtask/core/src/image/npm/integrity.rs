//! The hashes of an archive, as npm writes them: `sha512-` and base64, blanks between several.

use crate::trust::sbom::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::str::FromStr;

/// The hashes of one archive, at least one of which is strong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    text: String,
    hashes: Vec<Hash>,
}

/// The text names no bytes, or not for sure.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IntegrityError {
    /// Only hashes for which other bytes can be found.
    #[error("its `integrity` is {0} only, which can be forged; wanted sha512, sha384 or sha256")]
    Weak(String),
    /// Not as npm writes it.
    #[error("its `integrity` is damaged; wanted `sha512-` and 88 letters of base64")]
    Damaged,
}

impl Integrity {
    /// The strong hashes.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }
}

impl FromStr for Integrity {
    type Err = IntegrityError;

    fn from_str(text: &str) -> Result<Self, IntegrityError> {
        let (mut hashes, mut weak) = (Vec::<Hash>::new(), Vec::new());
        for word in text.split_whitespace() {
            let (name, encoded) = word.split_once('-').ok_or(IntegrityError::Damaged)?;
            let Some((algorithm, length)) = strong(name) else {
                weak.push(name);
                continue;
            };
            let bytes = STANDARD.decode(encoded).ok().filter(|bytes| bytes.len() == length);
            // Of two hashes of one kind, npm takes an archive that has either.
            let again = hashes.iter().any(|hash| hash.algorithm == algorithm);
            let bytes = bytes.filter(|_| !again).ok_or(IntegrityError::Damaged)?;
            hashes.push(Hash { algorithm, hex: hex::encode(bytes) });
        }
        match (hashes.is_empty(), weak.as_slice()) {
            (false, _) => Ok(Self { text: text.to_owned(), hashes }),
            (true, ["sha1" | "md5", ..]) => Err(IntegrityError::Weak(weak[0].to_owned())),
            (true, _) => Err(IntegrityError::Damaged),
        }
    }
}

fn strong(name: &str) -> Option<(&'static str, usize)> {
    match name {
        "sha256" => Some(("SHA-256", 32)),
        "sha384" => Some(("SHA-384", 48)),
        "sha512" => Some(("SHA-512", 64)),
        _ => None,
    }
}

impl fmt::Display for Integrity {
    /// As the lock writes it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_hashes_are_read_and_weak_ones_beside_them_left() {
        let sha256 = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let read: Integrity =
            format!("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= {sha256}").parse().unwrap();
        assert_eq!(read.hashes().len(), 1);
        assert_eq!(read.hashes()[0].algorithm, "SHA-256");
        assert!(read.hashes()[0].hex.starts_with("e3b0c442"));
        let weak = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=".parse::<Integrity>().unwrap_err();
        assert_eq!(weak, IntegrityError::Weak("sha1".into()));
        for damaged in ["", "sha512", "sha512-AAAA", "sha256-!", &format!("{sha256} {sha256}")] {
            let error = damaged.parse::<Integrity>().unwrap_err();
            assert_eq!(error, IntegrityError::Damaged, "{damaged}");
        }
    }
}
