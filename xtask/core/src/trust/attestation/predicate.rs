//! Whether what is said is of the type that the statement names: whoever reads a list of packages
//! must find one.

use super::record::{self, DrillRecord, RebuildRecord, RolloutRecord};
use super::summary::{self, Summary};
use super::{Statement, provenance};
use crate::ship::release::Release;
use crate::trust::sbom::Format;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is said is not of its type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PredicateError {
    /// A field says that it is something else.
    #[error("its `{field}` does not fit its type: wanted `{wanted}`, found `{found}`")]
    Field {
        field: &'static str,
        /// What it should say.
        wanted: String,
        /// What it says.
        found: String,
    },
    /// A field is missing, or is no such thing.
    #[error("its content is not what `{kind}` is: {why}")]
    Form {
        /// The type that it names.
        kind: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Refuses a statement whose predicate is not of its type, or says how an image of another name
/// than `name` was made. A type that we know nothing of is not looked into.
pub fn check(statement: &Statement, name: &str) -> Result<(), PredicateError> {
    check_form(statement)?;
    if statement.predicate_type != provenance::PREDICATE_TYPE {
        return Ok(());
    }
    let external = &statement.predicate["buildDefinition"]["externalParameters"];
    same("image", name, &external["image"])
}

/// Refuses a statement whose predicate is not of its type, whatever it is about.
pub fn check_form(statement: &Statement) -> Result<(), PredicateError> {
    let predicate = &statement.predicate;
    match statement.predicate_type.as_str() {
        provenance::PREDICATE_TYPE => {
            let kind = &predicate["buildDefinition"]["buildType"];
            same("buildType", provenance::BUILD_TYPE, kind)
        }
        summary::PREDICATE_TYPE => form::<Summary>(statement),
        record::RELEASE => form::<Release>(statement),
        record::ROLLOUT => form::<RolloutRecord>(statement),
        record::DRILL => form::<DrillRecord>(statement),
        record::REBUILD => form::<RebuildRecord>(statement),
        other => bill(other, predicate),
    }
}

fn bill(kind: &str, predicate: &Value) -> Result<(), PredicateError> {
    match Format::ALL.into_iter().find(|format| format.predicate_type() == kind) {
        Some(Format::Spdx) => same("spdxVersion", "SPDX-2.3", &predicate["spdxVersion"]),
        Some(Format::Cyclonedx) => same("bomFormat", "CycloneDX", &predicate["bomFormat"]),
        None => Ok(()),
    }
}

fn form<T: DeserializeOwned>(statement: &Statement) -> Result<(), PredicateError> {
    let read = T::deserialize(&statement.predicate);
    read.map(drop).map_err(|error| PredicateError::Form {
        kind: statement.predicate_type.clone(),
        why: error.to_string(),
    })
}

fn same(field: &'static str, wanted: &str, found: &Value) -> Result<(), PredicateError> {
    if found.as_str() == Some(wanted) {
        return Ok(());
    }
    let found = found.as_str().map_or_else(|| "nothing".to_owned(), ToOwned::to_owned);
    Err(PredicateError::Field { field, wanted: wanted.to_owned(), found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(kind: &str, predicate: Value) -> Result<(), String> {
        let statement = Statement::new(Vec::new(), kind, predicate);
        check(&statement, "app").map_err(|error| error.to_string())
    }

    #[test]
    fn a_predicate_is_of_the_type_that_its_statement_names() {
        let made = |kind: &str, image: &str| {
            json!({ "buildDefinition": {
                "buildType": kind, "externalParameters": { "image": image },
            } })
        };
        let ours = provenance::BUILD_TYPE;
        assert_eq!(checked(provenance::PREDICATE_TYPE, made(ours, "app")), Ok(()));
        let other = checked(provenance::PREDICATE_TYPE, made(ours, "ml")).unwrap_err();
        assert_eq!(other, "its `image` does not fit its type: wanted `app`, found `ml`");
        let other = checked(provenance::PREDICATE_TYPE, made("https://x/y", "app")).unwrap_err();
        assert!(other.ends_with("found `https://x/y`"), "{other}");

        let [spdx, cyclonedx] = Format::ALL.map(Format::predicate_type);
        assert_eq!(checked(spdx, json!({ "spdxVersion": "SPDX-2.3" })), Ok(()));
        assert_eq!(checked(cyclonedx, json!({ "bomFormat": "CycloneDX" })), Ok(()));
        let other = checked(spdx, json!({ "bomFormat": "CycloneDX" })).unwrap_err();
        assert!(other.ends_with("wanted `SPDX-2.3`, found `nothing`"), "{other}");
        assert_eq!(checked("https://x/y", json!(1)), Ok(()));
    }

    #[test]
    fn what_is_of_our_own_types_has_their_fields() {
        let kinds = [
            summary::PREDICATE_TYPE,
            record::RELEASE,
            record::ROLLOUT,
            record::DRILL,
            record::REBUILD,
        ];
        for kind in kinds {
            let refusal = checked(kind, json!({})).unwrap_err();
            let wanted = format!("its content is not what `{kind}` is: missing field");
            assert!(refusal.starts_with(&wanted), "{refusal}");
        }
    }
}
