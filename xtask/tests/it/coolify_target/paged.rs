//! What pages of deployment are run on: a town in which something has happened before.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::town::{Backend, Town};
use crate::executed::Place;
use crate::infra::panel::{named, person};
use crate::postgres::server::Cluster;
use crate::world::World;
use std::process::Command;
use xtask::runtime;
use xtask_fakes::required;
use xtask_providers::coolify::ApplicationChange;

pub(crate) struct Stage<'a> {
    town: Town<'a>,
    /// The release that the page calls `VERSION`.
    version: &'static str,
}

impl Place for Stage<'_> {
    fn world(&self) -> &World {
        &self.town.world
    }

    fn says(&self) -> Vec<(String, String)> {
        let (registry, panel) = (self.town.registry_host(), self.town.double.url());
        [
            ("VERSION", self.version),
            ("ghcr.io/nutri-app", &registry),
            ("https://coolify.nutri.app", &panel),
        ]
        .map(|(page, test)| (page.to_owned(), test.to_owned()))
        .into()
    }
}

/// Lets `play` go on where `name` has happened.
pub(crate) fn on(name: &str, play: impl FnOnce(&Stage<'_>)) {
    let cluster = required!(Cluster::new());
    let version = if name == "served" { "r2" } else { "r1" };
    play(&Stage { town: town(name, &cluster), version });
}

fn town<'a>(name: &str, cluster: &'a Cluster) -> Town<'a> {
    match name {
        // Nothing is prepared; the releases `r1` and `r2` are in the registry.
        "empty" => empty(cluster),
        // `r1` serves.
        "served" => served(cluster),
        // `r2` serves, and `r1` did before.
        "twice" => twice(cluster),
        // `r3` serves, and needs a schema that `r1` does not know.
        "skewed" => skewed(cluster),
        // A rollout of `r2` was killed before it was verified.
        "interrupted" => interrupted(cluster),
        // Somebody has written another limit into the panel.
        "drifted" => drifted(cluster),
        // The key of tokens is in an encrypted file.
        "vault" => vault(cluster),
        unknown => panic!("nobody knows what `on={unknown}` is"),
    }
}

fn empty(cluster: &Cluster) -> Town<'_> {
    let mut town = Town::new(cluster, "ci");
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    commit(&town);
    town
}

fn served(cluster: &Cluster) -> Town<'_> {
    let town = Town::serving(cluster);
    commit(&town);
    town
}

fn twice(cluster: &Cluster) -> Town<'_> {
    let town = served(cluster);
    town.rollout("r2").ends(0);
    town
}

fn skewed(cluster: &Cluster) -> Town<'_> {
    let mut town = Town::serving(cluster);
    town.migrates("20260201000000_two", "CREATE TABLE two (id int);\n");
    town.release("r3", Backend::Good);
    let forced = ["rollout", "production", "r3", "--apply", "--force-schema-skew", "announced"];
    town.world.run(&forced).ends(0);
    town
}

fn interrupted(cluster: &Cluster) -> Town<'_> {
    let town = Town::serving(cluster);
    town.killed(&["rollout", "production", "r2"], "before-verify");
    // Its lease ends by itself a minute later.
    town.database.ask("UPDATE xtask.lease SET expires_at = clock_timestamp()");
    town
}

fn drifted(cluster: &Cluster) -> Town<'_> {
    let town = Town::serving(cluster);
    let uuid = named(&town.double, "backend").uuid;
    let change = ApplicationChange {
        limits_memory: Some("128m".to_owned()),
        ..ApplicationChange::default()
    };
    runtime::wait(person(&town.double).update_application(&uuid, &change)).unwrap();
    town
}

/// As `empty`, where the two keys are in `secrets/production.age` to be.
fn vault(cluster: &Cluster) -> Town<'_> {
    let town = empty(cluster);
    let file = town.world.path("deploy.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("env:PRODUCTION_JWT_SECRET_PREVIOUS\"", "age:production/jwt_previous\"")
        .replace("env:PRODUCTION_JWT_SECRET\"", "age:production/jwt\"");
    town.world.write("deploy.toml", &text);
    commit(&town);
    town
}

/// All there is, as one commit.
fn commit(town: &Town<'_>) {
    town.world.write(".gitignore", "/target\n");
    town.world.init();
    for words in ["add .", "-c user.name=a -c user.email=a@b commit --quiet -m all"] {
        let mut git = Command::new("git");
        let done = git.args(words.split(' ')).current_dir(town.world.path("")).status();
        assert!(done.unwrap().success(), "{words}");
    }
}
