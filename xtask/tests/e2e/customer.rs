//! Somebody who uses the app through its public URL.

use crate::web;
use serde_json::{Value, json};
use xtask_http::Method;

const DAY: &str = "2026-11-23";

pub(crate) struct Customer {
    url: String,
}

impl Customer {
    pub(crate) fn register(url: &str) -> Self {
        post(&format!("{url}/api/auth/register"), None, &account());
        Self { url: url.to_owned() }
    }

    pub(crate) fn eats(&self, description: &str) {
        let meal = json!({ "eaten_on": DAY, "description": description });
        post(&format!("{}/api/meals", self.url), Some(&self.token()), &meal);
    }

    /// A new one each time: a token lives for minutes only, and a story may take longer.
    fn token(&self) -> String {
        let session = post(&format!("{}/api/auth/login", self.url), None, &account());
        session["token"].as_str().unwrap().to_owned()
    }

    /// Whether a food of that name is shared with everybody.
    pub(crate) fn finds(&self, food: &str) -> bool {
        let page = self.get(&format!("/api/foods?q={food}"));
        let foods = page["items"].as_array().unwrap();
        foods.iter().any(|it| it["name"] == food && it["owned"] == false)
    }

    /// What the day adds up to; every part of it must be known.
    pub(crate) fn kilocalories(&self) -> f64 {
        let summary = self.get(&format!("/api/summary?date={DAY}"));
        assert_eq!(summary["estimates"], "complete", "{summary}");
        summary["total"]["kcal"].as_f64().unwrap_or_else(|| panic!("no kcal in {summary}"))
    }

    fn get(&self, path: &str) -> Value {
        let bearer = format!("Bearer {}", self.token());
        let url = format!("{}{path}", self.url);
        let text = web::ask(Method::GET, &url, &[("authorization", &bearer)], None).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn account() -> Value {
    json!({ "email": "ada@nutri.example", "password": "correct horse battery" })
}

fn post(url: &str, token: Option<&str>, body: &Value) -> Value {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let json = ("content-type", "application/json");
    let bearer = bearer.as_deref().map(|bearer| ("authorization", bearer));
    let headers: Vec<_> = [json].into_iter().chain(bearer).collect();
    let text = web::ask(Method::POST, url, &headers, Some(&body.to_string())).unwrap();
    serde_json::from_str(&text).unwrap()
}
