//! `image inspect`: what a built image is made of, layer by layer and platform by platform.

use super::looked_at;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ImageInspect;
use crate::image::{StoredImage, StoredLayer, StoredPlatform};
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};

pub(super) fn run(flags: &ImageInspect, world: &World<'_>) -> Result<Exit> {
    let image = looked_at(world, &flags.image)?;
    let platforms: Vec<Value> = image.platforms.iter().map(value).collect();
    let value = json!({
        "image": image.name, "index": image.index.digest, "platforms": platforms,
        "skipped": image.skipped,
    });
    let text = format!("{}@{}\n{}", image.name, image.index.digest, table(&rows(&image)));
    world.report.data(&value, &text);
    Ok(Exit::Done)
}

fn value(on: &StoredPlatform) -> Value {
    let layer = |layer: &StoredLayer| {
        json!({
            "name": layer.name, "digest": layer.descriptor.digest,
            "size": layer.descriptor.size, "diffId": layer.diff_id,
        })
    };
    let layers: Vec<Value> = on.layers.iter().map(layer).collect();
    json!({ "platform": on.platform, "manifest": on.manifest.digest, "layers": layers })
}

fn rows(image: &StoredImage) -> Vec<Vec<String>> {
    let mut rows = vec![["PLATFORM", "LAYER", "BYTES", "DIGEST"].map(ToOwned::to_owned).to_vec()];
    for on in &image.platforms {
        rows.extend(on.layers.iter().map(|layer| {
            let descriptor = &layer.descriptor;
            vec![
                on.platform.to_string(),
                layer.name.clone(),
                descriptor.size.to_string(),
                descriptor.digest.to_string(),
            ]
        }));
    }
    rows
}
