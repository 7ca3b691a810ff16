//! Deployments at GitHub: what we send and what the double answers are both held to GitHub's own
//! description of its API, in `deployments/contract.json`.

use serde_json::{Value, json};
use xtask_core::secret::Secret;
use xtask_core::ship::notify::github::State;
use xtask_fakes::faults::Fault;
use xtask_fakes::github::{Exchange, FakeGitHub, TOKEN};
use xtask_http::{Client, Settings};
use xtask_providers::call::Kind;
use xtask_providers::github::{Deployments, NewDeployment, NewStatus};

fn deployments(fake: &FakeGitHub, token: &str) -> Deployments {
    let client = Client::new(Settings::of(|_| None));
    Deployments::new(client, &fake.url(), "acme/nutri", Secret::new(token))
}

fn new(environment: &str) -> NewDeployment {
    NewDeployment {
        commit: "c0".into(),
        environment: environment.into(),
        description: "rollout of c0".into(),
        production_environment: environment == "production",
    }
}

fn status(state: State) -> NewStatus {
    NewStatus {
        state,
        description: "it goes on".into(),
        environment_url: "https://api.example".into(),
        log_url: Some("https://ci.example/7".into()),
    }
}

/// What is wrong with `value`, by the rules of a schema that GitHub's description uses.
fn wrong(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let fits = |one: &Value| {
            let mut inner = Vec::new();
            wrong(one, value, place, &mut inner);
            inner.is_empty()
        };
        if !any.iter().any(fits) {
            found.push(format!("{place}: fits none"));
        }
        return;
    }
    if value.is_null() && schema["nullable"] == json!(true) {
        return;
    }
    let is_kind = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !is_kind {
        found.push(format!("{place}: wanted {}, found {value}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        found.push(format!("{place}: {value} is none of those"));
    }
    let length = value.as_str().map_or(0, |it| it.chars().count() as u64);
    if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
        found.push(format!("{place}: too long"));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(key).is_none() {
            found.push(format!("{place}.{key}: missing"));
        }
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(key) {
            wrong(schema, value, &format!("{place}.{key}"), found);
        }
    }
    for value in value.as_array().into_iter().flatten() {
        wrong(&schema["items"], value, &format!("{place}[]"), found);
    }
}

/// Every exchange of the double, and every key that was sent, is one that GitHub describes.
fn assert_described(fake: &FakeGitHub) {
    assert_described_but(fake, &[]);
}

/// The same, but for what was answered `not_described`; each of that must have happened.
pub(crate) fn assert_described_but(fake: &FakeGitHub, not_described: &[(&str, u16)]) {
    let contract: Value = serde_json::from_str(include_str!("deployments/contract.json")).unwrap();
    let state = fake.state();
    let all: Vec<_> = state.deployments.exchanges.into_iter().chain(state.exchanges).collect();
    for (name, status) in not_described {
        let is_it = |it: &Exchange| it.name == *name && it.status == *status;
        assert!(all.iter().any(is_it), "{name} was never answered {status}");
    }
    let is_excused = |it: &Exchange| not_described.contains(&(it.name.as_str(), it.status));
    for exchange in all.into_iter().filter(|it| !is_excused(it)) {
        let described = &contract["exchanges"][&exchange.name];
        assert!(described.is_object(), "{}", exchange.name);
        let mut found = Vec::new();
        if described["request"].is_object() {
            wrong(&described["request"], &exchange.request, "request", &mut found);
            let known = described["request"]["properties"].as_object().unwrap();
            let sent = exchange.request.as_object().unwrap();
            found.extend(sent.keys().filter(|it| !known.contains_key(*it)).cloned());
        }
        let answer = &described["answers"][exchange.status.to_string()];
        assert!(answer.is_object(), "{} answered {}", exchange.name, exchange.status);
        wrong(answer, &exchange.answer, "answer", &mut found);
        assert!(found.is_empty(), "{}: {found:?}", exchange.name);
    }
}

