//! Drills into a second cluster: never into the one that was backed up, never passed without the
//! services, always with evidence.

use super::town::{self, Town};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;
use xtask_fakes::required;

pub(super) fn evidence(town: &Town<'_>) -> Vec<std::path::PathBuf> {
    let folder = town.world.path("target/drills");
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = found.map(|it| it.path()).collect();
    found.sort();
    found
}

/// Lists of what was restored, which no run may leave behind.
pub(super) fn lists_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.map(|it| it.path()).flat_map(|path| match path.is_dir() {
        true => lists_below(&path),
        false => vec![path],
    });
    below.filter(|it| it.extension().is_some_and(|it| it == "list")).collect()
}

/// Beside the logs of `ci`, which GitHub keeps as an artifact.
fn keep(page: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ci/evidence");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("drill.html"), page).unwrap();
}

#[test]
fn a_drill_never_touches_the_cluster_that_was_backed_up() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let words = ["backup", "drill", "staging", "--cluster", "env:STAGING_DIRECT_URL"];
    let said = town.run(&words).ends(4);
    assert!(said.contains("it is the cluster that was backed up"), "{said}");
    assert_eq!(
        town.source.ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'xtask_scratch%'"),
        "0"
    );
    assert!(evidence(&town).is_empty(), "nothing was done");
}

#[test]
fn a_drill_that_did_not_look_at_the_services_has_not_passed_and_leaves_its_evidence() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    // A drill that was killed has left a role; the other one is somebody's.
    town.copy.ask(
        "CREATE ROLE eater; COMMENT ON ROLE eater IS 'xtask_scratch_drill_1_2'; CREATE ROLE other;
         COMMENT ON ROLE other IS 'the shop'",
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    town.world.write("deploy.toml", &format!("{text}drill_heartbeat = \"env:BEAT\"\n"));
    let beat = format!("http://{}/beat", listener.local_addr().unwrap());
    let words = ["backup", "drill", "staging", "--cluster", "env:COPY_URL", "--json"];
    let run = town.world.run_with(&words, &[("BEAT", &beat)]);
    assert_eq!(run.code, Some(75), "{run:?}");
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let drill = &told["drill"];
    assert_eq!(drill["outcome"], "could-not-run", "{run:?}");
    let checks = drill["checks"].as_array().unwrap();
    assert!(checks.len() >= 9 && checks.iter().all(|it| it["passed"] == true), "{checks:?}");
    assert_eq!(drill["tables"]["public.meals"]["restoredRows"], 1000);
    assert_ne!(drill["clusters"]["backedUp"], drill["clusters"]["restoredInto"]);
    assert_eq!(
        town.copy.ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'xtask_scratch%'"),
        "0"
    );
    assert_eq!(
        town.copy.ask("SELECT rolname FROM pg_roles WHERE rolname IN ('eater', 'other')"),
        "other"
    );
    let state = town.world.path("../state");
    assert!(lists_below(&state).is_empty(), "{:?}", lists_below(&state));
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody hears of a drill that did not pass");
    let found = evidence(&town);
    assert_eq!(found.len(), 2, "{found:?}");
    let page = std::fs::read_to_string(
        found.iter().find(|it| it.extension().is_some_and(|it| it == "html")).unwrap(),
    )
    .unwrap();
    assert!(page.contains("could not run") && page.contains("public.meals"), "{page}");
    keep(&page);
    // The next one knows of it, on any machine.
    let again = town.run(&words);
    let told: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(told["drill"]["before"][0]["outcome"], "could not run");
}

#[test]
fn a_drill_of_something_else_than_was_backed_up_fails() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    // Whoever may add can add a manifest that promises more than its dump holds.
    let listed = town.restic(&["snapshots", "--json", "--tag", "kind:manifest"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let (id, tags) = (listed[0]["id"].as_str().unwrap(), listed[0]["tags"].as_array().unwrap());
    let manifest = town.restic(&["dump", id, "/manifest.json"]).stdout;
    let lie = String::from_utf8(manifest).unwrap().replace("\"rows\": 1000", "\"rows\": 1001");
    let tags: Vec<&str> = tags.iter().map(|it| it.as_str().unwrap()).collect();
    assert!(town.restic(&["forget", id]).status.success());
    let mut restic = std::process::Command::new("restic")
        .args(["backup", "--stdin", "--stdin-filename", "manifest.json", "--tag", &tags.join(",")])
        .args(["--host", "nutri"])
        .env("RESTIC_REPOSITORY", town.repository())
        .env("RESTIC_PASSWORD", town::KEY)
        .env("RESTIC_CACHE_DIR", town.world.cache())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    restic.stdin.take().unwrap().write_all(lie.as_bytes()).unwrap();
    assert!(restic.wait().unwrap().success());
    let run = town.run(&["backup", "drill", "staging", "--cluster", "env:COPY_URL"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("public.meals: wanted 1001, found 1000"), "{run:?}");
}

#[test]
fn a_drill_without_anything_to_look_at_could_not_run() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    std::fs::rename(town.repository(), town.repository().with_extension("away")).unwrap();
    let run = town.run(&["backup", "drill", "staging", "--cluster", "env:COPY_URL"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.contains("drill could not run"), "{run:?}");
    assert!(!evidence(&town).is_empty(), "that it could not run is evidence as well");
}

#[test]
fn a_whole_backup_is_heard_of_and_a_failed_one_is_not() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    town.world.write("deploy.toml", &format!("{text}heartbeat = \"env:BEAT\"\n"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let beat = format!("http://{}/beat/hunter2", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut head = [0; 512];
        let read = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let failed = town.world.run_with(&["backup", "run", "staging"], &[("BEAT", &beat)]);
    assert_ne!(failed.code, Some(0), "there is no repository yet: {failed:?}");
    assert!(!heard.is_finished());
    let run = town.world.run_with(&["backup", "run", "staging", "--init"], &[("BEAT", &beat)]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(heard.join().unwrap().starts_with("GET /beat/hunter2 "));
    assert!(!run.stderr.contains("hunter2"), "{run:?}");
}
