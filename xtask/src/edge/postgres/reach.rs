//! What hangs on what in a database: what a CASCADE would take along.

use super::Database;
use crate::error::{Context as _, Result};
use tokio_postgres::Row;
use xtask_core::database::reach::{Part, Reach};
use xtask_core::database::sql::{Name, Tie, TieKind};

/// What is dropped, and what goes with it. What is an inner part of something takes that along.
const DROPS: &str = "WITH named AS (
        SELECT 'pg_class'::regclass::oid AS class, c.oid, n.nspname AS schema, c.relname AS name,
            CASE WHEN c.relispartition AND c.relkind IN ('r', 'p') THEN 'partition'
                WHEN c.relkind IN ('r', 'p') THEN 'table'
                WHEN c.relkind = 'm' THEN 'materialized-view' WHEN c.relkind = 'f' THEN 'foreign-table'
                WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'S' THEN 'sequence'
                ELSE 'part' END AS kind
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        UNION ALL SELECT 'pg_proc'::regclass, p.oid, n.nspname, p.proname, 'function'
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        UNION ALL SELECT 'pg_type'::regclass, t.oid, n.nspname, t.typname, 'type'
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        UNION ALL SELECT 'pg_collation'::regclass, l.oid, n.nspname, l.collname, 'collation'
            FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
        UNION ALL SELECT 'pg_namespace'::regclass, oid, NULL, nspname, 'schema' FROM pg_namespace
        UNION ALL SELECT 'pg_extension'::regclass, oid, NULL, extname, 'extension' FROM pg_extension
        UNION ALL SELECT 'pg_language'::regclass, oid, NULL, lanname, 'language' FROM pg_language),
    edges AS (
        SELECT refclassid AS of_class, refobjid AS of, refobjsubid AS of_column,
            classid AS on_class, objid AS \"on\", objsubid AS on_column FROM pg_depend
        UNION ALL SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid
            FROM pg_depend WHERE deptype = 'i')
    SELECT coalesce(r.kind, 'part'), r.schema::text,
        coalesce(r.name, e.of_class || '/' || e.of)::text, a.attname::text,
        coalesce(d.kind, 'part'), d.schema::text,
        coalesce(d.name, e.on_class || '/' || e.on)::text, b.attname::text
    FROM edges e
        LEFT JOIN named r ON r.class = e.of_class AND r.oid = e.of
        LEFT JOIN named d ON d.class = e.on_class AND d.oid = e.on
        LEFT JOIN pg_attribute a ON e.of_class = 'pg_class'::regclass AND a.attrelid = e.of
            AND a.attnum = e.of_column AND e.of_column > 0
        LEFT JOIN pg_attribute b ON e.on_class = 'pg_class'::regclass AND b.attrelid = e.on
            AND b.attnum = e.on_column AND e.on_column > 0
    WHERE e.of >= 16384 AND e.on >= 16384 OR e.of_class = 'pg_namespace'::regclass
        AND e.on >= 16384 OR r.kind = 'language' AND e.on >= 16384";

/// Heirs, and tables with foreign keys. Partitions are parts of their table.
const TIES: &str = "SELECT 'inherits', a.nspname::text, c.relname::text, b.nspname::text, p.relname::text
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition
        JOIN pg_namespace a ON a.oid = c.relnamespace
        JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace b ON b.oid = p.relnamespace
    WHERE c.relkind IN ('r', 'f')
    UNION ALL SELECT 'references', a.nspname::text, c.relname::text, b.nspname::text, p.relname::text
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition
        JOIN pg_namespace a ON a.oid = c.relnamespace
        JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace b ON b.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
    UNION ALL SELECT 'deletes', a.nspname::text, c.relname::text, b.nspname::text, p.relname::text
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition
        JOIN pg_namespace a ON a.oid = c.relnamespace
        JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace b ON b.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.confdeltype = 'c' AND k.conrelid <> k.confrelid";

impl Database {
    /// What goes along with what is dropped or emptied.
    pub fn reach(&self) -> Result<Reach> {
        let failed = || "failed to read what hangs on what".to_owned();
        let drops = self.ask(self.client.query(DROPS, &[])).or_outside(failed)?;
        let ties = self.ask(self.client.query(TIES, &[])).or_outside(failed)?;
        let drops = drops.iter().map(|row| [part(row, 0), part(row, 4)]);
        Ok(Reach::new(drops, ties.iter().map(tie).collect()))
    }
}

fn part(row: &Row, at: usize) -> Part {
    let name = Name { schema: row.get(at + 1), name: row.get(at + 2) };
    Part { kind: row.get(at), name, column: row.get(at + 3) }
}

fn tie(row: &Row) -> Tie {
    let kind = match row.get(0) {
        "inherits" => TieKind::Inherits,
        "deletes" => TieKind::Deletes,
        _ => TieKind::References,
    };
    let name = |at: usize| Name { schema: Some(row.get(at)), name: row.get(at + 1) };
    Tie { kind, child: name(1), parent: name(3) }
}
