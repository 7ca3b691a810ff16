//! Whether a bundle is to be believed: by a known key, about this image under this name, unchanged.

use super::bundle::{Bundle, BundleError};
use super::dsse::{self, NotBase64};
use super::statement::{Statement, StatementError};
use super::{PAYLOAD_TYPE, predicate};
use crate::digest::Digest;

/// A public key, to who only wants to know whether it signed.
pub trait Verifier {
    /// What people call it.
    fn name(&self) -> &str;
    /// How bundles hint at it.
    fn hint(&self) -> &str;
    /// How signatures call it.
    fn key_id(&self) -> &str;
    /// Whether `signature` is this key's over `bytes`.
    fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool;
}

/// What a bundle should be about. Both have to fit: a repository may be given another image of
/// ours, with everything that is truly said about that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// What the image is called.
    pub name: &'a str,
    /// Its index, or a manifest in it.
    pub digest: Digest,
}

/// Why a bundle is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A part of it cannot be read.
    #[error(transparent)]
    Base64(#[from] NotBase64),
    /// It carries something else than a statement.
    #[error("its payload is a `{0}`, wanted `{PAYLOAD_TYPE}`")]
    PayloadType(String),
    /// Nobody signed it.
    #[error("it is not signed")]
    Unsigned,
    /// The key that it hints at is not one of ours.
    #[error("it is signed by another key: wanted {wanted}, found a hint at `{found}`")]
    OtherKey {
        /// The keys that would do.
        wanted: String,
        /// What it says about its key.
        found: String,
    },
    /// It hints at one of ours, and the signature is not that key's over these bytes.
    #[error("its signature is not that of key `{0}` over its payload: one of them was changed")]
    Changed(String),
    /// It is signed, and is no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It is signed, and about something else.
    #[error("it is about another subject: wanted `{wanted}`, found `{found}`")]
    OtherSubject {
        /// What it should be about.
        wanted: Digest,
        /// What it is about.
        found: String,
    },
    /// It is signed, and about an image of another name with these bytes.
    #[error("it is about an image of another name: wanted `{wanted}`, found `{found}`")]
    OtherName {
        /// What the image should be called.
        wanted: String,
        /// What it is called.
        found: String,
    },
    /// It is signed, and its content is not of the type that it names.
    #[error(transparent)]
    Predicate(#[from] predicate::PredicateError),
}

/// The statement in `bundle` and the key that signed it, if it is about what is `wanted` and one
/// of `keys` has signed it.
pub fn judge<'k, V: Verifier>(
    bundle: &[u8],
    wanted: Wanted<'_>,
    keys: &'k [V],
) -> Result<(Statement, &'k V), Refusal> {
    judge_all(bundle, wanted, keys).map(|(statement, signers)| (statement, signers[0]))
}

/// The same, with every key that signed it.
pub fn judge_all<'k, V: Verifier>(
    bundle: &[u8],
    wanted: Wanted<'_>,
    keys: &'k [V],
) -> Result<(Statement, Vec<&'k V>), Refusal> {
    let (statement, signers) = believe(bundle, keys)?;
    is_about(&statement, wanted)?;
    predicate::check(&statement, wanted.name)?;
    Ok((statement, signers))
}

/// The statement in `bundle` and every key of `keys` that signed it, one at least, whatever it is
/// about. A key that is there under two names is one key.
pub fn believe<'k, V: Verifier>(
    bundle: &[u8],
    keys: &'k [V],
) -> Result<(Statement, Vec<&'k V>), Refusal> {
    let bundle = Bundle::parse(bundle)?;
    let envelope = &bundle.dsse_envelope;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Refusal::PayloadType(envelope.payload_type.clone()));
    }
    if envelope.signatures.is_empty() {
        return Err(Refusal::Unsigned);
    }
    let payload = envelope.payload()?;
    let signers = signers(&bundle, &payload, keys)?;
    // Only what is signed is looked into.
    let statement = Statement::parse(&payload)?;
    predicate::check_form(&statement)?;
    Ok((statement, signers))
}

