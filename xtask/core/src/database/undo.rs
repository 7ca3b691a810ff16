//! Taking applied migrations back, the last one first, by what their authors wrote for it.

use super::migration::{MigrationFile, MigrationRow};
use serde::Serialize;

/// The file beside `migration.sql` that takes it back.
pub const FILE: &str = "down.sql";

/// One migration that is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub name: String,
    /// What is run.
    pub down: String,
}

/// How far back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many migrations.
    Count(usize),
    /// Everything after the one of this name; that one stays.
    After(String),
    /// The one of this name, and everything after it.
    To(String),
}

/// Why nothing is taken back. All reasons are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct UndoRefusal(pub Vec<String>);

/// What is taken back, in the order of doing it. `rows` are in the order in which they were applied;
/// `expected` are the migrations that the release that serves knows.
pub fn plan(
    files: &[MigrationFile],
    rows: &[MigrationRow],
    until: &Until,
    expected: &[String],
) -> Result<Vec<Step>, UndoRefusal> {
    let rows: Vec<&MigrationRow> = rows.iter().filter(|row| !row.rolled_back).collect();
    let unfinished: Vec<String> = rows
        .iter()
        .filter(|row| !row.finished)
        .map(|row| format!("`{}` is not finished; `migrate doctor` says what stands", row.name))
        .collect();
    let (count, unknown) = count(files, &rows, until);
    let chosen = rows.iter().rev().take(count);
    let mut reasons: Vec<String> = unfinished.into_iter().chain(unknown).collect();
    let mut steps = Vec::new();
    for row in chosen {
        if expected.contains(&row.name) {
            reasons.push(format!("the release that serves expects `{}`", row.name));
        }
        match step(files, row) {
            Ok(step) => steps.push(step),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() { Ok(steps) } else { Err(UndoRefusal(reasons)) }
}

/// How many, counted from the last one, and what is wrong with the wish.
fn count(
    files: &[MigrationFile],
    rows: &[&MigrationRow],
    until: &Until,
) -> (usize, Option<String>) {
    let at = |name: &str| rows.iter().position(|row| row.name == name);
    match until {
        Until::Count(count) if *count > rows.len() => {
            (rows.len(), Some(format!("only {} are applied, and {count} are to go", rows.len())))
        }
        Until::Count(count) => (*count, None),
        Until::After(name) => match at(name) {
            Some(at) => (rows.len() - at - 1, None),
            None => (0, Some(format!("`{name}` is not applied"))),
        },
        Until::To(name) => match at(name) {
            Some(at) => (rows.len() - at, None),
            // It was taken back already: the same may be typed again after a run that was killed.
            None if files.iter().any(|file| file.name == *name) => (0, None),
            None => (0, Some(format!("`{name}` is neither applied nor in this checkout"))),
        },
    }
}

/// How the file that takes a migration back is called, so that nobody takes it for the other one.
pub fn called(name: &str) -> String {
    format!("{name}/{FILE}")
}

/// What takes each migration back, as a file of its name.
pub fn ways_back(files: &[MigrationFile]) -> Vec<MigrationFile> {
    let down =
        |file: &MigrationFile| Some(MigrationFile::new(called(&file.name), file.down.clone()?));
    files.iter().filter_map(down).collect()
}

fn step(files: &[MigrationFile], row: &MigrationRow) -> Result<Step, String> {
    let name = &row.name;
    let found = files.iter().find(|it| it.name == *name);
    let found = found.ok_or_else(|| format!("`{name}` is not in this checkout"))?;
    if !found.matches(&row.checksum) {
        return Err(format!("`{name}` was edited after it was applied; restore the file"));
    }
    let down = found.down.clone().filter(|it| !it.trim().is_empty());
    let down = down.ok_or_else(|| format!("`{name}` has no `{FILE}`"))?;
    Ok(Step { name: name.clone(), down })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undoable(name: &str, down: Option<&str>) -> MigrationFile {
        let down = down.map(ToOwned::to_owned);
        MigrationFile { down, ..MigrationFile::new(name, format!("-- {name}")) }
    }

    fn row(of: &MigrationFile) -> MigrationRow {
        MigrationRow::applied(&of.name, of.checksum())
    }

    fn names(steps: Result<Vec<Step>, UndoRefusal>) -> Vec<String> {
        steps.unwrap().into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn the_last_one_goes_first() {
        let files = ["1_a", "2_b", "3_c"].map(|name| undoable(name, Some("DROP")));
        let rows = [0, 1, 2].map(|at: usize| row(&files[at]));
        assert_eq!(names(plan(&files, &rows, &Until::Count(2), &[])), ["3_c", "2_b"]);
        assert_eq!(names(plan(&files, &rows, &Until::After("1_a".into()), &[])), ["3_c", "2_b"]);
        assert_eq!(names(plan(&files, &rows, &Until::Count(0), &[])), [""; 0]);
        let to =
            |name: &str, rows: &[MigrationRow]| plan(&files, rows, &Until::To(name.into()), &[]);
        assert_eq!(names(to("2_b", &rows)), ["3_c", "2_b"]);
        assert_eq!(names(to("2_b", &rows[..2])), ["2_b"], "it was killed behind the first");
        assert_eq!(names(to("2_b", &rows[..1])), [""; 0], "nothing more goes");
        assert!(to("4_d", &rows).unwrap_err().0[0].contains("neither applied nor in"));
    }

    #[test]
    fn a_way_back_is_called_as_its_file() {
        let files = [undoable("1_a", Some("DROP")), undoable("2_b", None)];
        let names: Vec<String> = ways_back(&files).into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["1_a/down.sql"]);
    }

    #[test]
    fn every_reason_is_told_at_once() {
        let mut files = ["1_a", "2_b", "3_c"].map(|name| undoable(name, Some("DROP")));
        let mut rows = [0, 1, 2].map(|at: usize| row(&files[at]));
        files[1].down = None;
        files[2].sql.push_str("edited");
        rows[0].finished = false;
        let refusal = plan(&files, &rows, &Until::Count(4), &["3_c".into()]).unwrap_err();
        let words = ["not finished", "only 3", "expects `3_c`", "edited", "no `down.sql`"];
        for word in words {
            assert!(refusal.0.iter().any(|line| line.contains(word)), "{word}: {refusal}");
        }
    }
}
