//! `advisories`: with tools of our own making, and with the real cargo-deny and a database of ours.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::npm_registry;
use super::world::{World, cargo_home};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const CLEAN: &str = r#"{"auditReportVersion":2,"vulnerabilities":{}}"#;
const LODASH: &str = r#"{"auditReportVersion":2,"vulnerabilities":{"lodash":{"name":"lodash",
    "severity":"high","fixAvailable":true,"via":[{"source":1,"name":"lodash","severity":"high",
    "url":"https://github.com/advisories/GHSA-p6mc-m468-83gw","range":"<4.17.20"}]}}}"#;

const LIST: &str = "idna==3.20 \\\n    \
    --hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

/// A program that `script` is, found before those of this machine.
fn program(path: &Path, script: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn tool(world: &World, name: &str, script: &str) {
    program(&world.cache().join("tools/bin").join(name), script);
}

/// A world whose image of the ML service says for which Python its wheels are.
fn with_wheels() -> World {
    let world = World::new();
    world.write("images/ml-service.toml", include_str!("../../../images/ml-service.toml"));
    let base = include_str!("../../../images/bases/debian.toml");
    world.write("images/bases/debian.toml", base);
    world
}

/// An npm that answers `ours` for the backend and `sample` anywhere else.
fn npm(ours: &str, sample: &str) -> World {
    let world = with_wheels();
    let root = serde_json::json!({ "name": "backend" });
    npm_registry::lock(&world, "services/backend", &root, &serde_json::json!({}));
    let script = format!(
        "case $PWD in */services/backend) cat <<'E'\n{ours}\nE\n;; *) cat <<'E'\n{sample}\nE\n;; esac"
    );
    tool(&world, "npm", &script);
    world
}

fn pip_audit(report: &str) -> World {
    let world = with_wheels();
    world.write("services/ml-service/requirements.txt", LIST);
    let script = format!(
        "case \"$*\" in *'/requirements.txt') echo '{report}' ;; *) echo '{}' ;; esac",
        r#"{"dependencies":[{"name":"flask","version":"0.5","vulns":[{"id":"PYSEC-1"}]}]}"#
    );
    program(&world.path("services/ml-service/.venv/bin/pip-audit"), &script);
    world
}

#[test]
fn an_empty_report_is_clean_if_the_registry_knows_the_sample() {
    let run = npm(CLEAN, LODASH).run(&["advisories", "npm"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "npm: clean\n"), "{run:?}");
}

#[test]
fn a_registry_that_knows_nothing_at_all_was_not_a_check() {
    let run = npm(CLEAN, CLEAN).run(&["advisories", "npm"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    insta::assert_snapshot!(run.stdout, @"not checked: npm: the source answers, and knows nothing against a notorious package either");
}

#[test]
fn a_registry_without_advisories_is_named_by_its_own_words() {
    let output = r#"{"message":"405 Method Not Allowed","error":{"summary":"","detail":""}}"#;
    let run = npm(output, output).run(&["advisories", "npm"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert_eq!(run.stdout, "not checked: npm: 405 Method Not Allowed\n");
}

#[test]
fn a_finding_refuses_until_it_is_allowed_and_again_when_that_is_over() {
    let world = npm(LODASH, LODASH);
    let run = world.run(&["advisories", "npm"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    insta::assert_snapshot!(run.stdout, @"
    ECOSYSTEM  SEVERITY  KNOWN AS             IN               TO DO          FATE
    npm        HIGH      GHSA-p6mc-m468-83gw  lodash <4.17.20  npm audit fix  blocks
    npm: refused
    ");
    let allow = |day: &str| {
        let entry = format!(
            "\n[[scan.allow]]\nid = \"GHSA-p6mc-m468-83gw\"\nreason = \"never called\"\nexpires = \"{day}\"\n"
        );
        world.write("deploy.toml", &(crate::world::deploy().to_owned() + &entry));
        world.run(&["advisories", "npm"])
    };
    let run = allow("2999-12-31");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("allowed (until 2999-12-31: never called)"), "{run:?}");
    let run = allow("2020-01-31");
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stdout.contains("blocks: no longer allowed (until 2020-01-31"), "{run:?}");
}

#[test]
fn wheels_that_the_index_does_not_know_are_counted_and_not_taken_for_clean() {
    let run = pip_audit(r#"{"dependencies":[{"name":"idna","skip_reason":"not found"}]}"#)
        .run(&["advisories", "python"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    insta::assert_snapshot!(run.stdout, @"not checked: python: nobody knows anything of 1 package, the first of them `idna`");
    let known = r#"{"dependencies":[{"name":"idna","version":"3.20","vulns":[]}]}"#;
    let run = pip_audit(known).run(&["advisories", "python"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "python: clean\n"), "{run:?}");
}

#[test]
fn a_service_that_needs_no_wheel_yet_takes_nothing_from_what_others_are_answered() {
    let known = r#"{"dependencies":[{"name":"idna","version":"3.20","vulns":[]}]}"#;
    let world = pip_audit(known);
    world.run(&["image", "init", "python", "greeter", "--deploy"]).ends(0);
    let run = world.run(&["advisories", "python"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "python: clean\n"), "{run:?}");
    // One with wheels is asked about by the program that there is.
    world.write("services/greeter/requirements.txt", LIST);
    let run = world.run(&["advisories", "python"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "python: clean\n"), "{run:?}");
    // What could not be asked is told beside what was answered.
    world.write("services/greeter/requirements.txt", "idna==3.20\n");
    let run = world.run(&["advisories", "python"]);
    assert!(run.stdout.contains("requirements.txt:1: `idna`: it has no hash"), "{run:?}");
    assert_eq!(run.code, Some(75), "{run:?}");
    // And it hides nothing that blocks.
    let vulns = r#"[{"id":"PYSEC-9","fix_versions":["9"],"aliases":[],"description":""}]"#;
    let known =
        format!(r#"{{"dependencies":[{{"name":"idna","version":"3.20","vulns":{vulns}}}]}}"#);
    let world = pip_audit(&known);
    world.run(&["image", "init", "python", "greeter", "--deploy"]).ends(0);
    world.write("services/greeter/requirements.txt", "idna==3.20\n");
    let run = world.run(&["advisories", "python"]);
    assert!(run.code == Some(4) && run.stdout.contains("PYSEC-9"), "{run:?}");
    assert!(run.stdout.contains("it has no hash"), "{run:?}");
}

#[test]
fn a_lock_that_is_refused_was_not_checked_and_a_list_is_asked_about_for_every_platform() {
    let world = npm(CLEAN, LODASH);
    let packages = serde_json::json!({ "node_modules/bare": { "version": "1.0.0" } });
    let root = serde_json::json!({ "name": "backend" });
    npm_registry::lock(&world, "services/backend", &root, &packages);
    let run = world.run(&["advisories", "npm"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    let wanted = "not checked: npm: cannot use `services/backend/package-lock.json`: \
                  services/backend/package-lock.json:5: `node_modules/bare`: it has no";
    assert!(run.stdout.starts_with(wanted), "{run:?}");

    // The answer names every line that is asked about, as pip-audit would a package.
    let world = with_wheels();
    let hash = &LIST[LIST.find("--hash").unwrap()..];
    let line = |version: &str, machine: &str| {
        format!("idna=={version} ; platform_machine == '{machine}' {hash}")
    };
    let list = [line("1", "x86_64"), line("2", "aarch64"), line("3", "never")].concat();
    world.write("services/ml-service/requirements.txt", &list);
    let script = "for file; do case $file in */requirements.txt) asked=$asked$(cat $file);; esac; \
                  done; echo \"$asked\" >&2";
    program(&world.path("services/ml-service/.venv/bin/pip-audit"), script);
    let run = world.run(&["advisories", "python"]);
    assert!(run.stdout.contains("idna==1 ") && run.stdout.contains("idna==2 "), "{run:?}");
    assert!(!run.stdout.contains("idna==3"), "{run:?}");
    world.write("services/ml-service/requirements.txt", "idna==3.20\n");
    let run = world.run(&["advisories", "python"]);
    assert!(run.stdout.contains("requirements.txt:1: `idna`: it has no hash"), "{run:?}");
}

#[test]
fn a_tool_that_is_not_there_was_not_a_check_and_what_blocks_weighs_more() {
    let world = npm(LODASH, LODASH);
    world.write("services/ml-service/requirements.txt", LIST);
    tool(&world, "cargo-deny", "echo 'cannot clone' >&2; exit 1");
    let run = world.run(&["--json", "advisories"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let why = |at: usize| value["ecosystems"][at]["not_checked"].as_str().unwrap_or("-").to_owned();
    assert_eq!((why(0), why(1)), ("cannot clone".to_owned(), "-".to_owned()));
    assert!(why(2).contains("failed to start"), "{}", why(2));
    let output = world.run(&["advisories", "ruby"]).ends(2);
    assert!(
        output.contains("unknown ecosystem `ruby`; known: `rust`, `npm`, `python`"),
        "{output}"
    );
}

/// A crate that needs `hex`, and a database with an advisory about `package`; git is told that
/// this is where the real one lives.
fn world_with_database(package: &str) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("database");
    let advisory = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\npackage = \"{package}\"\n\
         date = \"2026-01-01\"\naliases = [\"CVE-2099-1\"]\n[versions]\npatched = [\">= 99\"]\n```\n\
         \n# Too warm\n\nText.\n"
    );
    std::fs::create_dir_all(database.join("crates").join(package)).unwrap();
    std::fs::write(database.join("crates").join(package).join("RUSTSEC-2099-0001.md"), advisory)
        .unwrap();
    git(&database, &["init", "--quiet", "--initial-branch=main"]);
    git(&database, &["add", "."]);
    git(&database, &["commit", "--quiet", "--message=one"]);
    let real = cargo_home().expect("cargo has a home");
    let home = folder.path().join("cargo");
    std::fs::create_dir(&home).unwrap();
    for part in ["registry", "config.toml"].iter().filter(|part| real.join(part).exists()) {
        std::os::unix::fs::symlink(real.join(part), home.join(part)).unwrap();
    }
    let world = with_wheels()
        .with("CARGO_HOME", home.display().to_string())
        .with("GIT_CONFIG_COUNT", "1".into())
        .with("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", database.display()))
        .with("GIT_CONFIG_VALUE_0", "https://github.com/RustSec/advisory-db".into());
    world.write("Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n[dependencies]\nhex = \"0.4\"\n");
    let lock = include_str!("../../../Cargo.lock").split("[[package]]");
    let hex = lock.into_iter().find(|it| it.contains("name = \"hex\"")).unwrap();
    world.write("Cargo.lock", &format!("version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"hex\"]\n\n[[package]]{hex}"));
    world.write("src/lib.rs", "");
    world.write("deny.toml", include_str!("../../../deny.toml"));
    (world, folder)
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args).current_dir(folder);
    assert!(command.status().unwrap().success(), "git {args:?}");
}

#[test]
fn the_real_cargo_deny_finds_what_its_database_knows_and_nothing_else() {
    let found = required!(required_program("cargo-deny"));
    for (package, code) in [("hex", 4), ("another", 0)] {
        let (world, _folder) = world_with_database(package);
        std::fs::create_dir_all(world.cache().join("tools/bin")).unwrap();
        std::os::unix::fs::symlink(&found, world.cache().join("tools/bin/cargo-deny")).unwrap();
        let run = world.run(&["advisories", "rust"]);
        assert_eq!(run.code, Some(code), "{run:?}");
        assert_eq!(run.stdout.contains("RUSTSEC-2099-0001 CVE-2099-1"), code == 4, "{run:?}");
    }
}

#[test]
fn the_real_cargo_deny_without_its_database_was_not_a_check() {
    let found = required!(required_program("cargo-deny"));
    let (world, folder) = world_with_database("hex");
    std::fs::remove_dir_all(folder.path().join("database")).unwrap();
    std::fs::create_dir_all(world.cache().join("tools/bin")).unwrap();
    std::os::unix::fs::symlink(&found, world.cache().join("tools/bin/cargo-deny")).unwrap();
    let run = world.run(&["advisories", "rust"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(
        run.stdout.starts_with("not checked: rust: failed to fetch advisory database"),
        "{run:?}"
    );
}
