//! Somebody who uses the app through its public URL.

use crate::web;
use serde_json::{Value, json};
use xtask_http::Method;

const DAY: &str = "2026-11-23";

pub(crate) struct Customer {
    url: String,
    token: String,
}

impl Customer {
    pub(crate) fn register(url: &str) -> Self {
        let account = json!({ "email": "ada@nutri.example", "password": "correct horse battery" });
        post(&format!("{url}/api/auth/register"), None, &account);
        let answer = post(&format!("{url}/api/auth/login"), None, &account);
        Self { url: url.to_owned(), token: answer["token"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn eats(&self, description: &str) {
        let meal = json!({ "eaten_on": DAY, "description": description });
        post(&format!("{}/api/meals", self.url), Some(&self.token), &meal);
    }

    /// What the day adds up to; every part of it must be known.
    pub(crate) fn kilocalories(&self) -> f64 {
        let url = format!("{}/api/summary?date={DAY}", self.url);
        let bearer = format!("Bearer {}", self.token);
        let text = web::ask(Method::GET, &url, &[("authorization", &bearer)], None).unwrap();
        let summary: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(summary["estimates"], "complete", "{summary}");
        summary["total"]["kcal"].as_f64().unwrap_or_else(|| panic!("no kcal in {summary}"))
    }
}

fn post(url: &str, token: Option<&str>, body: &Value) -> Value {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let json = ("content-type", "application/json");
    let bearer = bearer.as_deref().map(|bearer| ("authorization", bearer));
    let headers: Vec<_> = [json].into_iter().chain(bearer).collect();
    let text = web::ask(Method::POST, url, &headers, Some(&body.to_string())).unwrap();
    serde_json::from_str(&text).unwrap()
}
