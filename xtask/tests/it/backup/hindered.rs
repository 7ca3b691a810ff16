//! What keeps us from looking says nothing of a back-up: a repository that is away or that somebody
//! is at work in, a database that went away, a person who ends it.

use super::drill::evidence;
use super::faults::Holder;
use super::town::{self, Town};
use crate::postgres::pgbouncer::PgBouncer;
use rustix::process::{Pid, Signal, kill_process};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use xtask::edge::clock;
use xtask_fakes::required;

const DRILL: [&str; 5] = ["backup", "drill", "staging", "--cluster", "env:COPY_URL"];

/// A restic that finds damage: once where the file beside its repository is there, and always where
/// that says so; or that loses the repository while it looks.
const CHECKS: &str = "case $1 in check) case $(cat $RESTIC_REPOSITORY.mode) in\n\
    once) echo 'pack not found' >&2; echo never >$RESTIC_REPOSITORY.mode; exit 1;;\n\
    always) echo 'pack not found' >&2; exit 1;;\n\
    away) mv $RESTIC_REPOSITORY $RESTIC_REPOSITORY.away; echo 'dial tcp: refused' >&2; exit 1;;\n\
    esac;; esac\nexec $real \"$@\"";

#[test]
fn damage_is_told_only_where_nobody_is_at_work_and_the_repository_is_there() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters).with_program("restic", CHECKS);
    std::fs::write(town.repository().with_extension("mode"), "never").unwrap();
    town.taken();
    let told = town.world.path("../output");
    let output = told.display().to_string();
    let checked = |mode: &str, code: i32| {
        std::fs::write(town.repository().with_extension("mode"), mode).unwrap();
        std::fs::write(&told, "").unwrap();
        let words = ["backup", "check", "staging"];
        let run = town.world.run_with(&words, &[("GITHUB_OUTPUT", &output)]);
        assert_eq!(run.code, Some(code), "{mode}: {run:?}");
        (run.stdout, std::fs::read_to_string(&told).unwrap())
    };
    // Whoever deletes may have come and gone meanwhile.
    assert_eq!(checked("once", 0).1, "repository=good\n");
    let holder = Holder::locks(&town);
    let (said, told) = checked("always", 75);
    assert!(said.contains("somebody may be at work in it: 1 lock"), "{said}");
    assert_eq!(told, "repository=not checked\n");
    // Its lock stays, and is nobody's any more.
    holder.dies();
    let (said, told) = checked("always", 3);
    assert!(said.contains("BAD") && said.contains("pack not found"), "{said}");
    assert_eq!(told, "repository=BAD\n");
    let (said, told) = checked("away", 75);
    assert!(said.contains("it cannot be opened: there is none"), "{said}");
    assert_eq!(told, "repository=not checked\n");
}

#[test]
fn a_repository_that_is_lost_during_a_drill_proves_nothing() {
    let clusters = required!(town::clusters());
    // The list is read, and then the rest is gone.
    let script = "case \"$1 $4\" in 'dump /database.dump') if [ -e $RESTIC_REPOSITORY.read ]; then\n\
        mv $RESTIC_REPOSITORY $RESTIC_REPOSITORY.away; echo 'dial tcp: refused' >&2; exit 1; fi\n\
        : >$RESTIC_REPOSITORY.read;; esac\nexec $real \"$@\"";
    let town = Town::new(&clusters).with_program("restic", script);
    town.taken();
    let run = town.run(&DRILL);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.contains("drill could not run"), "{run:?}");
    assert!(run.stdout.contains("it cannot be opened: there is none"), "{run:?}");
    assert_eq!(evidence(&town).len(), 2, "a page and the record");
}

/// A drill that stands in the middle of its restore.
struct Standing<'t, 'a> {
    town: &'t Town<'a>,
    drill: std::process::Child,
    goes_on: PathBuf,
}

