//! What `ALTER` does: for a table, action by action.

use super::create::references;
use super::effects::Effects;
use super::lock::{LockMode, Work};
use super::retype::Type;
use super::words::Words;
use super::{Name, Object, TieKind};

/// What an `ALTER` statement does.
pub(super) fn of(words: &Words) -> Effects {
    match words.at(1) {
        "table" => table(words, 2),
        "foreign" if words.at(2) == "table" => table(words, 3),
        "index" => index(words),
        "system" => Effects::default().alone("ALTER SYSTEM", None),
        "type" => of_type(words),
        "policy" | "trigger" | "rule" => on_table(words),
        "domain"
            if words.has("set not null")
                || words.has("add constraint")
                || words.has("add check") =>
        {
            Effects::default().breaks("a domain takes fewer values")
        }
        _ => renamed(words),
    }
}

fn on_table(words: &Words) -> Effects {
    let found = words.find("on").and_then(|at| words.name_at(words.past(at + 1, "only")));
    found.map_or_else(Effects::default, |(name, _)| {
        Effects::default().lock(name, LockMode::AccessExclusive, Work::Catalogue)
    })
}

fn index(words: &Words) -> Effects {
    let Some((name, next)) = words.name_at(words.past(2, "if exists")) else {
        return Effects::default();
    };
    let effects = renamed(words);
    // Postgres renames a table so, too.
    let to = words.part_at(next + 2).filter(|_| words.is_at(next, "rename to"));
    let to = to.map(|to| Name { schema: name.schema.clone(), name: to });
    let effects = to.into_iter().fold(effects, |effects, to| effects.renames(name.clone(), to));
    effects.lock_of_index(name, LockMode::ShareUpdateExclusive, Work::Catalogue)
}

fn of_type(words: &Words) -> Effects {
    let changed = ["rename value", "drop attribute", "alter attribute"];
    let Some(at) = changed.iter().find_map(|it| words.find(it)) else { return renamed(words) };
    let effects = Effects::default().breaks("changes a type that older releases use");
    match words.name_at(2) {
        Some((name, next)) if words.is_at(at, "drop") || words.parts(next).iter().any(narrows) => {
            effects.destroys(Object::Other("type", name))
        }
        _ => effects,
    }
}

/// Whether this part of `ALTER TYPE` gives an attribute a type that may not hold its values: tables
/// of that type are written anew.
fn narrows(part: &Words) -> bool {
    let at = part.past(0, "alter attribute");
    at > 0 && !target(&part.from(at + 1)).keeps(None)
}

/// Anything that gets another name or another schema.
fn renamed(words: &Words) -> Effects {
    let kind = words.at(1).to_owned();
    match words.has("rename to") || words.has("set schema") {
        true => Effects::default().breaks(format!("renames or moves a {kind}")),
        false => Effects::default(),
    }
}

fn table(words: &Words, at: usize) -> Effects {
    let at = words.past(words.past(at, "if exists"), "only");
    let Some((name, at)) = words.name_at(at) else {
        // `ALTER TABLE ALL IN TABLESPACE …`
        return Effects::default().opaque("it is about every table of a place");
    };
    let at = words.past(at, "*");
    let mut effects = Effects::default();
    for action in words.parts(at) {
        effects = self::action(effects, &name, &action);
    }
    effects
}

