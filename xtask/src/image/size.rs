//! What an image weighs, read from its blobs: also where its layers came from the memo.

use crate::error::{Context as _, Result};
use xtask_core::definition::{Definition, Stuff};
use xtask_core::descriptor::Descriptor;
use xtask_core::size::{File, LayerFiles, Size, is_record, kind_of};
use xtask_image::layout::Layout;
use xtask_image::listing::{Listed, list};

/// What the image of `definition` weighs whose `layers`, lowest first and with their names, are
/// in `layout`.
pub fn size<'a>(
    layout: &Layout,
    definition: &Definition,
    layers: impl Iterator<Item = (&'a str, &'a Descriptor)>,
) -> Result<Size> {
    let layers = layers.map(|(name, descriptor)| {
        let mut files = LayerFiles {
            name: name.to_owned(),
            packed: descriptor.size,
            own: is_own(definition, name),
            ..LayerFiles::default()
        };
        list(layout, descriptor, is_record, |listed| add(&mut files, listed))
            .or_outside(|| format!("failed to read layer `{name}`"))?;
        Ok(files)
    });
    Ok(Size::of(layers.collect::<Result<_>>()?))
}

fn add(layer: &mut LayerFiles, listed: Listed) {
    let Listed { path, size, packed, head, text } = listed;
    layer.records.extend(text.map(|text| (path.clone(), text)));
    let kind = kind_of(&path, &head);
    layer.files.push(File { path, unpacked: size, packed, kind });
}

/// Whether the layer called `name` is filled from the repository itself.
fn is_own(definition: &Definition, name: &str) -> bool {
    let layer = definition.layers.iter().find(|layer| layer.name == name);
    layer.is_some_and(|it| matches!(it.stuff, Stuff::Build { .. } | Stuff::Files { .. }))
}
