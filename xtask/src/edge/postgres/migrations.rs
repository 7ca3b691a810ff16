//! Prisma's table `_prisma_migrations`, read and written as Prisma itself would.
//!
//! It is named with its schema everywhere: what a role, a database or a file says of `search_path`
//! must not lead to a second one.

use super::{Database, quoted};
use crate::error::{Context as _, Failure, Result, code};
use tokio_postgres::Row;
use xtask_core::database::migration::MigrationRow;

/// The advisory lock that Prisma's runner takes; with it, the two never run at once.
const PRISMA_LOCK: i64 = 72_707_369;

/// Its columns, as Prisma makes them.
pub(super) const COLUMNS: &str = "(
    id varchar(36) PRIMARY KEY NOT NULL,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0)";

impl Database {
    /// The table with its schema, ready for SQL.
    pub(super) fn history_table(&self) -> String {
        format!("{}._prisma_migrations", quoted(&self.schema))
    }

    /// Whether anybody ever migrated here.
    pub fn has_migrations(&self) -> Result<bool> {
        self.has_table(&self.history_table())
    }

    /// Every row, the oldest first. No table means no rows.
    pub fn migration_rows(&self) -> Result<Vec<MigrationRow>> {
        if !self.has_migrations()? {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL,
                logs, started_at::text FROM {} ORDER BY started_at, id",
            self.history_table()
        );
        let rows = self.ask(self.client.query(&sql, &[]));
        let row = |row: &Row| MigrationRow {
            name: row.get(0),
            checksum: row.get(1),
            finished: row.get(2),
            rolled_back: row.get(3),
            logs: row.get(4),
            started_at: row.get(5),
        };
        Ok(rows.or_outside(failed_to_read)?.iter().map(row).collect())
    }

    /// Makes the table and its schema where they are not.
    pub fn ensure_migrations(&self) -> Result<()> {
        if self.has_migrations()? {
            return Ok(());
        }
        let (schema, table) = (quoted(&self.schema), self.history_table());
        let sql = format!(
            "CREATE SCHEMA IF NOT EXISTS {schema};
             CREATE TABLE IF NOT EXISTS {table} {COLUMNS}"
        );
        let made = self.ask(self.client.batch_execute(&sql));
        made.or_outside(|| format!("failed to make `{table}`"))
    }

    /// Takes the lock that every runner of migrations takes; it goes with the connection.
    pub fn lock_migrations(&self) -> Result<()> {
        let sql = "SELECT pg_try_advisory_lock($1)";
        let got = self.ask(self.client.query_one(sql, &[&PRISMA_LOCK]));
        if got.or_outside(failed_to_read)?.get(0) {
            return Ok(());
        }
        let holder = self.migration_lock_holder()?;
        let who = holder.map(|(pid, who, since)| format!("`{who}`, backend {pid}, since {since}"));
        Err(Failure::refused("cannot migrate: another runner is migrating this database")
            .code(&code::MIGRATION_RUNNING)
            .reason(who.unwrap_or_else(|| "it has just ended".to_owned()))
            .hint("wait for it; `cargo xtask migrate doctor ENVIRONMENT` tells how to end it"))
    }

    /// Gives the lock back.
    pub fn unlock_migrations(&self) -> Result<()> {
        let sql = "SELECT pg_advisory_unlock($1)";
        let given = self.ask(self.client.query_one(sql, &[&PRISMA_LOCK]));
        given.map(drop).or_outside(|| "failed to give the lock of migrations back".to_owned())
    }

    /// Who holds it: the backend, what it calls itself, and since when it is connected.
    pub fn migration_lock_holder(&self) -> Result<Option<(i32, String, String)>> {
        let sql = "SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename::text, '?'),
                a.backend_start::text
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid()
                AND l.classid = 0 AND l.objid = $1::bigint::oid
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let row = self.ask(self.client.query_opt(sql, &[&PRISMA_LOCK]));
        let row = row.or_outside(failed_to_read)?;
        Ok(row.map(|row| (row.get(0), row.get(1), row.get(2))))
    }

    /// Writes that a migration is applied, without running it, as `prisma migrate resolve --applied`
    /// does: a failed row of it counts no more.
    pub fn mark_applied(&mut self, name: &str, checksum: &str) -> Result<()> {
        let table = self.history_table();
        let sql = format!(
            "UPDATE {table} SET rolled_back_at = now()
                WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL"
        );
        let add = format!(
            "INSERT INTO {table} (id, checksum, migration_name, started_at, finished_at)
                VALUES (gen_random_uuid()::text, $1, $2, now(), now())"
        );
        let client = &mut self.client;
        let marked = super::within(super::ANSWER_LIMIT, async {
            let transaction = client.transaction().await?;
            transaction.execute(&sql, &[&name]).await?;
            transaction.execute(&add, &[&checksum, &name]).await?;
            transaction.commit().await
        });
        marked.or_outside(|| format!("failed to mark `{name}` as applied"))
    }

    /// Writes that a failed migration counts no more, as `prisma migrate resolve --rolled-back`
    /// does. It undoes nothing.
    pub fn mark_rolled_back(&self, name: &str) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET rolled_back_at = now()
                WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL",
            self.history_table()
        );
        let marked = self.ask(self.client.execute(&sql, &[&name]));
        marked.map(drop).or_outside(|| format!("failed to mark `{name}` as rolled back"))
    }
}

/// Whether a file was given up because somebody else holds a lock that it needs.
pub fn is_locked(failure: &Failure) -> bool {
    failure.name() == code::MIGRATION_LOCKED.name
}

/// Whether nobody can tell from here what became of a file.
pub fn is_unknown(failure: &Failure) -> bool {
    failure.name() == code::MIGRATION_UNKNOWN.name
}

fn failed_to_read() -> String {
    "failed to read the applied migrations".to_owned()
}
