//! `rollback`: a rollout of an earlier release.

use crate::edge::holder::{self, Holder};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Rollback;
use crate::road::site::Site;
use crate::road::{backing, record};
use crate::world::World;
use xtask_core::ledger::{self, Action};
use xtask_core::proxy;

pub(super) fn run(flags: &Rollback, world: &World<'_>) -> Result<Exit> {
    world.docker_environment(&flags.environment)?;
    let _lease = Holder::take(&world.state(&flags.environment), "rollback", &holder::who())?;
    let site = Site::open(world, &flags.environment)?;
    backing::preflight(&site)?;
    backing::ensure(&site)?;
    let release = match &flags.release {
        Some(release) => release.clone(),
        None => release_before(&site)?,
    };
    super::rollout::go(&site, &release, Action::Rollback)
}

/// The newest verified release that is not the one that serves.
fn release_before(site: &Site<'_>) -> Result<String> {
    let serving = proxy::serving(&site.proxy().config()?);
    let observed = site.docker().containers(&site.owner)?;
    let serves = |container: &String| serving.values().any(|it| it == container);
    let current = observed.iter().find(|it| serves(&it.container)).map(|it| it.release.as_str());
    let records = record::all(site)?;
    let target = ledger::rollback_target(&records, current.unwrap_or_default());
    target.map(ToOwned::to_owned).ok_or_else(|| {
        Failure::refused("cannot roll back: the ledger knows no other release that was verified")
            .hint("`cargo xtask releases` lists what the registry has; name one of them")
    })
}
