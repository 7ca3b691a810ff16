//! Discord, as far as one webhook goes: messages in memory, with the limits that it has, in code
//! points after blanks at both ends are gone, and with its own refusals.

use crate::double::{Answers, Double};
use crate::http::{Request, Response};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, PoisonError};

const ID: &str = "1311111111111111111";
const TOKEN: &str = "fake-discord-token_Zq8Xw3Yv5Ut7Sr9P";

/// A running Discord with one webhook.
pub type FakeDiscord = Double<Discord>;

/// What it has.
#[derive(Debug, Default)]
pub struct Discord {
    messages: Mutex<Vec<Value>>,
}

impl FakeDiscord {
    pub fn start() -> Self {
        Self::of(Discord::default())
    }

    /// The address of its webhook: who knows it may post there.
    pub fn webhook(&self) -> String {
        format!("{}/api/webhooks/{ID}/{TOKEN}", self.url())
    }

    /// What was posted; each with whether it `pings` everybody.
    pub fn messages(&self) -> Vec<Value> {
        self.own().messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Answers for Discord {
    const FAULTS: &'static str = "application/json";

    fn answer(&self, request: &Request) -> Response {
        match self.post(request) {
            Ok(message) if request.parameter("wait") == Some("true") => answer(200, &message),
            // Whether it was kept or not: who does not wait is not told.
            Ok(_) => Response::new(204),
            Err((status, refusal)) => answer(status, &refusal),
        }
    }
}

fn answer(status: u16, body: &Value) -> Response {
    Response::new(status).with("Content-Type", "application/json").body(body.to_string())
}

type Refusal = (u16, Value);

fn refused(status: u16, code: u64, message: &str) -> Refusal {
    (status, json!({ "message": message, "code": code }))
}

impl Discord {
    fn post(&self, request: &Request) -> Result<Value, Refusal> {
        let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        match path.as_slice() {
            ["api", "webhooks", ID, TOKEN] => {}
            ["api", "webhooks", ID, _] => return Err(refused(401, 50027, "Invalid Webhook Token")),
            ["api", "webhooks", _, _] => return Err(refused(404, 10015, "Unknown Webhook")),
            _ => return Err(refused(404, 0, "404: Not Found")),
        }
        if request.method != "POST" {
            return Err(refused(405, 0, "405: Method Not Allowed"));
        }
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|_| refused(400, 50109, "The request body contains invalid JSON."))?;
        check(&body)?;
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = body.clone();
        message["id"] = json!((1_400_000_000_000_000_000 + messages.len() as u64).to_string());
        message["webhook_id"] = json!(ID);
        message["type"] = json!(0);
        message["pings"] = json!(pings(&body));
        messages.push(message.clone());
        Ok(message)
    }
}

/// Whether everybody is called: embeds never do.
fn pings(body: &Value) -> bool {
    let content = body["content"].as_str().unwrap_or_default();
    let is_allowed = match body["allowed_mentions"]["parse"].as_array() {
        Some(parsed) => parsed.contains(&json!("everyone")),
        None => true,
    };
    is_allowed && (content.contains("@everyone") || content.contains("@here"))
}

fn check(body: &Value) -> Result<(), Refusal> {
    let content = body["content"].as_str().unwrap_or_default().trim();
    let embeds = body["embeds"].as_array().cloned().unwrap_or_default();
    if content.is_empty() && embeds.is_empty() {
        return Err(refused(400, 50006, "Cannot send an empty message"));
    }
    let mut errors = Map::new();
    too_long(content, 2000, "content", &mut errors);
    if embeds.len() > 10 {
        errors.insert(
            "embeds".into(),
            error("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length."),
        );
    }
    let mut together = 0;
    for (number, embed) in embeds.iter().enumerate() {
        together += check_embed(&format!("embeds.{number}"), embed, &mut errors);
    }
    if together > 6000 {
        let said = "Embed size exceeds maximum size of 6000";
        errors.insert("embeds".into(), error("MAX_EMBED_SIZE_EXCEEDED", said));
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err((400, json!({ "message": "Invalid Form Body", "code": 50035, "errors": errors })))
}

/// The characters of an embed, as they are added up.
fn check_embed(place: &str, embed: &Value, errors: &mut Map<String, Value>) -> usize {
    let mut together = 0;
    let mut part = |value: &Value, limit: usize, place: String| {
        let text = value.as_str().unwrap_or_default().trim();
        too_long(text, limit, &place, errors);
        together += text.chars().count();
    };
    part(&embed["title"], 256, format!("{place}.title"));
    part(&embed["description"], 4096, format!("{place}.description"));
    part(&embed["footer"]["text"], 2048, format!("{place}.footer.text"));
    part(&embed["author"]["name"], 256, format!("{place}.author.name"));
    let fields = embed["fields"].as_array().cloned().unwrap_or_default();
    for (number, field) in fields.iter().enumerate() {
        part(&field["name"], 256, format!("{place}.fields.{number}.name"));
        part(&field["value"], 1024, format!("{place}.fields.{number}.value"));
    }
    for (number, field) in fields.iter().enumerate() {
        for key in ["name", "value"] {
            if field[key].as_str().is_none_or(|it| it.trim().is_empty()) {
                let place = format!("{place}.fields.{number}.{key}");
                errors.insert(place, error("BASE_TYPE_REQUIRED", "This field is required"));
            }
        }
    }
    if fields.len() > 25 {
        let said = "Must be 25 or fewer in length.";
        errors.insert(format!("{place}.fields"), error("BASE_TYPE_MAX_LENGTH", said));
    }
    together
}

fn too_long(text: &str, limit: usize, place: &str, errors: &mut Map<String, Value>) {
    if text.chars().count() > limit {
        let said = format!("Must be {limit} or fewer in length.");
        errors.insert(place.to_owned(), error("BASE_TYPE_MAX_LENGTH", &said));
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({ "_errors": [{ "code": code, "message": message }] })
}
