//! Keys: Ed25519 to sign with, Ed25519 or ECDSA P-256 to check with, in the PEM forms that
//! `openssl` and `cosign` read and write.
//!
//! Ed25519, because its signatures are the same each time: what was signed twice is one blob.

mod form;
#[cfg(test)]
mod tests;

use crate::error::{Context as _, Failure, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use form::Kind;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
    VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};
use xtask_core::secret::Secret;
use xtask_core::trust::attestation::Verifier;

const KEYGEN: &str = "`cargo xtask image keygen` makes one that we use";
const PUBLIC_HALF: &str = "`openssl pkey -in PRIVATE -pubout` writes the public half of a key";

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
}

impl SigningKey {
    /// Makes a new private key, as PEM.
    pub fn generate() -> Result<Secret> {
        let mut seed = [0; 32];
        let filled = SystemRandom::new().fill(&mut seed);
        filled.map_err(|_| Failure::outside("failed to make a key: there is no randomness"))?;
        Ok(form::write_private(&seed))
    }

    /// Reads a private key; `name` is how messages call it.
    pub fn parse(name: &str, text: &Secret) -> Result<Self> {
        let cannot = || format!("cannot use key `{name}`");
        let read = form::read_private(text.expose()).or_usage(cannot);
        let (seed, public) = read.map_err(|failure| failure.hint(KEYGEN))?;
        let pair = match public {
            None => Ed25519KeyPair::from_seed_unchecked(&seed),
            Some(public) => Ed25519KeyPair::from_seed_and_public_key(&seed, &public),
        };
        let pair = pair.map_err(|_| {
            Failure::usage(cannot()).reason("its private and public keys are not of one pair")
        })?;
        let point = pair.public_key().as_ref().to_vec();
        Ok(Self { public: PublicKey::of(name, Kind::Ed25519, point), pair })
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
        let read = form::read_public(text).or_usage(|| format!("cannot use key `{name}`"));
        let (kind, point) = read.map_err(|failure| failure.hint(PUBLIC_HALF))?;
        Ok(Self::of(name, kind, point))
    }

    fn of(name: &str, kind: Kind, point: Vec<u8>) -> Self {
        let hint = STANDARD.encode(Sha256::digest(form::public_der(kind, &point)));
        let id = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(ssh(kind, &point))));
        Self { name: name.to_owned(), hint, id, kind, point }
    }

    /// It in PEM.
    pub fn pem(&self) -> String {
        form::write_public(self.kind, &self.point)
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
