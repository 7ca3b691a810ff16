//! A text under a passphrase, in the age format: what protects a private key on a disk, and what
//! `age` itself opens and writes (`age --passphrase --armor`).

use crate::error::{Failure, Result, code};
use age::DecryptError;
use age::scrypt::{Identity, Recipient};
use age::secrecy::SecretString;
use xtask_core::secret::Secret;

const HEAD: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
/// 64 MiB and a fraction of a second for each guess.
pub const WORK: u8 = 16;
/// More would be an attack on our memory.
const WORK_MAX: u8 = 20;

/// Whether a file is encrypted, with armor or without.
pub fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/v1\n")
        || bytes.trim_ascii_start().starts_with(HEAD.as_bytes())
}

/// Whether `text` is encrypted.
pub fn is_encrypted(text: &str) -> bool {
    text.trim_start().starts_with(HEAD)
}

/// Encrypts `text`; each step of `work` doubles what a guess costs.
pub fn encrypt(text: &Secret, passphrase: &Secret, work: u8) -> Result<String> {
    let mut recipient = Recipient::new(secret(passphrase));
    recipient.set_work_factor(work);
    age::encrypt_and_armor(&recipient, text.expose().as_bytes())
        .map_err(|error| Failure::outside("failed to encrypt a key").because(&error))
}

/// Opens what was encrypted; `name` is how messages call it.
pub fn open(name: &str, text: &str, passphrase: &Secret) -> Result<Secret> {
    open_bytes(name, text.trim().as_bytes(), passphrase)
}

/// The same, of a file that may be without armor.
pub fn open_bytes(name: &str, bytes: &[u8], passphrase: &Secret) -> Result<Secret> {
    let refuse = |why: &str| {
        Failure::refused(format!("cannot open key `{name}`: {why}")).code(&code::KEY_UNUSABLE)
    };
    let mut identity = Identity::new(secret(passphrase));
    identity.set_max_work_factor(WORK_MAX);
    let opened = age::decrypt(&identity, bytes).map_err(|error| match error {
        DecryptError::ExcessiveWork { required, .. } => refuse(&format!(
            "it asks for 2^{required} steps of work, and at most 2^{WORK_MAX} are done"
        )),
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::InvalidMac => refuse("another passphrase encrypted it, or it was changed"),
        _ => refuse("it is no age file with a passphrase alone, or it was changed"),
    })?;
    let opened = String::from_utf8(opened).map_err(|_| refuse("what is in it is no text"))?;
    Ok(Secret::new(opened))
}

fn secret(passphrase: &Secret) -> SecretString {
    SecretString::from(passphrase.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn encrypted() -> String {
        encrypt(&Secret::new("a private key\n"), &Secret::new("correct horse"), 8).unwrap()
    }

    fn armor(bytes: &[u8]) -> String {
        let text = STANDARD.encode(bytes);
        let lines: Vec<&str> =
            (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
        format!("{HEAD}\n{}\n-----END AGE ENCRYPTED FILE-----\n", lines.join("\n"))
    }

    #[test]
    fn what_is_encrypted_opens_with_its_passphrase_only() {
        let text = encrypted();
        assert!(is_encrypted(&text) && !text.contains("private key"));
        let opened = open("k", &text, &Secret::new("correct horse")).unwrap();
        assert_eq!(opened.expose(), "a private key\n");
        let error = open("k", &text, &Secret::new("battery")).unwrap_err().to_string();
        assert!(error.contains("cannot open key `k`: another passphrase encrypted it"), "{error}");
        assert_ne!(encrypted(), text, "no two are alike");
    }

    /// The vector `scrypt` of the test kit of the format (c2sp.org/CCTV/age).
    #[test]
    fn a_vector_of_the_format_opens() {
        let vector = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCByRjAvTndibFVISFRwZ1FnUnBlNUNRIDEw\
            CmdVakV5bUZLTVZYUUVLZE1NSEwyNG9ZZXhqRTNUSUMwTzB6R1NxSjJhVVkKLS0tIElPWGlRWVN0a29UMW12WlcydE\
            ZPcVpkaFJWdmo1OGVnQUJ4L3NXZlpRYmMKGzXG5ofdANo6w3msn3QsIf0YWhuePe1znRSsappQEk24Ztg=";
        let text = armor(&STANDARD.decode(vector).unwrap());
        let opened = open("vector", &text, &Secret::new("password")).unwrap();
        assert_eq!(opened.expose(), "age");
    }

    #[test]
    fn work_beyond_measure_is_refused_before_it_is_done() {
        let text = encrypted();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let bytes = STANDARD.decode(body).unwrap();
        let head = String::from_utf8_lossy(&bytes).replacen(" 8\n", " 23\n", 1);
        let end = head.find("---").unwrap();
        let changed = [&head.as_bytes()[..end], &bytes[end - 1..]].concat();
        let error = open("k", &armor(&changed), &Secret::new("x")).unwrap_err().to_string();
        assert!(error.contains("it asks for 2^23 steps of work"), "{error}");
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let text = encrypted();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let bytes = STANDARD.decode(body).unwrap();
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
