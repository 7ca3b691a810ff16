//! How large the tables of an environment are, as `migrate stats` wrote it into a file that is
//! committed: so a plan can weigh a change without asking a database.

use super::sql::{Effects, Name, TEMPORARY, Type};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer rows, and fewer bytes, are read or written before anybody notices.
const SMALL: Size = Size { rows: 10_000, bytes: 16 << 20 };
/// From here on reading or writing all of it takes longer than people wait.
const LARGE: Size = Size { rows: 1_000_000, bytes: 1 << 30 };

/// The sizes of an environment's tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Where they were taken.
    pub environment: String,
    /// When, RFC 3339.
    pub taken_at: String,
    /// By schema and name: `public.meals`.
    pub tables: BTreeMap<String, Size>,
}

/// How large a table is. Rows are what the planner estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub rows: u64,
    /// With its indexes.
    pub bytes: u64,
}

/// A table's size as it matters for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// It is made by what is planned, so nobody uses it yet.
    New,
    Small,
    Medium,
    Large,
    /// No statistics tell.
    Unknown,
}

/// What is known of tables while a plan is walked through.
#[derive(Clone, Debug)]
pub struct Tables<'s> {
    statistics: Option<&'s Statistics>,
    schema: &'s str,
    made: BTreeSet<String>,
    /// With the table before the column.
    columns: BTreeSet<(String, String)>,
    /// The types of the columns that are there, as far as the database was asked.
    types: BTreeMap<(String, String), Type>,
}

impl Statistics {
    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The file: one line a table, so that a change of one is one line.
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("texts and numbers are JSON");
        format!("{text}\n")
    }
}

impl Size {
    /// Two digits are enough to weigh a change, and keep the file from changing every day.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { rows: two_digits(self.rows), bytes: two_digits(self.bytes) }
    }

    fn scale(self) -> Scale {
        match self {
            it if it.rows >= LARGE.rows || it.bytes >= LARGE.bytes => Scale::Large,
            it if it.rows < SMALL.rows && it.bytes < SMALL.bytes => Scale::Small,
            _ => Scale::Medium,
        }
    }
}

fn two_digits(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number / unit * unit
}

impl<'s> Tables<'s> {
    /// Before anything is made; names without a schema are of `schema`.
    pub fn new(statistics: Option<&'s Statistics>, schema: &'s str) -> Self {
        let (made, columns, types) = Default::default();
        Self { statistics, schema, made, columns, types }
    }

    /// With the types of columns as the database has them: table with its schema, column, type.
    #[must_use]
    pub fn with_types(mut self, types: impl IntoIterator<Item = [String; 3]>) -> Self {
        let typed = |[table, column, name]: [String; 3]| ((table, column), Type::parse(&name));
        self.types = types.into_iter().map(typed).collect();
        self
    }

    /// Notes what a statement makes. What may have been there before is new only where the sizes
    /// of all tables tell that it was not.
    pub fn pass(&mut self, effects: &Effects) {
        self.forget_types(effects);
        effects.creates.iter().for_each(|name| self.made(name));
        for name in &effects.perhaps_creates {
            if self.statistics.is_some() && self.size(name).is_none() {
                self.made(name);
            }
        }
        for (table, column) in &effects.adds {
            self.columns.insert((table.within(self.schema), column.clone()));
        }
        effects.renames.iter().for_each(|(from, to)| self.renamed(from, to));
        for (table, from, to) in &effects.renames_columns {
            let column = |name: &String| (table.within(self.schema), name.clone());
            let (from, to) = (column(from), column(to));
            if self.columns.remove(&from) {
                self.columns.insert(to)
            } else {
                self.columns.remove(&to)
            };
        }
    }

