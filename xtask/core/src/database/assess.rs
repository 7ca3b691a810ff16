//! What a plan of migrations would do, file by file and statement by statement: locks, risk, lint,
//! what is destroyed, and whether the release before still works afterwards.

mod markdown;
mod table;

pub use markdown::summary;
pub use table::lines;

use super::lint::{self, Lint, Weight};
use super::migration::{MARK, MigrationFile};
use super::sql::{Effects, Lock, LockMode, Object, Refusal, Script, Statement, TieKind, Work};
use super::statistics::{Scale, Size, Tables};
use serde::Serialize;
use std::collections::BTreeSet;

/// One pending file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessed {
    pub name: String,
    pub checksum: String,
    /// What it says.
    pub sql: String,
    /// Why it runs in no transaction; nothing of it can be taken back then.
    pub alone: Option<String>,
    /// Whether older releases run on what it leaves.
    pub mark: Mark,
    pub statements: Vec<Step>,
    pub lints: Vec<Lint>,
    /// What it destroys, as a person consents to it: `meals.note`.
    pub destroys: Vec<String>,
    /// Why it may not be run at all.
    pub refusals: Vec<Refusal>,
}

/// What its author says of older releases, and what we find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "why")]
pub enum Mark {
    /// Nothing is said, so a rollback across it is refused.
    Unmarked,
    /// It is marked, and nothing that we find speaks against it.
    Safe,
    /// It is marked and cannot be: why.
    Wrong(Vec<String>),
}

/// A statement, with its locks weighed by the sizes of tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub line: usize,
    pub what: String,
    /// As it is written.
    pub sql: String,
    pub locks: Vec<Held>,
    pub risk: Risk,
    /// Why an older release may fail afterwards.
    pub breaks: Vec<String>,
    /// Why it may in some cases.
    pub doubts: Vec<String>,
    /// Why it cannot be told what it does.
    pub opaque: Option<String>,
}

/// A lock, with how large the table is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    #[serde(flatten)]
    pub lock: Lock,
    pub size: Option<Size>,
    pub scale: Scale,
}

/// How likely it is that people notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    None,
    Low,
    Medium,
    High,
    /// It cannot be told: no statistics, or a block of code. Never taken for low.
    Unknown,
}

/// Judges files in the order in which they will be applied.
pub fn assess(files: &[&MigrationFile], mut tables: Tables<'_>) -> Vec<Assessed> {
    files.iter().map(|file| one(file, &mut tables)).collect()
}

fn one(file: &MigrationFile, tables: &mut Tables<'_>) -> Assessed {
    let script = Script::parse(&file.sql);
    tables.begin_file();
    let mut destroys = BTreeSet::new();
    let mut statements = Vec::new();
    // What a name means may change from one statement to the next.
    let mut scales = Vec::new();
    for statement in &script.statements {
        scales.push(lint::scale(statement, tables));
        statements.push(step(statement, tables));
        destroys.extend(destroyed(statement, tables).iter().map(|it| it.consent(&file.name)));
        tables.pass(&statement.effects);
    }
    Assessed {
        name: file.name.clone(),
        checksum: file.checksum(),
        sql: file.sql.clone(),
        alone: script.alone().map(|it| it.what.clone()),
        mark: mark(file, &script),
        statements,
        lints: lint::lint(&file.sql, &script, &scales),
        destroys: destroys.into_iter().collect(),
        refusals: script.refusals,
    }
}

/// What a statement destroys that was there before the plan, with what goes along unnamed.
fn destroyed(statement: &Statement, tables: &Tables<'_>) -> Vec<Object> {
    let keeps = |object: &Object| match object {
        Object::Retyped(table, column, to) => to.keeps(tables.column_type(table, column)),
        Object::Cascade(_) => true,
        object => tables.is_new(object),
    };
    let mut found = Vec::new();
    for object in &statement.effects.destroys {
        if !keeps(object) && !tables.is_new(object) {
            found.push(object.clone());
        }
        found.extend(tables.along(object));
    }
    let is_told = found.iter().any(|object| matches!(object, Object::Code(_)));
    if !is_told && tables.calls_wiper(&statement.effects) {
        found.push(Object::Code(statement.line));
    }
    found
}

/// A drop or a rename cannot be safe for a release that knows what is dropped.
pub fn mark(file: &MigrationFile, script: &Script) -> Mark {
    if !file.is_marked() {
        return Mark::Unmarked;
    }
    let why: Vec<String> = script
        .statements
        .iter()
        .flat_map(|it| it.effects.breaks.iter().map(move |why| format!("line {}: {why}", it.line)))
        .collect();
    if why.is_empty() { Mark::Safe } else { Mark::Wrong(why) }
}

fn step(statement: &Statement, tables: &Tables<'_>) -> Step {
    let effects = &statement.effects;
    let held = |lock: &Lock| Held {
        size: tables.size(&lock.on),
        // Which table an index is of is not in the file.
        scale: if lock.of_index { Scale::Unknown } else { tables.scale(&lock.on) },
        lock: lock.clone(),
    };
    let locks: Vec<Held> = effects.locks.iter().map(held).collect();
    let risk = match &effects.opaque {
        Some(_) => Risk::Unknown,
        None => locks.iter().map(risk).max().unwrap_or(Risk::None),
    };
    // What nobody uses yet surprises nobody.
    let is_new = !locks.is_empty() && locks.iter().all(|held| held.scale == Scale::New);
    let doubts = if is_new { Vec::new() } else { effects.doubts.clone() };
    Step {
        line: statement.line,
        what: statement.what.clone(),
        sql: statement.text.clone(),
        locks,
        risk,
        breaks: effects.breaks.clone(),
        doubts,
        opaque: effects.opaque.clone(),
    }
}

