//! The form that `docker load` wants (engine 20.10 reads no OCI layout): one tar with
//! `manifest.json`, the config, and the layers uncompressed.

use crate::error::{Error, Result};
use crate::image::{Manifest, ReadConfig};
use crate::json_v1;
use crate::layout::Layout;
use crate::tar_v1::{Owner, Writer};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

const MODE: u32 = 0o644;
const COPY_LEN: usize = 256 << 10;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    config: String,
    repo_tags: &'a [String],
    layers: Vec<String>,
}

/// Writes the image of `manifest` from the blobs of `layout`.
pub fn write_from_layout(
    layout: &Layout,
    manifest: &Descriptor,
    tags: &[String],
    sink: impl Write,
) -> Result<()> {
    let manifest: Manifest = parse(&layout.read_blob(manifest)?)?;
    let config = layout.read_blob(&manifest.config)?;
    let read: ReadConfig = parse(&config)?;
    let diff_ids = read.diff_ids();
    if diff_ids.len() != manifest.layers.len() {
        return Err(Error::Image("config and manifest differ in the number of layers".to_owned()));
    }
    let mut archive = start(&config, diff_ids, tags, sink)?;
    let mut written = BTreeSet::new();
    for (diff_id, layer) in diff_ids.iter().zip(&manifest.layers) {
        if written.insert(diff_id) {
            copy_layer(&mut archive, layout, layer, diff_id)?;
        }
    }
    archive.finish().map(drop).map_err(Error::sink("the end of an archive"))
}

/// Writes the manifest and the config.
fn start<W: Write>(
    config: &[u8],
    diff_ids: &[Digest],
    tags: &[String],
    sink: W,
) -> Result<Writer<W>> {
    let config_name = format!("{}.json", Digest::of(config).hex());
    let layers = diff_ids.iter().map(layer_name).collect();
    let entry = Entry { config: config_name.clone(), repo_tags: tags, layers };
    let manifest = json_v1::to_bytes(&[entry])?;
    let mut archive = Writer::new(sink);
    for (name, bytes) in [("manifest.json", manifest.as_slice()), (&config_name, config)] {
        archive
            .file_whole(name.as_bytes(), MODE, Owner::default(), bytes)
            .map_err(Error::sink(format!("`{name}`")))?;
    }
    Ok(archive)
}

fn layer_name(diff_id: &Digest) -> String {
    format!("{}.tar", diff_id.hex())
}

fn begin_layer(archive: &mut Writer<impl Write>, diff_id: &Digest, size: u64) -> Result<()> {
    let name = layer_name(diff_id);
    let begun = archive.file(name.as_bytes(), MODE, Owner::default(), size);
    begun.map_err(Error::sink(format!("`{name}`")))
}

/// Decompresses a layer into the archive, and refuses it if it is not what its config says.
fn copy_layer(
    archive: &mut Writer<impl Write>,
    layout: &Layout,
    layer: &Descriptor,
    diff_id: &Digest,
) -> Result<()> {
    let path = layout.blob_path(&layer.digest);
    let mut file = layout.open_blob(&layer.digest)?;
    let size = unpacked_len(&mut file).map_err(Error::disk("read", &path))?;
    begin_layer(archive, diff_id, size)?;
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(COPY_LEN, file));
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; COPY_LEN];
    let mut copied = 0;
    loop {
        let len = decoder.read(&mut buffer).map_err(Error::disk("unpack", &path))?;
        copied += len as u64;
        if len == 0 || copied > size {
            break;
        }
        hasher.update(&buffer[..len]);
        archive.file_bytes(&buffer[..len]).map_err(Error::sink("a layer"))?;
    }
    let found = Digest::from_bytes(hasher.finalize().into());
    if copied != size || found != *diff_id {
        let found = format!("a layer with diff id `{found}`, wanted `{diff_id}`");
        return Err(Error::Corrupt { wanted: layer.digest, size: layer.size, found });
    }
    archive.file_end(size).map_err(Error::sink("a layer"))
}

/// The length before compression, from the trailer; our layers are single members. Above
/// 4 GiB the trailer lies, and the copy is refused for its length.
fn unpacked_len(file: &mut File) -> io::Result<u64> {
    let mut trailer = [0; 4];
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut trailer)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(u32::from_le_bytes(trailer).into())
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::Image(format!("its JSON: {error}")))
}

#[cfg(test)]
mod tests;
