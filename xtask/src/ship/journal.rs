//! The journal of a run: how far it came, in the state of its environment, written after every step.

use super::site::Site;
use crate::edge::files;
use crate::error::{Context as _, Result};
use std::path::PathBuf;
use xtask_core::ship::machine::Journal;

/// Writes it whole or not at all. Until the ledger knows of its run, the journal before it stays.
pub fn keep(site: &Site<'_>, journal: &Journal) -> Result<()> {
    if !journal.is_kept() {
        return Ok(());
    }
    let bytes = serde_json::to_vec(journal).expect("a journal has only texts and numbers");
    files::make_private_folder(&site.world.state(site.name))?;
    files::write_private(&file(site), &bytes)
}

/// The journal of the last run that did not come to its end on this machine.
pub fn read(site: &Site<'_>) -> Result<Option<Journal>> {
    let path = file(site);
    let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
    let read = serde_json::from_str(&text);
    read.or_outside(|| format!("failed to read `{}`", path.display())).map(Some)
}

/// That its run came to its end.
pub fn remove(site: &Site<'_>) -> Result<()> {
    files::remove_file(&file(site))
}

fn file(site: &Site<'_>) -> PathBuf {
    site.world.state(site.name).join("journal.json")
}
