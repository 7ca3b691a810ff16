//! Keys: Ed25519 to sign with, Ed25519 or ECDSA P-256 to check with, in the PEM forms that
//! `openssl` and `cosign` read and write.
//!
//! Ed25519, because its signatures are the same each time: what was signed twice is one blob.

use crate::error::{Failure, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
    VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};
use xtask_core::attestation::Verifier;
use xtask_core::secret::Secret;

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 3, 0x21, 0];
/// What stands before the 32 bytes of a seed in PKCS #8 (RFC 8410). ring writes a newer form, which
/// other readers do not take.
const SEED_HEAD: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the 65 bytes of an uncompressed P-256 point (RFC 5480).
const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A key that signs.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// A key that checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    hint: String,
    id: String,
    kind: Kind,
    point: Vec<u8>,
    info: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ed25519,
    P256,
}

impl SigningKey {
    /// Makes a new private key, as PEM.
    pub fn generate() -> Result<Secret> {
        let mut seed = [0; 32];
        let filled = SystemRandom::new().fill(&mut seed);
        filled.map_err(|_| Failure::outside("failed to make a key: there is no randomness"))?;
        Ok(Secret::new(pem("PRIVATE KEY", &[SEED_HEAD.as_slice(), &seed].concat())))
    }

    /// Reads a private key; `name` is how messages call it.
    pub fn parse(name: &str, text: &Secret) -> Result<Self> {
        let refuse = |why: &str| Failure::usage(format!("cannot use key `{name}`: {why}"));
        let wanted = "it is no private key in PEM (`BEGIN PRIVATE KEY`)";
        let bytes = unpem("PRIVATE KEY", text.expose()).ok_or_else(|| refuse(wanted))?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes).map_err(|_| {
            refuse("it is not an Ed25519 key").hint("`cargo xtask image keygen` makes one")
        })?;
        let info = [ED25519_HEAD.as_slice(), pair.public_key().as_ref()].concat();
        let public = PublicKey::of(name, info).ok_or_else(|| refuse(wanted))?;
        Ok(Self { pair, public })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature over `bytes`.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }
}

impl PublicKey {
    /// Reads a public key; `name` is how messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let key = unpem("PUBLIC KEY", text).and_then(|info| Self::of(name, info));
        key.ok_or_else(|| {
            Failure::usage(format!("cannot use key `{name}`: it is no public key that we check"))
                .reason("wanted PEM (`BEGIN PUBLIC KEY`) with an Ed25519 or an ECDSA P-256 key")
        })
    }

    fn of(name: &str, info: Vec<u8>) -> Option<Self> {
        let ed25519 = info.strip_prefix(&ED25519_HEAD).filter(|point| point.len() == 32);
        let p256 = info.strip_prefix(&P256_HEAD).filter(|point| point.len() == 65);
        let (kind, point) = match (ed25519, p256) {
            (Some(point), _) => (Kind::Ed25519, point.to_vec()),
            (_, Some(point)) => (Kind::P256, point.to_vec()),
            _ => return None,
        };
        let hint = STANDARD.encode(Sha256::digest(&info));
        let id = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(ssh(kind, &point))));
        Some(Self { name: name.to_owned(), hint, id, kind, point, info })
    }

    /// It in PEM.
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.info)
    }
}

impl Verifier for PublicKey {
    fn name(&self) -> &str {
        &self.name
    }

    /// As cosign names keys in bundles: the digest of the whole key in base64.
    fn hint(&self) -> &str {
        &self.hint
    }

    /// The fingerprint that `ssh-keygen -l` shows. go-securesystemslib, and with it cosign, makes
    /// this id of a key that has none, and passes over signatures with any other.
    fn key_id(&self) -> &str {
        &self.id
    }

    fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.kind {
            Kind::Ed25519 => &ED25519,
            Kind::P256 => &ECDSA_P256_SHA256_ASN1,
        };
        UnparsedPublicKey::new(algorithm, &self.point).verify(bytes, signature).is_ok()
    }
}

/// A key as SSH writes it (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
fn ssh(kind: Kind, point: &[u8]) -> Vec<u8> {
    let parts: &[&[u8]] = match kind {
        Kind::Ed25519 => &[b"ssh-ed25519", point],
        Kind::P256 => &[b"ecdsa-sha2-nistp256", b"nistp256", point],
    };
    let length = |part: &[u8]| u32::try_from(part.len()).expect("a key is short").to_be_bytes();
    parts.iter().flat_map(|part| [&length(part), *part].concat()).collect()
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The bytes between the lines that say `label`.
fn unpem(label: &str, text: &str) -> Option<Vec<u8>> {
    let rest = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let inside = rest.strip_suffix(&format!("-----END {label}-----"))?;
    let inside: String = inside.split_whitespace().collect();
    STANDARD.decode(inside).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410 §10.3: the private key of RFC 8032's examples in PKCS #8, and its public half.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    fn key() -> SigningKey {
        SigningKey::parse("test", &Secret::new(PRIVATE)).unwrap()
    }

    /// RFC 8032 §7.1, test 1: the empty message.
    #[test]
    fn signs_as_the_rfc_says() {
        let key = key();
        let point = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(hex::encode(&key.public().point), point);
        let wanted = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a3\
            3bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        assert_eq!(hex::encode(key.sign(b"")), wanted);
        assert!(key.public().has_signed(b"", &key.sign(b"")));
        assert!(!key.public().has_signed(b"x", &key.sign(b"")));
    }

    #[test]
    fn a_public_key_reads_back_and_is_hinted_at_by_its_digest() {
        let public = key().public().clone();
        let read = PublicKey::parse("test", &public.pem()).unwrap();
        assert_eq!((&read, read.hint().len()), (&public, 44));
        // As `ssh-keygen -l` says it of the same key.
        assert_eq!(read.key_id(), "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
    }

    /// The public key and signature of RFC 6979 §A.2.5, message `sample`, SHA-256.
    #[test]
    fn checks_p256_too_which_cosign_makes() {
        let point = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe10\
            08b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
        let info = [P256_HEAD.as_slice(), &hex::decode(point).unwrap()].concat();
        let key = PublicKey::parse("p256", &pem("PUBLIC KEY", &info)).unwrap();
        assert_eq!(key.key_id(), "SHA256:hfuNWmjIYvsBGZ6dpCLTTAEa5LxbZABRHHVoynAxFlo");
        let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
        let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        let signature = hex::decode(format!("3046022100{r}022100{s}")).unwrap();
        assert!(key.has_signed(b"sample", &signature));
        assert!(!key.has_signed(b"other", &signature));
    }

    #[test]
    fn a_made_key_signs_and_what_is_no_key_is_refused_without_repeating_it() {
        let made = SigningKey::generate().unwrap();
        SigningKey::parse("made", &made).unwrap();
        for text in ["hunter2", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            let error = SigningKey::parse("env:KEY", &Secret::new(text)).err().unwrap();
            let said = error.to_string();
            assert!(said.contains("`env:KEY`") && !said.contains("hunter2"), "{said}");
        }
        assert!(PublicKey::parse("x", PRIVATE).is_err(), "a private key is no public one");
    }
}
