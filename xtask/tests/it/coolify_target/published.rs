//! A release as `up` publishes one, of images that nobody scanned for real.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use xtask::edge::clock;
use xtask::runtime;
use xtask_core::platform::Platform;
use xtask_core::reference::Repository;
use xtask_core::ship::release::{
    ARTIFACT_TYPE, Release, ReleasedImage, ReleasedMigration, ScanVerdict,
};
use xtask_registry::Registry;

/// Puts release `version` of these images into `releases`.
pub(crate) fn publish(
    releases: &Repository,
    version: &str,
    services: BTreeMap<String, ReleasedImage>,
    migrations: Vec<ReleasedMigration>,
) {
    let scans = services.keys().map(|name| (name.clone(), verdict())).collect();
    let release = Release {
        version: version.to_owned(),
        commit: "1".repeat(40),
        dirty: false,
        created_at: clock::now(),
        scans,
        services,
        migrations,
        builder: "test".to_owned(),
        sboms: BTreeMap::new(),
    };
    let registry = Registry::new(releases.registry(), None);
    let (bytes, tags) = (serde_json::to_vec(&release).unwrap(), [version.parse().unwrap()]);
    let (kind, nothing) = (ARTIFACT_TYPE, BTreeMap::new());
    let pushed = registry.push_artifact(releases, kind, kind, &bytes, &tags, &nothing);
    runtime::wait(pushed).unwrap();
}

fn verdict() -> ScanVerdict {
    ScanVerdict {
        scanner: "trivy".to_owned(),
        scanned: Vec::new(),
        not_scanned: Vec::new(),
        blocking: Vec::new(),
        scanned_at: clock::now(),
        database: Some(clock::now()),
        platforms: Platform::ALL.to_vec(),
        allowed: Vec::new(),
        warnings: Vec::new(),
    }
}
