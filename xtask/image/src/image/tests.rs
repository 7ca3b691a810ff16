use super::*;
use crate::gzip_v1::Options;
use crate::layer::write_layer;
use crate::tree::{Node, Tree};
use serde_json::json;
use std::time::Duration;
use xtask_core::digest::Digest;

fn config() -> ImageConfig {
    ImageConfig {
        user: "65532:65532".to_owned(),
        exposed_ports: ["3000/tcp".to_owned()].into(),
        env: [("PATH", "/usr/bin"), ("NODE_ENV", "production")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        entrypoint: vec!["/usr/bin/node".to_owned()],
        cmd: vec!["dist/main.js".to_owned()],
        working_dir: "/app".to_owned(),
        labels: [("b", "2"), ("a", "<1>")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        stop_signal: Some("SIGTERM".to_owned()),
        healthcheck: Some(Healthcheck {
            test: vec!["CMD".to_owned(), "/usr/bin/node".to_owned(), "health.js".to_owned()],
            interval: Duration::from_secs(10),
            timeout: Duration::from_millis(2500),
            start_period: Duration::ZERO,
            retries: 3,
        }),
    }
}

/// 2026-11-23 00:00:00 UTC, and a fraction that must not show.
fn created() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_392_000_700)
}

#[test]
fn the_config_is_these_bytes() {
    let diff_id = Digest::of(b"");
    let bytes =
        config_bytes(&config(), &[("base", diff_id), ("app", diff_id)], Platform::Arm64, created());
    let bytes = bytes.unwrap();
    let id = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let entry = |name: &str| {
        format!(r#"{{"created":"2026-11-23T00:00:00Z","created_by":"xtask image: {name}"}}"#)
    };
    let wanted = format!(
        concat!(
            r#"{{"created":"2026-11-23T00:00:00Z","architecture":"arm64","os":"linux","#,
            r#""config":{{"User":"65532:65532","ExposedPorts":{{"3000/tcp":{{}}}},"#,
            r#""Env":["PATH=/usr/bin","NODE_ENV=production"],"Entrypoint":["/usr/bin/node"],"#,
            r#""Cmd":["dist/main.js"],"WorkingDir":"/app","Labels":{{"a":"<1>","b":"2"}},"#,
            r#""StopSignal":"SIGTERM","Healthcheck":{{"Test":["CMD","/usr/bin/node","health.js"],"#,
            r#""Interval":10000000000,"Timeout":2500000000,"StartPeriod":0,"Retries":3}}}},"#,
            r#""rootfs":{{"type":"layers","diff_ids":["{id}","{id}"]}},"#,
            r#""history":[{base},{app}]}}"#,
        ),
        id = id,
        base = entry("base"),
        app = entry("app"),
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), wanted);
}

#[test]
fn what_is_not_set_is_not_written() {
    let at = SystemTime::UNIX_EPOCH;
    let bytes = config_bytes(&ImageConfig::default(), &[], Platform::Amd64, at).unwrap();
    let wanted = concat!(
        r#"{"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{},"#,
        r#""rootfs":{"type":"layers","diff_ids":[]},"history":[]}"#,
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), wanted);
}

#[test]
fn refuses_what_engines_would_understand_differently() {
    let message = |config: &ImageConfig, at| {
        config_bytes(config, &[], Platform::Amd64, at).unwrap_err().to_string()
    };
    let with = |names: &[&str]| ImageConfig {
        env: names.iter().map(|name| ((*name).to_owned(), String::new())).collect(),
        ..ImageConfig::default()
    };
    let now = created();
    assert_eq!(message(&with(&["A", "A"]), now), "cannot write image: variable `A` is set twice");
    assert_eq!(
        message(&with(&["A=B"]), now),
        "cannot write image: `A=B` is not the name of a variable"
    );
    for at in [SystemTime::UNIX_EPOCH - Duration::from_secs(1), now + Duration::from_secs(1 << 40)]
    {
        let wanted = "cannot write image: it was created before 1970 or after 9999";
        assert_eq!(message(&with(&[]), at), wanted);
    }
}

#[test]
fn an_image_for_two_platforms_keeps_its_digest() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let mut tree = Tree::new();
    tree.insert("app/main.js", Node::file(0o644, "1")).unwrap();
    let blob = write_layer(&tree, &layout, Options::default()).unwrap();
    let layers = [ImageLayer { name: "app".to_owned(), blob }];
    let manifests = [Platform::Arm64, Platform::Amd64].map(|platform| {
        let manifest = write_image(&layout, &layers, &config(), platform, created()).unwrap();
        (platform, manifest)
    });
    let index = write_index(&layout, &manifests).unwrap();
    assert_eq!(
        index.digest.to_string(),
        "sha256:82888783d941beed6c57be92a3367b26b36060f83ced9bc9117206e2ce7d9254"
    );
    let read: Index = serde_json::from_slice(&layout.read_blob(&index).unwrap()).unwrap();
    let platforms: Vec<_> = read.manifests.iter().map(Descriptor::our_platform).collect();
    assert_eq!(platforms, [Some(Platform::Amd64), Some(Platform::Arm64)]);
    let manifest: Manifest =
        serde_json::from_slice(&layout.read_blob(&read.manifests[0]).unwrap()).unwrap();
    assert_eq!(manifest.layers, [layers[0].blob.descriptor.clone()]);
    let twice = [manifests[0].clone(), manifests[0].clone()];
    let message = write_index(&layout, &twice).unwrap_err().to_string();
    assert_eq!(message, "cannot write image: a platform is there twice");
}

