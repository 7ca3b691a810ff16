//! The file of a run below `target/runs`: only this user reads it, and the newest are kept.

use crate::edge::{clock, files};
use crate::error::{Context as _, Result};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// Where they are, from the root of the repository.
const FOLDER: &str = "target/runs";
/// How many are kept, the new one among them.
const KEPT: usize = 20;
const ENDING: &str = ".jsonl";

/// Opens the file of this run, and gives its path from the root. Its lock says that the run goes
/// on, and ends with the process.
pub(super) fn open(root: &Path) -> Result<(Arc<File>, String)> {
    let folder = root.join(FOLDER);
    files::make_folder(&folder)?;
    let name = format!("{}-{}{ENDING}", clock::stamp(), std::process::id());
    let path = folder.join(&name);
    let failed = || format!("failed to write `{}`", path.display());
    let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
    let file = file.or_outside(failed)?;
    file.lock_shared().or_outside(failed)?;
    prune(&folder, &name)?;
    Ok((Arc::new(file), format!("{FOLDER}/{name}")))
}

/// Removes what is older than the newest ones. What another run writes into right now stays, and
/// what another run has removed meanwhile is gone.
fn prune(folder: &Path, own: &str) -> Result<()> {
    let names = files::names(folder)?;
    let logs: Vec<_> = names.iter().filter(|name| name.ends_with(ENDING)).collect();
    let older = logs.len().saturating_sub(KEPT);
    for name in logs.into_iter().take(older).filter(|name| *name != own) {
        let path = folder.join(name);
        let is_open = File::open(&path).is_ok_and(|file| file.try_lock().is_err());
        if !is_open {
            files::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn logs(root: &Path) -> Vec<String> {
        files::names(&root.join(FOLDER)).unwrap()
    }

    #[test]
    fn what_is_written_into_stays_however_old_and_only_this_user_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..30 {
            std::fs::write(folder.join(format!("2001{number:02}-1.jsonl")), "").unwrap();
        }
        let oldest = File::open(folder.join("200100-1.jsonl")).unwrap();
        oldest.lock_shared().unwrap();
        let (_file, name) = open(root.path()).unwrap();
        let kept = logs(root.path());
        assert_eq!(kept.len(), KEPT + 1, "{kept:?}");
        assert!(kept[0] == "200100-1.jsonl" && kept[1] == "200111-1.jsonl", "{kept:?}");
        let mode = std::fs::metadata(root.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
