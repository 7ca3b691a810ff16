//! A manifest as oci-spec has it, and as we do: there digests are texts and notes have no order.
//!
//! An index is read by our own types alone: oci-spec reads the `os.version` of its entries under
//! another name, so that two of them would look like one.

use super::Manifest;
use oci_spec::image::{self as oci, ImageManifest, ImageManifestBuilder, MediaType};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::{Digest, DigestError};

/// Why a manifest of image-spec is none that we use.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Older writers left it out; a registry needs it.
    #[error("it does not say its media type")]
    Untyped,
    /// A blob is named by something else than SHA-256.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl TryFrom<ImageManifest> for Manifest {
    type Error = ManifestError;

    fn try_from(document: ImageManifest) -> Result<Self, ManifestError> {
        let media_type = document.media_type().as_ref().ok_or(ManifestError::Untyped)?;
        let layers = document.layers().iter().map(ours);
        Ok(Self {
            schema_version: document.schema_version(),
            media_type: media_type.to_string(),
            artifact_type: document.artifact_type().as_ref().map(ToString::to_string),
            config: ours(document.config())?,
            layers: layers.collect::<Result<_, _>>()?,
            subject: document.subject().as_ref().map(ours).transpose()?,
            annotations: document.annotations().clone().into_iter().flatten().collect(),
        })
    }
}

impl From<Manifest> for ImageManifest {
    fn from(manifest: Manifest) -> Self {
        let typed = |media_type: &String| MediaType::from(media_type.as_str());
        let annotations = manifest.annotations.into_iter().collect();
        let required = ImageManifestBuilder::default()
            .schema_version(manifest.schema_version)
            .media_type(typed(&manifest.media_type))
            .config(theirs(&manifest.config))
            .layers(manifest.layers.iter().map(theirs).collect::<Vec<_>>());
        let mut document = required.build().expect("all that is required is there");
        document.set_artifact_type(manifest.artifact_type.as_ref().map(typed));
        document.set_subject(manifest.subject.as_ref().map(theirs));
        document.set_annotations(some(annotations));
        document
    }
}

/// A blob has no platform; what others may say of one there means nothing.
fn ours(descriptor: &oci::Descriptor) -> Result<Descriptor, DigestError> {
    let digest: Digest = descriptor.digest().as_ref().parse()?;
    let annotations = descriptor.annotations().clone().into_iter().flatten().collect();
    let media_type = descriptor.media_type().as_ref();
    Ok(Descriptor { annotations, ..Descriptor::new(media_type, digest, descriptor.size()) })
}

fn theirs(descriptor: &Descriptor) -> oci::Descriptor {
    let digest = descriptor.digest.to_string().parse::<oci::Digest>();
    let digest = digest.expect("ours is one of theirs");
    let media_type = descriptor.media_type.as_str().into();
    let mut document = oci::Descriptor::new(media_type, descriptor.size, digest);
    document.set_annotations(some(descriptor.annotations.clone().into_iter().collect()));
    document
}

type Notes = std::collections::HashMap<String, String>;

fn some(notes: Notes) -> Option<Notes> {
    Some(notes).filter(|notes| !notes.is_empty())
}
