//! A layout that somebody else has written to.

use super::Target;
use super::deb::in_folder;
use xtask_core::descriptor::Descriptor;
use xtask_image::layout::{Layout, REF_NAME};

pub(super) const LAYOUT: Target = Target {
    name: "layout",
    run,
    seeds: || vec![SEED.as_bytes().to_vec()],
    words: &["schemaVersion", "manifests", "digest", "size", "sha256:", REF_NAME, "\"platform\":{"],
};

const SEED: &str = r#"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json",
"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,
"annotations":{"org.opencontainers.image.ref.name":"x"}}]}"#;

/// A blob is read only if it is what its name says, whatever the index says of it.
fn run(bytes: &[u8]) {
    in_folder(|folder| {
        let layout = Layout::open_or_create(folder.join("layout")).expect("the folder is ours");
        layout.write_blob("x/y", b"{}").expect("the folder is ours");
        std::fs::write(layout.dir().join("index.json"), bytes).expect("the folder is ours");
        let Ok(index) = layout.index() else { return };
        for descriptor in &index.manifests {
            read(&layout, descriptor);
        }
        let own = Descriptor::of("x/y", b"{}");
        layout.set_name("own", &own).expect("an index that was read can be changed");
        let found = layout.resolve("own").expect("it is ours").expect("it was named");
        assert_eq!(found.digest, own.digest);
    });
}

fn read(layout: &Layout, descriptor: &Descriptor) {
    if let Ok(blob) = layout.read_blob(descriptor) {
        assert_eq!(blob, b"{}", "the one blob that is there");
        assert!(layout.holds(descriptor) && layout.verify(descriptor).is_ok());
    }
}
