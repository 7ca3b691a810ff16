//! `image inspect`: what a built image is made of, layer by layer and platform by platform.

use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageInspect;
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::descriptor::Descriptor;
use xtask_image::image::{Index, Manifest};
use xtask_image::layout::Layout;

pub(super) fn run(flags: &ImageInspect, world: &World<'_>) -> Result<Exit> {
    let definition = world.definition(&flags.image)?;
    let failed = || format!("failed to read image `{}`", flags.image);
    let layout = Layout::open_or_create(world.places.layout()).or_outside(failed)?;
    let index = layout.resolve(&flags.image).or_outside(failed)?.ok_or_else(|| {
        Failure::usage(format!("cannot inspect image `{}`: it is not built", flags.image))
            .hint(format!("cargo xtask image build {}", flags.image))
    })?;
    let manifests: Index = parse(&layout, &index)?;
    let mut rows = vec![["PLATFORM", "LAYER", "BYTES", "DIGEST"].map(ToOwned::to_owned).to_vec()];
    let mut platforms = Vec::new();
    for manifest in &manifests.manifests {
        let platform = manifest.platform.map(|it| it.to_string()).unwrap_or_default();
        let layers = parse::<Manifest>(&layout, manifest)?.layers;
        let named = definition.layers.iter().map(|layer| layer.name.clone()).zip(&layers);
        for (name, layer) in named {
            rows.push(vec![
                platform.clone(),
                name,
                layer.size.to_string(),
                layer.digest.to_string(),
            ]);
        }
        platforms
            .push(json!({ "platform": platform, "manifest": manifest.digest, "layers": layers }));
    }
    let value: Value =
        json!({ "image": flags.image, "index": index.digest, "platforms": platforms });
    let text = format!("{}@{}\n{}", flags.image, index.digest, table(&rows));
    world.report.data(&value, &text);
    Ok(Exit::Done)
}

fn parse<T: serde::de::DeserializeOwned>(layout: &Layout, descriptor: &Descriptor) -> Result<T> {
    let failed = || format!("failed to read `{}`", descriptor.digest);
    serde_json::from_slice(&layout.read_blob(descriptor).or_outside(failed)?).or_outside(failed)
}
