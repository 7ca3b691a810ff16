use super::*;
use crate::gzip_v1::Level;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn options(threads: usize) -> LayerOptions {
    Options { level: Level::Default, threads }.into()
}

fn sample() -> Tree {
    let mut tree = Tree::new();
    tree.insert("app/main.js", Node::file(0o755, "console.log(1)\n")).unwrap();
    tree.insert("app/link", Node::symlink("main.js")).unwrap();
    tree.insert("empty", Node::file(0o600, "")).unwrap();
    tree
}

fn on_disk(path: &Path, size: u64) -> Tree {
    let content = Content::Disk { path: path.to_owned(), size };
    let mut tree = Tree::new();
    tree.insert("app/file", Node::File { mode: 0o644, owner: Owner::default(), content }).unwrap();
    tree
}

#[test]
fn the_golden_layer_keeps_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let layer = write_layer(&sample(), &layout, options(2)).unwrap();
    assert_eq!(
        layer.diff_id.to_string(),
        "sha256:96ce475ac484b6dc5b464513675b83ce31ae6ab761030b238125b1934d10bbd5"
    );
    assert_eq!(
        layer.descriptor.digest.to_string(),
        "sha256:0528ea05b24a036aa64c284d5efa9511d5bac99c487880fec3b052ef81c0e48d"
    );
    assert_eq!(layer.descriptor.media_type, media_type::LAYER_GZIP);
    assert_eq!(layer.unpacked_size, 15);
    layout.verify(&layer.descriptor).unwrap();
}

#[test]
fn the_diff_id_names_what_decompressing_gives() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let tree = sample();
    let layer = write_layer(&tree, &layout, options(1)).unwrap();
    let mut tar = Vec::new();
    let blob = layout.open_blob(&layer.descriptor.digest).unwrap();
    GzDecoder::new(blob).read_to_end(&mut tar).unwrap();
    assert_eq!(Digest::of(&tar), layer.diff_id);
    assert_eq!(diff_id(&tree).unwrap(), layer.diff_id);
    assert_eq!(tar_size(&tree).unwrap(), tar.len() as u64);
    let mut streamed = Vec::new();
    write_tar(&tree, &mut streamed).unwrap();
    assert_eq!(streamed, tar);
}

#[test]
fn a_file_that_changed_its_size_is_refused_by_name_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path().join("layout")).unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "12345").unwrap();
    for listed in [4, 6] {
        let error = write_layer(&on_disk(&path, listed), &layout, options(2)).unwrap_err();
        let wanted = format!(
            "cannot pack `app/file` from `{}`: its size was {listed} bytes when listed, \
             and is not any more",
            path.display()
        );
        assert_eq!(error.to_string(), wanted);
    }
    assert_eq!(fs::read_dir(layout.blobs_dir()).unwrap().count(), 0);
    write_layer(&on_disk(&path, 5), &layout, options(2)).unwrap();
    let gone = on_disk(&dir.path().join("gone"), 1);
    let error = write_layer(&gone, &layout, options(2)).unwrap_err().to_string();
    assert_eq!(error, format!("failed to read `{}`", dir.path().join("gone").display()));
}

#[test]
fn a_slice_is_read_from_its_offset_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("unpacked");
    fs::write(&path, "abcdef").unwrap();
    let of = |content| {
        let mut tree = Tree::new();
        let owner = Owner::default();
        tree.insert("f", Node::File { mode: 0o644, owner, content }).unwrap();
        diff_id(&tree)
    };
    let slice = |offset, size| of(Content::Slice { path: path.clone(), offset, size });
    assert_eq!(slice(2, 3).unwrap(), of(Content::Bytes(b"cde".to_vec())).unwrap());
    assert!(matches!(slice(4, 3), Err(Error::Resized { wanted: 3, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The same tree on disk, made in another order, gives the same layer.
    #[test]
    fn the_order_of_creating_files_does_not_matter(
        files in prop::collection::btree_map("[a-zé]{1,3}", prop::collection::vec(any::<u8>(), 0..999), 1..8),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let ids: Vec<_> = [false, true].map(|reversed| {
            let root = dir.path().join(reversed.to_string());
            fs::create_dir(&root).unwrap();
            let mut names: Vec<_> = files.keys().collect();
            if reversed {
                names.reverse();
            }
            for name in names {
                fs::create_dir(root.join(format!("{name}.d"))).unwrap();
                fs::write(root.join(format!("{name}.d")).join(name), &files[name]).unwrap();
                fs::write(root.join(name), &files[name]).unwrap();
            }
            let tree = Tree::from_directory(&root, "", &Default::default()).unwrap();
            diff_id(&tree).unwrap()
        }).into();
        prop_assert_eq!(ids[0], ids[1]);
    }
}

#[test]
fn the_sizes_of_reads_and_writes_do_not_show() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path().join("layout")).unwrap();
    let path = dir.path().join("file");
    let bytes: Vec<u8> = (0..1_500_000_u32).flat_map(|it| (it / 7).to_le_bytes()).collect();
    fs::write(&path, &bytes).unwrap();
    let tree = on_disk(&path, bytes.len() as u64);
    let made = |copy_len| write_layer(&tree, &layout, LayerOptions { copy_len, ..options(2) });
    let wanted = made(256 << 10).unwrap();
    for copy_len in [1021, 4093, 1 << 20, 10 << 20] {
        assert_eq!(made(copy_len).unwrap(), wanted, "{copy_len}");
    }
}
