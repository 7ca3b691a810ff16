//! Whether what is said is of the type that the statement names: whoever reads a list of packages
//! must find one.

use super::Statement;
use super::provenance;
use crate::trust::sbom::Format;
use serde_json::Value;

/// What is said is not of its type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("its `{field}` does not fit its type: wanted `{wanted}`, found `{found}`")]
pub struct PredicateError {
    field: &'static str,
    wanted: String,
    found: String,
}

/// Refuses a statement whose predicate is not of its type, or says how an image of another name
/// than `name` was made. A type that we know nothing of is not looked into.
pub fn check(statement: &Statement, name: &str) -> Result<(), PredicateError> {
    let predicate = &statement.predicate;
    let kind = statement.predicate_type.as_str();
    if kind == provenance::PREDICATE_TYPE {
        let build = &predicate["buildDefinition"];
        same("buildType", provenance::BUILD_TYPE, &build["buildType"])?;
        return same("image", name, &build["externalParameters"]["image"]);
    }
    match Format::ALL.into_iter().find(|format| format.predicate_type() == kind) {
        Some(Format::Spdx) => same("spdxVersion", "SPDX-2.3", &predicate["spdxVersion"]),
        Some(Format::Cyclonedx) => same("bomFormat", "CycloneDX", &predicate["bomFormat"]),
        None => Ok(()),
    }
}

fn same(field: &'static str, wanted: &str, found: &Value) -> Result<(), PredicateError> {
    if found.as_str() == Some(wanted) {
        return Ok(());
    }
    let found = found.as_str().map_or_else(|| "nothing".to_owned(), ToOwned::to_owned);
    Err(PredicateError { field, wanted: wanted.to_owned(), found })
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
}
