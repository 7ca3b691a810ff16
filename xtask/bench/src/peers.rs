//! Others who make a layer of a folder: each as one script, from the folder to a compressed layer.

use std::path::Path;
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