impl<'t, 'a> Standing<'t, 'a> {
    fn begin(town: &'t Town<'a>) -> Self {
        let [stands, goes_on] = ["stands", "goes-on"].map(|it| town.world.path("..").join(it));
        for mark in [&stands, &goes_on] {
            std::fs::remove_file(mark).ok();
        }
        let mut command = town.world.command(&DRILL);
        let drill = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let is_there = || if stands.exists() { Ok(()) } else { Err("it never restored") };
        clock::wait_for(Duration::from_secs(120), Duration::from_millis(20), is_there).unwrap();
        Self { town, drill, goes_on }
    }

    /// Its restore fails now; how the drill ends, and what it says.
    fn ends(self) -> (Option<i32>, String) {
        std::fs::write(self.goes_on, "").unwrap();
        let output = self.drill.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text + &String::from_utf8(output.stderr).unwrap())
    }

    fn drills(&self) -> usize {
        let listed = self.town.restic(&["snapshots", "--json", "--tag", "kind:drill"]);
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed.as_array().map_or(0, Vec::len)
    }
}

#[test]
fn a_drill_that_is_ended_or_loses_its_database_never_failed() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let folder = town.world.path("..").canonicalize().unwrap().display().to_string();
    let town = town.with_program(
        "pg_restore",
        &format!(
            "case \"$*\" in *--use-list*) : >{folder}/stands\n\
             while [ ! -e {folder}/goes-on ]; do sleep 0.05; done; echo cut >&2; exit 1;; esac\n\
             exec $real \"$@\""
        ),
    );
    let drill = Standing::begin(&town);
    kill_process(Pid::from_child(&drill.drill), Signal::INT).unwrap();
    let (code, said) = drill.ends();
    assert_eq!(code, Some(130), "{said}");
    assert!(evidence(&town).is_empty(), "nothing is recorded of it: {said}");
    let scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'xtask_scratch%'";
    assert_eq!(town.copy.ask(scratch), "0");

    let drill = Standing::begin(&town);
    assert_eq!(drill.drills(), 0, "nor in the repository");
    town.copy.stop();
    let (code, said) = drill.ends();
    assert_eq!(code, Some(75), "{said}");
    assert!(said.contains("drill could not run") && said.contains("failed to connect"), "{said}");
}

#[test]
fn nothing_is_backed_up_through_a_pooler_that_changes_backends() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let bouncer = required!(PgBouncer::start(&town.source, "transaction"));
    let url = bouncer.url("postgres");
    let words = ["backup", "run", "staging", "--init"];
    let run = town.world.run_with(&words, &[(town::URL, &url)]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stderr.contains("E-database-pooled"), "{run:?}");
    assert!(run.stderr.contains("cannot back up through `"), "{run:?}");
    assert_eq!(town.snapshots(), 0);
}

#[test]
fn a_database_that_takes_no_writes_is_told_as_that() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.source.ask("ALTER ROLE ann SET default_transaction_read_only = on");
    let said = town.run(&["backup", "run", "staging", "--init"]).ends(4);
    for part in ["the database takes no writes", "it is a standby, or read-only", "the primary"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_backup_opens_the_repository_no_more_often_than_it_must() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    // As newer ones say it: with the whole name.
    let script = "echo \"$1\" >>$RESTIC_REPOSITORY.opened\n\
        case \"$1 $*\" in backup*kind:dump*) said=$($real \"$@\") || exit; \
        short=$(echo \"$said\" | sed -n 's/.*\"snapshot_id\":\"\\([0-9a-f]*\\)\".*/\\1/p'); \
        whole=$(basename \"$(echo $RESTIC_REPOSITORY/snapshots/$short*)\"); \
        echo \"$said\" | sed \"s/$short/$whole/\"; exit;; esac\nexec $real \"$@\"";
    let town = town.with_program("restic", script);
    let taken = town.run(&["backup", "run", "staging"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    let opened = town.repository().with_extension("opened");
    let opened = std::fs::read_to_string(opened).unwrap();
    let opened: Vec<&str> = opened.lines().filter(|it| *it != "version").collect();
    assert_eq!(opened, ["list", "backup", "backup", "snapshots"]);
}
