//! What a service is told from outside: its settings with every reference filled in.

use super::site::Site;
use crate::edge::git;
use crate::error::{Context as _, Failure, Result, code};
use xtask_core::deploy::{self, Deploy, Service, drain, setting};
use xtask_core::secret::Secret;
use xtask_core::ship::release::Release;

/// The settings of `service` at release `version`, one `NAME=value` a line.
pub fn fill(site: &Site<'_>, service: &Service, version: &str) -> Result<Secret> {
    site.target.has_secrets()?;
    let mut lines = format!("PORT={}\n", service.port);
    for (name, template) in &service.settings {
        if template.is_left_out(|reference| answer(site, reference, version).is_some()) {
            continue;
        }
        let value = template.fill(|reference| answer(site, reference, version));
        let mut value =
            value.or_usage(|| format!("cannot fill setting `{name}` of `{}`", service.name))?;
        if name == drain::VARIABLE {
            value = site.target.drain_seconds(service).to_string();
        }
        if let Some(flaw) = setting::value_flaw(name, &value) {
            let line =
                format!("cannot hand over setting `{name}` of `{}`: it {flaw}", service.name);
            return Err(Failure::usage(line).code(&code::CONFIG));
        }
        lines.push_str(&format!("{name}={value}\n"));
    }
    Ok(Secret::new(lines))
}

/// With which settings a release that is gone back to will run, in a sentence: with those of today.
pub fn of_today(site: &Site<'_>, release: &Release) -> String {
    let version = &release.version;
    let told = match then(site, release) {
        Ok(Some(then)) => match setting::differences(&then, &site.world.deploy).as_slice() {
            [] => "they are as they were, except for secrets that were exchanged since".to_owned(),
            changed => format!("since then {}", changed.join(", ")),
        },
        Ok(None) => "which differ is unknown: its commit is not in this checkout".to_owned(),
        Err(failure) => format!("which differ is unknown: {}", failure.first_line()),
    };
    format!("release `{version}` will run with the settings of today; {told}")
}

/// What `deploy.toml` said when the release was made; nothing if this checkout has no such commit.
fn then(site: &Site<'_>, release: &Release) -> Result<Option<Deploy>> {
    let files = git::committed(&site.world.shell, &release.commit, deploy::FILE)?;
    let Some(bytes) = files.and_then(|mut files| files.remove("")) else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    Deploy::parse(&text).map(Some).or_usage(|| "its `deploy.toml` is not understood".to_owned())
}

fn answer(site: &Site<'_>, reference: &str, version: &str) -> Option<String> {
    match reference.split_once('.') {
        Some(("release", "version")) => Some(version.to_owned()),
        Some(("secrets", name)) => Some(site.secrets.get(name)?.expose().to_owned()),
        _ => site.target.answer(reference),
    }
}
