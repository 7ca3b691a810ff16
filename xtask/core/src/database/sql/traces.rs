//! What a statement leaves behind, by which it can be told afterwards whether it was done.

use super::Name;
use super::words::Words;
use serde::Serialize;
use std::fmt;

/// Something that is there, or not there, once a statement was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trace {
    Relation(Name),
    NoRelation(Name),
    Column(Name, String),
    NoColumn(Name, String),
    Constraint(Name, String),
    NoConstraint(Name, String),
    /// An index, which must be valid.
    Index(Name),
    NoIndex(Name),
    Type(Name),
    NoType(Name),
    Schema(String),
    NoSchema(String),
}

impl fmt::Display for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relation(name) => write!(formatter, "relation `{name}` is there"),
            Self::NoRelation(name) => write!(formatter, "relation `{name}` is gone"),
            Self::Column(table, name) => write!(formatter, "column `{table}.{name}` is there"),
            Self::NoColumn(table, name) => write!(formatter, "column `{table}.{name}` is gone"),
            Self::Constraint(table, name) => {
                write!(formatter, "constraint `{name}` of `{table}` is there")
            }
            Self::NoConstraint(table, name) => {
                write!(formatter, "constraint `{name}` of `{table}` is gone")
            }
            Self::Index(name) => write!(formatter, "index `{name}` is there and valid"),
            Self::NoIndex(name) => write!(formatter, "index `{name}` is gone"),
            Self::Type(name) => write!(formatter, "type `{name}` is there"),
            Self::NoType(name) => write!(formatter, "type `{name}` is gone"),
            Self::Schema(name) => write!(formatter, "schema `{name}` is there"),
            Self::NoSchema(name) => write!(formatter, "schema `{name}` is gone"),
        }
    }
}

/// The traces of a statement; none where it leaves none that we know.
pub(super) fn of(words: &Words) -> Vec<Trace> {
    match words.at(0) {
        "create" => create(words).into_iter().collect(),
        "drop" => drop(words),
        "alter" if words.at(1) == "table" => alter_table(words),
        _ => Vec::new(),
    }
}

fn create(words: &Words) -> Option<Trace> {
    let behind = |kind: &str| {
        let at = words.find(kind).filter(|at| *at < 4)? + kind.split(' ').count();
        Some(words.past(words.past(at, "concurrently"), "if not exists"))
    };
    if let Some(at) = behind("index") {
        let table = words.find("on").and_then(|on| words.name_at(words.past(on + 1, "only")))?.0;
        let name = (words.at(at) != "on").then(|| words.part_at(at)).flatten()?;
        return Some(Trace::Index(Name { schema: table.schema, name }));
    }
    for kind in ["table", "view", "sequence"] {
        if let Some(at) = behind(kind) {
            return Some(Trace::Relation(words.name_at(at)?.0));
        }
    }
    if let Some(at) = behind("type").or_else(|| behind("domain")) {
        return Some(Trace::Type(words.name_at(at)?.0));
    }
    Some(Trace::Schema(words.part_at(behind("schema")?)?))
}

fn drop(words: &Words) -> Vec<Trace> {
    let wide = usize::from(words.at(1) == "materialized");
    let at = words.past(words.past(2 + wide, "concurrently"), "if exists");
    let names = words.names_at(at).into_iter();
    match words.at(1) {
        "table" | "view" | "sequence" | "materialized" => names.map(Trace::NoRelation).collect(),
        "index" => names.map(Trace::NoIndex).collect(),
        "type" | "domain" => names.map(Trace::NoType).collect(),
        "schema" => names.map(|it| Trace::NoSchema(it.name)).collect(),
        _ => Vec::new(),
    }
}

fn alter_table(words: &Words) -> Vec<Trace> {
    let at = words.past(words.past(2, "if exists"), "only");
    let Some((table, at)) = words.name_at(at) else { return Vec::new() };
    let actions = words.parts(words.past(at, "*"));
    actions.iter().filter_map(|action| alter_action(&table, action)).collect()
}

fn alter_action(table: &Name, words: &Words) -> Option<Trace> {
    let table = table.clone();
    match (words.at(0), words.at(1)) {
        ("add", "constraint") => Some(Trace::Constraint(table, words.part_at(2)?)),
        ("add", "primary" | "unique" | "foreign" | "check" | "exclude") => None,
        ("add", _) => {
            let at = words.past(words.past(1, "column"), "if not exists");
            Some(Trace::Column(table, words.part_at(at)?))
        }
        ("drop", "constraint") => {
            Some(Trace::NoConstraint(table, words.part_at(words.past(2, "if exists"))?))
        }
        ("drop", _) => {
            let at = words.past(words.past(1, "column"), "if exists");
            Some(Trace::NoColumn(table, words.part_at(at)?))
        }
        ("rename", "to") => {
            Some(Trace::Relation(Name { schema: table.schema, name: words.part_at(2)? }))
        }
        ("rename", "constraint") => Some(Trace::Constraint(table, words.part_at(4)?)),
        ("rename", _) => {
            let at = words.past(1, "column");
            Some(Trace::Column(table, words.part_at(at + 2)?))
        }
        _ => None,
    }
}