/// Adds what one action of `ALTER TABLE name` does.
fn action(effects: Effects, table: &Name, words: &Words) -> Effects {
    use LockMode::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
    let (mode, work) = match (words.at(0), words.at(1)) {
        ("add", "constraint" | "primary" | "unique" | "foreign" | "check" | "exclude") => {
            return add_constraint(effects, table, words);
        }
        ("add", _) => return add_column(effects, table, words),
        ("drop", "constraint") => return drop_constraint(effects, table, words),
        ("drop", _) => return drop_column(effects, table, words),
        ("alter", "constraint") => (ShareRowExclusive, Work::Catalogue),
        ("alter", _) => return alter_column(effects, table, words),
        ("rename", _) => return rename(effects, table, words),
        ("enable" | "force", "row") => {
            let why = "row level security hides rows from whoever no policy names";
            let effects = effects.breaks_softly(why);
            return effects.lock(table.clone(), AccessExclusive, Work::Catalogue);
        }
        ("validate", "constraint") => (ShareUpdateExclusive, Work::Scan),
        ("enable" | "disable", "trigger") | ("enable", "always" | "replica") => {
            (ShareRowExclusive, Work::Catalogue)
        }
        ("set", "schema") => {
            let to = Name { schema: words.part_at(2), name: table.name.clone() };
            let why = format!("moves table `{table}` to another schema");
            let effects = effects.breaks(why).renames(table.clone(), to);
            return effects.lock(table.clone(), AccessExclusive, Work::Catalogue);
        }
        ("set", "tablespace" | "logged" | "unlogged" | "access") => {
            (AccessExclusive, Work::Rewrite)
        }
        ("set" | "reset", "(") | ("cluster", "on") | ("set", "without") => {
            (ShareUpdateExclusive, Work::Catalogue)
        }
        ("attach", "partition") => return attach(effects, table, words),
        ("inherit", _) => {
            let parent = words.name_at(1).map(|(parent, _)| parent);
            let tied = |effects: Effects, it| effects.ties(TieKind::Inherits, table, &it);
            let effects = parent.into_iter().fold(effects, tied);
            return effects.lock(table.clone(), AccessExclusive, Work::Catalogue);
        }
        ("no", "inherit") => {
            let parent = words.name_at(2).map(|(parent, _)| parent);
            let effects =
                parent.into_iter().fold(effects, |effects, it| effects.unties(table, &it));
            return effects.lock(table.clone(), AccessExclusive, Work::Catalogue);
        }
        ("detach", "partition") if words.has("concurrently") => {
            let effects = effects.lock(table.clone(), ShareUpdateExclusive, Work::Catalogue);
            return effects.alone("ALTER TABLE … DETACH PARTITION CONCURRENTLY", None);
        }
        ("detach", "partition") => {
            let part = words.name_at(2).map(|(part, _)| part);
            let effects = part.into_iter().fold(effects, |effects, it| effects.unties(&it, table));
            return effects.lock(table.clone(), AccessExclusive, Work::Catalogue);
        }
        _ => (AccessExclusive, Work::Catalogue),
    };
    effects.lock(table.clone(), mode, work)
}

fn add_constraint(effects: Effects, table: &Name, words: &Words) -> Effects {
    let is_fast = words.has("not valid") || words.has("using index");
    let work = if is_fast { Work::Catalogue } else { Work::Scan };
    let effects = effects.breaks_softly("a new constraint may refuse what an older release writes");
    if !words.has("references") {
        return effects.lock(table.clone(), LockMode::AccessExclusive, work);
    }
    let mode = LockMode::ShareRowExclusive;
    let effects = effects.lock(table.clone(), mode, work);
    let others = references(words, 0).into_iter().filter(|other| other != table);
    others.fold(effects, |effects, other| {
        effects.refers(words, table, &other).lock(other, mode, Work::Catalogue)
    })
}

fn add_column(effects: Effects, table: &Name, words: &Words) -> Effects {
    let named = words.past(1, "column");
    let at = words.past(named, "if not exists");
    let column = words.part_at(at).unwrap_or_default();
    // One that was there keeps what is in it.
    let effects = match at == named {
        true => effects.adds(table.clone(), column.clone()),
        false => effects,
    };
    let words = words.from(at + 1);
    let is_filled = words.has("default") || words.has("generated") || is_serial(words.at(0));
    let effects = match words.has("not null") && !is_filled {
        true => effects
            .breaks(format!("older releases write no `{table}.{column}`, which must not be null")),
        false => effects,
    };
    let work = match () {
        () if is_rewritten(&words) => Work::Rewrite,
        () if words.has("unique") || words.has("primary key") => Work::Scan,
        () => Work::Catalogue,
    };
    let effects = effects.lock(table.clone(), LockMode::AccessExclusive, work);
    let others = references(&words, 0).into_iter().filter(|other| other != table);
    others.fold(effects, |effects, other| {
        effects.refers(&words, table, &other).lock(
            other,
            LockMode::ShareRowExclusive,
            Work::Catalogue,
        )
    })
}

fn is_serial(kind: &str) -> bool {
    matches!(kind, "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2")
}

/// Whether every row gets a value of its own: a stored expression, a sequence, or a default that is
/// not the same for all rows.
fn is_rewritten(words: &Words) -> bool {
    const STABLE: [&str; 6] = [
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "current_setting",
        "current_schema",
        "to_tsvector",
    ];
    if is_serial(words.at(0)) || words.has("stored") || words.has("as identity") {
        return true;
    }
    let Some(default) = words.find("default") else { return false };
    let calls = (default + 1..words.len()).filter(|at| {
        words.at(at + 1) == "(" && words.part_at(*at).is_some() && !is_clause(words.at(*at))
    });
    // `varchar(20)` behind a cast is no call.
    let calls = calls.filter(|at| words.at(at.saturating_sub(1)) != ":");
    calls.into_iter().any(|at| !STABLE.contains(&words.at(at)))
}

