//! The lease and the ledger as verbs meet them: holders that died, that lost it, that are elsewhere;
//! a database that goes away; heads in the registry.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::postgres::server::Cluster;
use super::super::world::Run;
use super::town::{Backend, Town};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use xtask_fakes::required;

pub(super) const UP: [&str; 4] = ["rollout", "production", "r2", "--apply"];

impl Town<'_> {
    /// Somebody on another machine takes the lease, whoever has it.
    pub(super) fn is_taken_by_others(&self) {
        self.database.ask(
            "UPDATE xtask.lease SET fence = fence + 1, verb = 'rollout', who = 'eve@ci',
                seat = 'elsewhere', run_url = 'https://ci.example/runs/7', phase = 'verify',
                since = '2026-11-27T00:00:00Z', expires_at = clock_timestamp() + interval '1 h'",
        );
    }

    fn expires_in(&self, seconds: i32) {
        let at = format!("clock_timestamp() + interval '{seconds} s'");
        self.database.ask(&format!("UPDATE xtask.lease SET expires_at = {at}"));
    }

    pub(super) fn lease(&self) -> String {
        self.database.ask("SELECT coalesce(verb, 'free') FROM xtask.lease")
    }

    pub(super) fn list(&self) -> Value {
        let run = self.world.run(&["--json", "audit", "list", "production"]);
        assert!([Some(0), Some(3)].contains(&run.code), "{run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Each record as action, release and outcome, with its fate.
    pub(super) fn audited(&self) -> Vec<String> {
        let list = self.list();
        let records = list["records"].as_array().unwrap().iter();
        let told = records.zip(list["fates"].as_array().unwrap()).map(|(record, fate)| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let kind = text(&record["outcome"]["kind"]);
            let kind = if fate == "ended" { kind } else { text(fate) };
            format!("{} {} {kind}", text(&record["action"]), text(&record["to"]))
        });
        told.collect()
    }

    pub(super) fn verify(&self) -> Run {
        self.world.run(&["audit", "verify", "production"])
    }

    /// What a superuser does who switches our triggers off.
    pub(super) fn forces(&self, sql: &str) {
        self.database.ask(&format!("ALTER TABLE xtask.ledger DISABLE TRIGGER ALL; {sql}"));
    }
}

#[test]
fn a_run_that_was_killed_is_seen_and_its_lease_is_taken_over() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.double.hold(true);
    let mut child = town.begins("r2");
    town.under_way("ml-service");
    assert_eq!(town.audited().last().unwrap(), "rollout r2 under way");
    child.kill().unwrap();
    child.wait().unwrap();
    town.double.hold(false);
    town.settles();
    assert_eq!(town.lease(), "rollout", "it was not given back");
    town.expires_in(3600);
    // From another machine nobody knows that it is dead, before its time is over.
    let elsewhere = town.world.path("../elsewhere").display().to_string();
    let there = [("XTASK_STATE", elsewhere.as_str())];
    let said = town.world.run_with(&UP, &there).ends(4);
    assert!(said.contains("code: E-lease-held"), "{said}");
    town.expires_in(-2);
    assert_eq!(town.audited().last().unwrap(), "rollout r2 interrupted");
    let said = town.world.run_with(&UP, &there).ends(0);
    assert!(said.contains("warning: took over: lease 3 had expired: `rollout` of "), "{said}");
    town.serves("backend", "r2");
    let told = ["rollout r2 interrupted", "takeover  noted", "rollout r2 begun", "rollout r2 done"];
    assert_eq!(town.audited()[2..], told);
}

#[test]
fn on_the_machine_where_a_run_was_killed_nobody_waits_for_it() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.double.hold(true);
    let mut child = town.begins("r2");
    town.under_way("ml-service");
    child.kill().unwrap();
    child.wait().unwrap();
    town.double.hold(false);
    town.settles();
    let said = town.rollout("r2").ends(0);
    assert!(said.contains("took over: lease 3 was left by a process that ended"), "{said}");
}

#[test]
fn a_lost_lease_ends_a_rollout_between_two_services() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.double.hold(true);
    let child = town.begins("r2");
    town.under_way("ml-service");
    town.is_taken_by_others();
    town.double.hold(false);
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("error: cannot go on: the lease of the environment is lost"), "{said}");
    assert!(said.contains("somebody else has taken it"), "{said}");
    town.serves("backend", "r1");
    assert_eq!(town.lease(), "rollout", "what others hold is not given back");
    assert_eq!(town.audited().last().unwrap(), "rollout r2 interrupted");
}

