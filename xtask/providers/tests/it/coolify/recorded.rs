//! Answers that a running Coolify 4.3.11 gave, one for each form of each. What is not read here is
//! nothing that the client asks for.

mod read;

use super::server::{Scripted, json, quick};
use serde_json::Value;
use xtask_fakes::http::Response;
use xtask_providers::coolify::{Field, Kind, Settings};

const ANSWERS: &str = include_str!("../../recordings/answers.jsonl");
const REFUSALS: &str = include_str!("../../recordings/refusals.jsonl");

struct Recorded {
    row: Value,
}

fn all(text: &str) -> Vec<Recorded> {
    text.lines().map(|line| Recorded { row: serde_json::from_str(line).unwrap() }).collect()
}

impl Recorded {
    fn text(&self, key: &str) -> &str {
        self.row[key].as_str().unwrap_or_default()
    }

    fn body(&self) -> &Value {
        &self.row["body"]
    }

    fn status(&self) -> u16 {
        u16::try_from(self.row["status"].as_u64().unwrap()).unwrap()
    }

    /// As the framework writes it where it does, and as the controllers do otherwise.
    fn response(&self) -> Response {
        let mut response = match &self.row["text"] {
            Value::String(text) => {
                Response::new(self.status()).with("Content-Type", "text/html").body(text.as_str())
            }
            _ if self.status() >= 429 => {
                json(self.status(), serde_json::to_string_pretty(self.body()).unwrap())
            }
            _ => json(self.status(), self.body().to_string()),
        };
        for header in ["retry-after", "x-ratelimit-reset"] {
            if let Value::String(value) = &self.row[header] {
                response = response.with(header, value.as_str());
            }
        }
        response
    }

    /// The path with a star for each uuid.
    fn route(&self) -> String {
        let path = self.text("path").split('?').next().unwrap();
        let piece =
            |piece: &str| if piece.starts_with('<') { "*".to_owned() } else { piece.to_owned() };
        let pieces: Vec<String> = path.split('/').map(piece).collect();
        format!("{} {}", self.text("method"), pieces.join("/"))
    }
}

#[tokio::test]
async fn every_recorded_answer_is_read_without_loss_of_what_is_used() {
    let server = Scripted::new([]);
    let coolify = server.client();
    let mut unread = std::collections::BTreeSet::new();
    for recorded in all(ANSWERS) {
        server.answers(recorded.response());
        match read::read(&coolify, &recorded.route(), recorded.body()).await {
            Some(outcome) => {
                outcome.unwrap_or_else(|error| panic!("{}: {error}", recorded.text("from")));
            }
            None => {
                unread.insert(recorded.route());
            }
        }
    }
    // A variable is changed in bulk alone, and a bucket is found in the list.
    let wanted = ["GET s3-storages/*", "PATCH applications/*/envs", "POST s3-storages"];
    assert_eq!(unread.into_iter().collect::<Vec<_>>(), wanted);
}

/// What each refusal is, from its status and Coolify's manual alone.
fn is_right(recorded: &Recorded, kind: &Kind) -> bool {
    let message = recorded.body()["message"].as_str().unwrap_or_default();
    let is_routed = recorded.body().get("docs").is_none();
    match recorded.status() {
        400 => *kind == Kind::BadRequest,
        401 => *kind == Kind::Unauthenticated,
        403 if message == "API is disabled." => *kind == Kind::ApiOff,
        403 if message.ends_with("access the API.") => *kind == Kind::AddressRefused,
        403 if message.contains("team role") => *kind == Kind::TeamRole,
        403 => {
            let ability = message.strip_prefix("Missing required permissions: ");
            *kind == Kind::Forbidden { ability: ability.map(ToOwned::to_owned) }
        }
        404 => *kind == if is_routed { Kind::NotFound } else { Kind::NoSuchRoute },
        405 => *kind == Kind::NoSuchRoute,
        409 => *kind == Kind::Conflict,
        422 => matches!(kind, Kind::Invalid { fields } if names(fields) == wanted_names(recorded)),
        429 => matches!(kind, Kind::TooMany { retry_after: Some(_) } | Kind::QueueFull { .. }),
        500 => *kind == Kind::ServerError,
        _ => false,
    }
}

fn names(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

fn wanted_names(recorded: &Recorded) -> Vec<String> {
    match &recorded.body()["errors"] {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(all) => all.iter().map(|_| String::new()).collect(),
        _ => vec![String::new()],
    }
}

#[tokio::test]
async fn every_recorded_refusal_becomes_the_right_kind() {
    let server = Scripted::new([]);
    let coolify = server.client_with(Settings { tries: 1, ..quick() });
    for recorded in all(REFUSALS) {
        server.answers(recorded.response());
        let error = coolify.projects().await.unwrap_err();
        let from = recorded.text("from");
        assert!(is_right(&recorded, error.kind()), "{from}: {:?}", error.kind());
        assert_eq!(error.status().unwrap().as_u16(), recorded.status(), "{from}");
    }
}
