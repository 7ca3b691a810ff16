//! The database of the environment, looked after on the real engine.

use super::scratch::Scratch;

/// What only looks, and what may be done any number of times.
pub(crate) fn is_looked_after(scratch: &Scratch) {
    scratch.xtask(&["db", "url-check", "local"]).ends(0);
    scratch.xtask(&["db", "doctor", "local"]).ends(0);
    scratch.xtask(&["db", "diff", "migrations", "local"]).ends(0);
    for _ in 0..2 {
        let seeded = scratch.xtask(&["db", "seed", "local", "--json"]).succeeds();
        assert!(seeded["said"].as_str().unwrap().contains("shared foods are there"), "{seeded}");
    }
    services_are_under_policies(scratch);
    what_serves_works_on_a_copy(scratch);
}

/// The container's own address logs in as the role that sees nobody's rows by itself.
fn services_are_under_policies(scratch: &Scratch) {
    let containers = scratch.containers_of("backend");
    let container = containers.first().unwrap();
    let script = "const pg = require('pg'); const c = new pg.Client(process.env.DATABASE_URL); \
         (async () => { await c.connect(); \
         const r = await c.query('SELECT current_user AS u, (SELECT count(*) FROM meals) AS n'); \
         console.log(r.rows[0].u + ' ' + r.rows[0].n); await c.end(); })()";
    let said = scratch.docker(&["exec", container, "/usr/local/bin/node", "-e", script]);
    assert_eq!(said.trim(), "nutri_app 0", "there are meals, and they are somebody's");
}

fn what_serves_works_on_a_copy(scratch: &Scratch) {
    let shown = scratch.xtask(&["migrate", "plan", "local", "--rehearse", "--json"]).succeeds();
    assert_eq!(shown["previous"]["outcome"], "works", "{shown}");
    assert_eq!(shown["differences"], serde_json::json!([]), "{shown}");
}

/// The rows go, the ledger stays and tells it, and the services go on with what the migrations make.
pub(crate) fn is_reset(scratch: &Scratch) {
    let records = scratch.xtask(&["audit", "list", "--json"]).succeeds()["records"].clone();
    let refusal = scratch.xtask(&["db", "reset"]).fails(4);
    assert!(refusal.contains("nobody is here to confirm it"), "{refusal}");
    scratch.xtask(&["db", "reset", "--yes"]).ends(0);
    scratch.xtask(&["db", "diff", "migrations", "local"]).ends(0);
    scratch.xtask(&["db", "seed", "local"]).ends(0);
    let after = scratch.xtask(&["audit", "list", "--json"]).succeeds()["records"].clone();
    let (after, records) = (after.as_array().unwrap(), records.as_array().unwrap());
    assert!(after.starts_with(records), "{after:?}");
    assert_eq!(after.last().unwrap()["action"], "migrate", "what was applied anew is noted");
}
