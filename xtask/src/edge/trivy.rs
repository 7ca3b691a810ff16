//! Trivy, run on an image of our layout.

use crate::edge::shell::Shell;
use crate::error::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use xtask_core::command::Command;
use xtask_core::digest::Digest;

/// Where Trivy keeps its database, and whether one is there.
pub struct Trivy<'a> {
    shell: &'a Shell,
    cache: std::path::PathBuf,
}

impl<'a> Trivy<'a> {
    /// Trivy with its own cache inside ours.
    pub fn new(shell: &'a Shell, cache: &Path) -> Self {
        Self { shell, cache: cache.join("trivy") }
    }

    /// Whether a vulnerability database is on this machine.
    pub fn has_database(&self) -> bool {
        self.cache.join("db/trivy.db").is_file()
    }

    /// The version of the program.
    pub fn version(&self) -> Result<String> {
        let output =
            self.shell.run(&Command::new("trivy").args(["version", "--format", "json"]))?;
        let value: Value = serde_json::from_slice(&output.stdout)
            .or_outside(|| "failed to read Trivy's version".to_owned())?;
        Ok(value["Version"].as_str().unwrap_or("unknown").to_owned())
    }

    /// Scans the manifest called `manifest` in the layout for each of `scanners`, offline, and
    /// gives back Trivy's own JSON.
    pub fn scan(&self, layout: &Path, manifest: &Digest, scanners: &[&str]) -> Result<Value> {
        let input = format!("{}@{manifest}", layout.display());
        let command = Command::new("trivy")
            .args(["image", "--input", &input, "--format", "json", "--quiet"])
            .args(["--scanners", &scanners.join(",")])
            .args(["--cache-dir", &self.cache.display().to_string()])
            .args(["--offline-scan", "--skip-db-update", "--skip-java-db-update"])
            .args(["--skip-check-update", "--skip-version-check", "--disable-telemetry"]);
        let output = self.shell.run(&command)?;
        serde_json::from_slice(&output.stdout)
            .or_outside(|| "failed to read Trivy's answer".to_owned())
    }
}
