//! `image gc`: lets go of what neither the layout's names nor the last releases need.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageGc;
use crate::image::cache_lock;
use crate::image::{found, needed};
use crate::report::table;
use crate::ship::record;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_core::ship::retention::disk::{Verdict, judge};
use xtask_core::ship::retention::images_kept;
use xtask_image::layout::Layout;

pub(super) fn run(flags: &ImageGc, world: &World<'_>) -> Result<Exit> {
    if is_untouched(world)? {
        show(world, flags, &[]);
        return Ok(Exit::Done);
    }
    // Held from looking to removing: no build may name something in between.
    let _cache_lock = cache_lock::exclusive(&world.places.cache)?;
    let failed = || "failed to open the image layout".to_owned();
    let layout = Layout::open_or_create(world.places.layout()).or_outside(failed)?;
    let releases = releases(world, flags.keep);
    let verdicts = judge(&found(world, &layout)?, &needed(&layout, &releases)?);
    let gone: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.stays).collect();
    // Shown afterwards: what could not be removed is a failure, and not a result.
    if flags.apply {
        apply(&gone)?;
    }
    show(world, flags, &verdicts);
    Ok(if flags.apply || gone.is_empty() { Exit::Done } else { Exit::Planned })
}

/// Whether nothing was ever built here: then there is nothing to look through, and nothing is made
/// to look through it.
fn is_untouched(world: &World<'_>) -> Result<bool> {
    let folders = [world.places.layout(), world.places.cache.clone()];
    let there =
        folders.iter().map(|folder| files::is_folder(folder)).collect::<Result<Vec<_>>>()?;
    Ok(!there.contains(&true))
}

/// The images of the last `keep` verified releases of every environment that can be reached.
fn releases(world: &World<'_>, keep: usize) -> BTreeMap<Digest, String> {
    let mut releases = BTreeMap::new();
    for name in world.deploy.environments.keys() {
        match Site::look(world, name).and_then(|site| record::all(&site)) {
            Ok(records) => {
                let who = format!("one of the last {} of `{name}`", Count(keep, "release"));
                let images = images_kept(&records, keep).into_iter();
                releases.extend(images.map(|image| (image, who.clone())));
            }
            Err(failure) => world.report.warning(&format!(
                "the releases of `{name}` are not known here, so only what the layout names is \
                 kept for it: {}",
                failure.first_line()
            )),
        }
    }
    releases
}

fn show(world: &World<'_>, flags: &ImageGc, verdicts: &[Verdict]) {
    let mut rows = vec![["WHAT", "MB", "VERDICT", "WHY"].map(ToOwned::to_owned).to_vec()];
    let mut kept: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for verdict in verdicts {
        if verdict.stays {
            let (number, size) = kept.entry(&verdict.why).or_default();
            (*number, *size) = (*number + 1, *size + verdict.size);
        } else {
            rows.push(row(&verdict.path, verdict.size, "goes", &verdict.why));
        }
    }
    let stays = |(why, (number, size)): (&&str, &(usize, u64))| {
        row(&Count(*number, "thing").to_string(), *size, "stays", why)
    };
    rows.extend(kept.iter().map(stays));
    let gone = verdicts.iter().filter(|verdict| !verdict.stays);
    let bytes: u64 = gone.map(|verdict| verdict.size).sum();
    let done = if flags.apply { "removed" } else { "would be removed with `--apply`" };
    let text = format!("{}\n{:.1} MB {done}", table(&rows), bytes as f64 / 1e6);
    let value = json!({
        "keep": flags.keep, "verdicts": verdicts, "bytes": bytes, "applied": flags.apply
    });
    world.report.data(&value, &text);
}

fn row(what: &str, size: u64, verdict: &str, why: &str) -> Vec<String> {
    vec![what.to_owned(), format!("{:.1}", size as f64 / 1e6), verdict.to_owned(), why.to_owned()]
}

/// Goes on after a failure: what is left is found again by the next run.
fn apply(gone: &[&Verdict]) -> Result<()> {
    let failures = gone.iter().filter_map(|verdict| remove(Path::new(&verdict.path)).err());
    let failures: Vec<Failure> = failures.collect();
    match failures.first() {
        None => Ok(()),
        Some(first) => {
            Err(Failure::outside(format!("failed to remove {}", Count(failures.len(), "thing")))
                .reason(first.first_line())
                .partly())
        }
    }
}

fn remove(path: &Path) -> Result<()> {
    if files::is_folder(path)? { files::remove_folder(path) } else { files::remove_file(path) }
}
