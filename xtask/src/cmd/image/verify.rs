//! `image verify`: proves that images come out the same, by building them twice, or by comparing
//! them with what a registry holds.

use super::against;
use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::flags::ImageVerify;
use crate::image::cache_lock;
use crate::image::{Compared, InLayout, Rebuilt, compare, in_layout, rebuild};
use crate::world::{World, definition_name};
use serde_json::{Value, json};
use xtask_core::image::conditions::Variation;
use xtask_core::plan::Count;
use xtask_image::layout::Layout;

/// An image that was built twice.
struct Verified {
    /// How both builds compare.
    twice: Compared,
    /// How the first compares with what lies in the layout; none if nothing does, or nobody asked.
    kept: Option<InLayout>,
}

pub(super) fn run(flags: &ImageVerify, world: &World<'_>) -> Result<Exit> {
    match &flags.against {
        Some(reference) => against::run(flags, reference, world),
        None => twice(flags, world),
    }
}

fn twice(flags: &ImageVerify, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { service_images(world) } else { flags.images.clone() };
    names.iter().try_for_each(|name| world.definition(name).map(drop))?;
    let rebuilt = rebuild(world, &names, &flags.platform)?;
    let _cache_lock = cache_lock::shared(&world.places.cache)?;
    let layout = if flags.without_layout { None } else { layout(world)? };
    let verified = rebuilt.images.iter().map(|(first, second)| {
        let kept = layout.as_ref().map(|layout| in_layout(first, layout)).transpose()?.flatten();
        Ok(Verified { twice: compare(first, second)?, kept })
    });
    let verified = verified.collect::<Result<Vec<_>>>()?;
    show(world, flags, &rebuilt, &verified);
    let is_same = verified.iter().all(Verified::is_same);
    Ok(if is_same { Exit::Done } else { Exit::Planned })
}

/// The layout of the checkout, if there is one; looking must not make it.
fn layout(world: &World<'_>) -> Result<Option<Layout>> {
    let layout = Layout::open(world.places.layout());
    layout.or_outside(|| "failed to open the image layout".to_owned())
}

impl Verified {
    fn is_same(&self) -> bool {
        self.twice.is_same() && self.kept.as_ref().is_none_or(|kept| kept.compared.is_same())
    }

    /// Both comparisons for people.
    fn text(&self, flags: &ImageVerify) -> String {
        let twice = text_of(&self.twice, "built twice");
        if flags.without_layout {
            return twice;
        }
        let nothing = || format!("{} in target/images: nothing lies there", self.twice.image);
        format!("{twice}\n{}", self.kept.as_ref().map_or_else(nothing, kept_text))
    }
}

fn kept_text(kept: &InLayout) -> String {
    let mut text = text_of(&kept.compared, "built now, and in target/images");
    for platform in &kept.unchecked {
        text.push_str(&format!("\n  {platform} lies there too: not built now, not compared"));
    }
    text
}

/// Something that differs is something that is not as it should be.
pub(super) fn exit(compared: &[Compared]) -> Exit {
    if compared.iter().all(Compared::is_same) { Exit::Done } else { Exit::Planned }
}

fn service_images(world: &World<'_>) -> Vec<String> {
    let services = world.deploy.services.iter();
    services.map(|service| definition_name(&service.image).to_owned()).collect()
}

fn show(world: &World<'_>, flags: &ImageVerify, rebuilt: &Rebuilt, verified: &[Verified]) {
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
    let lines: Vec<String> = verified.iter().map(|it| it.text(flags)).collect();
    let images: Vec<&Compared> = verified.iter().map(|it| &it.twice).collect();
    let layout: Vec<Value> = verified.iter().map(kept_value).collect();
    let value = json!({ "images": images, "layout": layout, "variations": variations });
    world.report.data(&value, &lines.join("\n"));
    if verified.iter().any(|it| it.kept.as_ref().is_some_and(|kept| !kept.compared.is_same())) {
        let cure = "`cargo xtask image build` makes it anew";
        world.report.warning(&format!("target/images does not hold what is built now: {cure}"));
    }
}

/// What lies in the layout, as data; null where nothing does.
fn kept_value(verified: &Verified) -> Value {
    json!({ "image": verified.twice.image, "there": verified.kept })
}

/// What became of one comparison, for people: `name@digest`, or the differences line by line.
pub(super) fn text_of(compared: &Compared, sides: &str) -> String {
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
