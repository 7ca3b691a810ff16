//! `infra` for a server at Hetzner Cloud, against a double with state.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod killed;
mod town;

use serde_json::{Value, json};
use town::{APPLY, PLAN, Town};
use xtask_fakes::faults::Fault;
use xtask_fakes::hetzner::{TOKEN, Trouble};

#[test]
fn from_nothing_a_server_is_bought_behind_its_firewall_and_the_second_plan_is_empty() {
    let town = Town::new();
    let shown = town.world.run(&PLAN);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(town.fake.state().writes().is_empty(), "a plan changes nothing");
    for wanted in [
        "create  firewall `nutri-production`",
        "opens tcp/22 from 203.0.113.0/24",
        "a `cx33` in `fsn1` with `debian-12`; 10.70 EUR a month",
        "change  back-ups of `nutri-production`",
        "server: 12.72 EUR a month with tax, at today's prices, of a budget of 15.00",
    ] {
        assert!(shown.stdout.contains(wanted), "{wanted}: {}", shown.stdout);
    }
    let done = town.world.run(&APPLY);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("server `nutri-production` is at 203.0.113."), "{done:?}");
    assert!(!format!("{shown:?}{done:?}").contains(TOKEN), "the token is shown");
    let state = town.fake.state();
    let server = state.servers.values().next().unwrap();
    assert!(!server.was_bare && server.has_backups && server.is_protected, "{server:?}");
    let labels = json!({ "environment": "production", "managed-by": "xtask", "project": "nutri" });
    assert_eq!(server.labels, labels);
    assert_eq!((server.ssh_keys.len(), server.firewalls.len()), (1, 1));
    let told = town.world.run(&["server", "user-data", "production"]);
    assert!(told.stdout.starts_with("#!/bin/sh\n"), "{told:?}");
    assert_eq!(server.user_data.trim_end(), told.stdout.trim_end());
    let before = state.writes();
    assert_eq!(before.len(), 5, "{before:?}");
    let again = town.world.run(&PLAN);
    assert_eq!(again.code, Some(0), "{again:?}");
    town.world.run(&["infra", "drift", "production", "--only", "server"]).ends(0);
    town.world.run(&APPLY).ends(0);
    assert_eq!(town.fake.state().writes(), before, "a second apply writes nothing");
}

#[test]
fn exactly_the_plan_that_was_reviewed_is_done_and_another_price_is_another_plan() {
    let town = Town::new();
    let run = town.world.run(&["--json", "infra", "plan", "production", "--only", "server"]);
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(plan["server"]["price"], "12.72");
    let digest = plan["plan"].as_str().unwrap();
    let apply = [&APPLY[..], &["--plan", digest]].concat();
    town.fake.change(|state| state.catalogue.prices.insert("cx33", "8.5"));
    let said = town.world.run(&apply).ends(4);
    assert!(said.contains("E-plan-moved"), "{said}");
    assert_eq!(town.fake.state().writes(), [""; 0]);
    town.fake.change(|state| state.catalogue.prices.clear());
    town.world.run(&apply).ends(0);
}

#[test]
fn nothing_is_bought_beyond_the_budget_unless_somebody_says_why() {
    let town = Town::new();
    town.fake.change(|state| state.catalogue.prices.insert("cx33", "19.49"));
    let shown = town.world.run(&PLAN);
    assert!(shown.stdout.contains("; over the budget of 15.00"), "{}", shown.stdout);
    let said = town.world.run(&APPLY).ends(4);
    assert!(said.contains("E-over-budget") && said.contains("28.43 EUR a month"), "{said}");
    assert_eq!(town.fake.state().writes(), [""; 0]);
    let cost = town.world.run(&["infra", "cost", "production"]);
    assert_eq!(cost.code, Some(3), "{cost:?}");
    let over = [&APPLY[..], &["--over-budget", "the launch is on Monday"]].concat();
    town.world.run(&over).ends(0);
    let noted = town.world.path("../state/nutri/production/hetzner-over-budget.jsonl");
    let noted = std::fs::read_to_string(noted).unwrap();
    assert!(noted.contains("the launch is on Monday") && noted.contains("cx33"), "{noted}");
    // What is paid for already is beyond the budget, and needs nobody's leave to be kept in order.
    town.fake.change(|state| state.firewalls.values_mut().next().unwrap().rules.clear());
    town.world.run(&APPLY).ends(0);
}

