//! An OCI layout: a directory of blobs by digest, and an index that names some of them.
//!
//! Any number of builders may work on one layout: blobs are named only when complete, and the
//! index is changed under a lock and replaced as a whole.

use crate::blob::{PARTIAL_PREFIX, write_aside};
use crate::error::{Error, Result};
use crate::image::Index;
use crate::json_v1;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// The annotation that names a manifest inside a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// A partial file this old is a crash's, not a neighbour's.
const PARTIAL_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory in the form of the OCI image layout 1.0.0.
#[derive(Clone, Debug)]
pub struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// Opens the layout in `dir`, making what is missing.
    pub fn open_or_create(dir: impl Into<PathBuf>) -> Result<Self> {
        let layout = Self { dir: dir.into() };
        let blobs_dir = layout.blobs_dir();
        fs::create_dir_all(&blobs_dir).map_err(Error::disk("make", &blobs_dir))?;
        write_missing(&layout.dir.join("oci-layout"), MARKER)?;
        write_missing(&layout.index_path(), &json_v1::to_bytes(&Index::default())?)?;
        layout.sweep();
        Ok(layout)
    }

    /// Opens the layout in `dir` to read it; none if there is none. Nothing is made or swept, so
    /// whoever may only look may do this.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Option<Self>> {
        let layout = Self { dir: dir.into() };
        let index = layout.index_path();
        let is_there = index.try_exists().map_err(Error::disk("look at", &index))?;
        Ok(is_there.then_some(layout))
    }

    /// Where the layout is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the blob called `digest` is, or would be.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blobs_dir().join(digest.hex())
    }

    /// Whether a blob of that name is there.
    pub fn has(&self, digest: &Digest) -> bool {
        self.blob_path(digest).is_file()
    }

    /// Whether a blob of that name and size is there: what a descriptor promises, short of
    /// reading it.
    pub fn holds(&self, descriptor: &Descriptor) -> bool {
        let metadata = fs::metadata(self.blob_path(&descriptor.digest));
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == descriptor.size)
    }

    /// Reads the blob again and refuses it if it is not what its name says.
    pub fn verify(&self, descriptor: &Descriptor) -> Result<()> {
        let path = self.blob_path(&descriptor.digest);
        let mut hasher = Sha256::new();
        let mut file = File::open(&path).map_err(Error::disk("read", &path))?;
        let size = io::copy(&mut file, &mut hasher).map_err(Error::disk("read", &path))?;
        let digest = Digest::from_bytes(hasher.finalize().into());
        check(descriptor, digest, size)
    }

    /// The bytes of a small blob, verified.
    pub fn read_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let path = self.blob_path(&descriptor.digest);
        let file = File::open(&path).map_err(Error::disk("read", &path))?;
        let mut bytes = Vec::new();
        // One byte more than promised is enough to notice that there are too many.
        let mut file = file.take(descriptor.size.saturating_add(1));
        file.read_to_end(&mut bytes).map_err(Error::disk("read", &path))?;
        check(descriptor, Digest::of(&bytes), bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Opens a blob for streaming; whoever reads it to the end should compare its digest.
    pub fn open_blob(&self, digest: &Digest) -> Result<File> {
        let path = self.blob_path(digest);
        File::open(&path).map_err(Error::disk("read", &path))
    }

    /// What the layout's own index says.
    pub fn index(&self) -> Result<Index> {
        let path = self.index_path();
        let bytes = fs::read(&path).map_err(Error::disk("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Parse { path, source })
    }

    /// The manifest or index that `name` names.
    pub fn resolve(&self, name: &str) -> Result<Option<Descriptor>> {
        Ok(self.index()?.manifests.into_iter().find(|descriptor| is_named(descriptor, name)))
    }

    /// Makes `name` name `descriptor`, and nothing else. Names are kept sorted, so that the
    /// index does not depend on the order of building.
    pub fn set_name(&self, name: &str, descriptor: &Descriptor) -> Result<()> {
        self.update_name(name, |_| Ok(descriptor.clone()))
    }

    /// Makes `name` name what `change` makes of what it names, while nobody else can change it.
    pub fn update_name(
        &self,
        name: &str,
        change: impl FnOnce(Option<&Descriptor>) -> Result<Descriptor>,
    ) -> Result<()> {
        self.change_index(|index| {
            let named = index.manifests.iter().find(|entry| is_named(entry, name));
            let mut descriptor = change(named)?;
            descriptor.annotations.insert(REF_NAME.to_owned(), name.to_owned());
            index.manifests.retain(|entry| !is_named(entry, name));
            index.manifests.push(descriptor);
            index.manifests.sort_by(|left, right| ref_name(left).cmp(&ref_name(right)));
            Ok(())
        })
    }

    /// Removes `name`; its blobs stay.
    pub fn remove_name(&self, name: &str) -> Result<()> {
        self.change_index(|index| {
            index.manifests.retain(|entry| !is_named(entry, name));
            Ok(())
        })
    }

    /// Reads, changes and replaces the index while no other builder can.
    fn change_index(&self, change: impl FnOnce(&mut Index) -> Result<()>) -> Result<()> {
        let _lock = lock(&self.dir)?;
        let before = self.index()?;
        let mut index = before.clone();
        change(&mut index)?;
        // Bringing nothing new to disk takes as long as bringing something.
        if index == before {
            return Ok(());
        }
        write_aside(&self.index_path(), &json_v1::to_bytes(&index)?)
    }

    pub(crate) fn blobs_dir(&self) -> PathBuf {
        self.dir.join("blobs").join("sha256")
    }

    fn index_path(&self) -> PathBuf {
        self.dir.join("index.json")
    }

    /// Removes what crashed builders left. Best effort: it is only space.
    fn sweep(&self) {
        for dir in [self.dir.clone(), self.blobs_dir()] {
            for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                if is_stale(&entry) {
                    drop(fs::remove_file(entry.path()));
                }
            }
        }
    }
}

/// Holds `dir` for this builder alone until the returned file is dropped, however it ends.
pub(crate) fn lock(dir: &Path) -> Result<File> {
    let file = File::open(dir).map_err(Error::disk("open", dir))?;
    file.lock().map_err(Error::disk("lock", dir))?;
    Ok(file)
}

fn write_missing(path: &Path, bytes: &[u8]) -> Result<()> {
    let is_there = path.try_exists().map_err(Error::disk("look at", path))?;
    if is_there { Ok(()) } else { write_aside(path, bytes) }
}

fn is_stale(entry: &fs::DirEntry) -> bool {
    let partial = entry.file_name().to_string_lossy().starts_with(PARTIAL_PREFIX);
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    partial && age.is_some_and(|age| age > PARTIAL_AGE_MAX)
}

fn ref_name(descriptor: &Descriptor) -> Option<&str> {
    descriptor.annotations.get(REF_NAME).map(String::as_str)
}

fn is_named(descriptor: &Descriptor, name: &str) -> bool {
    ref_name(descriptor) == Some(name)
}

fn check(wanted: &Descriptor, digest: Digest, size: u64) -> Result<()> {
    if wanted.digest == digest && wanted.size == size {
        return Ok(());
    }
    let found = format!("{size} bytes with digest `{digest}`");
    Err(Error::Corrupt { wanted: wanted.digest, size: wanted.size, found })
}

#[cfg(test)]
mod tests;
