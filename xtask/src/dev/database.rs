//! The schema and the data of a stack. Who it is and what it is called is asked of the container
//! that runs, because only that is sure to be so.

use super::Dev;
use crate::database::replay;
use crate::edge::docker::Docker;
use crate::edge::postgres::Database;
use crate::error::{Failure, Result};
use crate::ship::migrate;
use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::plan::Count;
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;

const PORT: u16 = 5432;
/// A month of three people, and three passwords, on a busy machine.
const SEED_LIMIT: Duration = Duration::from_secs(120);

/// Lets the services log in, by the role and the password of their own settings. A volume of before
/// has no such role, or one without a login; its data stays as it is.
pub(super) fn admit(dev: &Dev<'_>) -> Result<()> {
    let docker = Docker::new(&dev.world.shell);
    let told = settings(&docker, &dev.member("backend")?.id)?;
    let told = told.get("DATABASE_URL").and_then(|url| Address::from_str(url).ok());
    let Some(told) = told else {
        return Err(Failure::outside("the container of the backend names no database"));
    };
    let owner = address(dev)?;
    // Whoever made the database its own is no role to be changed.
    if told.user == owner.user {
        return Ok(());
    }
    Database::connect(&owner)?.ensure_login(&told.user, &told.password)
}

/// Applies the migrations that are pending.
pub(super) fn migrate(dev: &Dev<'_>) -> Result<()> {
    let phase = dev.world.report.phase("migrate");
    let mut database = Database::connect(&address(dev)?)?;
    database.lock_migrations()?;
    let files = migrate::files(dev.world)?;
    let plan = migrate::plan(&database, &files)?;
    let pending = files.iter().filter(|file| plan.pending.contains(&file.name));
    let (limits, cancel) = (&dev.world.deploy.migrations, &dev.world.cancel);
    replay::apply(&mut database, pending, limits, cancel, |name| phase.doing(name))?;
    phase.done(&match plan.pending.as_slice() {
        [] => format!("{} applied already", Count(plan.applied, "migration")),
        names => format!("applied {}", names.join(", ")),
    });
    Ok(())
}

/// Runs the seed of the backend in its container, as the owner of the tables: the backend's own role
/// is under row level security. The address comes by standard input and is in no argument.
pub fn seed(dev: &Dev<'_>) -> Result<()> {
    let phase = dev.world.report.phase("seed");
    let backend = dev.member("backend")?.id;
    let owner = Address { host: "postgres".to_owned(), port: PORT, ..address(dev)? };
    let told = Secret::new(format!("DATABASE_URL={}\n", owner.url().expose()));
    let seed = Command::new("docker")
        .args(["exec", "--env-file", "/dev/stdin", &backend])
        .args(["/usr/local/bin/node", "dist/seed.js"])
        .input(told);
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
