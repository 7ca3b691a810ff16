//! What `preflight` finds at a real Postgres and in a registry with releases.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::town::{Backend, Town};
use crate::postgres::server::Cluster;
use serde_json::Value;
use xtask_fakes::required;

/// Verdict and words of a line.
fn line(town: &Town<'_>, what: &str, release: &[&str], more: &[(&str, &str)]) -> (String, String) {
    let args = [&["--json", "preflight", "production"], release].concat();
    let run = town.world.run_with(&args, more);
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let lines = value["lines"].as_array().unwrap();
    let line = lines.iter().find(|it| it["what"] == what).unwrap();
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    (text("verdict"), text("said"))
}

#[test]
fn the_schema_is_compared_with_the_checkout_and_with_a_release() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "deployer-ci");
    town.release("r1", Backend::Good);
    town.apply();
    let schema = |release: &[&str], more: &[(&str, &str)]| line(&town, "schema", release, more);
    let (verdict, said) = schema(&[], &[]);
    assert_eq!(verdict, "fail");
    assert!(said.contains("not applied yet: `20260101000000_one`"), "{said}");
    assert_eq!(schema(&["r1"], &[]).0, "pass", "the release asks for none");
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    assert_eq!(schema(&[], &[]).0, "pass");
    let (verdict, said) = schema(&["r1"], &[]);
    assert_eq!(verdict, "fail");
    assert!(said.contains("does not know the applied migration"), "{said}");
    let file = "services/backend/prisma/migrations/20260101000000_one/migration.sql";
    town.world.write(file, "SELECT 1;");
    let (verdict, said) = schema(&[], &[]);
    assert_eq!((verdict.as_str(), said.contains("20260101000000_one")), ("fail", true), "{said}");
    let elsewhere =
        [("PRODUCTION_DIRECT_URL", "postgres://ann:pw@127.0.0.1:1/x?connect_timeout=1")];
    let (verdict, said) = schema(&[], &elsewhere);
    assert_eq!(
        (verdict.as_str(), said.contains("could not find out")),
        ("unknown", true),
        "{said}"
    );
    let (verdict, said) = schema(&[], &[("PRODUCTION_DIRECT_URL", "nonsense")]);
    assert_eq!(
        (verdict.as_str(), said.contains("the database's address")),
        ("fail", true),
        "{said}"
    );
}

#[test]
fn images_are_looked_for_in_the_registry_of_the_release() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "deployer-ci");
    town.release("r1", Backend::Good);
    town.release_without_images("lost");
    town.apply();
    let image = |release: &[&str]| line(&town, "image of `backend`", release, &[]);
    assert_eq!(image(&[]), ("unknown".into(), "could not find out: no release was named".into()));
    let (verdict, said) = image(&["r1"]);
    assert_eq!(verdict, "warn");
    assert!(said.contains("for linux/amd64 only; the server's is not known"), "{said}");
    let (verdict, said) = image(&["nope"]);
    assert_eq!(
        (verdict.as_str(), said.contains("has no release `nope`")),
        ("unknown", true),
        "{said}"
    );
    assert_eq!(image(&["lost"]), ("fail".into(), "the registry does not have it".into()));
    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let host = town.registry_host();
    town.world.write("deploy.toml", &deploy.replace(&host, "127.0.0.1:1"));
    assert_eq!(line(&town, "image of `backend`", &["r1"], &[]).0, "unknown");
}