/// Refuses a statement that is about something else, or about these bytes under another name.
fn is_about(statement: &Statement, wanted: Wanted<'_>) -> Result<(), Refusal> {
    let names = statement.names_of(&wanted.digest);
    if names.contains(&wanted.name) {
        return Ok(());
    }
    if names.is_empty() {
        let found: Vec<String> = statement.subjects.iter().map(super::Subject::shown).collect();
        return Err(Refusal::OtherSubject { wanted: wanted.digest, found: found.join("`, `") });
    }
    Err(Refusal::OtherName { wanted: wanted.name.to_owned(), found: names.join("`, `") })
}

/// Whose signature is good. Ids and hints are not signed, so every key is tried on each; a
/// signature that cannot be read does not stand in the way of one beside it.
fn signers<'k, V: Verifier>(
    bundle: &Bundle,
    payload: &[u8],
    keys: &'k [V],
) -> Result<Vec<&'k V>, Refusal> {
    let envelope = &bundle.dsse_envelope;
    let bytes = dsse::encoding(&envelope.payload_type, payload);
    let (mut found, mut unread) = (Vec::<&V>::new(), None);
    for signature in &envelope.signatures {
        match signature.bytes() {
            Ok(signature) => {
                let signer = keys.iter().find(|key| key.has_signed(&bytes, &signature));
                found.extend(
                    signer.filter(|new| found.iter().all(|it| it.key_id() != new.key_id())),
                );
            }
            Err(error) => unread = Some(error),
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    if let Some(error) = unread {
        return Err(error.into());
    }
    let hint = bundle.hint().unwrap_or_default();
    let is_meant = |key: &&V| {
        key.hint() == hint || envelope.signatures.iter().any(|it| it.keyid == key.key_id())
    };
    if let Some(key) = keys.iter().find(is_meant) {
        return Err(Refusal::Changed(key.name().to_owned()));
    }
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name())).collect();
    Err(Refusal::OtherKey { wanted: names.join(" or "), found: hint.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::{Envelope, Subject};
    use super::*;
    use serde_json::json;

    /// Signs by repeating its name: enough to tell keys and bytes apart.
    struct Key(&'static str);

    impl Key {
        fn sign(&self, bytes: &[u8]) -> Vec<u8> {
            format!("{} {}", self.0, Digest::of(bytes)).into_bytes()
        }
    }

    impl Verifier for Key {
        fn name(&self) -> &str {
            self.0
        }

        fn hint(&self) -> &str {
            self.0
        }

        fn key_id(&self) -> &str {
            self.0
        }

        fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
            self.sign(bytes) == signature
        }
    }

    fn app() -> Wanted<'static> {
        Wanted { name: "app", digest: Digest::of(b"app") }
    }

    fn bundle(payload_type: &str, payload: &[u8]) -> String {
        let sign = |bytes: &[u8]| Key("ours").sign(bytes);
        let envelope = Envelope::sign(payload_type, payload, "ours", sign);
        serde_json::to_string(&Bundle::new(envelope, "ours")).unwrap()
    }

    fn statement(subject: &[u8]) -> Vec<u8> {
        let subjects = vec![Subject::new("app", &Digest::of(subject))];
        serde_json::to_vec(&Statement::new(subjects, "https://x/y", json!({"a": 1}))).unwrap()
    }

    fn refused(bundle: &str, keys: &[Key]) -> String {
        match judge(bundle.as_bytes(), app(), keys) {
            Ok(_) => panic!("believed: {bundle}"),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn what_one_of_our_keys_signed_about_this_image_is_believed() {
        let good = bundle(PAYLOAD_TYPE, &statement(b"app"));
        let keys = [Key("older"), Key("ours")];
        let (statement, key) = judge(good.as_bytes(), app(), &keys).unwrap();
        assert_eq!((statement.predicate_type.as_str(), key.name()), ("https://x/y", "ours"));
    }

    #[test]
    fn every_change_is_refused_with_what_is_wrong() {
        let good = bundle(PAYLOAD_TYPE, &statement(b"app"));
        let ours = [Key("ours")];
        let envelope = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value: serde_json::Value = serde_json::from_str(&good).unwrap();
            change(&mut value["dsseEnvelope"]);
            value.to_string()
        };
        let payload = |bytes: &[u8]| {
            let other = Envelope::sign(PAYLOAD_TYPE, bytes, "", |_| Vec::new());
            serde_json::to_value(other).unwrap()["payload"].clone()
        };
        let changed = "its signature is not that of key `ours` over its payload";
        let forged = envelope(&|it| it["payload"] = payload(&statement(b"evil")));
        assert!(refused(&forged, &ours).starts_with(changed));
        let resigned = envelope(&|it| it["signatures"][0]["sig"] = "AAAA".into());
        assert!(refused(&resigned, &ours).starts_with(changed));
        let unsigned = envelope(&|it| it["signatures"] = json!([]));
        assert_eq!(refused(&unsigned, &ours), "it is not signed");
        let garbled = envelope(&|it| it["payload"] = "*".into());
        assert_eq!(refused(&garbled, &ours), "its payload is not base64");
        let other = refused(&good, &[Key("theirs")]);
        assert_eq!(other, "it is signed by another key: wanted `theirs`, found a hint at `ours`");
    }

    #[test]
    fn what_is_signed_may_still_be_something_else() {
        let ours = [Key("ours")];
        let other = refused(&bundle(PAYLOAD_TYPE, &statement(b"evil")), &ours);
        assert!(other.starts_with("it is about another subject: wanted `sha256:"), "{other}");
        assert_eq!(refused(&bundle(PAYLOAD_TYPE, b"{}"), &ours), "its payload is no statement");
        let kind = refused(&bundle("text/plain", &statement(b"app")), &ours);
        assert!(kind.starts_with("its payload is a `text/plain`"), "{kind}");
    }

    /// True of those bytes, and signed by us: but of an image that has them under another name.
    #[test]
    fn what_is_said_of_another_name_does_not_count_for_this_one() {
        let good = bundle(PAYLOAD_TYPE, &statement(b"app"));
        let wanted = Wanted { name: "backend", ..app() };
        let refusal = judge(good.as_bytes(), wanted, &[Key("ours")]).err().unwrap();
        let message = "it is about an image of another name: wanted `backend`, found `app`";
        assert_eq!(refusal.to_string(), message);
    }

    #[test]
    fn one_good_signature_among_several_is_enough() {
        let good = bundle(PAYLOAD_TYPE, &statement(b"app"));
        let with = |first: serde_json::Value| {
            let mut value: serde_json::Value = serde_json::from_str(&good).unwrap();
            value["dsseEnvelope"]["signatures"].as_array_mut().unwrap().insert(0, first);
            value.to_string()
        };
        let believes = |bundle: &str| judge(bundle.as_bytes(), app(), &[Key("ours")]).is_ok();
        assert!(believes(&with(json!({ "keyid": "theirs", "sig": "AAAA" }))));
        assert!(believes(&with(json!({ "sig": "no base64" }))), "nor does a broken one hinder");
        let both = with(json!({ "sig": "AAAA" }));
        let message = refused(&both, &[Key("theirs")]);
        assert!(
            message.starts_with("it is signed by another key"),
            "a key was taken away: {message}"
        );
    }

    #[test]
    fn every_key_that_signed_is_told_once() {
        let good = bundle(PAYLOAD_TYPE, &statement(b"app"));
        let bytes = dsse::encoding(PAYLOAD_TYPE, &statement(b"app"));
        let mut value: serde_json::Value = serde_json::from_str(&good).unwrap();
        let signatures = value["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
        signatures.push(signatures[0].clone());
        let theirs = Envelope::sign(PAYLOAD_TYPE, &statement(b"app"), "", |found| {
            assert_eq!(found, bytes);
            Key("theirs").sign(found)
        });
        signatures.push(serde_json::to_value(&theirs.signatures[0]).unwrap());
        let keys = [Key("ours"), Key("theirs"), Key("ours")];
        let text = value.to_string();
        let (_, signers) = believe(text.as_bytes(), &keys).unwrap();
        let names: Vec<&str> = signers.iter().map(|key| key.name()).collect();
        assert_eq!(names, ["ours", "theirs"]);
    }

    /// As they were signed before signatures had ids.
    #[test]
    fn a_signature_without_an_id_is_tried_with_every_key() {
        let good = bundle(PAYLOAD_TYPE, &statement(b"app"));
        let older =
            good.replace(r#""keyid":"ours","#, "").replace(r#""hint":"ours""#, r#""hint":"""#);
        assert!(!older.contains("ours"), "{older}");
        let keys = [Key("newer"), Key("ours")];
        assert_eq!(judge(older.as_bytes(), app(), &keys).unwrap().1.name(), "ours");
    }
}
