//! What a service is told from outside: its settings with every reference filled in.

use super::site::Site;
use crate::error::{Context as _, Failure, Result};
use xtask_core::deploy::{Service, drain};
use xtask_core::secret::Secret;

/// The settings of `service` at release `version`, one `NAME=value` a line.
pub fn fill(site: &Site<'_>, service: &Service, version: &str) -> Result<Secret> {
    site.target.has_secrets()?;
    let drain = site.target.drain_seconds(service);
    with(service, service.port, &|reference| answer(site, reference, version), Some(drain))
}

/// The same, where `answer` says what references read as.
pub(super) fn with(
    service: &Service,
    port: u16,
    answer: &dyn Fn(&str) -> Option<String>,
    drain: Option<u64>,
) -> Result<Secret> {
    let mut lines = format!("PORT={port}\n");
    for (name, template) in &service.settings {
        if template.is_left_out(|reference| answer(reference).is_some()) {
            continue;
        }
        let value = template.fill(answer);
        let mut value =
            value.or_usage(|| format!("cannot fill setting `{name}` of `{}`", service.name))?;
        if let Some(seconds) = drain.filter(|_| name == drain::VARIABLE) {
            value = seconds.to_string();
        }
        // One variable a line is how settings are handed over; no newline fits inside one.
        if value.contains('\n') {
            return Err(Failure::usage(format!(
                "cannot hand over setting `{name}`: it has a newline"
            )));
        }
        lines.push_str(&format!("{name}={value}\n"));
    }
    Ok(Secret::new(lines))
}

fn answer(site: &Site<'_>, reference: &str, version: &str) -> Option<String> {
    match reference.split_once('.') {
        Some(("release", "version")) => Some(version.to_owned()),
        Some(("secrets", name)) => Some(site.secrets.get(name)?.expose().to_owned()),
        _ => site.target.answer(reference),
    }
}
