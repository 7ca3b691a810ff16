//! The whole pipeline, run for real: Docker, Postgres, Redis, the registry and the proxy, with a
//! project, ports and state of its own. One test, because it is one story.
#![allow(clippy::disallowed_methods, reason = "a test fails where it cannot look at its files")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]
#![expect(clippy::print_stdout, reason = "a person who reads a failure wants the story so far")]

mod added;
mod backups;
mod coolify;
mod customer;
mod database;
mod emulated;
mod images;
mod load;
mod rehearsal;
mod safe;
mod scanned;
mod scratch;
mod web;

use customer::Customer;
use load::Load;
use scratch::Scratch;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use xtask_core::command::Command;
use xtask_core::ship::proxy::{self, ROUTES, Routes};

const MAIN: &str = "services/backend/src/main.ts";

#[test]
fn a_commit_becomes_verified_services_and_nothing_is_lost_on_the_way() {
    let scratch = Scratch::new();
    images::build_for_both_platforms(&scratch);
    scanned::every_package_is_seen_once(&scratch);
    a_taken_port_is_refused_and_its_holder_named(&scratch);
    let release = the_first_up_brings_everything_up(&scratch);
    a_second_up_changes_nothing(&scratch, &release);
    rehearsal::walks_the_road_of_production(&scratch, release["version"].as_str().unwrap());
    scratch.verifies_briefly();
    containers_are_confined(&scratch);
    services_reach_neither_the_registry_nor_the_admin_api(&scratch);
    images::run_by_themselves(&scratch, &release, &["backend", "ml-service"]);
    emulated::arm64_images_run(&scratch);

    let customer = Customer::register(&scratch.url());
    assert!(customer.finds("Oats"), "`up` has seeded the shared foods");
    customer.eats("two eggs and a slice of toast");
    assert!(customer.kilocalories() > 100.0, "the ML service weighs what was eaten");

    database::is_looked_after(&scratch);
    backups::are_proved_by_a_drill(&scratch);

    let load = Load::start(&scratch.url());
    switches_lose_nothing(&scratch);
    let [below, edited] = edits_roll_out_under_load(&scratch);
    releases_that_do_not_start_are_refused(&scratch, &edited);
    a_killed_up_is_continued_by_the_next(&scratch);
    a_run_killed_around_its_switch_is_settled_by_the_next(&scratch);
    a_rollback_brings_back_what_was_verified_before(&scratch);
    a_rollback_below_the_schema_is_refused(&scratch, &below);
    let (sent, lost) = load.finish();
    assert!(sent > 1000, "the load was real: {sent} requests");
    assert_eq!(lost, Vec::<String>::new(), "of {sent} requests none may be lost");

    data_outlives_a_down(&scratch, &customer);
    the_ledger_is_whole(&scratch);
    images_that_no_release_needs_are_gone(&scratch);
    added::are_shipped_by_the_page_alone(&scratch);
    safe::data_is_never_taken_for_debris(&scratch);
    database::is_reset(&scratch);
    nothing_is_left_after_erase(&scratch);
}

fn a_taken_port_is_refused_and_its_holder_named(scratch: &Scratch) {
    let taken = std::net::TcpListener::bind(("127.0.0.1", scratch.ports[1])).unwrap();
    let refusal = scratch.xtask(&["up"]).fails(4);
    assert!(
        refusal.contains(&format!("port {}, wanted for postgres", scratch.ports[1])),
        "{refusal}"
    );
    assert!(refusal.contains(&format!("(process {})", std::process::id())), "{refusal}");
    drop(taken);
}

fn the_first_up_brings_everything_up(scratch: &Scratch) -> Value {
    let answer = scratch.xtask(&["up", "--json"]).succeeds();
    assert_eq!(answer["changed"], true);
    scratch.serves(answer["release"]["version"].as_str().unwrap());
    let status = scratch.xtask(&["status", "--json"]).succeeds();
    assert_eq!(status["healthy"], true, "{status}");
    answer["release"].clone()
}

fn a_second_up_changes_nothing(scratch: &Scratch, release: &Value) {
    let answer = scratch.xtask(&["up", "--json"]).succeeds();
    assert_eq!(answer["changed"], false, "{answer}");
    assert_eq!(answer["release"], *release);
}

