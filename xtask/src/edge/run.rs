//! What names this run, for people and for records.

use crate::edge::files;
use crate::error::Result;
use std::path::Path;

/// A name that no other run has.
pub fn name() -> Result<String> {
    let text = files::read(Path::new("/proc/sys/kernel/random/uuid"))?;
    Ok(text.trim().to_owned())
}

/// The page of this run, if GitHub runs it.
pub fn url() -> Option<String> {
    url_of(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The page of the repository, if GitHub runs us.
pub fn repository() -> Option<String> {
    repository_of(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn repository_of(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    Some(format!("{}/{}", variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?))
}

fn url_of(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let repository = repository_of(&variable)?;
    let (run, attempt) = (variable("GITHUB_RUN_ID")?, variable("GITHUB_RUN_ATTEMPT")?);
    Some(format!("{repository}/actions/runs/{run}/attempts/{attempt}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_github_has_a_page_and_any_other_has_none() {
        let variable = |name: &str| match name {
            "GITHUB_SERVER_URL" => Some("https://github.com".to_owned()),
            "GITHUB_REPOSITORY" => Some("a/b".to_owned()),
            "GITHUB_RUN_ID" => Some("7".to_owned()),
            "GITHUB_RUN_ATTEMPT" => Some("2".to_owned()),
            _ => None,
        };
        let wanted = "https://github.com/a/b/actions/runs/7/attempts/2";
        assert_eq!(url_of(variable).as_deref(), Some(wanted));
        assert_eq!(url_of(|name| variable(name).filter(|_| name != "GITHUB_RUN_ID")), None);
        assert_ne!(name().unwrap(), name().unwrap());
    }
}
