//! What a statement does to what is there: the locks it takes, the data it destroys, and whether an
//! older release still works afterwards.
//!
//! The locks are those of Postgres 15; `tests/it/migrations/locks.rs` asks a real server.

use super::alter;
use super::lock::{Lock, LockMode, Work};
use super::words::Words;
use super::{Alone, Name, Object, Tie, TieKind, create, destroy, inner};

/// The schema of a session's own tables.
pub(crate) const TEMPORARY: &str = "pg_temp";

/// What a statement does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The locks it takes on what is there already.
    pub locks: Vec<Lock>,
    /// The tables and materialized views it makes.
    pub creates: Vec<Name>,
    /// Those that it makes only where they are not there yet.
    pub perhaps_creates: Vec<Name>,
    /// The columns it adds to a table.
    pub adds: Vec<(Name, String)>,
    /// The tables it gives another name or schema, and which.
    pub renames: Vec<(Name, Name)>,
    /// The columns it gives another name: table, before, after.
    pub renames_columns: Vec<(Name, String, String)>,
    /// The columns it gives another type.
    pub retypes: Vec<(Name, String)>,
    /// Which tables it hangs on others.
    pub ties: Vec<Tie>,
    /// The partitions and heirs that it makes free: child, parent.
    pub unties: Vec<(Name, Name)>,
    /// Whether it takes back what statements before it have done.
    pub takes_back: bool,
    /// The functions that it makes and that destroy something when they are called.
    pub wipers: Vec<String>,
    /// The functions that it calls, by name.
    pub calls: Vec<String>,
    /// Whether it changes in which schema names without one are looked for.
    pub moves_path: bool,
    /// What it destroys for good.
    pub destroys: Vec<Object>,
    /// Why a release that does not know it may fail afterwards.
    pub breaks: Vec<String>,
    /// Why an older release may fail in some cases, which its author knows better than we do.
    pub doubts: Vec<String>,
    /// Why it cannot be told what it does.
    pub opaque: Option<String>,
    /// Why it cannot run inside a transaction.
    pub alone: Option<Alone>,
}

impl Effects {
    pub(super) fn lock(mut self, on: Name, mode: LockMode, work: Work) -> Self {
        let lock = Lock { on, of_index: false, mode, work };
        if !self.locks.contains(&lock) {
            self.locks.push(lock);
        }
        self
    }

    pub(super) fn lock_of_index(mut self, on: Name, mode: LockMode, work: Work) -> Self {
        self.locks.push(Lock { on, of_index: true, mode, work });
        self
    }

    /// Makes a table; without `is_sure` it may be there already, and then nothing is made.
    pub(super) fn creates(mut self, name: Name, is_sure: bool) -> Self {
        if is_sure {
            self.creates.push(name);
        } else {
            self.perhaps_creates.push(name);
        }
        self
    }

    pub(super) fn destroys(mut self, object: Object) -> Self {
        self.destroys.push(object);
        self
    }

    /// Destroys it, and with CASCADE what goes along with it.
    pub(super) fn destroys_with(self, object: Object, cascades: bool) -> Self {
        let along = cascades.then(|| Object::Cascade(Box::new(object.clone())));
        let effects = self.destroys(object);
        along.into_iter().fold(effects, Self::destroys)
    }

    /// By a foreign key, and by what a deletion does to it. Which of several keys says so is not told
    /// apart: then all of them count.
    pub(super) fn refers(self, words: &Words, child: &Name, parent: &Name) -> Self {
        let effects = self.ties(TieKind::References, child, parent);
        match words.has("on delete cascade") {
            true => effects.ties(TieKind::Deletes, child, parent),
            false => effects,
        }
    }

    pub(super) fn ties(mut self, kind: TieKind, child: &Name, parent: &Name) -> Self {
        self.ties.push(Tie { kind, child: child.clone(), parent: parent.clone() });
        self
    }

    pub(super) fn unties(mut self, child: &Name, parent: &Name) -> Self {
        self.unties.push((child.clone(), parent.clone()));
        self
    }

    pub(super) fn adds(mut self, table: Name, column: String) -> Self {
        self.adds.push((table, column));
        self
    }

    pub(super) fn retypes(mut self, table: Name, column: String) -> Self {
        self.retypes.push((table, column));
        self
    }

    pub(super) fn renames(mut self, from: Name, to: Name) -> Self {
        self.renames.push((from, to));
        self
    }

    pub(super) fn renames_column(mut self, table: &Name, from: String, to: String) -> Self {
        self.renames_columns.push((table.clone(), from, to));
        self
    }