fn containers_are_confined(scratch: &Scratch) {
    for name in scratch.docker(&["ps", "--format", "{{.Names}}"]).lines() {
        if !name.starts_with(&scratch.project) {
            continue;
        }
        let format = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}";
        let found = scratch.docker(&["inspect", "--format", format, name]);
        assert!(!found.starts_with("0:") && !found.starts_with(' '), "{name} is not root: {found}");
        assert!(found.ends_with("true [ALL]"), "{name} is read-only and without powers: {found}");
    }
}

/// A service that is broken into changes no image, and sends nobody elsewhere.
fn services_reach_neither_the_registry_nor_the_admin_api(scratch: &Scratch) {
    let project = &scratch.project;
    let backend =
        scratch.docker(&["ps", "--quiet", "--filter", &format!("name={project}-backend")]);
    let ask = |url: &str| {
        let script = format!(
            "fetch('{url}', {{ signal: AbortSignal.timeout(5000) }}).then(() => \
             console.log('answered'), () => console.log('silent'))"
        );
        scratch.docker(&["exec", &backend, "node", "--eval", &script])
    };
    assert_eq!(ask(&format!("http://{project}-proxy:8080/api/health/live")), "answered");
    assert_eq!(ask(&format!("http://{project}-proxy:2019/config/")), "silent");
    assert_eq!(ask(&format!("http://{project}-registry:5000/v2/")), "silent");
}

