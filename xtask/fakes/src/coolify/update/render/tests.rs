use super::{env_file, real_value, seen, stored};
use crate::coolify::update::{AppSpec, EnvRow, Job};
use serde_json::Value;
use std::collections::BTreeMap;

const RECORDED: &str = include_str!("../recorded/env-rendering.jsonl");

/// One deployment of a real Coolify with the variables that it had.
struct Deployment {
    rows: Vec<Value>,
}

fn recorded() -> Vec<Value> {
    let lines = serde_json::Deserializer::from_str(RECORDED).into_iter::<Value>();
    lines.map(|line| line.expect("a line of JSON")).collect()
}

fn deployments() -> Vec<Deployment> {
    let mut of: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in recorded() {
        of.entry(text(&row, "case").to_owned()).or_default().push(row);
    }
    of.into_values().map(|rows| Deployment { rows }).collect()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().expect("a string")
}

fn row(recorded: &Value) -> EnvRow {
    let mode = text(recorded, "mode");
    EnvRow {
        key: text(recorded, "key").to_owned(),
        value: stored(text(recorded, "value")),
        literal: mode.contains('L'),
        multiline: mode.contains('M'),
        runtime: true,
        buildtime: false,
    }
}

fn job(env: Vec<EnvRow>) -> Job {
    let app = AppSpec { uuid: "app".to_owned(), ..AppSpec::default() };
    let (deployment, handed) = ("deployment".to_owned(), "010203000004".to_owned());
    Job { deployment, handed, server: "localhost".to_owned(), server_usable: true, app, env }
}

fn seen_with(rows: Vec<EnvRow>) -> Result<BTreeMap<String, String>, String> {
    seen(&env_file(&job(rows), "app-010203000004"))
}

#[test]
fn every_recorded_value_stands_in_the_env_file_as_coolify_wrote_it() {
    let rows = recorded();
    assert_eq!(rows.len(), 131);
    for recorded in rows {
        let ours = real_value(&row(&recorded));
        assert_eq!(ours.as_deref(), Some(text(&recorded, "real_value")), "{recorded}");
    }
}

#[test]
fn a_container_sees_what_it_saw_and_the_same_deployments_fail() {
    for Deployment { rows } in deployments() {
        let seen = seen_with(rows.iter().map(row).collect());
        for recorded in rows {
            let (state, value) = (text(&recorded, "deployment"), text(&recorded, "container"));
            match &seen {
                Ok(seen) => {
                    assert_eq!(state, "finished", "{recorded}");
                    assert_eq!(seen[text(&recorded, "key")], value, "{recorded}");
                }
                Err(fault) => assert_eq!(state, "failed", "{recorded}: {fault}"),
            }
        }
    }
}

/// From the logs of the deployments that failed: the line counts what Coolify injects before.
#[test]
fn a_fault_names_the_line_and_quotes_the_value() {
    let literal = |key: &str, value: &str| EnvRow {
        key: key.to_owned(),
        value: Some(value.to_owned()),
        literal: true,
        runtime: true,
        ..EnvRow::default()
    };
    let fault = |value| {
        seen_with(vec![literal("BAD", value), literal("L_SIMPLE", "hello")]).expect_err(value)
    };
    let unexpected = "unexpected character \"'\" in variable name";
    assert_eq!(fault("a'b"), format!("line 7: {unexpected} \"b'\""));
    assert_eq!(fault("'abc'"), format!("line 7: {unexpected} \"abc''\""));
    assert_eq!(fault("a\\"), format!("line 8: {unexpected} \"hello'\""));
    let json = "line 8: unexpected character \"\\\"\" in variable name \"\\\"a\\\": 1\"";
    assert_eq!(fault("{\n \"a\": 1\n}"), json);
}

fn plain(key: &str, value: &str) -> EnvRow {
    let (key, value) = (key.to_owned(), stored(value));
    EnvRow { key, value, runtime: true, ..EnvRow::default() }
}

#[test]
fn coolify_injects_its_own_unless_they_are_set() {
    let mut job = job(vec![plain("HOST", "127.0.0.1"), plain("SOURCE_COMMIT", "abc")]);
    job.app.domains = Some("https://api.nutri.app:3000".to_owned());
    job.app.ports_exposes = Some("3000,4000".to_owned());
    let seen = seen(&env_file(&job, "app-010203000004")).expect("a file that can be read");
    let expected = [
        ("COOLIFY_BRANCH", ""),
        ("COOLIFY_CONTAINER_NAME", "app-010203000004"),
        ("COOLIFY_FQDN", "api.nutri.app:3000"),
        ("COOLIFY_RESOURCE_UUID", "app"),
        ("COOLIFY_URL", "https://api.nutri.app:3000"),
        ("HOST", "127.0.0.1"),
        ("PORT", "3000"),
        ("SOURCE_COMMIT", "abc"),
    ];
    let seen: Vec<_> = seen.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(seen, expected);
}

#[test]
fn only_runtime_variables_reach_the_container_and_the_last_of_two_wins() {
    let build = EnvRow { runtime: false, buildtime: true, ..plain("BUILD", "x") };
    let seen = seen_with(vec![plain("A", "1"), build, plain("A", "2"), plain("EMPTY", " ")]);
    let seen = seen.expect("a file that can be read");
    assert_eq!(seen["A"], "2");
    assert_eq!(seen["EMPTY"], "");
    assert!(!seen.contains_key("BUILD"));
}

#[test]
fn a_name_is_expanded_from_the_whole_file() {
    let seen = seen_with(vec![plain("A", "${B:-none} ${C:+set} ${D-none}"), plain("B", "b")]);
    let seen = seen.expect("a file that can be read");
    assert_eq!(seen["A"], "b  none");
}

#[test]
fn a_dollar_without_a_name_fails_the_deployment() {
    let fault = seen_with(vec![plain("PRICE", "5$")]).expect_err("no template");
    assert_eq!(fault, "Invalid template: \"5$\"");
    let fault = seen_with(vec![plain("A", "${B:?set it}")]).expect_err("B is not set");
    assert_eq!(fault, "required variable B is missing a value: set it");
}

#[test]
fn a_line_that_follows_is_read_as_a_name() {
    let seen = seen_with(vec![plain("A", "one\nHOME\n# two\nB: three\nC=\"x\\ty $HOME\"")]);
    // Coolify escapes the quotes, so the last line has none for compose.
    let seen = seen.expect("a file that can be read");
    assert_eq!((seen["A"].as_str(), seen["HOME"].as_str()), ("one", "/root"));
    assert_eq!((seen["B"].as_str(), seen["C"].as_str()), ("three", "\\\"x\\\\ty /root\\\""));
    let fault = seen_with(vec![plain("A", "one\ntwo three")]).err();
    assert_eq!(fault.as_deref(), Some("line 8: key cannot contain a space"));
}
