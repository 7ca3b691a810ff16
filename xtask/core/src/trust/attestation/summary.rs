//! SLSA verification summary v1: what somebody who looked at everything found, in one statement,
//! so that who comes later checks that one only.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What in-toto calls a statement that carries it.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// The version of the specification that its levels are of.
const SLSA_VERSION: &str = "1.0";
/// There is signed provenance; no hosted builder is claimed.
const BUILD_LEVEL: &str = "SLSA_BUILD_LEVEL_1";
const FAILED: &str = "FAILED";

/// What was found. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub verifier: VerifiedBy,
    /// When, RFC 3339.
    pub time_verified: String,
    /// Where what was looked at is.
    pub resource_uri: String,
    /// What was asked of it.
    pub policy: Resource,
    /// The statements that were believed.
    #[serde(default)]
    pub input_attestations: Vec<Resource>,
    /// Whether it is what was asked.
    pub verification_result: Finding,
    /// The level that it reaches; `FAILED` where it does not.
    pub verified_levels: Vec<String>,
    /// The version of the specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slsa_version: Option<String>,
}

/// A program that verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedBy {
    /// What it is called everywhere.
    pub id: String,
    /// The versions of its parts.
    #[serde(default)]
    pub version: BTreeMap<String, String>,
}

/// Something with a name and a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// Where it is, or what it is called.
    #[serde(default)]
    pub uri: String,
    /// Its bytes by algorithm, in hex.
    #[serde(default)]
    pub digest: BTreeMap<String, String>,
}

/// Whether it is what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Finding {
    Passed,
    /// It is not.
    Failed,
}

impl Summary {
    /// The levels of something that was found to be what `builders` different keys attested, or
    /// not to be what was asked.
    pub fn levels(finding: Finding, builders: u64) -> Vec<String> {
        match (finding, builders) {
            (Finding::Failed, _) => vec![FAILED.to_owned()],
            (Finding::Passed, 0 | 1) => vec![BUILD_LEVEL.to_owned()],
            (Finding::Passed, several) => {
                vec![BUILD_LEVEL.to_owned(), format!("BUILT_BY_{several}_KEYS")]
            }
        }
    }

    /// The version that every summary of ours names.
    pub fn slsa_version() -> Option<String> {
        Some(SLSA_VERSION.to_owned())
    }

    /// Whether it says that everything is as asked, in both of its places.
    pub fn is_passed(&self) -> bool {
        let failed = self.verified_levels.iter().any(|level| level == FAILED);
        self.verification_result == Finding::Passed && !failed
    }
}

impl Resource {
    /// What is called `uri` and has these bytes.
    pub fn new(uri: impl Into<String>, digest: &Digest) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), digest.hex())]);
        Self { uri: uri.into(), digest }
    }

    /// Whether these are its bytes.
    pub fn is(&self, digest: &Digest) -> bool {
        self.digest.get("sha256").is_some_and(|hex| *hex == digest.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(finding: Finding, builders: u64) -> Summary {
        Summary {
            verifier: VerifiedBy {
                id: "https://example.org/v".into(),
                version: BTreeMap::from([("xtask".into(), "1".into())]),
            },
            time_verified: "2026-11-27T00:00:00Z".into(),
            resource_uri: "example.org/releases@sha256:aa".into(),
            policy: Resource::new("https://example.org/policy", &Digest::of(b"p")),
            input_attestations: vec![Resource::new("", &Digest::of(b"i"))],
            verification_result: finding,
            verified_levels: Summary::levels(finding, builders),
            slsa_version: Summary::slsa_version(),
        }
    }

    /// The names are those of the specification.
    #[test]
    fn a_summary_has_the_fields_of_the_specification_and_reads_back() {
        let value = serde_json::to_value(summary(Finding::Passed, 2)).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap(), @r#"
        {
          "verifier": {
            "id": "https://example.org/v",
            "version": {
              "xtask": "1"
            }
          },
          "timeVerified": "2026-11-27T00:00:00Z",
          "resourceUri": "example.org/releases@sha256:aa",
          "policy": {
            "uri": "https://example.org/policy",
            "digest": {
              "sha256": "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"
            }
          },
          "inputAttestations": [
            {
              "uri": "",
              "digest": {
                "sha256": "de7d1b721a1e0632b7cf04edf5032c8ecffa9f9a08492152b926f1a5a7e765d7"
              }
            }
          ],
          "verificationResult": "PASSED",
          "verifiedLevels": [
            "SLSA_BUILD_LEVEL_1",
            "BUILT_BY_2_KEYS"
          ],
          "slsaVersion": "1.0"
        }
        "#);
        let read: Summary = serde_json::from_value(value).unwrap();
        assert_eq!(read, summary(Finding::Passed, 2));
    }

    #[test]
    fn only_what_says_so_in_both_places_is_passed() {
        assert!(summary(Finding::Passed, 1).is_passed());
        let failed = summary(Finding::Failed, 1);
        assert_eq!(
            (failed.is_passed(), failed.verified_levels.as_slice()),
            (false, &["FAILED".to_owned()][..])
        );
        let torn = Summary { verification_result: Finding::Passed, ..failed };
        assert!(!torn.is_passed());
    }
}