/// The proxy is changed as at a switch, a hundred times, while requests come in.
fn switches_lose_nothing(scratch: &Scratch) {
    let container = format!("{}-proxy", scratch.project);
    let inside = || Command::new("docker").args(["exec", &container]);
    let told = |command: Command| {
        scratch.docker(&command.args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let routes = Routes::parse(&told(proxy::list(inside(), ROUTES))).unwrap();
    assert_eq!(routes.all.len(), 2, "{routes:?}");
    for _ in 0..100 {
        told(routes.switch(inside(), ROUTES));
    }
}

/// Three edits: a new backend image, a new ML image, and a migration, which changes neither. Only
/// what changed gets a new container; the migration's is the backend, which tells the schema.
/// Gives the last release below the migration, and the one that knows it.
fn edits_roll_out_under_load(scratch: &Scratch) -> [String; 2] {
    let of = |service| scratch.containers_of(service);
    let first = (of("backend"), of("ml-service"));
    scratch.append(MAIN, "\nexport const edited = 1;\n");
    let backend = scratch.rolls_out();
    let second = (of("backend"), of("ml-service"));
    assert!(second.0 != first.0 && second.1 == first.1, "{first:?} {second:?}");
    scratch.append("services/ml-service/src/nutri_ml/app.py", "\nEDITED = 1\n");
    let ml = scratch.rolls_out();
    let third = (of("backend"), of("ml-service"));
    assert!(third.0 == second.0 && third.1 != second.1, "{second:?} {third:?}");
    scratch.xtask(&["verify", "local"]).ends(0);
    assert_eq!(backend["services"]["backend"]["index"], ml["services"]["backend"]["index"]);
    assert_ne!(backend["services"]["ml-service"]["index"], ml["services"]["ml-service"]["index"]);
    let file = "services/backend/prisma/migrations/20991231000000_more/migration.sql";
    a_migration_that_moved_since_its_review_is_refused(scratch, file);
    scratch.write(file, "ALTER TABLE foods ADD COLUMN more text;\n");
    let migrated = scratch.rolls_out();
    assert_eq!(ml["services"], migrated["services"], "no image holds migrations");
    let fourth = (of("backend"), of("ml-service"));
    assert!(fourth.0 != third.0 && fourth.1 == third.1, "{third:?} {fourth:?}");
    [ml, migrated].map(|release| release["version"].as_str().unwrap().to_owned())
}

fn a_migration_that_moved_since_its_review_is_refused(scratch: &Scratch, file: &str) {
    scratch.write(file, "ALTER TABLE foods ADD COLUMN reviewed text;\n");
    let shown = scratch.xtask(&["migrate", "plan", "local", "--json"]).answers(3);
    assert_eq!(shown["plan"]["pending"][0], "20991231000000_more", "{shown}");
    scratch.write(file, "ALTER TABLE foods ADD COLUMN slipped_in text;\n");
    let plan = shown["digest"].as_str().unwrap();
    let refusal = scratch.xtask(&["migrate", "apply", "local", "--apply", "--plan", plan]).fails(4);
    assert!(refusal.contains("with something else now: apply `20991231000000_more`"), "{refusal}");
    let again = scratch.xtask(&["migrate", "plan", "local", "--json"]).answers(3);
    assert_ne!(again["digest"], shown["digest"], "{again}");
}

fn releases_that_do_not_start_are_refused(scratch: &Scratch, serving: &str) {
    let good = scratch.read(MAIN);
    scratch.write(MAIN, &format!("console.log('broken on purpose');\nprocess.exit(7);\n{good}"));
    let refusal = scratch.xtask(&["up"]).fails(5);
    assert!(refusal.contains("it ended by itself with 7"), "{refusal}");
    assert!(refusal.contains("broken on purpose"), "its last lines are shown: {refusal}");
    scratch.serves(serving);

    let wrong = "process.env['PORT'] = '3999';\n";
    scratch.write("services/backend/src/wrong-port.ts", wrong);
    scratch.write(MAIN, &format!("import './wrong-port.js';\n{good}"));
    let refusal = scratch.xtask(&["up"]).fails(5);
    assert!(refusal.contains("nothing answers on port 3000"), "{refusal}");
    scratch.serves(serving);
    assert_eq!(scratch.containers_of("backend").len(), 1, "no candidate is left behind");
    scratch.write(MAIN, &good);
    scratch.remove("services/backend/src/wrong-port.ts");
}

/// Killed while a candidate runs that serves nobody; meanwhile a second one is told who it is.
fn a_killed_up_is_continued_by_the_next(scratch: &Scratch) {
    scratch.grants_more();
    let mut running = scratch.start(&["up"]);
    scratch.until(|| scratch.containers_of("ml-service").len() == 2);
    let refusal = scratch.xtask(&["up"]).fails(4);
    assert!(refusal.contains(&format!("(process {}", running.id())), "{refusal}");
    running.kill().unwrap();
    running.wait().unwrap();
    scratch.rolls_out();
    assert_eq!(scratch.containers_of("ml-service").len(), 1, "the candidate was taken over");
}

/// While the candidates alone are led to each other, before and after one rename has moved all,
/// and while what served before ends: the same command, `resume` and `rollback` settle it.
fn a_run_killed_around_its_switch_is_settled_by_the_next(scratch: &Scratch) {
    for (point, verb) in [
        ("in-smoke", "up"),
        ("after-start-ml-service", "resume"),
        ("before-switch", "rollback"),
        ("after-switch", "resume"),
        ("before-record", "rollback"),
        ("in-drain", "up"),
    ] {
        let before = scratch.xtask(&["status", "local", "--json"]).succeeds()["release"].clone();
        scratch.grants_more();
        scratch.killed(&["up"], point);
        let status = scratch.xtask(&["status", "local", "--json"]).succeeds();
        assert_eq!(status["run"]["under_way"], false, "{point}: {status}");
        let meant = status["run"]["to"].clone();
        match verb {
            "up" => drop(scratch.rolls_out()),
            verb => scratch.xtask(&[verb, "local"]).ends(0),
        }
        let wanted = if verb == "rollback" { before } else { meant };
        scratch.serves(wanted.as_str().unwrap());
        let status = scratch.xtask(&["status", "local", "--json"]).succeeds();
        assert_eq!(status["run"], Value::Null, "{point}: {status}");
        for service in ["backend", "ml-service"] {
            assert_eq!(scratch.containers_of(service).len(), 1, "{point}");
        }
    }
}

fn a_rollback_brings_back_what_was_verified_before(scratch: &Scratch) {
    scratch.append(MAIN, "\nexport const more = 1;\n");
    scratch.rolls_out();
    let audit = scratch.xtask(&["audit", "list", "--json"]).succeeds();
    let records = audit["records"].as_array().unwrap();
    let verified: Vec<&str> = records
        .iter()
        .filter(|record| record["outcome"]["kind"] == "done")
        .map(|record| record["to"].as_str().unwrap())
        .collect();
    let before = verified[verified.len() - 2];
    let plan = the_rollback_is_reviewed(scratch, before);
    let rollback = ["rollback", "local", before, "--plan", &plan, "--json"];
    let answer = scratch.xtask(&rollback).succeeds();
    assert_eq!(answer["release"], before);
    assert_eq!(answer["probe"]["lost"], 0, "{answer}");
    scratch.serves(before);
}

/// A dry run shows the plan and changes nothing; another plan than the shown one is refused.
fn the_rollback_is_reviewed(scratch: &Scratch, to: &str) -> String {
    let dry = scratch.xtask(&["rollback", "local", to, "--dry-run", "--json"]).answers(3);
    let steps = dry["steps"].as_array().unwrap();
    let switches = |it: &&Value| it["what"].as_str().unwrap().starts_with("switch to");
    assert!(steps.iter().any(|it| switches(&it)), "{dry:#}");
    assert_eq!(scratch.containers_of("backend").len(), 1, "nothing was started");

    let other = format!("sha256:{}", "0".repeat(64));
    let refusal = scratch.xtask(&["rollback", "local", to, "--plan", &other]).fails(4);
    assert!(refusal.contains("what would be done is not the reviewed plan"), "{refusal}");
    dry["plan"].as_str().unwrap().to_owned()
}

fn a_rollback_below_the_schema_is_refused(scratch: &Scratch, below: &str) {
    let refusal = scratch.xtask(&["rollback", "local", below]).fails(4);
    assert!(refusal.contains("the schema forbids it"), "{refusal}");
    assert!(refusal.contains("`20991231000000_more`"), "{refusal}");
    let refusal = scratch.xtask(&["rollback", "local", &format!("{below}x")]).fails(2);
    assert!(refusal.contains(&format!("`{below}`")), "what is near is named: {refusal}");
}

fn data_outlives_a_down(scratch: &Scratch, customer: &Customer) {
    let eaten = customer.kilocalories();
    scratch.xtask(&["down"]).ends(0);
    assert_eq!(scratch.docker(&["ps", "--quiet", "--filter", &scratch.label()]), "");
    scratch.xtask(&["up"]).ends(0);
    assert!((customer.kilocalories() - eaten).abs() < 0.01, "what was eaten is still known");
}

fn the_ledger_is_whole(scratch: &Scratch) {
    let audit = scratch.xtask(&["audit", "list", "--json"]).succeeds();
    let records = audit["records"].as_array().unwrap();
    let failed = |record: &&Value| record["outcome"]["kind"] == "failed";
    assert_eq!(records.iter().filter(failed).count(), 2, "both refusals are on record");
    let lost = |record: &Value| record["probe"]["lost"].as_u64().unwrap_or(0);
    // On a machine that is too busy to ask in time a measurement is void, and says so.
    let is_told = |record: &&Value| {
        ["none-lost", "void"]
            .contains(&record["proof"]["probe"]["verdict"]["kind"].as_str().unwrap_or(""))
    };
    assert!(records.iter().filter(is_told).count() >= 2, "{audit:#}");
    assert_eq!(records.iter().map(lost).sum::<u64>(), 0, "{audit:#}");
    let proof = scratch.xtask(&["audit", "verify", "--json"]).succeeds();
    assert_eq!(proof, json!({ "records": records.len(), "anchored": records.len() }));
}

/// What the last five verified releases need stays, and nothing else: not what was broken on purpose.
fn images_that_no_release_needs_are_gone(scratch: &Scratch) {
    let audit = scratch.xtask(&["audit", "list", "--json"]).succeeds();
    let verified = audit["records"].as_array().unwrap().iter().rev();
    let verified = verified.filter(|it| it["outcome"]["kind"] == "done");
    let (mut releases, mut needed) = (BTreeSet::new(), BTreeSet::new());
    for record in verified {
        releases.insert(record["to"].as_str().unwrap());
        if releases.len() > 5 {
            break;
        }
        needed.insert(record["services"]["backend"].as_str().unwrap());
    }
    let repository = format!("127.0.0.1:{}/{}/backend", scratch.ports[0], scratch.project);
    let images = scratch.docker(&["images", "--format", "{{.Digest}}", "--digests", &repository]);
    assert_eq!(images.lines().collect::<BTreeSet<_>>(), needed, "{audit:#}");
}

fn nothing_is_left_after_erase(scratch: &Scratch) {
    scratch.xtask(&["down", "--erase", "--yes"]).ends(0);
    assert_eq!(scratch.docker(&["ps", "--all", "--quiet", "--filter", &scratch.label()]), "");
    assert_eq!(scratch.docker(&["volume", "ls", "--quiet", "--filter", &scratch.label()]), "");
    let images = scratch.docker(&["images", "--format", "{{.Repository}}"]);
    assert!(!images.lines().any(|name| name.contains(&scratch.project)), "{images}");
}
