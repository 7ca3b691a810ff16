//! What destroys: tables, columns and rows that are gone for good.

use super::Object;
use super::alter;
use super::effects::{Effects, on_table, tables, what, writes};
use super::lock::{LockMode, Work};
use super::words::Words;

pub(super) fn drop(words: &Words) -> Effects {
    let wide = usize::from(words.at(1) == "materialized" || words.at(1) == "foreign");
    let concurrently = words.is_at(2, "concurrently");
    let at = words.past(words.past(2 + wide, "concurrently"), "if exists");
    let at = if words.at(1) == "owned" { words.past(at, "by") } else { at };
    let names = words.names_at(at);
    let cascades = words.has("cascade");
    let exclusive = LockMode::AccessExclusive;
    let mut effects = Effects::default();
    for name in names {
        effects = match words.at(1) {
            "table" => effects
                .breaks(format!("drops table `{name}`"))
                .destroys_with(Object::Table(name.clone()), cascades)
                .lock(name, exclusive, Work::Catalogue),
            "index" => {
                let mode = if concurrently { LockMode::ShareUpdateExclusive } else { exclusive };
                let why = format!("drops index `{name}`, by which `ON CONFLICT` may find rows");
                effects.breaks(why).lock_of_index(name, mode, Work::Catalogue)
            }
            kind @ ("trigger" | "policy" | "rule") => {
                return on_table(words, exclusive).breaks(format!("drops {kind} `{name}`"));
            }
            "type" | "domain" | "sequence" | "schema" | "extension" | "owned" | "foreign"
            | "materialized" => {
                let kind = kind(words.at(1));
                // Who names an owner names all that is theirs.
                let cascades = cascades && kind != "owned-by";
                let effects = effects.breaks(format!("drops {kind} `{name}`"));
                effects.destroys_with(Object::Other(kind, name), cascades)
            }
            "database" => {
                effects.destroys(Object::Other("database", name)).breaks("drops a database")
            }
            other => {
                let effects = effects.breaks(format!("drops {other} `{name}`"));
                let along = Object::Cascade(Box::new(Object::Other(kind(other), name)));
                if cascades { effects.destroys(along) } else { effects }
            }
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
        "materialized" => "materialized-view",
        "view" => "view",
        "function" | "procedure" | "routine" | "aggregate" => "function",
        "collation" => "collation",
        "language" | "procedural" => "language",
        _ => "object",
    }
}

pub(super) fn truncate(words: &Words) -> Effects {
    let names = words.names_at(words.past(1, "table"));
    names.into_iter().fold(Effects::default(), |effects, name| {
        effects
            .breaks(format!("empties table `{name}`"))
            .destroys_with(Object::Rows(name.clone()), words.has("cascade"))
            .lock(name, LockMode::AccessExclusive, Work::Catalogue)
    })
}

pub(super) fn delete(words: &Words) -> Effects {
    let effects = writes(words, "from");
    match effects.locks.first().map(|lock| lock.on.clone()) {
        Some(table) if !is_chosen(words) => effects.destroys(Object::Rows(table)),
        _ => effects,
    }
}

/// Whether it is about some rows: a condition of a query inside it chooses none, and neither does
/// one that is always true.
fn is_chosen(words: &Words) -> bool {
    let Some(at) = words.find_outside("where") else { return false };
    let condition = words.from(at + 1);
    let end = condition.find_outside("returning").unwrap_or(condition.len());
    // A text is no column of that name.
    let word = |at: usize| match condition.text_at(at) {
        Some(text) => Some(format!("'{text}'")),
        None => condition.value_at(at).map(ToOwned::to_owned),
    };
    let said = (0..end).filter_map(word).filter(|it| !matches!(it.as_str(), "(" | ")"));
    let said: Vec<String> = said.collect();
    !said.split(|it| it == "and").all(is_always_so)
}

/// `true`, `1 = 1`, `id = id`.
fn is_always_so(said: &[String]) -> bool {
    match said {
        [one] => one == "true",
        [left, sign, right] => sign == "=" && left == right,
        _ => false,
    }
}

/// Rows whose columns are all written anew lose what stood there.
pub(super) fn update(words: &Words) -> Effects {
    let effects = tables(words, words.past(1, "only"), LockMode::RowExclusive, Work::Scan);
    match effects.locks.first().map(|lock| lock.on.clone()) {
        Some(table) if !is_chosen(words) => {
            set_columns(words).into_iter().fold(effects, |effects, column| {
                effects.destroys(Object::Column(table.clone(), column))
            })
        }
        _ => effects,
    }
}

/// The columns behind `SET`: `a = 1, (b, c) = (2, 3)`.
fn set_columns(words: &Words) -> Vec<String> {
    let Some(at) = words.find_outside("set") else { return Vec::new() };
    let set = words.from(at + 1);
    let ends = ["from", "where", "returning"].iter().filter_map(|word| set.find_outside(word));
    let set = set.until(ends.min().unwrap_or(set.len()));
    let columns = |part: &Words| match part.bracket_at(0) {
        Some(several) => several.parts(0).iter().filter_map(|it| it.part_at(0)).collect(),
        None => part.part_at(0).into_iter().collect::<Vec<_>>(),
    };
    set.parts(0).iter().flat_map(columns).collect()
}

/// Which rows a `MERGE` deletes depends on another table.
pub(super) fn merge(words: &Words) -> Effects {
    let effects = writes(words, "into");
    match effects.locks.first().map(|lock| lock.on.clone()) {
        Some(table) if words.has("then delete") => effects.destroys(Object::Rows(table)),
        _ => effects,
    }
}

/// The word by which what stands in a block of code, or in a function's body, destroys something.
pub(super) fn in_code(words: &Words) -> Option<&'static str> {
    const DESTROYING: [&str; 4] = ["drop", "truncate", "delete", "execute"];
    let inside: Vec<Words> = words.texts().map(Words::within).collect();
    let word = DESTROYING.into_iter().find(|word| inside.iter().any(|it| it.has(word)));
    let word = word.or_else(|| inside.iter().any(updates_all).then_some("update"));
    word.or_else(|| inside.iter().any(retypes).then_some("alter"))
}

/// A block in another language: what stands in it is told apart, and not understood.
pub(super) fn code(words: &Words, what: &str) -> Effects {
    let word = in_code(words);
    let effects = Effects::default().opaque(format!("{what} is not looked into"));
    match word {
        Some(word) => effects
            .breaks(format!("{what} holds `{}`", word.to_uppercase()))
            .destroys(Object::Code(0)),
        None => effects,
    }
}

/// Whether one of its statements writes every row of a table anew.
fn updates_all(body: &Words) -> bool {
    body.statements().iter().any(|statement| {
        // `ON CONFLICT … DO UPDATE` is about the row that is there.
        let at = statement.find("update").filter(|at| !statement.is_at(at.saturating_sub(1), "do"));
        let update = at.map(|at| statement.from(at));
        update.is_some_and(|it| it.find_outside("set").is_some() && !is_chosen(&it))
    })
}

/// Whether one of its statements gives a column a type that may not hold its values.
fn retypes(body: &Words) -> bool {
    body.statements().iter().any(|statement| {
        let alter = statement.find("alter").map(|at| alter::of(&statement.from(at)));
        alter.is_some_and(|it| !it.destroys.is_empty())
    })
}
