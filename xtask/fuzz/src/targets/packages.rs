//! A `Packages` file, and what becomes of it: a closure, and a lock.

use super::Target;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::image::debian::{Index, close, newer};
use xtask_core::image::lock::Lock;
use xtask_core::platform::Platform;

pub(super) const PACKAGES: Target = Target {
    name: "packages",
    run,
    seeds: || {
        let wicked = ["pool/../../etc", "pool/a\"b.deb", "/pool/a"];
        let wicked = wicked.map(|path| SEED.replace("pool/a/app_1.deb", path).into_bytes());
        [vec![SEED.as_bytes().to_vec()], wicked.to_vec()].concat()
    },
    words: &[
        "Package: ",
        "Version: ",
        "Architecture: ",
        "Filename: ",
        "SHA256: ",
        "Size: ",
        "Depends: ",
        "Conflicts: ",
        " (>= ",
        " | ",
        "\n\n",
    ],
};

const SEED: &str = "Package: app\nVersion: 1:1.0~rc1-2\nArchitecture: all\nPre-Depends: libc6 (>= 2.36)\n\
    Depends: gone | libc:amd64, app\nProvides: thing (= 1)\nBreaks: libc6 (<< 2)\nFilename: pool/a/app_1.deb\nSize: 10\n\
    SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\n\
    Package: libc6\nVersion: 2.36-9+deb12u14\nArchitecture: amd64\nProvides: libc\nFilename: pool/l/libc6.deb\n\
    Size: 20\nSHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

/// What is chosen from an index can be locked, and the lock reads back as it was.
fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut index = Index::new(Platform::Amd64);
    if index.read("debian", text).is_err() {
        return;
    }
    let names = text.lines().filter_map(|line| line.strip_prefix("Package: "));
    let names: Vec<String> = names.map(str::to_owned).collect();
    let Ok(closed) = close(&index, &names, &[], &BTreeSet::new()) else { return };
    let packages: Vec<_> = closed.iter().map(|package| package.package.file.clone()).collect();
    for pair in packages.windows(2) {
        let (left, right) = (&pair[0].version, &pair[1].version);
        assert_eq!(newer(left, right), newer(right, left).reverse());
    }
    let lock = Lock {
        encoder: "gzip-v1".to_owned(),
        suite: "bookworm".to_owned(),
        archive_time: 1,
        wanted: BTreeMap::new(),
        layers: [("base".to_owned(), BTreeMap::from([(Platform::Amd64, packages)]))].into(),
    };
    assert_eq!(Lock::parse("x.lock", &lock.to_text()).expect("it is ours"), lock);
}
