//! What a service is told from outside: its settings with every reference filled in.

use super::site::Site;
use crate::error::{Context as _, Failure, Result};
use xtask_core::backing::{DATABASE_USER, POSTGRES_PORT, REDIS_PORT};
use xtask_core::deploy::Service;
use xtask_core::digest::Digest;
use xtask_core::secret::Secret;

/// The settings of `service` at release `version`, one `NAME=value` a line.
pub fn fill(site: &Site<'_>, service: &Service, version: &str) -> Result<Secret> {
    let mut lines = format!("PORT={}\n", service.port);
    for (name, template) in &service.settings {
        let value = template.fill(|reference| answer(site, reference, version));
        let value =
            value.or_usage(|| format!("cannot fill setting `{name}` of `{}`", service.name))?;
        // The engine reads one variable a line, and has no way to write a newline inside one.
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
    let project = site.project();
    match reference.split('.').collect::<Vec<_>>().as_slice() {
        ["release", "version"] => Some(version.to_owned()),
        ["database", "url"] => {
            let password = site.secrets.get("database")?.expose();
            Some(format!(
                "postgresql://{DATABASE_USER}:{password}@{project}-postgres:{POSTGRES_PORT}/{project}"
            ))
        }
        ["redis", "url"] => Some(format!("redis://{project}-redis:{REDIS_PORT}")),
        ["services", name, "url"] => {
            let service = site.world.deploy.service(name)?;
            Some(format!("http://{project}-proxy:{}", Site::proxy_port(service)))
        }
        ["secrets", name] => Some(site.secrets.get(*name)?.expose().to_owned()),
        _ => None,
    }
}

/// The digest of everything that shapes a container beside its image.
pub fn digest(service: &Service, settings: &Secret) -> Digest {
    let shape = format!(
        "{:?} {:?} {:?}\n{}",
        service.limits,
        service.health,
        service.port,
        settings.expose()
    );
    Digest::of(shape.as_bytes())
}