    /// With what another part of the same statement does.
    pub(super) fn and(mut self, other: Self) -> Self {
        for Lock { on, mode, work, of_index } in other.locks {
            self = match of_index {
                true => self.lock_of_index(on, mode, work),
                false => self.lock(on, mode, work),
            };
        }
        self.destroys.extend(other.destroys);
        self.ties.extend(other.ties);
        self.breaks.extend(other.breaks);
        self.doubts.extend(other.doubts);
        self.opaque = self.opaque.or(other.opaque);
        self.moves_path |= other.moves_path;
        self.wipers.extend(other.wipers);
        self.calls.extend(other.calls);
        self
    }

    pub(super) fn breaks(mut self, why: impl Into<String>) -> Self {
        self.breaks.push(why.into());
        self
    }

    pub(super) fn breaks_softly(mut self, why: impl Into<String>) -> Self {
        self.doubts.push(why.into());
        self
    }

    pub(super) fn opaque(mut self, why: impl Into<String>) -> Self {
        self.opaque = Some(why.into());
        self
    }

    pub(super) fn alone(mut self, what: &str, index: Option<Name>) -> Self {
        self.alone = Some(Alone { what: what.to_owned(), index });
        self
    }
}

/// The statement in a few words of its own.
pub(super) fn what(words: &Words) -> String {
    let kind = match words.at(0) {
        "create" => 1 + qualifiers(words, 1),
        "alter" | "drop" | "refresh" | "comment" => 1,
        _ => 0,
    };
    let count = kind + 1 + usize::from(kind > 0 && words.at(kind) == "materialized");
    let shown = words.shown(count);
    if words.has("concurrently") { format!("{shown} CONCURRENTLY") } else { shown }
}

/// Where the word stands that says what `CREATE` makes; the first word of any other statement.
pub(super) fn kind_at(words: &Words) -> usize {
    if words.begins("create") { 1 + qualifiers(words, 1) } else { 0 }
}

/// How many words stand between `CREATE` and what is made.
fn qualifiers(words: &Words, at: usize) -> usize {
    const KNOWN: [&str; 12] = [
        "or",
        "replace",
        "unique",
        "temp",
        "temporary",
        "unlogged",
        "global",
        "local",
        "recursive",
        "constraint",
        "trusted",
        "foreign",
    ];
    (at..words.len()).take_while(|at| KNOWN.contains(&words.at(*at))).count()
}

/// What a statement does, with the statements that stand inside it.
pub(super) fn of(words: &Words) -> Effects {
    let effects = inner::of(words).iter().map(of).fold(by_itself(words), Effects::and);
    Effects { calls: calls(words), ..effects }
}

/// What it calls, in its block of code too. What a function or a trigger is made of is called later.
fn calls(words: &Words) -> Vec<String> {
    if words.begins("create") {
        return Vec::new();
    }
    let in_code = words.begins("do").then(|| words.texts().map(Words::within));
    let of = |words: &Words| -> Vec<String> {
        let names = (0..words.len()).filter(|at| words.at(at + 1) == "(");
        names.filter_map(|at| words.part_at(at)).collect()
    };
    let inside: Vec<Words> = in_code.into_iter().flatten().collect();
    std::iter::once(words).chain(&inside).flat_map(of).collect()
}

/// What it does besides what stands inside it.
fn by_itself(words: &Words) -> Effects {
    match words.at(0) {
        "create" => create::of(words),
        "alter" => alter::of(words),
        "drop" => destroy::drop(words),
        "truncate" => destroy::truncate(words),
        "delete" => destroy::delete(words),
        "insert" => writes(words, "into"),
        "merge" => destroy::merge(words),
        "update" => destroy::update(words),
        "lock" => lock_table(words),
        "vacuum" => vacuum(words),
        "analyze" => tables(words, 1, LockMode::ShareUpdateExclusive, Work::Scan),
        "cluster" => tables(words, 1, LockMode::AccessExclusive, Work::Rewrite),
        "refresh" => refresh(words),
        "reindex" => reindex(words),
        "comment" => comment(words),
        "do" => destroy::code(words, "a block of code"),
        "call" | "execute" => {
            Effects::default().opaque(format!("{} runs what is not in this file", words.shown(1)))
        }
        "set" | "reset" => Effects { moves_path: is_path(words), ..Effects::default() },
        "select" if words.has("set_config (") => {
            let is_path = |it: &str| it.eq_ignore_ascii_case("search_path");
            Effects { moves_path: words.texts().any(is_path), ..Effects::default() }
        }
        "revoke" => Effects::default().breaks_softly("takes a right away"),
        // To a savepoint: the whole is refused.
        "rollback" => Effects { takes_back: true, ..Effects::default() },
        _ => Effects::default(),
    }
}

