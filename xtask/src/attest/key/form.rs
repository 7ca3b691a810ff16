//! The forms of keys in files: PKCS #8 and SubjectPublicKeyInfo, in PEM (RFC 5958, 5280, 7468).
//!
//! No error of this module repeats what it read.

use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::pem::LineEnding;
use pkcs8::der::{Decode as _, Encode as _, SecretDocument};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfo};
use xtask_core::secret::Secret;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// RFC 8410 §3, and RFC 5480 §2.1.1 with the curve that is its parameter.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// What other keys are called.
const OTHERS: [(ObjectIdentifier, &str); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"), "RSA"),
    (ObjectIdentifier::new_unwrap("1.3.101.110"), "X25519"),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "Ed448"),
    (EC, "ECDSA"),
];

/// A key of a kind that we check with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ed25519,
    P256,
}

/// Why a text is no key that we use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    #[error("it is not PEM: wanted a `-----BEGIN {0}-----` block of lines of 64 letters")]
    Pem(&'static str),
    #[error("it has several PEM blocks; wanted `{0}` alone")]
    Several(&'static str),
    #[error("something stands before or behind its PEM block")]
    Around,
    #[error("its PEM block is another one; wanted `{0}`, as `openssl pkey` writes it")]
    Label(&'static str),
    #[error("its PEM block is encrypted; wanted a plain one, or one encrypted by `image keygen`")]
    Encrypted,
    #[error("its bytes are damaged, or no key in the form that `{0}` has")]
    Bytes(&'static str),
    #[error("it is a key for {0}; wanted {1}")]
    Algorithm(&'static str, &'static str),
}

/// The seed of an Ed25519 key, in a private file. The older form of RFC 8410, without the public
/// half, is the one that every reader takes.
pub(super) fn write_private(seed: &[u8; 32]) -> Secret {
    let pem = || {
        let seed = OctetStringRef::new(seed)?.to_der()?;
        let algorithm = AlgorithmIdentifierRef { oid: ED25519, parameters: None };
        let document = SecretDocument::try_from(PrivateKeyInfo::new(algorithm, &seed))?;
        Ok::<_, pkcs8::Error>(document.to_pem(PRIVATE, LineEnding::LF)?)
    };
    Secret::new(pem().expect("32 bytes are always a key").as_str())
}

/// The seed in a private file, and the public half where it is told.
pub(super) fn read_private(text: &str) -> Result<([u8; 32], Option<Vec<u8>>), FormError> {
    let document = unwrap(PRIVATE, text)?;
    let damaged = || FormError::Bytes(PRIVATE);
    let key = PrivateKeyInfo::try_from(document.as_bytes()).map_err(|_| damaged())?;
    if key.algorithm.oid != ED25519 {
        return Err(FormError::Algorithm(name(&key.algorithm), "Ed25519"));
    }
    let seed = OctetStringRef::from_der(key.private_key).map_err(|_| damaged())?;
    let seed = seed.as_bytes().try_into().map_err(|_| damaged())?;
    match key.algorithm.parameters {
        None => Ok((seed, key.public_key.map(<[u8]>::to_vec))),
        Some(_) => Err(damaged()),
    }
}

/// A public key in DER.
pub(super) fn public_der(kind: Kind, point: &[u8]) -> Vec<u8> {
    let algorithm = match kind {
        Kind::Ed25519 => AlgorithmIdentifierRef { oid: ED25519, parameters: None },
        Kind::P256 => AlgorithmIdentifierRef { oid: EC, parameters: Some((&P256).into()) },
    };
    let der = || {
        let subject_public_key = BitStringRef::from_bytes(point)?;
        SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der()
    };
    der().expect("a point is always a key")
}

/// A public key in PEM.
pub(super) fn write_public(kind: Kind, point: &[u8]) -> String {
    let document = SecretDocument::try_from(public_der(kind, point));
    let pem = document.and_then(|document| document.to_pem(PUBLIC, LineEnding::LF));
    pem.expect("what we encoded is always DER").to_string()
}

/// The kind and the point of a public key.
pub(super) fn read_public(text: &str) -> Result<(Kind, Vec<u8>), FormError> {
    let document = unwrap(PUBLIC, text)?;
    let damaged = || FormError::Bytes(PUBLIC);
    let key = SubjectPublicKeyInfoRef::try_from(document.as_bytes()).map_err(|_| damaged())?;
    let (kind, length) = match key.algorithm.oids().map_err(|_| damaged())? {
        (ED25519, None) => (Kind::Ed25519, 32),
        (EC, Some(P256)) => (Kind::P256, 65),
        _ => {
            let wanted = "Ed25519 or ECDSA on the curve P-256";
            return Err(FormError::Algorithm(name(&key.algorithm), wanted));
        }
    };
    let point = key.subject_public_key.as_bytes().filter(|point| point.len() == length);
    Ok((kind, point.ok_or_else(damaged)?.to_vec()))
}

fn name(algorithm: &AlgorithmIdentifierRef<'_>) -> &'static str {
    let known = OTHERS.iter().find(|(oid, _)| *oid == algorithm.oid);
    known.map_or("something else", |(_, name)| *name)
}

/// What one PEM block called `label` holds, where nothing else stands. Line ends may be Windows'.
fn unwrap(label: &'static str, text: &str) -> Result<SecretDocument, FormError> {
    let text = text.trim();
    if text.matches("-----BEGIN ").count() > 1 {
        return Err(FormError::Several(label));
    }
    match text.find("-----BEGIN ") {
        None => return Err(FormError::Pem(label)),
        Some(0) if text.ends_with("-----") => {}
        Some(_) => return Err(FormError::Around),
    }
    let found = pkcs8::der::pem::decode_label(text.as_bytes());
    match found.map_err(|_| FormError::Pem(label))? {
        found if found == label => {}
        "ENCRYPTED PRIVATE KEY" => return Err(FormError::Encrypted),
        _ => return Err(FormError::Label(label)),
    }
    let decoded = SecretDocument::from_pem(text);
    let (_, document) = decoded.map_err(|error| match error.kind() {
        pkcs8::der::ErrorKind::Pem(_) => FormError::Pem(label),
        _ => FormError::Bytes(label),
    })?;
    Ok(document)
}
