//! What destroys: tables, columns and rows that are gone for good.

use super::Object;
use super::effects::{Effects, on_table, what, writes};
use super::lock::{LockMode, Work};
use super::words::Words;

pub(super) fn drop(words: &Words) -> Effects {
    let wide = usize::from(words.at(1) == "materialized" || words.at(1) == "foreign");
    let concurrently = words.is_at(2, "concurrently");
    let at = words.past(words.past(2 + wide, "concurrently"), "if exists");
    let names = words.names_at(at);
    let exclusive = LockMode::AccessExclusive;
    let mut effects = Effects::default();
    for name in names {
        effects = match words.at(1) {
            "table" => effects
                .breaks(format!("drops table `{name}`"))
                .destroys(Object::Table(name.clone()))
                .lock(name, exclusive, Work::Catalogue),
            "index" if concurrently => {
                effects.lock_of_index(name, LockMode::ShareUpdateExclusive, Work::Catalogue)
            }
            "index" => effects.lock_of_index(name, exclusive, Work::Catalogue),
            "trigger" | "policy" | "rule" => return on_table(words, exclusive),
            "type" | "domain" | "sequence" | "schema" | "extension" | "owned" | "foreign"
            | "materialized" => {
                let kind = kind(words.at(1));
                effects.breaks(format!("drops {kind} `{name}`")).destroys(Object::Other(kind, name))
            }
            "database" => {
                effects.destroys(Object::Other("database", name)).breaks("drops a database")
            }
            other => effects.breaks(format!("drops {other} `{name}`")),
        };
    }
    match words.at(1) {
        "index" if concurrently => effects.alone(&what(words), None),
        "database" | "tablespace" | "subscription" => effects.alone(&what(words), None),
        _ => effects,
    }
}

fn kind(word: &str) -> &'static str {
    match word {
        "type" => "type",
        "domain" => "domain",
        "sequence" => "sequence",
        "schema" => "schema",
        "extension" => "extension",
        "owned" => "owned-by",
        "foreign" => "foreign-table",
        _ => "materialized-view",
    }
}

pub(super) fn truncate(words: &Words) -> Effects {
    let names = words.names_at(words.past(1, "table"));
    names.into_iter().fold(Effects::default(), |effects, name| {
        effects.breaks(format!("empties table `{name}`")).destroys(Object::Rows(name.clone())).lock(
            name,
            LockMode::AccessExclusive,
            Work::Catalogue,
        )
    })
}

pub(super) fn delete(words: &Words) -> Effects {
    let effects = writes(words, "from");
    match effects.locks.first().map(|lock| lock.on.clone()) {
        Some(table) if !words.has("where") => effects.destroys(Object::Rows(table)),
        _ => effects,
    }
}

/// A block in another language: what stands in it is told apart, and not understood.
pub(super) fn code(words: &Words, what: &str) -> Effects {
    const DESTROYING: [&str; 4] = ["drop", "truncate", "delete", "execute"];
    let inside: Vec<Words> = words.texts().map(Words::within).collect();
    let word = DESTROYING.into_iter().find(|word| inside.iter().any(|it| it.has(word)));
    let effects = Effects::default().opaque(format!("{what} is not looked into"));
    match word {
        Some(word) => effects
            .breaks(format!("{what} holds `{}`", word.to_uppercase()))
            .destroys(Object::Code(0)),
        None => effects,
    }
}
