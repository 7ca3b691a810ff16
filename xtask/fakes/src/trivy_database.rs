//! A vulnerability database of a few entries, in the form that the real Trivy reads.

pub mod bolt;

use bolt::Bucket;
use serde_json::{Value, json};
use std::path::Path;

/// The form of database that Trivy of today asks for.
const SCHEMA: u64 = 2;

/// An advisory: which versions of a package are dangerous, and where that is fixed.
#[derive(Clone, Copy, Debug)]
pub struct Advisory<'a> {
    /// The package, by the name that its ecosystem gives it.
    pub package: &'a str,
    /// Its id, such as `CVE-2024-1`.
    pub id: &'a str,
    /// Which versions have it, such as `< 2.0.0`; Debian's advisories do not say.
    pub vulnerable: &'a str,
    /// The first version without it, if there is one.
    pub fixed: Option<&'a str>,
    /// `CRITICAL`, `HIGH`, `MEDIUM` or `LOW`.
    pub severity: &'a str,
}

/// Advisories by ecosystem.
#[derive(Clone, Debug, Default)]
pub struct TrivyDatabase {
    root: Bucket,
}

impl TrivyDatabase {
    /// An advisory about a source package of Debian 12.
    pub fn debian(&mut self, advisory: &Advisory<'_>) {
        let value = match advisory.fixed {
            Some(fixed) => json!({ "FixedVersion": fixed }),
            None => json!({ "Severity": severity(advisory), "Status": AFFECTED }),
        };
        self.put("debian 12", "debian", "Debian Security Tracker", advisory, &value);
    }

    /// An advisory about an npm package.
    pub fn npm(&mut self, advisory: &Advisory<'_>) {
        self.library("npm::GitHub Security Advisory Npm", "ghsa", advisory);
    }

    /// An advisory about a Python distribution.
    pub fn pip(&mut self, advisory: &Advisory<'_>) {
        self.library("pip::GitHub Security Advisory Pip", "ghsa", advisory);
    }

    /// An advisory about a program that no package manager installed, such as Node.js.
    pub fn program(&mut self, advisory: &Advisory<'_>) {
        self.library("bitnami::Bitnami Vulnerability Database", "bitnami", advisory);
    }

    fn library(&mut self, bucket: &str, source: &str, advisory: &Advisory<'_>) {
        let patched: Vec<&str> = advisory.fixed.into_iter().collect();
        let value =
            json!({ "PatchedVersions": patched, "VulnerableVersions": [advisory.vulnerable] });
        self.put(bucket, source, bucket, advisory, &value);
    }

    fn put(
        &mut self,
        bucket: &str,
        source: &str,
        name: &str,
        advisory: &Advisory<'_>,
        value: &Value,
    ) {
        let package = self.root.bucket(bucket).bucket(advisory.package);
        package.put(advisory.id, value.to_string());
        let source = json!({ "ID": source, "Name": name, "URL": "https://advisories.invalid" });
        self.root.bucket("data-source").put(bucket, source.to_string());
        let about = json!({
            "Title": format!("{} in {}", advisory.id, advisory.package),
            "Description": "Planted by a test.", "Severity": advisory.severity,
            "VendorSeverity": { "nvd": severity(advisory) },
        });
        self.root.bucket("vulnerability").put(advisory.id, about.to_string());
    }

    /// Writes the database where a Trivy with the cache folder `cache` looks for it; `updated_at`
    /// is when it says that it was made, RFC 3339.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, cache: &Path, updated_at: &str) -> std::io::Result<()> {
        let folder = cache.join("db");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("trivy.db"), self.root.to_file())?;
        let metadata = json!({
            "Version": SCHEMA, "NextUpdate": updated_at, "UpdatedAt": updated_at,
            "DownloadedAt": updated_at,
        });
        std::fs::write(folder.join("metadata.json"), metadata.to_string())
    }
}

/// Trivy's number for what is known and not fixed.
const AFFECTED: u8 = 2;

fn severity(advisory: &Advisory<'_>) -> u8 {
    match advisory.severity {
        "CRITICAL" => 4,
        "HIGH" => 3,
        "MEDIUM" => 2,
        "LOW" => 1,
        _ => 0,
    }
}
