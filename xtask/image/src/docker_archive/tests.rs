use super::*;
use crate::gzip_v1::Options;
use crate::image::{ImageConfig, ImageLayer, write_image};
use crate::layer::write_layer;
use crate::tree::{Node, Tree};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;
use xtask_core::descriptor::media_type;
use xtask_core::platform::Platform;

fn tree(name: &str) -> Tree {
    let mut tree = Tree::new();
    tree.insert(name, Node::file(0o644, name)).unwrap();
    tree
}

fn config() -> ImageConfig {
    ImageConfig { entrypoint: vec!["/bin/x".to_owned()], ..ImageConfig::default() }
}

fn tags() -> Vec<String> {
    vec!["nutri/backend:test".to_owned()]
}

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    });
    entries.collect()
}

/// The archive of an image of three layers, the last of them the same as the first.
fn archive() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let layers = ["a/one", "b/two", "a/one"].map(|name| layer(name, &layout));
    let created = SystemTime::UNIX_EPOCH;
    let manifest = write_image(&layout, &layers, &config(), Platform::Amd64, created).unwrap();
    let mut archive = Vec::new();
    write_from_layout(&layout, &manifest, &tags(), &mut archive).unwrap();
    archive
}

fn layer(name: &str, layout: &Layout) -> ImageLayer {
    let blob = write_layer(&tree(name), layout, Options::default()).unwrap();
    ImageLayer { name: name.to_owned(), blob }
}

#[test]
fn every_name_in_the_manifest_is_in_the_archive_and_true() {
    let files = files(&archive());
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let config_name = manifest[0]["Config"].as_str().unwrap();
    assert_eq!(config_name, format!("{}.json", Digest::of(&files[config_name]).hex()));
    let config: Value = serde_json::from_slice(&files[config_name]).unwrap();
    let layers = manifest[0]["Layers"].as_array().unwrap();
    let diff_ids: Vec<_> =
        layers.iter().map(|name| Digest::of(&files[name.as_str().unwrap()])).collect();
    assert_eq!(config["rootfs"]["diff_ids"], json!(diff_ids));
    assert_eq!(manifest[0]["RepoTags"], json!(["nutri/backend:test"]));
    assert_eq!((layers.len(), files.len()), (3, 4), "the same layer is there once");
}

#[test]
fn a_layer_that_is_not_what_the_config_says_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let (first, other) = (layer("a", &layout), layer("b", &layout));
    let created = SystemTime::UNIX_EPOCH;
    let layers = [first.clone()];
    let manifest = write_image(&layout, &layers, &config(), Platform::Amd64, created).unwrap();
    let other_path = layout.blob_path(&other.blob.descriptor.digest);
    fs::copy(other_path, layout.blob_path(&first.blob.descriptor.digest)).unwrap();
    let error = write_from_layout(&layout, &manifest, &tags(), io::sink()).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("blob `{}` is corrupt", first.blob.descriptor.digest)),
        "{error}"
    );
    let gone = Descriptor::of(media_type::MANIFEST, b"gone");
    assert!(write_from_layout(&layout, &gone, &tags(), io::sink()).is_err());
}
