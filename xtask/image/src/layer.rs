//! A tree becomes a blob in one pass: tar, its digest, gzip, its digest, file.

use crate::blob::BlobWriter;
use crate::content::{Content, fill};
use crate::error::{Error, Result, lossy};
use crate::gzip_v1::{Encoder, Options};
use crate::layout::Layout;
use crate::tar_v1::{Owner, Writer};
use crate::tree::{Node, Tree};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _, Write};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;

/// How a layer is written.
#[derive(Clone, Copy, Debug)]
pub struct LayerOptions {
    /// How it is compressed.
    pub gzip: Options,
    /// How many bytes of a file are read and written at once, at least one; the bytes of the
    /// layer do not depend on it.
    pub copy_len: usize,
}

const COPY_LEN: usize = 256 << 10;

impl Default for LayerOptions {
    fn default() -> Self {
        Options::default().into()
    }
}

impl From<Options> for LayerOptions {
    fn from(gzip: Options) -> Self {
        Self { gzip, copy_len: COPY_LEN }
    }
}

/// A layer in a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerBlob {
    /// The compressed bytes.
    pub descriptor: Descriptor,
    /// The digest before compression.
    pub diff_id: Digest,
    /// The sum of the sizes of all files.
    pub unpacked_size: u64,
}

/// Writes `tree` as a layer into `layout`.
pub fn write_layer(
    tree: &Tree,
    layout: &Layout,
    options: impl Into<LayerOptions>,
) -> Result<LayerBlob> {
    let options = options.into();
    let blob = layout.blob_writer()?;
    let encoder = Encoder::new(blob, options.gzip);
    let (encoder, diff_id) = write_hashed(tree, encoder, options.copy_len)?;
    let blob: BlobWriter = encoder.finish().map_err(Error::sink("the layer"))?;
    let descriptor = blob.finish(media_type::LAYER_GZIP)?;
    Ok(LayerBlob { descriptor, diff_id, unpacked_size: tree.unpacked_size() })
}

/// The digest of the tar of `tree`, which is written nowhere.
pub fn diff_id(tree: &Tree) -> Result<Digest> {
    Ok(write_hashed(tree, io::sink(), COPY_LEN)?.1)
}

/// Writes `tree` as tar-v1.
pub fn write_tar(tree: &Tree, sink: impl Write) -> Result<()> {
    write_entries(tree, sink, COPY_LEN).map(drop)
}

/// The length of the tar of `tree`, from what is known without reading its files.
pub fn tar_size(tree: &Tree) -> Result<u64> {
    let mut writer = Writer::new(Counting(0));
    for (path, node) in tree.iter() {
        write_header(&mut writer, path, node)?;
        if let Node::File { content, .. } = node {
            writer.file_end(content.size()).map_err(Error::sink("a count"))?;
        }
    }
    let Counting(headers) = writer.finish().map_err(Error::sink("a count"))?;
    Ok(headers + tree.unpacked_size())
}

fn write_hashed<W: Write>(tree: &Tree, sink: W, copy_len: usize) -> Result<(W, Digest)> {
    let hashing = Hashing { sink, hasher: Sha256::new() };
    let Hashing { sink, hasher } = write_entries(tree, hashing, copy_len)?;
    Ok((sink, Digest::from_bytes(hasher.finalize().into())))
}

fn write_entries<W: Write>(tree: &Tree, sink: W, copy_len: usize) -> Result<W> {
    let mut writer = Writer::new(sink);
    let mut buffer = vec![0; copy_len.max(1)];
    for (path, node) in tree.iter() {
        write_header(&mut writer, path, node)?;
        if let Node::File { content, .. } = node {
            write_content(&mut writer, path, content, &mut buffer)?;
        }
    }
    writer.finish().map_err(Error::sink("the end of a tar"))
}

fn write_header(writer: &mut Writer<impl Write>, path: &[u8], node: &Node) -> Result<()> {
    let (mode, owner): (u32, Owner) = (node.mode(), node.owner());
    let written = match node {
        Node::Directory { .. } => writer.directory(path, mode, owner),
        Node::File { content, .. } => writer.file(path, mode, owner, content.size()),
        Node::Symlink { target, .. } => writer.symlink(path, target, owner),
    };
    written.map_err(Error::sink(format!("`{}` into a tar", lossy(path))))
}

/// Copies exactly the announced bytes; a file that shrank or grew since is refused by name.
fn write_content(
    writer: &mut Writer<impl Write>,
    path: &[u8],
    content: &Content,
    buffer: &mut [u8],
) -> Result<()> {
    let size = content.size();
    let mut reader = content.open().map_err(unreadable(path, content))?;
    let mut left = size;
    while left > 0 {
        let want = left.min(buffer.len() as u64) as usize;
        let len = fill(&mut reader, &mut buffer[..want]).map_err(unreadable(path, content))?;
        if len < want {
            return Err(resized(path, content));
        }
        writer.file_bytes(&buffer[..len]).map_err(Error::sink(format!("`{}`", lossy(path))))?;
        left -= len as u64;
    }
    if reader.read(&mut [0]).map_err(unreadable(path, content))? != 0 {
        return Err(resized(path, content));
    }
    writer.file_end(size).map_err(Error::sink(format!("`{}`", lossy(path))))
}

fn unreadable<'a>(path: &'a [u8], content: &'a Content) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| match content.disk_path() {
        Some(disk_path) => Error::disk("read", disk_path)(source),
        None => Error::sink(format!("`{}`", lossy(path)))(source),
    }
}

fn resized(path: &[u8], content: &Content) -> Error {
    let source = content.disk_path().map(|path| format!("` from `{}", path.display()));
    let path = lossy(path) + &source.unwrap_or_default();
    Error::Resized { path, wanted: content.size() }
}

/// Hashes what it passes on.
struct Hashing<W> {
    sink: W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.sink.write(bytes)?;
        self.hasher.update(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Counts what it is given.
struct Counting(u64);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
