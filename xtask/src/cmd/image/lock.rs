//! `image lock`: chooses the Debian packages of an image and writes them down by hash.

use super::scripts;
use crate::edge::{apt, files};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageLock;
use crate::world::{World, lock_file};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use xtask_core::image::debian::{Change, Resolved, changes, resolve};
use xtask_core::image::definition::Definition;
use xtask_core::image::lock::Lock;
use xtask_core::plan::Count;
use xtask_image::gzip_v1::ENCODER_ID;

const SUITE: &str = "bookworm";

/// What became of the lock of one image.
struct Outcome {
    image: String,
    head: String,
    changes: BTreeMap<String, Vec<Change>>,
}

pub(super) fn run(flags: &ImageLock, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { world.definitions()? } else { flags.images.clone() };
    let outcomes = lock(flags, world, &names)?;
    if flags.accept_scripts {
        scripts::accept_unread(world, &names)?;
    }
    let all_locked = "every image is locked; `--update` takes newer packages".to_owned();
    let text = outcomes.iter().map(text).reduce(|all, one| format!("{all}\n{one}"));
    let values: Vec<Value> = outcomes.iter().map(value).collect();
    world.report.data(&json!({ "images": values }), &text.unwrap_or(all_locked));
    Ok(Exit::Done)
}

fn lock(flags: &ImageLock, world: &World<'_>, names: &[String]) -> Result<Vec<Outcome>> {
    let definitions =
        names.iter().map(|name| world.definition(name)).collect::<Result<Vec<_>>>()?;
    let wanted = |definition: &&Definition| flags.update || !is_locked(world, definition);
    let wanted: Vec<&Definition> = definitions.iter().filter(wanted).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let phase = world.report.phase("indexes");
    phase.doing("fetching Debian's signed indexes");
    let indexes = apt::indexes(&world.shell, &world.places.cache, SUITE)?;
    phase.done("fetched, signatures checked by apt");
    wanted.iter().map(|definition| relock(world, definition, &indexes)).collect()
}

/// A lock is whole when it holds what every Debian layer asks for, on every platform.
fn is_locked(world: &World<'_>, definition: &Definition) -> bool {
    let Ok(Some(lock)) = world.lock(&definition.name) else { return false };
    definition.debian_layers().all(|(layer, _)| {
        definition.platforms.iter().all(|platform| lock.packages(layer, *platform).is_some())
    })
}

fn relock(world: &World<'_>, definition: &Definition, indexes: &apt::Indexes) -> Result<Outcome> {
    let name = &definition.name;
    let resolved = resolve(definition, &indexes.platforms).map_err(|error| {
        let failure = Failure::usage(format!("cannot lock image `{name}`")).because(&error);
        error.cause.next_step().into_iter().fold(failure, Failure::hint)
    })?;
    let before = world.lock(name).unwrap_or(None);
    let lock = new_lock(definition, &resolved, indexes.signed_at);
    let outcome = outcome(name, before.as_ref(), &lock, &resolved);
    if before.is_none_or(|before| Lock { archive_time: lock.archive_time, ..before } != lock) {
        let file = lock_file(name);
        files::write(&world.places.file(&file), lock.to_text().as_bytes())
            .map_err(|failure: Failure| failure.during(format!("failed to lock image `{name}`")))?;
    }
    Ok(outcome)
}

fn new_lock(definition: &Definition, resolved: &Resolved, archive_time: u64) -> Lock {
    let wanted = definition.debian_layers();
    Lock {
        encoder: ENCODER_ID.to_owned(),
        suite: SUITE.to_owned(),
        archive_time,
        wanted: wanted.map(|(it, debian)| (it.name.clone(), debian.digest())).collect(),
        layers: resolved.layers.clone(),
    }
}

/// A readable difference; of a first lock only how much there is.
fn outcome(name: &str, before: Option<&Lock>, after: &Lock, resolved: &Resolved) -> Outcome {
    let changes = before.map(|before| changes(before, resolved)).unwrap_or_default();
    let packages = |lock: &Lock| lock.layers.values().flat_map(BTreeMap::values).flatten().count();
    let head = match before {
        None => format!("locked {}, all platforms counted", Count(packages(after), "package")),
        Some(_) if changes.is_empty() => "no package differs".to_owned(),
        Some(_) => Count(changes.values().flatten().count(), "package change").to_string(),
    };
    Outcome { image: name.to_owned(), head, changes }
}

fn text(outcome: &Outcome) -> String {
    let mut text = format!("{}: {}", outcome.image, outcome.head);
    for (layer, changes) in &outcome.changes {
        text.push_str(&format!("\n  {layer}"));
        changes.iter().for_each(|change| text.push_str(&format!("\n    {change}")));
    }
    text
}

fn value(outcome: &Outcome) -> Value {
    let change = |layer: &String, change: &Change| {
        json!({
            "layer": layer, "package": change.package, "before": change.before,
            "after": change.after, "why": change.reason.to_string(),
            "platforms": change.platforms,
        })
    };
    let layers = outcome.changes.iter();
    let changes = layers.flat_map(|(layer, changes)| changes.iter().map(|it| change(layer, it)));
    json!({ "image": outcome.image, "changes": changes.collect::<Vec<_>>() })
}
