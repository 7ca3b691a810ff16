//! Lists: which of the things are meant, in which order, and a page of them.

use super::refusal::Refusal;
use crate::http::Request;
use serde_json::{Value, json};

/// As Hetzner has it.
const USUAL: usize = 25;
const MOST: usize = 50;

/// A page of `all`, under `key`, with what is told about the pages.
pub(super) fn page(request: &Request, key: &str, all: Vec<Value>) -> Result<(u16, Value), Refusal> {
    let per_page = number(request, "per_page", USUAL)?.min(MOST);
    let page = number(request, "page", 1)?;
    let total = all.len();
    let last = total.div_ceil(per_page).max(1);
    let shown: Vec<Value> = all.into_iter().skip((page - 1) * per_page).take(per_page).collect();
    let meta = json!({ "pagination": {
        "page": page, "per_page": per_page,
        "previous_page": (page > 1).then(|| page - 1),
        "next_page": (page < last).then(|| page + 1),
        "last_page": last, "total_entries": total,
    }});
    Ok((200, json!({ key: shown, "meta": meta })))
}

fn number(request: &Request, name: &str, usual: usize) -> Result<usize, Refusal> {
    let Some(text) = request.parameter(name) else { return Ok(usual) };
    let number = text.parse().ok().filter(|it| *it > 0);
    number.ok_or_else(|| Refusal::invalid(name, "must be a positive number"))
}

/// Whether the request means the thing: by `name`, by `label_selector`.
pub(super) fn is_meant(request: &Request, thing: &Value) -> bool {
    let named = request.parameter("name").is_none_or(|name| thing["name"] == name);
    let selector = request.parameter("label_selector").unwrap_or_default();
    named && terms(selector).into_iter().all(|term| holds(term, &thing["labels"]))
}

/// The terms of a selector: commas in brackets stand between values.
fn terms(selector: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = selector.split(|it: char| {
        depth += i32::from(it == '(') - i32::from(it == ')');
        it == ',' && depth == 0
    });
    parts.map(str::trim).filter(|it| !it.is_empty()).collect()
}

fn holds(term: &str, labels: &Value) -> bool {
    let of = |key: &str| labels.get(key.trim()).and_then(Value::as_str);
    if let Some((key, list)) = term.strip_suffix(')').and_then(|it| it.split_once('(')) {
        let mut words = key.split_whitespace();
        let (key, is_not) = (words.next().unwrap_or_default(), words.next() == Some("notin"));
        let is_in = of(key).is_some_and(|own| list.split(',').any(|it| it.trim() == own));
        return is_in != is_not;
    }
    if let Some((key, value)) = term.split_once("!=") {
        return of(key) != Some(value.trim());
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return of(key) == Some(value.trim());
    }
    match term.strip_prefix('!') {
        Some(key) => of(key).is_none(),
        None => of(term).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_means_what_hetzner_says_it_means() {
        let labels = json!({ "env": "prod", "app": "nutri" });
        let all = |selector: &str| terms(selector).into_iter().all(|it| holds(it, &labels));
        for yes in ["env==prod", "env=prod,app", "env in (dev,prod)", "env!=dev,!other", ""] {
            assert!(all(yes), "{yes}");
        }
        for no in ["env==dev", "!env", "other", "env notin (prod,dev)", "env=prod,app!=nutri"] {
            assert!(!all(no), "{no}");
        }
    }
}
