//! A blob on its way into a layout: bytes that have no name before they are all there.

use crate::error::{Error, Result};
use crate::layout::Layout;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// What a file is called while it is being written; a crash may leave one behind.
pub(crate) const PARTIAL_PREFIX: &str = ".partial-";

/// Writes a blob beside its final place and names it only when it is complete and on disk.
/// Dropped before that, it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter {
    dir: PathBuf,
    file: NamedTempFile,
    hasher: Sha256,
    size: u64,
}

impl BlobWriter {
    pub(crate) fn new(dir: PathBuf) -> Result<Self> {
        let file = partial_in(&dir)?;
        Ok(Self { dir, file, hasher: Sha256::new(), size: 0 })
    }

    /// Gives the blob its name. If a blob of that name is there, its bytes are these bytes.
    pub fn finish(self, media_type: &str) -> Result<Descriptor> {
        let digest = Digest::from_bytes(self.hasher.finalize().into());
        let path = self.dir.join(digest.hex());
        settle(self.file, &path)?;
        Ok(Descriptor::new(media_type, digest, self.size))
    }

    /// The error names the path, because the caller may be many writers away.
    fn blame(&self, error: &io::Error) -> io::Error {
        let message = format!("failed to write `{}`: {error}", self.file.path().display());
        io::Error::new(error.kind(), message)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.file.as_file_mut().write(bytes).map_err(|error| self.blame(&error))?;
        self.hasher.update(&bytes[..len]);
        self.size += len as u64;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush().map_err(|error| self.blame(&error))
    }
}

impl Layout {
    /// Starts a blob whose bytes are still to come.
    pub fn blob_writer(&self) -> Result<BlobWriter> {
        BlobWriter::new(self.blobs_dir())
    }

    /// Writes a blob whose bytes are at hand; one that is there already, and whole,
    /// is left alone.
    pub fn write_blob(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::of(media_type, bytes);
        let path = self.blob_path(&descriptor.digest);
        if fs::read(&path).is_ok_and(|existing| existing == bytes) {
            return Ok(descriptor);
        }
        write_aside(&path, bytes)?;
        Ok(descriptor)
    }
}

/// Replaces the file at `path` by `bytes` at once: a reader sees all of the old or of the new.
pub(crate) fn write_aside(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut aside = Aside::new(path)?;
    aside.write(bytes)?;
    aside.settle()
}

/// A file that gets its name when it is complete; dropped before that, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Aside {
    path: PathBuf,
    file: NamedTempFile,
}

impl Aside {
    /// Starts the file that will be called `path`.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), file: partial_in(parent(path))? })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.as_file_mut().write_all(bytes).map_err(Error::disk("write", &self.path))
    }

    pub(crate) fn settle(self) -> Result<()> {
        settle(self.file, &self.path)
    }
}

fn partial_in(dir: &Path) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // Readable like any other file, less the umask: layouts are shared between users.
    builder.prefix(PARTIAL_PREFIX).permissions(Permissions::from_mode(0o644));
    builder.tempfile_in(dir).map_err(Error::disk("write in", dir))
}

/// Brings the bytes to disk, then the name, then the entry of the directory.
fn settle(file: NamedTempFile, path: &Path) -> Result<()> {
    file.as_file().sync_all().map_err(Error::disk("write", path))?;
    file.persist(path).map_err(|error| Error::disk("name", path)(error.error))?;
    let dir = parent(path);
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::disk("write", dir))
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("every file here is inside a directory of ours")
}