/// A word with a bracket behind it that begins something else than a call.
fn is_clause(word: &str) -> bool {
    matches!(
        word,
        "check" | "references" | "numeric" | "decimal" | "varchar" | "char" | "character"
    )
}

fn drop_constraint(effects: Effects, table: &Name, words: &Words) -> Effects {
    let name = words.part_at(words.past(2, "if exists")).unwrap_or_default();
    let why = format!("drops constraint `{name}`, by which `ON CONFLICT` may find rows");
    effects.breaks(why).lock(table.clone(), LockMode::AccessExclusive, Work::Catalogue)
}

fn drop_column(effects: Effects, table: &Name, words: &Words) -> Effects {
    let at = words.past(words.past(1, "column"), "if exists");
    let column = words.part_at(at).unwrap_or_default();
    effects
        .breaks(format!("drops column `{table}.{column}`"))
        .destroys_with(Object::Column(table.clone(), column), words.has("cascade"))
        .lock(table.clone(), LockMode::AccessExclusive, Work::Catalogue)
}

fn alter_column(effects: Effects, table: &Name, words: &Words) -> Effects {
    let at = words.past(1, "column");
    let column = words.part_at(at).unwrap_or_default();
    let at = at + 1;
    let (effects, mode, work) = match () {
        () if words.is_at(at, "type") || words.is_at(at, "set data") => {
            let effects = effects.breaks(format!("changes the type of `{table}.{column}`"));
            let effects = retyped(effects, table, column, &words.from(at));
            (effects, LockMode::AccessExclusive, Work::Rewrite)
        }
        () if words.is_at(at, "add generated always") => (
            effects
                .breaks(format!("`{table}.{column}` takes no value of an older release any more")),
            LockMode::AccessExclusive,
            Work::Catalogue,
        ),
        () if words.is_at(at, "set not null") => (
            effects.breaks(format!("`{table}.{column}` must not be null any more")),
            LockMode::AccessExclusive,
            Work::Scan,
        ),
        () if words.is_at(at, "drop default") => (
            effects.breaks_softly(format!(
                "older releases may rely on the default of `{table}.{column}`"
            )),
            LockMode::AccessExclusive,
            Work::Catalogue,
        ),
        () if words.is_at(at, "set statistics")
            || words.is_at(at, "set (")
            || words.is_at(at, "reset") =>
        {
            (effects, LockMode::ShareUpdateExclusive, Work::Catalogue)
        }
        () => (effects, LockMode::AccessExclusive, Work::Catalogue),
    };
    effects.lock(table.clone(), mode, work)
}

/// Adds what another type may do to the values of a column: an expression can cut anything off.
fn retyped(effects: Effects, table: &Name, column: String, words: &Words) -> Effects {
    let effects = effects.retypes(table.clone(), column.clone());
    let to = target(words);
    match () {
        () if words.has("using") => effects.destroys(Object::Column(table.clone(), column)),
        () if to.keeps(None) => effects,
        () => effects.destroys(Object::Retyped(table.clone(), column, to)),
    }
}

/// The type behind `TYPE` or `SET DATA TYPE`.
fn target(words: &Words) -> Type {
    Type::read(&words.from(words.past(words.past(0, "set data"), "type")))
}

fn rename(effects: Effects, table: &Name, words: &Words) -> Effects {
    let to = words.part_at(2).filter(|_| words.at(1) == "to");
    let effects = match to {
        Some(name) => effects.renames(table.clone(), Name { schema: table.schema.clone(), name }),
        None => effects,
    };
    let why = match words.at(1) {
        "to" => format!("renames table `{table}`"),
        "constraint" => format!("renames a constraint of `{table}`"),
        _ => {
            let at = words.past(1, "column");
            let column = words.part_at(at).unwrap_or_default();
            let to = words.part_at(at + 2).unwrap_or_default();
            let why = format!("renames column `{table}.{column}`");
            let effects = effects.renames_column(table, column, to).breaks(why);
            return effects.lock(table.clone(), LockMode::AccessExclusive, Work::Catalogue);
        }
    };
    effects.breaks(why).lock(table.clone(), LockMode::AccessExclusive, Work::Catalogue)
}

fn attach(effects: Effects, table: &Name, words: &Words) -> Effects {
    let effects = effects.lock(table.clone(), LockMode::ShareUpdateExclusive, Work::Catalogue);
    match words.name_at(2) {
        Some((part, _)) => effects.ties(TieKind::Part, &part, table).lock(
            part,
            LockMode::AccessExclusive,
            Work::Scan,
        ),
        None => effects,
    }
}
