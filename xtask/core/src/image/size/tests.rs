use super::*;

pub(super) fn file(path: &str, unpacked: u64) -> File {
    File { path: path.into(), unpacked, packed: unpacked / 2, kind: kind_of(path, b"") }
}

/// An image with a package of each family.
pub(super) fn example() -> Size {
    let base = LayerFiles {
        name: "base".into(),
        packed: 900,
        files: vec![
            file("etc/passwd", 50),
            file("usr/lib/libz.so.1", 1000),
            file("usr/share/doc/zlib1g/copyright", 20),
            file("var/lib/dpkg/status.d/zlib1g", 7),
        ],
        records: vec![(
            "var/lib/dpkg/status.d/zlib1g.md5sums".into(),
            "0123  usr/lib/libz.so.1\n4567  usr/share/doc/zlib1g/copyright\n".into(),
        )],
        ..LayerFiles::default()
    };
    let packages = LayerFiles {
        name: "dependencies".into(),
        packed: 5000,
        files: vec![
            file("app/node_modules/express/index.js", 100),
            file("app/node_modules/express/node_modules/@a/b/index.js", 300),
            file("app/node_modules/@a/b/index.js", 200),
            file("app/site-packages/PIL/Image.py", 4000),
            file("app/site-packages/pillow.libs/libtiff.so", 1000),
            file("app/site-packages/pillow-11.0.dist-info/METADATA", 10),
            file("app/site-packages/six.py", 30),
        ],
        records: vec![(
            "app/site-packages/pillow-11.0.dist-info/top_level.txt".into(),
            "PIL\n".into(),
        )],
        ..LayerFiles::default()
    };
    let app = LayerFiles {
        name: "app".into(),
        packed: 60,
        own: true,
        files: vec![file("app/dist/main.js", 120)],
        ..LayerFiles::default()
    };
    Size::of(vec![base, packages, app])
}

#[test]
fn every_file_is_somebodys_and_the_heaviest_come_first() {
    let packages = example().packages();
    let lines = packages
        .iter()
        .map(|it| format!("{} {} {}", it.package, it.weight.unpacked, it.weight.files));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "pillow (wheel) 5010 3",
            "zlib1g (debian) 1027 3",
            "@a/b (npm) 500 2",
            "app (own) 120 1",
            "express (npm) 100 1",
            "base (other) 50 1",
            "six (wheel) 30 1",
        ]
    );
}

#[test]
fn the_parts_sum_to_the_whole() {
    let size = example();
    let kinds = sum(size.kinds.iter().map(|(_, weight)| *weight));
    let layers: u64 = size.layers.iter().map(|layer| layer.weight.unpacked).sum();
    assert_eq!((kinds.unpacked, layers), (size.weight.unpacked, 6837));
    assert_eq!(size.weight.packed, 5960, "what the blobs weigh, folders and all");
    assert_eq!(size.kinds[0].0, "Python");
}

#[test]
fn what_two_layers_share_is_one_cause() {
    let layer = |name: &str, path: &str| LayerFiles {
        name: name.into(),
        files: vec![file(path, 5)],
        ..LayerFiles::default()
    };
    let size = Size::of(vec![
        layer("pure", "node_modules/x/a.js"),
        layer("native", "node_modules/x/b.node"),
    ]);
    let packages = size.packages();
    assert_eq!((packages.len(), packages[0].weight.unpacked), (1, 10));
    assert_eq!(packages[0].layers, ["pure", "native"]);
}

#[test]
fn megabytes_are_rounded_to_a_tenth() {
    let cases = [
        (0, "0.0 kB"),
        (1_550, "1.6 kB"),
        (99_949, "99.9 kB"),
        (100_000, "0.1 MB"),
        (11_000_000, "11.0 MB"),
    ];
    for (bytes, words) in cases {
        assert_eq!(megabytes(bytes), words);
    }
}