#[test]
fn a_layer_that_is_not_there_is_named_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let digest = Digest::of(b"gone");
    let descriptor = Descriptor::new(media_type::LAYER_GZIP, digest, 4);
    let blob = LayerBlob { descriptor, diff_id: digest, unpacked_size: 0 };
    let layer = ImageLayer { name: "app".to_owned(), blob };
    let error = write_image(&layout, &[layer], &config(), Platform::Amd64, created()).unwrap_err();
    let wanted = format!("cannot write image: its layer `{digest}` is not in the layout");
    assert_eq!(error.to_string(), wanted);
}

/// An index as buildx pushes it: a manifest, and the attestation that belongs to it.
#[test]
fn what_an_index_lists_beside_images_is_told_apart() {
    let entry = |bytes: &[u8], platform: serde_json::Value| {
        let digest = Digest::of(bytes);
        json!({ "mediaType": media_type::MANIFEST, "digest": digest, "size": 1, "platform": platform })
    };
    let linux = |architecture: &str| json!({ "architecture": architecture, "os": "linux" });
    let mut attestation = entry(b"2", json!({ "architecture": "unknown", "os": "unknown" }));
    attestation["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    let arm = json!({ "architecture": "arm", "os": "linux", "variant": "v7" });
    let index = |entries: &[&serde_json::Value]| -> Index {
        let document = json!({ "schemaVersion": 2, "manifests": entries });
        serde_json::from_value(document).unwrap()
    };
    let (amd64, arm) = (entry(b"1", linux("amd64")), entry(b"3", arm));
    let entries = index(&[&amd64, &attestation, &arm]).entries().unwrap();
    let platforms: Vec<_> = entries.images.iter().map(Descriptor::our_platform).collect();
    assert_eq!(platforms, [Some(Platform::Amd64)]);
    let skipped: Vec<String> = entries.skipped.iter().map(ToString::to_string).collect();
    assert!(skipped[0].starts_with("`unknown/unknown` ("), "{skipped:?}");
    assert!(skipped[0].ends_with("it is an attestation of buildx, no image"), "{skipped:?}");
    assert!(skipped[1].starts_with("`linux/arm/v7` ("), "{skipped:?}");
    assert!(skipped[1].ends_with("we do not build for it"), "{skipped:?}");

    let report = |entries: &[&serde_json::Value]| index(entries).entries().unwrap_err().to_string();
    let none = report(&[&attestation]);
    assert!(none.contains("it lists no image for a platform that we build for"), "{none}");
    assert!(none.contains("`unknown/unknown`"), "{none}");
    assert!(report(&[]).ends_with("it lists nothing"), "{}", report(&[]));
    let twice = report(&[&amd64, &entry(b"4", linux("amd64"))]);
    assert_eq!(twice, "cannot use index: it lists `linux/amd64` twice");
}

/// What we write is read by oci-spec's types as what it is, and nothing of it is unknown to them.
#[test]
fn oci_spec_reads_what_we_write() {
    use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest, MediaType};
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(dir.path()).unwrap();
    let mut tree = Tree::new();
    tree.insert("app/main.js", Node::file(0o644, "1")).unwrap();
    let blob = write_layer(&tree, &layout, Options::default()).unwrap();
    let layers = [ImageLayer { name: "app".to_owned(), blob }];
    let manifest = write_image(&layout, &layers, &config(), Platform::Arm64, created()).unwrap();
    let index = write_index(&layout, &[(Platform::Arm64, manifest.clone())]).unwrap();
    let written = layout.read_blob(&index).unwrap();
    let index: ImageIndex = serde_json::from_slice(&written).unwrap();
    assert_eq!(index.media_type(), &Some(MediaType::ImageIndex));
    assert_eq!(index.manifests()[0].media_type(), &MediaType::ImageManifest);
    assert_eq!(json_v1::to_bytes(&index).unwrap(), written, "no field is lost");
    let written = layout.read_blob(&manifest).unwrap();
    let manifest: ImageManifest = serde_json::from_slice(&written).unwrap();
    assert_eq!(manifest.media_type(), &Some(MediaType::ImageManifest));
    assert_eq!(manifest.config().media_type(), &MediaType::ImageConfig);
    assert_eq!(manifest.layers()[0].media_type(), &MediaType::ImageLayerGzip);
    assert_eq!(json_v1::to_bytes(&manifest).unwrap(), written, "no field is lost");
    assert_eq!(media_type::EMPTY, MediaType::EmptyJSON.as_ref());
    let config = manifest.config().digest().to_string().parse().unwrap();
    let config = std::fs::read(layout.blob_path(&config)).unwrap();
    let config: ImageConfiguration = serde_json::from_slice(&config).unwrap();
    assert_eq!(config.architecture(), &oci_spec::image::Arch::ARM64);
    let exposed = config.config().as_ref().unwrap().exposed_ports();
    assert_eq!(exposed, &Some(vec!["3000/tcp".to_owned()]));
}
