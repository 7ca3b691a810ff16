//! Trivy's database of vulnerabilities: how old it is, and how a newer one is fetched.

use super::Trivy;
use crate::edge::{clock, files};
use crate::error::{Failure, Result};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use xtask_core::command::Command;

/// A hundred megabytes take a while; a network that swallows packets must not take for ever.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

const FAILED: &str = "failed to fetch the database of vulnerabilities";

/// The database on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// When a newer one is to be expected, RFC 3339.
    pub next_at: String,
}

impl Trivy<'_> {
    /// The database on this machine, if there is a whole one. What is not whole is fetched anew.
    pub fn database(&self) -> Result<Option<Database>> {
        let folder = self.database_folder();
        if !files::is_file(&folder.join("trivy.db"))? {
            return Ok(None);
        }
        let metadata = files::read_if_there(&folder.join("metadata.json"))?;
        Ok(metadata.as_deref().and_then(dates))
    }

    /// When a fetch was tried last and failed, RFC 3339.
    pub fn failed_at(&self) -> Result<Option<String>> {
        files::read_if_there(&self.failure())
    }

    /// Fetches the newest database from Trivy's own repositories. It is fetched aside, because
    /// Trivy gives up the old one before it has the new.
    pub fn fetch_database(&self) -> Result<()> {
        let place = self.database_folder();
        files::make_folder(&self.cache)?;
        let made = files::make_aside(&place)?;
        let fetched = self.fetch_into(&made);
        if fetched.is_err() {
            files::remove_folder(&made)?;
            files::write(&self.failure(), clock::now().as_bytes())?;
            return fetched;
        }
        files::remove_file(&self.failure())?;
        files::remove_folder(&place)?;
        files::settle_folder(&made.join("db"), &place)?;
        files::remove_folder(&made)
    }

    fn fetch_into(&self, folder: &std::path::Path) -> Result<()> {
        let command = Command::new("trivy")
            .args(["image", "--download-db-only", "--quiet", "--no-progress", "--config", ""])
            .args(["--cache-dir", &folder.display().to_string()])
            .args(["--skip-version-check", "--disable-telemetry"])
            .limit(FETCH_LIMIT);
        let output = self.shell.observe(&command).map_err(|failure| failure.during(FAILED))?;
        if output.succeeded() && files::is_file(&folder.join("db/trivy.db"))? {
            return Ok(());
        }
        let printed = output.stderr.trim();
        let last = printed
            .lines()
            .last()
            .unwrap_or("it said nothing")
            .trim_start_matches([' ', '\t', '*']);
        Err(Failure::outside(format!("{FAILED}: {last}")))
    }

    fn database_folder(&self) -> PathBuf {
        self.cache.join("db")
    }

    fn failure(&self) -> PathBuf {
        self.cache.join("fetch-failed-at")
    }
}

fn dates(metadata: &str) -> Option<Database> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    let text = |key: &str| metadata[key].as_str().map(ToOwned::to_owned);
    Some(Database { made_at: text("UpdatedAt")?, next_at: text("NextUpdate")? })
}
