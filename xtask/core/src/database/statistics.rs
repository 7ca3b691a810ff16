//! How large the tables of an environment are, as `migrate stats` wrote it into a file that is
//! committed: so a plan can weigh a change without asking a database.

use super::reach::Reach;
use super::sql::{Effects, Name, Object, TEMPORARY, Tie, Type};
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
    /// Whether the file has changed where names without a schema are looked for.
    is_elsewhere: bool,
    /// The functions made in this plan that destroy something when they are called.
    wipers: BTreeSet<String>,
    made: BTreeSet<String>,
    /// By their table.
    columns: BTreeMap<String, BTreeSet<String>>,
    /// The types of the columns that are there, as far as the database was asked; by their table.
    types: BTreeMap<String, BTreeMap<String, Type>>,
    /// What goes along with what is dropped.
    reach: Reach,
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
        let (is_elsewhere, wipers, made, columns, types, reach) = Default::default();
        Self { statistics, schema, is_elsewhere, wipers, made, columns, types, reach }
    }

    /// With the types of columns as the database has them: table with its schema, column, type.
    #[must_use]
    pub fn with_types(mut self, types: impl IntoIterator<Item = [String; 3]>) -> Self {
        for [table, column, name] in types {
            self.types.entry(table).or_default().insert(column, Type::parse(&name));
        }
        self
    }

    /// With what hangs on what as the database has it.
    #[must_use]
    pub fn with_reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// A file of its own begins: it may be run by itself, when no temporary table of before is there.
    pub fn begin_file(&mut self) {
        self.forget_temporary();
        self.is_elsewhere = false;
    }

    fn forget_temporary(&mut self) {
        // Names in full; `/` is the sign behind the dot.
        let names = format!("{TEMPORARY}.")..format!("{TEMPORARY}/");
        let names: Vec<String> = self.made.range(names).cloned().collect();
        names.iter().for_each(|name| {
            self.made.remove(name);
        });
    }

    /// Notes what a statement makes. What may have been there before is new only where the sizes
    /// of all tables tell that it was not.
    pub fn pass(&mut self, effects: &Effects) {
        // A savepoint or a block of code may set it back; nobody can tell, so it stays so.
        self.is_elsewhere |= effects.moves_path;
        self.wipers.extend(effects.wipers.iter().cloned());
        self.forget_types(effects);
        self.forget_made(effects);
        self.pass_ties(effects);
        effects.creates.iter().for_each(|name| self.made(name));
        for name in &effects.perhaps_creates {
            if self.statistics.is_some() && self.size(name).is_none() {
                self.made(name);
            }
        }
        // A temporary table stands before one of people's, which gets no column then.
        let is_temporary = |table: &Name| self.made.contains(&table.within(TEMPORARY));
        let is_clear = |table: &Name| !is_temporary(table) && !self.is_unclear(table);
        let adds: Vec<_> = effects.adds.iter().filter(|(table, _)| is_clear(table)).collect();
        for (table, column) in adds {
            let columns = self.columns.entry(table.within(self.schema)).or_default();
            columns.insert(column.clone());
        }
        effects.renames.iter().for_each(|(from, to)| self.renamed(from, to));
        for (table, from, to) in &effects.renames_columns {
            let is_unclear = self.is_unclear(table);
            let columns = self.columns.entry(table.within(self.schema)).or_default();
            if columns.remove(from) && !is_unclear {
                columns.insert(to.clone())
            } else {
                columns.remove(to)
            };
        }
    }

    /// A temporary table that is dropped stands before no other one any more; and after a return to
    /// a savepoint, or a block of code, nobody can tell what is still there.
    fn forget_made(&mut self, effects: &Effects) {
        if effects.takes_back {
            self.made.clear();
            self.columns.clear();
        }
        if effects.opaque.is_some() {
            self.forget_temporary();
        }
        for object in &effects.destroys {
            if let Object::Table(name) = object {
                self.made.remove(&name.within(TEMPORARY));
            }
        }
    }

    fn pass_ties(&mut self, effects: &Effects) {
        if effects.opaque.is_some() || effects.takes_back {
            self.reach.blur();
        }
        let whole = |name: &Name| name.whole(self.schema);
        for Tie { kind, child, parent } in &effects.ties {
            self.reach.tie(Tie { kind: *kind, child: whole(child), parent: whole(parent) });
        }
        for (child, parent) in
            effects.unties.iter().filter(|(child, _)| !self.is_elsewhere || child.schema.is_some())
        {
            self.reach.untie(&whole(child), &whole(parent));
        }
        for (from, to) in &effects.renames {
            self.reach.renamed(&whole(from), &whole(to));
        }
    }

    /// Whether it calls a function of this plan that destroys something.
    pub fn calls_wiper(&self, effects: &Effects) -> bool {
        effects.calls.iter().any(|it| self.wipers.contains(it))
    }

    /// What goes along with it that was there before.
    pub fn along(&self, object: &Object) -> Vec<Object> {
        let of = match object {
            Object::Cascade(of) => of.as_ref(),
            object => object,
        };
        let found = self.reach.along(&object.named(&|it| it.whole(self.schema)), self.is_new(of));
        let short = |name: &Name| Name {
            schema: name.schema.clone().filter(|it| it != self.schema),
            name: name.name.clone(),
        };
        let found = found.into_iter().map(|it| it.named(&short));
        found.filter(|it| !self.is_new(it)).collect()
    }

    /// Whether the plan itself has made it.
    pub fn is_new(&self, object: &Object) -> bool {
        match object {
            Object::Table(name) | Object::Rows(name) => self.scale(name) == Scale::New,
            Object::Column(table, column) | Object::Retyped(table, column, _) => {
                self.is_new_column(table, column)
            }
            Object::Other(..) | Object::Cascade(_) | Object::Code(_) => false,
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
            if let Some(types) = self.types.get_mut(&table.within(self.schema)) {
                types.remove(column);
            }
        }
        let tables = effects.renames.iter().flat_map(|(from, to)| [from, to]);
        for table in tables.map(|it| it.within(self.schema)) {
            self.types.remove(&table);
        }
    }

    /// The type of a column, if the database was asked for it.
    pub fn column_type(&self, table: &Name, column: &str) -> Option<&Type> {
        self.types.get(&table.within(self.schema))?.get(column)
    }

    /// Under a name that was made here may stand now what was there before, and the other way round.
    fn renamed(&mut self, from: &Name, to: &Name) {
        if self.is_unclear(from) {
            // Whichever of this name it was, neither name tells any more what stands there.
            for name in [from, to].map(|it| it.within(self.schema)) {
                self.made.remove(&name);
                self.columns.remove(&name);
            }
            return;
        }
        // A temporary one stands before one of people's.
        if self.made.remove(&from.within(TEMPORARY)) {
            self.made.insert(to.within(TEMPORARY));
            return;
        }
        let (from, to) = (from.within(self.schema), to.within(self.schema));
        if self.made.remove(&from) {
            self.made.insert(to.clone())
        } else {
            self.made.remove(&to)
        };
        match self.columns.remove(&from) {
            Some(columns) => self.columns.insert(to, columns),
            None => self.columns.remove(&to),
        };
    }

    /// Whether a column is made by what is planned, by itself or with its table.
    pub fn is_new_column(&self, table: &Name, column: &str) -> bool {
        if self.is_unclear(table) {
            return false;
        }
        let added = self.columns.get(&table.within(self.schema));
        self.scale(table) == Scale::New || added.is_some_and(|it| it.contains(column))
    }

    /// What is made in a schema that nobody can tell counts as made nowhere.
    pub(super) fn made(&mut self, name: &Name) {
        if !self.is_unclear(name) {
            self.made.insert(name.within(self.schema));
        }
    }

    /// Whether nobody can tell in which schema that name is looked for.
    fn is_unclear(&self, name: &Name) -> bool {
        self.is_elsewhere && name.schema.is_none()
    }

    fn is_made(&self, name: &Name) -> bool {
        let temporary = name.within(TEMPORARY);
        let is_made = || self.made.contains(&name.within(self.schema));
        !self.is_unclear(name) && (is_made() || self.made.contains(&temporary))
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
