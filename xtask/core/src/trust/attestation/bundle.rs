//! The Sigstore bundle v0.3 with a key of our own: an envelope, and a hint at the key. There is no
//! log entry and no certificate, so there is nothing in it that needs a network.

use super::{BUNDLE_TYPE, Envelope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An envelope and what it is checked with. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: String,
    verification_material: Material,
    /// What is signed.
    pub dsse_envelope: Envelope,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<Hint>,
    /// None of ours, though some readers want the list; those of others are never believed.
    #[serde(default)]
    tlog_entries: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hint {
    #[serde(default)]
    hint: String,
}

/// The bytes are no bundle that we can check.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// They are not of that form.
    #[error("it is no bundle with an envelope")]
    Form(#[from] serde_json::Error),
    /// They are of another version.
    #[error("it is a `{0}`, wanted `{BUNDLE_TYPE}`")]
    Version(String),
}

impl Bundle {
    /// A bundle whose key is hinted at by `hint`.
    pub fn new(dsse_envelope: Envelope, hint: &str) -> Self {
        let public_key = Some(Hint { hint: hint.to_owned() });
        let verification_material = Material { public_key, tlog_entries: Vec::new() };
        Self { media_type: BUNDLE_TYPE.to_owned(), verification_material, dsse_envelope }
    }

    /// Reads a bundle.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let bundle: Self = serde_json::from_slice(bytes)?;
        if bundle.media_type == BUNDLE_TYPE {
            return Ok(bundle);
        }
        Err(BundleError::Version(bundle.media_type))
    }

    /// What it says about its key, which may be anything.
    pub fn hint(&self) -> Option<&str> {
        self.verification_material.public_key.as_ref().map(|key| key.hint.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_has_these_bytes_and_reads_back() {
        let bundle = Bundle::new(Envelope::sign("t", b"hello", "id", |_| b"sig".to_vec()), "key");
        let text = serde_json::to_string(&bundle).unwrap();
        let wanted = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"key"},"tlogEntries":[]},"dsseEnvelope":{"payload":"aGVsbG8=","payloadType":"t","signatures":[{"keyid":"id","sig":"c2ln"}]}}"#;
        assert_eq!(text, wanted);
        assert_eq!(Bundle::parse(text.as_bytes()).unwrap(), bundle);
        let older = text.replace("v0.3+json", "v0.1+json");
        assert!(matches!(Bundle::parse(older.as_bytes()), Err(BundleError::Version(_))));
        assert!(matches!(Bundle::parse(b"{}"), Err(BundleError::Form(_))));
    }
}
