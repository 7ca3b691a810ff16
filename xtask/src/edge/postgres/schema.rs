//! What is in the schema of the services: how large, how whole, and whether something is there.

use super::Database;
use crate::error::{Context as _, Result};
use std::collections::BTreeMap;
use xtask_core::database::sql::{Name, Trace};
use xtask_core::database::statistics::Size;

/// An index that serves nobody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvalidIndex {
    /// With its schema.
    pub name: String,
    pub table: String,
}

/// A session that keeps others waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    pub pid: i32,
    pub who: String,
    /// How long its transaction has been open, in seconds.
    pub seconds: i64,
    pub query: String,
}

/// As the planner knows them. `pg_total_relation_size` would wait for whoever has locked a table.
const SIZES: &str = "SELECT n.nspname || '.' || c.relname,
        greatest(c.reltuples, 0)::bigint,
        (SELECT coalesce(sum(p.relpages), 0) FROM pg_class p WHERE p.oid IN (c.oid, c.reltoastrelid)
            OR p.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (c.oid, c.reltoastrelid)))
            ::bigint * current_setting('block_size')::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_'
        AND n.nspname NOT IN ('information_schema', 'xtask')
        AND c.relname <> '_prisma_migrations'";

const TYPES: &str = "SELECT n.nspname || '.' || c.relname, a.attname::text,
        format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'xtask')";

const INVALID: &str = "SELECT n.nspname || '.' || i.relname, t.relname
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = i.relnamespace
    WHERE NOT x.indisvalid AND i.relkind = 'i' ORDER BY 1";

/// What makes a schema not empty, as Prisma sees it; what belongs to an extension is nobody's table.
const OBJECTS: &str = "SELECT c.relname::text FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    UNION ALL SELECT t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = $1 AND t.typtype = 'e'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    ORDER BY 1";

/// The sessions with the oldest transactions: whoever holds a lock that a migration waited for is
/// among them.
const BLOCKERS: &str = "SELECT pid, coalesce(nullif(application_name, ''), usename::text, '?'),
        floor(extract(epoch FROM clock_timestamp() - xact_start))::bigint, left(query, 200)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        AND backend_type = 'client backend'
    ORDER BY xact_start LIMIT 3";

impl Database {
    /// The schema of the services.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// How large each table is, by its full name, as the planner estimates it.
    pub fn table_sizes(&self) -> Result<BTreeMap<String, Size>> {
        let rows = self.ask(self.client.query(SIZES, &[]));
        let number = |value: i64| u64::try_from(value).unwrap_or_default();
        let size = |row: &tokio_postgres::Row| {
            (row.get(0), Size { rows: number(row.get(1)), bytes: number(row.get(2)) })
        };
        let rows = rows.or_outside(|| "failed to read the sizes of tables".to_owned())?;
        Ok(rows.iter().map(size).collect())
    }

    /// The type of each column: its table with the schema, its name, the type.
    pub fn column_types(&self) -> Result<Vec<[String; 3]>> {
        let rows = self.ask(self.client.query(TYPES, &[]));
        let rows = rows.or_outside(|| "failed to read the types of columns".to_owned())?;
        Ok(rows.iter().map(|row| [row.get(0), row.get(1), row.get(2)]).collect())
    }

    /// Every index that is not valid.
    pub fn invalid_indexes(&self) -> Result<Vec<InvalidIndex>> {
        let rows = self.ask(self.client.query(INVALID, &[]));
        let rows = rows.or_outside(|| "failed to look for invalid indexes".to_owned())?;
        Ok(rows.iter().map(|row| InvalidIndex { name: row.get(0), table: row.get(1) }).collect())
    }

    /// The tables, views and enums of the schema, other than the history of migrations.
    pub fn objects(&self) -> Result<Vec<String>> {
        let rows = self.ask(self.client.query(OBJECTS, &[&self.schema]));
        let rows = rows.or_outside(|| "failed to look at what is in the schema".to_owned())?;
        let names = rows.iter().map(|row| row.get::<_, String>(0));
        Ok(names.filter(|name| name != "_prisma_migrations").collect())
    }

    /// Who may keep a migration waiting now.
    pub fn blockers(&self) -> Result<Vec<Blocker>> {
        let rows = self.ask(self.client.query(BLOCKERS, &[]));
        let rows = rows.or_outside(|| "failed to look for long transactions".to_owned())?;
        let blocker = |row: &tokio_postgres::Row| Blocker {
            pid: row.get(0),
            who: row.get(1),
            seconds: row.get(2),
            query: row.get(3),
        };
        Ok(rows.iter().map(blocker).collect())
    }

    /// Whether what a statement leaves behind is there.
    pub fn has_trace(&self, trace: &Trace) -> Result<bool> {
        let (sql, name, part, wanted) = question(trace);
        let schema = name.schema.as_deref().unwrap_or(&self.schema);
        let asked = match part {
            Some(part) => self.ask(self.client.query_one(sql, &[&schema, &name.name, &part])),
            None => self.ask(self.client.query_one(sql, &[&schema, &name.name])),
        };
        let found: bool = asked.or_outside(|| format!("failed to look whether {trace}"))?.get(0);
        Ok(found == wanted)
    }
}

const RELATION: &str = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n
    ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)";
const INDEX: &str = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n
    ON n.oid = c.relnamespace JOIN pg_index x ON x.indexrelid = c.oid
    WHERE n.nspname = $1 AND c.relname = $2 AND x.indisvalid)";
const COLUMN: &str =
    "SELECT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND NOT a.attisdropped)";
const CONSTRAINT: &str = "SELECT EXISTS (SELECT FROM pg_constraint k JOIN pg_class c
    ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3)";
const TYPE: &str = "SELECT EXISTS (SELECT FROM pg_type t JOIN pg_namespace n
    ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typname = $2)";
const SCHEMA: &str = "SELECT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = $2 AND $1 <> '')";

/// The question, about what, which part of it, and the answer that means it is as it should be.
fn question(trace: &Trace) -> (&'static str, Name, Option<&str>, bool) {
    match trace {
        Trace::Relation(name) => (RELATION, name.clone(), None, true),
        Trace::NoRelation(name) | Trace::NoIndex(name) => (RELATION, name.clone(), None, false),
        Trace::Index(name) => (INDEX, name.clone(), None, true),
        Trace::Column(name, part) => (COLUMN, name.clone(), Some(part), true),
        Trace::NoColumn(name, part) => (COLUMN, name.clone(), Some(part), false),
        Trace::Constraint(name, part) => (CONSTRAINT, name.clone(), Some(part), true),
        Trace::NoConstraint(name, part) => (CONSTRAINT, name.clone(), Some(part), false),
        Trace::Type(name) => (TYPE, name.clone(), None, true),
        Trace::NoType(name) => (TYPE, name.clone(), None, false),
        Trace::Schema(name) => (SCHEMA, Name::plain(name), None, true),
        Trace::NoSchema(name) => (SCHEMA, Name::plain(name), None, false),
    }
}
