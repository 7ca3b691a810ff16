//! `image size`: what weighs in a built image, by layer, by package and by type of file.

use super::looked_at;
use crate::edge::files;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageSize;
use crate::image::{StoredImage, StoredPlatform, size};
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::image::definition::Definition;
use xtask_core::image::size::{Page, Size, Weight, megabytes, page};
use xtask_core::platform::Platform;

pub(super) fn run(flags: &ImageSize, world: &World<'_>) -> Result<Exit> {
    let definition = world.definition(&flags.image)?;
    let image = looked_at(world, &flags.image)?;
    let sizes = sizes(&image, &definition, flags.platform)?;
    let budget = definition.budget_mb * 1_000_000;
    if let Some(file) = &flags.html {
        let digest = image.index.digest.to_string();
        let page = page(&Page { image: &image.name, digest: &digest, budget, sizes: &sizes });
        files::write(file, page.as_bytes())?;
        world.report.status(&format!("wrote `{}`", file.display()));
    }
    let platforms: Vec<Value> = sizes.iter().map(value).collect();
    let value = json!({
        "image": image.name, "index": image.index.digest, "budget": budget, "platforms": platforms,
    });
    let text: Vec<String> = sizes.iter().map(|it| text(it, budget, flags.top)).collect();
    world.report.data(&value, &text.join("\n\n"));
    Ok(Exit::Done)
}

fn sizes(
    image: &StoredImage,
    definition: &Definition,
    wanted: Option<Platform>,
) -> Result<Vec<(Platform, Size)>> {
    let on = |on: &&StoredPlatform| wanted.is_none_or(|wanted| on.platform == wanted);
    let platforms: Vec<&StoredPlatform> = image.platforms.iter().filter(on).collect();
    if let (true, Some(wanted)) = (platforms.is_empty(), wanted) {
        let name = &image.name;
        return Err(Failure::usage(format!("cannot weigh image `{name}`: not built for {wanted}"))
            .hint(format!("cargo xtask image build {name} --platform {wanted}")));
    }
    let weighed = platforms.into_iter().map(|on| {
        let layers = on.layers.iter().map(|layer| (layer.name.as_str(), &layer.descriptor));
        Ok((on.platform, size(&image.layout, definition, layers)?))
    });
    weighed.collect()
}

fn value((platform, size): &(Platform, Size)) -> Value {
    let layers = size.layers.iter().map(|it| named("layer", &it.name, it.weight));
    let kinds = size.kinds.iter().map(|(kind, weight)| named("type", kind, *weight));
    json!({
        "platform": platform, "unpacked": size.weight.unpacked, "packed": size.weight.packed,
        "files": size.weight.files, "layers": layers.collect::<Value>(),
        "packages": size.packages(), "types": kinds.collect::<Value>(),
    })
}

fn named(what: &str, name: &str, weight: Weight) -> Value {
    json!({
        what: name, "unpacked": weight.unpacked, "packed": weight.packed, "files": weight.files,
    })
}

fn text((platform, size): &(Platform, Size), budget: u64, top: usize) -> String {
    let Weight { unpacked, packed, .. } = size.weight;
    let percent = unpacked * 100 / budget.max(1);
    let head = format!(
        "{platform}: {} unpacked, {percent} % of {} allowed; {} packed",
        megabytes(unpacked),
        megabytes(budget),
        megabytes(packed)
    );
    let layers = size.layers.iter().map(|it| row(&it.name, it.weight, ""));
    let packages = size.packages().into_iter().take(top);
    let packages =
        packages.map(|it| row(&it.package.to_string(), it.weight, &it.layers.join(", ")));
    let kinds = size.kinds.iter().take(top).map(|(kind, weight)| row(kind, *weight, ""));
    let mut rows = vec![heads("LAYER", "")];
    rows.extend(layers);
    rows.push(heads("PACKAGE", "LAYERS"));
    rows.extend(packages);
    rows.push(heads("TYPE", ""));
    rows.extend(kinds);
    format!("{head}\n{}", table(&rows))
}

fn heads(first: &str, last: &str) -> Vec<String> {
    columns(first, ["UNPACKED", "PACKED", "FILES"].map(ToOwned::to_owned), last)
}

fn row(name: &str, weight: Weight, last: &str) -> Vec<String> {
    let numbers = [megabytes(weight.unpacked), megabytes(weight.packed), weight.files.to_string()];
    columns(name, numbers, last)
}

fn columns(first: &str, numbers: [String; 3], last: &str) -> Vec<String> {
    let [unpacked, packed, files] = numbers.map(|number| format!("{number:>8}"));
    vec![first.to_owned(), unpacked, packed, files, last.to_owned()]
}
