//! `image scan` with the real Trivy and a database of our own making.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod world;

use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use world::{Planted, Scanned};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// Where one platform tells enough.
const ONE: &[&str] = &["--platform", "linux/amd64"];

/// A world for the real Trivy.
macro_rules! planted {
    () => {
        planted!(Planted::new)
    };
    ($make:path) => {
        $make(&required!(required_program("trivy")))
    };
}

#[test]
fn what_is_planted_is_found_once_in_its_layer_on_both_platforms_and_nothing_else_is() {
    let world = planted!();
    world.database();
    let scanned = world.scan(&[]);
    assert_eq!(scanned.code, Some(4), "{scanned:?}");
    let found = |id: &str, package: &str, layer: &str| {
        [id.to_owned(), package.to_owned(), layer.to_owned(), "blocks".to_owned()]
    };
    let wanted = [
        found("CVE-2099-1001", "hello", "debian"),
        found("CVE-2099-1002", "planted-npm", "npm"),
        found("CVE-2099-1003", "planted-wheel", "wheel"),
    ];
    for platform in ["amd64", "arm64"] {
        assert_eq!(scanned.found(platform), wanted, "on {platform}");
    }
}

#[test]
fn what_nobody_has_fixed_counts_only_where_the_policy_says_so() {
    let world = planted!();
    world.database();
    assert!(!world.scan(ONE).text().contains("CVE-2099-2001"));
    world.policy("fixed_only = false\n");
    let scanned = world.scan(ONE);
    assert!(scanned.text().contains("CVE-2099-2001"), "{scanned:?}");
    world.policy("fixed_only = false\nseverities = [\"LOW\"]\n");
    let found = world.scan(ONE).found("amd64");
    let ids: Vec<&str> = found.iter().map(|it| it[0].as_str()).collect();
    assert_eq!(ids, ["CVE-2099-3001", "DS-0026"], "and that nothing asks whether it lives");
}

#[test]
fn what_is_allowed_is_let_through_with_its_reason_until_its_day_is_over() {
    let world = planted!();
    world.database();
    let allow = |day: &str| {
        let one = |id: &str| {
            format!("[[scan.allow]]\nid = \"{id}\"\nreason = \"planted\"\nexpires = \"{day}\"\n")
        };
        let all: Vec<String> = (1001..=1003).map(|it| one(&format!("CVE-2099-{it}"))).collect();
        all.concat()
    };
    world.policy(&allow("2999-12-31"));
    let scanned = world.scan(ONE);
    assert_eq!(scanned.code, Some(0), "{scanned:?}");
    let allowed = &scanned.json["images"][0]["verdict"]["allowed"][0];
    assert_eq!(allowed["reason"], "planted");
    assert_eq!(allowed["expires"], "2999-12-31");

    world.policy(&allow("2020-01-31"));
    let scanned = world.scan(ONE);
    assert_eq!(scanned.code, Some(4), "{scanned:?}");
    assert!(scanned.text().contains("(was allowed until 2020-01-31)"), "{scanned:?}");
}

#[test]
fn files_and_variables_by_which_trivy_would_look_away_are_overruled() {
    let world = planted!().with("TRIVY_SEVERITY", "LOW".into());
    world.database();
    world.write(".trivyignore", "CVE-2099-1001\n");
    world.write("trivy.yaml", "severity:\n  - LOW\nscan:\n  scanners: [license]\n");
    assert_eq!(world.scan(ONE).found("amd64").len(), 3);
}

#[test]
fn without_a_database_secrets_are_found_and_the_verdict_says_partial() {
    let world = planted!();
    world.write("app/settings.ini", &world::secret());
    world.build();
    let scanned = world.scan(ONE);
    assert_eq!(scanned.code, Some(4), "{scanned:?}");
    let blocking = &scanned.json["images"][0]["verdict"]["blocking"];
    assert_eq!(blocking, &json!(["secret `github-pat` in `/srv/settings.ini`"]));
    let partial = "partial: not scanned: known vulnerabilities (no database on this machine)";
    assert!(scanned.stderr.contains(partial), "{scanned:?}");
    assert!(
        scanned.stderr.contains("failed to fetch the database of vulnerabilities"),
        "the try is told: {scanned:?}"
    );
    assert!(!scanned.stderr.contains(&world::secret()), "the secret itself is not told");
}

