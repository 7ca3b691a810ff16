//! The state of a server: a tree as Coolify has it, and a real Postgres in the place of its own.

use super::town::{self, Town};
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

fn coolify(root: &Path, settings: &str) {
    for (path, text) in [
        ("source/.env", settings),
        ("source/docker-compose.yml", "services: {}\n"),
        ("ssh/keys/ssh_key@1", "a key of a server\n"),
        ("proxy/acme.json", "{\"le\": {}}\n"),
        ("proxy/dynamic/default.yaml", "http: {}\n"),
        ("applications/x/.env", "NOT=KEPT\n"),
    ] {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A town with an age key that opens what is kept.
fn with_key(town: Town<'_>) -> Town<'_> {
    let key = town.world.path("../key.txt");
    let made = Command::new("age-keygen").arg("-o").arg(&key).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let public =
        String::from_utf8_lossy(&made.stderr).trim().rsplit(' ').next().unwrap().to_owned();
    town.world.write("secrets/staging.recipients", &format!("{public}\n"));
    Town { world: town.world.with("XTASK_AGE_IDENTITY", key.display().to_string()), ..town }
}

fn backup<'w>(file: &'w str, coolify: &'w str) -> [&'w str; 9] {
    let database = ["--database", "env:STAGING_DIRECT_URL"];
    ["state", "backup", "staging", "--to", file, "--coolify", coolify, database[0], database[1]]
}

fn restore<'w>(file: &'w str, coolify: &'w str) -> [&'w str; 9] {
    let database = ["--database", "env:COPY_URL"];
    ["state", "restore", "staging", "--from", file, "--coolify", coolify, database[0], database[1]]
}

/// A server that has connections open: Coolify keeps them by sockets beside the keys.
fn serving(town: &Town<'_>) -> PathBuf {
    let folder = town.world.path("../old");
    coolify(&folder, "APP_ID=1\nAPP_KEY=base64:c2VjcmV0\n");
    std::fs::create_dir_all(folder.join("ssh/mux")).unwrap();
    // The socket's file stays when nobody listens any more.
    drop(std::os::unix::net::UnixListener::bind(folder.join("ssh/mux/mux_1")).unwrap());
    folder
}

/// What a test of a restore begins with: the server, an empty place, and the file between them.
fn places(town: &Town<'_>) -> (PathBuf, PathBuf, String) {
    // Coolify's database knows no role but its owner.
    town.source.ask("DROP POLICY own ON meals");
    let (old, new) = (serving(town), town.world.path("../new"));
    std::fs::create_dir_all(&new).unwrap();
    (old, new, town.world.path("../state.age").display().to_string())
}

#[test]
fn a_server_comes_back_from_one_file_in_an_empty_place_only() {
    let (_, clusters) = required!(required_program("age").and(town::clusters));
    let town = with_key(Town::new(&clusters));
    let (old, new, file) = places(&town);
    let (old_path, new_path) = (old.display().to_string(), new.display().to_string());
    let backup = backup(&file, &old_path);
    let kept = town.run(&backup);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    let sealed = std::fs::read(&file).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    assert!(town.run(&backup).ends(4).contains("it is there already"));

    let restore = |more: &[&str]| town.run(&[&restore(&file, &new_path)[..], more].concat());
    let shown = restore(&[]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("1. the secrets of this machine"), "{shown:?}");
    assert!(std::fs::read_dir(&new).unwrap().next().is_none(), "it was only shown");
    let done = restore(&["--apply"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for path in
        ["source/.env", "ssh/keys/ssh_key@1", "proxy/acme.json", "proxy/dynamic/default.yaml"]
    {
        assert_eq!(std::fs::read(new.join(path)).unwrap(), std::fs::read(old.join(path)).unwrap());
    }
    assert!(!new.join("applications").exists() && !new.join("ssh/mux").exists());
    assert_eq!(town.copy.ask("SELECT count(*) FROM meals"), "1000");

    // Killed half-way, and run again: what is there is left, what is missing comes.
    let keys = new.join("ssh/keys/ssh_key@1");
    std::fs::remove_file(&keys).unwrap();
    assert_eq!(restore(&[]).code, Some(3));
    restore(&["--apply"]).ends(0);
    assert!(keys.exists());
    let again = restore(&["--apply"]);
    assert!(again.code == Some(0) && again.stderr.contains("are there already"), "{again:?}");
    town.copy.ask("DROP TABLE meals, _prisma_migrations");
    restore(&["--apply"]).ends(0);
    assert_eq!(town.copy.ask("SELECT count(*) FROM meals"), "1000");

    // What is somebody else's is not written over, and no place with more than that is empty.
    std::fs::write(new.join("proxy/more.yaml"), "").unwrap();
    let said = restore(&["--apply"]).ends(4);
    assert!(said.contains("proxy/more.yaml` is there, and is no part of the state"), "{said}");
    std::fs::remove_file(new.join("proxy/more.yaml")).unwrap();
    std::fs::write(new.join("proxy/acme.json"), "{}").unwrap();
    let said = restore(&["--apply"]).ends(4);
    assert!(said.contains("is there already"), "{said}");
}

#[test]
fn a_state_that_would_not_help_is_not_kept() {
    let (_, clusters) = required!(required_program("age").and(town::clusters));
    let town = with_key(Town::new(&clusters));
    let old = town.world.path("../old");
    coolify(&old, "APP_ID=1\nAPP_KEY=\n");
    let file = town.world.path("../state.age").display().to_string();
    let old_path = old.display().to_string();
    let words = backup(&file, &old_path);
    let said = town.run(&words).ends(4);
    assert!(said.contains("has no `APP_KEY`"), "{said}");
    std::fs::write(old.join("source/.env"), "APP_KEY=base64:c2VjcmV0\n").unwrap();
    std::fs::remove_file(town.world.path("secrets/staging.recipients")).unwrap();
    let said = town.run(&words).ends(4);
    assert!(said.contains("cannot encrypt for nobody") && said.contains("--add AGE1"), "{said}");
    assert!(!Path::new(&file).exists());
    std::fs::remove_dir_all(old.join("ssh")).unwrap();
    let said = town.run(&words).ends(4);
    assert!(said.contains("ssh/keys` is not there"), "{said}");
}

#[test]
fn a_database_that_was_not_restored_is_not_taken_for_one_that_was() {
    let (_, clusters) = required!(required_program("age").and(town::clusters));
    let town = with_key(Town::new(&clusters));
    let (old, new, file) = places(&town);
    let (old, new_path) = (old.display().to_string(), new.display().to_string());
    town.run(&backup(&file, &old)).ends(0);
    // First one that the server would not understand, and then one that fails.
    let is = town.world.path("..").canonicalize().unwrap().join("version");
    let script = format!(
        "case $1 in --version) echo \"pg_restore (PostgreSQL) $(cat {})\"; exit;; esac\n\
         echo 'no space' >&2; exit 1",
        is.display()
    );
    let town = town.with_program("pg_restore", &script);
    let restore = [&restore(&file, &new_path)[..], &["--apply"]].concat();
    std::fs::write(&is, "18.1").unwrap();
    let said = town.run(&restore).ends(4);
    assert!(said.contains("E-backup-tool"), "{said}");
    assert!(std::fs::read_dir(&new).unwrap().next().is_none(), "nothing was brought back");
    std::fs::write(&is, "15.1").unwrap();
    let said = town.run(&restore).ends(6);
    assert!(said.contains("no space"), "{said}");
    town.copy.ask("CREATE TABLE somebodys (id integer)");
    let said = town.run(&restore).ends(4);
    assert!(said.contains("holds 1 objects"), "{said}");
}
