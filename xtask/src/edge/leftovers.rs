//! What a killed run has left in the state of an environment, and nobody may keep.

use crate::edge::files;
use crate::edge::lease;
use crate::error::Result;
use std::path::Path;

/// Removes the private files with settings of containers that runs of earlier versions handed to
/// the engine. While somebody changes the environment they may be in use, and stay.
pub fn sweep(folder: &Path, project: &str) -> Result<()> {
    if !files::is_folder(folder)? {
        return Ok(());
    }
    let ours = |name: &String| name.starts_with(&format!("{project}-")) && name.ends_with(".env");
    let left: Vec<String> = files::names(folder)?.into_iter().filter(ours).collect();
    if left.is_empty() || lease::is_held(folder)? {
        return Ok(());
    }
    left.iter().try_for_each(|name| files::remove_file(&folder.join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::lease::Lease;

    #[test]
    fn settings_that_a_killed_run_left_go_unless_somebody_is_at_work() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        for name in ["nutri-backend-1.env", "mine.env", "secrets.json"] {
            std::fs::write(file(name), "x").unwrap();
        }
        let holder = Lease::take(folder.path(), "up", "ada").unwrap();
        sweep(folder.path(), "nutri").unwrap();
        assert!(file("nutri-backend-1.env").exists());
        drop(holder);
        sweep(folder.path(), "nutri").unwrap();
        assert!(!file("nutri-backend-1.env").exists());
        assert!(file("mine.env").exists() && file("secrets.json").exists());
    }
}
