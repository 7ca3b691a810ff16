//! Others who make a layer of a folder: each as one script, from the folder to a compressed layer.

use std::path::Path;
use xtask::edge::files;
use xtask::error::{Context as _, Result};
use xtask_core::command::Command;

/// Another program that does what we do.
pub(crate) struct Packer {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The programs that it needs.
    pub(crate) needs: &'static [&'static str],
    /// The most that our time may be of its own, where we have set ourselves a goal.
    pub(crate) most: Option<f64>,
    script: &'static str,
}

impl Packer {
    /// Packs `$1` into the empty folder that it works in.
    pub(crate) fn command(&self, input: &Path, work: &Path) -> Command {
        let input = input.display().to_string();
        Command::new("sh")
            .args(["-euc", self.script, "sh", &input])
            .folder(work.display().to_string())
    }
}

/// What a packer has made in the folder that it worked in, in megabytes: a file, or the blobs of a
/// layout, of which all but the layer are a few hundred bytes.
pub(crate) fn made(work: &Path) -> Result<f64> {
    let layer = work.join("layer");
    if files::is_file(&layer)? {
        return megabytes(&layer);
    }
    let blobs = work.join("layout/blobs/sha256");
    let sizes = files::names(&blobs)?.into_iter().map(|name| megabytes(&blobs.join(name)));
    sizes.sum()
}

fn megabytes(file: &Path) -> Result<f64> {
    let failed = || format!("failed to look at `{}`", file.display());
    Ok(std::fs::metadata(file).or_outside(failed)?.len() as f64 / 1e6)
}

/// Everybody we know.
pub(crate) fn packers() -> Vec<Packer> {
    vec![
        Packer {
            name: "buildah, copy and commit to a layout",
            needs: &["buildah"],
            most: Some(0.25),
            script: "b() { buildah --root \"$PWD/storage\" --runroot \"$PWD/run\" \"$@\"; }; \
                     c=$(b from scratch); b copy --quiet \"$c\" \"$1\" /app/node_modules; \
                     b commit --quiet --disable-compression=false --timestamp 0 \"$c\" oci:layout:x",
        },
        Packer {
            name: "umoci insert",
            needs: &["umoci"],
            most: Some(1.0),
            script: "umoci init --layout layout; umoci new --image layout:x; \
                     umoci insert --image layout:x \"$1\" /app/node_modules",
        },
        Packer {
            name: "tar, gzip -3, our level",
            needs: &["tar", "gzip"],
            most: None,
            script: "tar -C \"$1\" -cf - . | gzip -3 >layer",
        },
        Packer {
            name: "tar, pigz -3, our level",
            needs: &["tar", "pigz"],
            most: None,
            script: "tar -C \"$1\" -cf - . | pigz -3 >layer",
        },
        Packer {
            name: "tar, gzip -6",
            needs: &["tar", "gzip"],
            most: None,
            script: "tar -C \"$1\" -cf - . | gzip -6 >layer",
        },
        Packer {
            name: "tar, pigz -6",
            needs: &["tar", "pigz"],
            most: None,
            script: "tar -C \"$1\" -cf - . | pigz -6 >layer",
        },
    ]
}
