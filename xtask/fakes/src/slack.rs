//! Slack, as far as one incoming webhook goes: messages in memory, with its limits, and refusals of
//! one word each.

use crate::double::{Answers, Double};
use crate::http::{Request, Response};
use serde_json::Value;
use std::sync::{Mutex, PoisonError};

const TEAM: &str = "T0FAKE";
const SERVICE: &str = "B0FAKE";
const TOKEN: &str = "fakeSlackTokenZq8Xw3Yv";

/// Together the texts of all blocks may be about that long; nobody has written it down.
const BLOCKS_MAX: usize = 13_200;

/// A running Slack with one webhook.
pub type FakeSlack = Double<Slack>;

/// What it has.
#[derive(Debug, Default)]
pub struct Slack {
    messages: Mutex<Vec<Value>>,
}

impl FakeSlack {
    pub fn start() -> Self {
        Self::of(Slack::default())
    }

    /// The address of its webhook: who knows it may post there.
    pub fn webhook(&self) -> String {
        format!("{}/services/{TEAM}/{SERVICE}/{TOKEN}", self.url())
    }

    /// What was posted.
    pub fn messages(&self) -> Vec<Value> {
        self.own().messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Answers for Slack {
    const FAULTS: &'static str = "text/plain";

    fn answer(&self, request: &Request) -> Response {
        let (status, word) = match self.post(request) {
            Ok(()) => (200, "ok"),
            Err(refusal) => refusal,
        };
        Response::new(status).with("Content-Type", "text/html").body(word)
    }
}

type Refusal = (u16, &'static str);

impl Slack {
    fn post(&self, request: &Request) -> Result<(), Refusal> {
        let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        match path.as_slice() {
            ["services", TEAM, SERVICE, TOKEN] => {}
            ["services", TEAM, SERVICE, _] => return Err((403, "invalid_token")),
            ["services", TEAM, _, _] => return Err((404, "no_service")),
            _ => return Err((404, "no_team")),
        }
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| (400, "invalid_payload"))?;
        check(&body)?;
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        Ok(())
    }
}

fn check(body: &Value) -> Result<(), Refusal> {
    let text = body["text"].as_str().unwrap_or_default();
    let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
    if text.is_empty() && blocks.is_empty() {
        return Err((400, "no_text"));
    }
    if blocks.len() > 50 || !blocks.iter().all(is_block) {
        return Err((400, "invalid_blocks"));
    }
    let together: usize = blocks.iter().map(length).sum();
    if together > BLOCKS_MAX { Err((400, "msg_blocks_too_long")) } else { Ok(()) }
}

fn is_block(block: &Value) -> bool {
    let text = &block["text"];
    match block["type"].as_str() {
        Some("header") => text["type"] == "plain_text" && is_text(text, 150),
        Some("section") => {
            let fields = block["fields"].as_array().cloned().unwrap_or_default();
            let has_either = !text.is_null() || !fields.is_empty();
            let text_fits = text.is_null() || is_text(text, 3000);
            has_either
                && text_fits
                && fields.len() <= 10
                && fields.iter().all(|it| is_text(it, 2000))
        }
        Some("divider") => true,
        _ => false,
    }
}

fn is_text(text: &Value, limit: usize) -> bool {
    let is_known = ["plain_text", "mrkdwn"].iter().any(|it| text["type"] == *it);
    let count = text["text"].as_str().map_or(0, |it| it.chars().count());
    is_known && (1..=limit).contains(&count)
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(all) => all.iter().map(length).sum(),
        Value::Object(all) => all.values().map(length).sum(),
        _ => 0,
    }
}
