//! SPDX 2.3 in JSON.

use super::{Component, Inventory, Kind, is_expression};
use crate::digest::Digest;
use serde_json::{Value, json};

const NOTHING: &str = "NOASSERTION";
const IMAGE: &str = "SPDXRef-Image";
const SYSTEM: &str = "SPDXRef-OperatingSystem";

/// The document of `inventory`.
pub fn document(inventory: &Inventory) -> Value {
    let mut packages = vec![image(inventory)];
    packages.extend(system(inventory));
    packages.extend(inventory.components.iter().map(package));
    let contains = |package: &Value| relation(IMAGE, "CONTAINS", &package["SPDXID"]);
    let mut relationships = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", &json!(IMAGE))];
    relationships.extend(packages.iter().skip(1).map(contains));
    json!({
        "SPDXID": "SPDXRef-DOCUMENT",
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "name": inventory.image,
        "documentNamespace": namespace(inventory),
        "creationInfo": {
            "created": inventory.created, "creators": [format!("Tool: {}", inventory.tool)],
        },
        "packages": packages,
        "relationships": relationships,
    })
}

/// A name that no other document has, made of what it is about.
fn namespace(inventory: &Inventory) -> String {
    let source = inventory.source.as_deref().unwrap_or("https://spdx.org/spdxdocs");
    format!("{source}/sbom/{}-{}", inventory.image, inventory.manifest.hex())
}

fn relation(from: &str, what: &str, to: &Value) -> Value {
    json!({ "spdxElementId": from, "relationshipType": what, "relatedSpdxElement": to })
}

fn image(inventory: &Inventory) -> Value {
    let Inventory { image, platform, manifest, .. } = inventory;
    let digest = manifest.to_string().replace(':', "%3A");
    let purl = format!("pkg:oci/{image}@{digest}?arch={}", platform.architecture());
    let mut value = bare(IMAGE, image, "CONTAINER");
    value["versionInfo"] = json!(manifest);
    value["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": manifest.hex() }]);
    value["externalRefs"] = json!([reference("PACKAGE-MANAGER", "purl", &purl)]);
    value
}

fn system(inventory: &Inventory) -> Option<Value> {
    let mut value = bare(SYSTEM, "debian", "OPERATING-SYSTEM");
    value["versionInfo"] = json!(inventory.debian.as_ref()?);
    Some(value)
}

fn package(component: &Component) -> Value {
    let identity = Digest::of(component.identity().as_bytes());
    let id = format!("SPDXRef-Package-{}", &identity.hex()[..16]);
    let mut value = bare(&id, &component.name, purpose(component.kind));
    if let Some(version) = &component.version {
        value["versionInfo"] = json!(version);
    }
    let hash = |it: &super::Hash| json!({ "algorithm": it.algorithm.replace('-', ""), "checksumValue": it.hex });
    if !component.hashes.is_empty() {
        value["checksums"] = component.hashes.iter().map(hash).collect();
    }
    match &component.licence {
        Some(licence) if is_expression(licence) => value["licenseDeclared"] = json!(licence),
        Some(licence) => {
            value["licenseComments"] = json!(licence.lines().next().unwrap_or_default());
        }
        None => {}
    }
    if let Some(source) = component.notes.get("source") {
        value["sourceInfo"] = json!(format!("built package from: {source}"));
    }
    let references = references(component);
    if !references.is_empty() {
        value["externalRefs"] = json!(references);
    }
    value["comment"] = json!(comment(component));
    value
}

/// A package of which only the least is said.
fn bare(id: &str, name: &str, purpose: &str) -> Value {
    json!({
        "SPDXID": id, "name": name, "downloadLocation": NOTHING, "filesAnalyzed": false,
        "licenseConcluded": NOTHING, "licenseDeclared": NOTHING, "copyrightText": NOTHING,
        "supplier": NOTHING, "primaryPackagePurpose": purpose,
    })
}

fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::Debian | Kind::Npm | Kind::Wheel => "LIBRARY",
        Kind::Runtime => "FRAMEWORK",
        Kind::Model | Kind::File => "FILE",
        Kind::Application => "APPLICATION",
    }
}

fn references(component: &Component) -> Vec<Value> {
    let purl = component.purl.iter().map(|purl| reference("PACKAGE-MANAGER", "purl", purl));
    let cpe = component.cpe.iter().map(|cpe| reference("SECURITY", "cpe23Type", cpe));
    purl.chain(cpe).collect()
}

fn reference(category: &str, kind: &str, locator: &str) -> Value {
    json!({
        "referenceCategory": category, "referenceType": kind, "referenceLocator": locator,
    })
}

/// Where it is, and what has no field of its own.
fn comment(component: &Component) -> String {
    let mut lines = vec![format!("layer: {}", component.layer)];
    lines.extend(component.path.iter().map(|path| format!("path: {path}")));
    let notes = component.notes.iter().filter(|(name, _)| *name != "source");
    lines.extend(notes.map(|(name, note)| format!("{name}: {note}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn a_document_describes_the_image_which_contains_every_component() {
        let document = document(&example::inventory());
        let packages = document["packages"].as_array().unwrap();
        let names: Vec<&str> = packages.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["backend", "debian", "libc6", "node", "backend"]);
        assert_eq!(document["relationships"].as_array().unwrap().len(), 5);
        assert_eq!(packages[2]["sourceInfo"], "built package from: glibc 2.36-9+deb12u14");
        assert_eq!(packages[3]["licenseDeclared"], "MIT");
        assert_eq!(packages[3]["externalRefs"][1]["referenceType"], "cpe23Type");
        let namespace = document["documentNamespace"].as_str().unwrap();
        assert!(namespace.starts_with("https://example.org/acme/nutri/sbom/backend-"));
    }

    #[test]
    fn every_element_has_a_name_of_its_own() {
        let document = document(&example::inventory());
        let ids: std::collections::BTreeSet<String> = document["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["SPDXID"].to_string())
            .collect();
        assert_eq!(ids.len(), 5);
    }
}
