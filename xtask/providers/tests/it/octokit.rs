//! GitHub's own client drives our double: it gets on with it, and every exchange between the two is
//! one that GitHub describes, but for those below.

use super::clients::clients;
use super::deployments::assert_described_but;
use serde_json::{Value, json};
use std::process::Command;
use xtask_fakes::github::{FakeGitHub, TOKEN};

/// What the double answers and GitHub's description does not tell: refusals that were seen, and
/// what a request held that is refused for it.
const NOT_DESCRIBED: [(&str, u16); 3] =
    [("POST variables", 409), ("PUT secrets", 422), ("POST statuses", 422)];

#[test]
fn githubs_own_client_gets_on_with_the_double_and_what_they_say_is_described() {
    let fake = FakeGitHub::start("c0").with_environment("production");
    let script = clients().join("github.mjs");
    let ran = Command::new("node").arg(script).args([&fake.url(), TOKEN]).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let lines = String::from_utf8(ran.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let heard: Vec<(&str, u64)> = lines
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["status"].as_u64().unwrap()))
        .collect();
    let wanted = [
        ("deployment", 201),
        ("queued", 201),
        ("in_progress", 201),
        ("success", 201),
        ("deployment", 201),
        ("success", 201),
        ("list", 200),
        ("statuses", 200),
        ("a merge", 202),
        ("no commit", 422),
        ("no state", 422),
        ("key", 200),
        ("made", 201),
        ("changed", 204),
        ("secrets", 200),
        ("not sealed", 422),
        ("other key", 422),
        ("variable", 201),
        ("again", 409),
        ("update", 204),
        ("read", 200),
        ("none", 404),
        ("deleted", 204),
    ];
    assert_eq!(heard, wanted);
    let said = |name: &str| lines.iter().find(|it| it["name"] == name).unwrap()["data"].clone();
    assert_eq!(said("secrets")["total_count"], json!(1));
    assert_eq!(said("read")["value"], "two");
    assert_eq!(fake.state().deployments.states(), ["inactive", "success"]);
    assert!(fake.state().environments["production"].secrets.is_empty());
    assert_described_but(&fake, &NOT_DESCRIBED);
}
