//! What stands of a migration that failed, what does not, and the exact next command.

use super::migration::{History, MigrationFile, MigrationRow};
use super::sql::{Script, Trace};
use serde::Serialize;

/// Whether what a statement leaves behind is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    Yes,
    No,
    /// It leaves nothing by which it can be told, or only some of it is there.
    Unknown,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// About what: a migration, an index.
    pub about: String,
    /// What is wrong.
    pub what: String,
    /// What was found, line by line.
    pub found: Vec<String>,
    /// What to type or do next, in order.
    pub next: Vec<String>,
}

/// Every trace that has to be looked for, of all that failed.
pub fn traces(files: &[MigrationFile], history: &History) -> Vec<Trace> {
    let failed = files.iter().filter(|file| history.failed.contains(&file.name));
    let statements = failed.flat_map(|file| Script::parse(&file.sql).statements);
    statements.flat_map(|it| it.traces).collect()
}

/// What stands against going on, and what to do about each.
pub fn cases(
    environment: &str,
    folder: &str,
    files: &[MigrationFile],
    rows: &[MigrationRow],
    is_there: &dyn Fn(&Trace) -> bool,
) -> Vec<Case> {
    let history = super::migration::compare(files, rows);
    let mut cases = Vec::new();
    for name in &history.failed {
        let row = rows.iter().find(|row| row.name == *name && row.is_failed());
        let file = files.iter().find(|file| file.name == *name);
        cases.push(failed(environment, name, file, row, is_there));
    }
    cases.extend(history.edited.iter().map(|name| edited(folder, name, rows)));
    cases.extend(history.late.iter().map(|name| late(folder, name)));
    cases.extend(history.renamed.iter().map(|it| renamed(environment, folder, it)));
    let is_renamed = |name: &&String| history.renamed.iter().any(|[_, before]| before == *name);
    let gone = history.missing.iter().filter(|name| !is_renamed(name));
    cases.extend(gone.map(|name| missing(folder, name)));
    cases.extend(history.misnamed.iter().map(|line| Case {
        about: "a name".to_owned(),
        what: line.clone(),
        found: Vec::new(),
        next: vec![format!("git mv {folder}/OLD {folder}/NEW")],
    }));
    cases
}

fn failed(
    environment: &str,
    name: &str,
    file: Option<&MigrationFile>,
    row: Option<&MigrationRow>,
    is_there: &dyn Fn(&Trace) -> bool,
) -> Case {
    let mut found: Vec<String> =
        row.and_then(|row| row.logs.as_ref()).into_iter().cloned().collect();
    let began = row.map(|row| row.started_at.as_str()).unwrap_or_default();
    let what = format!("it began at {began}, and did not come to its end");
    let about = name.to_owned();
    let Some(file) = file else {
        let next = vec![format!("check out the commit that holds `{name}`, then ask again")];
        return Case { about, what, found, next };
    };
    let looked: Vec<(String, Stands)> = Script::parse(&file.sql)
        .statements
        .iter()
        .map(|it| {
            let stands = stands(&it.traces, is_there);
            (format!("line {}: {}", it.line, it.what), stands)
        })
        .collect();
    found.extend(looked.iter().map(|(statement, stands)| match stands {
        Stands::Yes => format!("stands: {statement}"),
        Stands::No => format!("does not stand: {statement}"),
        Stands::Unknown => format!("cannot be told: {statement}"),
    }));
    let all = |wanted: Stands| looked.iter().all(|(_, stands)| *stands == wanted);
    let resolve =
        |how: &str| format!("cargo xtask migrate resolve {environment} {name} {how} --apply");
    let again = format!("cargo xtask migrate apply {environment} --apply");
    let next = match () {
        () if all(Stands::No) => vec![resolve("--rolled-back"), again],
        () if all(Stands::Yes) => vec![resolve("--applied")],
        () => vec![
            format!("by hand, with psql: run what does not stand, then {}", resolve("--applied")),
            format!("or undo what stands, then {}", resolve("--rolled-back")),
        ],
    };
    Case { about, what, found, next }
}

fn renamed(environment: &str, folder: &str, [now, before]: &[String; 2]) -> Case {
    Case {
        about: now.clone(),
        what: format!("it is what was applied as `{before}`: its folder was renamed"),
        found: Vec::new(),
        next: vec![
            format!("git mv {folder}/{now} {folder}/{before}"),
            format!(
                "or, where the new name is meant: \
                 cargo xtask migrate resolve {environment} {now} --applied --apply"
            ),
        ],
    }
}