#[test]
fn the_rules_find_what_is_wrong() {
    let schema = json!({ "type": "object", "required": ["a"], "properties": {
        "a": { "type": "string", "enum": ["x"] }, "b": { "type": "integer", "nullable": true },
        "c": { "oneOf": [{ "type": "string" }, { "type": "object" }] },
        "d": { "type": "array", "items": { "type": "boolean" } },
    }});
    let count = |value: Value| {
        let mut found = Vec::new();
        wrong(&schema, &value, "", &mut found);
        found.len()
    };
    assert_eq!(count(json!({ "a": "x", "b": null, "c": {}, "d": [true] })), 0);
    assert_eq!(count(json!({ "b": "1", "c": 1, "d": [1] })), 4);
    assert_eq!(count(json!({ "a": "y" })), 1);
}

#[tokio::test]
async fn a_deployment_goes_from_queued_to_success_and_is_described_by_github() {
    let fake = FakeGitHub::start("c0");
    fake.set_check_pending("c0");
    let all = deployments(&fake, TOKEN);
    let first = all.create(&new("staging")).await.unwrap();
    for state in [State::Queued, State::InProgress, State::Success] {
        all.say(first, &status(state)).await.unwrap();
    }
    let second = all.create(&new("staging")).await.unwrap();
    all.say(second, &status(State::Failure)).await.unwrap();
    assert_eq!(fake.state().deployments.states(), ["success", "failure"], "what served serves");
    let third = all.create(&new("staging")).await.unwrap();
    all.say(third, &NewStatus { log_url: None, ..status(State::Success) }).await.unwrap();
    assert_eq!(fake.state().deployments.states(), ["inactive", "failure", "success"]);
    assert_eq!(all.newest("staging", 2).await.unwrap(), [3, 2]);
    assert!(all.newest("production", 9).await.unwrap().is_empty());
    assert!(all.serves(third).await.unwrap() && !all.serves(second).await.unwrap());
    assert_described(&fake);
}

#[tokio::test]
async fn where_users_are_github_makes_nothing_inactive_by_itself() {
    let fake = FakeGitHub::start("c0");
    let all = deployments(&fake, TOKEN);
    for number in 1..=2 {
        assert_eq!(all.create(&new("production")).await.unwrap(), number);
        all.say(number, &status(State::Success)).await.unwrap();
    }
    assert_eq!(fake.state().deployments.states(), ["success", "success"]);
    all.say(1, &status(State::Inactive)).await.unwrap();
    assert_eq!(fake.state().deployments.states(), ["inactive", "success"]);
    assert_described(&fake);
}

#[tokio::test]
async fn what_github_refuses_is_said_and_a_merge_is_no_deployment() {
    let fake = FakeGitHub::start("c0");
    let known = deployments(&fake, TOKEN);
    let unknown = NewDeployment { commit: "c9".into(), ..new("production") };
    let error = known.create(&unknown).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::Invalid);
    assert!(error.in_one_line().ends_with("GitHub said: No ref found for"), "{error:?}");
    fake.fail([Fault::answer(202, json!({ "message": "Auto-merged" }).to_string())]);
    assert_eq!(known.create(&new("production")).await.unwrap_err().kind(), &Kind::Unexpected);
    let long = NewStatus { description: "x".repeat(141), ..status(State::Success) };
    let made = known.create(&new("production")).await.unwrap();
    assert_eq!(known.say(made, &long).await.unwrap_err().kind(), &Kind::Invalid);
    assert_eq!(known.say(99, &status(State::Queued)).await.unwrap_err().kind(), &Kind::NotFound);
    let error = deployments(&fake, "hunter2hunter2").newest("x", 1).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::Unauthenticated);
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn githubs_limits_come_as_403_too() {
    let fake = FakeGitHub::start("c0");
    let all = deployments(&fake, TOKEN);
    let said = json!({ "message": "You have exceeded a secondary rate limit." }).to_string();
    fake.fail([Fault::answer(403, said.clone()).with("Retry-After", "0")]);
    assert_eq!(all.create(&new("staging")).await.unwrap(), 1);
    fake.fail([Fault::answer(403, said.clone())
        .with("X-RateLimit-Remaining", "0")
        .with("X-RateLimit-Reset", "4102444800")]);
    let error = all.create(&new("staging")).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::TooMany { retry_after: Some(_) }), "{error:?}");
    fake.fail([Fault::answer(
        403,
        json!({ "message": "Resource not accessible by integration" }).to_string(),
    )]);
    let error = all.create(&new("staging")).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::Forbidden, "it is not asked again");
    assert_eq!(fake.state().deployments.all.len(), 1);
}
