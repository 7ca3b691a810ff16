//! CycloneDX 1.6 in JSON.

use super::{Component, Inventory, Kind, is_expression};
use crate::digest::Digest;
use serde_json::{Value, json};

/// The document of `inventory`.
pub fn document(inventory: &Inventory) -> Value {
    let image = image(inventory);
    let references: Vec<String> = inventory.components.iter().map(Component::identity).collect();
    let mut components: Vec<Value> = inventory.components.iter().map(component).collect();
    components.extend(system(inventory));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(&inventory.manifest),
        "version": 1,
        "metadata": {
            "timestamp": inventory.created,
            "tools": { "components": [{ "type": "application", "name": inventory.tool }] },
            "component": image,
        },
        "components": components,
        "dependencies": [{ "ref": image["bom-ref"], "dependsOn": references }],
    })
}

fn image(inventory: &Inventory) -> Value {
    let Inventory { image, platform, manifest, .. } = inventory;
    let digest = manifest.to_string().replace(':', "%3A");
    let purl = format!("pkg:oci/{image}@{digest}?arch={}", platform.architecture());
    json!({
        "type": "container", "bom-ref": purl, "name": image, "version": manifest, "purl": purl,
        "hashes": [{ "alg": "SHA-256", "content": manifest.hex() }],
    })
}

fn system(inventory: &Inventory) -> Option<Value> {
    let version = inventory.debian.as_ref()?;
    Some(json!({
        "type": "operating-system", "bom-ref": "debian", "name": "debian", "version": version,
    }))
}

fn component(component: &Component) -> Value {
    let mut value = json!({
        "type": kind(component.kind), "bom-ref": component.identity(), "name": component.name,
        "properties": properties(component),
    });
    let mut set = |key: &str, text: &Option<String>| {
        if let Some(text) = text {
            value[key] = json!(text);
        }
    };
    set("version", &component.version);
    set("purl", &component.purl);
    set("cpe", &component.cpe);
    if !component.hashes.is_empty() {
        let hash = |it: &super::Hash| json!({ "alg": it.algorithm, "content": it.hex });
        value["hashes"] = component.hashes.iter().map(hash).collect();
    }
    if let Some(licence) = &component.licence {
        let licence = match is_expression(licence) {
            true => json!({ "expression": licence }),
            false => json!({ "license": { "name": first_line(licence) } }),
        };
        value["licenses"] = json!([licence]);
    }
    value
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Debian | Kind::Npm | Kind::Wheel => "library",
        Kind::Runtime => "platform",
        Kind::Model => "machine-learning-model",
        Kind::File => "file",
        Kind::Application => "application",
    }
}

fn properties(component: &Component) -> Vec<Value> {
    let mut properties = vec![("nutri:layer".to_owned(), component.layer.clone())];
    properties.extend(component.path.iter().map(|path| ("nutri:path".to_owned(), path.clone())));
    let notes = component.notes.iter();
    properties.extend(notes.map(|(name, note)| (format!("nutri:{name}"), note.clone())));
    properties.extend(component.notes.get("source").into_iter().flat_map(|it| for_trivy(it)));
    properties.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Vulnerabilities of Debian are listed by source package, and no package URL has that.
fn for_trivy(source: &str) -> Vec<(String, String)> {
    let (name, version) = source.split_once(' ').unwrap_or((source, ""));
    let (epoch, version) = version.split_once(':').unwrap_or(("", version));
    let (version, release) = version.rsplit_once('-').unwrap_or((version, ""));
    let text =
        [("SrcName", name), ("SrcEpoch", epoch), ("SrcVersion", version), ("SrcRelease", release)];
    let text = text.into_iter().filter(|(_, value)| !value.is_empty());
    text.map(|(name, value)| (format!("aquasecurity:trivy:{name}"), value.to_owned())).collect()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A UUID of version 8 made of the first bits of the digest: the same image, the same number.
fn serial(digest: &Digest) -> String {
    let hex = digest.hex();
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[13..16]);
    format!("urn:uuid:{a}-{b}-8{c}-8{}-{}", &hex[17..20], &hex[20..32])
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn a_document_names_the_image_the_system_and_every_component() {
        let document = document(&example::inventory());
        let names: Vec<&str> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["libc6", "node", "backend", "debian"]);
        assert_eq!(document["components"][1]["licenses"][0]["expression"], "MIT");
        assert_eq!(document["components"][2]["version"], Value::Null);
        let purl = document["metadata"]["component"]["purl"].as_str().unwrap();
        assert!(purl.starts_with("pkg:oci/backend@sha256%3A"), "{purl}");
        assert_eq!(document["dependencies"][0]["dependsOn"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn the_serial_number_is_a_uuid_of_the_image() {
        let number = serial(&Digest::of(b""));
        assert_eq!(number, "urn:uuid:e3b0c442-98fc-8c14-8afb-f4c8996fb924");
    }

    #[test]
    fn the_source_of_a_package_is_said_in_the_parts_that_trivy_reads() {
        let parts = for_trivy("gcc 4:12.2.0-3");
        let values: Vec<&str> = parts.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["gcc", "4", "12.2.0", "3"]);
        assert_eq!(for_trivy("tzdata 2024a").len(), 2);
    }
}