/// Nothing asks for the lease in a wait but its renewal, at its own pace.
#[test]
fn a_lost_lease_ends_what_waits() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.double.hold(true);
    let child = town.begins("r2");
    town.under_way("ml-service");
    town.is_taken_by_others();
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("code: E-lease-lost"), "{said}");
    town.double.hold(false);
}

#[test]
fn however_a_run_ends_its_lease_is_free() {
    let cluster = required!(Cluster::new());
    let mut town = Town::serving(&cluster);
    town.release("unready", Backend::Unready);
    town.rollout("unready").ends(5);
    assert_eq!(town.lease(), "free");
    assert_eq!(town.audited().last().unwrap(), "rollout unready failed");
    town.double.hold(true);
    let child = town.begins("r2");
    town.under_way("ml-service");
    assert_eq!(town.lease(), "rollout");
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    town.double.hold(false);
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(town.lease(), "free");
    assert_eq!(town.audited().last().unwrap(), "rollout r2 failed");
}

#[test]
fn a_ledger_that_was_cut_or_rewritten_is_named_by_its_heads_in_the_registry() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    let run = town.verify();
    let said = "4 records, each as it was written; the registry has head 4";
    assert_eq!((run.code, run.stdout.trim()), (Some(0), said), "{run:?}");
    town.forces("CREATE TABLE kept AS SELECT * FROM xtask.ledger");
    town.forces("DELETE FROM xtask.ledger WHERE number = 4");
    let said = town.verify().ends(4);
    assert!(said.contains("it ends with record 3; the registry has head 4"), "{said}");
    assert!(said.contains("code: E-ledger-broken"), "{said}");
    town.forces("TRUNCATE xtask.ledger");
    let said = town.verify().ends(4);
    assert!(said.contains("it ends with record 0; the registry has head 4"), "{said}");
    // The last record rewritten: the chain alone does not show it.
    let edit =
        "replace(body, '\"kind\":\"done\"', '\"kind\":\"failed\",\"phase\":\"p\",\"error\":\"e\"')";
    town.forces(&format!(
        "INSERT INTO xtask.ledger SELECT number, previous,
            CASE number WHEN 4 THEN {edit} ELSE body END FROM kept"
    ));
    town.world.run(&["audit", "list", "production"]).ends(0);
    let said = town.verify().ends(4);
    assert!(said.contains("record 4 is not the one whose head is in the registry"), "{said}");
    // A record within: the chain does.
    town.forces("UPDATE xtask.ledger SET body = body || ' ' WHERE number = 2");
    let said = town.verify().ends(4);
    assert!(said.contains("record 3 does not follow from record 2"), "{said}");
    let status = town.world.run(&["status", "production"]).ends(3);
    assert!(status.contains("the ledger is not whole: record 3 does not follow"), "{status}");
    town.forces("TRUNCATE xtask.ledger; INSERT INTO xtask.ledger SELECT * FROM kept");
    town.verify().ends(0);
    let releases = town.world.run(&["release", "list", "production"]);
    assert_eq!(releases.stdout.lines().count(), 3, "heads are no releases: {releases:?}");

    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    town.world.write("deploy.toml", &deploy.replace(&town.registry_host(), "127.0.0.1:9"));
    let said = town.verify().ends(5);
    assert!(said.contains("could not find out whether the ledger is whole"), "{said}");
    assert!(said.contains("code: E-registry-refused"), "{said}");
}

#[test]
fn a_ledger_of_before_is_not_called_proven() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    town.release("r1", Backend::Good);
    town.apply();
    let said = town.verify();
    assert_eq!(said.code, Some(0), "nothing is in it: {said:?}");
    let empty = xtask_core::digest::Digest::of(b"");
    let old = r#"{"action":"rollout","outcome":{"kind":"done"},"who":"ada@laptop","at":"2026-11-23T00:00:00Z","from":null,"to":"r0","services":{},"schema_head":null,"phases":[],"probe":null}"#;
    town.database.ask(&format!(
        "DROP SCHEMA xtask CASCADE; CREATE SCHEMA xtask; CREATE TABLE xtask.ledger (
            number bigint PRIMARY KEY, previous text NOT NULL, body text NOT NULL);
         INSERT INTO xtask.ledger VALUES (1, '{empty}', '{old}')"
    ));
    let said = town.verify().ends(4);
    assert!(said.contains("the chain is whole, and no head of it is in the registry"), "{said}");
    town.rollout("r1").ends(0);
    assert!(town.verify().stdout.contains("3 records"), "{:?}", town.verify());
    town.verify().ends(0);
}

