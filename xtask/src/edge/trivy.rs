//! Trivy, run on an image of our layout or on an inventory.

mod database;

pub use database::Database;

use crate::edge::shell::{Shell, command};
use crate::error::{Context as _, Failure, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::digest::Digest;

/// Every file of an image is read; a large one takes minutes.
const SCAN_LIMIT: Duration = Duration::from_secs(900);

/// Trivy's program, and where it keeps its database.
pub struct Trivy<'a> {
    shell: &'a Shell,
    cache: PathBuf,
}

impl<'a> Trivy<'a> {
    /// Trivy with its own cache inside ours.
    pub fn new(shell: &'a Shell, cache: &Path) -> Self {
        Self { shell, cache: cache.join("trivy") }
    }

    /// The version of the program.
    pub fn version(&self) -> Result<String> {
        let output = self.shell.run(&command!("trivy version --format json"))?;
        let value: Value = serde_json::from_slice(&output.stdout)
            .or_outside(|| "failed to read Trivy's version".to_owned())?;
        let version = value["Version"].as_str().map(ToOwned::to_owned);
        version.ok_or_else(|| Failure::outside("failed to read Trivy's version: it says none"))
    }

    /// Scans the manifest called `manifest` in the layout for each of `scanners`, offline, and
    /// gives back Trivy's own JSON, in which the image is called `name`.
    pub fn image(
        &self,
        layout: &Path,
        manifest: &Digest,
        name: &str,
        scanners: &[&str],
    ) -> Result<Value> {
        let input = format!("{}@{manifest}", layout.display());
        let command = self.command("image").args(["--input", &input]);
        let command = command.args(["--scanners", &scanners.join(",")]);
        let command = command.args(["--image-config-scanners", "misconfig,secret"]);
        let command = command.args(["--offline-scan", "--skip-check-update"]);
        let command = command.args(["--skip-dirs", "", "--skip-files", ""]);
        let mut answer = self.answer(&command.args(["--secret-config", ""]))?;
        call(&mut answer, &input, name);
        Ok(answer)
    }

    /// Asks for the vulnerabilities of what the CycloneDX document in `file` names.
    pub fn inventory(&self, file: &Path, name: &str) -> Result<Value> {
        let command = self.command("sbom").args(["--scanners", "vuln", "--offline-scan"]);
        let mut answer = self.answer(&command.arg(file.display().to_string()))?;
        call(&mut answer, &file.display().to_string(), name);
        Ok(answer)
    }

    /// The answer in `file` as SARIF.
    pub fn sarif(&self, file: &Path) -> Result<Value> {
        let command = Command::new("trivy").args(["convert", "--quiet", "--format", "sarif"]);
        let command = command.args(["--config", "", "--ignorefile", "", "--ignore-policy", ""]);
        let command = command.args(["--severity", SEVERITIES]);
        self.answer(&command.arg(file.display().to_string()))
    }

    /// What every scan has in common. What is let through stands in `deploy.toml` alone, so files
    /// and variables by which Trivy would leave something out are overruled.
    fn command(&self, verb: &str) -> Command {
        Command::new("trivy")
            .args([verb, "--format", "json", "--quiet", "--config", "", "--ignorefile", ""])
            .args(["--ignore-policy", "", "--ignore-unfixed=false", "--ignore-status", ""])
            .args(["--severity", SEVERITIES, "--pkg-types", "os,library", "--vex", ""])
            .args(["--exit-code", "0"])
            .args(["--cache-dir", &self.cache.display().to_string(), "--cache-backend", "fs"])
            .args(["--skip-db-update", "--skip-java-db-update"])
            .args(["--skip-version-check", "--disable-telemetry"])
            .limit(SCAN_LIMIT)
    }

    fn answer(&self, command: &Command) -> Result<Value> {
        let output = self.shell.run(command)?;
        serde_json::from_slice(&output.stdout)
            .or_outside(|| "failed to read Trivy's answer".to_owned())
    }
}

const SEVERITIES: &str = "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL";

/// An answer names what was scanned by its path on this machine, which says nothing elsewhere.
fn call(answer: &mut Value, input: &str, name: &str) {
    let rename = |value: &mut Value| {
        let rest = value.as_str().and_then(|text| text.strip_prefix(input));
        if let Some(renamed) = rest.map(|rest| format!("{name}{rest}")) {
            *value = renamed.into();
        }
    };
    rename(&mut answer["ArtifactName"]);
    for result in answer["Results"].as_array_mut().into_iter().flatten() {
        rename(&mut result["Target"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_calls_the_image_by_its_name() {
        let target = |target: &str| json!({ "Target": target });
        let mut answer = json!({ "ArtifactName": "/a/b@sha256:1",
                                 "Results": [target("/a/b@sha256:1 (debian 12.1)"), target("Node.js")] });
        call(&mut answer, "/a/b@sha256:1", "backend");
        let wanted = json!({ "ArtifactName": "backend",
                             "Results": [target("backend (debian 12.1)"), target("Node.js")] });
        assert_eq!(answer, wanted);
    }
}
