//! The inventory of an image beside the scan of it: its written form, the SBOM, is scanned too.
//!
//! A Node.js that was copied into place has no entry in any package database, so a scan of the
//! image cannot see it. The SBOM names it, and the file that a single copy came out of.

use super::end_of_life::Program;
use super::scan_finding::{self, ScanFinding, list};
use crate::image::requirements::normal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Trivy keeps advisories about programs, in contrast to packages, under this type only.
const SCANNED_AS: &str = "pkg:bitnami/";
/// How documents for everybody name such a program.
const PLAIN: &str = "pkg:generic/";

/// What is known of what an image is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sbom {
    /// All of it, in CycloneDX.
    Document(Value),
    /// Not all of it, and why: a list that may be wrong is not scanned.
    Missing(String),
}

impl Sbom {
    /// The document, if there is one.
    pub fn document(&self) -> Option<&Value> {
        match self {
            Self::Document(document) => Some(document),
            Self::Missing(_) => None,
        }
    }

    /// Why there is none, if so.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Document(_) => None,
            Self::Missing(why) => Some(why),
        }
    }

    /// The programs that no package manager brought.
    pub fn programs(&self) -> Vec<Program> {
        let program = |component: &Value| {
            component["purl"].as_str()?.strip_prefix(PLAIN)?;
            let text = |key: &str| component[key].as_str().map(ToOwned::to_owned);
            Some(Program { name: text("name")?, version: text("version")? })
        };
        let components = self.document().map(|it| list(it, "components")).unwrap_or_default();
        components.iter().filter_map(program).collect()
    }
}

/// `document` as the scanner finds advisories for it: programs under the type that it knows them
/// by. It is for the scanner's eyes only; what is published keeps the plain names.
pub fn for_scanner(mut document: Value) -> Value {
    for component in document["components"].as_array_mut().into_iter().flatten() {
        let plain = component["purl"].as_str().and_then(|purl| purl.strip_prefix(PLAIN));
        if let Some(rest) = plain.map(|rest| format!("{SCANNED_AS}{rest}")) {
            component["purl"] = rest.into();
        }
    }
    document
}

/// What the answer about the SBOM says beyond the answer about the image, which knows the layer:
/// a finding of one version of one package counts once.
pub fn beyond(image: &Value, mut sbom: Value) -> Value {
    let known = scan_finding::read(image);
    scan_finding::retain(&mut sbom, &|more| !known.iter().any(|it| is_same(it, more)));
    sbom
}

/// Python's names are written in several ways, and each answer has its own.
fn is_same(one: &ScanFinding, other: &ScanFinding) -> bool {
    let key = |it: &ScanFinding| (it.kind, it.id.clone(), normal(&it.package));
    key(one) == key(other) && one.installed == other.installed
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sbom() -> Value {
        let component = |name: &str, version: &str, purl: &str| json!({ "name": name, "version": version, "purl": purl });
        json!({ "components": [
            component("node", "20.20.2", "pkg:generic/node@20.20.2"),
            component("express", "5.0.0", "pkg:npm/express@5.0.0"),
        ] })
    }

    fn answer(found: &[(&str, &str, &str)]) -> Value {
        let entry = |(id, package, version): &(&str, &str, &str)| json!({ "VulnerabilityID": id, "PkgName": package, "InstalledVersion": version });
        let entries: Vec<Value> = found.iter().map(entry).collect();
        json!({ "Results": [{ "Target": "x", "Vulnerabilities": entries }] })
    }

    #[test]
    fn a_program_keeps_its_plain_name_everywhere_but_before_the_scanner() {
        let known = Sbom::Document(sbom());
        assert_eq!(known.programs(), [Program { name: "node".into(), version: "20.20.2".into() }]);
        let scanned = for_scanner(sbom());
        assert_eq!(scanned["components"][0]["purl"], "pkg:bitnami/node@20.20.2");
        assert_eq!(scanned["components"][1], sbom()["components"][1]);
    }

    #[test]
    fn what_cannot_be_listed_names_no_programs_and_says_why() {
        let missing = Sbom::Missing("layer `x` holds `y`".into());
        assert_eq!((missing.programs(), missing.missing()), (vec![], Some("layer `x` holds `y`")));
        let kept = serde_json::to_string(&missing).unwrap();
        assert_eq!(serde_json::from_str::<Sbom>(&kept).unwrap(), missing);
    }

    #[test]
    fn the_same_finding_of_the_same_version_is_not_said_again() {
        let image = answer(&[("CVE-1", "typing_extensions", "4.1")]);
        let sbom = [
            ("CVE-1", "typing-extensions", "4.1"),
            ("CVE-1", "typing-extensions", "4.2"),
            ("CVE-2", "typing-extensions", "4.1"),
            ("CVE-1", "node", "4.1"),
        ];
        assert_eq!(beyond(&image, answer(&sbom)), answer(&sbom[1..]));
    }
}
