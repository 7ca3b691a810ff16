//! The files beside the rows: what each migration is.

use super::{MigrationFile, MigrationRow, name};
use serde::Serialize;
use std::collections::BTreeSet;

/// What each migration is, each list in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// Done, and the file is the one that was applied or is not here.
    pub applied: Vec<String>,
    /// Not done yet.
    pub pending: Vec<String>,
    /// Pending ones that were applied or tried before, and rolled back.
    pub rolled_back: Vec<String>,
    /// Done, and the file is another one now.
    pub edited: Vec<String>,
    /// Done, and there is no such file here.
    pub missing: Vec<String>,
    /// Begun, and not come to its end; nobody has said what became of it.
    pub failed: Vec<String>,
    /// Pending ones whose name comes before one that is done.
    pub late: Vec<String>,
    /// Pending ones that say what is done under a name that has no file any more: theirs, and that.
    pub renamed: Vec<[String; 2]>,
    /// What else may not be: names.
    pub misnamed: Vec<String>,
}

/// Puts the files beside the rows. For each name the row that was not rolled back counts.
pub fn compare(files: &[MigrationFile], rows: &[MigrationRow]) -> History {
    let standing: Vec<&MigrationRow> = rows.iter().filter(|row| !row.rolled_back).collect();
    let mut history = History::default();
    for row in &standing {
        let file = files.iter().find(|file| file.name == row.name);
        let name = row.name.clone();
        match file {
            _ if !row.finished => history.failed.push(name),
            Some(file) if !file.matches(&row.checksum) => history.edited.push(name),
            Some(_) => history.applied.push(name),
            // An older release's tree does not hold newer migrations; `machine::judge` decides.
            None => {
                history.missing.push(name.clone());
                history.applied.push(name);
            }
        }
    }
    let is_standing = |file: &&MigrationFile| standing.iter().any(|row| row.name == file.name);
    let pending: Vec<&MigrationFile> = files.iter().filter(|file| !is_standing(file)).collect();
    let last = standing.iter().map(|row| row.name.as_str()).max();
    let was_there = |name: &str| rows.iter().any(|row| row.name == name);
    for file in &pending {
        let name = &file.name;
        history.pending.push(name.clone());
        match was_there(name) {
            true => history.rolled_back.push(name.clone()),
            false if Some(name.as_str()) < last => history.late.push(name.clone()),
            false => {}
        }
    }
    history.renamed = renamed(&pending, &standing, &history.missing);
    history.misnamed = misnamed(&pending);
    history.sorted()
}

/// A folder with another name is another migration to every runner, and its SQL would run again.
fn renamed(
    pending: &[&MigrationFile],
    standing: &[&MigrationRow],
    missing: &[String],
) -> Vec<[String; 2]> {
    let lost: Vec<&MigrationRow> =
        standing.iter().filter(|row| missing.contains(&row.name)).copied().collect();
    let was = |file: &MigrationFile| {
        let row = lost.iter().find(|row| !file.is_empty() && file.matches(&row.checksum))?;
        Some([file.name.clone(), row.name.clone()])
    };
    pending.iter().filter_map(|file| was(file)).collect()
}

/// Names that two programs may sort in two ways, and times that say no order.
fn misnamed(pending: &[&MigrationFile]) -> Vec<String> {
    let mut lines: Vec<String> =
        pending.iter().filter_map(|file| name::refusal(&file.name)).collect();
    let mut times = BTreeSet::new();
    for file in pending {
        if !times.insert(name::time(&file.name)) {
            let line = format!("`{}` has the time of another one; give it a later one", file.name);
            lines.push(line);
        }
    }
    lines
}

impl History {
    fn sorted(mut self) -> Self {
        let lists = [
            &mut self.applied,
            &mut self.pending,
            &mut self.edited,
            &mut self.missing,
            &mut self.failed,
        ];
        lists.into_iter().for_each(|list| list.sort());
        self
    }

    /// Whether nothing is pending and nothing is wrong.
    pub fn is_up_to_date(&self) -> bool {
        self.pending.is_empty() && self.refusals().is_empty()
    }

    /// Why nothing may be applied.
    pub fn refusals(&self) -> Vec<String> {
        let failed = self.failed.iter().map(|name| {
            format!(
                "`{name}` failed earlier and may be half done; `migrate doctor` tells what stands"
            )
        });
        let edited = self
            .edited
            .iter()
            .map(|name| format!("`{name}` was edited after it was applied; restore the file"));
        let late = self.late.iter().map(|name| {
            format!("`{name}` comes before the last applied one; give it a later name")
        });
        let renamed = self.renamed.iter().map(|[now, before]| {
            format!(
                "`{now}` is what was applied as `{before}`: its folder was renamed, and its SQL \
                 would run again; name it `{before}` again"
            )
        });
        let late = late.chain(renamed);
        failed.chain(edited).chain(late).chain(self.misnamed.iter().cloned()).collect()
    }
}
