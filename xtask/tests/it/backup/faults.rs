//! What goes wrong while a back-up is taken or read: nothing half is ever recorded or kept.

use super::town::{self, KEY, Town};
use rustix::process::{Pid, Signal};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
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
fn a_restic_that_is_killed_is_told_as_that() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let script = "case $1 in backup) kill -9 $$;; esac\nexec $real \"$@\"";
    nothing_is_recorded(&town.with_program("restic", script), "`restic` ended with a signal");
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
    let left = super::drill::lists_below(&town.world.path("../state"));
    assert!(left.is_empty(), "{left:?}");
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
    // An address where its name is wanted is not repeated either.
    let url = town.copy.url("");
    let said = town.run(&["backup", "restore", "staging", "--into", &url]).ends(2);
    assert!(said.contains("--into env:NAME") && !said.contains(town::PASSWORD), "{said}");
    let said = town.run(&["backup", "drill", "staging", "--cluster", &url]).ends(2);
    assert!(!said.contains(town::PASSWORD), "{said}");
}

/// Somebody who is at work in a repository, and has locked it.
pub(super) struct Holder(Child);

impl Holder {
    pub(super) fn locks(town: &Town<'_>) -> Self {
        let holder = Command::new("restic")
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
        let (limit, every) = (Duration::from_secs(60), Duration::from_millis(50));
        xtask::edge::clock::wait_for(limit, every, is_locked).unwrap();
        Self(holder)
    }

    /// It leaves its lock behind.
    pub(super) fn dies(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_repository_that_somebody_locks_is_not_pruned() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let holder = Holder::locks(&town);
    let said = town.run(&["backup", "prune", "staging", "--apply"]).ends(5);
    assert!(said.contains("E-backup-locked"), "{said}");
    // The holder dies while it is waited for: its lock goes by itself.
    let pruned = std::thread::scope(|scope| {
        let pruning =
            scope.spawn(|| town.run(&["backup", "prune", "staging", "--apply", "--wait=300"]));
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(!pruning.is_finished(), "it waits");
        holder.dies();
        pruning.join().unwrap()
    });
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

/// What restic has made when it is killed before its last step.
fn cut_off(repository: &std::path::Path) {
    for folder in ["data", "index", "keys", "locks", "snapshots"] {
        std::fs::create_dir_all(repository.join(folder)).unwrap();
    }
    std::fs::write(repository.join("keys/0123"), "{}").unwrap();
}

#[test]
fn a_repository_is_there_whole_or_not_at_all() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    // Killed after its key was written: what it made is in nobody's way.
    let script = "case $1 in init) mkdir -p \"$RESTIC_REPOSITORY/keys\"; : >\"$RESTIC_REPOSITORY/keys/1\"; \
        kill -9 $PPID; sleep 1; exit 1;; esac\nexec $real \"$@\"";
    let town = town.with_program("restic", script);
    let killed = town.run(&["backup", "run", "staging", "--init"]);
    assert_eq!(killed.code, None, "{killed:?}");
    let town = town.with_program("restic", "exec $real \"$@\"");
    assert_eq!(town.taken()["manifest"]["facts"]["migration_head"], "1_init");
    let beside: Vec<_> = std::fs::read_dir(town.repository().parent().unwrap()).unwrap().collect();
    let left =
        beside.iter().flatten().filter(|it| it.file_name().to_string_lossy().ends_with(".aside"));
    assert_eq!(left.count(), 0, "{beside:?}");
}

#[test]
fn one_whose_making_was_cut_off_is_told_with_the_next_step_and_one_with_data_is_not_removed() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    cut_off(&town.repository());
    let said = town.run(&["backup", "run", "staging", "--init"]).ends(4);
    let step = format!("`rm -r {}`", town.repository().display());
    assert!(said.contains("making it was cut off") && said.contains(&step), "{said}");
    std::fs::remove_dir_all(town.repository()).unwrap();
    town.taken();
    std::fs::remove_file(town.repository().join("config")).unwrap();
    let run = town.run(&["backup", "run", "staging"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stderr.contains("it holds back-ups, and its `config` is gone"), "{run:?}");
    assert!(!run.stderr.contains("rm -r"), "{run:?}");
}

#[test]
fn a_bucket_with_keys_alone_is_told_with_the_next_step() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let folder = format!("repository = \"{}\"", town.repository().display());
    let text = text.replace(
        &folder,
        "repository = \"s3:http://127.0.0.1:9/b/nutri\"\nkey = \"env:K\"\nsecret = \"env:K\"",
    );
    town.world.write("deploy.toml", &text);
    // As restic 0.16 says it.
    let script = "case $1 in cat) exit 10;; init) echo 'Fatal: create repository failed: repository already contains keys' >&2; exit 1;; list) exit 10;; esac\nexec $real \"$@\"";
    let town = town.with_program("restic", script);
    let run = town.world.run_with(&["backup", "run", "staging", "--init"], &[("K", "k")]);
    assert!(
        run.stderr.contains("remove `keys/` below") && run.stderr.contains("E-backup-repository"),
        "{run:?}"
    );
}

#[test]
fn a_person_who_ends_a_backup_does_not_wait_for_the_counting() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    // What is counted is locked until the test is over, and the dump says nothing.
    let town = town
        .with_program("pg_dump", "case $1 in --version) exec $real \"$@\";; esac\nexec sleep 300");
    std::thread::scope(|scope| {
        let lock = "BEGIN; LOCK TABLE meals; SELECT pg_sleep(300)";
        let holder = scope.spawn(|| town.source.refuses(lock));
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        let mut command = town.world.command(&["backup", "run", "staging"]);
        let (limit, every) = (Duration::from_secs(60), Duration::from_millis(50));
        let is =
            |sql: &str, wanted: &str| if town.source.ask(sql) == wanted { Ok(()) } else { Err(()) };
        let held = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock'
            AND relation = 'meals'::regclass";
        xtask::edge::clock::wait_for(limit, every, || is(held, "1")).unwrap();
        let mut running = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        xtask::edge::clock::wait_for(limit, every, || is(waits, "1")).unwrap();
        rustix::process::kill_process(Pid::from_child(&running), Signal::INT).unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(130));
        town.source.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%' AND pid <> pg_backend_pid()");
        holder.join().unwrap();
    });
    let locks = town.restic(&["list", "locks", "--no-lock"]);
    assert!(locks.status.success() && locks.stdout.is_empty(), "{locks:?}");
    assert_eq!(town.snapshots(), 2, "that of before");
}
