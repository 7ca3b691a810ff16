//! Trivy's database of vulnerabilities: how old it is, and how a newer one is fetched.

use super::Trivy;
use crate::edge::{clock, files};
use crate::error::{Context as _, Failure, Result};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Child;
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
    /// The database on this machine, if there is a whole one.
    pub fn database(&self) -> Option<Database> {
        let folder = self.database_folder();
        if !folder.join("trivy.db").is_file() {
            return None;
        }
        let metadata = files::read_if_there(&folder.join("metadata.json")).ok()??;
        let metadata: Value = serde_json::from_str(&metadata).ok()?;
        let text = |key: &str| metadata[key].as_str().map(ToOwned::to_owned);
        Some(Database { made_at: text("UpdatedAt")?, next_at: text("NextUpdate")? })
    }

    /// When a fetch was tried last and failed, RFC 3339.
    pub fn failed_at(&self) -> Option<String> {
        files::read_if_there(&self.failure()).ok().flatten()
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
            .args(["--skip-version-check", "--disable-telemetry"]);
        let mut child = self.shell.spawn(&command)?;
        let failed = || FAILED.to_owned();
        if !ended(&mut child, FETCH_LIMIT)? {
            child.kill().or_outside(failed)?;
            child.wait().or_outside(failed)?;
            let limit = FETCH_LIMIT.as_secs();
            return Err(Failure::outside(format!("{FAILED}: not there within {limit} seconds")));
        }
        let output = child.wait_with_output().or_outside(failed)?;
        if output.status.success() && folder.join("db/trivy.db").is_file() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let last =
            said.lines().last().unwrap_or("it said nothing").trim_start_matches([' ', '\t', '*']);
        Err(Failure::outside(format!("{FAILED}: {last}")))
    }

    fn database_folder(&self) -> PathBuf {
        self.cache.join("db")
    }

    fn failure(&self) -> PathBuf {
        self.cache.join("fetch-failed-at")
    }
}

/// Whether `child` ends within `limit`. It says little, so its pipes do not fill meanwhile.
fn ended(child: &mut Child, limit: Duration) -> Result<bool> {
    let every = Duration::from_millis(50);
    let ended = clock::wait_for(limit, every, || match child.try_wait() {
        Ok(None) => Err(None),
        Ok(Some(_)) => Ok(()),
        Err(error) => Err(Some(error)),
    });
    match ended {
        Ok(()) => Ok(true),
        Err(None) => Ok(false),
        Err(Some(error)) => Err(error).or_outside(|| "failed to wait for Trivy".to_owned()),
    }
}
