//! How a value is compared that nobody may read: by what we left beside it when we wrote it.
//!
//! Coolify shows the values of variables only to tokens that may read secrets, and a comment to
//! all. So the comment of a variable of ours says what was written: for a value that stands in
//! `deploy.toml` its digest, for one that holds a secret an HMAC. Its key comes from the address
//! of the database, which whoever may change the environment has, which is the same on every
//! machine, and which Coolify shows to no token that cannot read the values themselves. Another
//! address of the database makes other fingerprints: then the same values are written once more.
//!
//! A comment says as well when it was written, by Coolify's own clock. Coolify notes when a row was
//! changed last and shows that to all, so somebody's later change is noticed, whatever it was.

use crate::moment::Moment;
use crate::secret::Secret;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What marks something as ours.
pub const MARK: &str = "xtask";
/// The form of what is hashed.
const FORM: &str = "xtask fingerprint v1";

/// Before the moment at which something was written.
const AT: &str = "at=";
/// A request takes so many seconds at most, so a row may be changed that much after we noted when.
const GRACE: u64 = 30;

/// What a comment of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// What tells the value that was written from others; nothing if we could not tell.
    pub print: Option<&'a str>,
    /// When it was written, by Coolify's clock.
    pub at: Option<Moment>,
}

/// What fingerprints of secrets are made with.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// What tells one value of a setting from another, and says nothing else of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Key {
    /// The key for what `owner` owns, from a secret of its.
    pub fn of(secret: &Secret, owner: &str) -> Self {
        Self(mac(secret.expose().as_bytes(), &[FORM, owner]))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Fingerprint {
    /// Of a value that stands in `deploy.toml` for everybody to read.
    pub fn open(name: &str, value: &str) -> Self {
        let hash =
            parts(&[FORM, name, value]).fold(Sha256::new(), |hash, part| hash.chain_update(part));
        Self(format!("sha256:{}", hex::encode(hash.finalize())))
    }

    /// Of a value that holds a secret.
    pub fn keyed(key: &Key, name: &str, value: &Secret) -> Self {
        Self(format!("hmac-sha256:{}", hex::encode(mac(&key.0, &[name, value.expose()]))))
    }

    /// What is left beside the value.
    pub fn comment(&self) -> String {
        format!("{MARK} {}", self.0)
    }

    /// The text that tells it from others.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl<'a> Written<'a> {
    /// What a comment says; `None` if it is not ours.
    pub fn read(comment: Option<&'a str>) -> Option<Self> {
        let mut words = comment?.split_whitespace();
        words.next().filter(|it| *it == MARK)?;
        let mut written = Self { print: None, at: None };
        for word in words {
            match word.strip_prefix(AT) {
                Some(moment) => written.at = moment.parse().ok(),
                None => written.print = written.print.or(Some(word)),
            }
        }
        Some(written)
    }

    /// Whether a row that was changed last at `changed` was left alone since it was written.
    pub fn is_left_alone(&self, changed: Moment) -> bool {
        self.at.is_some_and(|at| changed.seconds_since(at) <= GRACE)
    }
}

/// A comment of ours, written at `at`; another's stays as it is.
pub fn stamped(comment: &str, at: Moment) -> String {
    match Written::read(Some(comment)) {
        None => comment.to_owned(),
        Some(Written { print: None, .. }) => format!("{MARK} {AT}{at}"),
        Some(Written { print: Some(print), .. }) => format!("{MARK} {print} {AT}{at}"),
    }
}

/// Whether a comment or a description says that something is ours.
pub fn is_ours(comment: Option<&str>) -> bool {
    comment.is_some_and(|it| it.split_whitespace().next() == Some(MARK))
}

/// Each part behind its length, so that no two lists read the same.
fn parts<'a>(parts: &'a [&str]) -> impl Iterator<Item = Vec<u8>> + 'a {
    parts.iter().map(|part| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat())
}

fn mac(key: &[u8], message: &[&str]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    let mac = parts(message).fold(mac, |mac, part| mac.chain_update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str, owner: &str) -> Key {
        Key::of(&Secret::new(secret), owner)
    }

    #[test]
    fn a_fingerprint_tells_values_names_owners_and_keys_apart_and_shows_none() {
        let value = Secret::new("hunter2");
        let of = |secret, owner, name| Fingerprint::keyed(&key(secret, owner), name, &value);
        let one = of("postgres://a", "nutri/production", "JWT_SECRET");
        assert_eq!(one, of("postgres://a", "nutri/production", "JWT_SECRET"));
        for other in [
            of("postgres://b", "nutri/production", "JWT_SECRET"),
            of("postgres://a", "nutri/staging", "JWT_SECRET"),
            of("postgres://a", "nutri/production", "OTHER"),
        ] {
            assert_ne!(one, other);
        }
        assert!(!one.comment().contains("hunter2") && one.comment().len() <= 256);
        assert_ne!(Fingerprint::open("A", "BC"), Fingerprint::open("AB", "C"));
        assert!(!format!("{:?}", key("postgres://a", "x")).contains("postgres"));
    }

    #[test]
    fn a_comment_says_what_was_written_and_when() {
        let moment = |text: &str| text.parse::<Moment>().unwrap();
        let at = moment("2026-11-27T00:00:00Z");
        let print = Fingerprint::open("A", "b");
        let comment = stamped(&print.comment(), at);
        assert!(comment.len() <= 256, "{comment}");
        let written = Written::read(Some(&comment)).unwrap();
        assert_eq!((written.print, written.at), (Some(print.text()), Some(at)));
        assert_eq!(stamped(&comment, at), comment, "stamped once");
        for (changed, is_left) in [
            ("2026-11-26T00:00:00Z", true),
            ("2026-11-27T00:00:30Z", true),
            ("2026-11-27T00:00:31Z", false),
        ] {
            assert_eq!(written.is_left_alone(moment(changed)), is_left, "{changed}");
        }
        let bare = stamped(MARK, at);
        let bare = Written::read(Some(&bare)).unwrap();
        assert_eq!((bare.print, bare.at), (None, Some(at)));
        assert!(!Written::read(Some("xtask sha256:00")).unwrap().is_left_alone(at));
        assert_eq!(Written::read(Some("mine at=2026-11-27T00:00:00Z")), None);
        assert_eq!(stamped("mine", at), "mine");
    }

    #[test]
    fn what_is_ours_says_so_with_its_first_word() {
        let ours = ["xtask", "xtask sha256:00", "xtask nutri/production"];
        assert!(ours.iter().all(|it| is_ours(Some(it))));
        assert!(![None, Some(""), Some("by xtask"), Some("xtasks")].iter().any(|it| is_ours(*it)));
    }
}
