//! A Coolify with state, a world whose production is on it, and a person at its panel.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use crate::world::World;
use serde_json::Value;
use std::sync::Arc;
use xtask::edge::coolify::with;
use xtask::runtime;
use xtask_core::secret::Secret;
use xtask_fakes::coolify::api::{Coolify as Double, Options};
use xtask_fakes::coolify::update::Simulated;
use xtask_providers::coolify::{Application, Coolify, Settings};

pub(crate) const SECRETS: [(&str, &str); 4] = [
    ("PRODUCTION_DATABASE_URL", "postgres://nutri:p4ss-of-the-database@db.example.org:6543/nutri"),
    ("PRODUCTION_DIRECT_URL", "postgres://nutri:p4ss-of-the-database@db.example.org:5432/nutri"),
    ("PRODUCTION_REDIS_URL", "rediss://default:p4ss-of-redis@cache.example.org:6379"),
    ("PRODUCTION_JWT_SECRET", "it's-a-secret-of-48-characters"),
];

pub(crate) fn start(options: Options) -> Double {
    Double::start(options, Arc::new(Simulated::new()))
}

/// A world whose production is on `double`, asked with the token of that label.
pub(crate) fn world(double: &Double, label: &str) -> World {
    let world = bare(double, label);
    SECRETS.into_iter().fold(world, |world, (name, value)| world.with(name, value.to_owned()))
}

/// The same, without any secret but the token.
pub(crate) fn bare(double: &Double, label: &str) -> World {
    let world = World::new().with("PRODUCTION_COOLIFY_TOKEN", double.token(label));
    world.write("deploy.toml", &deploy(double));
    world
}

pub(crate) fn deploy(double: &Double) -> String {
    crate::world::deploy().replace("https://coolify.nutri.app", &double.url())
}

/// A person at the panel.
pub(crate) fn person(double: &Double) -> Coolify {
    with(&double.url(), Secret::new(double.token("root")), Settings::default())
}

pub(crate) fn applications(double: &Double) -> Vec<Application> {
    runtime::wait(person(double).applications()).unwrap()
}

pub(crate) fn named(double: &Double, name: &str) -> Application {
    let all = applications(double);
    let found = all.into_iter().find(|it| it.name.as_deref() == Some(name)).unwrap();
    runtime::wait(person(double).application(&found.uuid)).unwrap().unwrap()
}

pub(crate) fn json(run: &str) -> Value {
    serde_json::from_str(run).unwrap()
}

pub(crate) const APPLY: [&str; 4] = ["infra", "apply", "production", "--apply"];
pub(crate) const PLAN: [&str; 5] = ["infra", "plan", "production", "--only", "coolify"];

pub(crate) fn apply(world: &World) {
    world.run(&APPLY).ends(0);
}