/// A lock that keeps people waiting for as long as a table is read or written.
fn risk(held: &Held) -> Risk {
    let Lock { mode, work, .. } = held.lock;
    match (mode, work, held.scale) {
        (_, _, Scale::New) => Risk::None,
        (mode, ..) if mode < LockMode::ShareUpdateExclusive => Risk::None,
        (LockMode::ShareUpdateExclusive, ..) => Risk::Low,
        // It is held for a moment; who waits for it at the longest is in `lock_timeout`.
        (_, Work::Catalogue, _) | (_, _, Scale::Small) => Risk::Low,
        (_, _, Scale::Unknown) => Risk::Unknown,
        (LockMode::AccessExclusive, _, Scale::Large) | (_, Work::Rewrite, Scale::Large) => {
            Risk::High
        }
        _ => Risk::Medium,
    }
}

/// What a person has consented to destroy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    objects: BTreeSet<String>,
    /// What any file of the checkout destroys, whether it is pending or not: the same consent is
    /// given again where a run is repeated that had come past its migrations.
    known: BTreeSet<String>,
    /// The files whose objects do not all stand in them: CASCADE and parts reach others.
    reaching: BTreeSet<String>,
}

impl Consent {
    /// Consent to `objects`, of which each is to be destroyed by some file.
    pub fn new(objects: impl IntoIterator<Item = String>, files: &[MigrationFile]) -> Self {
        let of_file = |file: &MigrationFile| {
            let statements = Script::parse(&file.sql).statements.into_iter();
            let destroyed = statements.flat_map(|it| it.effects.destroys);
            destroyed.map(|it| it.consent(&file.name)).collect::<Vec<_>>()
        };
        let known = files.iter().flat_map(of_file).collect();
        let reaching = files.iter().filter(|it| reaches(it)).map(|it| it.name.clone()).collect();
        Self { objects: objects.into_iter().collect(), known, reaching }
    }

    fn covers(&self, object: &str) -> bool {
        self.objects.contains(object)
    }

    /// What no file of the checkout destroys was meant for something else. What one that was applied
    /// took along stands in no file, so then nobody can say.
    fn unneeded(&self, files: &[Assessed]) -> impl Iterator<Item = String> {
        let is_pending = |name: &String| files.iter().any(|file| file.name == *name);
        let is_found = |object: &String| files.iter().any(|file| file.destroys.contains(object));
        let can_tell = self.reaching.iter().all(is_pending);
        let unneeded = self.objects.difference(&self.known).filter(move |_| can_tell);
        unneeded
            .filter(move |it| !is_found(it))
            .map(|it| format!("`--drop {it}`: no migration of this checkout destroys that"))
    }
}

/// Whether a file may destroy what it does not name.
fn reaches(file: &MigrationFile) -> bool {
    let is_more = |it: &Effects| {
        let is_cascade = it.destroys.iter().any(|object| matches!(object, Object::Cascade(_)));
        is_cascade || it.ties.iter().any(|tie| tie.kind != TieKind::References)
    };
    Script::parse(&file.sql).statements.iter().any(|it| is_more(&it.effects))
}

/// Whether an environment has people who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// Only who develops on it.
    Nobody,
    Somebody,
}

/// Why files may not be applied. On one's own machine data and locks are one's own business; what
/// would break the runner is refused everywhere.
pub fn refusals(files: &[Assessed], users: Users, consent: &Consent) -> Vec<String> {
    let mut lines: Vec<String> = files.iter().flat_map(of_file).collect();
    if users == Users::Somebody {
        lines.extend(files.iter().flat_map(blocking));
        lines.extend(files.iter().flat_map(|file| unconsented(file, consent)));
        lines.extend(consent.unneeded(files));
    }
    lines
}

fn of_file(file: &Assessed) -> Vec<String> {
    let name = &file.name;
    let refused = file.refusals.iter().map(|it| format!("`{name}` line {}: {}", it.line, it.why));
    let mut lines: Vec<String> = refused.collect();
    if let Mark::Wrong(why) = &file.mark {
        let why = why.join("; ");
        lines.push(format!("`{name}` is marked `{MARK}` and cannot be: {why}"));
    }
    lines
}

fn blocking(file: &Assessed) -> Vec<String> {
    let lints = file.lints.iter().filter(|lint| lint.weight == Weight::Blocks);
    let line = |lint: &Lint| {
        let Lint { line, rule, message, help, .. } = lint;
        let help = help.as_ref().map(|help| format!(" {help}")).unwrap_or_default();
        format!(
            "`{}` line {line}: {rule}: {message}{help} \
             (`-- squawk-ignore {rule}` above it accepts it)",
            file.name
        )
    };
    lints.map(line).collect()
}

fn unconsented(file: &Assessed, consent: &Consent) -> Vec<String> {
    let missing = file.destroys.iter().filter(|object| !consent.covers(object));
    let line = |object: &String| {
        let name = &file.name;
        match object.strip_suffix(":cascade") {
            Some(of) => format!(
                "`{name}`: CASCADE takes along with `{of}` what cannot be told from here: \
                 say `--drop {object}` if that is meant, whatever it is"
            ),
            None => format!("`{name}` destroys `{object}`: say `--drop {object}` if that is meant"),
        }
    };
    missing.map(line).collect()
}

#[cfg(test)]
mod tests;
