//! Refusals in Hetzner's own form: `{"error": {"code", "message", "details"}}`.

use crate::http::Response;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let body = json!({ "error": { "code": code, "message": message.into(), "details": null } });
        Self { status, body, headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    fn details(mut self, details: Value) -> Self {
        self.body["error"]["details"] = details;
        self
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("{what} not found"))
    }

    /// One field is wrong.
    pub(super) fn invalid(field: &str, message: &str) -> Self {
        Self::new(422, "invalid_input", format!("invalid input in field '{field}'"))
            .details(json!({ "fields": [{ "name": field, "messages": [message] }] }))
    }

    /// Something of that name, or of that fingerprint, is there.
    pub(super) fn taken(field: &str) -> Self {
        Self::new(409, "uniqueness_error", format!("{field} is already used"))
            .details(json!({ "fields": [{ "name": field }] }))
    }

    pub(super) fn limit(name: &str) -> Self {
        Self::new(403, "resource_limit_exceeded", format!("{name} limit exceeded"))
            .details(json!({ "limits": [{ "name": name }] }))
    }

    pub(super) fn locked() -> Self {
        Self::new(423, "locked", "resource is locked by a running action")
    }

    pub(super) fn protected() -> Self {
        Self::new(423, "protected", "resource is protected")
    }

    pub(super) fn unavailable() -> Self {
        Self::new(503, "unavailable", "service is unavailable")
    }

    pub(super) fn response(self) -> Response {
        let response = Response::new(self.status).with("Content-Type", "application/json");
        let headers = self.headers.into_iter();
        let response = headers.fold(response, |it, (name, value)| it.with(name, value));
        response.body(self.body.to_string())
    }
}
