//! A text under a passphrase, as `age --passphrase --armor` writes and reads it: what protects a
//! private key on a disk.
//!
//! Of the format (age-encryption.org/v1) only its passphrase recipient and one chunk are used, so
//! its own crate, with seventy more, is not. The ciphers are ring's.

use super::key::unpem;
use crate::error::{Failure, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hkdf, hmac};
use xtask_core::secret::Secret;

const LABEL: &str = "AGE ENCRYPTED FILE";
const VERSION: &str = "age-encryption.org/v1";
/// Chunks are longer only in files that hold no keys.
const CHUNK_MAX: usize = 64 << 10;
/// 64 MiB and a fraction of a second for each guess.
pub const WORK: u8 = 16;
/// More would be an attack on our memory.
const WORK_MAX: u8 = 20;

/// Whether `text` is sealed.
pub fn is_sealed(text: &str) -> bool {
    text.trim_start().starts_with(&format!("-----BEGIN {LABEL}-----"))
}

/// Seals `text`; each step of `work` doubles what a guess costs.
pub fn seal(text: &Secret, passphrase: &Secret, work: u8) -> Result<String> {
    assert!(text.expose().len() < CHUNK_MAX, "only keys are sealed");
    let [file_key, salt, nonce] = [random()?, random()?, random()?];
    let wrapping = stretch(passphrase, &salt, work).ok_or_else(broken)?;
    let mut body = file_key.to_vec();
    chacha(&wrapping, [0; 12])
        .and_then(|(key, nonce)| key.seal_in_place_append_tag(nonce, Aad::empty(), &mut body).ok())
        .ok_or_else(broken)?;
    let (salt, body) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(body));
    let head = format!("{VERSION}\n-> scrypt {salt} {work}\n{body}\n---");
    let tag = hmac::sign(&mac_key(&file_key), head.as_bytes());
    let head = format!("{head} {}\n", STANDARD_NO_PAD.encode(tag));
    let mut payload = text.expose().as_bytes().to_vec();
    chacha(&derive(&file_key, &nonce, b"payload"), LAST)
        .and_then(|(key, nonce)| {
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut payload).ok()
        })
        .ok_or_else(broken)?;
    Ok(armor(&[head.as_bytes(), &nonce, &payload].concat()))
}

/// Opens what was sealed; `name` is how messages call it.
pub fn open(name: &str, text: &str, passphrase: &Secret) -> Result<Secret> {
    let refuse = |why: &str| Failure::refused(format!("cannot open key `{name}`: {why}"));
    let sealed = Sealed::parse(text);
    let sealed = sealed.ok_or_else(|| refuse("it is no age file with a passphrase alone"))?;
    let opened = sealed.open(passphrase);
    opened.ok_or_else(|| refuse("another passphrase sealed it, or it was changed"))
}

/// The nonce of the first chunk when it is the last as well.
const LAST: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// The parts of a sealed text.
struct Sealed {
    salt: [u8; 16],
    work: u8,
    body: Vec<u8>,
    head: String,
    tag: Vec<u8>,
    nonce: [u8; 16],
    payload: Vec<u8>,
}

impl Sealed {
    fn parse(text: &str) -> Option<Self> {
        let bytes = unpem(LABEL, text)?;
        let mark = bytes.windows(5).position(|window| window == b"\n--- ")?;
        let end = mark + 5 + bytes[mark + 5..].iter().position(|byte| *byte == b'\n')?;
        let head = String::from_utf8(bytes[..mark + 4].to_vec()).ok()?;
        let tag = STANDARD_NO_PAD.decode(&bytes[mark + 5..end]).ok()?;
        let mut lines = head.lines();
        if lines.next() != Some(VERSION) {
            return None;
        }
        let recipient = lines.next()?.strip_prefix("-> scrypt ")?;
        let (salt, work) = recipient.split_once(' ')?;
        let (salt, work) = (STANDARD_NO_PAD.decode(salt).ok()?, work.parse().ok()?);
        let body = STANDARD_NO_PAD.decode(lines.next()?).ok()?;
        if lines.next() != Some("---") || work > WORK_MAX {
            return None;
        }
        let (nonce, payload) = bytes[end + 1..].split_at_checked(16)?;
        let (salt, nonce) = (salt.try_into().ok()?, nonce.try_into().ok()?);
        let payload = payload.to_vec();
        Some(Self { salt, work, body, tag, nonce, payload, head })
    }

    fn open(mut self, passphrase: &Secret) -> Option<Secret> {
        let (key, nonce) = chacha(&stretch(passphrase, &self.salt, self.work)?, [0; 12])?;
        let file_key = key.open_in_place(nonce, Aad::empty(), &mut self.body).ok()?;
        let file_key: [u8; 16] = (&*file_key).try_into().ok()?;
        hmac::verify(&mac_key(&file_key), self.head.as_bytes(), &self.tag).ok()?;
        let (key, nonce) = chacha(&derive(&file_key, &self.nonce, b"payload"), LAST)?;
        let text = key.open_in_place(nonce, Aad::empty(), &mut self.payload).ok()?;
        Some(Secret::new(String::from_utf8(text.to_vec()).ok()?))
    }
}

fn stretch(passphrase: &Secret, salt: &[u8; 16], work: u8) -> Option<[u8; 32]> {
    let salt = [format!("{VERSION}/scrypt").as_bytes(), salt].concat();
    let mut key = [0; 32];
    let parameters = scrypt::Params::new(work, 8, 1, 32).ok()?;
    scrypt::scrypt(passphrase.expose().as_bytes(), &salt, &parameters, &mut key).ok()?;
    Some(key)
}

fn derive(file_key: &[u8; 16], salt: &[u8], purpose: &[u8]) -> [u8; 32] {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(file_key);
    let mut key = [0; 32];
    let purposes = [purpose];
    let expanded = extracted.expand(&purposes, hkdf::HKDF_SHA256);
    expanded.and_then(|it| it.fill(&mut key)).expect("32 bytes are what SHA-256 gives");
    key
}

fn mac_key(file_key: &[u8; 16]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derive(file_key, &[], b"header"))
}

/// Every key is used once, so that no nonce can come twice.
fn chacha(key: &[u8; 32], nonce: [u8; 12]) -> Option<(LessSafeKey, Nonce)> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?);
    Some((key, Nonce::assume_unique_for_key(nonce)))
}

fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

fn broken() -> Failure {
    Failure::outside("failed to seal a key: there is no randomness, or too little memory")
}

fn armor(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {LABEL}-----\n{}\n-----END {LABEL}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> String {
        seal(&Secret::new("a private key\n"), &Secret::new("correct horse"), 8).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        let text = sealed();
        assert!(is_sealed(&text) && !text.contains("private key"));
        let opened = open("k", &text, &Secret::new("correct horse")).unwrap();
        assert_eq!(opened.expose(), "a private key\n");
        let error = open("k", &text, &Secret::new("battery")).unwrap_err().to_string();
        assert!(error.contains("cannot open key `k`: another passphrase sealed it"), "{error}");
        assert_ne!(sealed(), text, "no two are alike");
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let bytes = unpem(LABEL, &sealed()).unwrap();
        for at in (0..bytes.len()).step_by(3) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let text = armor(&changed);
            assert!(open("k", &text, &Secret::new("correct horse")).is_err(), "byte {at}");
        }
        for end in [0, 10, bytes.len() - 1] {
            assert!(open("k", &armor(&bytes[..end]), &Secret::new("correct horse")).is_err());
        }
    }
}
