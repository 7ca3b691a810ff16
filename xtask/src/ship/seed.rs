//! seed: what every database begins with, put in by a program of a release's image.

use super::site::Site;
use crate::error::{Failure, Result};
use xtask_core::deploy::Seed;
use xtask_core::secret::Secret;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::machine::Move;
use xtask_core::ship::release::Release;

/// What a rollout puts in by itself: on one's own machine, where the program comes with a release
/// that is new there. What others use is seeded when somebody says so, and no older program writes
/// over what a newer one put in.
pub(super) fn due<'s>(site: &'s Site<'_>, action: Action, moves: &[Move]) -> Option<&'s Seed> {
    let is_ours = !site.environment.has_users() && action == Action::Rollout;
    let seed = site.world.deploy.seed.as_ref().filter(|_| is_ours);
    seed.filter(|it| moves.iter().any(|moved| moved.service == it.service))
}

/// The image of `release` that has the program.
pub fn image(seed: &Seed, release: &Release) -> Result<String> {
    let image = release.services.get(&seed.service).ok_or_else(|| {
        let (version, service) = (&release.version, &seed.service);
        Failure::refused(format!("cannot seed: release `{version}` has no image of `{service}`"))
    })?;
    Ok(image.pin().to_string())
}

/// Runs it, and gives what it said.
pub fn run(site: &Site<'_>, seed: &Seed, image: &str) -> Result<String> {
    let phase = site.world.report.phase("seed");
    let command = seed.run(image).input(settings(site)?);
    let said = site.world.shell.run(&command).map(|it| it.text());
    let said = said.map_err(|it| it.during(format!("failed to seed `{}`", site.name)))?;
    phase.done(&format!("`{}` ran", seed.command.join(" ")));
    Ok(said)
}

/// The owner's address, as it is reached from this machine. The two settings that a person may give
/// a seed are handed on.
fn settings(site: &Site<'_>) -> Result<Secret> {
    let given = ["database.direct_url", "database.url"].iter().find_map(|it| site.secrets.get(*it));
    let url = match given {
        Some(url) => url.expose().trim().to_owned(),
        None => site.database()?.url().expose().to_owned(),
    };
    if url.contains('\n') {
        return Err(Failure::usage("cannot hand over the database's address: it has a newline"));
    }
    let mut lines = format!("DATABASE_URL={url}\n");
    if let Some(password) = site.secrets.get("seed_demo_password") {
        lines.push_str(&format!("SEED_DEMO_PASSWORD={}\n", password.expose()));
    }
    Ok(Secret::new(lines))
}
