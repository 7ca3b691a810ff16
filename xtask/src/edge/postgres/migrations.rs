//! Prisma's table `_prisma_migrations`, read and written as Prisma itself would.
//!
//! Each file runs in one transaction under a lock time-out, which Prisma's own runner has not.

use super::Database;
use crate::error::{Context as _, Failure, Result, code};
use std::error::Error as _;
use xtask_core::deploy::Migrations;
use xtask_core::migration::{MigrationFile, MigrationRow};

/// The advisory lock that Prisma's runner takes; with it, the two never run at once.
const PRISMA_LOCK: i64 = 72_707_369;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _prisma_migrations (
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
    pub fn migration_rows(&mut self) -> Result<Vec<MigrationRow>> {
        let there =
            self.client.query_one("SELECT to_regclass('_prisma_migrations') IS NOT NULL", &[]);
        if !there.or_outside(failed_to_read)?.get::<_, bool>(0) {
            return Ok(Vec::new());
        }
        let rows = self.client.query(
            "SELECT migration_name, checksum, finished_at IS NOT NULL FROM _prisma_migrations
             WHERE rolled_back_at IS NULL ORDER BY migration_name",
            &[],
        );
        let row = |row: &postgres::Row| MigrationRow {
            name: row.get(0),
            checksum: row.get(1),
            finished: row.get(2),
        };
        Ok(rows.or_outside(failed_to_read)?.iter().map(row).collect())
    }

    /// Takes the lock that every runner of migrations takes; it goes with the connection.
    pub fn lock_migrations(&mut self) -> Result<()> {
        let got = self.client.query_one("SELECT pg_try_advisory_lock($1)", &[&PRISMA_LOCK]);
        if got.or_outside(failed_to_read)?.get(0) {
            return Ok(());
        }
        Err(Failure::refused("cannot migrate: another runner is migrating this database")
            .code(&code::MIGRATION_RUNNING)
            .hint("wait for it; `SELECT * FROM pg_locks WHERE locktype = 'advisory'` shows it"))
    }

    /// Applies one file in one transaction; either all of it is done, with its row, or nothing.
    pub fn apply_migration(&mut self, file: &MigrationFile, limits: &Migrations) -> Result<()> {
        let name = &file.name;
        let mut apply = || -> Result<(), postgres::Error> {
            self.client.batch_execute(TABLE)?;
            let mut transaction = self.client.transaction()?;
            transaction.batch_execute(&format!(
                "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}",
                limits.lock_timeout_ms, limits.statement_timeout_ms
            ))?;
            transaction.batch_execute(&file.sql)?;
            transaction.execute(
                "INSERT INTO _prisma_migrations
                 (id, checksum, migration_name, finished_at, applied_steps_count)
                 VALUES (gen_random_uuid()::text, $1, $2, now(), 1)",
                &[&file.checksum(), name],
            )?;
            transaction.commit()
        };
        apply().map_err(|error| refused(name, &error))
    }
}

fn failed_to_read() -> String {
    "failed to read the applied migrations".to_owned()
}

fn refused(name: &str, error: &postgres::Error) -> Failure {
    let failure =
        Failure::outside(format!("failed to apply migration `{name}`; nothing of it was kept"))
            .code(&code::MIGRATION_FAILED);
    let failure = match error.as_db_error() {
        Some(said) => failure.reason(format!("{}: {}", said.code().code(), said.message())),
        None => failure.because(error.source().unwrap_or(error)),
    };
    match error.code() {
        Some(&postgres::error::SqlState::LOCK_NOT_AVAILABLE) => failure
            .hint("a long transaction holds the table; end it, then run the same command again"),
        _ => failure,
    }
}
