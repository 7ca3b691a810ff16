//! Short things: references, digests, and the head of a binary.

use super::Target;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_core::reference::{Reference, Repository, Tag};
use xtask_image::elf;
use xtask_image::tree::{Node, Tree};

pub(super) const NAMES: Target = Target {
    name: "names",
    run: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        same::<Reference>(text);
        same::<Repository>(text);
        same::<Tag>(text);
        same::<Digest>(text);
        same::<Platform>(text);
    },
    seeds: || {
        let digest = Digest::of(b"").to_string();
        let pin = format!("127.0.0.1:5510/nutri/backend@{digest}");
        ["ghcr.io/acme/nutri/backend:1.2", "[::1]:5000/a:x", "linux/arm64", &digest, &pin]
            .map(|text| text.as_bytes().to_vec())
            .to_vec()
    },
    words: &["sha256:", "localhost", "linux/", "@", "[::1]", "../"],
};

pub(super) const ELF: Target = Target {
    name: "elf",
    run: |bytes| {
        let machine = elf::machine(bytes);
        let is_cut = bytes.starts_with(b"\x7fELF") && bytes.len() < 64;
        let mut tree = Tree::new();
        tree.insert("bin", Node::file(0o755, bytes)).expect("a plain path");
        for platform in Platform::ALL {
            let fits = elf::check_tree(&tree, platform).is_ok();
            let is_for_it = machine.is_none_or(|it| it == platform.elf_machine());
            assert_eq!(fits, is_for_it && !is_cut);
        }
    },
    seeds: || {
        let cut = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01".to_vec();
        let mut whole = cut.clone();
        whole.resize(64, 0);
        vec![cut, whole]
    },
    words: &["\x7fELF"],
};

/// What is accepted is written as it was read: nothing is dropped on the way.
fn same<T: std::str::FromStr + std::fmt::Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}
