//! GitHub Actions, as far as this run is inside it: what later steps may read, and what people do.

use crate::error::{Context as _, Result};
use std::fs::OpenOptions;
use std::io::Write as _;

/// Lets later steps read `value` as `steps.ID.outputs.NAME`; elsewhere nothing happens.
pub fn output(name: &str, value: &str) -> Result<()> {
    append("GITHUB_OUTPUT", &format!("{name}={value}\n"))
}

/// Whether GitHub runs us.
pub fn is_here() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

/// Adds to the page that people see of the run; elsewhere nothing happens.
pub fn page(markdown: &str) -> Result<()> {
    append("GITHUB_STEP_SUMMARY", markdown)
}

fn append(variable: &str, text: &str) -> Result<()> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .or_outside(|| format!("failed to write `{}`", path.display()))
}
