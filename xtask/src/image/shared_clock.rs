//! What libfaketime shares between the programs that it shows another time: a piece of memory and a
//! semaphore. A program that is not told of any makes its own, and nobody removes them once it has
//! become another program. So one pair is made for all of a sandbox, and goes with it.

use crate::edge::files;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// How programs are told of a pair.
pub(super) const VARIABLE: &str = "FAKETIME_SHARED";
/// A program that says which pair libfaketime made for it, and then becomes another one: so the
/// pair stays.
pub(super) const MAKER: [&str; 3] = ["sh", "-c", "echo \"$FAKETIME_SHARED\" && exec true"];
/// The file in a sandbox that names its pair, for whoever finds it after its run was killed.
const RECORD: &str = "shared-clock";
/// Where Linux keeps shared memory and semaphores.
const MEMORY: &str = "/dev/shm";

/// Writes down in `sandbox` which pair is its own.
pub(super) fn record(sandbox: &Path, pair: &str) -> Result<()> {
    files::write_private(&sandbox.join(RECORD), pair.as_bytes())
}

/// Removes the pair of `sandbox`, if it has one.
pub(super) fn remove(sandbox: &Path) {
    let pair = std::fs::read_to_string(sandbox.join(RECORD)).unwrap_or_default();
    for file in files_of(&pair) {
        // One that is gone is what was wanted, and one of another user is not ours to remove.
        let _gone = std::fs::remove_file(file);
    }
}

/// The files of a pair as libfaketime names it: `/faketime_sem_7 /faketime_shm_7`. Another user may
/// have written into a sandbox, so nothing else is ever named.
fn files_of(pair: &str) -> Vec<PathBuf> {
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    let file = |name: &str| {
        let (memory, semaphore) =
            (name.strip_prefix("/faketime_shm_"), name.strip_prefix("/faketime_sem_"));
        match (memory, semaphore) {
            (Some(number), _) if is_number(number) => Some(format!("faketime_shm_{number}")),
            (_, Some(number)) if is_number(number) => Some(format!("sem.faketime_sem_{number}")),
            _ => None,
        }
    };
    pair.split_whitespace().filter_map(file).map(|name| Path::new(MEMORY).join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_libfaketime_names_is_ever_removed() {
        let files = |pair: &str| -> Vec<String> {
            files_of(pair).iter().map(|it| it.display().to_string()).collect()
        };
        assert_eq!(
            files("/faketime_sem_71 /faketime_shm_71\n"),
            ["/dev/shm/sem.faketime_sem_71", "/dev/shm/faketime_shm_71"]
        );
        for odd in ["", "/faketime_shm_", "/faketime_shm_7/../x", "/../etc/passwd", "/other_shm_7"]
        {
            assert!(files(odd).is_empty(), "{odd}");
        }
    }
}
