//! What goes wrong while a back-up is taken or read: nothing half is ever recorded or kept.

use super::town::{self, KEY, Town};
use std::process::{Command, Stdio};
use xtask_fakes::required;

fn nothing_is_recorded(town: &Town<'_>, words: &str) {
    let run = town.run(&["backup", "run", "staging", "--init"]);
    assert_eq!(run.code, Some(5), "{run:?}");
    assert!(run.stderr.contains("no back-up was recorded"), "{run:?}");
    assert!(run.stderr.contains(words), "{words}: {run:?}");
    assert!(!run.stderr.contains(town::PASSWORD) && !run.stderr.contains(KEY), "{run:?}");
    assert_eq!(town.snapshots(), 0, "not even a dump without a manifest");
    let listed = town.restic(&["list", "locks", "--no-lock"]);
    assert!(listed.stdout.is_empty(), "no lock stays: {listed:?}");
    let said = town.run(&["backup", "list", "staging"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("there is no whole back-up"), "{said:?}");
}

const HALF: &str = "case $1 in --version) exec $real \"$@\";; esac\n$real \"$@\" | head -c 9000";

#[test]
fn a_dump_that_is_killed_in_the_middle_is_no_backup() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let town = town.with_program("pg_dump", &format!("{HALF}\nkill -9 $$"));
    nothing_is_recorded(&town, "it ended with a signal");
}

#[test]
fn a_dump_that_says_that_it_failed_is_no_backup_however_much_it_wrote() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let script =
        "case $1 in --version) exec $real \"$@\";; esac\n$real \"$@\"; echo 'no more' >&2; exit 1";
    nothing_is_recorded(&town.with_program("pg_dump", script), "no more");
}

#[test]
fn a_database_that_hides_rows_is_no_backup() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.source.ask(
        "CREATE ROLE narrow LOGIN PASSWORD 'correct-horse'; GRANT ALL ON ALL TABLES IN SCHEMA public TO narrow;
         GRANT CREATE ON DATABASE postgres TO narrow",
    );
    let url = town.source.url_as("narrow", "");
    let run = town.world.run_with(&["backup", "run", "staging", "--init"], &[(town::URL, &url)]);
    assert_eq!(run.code, Some(5), "{run:?}");
    assert!(run.stderr.contains("row-level security"), "{run:?}");
    assert_eq!(town.snapshots(), 0);
}

#[test]
fn a_full_disk_is_no_backup() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.source.ask("INSERT INTO meals SELECT n, md5(n::text) || md5((2*n)::text) FROM generate_series(2000, 60000) n");
    // What the kernel says of a file that may not grow is what it says of a full disk.
    let script = "case $1 in backup) ulimit -f 200; trap '' XFSZ;; esac\nexec $real \"$@\"";
    let town = town.with_program("restic", script);
    let run = town.run(&["backup", "run", "staging", "--init"]);
    assert_eq!(run.code, Some(5), "{run:?}");
    assert!(run.stderr.contains("no back-up was recorded"), "{run:?}");
    assert_eq!(town.snapshots(), 0);
}

#[test]
fn a_flipped_byte_is_found_and_nothing_of_it_is_restored() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let checked = town.run(&["backup", "check", "staging", "--read-data"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    flip(&town);
    let checked = town.run(&["backup", "check", "staging", "--read-data"]);
    assert_eq!(checked.code, Some(3), "{checked:?}");
    assert!(checked.stdout.contains("BAD"), "{checked:?}");
    let words =
        ["backup", "restore", "staging", "--into", "env:COPY_URL", "--apply", "--make-roles"];
    let restored = town.run(&words);
    assert_eq!(restored.code, Some(5), "{restored:?}");
    assert_eq!(town.copy.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}

/// Changes one byte in the middle of the largest pack, which holds the dump.
fn flip(town: &Town<'_>) {
    let mut packs = Vec::new();
    for folder in std::fs::read_dir(town.repository().join("data")).unwrap() {
        for pack in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = pack.unwrap().path();
            packs.push((std::fs::metadata(&path).unwrap().len(), path));
        }
    }
    let (size, path) = packs.into_iter().max().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[usize::try_from(size / 2).unwrap()] ^= 1;
    let mut mode = std::fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn another_password_opens_nothing_and_is_not_repeated() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    for words in [
        &["backup", "run", "staging"][..],
        &["backup", "list", "staging"],
        &["backup", "run", "staging", "--init"],
    ] {
        let run = town.world.run_with(words, &[("BACKUP_PASSWORD", "hunter2")]);
        assert!(matches!(run.code, Some(4 | 5)), "{run:?}");
        assert!(!run.stderr.contains("hunter2"), "{run:?}");
    }
    assert_eq!(town.snapshots(), 2, "what was there is there");
}

#[test]
fn a_repository_that_somebody_locks_is_not_pruned() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let mut holder = Command::new("restic")
        .args(["backup", "--stdin", "--stdin-filename", "x"])
        .env("RESTIC_REPOSITORY", town.repository())
        .env("RESTIC_PASSWORD", KEY)
        .env("RESTIC_CACHE_DIR", town.world.cache())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_locked = || {
        let listed = town.restic(&["list", "locks", "--no-lock"]);
        if listed.stdout.is_empty() { Err("no lock") } else { Ok(()) }
    };
    let (limit, every) = (std::time::Duration::from_secs(60), std::time::Duration::from_millis(50));
    xtask::edge::clock::wait_for(limit, every, is_locked).unwrap();
    let said = town.run(&["backup", "prune", "staging", "--apply"]).ends(5);
    assert!(said.contains("E-backup-locked"), "{said}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    // The holder is dead: its lock goes by itself.
    let pruned = town.run(&["backup", "prune", "staging", "--apply"]);
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
}

#[test]
fn an_old_dump_tool_is_refused_before_anything_is_done() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let town = town.with_program("pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'");
    let said = town.run(&["backup", "run", "staging", "--init"]).ends(4);
    assert!(said.contains("E-backup-tool") && said.contains("9.6.24"), "{said}");
}
