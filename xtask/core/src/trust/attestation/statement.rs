//! The in-toto Statement v1: about which bytes something is said, what sort of thing, and what.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const TYPE: &str = "https://in-toto.io/Statement/v1";

/// Something that is said about some bytes. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// What it is about.
    #[serde(rename = "subject")]
    pub subjects: Vec<Subject>,
    /// What sort of thing is said.
    pub predicate_type: String,
    /// What is said.
    pub predicate: Value,
}

/// Some bytes that something is said about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What they are called.
    #[serde(default)]
    pub name: String,
    digest: BTreeMap<String, String>,
}

/// The bytes are no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// They are not of that form.
    #[error("its payload is no statement")]
    Form(#[from] serde_json::Error),
    /// They are of another version.
    #[error("its payload is a `{0}`, wanted `{TYPE}`")]
    Kind(String),
}

impl Statement {
    /// `predicate`, said of `subjects`.
    pub fn new(subjects: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        let (kind, predicate_type) = (TYPE.to_owned(), predicate_type.to_owned());
        Self { kind, subjects, predicate_type, predicate }
    }

    /// Reads a payload.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let statement: Self = serde_json::from_slice(bytes)?;
        if statement.kind == TYPE {
            Ok(statement)
        } else {
            Err(StatementError::Kind(statement.kind))
        }
    }

    /// What it calls the bytes called `digest`; nothing if it is not about them.
    pub fn names_of(&self, digest: &Digest) -> Vec<&str> {
        let subjects = self.subjects.iter().filter(|subject| subject.is(digest));
        subjects.map(|subject| subject.name.as_str()).collect()
    }

    /// Whether both say the same, the circumstances of the run left aside.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let lasting = |statement: &Self| {
            let mut statement = statement.clone();
            if let Some(details) = statement.predicate.get_mut("runDetails") {
                *details = details["builder"].take();
            }
            statement
        };
        lasting(self) == lasting(other)
    }
}

impl Subject {
    /// The bytes called `digest`.
    pub fn new(name: &str, digest: &Digest) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), digest.hex())]);
        Self { name: name.to_owned(), digest }
    }

    fn is(&self, digest: &Digest) -> bool {
        self.digest.get("sha256").is_some_and(|hex| *hex == digest.hex())
    }

    /// What it is about, for people.
    pub fn shown(&self) -> String {
        let hex = self.digest.get("sha256").map_or("no sha256", String::as_str);
        format!("sha256:{hex}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn statement(predicate: Value) -> Statement {
        Statement::new(vec![Subject::new("app", &Digest::of(b""))], "https://x/y", predicate)
    }

    #[test]
    fn a_statement_has_these_bytes_and_reads_back() {
        let statement = statement(json!({"a": 1}));
        let text = serde_json::to_string(&statement).unwrap();
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let wanted = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"app","digest":{{"sha256":"{hex}"}}}}],"predicateType":"https://x/y","predicate":{{"a":1}}}}"#
        );
        assert_eq!(text, wanted);
        assert_eq!(Statement::parse(text.as_bytes()).unwrap(), statement);
        let other = text.replace("Statement/v1", "Statement/v0.1");
        assert!(matches!(Statement::parse(other.as_bytes()), Err(StatementError::Kind(_))));
    }

    #[test]
    fn two_runs_that_say_the_same_agree_and_two_builders_do_not() {
        let by = |builder: &str, at: &str| {
            statement(json!({"runDetails": {
                "builder": {"id": builder}, "metadata": {"finishedOn": at},
            }}))
        };
        assert!(by("a", "1").agrees_with(&by("a", "2")));
        assert!(!by("a", "1").agrees_with(&by("b", "1")));
        assert!(!statement(json!(1)).agrees_with(&statement(json!(2))));
    }
}
