//! The last line of a lock: the digest of all lines above it.
//!
//! What a lock names decides every byte of an image, so a lock that was changed by hand, or by a
//! merge, is refused until `image lock` has written it anew.

use crate::digest::Digest;

/// How the line begins in every lock that was ever written.
const MARK: &str = "# seal: ";

/// A lock that is not as it was written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Broken {
    /// The last line is missing, or is no checksum.
    #[error("its last line is not its checksum")]
    Missing,
    /// The lines above the checksum are other ones.
    #[error("its checksum wants `{wanted}`, its lines are `{found}`")]
    Edited {
        /// What the checksum says.
        wanted: String,
        /// What the lines are.
        found: Digest,
    },
}

/// `text` with its checksum as the last line.
pub fn with_checksum(text: &str) -> String {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}");
    format!("{text}{MARK}{}\n", digest(&text))
}

/// Refuses a text that is not as `with_checksum` left it.
pub fn check(text: &str) -> Result<(), Broken> {
    let (above, checksum) = text.trim_end().rsplit_once(MARK).ok_or(Broken::Missing)?;
    if checksum.contains('\n') || !above.ends_with('\n') {
        return Err(Broken::Missing);
    }
    let found = digest(above);
    if found.to_string() == checksum {
        return Ok(());
    }
    Err(Broken::Edited { wanted: checksum.to_owned(), found })
}

/// A checkout may end its lines otherwise; that changes nothing.
fn digest(text: &str) -> Digest {
    Digest::of(text.replace("\r\n", "\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_its_checksum_verifies_whatever_ends_its_lines() {
        let text = with_checksum("a = 1\nb = 2\n");
        assert_eq!(check(&text), Ok(()));
        assert_eq!(check(&text.replace('\n', "\r\n")), Ok(()));
    }

    #[test]
    fn an_edit_anywhere_breaks_the_checksum() {
        let text = with_checksum("a = 1\nb = 2\n");
        for edited in [text.replace("1", "3"), text.replace("b = 2\n", ""), format!("c\n{text}")] {
            assert!(matches!(check(&edited), Err(Broken::Edited { .. })), "{edited}");
        }
        for edited in ["", "a = 1\n", &format!("{text}d = 1\n"), &format!("a = 1{MARK}x")] {
            assert_eq!(check(edited), Err(Broken::Missing), "{edited}");
        }
    }
}
