//! The manifest of a back-up. It is written last, as a snapshot of its own: a dump that no manifest
//! names was cut off somewhere, and is no back-up.

use super::facts::Facts;
use serde::{Deserialize, Serialize};

/// The file in its snapshot.
pub const FILE: &str = "manifest.json";
/// The file that the dump is in, in `pg_dump`'s custom format.
pub const DUMP: &str = "database.dump";
/// What `format` says of this form.
pub const FORMAT: u32 = 1;

/// What a back-up is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub project: String,
    pub environment: String,
    /// The name of the run that made it.
    pub run: String,
    /// The snapshot that holds the dump.
    pub dump: String,
    /// The moment of the snapshot in the database, RFC 3339: what was written later is not in it.
    pub taken_at: String,
    /// How long the dump took.
    pub took_ms: u64,
    /// The dump's size before restic compressed it.
    pub dump_bytes: u64,
    /// The schemas in it.
    pub schemas: Vec<String>,
    /// What the database held beside that, and is not in it. An older one does not tell.
    #[serde(default)]
    pub left_out: Option<Vec<String>>,
    /// The programs that made it.
    pub tools: Vec<String>,
    /// What the database held, by the same snapshot.
    pub facts: Facts,
}

/// The bytes are no manifest that we know.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("it is no manifest of a back-up")]
    Form(#[from] serde_json::Error),
    #[error("it is of form {0}, and this program knows {FORMAT}; use a newer one")]
    Format(u32),
}

impl Manifest {
    /// Reads what `text` wrote.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        match serde_json::from_slice::<Form>(bytes)? {
            Form { format: FORMAT } => Ok(serde_json::from_slice(bytes)?),
            Form { format } => Err(ManifestError::Format(format)),
        }
    }

    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("texts and numbers are JSON") + "\n"
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::facts::TableFacts;
    use super::*;

    pub(crate) fn manifest() -> Manifest {
        let table = TableFacts { rows: 3, bytes: 8192, checksum: Some("3:77".into()) };
        let facts = Facts {
            system_identifier: "7300000000000000001".into(),
            database: "app".into(),
            server_version: 150_014,
            tables: [("public.meals".to_owned(), table)].into(),
            migration_head: Some("20261123000000_init".into()),
            migrations: 1,
            canary: Some("sha256:00".into()),
            ..Facts::default()
        };
        Manifest {
            format: FORMAT,
            project: "nutri".into(),
            environment: "production".into(),
            run: "20261127T030000-1a2b".into(),
            dump: "ab".repeat(32),
            taken_at: "2026-11-27T03:00:00Z".into(),
            took_ms: 1200,
            dump_bytes: 4096,
            schemas: vec!["public".into(), "xtask".into()],
            left_out: None,
            tools: vec!["restic 0.14.0".into()],
            facts,
        }
    }

    #[test]
    fn a_manifest_reads_back_and_another_form_is_refused() {
        let written = manifest();
        assert_eq!(Manifest::parse(written.text().as_bytes()).unwrap(), written);
        let newer = written.text().replacen("\"format\": 1", "\"format\": 2", 1);
        let refused = Manifest::parse(newer.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused, "it is of form 2, and this program knows 1; use a newer one");
        assert!(Manifest::parse(b"{}").is_err() && Manifest::parse(b"\x1f\x8b").is_err());
    }
}
