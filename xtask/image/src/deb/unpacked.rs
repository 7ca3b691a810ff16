//! Unpacked data archives on disk, each under the digest of its packed form.

use super::{Deb, ar_bytes, decoder};
use crate::blob::{Aside, write_aside};
use crate::error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use xtask_core::digest::Digest;

/// What any package may unpack to, and how many times its packed size beyond that: a few
/// kilobytes must not fill a disk.
const UNPACKED_LEN_MAX: u64 = 64 << 20;
const UNPACKED_RATIO_MAX: u64 = 100;
const BUFFER_LEN: usize = 256 << 10;

/// The unpacked data archive of `deb` in `unpacked_dir`, unpacked now if it is not there or is not
/// what was unpacked: its digest is kept beside it. It gets its name only when it is complete.
pub(super) fn data_tar(deb: &Deb, unpacked_dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(unpacked_dir).map_err(Error::disk("make", unpacked_dir))?;
    let file = File::open(&deb.path).map_err(Error::disk("read", &deb.path))?;
    let digest = packed_digest(deb, &file)?;
    let path = unpacked_dir.join(format!("{}.tar", digest.hex()));
    let record = path.with_extension("sha256");
    let recorded = fs::read_to_string(&record).ok();
    if !path.is_file() || recorded != Some(digest_of(&path)?.to_string()) {
        decode(deb, &file, &path)?;
        write_aside(&record, digest_of(&path)?.to_string().as_bytes())?;
    }
    Ok(path)
}

fn digest_of(path: &Path) -> Result<Digest> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(Error::disk("read", path))?;
    io::copy(&mut file, &mut hasher).map_err(Error::disk("read", path))?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

fn packed_digest(deb: &Deb, file: &File) -> Result<Digest> {
    let mut hasher = Sha256::new();
    // The decoder is chosen by the name, so the name is a part of what the bytes mean.
    hasher.update(deb.data.name.as_bytes());
    ar_bytes(file, &deb.data)
        .and_then(|mut bytes| io::copy(&mut bytes, &mut hasher))
        .map_err(Error::disk("read", &deb.path))?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

fn decode(deb: &Deb, file: &File, path: &Path) -> Result<()> {
    let packed = ar_bytes(file, &deb.data).map_err(Error::disk("read", &deb.path))?;
    let packed = BufReader::with_capacity(BUFFER_LEN, packed);
    let mut decoder = decoder::open(packed, &deb.data.name).map_err(|error| deb.refuse(&error))?;
    let mut aside = Aside::new(path)?;
    let mut buffer = vec![0; BUFFER_LEN];
    let mut room = deb.data.size.saturating_mul(UNPACKED_RATIO_MAX).max(UNPACKED_LEN_MAX);
    loop {
        let len = crate::content::fill(&mut decoder, &mut buffer);
        match len.map_err(|error| deb.refuse(&format!("`{}`: {error}", deb.data.name)))? {
            0 => return aside.settle(),
            len if len as u64 > room => {
                return Err(deb.refuse(&format!("`{}` unpacks to too much", deb.data.name)));
            }
            len => {
                room -= len as u64;
                aside.write(&buffer[..len])?;
            }
        }
    }
}