fn stands(traces: &[Trace], is_there: &dyn Fn(&Trace) -> bool) -> Stands {
    let there = traces.iter().filter(|trace| is_there(trace)).count();
    match there {
        _ if traces.is_empty() => Stands::Unknown,
        0 => Stands::No,
        count if count == traces.len() => Stands::Yes,
        _ => Stands::Unknown,
    }
}

fn edited(folder: &str, name: &str, rows: &[MigrationRow]) -> Case {
    let row = rows.iter().find(|row| row.name == name && !row.rolled_back);
    let applied = row.map(|row| row.checksum.clone()).unwrap_or_default();
    Case {
        about: name.to_owned(),
        what: "the file is not the one that was applied".to_owned(),
        found: vec![format!("applied: sha256 {applied}")],
        next: vec![
            format!("git log --oneline -- {folder}/{name}/migration.sql"),
            format!("git checkout COMMIT -- {folder}/{name}/migration.sql"),
            "what the edit was meant to do goes into a new migration".to_owned(),
        ],
    }
}

fn late(folder: &str, name: &str) -> Case {
    let word = name.split_once('_').map_or(name, |(_, word)| word);
    Case {
        about: name.to_owned(),
        what: "its name comes before one that is applied already".to_owned(),
        found: Vec::new(),
        next: vec![format!("git mv {folder}/{name} {folder}/$(date -u +%Y%m%d%H%M%S)_{word}")],
    }
}

fn missing(folder: &str, name: &str) -> Case {
    Case {
        about: name.to_owned(),
        what: "it is applied, and there is no such file in this checkout".to_owned(),
        found: Vec::new(),
        next: vec![format!("git log --all --oneline -- {folder}/{name}")],
    }
}

/// An index that a broken-off `CREATE INDEX CONCURRENTLY` has left: it costs writes and serves
/// nobody.
pub fn invalid_index(index: &str, table: &str) -> Case {
    Case {
        about: index.to_owned(),
        what: format!("an index of `{table}` that is not valid: it costs writes and serves nobody"),
        found: Vec::new(),
        next: vec![format!("psql: DROP INDEX CONCURRENTLY {index};")],
    }
}

/// Somebody who holds the lock of migrations.
pub fn locked(pid: i32, who: &str, since: &str) -> Case {
    Case {
        about: "the lock of migrations".to_owned(),
        what: format!("held by `{who}`, backend {pid}, since {since}"),
        found: Vec::new(),
        next: vec![format!(
            "if nobody migrates: psql: SELECT pg_terminate_backend({pid}); \
             a transaction pooler keeps it for ever: migrate through another address"
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(sql: &str, is_there: &dyn Fn(&Trace) -> bool) -> Case {
        let file = MigrationFile::new("20260101000000_a", sql);
        let row = MigrationRow {
            finished: false,
            logs: Some("ERROR: no".into()),
            ..MigrationRow::applied(&file.name, file.checksum())
        };
        cases("production", "prisma/migrations", &[file], &[row], is_there).remove(0)
    }

    const TWO: &str = "CREATE TABLE a ();\nALTER TABLE b ADD COLUMN c int;";

    #[test]
    fn what_stands_decides_what_to_type_next() {
        let nothing = case(TWO, &|_| false);
        assert_eq!(nothing.found[0], "ERROR: no");
        assert_eq!(nothing.found[1], "does not stand: line 1: CREATE TABLE");
        assert!(nothing.next[0].ends_with("20260101000000_a --rolled-back --apply"), "{nothing:?}");
        let all = case(TWO, &|_| true);
        assert!(all.next.len() == 1 && all.next[0].ends_with("--applied --apply"), "{all:?}");
        let half = case(TWO, &|trace| matches!(trace, Trace::Relation(_)));
        assert_eq!(
            half.found[1..],
            ["stands: line 1: CREATE TABLE", "does not stand: line 2: ALTER TABLE"]
        );
        assert!(half.next[0].starts_with("by hand"), "{half:?}");
    }

    #[test]
    fn what_leaves_no_trace_is_never_taken_for_undone() {
        let blind = case("UPDATE a SET b = 1;", &|_| false);
        assert_eq!(blind.found[1], "cannot be told: line 1: UPDATE");
        assert!(blind.next[0].starts_with("by hand"), "{blind:?}");
    }
}
