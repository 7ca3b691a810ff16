//! From an answer that is no success to what is wrong. Coolify has no codes: where a status means
//! several things, a part of its text is all that tells them apart.

use super::error::Kind;
use super::said::{Said, without};
use serde_json::Value;
use std::fmt;
use std::time::{Duration, SystemTime};
use xtask_http::{HeaderMap, StatusCode};

/// A field that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; empty where Coolify does not say.
    pub name: String,
    /// What it says of it, as far as it quotes nothing.
    pub said: Said,
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => formatter.write_str(self.said.as_str()),
            name => write!(formatter, "`{name}`: {}", self.said.as_str()),
        }
    }
}

/// An answer that is no success.
pub(super) struct Refused<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) now: SystemTime,
    pub(super) secrets: &'a [&'a str],
}

impl Refused<'_> {
    /// What is wrong, and what Coolify says of it.
    pub(super) fn kind(&self) -> (Kind, Option<Said>) {
        let body: Value = match serde_json::from_slice(self.body) {
            Ok(body @ Value::Object(_)) => body,
            Ok(_) => return (self.without_words(Kind::Unexpected), None),
            Err(error) if error.is_eof() && !self.body.trim_ascii().is_empty() => {
                return (self.without_words(Kind::Truncated), None);
            }
            Err(_) => return (self.without_words(Kind::NotJson), None),
        };
        let message = body["message"].as_str().unwrap_or_default();
        let said = body["error"].as_str().filter(|_| self.status == StatusCode::BAD_REQUEST);
        let said = said.unwrap_or(message);
        (self.of(message, &body), (!said.is_empty()).then(|| Said::of(said, self.secrets)))
    }

    /// A status that a proxy gives as well is believed without Coolify's words; no other is. A page
    /// that says 404 is not about an object.
    fn without_words(&self, otherwise: Kind) -> Kind {
        match self.status.as_u16() {
            429 => Kind::TooMany { retry_after: self.retry_after() },
            500.. => Kind::ServerError,
            300..=399 => Kind::Unexpected,
            _ => otherwise,
        }
    }

    fn of(&self, message: &str, body: &Value) -> Kind {
        match self.status.as_u16() {
            400 => Kind::BadRequest,
            401 => Kind::Unauthenticated,
            403 => forbidden(message, body),
            // Coolify's page for what it does not route points to its manual.
            404 if body.get("docs").is_some() => Kind::NoSuchRoute,
            404 => Kind::NotFound,
            405 => Kind::NoSuchRoute,
            409 => Kind::Conflict,
            422 => Kind::Invalid { fields: self.fields(message, &body["errors"]) },
            429 => self.too_many(message),
            500.. => Kind::ServerError,
            _ => Kind::Unexpected,
        }
    }

    fn too_many(&self, message: &str) -> Kind {
        let retry_after = self.retry_after();
        // The limit of requests says when it ends, the queue does not.
        let is_queue = !self.headers.contains_key("x-ratelimit-reset")
            && message.starts_with("Deployment queue is full");
        match is_queue {
            true => Kind::QueueFull { retry_after },
            false => Kind::TooMany { retry_after },
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get("retry-after")?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(text).ok()?;
        Some(date.duration_since(self.now).unwrap_or_default())
    }

    /// `errors` is a table of lists, a table of texts or a list of texts.
    fn fields(&self, message: &str, errors: &Value) -> Vec<Field> {
        match errors {
            Value::Object(fields) => {
                fields.iter().map(|(name, why)| self.field(name, first_text(why))).collect()
            }
            Value::Array(all) => all.iter().map(|why| self.field("", first_text(why))).collect(),
            _ if message.is_empty() => Vec::new(),
            _ => vec![self.field("", message)],
        }
    }

    fn field(&self, name: &str, why: &str) -> Field {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '*');
        let name: String = name.chars().take_while(is_name).take(64).collect();
        Field { name: without(&name, self.secrets), said: Said::of(why, self.secrets) }
    }
}

fn first_text(why: &Value) -> &str {
    match why {
        Value::Array(all) => all.first().map_or("", first_text),
        Value::String(text) => text,
        _ => "",
    }
}

fn forbidden(message: &str, body: &Value) -> Kind {
    if let Some(abilities) = message.strip_prefix("Missing required permissions: ") {
        let is_word = |c: char| c.is_ascii_lowercase() || matches!(c, ':' | ',' | ' ' | '*');
        let ability = Some(abilities).filter(|text| text.len() < 64 && text.chars().all(is_word));
        return Kind::Forbidden { ability: ability.map(ToOwned::to_owned) };
    }
    match message {
        "API is disabled." => Kind::ApiOff,
        "You are not allowed to access the API." => Kind::AddressRefused,
        "Missing required team role." => Kind::TeamRole,
        // Only the door says that it refuses successfully.
        _ if body["success"] == Value::Bool(true) => Kind::AddressRefused,
        _ => Kind::Forbidden { ability: None },
    }
}
