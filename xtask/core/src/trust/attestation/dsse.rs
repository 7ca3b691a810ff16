//! DSSE 1.0: bytes, what they are, and signatures over both together.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Signed bytes with their type. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The bytes, in base64.
    payload: String,
    /// What the bytes are.
    pub payload_type: String,
    /// Who signed them.
    pub signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// A hint at the key; never trusted.
    #[serde(default)]
    pub keyid: String,
    /// The signature, in base64.
    sig: String,
}

/// Something in an envelope is not base64.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("its {0} is not base64")]
pub struct NotBase64(&'static str);

impl Envelope {
    /// `payload` with what `sign`, whose key is called `key_id`, makes of its encoding.
    pub fn sign(
        payload_type: &str,
        payload: &[u8],
        key_id: &str,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Self {
        let sig = STANDARD.encode(sign(&encoding(payload_type, payload)));
        Self {
            payload: STANDARD.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![Signature { keyid: key_id.to_owned(), sig }],
        }
    }

    /// The bytes that were signed for.
    pub fn payload(&self) -> Result<Vec<u8>, NotBase64> {
        STANDARD.decode(&self.payload).map_err(|_| NotBase64("payload"))
    }
}

impl Signature {
    /// The signature's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, NotBase64> {
        STANDARD.decode(&self.sig).map_err(|_| NotBase64("signature"))
    }
}

/// What is really signed: type and payload, each with its length, so that neither can pass for
/// the other.
pub fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let found = encoding("http://example.com/HelloWorld", b"hello world");
        let wanted = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(String::from_utf8(found).unwrap(), wanted);
        assert_eq!(encoding("é", b""), "DSSEv1 2 é 0 ".as_bytes(), "lengths are in bytes");
    }

    #[test]
    fn an_envelope_is_signed_over_its_encoding_and_reads_back() {
        let envelope = Envelope::sign("t", b"hello", "k", <[u8]>::to_vec);
        assert_eq!(envelope.signatures[0].bytes(), Ok(b"DSSEv1 1 t 5 hello".to_vec()));
        let text = serde_json::to_string(&envelope).unwrap();
        let read: Envelope = serde_json::from_str(&text).unwrap();
        assert_eq!((read.payload(), &read), (Ok(b"hello".to_vec()), &envelope));
        let older: Envelope = serde_json::from_str(&text.replace(r#""keyid":"k","#, "")).unwrap();
        assert_eq!(older.signatures[0].keyid, "", "an id may be left out");
        let broken: Envelope = serde_json::from_str(&text.replace("aGVsbG8=", "aGVsb*8=")).unwrap();
        assert_eq!(broken.payload(), Err(NotBase64("payload")));
    }
}
