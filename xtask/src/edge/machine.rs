//! This machine: which one it is, and how much it has to do.

use crate::edge::files;
use crate::error::Result;
use std::path::Path;
use std::thread::available_parallelism;
use xtask_core::digest::Digest;
use xtask_core::ship::gate::is_busy;

/// What this machine is called.
pub fn name() -> Result<String> {
    let name = files::read(Path::new("/proc/sys/kernel/hostname"))?;
    Ok(name.trim().to_owned())
}

/// Whether a process of this number runs here.
pub fn runs(process: i32) -> Result<bool> {
    files::is_folder(Path::new(&format!("/proc/{process}")))
}

/// A name for a folder of this machine that no other folder has, here or elsewhere: machines may
/// share an engine.
pub fn key_of(folder: &Path) -> Result<String> {
    let key = Digest::of(format!("{}\n{}", name()?, folder.display()).as_bytes());
    Ok(key.short())
}

/// Says that the machine is busy, if it tells so. Where nothing is told nothing is said.
pub fn busy() -> Option<String> {
    let text = files::read_if_there(Path::new("/proc/loadavg")).ok().flatten()?;
    let load: f64 = text.split_whitespace().next()?.parse().ok()?;
    let processors = available_parallelism().ok()?.get();
    is_busy(load, processors)
        .then(|| format!("this machine is busy (load {load:.0} on {processors} processors)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_a_name_of_its_own_that_stays() {
        let [one, other] = ["/a/drill", "/b/drill"].map(|it| key_of(Path::new(it)).unwrap());
        assert_ne!(one, other);
        assert_eq!(one, key_of(Path::new("/a/drill")).unwrap());
        assert!(one.chars().all(|it| it.is_ascii_hexdigit()), "it is part of a database's name");
    }
}
