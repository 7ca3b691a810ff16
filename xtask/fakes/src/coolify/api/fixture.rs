//! How an instance begins: the root team with its owner and a member, another team, a stranger,
//! a token for each case, and the server that Coolify itself runs on.

use super::row::{Row, fixture, now, set};
use super::state::{Server, State, Token, User};
use super::version::Version;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The root team.
pub(super) const ROOT_TEAM: i64 = 0;
const OTHER_TEAM: i64 = 1;

type Grant = (&'static str, i64, i64, &'static [&'static str]);

const CI: &[&str] = &["read", "write", "deploy"];

/// A token's label, its user, its team and its abilities.
const GRANTS: &[Grant] = &[
    ("root", 0, ROOT_TEAM, &["root"]),
    ("read", 0, ROOT_TEAM, &["read"]),
    ("read+sensitive", 0, ROOT_TEAM, &["read", "read:sensitive"]),
    ("sensitive", 0, ROOT_TEAM, &["read:sensitive"]),
    ("write", 0, ROOT_TEAM, &["write"]),
    ("deploy", 0, ROOT_TEAM, &["deploy"]),
    ("delete", 0, ROOT_TEAM, &["delete"]),
    ("ci", 0, ROOT_TEAM, CI),
    ("ci+delete", 0, ROOT_TEAM, &["read", "write", "deploy", "delete"]),
    ("none", 0, ROOT_TEAM, &[]),
    ("star", 0, ROOT_TEAM, &["*"]),
    ("expired", 0, ROOT_TEAM, &["root"]),
    ("member-read", 901, ROOT_TEAM, &["read"]),
    ("member-ci", 901, ROOT_TEAM, CI),
    ("member-root", 901, ROOT_TEAM, &["root"]),
    ("member-rs", 901, ROOT_TEAM, &["read", "read:sensitive"]),
    ("other-root", 902, OTHER_TEAM, &["root"]),
    ("other-ci", 902, OTHER_TEAM, CI),
    ("stranger", 903, ROOT_TEAM, &["root"]),
];

/// What a person who deploys has, beside the root user.
const DEPLOYER: &[Grant] = &[
    ("deployer", 904, ROOT_TEAM, &["read", "read:sensitive", "write", "deploy", "delete"]),
    ("deployer-ci", 904, ROOT_TEAM, CI),
];

/// An instance as it is after its installation. The deployer is an admin beside the root user.
pub(super) fn instance(version: Version, with_deployer: bool) -> State {
    let mut state = State::empty(version);
    state.teams = vec![
        team(ROOT_TEAM, "Root Team", Some("The root team")),
        team(OTHER_TEAM, "Other Team", None),
    ];
    state.users = users(with_deployer);
    let grants = GRANTS.iter().chain(DEPLOYER.iter().filter(|_| with_deployer));
    for grant in grants {
        let token = token(&mut state, *grant);
        state.tokens.push(token);
    }
    add_server(&mut state);
    add_notifications(&mut state);
    state
}

fn users(with_deployer: bool) -> Vec<User> {
    let person = |id, name, email, roles| User { id, name, email, roles };
    let mut users = vec![
        person(0, "Root", "root@example.com", vec![(ROOT_TEAM, "owner")]),
        person(901, "Member", "member@example.com", vec![(ROOT_TEAM, "member")]),
        person(902, "Other", "other@example.com", vec![(OTHER_TEAM, "owner")]),
        person(903, "Stranger", "stranger@example.com", Vec::new()),
    ];
    if with_deployer {
        users.push(person(904, "Deployer", "deployer@example.com", vec![(ROOT_TEAM, "admin")]));
    }
    users
}

fn team(id: i64, name: &str, description: Option<&str>) -> Row {
    let row = json!({
        "id": id, "name": name, "description": description, "personal_team": true,
        "created_at": now(), "updated_at": now(), "show_boarding": id == ROOT_TEAM,
        "custom_server_limit": null, "is_mcp_server_enabled": true,
    });
    row.as_object().cloned().unwrap_or_default()
}

/// The secret: forty characters and the checksum's eight.
fn token(state: &mut State, (label, user, team, abilities): Grant) -> Token {
    let id = state.id("tokens");
    let entropy = format!("{}{}", state.uuid(), state.uuid());
    let checksum = hex::encode(&Sha256::digest(&entropy)[..4]);
    let secret = format!("{}{checksum}", &entropy[..40]);
    Token { id, label, secret, user, team, abilities, expired: label == "expired" }
}

fn add_server(state: &mut State) {
    let mut row = fixture(include_str!("fixture/server.json"));
    let mut settings = fixture(include_str!("fixture/server_settings.json"));
    set(&mut row, "uuid", state.uuid());
    for row in [&mut row, &mut settings] {
        set(row, "created_at", now());
        set(row, "updated_at", now());
    }
    state.servers.push(Server { row, settings });
    let destination = json!({
        "id": 0, "uuid": state.uuid(), "name": "coolify", "network": "coolify", "server_id": 0,
        "created_at": now(), "updated_at": now(),
    });
    state.destinations.extend(destination.as_object().cloned());
}

fn add_notifications(state: &mut State) {
    let kinds = fixture(include_str!("fixture/notifications.json"));
    for (id, team) in [(1, ROOT_TEAM), (2, OTHER_TEAM)] {
        for (kind, settings) in &kinds {
            let mut row = settings.as_object().cloned().unwrap_or_default();
            set(&mut row, "id", id);
            set(&mut row, "team_id", team);
            state.notifications.insert((team, kind.clone()), row);
        }
    }
}