#[test]
fn a_database_that_is_away_forbids_no_rollback_and_is_told_later_once() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    town.database.stop();
    let said = town.world.run(&["rollback", "production", "--apply"]).ends(0);
    for words in [
        "no lease in the database, so other machines are not kept out",
        "the schema is judged by what release `r2` expects",
        "the ledger in the database is not reached; a file of this machine stands for it",
        "ledger.offline`, to be merged later",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    town.serves("backend", "r1");
    town.serves("ml-service", "r1");
    let mut wanted = vec!["rollout r1 begun", "rollout r1 done"];
    wanted.extend(["rollout r2 begun", "rollout r2 done", "rollback r1 begun", "rollback r1 done"]);
    assert_eq!(town.audited(), wanted, "this machine knows all of it");
    assert_eq!(town.list()["reached"], false);
    town.verify().ends(5);
    // A release that is not known to fit is not rolled out in the dark.
    town.rollout("r2").ends(5);
    // A run that was killed while it wrote.
    let file = town.world.path("../state/nutri/production/ledger.offline");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"{\"action\":\"roll");
    std::fs::write(&file, &bytes).unwrap();

    town.database.start_again();
    let run = town.world.run(&["audit", "list", "production"]);
    assert!(run.stderr.contains("2 records of this machine not yet merged"), "{run:?}");
    let said = town.rollout("r2").ends(0);
    assert!(said.contains("merged 2 records from"), "{said}");
    wanted.extend(["rollout r2 begun", "rollout r2 done"]);
    assert_eq!(town.audited(), wanted);
    let list = town.list();
    let records = list["records"].as_array().unwrap();
    let merged: Vec<bool> = records.iter().map(|it| it["merged"].is_string()).collect();
    assert_eq!(merged, [false, false, false, false, true, true, false, false]);
    assert_eq!(std::fs::read(&file).unwrap(), b"");

    // A run that was killed between merging and emptying the file, which has grown since.
    let more = String::from_utf8(bytes).unwrap().replace("\"rollback\"", "\"foreign\"");
    let whole = more.rfind('\n').unwrap() + 1;
    let again = std::fs::read(&file).unwrap();
    assert_eq!(again, b"");
    std::fs::write(&file, &more[..whole]).unwrap();
    town.rollout("r1").ends(0);
    std::fs::write(&file, &more[..whole]).unwrap();
    town.rollout("r2").ends(0);
    let foreign = town.audited().iter().filter(|it| it.starts_with("foreign")).count();
    assert_eq!(foreign, 2, "each once, however often it is handed over");
    town.verify().ends(0);
}

