//! `image verify`: proves that images come out the same, by building them twice, or by comparing
//! them with what a registry holds.

use super::against;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ImageVerify;
use crate::image::{Compared, Rebuilt, compare, rebuild};
use crate::world::{World, definition_name};
use serde_json::{Value, json};
use xtask_core::conditions::Variation;
use xtask_core::plan::Count;
use xtask_core::platform::Platform;

pub(super) fn run(flags: &ImageVerify, world: &World<'_>) -> Result<Exit> {
    match &flags.against {
        Some(reference) => against::run(flags, reference, world),
        None => twice(flags, world),
    }
}

fn twice(flags: &ImageVerify, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { service_images(world) } else { flags.images.clone() };
    names.iter().try_for_each(|name| world.definition(name).map(drop))?;
    let rebuilt = rebuild(world, &names, &platforms(flags))?;
    let compared = rebuilt.images.iter().map(|(first, second)| compare(first, second));
    let compared = compared.collect::<Result<Vec<_>>>()?;
    show(world, &rebuilt, &compared);
    Ok(exit(&compared))
}

/// The platforms that were asked for, or both.
pub(super) fn platforms(flags: &ImageVerify) -> Vec<Platform> {
    if flags.platform.is_empty() { Platform::ALL.to_vec() } else { flags.platform.clone() }
}

/// Something that differs is something that is not as it should be.
pub(super) fn exit(compared: &[Compared]) -> Exit {
    if compared.iter().all(Compared::is_same) { Exit::Done } else { Exit::Planned }
}

fn service_images(world: &World<'_>) -> Vec<String> {
    let services = world.deploy.services.iter();
    services.map(|service| definition_name(&service.image).to_owned()).collect()
}

fn show(world: &World<'_>, rebuilt: &Rebuilt, compared: &[Compared]) {
    let (varied, kept): (Vec<_>, Vec<_>) =
        rebuilt.variations.iter().partition(|variation| variation.how.is_ok());
    let text = |it: &Variation| {
        let how = it.how.as_ref().unwrap_or_else(|why| why);
        format!("{} ({how})", it.what)
    };
    let list = |of: &[&Variation]| of.iter().map(|it| text(it)).collect::<Vec<_>>().join("; ");
    world.report.status(&format!("varied: {}", list(&varied)));
    for variation in &kept {
        world.report.warning(&format!("not varied: {}", text(variation)));
    }
    let variation = |it: &&Variation| match &it.how {
        Ok(how) => json!({ "what": it.what, "varied": true, "how": how }),
        Err(why) => json!({ "what": it.what, "varied": false, "why": why }),
    };
    let variations: Vec<Value> = rebuilt.variations.iter().map(|it| variation(&it)).collect();
    let lines: Vec<String> = compared.iter().map(|it| said(it, "built twice")).collect();
    let value = json!({ "images": compared, "variations": variations });
    world.report.data(&value, &lines.join("\n"));
}

/// What became of one comparison, for people: `name@digest`, or the differences line by line.
pub(super) fn said(compared: &Compared, sides: &str) -> String {
    let Compared { image, first, second, differences, count, skipped } = compared;
    let skipped = skipped.iter().map(|it| format!("  skipped {it}"));
    if compared.is_same() {
        let same = format!("{image}@{first} {sides}: the same");
        return std::iter::once(same).chain(skipped).collect::<Vec<_>>().join("\n");
    }
    let mut lines = vec![
        format!("{image} {sides}: {}", Count(*count, "difference")),
        format!("  first   {first}"),
        format!("  second  {second}"),
    ];
    lines.extend(differences.iter().map(|found| {
        let on = found.platform.map(|platform| format!("{platform} ")).unwrap_or_default();
        format!("  {on}{}: {}", found.part, found.difference)
    }));
    let unsaid = count - differences.len();
    if unsaid > 0 {
        lines.push(format!("  and {unsaid} more"));
    }
    lines.extend(skipped);
    lines.join("\n")
}