/// Whether `SET` or `RESET` is about the schemas that names without one are looked for in.
fn is_path(words: &Words) -> bool {
    let at = words.past(words.past(1, "local"), "session");
    let name = words.part_at(at).unwrap_or_default();
    matches!(name.as_str(), "search_path" | "schema" | "all")
}

pub(super) fn tables(words: &Words, at: usize, mode: LockMode, work: Work) -> Effects {
    let at = if words.at(at) == "(" {
        at + 2 + words.bracket_at(at).map_or(0, |it| it.len())
    } else {
        at
    };
    let at = words.past(words.past(at, "verbose"), "analyze");
    let names = words.names_at(at);
    names.into_iter().fold(Effects::default(), |effects, name| effects.lock(name, mode, work))
}

/// A statement with `ON table` behind its own name.
pub(super) fn on_table(words: &Words, mode: LockMode) -> Effects {
    let found = words.find("on").and_then(|at| words.name_at(words.past(at + 1, "only")));
    // A rule says `AS ON INSERT TO table`.
    let found = words
        .find("to")
        .filter(|_| words.has("rule"))
        .and_then(|at| words.name_at(at + 1))
        .or(found);
    found.map_or_else(Effects::default, |(table, _)| {
        Effects::default().lock(table, mode, Work::Catalogue)
    })
}

pub(super) fn writes(words: &Words, before: &str) -> Effects {
    let found = words.find(before).and_then(|at| words.name_at(words.past(at + 1, "only")));
    let work = if words.at(0) == "insert" { Work::Catalogue } else { Work::Scan };
    found.map_or_else(Effects::default, |(table, _)| {
        Effects::default().lock(table, LockMode::RowExclusive, work)
    })
}

fn lock_table(words: &Words) -> Effects {
    let names = words.names_at(words.past(1, "table"));
    let is_mode = |mode: &LockMode| words.has(&format!("in {} mode", mode.name().to_lowercase()));
    let mode = LockMode::ALL.into_iter().find(is_mode).unwrap_or(LockMode::AccessExclusive);
    names
        .into_iter()
        .fold(Effects::default(), |effects, name| effects.lock(name, mode, Work::Catalogue))
}

fn vacuum(words: &Words) -> Effects {
    let (mode, work) = match words.has("full") {
        true => (LockMode::AccessExclusive, Work::Rewrite),
        false => (LockMode::ShareUpdateExclusive, Work::Scan),
    };
    let at = words.past(words.past(1, "full"), "freeze");
    tables(words, at, mode, work).alone("VACUUM", None)
}

fn refresh(words: &Words) -> Effects {
    let mode =
        if words.has("concurrently") { LockMode::Exclusive } else { LockMode::AccessExclusive };
    tables(words, words.past(3, "concurrently"), mode, Work::Rewrite)
}

fn reindex(words: &Words) -> Effects {
    let at = if words.at(1) == "(" { 3 + words.bracket_at(1).map_or(0, |it| it.len()) } else { 1 };
    let concurrently = words.has("concurrently");
    let mode = if concurrently { LockMode::ShareUpdateExclusive } else { LockMode::Share };
    let found = words.name_at(words.past(at + 1, "concurrently"));
    let effects = match (words.at(at), found) {
        ("table", Some((name, _))) => Effects::default().lock(name, mode, Work::Scan),
        ("index", Some((name, _))) => Effects::default().lock_of_index(name, mode, Work::Scan),
        _ => Effects::default(),
    };
    let whole = matches!(words.at(at), "database" | "system" | "schema");
    if concurrently || whole { effects.alone(&what(words), None) } else { effects }
}

fn comment(words: &Words) -> Effects {
    let (kind, found) = (words.at(2), words.name_at(3));
    match (kind, found) {
        ("table", Some((name, _))) => {
            Effects::default().lock(name, LockMode::ShareUpdateExclusive, Work::Catalogue)
        }
        ("column", Some((Name { schema: Some(table), .. }, _))) => Effects::default().lock(
            Name::plain(&table),
            LockMode::ShareUpdateExclusive,
            Work::Catalogue,
        ),
        _ => Effects::default(),
    }
}
