//! The schema and the data of a stack. Who it is and what it is called is asked of the container
//! that runs, because only that is sure to be so.

use super::Dev;
use crate::edge::docker::Docker;
use crate::edge::postgres::Database;
use crate::error::{Failure, Result};
use crate::ship::migrate;
use std::collections::BTreeMap;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::plan::Count;
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;

const PORT: u16 = 5432;
/// A month of three people, and three passwords, on a busy machine.
const SEED_LIMIT: Duration = Duration::from_secs(120);

/// Applies the migrations that are pending; gives their names.
pub fn migrate(dev: &Dev<'_>) -> Result<Vec<String>> {
    let phase = dev.world.report.phase("migrate");
    let mut database = Database::connect(&address(dev)?)?;
    database.lock_migrations()?;
    let files = migrate::files(dev.world)?;
    let plan = migrate::plan(&database, &files)?;
    for file in files.iter().filter(|file| plan.pending.contains(&file.name)) {
        dev.world.cancel.check()?;
        phase.doing(&file.name);
        database.apply_migration(file, &dev.world.deploy.migrations, None)?;
    }
    phase.done(&match plan.pending.as_slice() {
        [] => format!("{} applied already", Count(plan.applied, "migration")),
        names => format!("applied {}", names.join(", ")),
    });
    Ok(plan.pending)
}

/// Runs the seed of the backend in its container, where it finds the database as the backend does.
pub fn seed(dev: &Dev<'_>) -> Result<()> {
    let phase = dev.world.report.phase("seed");
    let backend = dev.member("backend")?.id;
    let seed =
        Command::new("docker").args(["exec", &backend, "/usr/local/bin/node", "dist/seed.js"]);
    let said = dev.world.shell.run(&seed.limit(SEED_LIMIT).finishes())?.text();
    let message = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line["message"].as_str().map(ToOwned::to_owned)
    };
    phase.done(&said.lines().filter_map(message).collect::<Vec<_>>().join("; "));
    Ok(())
}

/// Where the published port leads, or else the container itself, which this machine reaches where
/// the engine runs on it.
fn address(dev: &Dev<'_>) -> Result<Address> {
    let docker = Docker::new(&dev.world.shell);
    let postgres = dev.member("postgres")?.id;
    let settings = settings(&docker, &postgres)?;
    let setting = |name: &str| {
        settings.get(name).cloned().ok_or_else(|| {
            Failure::outside(format!("the container of Postgres has no variable `{name}`"))
        })
    };
    let published = docker.container(&postgres)?.and_then(|it| it.port);
    let password = Secret::new(setting("POSTGRES_PASSWORD")?);
    let (user, database) = (setting("POSTGRES_USER")?, setting("POSTGRES_DB")?);
    let address = Address::local(published.unwrap_or(PORT), &user, &database, password);
    match docker.address(&postgres)?.into_iter().next() {
        Some(host) if published.is_none() => Ok(Address { host, ..address }),
        _ => Ok(address),
    }
}

fn settings(docker: &Docker<'_>, container: &str) -> Result<BTreeMap<String, String>> {
    let format = "{{range .Config.Env}}{{println .}}{{end}}";
    let listed =
        docker.run(&Command::new("docker").args(["inspect", "--format", format, container]))?;
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.into(), value.into()));
    Ok(listed.lines().filter_map(pair).collect())
}
