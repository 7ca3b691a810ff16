//! What a scanner's answer means for a release.

pub mod end_of_life;
pub mod inventory;
mod judge;
mod policy;
pub mod sarif;
mod scan_finding;
mod ship;
#[cfg(test)]
mod tests;

pub use judge::{Answers, Fate, Judged, Means, NotAnAnswer, judge};
pub use policy::{Allowance, ScanPolicy, Severity, SeverityAction};
pub use scan_finding::{Kind, ScanFinding};
pub use ship::{NotShippable, may_enter, may_ship};

use crate::ship::release::ScanVerdict;

/// Licences are not judged, but they are asked for, so that the evidence holds them.
const ALWAYS: [&str; 3] = ["secret", "license", "misconfig"];
const VULNERABILITIES: &str = "vuln";

/// What can be scanned for: vulnerabilities need a database.
pub fn scanners(has_database: bool) -> Vec<&'static str> {
    let vulnerabilities = has_database.then_some(VULNERABILITIES);
    vulnerabilities.into_iter().chain(ALWAYS).collect()
}

/// One verdict of those on an image's platforms: as old as the oldest, as incomplete as all.
pub fn together(verdicts: Vec<ScanVerdict>) -> Option<ScanVerdict> {
    verdicts.into_iter().reduce(|mut all, one| {
        all.scanned.retain(|what| one.scanned.contains(what));
        all.not_scanned.extend(one.not_scanned);
        all.blocking.extend(one.blocking);
        all.warnings.extend(one.warnings);
        for lines in [&mut all.not_scanned, &mut all.blocking, &mut all.warnings] {
            lines.sort_unstable();
            lines.dedup();
        }
        all.allowed.extend(one.allowed);
        all.allowed.sort();
        all.allowed.dedup();
        all.platforms.extend(one.platforms);
        all.scanned_at = all.scanned_at.min(one.scanned_at);
        all.database = all.database.min(one.database);
        all
    })
}

/// The verdict where there is no scanner: it says so, and is not complete.
pub fn not_scanned() -> ScanVerdict {
    let everything =
        "secrets, licences, misconfigurations and vulnerabilities (no scanner on this machine)";
    ScanVerdict {
        scanner: "none".to_owned(),
        scanned: Vec::new(),
        not_scanned: vec![everything.to_owned()],
        blocking: Vec::new(),
        scanned_at: String::new(),
        database: None,
        platforms: Vec::new(),
        allowed: Vec::new(),
        warnings: Vec::new(),
    }
}
