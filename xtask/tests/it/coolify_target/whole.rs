//! `ship production --apply` as one: from a commit over images in the layout, a registry, a release,
//! the lease and the ledger in a Postgres, to services that were verified. Nothing of the program is
//! replaced. The scanner is a stand-in: the real one wants a database from the internet, and is
//! tried in `scan.rs`.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::postgres::server::Cluster;
use super::town::Town;
use crate::world::END;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use xtask::edge::clock;
use xtask_core::image::lock::Lock;
use xtask_fakes::docker_registry::{DockerRegistry, Lock as Door};
use xtask_fakes::required;

const SERVICES: [&str; 2] = ["backend", "ml-service"];

/// Answers as Trivy does where nothing is found.
const SCANNER: &str = r#"#!/bin/sh
case "$1" in
version) echo '{"Version":"0.76.0"}' ;;
image | sbom) echo "{\"SchemaVersion\":2,\"CreatedAt\":\"$(date -u +%FT%TZ)\",\"Results\":[]}" ;;
*) echo "not asked for here: $1" >&2; exit 1 ;;
esac
"#;

const HEALTH: &str = "\n[config.health]\ncommand = [\"/run/program\"]\ninterval_seconds = 2\n\
    timeout_seconds = 3\nstart_seconds = 30\nretries = 2\n";

struct Whole<'a> {
    town: Town<'a>,
    registry: DockerRegistry,
}

impl<'a> Whole<'a> {
    fn new(cluster: &'a Cluster, registry: DockerRegistry) -> Self {
        let mut town = Town::new(cluster, "ci");
        town.world = town.world.program("trivy", SCANNER);
        let world = &town.world;
        let deploy = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
        world.write("deploy.toml", &deploy.replace(&town.registry_host(), &registry.host));
        let lock = Lock {
            encoder: xtask_image::gzip_v1::ENCODER_ID.to_owned(),
            suite: "bookworm".to_owned(),
            archive_time: 1_700_000_000,
            wanted: BTreeMap::new(),
            layers: BTreeMap::new(),
        };
        for service in SERVICES {
            let layer = format!(
                "[[layer]]\nname = \"app\"\nkind = \"files\"\npath = \"services/{service}\"\n\
                 copy = {{ \"app.txt\" = \"srv/app.txt\" }}\n"
            );
            world.write(&format!("images/{service}.toml"), &format!("{layer}{END}{HEALTH}"));
            world.write(&format!("images/{service}.lock"), &lock.to_text());
            world.write(&format!("services/{service}/app.txt"), &format!("{service}\n"));
        }
        world.write(".gitignore", "target/\n");
        let database = world.cache().join("trivy/db");
        std::fs::create_dir_all(&database).unwrap();
        std::fs::write(database.join("trivy.db"), "").unwrap();
        let dates = json!({ "UpdatedAt": clock::now(), "NextUpdate": "2999-01-01T00:00:00Z" });
        std::fs::write(database.join("metadata.json"), dates.to_string()).unwrap();
        let whole = Self { town, registry };
        whole.git(&["init", "-q"]);
        whole.commit();
        whole
    }

    fn git(&self, args: &[&str]) {
        let own = ["-c", "user.name=t", "-c", "user.email=t@t"];
        let mut git = Command::new("git");
        let git = git.args(own).args(args).current_dir(self.town.world.path(""));
        assert!(git.status().unwrap().success(), "git {args:?}");
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "-qm", "more"]);
        self.built();
    }

    /// Builds what is about to be shipped, which is made only once, and has the host know the images
    /// by what their containers answer: it runs none for real.
    fn built(&self) {
        let run = self.town.world.run(&[&["image", "build"][..], &SERVICES].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        for pin in run.stdout.lines() {
            self.town.knows(&format!("{}/nutri/{pin}", self.registry.host));
        }
    }

    fn ship(&self, more: &[&str]) -> Value {
        let args = [&["ship", "production", "--apply", "--json"], more].concat();
        let run = self.town.world.run(&args);
        assert_eq!(run.code, Some(0), "{run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }
}

#[test]
fn a_commit_becomes_verified_production() {
    let cluster = required!(Cluster::new());
    let mut whole = Whole::new(&cluster, required!(DockerRegistry::start(Door::Open)));
    let shown = whole.town.world.run(&["ship", "production"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("build the images of every service"), "{shown:?}");
    whole.town.apply();
    let first = whole.ship(&[]);
    let version = first["release"]["version"].as_str().unwrap().to_owned();
    assert_eq!((&first["changed"], &first["release"]["dirty"]), (&json!(true), &json!(false)));
    for service in SERVICES {
        whole.town.serves(service, &version);
    }
    assert_eq!(whole.town.last_record(), format!("rollout {version} done"));
    let platforms = &first["release"]["services"]["backend"]["platforms"];
    assert_eq!(platforms.as_array().unwrap().len(), 2, "{platforms}");
    assert_eq!(first["release"]["scans"]["backend"]["not_scanned"], json!([]), "{first:#}");
    assert!(whole.town.is_free());
    // Every machine that may read the registry knows of it, and its ledger is whole.
    let listed = whole.town.world.run(&["release", "list", "production"]);
    assert!(listed.stdout.contains(&version), "{listed:?}");
    whole.town.world.run(&["audit", "verify", "production"]).ends(0);
    whole.town.world.run(&["verify", "production"]).ends(0);
    let again = whole.ship(&[]);
    assert_eq!((&again["changed"], &again["release"]), (&json!(false), &first["release"]));

    // An edit of one service: only that one is replaced, and asked for from outside.
    whole.town.world.write("services/backend/app.txt", "the second\n");
    whole.commit();
    let second = whole.ship(&["--explain"]);
    let next = second["release"]["version"].as_str().unwrap();
    whole.town.serves("backend", next);
    whole.town.serves("ml-service", &version);
    assert_eq!(second["probe"]["lost"], 0, "{second:#}");
    whole.town.runs(&["rollback", "production"]).ends(0);
    whole.town.serves("backend", &version);
    assert_eq!(whole.town.status()["release"], version.as_str());
    // Nobody else waits for what is over.
    let elsewhere = whole.town.world.path("../elsewhere").display().to_string();
    whole.town.world = whole.town.world.with("XTASK_STATE", elsewhere);
    let third = whole.ship(&[]);
    assert_eq!(third["release"], second["release"], "the same commit, from another machine");
}

#[test]
fn a_registry_that_is_gone_in_the_middle_changes_nothing_and_the_same_command_goes_on() {
    let cluster = required!(Cluster::new());
    let whole = Whole::new(&cluster, required!(DockerRegistry::start(Door::Open)));
    whole.town.apply();
    let first = whole.ship(&[])["release"]["version"].as_str().unwrap().to_owned();
    whole.town.world.write("services/backend/app.txt", "the second\n");
    whole.commit();
    let Whole { town, registry } = whole;
    let host = registry.host.clone();
    drop(registry);
    let said = town.runs(&["ship", "production"]).ends(5);
    assert!(said.contains(&host), "it is named: {said}");
    town.serves("backend", &first);
    assert_eq!(town.last_record(), format!("rollout {first} done"));
    assert!(town.is_free());
}
