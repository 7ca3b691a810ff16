//! `rollout`: moves an environment to a release of its registry.

use crate::edge::holder::{self, Holder};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Rollout;
use crate::ship::rollout::Rolled;
use crate::ship::site::Site;
use crate::ship::{migrate, release, rollout};
use crate::target;
use crate::world::World;
use serde_json::json;
use xtask_core::ledger::Action;

pub(super) fn run(flags: &Rollout, world: &World<'_>) -> Result<Exit> {
    target::check(world, &flags.environment)?;
    let _lease = Holder::take(&world.state(&flags.environment), "rollout", &holder::who())?;
    let site = Site::open(world, &flags.environment)?;
    site.target.preflight()?;
    site.target.prepare()?;
    go(&site, &flags.release, Action::Rollout)
}

/// Moves `site` to the release called `version`, if the schema allows it.
pub(super) fn go(site: &Site<'_>, version: &str, action: Action) -> Result<Exit> {
    let release = release::get(site, version)?;
    migrate::check_schema(site, &release)?;
    let rolled = rollout::to(site, &release, action)?;
    let (changed, probe, said) = match rolled {
        Rolled::AlreadySo => (false, None, "runs already".to_owned()),
        Rolled::Done(None) => (true, None, "serves".to_owned()),
        Rolled::Done(Some(probe)) => {
            (true, Some(probe), format!("serves; lost {} of {} requests", probe.lost, probe.sent))
        }
    };
    let value = json!({ "release": release.version, "changed": changed, "probe": probe });
    site.world.report.data(&value, &format!("release {} {said}", release.version));
    Ok(Exit::Done)
}