#[test]
fn the_cost_lists_what_else_is_in_stock_and_what_could_be_added() {
    let town = Town::new();
    town.fake.change(|state| state.catalogue.out_of_stock.push(("cx33", "fsn1")));
    let run = town.world.run(&["infra", "cost", "production"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    for wanted in [
        "server `cpx32`",
        "it is not enough",
        "`cax21`: 4 cores arm, 8 GB, disk 80 GB",
        "a gigabyte of a snapshot",
    ] {
        assert!(run.stdout.contains(wanted), "{wanted}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("`cx33`"), "it cannot be had: {}", run.stdout);
    town.fake.change(|state| state.currency = "USD");
    let unknown = town.world.run(&["infra", "cost", "production"]);
    assert_eq!(unknown.code, Some(75), "dollars are no euros: {unknown:?}");
}

#[test]
fn the_next_type_is_bought_where_the_first_is_out_of_stock_and_none_where_all_are() {
    let town = Town::new();
    town.fake.change(|state| {
        state.catalogue.out_of_stock.push(("cx33", "fsn1"));
        state.catalogue.prices.insert("cpx32", "9");
    });
    town.world.run(&APPLY).ends(0);
    assert_eq!(town.fake.state().servers.values().next().unwrap().kind, "cpx32");
    let town = Town::new();
    town.fake.change(|state| {
        state.catalogue.out_of_stock.push(("cx33", "fsn1"));
        state.catalogue.unavailable_after.insert("cpx32", "2026-01-01T00:00:00Z");
    });
    let said = town.world.run(&APPLY).ends(4);
    assert!(said.contains("`cx33` is out of stock, `cpx32` is no longer sold"), "{said}");
    assert_eq!(town.fake.state().writes(), [""; 0]);
}

#[test]
fn what_others_made_is_refused_and_not_touched() {
    let town = Town::new();
    town.fake.change(|state| {
        let rules = json!([]);
        state.plant_firewall("nutri-production", &json!({}), &rules);
        state.plant_firewall("theirs", &json!({ "managed-by": "xtask" }), &rules);
    });
    let shown = town.world.run(&PLAN);
    assert!(shown.stdout.contains("it was not made by us"), "{}", shown.stdout);
    let said = town.world.run(&APPLY).ends(4);
    assert!(said.contains("E-infra-refused") && said.contains("`managed-by=xtask`"), "{said}");
    assert_eq!(town.fake.state().writes(), [""; 0]);
    // Once somebody has given it our labels it is ours.
    let ours = json!({ "managed-by": "xtask", "project": "nutri", "environment": "production" });
    town.fake.change(|state| state.firewalls.values_mut().next().unwrap().labels = ours);
    town.world.run(&APPLY).ends(0);
    let firewalls = town.fake.state().firewalls;
    let rules: Vec<usize> = firewalls.values().map(|it| it.rules.len()).collect();
    assert_eq!(rules, [3, 0], "the other one is as it was");
}

#[test]
fn what_a_person_changed_in_the_console_is_drift_and_is_set_again() {
    let town = Town::new();
    town.world.run(&APPLY).ends(0);
    town.fake.change(|state| {
        let rule = json!({
            "direction": "in", "protocol": "tcp", "port": "8000", "description": null,
            "source_ips": ["0.0.0.0/0"], "destination_ips": [],
        });
        state.firewalls.values_mut().next().unwrap().rules.push(rule);
        state.servers.values_mut().next().unwrap().is_protected = false;
    });
    let run = town.world.run(&["infra", "drift", "production", "--only", "server"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("closes tcp/8000 from 0.0.0.0/0"), "{}", run.stdout);
    assert!(run.stdout.contains("protection of `nutri-production`"), "{}", run.stdout);
    let before = town.fake.state().writes().len();
    town.world.run(&APPLY).ends(0);
    assert_eq!(town.fake.state().writes().len(), before + 2);
    town.world.run(&PLAN).ends(0);
}

#[test]
fn a_server_that_cannot_be_placed_is_told_and_the_next_run_buys_one() {
    let town = Town::new();
    town.fake.change(|state| state.fails_to_place = true);
    let said = town.world.run(&APPLY).ends(6);
    assert!(said.contains("E-hetzner-limit") && said.contains("could not place"), "{said}");
    assert!(town.fake.state().servers.is_empty());
    town.fake.change(|state| state.fails_to_place = false);
    town.world.run(&APPLY).ends(0);
    assert_eq!(town.fake.state().servers.len(), 1);
}

#[test]
fn a_token_that_may_only_read_plans_and_is_told_what_it_lacks() {
    let town = Town::new();
    let own = [("HCLOUD_TOKEN", xtask_fakes::hetzner::READ_ONLY)];
    assert_eq!(town.world.run_with(&PLAN, &own).code, Some(3));
    let said = town.world.run_with(&APPLY, &own).ends(4);
    assert!(said.contains("E-hetzner-token") && said.contains("reads and writes"), "{said}");
    let said = town.world.run_with(&PLAN, &[("HCLOUD_TOKEN", "")]).ends(4);
    assert!(said.contains("set `HCLOUD_TOKEN` for this command only"), "{said}");
}

#[test]
fn a_coolify_is_not_asked_before_its_server_is_there() {
    let town = Town::new();
    let run = town.world.run(&["infra", "plan", "production"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("its server is not there yet"), "{}", run.stdout);
    let said = town.world.run(&["infra", "apply", "production", "--apply"]).ends(0);
    assert!(said.contains("Coolify is not looked at"), "{said}");
    assert_eq!(town.fake.state().servers.len(), 1);
    // Now it is asked, and nobody is there yet.
    let said = town.world.run(&["infra", "plan", "production"]).ends(5);
    assert!(said.contains("E-coolify-answer"), "{said}");
    town.world.run(&["infra", "import", "production", "--only", "server"]).ends(2);
    town.world.run(&["infra", "cost", "staging"]).ends(2);
}

#[test]
fn an_answer_that_is_lost_after_the_purchase_buys_nothing_twice() {
    let late = || Fault::answer(504, r#"{"error":{"code":"timeout","message":"late"}}"#);
    for (stale, trouble) in [
        (0, Trouble::CutAfterwards),
        (0, Trouble::Afterwards(late())),
        (3, Trouble::CutAfterwards),
        (3, Trouble::Afterwards(Fault::answer(502, "<html>"))),
    ] {
        let town = Town::new();
        town.fake.change(|state| {
            state.is_unique = false;
            state.stale_lists = stale;
            state.trouble("POST", "/servers", trouble.clone());
        });
        town.world.run(&APPLY).ends(0);
        assert_eq!(town.fake.state().servers_made, 1, "{stale} {trouble:?}");
        town.world.run(&PLAN).ends(0);
    }
}
