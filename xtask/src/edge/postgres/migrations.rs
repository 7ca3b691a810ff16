//! Prisma's table `_prisma_migrations`, read and written as Prisma itself would.
//!
//! Each file runs in one transaction under a lock time-out, which Prisma's own runner has not.

use super::Database;
use super::lease::{fence_holds, stale};
use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use std::error::Error as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};
use xtask_core::database::migration::{MigrationFile, MigrationRow};
use xtask_core::deploy::Migrations;

/// The advisory lock that Prisma's runner takes; with it, the two never run at once.
const PRISMA_LOCK: i64 = 72_707_369;

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id varchar(36) PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0)";

impl Database {
    /// The rows that were not rolled back, by name. No table means no rows.
    pub fn migration_rows(&self) -> Result<Vec<MigrationRow>> {
        let sql = "SELECT to_regclass('_prisma_migrations') IS NOT NULL";
        let there = self.ask(self.client.query_one(sql, &[]));
        if !there.or_outside(failed_to_read)?.get::<_, bool>(0) {
            return Ok(Vec::new());
        }
        let sql = "SELECT migration_name, checksum, finished_at IS NOT NULL
             FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name";
        let rows = self.ask(self.client.query(sql, &[]));
        let row = |row: &Row| MigrationRow {
            name: row.get(0),
            checksum: row.get(1),
            finished: row.get(2),
        };
        Ok(rows.or_outside(failed_to_read)?.iter().map(row).collect())
    }

    /// Takes the lock that every runner of migrations takes; it goes with the connection.
    pub fn lock_migrations(&self) -> Result<()> {
        let sql = "SELECT pg_try_advisory_lock($1)";
        let got = self.ask(self.client.query_one(sql, &[&PRISMA_LOCK]));
        if got.or_outside(failed_to_read)?.get(0) {
            return Ok(());
        }
        Err(Failure::refused("cannot migrate: another runner is migrating this database")
            .code(&code::MIGRATION_RUNNING)
            .hint("wait for it; `SELECT * FROM pg_locks WHERE locktype = 'advisory'` shows it"))
    }

    /// Applies one file in one transaction; either all of it is done, with its row, or nothing. With
    /// a fence, only if the lease of that number is still ours when it is done.
    pub fn apply_migration(
        &mut self,
        file: &MigrationFile,
        limits: &Migrations,
        fence: Option<u64>,
    ) -> Result<()> {
        let applied = runtime::wait(apply(&mut self.client, file, limits, fence));
        match applied.map_err(|error| refused(&file.name, &error))? {
            Fenced::Committed => Ok(()),
            Fenced::Stale(fence) => Err(stale(&format!("apply migration `{}`", file.name), fence)),
        }
    }
}

/// What became of a transaction whose work was done.
enum Fenced {
    Committed,
    Stale(u64),
}

/// The limits are of each statement, so the whole has none of ours: a file may be long.
async fn apply(
    client: &mut Client,
    file: &MigrationFile,
    limits: &Migrations,
    fence: Option<u64>,
) -> Result<Fenced, tokio_postgres::Error> {
    client.batch_execute(TABLE).await?;
    let transaction = client.transaction().await?;
    let limits = format!(
        "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}",
        limits.lock_timeout_ms, limits.statement_timeout_ms
    );
    transaction.batch_execute(&limits).await?;
    transaction.batch_execute(&file.sql).await?;
    let sql = "INSERT INTO _prisma_migrations
        (id, checksum, migration_name, finished_at, applied_steps_count)
        VALUES (gen_random_uuid()::text, $1, $2, now(), 1)";
    transaction.execute(sql, &[&file.checksum(), &file.name]).await?;
    // Last, and not first: whoever renews the lease waits for as long as this looks at it.
    if let Some(fence) = fence
        && !fence_holds(&transaction, fence).await?
    {
        return Ok(Fenced::Stale(fence));
    }
    transaction.commit().await.map(|()| Fenced::Committed)
}

fn failed_to_read() -> String {
    "failed to read the applied migrations".to_owned()
}

fn refused(name: &str, error: &tokio_postgres::Error) -> Failure {
    let failure =
        Failure::outside(format!("failed to apply migration `{name}`; nothing of it was kept"))
            .code(&code::MIGRATION_FAILED);
    let failure = match error.as_db_error() {
        Some(error) => failure.reason(format!("{}: {}", error.code().code(), error.message())),
        None => failure.because(error.source().unwrap_or(error)),
    };
    match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => failure
            .hint("a long transaction holds the table; end it, then run the same command again"),
        _ => failure,
    }
}
