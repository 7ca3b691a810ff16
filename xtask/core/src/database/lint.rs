//! What squawk's linter says of a migration, and which of it stops one.
//!
//! Prisma's own files break rules of style, and small or new tables need none of the care that
//! large ones do: a chosen part of the rules blocks, the rest is advice.

use super::sql::{Lines, Script, Statement};
use super::statistics::{Scale, Tables};
use serde::Serialize;
use squawk_linter::{Linter, Rule, Violation};
use squawk_syntax::SourceFile;

/// A finding of the linter, with what it is worth here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lint {
    /// Where, from 1.
    pub line: usize,
    /// Squawk's name for it. `-- squawk-ignore NAME` above the statement accepts it.
    pub rule: String,
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    pub weight: Weight,
}

/// What a finding is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Good to know.
    Advice,
    /// Data is lost: a person names each object.
    Consent,
    /// It stops the migration where others use the environment.
    Blocks,
}

/// What our runner does itself, or refuses itself.
const NOT_ASKED: [Rule; 4] = [
    Rule::RequireTimeoutSettings,
    Rule::TransactionNesting,
    Rule::BanUncommittedTransaction,
    Rule::UnusedIgnore,
];

/// Everything that squawk finds in a file.
pub fn lint(sql: &str, script: &Script, scales: &[Scale]) -> Vec<Lint> {
    // What is too deep for the parser is refused, and no tree is made of it.
    if !script.is_read() {
        return Vec::new();
    }
    let mut linter = Linter::without_rules(&NOT_ASKED);
    linter.settings.assume_in_transaction = script.alone().is_none();
    let found = linter.lint(&SourceFile::parse(sql), sql);
    let lines = Lines::of(sql);
    found.iter().map(|violation| one(violation, &lines, script, scales)).collect()
}

fn one(violation: &Violation, lines: &Lines<'_>, script: &Script, scales: &[Scale]) -> Lint {
    let at = usize::from(violation.text_range.start());
    let scale = script.position(at).and_then(|it| scales.get(it)).copied();
    Lint {
        line: lines.at(at),
        rule: violation.code.to_string(),
        message: violation.message.clone(),
        help: violation.help.clone(),
        weight: weight(violation.code, scale.unwrap_or(Scale::Unknown)),
    }
}

/// Rules about how long a lock is held weigh nothing where the table is small.
fn weight(rule: Rule, scale: Scale) -> Weight {
    match rule {
        _ if scale == Scale::New => Weight::Advice,
        Rule::BanDropColumn
        | Rule::BanDropTable
        | Rule::BanDropDatabase
        | Rule::BanTruncateCascade => Weight::Consent,
        Rule::RenamingColumn
        | Rule::RenamingTable
        | Rule::AddingRequiredField
        | Rule::BanDropNotNull
        | Rule::BanConcurrentIndexCreationInTransaction => Weight::Blocks,
        Rule::ChangingColumnType
        | Rule::AddingNotNullableField
        | Rule::ConstraintMissingNotValid
        | Rule::RequireConcurrentIndexCreation
            if scale != Scale::Small =>
        {
            Weight::Blocks
        }
        _ => Weight::Advice,
    }
}

/// The size of the largest table that a statement locks; unknown where one of them is.
pub(super) fn scale(statement: &Statement, tables: &Tables<'_>) -> Scale {
    let locks = &statement.effects.locks;
    let scales: Vec<Scale> = locks.iter().map(|lock| tables.scale(&lock.on)).collect();
    let is = |scale: Scale| scales.contains(&scale);
    match () {
        () if scales.is_empty() || is(Scale::Unknown) => Scale::Unknown,
        () if is(Scale::Large) => Scale::Large,
        () if is(Scale::Medium) => Scale::Medium,
        () if is(Scale::Small) => Scale::Small,
        () => Scale::New,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sql::Name;
    use super::super::statistics::{Size, Statistics};
    use super::*;

    fn weights(sql: &str, rows: u64) -> Vec<(String, Weight)> {
        let size = Size { rows, bytes: 1 };
        let statistics = Statistics {
            environment: "x".into(),
            taken_at: String::new(),
            tables: [("public.meals".to_owned(), size)].into(),
        };
        let mut tables = Tables::new(Some(&statistics), "public");
        tables.made(&Name::plain("fresh"));
        let script = Script::parse(sql);
        let scales: Vec<Scale> = script.statements.iter().map(|it| scale(it, &tables)).collect();
        let found = lint(sql, &script, &scales).into_iter();
        let heavy = found.filter(|it| it.weight != Weight::Advice);
        heavy.map(|it| (it.rule, it.weight)).collect()
    }

    #[test]
    fn rules_about_locks_weigh_by_the_table_and_those_about_clients_do_not() {
        use Weight::{Blocks, Consent};
        for (sql, rows, wanted) in [
            ("CREATE INDEX i ON meals (a);", 10, vec![]),
            (
                "CREATE INDEX i ON meals (a);",
                2_000_000,
                vec![("require-concurrent-index-creation", Blocks)],
            ),
            (
                "CREATE INDEX i ON unknown (a);",
                10,
                vec![("require-concurrent-index-creation", Blocks)],
            ),
            ("CREATE INDEX i ON fresh (a);", 10, vec![]),
            ("CREATE INDEX CONCURRENTLY i ON meals (a);", 2_000_000, vec![]),
            ("ALTER TABLE meals RENAME COLUMN a TO b;", 10, vec![("renaming-column", Blocks)]),
            (
                "ALTER TABLE meals ADD COLUMN a int NOT NULL;",
                10,
                vec![("adding-required-field", Blocks)],
            ),
            ("ALTER TABLE meals DROP COLUMN a;", 10, vec![("ban-drop-column", Consent)]),
            ("ALTER TABLE meals ALTER a TYPE text;", 10, vec![]),
            (
                "ALTER TABLE meals ALTER a TYPE text;",
                50_000,
                vec![("changing-column-type", Blocks)],
            ),
            (
                "-- squawk-ignore renaming-column\nALTER TABLE meals RENAME COLUMN a TO b;",
                10,
                vec![],
            ),
        ] {
            let wanted: Vec<_> =
                wanted.into_iter().map(|(rule, weight)| (rule.to_owned(), weight)).collect();
            assert_eq!(weights(sql, rows), wanted, "{sql} {rows}");
        }
    }
}
