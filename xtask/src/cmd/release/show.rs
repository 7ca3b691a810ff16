//! `release show`: what a release is made of, and what is said about it.

use super::list::value;
use super::releases;
use crate::attest::{AttestationStore, PublicKey, public_keys};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ReleaseOf;
use crate::report::table;
use crate::ship::release::{Published, Releases};
use crate::world::World;
use serde_json::json;
use xtask_core::ship::release::{Release, ReleasedImage};
use xtask_core::trust::attestation::{Verifier as _, Wanted, judge};

/// Something that is said about a release: its type, and who says it.
type Said = (String, String);

pub(super) fn run(flags: &ReleaseOf, world: &World<'_>) -> Result<Exit> {
    let releases = releases(world, &flags.environment)?;
    let release = releases.get(&flags.release)?;
    let keys = match world.deploy.signing.public_keys.is_empty() {
        true => Vec::new(),
        false => public_keys(world, &[])?,
    };
    let said = said(&releases, &release, &keys)?;
    let mut shown = value(&release);
    shown["reference"] = json!(releases.pin(&release).to_string());
    let statements = said.iter().map(|(kind, key)| json!({ "predicateType": kind, "key": key }));
    shown["statements"] = statements.collect();
    world.report.data(&shown, &table(&rows(&releases, &release, &said)));
    Ok(Exit::Done)
}

/// What is said about it and believed.
fn said(releases: &Releases, release: &Published, keys: &[PublicKey]) -> Result<Vec<Said>> {
    let store = AttestationStore::of_repository(releases.repository())?;
    let wanted = Wanted { name: &release.release.version, digest: release.artifact.digest };
    let bundles = store.bundles(&release.artifact)?;
    let judged = bundles.iter().filter_map(|(_, bundle)| judge(bundle, wanted, keys).ok());
    let mut said: Vec<Said> =
        judged.map(|(it, key)| (it.predicate_type, key.name().to_owned())).collect();
    said.sort();
    said.dedup();
    Ok(said)
}

fn rows(releases: &Releases, published: &Published, said: &[Said]) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let release = &published.release;
    let mut rows = vec![
        row("release", release.version.clone()),
        row("reference", releases.pin(published).to_string()),
        row("commit", commit(release)),
        row("made", format!("{} by {}", release.created_at, release.builder)),
        row("schema", release.schema_head().unwrap_or("-").to_owned()),
    ];
    rows.extend(release.services.iter().map(|(name, image)| row(name, images(image))));
    rows.extend(release.scans.iter().map(|(name, scan)| {
        let blocking = match scan.blocking.len() {
            0 => "nothing blocking".to_owned(),
            count => format!("{count} blocking"),
        };
        let parts = if scan.not_scanned.is_empty() { "" } else { ", partial" };
        row("scan", format!("{name}: {blocking}{parts}, {}", scan.scanned_at))
    }));
    rows.extend(release.sboms.iter().flat_map(|(name, lists)| {
        lists.iter().map(move |it| {
            let (kind, on, digest) = (&it.kind, it.platform, it.digest.short());
            row("SBOM", format!("{name} for {on}: {kind} {digest}"))
        })
    }));
    rows.extend(said.iter().map(|(kind, key)| row("signed", format!("{kind} by `{key}`"))));
    rows
}

fn commit(release: &Release) -> String {
    let work = if release.dirty { ", with uncommitted work" } else { "" };
    format!("{}{work}", release.commit)
}

fn images(image: &ReleasedImage) -> String {
    let on = image.platforms.iter().map(|(platform, _)| platform.to_string());
    format!("{} for {}", image.pin(), on.collect::<Vec<_>>().join(", "))
}