#[test]
fn a_database_is_fetched_from_a_registry_and_used() {
    let world = planted!();
    let registry = world::registry_with_database();
    let repository = format!("{}/trivy-db:2", registry.host());
    let world = world.with("TRIVY_DB_REPOSITORY", repository);
    let scanned = world.scan(ONE);
    assert_eq!(scanned.found("amd64").len(), 3, "{scanned:?}");
    let not_scanned = scanned.json["images"][0]["verdict"]["not_scanned"].to_string();
    assert!(!not_scanned.contains("vulnerabilities"), "{not_scanned}");
    assert!(scanned.stderr.contains("blocking; database "), "{scanned:?}");
}

#[test]
fn sarif_has_a_run_for_each_answer_and_names_what_blocks() {
    let world = planted!();
    world.database();
    let scanned = world.scan(&["--sarif", "found.sarif", "--platform", "linux/arm64"]);
    assert_eq!(scanned.code, Some(4), "{scanned:?}");
    let runs = world.runs("found.sarif");
    let rules = ["CVE-2099-1001", "CVE-2099-1002", "CVE-2099-1003"];
    let wanted = ("scan/hello/arm64/".to_owned(), rules.map(ToOwned::to_owned).to_vec());
    assert_eq!(runs, [wanted]);
}

#[test]
fn the_sbom_adds_what_the_image_alone_does_not_tell_and_nothing_twice() {
    let world = planted!(Planted::locked);
    world.database();
    let scanned = world.scan(&["--sarif", "found.sarif"]);
    for platform in ["amd64", "arm64"] {
        let found = scanned.found(platform);
        let found: Vec<[&str; 3]> =
            found.iter().map(|it| [it[0].as_str(), it[1].as_str(), it[2].as_str()]).collect();
        let wanted = [
            ["CVE-2099-1001", "hello", "debian"],
            ["CVE-2099-1002", "planted-npm", "modules"],
            ["CVE-2099-1004", "node", "none"],
        ];
        assert_eq!(found, wanted, "on {platform}");
    }
    assert_eq!(scanned.json["images"][0]["verdict"]["not_scanned"], json!([]));
    assert!(scanned.stderr.contains("Node.js 20 has had no security updates"), "{scanned:?}");
    let runs = world.runs("found.sarif");
    let names: Vec<&str> = runs.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = ["amd64/", "amd64/sbom/", "arm64/", "arm64/sbom/"];
    assert_eq!(names, wanted.map(|it| format!("scan/hello/{it}")));
    assert_eq!(runs[0].1, ["CVE-2099-1001", "CVE-2099-1002"]);
    assert_eq!(runs[1].1, ["CVE-2099-1004"]);
}

#[test]
fn what_no_lock_names_is_found_and_makes_the_verdict_partial() {
    let world = planted!();
    world.database();
    let scanned = world.scan(ONE);
    assert_eq!(scanned.found("amd64").len(), 3);
    let why = "SBOM: layer `npm` holds `planted-npm` 1.0.0 \
               (`srv/node_modules/planted-npm/package.json`), which no lock names";
    assert_eq!(scanned.json["images"][0]["verdict"]["not_scanned"], json!([why]));
    assert!(scanned.stderr.contains(&format!("partial: not scanned: {why}")), "{scanned:?}");
}

#[test]
fn a_platform_that_was_not_built_is_refused_with_the_command_that_builds_it() {
    let world = planted!();
    let _said = world.run(&["image", "build", "hello", "--platform", "linux/amd64"]).ends(0);
    let output = world.run(&["image", "scan", "hello", "--platform", "linux/arm64"]).ends(2);
    assert!(output.contains("cannot scan image `hello` for linux/arm64"), "{output}");
    assert!(output.contains("hint: cargo xtask image build hello"), "{output}");
}

#[test]
fn a_second_scan_is_answered_by_the_evidence_and_an_edited_policy_asks_nobody() {
    let world = planted!();
    world.database();
    let first: Scanned = world.scan(ONE);
    // With another program in its place the scanner could not answer.
    let scanner = first.json["images"][0]["verdict"]["scanner"].as_str().unwrap();
    let version = scanner.strip_prefix("trivy ").unwrap();
    let script = format!("#!/bin/sh\n[ $1 = version ] && echo '{{\"Version\":\"{version}\"}}'\n");
    let program = world.cache().join("tools/bin/trivy");
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Nor could a layer be read again for the SBOM.
    for blob in std::fs::read_dir(world.path("target/images/blobs/sha256")).unwrap() {
        let blob = blob.unwrap().path();
        if !std::fs::read(&blob).unwrap().starts_with(b"{") {
            std::fs::remove_file(&blob).unwrap();
        }
    }
    world.policy("severities = [\"LOW\"]\n");
    assert_eq!(world.scan(ONE).found("amd64")[0][0], "CVE-2099-3001");
    world.policy("");
    assert_eq!(world.scan(ONE).found("amd64"), first.found("amd64"));
}
