//! Two clusters and a repository: what is backed up, and where it comes back.

use crate::postgres::server::{Cluster, Server};
use crate::world::{Run, World};
use std::path::PathBuf;
use std::process::Command;
use xtask_fakes::deploy::with_backup;
use xtask_fakes::requirement::{Required, required_program};

pub(crate) use crate::postgres::server::PASSWORD;

/// The variable that holds the address of the database.
pub(crate) const URL: &str = "STAGING_DIRECT_URL";
/// What opens the repository.
pub(crate) const KEY: &str = "a-password-of-a-repository";

/// What the source holds: a migration, a table of 1000 rows with a policy for a role.
const CONTENT: &str = "CREATE TABLE meals (id int PRIMARY KEY, what text);
    INSERT INTO meals SELECT n, 'meal ' || n FROM generate_series(1, 1000) n;
    CREATE ROLE eater NOLOGIN; GRANT SELECT ON meals TO eater;
    CREATE POLICY own ON meals TO eater USING (true); ALTER TABLE meals ENABLE ROW LEVEL SECURITY;
    CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,
        finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text,
        rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
        applied_steps_count integer NOT NULL DEFAULT 0);
    INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name)
        VALUES ('1', '0', now(), '1_init')";

/// A source and a copy, neither of which serves yet.
pub(crate) fn clusters() -> Required<(Cluster, Cluster)> {
    let programs = required_program("restic").and(|| required_program("pg_dump"));
    programs.and(Cluster::new).and(Cluster::new).map(|((_, source), copy)| (source, copy))
}

pub(crate) struct Town<'a> {
    pub(crate) world: World,
    pub(crate) source: Server<'a>,
    pub(crate) copy: Server<'a>,
}

impl<'a> Town<'a> {
    pub(crate) fn new((source, copy): &'a (Cluster, Cluster)) -> Self {
        let (source, copy) = (source.serve_plainly(), copy.serve_plainly());
        source.ask(CONTENT);
        let world = World::new();
        let repository = world.path("").parent().unwrap().join("repository");
        let own = include_str!("../../../../deploy.toml");
        let text = with_backup(own, "staging", &repository, "env:BACKUP_PASSWORD");
        world.write("deploy.toml", &text);
        let world = world
            .with(URL, source.url(""))
            .with("COPY_URL", copy.url(""))
            .with("BACKUP_PASSWORD", KEY.to_owned());
        Self { world, source, copy }
    }

    /// With a program of that name that does something to the real one, `$real`.
    pub(crate) fn with_program(self, name: &str, script: &str) -> Self {
        let path = std::env::var_os("PATH").unwrap();
        let mut found = std::env::split_paths(&path).map(|it| it.join(name));
        let real = found.find(|it| it.is_file()).unwrap();
        let text = format!("#!/bin/sh\nreal='{}'\n{script}\n", real.display());
        let Self { world, source, copy } = self;
        Self { world: world.program(name, &text), source, copy }
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        self.world.run(words)
    }

    /// Takes a back-up; what it holds.
    pub(crate) fn taken(&self) -> serde_json::Value {
        let taken = self.run(&["backup", "run", "staging", "--init", "--json"]);
        assert_eq!(taken.code, Some(0), "{taken:?}");
        let value: serde_json::Value = serde_json::from_str(&taken.stdout).unwrap();
        value["backup"].clone()
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.world.path("").parent().unwrap().join("repository")
    }

    /// What restic itself says of the repository.
    pub(crate) fn restic(&self, words: &[&str]) -> std::process::Output {
        Command::new("restic")
            .args(words)
            .env("RESTIC_REPOSITORY", self.repository())
            .env("RESTIC_PASSWORD", KEY)
            .env("RESTIC_CACHE_DIR", self.world.cache())
            .output()
            .unwrap()
    }

    /// How many snapshots there are, whoever made them.
    pub(crate) fn snapshots(&self) -> usize {
        let listed = self.restic(&["snapshots", "--json"]);
        assert!(listed.status.success(), "{listed:?}");
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed.as_array().map_or(0, Vec::len)
    }

    /// The newest manifest once more, with another tag beside its own.
    pub(crate) fn forge(&self, tag: &str) {
        let listed = self.restic(&["snapshots", "--json", "--tag", "kind:manifest"]);
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        let last = listed.as_array().unwrap().last().unwrap();
        let own = last["tags"].as_array().unwrap().iter().map(|it| it.as_str().unwrap());
        let kept: Vec<&str> = own.filter(|it| !it.starts_with("at:")).chain([tag]).collect();
        let id = last["id"].as_str().unwrap();
        let set = self.restic(&["tag", "--set", &kept.join(","), id]);
        assert!(set.status.success(), "{set:?}");
    }
}