    /// What a statement changes has a type that nobody knows until the database is asked again.
    fn forget_types(&mut self, effects: &Effects) {
        if effects.opaque.is_some() {
            self.types.clear();
        }
        let columns = effects.renames_columns.iter();
        let columns = columns.flat_map(|(table, from, to)| [(table, from), (table, to)]);
        let retyped = effects.retypes.iter().map(|(table, column)| (table, column));
        for (table, column) in columns.chain(retyped) {
            self.types.remove(&(table.within(self.schema), column.clone()));
        }
        let tables = effects.renames.iter().flat_map(|(from, to)| [from, to]);
        for table in tables.map(|it| it.within(self.schema)) {
            self.types.retain(|(of, _), _| *of != table);
        }
    }

    /// The type of a column, if the database was asked for it.
    pub fn column_type(&self, table: &Name, column: &str) -> Option<&Type> {
        self.types.get(&(table.within(self.schema), column.to_owned()))
    }

    /// Under a name that was made here may stand now what was there before, and the other way round.
    fn renamed(&mut self, from: &Name, to: &Name) {
        let (from, to) = (from.within(self.schema), to.within(self.schema));
        if self.made.remove(&from) {
            self.made.insert(to.clone())
        } else {
            self.made.remove(&to)
        };
        let columns = std::mem::take(&mut self.columns).into_iter();
        let others = columns.filter(|(table, _)| *table != to);
        let moved = others.map(|(table, column)| match table == from {
            true => (to.clone(), column),
            false => (table, column),
        });
        self.columns = moved.collect();
    }

    /// Whether a column is made by what is planned, by itself or with its table.
    pub fn is_new_column(&self, table: &Name, column: &str) -> bool {
        let added = (table.within(self.schema), column.to_owned());
        self.scale(table) == Scale::New || self.columns.contains(&added)
    }

    pub(super) fn made(&mut self, name: &Name) {
        self.made.insert(name.within(self.schema));
    }

    fn is_made(&self, name: &Name) -> bool {
        let temporary = name.within(TEMPORARY);
        self.made.contains(&name.within(self.schema)) || self.made.contains(&temporary)
    }

    pub fn size(&self, name: &Name) -> Option<Size> {
        self.statistics?.tables.get(&name.within(self.schema)).copied()
    }

    pub fn scale(&self, name: &Name) -> Scale {
        match self.size(name) {
            _ if self.is_made(name) => Scale::New,
            Some(size) => size.scale(),
            None => Scale::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_large_as_its_rows_or_its_bytes_say() {
        let table = |rows, bytes| ("public.meals".to_owned(), Size { rows, bytes });
        for (rows, bytes, scale) in [
            (0, 0, Scale::Small),
            (9_999, 1 << 20, Scale::Small),
            (10_000, 1 << 20, Scale::Medium),
            (5, 16 << 20, Scale::Medium),
            (1_000_000, 1, Scale::Large),
            (5, 1 << 30, Scale::Large),
        ] {
            let tables = [table(rows, bytes)].into();
            let statistics =
                Statistics { environment: "x".into(), taken_at: String::new(), tables };
            let mut known = Tables::new(Some(&statistics), "public");
            assert_eq!(known.scale(&Name::plain("meals")), scale, "{rows} {bytes}");
            assert_eq!(known.scale(&Name::plain("foods")), Scale::Unknown);
            known.made(&Name::plain("foods"));
            assert_eq!(known.scale(&Name::plain("foods")), Scale::New);
        }
    }

    #[test]
    fn the_file_is_read_as_it_was_written_and_nothing_else_is() {
        let size = Size { rows: 123_456, bytes: 987 }.rounded();
        assert_eq!(size, Size { rows: 120_000, bytes: 980 });
        let statistics = Statistics {
            environment: "production".into(),
            taken_at: "2026-11-27T08:00:00Z".into(),
            tables: [("public.meals".to_owned(), size)].into(),
        };
        assert_eq!(Statistics::parse(&statistics.to_text()), Ok(statistics));
        assert!(Statistics::parse("{}").is_err());
    }
}
