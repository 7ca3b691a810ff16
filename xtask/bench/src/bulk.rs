//! Three hundred megabytes that do not compress: what is left of a large image is its transport.

use std::io::Write as _;
use std::path::Path;
use xtask::edge::files;
use xtask::error::{Context as _, Result};

/// How many bytes each of the three files holds.
const PART_LEN: u64 = 100_000_000;

/// Writes the three files, the same each time.
pub(crate) fn write_bulk(root: &Path) -> Result<()> {
    for part in 0..3_u64 {
        let folder = root.join(format!("bulk/{part}"));
        files::make_folder(&folder)?;
        let path = folder.join("noise");
        write_noise(&path, part).or_outside(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}

fn write_noise(path: &Path, seed: u64) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ (seed + 1);
    for _ in 0..PART_LEN / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes())?;
    }
    file.flush()
}
