//! `image verify --against`: whether a pushed image is what this checkout builds.

use super::rebuilt;
use super::verify::{exit, text_of};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageVerify;
use crate::image::{Pulled, StoredImage, build, compare, differing_layers, stored_image};
use crate::world::World;
use serde_json::json;
use xtask_core::reference::Reference;

pub(super) fn run(flags: &ImageVerify, reference: &Reference, world: &World<'_>) -> Result<Exit> {
    let phase = world.report.phase("pull");
    let pulled = Pulled::read(reference)?;
    phase.done(&format!("read {reference}"));
    let name = image(flags, &pulled, reference, world)?;
    let ours = ours(&name, &pulled, world)?;
    let theirs = pulled.stored()?;
    pulled.fetch(&differing_layers(&ours, &theirs))?;
    let compared = compare(&ours, &theirs)?;
    rebuilt::state(flags, reference, &pulled, &compared, world)?;
    let text = text_of(&compared, &format!("built here, and {reference}"));
    world.report.data(&json!({ "reference": reference.to_string(), "image": compared }), &text);
    Ok(exit(&[compared]))
}

/// The image that was named, or the only one with the title of what was pulled.
fn image(
    flags: &ImageVerify,
    pulled: &Pulled,
    reference: &Reference,
    world: &World<'_>,
) -> Result<String> {
    if let [name] = flags.images.as_slice() {
        return Ok(name.clone());
    }
    let title = pulled.title.as_deref().unwrap_or("(none)");
    let mut matching = Vec::new();
    for name in world.definitions()? {
        let labels = world.definition(&name)?.config.labels;
        if labels.iter().any(|(key, value)| key.ends_with("image.title") && value == title) {
            matching.push(name);
        }
    }
    match matching.as_slice() {
        [name] if flags.images.is_empty() => Ok(name.clone()),
        _ => Err(Failure::usage(format!("cannot tell which image `{reference}` is"))
            .reason(format!("its title is `{title}`"))
            .hint(format!("name one: `cargo xtask image verify --against {reference} IMAGE`"))),
    }
}

/// What this checkout builds, in the form in which it was pulled: an index, or one platform.
fn ours(name: &str, pulled: &Pulled, world: &World<'_>) -> Result<StoredImage> {
    let is_index = pulled.is_index();
    let platforms = if is_index { pulled.platforms() } else { Vec::new() };
    let phase = world.report.phase(name);
    let built = build(world, name, &platforms, &phase)?;
    phase.done(&built.outcome());
    let mut ours = stored_image(world, name)?;
    if !is_index {
        let wanted = pulled.platforms();
        ours.platforms.retain(|it| wanted.contains(&it.platform));
        if let [only] = ours.platforms.as_slice() {
            ours.index = only.manifest.clone();
        }
    }
    Ok(ours)
}
