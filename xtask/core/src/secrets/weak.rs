//! Whether a secret could be guessed. What is told of it is why, never a piece of it.

use crate::secret::Secret;
use std::collections::BTreeSet;
use std::fmt;
use url::Url;

/// What a key that signs must hold at least, in bits: nobody tries 2^112 of them.
const BITS: f64 = 112.0;
/// What a password must hold that only a server which counts attempts compares.
const PASSWORD_BITS: f64 = 60.0;

/// Why it could be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Somebody forgot to fill it in.
    Placeholder,
    /// An address without a password.
    NoPassword,
    /// So many bits at most.
    Bits(u64),
    /// Another environment has the same.
    Shared(String),
}

impl fmt::Display for Weakness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placeholder => formatter.write_str("it is a placeholder"),
            Self::NoPassword => formatter.write_str("it is an address without a password"),
            Self::Shared(other) => write!(formatter, "`{other}` has the same value"),
            Self::Bits(bits) => write!(formatter, "it holds {bits} bits at most"),
        }
    }
}

/// Why `value` could be guessed, if it could.
pub fn weakness(value: &Secret) -> Option<Weakness> {
    let text = value.expose().trim();
    if is_placeholder(text) {
        return Some(Weakness::Placeholder);
    }
    // What is framed by lines of its own is a key that a program made.
    if text.starts_with("-----BEGIN ") {
        return None;
    }
    let Some(url) = Url::parse(text).ok().filter(Url::has_host) else { return few(text, BITS) };
    match url.password() {
        Some(password) => few(password, PASSWORD_BITS),
        // A webhook's path is its password.
        None if url.scheme().starts_with("http") => few(url.path(), PASSWORD_BITS),
        None => Some(Weakness::NoPassword),
    }
}

fn few(text: &str, wanted: f64) -> Option<Weakness> {
    let bits = bits(text);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
    (bits < wanted).then_some(Weakness::Bits(bits as u64))
}

fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let plain: String = lower.chars().filter(|it| it.is_ascii_alphanumeric()).collect();
    let words = ["changeme", "placeholder", "yoursecret", "yourpassword", "examplesecret", "todo"];
    let whole = ["secret", "password", "test", "example", "dummy", "none", "null", "default"];
    words.iter().any(|word| plain.contains(word) && plain.len() < 2 * word.len() + 24)
        || whole.contains(&plain.as_str())
        || lower.contains('<') && lower.contains('>')
        || lower.contains("${")
}

/// How many bits `text` holds at most: as many as its alphabet allows, and no more than its letters
/// tell where they repeat.
fn bits(text: &str) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "lengths are small")]
    let real = |count: usize| count as f64;
    let length = real(text.chars().count());
    let has = |fits: fn(char) -> bool| text.chars().any(fits);
    let is_hex = text.chars().all(|it| it.is_ascii_hexdigit());
    let alphabet = if is_hex {
        16.0
    } else {
        let sizes = [
            (has(|it| it.is_ascii_lowercase()), 26.0),
            (has(|it| it.is_ascii_uppercase()), 26.0),
            (has(|it| it.is_ascii_digit()), 10.0),
            (has(|it| !it.is_ascii_alphanumeric()), 32.0),
        ];
        sizes.iter().filter(|(is_there, _)| *is_there).map(|(_, size)| size).sum()
    };
    let different = real(text.chars().collect::<BTreeSet<_>>().len());
    let pairs: BTreeSet<(char, char)> = text.chars().zip(text.chars().skip(1)).collect();
    // A text of repeated pieces has few different pairs.
    let fresh = (real(pairs.len()) + 1.0).min(length);
    fresh * f64::log2(f64::min(alphabet, different.max(1.0) * 2.0).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Weakness> {
        weakness(&Secret::new(text))
    }

    #[test]
    fn what_a_program_made_is_strong() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "q8Zt0bUuB1m7yQe4Yw2kHcVxPzL5sJfa",
            "postgres://nutri:kT93bn20XcPqLw@db.example.org:6543/nutri",
            "https://hooks.example.org/services/T00AB/B00CD/8f3kd93kfh38dkf93k",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_could_be_guessed_is_told_with_its_reason() {
        for text in ["changeme", "change-me-please", "<your secret>", "secret", "${JWT}", "TODO"] {
            assert_eq!(of(text), Some(Weakness::Placeholder), "{text}");
        }
        for text in [
            "hunter2",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabcabcabcabcabcabcabcabcabcabc",
            "postgres://nutri:abc@db/nutri",
        ] {
            assert!(matches!(of(text), Some(Weakness::Bits(_))), "{text}");
        }
        assert_eq!(of("redis://cache:6379"), Some(Weakness::NoPassword));
        assert!(!format!("{}", of("hunter2").unwrap()).contains("hunter2"));
    }
}
