//! What an image weighs, read from its blobs: also where its layers came from the cache.

use crate::error::{Context as _, Result};
use xtask_core::descriptor::Descriptor;
use xtask_core::image::definition::{Definition, Stuff};
use xtask_core::image::size::{File, LayerFiles, Size, is_record, kind_of};
use xtask_image::layout::Layout;
use xtask_image::listing::{Kind, Listed, Wanted, list};

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
        let wants = |path: &str| if is_record(path) { Wanted::Bytes } else { Wanted::Nothing };
        list(layout, descriptor, wants, |listed| add(&mut files, listed))
            .or_outside(|| format!("failed to read layer `{name}`"))?;
        Ok(files)
    });
    Ok(Size::of(layers.collect::<Result<_>>()?))
}

fn add(layer: &mut LayerFiles, listed: Listed) {
    let Listed { path, packed, kind: Kind::File(file), .. } = listed else { return };
    let text = file.bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    layer.records.extend(text.map(|text| (path.clone(), text)));
    let kind = kind_of(&path, &file.head);
    layer.files.push(File { path, unpacked: file.size, packed, kind });
}

/// Whether the layer called `name` is filled from the repository itself.
fn is_own(definition: &Definition, name: &str) -> bool {
    definition
        .layer_called(name)
        .is_some_and(|it| matches!(it.stuff, Stuff::Build { .. } | Stuff::Files { .. }))
}
