//! What this machine can do right now: the rates that the model is made of.

use sha2::{Digest as _, Sha256};
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use xtask::error::{Context as _, Result};
use xtask_core::check::bench::Rates;
use xtask_image::gzip_v1::{Encoder, Options};
use xtask_image::layer::write_tar;
use xtask_image::tree::{DirectoryRules, Owner, Tree};

const MIB: usize = 1 << 20;
/// Every so many MiB of the input are the sample: all of it is alike only as a whole.
const EVERY: usize = 3;

/// Compresses, digests and writes a sample of the tar of `folder`, beside `folder`.
pub(crate) fn measure(folder: &Path, beside: &Path) -> Result<Rates> {
    let mut sample = Sample::default();
    write_tar(&tree(folder)?, &mut sample).or_outside(|| "failed to read a sample".to_owned())?;
    let sample = sample.kept;
    let rate = |began: Instant| sample.len() as f64 / began.elapsed().as_secs_f64();

    let began = Instant::now();
    let mut encoder = Encoder::new(std::io::sink(), Options::default());
    let written = encoder.write_all(&sample).and_then(|()| encoder.finish().map(drop));
    written.or_outside(|| "failed to compress a sample".to_owned())?;
    let compress = rate(began);

    let began = Instant::now();
    std::hint::black_box(Sha256::digest(&sample));
    let digest = rate(began);

    let began = Instant::now();
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::tempfile_in(beside)?;
        file.write_all(&sample)?;
        file.sync_data()
    };
    write().or_outside(|| format!("failed to write a sample in `{}`", beside.display()))?;
    Ok(Rates { compress, digest, write: rate(began) })
}

/// How many files `folder` holds, and how long its tar is.
pub(crate) fn tar_size(folder: &Path) -> Result<(u64, u64)> {
    let tree = tree(folder)?;
    let failed = || format!("failed to measure `{}`", folder.display());
    let files =
        tree.iter().filter(|(_, node)| matches!(node, xtask_image::tree::Node::File { .. }));
    let files = files.count() as u64;
    Ok((files, xtask_image::layer::tar_size(&tree).or_outside(failed)?))
}

fn tree(folder: &Path) -> Result<Tree> {
    let rules = DirectoryRules { owner: Owner::default(), exclude: Vec::new() };
    let failed = || format!("failed to read `{}`", folder.display());
    Tree::from_directory(folder, "app/node_modules", &rules).or_outside(failed)
}

/// Keeps one MiB of every few.
#[derive(Default)]
struct Sample {
    kept: Vec<u8>,
    seen: usize,
}

impl Write for Sample {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let left = MIB - self.seen % MIB;
        let taken = &bytes[..bytes.len().min(left)];
        if (self.seen / MIB).is_multiple_of(EVERY) {
            self.kept.extend_from_slice(taken);
        }
        self.seen += taken.len();
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
