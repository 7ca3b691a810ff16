//! Which blobs of the layout are needed, by whom; and what lies there and in the cache.

use super::layer_build::PackedLayer;
use crate::edge::files;
use crate::error::{Context as _, Result};
use crate::world::World;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::Path;
use std::time::{Duration, SystemTime};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::ship::retention::disk::{Found, Kind};
use xtask_image::layout::{Layout, REF_NAME};

/// Folders of the cache whose entries can be made again. Downloads are not among them: a mirror
/// may have dropped what a lock still names.
/// `spool` is what `unpacked` was called before; nothing writes there any more.
const MADE: [&str; 5] = ["builds", "npm", "spool", "unpacked", "wheels"];

/// How the files of the layer cache end; any other is on its way.
const MEMOS: [&str; 3] = [".json", ".shape", ".proved"];

/// What an index or a manifest names below itself; anything else names nothing.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    subject: Option<Descriptor>,
}

/// Every blob that the layout's names or `releases` (index by who needs it) reach.
pub fn needed(
    layout: &Layout,
    releases: &BTreeMap<Digest, String>,
) -> Result<BTreeMap<Digest, String>> {
    let mut needed = BTreeMap::new();
    for descriptor in
        layout.index().or_outside(|| "failed to read the layout".to_owned())?.manifests
    {
        let name = descriptor.annotations.get(REF_NAME).cloned().unwrap_or_default();
        reach(layout, &descriptor, &format!("`{name}`"), &mut needed)?;
    }
    for (digest, who) in releases {
        // What was released from another machine is not here, and nothing of it can be removed.
        if let Ok(metadata) = std::fs::metadata(layout.blob_path(digest)) {
            let descriptor = Descriptor::new("", *digest, metadata.len());
            reach(layout, &descriptor, who, &mut needed)?;
        }
    }
    Ok(needed)
}

fn reach(
    layout: &Layout,
    root: &Descriptor,
    who: &str,
    needed: &mut BTreeMap<Digest, String>,
) -> Result<()> {
    if needed.insert(root.digest, who.to_owned()).is_some() {
        return Ok(());
    }
    let unknown = || format!("cannot tell what {who} needs");
    let bytes = layout
        .read_blob(root)
        .or_refused(unknown)
        .map_err(|failure| failure.hint("`cargo xtask image build` makes the image anew"))?;
    let names: Names = serde_json::from_slice(&bytes).or_refused(unknown)?;
    // An index of somebody else may list platforms whose manifests never came here.
    let is_here = |child: &&Descriptor| child.skipped().is_none() || layout.has(&child.digest);
    let mut children = names.manifests.iter().filter(is_here);
    children.try_for_each(|child| reach(layout, child, who, needed))?;
    let leaves = names.config.into_iter().chain(names.layers).chain(names.subject);
    for leaf in leaves {
        needed.entry(leaf.digest).or_insert_with(|| who.to_owned());
    }
    Ok(())
}

/// Everything in the layout and the cache that may be removed.
pub fn found(world: &World<'_>, layout: &Layout) -> Result<Vec<Found>> {
    let now = SystemTime::now();
    let mut found = Vec::new();
    each(&layout.dir().join("blobs/sha256"), |entry| {
        let blob: Option<Digest> = format!("sha256:{}", name(entry)).parse().ok();
        // What has another name is on its way: its build ends it, or the next one sweeps it.
        found.extend(blob.and_then(|blob| look(Kind::Blob, Some(blob), entry, now)));
    })?;
    each(&world.places.cache.join("layers"), |entry| {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        let layers = serde_json::from_str::<Vec<PackedLayer>>(&text).unwrap_or_default();
        let blob = layers.first().map(|layer| layer.blob.descriptor.digest);
        let whole = MEMOS.iter().any(|ending| name(entry).ends_with(ending));
        found.extend(whole.then(|| look(Kind::Memo, blob, entry, now)).flatten());
    })?;
    for folder in MADE {
        each(&world.places.cache.join(folder), |entry| {
            let whole = !name(entry).ends_with(".aside") && !name(entry).starts_with('.');
            found.extend(whole.then(|| look(Kind::Made, None, entry, now)).flatten());
        })?;
    }
    Ok(found)
}

fn each(folder: &Path, mut visit: impl FnMut(&DirEntry)) -> Result<()> {
    let failed = || format!("failed to list `{}`", folder.display());
    if !files::is_folder(folder)? {
        return Ok(());
    }
    let mut entries: Vec<DirEntry> =
        std::fs::read_dir(folder).and_then(Iterator::collect).or_outside(failed)?;
    entries.sort_by_key(DirEntry::file_name);
    entries.iter().for_each(&mut visit);
    Ok(())
}

/// None for what is gone by now.
fn look(kind: Kind, blob: Option<Digest>, entry: &DirEntry, now: SystemTime) -> Option<Found> {
    let metadata = entry.metadata().ok()?;
    let age = metadata.modified().ok().and_then(|at| now.duration_since(at).ok());
    let path = entry.path();
    let size = if metadata.is_dir() { size_below(&path) } else { metadata.len() };
    let age = age.unwrap_or(Duration::ZERO);
    Some(Found { kind, path: path.display().to_string(), blob, size, age })
}

fn size_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

fn name(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}
