//! Reaches a Coolify: with every secret to change it, with those at hand to look at it.

use super::super::Look;
use super::{CoolifyTarget, Pace};
use crate::edge::secrets::{self, Secrets};
use crate::error::Result;
use crate::world::World;
use std::sync::OnceLock;

/// Reaches it to change it: every secret must be at hand.
pub fn open<'a>(world: &'a World<'_>, name: &str) -> Result<(Secrets, CoolifyTarget<'a>)> {
    let (secrets, target) = reach(world, name, |_| true)?;
    target.coolify()?;
    target.refuse_absent()?;
    Ok((secrets, target))
}

/// Reaches it to look at it, with the secrets that are at hand.
pub fn look<'a>(world: &'a World<'_>, name: &str) -> Result<Look<'a>> {
    let (secrets, target) = reach(world, name, |_| true)?;
    target.coolify()?;
    Ok(Look::Reached(secrets, Box::new(target)))
}

/// Reaches its database and its registry alone: the panel is not asked, so no token is needed, and no
/// secret but the one address.
pub fn look_at_records<'a>(world: &'a World<'_>, name: &str) -> Result<Look<'a>> {
    let sources = world.environment(name)?.sources();
    let own = ["database.direct_url", "database.url"];
    let needed = own.into_iter().find(|it| sources.contains_key(*it));
    let (secrets, target) = reach(world, name, |it| Some(it) == needed)?;
    Ok(Look::Reached(secrets, Box::new(target)))
}

fn reach<'a>(
    world: &'a World<'_>,
    name: &str,
    is_needed: impl Fn(&str) -> bool,
) -> Result<(Secrets, CoolifyTarget<'a>)> {
    let environment = world.environment(name)?;
    let place = environment.coolify.as_ref().expect("`deploy.toml` was checked: it has one");
    let mut sources = environment.sources();
    // The token is read when Coolify is asked.
    sources.retain(|name, _| name != "coolify.token" && is_needed(name));
    let (secrets, absent) = secrets::at_hand(&sources);
    let own = |(name, secret): (&String, &_)| {
        Some((name.strip_prefix("secrets.")?.to_owned(), Clone::clone(secret)))
    };
    let of_services = secrets.iter().filter_map(own).collect();
    let pace = Pace::of_environment()?;
    let (name, asked) = (name.to_owned(), OnceLock::new());
    let target = CoolifyTarget { world, name, environment, place, asked, secrets, absent, pace };
    Ok((of_services, target))
}
