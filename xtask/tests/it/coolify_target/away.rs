//! A database that is away, and a machine that knows nothing of what was done before.

use super::super::postgres::server::Cluster;
use super::town::Town;
use xtask_fakes::required;

/// A machine of GitHub has never seen this environment, cannot reach its database, and is thrown away
/// after its run.
#[test]
fn a_machine_that_knows_nothing_goes_back_by_name_and_hands_its_records_on() {
    let cluster = required!(Cluster::new());
    let mut town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    town.database.stop();
    let state = town.world.path("../state/nutri/production");
    std::fs::remove_dir_all(&state).unwrap();
    let said = town.runs(&["rollback", "production"]).ends(4);
    let why = "the ledger's database is not reached, and this machine knows of no other release";
    assert!(said.contains(why) && said.contains("E-no-rollback-target"), "{said}");
    let targets = town.world.run(&["rollback-targets", "production"]);
    assert!(targets.stderr.contains("nobody tells which of them were verified"), "{targets:?}");
    assert!(targets.stdout.contains("r1") && targets.stdout.contains("r2"), "{targets:?}");
    let shown = town.world.run(&["audit", "show", "1", "production"]);
    assert!(shown.ends(5).contains("the ledger's database is not reached"));

    for (name, value) in [
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/nutri"),
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_RUN_ATTEMPT", "1"),
    ] {
        town.world = town.world.with(name, value.to_owned());
    }
    let said = town.runs(&["rollback", "production", "r1"]).ends(0);
    assert!(
        said.contains("cargo xtask audit merge production production-ledger.offline"),
        "{said}"
    );
    town.serves("backend", "r1");

    std::fs::remove_dir_all(&state).unwrap();
    let left = town.world.path("target/reports/production-ledger.offline");
    let merge = ["audit", "merge", "production", left.to_str().unwrap()];
    town.world.run(&merge).ends(5);
    town.database.start_again();
    assert!(
        town.audited().ends_with(&["rollout r2 begun".to_owned(), "rollout r2 done".to_owned()])
    );
    let shown = town.world.run(&merge);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("would merge 2 records"), "{shown:?}");
    let done = town.runs(&merge);
    assert!(done.stdout.contains("merged 2 records"), "{done:?}");
    let merged = ["rollback r1 begun".to_owned(), "rollback r1 done".to_owned()];
    assert!(town.audited().ends_with(&merged), "{:?}", town.audited());
    let again = town.runs(&merge);
    assert!(again.stdout.contains("nothing to merge"), "each once: {again:?}");
    town.verify().ends(0);
}