/// Whoever waits holds nothing of the environment: neither its lease nor a line of its ledger.
#[test]
fn a_run_that_is_killed_while_it_waits_for_the_lease_leaves_nothing() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.is_taken_by_others();
    let fence = || town.database.ask("SELECT concat_ws(' ', fence, verb, who) FROM xtask.lease");
    let (held, audited) = (fence(), town.audited());
    let mut command = town.world.command(&[&UP[..], &["--wait"]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("waits for `rollout` of eve@ci") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((fence(), town.audited()), (held, audited));
    town.serves("backend", "r1");
    // The lease of this machine went with its process, and theirs is still theirs.
    let said = town.rollout("r2").ends(4);
    assert!(said.contains("by `rollout` of eve@ci"), "{said}");
    town.database.ask("UPDATE xtask.lease SET verb = NULL");
    town.rollout("r2").ends(0);
    town.serves("backend", "r2");
}

/// The journal lies on the machine of the killed run; from another one the ledger is all there is.
#[test]
fn a_run_that_was_killed_elsewhere_is_settled_from_here_once_its_lease_is_over() {
    let cluster = required!(Cluster::new());
    let mut town = Town::serving(&cluster);
    town.release("unready", Backend::Unready);
    let elsewhere = town.world.path("../elsewhere").display().to_string();
    let there = [("XTASK_STATE", elsewhere.as_str())];
    for (release, point, verb, ended) in [
        ("r2", "in-deploy-backend", "resume", "rollout r2 done"),
        ("unready", "before-go-back", "rollback", "rollback r2 done"),
        ("r1", "in-deploy-ml-service", "rollback", "rollback r2 done"),
    ] {
        town.killed(&["rollout", "production", release], point);
        town.expires_in(3600);
        let args = [verb, "production", "--apply"];
        let said = town.world.run_with(&args, &there).ends(4);
        assert!(said.contains("code: E-lease-held"), "{said}");
        town.expires_in(-2);
        let said = town.world.run_with(&args, &there).ends(0);
        assert!(said.contains("warning: took over: "), "{said}");
        town.settles();
        town.serves("backend", "r2");
        town.serves("ml-service", "r2");
        assert_eq!(town.last_record(), ended, "{point}");
        assert_eq!(town.lease(), "free");
    }
}

/// A rollout reads what these change, so neither goes on beside the other.
#[test]
fn what_changes_things_around_the_services_keeps_to_the_lease() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let secret = [("PRODUCTION_JWT_SECRET", "another-secret-of-48-characters")];
    for verb in [&["infra", "apply"][..], &["secrets", "sync"]] {
        town.is_taken_by_others();
        let args = [verb, &["production", "--apply"]].concat();
        let said = town.world.run_with(&args, &secret).ends(4);
        assert!(said.contains("by `rollout` of eve@ci"), "{said}");
        assert!(said.contains("code: E-lease-held"), "{said}");
        let waits = [&args[..], &["--wait=1"]].concat();
        let said = town.world.run_with(&waits, &secret).ends(4);
        assert!(said.contains("after 1 s it was still held"), "{said}");
        town.database.ask("UPDATE xtask.lease SET verb = NULL");
    }
    let fence = || town.database.ask("SELECT fence FROM xtask.lease").parse::<u64>().unwrap();
    let before = fence();
    let said = town.world.run_with(&["infra", "apply", "production", "--apply"], &secret).ends(0);
    assert!(said.contains("cargo xtask rollout production r1 --apply"), "{said}");
    assert_eq!((fence(), town.lease().as_str()), (before + 1, "free"));
    // Where no database is reached, that is said, and what Coolify has can be put right.
    let nowhere = "postgres://nutri:pw@127.0.0.1:9/nutri?connect_timeout=1";
    let away = [secret[0], ("PRODUCTION_DIRECT_URL", nowhere)];
    let said = town.world.run_with(&["infra", "apply", "production", "--apply"], &away).ends(0);
    assert!(
        said.contains("no lease in the database, so other machines are not kept out"),
        "{said}"
    );
}

/// Whoever can edit the table could else forbid every way back; what is no digest, too.
#[test]
fn a_ledger_that_somebody_has_changed_keeps_nobody_from_rolling_back_to_a_named_release() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    for edit in ["body = body || ' '", "previous = 'garbage'"] {
        town.forces(&format!("UPDATE xtask.ledger SET {edit} WHERE number = 2"));
        let said = town.world.run(&["rollback", "production", "--apply"]).ends(4);
        assert!(said.contains("code: E-ledger-broken"), "{said}");
        assert!(said.contains("`rollout` and `rollback` with a release go on"), "{said}");
        assert!(town.verify().ends(4).contains("code: E-ledger-broken"));
    }
    let said = town.world.run(&["rollback", "production", "r1", "--apply"]).ends(0);
    assert!(said.contains("it is read as it stands"), "{said}");
    town.rollout("r2").ends(0);
}

/// An older database that was restored is such a ledger.
#[test]
fn a_ledger_that_was_cut_is_told_before_anything_is_added_to_it() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    town.forces("DELETE FROM xtask.ledger WHERE number = 4");
    let said = town.world.run(&["rollout", "production", "r2", "--apply"]).ends(0);
    let wanted = "it ends with record 3, and the registry has head 4; the database was restored";
    assert!(said.contains(wanted), "{said}");
}
