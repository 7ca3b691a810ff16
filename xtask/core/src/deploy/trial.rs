//! What a service is asked to show that it works on a database: it reads and it writes.

use crate::reader::Table;
use std::collections::BTreeMap;

/// One question, and the answer that is wanted. `{name}` stands for what an earlier answer gave,
/// and `{random}` for a word that is new each time the questions are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub method: Method,
    pub path: String,
    /// What is sent, as JSON; nothing if it is empty.
    pub body: String,
    /// The name of what is shown as a bearer's token.
    pub bearer: Option<String>,
    /// The status of a good answer.
    pub status: u64,
    /// A word that a good answer holds.
    pub holds: Option<String>,
    /// What is taken out of the answer: names, and JSON pointers to texts.
    pub keep: Vec<(String, String)>,
}

/// What kind of question it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// What the questions have in common while they are asked.
pub type Known = BTreeMap<String, String>;

/// The text with every `{name}` that is known filled in.
pub fn filled(text: &str, known: &Known) -> String {
    let fill = |text: String, (name, value): (&String, &String)| {
        text.replace(&format!("{{{name}}}"), value)
    };
    known.iter().fold(text.to_owned(), fill)
}

/// Whether a service passed, in words; what it answered is no part of it where it may hold secrets.
pub fn judge(question: &Question, known: &Known, status: u16, body: &str) -> Result<(), String> {
    let path = &question.path;
    if u64::from(status) != question.status {
        return Err(format!("`{path}` answered {status}, wanted {}", question.status));
    }
    match &question.holds {
        Some(word) if !body.contains(&filled(word, known)) => {
            Err(format!("`{path}` answered without `{word}`"))
        }
        _ => Ok(()),
    }
}

pub(super) fn read_all(table: &Table<'_>) -> Vec<Question> {
    table.tables("trial", read)
}

fn read(table: &Table<'_>) -> Option<Question> {
    let (get, post) = (table.optional_text("get"), table.optional_text("post"));
    let status = table.number("status", 200..=599);
    let body = table.optional_text("body").unwrap_or_default();
    let bearer = table.optional_text("bearer");
    let holds = table.optional_text("holds");
    let keep = table.text_table("keep");
    let (method, path) = match (get, post) {
        (Some(path), None) => (Method::Get, path),
        (None, Some(path)) => (Method::Post, path),
        _ => {
            table.refuse("get", "wanted `get` or `post`, one of them");
            return None;
        }
    };
    if !path.starts_with('/') {
        table.refuse("get", format!("`{path}` is no path: wanted `/` at its start"));
        return None;
    }
    Some(Question { method, path, body, bearer, status: status?, holds, keep })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(status: u64, holds: Option<&str>) -> Question {
        Question {
            method: Method::Get,
            path: "/meals".into(),
            body: String::new(),
            bearer: None,
            status,
            holds: holds.map(ToOwned::to_owned),
            keep: Vec::new(),
        }
    }

    #[test]
    fn what_is_known_is_filled_in_and_other_braces_stay() {
        let known = Known::from([("id".into(), "7".into())]);
        assert_eq!(filled(r#"{"id":"{id}","x":"{y}"}"#, &known), r#"{"id":"7","x":"{y}"}"#);
    }

    #[test]
    fn an_answer_is_good_by_its_status_and_by_what_it_holds() {
        let known = Known::from([("random".into(), "abc".into())]);
        let said =
            |question: &Question, status, body| judge(question, &known, status, body).is_ok();
        assert!(said(&question(200, None), 200, ""));
        assert!(!said(&question(200, None), 503, ""));
        assert!(said(&question(200, Some("trial {random}")), 200, "a trial abc"));
        assert!(!said(&question(200, Some("trial {random}")), 200, "nothing"));
    }
}
