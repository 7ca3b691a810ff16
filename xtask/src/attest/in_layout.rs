//! How a layout keeps what is said about an image: as a registry without lists of its own does, in
//! an index under the tag of the subject.

use serde_json::{Value, json};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_image::image::Manifest;
use xtask_image::layout::Layout;
use xtask_image::{Error, Result, json_v1};
use xtask_registry::{Artifact, Registry};

/// Attaches `artifact` to `subject`, and gives back what carries it. The list is read and written
/// while nobody else can, so that of two runs at once neither loses what the other says.
pub(super) fn attach(
    layout: &Layout,
    subject: &Descriptor,
    artifact: Artifact<'_>,
) -> Result<Digest> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: Some(artifact.artifact_type.to_owned()),
        config: layout.write_blob(media_type::EMPTY, b"{}")?,
        layers: vec![layout.write_blob(artifact.media_type, artifact.bytes)?],
        subject: Some(Descriptor::new(&subject.media_type, subject.digest, subject.size)),
        annotations: artifact.annotations.clone(),
    };
    let own = layout.write_blob(media_type::MANIFEST, &json_v1::to_bytes(&manifest)?)?;
    let entry = json!({
        "mediaType": own.media_type, "digest": own.digest, "size": own.size,
        "artifactType": artifact.artifact_type, "annotations": artifact.annotations,
    });
    let tag = Registry::referrers_tag(&subject.digest);
    layout.update_name(tag.as_str(), |list| {
        let mut entries = list.map(|list| entries(layout, list)).transpose()?.unwrap_or_default();
        if entries.iter().all(|known| known["digest"] != entry["digest"]) {
            entries.push(entry);
        }
        let list = json!({
            "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": entries,
        });
        layout.write_blob(media_type::INDEX, &json_v1::to_bytes(&list)?)
    })?;
    Ok(own.digest)
}

/// What is listed. A list that cannot be read is not written over: it names what others attached.
fn entries(layout: &Layout, list: &Descriptor) -> Result<Vec<Value>> {
    let refuse = |why: &str| Error::Index(format!("`{}` {why}", list.digest));
    let bytes = layout.read_blob(list)?;
    let mut known: Value =
        serde_json::from_slice(&bytes).map_err(|error| refuse(&error.to_string()))?;
    match known["manifests"].take() {
        Value::Array(entries) => Ok(entries),
        _ => Err(refuse("lists nothing")),
    }
}
