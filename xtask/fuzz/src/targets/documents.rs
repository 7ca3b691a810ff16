//! The documents of an image and of a release, as a registry hands them out.

use super::Target;
use xtask_core::ship::release::Release;
use xtask_image::image::{Index, Manifest, ReadConfig};
use xtask_image::json_v1;

pub(super) const DOCUMENTS: Target = Target {
    name: "documents",
    run,
    seeds: || SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
    words: &[
        "schemaVersion",
        "mediaType",
        "layers",
        "manifests",
        "unknown",
        "history",
        "created_by",
        "[[[[",
    ],
};

const SEEDS: [&str; 3] = [
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"x","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"annotations":{"b":"1","a":"2"}}"#,
    r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":18446744073709551615,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}},{"mediaType":"x","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"annotations":{"vnd.docker.reference.type":"attestation-manifest"},"platform":{"architecture":"unknown","os":"unknown"}}]}"#,
    r#"{"rootfs":{"type":"layers","diff_ids":["sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"]},"history":[{"created_by":"xtask layer base"}]}"#,
];

/// What is read can be written in json-v1, and reads the same again.
fn run(bytes: &[u8]) {
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let written = json_v1::to_bytes(&manifest).expect("it is data");
        assert_eq!(serde_json::from_slice::<Manifest>(&written).expect("ours"), manifest);
    }
    if let Ok(index) = serde_json::from_slice::<Index>(bytes) {
        let written = json_v1::to_bytes(&index).expect("it is data");
        assert_eq!(serde_json::from_slice::<Index>(&written).expect("ours"), index);
        let listed = index.entries().map_or(0, |it| it.images.len() + it.skipped.len());
        assert!(listed == 0 || listed == index.manifests.len(), "every entry is told apart");
    }
    if let Ok(config) = serde_json::from_slice::<ReadConfig>(bytes) {
        let names = config.layer_names();
        assert!(names.is_none_or(|names| names.len() == config.diff_ids().len()));
    }
    if let Ok(release) = serde_json::from_slice::<Release>(bytes) {
        assert!(release.agrees_with(&release).is_ok());
    }
}
