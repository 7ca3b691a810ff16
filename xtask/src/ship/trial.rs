//! trial: a release is started on another database and asked, one service after the other.

use super::settings;
use super::site::Site;
use crate::database::trial::Place;
use crate::edge::{ports, secrets};
use crate::error::{Failure, Result};
use xtask_core::deploy::Service;
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;
use xtask_core::ship::release::Release;
use xtask_core::ship::trial::Shown;

/// Nothing listens there: what is not the database is not tried, and must not be needed.
const NOWHERE: &str = "127.0.0.1:1";

/// Asks every service of `release` that has a trial, on the database at `address`, whose last
/// migration is `schema`. The address is that of the services' role.
pub fn run(
    site: &Site<'_>,
    release: &Release,
    address: &Address,
    schema: &str,
) -> Result<Vec<Shown>> {
    let world = site.world;
    let (shell, cancel) = (&world.shell, &world.cancel);
    let folder = world.state(site.name).join("trial");
    let place = Place { shell, cancel, owner: world.owner(site.name), folder };
    let mut shown = Vec::new();
    for service in world.deploy.services.iter().filter(|it| !it.trial.is_empty()) {
        let image = release.services.get(&service.name).ok_or_else(|| {
            let (version, name) = (&release.version, &service.name);
            Failure::refused(format!("cannot try release `{version}`: it has no image of `{name}`"))
        })?;
        let image = image.pin().to_string();
        let [port] = ports::free()?;
        let settings = told(service, &release.version, address, port)?;
        place.ask(service, &image, settings, port)?;
        shown.push(Shown {
            service: service.name.clone(),
            release: release.version.clone(),
            image,
            schema: schema.to_owned(),
            questions: service.trial.len(),
        });
    }
    Ok(shown)
}

/// The settings of the service, with this database and with nothing else of the environment.
fn told(service: &Service, version: &str, address: &Address, port: u16) -> Result<Secret> {
    let made = secrets::generate()?;
    let answer = |reference: &str| match reference {
        "release.version" => Some(version.to_owned()),
        "database.url" => Some(address.url().expose().to_owned()),
        "redis.url" => Some(format!("redis://{NOWHERE}")),
        it if it.starts_with("services.") => Some(format!("http://{NOWHERE}")),
        it if it.starts_with("secrets.") => Some(made.clone()),
        _ => None,
    };
    let lines = settings::with(service, port, &answer, None)?;
    Ok(Secret::new(format!("{}HOST=127.0.0.1\nMETRICS_PORT=0\n", lines.expose())))
}
