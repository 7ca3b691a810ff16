//! What `CREATE` makes, and what it does to what is there.

use super::destroy;
use super::effects::{Effects, TEMPORARY, kind_at, on_table, what};
use super::lock::{LockMode, Work};
use super::words::Words;
use super::{Name, TieKind};

pub(super) fn of(words: &Words) -> Effects {
    let at = kind_at(words);
    match words.at(at) {
        "table" => create_table(words, at),
        "index" => create_index(words, at),
        "materialized" => {
            let named = words.past(at + 2, "if not exists");
            let found = words.name_at(named);
            let is_sure = named == at + 2;
            found.map_or_else(Effects::default, |(name, _)| {
                Effects::default().creates(name, is_sure)
            })
        }
        "trigger" => on_table(words, LockMode::ShareRowExclusive)
            .breaks_softly("a trigger runs on what older releases write"),
        "policy" | "rule" => on_table(words, LockMode::AccessExclusive),
        "database" | "tablespace" => Effects::default().alone(&what(words), None),
        "subscription" => Effects::default().alone(&what(words), None),
        kind @ ("schema" | "function" | "procedure" | "view") => {
            let wipes =
                matches!(kind, "function" | "procedure") && destroy::in_code(words).is_some();
            let named = words.name_at(at + 1).filter(|_| wipes).map(|(name, _)| name.name);
            let effects = Effects { wipers: named.into_iter().collect(), ..Effects::default() };
            match words.has("or replace") {
                true => effects.breaks_softly(format!("replaces a {kind}")),
                false => effects,
            }
        }
        _ => Effects::default(),
    }
}

fn create_table(words: &Words, at: usize) -> Effects {
    let named = words.past(at + 1, "if not exists");
    let Some((name, next)) = words.name_at(named) else { return Effects::default() };
    let effects = references(words, next).into_iter().fold(Effects::default(), |effects, other| {
        if other == name {
            effects
        } else {
            effects.refers(words, &name, &other).lock(
                other,
                LockMode::ShareRowExclusive,
                Work::Catalogue,
            )
        }
    });
    let effects = match words.find("partition of").and_then(|at| words.name_at(at + 2)) {
        Some((parent, _)) => effects.ties(TieKind::Part, &name, &parent).lock(
            parent,
            LockMode::AccessExclusive,
            Work::Catalogue,
        ),
        None => effects,
    };
    let parents = words.find("inherits (").map(|at| words.names_at(at + 2)).unwrap_or_default();
    let effects = parents
        .iter()
        .fold(effects, |effects, parent| effects.ties(TieKind::Inherits, &name, parent));
    // A temporary one stands before one of people's, and is another one.
    let is_temporary = (1..at).any(|at| matches!(words.at(at), "temp" | "temporary"));
    let name =
        if is_temporary { Name { schema: Some(TEMPORARY.to_owned()), ..name } } else { name };
    effects.creates(name, named == at + 1)
}

/// The tables that foreign keys point at.
pub(super) fn references(words: &Words, from: usize) -> Vec<Name> {
    let at = (from..words.len()).filter(|at| words.at(*at) == "references");
    let mut names: Vec<Name> = at.filter_map(|at| Some(words.name_at(at + 1)?.0)).collect();
    names.sort();
    names.dedup();
    names
}

fn create_index(words: &Words, at: usize) -> Effects {
    let concurrently = words.is_at(at + 1, "concurrently");
    let named = words.past(words.past(at + 1, "concurrently"), "if not exists");
    let index = if words.at(named) == "on" { None } else { words.part_at(named) };
    let table = words.find("on").and_then(|on| words.name_at(words.past(on + 1, "only")));
    let Some((table, _)) = table else { return Effects::default() };
    let mode = if concurrently { LockMode::ShareUpdateExclusive } else { LockMode::Share };
    let index = index.map(|name| Name { schema: table.schema.clone(), name });
    let mut effects = Effects::default().lock(table, mode, Work::Scan);
    if words.has("unique") {
        effects =
            effects.breaks_softly("a new unique index may refuse what an older release writes");
    }
    if concurrently { effects.alone(&what(words), index) } else { effects }
}
