//! What a layer became, remembered by everything that it was made from.
//!
//! With a memory of the layer nothing is fetched, installed, unpacked or packed. Losing it costs
//! time, never correctness: the blob is looked up in the layout as well.

use super::halves::HalfBlob;
use crate::edge::files;
use crate::error::Result;
use std::path::PathBuf;
use xtask_core::digest::Digest;
use xtask_image::layout::Layout;

pub(super) struct Memo {
    folder: PathBuf,
}

impl Memo {
    pub(super) fn open(folder: PathBuf) -> Result<Self> {
        files::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// The halves of the layer made from `key`, if all their blobs are in `layout`.
    pub(super) fn recall(&self, key: &Digest, layout: &Layout) -> Option<Vec<HalfBlob>> {
        let text = files::read_if_there(&self.path(key)).ok()??;
        let halves: Vec<HalfBlob> = serde_json::from_str(&text).ok()?;
        halves.iter().all(|it| layout.holds(&it.blob.descriptor)).then_some(halves)
    }

    pub(super) fn remember(&self, key: &Digest, halves: &[HalfBlob]) -> Result<()> {
        let text = serde_json::to_string(halves).expect("a half has only texts and numbers");
        files::write(&self.path(key), text.as_bytes())
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(format!("{}.json", key.hex()))
    }
}
